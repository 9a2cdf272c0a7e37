"""Scaling policies: first what every member must do, then each on its own; ``hpa`` and ``kpa`` have files of theirs."""

from __future__ import annotations

import pickle
from dataclasses import replace
from math import ceil, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.memory import dump, restore
from swarmscale.model.scaling import POLICIES, Seen
from swarmscale.model.scaling.holding import agents_for, largest
from swarmscale.model.scaling.rule_set import NAMES
from swarmscale.model.scaling.staffing import spare, square_root, waiting_chance
from swarmscale.model.scaling.triggers import NO_LIMIT, followed
from swarmscale.registry import FAMILIES

NAMED = sorted(POLICIES)
GROWING = [n for n in NAMED if n not in ("static", "low-demand-reactive", "cost-optimization")]


def seen(time_s=0.0, ready=100, **more):
    """What is seen of a fleet at ease; the forecast says what is there, if nothing else is said."""
    demand = more.setdefault("demand", 50.0)
    for name in ("forecast", "upper", "upper_later"):
        more.setdefault(name, demand)
    more.setdefault("utilization", min(demand / ready, 1.0) if ready else 0.0)
    return Seen(time_s=time_s, period_s=more.pop("period_s", 10.0), ready=ready, **more)


def closed(policy, demands, ready=100, lead_s=60.0, period_s=10.0, **more):
    """Decisions on a fleet that does as told: scale-ups are ready after ``lead_s``, scale-downs are at once."""
    memory, coming, got = policy.start(), [], []
    for i, demand in enumerate(demands):
        time_s = period_s * (i + 1)
        ready += sum(n for t, n in coming if t <= time_s)
        coming = [(t, n) for t, n in coming if t > time_s]
        starting = sum(n for _, n in coming)
        short = demand > 0.9 * ready
        now = seen(
            time_s, ready, starting=starting, demand=demand, period_s=period_s, late_share=float(short),
            lead_s=lead_s + period_s, cost_per_task=period_s * (ready + starting) / max(demand, 1.0), **more,
        )  # fmt: skip
        decision, memory = policy.decide(now, memory)
        got.append((now, decision))
        change = decision.agents - ready - starting
        while change < 0 and coming:
            t, n = coming.pop()
            change += n
            if change > 0:
                coming.append((t, change))
                change = 0
        if change > 0:
            coming.append((time_s + lead_s, change))
        ready += min(change, 0)
    return got


@st.composite
def sequences(draw):
    """What might be seen, in turn; sane in each figure, wild in their order."""
    period_s = draw(st.sampled_from([1.0, 10.0, 15.0, 60.0]))
    counts, shares = st.integers(0, 5000), st.floats(0, 1)
    loads = st.one_of(st.just(0.0), st.floats(0, 1e4), st.floats(0, 1e12))
    rows = []
    for i in range(draw(st.integers(1, 25))):
        demand, ahead = draw(loads), draw(st.floats(1, 3))
        rows.append(
            Seen(
                time_s=period_s * (i + 1),
                period_s=period_s,
                ready=draw(counts),
                starting=draw(counts),
                draining=draw(counts),
                utilization=draw(shares),
                demand=demand,
                backlog_s=draw(st.one_of(st.just(0.0), st.floats(0, 1e9))),
                late_share=draw(st.one_of(st.just(0.0), shares)),
                error_rate=draw(st.one_of(st.just(0.0), shares)),
                cost_per_task=draw(st.one_of(st.just(0.0), st.floats(0, 1e6))),
                lead_s=period_s + draw(st.floats(0, 300)),
                slo_utilization=draw(st.sampled_from([0.5, 0.9, 1.0])),
                forecast=demand,
                upper=demand * ahead,
                upper_later=demand * draw(st.floats(1, 3)),
            )
        )
    return rows


def decisions(policy, rows, memory=None):
    memory = policy.start() if memory is None else memory
    got = []
    for now in rows:
        decision, memory = policy.decide(now, memory)
        got.append(decision)
    return got, memory


# What every member must do.


