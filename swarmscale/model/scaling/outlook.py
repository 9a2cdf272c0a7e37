"""What the scaler foretells of demand, and how well its forecasts did so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from ..demand_analysis import analyze
from ..demand_words import in_short
from ..forecasting.base import Forecaster, Target
from ..forecasting.interval import ConformalInterval

LATER_S = 300.0
"""How far ahead the seed looked, s."""
LOOK_EVERY = 64
"""Bins after which the demand's shape is looked at anew."""
MOST_BINS = 2880
_DAY_S = 86_400.0


@dataclass(slots=True)
class Skill:
    """How forecasts did, beside repeating the last value at the same bins, over the bins that have come.

    Attributes:
        scored: forecasts that have come due.
        error: summed absolute errors, agents.
        naive_error: the same of the naive forecast.
        demand: summed demand at these bins.
        bounded: upper bounds that have come due.
        covered: those of them that held.
    """

    scored: int = 0
    error: float = 0.0
    naive_error: float = 0.0
    demand: float = 0.0
    bounded: int = 0
    covered: int = 0

    @property
    def accuracy(self) -> float:
        """1 - WAPE; NaN while nothing came due."""
        return 1.0 - self.error / self.demand if self.demand > 0 else float("nan")

    @property
    def naive_accuracy(self) -> float:
        """The naive forecast's."""
        return 1.0 - self.naive_error / self.demand if self.demand > 0 else float("nan")

    @property
    def relative_error(self) -> float:
        """Mean absolute error relative to the naive forecast's: below 1 is better than naive."""
        return self.error / self.naive_error if self.naive_error > 0 else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the upper bounds that held."""
        return self.covered / self.bounded if self.bounded else float("nan")


@dataclass(slots=True)
class Stage:
    """One target and all that is remembered for it.

    Attributes:
        target: what is foretold.
        memory: the forecaster's.
        interval: the interval's.
        said: ``(forecast, upper, demand then)`` for each bin whose target has not come.
        recent: the bins since the oldest of these.
    """

    target: Target
    memory: Any
    interval: Any
    said: list[tuple[float, float, float]] = field(default_factory=list)
    recent: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Outlook:
    """Forecasts of demand 300 s ahead and of its largest value within the lead time, bin by bin.

    Attributes:
        forecaster: the forecaster.
        bin_s: width of a bin, s.
        lead_s: lead time, s.
        level: of the upper quantiles.
        forecast: demand 300 s ahead, agents; NaN before the first bin.
        upper: upper quantile of the largest demand within the lead time, agents.
        upper_later: upper quantile of the demand 300 s ahead, agents.
        lower_later: lower quantile of it, agents.
        history: demand of the last bins, agents, at most two days of minutes.
        told: what was foretold at the end of each of the last bins: ``(time_s, forecast, lower_later, upper_later,
            upper)``; the first three figures hold for 300 s later, the last one for the lead time.
        shape: what is significant about them, in words; empty before there are 64.
        skill: how the forecasts 300 s ahead did.
        lead_skill: how those of the largest demand did.
    """

    forecaster: Forecaster[Any]
    bin_s: float
    lead_s: float
    level: float
    forecast: float = float("nan")
    upper: float = float("nan")
    upper_later: float = float("nan")
    lower_later: float = float("nan")
    history: list[float] = field(default_factory=list)
    told: list[tuple[float, ...]] = field(default_factory=list)
    shape: str = ""
    skill: Skill = field(default_factory=Skill)
    lead_skill: Skill = field(default_factory=Skill)
    _seen: int = 0
    later: Stage = field(init=False)
    soon: Stage = field(init=False)
    _interval: ConformalInterval = field(init=False)

    def __post_init__(self) -> None:
        self._interval = ConformalInterval(levels=(self.level,))
        period = round(_DAY_S / self.bin_s)
        self.later = self._stage(Target(horizon=ceil(LATER_S / self.bin_s), kind="value", period=period))
        self.soon = self._stage(Target(horizon=ceil(self.lead_s / self.bin_s), kind="max", period=period))

    def _stage(self, target: Target) -> Stage:
        return Stage(target, self.forecaster.start(target), self._interval.start(target))

    def add(self, demand: float, now_s: float) -> None:
        """Take in the demand of the bin that has just ended, in agents."""
        self.forecast, self.lower_later, self.upper_later = self._step(self.later, demand, self.skill)
        _, _, self.upper = self._step(self.soon, demand, self.lead_skill)
        self.history.append(demand)
        self.told.append((now_s, self.forecast, self.lower_later, self.upper_later, self.upper))
        del self.history[:-MOST_BINS], self.told[:-MOST_BINS]
        self._seen += 1
        if self._seen % LOOK_EVERY == 0 and any(self.history):
            self.shape = in_short(analyze(np.array(self.history), self.bin_s), len(self.history) * self.bin_s)

    def _step(self, stage: Stage, demand: float, skill: Skill) -> tuple[float, float, float]:
        forecast, stage.memory = self.forecaster.step(demand, stage.memory)
        bounds, stage.interval = self._interval.step(demand, forecast, stage.interval)
        upper = float(bounds.upper[0])
        score(stage, demand, skill)
        stage.said.append((forecast, upper, demand))
        return forecast, float(bounds.lower[0]), upper

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {
            "figures": (self.forecast, self.upper, self.upper_later, self.lower_later),
            "history": (self._seen, self.shape, self.history, self.told),
            "skill": self.skill,
            "lead_skill": self.lead_skill,
            "later": (self.later.memory, self.later.interval, self.later.said, self.later.recent),
            "soon": (self.soon.memory, self.soon.interval, self.soon.said, self.soon.recent),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.forecast, self.upper, self.upper_later, self.lower_later = memory["figures"]
        self._seen, self.shape, self.history, self.told = memory["history"]
        self.skill, self.lead_skill = memory["skill"], memory["lead_skill"]
        for stage, name in ((self.later, "later"), (self.soon, "soon")):
            stage.memory, stage.interval, stage.said, stage.recent = memory[name]


def score(stage: Stage, demand: float, skill: Skill) -> None:
    """Score the forecast whose target is complete with this bin."""
    horizon = stage.target.horizon
    stage.recent.append(demand)
    del stage.recent[:-horizon]
    if len(stage.said) < horizon:
        return
    forecast, upper, then = stage.said.pop(0)
    came = demand if stage.target.kind == "value" else float(np.max(stage.recent))
    skill.scored += 1
    skill.error += abs(came - forecast)
    skill.naive_error += abs(came - then)
    skill.demand += came
    skill.bounded += 1
    skill.covered += came <= upper
