"""Environments of Gymnasium: they are what Gymnasium asks for, and what happens in them happens in the model."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

import swarmscale as ss
import swarmscale.environment as environment
from swarmscale.environment.acting import KINDS, STEPS, Acting
from swarmscale.environment.consensus import SIZES
from swarmscale.environment.questions import ASKED, LEVELS, PANELS, RULES
from swarmscale.environment.windows import WATCHERS
from swarmscale.model.flow.ledger import Count
from swarmscale.model.flow.traces import Trace
from swarmscale.model.scaling import POLICIES
from swarmscale.model.scaling.base import Seen
from swarmscale.model.scaling.fluid import run_fluid
from swarmscale.model.scaling.prices import Prices
from swarmscale.model.scaling.seeing import price_paid

SHORT = {"config": "tiny", "changes": {"demand.load": 0.6}, "seconds": 60.0}
WAVES = Trace(
    name="waves",
    step_s=60.0,
    demand=1.0
    + 0.5 * np.sin(np.arange(600) / 40.0)
    + 0.1 * np.abs(np.random.default_rng(7).normal(size=600)),
    unit="tasks/s",
)
FLUID = {"trace": WAVES, "seconds": 7200.0, "forecaster": "naive", "fleet": {"mean_agents": 50.0}}
MADE = {
    "swarmscale/Autoscaling-v0": SHORT,
    "swarmscale/Consensus-v0": {"decisions": 4},
    "swarmscale/FluidAutoscaling-v0": FLUID,
}


def make(name, **more):
    return gymnasium.make(f"swarmscale/{name}-v0", **(MADE[f"swarmscale/{name}-v0"] | more))


@pytest.mark.parametrize("name", MADE)
def test_gymnasium_finds_nothing_wrong(name):
    check_env(gymnasium.make(name, **MADE[name]).unwrapped)


@pytest.mark.parametrize("kind", KINDS)
def test_gymnasium_finds_nothing_wrong_with_any_kind_of_action(kind):
    check_env(make("FluidAutoscaling", action=kind).unwrapped)


def test_every_environment_that_is_registered_is_tested_here():
    assert set(environment.ENTRIES) == set(MADE)
    environment.register_envs()  # a second time changes nothing and warns of nothing


NOT_THERE = """
import sys, swarmscale
print([m for m in ("gymnasium", "prometheus_client") if m in sys.modules])
sys.modules["gymnasium"] = None
try:
    import swarmscale.environment
except ImportError as error:
    print(error)
