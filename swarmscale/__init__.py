"""Swarmscale: a laboratory for large fleets of coordinated agents."""

from . import emergence
from .agents.nodes import Cluster, CoordinationNode
from .agents.workers import Worker
from .batch.shards import run_shards
from .batch.sweep import sweep
from .batch.tune import tune
from .errors import ConfigError, UnknownChoiceError
from .model.config import Config
from .model.files import read_records
from .model.observation import Observation
from .model.presets import preset_names
from .model.summary import Summary, combine
from .model.swarm import SwarmModel
from .orchestrator import AsyncOrchestrator, Orchestrator, TaskSpec
from .registry import register

__version__ = "0.1.0"

__all__ = [
    "AsyncOrchestrator",
    "Cluster",
    "Config",
    "ConfigError",
    "CoordinationNode",
    "Observation",
    "Orchestrator",
    "Summary",
    "SwarmModel",
    "TaskSpec",
    "UnknownChoiceError",
    "Worker",
    "__version__",
    "combine",
    "emergence",
    "preset_names",
    "read_records",
    "register",
    "run_shards",
    "sweep",
    "tune",
]
