"""Workers as lazy Mesa agents, held against ordinary Mesa agents with the same values."""

from __future__ import annotations

import copy
import pickle
import random
from collections import Counter

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mesa.agentset import AbstractAgentSet, AgentSet
from mesa.experimental.mesa_signals import ModelSignals

from swarmscale.agents.all_agents import AllAgents
from swarmscale.agents.columns import COLUMNS, read_speed, write_speed
from swarmscale.agents.fleet import DRAINING, IDLE, WARM, Fleet, Makeup
from swarmscale.agents.people import Population
from swarmscale.agents.population import ArrayPopulation, announce_added
from swarmscale.agents.skills import TYPES, cumulative_shares
from swarmscale.agents.worker_set import WorkerSet
from swarmscale.agents.workers import Worker, batched, twin_of, view
from swarmscale.errors import ConfigError
from swarmscale.model.intelligence.settings import Paths

MAKEUP = Makeup(
    speed=np.linspace(0.5, 1.5, 1025),
    type_share=cumulative_shares(np.ones(6)),
    own=(0.7, 1.0),
    other=(0.1, 0.6),
)


class Node(mesa.Agent):
    """A structural agent that shares a few attributes with workers."""

    def __init__(self, model):
        super().__init__(model)
        self.speed, self.kind, self.rank = 2.0 + self.unique_id, "node", "lead"

    def halve(self):
        self.speed = self.speed / 2


class Runner(Worker):
    """A worker with behavior: one method with a twin, one without."""

    def halve(self):
        self.speed = self.speed / 2

    def quicken(self, factor, extra=0.0):
        self.speed = self.speed * factor + extra

    @batched("quicken")
    @staticmethod
    def quicken_all(fleet, rows, factor, extra=0.0):
        write_speed(fleet, rows, read_speed(fleet, rows) * factor + extra)

    def grade(self):
        return round(self.speed, 3)

    @batched("grade")
    @staticmethod
    def grade_all(fleet, rows):
        return read_speed(fleet, rows).round(3)


class Swarm(ArrayPopulation, mesa.Model):
    worker_class = Runner

    def __init__(self, workers=12, nodes=3, rng=1):
        super().__init__(rng=rng)
        Node.create_agents(self, nodes)
        self.fleet = Fleet.empty(4, 8, MAKEUP, np.uint64(5))
        self.fleet.next_uid = self.agent_id_counter
        self.fleet.population = Population.build(5, Paths(), [1.0] * 6)
        self.fleet.spawn(workers, 0.0)


class Plain(mesa.Agent):
    """An ordinary agent with a worker's values."""

    def __init__(self, model, worker):
        super().__init__(model)
        for name in ("speed", "kind", "state", "cluster", "slot", "skills", "free_at"):
            setattr(self, name, getattr(worker, name))
        assert self.unique_id == worker.unique_id

    def halve(self):
        self.speed = self.speed / 2


class PlainSwarm(mesa.Model):
    """The same population without any array."""

    def __init__(self, swarm):
        super().__init__(rng=1)
        Node.create_agents(self, sum(isinstance(a, Node) for a in swarm.agents))
        for worker in swarm.workers.sort("unique_id", ascending=True):
            Plain(self, worker)


def ids(agents):
    return [agent.unique_id for agent in agents]


# --- the view -------------------------------------------------------------------------------------------


def test_a_worker_is_a_mesa_agent_that_reads_and_writes_the_arrays():
    swarm = Swarm()
    worker = swarm.workers[0]
    assert isinstance(worker, mesa.Agent)
    assert isinstance(worker, Runner)
    assert (worker.model, worker.pos, worker.state, worker.alive) == (swarm, None, "starting", True)
    assert worker.random is swarm.random
    assert worker.rng is swarm.rng
    assert worker.kind in TYPES
    assert worker.row == worker.cluster * swarm.fleet.slots + worker.slot
    worker.speed = 4.0
    assert swarm.fleet.column("slowness")[worker.row] == 0.25
    assert worker.free_at == 0.0
    assert worker.fail_at == np.inf


def test_two_views_of_one_worker_are_equal_and_hash_alike_but_not_across_models():
    one, other = Swarm(), Swarm()
    assert one.workers[3] == one.workers[3]
    assert len({one.workers[3], one.workers[3]}) == 1
    assert one.workers[3] != other.workers[3]
    assert one.workers[3] != one.workers[4]