def test_the_family_is_registered_with_all_its_members():
    assert FAMILIES["scaling policy"] is POLICIES
    rules = {"high-demand-reactive", "low-demand-reactive", "predictive-scale-up", "cost-optimization"}
    assert rules | {"emergency-scaling", "seed", "static", "hpa", "kpa", "target", "quantile"} <= set(NAMED)


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(rows=sequences())
def test_a_policy_wants_a_whole_number_for_a_reason_with_figures(name, rows):
    for decision in decisions(POLICIES.make(name), rows)[0]:
        assert type(decision.agents) is int
        assert decision.agents >= 0
        assert str(decision.agents) in decision.reason


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(rows=sequences())
def test_a_policy_decides_the_same_from_the_same_and_changes_no_memory(name, rows):
    policy, memory = POLICIES.make(name), POLICIES.make(name).start()
    for now in rows:
        before = dump(memory)
        decision, after = policy.decide(now, memory)
        assert dump(memory) == before
        again, same = POLICIES.make(name).decide(now, memory)
        assert (again, dump(same)) == (decision, dump(after))
        memory = after


@pytest.mark.parametrize("name", NAMED)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(rows=sequences(), part=st.floats(0, 1))
def test_a_memory_that_was_stored_midway_goes_on_as_if_it_had_not_been(name, rows, part):
    """Through JSON as in a checkpoint, and through a pickle as to a worker."""
    policy = POLICIES.make(name)
    cut = int(part * len(rows))
    _, memory = decisions(policy, rows[:cut])
    rest, _ = decisions(policy, rows[cut:], memory)
    stored = restore(dump(memory), {type(policy).__module__})
    assert decisions(policy, rows[cut:], stored)[0] == rest
    other, pickled = pickle.loads(pickle.dumps((policy, memory)))
    assert decisions(other, rows[cut:], pickled)[0] == rest


@pytest.mark.parametrize("name", NAMED)
def test_a_policy_is_stored_by_name_and_fields_and_comes_back(name):
    stored = POLICIES.dump(POLICIES.make(name))
    back = POLICIES.make(stored.pop("name"), **stored)
    assert back == POLICIES.make(name)
    assert hash(back) == hash(POLICIES.make(name))


@pytest.mark.parametrize("name", NAMED)
def test_without_demand_no_policy_asks_for_more_than_is_there(name):
    for now, decision in closed(POLICIES.make(name), [0.0] * 400):
        assert decision.agents <= max(now.provisioned, 1)


@pytest.mark.parametrize("name", NAMED)
def test_a_fleet_of_no_agents_is_a_fleet(name):
    """Nothing to do and nobody there; then work for a hundred."""
    policy = POLICIES.make(name)
    decision, memory = policy.decide(seen(10.0, 0, demand=0.0), policy.start())
    assert decision.agents in (0, 1)
    rows = [seen(10.0 * i, 0, demand=100.0, backlog_s=1e6, late_share=1.0) for i in range(2, 40)]
    wanted = [d.agents for d in decisions(policy, rows, memory)[0]]
    assert max(wanted) >= (1 if name in GROWING else 0)


@pytest.mark.parametrize("name", GROWING)
def test_a_policy_that_grows_brings_a_fleet_up_to_a_lasting_surge(name):
    """Demand doubles for an hour: at its end the ready agents serve it within the objective."""
    got = closed(POLICIES.make(name), [80.0] * 30 + [160.0] * 360)
    now, _ = got[-1]
    assert now.ready * 0.9 >= 160.0


@pytest.mark.parametrize("name", NAMED)
def test_what_a_policy_wants_does_not_explode_under_a_steady_load(name):
    got = closed(POLICIES.make(name), [70.0] * 720)
    assert max(decision.agents for _, decision in got) <= 160


def test_an_unknown_name_or_setting_is_refused_with_the_nearest():
    with pytest.raises(UnknownChoiceError, match="Did you mean 'quantile'"):
        POLICIES.make("quantil")
    with pytest.raises(UnknownChoiceError, match="Did you mean 'hold_s'"):
        POLICIES.make("quantile", hold=1.0)


# static


