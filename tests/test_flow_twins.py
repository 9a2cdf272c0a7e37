"""The fast kernels against slow, obvious twins in plain Python, and the generator against published answers."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from swarmscale import rng
from swarmscale.model.build import build_demand
from swarmscale.model.config import Config
from swarmscale.model.flow.laws import LAW_NAMES, law, sample, second_moment
from swarmscale.model.flow.ledger import (
    ARRIVE,
    AT_CLUSTER,
    AT_HOME,
    DISPATCH_END,
    DISPATCH_START,
    FINISH,
    HELD,
    INGRESS_END,
    INGRESS_START,
    START,
    Count,
    steps,
)
from swarmscale.model.flow.sources import ReplayRows, Rows
from swarmscale.model.flow.tasks import Pool

from .flow_support import plain, run, seeds

U = np.uint64

# -- the generator ----------------------------------------------------------------------------------------

ANSWERS = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), ANSWERS)
def test_philox_gives_the_published_answers(counter, key, answer):
    """The known-answer vectors of Random123 (Salmon et al. 2011) for philox4x32-10."""
    words = rng.philox(*(U(c) for c in counter), U(key[0] | key[1] << 32))
    assert [f"{int(w):08x}" for w in words] == answer.split()


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.floats(min_value=2.3e-308, max_value=1.7e308))
def test_the_logarithm_is_that_of_the_library(x):
    """To 1e-15 of its value, save where that is near 0: there to 1e-15 of its argument's distance from 1."""
    assert rng.ln(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-16)


def test_the_logarithm_keeps_its_precision_next_to_one():
    for gap in (2.0**-52, 1e-12, 1e-6, 1e-3):
        assert rng.ln(1 + gap) == pytest.approx(math.log(1 + gap), rel=1e-15)
        assert rng.ln(1 - gap) == pytest.approx(math.log(1 - gap), rel=1e-15)


def test_draws_depend_on_task_and_purpose_and_streams_differ():
    key, other = rng.key(7, "demand"), rng.key(7, "network")
    words = {
        rng.draw(task, purpose, k) for task in (0, 1, 1 << 40) for purpose in (0, 1) for k in (key, other)
    }
    assert len(words) == 12


# -- laws -------------------------------------------------------------------------------------------------

TABLED = [
    ("lognormal", 0.5), ("lognormal", 1.0), ("lognormal", 1.5), ("gamma", 0.5), ("gamma", 1.0), ("weibull", 0.5),
    ("weibull", 1.5), ("uniform", 0.5),
]  # fmt: skip


def distribution(name, cv):
    """The law itself, from scipy."""
    if name == "lognormal":
        s = math.sqrt(math.log1p(cv * cv))
        return stats.lognorm(s, scale=math.exp(-s * s / 2))
    if name == "gamma":
        return stats.gamma(1 / cv**2, scale=cv**2)
    if name == "weibull":
        from swarmscale.model.flow.laws import weibull_shape

        shape = weibull_shape(cv)
        return stats.weibull_min(shape, scale=1 / math.gamma(1 + 1 / shape))
    if name == "uniform":
        half = cv * math.sqrt(3)
        return stats.uniform(1 - half, 2 * half)
    return stats.expon()


def mean_of(of):
    """Mean of a piecewise linear quantile function, by its trapezoids."""
    body, tail = of.body[:-1], of.tail
    return math.fsum((body[:-1] + body[1:]) / 2) / 4096 + math.fsum((tail[:-1] + tail[1:]) / 2) / 4096**2


@pytest.mark.parametrize(("name", "cv"), TABLED)
def test_a_tabled_law_has_mean_one_and_its_cv(name, cv):
    of = law(name, cv)
    assert mean_of(of) == pytest.approx(1.0, abs=1e-14)
    assert math.sqrt(second_moment(of) - 1) == pytest.approx(cv, rel=3e-3)
    assert (np.diff(of.body) >= 0).all()
    assert (np.diff(of.tail) >= 0).all()
    assert of.body[-2] == pytest.approx(of.tail[0], rel=1e-12)


@pytest.mark.parametrize(("name", "cv"), [*TABLED, ("exponential", 1.0)])
def test_draws_follow_their_law(name, cv):
    """Kolmogorov and Smirnov's test of 40,000 draws; the same draws made 5 % larger fail it."""
    of, key = law(name, cv), rng.key(1, f"laws {name} {cv}")
    uniform = [rng.unit(*rng.draw(i, 2, key)[:2]) for i in range(40_000)]
    draws = np.array([sample(of.how, of.body, of.tail, u) for u in uniform])
    assert stats.kstest(draws, distribution(name, cv).cdf).pvalue > 1e-4
    assert stats.kstest(draws * 1.05, distribution(name, cv).cdf).pvalue < 1e-4