@pytest.mark.parametrize("name", ["energy", "state", "_row", "model", "unique_id", "pos"])
def test_a_view_refuses_to_keep_what_the_fleet_does_not_hold(name):
    with pytest.raises(AttributeError, match=f"{name!r} cannot be set"):
        setattr(Swarm().workers[0], name, 1)


def test_a_worker_is_not_made_by_its_class():
    with pytest.raises(TypeError, match=r"fleet\.spawn"):
        Runner(Swarm())
    with pytest.raises(TypeError, match=r"fleet\.spawn"):
        Runner.create_agents(Swarm(), 2)


def test_writing_speed_or_skills_ranks_the_cluster_anew():
    swarm = Swarm()
    last = swarm.workers.select(lambda w: w.cluster == 1)[-1]
    last.speed = 50.0
    assert (swarm.fleet.rows.rank[1, :, last.slot] == 0).all()
    last.skills = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    assert last.skills == (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    assert swarm.fleet.rows.rank[1, 1, last.slot] == 0
    assert swarm.fleet.rows.rank[1, 0, last.slot] != 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", 0.0),
        ("speed", float("nan")),
        ("speed", [1.0, 2.0]),
        ("skills", [0.5] * 5),
        ("skills", [1.1] * 6),
    ],
)
def test_values_that_make_no_sense_are_refused_and_nothing_changes(name, value):
    swarm = Swarm()
    before = swarm.workers.array(name)
    with pytest.raises(ConfigError, match=name):
        setattr(swarm.workers[0], name, value)
    with pytest.raises(ConfigError, match=name):
        swarm.workers.set(name, value)
    assert (swarm.workers.array(name) == before).all()


def test_a_view_outlives_its_worker_but_not_as_the_next_one_in_the_row():
    swarm = Swarm(workers=32)
    worker = swarm.workers[5]
    row, uid = worker.row, worker.unique_id
    worker.remove()
    assert not worker.alive
    swarm.fleet.spawn(1, 0.0)
    heir = view(Runner, swarm, row, swarm.fleet.column("uid")[row].item())
    assert heir.alive
    assert heir != worker
    assert not worker.alive
    assert worker.unique_id == uid
    for name in (*COLUMNS.keys() - {"alive", "unique_id"}, "cluster"):
        with pytest.raises(ReferenceError, match=f"worker {uid} has left"):
            getattr(worker, name)
    with pytest.raises(ReferenceError):
        worker.speed = 1.0
    worker.remove()
    assert heir.alive
    assert "gone" in repr(worker)
    assert "starting" in repr(heir)


def test_views_and_sets_survive_pickling_with_their_model():
    swarm = Swarm()
    swarm.favorite = swarm.workers[4]
    swarm.best = swarm.workers.sort("speed").select(at_most=3)
    swarm.mixed = swarm.agents.sort("speed").select(at_most=6)
    again = pickle.loads(pickle.dumps(swarm))
    assert again.favorite.model is again
    assert again.favorite == again.workers[4]
    assert again.favorite.speed == swarm.favorite.speed
    assert ids(again.best) == ids(swarm.best)
    assert ids(again.mixed) == ids(swarm.mixed)
    again.favorite.speed = 3.0
    assert swarm.favorite.speed != 3.0
    worker = pickle.loads(pickle.dumps(swarm.favorite))
    assert worker.model.favorite == worker
    twin = copy.copy(swarm.favorite)
    assert twin == swarm.favorite
    assert copy.deepcopy(swarm).favorite.model is not swarm


def test_a_worker_of_a_fleet_without_a_population_says_how_to_give_it_one():
    swarm = Swarm()
    swarm.fleet.population = None
    for name in ("traits", "personality", "abilities"):
        with pytest.raises(ConfigError, match=r"fleet\.population = Population\.build"):
            getattr(next(iter(swarm.workers)), name)


# --- columns agree with views ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_says_what_the_views_say(name):
    swarm = Swarm(workers=20)
    swarm.fleet.column("state")[swarm.fleet.live()[::3]] = IDLE
    swarm.workers.select(at_most=4).do("remove")
    values = [getattr(worker, name) for worker in swarm.workers]
    assert swarm.workers.get(name) == values
    assert {type(v) for v in swarm.workers.get(name)} == {type(v) for v in values}
    assert np.array_equal(swarm.workers.array(name), np.array(values))