def test_static_wants_its_number_or_the_first_it_saw():
    rows = [seen(10.0 * i, 50 + i, demand=10.0 * i, starting=5) for i in range(5)]
    assert [d.agents for d in decisions(POLICIES.make("static"), rows)[0]] == [55] * 5
    assert [d.agents for d in decisions(POLICIES.make("static", agents=7), rows)[0]] == [7] * 5


# The origin's rules.

# name, what sets it off, factor, limit, cooldown in s, as in the origin's table
TABLE = [
    ("high-demand-reactive", {"utilization": 0.81}, 1.5, 2.0, 60.0),
    ("high-demand-reactive", {"backlog_s": 5.1}, 1.5, 2.0, 60.0),
    ("low-demand-reactive", {"utilization": 0.29}, 0.8, 0.5, 180.0),
    ("predictive-scale-up", {"upper_later": 901.0}, 1.3, 1.8, 30.0),
    ("cost-optimization", {"cost_per_task": 1.2}, 0.9, 0.7, 120.0),
    ("emergency-scaling", {"late_share": 0.011}, 2.0, 3.0, 10.0),
    ("emergency-scaling", {"error_rate": 0.0016}, 2.0, 3.0, 10.0),
]
IDS = [f"{row[0]} by {next(iter(row[1]))}" for row in TABLE]
QUIET = {
    "high-demand-reactive": {"utilization": 0.8, "backlog_s": 5.0},
    "low-demand-reactive": {"utilization": 0.3},
    "predictive-scale-up": {"upper_later": 900.0},
    "cost-optimization": {"cost_per_task": 1.0},
    "emergency-scaling": {"late_share": 0.01, "error_rate": 0.0015},
}


def kept_on(name, trigger, seconds, lead_s=0.0, agents=1000, **fields):
    """(time, size before, size after) of each action, the trigger on each second, the fleet doing as told at once."""
    policy = POLICIES.make(name, **fields)
    memory, actions = policy.start(), []
    if name == "cost-optimization":  # it must first know what is usual
        memory = policy.decide(seen(-1.0, agents, cost_per_task=1.0, period_s=1.0), memory)[1]
    for t in range(seconds):
        figures = {"utilization": 0.5, "cost_per_task": 1.0, **trigger}
        if "upper_later" in trigger:  # it stays ahead of whatever is there
            figures["upper_later"] = 0.901 * agents
        now = seen(float(t), agents, period_s=1.0, lead_s=lead_s, demand=500.0, **figures)
        decision, memory = policy.decide(now, memory)
        if decision.agents != agents:
            actions.append((t, agents, decision.agents))
            agents = decision.agents
    return actions


@pytest.mark.parametrize(("name", "trigger", "factor", "limit", "cooldown_s"), TABLE, ids=IDS)
def test_a_rules_factor_limit_and_cooldown_show_in_its_decisions(name, trigger, factor, limit, cooldown_s):
    """The first action multiplies by the factor; actions are a cooldown apart; the last of the run is its limit."""
    actions = kept_on(name, trigger, int(5 * cooldown_s))
    times, _, after = zip(*actions, strict=True)
    assert np.diff(times).min() == cooldown_s
    end = int(np.flatnonzero(np.append(np.diff(times), inf) >= 2 * cooldown_s)[0])
    expected = [1000.0]
    while expected[-1] != round(1000 * limit):
        raw = expected[-1] * factor
        bound = round(1000 * limit)
        expected.append(min(ceil(raw - 1e-9), bound) if factor > 1 else max(int(raw + 1e-9), bound))
    assert list(after[: end + 1]) == expected[1:]


@pytest.mark.parametrize(("name", "trigger", "factor", "limit", "cooldown_s"), TABLE, ids=IDS)
def test_a_run_of_actions_never_passes_its_limit_and_a_new_one_begins_after_a_pause(
    name, trigger, factor, limit, cooldown_s
):
    """What is ordered is ready only after 500 s: until then one run and its limit, then another from there."""
    actions = kept_on(name, trigger, 1400, lead_s=500.0)
    base, last = None, -inf
    bases = []
    for t, before, after in actions:
        if t - last >= max(2 * cooldown_s, 500.0):
            base = before
            bases.append(base)
        last = t
        assert after <= ceil(base * limit) if factor > 1 else after >= ceil(base * limit)
    if name not in ("low-demand-reactive", "cost-optimization"):
        assert len(bases) >= 2
        assert bases[1] == round(1000 * limit)


