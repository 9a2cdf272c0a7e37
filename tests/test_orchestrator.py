"""The orchestrator: a host advances a fleet, works it, breaks it and hears of it, and nothing of that can hurt it."""

import asyncio
import threading

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.agents.personality import SCORE_TRAITS, score_directions
from swarmscale.agents.squads import CAPABILITIES, KINDS
from swarmscale.model.hosting import OUTCOMES
from swarmscale.orchestrator import EVENTS, CallbackError, TaskSpec

OFF = {"intelligence": False, "optimization": False, "auto_scaling": False}
QUIET = {"emergence.on": False, "resilience.on": False}


def of(config="tiny", **how):
    return ss.Orchestrator(
        **({"config": config, "agents": 200, "max_agents": 800, "rng": 3} | OFF | QUIET | how)
    )


def test_it_is_a_context_that_builds_a_model_and_closes_it():
    fleet = of()
    with pytest.raises(ss.ConfigError, match="not built yet"):
        fleet.advance(1)
    with fleet as inside:
        assert inside is fleet
        assert fleet.advance(5).ticks == 5
        assert fleet.now_s == 5.0
    for call in (lambda: fleet.advance(1), lambda: fleet.submit(0, 1.0), lambda: fleet.scale_system(10)):
        with pytest.raises(ss.ConfigError, match="closed"):
            call()
    assert fleet.system_metrics().time_s == 5.0


def test_the_model_is_the_one_that_the_config_makes():
    with of() as fleet:
        fleet.advance(30)
    plain = ss.SwarmModel("tiny", rng=3, **QUIET, **{
        "intelligence.on": False, "fleet.agents": 200, "fleet.max_agents": 800, "scaling": "static"
    }).run(30)  # fmt: skip
    assert fleet.model.records.frame().equals(plain.records.frame())


# -- tasks of the host ---------------------------------------------------------------------------------------------


def test_tasks_come_back_once_with_the_time_that_they_took():
    with of() as fleet:
        fleet.rate(0)
        fleet.advance(20)
        rng = np.random.default_rng(1)
        before, tokens = fleet.model.records.ticks, []
        lots = []
        for _ in range(20):
            receipt = fleet.submit(
                "think", rng.exponential(1.0, 30) + 0.01, at_s=fleet.now_s + rng.random(30)
            )
            tokens += receipt.tokens.tolist()
            lots.append(fleet.advance(1))
        lots.append(fleet.advance(60))
    assert tokens == list(range(600))
    assert sorted(np.concatenate([one.token for one in lots]).tolist()) == tokens
    assert sum(one.completed for one in lots) == 600
    assert fleet.open == 0
    assert fleet.model.records.frame()["arrived"].iloc[before:].sum() == 600


def test_a_limit_pushes_back():
    with of(limit=40) as fleet:
        told = fleet.submit("think", np.full(100, 0.5))
        assert (told.accepted, told.refused) == (40, 60)
        advanced = fleet.advance(30)
        assert advanced.fates.counts()["refused"] == 60
        assert advanced.completed == 40


def test_ten_times_what_fits_is_dropped_with_reasons_and_the_fleet_stays_usable():
    with of(**{"cluster.queue": 50}) as fleet:
        n = 20_000
        fleet.submit("think", np.full(n, 3.0), at_s=fleet.now_s + np.linspace(0, 9.9, n))
        counts = fleet.advance(300).fates.counts()
        assert sum(counts.values()) == n
        assert counts["cluster_full"] > 1000
        assert set(counts) == set(OUTCOMES)
        fleet.submit("think", 1.0)
        assert fleet.advance(20).completed == 1


def test_a_host_that_never_advances_is_refused_nothing_and_loses_nothing():
    with of() as fleet:
        for _ in range(50):
            fleet.submit("talk", np.full(10, 0.1))
        assert fleet.open == 500
        assert fleet.advance(60).completed == 500


@pytest.mark.parametrize("rate", [-1, np.nan, np.inf, "much", None, True])
def test_a_rate_that_is_none_is_refused(rate):
    with of() as fleet, pytest.raises(ss.ConfigError, match="per_s = "):
        fleet.rate(rate)


