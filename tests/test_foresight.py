"""Foresight: intervals that hold by their own errors, and a queue that knows what load does."""

from math import exp

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.optimization.band import LEVEL, Band
from swarmscale.model.optimization.foresight import Foresight, response_p95_s


def covered(shrink=1.0, seed=1, bins=6000):
    """Share of values within their band; their spread trebles halfway."""
    rng = np.random.default_rng(seed)
    band, hits, told = Band(), 0, 0
    for i in range(bins):
        value = 10 * exp((0.1 if i < bins // 2 else 0.3) * rng.standard_normal())
        low, high = band.about(10.0)
        if np.isfinite(low):
            middle = (low * high) ** 0.5
            hits += middle * (low / middle) ** shrink <= value <= middle * (high / middle) ** shrink
            told += 1
        band.came(10.0, low, high, value)
    return hits / told


def test_intervals_hold_their_level_when_errors_grow():
    assert abs(covered() - LEVEL) < 0.02


def test_narrower_ones_would_not():
    """The twin: a tenth narrower misses more often than is allowed."""
    assert abs(covered(shrink=0.9) - LEVEL) > 0.02


def test_p95_rises_with_load_and_grows_without_end_above_it():
    told = [response_p95_s(3.0, 100, busy) for busy in (10, 80, 95, 99, 130)]
    assert told == sorted(told)
    assert told[0] == pytest.approx(9.0, rel=1e-3)
    assert told[-1] > told[0] + 40  # (1.3 - 1) x 150 s of a queue that grows for 300 s


def test_a_fleet_foretells_after_each_minute_and_scores_what_came():
    quiet = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
    model = ss.SwarmModel("tiny", rng=2, **(quiet | {"demand.load": 0.5, "seconds": 7200.0}))
    sight = Foresight()
    for _ in range(12):
        sight.look(model.run(600))
    score, last = sight.score(), sight.last
    assert score.bins == 101  # told from bin 15 on, when ten had come in, of bins 20 to 120
    assert last.due == 125
    assert last.p95_low_s < last.p95_s < last.p95_high_s
    assert last.per_s == pytest.approx(model.records.column("throughput_per_s")[-600:].mean(), rel=0.1)
    assert score.p95_covered > 0.75
    assert score.per_s_covered > 0.75
    assert 0.5 < score.per_s_mase < 1.5


def test_what_was_foretold_goes_through_a_checkpoint_and_is_scored_after_it(tmp_path):
    """Forecasts that are not due yet when the run is saved come back as they were, and are scored as they would be."""
    quiet = {"intelligence.on": False, "emergence.on": False, "resilience.on": False, "optimization.on": True}
    model = ss.SwarmModel("tiny", rng=2, **(quiet | {"demand.load": 0.5, "seconds": 900.0})).run(400)
    model.optimizer.foresight.look(model)
    assert model.optimizer.foresight.told
    back = ss.SwarmModel.load(model.save(tmp_path / "a"))
    assert repr(back.optimizer.foresight) == repr(model.optimizer.foresight)
    for one in (model, back):
        one.optimizer.foresight.look(one.run(400))
    assert model.optimizer.foresight.counts[3] > 0
    assert repr(back.optimizer.foresight) == repr(model.optimizer.foresight)


def test_the_way_that_was_least_wrong_lately_is_followed():
    """A way that is right is followed after one error of the others, and left when it becomes the wrong one."""
    sight = Foresight()
    sight._blame(0, [10.0, 12.0, 11.0], 12.0)
    assert int(np.argmin(sight.wrong[0])) == 1
    assert sight.wrong[1] == [0.0] * 3
    for _ in range(3):
        sight._blame(0, [10.0, 12.0, 11.0], 10.0)
    assert int(np.argmin(sight.wrong[0])) == 0


def test_a_growing_queue_is_foretold_no_worse_than_as_now():
    """A saturated fleet, in which demand says nothing of a queue that is longer than 300 s: errors at most 1.15 x."""
    quiet = {"intelligence.on": False, "emergence.on": False, "resilience.on": False, "fleet.agents": 200}
    model = ss.SwarmModel("tiny", rng=1, **(quiet | {"demand.load": 0.8, "seconds": 10_800.0}))
    sight, by_queue, as_now = Foresight(), 0.0, 0.0
    for _ in range(180):
        sight.look(model.run(60))
        last, p95_s = sight.last, model.records.raw(model.records.ticks - 60).quantile("response", 1)
        due = [one for one in sight.told if one.due == sight._bins]
        if last is not None and due:
            by_queue += abs(due[0].ways[1][0] - np.nanmean(p95_s))
            as_now += abs(due[0].naive[0] - np.nanmean(p95_s))
    assert sight.score().p95_mase < 1.15
    assert by_queue > 1.15 * as_now  # the queue alone would fail
    assert sight.score().p95_covered > 0.8