def test_every_property_of_a_view_has_a_column():
    public = {n for n, m in vars(Worker).items() if isinstance(m, property)}
    assert public - set(COLUMNS) == {"pos"}


def test_a_subclass_that_gives_a_name_another_meaning_is_asked_view_by_view():
    class Boastful(Runner):
        @property
        def speed(self):
            return 99.0

        @property
        def tenfold(self):
            return 10 * super().speed

    swarm = Swarm()
    honest = swarm.workers.array("speed")
    swarm.worker_class = Boastful
    assert swarm.workers.get("speed") == [99.0] * 12
    assert swarm.workers.array("tenfold") == pytest.approx(10 * honest)
    with pytest.raises(AttributeError, match="'speed' cannot be set"):
        swarm.workers.set("speed", 1.0)


def test_an_array_as_long_as_the_set_is_dealt_out_one_each():
    swarm = Swarm()
    speeds = np.arange(1.0, 13.0)
    swarm.workers.set("speed", speeds)
    assert swarm.workers.array("speed") == pytest.approx(speeds)
    everyone = swarm.agents.sort("unique_id")
    everyone.set("speed", np.arange(1.0, 16.0))
    assert everyone.get("speed") == pytest.approx(np.arange(1.0, 16.0))
    assert swarm.agents_by_type[Node].get("speed") == [15.0, 14.0, 13.0]
    skills = np.tile(np.arange(6) / 5, (12, 1))
    swarm.workers.set("skills", skills)
    assert swarm.workers.array("skills") == pytest.approx(skills)


def test_numpy_functions_get_arrays_and_others_the_list_that_mesa_gives():
    seen = []
    swarm = Swarm()
    swarm.workers.agg("speed", lambda values: seen.append(type(values)))
    assert seen == [list]
    assert swarm.workers.agg("state", Counter) == {"starting": 12}
    low, high, mean = swarm.workers.agg("speed", [min, max, np.mean])
    assert low < mean < high


# --- batched twins --------------------------------------------------------------------------------------


def test_a_batched_method_and_its_scalar_twin_agree():
    batch, scalar = Swarm(), Swarm()
    batch.workers.do("quicken", 2.0, extra=0.25)
    scalar.workers.do(lambda worker: worker.quicken(2.0, extra=0.25))
    assert (batch.workers.array("speed") == scalar.workers.array("speed")).all()
    assert (batch.fleet.rows.rank == scalar.fleet.rows.rank).all()
    assert batch.workers.map("grade") == [worker.grade() for worker in batch.workers]


def test_a_twin_runs_once_for_the_rows_of_the_set_alone():
    calls = []

    class Watched(Runner):
        def step(self):
            raise AssertionError("the twin was passed over")

        @batched("step")
        @staticmethod
        def step_all(fleet, rows):
            calls.append(rows.tolist())

    swarm = Swarm()
    swarm.worker_class = Watched
    some = swarm.workers.select(at_most=0.5)
    some.do("step")
    swarm.workers.shuffle_do("step")
    swarm.agents.do("step")
    assert [len(rows) for rows in calls] == [6, 12, 12]
    assert calls[0] == some.rows.tolist()
    assert sorted(calls[1]) == swarm.workers.rows.tolist()


def test_a_subclass_with_a_newer_scalar_method_is_not_run_by_the_older_twin():
    class Newer(Runner):
        def quicken(self, factor, extra=0.0):
            self.speed = 7.0

    assert twin_of(Runner, "quicken") is not None
    assert twin_of(Newer, "quicken") is None
    assert twin_of(Newer, "grade") is not None
    swarm = Swarm()
    swarm.worker_class = Newer
    swarm.workers.do("quicken", 2.0)
    assert swarm.workers.array("speed") == pytest.approx(7.0)


def test_a_twin_of_no_method_is_refused():
    with pytest.raises(ConfigError, match=r"batched\(\) of Typo\.all_at_once = stepp"):

        class Typo(Worker):
            @batched("stepp")
            @staticmethod
            def all_at_once(fleet, rows):
                pass


