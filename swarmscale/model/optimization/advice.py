"""Recommendations: what would be done against what limits the fleet, with the gain that is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from ...errors import ConfigError, require
from .base import Bottleneck
from .choosing import Belief, key
from .log import Trial
from .twins import TwinResult, in_twins

if TYPE_CHECKING:
    from ..swarm import SwarmModel
    from .engine import Optimizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A change that could be made now.

    Attributes:
        strategy: whose change it is.
        words: what would be done, its reason and the gain expected, in a sentence.
        metric: what it would lower.
        theory: relative change that theory expects; NaN if it says nothing.
        gain: relative gain that trials against this kind of bottleneck let expect, the prior among them.
        low: lower end of its 90 % interval.
        high: its upper end.
        trials: such trials so far.
    """

    strategy: str
    words: str
    metric: str
    theory: float
    gain: float
    low: float
    high: float
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationReport:
    """What limits the fleet, what could be done, and what was done about it.

    Attributes:
        bottleneck: what limits it.
        recommendations: what could be done, the best first.
        twins: what each did in a forked twin, the best first; empty without ``advanced``.
        trial: the trial that was begun; None if there was nothing to try.
    """

    bottleneck: Bottleneck
    recommendations: tuple[Recommendation, ...]
    twins: tuple[TwinResult, ...]
    trial: Trial | None

    def __str__(self) -> str:
        lines = [f"{self.bottleneck.kind}: {self.bottleneck.words}"]
        lines += [one.words for one in self.recommendations]
        if self.trial is not None:
            lines.append(f"begun: {self.trial.strategy}: {self.trial.words}")
        return "\n".join(lines)


def recommendations(model: SwarmModel) -> tuple[Recommendation, ...]:
    """What could be done now, the best first by what trials and the prior let expect.

    Raises:
        ConfigError: if ``optimization`` is off.
    """
    engine = _engine(model)
    proposals = engine.propose(model)
    assert engine.found is not None
    kind, out = engine.found.kind, []
    for name, proposal in proposals.items():
        belief = engine.beliefs.get(key(kind, name), Belief())
        low, high = belief.interval()
        tried = sum(
            one.strategy == name and one.kind == kind and one.state != "trying" for one in engine.trials
        )
        foretold = "" if isnan(proposal.expected) else f", by theory {100 * proposal.expected:+.0f} %"
        words = (
            f"{name}: {proposal.words}; {proposal.metric} is expected to fall by {100 * belief.mean:.0f} % "
            f"[{100 * low:.0f}, {100 * high:.0f}] after {tried} trials against {kind}{foretold}"
        )
        out.append(
            Recommendation(
                strategy=name,
                words=words,
                metric=proposal.metric,
                theory=proposal.expected,
                gain=belief.mean,
                low=low,
                high=high,
                trials=tried,
            )
        )
    return tuple(sorted(out, key=lambda one: -one.gain))


def optimize_performance(
    model: SwarmModel, *, advanced: bool = False, seconds: float | None = None
) -> OptimizationReport:
    """Look for the bottleneck now and begin a trial of what promises most against it.

    Args:
        model: between two ticks, with ``optimization`` on.
        advanced: run the same future in forked twins with each change and without, and begin a trial of the change
            that does best there, if one does beyond its interval; else the strategy is drawn by what trials have shown.
        seconds: that twins are compared over; ``optimization.window_s`` if None.

    Returns:
        The report; its trial ends, as others do, while the host goes on.

    Raises:
        ConfigError: if ``optimization`` is off, or a trial is under way.
    """
    engine, s = _engine(model), model.config.optimization
    if engine.trying:
        raise ConfigError(f"a trial of {engine.trials[-1].strategy} is under way; its knob is judged first")
    require(seconds is None or seconds > 0, "seconds", seconds, "above 0")
    model.settle()
    found = engine.look(model)
    advice = recommendations(model)
    if not advanced:
        return OptimizationReport(
            bottleneck=found, recommendations=advice, twins=(), trial=engine.begin(model) if advice else None
        )
    told = in_twins(
        model, engine.asked, engine.strategies, seconds=s.window_s if seconds is None else seconds,
        settle_s=s.settle_s,
    )  # fmt: skip
    best = told[0] if told and told[0].helps else None
    trial = engine.begin_with(model, best.strategy, -best.relative) if best is not None else None
    return OptimizationReport(bottleneck=found, recommendations=advice, twins=tuple(told), trial=trial)


def _engine(model: SwarmModel) -> Optimizer:
    if model.optimizer is None:
        raise ConfigError("optimization.on = false, but it must be true: nothing looks for the bottleneck")
    return model.optimizer
