"""The kernels against queueing theory, over independent runs.

Each check is made twice: on the measured values, which must agree with theory, and on the same values with a
planted bias of 5 %, which must not (see ``flow_support.agrees``). Seeds are fixed and run lengths
were chosen for the second half to hold; no seed was ever changed for the first to.
"""

from __future__ import annotations

import numpy as np
import pytest

from swarmscale.model.flow.laws import law, second_moment
from swarmscale.model.flow.ledger import BINS, CLUSTER_WAIT, RESPONSE, TICKS_PER_S, Count, bin_of

from .flow_support import Run, agrees, controlled, limit, plain, run, seeds

NODES = 16
HUNDREDS = 50
LAWS = [
    ("exponential", 1.0),
    ("deterministic", 0.0),
    ("lognormal", 0.5),
    ("lognormal", 1.0),
    ("lognormal", 1.5),
]
CLUSTERS = [
    (1, 0.5),
    (1, 0.8),
    (2, 0.5),
    (2, 0.8),
    (10, 0.7),
    (10, 0.9),
    (100, 0.9),
    (100, 0.95),
    (100, 0.98),
]


def erlang_b(load, servers):
    """Share of arrivals lost: the recursion over servers, plain."""
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


def erlang_c(load, servers):
    """Chance that an arrival waits in an M/M/c queue with ``load`` erlangs."""
    lost = erlang_b(load, servers)
    return lost / (1 - load / servers * (1 - lost))


def ticks_of(dt):
    """Settings for ticks of a length; the demand's bins follow."""
    spans = dict.fromkeys(("seconds", "records__cluster_period_s", "records__window_s"), 100 * dt)
    return {"dt": dt, "demand__bin_s": dt, **spans}


def stations(load, **more):
    """Sixteen nodes on their own, each with one instant agent; ``load`` on a station of 10 ms."""
    settings = {
        "fleet__nodes": NODES,
        "fleet__agents": NODES,
        "fleet__cluster_agents": 2,
        "demand__mean_rate_per_s": NODES * load * 100,
        "demand__classes": ({"work_s": 1e-6, "law": "deterministic"},),
    }
    return plain(**(settings | more))


def clusters(servers, load, **more):
    """Sixteen clusters on their own (for c = 100: fifty of one node) with unit service."""
    many = HUNDREDS if servers == 100 else NODES
    settings = {
        "fleet__nodes": 1 if servers == 100 else NODES,
        "fleet__agents": many * servers,
        "fleet__cluster_agents": min(servers + 1, 100),
        "demand__load": load,
        "demand__classes": ({"work_s": 1.0},),
        "dispatch__rule": "random",
    }
    return plain(**(settings | more))


def excess(runs: list[Run], rate, work_t, number, work_s):
    """Arrivals and mean work of each run, each over its expectation, less 1: controls of known mean 0."""
    arrivals = [r[Count.ARRIVED] / (rate * r.seconds) - 1 for r in runs]
    work = [r.mean_s(work_t, number) / work_s - 1 for r in runs]
    return arrivals, work


def test_the_erlang_formulas_of_these_tests_agree_with_known_values():
    """Cooper 1981, table: B(a = 2, c = 3) = 4/19; C = 4/9; and M/M/1 waits with chance rho."""
    assert erlang_b(2.0, 3) == pytest.approx(4 / 19)
    assert erlang_c(2.0, 3) == pytest.approx(4 / 9)
    assert erlang_c(0.3, 1) == pytest.approx(0.3)


@pytest.mark.parametrize("stage", ["ingress", "dispatch"])
@pytest.mark.parametrize(("name", "cv"), LAWS)
def test_station_waits_agree_with_pollaczek_and_khinchine(stage, name, cv):
    """M/M/1, M/D/1 and M/G/1 at 70 % load; theory is fed with the tabled law's own second moment."""
    service = {f"{stage}__service_ms": 10.0, f"{stage}__law": name, f"{stage}__cv": cv}
    config = stations(0.7, **service, **ticks_of(10.0))
    seconds = {0.0: 30.0, 0.5: 30.0, 1.0: 50.0, 1.5: 150.0}[cv]
    runs = [run(config, s, seconds, warm_up=10) for s in seeds(f"{stage} {name} {cv}", 20)]

    wait_t, busy_t, number = Count.INGRESS_WAIT_T, Count.INGRESS_BUSY_T, Count.INGRESS_DONE
    if stage == "dispatch":
        wait_t, busy_t, number = Count.DISPATCH_WAIT_T, Count.DISPATCH_BUSY_T, Count.DISPATCHED
    waits = [r.mean_s(wait_t, number) for r in runs]
    arrivals, work = excess(runs, NODES * 70.0, busy_t, number, 0.01)
    controls = (arrivals,) if cv == 0 else (arrivals, work)
    theory = 70.0 * 0.01**2 * second_moment(law(name, cv)) / (2 * (1 - 0.7))
    agrees(controlled(waits, *controls), theory)


