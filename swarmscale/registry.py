"""The families of strategies by kind, and the decorator that adds a user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .agents.consensus import CONSENSUS
from .agents.topology import TOPOLOGIES
from .batch.design import DESIGNS
from .batch.engines import ENGINES
from .batch.outcomes import OUTCOMES
from .choices import Choices
from .errors import UnknownChoiceError
from .model.controllers import CONTROLLERS
from .model.emergence.detectors import DETECTORS
from .model.flow.dispatch import DISPATCH_RULES
from .model.flow.sources import SOURCES
from .model.forecasting import FORECASTERS
from .model.health.rules import ALERT_RULES
from .model.intelligence.problems import PROBLEMS
from .model.intelligence.tasks import BATTERY
from .model.learning.aggregation import AGGREGATION_RULES
from .model.learning.social import SOCIAL_STRATEGIES
from .model.optimization.strategies import STRATEGIES
from .model.resilience.detection import FAILURE_DETECTORS
from .model.resilience.faults import FAULTS
from .model.scaling import POLICIES

FAMILIES: dict[str, Choices[Any]] = {
    table.kind: table
    for table in (
        TOPOLOGIES,
        CONSENSUS,
        DISPATCH_RULES,
        SOURCES,
        CONTROLLERS,
        FORECASTERS,
        POLICIES,
        BATTERY,
        PROBLEMS,
        AGGREGATION_RULES,
        SOCIAL_STRATEGIES,
        DETECTORS,
        FAULTS,
        FAILURE_DETECTORS,
        ALERT_RULES,
        STRATEGIES,
        OUTCOMES,
        DESIGNS,
        ENGINES,
    )
}


def register[S](kind: str, name: str) -> Callable[[type[S]], type[S]]:
    """Give a user's own strategy class a name, as a decorator.

    Args:
        kind: the family: "topology", "consensus rule", "dispatch rule", "demand source", "controller",
            "forecaster", "scaling policy", "battery task", "problem", "aggregation rule",
            "social strategy", "detector", "fault", "failure detector", "alert rule",
            "optimization strategy",
            "outcome", "design" or "engine".
        name: the name by which configs, files and the command line know it.

    Raises:
        UnknownChoiceError: if there is no such family.
        ConfigError: if the name is taken.
    """
    if kind not in FAMILIES:
        raise UnknownChoiceError("family of strategies", kind, FAMILIES)
    table = FAMILIES[kind]

    def add(cls: type[S]) -> type[S]:
        table.register(name)(cls)
        cls.__swarmscale_choice__ = (table, name)  # type: ignore[attr-defined]
        return cls

    return add
