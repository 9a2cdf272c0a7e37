"""What every task of the battery must do, and how the battery is put to a group."""

import dataclasses
import functools

import numpy as np
import pytest

import swarmscale
from swarmscale.agents.cognition import FUNCTIONS
from swarmscale.agents.people import Population
from swarmscale.agents.personality import SCORES
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.intelligence.battery import battery_tasks, run_battery
from swarmscale.model.intelligence.group import group_of
from swarmscale.model.intelligence.networks import links_of_network
from swarmscale.model.intelligence.pooling import pool
from swarmscale.model.intelligence.settings import Paths
from swarmscale.model.intelligence.tasks import BATTERY, Score
from swarmscale.model.intelligence.tasks.base import jackknifed
from swarmscale.model.intelligence.tasks.perception import ladder

from .battery_support import (
    SEEDS,
    alike,
    base,
    everybody,
    links,
    measures,
    paired,
    people,
    skilled,
    standard,
)
from .flow_support import limit, z_of

N = 40
NO_LINKS = np.empty((0, 2), np.int64)
POOLED = [name for name in FUNCTIONS if BATTERY[name].pools]
TASKS = pytest.mark.parametrize("name", FUNCTIONS)

WRONG = {
    "perception": [("noise", 0.0), ("trials", 1)],
    "attention": [("places", 1), ("top", 0.0), ("rungs", 0), ("trials", 1)],
    "memory": [("known", 1.0), ("items", 1), ("asked", 0), ("hops", 5)],
    "reasoning": [("top", 0.5), ("rungs", 0), ("trials", 1)],
    "learning": [("options", 1), ("rounds", 0)],
    "planning": [("cell", 1)],
    "decision-making": [("top", 0.0), ("rungs", 0), ("trials", 1)],
    "creativity": [("bits", 65), ("ruggedness", 13), ("steps", 0)],
    "social-cognition": [("names", 1)],
    "emotional-processing": [("steps", 7), ("noise", 0.0), ("shock", -1.0)],
    "pattern-recognition": [("features", 3), ("distance", 0.0), ("rungs", 0), ("trials", 1)],
    "optimization": [("dimensions", 0), ("steps", 1)],
}
WAYS = {
    "communication": POOLED,
    "listening": FUNCTIONS,
    "conformity": ["creativity"],
    "risk": ["learning", "creativity"],
    "calibration": POOLED,
    "persistence": ["planning", "optimization"],
    "contagion": ["emotional-processing"],
}
"""The tasks on which each way of behaving acts."""


def test_there_is_one_task_for_each_function_in_their_order():
    assert tuple(BATTERY) == FUNCTIONS
    assert tuple(task.function for task in battery_tasks()) == FUNCTIONS


@TASKS
def test_a_score_is_a_function_of_group_and_seed(name):
    task = BATTERY.make(name)
    once, again, other = (task.measure(standard(N), seed) for seed in (3, 3, 4))
    assert once == again
    assert once.score != other.score


@pytest.mark.parametrize("n", [10, 100, 1000, 5000])
@TASKS
def test_scores_are_far_from_floor_and_ceiling_at_every_size(name, n):
    score, bound, se = measures(name, standard(n), 1)[0]
    assert 0.03 < score < 0.95
    assert se > 0
    assert score < bound + 4 * se


@pytest.mark.parametrize("name", [*POOLED, "memory"])
def test_nobody_beats_the_bound_by_perfect_pooling(name):
    """24 agents who are all linked and lose nothing: the mean lies below the bound, within 4 standard errors."""
    group = group_of(
        people(24)._replace(
            **{k: getattr(alike(24), k) for k in ("listening", "communication", "calibration")}
        ),
        everybody(24),
    )
    got = measures(name, group, 16)
    bound = got[0, 1]
    assert z_of(got[:, 0], bound) < 4
    beaten = got[:, 0] - got[:, 0].mean() + 1.2 * bound
    assert z_of(beaten, bound) > 4, "a score a fifth above the bound must be seen"


@TASKS
def test_the_standard_error_is_honest(name):
    """The scores' spread over seeds is that which a single run tells, within a factor of two."""
    got = base(name, N)
    told = np.sqrt((got[:, 2] ** 2).mean())
    assert 0.5 < got[:, 0].std(ddof=1) / told < 2
    assert not 0.5 < got[:, 0].std(ddof=1) / (told / 5) < 2


@TASKS
def test_skill_raises_its_own_task_alone(name):
    """One standard deviation more of the function's skill; then of the eleven others'."""
    f, seeds = FUNCTIONS.index(name), SEEDS // 2
    before = base(name, N)[:seeds, 0]
    assert paired(measures(name, skilled(N, 1.0, [f]), seeds)[:, 0], before) > 4
    others = measures(name, skilled(N, 1.0, [k for k in range(12) if k != f]), 2)[:, 0]
    assert np.array_equal(others, before[:2])