# --- sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["workers", "agents"])
def test_who_is_removed_during_a_pass_is_passed_over_and_who_is_born_waits(which):
    swarm = Swarm(workers=12, nodes=2)
    met = []

    def fight(agent):
        met.append(agent.unique_id)
        everyone = getattr(swarm, which).to_list()
        place = everyone.index(agent)
        if place + 1 < len(everyone):
            everyone[place + 1].remove()
        swarm.fleet.spawn(1, 0.0)

    before = ids(getattr(swarm, which))
    getattr(swarm, which).do(fight)
    assert met[:2] == [before[0], before[2]]
    assert set(met) <= set(before)


def test_a_choice_drops_those_who_leave_and_ignores_those_who_come():
    swarm = Swarm(workers=32)
    everyone, chosen, mixed = swarm.workers, swarm.workers.copy(), swarm.agents.copy()
    gone = swarm.workers[0]
    gone.remove()
    swarm.agents_by_type[Node].to_list()[0].remove()
    swarm.fleet.spawn(1, 0.0)
    assert len(everyone) == 32
    assert len(chosen) == len(list(chosen)) == len(chosen.get("speed")) == 31
    assert len(mixed) == len(list(mixed)) == len(mixed.get("speed")) == 33
    assert gone not in chosen
    assert gone not in mixed
    assert gone not in everyone


def test_views_and_choices_hold_while_the_fleet_grows_by_clusters():
    swarm = Swarm(workers=32)
    worker, chosen, mixed = swarm.workers[31], swarm.workers.copy(), swarm.agents.copy()

    def multiply(agent):
        swarm.fleet.add_clusters(1)
        swarm.fleet.spawn(1, 0.0)
        agent.speed = 3.0

    chosen.do(multiply)
    assert worker.speed == pytest.approx(3.0)
    assert chosen.agg("speed", np.mean) == pytest.approx(3.0)
    assert (len(chosen), len(mixed), len(swarm.workers)) == (32, 35, 64)


@pytest.mark.parametrize("which", ["workers", "agents"])
def test_changes_in_place_touch_one_set_and_not_the_model(which):
    swarm = Swarm()
    agents = getattr(swarm, which)
    before = ids(agents)
    assert agents.sort("unique_id", inplace=True) is agents
    assert ids(agents) == sorted(before, reverse=True)
    agents.discard(agents[0])
    agents.remove(agents[-1])
    with pytest.raises(KeyError):
        agents.remove(getattr(swarm, which)[0])
    agents.add(getattr(swarm, which)[0])
    assert len(agents) == len(before) - 1
    agents.clear()
    assert len(agents) == 0
    assert list(agents) == agents.get("speed") == []
    assert agents.groupby("kind").groups == {}
    assert ids(getattr(swarm, which)) == before


@pytest.mark.parametrize("which", ["workers", "agents"])
def test_sets_unite_meet_and_differ_as_sets_do(which):
    agents = getattr(Swarm(), which)
    fast, slow = agents.select(lambda a: a.speed > 0.9), agents.select(lambda a: a.speed < 1.2)
    assert 0 < len(fast & slow) < min(len(fast), len(slow))
    assert set(ids(fast | slow)) == set(ids(agents))
    assert set(ids(fast - slow)) == set(ids(fast)) - set(ids(slow))
    assert set(ids(fast ^ slow)) == set(ids(fast)) ^ set(ids(slow))
    assert (fast | slow) == agents
    assert fast <= agents
    assert isinstance(fast | slow, type(agents))
    fast |= slow
    fast -= slow
    assert fast.isdisjoint(slow)


def test_agents_that_do_not_belong_are_refused():
    swarm, other = Swarm(), Swarm()
    for stranger in (other.workers[0], swarm.agents[0]):
        with pytest.raises(ConfigError, match="no worker of this model"):
            swarm.workers.add(stranger)
        assert stranger not in swarm.workers
    with pytest.raises(ConfigError, match="another model"):
        swarm.agents.add(other.workers[0])
    with pytest.raises(ConfigError, match="no worker of this model"):
        swarm.workers | [swarm.agents[0]]


def test_rows_that_are_empty_or_given_twice_count_once_or_not():
    swarm = Swarm(workers=4)
    live = swarm.fleet.live()
    empty = np.flatnonzero(swarm.fleet.column("uid") == 0)[:2]
    some = WorkerSet(swarm, np.concatenate([live[::-1], empty, live]))
    assert some.rows.tolist() == live[::-1].tolist()


