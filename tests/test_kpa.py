"""The autoscaler of Knative: the rows of its own tests, then what the policy makes of a fleet.

Rows are numbers of ``pkg/autoscaler/scaling/autoscaler_test.go`` in knative/serving (Apache-2.0); rates are 10 there.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.scaling import KnativeKpa, Seen
from swarmscale.model.scaling.kpa import Panic, mean_since, restarted, scale

TENS = KnativeKpa(target=10.0, max_scale_up=10.0, max_scale_down=10.0)
ONES = replace(TENS, target=1.0)
CALM = Panic(since_s=None, most=1)
NOW = 1000.0

# (name, rules, stable average, panic average, ready, state before) -> pods
ROWS = [
    ("stable increase", TENS, 50, 10, 1, CALM, 5),
    ("stable increase twice", TENS, 100, 10, 1, CALM, 10),
    ("no data at zero", TENS, 0, 0, 1, CALM, 0),
    ("unlimited burst capacity", replace(TENS, target=181.0), 21, 26, 1, CALM, 1),
    ("no burst capacity", TENS, 50, 49, 1, CALM, 5),
    ("no change", TENS, 50, 50, 1, CALM, 5),
    ("panic, stable larger", ONES, 50, 30, 5, Panic(since_s=NOW - 5, most=5), 50),
    ("panic, stable smaller", ONES, 20, 30, 5, Panic(since_s=NOW - 5, most=5), 30),
    ("no change, already scaled", TENS, 50, 50, 5, CALM, 5),
    ("small rate up", replace(ONES, max_scale_up=1.1), 3, 3.1, 2, CALM, 3),
    ("small rate down", replace(TENS, max_scale_down=1.1), 1, 1, 100, CALM, 90),
    ("not reachable", replace(TENS, max_scale_down=1.1, reachable=False), 1, 1, 100, CALM, 1),
    ("panic doubles the pods", TENS, 50, 100, 1, CALM, 10),
    ("rate limit up", TENS, 1000, 1001, 1, CALM, 10),
    ("rate limit up again", TENS, 1000, 1001, 10, Panic(since_s=NOW, most=10), 100),
    ("rate limit down", TENS, 1, 1, 100, CALM, 10),
    ("rate limit down again", TENS, 1, 1, 10, CALM, 1),
    ("no endpoints count as one", TENS, 1000, 888, 0, CALM, 10),
    ("new target", ONES, 100, 101, 10, Panic(since_s=NOW, most=10), 100),
    ("stable decrease, before", TENS, 100, 100, 8, CALM, 10),
    ("stable decrease", TENS, 50, 50, 8, CALM, 5),
    ("no traffic, before", TENS, 1, 0, 1, CALM, 1),
    ("no traffic", TENS, 0, 0, 1, CALM, 0),
    ("activation scale at zero", replace(TENS, activation_scale=2), 0, 0, 1, CALM, 0),
    ("activation scale", replace(TENS, activation_scale=2), 1, 0, 1, CALM, 2),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_rows_of_one_decision(row):
    _, rules, stable, short, ready, before, pods = row
    assert scale(rules, before, NOW, stable, short, ready)[0] == pods


def in_turn(rules, panic, rows):
    """Pods and panic of decisions in turn; rows are (time, stable, panic average, ready)."""
    got = []
    for time_s, stable, short, ready in rows:
        pods, panic = scale(rules, panic, time_s, stable, short, ready)
        got.append((pods, panic.since_s))
    return got


def test_row_of_a_panic_that_ends_after_a_slow_increase():
    got = in_turn(ONES, CALM, [(0, 11, 25, 10), (30, 30, 41, 40), (62, 50, 56, 55)])
    assert got == [(25, 0), (41, 0), (50, None)]


def test_row_of_a_panic_that_is_renewed():
    assert in_turn(ONES, CALM, [(0, 11, 25, 10), (30, 30, 80, 40)]) == [(25, 0), (80, 30)]


def test_row_of_exponential_growth_that_settles():
    rows = [(0, 6, 6, 1), (0, 36, 36, 6), (1, 216, 216, 36), (1, 1296, 1296, 216), (2, 1296, 1296, 1296)]
    got = in_turn(ONES, CALM, rows)
    assert [pods for pods, _ in got] == [6, 36, 216, 1296, 1296]
    assert [since for _, since in got] == [0, 0, 1, 1, 1]


def test_row_of_a_panic_after_which_the_fleet_shrinks():
    rows = [(0, 100, 100, 1), (0, 100, 1000, 10), (30, 1, 1, 10), (61, 1, 1, 10)]
    assert [pods for pods, _ in in_turn(TENS, CALM, rows)] == [10, 100, 100, 1]


def delayed(rules, rows):
    got, panic = [], Panic()
    for time_s, average, reachable in rows:
        pods, panic = scale(replace(rules, reachable=reachable), panic, time_s, average, average, 0)
        got.append(pods)
    return got


DELAY = replace(TENS, panic_threshold=100.0, scale_down_delay_s=300.0)


def test_rows_of_the_scale_down_delay():
    rows = [(2, 40, True), (300, 0, True), (302, 0, True)]
    assert delayed(DELAY, rows) == [4, 4, 0]
    gradual = [(540, 40, True), (600, 30, True), (660, 0, True), (840, 0, True), (900, 0, True)]
    assert delayed(DELAY, [*rows, *gradual])[3:] == [4, 4, 4, 3, 0]


def test_row_of_a_delay_that_ends_when_tasks_go_elsewhere():
    assert delayed(DELAY, [(2, 40, True), (60, 0, True), (62, 0, False)]) == [4, 4, 0]


def test_row_of_no_delay():
    none = replace(DELAY, scale_down_delay_s=0.0)
    assert delayed(none, [(0, 40, True), (0.5, 20, True)]) == [4, 2]


def test_row_of_a_restart_in_panic():
    """With more than one pod ready; the most that was wanted is what is there."""
    assert [restarted(n, NOW) for n in (0, 1)] == [Panic(since_s=None, most=0), Panic(since_s=None, most=1)]
    assert restarted(2, NOW) == Panic(since_s=NOW, most=2)


# What the rows leave open.


def test_panic_looks_at_the_number_before_it_is_clamped():
    """The rate lets 15 pods at most, which is less than twice the 10 ready; 30 would be thrice."""
    slow = replace(ONES, max_scale_up=1.5)
    assert in_turn(slow, CALM, [(NOW, 10, 30, 10)]) == [(15, NOW)]


def test_panic_ends_only_after_a_whole_stable_window():
    rows = [(0, 10, 30, 10), (60, 10, 10, 30), (60.5, 10, 10, 30)]
    assert [since for _, since in in_turn(ONES, CALM, rows)] == [0, 0, None]


def test_the_panic_threshold_is_included():
    assert in_turn(ONES, CALM, [(NOW, 10, 20, 10)])[0][1] == NOW
    assert in_turn(ONES, CALM, [(NOW, 10, 19, 10)])[0][1] is None


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.integers(0, 100)), min_size=1, max_size=30)
)
def test_in_panic_the_number_never_falls(rows):
    panic, last, since = CALM, 0, None
    for i, (stable, short, ready) in enumerate(rows):
        pods, panic = scale(ONES, panic, 2.0 * i, stable, short, ready)
        if since is not None and panic.since_s is not None:
            assert pods >= last
        last, since = pods, panic.since_s


def test_a_mean_weighs_periods_by_what_lies_in_the_window():
    past = ((10.0, 10.0, 100.0), (20.0, 10.0, 10.0), (30.0, 10.0, 40.0))
    assert mean_since(past, 0.0) == pytest.approx(50.0)
    assert mean_since(past, 10.0) == pytest.approx(25.0)
    assert mean_since(past, 24.0) == pytest.approx(40.0)
    assert mean_since(past, 18.0) == pytest.approx((2 * 10 + 10 * 40) / 12)
    assert mean_since(past, 30.0) == 40.0


def run(policy, demands, period_s=2.0, ready=10):
    memory, got = policy.start(), []
    for i, demand in enumerate(demands):
        now = Seen(time_s=period_s * (i + 1), period_s=period_s, ready=ready, demand=demand)
        decision, memory = policy.decide(now, memory)
        got.append(decision)
    return got, memory


def test_the_policy_starts_in_panic_and_keeps_its_fleet_for_a_stable_window():
    got, _ = run(KnativeKpa(), [0.7] * 40)
    assert [d.agents for d in got] == [10] * 31 + [5] * 9  # at most halved
    assert {d.trigger for d in got[:31]} == {"panic"}


def test_the_policy_follows_a_surge_by_its_panic_window():
    """Demand rises from 7 to 35: the mean of 6 s is there after three periods, that of 60 s would take a minute."""
    got, _ = run(KnativeKpa(), [7.0] * 60 + [35.0] * 10)
    assert [d.agents for d in got[59:64]] == [10, 24, 37, 50, 50]
    assert got[60].trigger == "panic"
    calm, _ = run(KnativeKpa(panic_threshold=1000.0), [7.0] * 60 + [35.0] * 10)
    assert calm[64].agents < 20


def test_the_policy_shrinks_by_half_of_what_is_ready_at_most():
    got, _ = run(KnativeKpa(max_scale_down=2.0), [0.0] * 40)
    assert got[-1].agents == 5


def test_history_does_not_grow_beyond_the_stable_window():
    _, memory = run(KnativeKpa(), [5.0 + i % 7 for i in range(500)])
    assert len(memory.past) == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 0.0},
        {"panic_share": 0.0},
        {"panic_threshold": 1.0},
        {"max_scale_up": 1.0},
        {"max_scale_down": 0.5},
        {"scale_down_delay_s": -1.0},
        {"activation_scale": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"scaling.{next(iter(wrong))}"):
        KnativeKpa(**wrong)