@TASKS
def test_a_group_without_links_does_worse_and_so_does_one_whose_links_fail(name):
    seeds = SEEDS // 2
    before = base(name, N)[:seeds, 0]
    assert paired(before, measures(name, group_of(people(N), NO_LINKS), seeds)[:, 0]) > 4
    lossy = group_of(people(N), links(N), np.full(len(links(N)), 0.3))
    assert paired(before, measures(name, lossy, seeds)[:, 0]) > 4


@pytest.mark.parametrize("name", [*POOLED, "social-cognition", "planning"])
def test_at_chance_there_is_no_score(name):
    """Alone and without skill: 0, and for perception what one scores who guesses the prior's mean."""
    group = group_of(alike(30, -30.0 if name in POOLED else 0.0), NO_LINKS)
    got = measures(name, group, SEEDS)[:, 0]
    chance = ladder(1.0) if name == "perception" else 0.0
    assert abs(got.mean() - chance) < max(4 * got.std(ddof=1) / np.sqrt(SEEDS), 0.02)


@pytest.mark.parametrize(("way", "tasks"), WAYS.items())
def test_each_way_of_behaving_acts_on_its_tasks_and_on_no_others(way, tasks):
    share = np.asarray(getattr(people(N), way), np.float64)
    less = (share / (share + (1 - share) * np.e)).astype(np.float32)  # one less in log odds
    group = group_of(people(N)._replace(**{way: less}), links(N))
    moved = [f for f in FUNCTIONS if measures(f, group, 1)[0, 0] != base(f, N)[0, 0]]
    assert moved == [f for f in FUNCTIONS if f in tasks]


@TASKS
def test_the_order_of_the_agents_does_not_matter(name):
    """The best first or the best last, on the same links."""
    order, seeds = np.argsort(people(N).skill[:, FUNCTIONS.index(name)]), SEEDS - 4

    def told(order):
        place = np.empty(N, np.int64)
        place[order] = np.arange(N)
        return group_of(type(people(N))(*(column[order] for column in people(N))), place[links(N)])

    first, last = (measures(name, told(o), seeds)[:, 0] for o in (order, order[::-1]))
    gap = np.sqrt((first.var(ddof=1) + last.var(ddof=1)) / seeds)
    assert abs(first.mean() - last.mean()) < limit(12) * gap


@TASKS
def test_every_setting_moves_the_score(name):
    task = BATTERY.make(name)
    assert {f for f, _ in WRONG[name]} == set(BATTERY.fields(name))
    for field in dataclasses.fields(task):
        value = getattr(task, field.name)
        step = value * 0.75 if isinstance(value, float) else value - 1 if value < 20 else value // 2
        changed = dataclasses.replace(task, **{field.name: type(value)(step)})
        assert changed.measure(standard(N), 0).score != base(name, N)[0, 0], field.name


@pytest.mark.parametrize(("name", "field", "value"), [(n, f, v) for n, w in WRONG.items() for f, v in w])
def test_a_setting_without_sense_is_refused_in_one_line(name, field, value):
    with pytest.raises(ConfigError, match=rf"^{field} = {value}, but it must be [^\n]+$"):
        BATTERY.make(name, **{field: value})


def test_the_number_of_threads_does_not_change_the_result():
    one, four = (run_battery(standard(N), 5, threads=threads) for threads in (1, 4))
    assert one.functions == four.functions == FUNCTIONS
    assert one.agents == N
    for a, b in zip((one.score, one.bound, one.se), (four.score, four.bound, four.se), strict=True):
        assert np.array_equal(a, b)


def test_a_part_of_the_battery_gives_the_scores_of_the_whole():
    whole = run_battery(standard(N), 5)
    part = run_battery(standard(N), 5, battery_tasks(["memory", "planning"]))
    assert part.functions == ("memory", "planning")
    assert part.score.tolist() == whole.score[[2, 5]].tolist()


def test_efficiency_and_process_loss_come_from_score_and_bound():
    result = run_battery(standard(N), 5, battery_tasks(["perception"]))
    assert result.efficiency[0] == result.score[0] / result.bound[0]
    assert result.process_loss[0] == result.bound[0] - result.score[0] > 0
    assert result.frame().columns.tolist() == [
        "function",
        "score",
        "se",
        "bound",
        "efficiency",
        "process_loss",
    ]


def test_one_agent_alone_can_be_tested():
    """What cannot be won has no efficiency."""
    result = run_battery(group_of(people(1), NO_LINKS), 1)
    assert np.isfinite(result.score).all()
    assert np.isnan(result.efficiency[FUNCTIONS.index("planning")])


