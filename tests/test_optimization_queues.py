"""Waits, bounds and splits by theory: against simulations of their own, exact chains and the model."""

import heapq

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.flow.ledger import Count
from swarmscale.model.optimization.theory import bounds, fork_join, queues
from swarmscale.model.optimization.theory.lru import hit_rate, zipf
from swarmscale.model.scaling.staffing import waiting_chance

from .test_optimization_theory import BARE, task


def agrees(means, told):
    """Whether the mean of independent runs lies within four standard errors."""
    return abs(means.mean() - told) < 4 * means.std(ddof=1) / np.sqrt(len(means))


def law(cv, shape, rng):
    """Times of mean 1 with a coefficient of variation: gamma's, so 1 is exponential; 0 is no variation."""
    return np.ones(shape) if cv == 0 else rng.gamma(1 / cv**2, cv**2, shape)


def single_waits(load, cv, runs=60, tasks=40_000, seed=1):
    """`[runs]` mean waits in M/G/1 queues that begin empty, after a tenth: Lindley's recursion in closed form."""
    rng = np.random.default_rng(seed)
    step = law(cv, (runs, tasks), rng) - rng.exponential(1 / load, (runs, tasks))
    walk = np.concatenate([np.zeros((runs, 1)), np.cumsum(step, axis=1)[:, :-1]], axis=1)
    return (walk - np.minimum.accumulate(walk, axis=1))[:, tasks // 10 :].mean(axis=1)


def many_responses(load, cv, servers, runs=20, tasks=20_000, seed=2):
    """`[runs, tasks]` waits and responses in M/G/c queues after a tenth: the earliest free server takes the next."""
    rng = np.random.default_rng(seed)
    waits, services = np.empty((runs, tasks)), law(cv, (runs, tasks), rng)
    for run in range(runs):
        arrivals, free = np.cumsum(rng.exponential(1 / (load * servers), tasks)).tolist(), [0.0] * servers
        for i, (at, takes) in enumerate(zip(arrivals, services[run].tolist(), strict=True)):
            begin = max(free[0], at)
            heapq.heapreplace(free, begin + takes)
            waits[run, i] = begin - at
    return waits[:, tasks // 10 :], (waits + services)[:, tasks // 10 :]


@pytest.mark.parametrize(("load", "cv"), [(0.5, 0.0), (0.5, 1.0), (0.8, 0.5), (0.7, 1.5)])
def test_waits_at_a_single_server_agree_and_five_percent_more_do_not(load, cv):
    means, told = single_waits(load, cv), queues.single_wait_s(load, 1.0, cv)
    assert agrees(means, told)
    assert not agrees(1.05 * means, told)
    assert queues.wait_s(load, 1.0, 1, cv) == pytest.approx(told)


@pytest.mark.parametrize(("servers", "load"), [(4, 0.7), (20, 0.8)])
def test_exponential_services_wait_and_answer_as_told_to_the_95th_percentile(servers, load):
    waits, responses = many_responses(load, 1.0, servers, runs=40)
    chance, told = queues.erlang_c(load * servers, servers), queues.wait_s(load * servers, 1.0, servers)
    p95 = np.quantile(responses, 0.95, axis=1)
    for means, value in (
        ((waits > 0).mean(axis=1), chance),
        (waits.mean(axis=1), told),
        (p95, queues.response_quantile_s(0.95, 1.0, chance, told)),
    ):
        assert agrees(means, value)
    assert not agrees(1.05 * p95, queues.response_quantile_s(0.95, 1.0, chance, told))


@pytest.mark.parametrize("cv", [0.0, 0.5, 1.5])
@pytest.mark.parametrize(("servers", "load"), [(4, 0.8), (10, 0.9)])
def test_waits_of_other_services_are_near_the_approximation(servers, load, cv):
    """Within 12 % of the mean wait: it is no more than an approximation."""
    waits, _ = many_responses(load, cv, servers)
    assert waits.mean() == pytest.approx(queues.wait_s(load * servers, 1.0, servers, cv), rel=0.12)


def test_the_chance_to_wait_tends_to_the_limit_of_many_servers():
    for beta in (0.3, 1.0, 2.0):
        servers = 10_000
        load = servers - beta * servers**0.5
        assert queues.erlang_c(load, servers) == pytest.approx(
            waiting_chance((servers - load) / load**0.5), abs=0.01
        )


def test_more_than_servers_can_do_never_ends():
    assert queues.erlang_c(3.0, 3) == 1.0
    assert queues.wait_s(3.0, 1.0, 3) == queues.single_wait_s(1.0, 1.0, 1.0) == float("inf")
    assert queues.response_quantile_s(0.95, 1.0, 1.0, float("inf")) == float("inf")


@pytest.mark.parametrize("demands", [[1.0, 0.5, 0.25], [0.2, 0.2, 0.2, 0.2], [3.0, 0.1]])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_open_networks_answer_between_their_bounds(demands, share):
    """Each station of an open network of exponential single servers answers like M/M/1 (Jackson 1957)."""
    demands = np.array(demands)
    per_s = share / demands.max()
    exact = float((demands / (1 - per_s * demands)).sum())
    low, high = bounds.open_response_s(demands, per_s)
    assert low * (1 - 1e-9) <= exact <= high * (1 + 1e-9)
    assert bounds.utilization(demands, per_s).max() == pytest.approx(share)
    assert bounds.open_response_s(demands, 1 / demands.max()) == (np.inf, np.inf)


def repaired(demand_s, servers, tasks, think_s):
    """Exact throughput of tasks thought about, then served by several exponential servers: a birth-death chain."""
    weights = [1.0]
    for k in range(tasks):
        weights.append(weights[-1] * (tasks - k) / think_s * demand_s / min(k + 1, servers))
    share = np.array(weights) / sum(weights)
    return float((share * np.minimum(np.arange(tasks + 1), servers)).sum() / demand_s)


@pytest.mark.parametrize("servers", [1, 2, 8])
@pytest.mark.parametrize("tasks", [1, 4, 30])
def test_many_servers_stay_within_the_asymptotic_bounds_and_reach_them(servers, tasks):
    exact = repaired(2.0, servers, tasks, 3.0)
    told = bounds.asymptotic(np.array([2.0]), tasks, 3.0, servers=np.array([float(servers)]))
    assert told.per_s_low * (1 - 1e-9) <= exact <= told.per_s_high * (1 + 1e-9)
    assert repaired(2.0, servers, 150, 3.0) == pytest.approx(servers / 2.0, rel=0.01)


def test_demands_are_work_over_answers():
    assert bounds.demand_s(np.array([30.0, 6.0]), 60).tolist() == [0.5, 0.1]
    assert np.isnan(bounds.demand_s(np.array([1.0]), 0)).all()


@pytest.mark.parametrize(("size", "change_per_s"), [(500, 0.5), (2000, 0.05)])
def test_the_models_cache_forgets_as_the_formula_with_changes_says(size, change_per_s):
    """Within 2 %, and the form without changes is further off than that."""
    changes = {
        "demand.keys": 5000, "demand.zipf": 0.9, "cache.size": size, "cache.change_per_s": change_per_s,
        "demand.load": None, "demand.mean_rate_per_s": 400.0, "demand.classes": task(0.01), "seconds": 120.0,
        "dt": 0.05, "demand.bin_s": 0.05, "fleet.agents": 50, "fleet.cluster_agents": 50, "records.window_s": 120.0,
    }  # fmt: skip
    m = ss.SwarmModel("tiny", rng=3, **(BARE | changes)).run(120)
    half = len(m.records.column("cache_hits")) // 3
    measured = m.records.column("cache_hits")[half:].sum() / m.records.column("cache_lookups")[half:].sum()
    asked = zipf(5000, 0.9)
    assert measured == pytest.approx(hit_rate(asked, size, 400.0, change_per_s), rel=0.02)
    assert measured != pytest.approx(hit_rate(asked, size), rel=0.02)


def test_exponential_parts_take_the_harmonic_number_of_means():
    means = np.random.default_rng(5).exponential(1.0, (50, 4000, 8)).max(axis=2).mean(axis=1)
    assert agrees(means, fork_join.harmonic(8))
    assert not agrees(1.05 * means, fork_join.harmonic(8))


@pytest.mark.parametrize(("cv", "above"), [(0.0, 1e-6), (0.5, 0.1)])
def test_tasks_split_over_idle_agents_take_as_long_as_the_best_of_them(cv, above):
    """Nearly all are idle and the best matches are taken: no less than the four fastest need, and at most 10 % more."""
    changes = {
        "fleet.agents": 50, "fleet.cluster_agents": 50, "demand.load": 0.05, "fleet.speed_cv": cv,
        "demand.classes": [{"name": "task", "work_s": 4.0, "law": "deterministic", "deadline_s": 100.0}],
        "parallel.ways": 4, "parallel.from_s": 1e-9, "parallel.join_ms": 20.0, "seconds": 2000.0,
    }  # fmt: skip
    m = ss.SwarmModel("tiny", rng=6, **(BARE | changes)).run(2000)
    raw = m.records.raw()
    took = raw.seconds(Count.SERVICE_T).sum() / raw.count(Count.COMPLETED).sum()
    slowness = np.sort(m.fleet.known_slowness()[m.fleet.rows.uid > 0])
    told = fork_join.split_over(4.0, slowness[:4], 0.02)
    assert told * (1 - 1e-6) <= took <= told * (1 + above)