@pytest.mark.parametrize(("name", "trigger", "factor", "limit", "cooldown_s"), TABLE, ids=IDS)
def test_a_rules_factor_limit_and_cooldown_can_be_set(name, trigger, factor, limit, cooldown_s):
    other = {"factor": 4.0, "limit": 5.0} if factor > 1 else {"factor": 0.6, "limit": 0.55}
    actions = kept_on(name, trigger, 40, cooldown_s=7.0, **other)
    assert [size for _, _, size in actions[:2]] == [
        round(1000 * other["factor"]),
        round(1000 * other["limit"]),
    ]
    assert actions[1][0] - actions[0][0] == 7


@pytest.mark.parametrize("name", sorted(QUIET))
def test_at_its_threshold_a_rule_is_still_quiet(name):
    policy = POLICIES.make(name)
    figures = {"utilization": 0.5, "cost_per_task": 1.0, **QUIET[name]}
    memory = policy.decide(seen(0.0, 1000, **{**figures, "cost_per_task": 1.0}), policy.start())[1]
    decision, _ = policy.decide(seen(10.0, 1000, **figures), memory)
    assert (decision.agents, decision.trigger) == (1000, "")


def test_low_demand_is_quiet_while_anything_waits():
    policy = POLICIES.make("low-demand-reactive")
    assert policy.decide(seen(0.0, 100, utilization=0.1, backlog_s=0.01), policy.start())[0].agents == 100
    assert policy.decide(seen(0.0, 100, utilization=0.1), policy.start())[0].agents == 80


def test_a_scale_down_never_takes_the_last_agent_and_a_scale_up_adds_at_least_one():
    low, high = POLICIES.make("low-demand-reactive"), POLICIES.make("high-demand-reactive")
    assert low.decide(seen(0.0, 1, utilization=0.0), low.start())[0].agents == 1
    assert [high.decide(seen(0.0, n, utilization=0.9), high.start())[0].agents for n in (0, 1, 2)] == [
        1,
        2,
        3,
    ]


def test_the_limit_of_the_cost_follows_it():
    """A constant cost leaves its limit near; a rise is dear at first and usual later, faster with a short memory."""

    def run(memory_s, costs, width=1.0):
        limit, bounds = NO_LIMIT, []
        for i, cost in enumerate(costs):
            bound, limit = followed(seen(10.0 * i, cost_per_task=cost), limit, memory_s, width)
            bounds.append(bound)
        return np.array(bounds)

    steady = run(3600.0, [1.0] * 2000)
    assert steady[0] == inf
    assert steady[1] == pytest.approx(1.125)
    assert 1.0 <= steady[-1] < 1.01
    rise = [1.0] * 500 + [2.0] * 3000
    assert run(3600.0, rise)[500] < 1.1
    dear = [int((run(memory_s, rise)[500:] < 2.0).sum()) for memory_s in (600.0, 3600.0)]
    assert 60 < dear[0] < dear[1]
    wide, narrow = run(3600.0, rise, width=3.0), run(3600.0, rise, width=1.0)
    assert (wide[1:500] > narrow[1:500]).all()
    unanswered = followed(seen(0.0, cost_per_task=0.0), (1.0, 0.1), 3600.0, 1.0)
    assert unanswered[1] == (1.0, 0.1)


def test_the_limit_of_the_cost_comes_from_earlier_costs_alone():
    """The bound that a cost is held against is the same whatever that cost is."""
    bounds = {followed(seen(cost_per_task=c), (1.0, 0.2), 3600.0, 1.0)[0] for c in (0.0, 0.5, 1.0, 9.0)}
    assert bounds == {1.25}


# All of them together.

ALL_UP = {"late_share": 0.5, "utilization": 0.95, "upper_later": 1e6, "cost_per_task": 2.0}


