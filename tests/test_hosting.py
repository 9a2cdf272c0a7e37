"""Hosting: tasks that another program submits come back once each, with what became of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.model.flow.ledger import DROPS, TICKS_PER_S, Count
from swarmscale.model.flow.sources import ReplayRows, Rows
from swarmscale.model.hosting import OUTCOMES, REFUSED

QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
HOSTED = {"demand.source": "hosted"}


def of(**changes):
    return ss.SwarmModel("tiny", rng=3, **(QUIET | HOSTED | changes))


def fed(m, ticks, n=40, seed=1, **how):
    """Feed a model for some ticks; its fates, call by call."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(ticks):
        m.submit(rng.integers(0, 2, n), rng.exponential(1.0, n) + 1e-3, at_s=m.now_s + rng.random(n), **how)
        m.step()
        out.append(m.collect())
    return out


def together(lots):
    return [np.concatenate(columns) for columns in zip(*lots, strict=True)]


def test_each_task_comes_back_once_and_is_counted_as_the_records_count_it():
    m = of()
    lots = fed(m, 60)
    m.run(60)
    token, outcome, finish, latency = together([*lots, m.collect()])
    assert sorted(token) == list(range(2400))
    assert m.hosting.open == 0
    raw = m.records.raw()
    assert raw.count(Count.ARRIVED).sum() == 2400
    assert (outcome == 0).sum() == raw.count(Count.COMPLETED).sum()
    steps = np.floor(
        latency / 1000 * TICKS_PER_S
    ).sum()  # each task's time is rounded down by less than a step
    assert abs(steps - raw.count(Count.RESPONSE_T).sum()) <= 2400
    assert (np.diff(finish) >= 0).all()


def test_tasks_of_a_host_are_served_as_those_of_a_list_that_is_replayed():
    """One node and no jitter, so that nothing is drawn for a task: every answer at the same time."""
    one = {
        "fleet.nodes": 1, "network.jitter": 0.0, "ingress.law": "deterministic", "dispatch.law": "deterministic",
        "dispatch.rule": "round-robin", "network.loss": 0.0,
    }  # fmt: skip
    rng = np.random.default_rng(5)
    at, work = np.sort(rng.random(3000) * 30), rng.exponential(1.0, 3000) + 1e-3
    hosted = of(**one)
    hosted.submit("think", work, at_s=at)
    nought = np.zeros(3000, np.int32)
    rows = ReplayRows(rows=Rows(time_s=at, work_s=work, kind=nought, entry=nought), seconds=90.0)
    listed = of(**one | {"demand.source": rows, "demand.scale": 1.0, "demand.at_end": "stop"})
    for m in (hosted, listed):
        m.run(90)
    assert hosted.records.frame().equals(listed.records.frame())


@pytest.mark.parametrize("shift", [0.0, 0.05])
def test_the_mean_wait_of_poisson_tasks_agrees_with_erlang(shift):
    """M/M/c with c = 20 agents of one kind in one cluster at a load of .8; a service 5 % longer would be found."""
    c = {
        "fleet.agents": 20, "fleet.nodes": 1, "fleet.cluster_agents": 20, "fleet.speed_cv": 0.0,
        "fleet.communication": "none", "fleet.skill_own": (1.0, 1.0), "fleet.skill_other": (1.0, 1.0),
        "ingress.service_ms": 0.0, "dispatch.service_ms": 0.0, "network.local_ms": 0.0, "learning.on": False,
    }  # fmt: skip
    m = of(**c)
    rng = np.random.default_rng(2)
    at = np.cumsum(rng.exponential(1 / 16, 60_000))
    m.submit("think", rng.exponential(1.0 + shift, 60_000) + 1e-9, at_s=at)
    m.run(float(np.ceil(at[-1])) + 60)
    fates = m.collect()
    assert len(fates.token) == 60_000
    order = np.argsort(fates.token)
    wait = (fates.latency_ms[order] / 1000)[6000:].reshape(30, -1).mean(axis=1)
    a, n = 16.0, 20
    b = 1.0
    for k in range(1, n + 1):
        b = a * b / (k + a * b)
    waits = b / (1 - a / n * (1 - b))
    theory = 1.0 + waits / (n - a)
    z = (wait.mean() - theory) / (wait.std(ddof=1) / np.sqrt(30))
    assert abs(z) < 4 if shift == 0 else abs(z) > 4


def test_the_fleets_own_demand_is_the_same_with_a_host_beside_it():
    alone = ss.SwarmModel("tiny", rng=3, **QUIET).run(30)
    both = ss.SwarmModel("tiny", rng=3, **QUIET)
    lots = fed(both, 30, n=7)
    arrived = both.records.frame()["arrived"] - 7
    assert arrived.equals(alone.records.frame()["arrived"])
    assert 150 < sum(len(one.token) for one in lots) <= 210


def test_answers_come_in_their_order_over_many_calls():
    finish = together(fed(of(**{"network.latency_ms": (100.0, 300.0)}), 50))[2]
    assert (np.diff(finish) >= 0).all()


def test_tokens_are_the_hosts_own_names():
    m = of()
    m.submit("talk", 0.01, token=np.array([7, -3, 7 << 50]), entry=np.array([0, 1, 2]))
    m.run(20)
    assert sorted(m.collect().token) == [-3, 7, 7 << 50]


