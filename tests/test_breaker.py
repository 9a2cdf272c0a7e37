"""Circuit breakers of clusters: they open where too much is interrupted, and try again."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.resilience.breaker import (
    CLOSED,
    OPEN,
    TRYING,
    Breakers,
    build_breakers,
    counted,
    spared,
)
from swarmscale.model.sharding.exchange import Table
from swarmscale.model.sharding.whole import digest


def fleet_of(clusters, nodes=1):
    """A model of which breakers see counters alone."""
    node = np.arange(clusters) % nodes
    zeros = [np.zeros(clusters, np.int64) for _ in range(4)]
    hierarchy = SimpleNamespace(
        node_of_cluster=node, node_sums=lambda values: np.bincount(node, values, nodes).astype(values.dtype)
    )
    flow = SimpleNamespace(
        state=SimpleNamespace(completed=zeros[0], in_service=zeros[1], waiting=zeros[2]),
        interrupted=zeros[3],
        hierarchy=hierarchy,
        fleet=SimpleNamespace(size=np.ones(clusters, np.int64)),
    )
    return SimpleNamespace(
        flow=flow, shard=SimpleNamespace(territory=SimpleNamespace(clusters=np.arange(clusters)))
    )


class Story:
    """Tells a breaker what clusters did, tick by tick."""

    def __init__(self, clusters=3, nodes=1, **settings):
        self.model = fleet_of(clusters, nodes)
        keys = {"failures": 0.5, "least": 10, "open_s": 10.0, "period_s": 10.0} | settings
        self.breakers, self.now, self.shut = Breakers(**keys), 0.0, np.zeros(clusters, np.bool_)

    def tick(self, done=5, cut=0, ticks=1):
        """Every open cluster answers ``done`` tasks, and the first one has ``cut`` of its own interrupted."""
        flow = self.model.flow
        for _ in range(ticks):
            self.shut = self.breakers.look(self.model, self.now)
            flow.state.completed += np.where(self.shut, 0, done)
            if not self.shut[0]:
                flow.interrupted[0] += cut
                flow.state.completed[0] -= min(cut, done)
            self.now += 1.0
        return self.breakers.state.tolist()


def test_it_stays_closed_while_all_goes_well():
    story = Story()
    story.tick(ticks=50)
    assert not story.shut.any()
    assert story.breakers.log == []


def test_it_opens_where_half_of_the_begun_tasks_are_interrupted():
    story = Story()
    story.tick(ticks=3)
    assert story.tick(done=5, cut=5, ticks=6) == [OPEN, CLOSED, CLOSED]
    assert story.shut.tolist() == [True, False, False]
    (when, cluster, state), *rest = story.breakers.log
    assert (cluster, state, rest) == (0, "open", [])
    assert 5.0 <= when <= 8.0


@pytest.mark.parametrize(("done", "cut"), [(0, 1), (20, 5)])
def test_it_stays_closed_where_few_tasks_are_interrupted_or_a_small_share(done, cut):
    story = Story(least=12)
    story.tick(done=max(done, 0), cut=cut, ticks=60)
    assert story.breakers.opened.tolist() == [0, 0, 0]


def test_an_open_one_is_tried_again_and_closes_when_what_it_lets_in_fares_well():
    story = Story()
    story.tick(done=5, cut=5, ticks=4)
    opened_s = story.breakers.log[0][0]
    story.tick(ticks=int(opened_s + 10 - story.now))
    assert story.breakers.state[0] == OPEN
    assert story.shut[0]
    story.tick()
    assert story.breakers.state[0] == TRYING
    assert not story.shut[0]
    story.tick(ticks=3)
    assert story.breakers.state[0] == CLOSED
    assert [state for _, _, state in story.breakers.log] == ["open", "half-open", "closed"]


def test_one_that_fails_again_opens_again_for_as_long():
    story = Story()
    story.tick(done=5, cut=5, ticks=60)
    times = {state: [t for t, _, s in story.breakers.log if s == state] for state in ("open", "half-open")}
    assert len(times["open"]) >= 3
    assert story.breakers.opened[0] == len(times["open"])
    gaps = [t - o for o, t in zip(times["open"], times["half-open"], strict=False)]
    assert gaps == [10.0] * len(gaps)
    assert "closed" not in [state for _, _, state in story.breakers.log]


def test_a_half_open_one_lets_in_only_a_few():
    story = Story()
    story.tick(done=5, cut=5, ticks=4)
    flow, state = story.model.flow, story.model.flow.state
    while story.breakers.state[0] != TRYING:
        story.tick()
    let_in = 5  # by the tick in which it began to try
    for _ in range(8):  # what comes waits, and nothing is known of it
        shut = story.breakers.look(story.model, story.now)
        let_in += 0 if shut[0] else 4
        state.waiting[0] += 0 if shut[0] else 4
        story.now += 1.0
    assert 10 <= let_in <= 14
    assert story.breakers.state[0] == TRYING
    for _ in range(10):  # after a while as many are let in anew
        shut = story.breakers.look(story.model, story.now)
        let_in += 0 if shut[0] else 4
        state.waiting[0] += 0 if shut[0] else 4
        story.now += 1.0
    assert 20 <= let_in <= 26
    assert flow.interrupted[0] > 0


def test_a_node_keeps_a_cluster():
    flow = fleet_of(4, nodes=2).flow  # clusters 0 and 2 at node 0, 1 and 3 at node 1
    assert spared(np.array([True, True, False, False]), flow).tolist() == [True, True, False, False]
    assert spared(np.array([True, True, True, False]), flow).tolist() == [False, True, False, False]
    flow.fleet.size[2] = 0  # an empty cluster is none
    assert not spared(np.array([True, False, False, False]), flow).any()


def test_clusters_that_join_later_have_a_breaker_too():
    story = Story()
    story.tick(ticks=4)
    grown = fleet_of(5)
    story.model.flow, story.model.shard = grown.flow, grown.shard
    story.tick(done=5, cut=5, ticks=10)
    assert len(story.breakers.state) == 5
    assert len(story.shut) == 5


# -- in a model ------------------------------------------------------------------------------------------------

KEYS = {"intelligence.on": False, "emergence.on": False, "demand.load": 0.6, "seconds": 400.0}


def spoil(model, cluster=3):
    """Whoever works in a cluster fails within the tick, and is back in the next."""
    slots = model.fleet.slots
    (place,) = model.shard.territory.place(np.array([cluster]))
    if place >= 0:
        rows = np.arange(place * slots, (place + 1) * slots)
        model.fail_workers(rows[model.fleet.column("uid")[rows] > 0], repair_s=0.5)


def run(breakers=True, spoiled=60, after=0, exchange=None, shards=None):
    config = ss.Config.load("tiny").changed(
        KEYS | {"resilience.breaker.on": breakers, "fleet.cluster_agents": 10}
    )
    model = ss.SwarmModel(config, rng=5, exchange=exchange)
    for _ in range(spoiled):
        spoil(model)
        model.step()
    for _ in range(after):
        model.step()
    model.settle()
    return model


@pytest.fixture(scope="module")
def spoiled():
    return {on: run(on, after=60) for on in (True, False)}


def test_a_cluster_where_everything_fails_gets_less_and_less_is_interrupted(spoiled):
    assert spoiled[False].resilience.breakers is None
    breakers = spoiled[True].resilience.breakers
    assert set(np.flatnonzero(breakers.opened)) == {3}
    cut = {on: m.records.column("interrupted").sum() for on, m in spoiled.items()}
    assert cut[True] < 0.5 * cut[False]
    lost = {on: m.records.column("dropped_attempts").sum() for on, m in spoiled.items()}
    assert lost[True] < 0.5 * lost[False]


def test_when_it_works_again_it_is_used_again(spoiled):
    model = spoiled[True]
    assert model.resilience.breakers.log[-1][1:] == (3, "closed")
    assert not model.flow.shut.any()
    assert model.flow.state.in_service[3] > 0


def test_what_a_breaker_counts_is_what_happened(spoiled):
    for model in spoiled.values():
        begun, done, cut, _ = counted(model.flow)
        column = model.records.column
        assert begun.sum() == column("started").sum()
        assert done.sum() == column("completed").sum()
        assert cut.sum() == column("interrupted").sum()


def test_without_interruptions_breakers_change_nothing():
    runs = [run(on, spoiled=0, after=60) for on in (True, False)]
    assert runs[0].records.frame().equals(runs[1].records.frame())
    assert not runs[0].resilience.breakers.log


def test_shards_shut_the_same_clusters():
    def work(rank, table, out, errors):
        try:
            model = run(exchange=table.seat(rank))
            out[rank] = digest(model), model.resilience.breakers.log
        except BaseException as error:
            errors.append(error)
            table.leave()

    alone = run()
    state = digest(alone)
    for shards in (2, 4):
        table, out, errors = Table(shards), [None] * shards, []
        threads = [threading.Thread(target=work, args=(k, table, out, errors)) for k in range(shards)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert {one for one, _ in out} == {state}
        assert [change for _, log in out for change in log] == alone.resilience.breakers.log


def test_a_checkpoint_keeps_open_breakers(tmp_path):
    straight = run(spoiled=25)
    assert straight.resilience.breakers.state.any()
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(40.0), resumed.run(40.0)
    assert digest(straight) == digest(resumed)
    assert straight.resilience.breakers.log == resumed.resilience.breakers.log


def test_they_are_off_where_the_config_says_so():
    config = ss.Config.load("tiny")
    assert build_breakers(config) is not None
    assert build_breakers(config.changed({"resilience.breaker.on": False})) is None
    assert build_breakers(config.changed({"resilience.on": False})) is None
