"""Figures of incidents: tallies by hand, intervals, closed forms on simulated repair, tables there and back."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2

from swarmscale import rng as streams
from swarmscale.errors import ConfigError
from swarmscale.model.flow.ledger import MESSAGES, Count
from swarmscale.model.intervals import mean, mean_over_runs, rate, share, share_over_runs
from swarmscale.model.metric import Stretch
from swarmscale.model.metrics import METRICS
from swarmscale.model.resilience.availability import (
    availability,
    k_out_of_n,
    mean_availability,
    steady_availability,
    time_up,
)
from swarmscale.model.resilience.frames import (
    INCIDENTS,
    LINES,
    SUSPICIONS,
    incidents_frame,
    lines_frame,
    log_of,
    suspicions_frame,
)
from swarmscale.model.resilience.incidents import LAYERS, IncidentLog
from swarmscale.model.resilience.measures import (
    budget,
    by_fault,
    by_layer,
    false_alarms,
    is_pending,
    tally,
)
from swarmscale.model.swarm import SwarmModel

from .incident_support import incident, written

END_S = 1000.0


def test_a_tally_counts_what_became_of_incidents():
    all_of_them = tally(written().incidents, END_S)
    assert (all_of_them.injected, all_of_them.components) == (6, 12)
    assert (all_of_them.found, all_of_them.missed, all_of_them.recovered) == (3, 1, 4)
    assert (all_of_them.in_time, all_of_them.pending, all_of_them.judged) == (2, 1, 5)
    assert (all_of_them.displaced, all_of_them.lost) == (7, 2)
    assert all_of_them.detect_s.tolist() == [2.0, 4.0, 3.0]
    assert all_of_them.recover_s.tolist() == [20.0, 100.0, 10.0, 20.0]
    assert all_of_them.recovery.value == pytest.approx(2 / 5)
    assert all_of_them.mttd.value == pytest.approx(3.0)
    assert all_of_them.mttr.value == pytest.approx(37.5)


def test_layers_and_faults_share_the_incidents_out():
    log = written()
    layers, faults = by_layer(log, END_S), by_fault(log, END_S)
    assert tuple(layers) == LAYERS
    assert list(faults) == ["agent-crash", "node-crash", "zone-crash", "link-loss"]
    for parts in (layers, faults):
        for field in ("injected", "found", "missed", "recovered", "in_time", "pending", "displaced", "lost"):
            assert sum(getattr(one, field) for one in parts.values()) == getattr(
                tally(log.incidents, END_S), field
            )
    assert layers["integration"].injected == 0
    assert math.isnan(layers["integration"].recovery.value)
    assert math.isnan(layers["integration"].mttr.value)


def test_tallies_of_two_runs_add_up_to_that_of_both():
    log = written()
    both = tally(log.incidents[:2], END_S) + tally(log.incidents[2:], END_S)
    whole = tally(log.incidents, END_S)
    assert both.recovery == whole.recovery
    assert both.mttr == whole.mttr
    assert both.components == whole.components


@pytest.mark.parametrize(
    ("what", "pending"),
    [
        ({"begins_s": 950.0}, True),
        ({"begins_s": 939.0}, False),  # its deadline has come
        ({"begins_s": 950.0, "lost": 1}, False),  # it has failed already
        ({"begins_s": 950.0, "recovered_s": 960.0}, False),  # it is over
        ({"begins_s": 900.0, "deadline_s": 300.0}, True),
    ],
)
def test_only_what_can_still_be_made_good_is_left_out(what, pending):
    one = incident(**what)
    assert is_pending(one, END_S) is pending
    assert tally([one], END_S).judged == 1 - pending


def test_a_fault_that_is_over_unseen_is_missed_and_one_that_goes_on_is_not():
    assert tally([incident(10.0, ends_s=20.0)], END_S).missed == 1
    assert tally([incident(10.0)], END_S).missed == 0
    assert tally([incident(10.0, ends_s=20.0, found_s=12.0)], END_S).missed == 0
    assert tally([incident(10.0, ends_s=END_S + 1)], END_S).missed == 0


def test_intervals_of_a_tally_are_the_exact_and_students():
    exact = binomtest(2, 5).proportion_ci(method="exact")
    assert share(2, 5)[1:3] == pytest.approx((exact.low, exact.high))
    assert math.isnan(share(0, 0).value)
    value, low, high, n = mean([1.0, 2.0, 3.0])
    assert (value, n) == (2.0, 3)
    assert (low, high) == pytest.approx((-0.48413771, 4.48413771))
    assert math.isnan(mean([5.0]).low)


def test_a_mean_over_runs_knows_that_values_of_a_run_resemble_each_other():
    """Ten values alike in each of six runs: six draws, not sixty; the coverage of both intervals is counted."""
    g, hits, narrow, rounds = streams.generator(16, "runs"), 0, 0, 1500
    for _ in range(rounds):
        runs = g.normal(5.0, 1.0, 6)[:, None] + g.normal(0.0, 0.2, (6, 10))
        whole, pooled = mean_over_runs(list(runs)), mean(runs.ravel())
        assert whole.value == pytest.approx(pooled.value)
        hits += whole.low <= 5.0 <= whole.high
        narrow += pooled.low <= 5.0 <= pooled.high
    assert abs(hits - 0.95 * rounds) < 4 * math.sqrt(rounds * 0.95 * 0.05)
    assert narrow < 0.7 * rounds
    assert mean_over_runs([[1.0, 2.0, 3.0], []]) == mean([1.0, 2.0, 3.0])
    assert math.isnan(mean_over_runs([[], []]).value)


def test_a_share_over_runs_is_never_surer_than_the_exact_interval():
    assert share_over_runs([10, 20], [10, 20]) == share(30, 30)  # alike in all runs
    apart = share_over_runs([0, 20], [20, 20])
    assert (apart.low, apart.high) == (0.0, 1.0)
    assert share_over_runs([3, 0], [4, 0]) == share(3, 4)


@pytest.mark.parametrize("events", [0, 1, 7, 250])
def test_the_interval_of_a_rate_is_garwoods(events):
    found = rate(events, 4.0)
    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    assert found[:3] == pytest.approx((events / 4, low / 4, chi2.ppf(0.975, 2 * events + 2) / 8))


def test_false_suspicions_are_those_without_an_incident_for_each_watched_hour():
    found = false_alarms(written().suspicions, {"agent": 100.0, "node": 4.0, "link": 16.0})
    assert (found["agent"].suspicions, found["agent"].false) == (2, 1)
    assert found["agent"].rate_per_h.value == pytest.approx(0.01)
    assert found["node"].rate_per_h.value == pytest.approx(0.25)
    assert found["link"].false == 0
    assert found["all"].rate_per_h.value == pytest.approx(2 / 120)
    assert math.isnan(false_alarms(written().suspicions)["agent"].rate_per_h.value)


def test_an_error_budget_is_spent_by_what_was_missed():
    one = budget(0.9995, due=20_000, met=19_985)
    assert one.allowed == pytest.approx(10.0)
    assert one.spent == pytest.approx(1.5)
    assert one.left == pytest.approx(-5.0)
    assert math.isnan(budget(0.9995, 0, 0).spent)


# -- closed forms on simulated components ---------------------------------------------------------------

MTBF_S, MTTR_S, CYCLES = 200.0, 20.0, 60_000
LAWS = {
    "exponential": lambda g, mean_s: g.exponential(mean_s, CYCLES),
    "weibull": lambda g, mean_s: mean_s * g.weibull(2.0, CYCLES) / math.gamma(1.5),
    "lognormal": lambda g, mean_s: mean_s * np.exp(g.normal(-0.125, 0.5, CYCLES)),
}


def z_of(found, expected):
    """Standard errors between an estimate with a normal interval and what is expected."""
    return (found.value - expected) / ((found.high - found.low) / (2 * 1.959964))


@pytest.mark.parametrize("law", LAWS)
def test_availability_of_a_renewal_process_is_mtbf_over_mtbf_plus_mttr_and_not_five_percent_else(law):
    g = streams.generator(11, f"renewal {law}")
    found = availability(LAWS[law](g, MTBF_S), LAWS[law](g, MTTR_S))
    assert found.n == CYCLES
    assert abs(z_of(found, steady_availability(MTBF_S, MTTR_S))) < 4
    assert abs(z_of(found, steady_availability(MTBF_S, 1.05 * MTTR_S))) > 4
    assert abs(z_of(found, steady_availability(0.95 * MTBF_S, MTTR_S))) > 4


def test_the_interval_of_an_availability_holds_as_often_as_it_says():
    g = streams.generator(12, "coverage")
    true, hits, runs = steady_availability(50.0, 5.0), 0, 2000
    for _ in range(runs):
        found = availability(g.exponential(50.0, 60), g.exponential(5.0, 60))
        hits += found.low <= true <= found.high
    assert 0.925 < hits / runs < 0.965  # a normal interval of 60 cycles covers a little too little


def down_share(mtbf_s, mttr_s, seconds, components, g):
    """`[n]` share of the time for which each of many components was down, simulated cycle by cycle."""
    out = np.empty(components)
    for i in range(components):
        t, begins, ends = g.exponential(mtbf_s), [], []
        while t < seconds:
            begins.append(t)
            ends.append(t + g.exponential(mttr_s))
            t = ends[-1] + g.exponential(mtbf_s)
        out[i] = 1.0 - time_up(np.array(begins), np.array(ends), 0.0, seconds)
    return out


def test_the_mean_over_a_short_time_is_that_of_a_component_that_is_up_at_first():
    down = down_share(60.0, 30.0, 100.0, 8000, streams.generator(13, "short"))
    z = (down.mean() - (1 - mean_availability(60.0, 30.0, 100.0))) / (down.std(ddof=1) / math.sqrt(len(down)))
    assert abs(z) < 4
    steady = 1 - steady_availability(60.0, 30.0)
    assert abs((down.mean() - steady) / (down.std(ddof=1) / math.sqrt(len(down)))) > 4
    assert mean_availability(60.0, 0.0, 100.0) == 1.0


def test_k_out_of_n_is_the_upper_tail_of_the_binomial_law():
    n = np.arange(0, 12)
    for k in range(14):
        np.testing.assert_allclose(k_out_of_n(k, n, 0.83), binom.sf(k - 1, n, 0.83), atol=1e-12)
    with pytest.raises(ConfigError, match=r"each = .*in \[0, 1\]"):
        k_out_of_n(1, 2, 1.2)


def test_three_of_five_repairable_components_are_up_as_often_as_the_closed_form_says():
    """Looked at far apart, so that the looks are independent."""
    g, looks = streams.generator(14, "k of n"), 40_000
    each = steady_availability(40.0, 20.0)
    up_first = g.random((looks, 5)) < each  # the law in the long run
    left = g.exponential(np.where(up_first, 40.0, 20.0))
    up = np.where(left > 30.0, up_first, ~up_first)  # after 30 s, of those that change at most once
    again = g.exponential(np.where(up_first, 20.0, 40.0))
    moved = (left <= 30.0) & (left + again <= 30.0)
    for i, j in np.argwhere(moved):  # the rest step by step
        t, state = left[i, j] + again[i, j], up_first[i, j]
        while True:
            stay = g.exponential(40.0 if state else 20.0)
            if t + stay > 30.0:
                break
            t, state = t + stay, not state
        up[i, j] = state
    hits = int((up.sum(axis=1) >= 3).sum())

    def z(p):
        return (hits - looks * p) / math.sqrt(looks * p * (1 - p))

    assert abs(z(k_out_of_n(3, 5, each))) < 4
    assert abs(z(k_out_of_n(3, 5, steady_availability(40.0, 21.0)))) > 4


def test_time_up_agrees_with_a_slow_count_on_a_grid():
    g = streams.generator(15, "overlap")
    for _ in range(50):
        begins = g.integers(0, 100, 6).astype(float)
        ends = begins + g.integers(0, 30, 6)
        grid = np.arange(20, 90) + 0.5
        down = np.any((grid >= begins[:, None]) & (grid < ends[:, None]), axis=0)
        assert time_up(begins, ends, 20.0, 90.0) == pytest.approx(1 - down.mean())


# -- tables ---------------------------------------------------------------------------------------------


def test_tables_give_the_log_back(tmp_path):
    log = written()
    frames = {"i": incidents_frame(log), "l": lines_frame(log), "s": suspicions_frame(log)}
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    import pandas as pd

    back = log_of(*(pd.read_parquet(tmp_path / f"{name}.parquet") for name in frames))
    assert repr(back) == repr(log)  # NaN is not equal to itself
    assert tally(back.incidents, END_S).recovery == tally(log.incidents, END_S).recovery


def test_empty_tables_have_the_types_of_full_ones():
    for make, names in ((incidents_frame, INCIDENTS), (lines_frame, LINES), (suspicions_frame, SUSPICIONS)):
        empty, full = make(IncidentLog()), make(written())
        assert tuple(empty.columns) == names
        assert (empty.dtypes == full.dtypes).all()


# -- rows of the scorecard ------------------------------------------------------------------------------


def tiny(**changes) -> SwarmModel:
    return SwarmModel("tiny", rng=7, **{"intelligence.on": False, "emergence.on": False} | changes)


def test_each_row_stands_once_and_says_what_it_is():
    keys = [metric.key for metric in METRICS]
    assert len(keys) == len(set(keys))
    assert {"recovery", "mttd_s", "mttr_s", "budget_spent", "false_suspicions_per_h"} <= set(keys)


def test_nothing_is_said_of_faults_where_nothing_broke():
    summary = tiny().run(5).summary()
    assert math.isnan(summary["recovery"].value)
    assert summary["recovery"].verdict == "not measured"
    assert math.isnan(summary["mttr_s"].value)


def test_rows_are_the_tallies_of_the_log():
    model = tiny().run(5)
    model.resilience = SimpleNamespace(log=written())
    summary, mine = model.summary(), tally(written().incidents, model.now_s)
    for key, figure in (("recovery", mine.recovery), ("mttd_s", mine.mttd), ("mttr_s", mine.mttr)):
        assert (summary[key].value, summary[key].low, summary[key].high) == figure[:3]
    assert summary["tasks_lost"].value == 2
    assert summary["recovery"].verdict == "not met"


def test_the_budget_row_is_what_due_and_met_say():
    model = tiny(**{"resilience.health.objective": 0.9}).run(60)
    whole = Stretch(model.records, 0, 60)
    due, met = whole.count(Count.DUE), whole.count(Count.MET)
    assert model.summary()["budget_spent"].value == pytest.approx((due - met) / (0.1 * due))


@pytest.mark.parametrize(
    "changes", [{}, {"network.topology": "ring"}, {"delegation.on": True, "delegation.node_load": 0.5}]
)
def test_hops_are_what_is_left_of_the_channel_without_local_messages(changes):
    model = tiny(**changes).run(60)
    s = Stretch(model.records, 0, 60)
    local = 2 * s.count(Count.DISPATCHED) + 4 * s.count(Count.ESCALATED_NODE)
    assert s.message(MESSAGES) - local == s.count(Count.HOPS) > 1000
    shortest, longest = (1000 * x for x in span(model))
    assert shortest < model.summary()["link_ms"].value < longest


def span(model) -> tuple[float, float]:
    """The shortest and the longest mean latency of a link, s."""
    each = [data["latency_s"] for _, _, data in model.mesh.edges(data=True)]
    return min(each), max(each)


def test_hops_are_delivered_at_the_first_attempt_but_for_the_loss_and_links_take_what_was_set():
    loss = 0.1
    model = tiny(**{"network.loss": loss, "network.jitter": 0.0, "network.latency_ms": (4.0, 4.0)}).run(60)
    hops = Stretch(model.records, 0, 60).count(Count.HOPS)
    found = model.summary()["delivery_hops"].value

    def z(p):
        return (found - (1 - p)) / math.sqrt(p * (1 - p) / hops)

    assert abs(z(loss)) < 4
    assert abs(z(loss + 0.05)) > 4
    # geometric number of losses before success, each 50 ms, of at most 3: sum k p^k / sum p^k
    tries = np.arange(4)
    waits = 50 * (tries * loss**tries).sum() / (loss**tries).sum()
    per_hop = 50 * math.sqrt((tries**2 * loss**tries).sum() / (loss**tries).sum())
    assert abs(model.summary()["link_ms"].value - 4.0 - waits) < 4 * per_hop / math.sqrt(hops)