def test_more_than_the_limit_is_refused_and_comes_back_as_that():
    m = of()
    m.hosting.limit = 30
    receipt = m.submit("think", np.ones(50))
    assert (receipt.accepted, receipt.refused) == (30, 20)
    told = m.collect()
    assert told.counts()["refused"] == 20
    assert told.token.tolist() == list(range(30, 50))
    assert m.submit("think", 1.0).refused == 1
    m.run(30)
    assert m.collect().counts() == dict.fromkeys(OUTCOMES, 0) | {"completed": 30, "refused": 1}
    assert m.hosting.open == 0


FATEFUL = {
    "queues that are full": {
        "cluster.queue": 1,
        "ingress.queue": 3,
        "dispatch.queue": 3,
        "dispatch.overhead_ms": 30.0,
    },
    "losses": {"network.loss": 0.4, "network.retries": 0},
    "a cache": {"cache.size": 50, "demand.keys": 60},
    "parts": {"parallel.ways": 4, "parallel.from_s": 1.0},
}


@pytest.mark.parametrize("name", FATEFUL)
def test_drops_come_back_with_the_reason_that_is_counted(name):
    m = of(**FATEFUL[name])
    lots = fed(m, 40, n=200)
    m.run(200)
    token, outcome, *_ = together([*lots, m.collect()])
    assert sorted(token) == list(range(8000))
    raw = m.records.raw()
    found = np.bincount(outcome, minlength=len(OUTCOMES))
    assert found[0] == raw.count(Count.COMPLETED).sum()
    assert found[1:REFUSED].tolist() == [raw.count(one).sum() for one in DROPS]
    if name in ("queues that are full", "losses"):
        assert found[1:].sum() > 100
    if name == "a cache":
        assert raw.count(Count.CACHE_HITS).sum() > 100


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.sampled_from([None, 300]))
def test_whatever_breaks_every_task_comes_back_once(seed, limit):
    m = ss.SwarmModel("storm", rng=seed, **{
        "fleet.agents": 400, "fleet.max_agents": 800, "demand.source": "hosted", "intelligence.on": False,
        "emergence.on": False, "scaler.min_agents": 100,
    })  # fmt: skip
    m.hosting.limit = limit
    classes, rng, lots = len(m.config.demand.classes), np.random.default_rng(seed), []
    for tick in range(90):
        n = int(rng.integers(0, 120))
        m.submit(rng.integers(0, classes, n), rng.exponential(3.0, n) + 1e-3, at_s=m.now_s + rng.random(n))
        if tick in (20, 50):
            m.fail_workers(m.fleet.live()[:100])
            m.kill_node(tick // 20)
        m.step()
        lots.append(m.collect())
        assert m.hosting.open == m.hosting.submitted - sum(len(one.token) for one in lots)
    for _ in range(400):
        m.step()
        lots.append(m.collect())
    token, outcome, *_ = together(lots)
    assert len(np.unique(token)) == len(token)
    assert len(token) == m.hosting.submitted - m.hosting.open
    raw = m.records.raw()
    found = np.bincount(outcome, minlength=len(OUTCOMES))
    late = int(raw.count(Count.COMPLETED).sum()) - int(found[0])
    assert 0 <= late <= m.hosting.open  # answers that are on their way back
    assert found[1:REFUSED].sum() == sum(raw.count(one).sum() for one in DROPS)


def test_a_checkpoint_goes_on_bit_for_bit(tmp_path):
    m = of()
    fed(m, 15)
    m.submit("think", np.full(500, 2.0))
    back = ss.SwarmModel.load(m.save(tmp_path / "a"))
    for one in (m, back):
        assert one.hosting.open == m.hosting.open
    a, b = (together(fed(one, 15, seed=9)) for one in (m, back))
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)
    assert m.records.frame().equals(back.records.frame())


GARBAGE = [
    (("thnik", 1.0), {}, "no class of tasks is called 'thnik'. Did you mean 'think'"),
    ((5, 1.0), {}, "kind = 5"),
    ((0, -1.0), {}, "work_s = -1"),
    ((0, np.nan), {}, "work_s = nan"),
    ((0, [1.0, np.inf]), {}, "work_s\\[1\\] = inf"),
    ((0, "much"), {}, "work_s = 'much'"),
    ((0, np.ones((2, 2))), {}, "work_s = an array of shape \\(2, 2\\)"),
    (([0, 1, 0], np.ones(2)), {}, "work_s = 2 values"),
    ((0, 1.0), {"at_s": 3.0}, "at_s = 3"),
    ((0, 1.0), {"entry": 99}, "entry = 99"),
    ((0, 1.0), {"entry": -1}, "entry = -1"),
    ((0, np.ones(3)), {"token": np.array([0.5, 1, 2])}, "token = an array of float64"),
    ((0, np.ones(3)), {"token": 4}, "token = 4"),
    (([0.5], 1.0), {}, "kind = an array of float64"),
]


@pytest.mark.parametrize(("given_", "how", "told"), GARBAGE)
def test_garbage_is_refused_in_one_line_and_nothing_is_submitted(given_, how, told):
    m = of().run(5)
    with pytest.raises(ss.ConfigError, match=told) as found:
        m.submit(*given_, **how)
    assert "\n" not in str(found.value)
    assert m.hosting.submitted == 0
    m.submit("think", 1.0)
    m.run(20)
    assert m.collect().counts()["completed"] == 1


def test_no_tasks_are_no_error():
    m = of()
    assert m.submit("think", np.zeros(0)).accepted == 0
    assert len(m.collect().token) == 0