"""


def test_the_package_itself_loads_neither_gymnasium_nor_prometheus_and_says_what_to_install():
    code = NOT_THERE
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.splitlines() == [
        "[]",
        "swarmscale.environment needs Gymnasium: pip install 'swarmscale[gym]'",
    ]


def trajectory(env, seed, actions):
    out = [env.reset(seed=seed)[0]]
    for action in actions:
        observation, reward, *_ = env.step(action)
        out.append(np.append(observation, reward))
    return np.concatenate(out)


@pytest.mark.parametrize("name", MADE)
def test_the_seed_determines_everything(name):
    env = gymnasium.make(name, **MADE[name])
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(3)]
    first, again, other = (trajectory(env, seed, actions) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


# -- scaling in the full fidelity -----------------------------------------------------------------------------


def in_model(policy, changes, seconds=120.0, rng=7):
    return ss.SwarmModel("tiny", rng=rng, **(changes | {"scaling": policy, "seconds": seconds})).run()


def in_env(policy, changes, seconds=120.0, rng=7):
    env = environment.Autoscaling("tiny", changes=changes, seconds=seconds, action="agents")
    done = environment.episode(env, environment.Scaling.named(policy), seed=1, rng=rng)
    return env.model, done


SURGE = {
    "demand.source": "trace",
    "demand.source.trace": "ms-app1",
    "demand.source.speedup": 240.0,
    "life.start_s": 8.0,
}
EVENTS = ("time_s", "before", "after", "demand", "forecast", "upper", "utilization", "spending", "ready_at_s")


@pytest.mark.parametrize("policy", ["hpa", "quantile", "seed"])
def test_a_policy_that_acts_in_the_environment_has_the_run_that_it_has_in_the_model(policy):
    model, done = in_env(policy, SURGE)
    twin = in_model(policy, WATCHERS | SURGE)
    np.testing.assert_array_equal(model.records.raw()._counts, twin.records.raw()._counts)
    np.testing.assert_array_equal(model.records.raw()._floats, twin.records.raw()._floats)
    assert model.scaler.cost == twin.scaler.cost
    assert done.first["cost"] + done.total("cost") == pytest.approx(twin.scaler.cost, abs=1e-9)
    theirs = [e for e in twin.scaler.events if e.time_s < 120.0]  # at the end nobody is asked any more
    assert len(theirs) > 0
    for mine, other in zip(model.scaler.events, theirs, strict=True):
        assert repr([getattr(mine, n) for n in EVENTS]) == repr([getattr(other, n) for n in EVENTS])


def test_it_has_the_same_run_where_everything_is_on_and_things_break():
    script = [
        {"at_s": 30.0, "fault": {"name": "mass-crash", "share": 0.2}},
        {
            "at_s": 52.0,
            "fault": {"name": "controller-stall", "controller": "scaler", "for_s": 15.0},
        },
    ]
    on = SURGE | {"resilience.on": True, "resilience.script": script, "learning.on": True}
    on |= {"optimization.on": True, "scaler.start_price": 2.0, "scaler.warm_agents": 10}
    model, done = in_env("hpa", on)
    twin = in_model("hpa", WATCHERS | on)
    np.testing.assert_array_equal(model.records.raw()._counts, twin.records.raw()._counts)
    last = twin.scaler.events[-1]  # one at the very end would have its price in the twin alone
    assert last.time_s < 120.0
    assert model.scaler.cost == twin.scaler.cost
    assert model.dispatcher.done == twin.dispatcher.done
    assert [a.key for a in model.health.alerts] == [a.key for a in twin.health.alerts]
    assert done.steps < 11  # while the scaler stalls nobody is asked


def test_reward_and_its_parts_are_what_the_records_say():
    env = make("Autoscaling", cost_weight=0.5, violation_weight=3.0).unwrapped
    env.reset(seed=2)
    infos = [env.step(np.array([-1.0], np.float32))[4] for _ in range(5)]
    raw, scaler = env.model.records.raw(10), env.model.scaler
    missed = raw.count(Count.DUE).sum() - raw.count(Count.MET).sum()
    work = env.model.flow.demand.mean_work_s
    assert missed > 50
    unit = 200 * 10.0
    assert sum(i["reward_violation"] for i in infos) == pytest.approx(-3.0 * missed * work / unit)
    assert sum(i["reward_cost"] for i in infos) == pytest.approx(-0.5 * price_paid(raw, scaler.prices) / unit)
    for info in infos:
        assert info["reward"] == info["reward_cost"] + info["reward_violation"]
    assert sum(i["completed"] for i in infos) == raw.count(Count.COMPLETED).sum()


def test_too_few_agents_are_late_and_too_many_are_dear():
    env = environment.Autoscaling("tiny", seconds=120.0, action="agents")
    few, enough, many = (
        environment.episode(env, environment.Fixed(action=agents), seed=3) for agents in (80, 200, 600)
    )
    assert few.total("violated_s") > 100 * max(enough.total("violated_s"), 1.0)
    assert many.total("cost") > 2 * enough.total("cost")
    assert enough.reward > max(few.reward, many.reward)


def test_an_episode_is_truncated_at_the_end_of_its_window_and_no_sooner():
    env = make("Autoscaling")
    with pytest.raises(ResetNeeded):
        env.unwrapped.step(np.zeros(1, np.float32))
    env.reset(seed=1)
    ends = [env.step(np.zeros(1, np.float32))[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    assert env.unwrapped.model.now_s == 60.0
    with pytest.raises(ResetNeeded, match="over"):
        env.unwrapped.step(np.zeros(1, np.float32))


def test_windows_are_drawn_within_the_trace():
    env = environment.Autoscaling(window="random", seconds=60.0)
    starts = []
    for seed in range(6):
        env.reset(seed=seed)
        source = env.model.config.demand.source
        starts.append(source.start_s)
        assert source.length_s == 60.0 * 12
        assert source.start_s % 60.0 == 0
    assert len(set(starts)) == 6
    env.reset(seed=1, options={"start_s": 3600.0, "rng": 11})
    assert env.model.config.demand.source.start_s == 3600.0
    assert env.model.root_seed == 11


def test_an_observation_holds_all_that_a_policy_sees():
    assert [f.name for f in environment.FIELDS] == list(Seen.__dataclass_fields__)
    env = make("Autoscaling").unwrapped
    observation, _ = env.reset(seed=4)
    assert environment.seen(observation) == env.now
    assert env.observation_space.contains(observation)


def test_it_says_in_a_line_how_it_goes():
    env = make("Autoscaling", render_mode="ansi")
    env.reset(seed=4)
    assert env.render().startswith("      10 s  demand")
    assert "\n" not in env.render()


# -- scaling of fluid fleets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", sorted(set(POLICIES) - {"static"}))
def test_a_fluid_fleet_does_what_the_race_does(policy):
    env = make("FluidAutoscaling", action="agents", window="fixed", most_agents=10**6).unwrapped
    done = environment.episode(env, environment.Scaling.named(policy))
    track = env.track
    run = run_fluid(POLICIES.make(policy), track.load, track.fleet)
    costs = [done.first["cost"], *(info["cost"] for info in done.infos)]
    np.testing.assert_allclose(costs, run.cost[: track.steps], rtol=1e-12)
    late = np.where(run.short, run.load.demand * track.fleet.dt_s, 0.0)[: track.steps]
    np.testing.assert_allclose(done.total("violated_s"), late[1:].sum(), rtol=1e-12)


@pytest.mark.parametrize(
    "fleet",
    [
        {"startup_s": 0.0},
        {"period_s": 30.0, "startup_s": 120.0},
        {"arrivals": "poisson", "first_agents": 40},
        {"prices": Prices(ready=2.0, starting=0.5, start=3.0)},
    ],
)
def test_it_does_so_with_other_settings(fleet):
    kind = {"mean_agents": 50.0} | fleet
    env = make("FluidAutoscaling", action="agents", window="fixed", fleet=kind, most_agents=10**6).unwrapped
    done = environment.episode(env, environment.Scaling.named("hpa"))
    run = run_fluid(POLICIES.make("hpa"), env.track.load, env.track.fleet)
    stride = env.fleets.stride
    costs = run.cost[: env.track.steps].reshape(-1, stride).sum(axis=1)
    np.testing.assert_allclose([done.first["cost"], *(i["cost"] for i in done.infos)], costs, rtol=1e-12)


def test_fleets_as_arrays_are_the_same_as_one_after_the_other():
    n, seed = 5, 9
    many = gymnasium.make_vec("swarmscale/FluidAutoscaling-v0", num_envs=n, **FLUID)
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (730, n, 1)).astype(np.float32)
    singles = [make("FluidAutoscaling").unwrapped for _ in range(n)]
    observations, infos = many.reset(seed=seed)
    firsts = [env.reset(seed=seed + i) for i, env in enumerate(singles)]
    np.testing.assert_array_equal(observations, [first[0] for first in firsts])
    np.testing.assert_array_equal(infos["start_s"], [first[1]["start_s"] for first in firsts])
    assert len(set(infos["start_s"])) > 1
    over = False
    for step in actions:
        seen, rewards, terminated, truncated, infos = many.step(step)
        if over:  # all begin anew, with the next draw of each
            firsts = [env.reset() for env in singles]
            np.testing.assert_array_equal(seen, [first[0] for first in firsts])
            assert not rewards.any()
            assert not truncated.any()
            over = False
            continue
        mine = [env.step(action) for env, action in zip(singles, step, strict=True)]
        np.testing.assert_array_equal(seen, [one[0] for one in mine])
        np.testing.assert_array_equal(rewards, [one[1] for one in mine])
        assert truncated.tolist() == [one[3] for one in mine]
        assert not terminated.any()
        over = bool(truncated.all())
    assert not over


def test_a_thousand_fleets_conserve_their_work():
    many = gymnasium.make_vec("swarmscale/FluidAutoscaling-v0", num_envs=1000, action="step", **FLUID)
    many.reset(seed=1)
    fleets = many.unwrapped.fleets
    rng = np.random.default_rng(2)
    arrived = fleets._arrived.copy()
    served = fleets._busy.copy()
    for _ in range(50):
        many.step(rng.integers(0, len(STEPS), 1000))
        arrived += fleets._arrived
        served += fleets._busy
        assert (fleets.ready >= 0).all()
        assert (fleets.coming >= 0).all()
    np.testing.assert_allclose(arrived, served + fleets.backlog, rtol=1e-9)


# -- vectors by Gymnasium's own means -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["swarmscale/Autoscaling-v0", "swarmscale/Consensus-v0"])
def test_gymnasiums_own_vectors_agree_with_single_ones(name):
    vector = gymnasium.make_vec(name, num_envs=2, vectorization_mode="sync", **MADE[name])
    single = gymnasium.make(name, **MADE[name])
    vector.action_space.seed(3)
    together, _ = vector.reset(seed=20)
    action = vector.action_space.sample()
    after, rewards, _, _, infos = vector.step(action)
    for i in range(2):
        alone, _ = single.reset(seed=20 + i)
        np.testing.assert_array_equal(together[i], alone)
        observation, reward, _, _, info = single.step(action[i])
        np.testing.assert_array_equal(after[i], observation)
        assert rewards[i] == reward
        assert infos["reward"][i] == info["reward"]
    vector.close()


def test_they_run_in_processes_of_their_own():
    name = "swarmscale/Autoscaling-v0"
    vector = gymnasium.make_vec(name, num_envs=2, vectorization_mode="async", **MADE[name])
    try:
        single = gymnasium.make(name, **MADE[name])
        together, _ = vector.reset(seed=20)
        after, rewards, *_ = vector.step(np.zeros((2, 1), np.float32))
        alone, _ = single.reset(seed=21)
        np.testing.assert_array_equal(together[1], alone)
        observation, reward, *_ = single.step(np.zeros(1, np.float32))
        np.testing.assert_array_equal(after[1], observation)
        assert rewards[1] == reward
    finally:
        vector.close()


# -- decisions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "agents", "level"), [("weighted", 32, "low"), ("degroot", 8, "moderate")])
def test_a_fixed_rule_earns_what_the_models_own_decisions_are_worth(rule, agents, level):
    env = make("Consensus", decisions=6, message_price=0.001).unwrapped
    asked = []
    action = environment.action_of(rule, agents, level)
    env.reset(seed=5)
    for _ in range(6):
        asked.append(env.question)
        *_, over, info = env.step(action)
        asked[-1] = (asked[-1], info)
    assert over
    model = ss.SwarmModel(env.config, rng=env.model.root_seed)
    for question, info in asked:
        model.run(seconds=5.0)
        found = model.decide(
            question.functions,
            rule=rule,
            agents=agents,
            collaboration=level,
            questions=8,
            problem=question.problem,
            seed=question.seed,
        )
        worth = found.accuracy - question.urgency * found.latency_ms / 1000 - 0.001 * found.messages
        assert info["reward"] == pytest.approx(worth)
        assert info["accuracy"] == found.accuracy


def test_all_who_act_are_asked_the_same():
    env = make("Consensus").unwrapped
    asked = []
    for action in ([0, 0, 0], [1, 5, 2]):
        env.reset(seed=8)
        mine = []
        for _ in range(4):
            mine.append(env.question)
            env.step(np.array(action))
        asked.append(mine)
    assert asked[0] == asked[1]
    assert len(set(asked[0])) == 4


def test_a_rule_that_cannot_decide_such_a_problem_earns_nothing():
    env = make("Consensus", estimates=1.0).unwrapped
    env.reset(seed=2)
    info = env.step(environment.action_of("majority", 16))[4]
    assert (info["reward"], info["decided"], info["latency_s"]) == (0.0, False, 0.0)
    assert "cannot decide" in info["refusal"]
    assert env.step(environment.action_of("weighted", 16))[4]["decided"]


def test_an_episode_ends_where_nobody_is_left():
    env = make(
        "Consensus", changes={"fleet.agents": 20, "fleet.nodes": 2, "fleet.cluster_agents": 10}
    ).unwrapped
    env.reset(seed=1)
    assert not env.step(np.array([1, 1, 0]))[2]
    env.model.fail_workers(env.model.fleet.live(), repair_s=np.inf)
    *_, terminated, truncated, info = env.step(np.array([1, 1, 0]))
    assert terminated
    assert not truncated
    assert not info["decided"]


def test_names_of_actions_and_places_are_complete():
    from swarmscale.agents.consensus import CONSENSUS

    assert set(RULES) == set(CONSENSUS)
    assert (len(RULES), len(PANELS), len(LEVELS)) == SIZES
    assert len({f.name for f in ASKED}) == len(ASKED) == 22


# -- bad input ------------------------------------------------------------------------------------------------


def refused(call, text):
    with pytest.raises(ss.ConfigError) as found:
        call()
    assert text in str(found.value)
    assert "\n" not in str(found.value)


A, C, F = environment.Autoscaling, environment.Consensus, environment.FluidAutoscaling


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: A("tinny"), "tinny"),
        (lambda: A("tiny", changes={"scaling": "hpa"}), "who acts decides that"),
        (lambda: A("tiny", changes={"scaling.target": 0.5}), "who acts decides that"),
        (lambda: A("tiny", changes={"fleet.agents": -1}), "fleet.agents = -1"),
        (lambda: A("tiny", seconds=15.0), "seconds = 15"),
        (lambda: A("tiny", seconds=10.0), "two periods"),
        (lambda: A("tiny", window="random"), "no trace"),
        (lambda: A("tiny", window="any"), "way to choose a window"),
        (lambda: A(seconds=1e6, window="random"), "what is played of the trace"),
        (lambda: A("tiny", action="jump"), "kind of action"),
        (lambda: A("tiny", cost_weight=-1.0), "reward.cost = -1.0"),
        (lambda: A("tiny", violation_weight=float("nan")), "reward.violation = nan"),
        (lambda: A("tiny", render_mode="human"), "render mode"),
        (lambda: A("tiny").reset(options={"sed": 1}), "option of a reset"),
        (lambda: A("tiny").reset(options={"rng": -1}), "options: rng"),
        (lambda: A("tiny").reset(options={"start_s": 5.0}), "needs demand from a trace"),
        (lambda: C(decisions=0), "decisions = 0"),
        (lambda: C(period_s=0.5), "period_s = 0.5"),
        (lambda: C(urgency=(1.0, 0.1)), "urgency"),
        (lambda: C(estimates=2.0), "estimates = 2.0"),
        (lambda: C(message_price=-1.0), "message_price"),
        (lambda: environment.action_of("weighted", 17), "agents = 17"),
        (lambda: F(WAVES, seconds=1e9, forecaster="naive"), "whole periods"),
        (lambda: F(WAVES, forecaster="crystal-ball"), "crystal-ball"),
        (lambda: F(WAVES, seconds=600.0, fleet={"warm_agents": 3}), "fluid fleets have no pool"),
        (lambda: F(WAVES, fleet={"agents": 3}), "setting of a fluid fleet"),
        (lambda: F("no-such-trace"), "no-such-trace"),
        (lambda: environment.FluidVector(0, trace=WAVES), "num_envs = 0"),
        (lambda: environment.FluidVector(2, **FLUID).reset(seed=[1]), "seed"),
        (lambda: environment.Scaling.named("hpaa"), "hpaa"),
        (lambda: environment.Scaling.named("hpa").act(np.zeros(18)), "no episode has begun"),
        (lambda: environment.episode(make("Consensus"), environment.Scaling.named("hpa")), "no environment"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_line(call, text):
    refused(call, text)


@pytest.mark.parametrize("action", [2.0, [np.nan], [[0.1, 0.2]], "up", [1.5]])
def test_an_action_outside_of_the_space_is_refused_and_changes_nothing(action):
    env = make("Autoscaling").unwrapped
    env.reset(seed=1)
    refused(lambda: env.step(action), "action = ")
    assert env.model.now_s == 10.0
    env.step(np.zeros(1, np.float32))


@pytest.mark.parametrize("action", [0, 801, 3.5, [1, 2]])
def test_a_number_of_agents_that_cannot_be_is_refused(action):
    acting = Acting(kind="agents", least=1, most=800)
    refused(lambda: acting.wanted(np.asarray(action)[None], np.array([10])), "action = ")


@pytest.mark.parametrize("action", [[7, 0, 0], [0, 0], [-1, 0, 0], [0.5, 0, 0]])
def test_an_action_that_names_no_rule_is_refused(action):
    env = make("Consensus").unwrapped
    env.reset(seed=1)
    refused(lambda: env.step(action), "action = ")


@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_action_asks_for_what_was_wanted(kind):
    acting = Acting(kind=kind, least=1, most=1000)
    for there, agents in ((100, 100), (100, 200), (100, 50), (10, 5)):
        action = acting.action(agents, there)
        assert acting.space().contains(action)
        assert acting.wanted(np.asarray(action)[None], np.array([there]))[0] == agents
