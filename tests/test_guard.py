"""The guard: a controller that throws or hangs is set aside and begun again, and never stops the model."""

import logging
import threading
from dataclasses import dataclass, field
from itertools import count
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.errors import ConfigError
from swarmscale.model.integration.holding import Held, copied
from swarmscale.model.integration.overall import overall_health
from swarmscale.model.memory import dump
from swarmscale.model.resilience.incidents import Incident
from swarmscale.model.sharding.exchange import Table
from swarmscale.model.sharding.whole import digest

KEYS = {"intelligence.on": False, "emergence.on": False, "seconds": 10_000.0, "fleet.agents": 100}


def model(**changes):
    return ss.SwarmModel("tiny", rng=5, **(KEYS | changes))


@dataclass(eq=False)
class Worker:
    """A user's controller that fails when it is told to."""

    period_s: float = 5.0
    order: int = 50
    fails: list = field(default_factory=list)
    error: type = ValueError
    times: list = field(default_factory=list)
    done: int = 0

    def act(self, model):
        self.times.append(model.now_s)
        self.done += 1
        if self.fails and self.fails.pop(0):
            raise self.error("it is broken")

    def memory(self):
        return {"done": self.done}

    def remember(self, memory):
        self.done = memory["done"]


def with_worker(*fails, seconds=60.0, error=ValueError, period_s=5.0, **changes):
    m, worker = model(**changes), Worker(period_s=period_s, fails=list(fails), error=error)
    m.add_controller(worker)
    return m.run(seconds), worker


def opened(m, target="a controller"):
    incident = Incident(
        key="1", fault="controller-stall", layer="integration", target=target, size=1, begins_s=m.now_s
    )
    return m.resilience.log.open(incident), incident


# -- what it throws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, ConfigError, ZeroDivisionError, AssertionError])
def test_a_controller_that_throws_does_not_stop_the_model(error, caplog):
    m, worker = with_worker(True, error=error)
    assert m.now_s == 60.0
    assert worker.times[:2] == [5.0, 15.0]  # begun again after 10 s
    (record,) = m.guard.records
    assert (record.time_s, record.controller) == (5.0, "worker")
    assert record.text == f"{error.__name__}: it is broken"
    assert "raise self.error" in record.trace
    assert "worker at 5 s" in caplog.text


def test_an_interrupt_of_the_user_passes():
    with pytest.raises(KeyboardInterrupt):
        with_worker(True, error=KeyboardInterrupt)


@pytest.mark.parametrize("off", ["resilience.on", "resilience.health.on", "resilience.health.isolate"])
def test_where_nothing_is_isolated_exceptions_end_the_run(off):
    with pytest.raises(ValueError, match="it is broken"):
        with_worker(True, **{off: False})


def test_the_state_it_had_is_put_back():
    m, worker = with_worker(False, True)
    assert worker.times[:2] == [5.0, 10.0]
    assert worker.done == len(worker.times) - 1
    assert m.guard.records[0].put_back


def test_waits_double_up_to_the_longest_and_begin_anew_after_it_ran_well():
    fails = [True] * 4 + [False] * 9 + [True]
    _, worker = with_worker(*fails, seconds=260.0, **{"resilience.health.longest_s": 40.0})
    gaps = np.diff(worker.times).tolist()
    assert gaps[:4] == [10.0, 20.0, 40.0, 40.0]
    assert gaps[4:13] == [5.0] * 9
    assert gaps[13] == 10.0  # it had run well for as long as it had waited


def test_one_that_fails_again_before_it_ran_well_for_long_waits_longer():
    _, worker = with_worker(True, True, False, True, seconds=160.0)
    assert np.diff(worker.times)[:4].tolist() == [10.0, 20.0, 5.0, 40.0]


def test_a_missed_run_is_made_up_for_when_it_is_begun_again():
    _, worker = with_worker(True, seconds=70.0, period_s=30.0)
    assert worker.times == [30.0, 40.0, 60.0]