def test_a_mask_of_the_wrong_sort_is_refused():
    swarm = Swarm()
    for mask in (np.ones(11, bool), np.arange(12)):
        with pytest.raises(ConfigError, match="mask"):
            swarm.workers.select(mask=mask)


@pytest.mark.parametrize("which", ["workers", "agents"])
def test_shuffles_come_from_the_generator_of_the_model_and_permute(which):
    one, two = Swarm(rng=3), Swarm(rng=3)
    first, second = getattr(one, which).shuffle(), getattr(two, which).shuffle()
    assert ids(first) == ids(second)
    assert ids(first) != ids(getattr(one, which))
    assert sorted(ids(first)) == sorted(ids(getattr(one, which)))
    met = []
    getattr(one, which).shuffle_do(lambda agent: met.append(agent.unique_id))
    assert sorted(met) == sorted(ids(first)) != met
    assert one.random.random() == two.random.random()


def test_missing_attributes_are_an_error_or_a_default_as_in_mesa():
    swarm = Swarm(workers=2, nodes=1)
    with pytest.raises(AttributeError, match="rank"):
        swarm.agents.get("rank")
    with pytest.raises(AttributeError):
        swarm.workers.get(["speed", "rank"])
    assert swarm.agents.get(["rank", "state"], handle_missing="default", default_value=0) == [
        ["lead", 0],
        [0, "starting"],
        [0, "starting"],
    ]
    assert swarm.agents.agg("rank", len, handle_missing="default") == 3
    for agents in (swarm.agents, swarm.workers):
        with pytest.raises(ValueError, match="handle_missing"):
            agents.get("speed", handle_missing="maybe")


# --- against ordinary Mesa agents -----------------------------------------------------------------------

OPERATIONS = ["filter", "mask", "first", "share", "sort", "sort_text", "set", "halve", "group", "shuffle"]
OPERATIONS += ["remove", "spawn", "discard", "add", "everyone", "retype", "key"]


def everyone_of(swarm, plain, which):
    ours = getattr(swarm, which).sort("unique_id", ascending=True)
    theirs = plain.agents if which == "agents" else plain.agents_by_type.get(Plain, ())
    return ours, AgentSet(theirs, plain.random)


