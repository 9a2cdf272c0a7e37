"""Who goes at a scale-down, and when those that come are ready."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import swarmscale as ss
from swarmscale import rng
from swarmscale.agents.fleet import BUSY, IDLE, STARTING
from swarmscale.model.flow.laws import law
from swarmscale.model.scaling.actions import drawn_starts, shares_to_release


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(0, 300))
def test_the_largest_clusters_shrink_first_and_end_alike(ready, count):
    ready = np.array(ready)
    take = shares_to_release(ready, count)
    assert take.sum() == min(count, ready.sum())
    assert (take >= 0).all()
    assert (take <= ready).all()
    left = ready - take
    if take.any():  # nobody who gave is left with more than one above those who gave nothing
        assert left[take > 0].max() - left[take > 0].min() <= 1
        kept = left[take == 0]
        assert not kept.size or kept.max() <= left[take > 0].max() + 1


def busy_model():
    model = ss.SwarmModel("tiny", rng=4, **{"fleet.agents": 300, "demand.load": 0.6})
    model.run(20)
    return model


def test_starting_agents_go_first_the_last_to_be_ready_before_others():
    model = busy_model()
    late = model.spawn(10, start_s=90.0)
    soon = model.spawn(10, start_s=30.0)
    assert set(model.crew.to_release(10)) == set(late)
    assert set(model.crew.to_release(15)) - set(late) <= set(soon)


def test_idle_agents_go_before_busy_ones_of_their_cluster():
    model = busy_model()
    state, slots = model.fleet.column("state"), model.fleet.slots
    rows = model.crew.to_release(60)
    assert len(rows) == len(set(rows.tolist())) == 60
    assert set(state[rows]) <= {IDLE, BUSY}
    for q in set(rows // slots):
        mine = rows[rows // slots == q]
        if (state[mine] == BUSY).any():
            idle = np.flatnonzero(model.fleet.rows.state[q] == IDLE) + q * slots
            assert set(idle) <= set(mine)


def test_all_can_go():
    model = busy_model()
    model.spawn(7)
    everyone = model.crew.to_release(len(model.fleet))
    assert sorted(everyone) == sorted(model.fleet.live())
    assert (model.fleet.column("state")[everyone] == STARTING).sum() == 7


def test_start_up_times_follow_their_law_and_depend_on_the_id_alone():
    """Kolmogorov and Smirnov's test; the same times made 5 % longer fail it."""
    of, key = law("lognormal", 0.3), rng.key(1, "life")
    times = drawn_starts(np.arange(1, 40_001), 30.0, of, key)
    s = np.sqrt(np.log1p(0.3**2))
    expected = stats.lognorm(s, scale=30.0 * np.exp(-s * s / 2)).cdf
    assert stats.kstest(times, expected).pvalue > 1e-4
    assert stats.kstest(times * 1.05, expected).pvalue < 1e-4
    again = drawn_starts(np.array([40_000, 7]), 30.0, of, key)
    assert again.tolist() == [times[-1], times[6]]


def test_a_law_without_spread_gives_the_mean():
    assert drawn_starts(np.arange(5), 30.0, law("lognormal", 0.0), rng.key(1, "life")) == pytest.approx(30.0)
