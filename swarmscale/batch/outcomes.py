"""What a run leaves in the table: metrics of the scorecard by their keys, and outcomes that users add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..choices import Choices
from ..errors import UnknownChoiceError
from ..model.columns import provisioned
from ..model.flow.ledger import Count
from ..model.metric import Stretch, over
from ..model.metrics import METRICS
from ..model.scaling.events import ScalingEvent
from ..model.scaling.prices import Prices
from ..model.scaling.seeing import price_paid
from ..model.summary import reading, stretch_of
from ..model.swarm import SwarmModel

PROBED = ("collective_iq", "collective_iq_absolute", "decision_ms", "decision_accuracy")
"""Metrics that the probe at a run's end measures."""


class Outcome(Protocol):
    """A figure of a run that is over.

    To add one, write a frozen keyword-only dataclass with this method and put
    ``@swarmscale.register("outcome", "name")`` above it.
    """

    def measure(self, model: SwarmModel) -> float:
        """The figure; NaN where there is nothing to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Price paid for agents, ready, starting and warm, and for their starts, at the config's prices."""

    def measure(self, model: SwarmModel) -> float:
        """See :class:`Outcome`; over the whole run."""
        s = model.config.scaler
        prices = Prices(ready=s.price, starting=s.price, warm=s.warm_price, start=s.start_price)
        started = sum(max(event.after - event.before, 0) for event in _events(model))
        return price_paid(model.records.raw(), prices) + prices.start * started


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanAgents:
    """Mean number of agents that are paid for in full: starting, ready, draining, failed or recovering."""

    def measure(self, model: SwarmModel) -> float:
        """See :class:`Outcome`; after the warm-up."""
        whole = stretch_of(model)
        return over(float(provisioned(whole.raw).sum()), whole.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Share of the tasks due that were not answered within their deadline."""

    def measure(self, model: SwarmModel) -> float:
        """See :class:`Outcome`; after the warm-up."""
        whole = stretch_of(model)
        return 1.0 - over(whole.count(Count.MET), whole.count(Count.DUE))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingActions:
    """Number of times that scaling changed the fleet."""

    def measure(self, model: SwarmModel) -> float:
        """See :class:`Outcome`; over the whole run, 0 where nothing scales."""
        return float(sum(event.after != event.before for event in _events(model)))


def _events(model: SwarmModel) -> Sequence[ScalingEvent]:
    return () if model.scaler is None else model.scaler.events


OUTCOMES: Choices[Outcome] = Choices(
    "outcome", cost=Cost, agents_mean=MeanAgents, violation=Violation, scaling_actions=ScalingActions
)
"""Outcomes beside the scorecard's metrics."""

_METRICS = {metric.key: metric for metric in METRICS}


def outcome_keys(asked: Sequence[str]) -> tuple[str, ...]:
    """The outcomes asked for, or all: those metrics that a run can measure, then the table's.

    Raises:
        UnknownChoiceError: if one is neither a metric nor registered.
    """
    for key in asked:
        if key not in _METRICS and key not in list(OUTCOMES):
            raise UnknownChoiceError("outcome", key, [*_METRICS, *OUTCOMES])
    measurable = (m.key for m in METRICS if m.value or m.scaled or m.of_model)
    return tuple(asked) or (*measurable, *(name for name in OUTCOMES if name not in _METRICS))


def measure(model: SwarmModel, keys: Sequence[str]) -> dict[str, float]:
    """The outcomes of a model's run so far, each alone, so that nothing is computed that is not asked for."""
    whole: Stretch = stretch_of(model)
    return {
        key: reading(_METRICS[key], model, whole).value
        if key in _METRICS
        else float(OUTCOMES.make(key).measure(model))
        for key in keys
    }