def test_every_law_is_checked():
    assert {name for name, _ in TABLED} | {"exponential", "deterministic"} == set(LAW_NAMES)


# -- replay -----------------------------------------------------------------------------------------------


def replayed(times, period, seed=1, end=None, **more):
    """Arrivals of a replayed list until ``end``, drawn bin by bin."""
    n = len(times)
    unknown = np.full(n, -1, np.int32)
    rows = Rows(time_s=np.asarray(times, float), entry=unknown, kind=unknown, work_s=np.arange(n) + 1.0)
    config = plain(fleet__agents=4, demand__source=ReplayRows(rows=rows, seconds=period), **more)
    pool = Pool()
    build_demand(config, seed).draw_until(period if end is None else end, pool)
    return pool.used()


@pytest.mark.parametrize("copies", [1, 3, 4])
def test_superposed_copies_are_the_list_with_evenly_shifted_starts(copies):
    times = np.sort(np.random.default_rng(1).random(200)) * 60
    tasks = replayed(times, 60.0, end=180.0, demand__scale=float(copies))
    assert len(tasks.uid) == len(np.unique(tasks.uid)) == 3 * copies * len(times)
    shifted = [(times - k * 60 / copies) % 60 + 60 * again for k in range(copies) for again in range(3)]
    assert np.sort(tasks.at) == pytest.approx(np.sort(np.concatenate(shifted)), abs=1e-9)
    assert np.bincount(tasks.work.astype(int))[1:].tolist() == [3 * copies] * len(times)


@pytest.mark.parametrize("width", [0.1, 0.7, 1.0, 7.0])
def test_a_replay_does_not_depend_on_the_width_of_its_bins(width):
    times = np.sort(np.random.default_rng(2).random(300)) * 50
    whole, cut = (replayed(times, 50.0, end=140.0, demand__scale=2.0, demand__bin_s=w) for w in (20.0, width))
    keep = cut.at < 140
    a, b = (dict(zip(t.uid.tolist(), t.at.tolist(), strict=True)) for t in (whole, cut))
    assert {u: t for u, t in a.items() if t < 140} == {u: t for u, t in b.items() if t < 140}
    assert keep.sum() > 1500


def test_thinning_keeps_its_share_of_the_list_and_moves_nothing():
    times = np.sort(np.random.default_rng(3).random(20_000)) * 50
    tasks = replayed(times, 50.0, demand__scale=0.3)
    assert np.isin(tasks.at, times).all()
    deviation = (len(tasks.uid) - 6000) / math.sqrt(20_000 * 0.3 * 0.7)
    assert abs(deviation) < 4
    more = replayed(times, 50.0, demand__scale=0.6)
    assert set(tasks.uid.tolist()) < set(more.uid.tolist())


@pytest.mark.parametrize("at_end", ["stop", "hold"])
def test_superposing_conserves_counts_also_where_the_list_is_not_repeated(at_end):
    """Each copy is the whole list, so that the rate is the factor times the list's."""
    times = np.sort(np.random.default_rng(4).random(300)) * 60
    tasks = replayed(times, 60.0, demand__scale=3.0, demand__at_end=at_end)
    assert len(tasks.uid) == 3 * len(times)


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("period", [3.3, 10.1])
def test_every_replayed_task_is_counted_as_it_arrives(copies, period):
    """Times on the bins' very edges, and a period that no binary number meets."""
    times = np.arange(round(period * 10)) / 10
    unknown = np.full(len(times), -1, np.int32)
    rows = Rows(time_s=times, entry=unknown, kind=unknown, work_s=np.full(len(times), 0.01))
    config = plain(
        fleet__agents=4,
        demand__source=ReplayRows(rows=rows, seconds=period),
        demand__scale=float(copies),
        demand__bin_s=0.1,
        dt=0.1,
    )
    one = run(config, 1, 50.0)
    assert one[Count.ARRIVED] == one[Count.COMPLETED] + sum(one.held[c] for c in HELD)


# -- the whole way ----------------------------------------------------------------------------------------