def first_word(figures, memory=None, time_s=1000.0):
    policy = POLICIES.make("seed")
    memory = policy.start() if memory is None else memory
    usual = {"utilization": 0.5, "cost_per_task": 1.0, "demand": 500.0, "upper_later": 500.0}
    memory = policy.decide(seen(time_s - 1, 1000, **usual), memory)[1]
    return policy.decide(seen(time_s, 1000, **{**usual, **figures}), memory)


def test_emergency_comes_first_then_scale_ups_then_scale_downs():
    """Each time the first word is taken away, the next one in order is heard."""
    figures = dict(ALL_UP)
    heard = []
    for quiet in ({"late_share": 0.0}, {"utilization": 0.5}, {"upper_later": 500.0}):
        heard.append(first_word(figures)[0].trigger)
        figures |= quiet
    heard.append(first_word(figures)[0].trigger)
    heard.append(first_word({"utilization": 0.2, "cost_per_task": 2.0})[0].trigger)
    assert heard == ["emergency", "high demand", "predictive", "cost", "low demand"]
    assert [first_word(f)[0].agents for f in (ALL_UP, {"utilization": 0.95}, {"upper_later": 1e6})] == [
        2000,
        1500,
        1300,
    ]


def test_the_next_scale_up_is_heard_while_the_first_is_in_its_cooldown():
    decision, memory = first_word(ALL_UP)
    after, _ = POLICIES.make("seed").decide(seen(1005.0, 2000, **ALL_UP), memory)
    assert (decision.trigger, after.trigger, after.agents) == ("emergency", "high demand", 3000)
    assert "cooldown for 5 s more" in after.reason


def test_no_scale_down_is_made_while_a_scale_up_is_on_even_if_it_may_not_act():
    """Predictive is in its cooldown, cost per task is too high: the fleet stays, until the forecast is quiet."""
    _, memory = first_word({"upper_later": 1e6})
    both = {"upper_later": 1e6, "cost_per_task": 9.0, "utilization": 0.5}
    held, _ = POLICIES.make("seed").decide(seen(1010.0, 1300, **both), memory)
    assert (held.agents, held.trigger) == (1300, "")
    alone = {**both, "upper_later": 500.0}
    assert POLICIES.make("seed").decide(seen(1010.0, 1300, **alone), memory)[0].trigger == "cost"


def test_no_scale_down_is_made_that_would_itself_set_off_the_forecast():
    """900 agents serve 810; the forecast says 811, which the 1000 that are there can serve."""
    assert first_word({"cost_per_task": 9.0, "upper_later": 810.0})[0].agents == 900
    kept, _ = first_word({"cost_per_task": 9.0, "upper_later": 811.0})
    assert kept.agents == 1000
    assert "the forecast 811.0 needs the 1000 there are" in kept.reason


def test_a_rule_of_the_set_decides_as_it_does_alone():
    for name, trigger, factor, *_ in TABLE:
        single = POLICIES.make(name)
        usual = {"utilization": 0.5, "cost_per_task": 1.0, "upper_later": 500.0}
        memory = single.decide(seen(999.0, 1000, **usual), single.start())[1]
        alone, _ = single.decide(seen(1000.0, 1000, **{**usual, **trigger}), memory)
        together, _ = first_word(trigger)
        assert together.agents == alone.agents == round(1000 * factor)
        assert together.trigger == alone.trigger


def test_the_sets_factors_limits_and_cooldowns_are_the_tables():
    policy = POLICIES.make("seed")
    for (
        name,
        *_,
    ) in TABLE:
        rule = POLICIES.make(name)
        word = first_word(next(trigger for n, trigger, *_ in TABLE if n == name))[0].trigger
        i = NAMES.index(word)
        assert (policy.factors[i], policy.limits[i], policy.cooldowns_s[i]) == (
            rule.factor,
            rule.limit,
            rule.cooldown_s,
        )


def test_the_knob_of_the_set_moves_what_a_steady_load_settles_at():
    sizes = [closed(POLICIES.make("seed", k=k), [70.0] * 720)[-1][1].agents for k in (0.8, 1.0, 1.4)]
    assert sizes[0] <= sizes[1] < sizes[2]