def operate(name, n, flag, swarm, plain, which, ours, theirs):
    """Do the same to both; what comes back is the pair of sets to go on with."""
    match name:
        case "filter":
            return tuple(s.select(lambda a: a.speed > n / 6, at_most=n, inplace=flag) for s in (ours, theirs))
        case "mask":
            fast = {a.unique_id for a in theirs if a.speed < n / 4}
            mask = np.array([u in fast for u in ids(ours)], bool)
            return ours.select(mask=mask), theirs.select(lambda a: a.unique_id in fast)
        case "first" | "share":
            limit = n if name == "first" else n / 8
            return tuple(s.select(at_most=limit, inplace=flag) for s in (ours, theirs))
        case "sort" | "sort_text" | "key":
            by = {"sort": "speed", "sort_text": "kind", "key": lambda a: -a.unique_id % 3}[name]
            return tuple(s.sort(by, ascending=flag, inplace=n > 4) for s in (ours, theirs))
        case "set":
            return ours.set("speed", 2.0 ** (n - 4)), theirs.set("speed", 2.0 ** (n - 4))
        case "halve":
            return ours.do("halve"), theirs.do("halve")
        case "group":
            groups = [
                s.groupby("kind" if flag else (lambda a: a.unique_id % 2)).groups for s in (ours, theirs)
            ]
            assert list(groups[0]) == list(groups[1])
            return [list(g.values())[n % len(g)] for g in groups] if groups[0] else (ours, theirs)
        case "shuffle":
            ours = ours.shuffle(inplace=flag)
            place = {uid: i for i, uid in enumerate(ids(ours))}
            return ours, theirs.sort(lambda a: place[a.unique_id], ascending=True)
        case "remove":
            for s in (ours, theirs):
                s.select(at_most=n // 2).do("remove")
            return ours, theirs
        case "spawn":
            for row in swarm.fleet.spawn(min(n // 3, swarm.fleet.room()), 0.0).tolist():
                Plain(plain, view(Runner, swarm, row, swarm.fleet.column("uid")[row].item()))
            return ours, theirs
        case "discard":
            for s in (ours, theirs):
                for agent in s.to_list()[n : n + 1]:
                    s.discard(agent)
            return ours, theirs
        case "add":
            for s, pool in zip((ours, theirs), everyone_of(swarm, plain, which), strict=True):
                for agent in pool.to_list()[n : n + 1]:
                    s.add(agent)
            return ours, theirs
        case "retype":
            kinds = (Worker, Plain) if which == "workers" or flag else (Node, Node)
            return tuple(s.select(agent_type=k) for s, k in zip((ours, theirs), kinds, strict=True))
        case "everyone":
            return everyone_of(swarm, plain, which)


@settings(deadline=None, max_examples=200, database=None, derandomize=True)
@given(
    which=st.sampled_from(["workers", "agents"]),
    script=st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 8), st.booleans()), min_size=1, max_size=9
    ),
)
def test_any_sequence_of_operations_gives_what_ordinary_agents_give(which, script):
    swarm = Swarm(workers=9, nodes=3)
    plain = PlainSwarm(swarm)
    ours, theirs = everyone_of(swarm, plain, which)
    for name, n, flag in script:
        ours, theirs = operate(name, n, flag, swarm, plain, which, ours, theirs)
        if isinstance(ours, WorkerSet):
            which = "workers"
        assert isinstance(ours, AbstractAgentSet)
        assert ids(ours) == ids(theirs) == ours.get("unique_id")
        assert len(ours) == len(theirs)
        names = ["kind", "cluster", "skills"]
        assert ours.get(names, handle_missing="default") == theirs.get(names, handle_missing="default")
        assert ours.get("speed") == pytest.approx(theirs.get("speed"))
        assert ours.map(lambda a: a.kind) == theirs.map(lambda a: a.kind)
        assert ours.groupby("kind").count() == theirs.groupby("kind").count()
        means, expected = (s.groupby("kind").agg("speed", np.mean) for s in (ours, theirs))
        assert means == pytest.approx(expected)
        if len(ours):
            assert ours.agg("speed", [min, max, np.sum]) == pytest.approx(
                theirs.agg("speed", [min, max, np.sum])
            )
    assert sorted(ids(swarm.agents)) == sorted(ids(plain.agents))


# --- the model ------------------------------------------------------------------------------------------


def test_a_model_shows_structural_agents_and_workers_together():
    swarm = Swarm(workers=5, nodes=2)
    assert isinstance(swarm.agents, AllAgents)
    assert isinstance(swarm.agents_by_type[Runner], WorkerSet)
    assert swarm.agent_types == [Node, Runner]
    assert swarm.agents_by_type[Runner] == swarm.workers
    assert [type(a) for a in swarm.agents] == [Node] * 2 + [Runner] * 5
    assert len(swarm.agents) == 7
    assert isinstance(swarm.agents.select(agent_type=Runner), WorkerSet)
    assert ids(swarm.agents.select(agent_type=Node)) == [1, 2]
    assert swarm.agents.groupby("kind").count()["node"] == 2
    assert random.Random(1).choice(swarm.agents) in swarm.agents
    with pytest.raises(AttributeError, match="cannot be set"):
        swarm.agents = []


def test_a_model_without_a_fleet_yet_is_an_ordinary_model():
    class Young(ArrayPopulation):
        pass

    model = Young(rng=1)
    node = Node(model)
    assert list(model.agents) == [node]
    assert model.agent_types == [Node]
    assert model.agent_id_counter == 2
    model.remove_all_agents()
    assert len(model.agents) == 0


@pytest.mark.parametrize("fleet_first", [True, False])
def test_ids_are_never_used_again_and_never_shared(fleet_first):
    swarm = Swarm(workers=0, nodes=3)
    fleet = Fleet.empty(4, 8, MAKEUP, np.uint64(5))
    if fleet_first:
        swarm.fleet = fleet
        fleet.next_uid = swarm.agent_id_counter
    else:
        fleet.next_uid = swarm.agent_id_counter
        swarm.fleet = fleet
    seen = ids(swarm.agents)
    for _ in range(6):
        rows = fleet.spawn(4, 0.0)
        seen += [*fleet.column("uid")[rows].tolist(), Node(swarm).unique_id]
        swarm.workers.select(at_most=2).do("remove")
    assert len(seen) == len(set(seen)) == 33
    assert swarm.agent_id_counter == 34
    assert len(set(ids(swarm.agents))) == len(swarm.agents)


