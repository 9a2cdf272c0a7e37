"""Each scenario's change against none, in the same future: is it right, does it hurt?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats
from ...model.intervals import student_ends
from ...model.optimization.engine import build_optimizer
from ...model.optimization.figures import series
from ...model.optimization.judging import remembered
from ...model.optimization.trial import mean_and_half
from ...model.optimization.twins import fork
from ...model.swarm import SwarmModel
from .scenarios import Scenario

OTHERS = ("response_s", "agent_s_per_task", "error_rate")
"""Metrics that are told beside the one that was to fall."""
LEVEL = 0.025
"""Of each end of an interval."""


class Shift(NamedTuple):
    """Change of a metric, over seeds.

    Attributes:
        mean: relative change; of shares, which may be 0, the plain difference.
        low: lower end of its 95 % interval: Student's over seeds, of one seed that of its bins.
        high: upper end.
    """

    mean: float
    low: float
    high: float


class Effect(NamedTuple):
    """What a scenario's change does, over several seeds.

    Attributes:
        scenario: which.
        words: what was done.
        metric: what it was to lower.
        relative: mean relative change of it.
        low: lower end of the 95 % interval over seeds.
        high: its upper end.
        others: mean change of other metrics.
        seeds: in which it was done.
        why_not: why not, in the others; empty if it was in all.
        expected: mean relative change that theory expects; NaN if it says nothing.
        harm: change of what it harms; NaN where it is right, or only brings nothing.
        messages: that it costs on average.
    """

    scenario: Scenario
    words: str
    metric: str
    relative: float
    low: float
    high: float
    others: dict[str, float]
    seeds: int
    why_not: str
    expected: float
    harm: Shift
    messages: float

    def missed(self, least: float) -> str:
        """What does not hold of what the scenario says; empty if all does.

        Args:
            least: relative gain that a change must bring to be worth keeping.
        """
        one = self.scenario
        if not self.seeds:
            return f"{one.name}: nothing was done: {self.why_not}"
        if one.right and not self.high < 0:
            return f"{one.name}: {self.metric} does not fall beyond the interval"
        if not one.right and one.harms and not self.harm.low > 0:
            return f"{one.name}: {one.harms} does not get worse beyond the interval"
        if not one.right and not one.harms and not (self.low > -least and self.messages > 0):
            return f"{one.name}: {self.metric} falls, or nothing is paid for it"
        return ""


class _Pair(NamedTuple):
    """One seed: what was done, and change of each metric with half of its interval."""

    words: str
    metric: str
    expected: float
    messages: int
    shifts: dict[str, tuple[float, float]]


def effect(scenario: Scenario, seeds: int, *, warm_up_s: float = 300.0, seconds: float = 600.0) -> Effect:
    """Run a scenario with several seeds; at some time turn its strategy's knob in a twin and compare.

    Demand, faults and draws are the same in both. What theory expects to make worse, which the engine never tries, is
    done here: does it? Where the strategy itself has nothing to propose, what the scenario would have done by hand is
    done.

    Args:
        scenario: which.
        seeds: 1 or more; numbers from 1 on.
        warm_up_s: before the change, s.
        seconds: that are compared, s.

    Source:
        Common random numbers: Glasserman & Yao (1992), *Management Science* 38(6).
    """
    pairs: list[_Pair] = []
    refused = ""
    for seed in range(1, seeds + 1):
        told = _pair(scenario, seed, warm_up_s, seconds)
        if isinstance(told, str):
            refused = told
        else:
            pairs.append(told)
    if not pairs:
        nothing = Shift(np.nan, np.nan, np.nan)
        return Effect(
            scenario, "", "", *nothing, {}, 0, refused, np.nan, nothing, 0.0
        )  # fmt: skip
    metric = pairs[0].metric
    alike = [one for one in pairs if one.metric == metric]
    return Effect(
        scenario,
        pairs[0].words,
        metric,
        *_shift(alike, metric),
        {name: _shift(alike, name).mean for name in OTHERS if name != metric},
        len(alike),
        refused,
        float(np.mean([one.expected for one in alike])),
        _shift(alike, scenario.harms) if scenario.harms else Shift(np.nan, np.nan, np.nan),
        float(np.mean([one.messages for one in alike])),
    )


def _pair(scenario: Scenario, seed: int, warm_up_s: float, seconds: float) -> _Pair | str:
    """One seed with the change and without it; why nothing was done."""
    model = SwarmModel(scenario.config(), rng=seed)
    engine = build_optimizer(model.config.changed({"optimization.on": True}), model.root_seed)
    assert engine is not None
    window_s = min(engine.settings.window_s, warm_up_s)
    model.run(warm_up_s - window_s)
    engine.look(model)
    engine.look(model.run(window_s))
    assert engine.found is not None
    said = engine.strategies[scenario.strategy].propose(model, engine.found)
    proposal = None if isinstance(said, str) else said
    if isinstance(said, str) and not scenario.by_hand:
        return said
    plain, twin = fork(model), fork(model)
    words = f"by hand: {twin.switch(scenario.by_hand)}" if proposal is None else proposal.words
    if proposal is not None:
        engine.strategies[scenario.strategy].turn(twin, proposal)
    metric = proposal.metric if proposal is not None else scenario.harms
    settle_s = engine.settings.settle_s
    for one in (plain, twin):
        one.run(settle_s + seconds)
    names = {metric, *OTHERS} | ({scenario.harms} if scenario.harms else set())
    shifts = {name: _change(plain, twin, name, warm_up_s + settle_s) for name in sorted(names)}
    return _Pair(
        words,
        metric,
        proposal.expected if proposal is not None else np.nan,
        proposal.messages if proposal is not None else 0,
        shifts,
    )


def _shift(pairs: list[_Pair], name: str) -> Shift:
    """Mean over seeds and its interval."""
    values = np.array([[one.shifts[name][0] for one in pairs]])
    if len(pairs) == 1:
        mean, half = pairs[0].shifts[name]
        return Shift(mean, mean - half, mean + half)
    low, high = student_ends(values, 1 - 2 * LEVEL)
    return Shift(float(values.mean()), float(low[0]), float(high[0]))


def _change(plain: SwarmModel, twin: SwarmModel, name: str, first_s: float) -> tuple[float, float]:
    """Change of a metric and half of its interval, bin by bin.

    Relative; of shares, which may be 0, the plain difference; of what is recalled, of which less is worse, the fall.
    """
    a, b = (_values(one, name, first_s) for one in (plain, twin))
    n = min(len(a), len(b))
    known = ~(np.isnan(a[:n]) | np.isnan(b[:n]))
    if known.sum() < 3:
        return np.nan, np.nan
    mean, half = mean_and_half((b[:n] - a[:n])[known], LEVEL)
    if name in ("error_rate", "late"):
        return mean, half
    base = float(a[:n][known].mean()) * (-1 if name == "recalled" else 1)
    return (mean / base, half / abs(base)) if base else (np.nan, np.nan)


def _values(model: SwarmModel, name: str, first_s: float) -> Floats:
    """`[n]` a metric bin by bin from some time on."""
    if name in ("memory_bytes", "recalled"):
        return remembered(model, name, first_s, model.now_s).values
    return series(model.records.raw(round(first_s / model.config.dt)), name, scaled=False).values
