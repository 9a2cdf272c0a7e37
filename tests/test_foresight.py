"""Foresight: intervals that hold by their own errors, and a queue that knows what load does."""

from math import exp

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.optimization.foresight import LEVEL, Band, Foresight, response_p95_s


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