def test_the_workers_go_through_the_door_of_the_model_when_they_are_removed():
    class Counting(Swarm):
        def retire_workers(self, rows):
            self.retired = [*getattr(self, "retired", []), rows.tolist()]
            super().retire_workers(rows)

    swarm = Counting(workers=8)
    rows = swarm.workers.rows.tolist()
    swarm.workers[0].remove()
    swarm.workers.select(at_most=3).do("remove")
    swarm.agents.do("remove")
    assert swarm.retired == [rows[:1], rows[1:4], rows[4:]]
    assert len(swarm.agents) == len(swarm.fleet) == swarm.fleet.size.sum() == 0


def test_draining_workers_are_agents_until_the_fleet_sweeps_them():
    swarm = Swarm(workers=4)
    swarm.fleet.column("state")[swarm.workers.rows[:1]] = DRAINING
    assert swarm.workers.groupby("state").count() == {"draining": 1, "starting": 3}
    swarm.fleet.spawn(1, 0.0, state=WARM)
    assert swarm.workers.agg("free_at", max) == np.inf


def test_observers_hear_once_of_many_workers():
    swarm = Swarm(workers=4)
    heard = []

    def listen(signal):
        (workers,) = signal.additional_kwargs["args"]
        heard.append((signal.signal_type, len(workers), signal.additional_kwargs["unique_ids"].tolist()))

    swarm.observe("agents", [ModelSignals.AGENT_ADDED, ModelSignals.AGENT_REMOVED], listen)
    rows = swarm.fleet.spawn(3, 0.0)
    announce_added(swarm, rows)
    new = swarm.fleet.column("uid")[rows].tolist()
    WorkerSet(swarm, rows).do("remove")
    assert heard == [(ModelSignals.AGENT_ADDED, 3, new), (ModelSignals.AGENT_REMOVED, 3, new)]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_mesas_datacollector_tells_the_same_of_workers_as_of_ordinary_agents():
    swarm = Swarm()
    plain = PlainSwarm(swarm)
    frames = []
    for model, kind in ((swarm, Runner), (plain, Plain)):
        collector = mesa.DataCollector(
            model_reporters={"mean": lambda m: m.agents.agg("speed", np.mean)},
            agent_reporters={"speed": "speed"},
            agenttype_reporters={kind: {"kind": "kind", "skills": lambda a: a.skills}},
        )
        for _ in range(2):
            model.step()
            model.agents.do("halve")
            collector.collect(model)
        frames.append(
            (
                collector.get_model_vars_dataframe(),
                collector.get_agent_vars_dataframe(),
                collector.get_agenttype_vars_dataframe(kind),
            )
        )
    for ours, theirs in zip(*frames, strict=True):
        assert ours.index.equals(theirs.index)
        for name in ours:
            values, expected = ours[name].tolist(), theirs[name].tolist()
            assert values == (expected if name in ("kind", "skills") else pytest.approx(expected))
    assert len(frames[0][1]) == 2 * 15


def test_a_collector_for_worker_finds_the_workers_of_a_subclass():
    swarm = Swarm()
    collector = mesa.DataCollector(agenttype_reporters={Worker: {"speed": "speed"}})
    collector.collect(swarm)
    assert len(collector.get_agenttype_vars_dataframe(Worker)) == 12


def test_columns_cost_no_view_whatever_the_number_of_agents(monkeypatch):
    swarm = Swarm(workers=32)

    def refuse(*_args):
        raise AssertionError("a view was made")

    monkeypatch.setattr("swarmscale.agents.worker_set.view", refuse)
    monkeypatch.setattr("swarmscale.agents.all_agents.view", refuse)
    for agents in (swarm.workers, swarm.agents, swarm.agents.sort("speed")):
        agents.array("speed")
        agents.agg("speed", [np.mean, max])
        agents.set("speed", 1.0)
        some = agents.select(mask=np.arange(len(agents)) % 2 == 0)
        some.groupby("kind").agg("speed", np.mean)
        some.sort("kind").shuffle(inplace=True).get(["unique_id", "speed"])
        some.copy().do("step")
        agents.select(agent_type=Worker)
    with pytest.raises(AssertionError, match="a view was made"):
        list(swarm.workers)
