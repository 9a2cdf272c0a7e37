"""The autoscaler of Kubernetes: every row of its own tests, then what the policy makes of a fleet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.scaling import KubernetesHpa, Seen
from swarmscale.model.scaling.behavior import (
    DOWN_RATES,
    UP_RATES,
    down_limit,
    highest,
    limited,
    plain_ceiling,
    stabilized,
    up_limit,
)
from swarmscale.model.scaling.replicas import (
    Groups,
    Pod,
    Tolerance,
    average_replicas,
    group,
    largest_proposal,
    percent,
    pods_replicas,
    resource_replicas,
    value_replicas,
)

ROWS = json.loads((Path(__file__).parent / "data" / "hpa.json").read_text(encoding="utf-8"))
NOW = 1000.0
INITIALIZATION, DELAY = 120.0, 10.0  # as in the tests of Kubernetes
TEN = Tolerance(0.1, 0.1)


def named(rows):
    return pytest.mark.parametrize("row", rows, ids=[row["name"] for row in rows])


def pods_of(row):
    """The pods of a row: long running and ready, but for those that it lists."""
    requests = row.get("requests") or [1000] * row["current"]
    for i in range(max(len(requests), row["current"])):
        pod = Pod(
            usage=row["levels"][i] if i < len(row["levels"]) else None,
            request=requests[i],
            started_s=NOW - 180,
            changed_s=NOW - 180,
            sampled_s=NOW,
        )
        if i in row["unready"]:  # never was ready
            pod = replace(pod, ready=False)
        if i in row.get("hot", ()):  # ready, but not yet for a whole window
            pod = replace(pod, started_s=NOW, changed_s=NOW)
        if i in row.get("pending", ()):
            pod = replace(pod, phase="Pending")
        if i in row.get("failed", ()):
            pod = replace(pod, phase="Failed")
        if i in row.get("deleted", ()):
            pod = replace(pod, deleted=True)
        yield pod


def test_all_69_rows_are_here():
    assert [len(ROWS[part]) for part in ("replica_calc", "behavior_rate", "stabilization")] == [39, 21, 9]


@named([r for r in ROWS["replica_calc"] if r["kind"] == "resource"])
def test_rows_of_resource_utilization(row):
    pods = group(pods_of(row), NOW, True, INITIALIZATION, DELAY)
    assert resource_replicas(row["current"], pods, row["target_pct"], TEN) == row["expected"]
    assert percent(pods.usage, pods.request) == row["util"]


@named([r for r in ROWS["replica_calc"] if r["kind"] == "pods"])
def test_rows_of_a_pods_metric(row):
    pods = group(pods_of(row), NOW, False, INITIALIZATION, DELAY)
    assert pods_replicas(row["current"], pods, row["target"], TEN) == row["expected"]


@named([r for r in ROWS["replica_calc"] if r["kind"].endswith("_value") and r["kind"] != "average_value"])
def test_rows_of_an_object_or_external_value(row):
    got = value_replicas(row["current"], row["level"], row["target"], row["ready"], TEN)
    assert got == row["expected"]


@named([r for r in ROWS["replica_calc"] if r["kind"] == "average_value"])
def test_rows_of_an_average_value(row):
    assert average_replicas(row["current"], row["level"], row["target"], TEN) == row["expected"]


@named(ROWS["behavior_rate"])
def test_rows_of_behavior_rates(row):
    ups = [(NOW - 60, n) for n in row["up_events_120s"] or ()]
    downs = [(NOW - 60, -n) for n in row["down_events_120s"] or ()]
    events = (*ups, *downs)
    current, desired = row["current"], row["desired"]
    floor = down_limit(current, row["down_rules"] or DOWN_RATES, "Max", events, NOW)
    ceiling = up_limit(current, row["up_rules"] or UP_RATES, "Max", events, NOW)
    assert limited(current, desired, floor, ceiling, row["min"], row["max"]) == row["expected"]


@named(ROWS["stabilization"])
def test_rows_of_stabilization(row):
    past = tuple((NOW - age, n) for n, age in row["recs_value_age_s"] or ())
    windows = row["up_window_s"], row["down_window_s"]
    assert stabilized(row["current"], row["desired"], past, NOW, *windows) == row["expected"]


def test_every_row_is_told_apart_from_a_calculator_that_always_holds():
    """So that the replay cannot pass by doing nothing: more than half of the rows change the number."""
    rows = [*ROWS["replica_calc"], *ROWS["behavior_rate"], *ROWS["stabilization"]]
    assert sum(row["expected"] != row["current"] for row in rows) == 54


# What the rows leave open.


def test_tolerance_includes_both_ends_and_differs_by_direction():
    pods = Groups(ready=10, usage=10_000, request=10_000)

    def of(usage, tolerance=TEN):
        return resource_replicas(10, pods._replace(usage=usage), 50, tolerance)

    assert [of(4500), of(5500), of(4400), of(5600)] == [10, 10, 9, 12]
    assert of(5600, Tolerance(0.1, 0.2)) == 10
    assert of(4400, Tolerance(0.2, 0.1)) == 10
    assert of(4400, Tolerance(0.1, 0.2)) == 9


def test_utilization_is_cut_to_whole_percent():
    """110.9 % counts as 110 %, which is within the tolerance of 100 %."""
    assert resource_replicas(10, Groups(ready=10, usage=11_090, request=10_000), 100, TEN) == 10
    assert resource_replicas(10, Groups(ready=10, usage=11_100, request=10_000), 100, TEN) == 12


def test_missing_pods_of_a_pods_metric_count_as_the_target_when_scaling_down_and_0_when_up():
    tight = Tolerance(0.0, 0.0)
    assert pods_replicas(4, Groups(ready=2, usage=200, missing=(1, 1)), 1000, tight) == 3
    assert pods_replicas(3, Groups(ready=1, usage=9000, missing=(1, 1)), 1000, tight) == 9
    assert pods_replicas(3, Groups(ready=2, usage=2000, missing=(1,)), 1000, tight) == 3


def test_a_proposal_that_turns_against_its_direction_is_held():
    """Too much is used, but the pods that are counted need 4 replicas, fewer than there are."""
    pods = Groups(ready=2, usage=2200, request=2000, missing=(1000,))
    assert resource_replicas(5, pods, 70, Tolerance(0.0, 0.0)) == 5
    assert resource_replicas(3, pods, 70, Tolerance(0.0, 0.0)) == 4


def test_a_metric_without_ready_pods_proposes_nothing():
    assert resource_replicas(3, Groups(ready=0, usage=0, unready=3), 50, TEN) is None
    assert resource_replicas(3, Groups(ready=3, usage=10), 50, TEN) is None
    assert pods_replicas(3, Groups(ready=0, usage=0), 50, TEN) is None


def test_from_no_replicas_the_ratio_itself_is_taken_without_tolerance():
    assert value_replicas(0, 2100, 2000, 0, TEN) == 2
    assert value_replicas(0, 0, 2000, 0, TEN) == 0
    assert average_replicas(0, 2100, 2000, TEN) == 2


def test_several_metrics_take_the_largest_and_a_failed_one_forbids_to_scale_down():
    assert largest_proposal(5, [3, 8, 4]) == 8
    assert largest_proposal(5, [3, 4]) == 4
    assert largest_proposal(5, [3, None]) is None
    assert largest_proposal(5, [8, None]) == 8
    assert largest_proposal(5, [None, None]) is None
    assert largest_proposal(5, []) is None


@pytest.mark.parametrize(
    ("pod", "starts_up"),
    [
        (Pod(usage=1, ready=None), True),
        (Pod(usage=1, started_s=None), True),
        (Pod(usage=1, started_s=NOW - 100, changed_s=NOW - 70, sampled_s=NOW, window_s=60), False),
        (Pod(usage=1, started_s=NOW - 100, changed_s=NOW - 50, sampled_s=NOW, window_s=60), True),
        (Pod(usage=1, started_s=NOW - 100, changed_s=NOW - 70, ready=False, sampled_s=NOW), True),
        (Pod(usage=1, started_s=NOW - 500, changed_s=NOW - 10, ready=False, sampled_s=NOW), False),
        (Pod(usage=1, started_s=NOW - 500, changed_s=NOW - 495, ready=False, sampled_s=NOW), True),
    ],
)
def test_readiness_of_cpu_pods(pod, starts_up):
    """Within the initialization period a sample must be newer than the readiness; later, only never-ready waits."""
    assert pod.starts_up(NOW, INITIALIZATION, DELAY) is starts_up
    assert group([pod], NOW, True, INITIALIZATION, DELAY).unready == starts_up
    assert group([pod], NOW, False, INITIALIZATION, DELAY).unready == 0


def test_rates_select_the_most_the_least_or_no_change():
    rates = (("Pods", 5, 60.0), ("Percent", 50, 60.0))
    assert [up_limit(100, rates, s, (), NOW) for s in ("Max", "Min", "Disabled")] == [150, 105, 100]
    assert [down_limit(100, rates, s, (), NOW) for s in ("Max", "Min", "Disabled")] == [50, 95, 100]


def test_rates_look_at_events_strictly_younger_than_their_period():
    rates = (("Pods", 10, 60.0),)
    assert up_limit(100, rates, "Max", ((NOW - 60.0, 7),), NOW) == 110
    assert up_limit(100, rates, "Max", ((NOW - 59.9, 7),), NOW) == 103
    assert up_limit(100, rates, "Max", ((NOW - 1.0, 40),), NOW) == 100
    assert up_limit(100, rates, "Max", ((NOW - 1.0, -5),), NOW) == 115
    assert down_limit(100, rates, "Max", ((NOW - 1.0, -40),), NOW) == 100


def test_without_behavior_the_highest_of_the_window_counts_its_oldest_moment_included():
    assert highest(3, ((NOW - 300.0, 9),), NOW, 300.0) == 9
    assert highest(3, ((NOW - 300.1, 9),), NOW, 300.0) == 3
    assert [plain_ceiling(n) for n in (0, 1, 2, 3)] == [4, 4, 4, 6]


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_limits_never_turn_a_change_around_unless_the_fleets_own_limits_do(current, desired, least, most):
    least, most = min(least, most), max(least, most)
    floor = down_limit(current, DOWN_RATES, "Max", (), NOW)
    got = limited(current, desired, floor, up_limit(current, UP_RATES, "Max", (), NOW), least, most)
    if desired == current:
        assert got == current
    elif least <= current <= most:
        assert min(current, desired) <= got <= max(current, desired)


# The policy.


def seen(time_s, ready, demand, starting=0, **more):
    return Seen(time_s=time_s, period_s=15.0, ready=ready, starting=starting, demand=demand, **more)


def run(policy, rows):
    """Decisions in turn; rows are (time, ready, demand) or (time, ready, demand, starting)."""
    memory = policy.start()
    got = []
    for row in rows:
        decision, memory = policy.decide(seen(*row), memory)
        got.append(decision)
    return got


def test_the_policy_asks_for_demand_over_target_when_nothing_holds_it():
    assert [d.agents for d in run(KubernetesHpa(), [(0, 100, 105.0)])] == [150]
    assert [d.agents for d in run(KubernetesHpa(target=0.5), [(0, 100, 75.0)])] == [150]


def test_capped_utilization_grows_by_one_over_target_at_most_and_uncapped_demand_by_two():
    """Demand is ten times what is there: metrics-server issue 763 in one line."""
    short = {"ready": 100, "demand": 1000.0, "utilization": 1.0}
    now = Seen(time_s=0.0, period_s=15.0, **short)
    capped, free = KubernetesHpa(metric="utilization", target=0.75), KubernetesHpa(target=0.75)
    assert capped.decide(now, capped.start())[0].agents == 134
    assert free.decide(now, free.start())[0].agents == 200


def test_starting_agents_are_unready_and_damp_a_scale_up():
    """90 busy of 100 ready at target .7 want 129; 20 starting count as idle pods: ceil(.75 / .7 x 120) = 129, held
    by the tolerance; with 10 starting .818 / .7 x 110 = 129."""
    assert run(KubernetesHpa(), [(0, 100, 90.0)])[0].agents == 129
    assert run(KubernetesHpa(), [(0, 100, 90.0, 20)])[0].agents == 120
    assert run(KubernetesHpa(), [(0, 100, 90.0, 10)])[0].agents == 129


def test_a_scale_down_waits_for_the_stabilization_window():
    rows = [(t, 100, 70.0 if t == 0 else 35.0) for t in range(0, 331, 15)]
    got = run(KubernetesHpa(), rows)
    assert [d.agents for d in got] == [100] * 21 + [50] * 2
    assert got[1].trigger == "stabilization"
    short = run(KubernetesHpa(downscale_stabilization_s=30.0), rows)
    assert [d.agents for d in short[:4]] == [100, 100, 100, 50]


def test_the_first_decision_remembers_the_size_it_found():
    """A fleet that is too large at the start is not cut before the window is over."""
    assert run(KubernetesHpa(), [(0, 100, 7.0)])[0].agents == 100
    assert run(KubernetesHpa(downscale_stabilization_s=0.0), [(1, 100, 7.0), (16, 100, 7.0)])[1].agents == 10


def test_with_behavior_rates_count_what_was_asked_for_before():
    policy = KubernetesHpa(behavior=True, up_rates=(("Pods", 10, 60.0),))
    rows = [(0, 100, 700.0), (15, 110, 700.0), (45, 110, 700.0), (60, 110, 700.0)]
    assert [d.agents for d in run(policy, rows)] == [110, 110, 110, 120]
    assert run(policy, rows)[1].trigger == "rate limit"


def test_with_behavior_an_up_window_waits_for_the_lowest_recommendation():
    policy = KubernetesHpa(behavior=True, up_window_s=60.0)
    rows = [(t, 100, 70.0 if t == 0 else 140.0) for t in range(0, 76, 15)]
    assert [d.agents for d in run(policy, rows)] == [100, 100, 100, 100, 200, 200]


def test_a_disabled_scale_down_keeps_the_fleet():
    policy = KubernetesHpa(behavior=True, down_window_s=0.0)
    assert run(policy, [(0, 100, 35.0)])[0].agents == 50
    assert run(replace(policy, down_select="Disabled"), [(0, 100, 35.0)])[0].agents == 100


def test_least_and_most_agents_are_kept_to():
    policy = KubernetesHpa(min_agents=20, max_agents=50, downscale_stabilization_s=0.0)
    assert run(policy, [(0, 10, 7.0)])[0].agents == 20
    assert run(policy, [(0, 40, 400.0)])[0].agents == 50
    assert run(policy, [(0, 90, 400.0)])[0].agents == 50
    assert [d.agents for d in run(policy, [(0, 40, 0.0), (15, 40, 0.0)])][1] == 20


def test_tolerance_of_one_direction_leaves_the_other():
    policy = KubernetesHpa(up_tolerance=0.3, downscale_stabilization_s=0.0)
    assert [d.agents for d in run(policy, [(0, 100, 84.0)])] == [100]
    assert run(KubernetesHpa(), [(0, 100, 84.0)])[0].agents == 120
    rows = [(0, 100, 70.0), (15, 100, 56.0)]
    assert run(policy, rows)[1].agents == 80
    assert run(replace(policy, down_tolerance=0.3), rows)[1].agents == 100


def test_the_memory_does_not_grow_with_time():
    memory = (policy := KubernetesHpa(behavior=True)).start()
    for t in range(0, 6000, 15):
        memory = policy.decide(seen(float(t), 100, 50.0 + t % 97), memory)[1]
    assert len(memory.past) <= 21
    assert len(memory.events) <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 0.0},
        {"metric": "cpu"},
        {"tolerance": 1.0},
        {"min_agents": -1},
        {"max_agents": 0},
        {"up_select": "Most"},
        {"up_rates": ()},
        {"up_rates": (("Pods", 4.0),)},
        {"down_rates": (("Agents", 4.0, 15.0),)},
        {"down_window_s": -1.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"scaling.{next(iter(wrong))}"):
        KubernetesHpa(**wrong)


def test_rates_may_come_as_lists_from_a_file():
    assert KubernetesHpa(up_rates=[["Pods", 4, 15], ["Percent", 100, 15]]) == KubernetesHpa()