def test_an_outside_task_is_registered_and_run(monkeypatch):
    monkeypatch.setattr(BATTERY, "_members", dict(BATTERY._members))

    @swarmscale.register("battery task", "counting")
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Counting:
        """How many are there?"""

        function = "counting"
        pools = False
        unit: int = 100

        def measure(self, group, seed):
            return Score(len(group) / self.unit, 1.0, 0.0)

    result = run_battery(standard(N), 1, (BATTERY.make("counting", unit=50), *battery_tasks(["memory"])))
    assert result.functions == ("counting", "memory")
    assert result.score[0] == N / 50
    assert len(battery_tasks()) == 12


def test_an_unknown_function_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownChoiceError, match=r"cognitive function is called 'memry'.* mean 'memory'"):
        battery_tasks(["memry"])
    with pytest.raises(UnknownChoiceError, match=r"battery task is called 'plannin'.* mean 'planning'"):
        BATTERY.make("plannin")


def test_a_group_needs_an_agent_and_links_within():
    with pytest.raises(ConfigError, match="agents of a group = 0"):
        group_of(people(6)._replace(uid=np.empty(0, np.int64)), NO_LINKS)
    with pytest.raises(ConfigError, match="links = 1, but it must be among 0 to 5"):
        group_of(people(6), np.array([[0, 6]]))


def test_talking_loses_nothing():
    """The sum of what agents hold stays; 24 agents who lose nothing and are all linked hold the mean."""
    values = np.random.default_rng(1).standard_normal((N, 3)).astype(np.float32)
    kept = values.copy()
    held = pool(standard(N).channel, values)
    assert np.allclose(held.sum(axis=0), values.sum(axis=0), atol=1e-4)
    assert np.array_equal(values, kept)
    everyone = pool(group_of(alike(24), everybody(24)).channel, values[:24])
    assert np.allclose(everyone, values[:24].mean(axis=0), atol=1e-5)


def test_the_jackknife_gives_the_standard_error_of_a_mean():
    x = np.random.default_rng(2).standard_normal(800)
    mean, se = jackknifed(lambda which: float(x[which].mean()), len(x))
    blocks = x.reshape(-1, 8).mean(axis=0)
    assert mean == pytest.approx(x.mean())
    assert se == pytest.approx(blocks.std(ddof=1) / np.sqrt(8))


QUICK = {
    "perception": {"trials": 16},
    "attention": {"trials": 11},
    "memory": {"items": 40, "asked": 16},
    "reasoning": {"trials": 6, "rungs": 6},
    "learning": {"rounds": 20},
    "planning": {},
    "decision-making": {"trials": 32},
    "creativity": {"bits": 24, "ruggedness": 4, "steps": 20},
    "social-cognition": {},
    "emotional-processing": {"steps": 40},
    "pattern-recognition": {"trials": 64},
    "optimization": {"steps": 16},
}


@functools.cache
def drawn_groups(groups: int = 150, n: int = 40):
    """Groups whose paths from traits are all cut: people, links, `[groups, 76]` mean traits, `[groups, 12]` scores."""
    cut = Paths(**dict.fromkeys(("type", *SCORES), 0.0))
    tasks = tuple(BATTERY.make(name, **QUICK[name]) for name in FUNCTIONS)
    made, traits, scores = [], [], []
    for g in range(groups):
        rng = np.random.default_rng(g)
        population = Population.build(g, cut, (1.0,) * 6)
        uid, kind = np.arange(1, n + 1), rng.integers(6, size=n).astype(np.uint8)
        made.append((population.people(uid, kind), links_of_network("small-world", n, 8, rng)))
        traits.append(population.traits(uid, kind).mean(axis=0))
        scores.append(run_battery(group_of(*made[-1]), g, tasks).score)
    return made, np.array(traits), np.array(scores)


def largest_z(scores, traits):
    """Largest \\|z\\| (Fisher) among the correlations of scores with traits."""
    r = np.corrcoef(scores.T, traits.T)[: scores.shape[1], scores.shape[1] :]
    return np.abs(np.arctanh(r) * np.sqrt(len(scores) - 3)).max()


def test_without_paths_scores_do_not_depend_on_traits():
    """912 correlations over 150 groups: none above 5.2; one trait that moves listening is found."""
    made, traits, scores = drawn_groups()
    assert largest_z(scores, traits) < 5.2
    perception = (BATTERY.make("perception", **QUICK["perception"]),)
    planted = []
    for g, (members, pairs) in enumerate(made):
        odds = np.log(members.listening / (1 - members.listening)) + 8 * traits[g, 10]
        swayed = members._replace(listening=(1 / (1 + np.exp(-odds))).astype(np.float32))
        planted.append(run_battery(group_of(swayed, pairs), g, perception).score)
    assert largest_z(np.array(planted), traits) > 5.2