def test_one_that_acts_only_when_due_waits_for_its_turn():
    m, worker = model(), Worker(period_s=30.0, fails=[True])
    worker.only_when_due = True
    m.add_controller(worker)
    m.run(70.0)
    assert worker.times == [30.0, 60.0]


def test_without_recovery_it_is_set_aside_for_good():
    _, worker = with_worker(True, seconds=200.0, **{"resilience.recovery.on": False})
    assert worker.times == [5.0]


def test_what_throws_at_times_leaves_the_run_of_the_others_as_it_was():
    quiet = model(scaling="quantile").run(200.0)
    noisy, _ = with_worker(*[True] * 50, seconds=200.0, scaling="quantile")
    assert noisy.records.frame().equals(quiet.records.frame())
    assert dump(noisy.scaler.memory()) == dump(quiet.scaler.memory())


# -- the models own controllers -------------------------------------------------------------------------------


WHOLE = {
    "scaling": "quantile",
    "learning.on": True,
    "collective_memory.on": True,
    "resilience.admission.on": True,
}


def halfway(controller, monkeypatch):
    """Let a controller do all that it does and throw at its end."""
    acts = type(controller).act

    def act(self, model):
        acts(self, model)
        raise RuntimeError("at the end")

    monkeypatch.setattr(type(controller), "act", act)


@pytest.mark.parametrize(
    "name", ["scaler", "learner", "collective_memory", "admission", "health", "aggregator"]
)
def test_each_controller_of_the_model_is_as_it_was_before_the_act_that_failed(name, monkeypatch):
    m = model(**WHOLE).run(60.0)
    controller = getattr(m, name)
    before = dump(controller.memory())
    arrays = {n: a.copy() for n, a in controller.arrays().items()} if hasattr(controller, "arrays") else {}
    halfway(controller, monkeypatch)
    m.guard.turn(_name(m, controller), controller, m, due=True)
    assert m.guard.records[-1].text == "RuntimeError: at the end"
    assert dump(controller.memory()) == before
    for n, array in arrays.items():
        assert np.array_equal(array, controller.arrays()[n], equal_nan=True), n


def _name(m, controller):
    return m.guard.names()[[entry[3] for entry in m.dispatcher._entries].index(controller)]


def test_a_copied_memory_shares_nothing_that_changes():
    memory = {"a": [1, [2.0]], "b": np.arange(3), "c": (np.zeros(2), {"d": [1]})}
    kept = copied(memory)
    memory["a"][1].append(3.0)
    memory["b"][0] = 9
    memory["c"][0][0] = 9
    memory["c"][1]["d"].append(2)
    assert kept["a"] == [1, [2.0]]
    assert kept["b"].tolist() == [0, 1, 2]
    assert kept["c"][0].tolist() == [0, 0]
    assert kept["c"][1] == {"d": [1]}


def test_one_that_offers_no_memory_is_not_put_back():
    class Plain:
        pass

    assert not Held(Plain()).put_back()


# -- what hangs -----------------------------------------------------------------------------------------------


def test_a_stall_is_noticed_after_its_budget_and_the_controller_begun_again():
    m, worker = with_worker(seconds=12.0)
    number, incident = opened(m)
    m.guard.stall("worker", 500.0, number)
    m.run(60.0)
    assert worker.times[:4] == [5.0, 10.0, 30.0, 35.0]
    assert incident.found_s == 20.0  # due at 15 s, with a period of 5 s
    assert incident.recovered_s == 30.0
    assert m.guard.records[-1].text == "worker hangs since 15 s"
    assert m.guard.state("worker") == "well"


def test_a_short_stall_is_over_before_it_is_noticed():
    m, worker = with_worker(seconds=12.0)
    number, incident = opened(m)
    m.guard.stall("worker", 18.0, number)
    m.run(30.0)
    assert worker.times[:4] == [5.0, 10.0, 18.0, 20.0]
    assert not incident.found
    assert incident.recovered_s == 18.0
    assert m.guard.component_health()["worker"] == 1.0  # within its period


