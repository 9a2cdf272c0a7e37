"""Closed forms behind the optimization engine, against known values, simulations of their own and the model."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.flow.demand import zipf_shares
from swarmscale.model.flow.ledger import Count
from swarmscale.model.optimization.theory import bounds, fork_join, supermarket
from swarmscale.model.optimization.theory.lru import Popularity, hit_rate, zipf

BARE = {
    "intelligence.on": False, "emergence.on": False, "resilience.on": False, "fleet.speed_cv": 0.0,
    "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0], "fleet.communication": "none",
    "network.jitter": 0.0, "network.loss": 0.0, "network.local_ms": 0.0, "fleet.nodes": 1,
    "ingress.service_ms": 0.0, "dispatch.service_ms": 0.0, "dispatch.law": "deterministic",
}  # fmt: skip


def task(work_s):
    return [{"name": "task", "work_s": work_s, "law": "exponential", "deadline_s": 100.0}]


def hits_of_lru(shares, size, requests, rng):
    """Share of hits of a plain list of recent keys, after it is full."""
    kept, hits = [], 0
    for i, key in enumerate(rng.choice(len(shares), requests, p=shares)):
        if key in kept:
            kept.remove(key)
            hits += i >= requests // 2
        kept.insert(0, key)
        del kept[size:]
    return hits / (requests - requests // 2)


@pytest.mark.parametrize(("exponent", "size"), [(0.7, 20), (1.1, 50)])
def test_hits_agree_with_a_plain_list_of_recent_keys(exponent, size):
    shares = np.diff(zipf_shares(300, exponent), prepend=0.0)
    told = hit_rate(zipf(300, exponent), size)
    assert told == pytest.approx(hits_of_lru(shares, size, 60_000, np.random.default_rng(1)), rel=0.02)


@pytest.mark.parametrize(("size", "zipf_exponent"), [(100, 0.9), (500, 0.9), (200, 1.2)])
def test_the_models_cache_hits_as_often_as_che_foretells(size, zipf_exponent):
    """Within 2 %; keys of answers enter after a tick, so ticks are short against the time between two requests."""
    changes = {
        "demand.keys": 5000, "demand.zipf": zipf_exponent, "cache.size": size, "demand.load": None,
        "demand.mean_rate_per_s": 400.0, "demand.classes": task(0.01), "seconds": 120.0, "dt": 0.05,
        "demand.bin_s": 0.05, "fleet.agents": 50, "fleet.cluster_agents": 50, "records.window_s": 120.0,
    }  # fmt: skip
    m = ss.SwarmModel("tiny", rng=3, **(BARE | changes)).run(120)
    hits, lookups = m.records.column("cache_hits"), m.records.column("cache_lookups")
    half = len(hits) // 3
    assert hits[half:].sum() / lookups[half:].sum() == pytest.approx(
        hit_rate(zipf(5000, zipf_exponent), size), rel=0.02
    )


def test_groups_of_keys_hit_like_single_ones():
    single = Popularity(np.diff(zipf_shares(20_000, 0.9), prepend=0.0), np.ones(20_000))
    for size in (50, 1000, 15_000):
        assert hit_rate(zipf(20_000, 0.9), size, 50.0, 0.001) == pytest.approx(
            hit_rate(single, size, 50.0, 0.001), abs=1e-3
        )


@pytest.mark.parametrize(
    ("rule", "choices"),
    [({"dispatch.rule": "random"}, 1), ({"dispatch.rule": "jsq", "dispatch.rule.d": 2}, 2)],
)
def test_the_shorter_of_two_queues_agrees_with_the_supermarket_model(rule, choices):
    """400 single servers at load .8: within 5 %, ticks of a twentieth of a service (rules see a tick's begin)."""
    changes = {
        "fleet.agents": 400, "fleet.cluster_agents": 1, "demand.load": 0.8, "demand.classes": task(1.0), "dt": 0.05,
        "demand.bin_s": 0.05, "seconds": 160.0, "records.window_s": 160.0, "records.cluster_period_s": 160.0,
    }  # fmt: skip
    m = ss.SwarmModel("tiny", rng=4, **(BARE | changes | rule)).run(160)
    raw = m.records.raw(1200)
    measured = raw.seconds(Count.RESPONSE_T).sum() / raw.count(Count.COMPLETED).sum()
    assert measured == pytest.approx(supermarket.mean_response(0.8, choices), rel=0.05)


def test_the_tail_of_many_choices_falls_off_doubly():
    assert supermarket.tail(0.9, 1, 3).tolist() == pytest.approx([1, 0.9, 0.81, 0.729])
    assert supermarket.tail(0.9, 2, 10)[10] < 1e-40


def fork_join_simulated(load, parts, tasks, rng):
    """Mean response of tasks whose parts wait in a queue each: Lindley's recursion, queue by queue."""
    arrivals = np.cumsum(rng.exponential(1 / load, tasks))
    free, took = np.zeros(parts), np.empty(tasks)
    service = rng.exponential(1.0, (tasks, parts))
    for i in range(tasks):
        free = np.maximum(free, arrivals[i]) + service[i]
        took[i] = free.max() - arrivals[i]
    return took[tasks // 10 :].reshape(30, -1).mean(axis=1)


@pytest.mark.parametrize(("parts", "load"), [(2, 0.3), (2, 0.7), (8, 0.5)])
def test_fork_join_queues_agree_with_their_formulas(parts, load):
    means = fork_join_simulated(load, parts, 40_000, np.random.default_rng(parts))
    told = fork_join.two_queues(load) if parts == 2 else fork_join.many_queues(parts, load)
    error = means.std(ddof=1) / np.sqrt(len(means))
    assert abs(means.mean() - told) < 4 * error + (0.0 if parts == 2 else 0.05 * told)


def test_a_formula_five_percent_off_would_be_found():
    means = fork_join_simulated(0.3, 2, 40_000, np.random.default_rng(2))
    assert abs(means.mean() - 1.05 * fork_join.two_queues(0.3)) > 4 * means.std(ddof=1) / np.sqrt(len(means))


@pytest.mark.parametrize("load", [0.2, 0.5, 0.8])
def test_split_tasks_stay_between_the_bounds_of_pooled_servers(load):
    """One cluster of eight: no faster than one server eight times as fast, no slower than no splitting."""
    changes = {
        "fleet.agents": 8, "fleet.cluster_agents": 8, "demand.load": load, "demand.classes": task(4.0),
        "seconds": 4000.0,
        "parallel.from_s": 1e-9, "parallel.join_ms": 20.0, "records.window_s": 4000.0,
    }  # fmt: skip
    plain, split = (
        ss.SwarmModel("tiny", rng=5, **(BARE | changes | {"parallel.ways": w})).run(4000) for w in (1, 8)
    )
    response = [
        m.records.raw().seconds(Count.RESPONSE_T).sum() / m.records.column("completed").sum()
        for m in (plain, split)
    ]
    wait_s = plain.records.raw().seconds(Count.CLUSTER_WAIT_T).sum() / plain.records.column("started").sum()
    low, high = fork_join.pooled_bounds(load, 8, 4.0, wait_s, 0.02)
    assert 0.97 * low < response[1] < high
    assert response[1] < 0.8 * response[0]


def closed(demands, tasks, think_s):
    """Throughput of a closed network of single exponential servers: mean value analysis (Reiser & Lavenberg 1980)."""
    queue = np.zeros(len(demands))
    for n in range(1, tasks + 1):
        response = demands * (1 + queue)
        per_s = n / (think_s + response.sum())
        queue = per_s * response
    return per_s, response.sum()


@pytest.mark.parametrize("demands", [[1.0, 0.5, 0.25], [0.2, 0.2, 0.2, 0.2], [3.0, 0.1]])
@pytest.mark.parametrize("tasks", [1, 3, 10, 50])
@pytest.mark.parametrize("think_s", [0.0, 5.0])
def test_exact_solutions_lie_within_the_bounds_and_balanced_ones_are_tighter(demands, tasks, think_s):
    demands = np.array(demands)
    per_s, response = closed(demands, tasks, think_s)
    wide, tight = bounds.asymptotic(demands, tasks, think_s), bounds.balanced(demands, tasks, think_s)
    for b in (wide, tight):
        assert b.per_s_low <= per_s * (1 + 1e-9)
        assert per_s <= b.per_s_high * (1 + 1e-9)
        assert b.response_low_s <= response * (1 + 1e-9)
    assert tight.per_s_high <= wide.per_s_high * (1 + 1e-9)
    assert tight.per_s_low >= wide.per_s_low * (1 - 1e-9)
