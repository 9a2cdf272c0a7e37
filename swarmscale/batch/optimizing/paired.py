"""Each scenario's change against none, in the same future: is it right, does it hurt?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...model.intervals import student_ends
from ...model.optimization.twins import TwinResult, in_twins
from ...model.swarm import SwarmModel
from .scenarios import Scenario


class Effect(NamedTuple):
    """What a scenario's change does, over several seeds.

    Attributes:
        scenario: which.
        words: what was done.
        metric: what it was to lower.
        relative: mean relative change of it.
        low: lower end of the 95 % interval over seeds.
        high: its upper end.
        others: mean relative change of other metrics.
        seeds: in which it was proposed.
        why_not: why not, in the others; empty if it was in all.
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


def effect(scenario: Scenario, seeds: int, *, warm_up_s: float = 300.0, seconds: float = 600.0) -> Effect:
    """Run a scenario with several seeds; at some time turn its strategy's knob in a twin and compare.

    Args:
        scenario: which.
        seeds: 1 or more; numbers from 1 on.
        warm_up_s: before the change, s.
        seconds: that are compared, s.
    """
    told: list[TwinResult] = []
    refused = ""
    for seed in range(1, seeds + 1):
        model = SwarmModel(scenario.config().changed({"optimization.on": True}), rng=seed)
        engine = model.optimizer
        assert engine is not None
        engine.rest()
        model.run(warm_up_s)
        asked = engine.propose(model)
        if scenario.strategy not in asked:
            refused = engine.refused[scenario.strategy]
            continue
        one = {scenario.strategy: asked[scenario.strategy]}
        twin = in_twins(model, one, engine.strategies, seconds=seconds, settle_s=engine.settings.settle_s)[0]
        if twin.why_not:
            refused = twin.why_not
        else:
            told.append(twin)
    if not told:
        return Effect(scenario, "", "", np.nan, np.nan, np.nan, {}, 0, refused)
    values = np.array([[one.relative for one in told]])
    low, high = student_ends(values)
    names = sorted({name for one in told for name in one.others or {}})
    others = {
        name: float(np.nanmean([(one.others or {}).get(name, np.nan) for one in told])) for name in names
    }
    return Effect(
        scenario, told[0].words, told[0].metric, float(values.mean()), float(low[0]), float(high[0]), others, len(told),
        refused,
    )  # fmt: skip