def test_a_stall_in_which_nothing_was_due_does_no_harm():
    m, worker = with_worker(seconds=11.0)
    number, incident = opened(m)
    m.guard.stall("worker", 14.0, number)
    m.run(30.0)
    assert worker.times[:4] == [5.0, 10.0, 15.0, 20.0]
    assert (incident.found, incident.recovered_s) == (False, 14.0)


def test_without_recovery_a_stall_lasts_as_long_as_it_lasts():
    m, worker = with_worker(seconds=12.0, **{"resilience.recovery.on": False})
    number, incident = opened(m)
    m.guard.stall("worker", 97.0, number)
    m.run(60.0)
    assert m.guard.state("worker") == "hung"
    m.run(40.0)
    assert worker.times[:4] == [5.0, 10.0, 97.0, 100.0]
    assert incident.found_s == 20.0
    assert incident.recovered_s == 97.0
    assert len(m.guard.records) == 1


def test_broken_on_purpose_it_throws_so_many_times_and_is_recovered_when_it_acts_again():
    m, worker = with_worker(seconds=12.0)
    number, incident = opened(m)
    m.guard.break_controller("worker", 2, number)
    m.run(80.0)
    assert worker.times[:3] == [5.0, 10.0, 45.0]  # at 15 s and 25 s it throws, and waits for 10 s and 20 s
    assert incident.found_s == 15.0
    assert incident.recovered_s == 45.0
    assert [text for _, text in incident.line][1:] == [
        "worker threw BrokenError: worker is broken",
        "worker acts again",
    ]


def test_both_at_once_are_made_good():
    m, _ = with_worker(seconds=12.0)
    (one, first), (two, second) = opened(m), opened(m)
    m.guard.stall("worker", 40.0, one)
    m.guard.break_controller("worker", 1, two)
    m.run(150.0)
    assert first.over
    assert second.over
    assert m.guard.state("worker") == "well"


def test_an_unknown_controller_is_refused():
    m = model()
    with pytest.raises(ConfigError, match="there is no controller clock; there are: metrics, coordinator"):
        m.guard.stall("clock", 10.0)


def test_controllers_of_one_name_are_told_apart():
    m = model()
    m.add_controller(Worker())
    m.add_controller(Worker())
    assert [name for name in m.guard.names() if "worker" in name] == ["worker", "worker 2"]


# -- health ---------------------------------------------------------------------------------------------------


def test_component_health_is_the_share_of_due_runs_done_in_time():
    m, _ = with_worker(
        *[True] * 3, seconds=60.0
    )  # 12 due; thrown at 5, 15 and 35 s, set aside for 10, 20 and 40 s
    assert m.guard.component_health()["worker"] == pytest.approx(0 / 12)
    m, _ = with_worker(False, False, True, seconds=60.0)  # thrown at 15 s, done again from 25 s on
    assert m.guard.component_health()["worker"] == pytest.approx(10 / 12)
    m.run(60.0)
    assert m.guard.component_health()["worker"] == 1.0


def test_overall_health_is_the_lowest_with_its_cause():
    m, _ = with_worker(False, False, True, seconds=60.0)
    whole = overall_health(m)
    assert whole.share == pytest.approx(10 / 12)
    assert whole.cause == "worker did 83% of its due runs in time"
    assert overall_health(model().run(30.0)) == (1.0, "")


def test_overall_health_names_the_edge_that_is_late():
    m = model(scaling="quantile")
    m.bus.repairs = False
    m.bus.disturb("metrics", "scaler", "drop", inf)
    m.run(100.0)
    whole = overall_health(m)
    assert whole.share < 1.0
    assert "metrics -> scaler" in whole.cause


