"""The origin's usage examples, line by line: each call works, and each argument in it changes something measured."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.orchestrator import TaskSpec
from swarmscale.orchestrator.tasks import FLAGS

SEEDS = range(1, 9)
QUIET = {"emergence.on": False, "resilience.on": False}
OFF = {"intelligence": False, "optimization": False, "auto_scaling": False}


def small(**how):
    """A fleet of the preset ``tiny``, so that eight seeds take seconds."""
    return ss.Orchestrator(**({"config": "tiny", "agents": 200, "max_agents": 800} | OFF | QUIET | how))


def moved(figure, one, other):
    """How far a figure moves from one way to the other, in standard errors over seeds; infinite if always alike."""
    d = np.array([figure(seed, other) - figure(seed, one) for seed in SEEDS], np.float64)
    error = d.std(ddof=1) / np.sqrt(len(d))
    return abs(d.mean()) / error if error > 0 else np.inf * abs(d.mean()) if d.any() else 0.0


def test_the_examples_of_the_origin_run_line_by_line():
    orchestrator = ss.Orchestrator.from_options(
        {"maxAgents": 50_000, "enableIntelligence": True, "enableOptimization": True, "enableAutoScaling": True},
        rng=7, **{"emergence.on": False, "intelligence.panels": 2},
    )  # fmt: skip
    orchestrator.initialize()

    result = orchestrator.spawn_agents(
        1_000,
        kind="enhanced",
        intelligence="analytical",
        capabilities=["coordination", "optimization", "learning"],
    )
    assert result.agents == 1_000
    orchestrator.advance(40)

    task = orchestrator.orchestrate_task({
        "id": "market-analysis",
        "description": "Analyze global market trends",
        "agentCount": 500,
        "useIntelligence": True,
        "collaboration_level": "high",
        "analytical_reasoning": True,
        "pattern_detection": True,
        "creative_solution": True,
    })  # fmt: skip
    assert task.id == "market-analysis"
    assert task.functions == ("reasoning", "pattern-recognition", "creativity")
    assert len(task.participants) == 500
    assert task.latency_ms > 0

    scaling = orchestrator.scale_system(25_000, "demand-forecast")
    assert (scaling.after, scaling.reason) == (25_000, "demand-forecast")
    assert isinstance(orchestrator.recommendations(), list)
    orchestrator.advance(60)
    assert orchestrator.model.flow.ready == 25_000
    assert orchestrator.recommendations()

    report = orchestrator.optimize_performance(advanced=True, seconds=30)
    assert report.bottleneck.words
    metrics = orchestrator.system_metrics()
    for group in (metrics.health, metrics.performance, metrics.scaling, metrics.intelligence):
        assert len(group) >= 5
    assert metrics.scaling["members"] == 25_000
    orchestrator.close()


# -- each argument moves something --------------------------------------------------------------------------------


def run(seed, seconds=60, do=None, read="response_mean_s", group="performance", **how):
    with small(rng=seed, **how) as fleet:
        if do is not None:
            do(fleet)
        fleet.advance(seconds)
        return getattr(fleet.system_metrics(), group)[read]


CALLS = {
    "maxAgents": (
        lambda seed, most: run(seed, 200, max_agents=most, auto_scaling=True, read="members", group="scaling",
                               do=lambda f: f.rate(150)), 800, 220,
    ),
    "enableIntelligence": (
        lambda seed, on: float(np.nan_to_num(run(seed, 100, intelligence=on, read="collective_iq", group="intelligence",
                                                 **{"intelligence.period_s": 100.0}))), False, True,
    ),
    "enableOptimization": (
        lambda seed, on: float(np.nan_to_num(run(seed, 400, optimization=on, read="optimization_trials",
                                                 **{"optimization.period_s": 10.0, "optimization.window_s": 60.0}))),
        False, True,
    ),
    "enableAutoScaling": (
        lambda seed, on: run(seed, 200, auto_scaling=on, read="price_paid", group="scaling"), False, True,
    ),
    "spawnAgents count": (
        lambda seed, n: run(seed, 100, do=lambda f: f.spawn_agents(n), read="utilization"), 20, 200,
    ),
    "spawnAgents type": (
        lambda seed, kind: run(seed, 100, do=lambda f: f.spawn_agents(200, kind=kind)), "standard", "enhanced",
    ),
    "spawnAgents intelligence": (
        lambda seed, kind: run(seed, 100, do=lambda f: f.spawn_agents(200, intelligence=kind)), "social", "emotional",
    ),
    "spawnAgents capabilities": (
        lambda seed, able: run(seed, 100, do=lambda f: f.spawn_agents(200, intelligence="creative", capabilities=able)),
        [], ["coordination", "optimization", "learning"],
    ),
    "scaleSystem agents": (
        lambda seed, n: run(seed, 100, do=lambda f: f.scale_system(n, "x"), read="utilization"), 210, 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_each_argument_of_the_fleets_calls_moves_a_figure(name):
    figure, one, other = CALLS[name]
    assert moved(figure, one, other) > 4


@pytest.mark.parametrize("name", ["spawnAgents type", "enableAutoScaling"])
def test_the_same_argument_twice_moves_nothing(name):
    figure, one, _ = CALLS[name]
    assert moved(figure, one, one) == 0.0


def decided(seed, read, **how):
    """A figure of a decision on 40 questions by panels of the preset's fleet."""
    with small(rng=seed, intelligence=True) as fleet:
        spec = {"id": "a", "agent_count": 60, "questions": 40, "collaboration_level": "low"} | how
        told = fleet.orchestrate_task(TaskSpec(**spec))
        fleet.advance(60)
        told = fleet.task("a")
        return float(len(told.participants)) if read == "participants" else float(getattr(told, read))