# target


def points(policy, rows, ready=100, period_s=60.0):
    """Decisions on demands, one a datapoint; the fleet does not move."""
    memory, got = policy.start(), []
    for i, demand in enumerate(rows):
        now = seen(period_s * (i + 1), ready, demand=demand, period_s=period_s)
        decision, memory = policy.decide(now, memory)
        got.append(decision)
    return got


def test_target_scales_out_at_the_third_datapoint_above():
    got = points(POLICIES.make("target"), [71.0] * 3)
    assert [d.agents for d in got] == [100, 100, 102]
    assert got[2].trigger == "scale out"
    assert [d.agents for d in points(POLICIES.make("target"), [71.0, 71.0, 70.0, 71.0, 71.0])] == [100] * 5


def test_target_scales_in_at_the_fifteenth_datapoint_more_than_a_tenth_below():
    assert [d.agents for d in points(POLICIES.make("target"), [62.0] * 15)] == [100] * 14 + [89]
    assert {d.agents for d in points(POLICIES.make("target"), [63.1] * 30)} == {100}
    interrupted = [62.0] * 14 + [64.0] + [62.0] * 14
    assert {d.agents for d in points(POLICIES.make("target"), interrupted)} == {100}


def test_target_takes_its_datapoints_as_means_of_a_minute():
    """Five decisions of each minute see 90, one sees 0: the mean of 75 is above 70."""
    rows = ([90.0] * 5 + [0.0]) * 3
    got = points(POLICIES.make("target"), rows, period_s=10.0)
    assert [d.agents for d in got] == [100] * 17 + [108]
    assert {d.trigger for d in got[:5]} == {"between datapoints"}


def test_targets_scale_in_waits_for_the_cooldowns():
    policy = POLICIES.make("target", in_points=1, out_points=1, out_cooldown_s=300.0, in_cooldown_s=180.0)
    rows = [80.0, *[50.0] * 10]
    got = points(policy, rows)
    assert [d.agents for d in got] == [115, 100, 100, 100, 100, 72, 100, 100, 72, 100, 100]
    assert got[1].trigger == "cooldown"


def test_target_does_not_order_twice_what_is_on_its_way():
    policy = POLICIES.make("target", out_points=1)
    now = seen(60.0, 100, starting=20, demand=84.0, period_s=60.0)
    assert policy.decide(now, policy.start())[0].agents == 120
    assert policy.decide(replace(now, demand=91.0), policy.start())[0].agents == 130


def test_target_does_nothing_without_data():
    policy = POLICIES.make("target", in_points=1, metric="utilization")
    decision, _ = policy.decide(seen(60.0, 0, starting=9, demand=5.0, period_s=60.0), policy.start())
    assert (decision.agents, decision.trigger) == (9, "no data")


# quantile


def test_quantile_covers_the_forecast_or_the_load_that_is_there():
    policy = POLICIES.make("quantile", k=1.0)
    for figures, agents, trigger in (
        ({"demand": 90.0, "upper": 180.0}, 200, "upper"),
        ({"demand": 180.0, "upper": 90.0}, 200, "load"),
    ):
        decision, _ = policy.decide(seen(10.0, 10, **figures), policy.start())
        assert (decision.agents, decision.trigger) == (agents, trigger)
    assert (
        POLICIES.make("quantile", k=1.5).decide(seen(10.0, 10, demand=90.0), policy.start())[0].agents == 150
    )


def test_quantile_goes_down_to_the_largest_of_its_hold_window_and_only_each_minute():
    """Wanted: 100 once, then a slow fall by one a decision; after 120 s the window falls, steps are a minute apart."""
    demands = [90.0] + [0.9 * (80 - i) for i in range(40)]
    got = closed(POLICIES.make("quantile", k=1.0), demands, ready=100)
    sizes = [decision.agents for _, decision in got]
    assert sizes[:12] == [100] * 12
    assert sizes[12] == 80  # what was wanted one decision after the peak, the oldest that still counts
    downs = [now.time_s for (now, d), after in zip(got, sizes, strict=True) if after < now.provisioned]
    assert np.diff(downs).min() == 60.0
    quick = closed(
        POLICIES.make("quantile", k=1.0, hold_s=0.0, down_every_s=0.0, dead_band=0.0), demands, ready=100
    )
    assert [d.agents for _, d in quick] == [100, *range(80, 40, -1)]