def test_wall_clock_is_measured_and_told_and_kept_apart(monkeypatch, caplog):
    fast = with_worker(seconds=40.0)[0]
    clock = count(0.0, 7.0)  # each run takes 7 s
    monkeypatch.setattr("swarmscale.model.integration.guard.perf_counter", lambda: next(clock))
    with caplog.at_level(logging.WARNING):
        slow, _ = with_worker(seconds=40.0)
    assert slow.guard.wall_clock["worker"].longest_s == 7.0
    assert slow.guard.wall_clock["worker"].over == 7  # of eight runs; the first may compile kernels
    assert "worker took 7 s of wall-clock, longer than its period of 5 s" in caplog.text
    assert slow.guard.wall_clock["metrics"].over == 0
    assert dump(slow.guard.memory()) == dump(fast.guard.memory())
    assert slow.guard.component_health() == fast.guard.component_health()
    assert slow.records.frame().equals(fast.records.frame())


# -- whatever fails, whenever -----------------------------------------------------------------------------------

BLOWS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from(["stall", "break"]),
        st.integers(0, 40),
        st.integers(1, 60),
    ),
    max_size=6,
)


@settings(max_examples=10, deadline=None)
@given(blows=BLOWS)
def test_whatever_fails_the_model_goes_on_and_all_is_well_in_the_end(blows):
    keys = {"fleet.agents": 20, "scaling": "quantile", "resilience.health.longest_s": 20.0}
    m = model(**keys, **{"resilience.admission.on": True})
    numbers = []
    for wait, what, which, much in blows:
        m.run(float(wait))
        name = m.guard.names()[which % len(m.guard.names())]
        number, incident = opened(m, name)
        numbers.append(incident)
        if what == "stall":
            m.guard.stall(name, m.now_s + much, number)
        else:
            m.guard.break_controller(name, 1 + much % 3, number)
    m.run(400.0)
    assert all(incident.over for incident in numbers)
    assert {m.guard.state(name) for name in m.guard.names()} == {"well"}
    frame = m.records.frame()
    arrived, ended = frame.arrived.sum(), frame.completed.sum() + frame.dropped.sum()
    assert arrived == ended + frame.in_system.iloc[-1]


def test_a_model_goes_on_bit_for_bit_with_controllers_set_aside(tmp_path):
    straight = model(**WHOLE).run(31.0)
    straight.guard.break_controller("scaler", 2)
    straight.guard.stall("learner", 300.0)
    straight.run(12.0)
    assert straight.guard.state("scaler") == "aside"
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(80.0)
    resumed.run(80.0)
    assert resumed.records.frame().equals(straight.records.frame())
    assert resumed.dispatcher.state() == straight.dispatcher.state()
    assert dump(resumed.guard.memory()) == dump(straight.guard.memory())
    assert straight.guard.state("scaler") == "well"


# -- shards -----------------------------------------------------------------------------------------------------

SHARED = {"fleet.agents": 200, "scaling": "quantile", "seconds": 200.0}


def shards(size, work):
    """What a piece of work with the model of each shard gives; raises what the first of them raised."""
    table, out, errors = Table(size), [None] * size, []

    def one(rank):
        try:
            out[rank] = work(rank, ss.SwarmModel("tiny", rng=5, exchange=table.seat(rank), **(KEYS | SHARED)))
        except BaseException as error:
            errors.append(error)
            table.leave()

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return out


def broken_scaler(_, m):
    m.run(25.0)
    m.guard.break_controller("scaler", 2)
    m.guard.stall("metrics", 300.0)
    m.run(60.0)
    return digest(m), len(m.guard.records), [event.after for event in m.scaler.events]


def test_what_a_fault_injects_is_isolated_alike_in_all_shards():
    (one,) = shards(1, broken_scaler)
    assert one[1] == 3
    for other in shards(2, broken_scaler):
        assert other == one


def test_what_one_shard_throws_by_itself_ends_the_run():
    def work(rank, m):
        worker = Worker(fails=[rank == 1])
        worker.sharded = True
        m.add_controller(worker)
        return m.run(20.0)

    with pytest.raises(ValueError, match="it is broken"):
        shards(2, work)


def test_a_stall_has_no_end_before_it_began():
    m, _ = with_worker(seconds=12.0)
    assert isnan(m.guard.watched["worker"].hung_s)
    m.guard.stall("worker", 3.0)
    m.run(10.0)
    assert m.guard.state("worker") == "well"
    assert m.guard.component_health()["worker"] == 1.0