@pytest.mark.parametrize(("servers", "load"), CLUSTERS)
def test_cluster_waits_agree_with_erlang_c(servers, load):
    """M/M/c: the share of tasks that wait, and the mean wait of all."""
    waiting = erlang_c(servers * load, servers)
    assert 0.05 < waiting < 0.81
    dt = 1.0 if servers == 100 else 20.0
    seconds, warm_up = lengths(servers, load)
    config = clusters(servers, load, **ticks_of(dt))
    seeds_here = seeds(f"M/M/{servers} {load}", 20)
    runs = [run(config, s, seconds, warm_up=warm_up, between=filled_at_once) for s in seeds_here]

    many = HUNDREDS if servers == 100 else NODES
    controls = excess(runs, many * servers * load, Count.WORK_STARTED_T, Count.STARTED, 1.0)
    waits = [r.mean_s(Count.CLUSTER_WAIT_T, Count.STARTED) for r in runs]
    shares = [1 - r.hist[CLUSTER_WAIT, 0] / r.hist[CLUSTER_WAIT].sum() for r in runs]
    agrees(controlled(shares, *controls), waiting)
    agrees(controlled(waits, *controls), waiting / (servers - servers * load))


def filled_at_once(flow, tick, now):
    """More arrivals in the first tick: clusters start near their mean, and the warm-up is short."""
    flow.demand.rate_scale = 1.3 if tick == 0 else 1.0


def lengths(servers, load):
    """Seconds measured, and seconds of warm-up: two or more relaxation times 1 / (c (1 - sqrt(rho))**2)."""
    if servers == 100:
        return {0.9: (250, 20), 0.95: (250, 60), 0.98: (500, 200)}[load]
    measured = {
        (1, 0.5): 1500,
        (1, 0.8): 6000,
        (2, 0.5): 1500,
        (2, 0.8): 4000,
        (10, 0.7): 1200,
        (10, 0.9): 2500,
    }
    return measured[servers, load], 200


def test_numbers_present_at_chance_instants_obey_littles_law_at_each_stage():
    """L sampled inside the kernels = throughput x (wait + service) summed over completions."""
    config = stations(
        0.7,
        **{f"{stage}__service_ms": 10.0 for stage in ("ingress", "dispatch")},
        **{f"{stage}__law": "exponential" for stage in ("ingress", "dispatch")},
        fleet__agents=NODES * 9,
        fleet__cluster_agents=10,
        demand__classes=({"work_s": 9 * 0.8 / 70},),
        **ticks_of(1.0),
    )
    runs = [run(config, s, 200, warm_up=10) for s in seeds("little", 20)]
    stages = (
        (Count.SAMPLED_INGRESS, Count.INGRESS_WAIT_T, Count.INGRESS_BUSY_T),
        (Count.SAMPLED_DISPATCH, Count.DISPATCH_WAIT_T, Count.DISPATCH_BUSY_T),
        (Count.SAMPLED_CLUSTER, Count.CLUSTER_WAIT_T, Count.SERVICE_T),
    )
    for present, wait_t, service_t in stages:
        held = np.array([r[present] / r[Count.SAMPLES] for r in runs])
        passed = np.array([(r[wait_t] + r[service_t]) / TICKS_PER_S / r.seconds for r in runs])
        agrees(held / passed, 1.0, checks=3)


def test_the_median_response_of_a_single_server_agrees_with_its_closed_form():
    """M/M/1: the response is exponential with rate mu - lambda, so its median is ln 2 / (mu - lambda)."""
    config = clusters(1, 0.6, **ticks_of(20.0))
    runs = [run(config, s, 3000, warm_up=200) for s in seeds("median", 20)]
    median = np.log(2) / 0.4
    middle = bin_of(median)
    top = float(np.min([t for t in np.linspace(median, 2 * median, 20_001) if bin_of(t) > middle]))
    below = [r.hist[RESPONSE, : middle + 1].sum() / r.hist[RESPONSE].sum() for r in runs]
    agrees(below, 1 - np.exp(-0.4 * top))
    total = sum(r.hist[RESPONSE] for r in runs)
    p50 = int(np.searchsorted(np.cumsum(total), total.sum() / 2))
    assert abs(p50 - middle) <= 1
    assert total[BINS - 1] == 0


def test_the_rule_for_many_checks_is_looser_than_for_one_by_little():
    assert limit(1) == 4.0
    assert 4.0 < limit(3) < limit(18) < 4.6
