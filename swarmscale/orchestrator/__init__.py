"""The embedded face: a fleet inside another program."""

from ..agents.squads import CAPABILITIES, KINDS
from .asynchronous import AsyncOrchestrator
from .events import EVENTS, Event
from .listening import CallbackError
from .metrics import MetricGroup, SystemMetrics
from .orchestrator import Orchestrator
from .results import Advanced, Recommendation, SpawnResult
from .tasks import FLAGS, TaskResult, TaskSpec

__all__ = [
    "CAPABILITIES",
    "EVENTS",
    "FLAGS",
    "KINDS",
    "Advanced",
    "AsyncOrchestrator",
    "CallbackError",
    "Event",
    "MetricGroup",
    "Orchestrator",
    "Recommendation",
    "SpawnResult",
    "SystemMetrics",
    "TaskResult",
    "TaskSpec",
]