TASKS = {
    "agentCount": ("participants", {"agent_count": 30}, {"agent_count": 90}),
    "agentCount, messages": ("messages", {"agent_count": 30}, {"agent_count": 90}),
    "useIntelligence": ("latency_ms", {"use_intelligence": False}, {"use_intelligence": True}),
    "collaboration_level high": ("messages", {}, {"collaboration_level": "high"}),
    "collaboration_level moderate": ("latency_ms", {}, {"collaboration_level": "moderate"}),
} | {flag: ("latency_ms", {}, {flag: True}) for flag in FLAGS}


@pytest.mark.parametrize("name", TASKS)
def test_each_argument_of_a_task_moves_a_figure(name):
    read, one, other = TASKS[name]
    assert moved(lambda seed, how: decided(seed, read, **how), one, other) > 4


def test_a_tasks_id_and_description_are_for_people_alone():
    figure = decided(1, "latency_ms")
    assert decided(1, "latency_ms", id="a", description="Analyze global market trends") == figure


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_asks_for_its_function(flag):
    assert TaskSpec(id="a", **{flag: True}).functions == (FLAGS[flag],)


def test_a_reason_stands_in_the_records():
    with small(auto_scaling=True, rng=1) as fleet:
        fleet.scale_system(250, "demand-forecast")
        assert fleet.model.scaler.events[-1].reason == "demand-forecast"


def test_an_advanced_optimization_tries_in_twins_and_a_plain_one_does_not():
    for advanced in (True, False):
        with small(optimization=True, rng=1, **{"optimization.window_s": 60.0}) as fleet:
            fleet.advance(130)
            report = fleet.optimize_performance(advanced=advanced, seconds=20)
            assert bool(report.twins) == advanced or not report.recommendations


def test_what_is_switched_off_leaves_no_decision_trial_or_change_of_size():
    with small(rng=1) as fleet:
        fleet.advance(400)
        model = fleet.model
        assert fleet.advance(1).events == ()
        assert model.scaler is model.optimizer is model.prober is None
        assert not {"scaler", "optimizer", "prober"} & {
            type(one).__name__.lower() for one in model.dispatcher.controllers
        }