def test_the_rate_is_the_mean_rate_from_then_on():
    with of() as fleet:
        fleet.rate(20)
        fleet.advance(300)
        arrived = fleet.model.records.frame()["arrived"].iloc[2:]
    assert abs(arrived.mean() - 20) < 4 * np.sqrt(20 / 298)


def test_a_source_without_a_rate_says_so():
    with of(**{"demand.source": "hosted"}) as fleet, pytest.raises(ss.ConfigError, match="use submit"):
        fleet.rate(5)


# -- the seed's calls ----------------------------------------------------------------------------------------------


def test_spawned_agents_are_of_the_kind_type_and_abilities_that_were_asked_for():
    with of() as fleet:
        told = fleet.spawn_agents(100, kind="enhanced", intelligence="social", capabilities=["analysis"])
        model = fleet.model
        rows = np.flatnonzero(np.isin(model.fleet.column("uid"), told.unique_ids))
        assert len(rows) == told.agents == 100
        assert (model.fleet.column("kind")[rows] == 4).all()
        skill = model.fleet.rows.skill[rows // model.fleet.slots, :, rows % model.fleet.slots] / 255
        own = KINDS["enhanced"].own
        assert skill[:, [0, 4]].min() >= own[0] - 1 / 255  # of its own type, and of what it is able to beside
        assert skill[:, 1].max() <= KINDS["enhanced"].other[1] + 1 / 255
        assert told.skill == pytest.approx(skill.mean())
        fleet.advance(40)
        model.cognition_graph()
        where = {model.assignment.function[row] for row in rows}
        names = CAPABILITIES["analysis"].functions
        assert where <= {ss_index(name) for name in names}
        assert told.functions == tuple(sorted(names, key=ss_index))


def ss_index(name):
    from swarmscale.agents.cognition import FUNCTIONS

    return FUNCTIONS.index(name)


def test_squads_cross_a_checkpoint(tmp_path):
    with of() as fleet:
        fleet.spawn_agents(50, intelligence="creative", capabilities=["planning"])
        fleet.advance(10)
        back = ss.SwarmModel.load(fleet.model.save(tmp_path / "a"))
    assert back.fleet.squads == fleet.model.fleet.squads
    assert back.run(20).records.frame().equals(fleet.model.run(20).records.frame())
    back.cognition_graph(), fleet.model.cognition_graph()
    assert (back.assignment.function == fleet.model.assignment.function).all()


def test_agents_bring_their_own_traits_which_act_through_the_paths_alone(tmp_path):
    rng = np.random.default_rng(2)
    traits = rng.normal(size=(400, 76)).astype(np.float32)
    with of(max_agents=2000) as fleet:
        told = fleet.spawn_agents(400, traits=traits)
        fleet.advance(40)
        model = fleet.model
        rows = np.flatnonzero(np.isin(model.fleet.column("uid"), told.unique_ids))
        rows = rows[np.argsort(model.fleet.column("uid")[rows])]
        people, kind = model.people(rows), model.fleet.column("kind")[rows]
        np.testing.assert_array_equal(model.population.traits(told.unique_ids, kind), traits)
        paths = model.config.intelligence.paths
        for i, name in enumerate(SCORE_TRAITS):
            part = traits @ score_directions()[:, i]
            figure = (
                model.population.general_skill(told.unique_ids, kind) if i == 0 else getattr(people, name)
            )
            latent = figure if i == 0 else np.log(figure / (1 - figure))
            found, path = np.corrcoef(part, latent)[0, 1], getattr(paths, name)
            size = part.std()  # unlike drawn ones, these traits hang together with nothing
            expected = path * size / np.sqrt((path * size) ** 2 + 1 - path**2)
            assert abs(np.arctanh(found) - np.arctanh(expected)) < 4 / np.sqrt(397)
        others = np.setdiff1d(np.flatnonzero(model.fleet.column("uid")), rows)
        with of(max_agents=2000) as plain:
            plain.spawn_agents(400)
            plain.advance(40)
            same = plain.model.people(others)
        np.testing.assert_array_equal(model.people(others).skill, same.skill)
        back = ss.SwarmModel.load(model.save(tmp_path / "a"))
        np.testing.assert_array_equal(back.people(rows).skill, people.skill)


def test_with_all_paths_cut_given_traits_change_nothing():
    cut = {f"intelligence.paths.{name}": 0.0 for name in ("type", *SCORE_TRAITS)}
    skill = []
    for traits in (None, np.full((50, 76), 3.0, np.float32)):
        with of(**cut) as fleet:
            told = fleet.spawn_agents(50, traits=traits)
            model = fleet.model
            rows = np.flatnonzero(np.isin(model.fleet.column("uid"), told.unique_ids))
            skill.append(model.people(rows).skill)
    np.testing.assert_array_equal(*skill)


@pytest.mark.parametrize(
    ("traits", "said"),
    [
        (np.zeros((5, 75)), r"shape \(5, 75\)"),
        (np.full((5, 76), np.nan), "finite"),
        ([["a"] * 76] * 5, "finite"),
    ],
)
def test_traits_that_cannot_be_used_are_refused(traits, said):
    with of() as fleet, pytest.raises(ss.ConfigError, match=said):
        fleet.spawn_agents(5, traits=traits)


def test_enhanced_agents_are_paid_for():
    paid = {}
    for kind in KINDS:
        with of() as fleet:
            fleet.spawn_agents(100, kind=kind)
            fleet.advance(50)
            paid[kind] = fleet.system_metrics().scaling["price_paid"]
    assert paid["enhanced"] - paid["standard"] == pytest.approx(0.5 * 100 * 50)


def test_a_fleet_is_scaled_up_and_down_and_says_when_that_is_done():
    with of() as fleet:
        up = fleet.scale_system(300, "more")
        assert (up.before, up.after, up.reason) == (200, 300, "more")
        fleet.advance(40)
        assert fleet.model.flow.ready == 300
        fleet.scale_system(120, "less")
        done = fleet.advance(60)
        assert fleet.model.flow.ready == 120
        assert [one.after for one in done.events if one.name == "scaling-completed"] == [120]
        assert fleet.system_metrics().scaling["host_scalings"] == 2


def test_with_a_policy_the_size_is_held_for_a_while_and_the_policy_goes_on():
    with of(auto_scaling=True) as fleet:
        fleet.scale_system(600, hold_s=60)
        fleet.advance(60)
        assert fleet.system_metrics().scaling["members"] == 600
        fleet.advance(300)
        assert fleet.system_metrics().scaling["members"] < 500
        assert len(fleet.model.scaler.events) >= 2


def test_a_task_through_the_queue_is_over_when_its_last_part_is():
    with of() as fleet:
        task = fleet.orchestrate_task(TaskSpec(id="a", agent_count=50, use_intelligence=False))
        assert (task.state, task.parts) == ("queued", 50)
        events = fleet.advance(120).events
        told = fleet.task("a")
        assert (told.state, told.answered) == ("answered", 50)
        assert 0 < told.latency_ms < 120_000
        assert [one.task for one in events if one.name == "decision"] == ["a"]
        assert len(fleet.advance(1).fates.token) == 0


def test_a_decision_is_made_by_panels_and_told():
    with of(intelligence=True) as fleet:
        heard = []
        fleet.on("decision", heard.append)
        fleet.advance(5)
        told = fleet.orchestrate_task({
            "id": "x", "agentCount": 60, "useIntelligence": True, "collaboration_level": "high", "memory_access": True,
            "planning_required": True, "questions": 20,
        })  # fmt: skip
        assert told.state == "decided"
        assert told.functions == ("memory", "planning")
        assert len(told.participants) == 60
        assert 0 <= told.right <= 1
        assert [(one.task, one.latency_ms) for one in heard] == [("x", told.latency_ms)]


def test_what_is_switched_off_leaves_nothing():
    with of() as fleet:
        fleet.advance(200)
        metrics = fleet.system_metrics()
        model = fleet.model
        assert (model.scaler, model.optimizer, model.prober) == (None, None, None)
        assert metrics.scaling["scalings"] == 0
        assert np.isnan(metrics.intelligence["collective_iq"])
        assert np.isnan(metrics.performance["optimization_trials"])
        with pytest.raises(ss.ConfigError, match="intelligence is switched off"):
            fleet.orchestrate_task(TaskSpec(id="a"))
        with pytest.raises(ss.ConfigError, match=r"optimization"):
            fleet.optimize_performance()
        assert fleet.recommendations() == []


# -- events --------------------------------------------------------------------------------------------------------


def test_events_are_told_after_the_tick_and_come_with_the_result():
    with of(**{"resilience.on": True}) as fleet:
        heard = []
        off = fleet.on("*", heard.append)
        fleet.advance(10)
        fleet.spawn_agents(20)
        fleet.model.kill_node(1)
        told = list(fleet.advance(30).events)
        assert heard[-len(told) :] == told or told[: len(heard)] == heard
        assert {"agent-spawned"} <= {one.name for one in heard}
        off()
        before = len(heard)
        fleet.spawn_agents(5)
        assert len(heard) == before
        assert all(type(one) is EVENTS[one.name] for one in heard)


def test_faults_and_recoveries_are_told():
    with of("storm", agents=400, **{"resilience.on": True}) as fleet:
        names = {one.name for one in fleet.advance(400).events}
    assert {"fault", "recovered", "alert"} <= names


def test_an_alert_is_told_when_it_fires_and_when_it_is_over_and_one_that_never_fired_is_not():
    with of(**{"resilience.on": True}) as fleet:
        heard = []
        fleet.on("alert", lambda one: heard.append((one.key, one.state)))
        fleet.rate(0)
        for second in range(60):
            n = 40 if second < 20 else 200
            fleet.submit("think", np.full(n, 3.0), at_s=second + np.arange(n) / n)
            fleet.advance(1)
        fleet.scale_system(800)
        fleet.advance(240)
        log = fleet.model.health.book.log
    assert any(state == "pending" for _, _, state in log)
    assert any(state == "resolved" for _, state in heard)
    for key in {key for key, _ in heard}:
        states = [state for one, state in heard if one == key]
        assert states == ["firing", "resolved"] * (len(states) // 2) + ["firing"] * (len(states) % 2)


def test_a_callback_that_throws_is_told_once_time_has_passed_and_the_fleet_goes_on():
    with of() as fleet:
        heard = []

        def bad(event):
            raise RuntimeError("host is broken")

        fleet.on("scaling-completed", bad)
        fleet.on("scaling-completed", heard.append)
        fleet.submit("think", np.ones(10))
        fleet.scale_system(250, "x")
        with pytest.raises(CallbackError, match="host is broken") as found:
            fleet.advance(60)
        assert isinstance(found.value.__cause__, RuntimeError)
        assert found.value.advanced.completed == 10
        assert fleet.now_s == 60.0
        assert len(heard) == 1
        assert fleet.advance(5).ticks == 5


def test_a_callback_may_do_anything_but_advance():
    with of() as fleet:
        said = []

        def deep(event):
            fleet.submit("think", 1.0)
            said.append(fleet.system_metrics().time_s)
            try:
                fleet.advance(1)
            except ss.ConfigError as error:
                said.append(str(error))

        fleet.on("scaling-completed", deep)
        fleet.scale_system(250, "x")
        total = fleet.advance(60).completed + fleet.advance(30).completed
    assert "a callback must not call it" in said[1]
    assert total == 1
    assert fleet.now_s == 90.0


def test_unknown_events_and_what_cannot_be_called_are_refused():
    with of() as fleet:
        with pytest.raises(ss.UnknownChoiceError, match="Did you mean 'emergence'"):
            fleet.on("emergense", print)
        with pytest.raises(ss.ConfigError, match="callback = 3"):
            fleet.on("fault", 3)


def test_it_may_be_read_while_another_thread_advances():
    with of() as fleet:
        seen, failed = [], []

        def read():
            try:
                for _ in range(20):
                    seen.append(fleet.system_metrics().time_s)
            except Exception as error:  # a thread's error would be lost
                failed.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(40):
            fleet.advance(1)
        reader.join()
    assert not failed
    assert len(seen) == 20
    assert seen == sorted(seen)
    alone = of()
    with alone:
        alone.advance(40)
    assert alone.model.records.frame().equals(fleet.model.records.frame())


def test_a_host_on_asyncio_awaits_it_while_its_loop_goes_on():
    async def host():
        beats, heard = 0, []
        async with ss.AsyncOrchestrator(
            config="tiny", agents=200, max_agents=400, rng=3, **OFF, **QUIET
        ) as fleet:
            fleet.on("scaling-completed", heard.append, loop=asyncio.get_running_loop())
            await fleet.scale_system(220)
            work = asyncio.create_task(fleet.advance(200))
            while not work.done():
                beats += 1
                await asyncio.sleep(0.001)
            with pytest.raises(AttributeError, match="no call 'fly'"):
                fleet.fly()
            await asyncio.sleep(0)
            return (await work).time_s, beats, len(heard)

    time_s, beats, heard = asyncio.run(host())
    assert time_s == 200.0
    assert beats >= 1
    assert heard == 1


# -- wrong input ---------------------------------------------------------------------------------------------------

WRONG = [
    (lambda f: f.advance(-1), "seconds = -1"),
    (lambda f: f.advance(0.5), "seconds = 0.5"),
    (lambda f: f.advance("1"), "seconds = '1'"),
    (lambda f: f.advance(np.nan), "seconds = nan"),
    (lambda f: f.spawn_agents(0), "count = 0"),
    (lambda f: f.spawn_agents(10_000), "count = 10000, but it must be at most 600"),
    (lambda f: f.spawn_agents(5, kind="enhancd"), "Did you mean 'enhanced'"),
    (lambda f: f.spawn_agents(5, intelligence="analytic"), "Did you mean 'analytical'"),
    (lambda f: f.spawn_agents(5, capabilities=["lerning"]), "Did you mean 'learning'"),
    (lambda f: f.spawn_agents(5, capabilities="learning"), "a list of names"),
    (lambda f: f.scale_system(0), "agents = 0"),
    (lambda f: f.scale_system(801), "from 1 to max_agents = 800"),
    (lambda f: f.scale_system(1.5), "agents = 1.5"),
    (
        lambda f: f.orchestrate_task({"id": "a", "analytical_resoning": True}),
        "Did you mean 'analytical_reasoning'",
    ),
    (lambda f: f.orchestrate_task({"agentCount": 5}), "task.id = nothing"),
    (lambda f: f.orchestrate_task({"id": "a", "agent_count": "many"}), "task.agent_count = 'many'"),
    (lambda f: f.orchestrate_task({"id": "a", "collaboration_level": "hgih"}), "Did you mean 'high'"),
    (lambda f: f.task("nobody"), "no task is called 'nobody'"),
    (lambda f: f.submit("thnk", 1.0), "Did you mean 'think'"),
    (lambda f: f.submit("think", 1.0, token=np.array([-(1 << 62)])), "others are taken"),
]


@pytest.mark.parametrize(("call", "said"), WRONG)
def test_wrong_input_is_refused_in_one_line_and_changes_nothing(call, said):
    with of() as fleet:
        with pytest.raises(ss.ConfigError, match=said) as found:
            call(fleet)
        assert "\n" not in str(found.value)
        assert fleet.now_s == 0
        assert len(fleet.model.fleet) == 200
        assert fleet.open == 0
        assert fleet.advance(1).ticks == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"max_agents": 0}, "max_agents = 0"),
        ({"max_agents": 10.5}, "max_agents = 10.5"),
        ({"agents": 900}, "at most max_agents = 800"),
        ({"intelligence": "yes"}, "intelligence = 'yes'"),
        ({"config": "tniy"}, "Did you mean 'tiny'"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_built(how, said):
    with pytest.raises(ss.ConfigError, match=said):
        of(**how)


def test_the_origins_option_names_are_known():
    fleet = ss.Orchestrator.from_options(
        {"maxAgents": 700, "enableIntelligence": False, "enableOptimization": True, "enableAutoScaling": False},
        config="tiny", agents=200,
    )  # fmt: skip
    with fleet:
        assert fleet.max_agents == 700
        assert fleet.model.optimizer is not None
        assert fleet.model.prober is None
    with pytest.raises(ss.UnknownChoiceError, match="Did you mean 'maxAgents'"):
        ss.Orchestrator.from_options({"maxAgent": 1})