def test_quantile_ignores_scale_downs_within_its_dead_band():
    policy = POLICIES.make("quantile", k=1.0, hold_s=0.0)
    for demand, agents in ((0.9 * 981, 1000), (0.9 * 980, 980)):
        decision, _ = policy.decide(seen(10.0, 1000, demand=demand), policy.start())
        assert decision.agents == agents
    free = POLICIES.make("quantile", k=1.0, hold_s=0.0, dead_band=0.0)
    assert free.decide(seen(10.0, 1000, demand=0.9 * 981), policy.start())[0].agents == 981


def test_quantile_can_count_what_waits():
    """100 agents with 90 of capacity and 20 s of backlog, to be done in 60 s: 30 agents' worth more."""
    now = seen(10.0, 100, demand=90.0, backlog_s=20.0)
    asked = [
        POLICIES.make("quantile", k=1.0, drain_s=s).decide(now, POLICIES.make("quantile").start())[0].agents
        for s in (0.0, 60.0)
    ]
    assert asked == [100, ceil(120 / 0.9)]


def test_square_root_staffing_spares_agents_at_scale_and_adds_some_when_small():
    asked = {}
    for staffing in ("linear", "square-root"):
        policy = POLICIES.make("quantile", k=1.0, staffing=staffing)
        asked[staffing] = [
            policy.decide(seen(10.0, 1, demand=d), policy.start())[0].agents for d in (4.0, 10_000.0)
        ]
    assert asked["square-root"][0] > asked["linear"][0]
    assert asked["square-root"][1] < asked["linear"][1]
    assert asked["square-root"][1] == ceil(10_000 + spare(0.2) * 100)


def erlang_c(load, servers):
    """Chance of waiting in an M/M/c queue, by the recursion of Erlang B."""
    lost = 1.0
    for n in range(1, servers + 1):
        lost = load * lost / (n + load * lost)
    return lost / (1 - load / servers * (1 - lost))


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5, 0.8])
def test_square_root_staffing_agrees_with_erlang_c(chance):
    """The chance that comes of it lies within 1 point of the wanted one at 2,500 agents, and nears it as loads grow."""
    errors = [abs(erlang_c(load, ceil(square_root(load, chance))) - chance) for load in (25.0, 2500.0)]
    assert errors[1] < 0.01
    assert waiting_chance(spare(chance)) == pytest.approx(chance)


def test_the_largest_of_a_window_agrees_with_a_plain_one():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 50, 400).tolist()
    past = ()
    for i, value in enumerate(values):
        got, past = largest(past, 10.0 * i, value, 120.0)
        assert got == max(values[max(i - 11, 0) : i + 1])
    assert len(past) <= 12


@given(st.floats(0, 1e9))
def test_whole_agents_cover_their_load(load):
    n = agents_for(load)
    assert n >= load * (1 - 1e-8) - 1e-8
    assert n < load + 1 + 1e-6


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("static", {"agents": -1}),
        ("quantile", {"k": 0.0}),
        ("quantile", {"staffing": "cubic"}),
        ("quantile", {"dead_band": 1.0}),
        ("quantile", {"wait_chance": 0.0}),
        ("target", {"metric": "latency"}),
        ("target", {"out_points": 0}),
        ("high-demand-reactive", {"factor": 1.0}),
        ("high-demand-reactive", {"limit": 1.4}),
        ("low-demand-reactive", {"factor": 1.2}),
        ("cost-optimization", {"limit": 0.95}),
        ("emergency-scaling", {"cooldown_s": -1.0}),
        ("seed", {"k": 0.0}),
        ("seed", {"factors": (2.0, 1.5)}),
        ("seed", {"limits": (3.0, 2.0, 1.8, 0.5, 0.95)}),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, wrong):
    with pytest.raises(ConfigError, match="scaling"):
        POLICIES.make(name, **wrong)
