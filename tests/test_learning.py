"""Learning from practice: the power law, what stands in the fleet for it, what it is worth, and that off is off."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from scipy import stats

import swarmscale as ss
from swarmscale.agents.cognition import profiles
from swarmscale.agents.columns import write_skills
from swarmscale.agents.fleet import BUSY, DRAINING
from swarmscale.errors import ConfigError
from swarmscale.model.build import build_rule
from swarmscale.model.config import Config
from swarmscale.model.flow.ledger import FINISH, START, Count
from swarmscale.model.flow.lessons import Lessons
from swarmscale.model.learning.practice import PowerLaw, bring_up_to_date
from swarmscale.model.learning.series import velocity

from .flow_support import plain, run
from .test_flow_invariants import (
    BLIND,
    EVENTS,
    SPANS,
    TICKS,
    check_books,
    check_log,
    check_messages,
    check_states,
    scenarios,
)

LEARNS = {
    "learning.on": True,
    "fleet.skill_own": (0.5, 0.7),
    "fleet.skill_other": (0.3, 0.6),
    "intelligence.on": False,
}
UNLIKE = LEARNS | {"fleet.speed_cv": 0.3, "demand.load": 0.45, "seconds": 600.0}
EVERY_KIND = ("individual", "collaborative", "collective", "emergent")


# -- the power law ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alpha", "n0", "floor"), [(0.0, 20.0, 1.0), (0.3, 20.0, 1.0), (0.6, 5.0, 1.5)])
def test_practice_shortens_time_as_the_power_law_says(alpha, n0, floor):
    """Closed form at 1e-12, for skills on both sides of the floor."""
    law = PowerLaw(alpha=alpha, n0=n0, floor=floor)
    n = np.arange(0, 5000, 7)
    for skill0 in (0.2, 0.5, 0.8, 1.0):
        time0 = 1 / skill0
        wanted = [floor + (time0 - floor) * (1 + k / n0) ** -alpha if time0 > floor else time0 for k in n]
        assert 1 / law.skill(np.full(len(n), skill0), n) == pytest.approx(wanted, rel=1e-12)


def forced(law, tasks, *, born=102, method=255, efficiency=(1.0,)):
    """Skill in 1/255 of one agent after each of a forced sequence of numbers of tasks."""
    uid, one = np.ones((1, 1), np.int64), np.ones((1, 1), np.uint8)
    skill = np.full((1, 6, 1), born, np.uint8)
    first, written = skill.copy(), skill.copy()
    touched, out = np.zeros(1, np.uint8), []
    for n in tasks:
        practice = np.full((1, 6, 1), n, np.uint16)
        bring_up_to_date(
            uid, uid == 0, 6 * one, practice, first, written, np.full((1, 1), method, np.uint8),
            np.array(efficiency), law.curve(), law.floor, skill, touched,
        )  # fmt: skip
        out.append(int(skill[0, 0, 0]))
    return out


def test_a_forced_sequence_of_tasks_gives_the_skills_of_the_closed_form():
    """Every stored skill is the closed form rounded to a whole step; alpha = 0 moves none."""
    law, tasks = PowerLaw(alpha=0.4, n0=10.0), [0, 1, 5, 20, 100, 1000, 65_535]
    wanted = np.rint(255 * law.skill(np.full(len(tasks), 102 / 255), np.array(tasks)))
    assert forced(law, tasks) == wanted.tolist()
    assert forced(PowerLaw(alpha=0.0), tasks) == [102] * len(tasks)


def test_a_forced_sequence_under_a_law_that_is_a_twentieth_off_is_found_out():
    """The planted fault: 5 % less of an exponent gives other skills."""
    tasks = [20, 100, 1000]
    assert forced(PowerLaw(alpha=0.4 * 0.95), tasks) != forced(PowerLaw(alpha=0.4), tasks)


def test_a_method_multiplies_what_practice_gives():
    law = PowerLaw(alpha=0.4, n0=10.0)
    level = 255 * law.skill(np.array([102 / 255]), np.array([100]))[0]
    assert forced(law, [100], method=1, efficiency=(1.0, 0.8)) == [round(level * 0.8)]


# -- counters ---------------------------------------------------------------------------------------------


def test_practice_counts_each_task_that_an_agent_began():
    """Against the log of every task: begun = finished + interrupted + in hand, agent by agent and type by type."""
    config = Config().changed(
        SPANS | BLIND | {"records.trace_tasks": 1.0, "dispatch.rule": "jsq", "fleet.type_shares": (1.0,) * 6}
    )
    began: dict[int, int] = {}

    def between(flow, tick, now):
        if tick == 0:
            flow.lessons = Lessons.empty(flow.fleet.clusters, flow.fleet.slots, 2)
        if tick in (5, 11, 17):
            rows = np.flatnonzero(flow.fleet.column("state") == BUSY)[: 5 + tick]
            flow.interrupt(rows, now)
            flow.fleet.fail(rows)
            flow.fleet.recover(rows, now + 2.0)

    one = run(config, 4, 30.0, between=between)
    at = one.log.stage == START
    for row in one.log.place[at].tolist():
        began[row] = began.get(row, 0) + 1
    state = one.flow.fleet.column("state")
    in_hand = ((state == BUSY) | (state == DRAINING)).astype(int)
    counted = one.flow.lessons.practice.sum(axis=1).reshape(-1) + in_hand
    assert {row: int(n) for row, n in enumerate(counted) if n} == began
    assert one[Count.INTERRUPTED] > 10
    assert one.flow.lessons.first[:, 1].sum() <= one[Count.INTERRUPTED]


def test_the_sums_of_finished_tasks_are_those_of_the_ledger():
    config = Config().changed(SPANS | BLIND | {"records.trace_tasks": 1.0})

    def between(flow, tick, now):
        if tick == 0:
            flow.lessons = Lessons.empty(flow.fleet.clusters, flow.fleet.slots, 2)

    one = run(config, 4, 30.0, between=between)
    sums = one.flow.lessons.sums
    assert sums[..., 0].sum() == one[Count.COMPLETED] == (one.log.stage == FINISH).sum()
    assert sums[..., 1].sum() == one[Count.SERVICE_T]
    assert (sums[..., 0].sum(axis=1) == one.flow.state.completed).all()


def test_counting_changes_nothing_that_happens():
    """The same counts, histograms and messages with counters and without."""
    config = Config().changed(SPANS | BLIND | {"dispatch.rule": "jsq"})

    def count(flow, tick, now):
        if tick == 0:
            flow.lessons = Lessons.empty(flow.fleet.clusters, flow.fleet.slots, 2)

    off, on = run(config, 4, 30.0), run(config, 4, 30.0, between=count)
    assert (off.count == on.count).all()
    assert (off.hist == on.hist).all()
    assert off.flow.lessons.practice.size == 0 < on.flow.lessons.practice.sum()


def test_new_agents_begin_without_practice_and_keep_their_skill_at_birth():
    """Also in rows that others had."""
    model = ss.SwarmModel("tiny", rng=3, **LEARNS).run(60.0)
    fleet, learner = model.fleet, model.learner
    rows = fleet.live()[:30]
    practiced = model.flow.lessons.practice.sum(axis=1).reshape(-1)
    assert practiced[rows].sum() > 30
    model.retire_workers(rows)
    new = model.spawn(30, start_s=5.0)
    assert np.intersect1d(rows, new).size > 0
    born = fleet.rows.skill[new // fleet.slots, :, new % fleet.slots].copy()
    model.run(10.0)
    assert (learner.born[new // fleet.slots, :, new % fleet.slots] == born).all()
    assert (model.flow.lessons.owner.reshape(-1)[new] == fleet.column("uid")[new]).all()
    assert model.flow.lessons.practice.sum(axis=1).reshape(-1)[new].max() <= 12


def test_a_skill_that_somebody_sets_is_the_skill_at_birth_from_then_on():
    model = ss.SwarmModel("tiny", rng=3, **LEARNS).run(60.0)
    row = model.fleet.live()[7:8]
    q, s = divmod(int(row[0]), model.fleet.slots)
    write_skills(model.fleet, row, np.full(6, 0.4))
    model.run(10.0)
    assert (model.learner.born[q, :, s] == 102).all()
    assert model.flow.lessons.practice[q, :, s].max() <= 12


# -- off is off, and resumed is straight ------------------------------------------------------------------


def test_without_learning_nothing_is_counted_and_no_array_is_kept():
    model = ss.SwarmModel("tiny", rng=5).run(20.0)
    assert model.learner is None
    assert not model.flow.lessons.on
    assert sum(a.nbytes for a in model.flow.lessons) == 0


def test_learning_that_teaches_nothing_leaves_every_record_as_it_is():
    """alpha = 0 and no methods: all that agents do is bit for bit what it is without learning."""
    keys = UNLIKE | {"dispatch.rule": "jsq"}
    off = ss.SwarmModel("tiny", rng=5, **(keys | {"learning.on": False})).run(60.0)
    on = ss.SwarmModel("tiny", rng=5, **(keys | {"learning.alpha": 0.0, "learning.mode": "individual"})).run(
        60.0
    )
    pd.testing.assert_frame_equal(off.records.frame(), on.records.frame())
    for a, b in zip(off.fleet.rows, on.fleet.rows, strict=True):
        assert np.array_equal(a, b)


def eventful(model):
    model.spawn(60, start_s=7.0)  # clusters are added
    model.fail_workers(model.fleet.live()[10:20], repair_s=12.0)
    model.drain_workers(model.fleet.live()[40:50])
    model.cut_link(0, 1)
    model.kill_node(2)
    return model


@pytest.mark.parametrize("mode", EVERY_KIND)
def test_a_resumed_run_that_learns_equals_the_straight_one_in_another_process(mode, tmp_path):
    keys = LEARNS | {"learning.mode": mode, "dispatch.rule": "learned", "demand.load": 0.6}
    path = tmp_path / "a.safetensors"
    straight = eventful(ss.SwarmModel("tiny", rng=5, **keys).run(34.0)).run(13.0)
    straight.save(path)
    code = (
        "import sys, swarmscale as ss\nm = ss.SwarmModel.load(sys.argv[1]).run(33.0)\nm.save(sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), str(tmp_path / "b.safetensors")], check=True)
    straight.run(33.0)
    there = ss.SwarmModel.load(tmp_path / "b.safetensors")
    pd.testing.assert_frame_equal(straight.records.frame(), there.records.frame())
    assert straight.fleet.clusters > 8
    mine, theirs = straight.learner.arrays(), there.learner.arrays()
    assert all(np.array_equal(mine[n], theirs[n], equal_nan=mine[n].dtype.kind == "f") for n in mine)
    assert all(np.array_equal(a, b) for a, b in zip(straight.flow.lessons, there.flow.lessons, strict=True))
    assert repr(straight.learner.series) == repr(there.learner.series)
    straight.save(tmp_path / "c.safetensors")
    assert (tmp_path / "c.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_nothing_vanishes_while_somebody_counts(scenario):
    """The books of :mod:`test_flow_invariants` with counters on, in any scenario."""
    config, seed, events = scenario
    clock = {"end": 0.0}

    def between(flow, tick, now):
        clock["end"] = now + config.dt
        if tick == 0:
            flow.lessons = Lessons.empty(flow.fleet.clusters, flow.fleet.slots, 2)
        for _, kind, pick in [e for e in events if e[0] == tick]:
            EVENTS[kind](flow, pick, now)
            flow.clusters = build_rule(config, flow.fleet.size)

    def after(flow, summed):
        check_books(flow, summed)
        check_states(flow, clock["end"])

    one = run(config, seed, TICKS * config.dt, between=between, after=after)
    ended = one[Count.COMPLETED] - one[Count.CACHE_HITS]
    assert one.flow.lessons.sums[..., 0].sum() == one.flow.state.completed.sum() == ended
    check_log(one)
    check_messages(one, config)


# -- what it is worth -------------------------------------------------------------------------------------


def figures(seed, **more):
    """Mean service time per second of work and p95 of response in the second half, and all arrivals."""
    model = ss.SwarmModel("tiny", rng=seed, **(UNLIKE | {"records.warm_up_s": 300.0} | more)).run()
    raw = model.records.raw(300)
    service, useful = raw.count(Count.SERVICE_T).sum(), raw.count(Count.WORK_STARTED_T).sum()
    arrived = model.records.column("arrived").tolist(), int(raw.count(Count.WORK_ARRIVED_T).sum())
    return service / useful, model.summary()["response_p95_s"].value, arrived


def paired(changes, twin, seeds=range(6)):
    """Differences of the figures over the same seeds: mean service time, p95 of response."""
    one = [figures(seed, **changes) for seed in seeds]
    two = [figures(seed, **twin) for seed in seeds]
    assert [a[2] for a in one] == [b[2] for b in two], "both meet the same arrivals"
    return np.array([a[:2] for a in one]), np.array([b[:2] for b in two])


def test_a_fleet_that_learns_serves_and_answers_sooner():
    """Paired t over six seeds: mean service time and p95 of response fall beyond the 99.9 % interval."""
    on, off = paired({}, {"learning.on": False})
    t = stats.ttest_rel(on, off, axis=0).statistic
    assert (t < stats.t.ppf(0.001, 5)).all(), (t, on.mean(axis=0), off.mean(axis=0))


def test_a_fleet_whose_practice_does_nothing_is_no_faster():
    """The twin with alpha = 0: no difference at all, so the check above can fail."""
    on, off = paired({"learning.alpha": 0.0}, {"learning.on": False}, range(2))
    assert (on == off).all()


# -- what others are told ---------------------------------------------------------------------------------


def test_the_velocity_of_an_exact_power_law_is_its_exponent():
    """ln 2 times the exponent for each doubling; noise gives an interval that holds it."""
    n = np.arange(10.0, 2000.0, 40.0)
    slope, low, high = velocity(n, 2.0 * n**-0.25)
    assert (slope, low, high) == pytest.approx((-0.25 * np.log(2),) * 3, rel=1e-9)
    draws = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        _, low, high = velocity(n, 2.0 * n**-0.25 * np.exp(0.05 * draws.standard_normal(len(n))))
        held += low <= -0.25 * np.log(2) <= high
    assert 0.86 <= held / 200 <= 0.99
    assert np.isnan(velocity(n[:3], n[:3])).all()


def test_learning_has_a_velocity_and_practice_without_effect_has_none():
    """The factor never exceeds 1 and ends near what skills in the fleet have gained; without effect it is 1."""
    fast = ss.SwarmModel("tiny", rng=2, **UNLIKE).run().learner
    still = ss.SwarmModel("tiny", rng=2, **(UNLIKE | {"learning.alpha": 0.0})).run().learner
    slope, low, high = fast.velocity()
    assert low <= slope <= high < 0
    factors = np.array([row.factor for row in fast.series])
    assert (factors <= 1).all()
    assert (np.diff(factors) < 0.02).all()
    assert 1 / factors[-1] - 1 == pytest.approx(fast.series[-1].gain, rel=0.5)
    assert [row.factor for row in still.series] == [1.0] * 60
    assert still.velocity() == (0.0, 0.0, 0.0)


def test_latent_skill_rises_for_the_functions_of_practiced_types():
    model = ss.SwarmModel("tiny", rng=2, **UNLIKE).run(100.0)
    rows = model.fleet.live()
    gain = model.learner.learned_skill(rows)
    asked = profiles()[np.unique(model.flow.demand.marks.class_type)].any(axis=0)
    assert (gain[:, asked].mean(axis=0) > 0.01).all()
    assert not gain[:, ~asked].any()
    innate = model.population.people(model.fleet.column("uid")[rows], model.fleet.column("kind")[rows]).skill
    assert model.people(rows).skill == pytest.approx(innate + gain)


def test_latent_gain_is_the_closed_form_of_the_best_type():
    model = ss.SwarmModel("tiny", rng=2, **(UNLIKE | {"learning.transfer": 2.0})).run(100.0)
    row = model.fleet.live()[:1]
    q, s = divmod(int(row[0]), model.fleet.slots)
    in_hand = np.zeros(6, int)
    if model.fleet.rows.state[q, s] in (BUSY, DRAINING):
        kind = model.flow.demand.marks.class_type[model.flow.hands.meta[q, s] & 15]
        in_hand[kind] = 1
    skill0 = model.learner.born[q, :, s] / 255
    gain = np.log(model.learner.law.skill(skill0, model.flow.lessons.practice[q, :, s] + in_hand) / skill0)
    wanted = 2.0 * np.where(profiles(), gain[:, None], 0.0).max(axis=0)
    assert model.learner.learned_skill(row)[0] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "value"), [("learning.alpha", -0.1), ("learning.floor", 0.5), ("learning.methods.number", 1)]
)
def test_settings_of_learning_that_make_no_sense_are_refused(key, value):
    with pytest.raises(ConfigError, match=key):
        plain(**{key.replace(".", "__"): value})