WAY = {
    "seconds": 60.0,
    "fleet.agents": 90,
    "fleet.nodes": 5,
    "fleet.cluster_agents": 12,
    "fleet.speed_cv": 0.4,
    "fleet.communication": "mesh",
    "fleet.message_cost": 0.01,
    "demand.load": 0.75,
    "demand.locality": 0.3,
    "demand.entry_skew": 0.5,
    "demand.classes": (
        {"work_s": 1.5, "type": "creative", "share": 2.0},
        {"name": "b", "type": "systems", "work_s": 0.6, "law": "lognormal", "cv": 1.5},
    ),
    "ingress.service_ms": 60.0,
    "ingress.overhead_ms": 30.0,
    "ingress.batch": 3,
    "dispatch.service_ms": 60.0,
    "dispatch.law": "exponential",
    "dispatch.rule": "random",
    "network.topology": "ring",
    "network.latency_ms": (5.0, 400.0),
    "network.jitter": 0.4,
    "network.loss": 0.0,
    "records.trace_tasks": 1.0,
    "records.cluster_period_s": 60.0,
    "records.window_s": 60.0,
}


class Way:
    """Every task of a run from its arrival to its end, one after the other, station by station."""

    def __init__(self, flow, log):
        self.flow, self.marks = flow, flow.demand.marks
        self.network_key, self.dispatch_key = flow.keys
        self.time = defaultdict(dict)  # stage -> uid -> (time, place)
        self.time[ARRIVE] = log.of(ARRIVE)
        self.kind, self.work, self.back = {}, {}, {}
        for uid in self.time[ARRIVE]:
            self.mark(uid)
        self.station(flow.ingress, self.time[ARRIVE], self.network_key, INGRESS_START, INGRESS_END)
        for uid in self.time[ARRIVE]:
            self.travel(uid)
        self.station(flow.dispatch, self.time[AT_HOME], self.dispatch_key, DISPATCH_START, DISPATCH_END)
        for uid, (time, node) in self.time[DISPATCH_END].items():
            self.time[AT_CLUSTER][uid] = (time + flow.local_s, self.choice(uid, node))
        for q in range(flow.fleet.clusters):
            self.cluster(q)

    def law(self, how, body, tail, words):
        u = rng.unit(*words)
        return 1.0 if how == 0 else -rng.ln(u) if how == 1 else sample(how, body, tail, u)

    def mark(self, uid):
        """Class, work: draws of the demand's stream."""
        m = self.marks
        gap, word = rng.draw(uid, 0, m.key), rng.draw(uid, 1, m.key)
        k = int(np.searchsorted(m.class_share, rng.unit32(word[0])))
        self.kind[uid] = k
        self.work[uid] = m.mean_s[k] * self.law(m.how[k], m.body[k], m.tail[k], gap[2:])

    def station(self, rule, arrivals, key, start_stage, end_stage):
        """FIFO, one server a node, those that wait when it is free served together up to the batch."""
        queues = defaultdict(list)
        for uid, (time, node) in sorted(arrivals.items(), key=lambda item: item[1][0]):
            queues[node].append((time, uid))
        for node, queue in queues.items():
            free = 0.0
            while queue:
                start = max(free, queue[0][0])
                batch = [uid for time, uid in queue[: rule.batch] if time <= start]
                span = rule.overhead_s
                for uid in batch:
                    span += rule.service_s * self.law(
                        rule.how, rule.body, rule.tail, rng.draw(uid, 2, key)[:2]
                    )
                free = start + span
                for uid in batch:
                    self.time[start_stage][uid] = (start, node)
                    self.time[end_stage][uid] = (free, node)
                del queue[: len(batch)]

    def home(self, uid, entry):
        """The entry node for the local share, else a node in proportion to its agents."""
        flow = self.flow
        u = float(np.float32(rng.unit32(rng.draw(uid, 1, self.marks.key)[1]) * 0.9999999))
        if u < flow.locality:
            return entry
        held = np.cumsum(np.bincount(flow.hierarchy.node_of_cluster, flow.fleet.size, flow.hierarchy.nodes))
        return int(np.searchsorted(held / held[-1], (u - flow.locality) * (1 / (1 - flow.locality))))

    def travel(self, uid):
        """Hop by hop over the shortest path; the way back is drawn beside the way there."""
        time, entry = self.time[INGRESS_END][uid]
        path = self.flow.network.path(entry, self.home(uid, entry))
        back, jitter = 0.0, self.flow.mesh.jitter
        for hop, (a, b) in enumerate(pairwise(path)):
            base = self.flow.network.graph.edges[a, b]["latency_s"]
            if hop == 0:
                word = rng.draw(uid, 3, self.network_key)
            else:
                word = rng.draw(uid, 16 + hop, self.marks.key)
            time += base * (1.0 - jitter - jitter * rng.ln(rng.unit32(word[1])))
            back += base * (1.0 - jitter - jitter * rng.ln(rng.unit32(word[2])))
        self.time[AT_HOME][uid] = (time, path[-1])
        self.back[uid] = float(np.float32(back))

    def choice(self, uid, node):
        """One of the node's clusters, by agents in sixteenths of the largest one's."""
        mine = np.flatnonzero(self.flow.hierarchy.node_of_cluster == node)
        sizes = self.flow.fleet.size[mine].tolist()
        parts = [max(round(16 * size / max(sizes)), 1) for size in sizes]
        least = math.gcd(*parts)
        drawn = [q for q, part in zip(mine.tolist(), parts, strict=True) for _ in range(part // least)]
        return drawn[int(rng.draw(uid, 4, self.dispatch_key)[0]) * len(drawn) >> 32]

    def cluster(self, q):
        """FIFO, many agents: the idle one that serves this type fastest, else the first that is free."""
        rows, slots = self.flow.fleet.rows, self.flow.fleet.slots
        idle = set(np.flatnonzero(rows.uid[q] > 0).tolist())
        busy, waiting = [], []
        overhead = self.flow.clusters.overhead[q] * 255.0

        def begin(now, uid, s):
            kind = self.marks.class_type[self.kind[uid]]
            end = now + self.work[uid] * float(rows.slowness[q, s]) * (overhead / rows.skill[q, kind, s])
            self.time[START][uid] = (now, q * slots + s)
            self.time[FINISH][uid] = (end, q * slots + s)
            heapq.heappush(busy, (end, s))

        def free_until(now):
            while busy and busy[0][0] <= now:
                end, s = heapq.heappop(busy)
                if waiting:
                    begin(end, waiting.pop(0), s)
                else:
                    idle.add(s)

        here = [(time, uid) for uid, (time, cluster) in self.time[AT_CLUSTER].items() if cluster == q]
        for time, uid in sorted(here):
            free_until(time)
            if not idle:
                waiting.append(uid)
                continue
            kind = self.marks.class_type[self.kind[uid]]
            s = min(idle, key=lambda s: int(rows.rank[q, kind, s]))
            idle.remove(s)
            begin(time, uid, s)
        free_until(math.inf)


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_every_stage_time_of_every_task_is_that_of_the_plain_twin(dt):
    """Bit for bit, with times, stations, clusters and agents; and the sums of a minute with it."""
    one = run(Config().changed(WAY | {"dt": dt}), 21, 60.0)
    twin = Way(one.flow, one.log)
    events = (INGRESS_START, DISPATCH_START, START, FINISH)
    for stage in (
        INGRESS_START,
        INGRESS_END,
        AT_HOME,
        DISPATCH_START,
        DISPATCH_END,
        AT_CLUSTER,
        START,
        FINISH,
    ):
        logged, slow = one.log.of(stage), twin.time[stage]
        wrong = {u: (logged[u], slow.get(u)) for u in logged if logged[u] != slow.get(u)}
        assert not wrong, f"stage {stage}: {len(wrong)} of {len(logged)}, such as {next(iter(wrong.items()))}"
        if stage in events:
            assert set(logged) == {u for u, (time, _) in slow.items() if time < 60.0}
    assert one[Count.COMPLETED] > 2000
    assert one[Count.HOPS] > 1000
    check_sums(one, twin)


def check_sums(one, twin):
    """Sums of times, each in whole steps, from the twin's stage times."""
    at, start, finish = (twin.time[s] for s in (AT_CLUSTER, START, FINISH))
    begun = [u for u, (time, _) in start.items() if time < 60.0]
    ended = [u for u, (time, _) in finish.items() if time < 60.0]
    assert one[Count.STARTED] == len(begun)
    assert one[Count.COMPLETED] == len(ended)
    assert one[Count.CLUSTER_WAIT_T] == sum(steps(start[u][0]) - steps(at[u][0]) for u in begun)
    assert one[Count.WORK_STARTED_T] == sum(steps(twin.work[u]) for u in begun)
    came = twin.time[ARRIVE]
    assert one[Count.RESPONSE_T] == sum(steps(finish[u][0] + twin.back[u] - came[u][0]) for u in ended)
    busy = sum(steps(min(finish[u][0], 60.0)) - steps(start[u][0]) for u in begun)
    assert one[Count.BUSY_T] == busy


def test_another_seed_gives_other_arrivals():
    """So that the twin is not fed the same minute twice."""
    a, b = (run(Config().changed(WAY), s, 2.0).log.of(ARRIVE) for s in seeds("way", 2))
    assert set(a.values()).isdisjoint(b.values())
