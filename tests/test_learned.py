"""The policy that learns its own knobs: what it mends, what it never does worse, and that its tallies are true."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from swarmscale.model.flow.traces import Trace, load_trace
from swarmscale.model.memory import dump, restore, same
from swarmscale.model.scaling import LearnedCapacity, QuantileCapacity, Seen
from swarmscale.model.scaling.experts import KNOBS, LEADS
from swarmscale.model.scaling.fluid import run_fluid
from swarmscale.model.scaling.foretold import Foretold
from swarmscale.model.scaling.learned import PRIOR, Learning
from swarmscale.model.scaling.load import FluidFleet, Load, needed

PATH = Path(__file__).parent.parent / "benchmarks" / "learned.py"
DAYS = 3
PERIOD_S, LEAD_S = 10.0, 70.0


def benchmark():
    """The benchmark's own measures."""
    spec = importlib.util.spec_from_file_location("learned_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCH = benchmark()


@pytest.fixture(scope="module")
def course():
    """The first days of a shipped trace, with random arrivals, and a few fixed knobs on it."""
    whole = load_trace("ms-app1")
    bins = round(DAYS * 86_400 / whole.step_s)
    part = Trace(name=whole.name, step_s=whole.step_s, demand=whole.demand[:bins], unit=whole.unit)
    return BENCH.Course.of(part, 5, (1.0, 1.04, 1.08, 1.15, 1.3, 2.0))


def load_of(demand, seed=3):
    """A load of this demand; what is foretold is the last bin and an unsteady bit more."""
    demand = np.asarray(demand, float)
    more = 1 + 0.1 * np.random.default_rng(seed).random((2, len(demand)))
    told = Foretold(forecast=demand, upper=demand * more[0], upper_later=demand * more[1])
    return Load(name="made", demand=demand, need=needed(demand, 0.9), bin_steps=1, foretold=told)


def wild(steps, seed=1):
    """Demand that wanders, jumps and rests."""
    rng = np.random.default_rng(seed)
    walk = 60 + 30 * np.sin(np.arange(steps) / 150) + rng.normal(0, 4, steps)
    return np.maximum(walk * np.where(rng.random(steps) < 0.01, 1.8, 1.0), 0.0)


class Kept:
    """A policy that keeps what it remembered at each decision."""

    def __init__(self, policy):
        self.policy, self.seen, self.memories, self.agents = policy, [], [policy.start()], []

    def start(self):
        return self.memories[0]

    def decide(self, now, memory):
        decision, after = self.policy.decide(now, memory)
        self.seen.append(now)
        self.memories.append(after)
        self.agents.append(decision.agents)
        return decision, after


# What it mends.


@pytest.mark.parametrize("name", list(BENCH.STARTS))
def test_it_closes_half_of_the_gap_of_a_wrong_start_and_does_not_with_its_memory_frozen(course, name):
    settings = BENCH.STARTS[name]
    start = course.outcome(LearnedCapacity(frozen=True, **settings))
    run = course.outcome(LearnedCapacity(**settings))
    assert BENCH.to_close(start)
    assert BENCH.closes_half(start, run)
    assert not BENCH.closes_half(start, start)


def test_who_asks_for_fewer_violations_pays_more_and_has_fewer(course):
    strict, lax = (course.figures(LearnedCapacity(objective=asked)) for asked in (0.001, 0.01))
    assert strict[0] > lax[0]
    assert strict[1] < lax[1]


def test_a_frozen_one_decides_as_quantile_does():
    load, fleet = load_of(wild(3000)), FluidFleet()
    for k in (0.9, 1.03, 2.25):
        frozen = run_fluid(LearnedCapacity(frozen=True, k=k), load, fleet)
        plain = run_fluid(QuantileCapacity(k=k), load, fleet)
        np.testing.assert_array_equal(frozen.ready, plain.ready)
        np.testing.assert_array_equal(frozen.starting, plain.starting)


def test_where_work_is_late_at_a_lower_utilization_it_learns_to_keep_it_lower():
    """Late above 70 % utilization, while the objective's is said to be 90 %: more agents are needed than that says."""
    policy, rng, ready = LearnedCapacity(stress_rate=0.01), np.random.default_rng(2), 100
    memory, late = policy.start(), []
    for i in range(8000):
        demand = 60.0 + rng.normal(0, 1.5)
        late.append(demand > 0.7 * ready)
        now = Seen(
            time_s=PERIOD_S * (i + 1), period_s=PERIOD_S, ready=ready, demand=demand, upper=demand,
            upper_later=demand, lead_s=2 * PERIOD_S, late_share=float(late[-1]),
        )  # fmt: skip
        decision, memory = policy.decide(now, memory)
        ready = decision.agents
    assert 0.9 / 0.75 < memory.stress < 0.9 / 0.65
    assert np.mean(late[-2000:]) < 0.05
    assert np.mean(late[:5]) > 0.5


# What it never does worse.


def driven(policy, demand_of, steps):
    """Tallies along demand that sees what was remembered: own, the start's, and the own loss of each period."""
    memory, keep, rows = policy.start(), exp(-PERIOD_S / policy.memory_s), []
    for i in range(steps):
        demand = demand_of(i, memory)
        now = Seen(
            time_s=PERIOD_S * (i + 1), period_s=PERIOD_S, ready=100, demand=demand, upper=1.05 * demand,
            upper_later=1.05 * demand, lead_s=LEAD_S,
        )  # fmt: skip
        now = replace(now, ready=round(memory.wanted[-1, 1]) if len(memory.wanted) else 100)
        before = memory.own_tally
        _, memory = policy.decide(now, memory)
        rows.append((memory.own_tally, memory.start_tally, memory.own_tally - keep * before))
    return np.array(rows).T


def spiteful(i, memory):
    """A surge that the starting knobs have enough ready for, as long as it has not; calm otherwise."""
    return 80.0 if len(memory.wanted) and memory.wanted[:, 1].min() < 80.0 / 0.9 else 50.0


def calm_then_burst(i, memory):
    return 80.0 if i % 3000 >= 2900 else 50.0


def noise(i, memory):
    return float(np.random.default_rng(i).lognormal(4, 0.4))


GUARDED = {"k": 1.6, "memory_s": 7200.0, "rate": 50.0}


def excess(policy, demand_of, margin, steps=5000):
    """By how much its tally at most exceeds the start's with the margin, beyond the largest own loss of a lead time."""
    own, start, lost = driven(policy, demand_of, steps)
    window = np.convolve(lost, np.ones(round(LEAD_S / PERIOD_S) + 1))
    return float((own - (1 + margin) * start).max() - window.max())


@pytest.mark.parametrize("demand_of", [spiteful, calm_then_burst, noise])
@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_its_loss_never_exceeds_the_starts_by_more_than_the_margin_and_a_lead_time(demand_of, margin):
    assert excess(LearnedCapacity(margin=margin, **GUARDED), demand_of, margin) <= 0


@pytest.mark.parametrize("k", [1.0, 1.5])
def test_beyond_the_margin_it_plays_its_start_whatever_it_trusts(k):
    """One memory, in which another k is trusted, and three tallies of its own: within, at and beyond the margin."""
    policy, load = LearnedCapacity(k=k, margin=0.1), load_of(np.full(400, 90.0))
    kept = Kept(policy)
    run_fluid(kept, load, FluidFleet())
    now, before = kept.seen[-1], kept.memories[-2]
    tallies = np.full_like(before.tallies, 1e4)
    tallies[2, -1] = 0.0  # the largest k, at the whole lead time
    for own, term in ((105.0, "learned"), (109.9, "learned"), (110.1, "guard"), (300.0, "guard")):
        memory = replace(before, tallies=tallies, start_tally=100.0, own_tally=own)
        policy_now = replace(policy, memory_s=1e9, stress_rate=0.0)
        decision, _ = policy_now.decide(replace(now, demand=0.0, late_share=0.0), memory)
        largest = float(before.loads[:, 3].max())
        wanted = k * largest if term == "guard" else KNOBS[-1] * largest
        assert f"{term} wants" in decision.reason
        assert decision.agents == pytest.approx(wanted, abs=1.01)


# What it tallies and remembers.


@pytest.mark.parametrize(("f", "k"), [(0, 5), (1, 9), (2, 7), (4, 20)])
def test_an_experts_tally_is_the_loss_of_a_fleet_that_was_led_by_it(f, k):
    """The fleet is run with these knobs fixed, and its losses are summed one by one."""
    load, fleet, at_once = load_of(wild(800)), FluidFleet(), {"down_every_s": 0.0, "dead_band": 0.0}
    kept = Kept(LearnedCapacity(memory_s=3600.0))
    run_fluid(kept, load, fleet)
    fixed = LearnedCapacity(frozen=True, k=float(KNOBS[k]), lead_factor=float(LEADS[f]), **at_once)
    led = run_fluid(fixed, load, fleet)
    keep, tally = exp(-PERIOD_S / 3600.0), (PRIOR + log(KNOBS.size * LEADS.size)) / kept.policy.rate
    for i, (before, after) in enumerate(zip(kept.memories[:-1], kept.memories[1:], strict=True)):
        if same(before.tallies, after.tallies):
            continue
        need = before.stress * load.demand[i] / 0.9
        lost = 0.003 * (led.ready[i] + led.starting[i]) + max(need - led.ready[i], 0.0)
        tally = keep * tally + PERIOD_S / after.mean_need * lost
    assert tally == pytest.approx(kept.memories[-1].tallies[f, k], rel=1e-9)


def test_a_memory_stored_midway_goes_on_bit_for_bit_and_is_not_changed_by_what_follows():
    kept = Kept(LearnedCapacity())
    run_fluid(kept, load_of(wild(1200)), FluidFleet())
    text = json.dumps(dump(kept.memories[600]))
    memory = restore(json.loads(text), {Learning.__module__})
    assert same(memory, kept.memories[600])
    for now, agents in zip(kept.seen[600:], kept.agents[600:], strict=True):
        decision, memory = LearnedCapacity().decide(now, memory)
        assert decision.agents == agents
    assert same(memory, kept.memories[-1])
    again = Kept(LearnedCapacity())
    run_fluid(again, load_of(wild(1200)), FluidFleet())
    assert json.dumps(dump(again.memories[600])) == text == json.dumps(dump(kept.memories[600]))


def test_what_comes_later_changes_nothing_before_it():
    demand = wild(1500)
    other = demand.copy()
    other[900:] = 400 - other[900:]
    one, two = (run_fluid(LearnedCapacity(), load_of(d), FluidFleet()) for d in (demand, other))
    np.testing.assert_array_equal(one.ready[:901], two.ready[:901])
    assert (one.ready[901:] != two.ready[901:]).any()
