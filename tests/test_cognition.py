"""Agents at cognitive functions: by type and skill, anew when the fleet changes, with the load that they have."""

import math

import numpy as np
import pytest

from swarmscale.agents.assignment import BLOCK, Assignment, function_of
from swarmscale.agents.cognition import FUNCTIONS, PROFILE, candidates, profiles
from swarmscale.agents.fleet import BUSY, IDLE
from swarmscale.agents.nodes import CognitiveNode
from swarmscale.agents.skills import TYPES
from swarmscale.errors import ConfigError
from swarmscale.model.presets import preset_names
from swarmscale.model.swarm import SwarmModel

ALL_TYPES = {"fleet.type_shares": (1, 1, 1, 1, 1, 1)}


def test_each_type_is_profiled_for_two_to_four_functions_and_each_function_by_some_type():
    assert tuple(PROFILE) == TYPES
    assert all(2 <= len(set(names)) == len(names) <= 4 for names in PROFILE.values())
    assert {name for names in PROFILE.values() for name in names} == set(FUNCTIONS)


def test_functions_that_no_type_in_the_fleet_is_profiled_for_are_open_to_all():
    one = candidates([0, 0, 1, 0, 0, 0])
    assert one[2].all()
    assert (candidates([1, 2, 3, 4, 5, 6]) == profiles()).all()


def test_an_agent_is_at_the_allowed_function_that_it_is_best_at():
    random = np.random.default_rng(1)
    kind, skill = random.integers(0, 6, 200).astype(np.uint8), random.standard_normal((200, 12))
    allowed = candidates([1, 1, 1, 0, 1, 1])
    found = function_of(kind, skill.astype(np.float32), allowed)
    for i in range(200):
        may = [f for f in range(12) if allowed[kind[i], f]]
        assert found[i] == max(may, key=lambda f: skill[i, f])


@pytest.mark.parametrize("preset", preset_names())
def test_in_every_preset_every_function_has_agents(preset):
    model = SwarmModel(preset, rng=1, **{"fleet.agents": 3000})
    counts = [data["agents"] for _, data in model.cognition_graph().nodes(data=True)]
    assert min(counts) > 0
    assert sum(counts) == 3000


def fresh(model):
    """The functions of all rows, computed anew, 99 in empty rows."""
    assignment = Assignment(model.population)
    assignment.update(model.fleet)
    return np.where(assignment.uid > 0, assignment.function, 99)


def test_only_those_who_are_new_are_looked_at_when_the_fleet_has_changed():
    model = SwarmModel("tiny", rng=2, **ALL_TYPES)
    model.cognition_graph()
    assert model.assignment.looked_at == 200
    gone = model.fleet.live()[3:30:3]
    model.retire_workers(gone)
    model.fail_workers(model.fleet.live()[:20])
    model.spawn(400, start_s=0.0)
    model.cognition_graph()
    assert model.assignment.looked_at == 600
    assert np.array_equal(np.where(model.assignment.uid > 0, model.assignment.function, 99), fresh(model))
    assert int(model.assignment.agents().sum()) == len(model.fleet) == 200 - len(gone) + 400
    model.run(5)
    model.cognition_graph()
    assert model.assignment.looked_at == 600


def test_a_row_whose_agent_was_replaced_holds_the_function_of_the_new_one():
    model = SwarmModel("tiny", rng=3, **ALL_TYPES)
    before = fresh(model)
    model.assignment.update(model.fleet)
    rows = model.fleet.live()
    model.retire_workers(rows)
    model.spawn(200, start_s=0.0)
    model.assignment.update(model.fleet)
    assert np.array_equal(model.assignment.function[rows], fresh(model)[rows])
    assert (model.assignment.function[rows] != before[rows]).mean() > 0.5


def test_a_fleet_larger_than_a_block_is_assigned_like_its_parts():
    model = SwarmModel(
        "tiny", rng=4, **ALL_TYPES, **{"fleet.agents": BLOCK + 500, "fleet.max_agents": BLOCK * 2}
    )
    model.assignment.update(model.fleet)
    rows = model.fleet.live()[-700:]
    people = model.people(rows)
    expected = function_of(people.kind, people.skill, candidates([1] * 6))
    assert np.array_equal(model.assignment.function[rows], expected)


def test_load_is_the_busy_share_of_the_ready_agents_counted_one_by_one():
    model = SwarmModel("tiny", rng=5, **ALL_TYPES, **{"demand.load": 0.7}).run(20)
    model.fail_workers(model.fleet.live()[:30])
    model.run(1)
    graph = model.cognition_graph()
    function = fresh(model)
    state = model.fleet.column("state")
    for f, name in enumerate(FUNCTIONS):
        busy = sum(1 for r in range(len(state)) if function[r] == f and state[r] == BUSY)
        idle = sum(1 for r in range(len(state)) if function[r] == f and state[r] == IDLE)
        assert graph.nodes[name]["load"] == pytest.approx(busy / (busy + idle))
        assert graph.nodes[name]["agents"] == int((function == f).sum())
    assert 0.2 < np.mean([graph.nodes[name]["load"] for name in FUNCTIONS]) < 1


def test_the_mesa_agent_of_a_function_knows_its_workers_its_load_and_its_score():
    model = SwarmModel("tiny", rng=6, **ALL_TYPES).run(10)
    graph = model.cognition_graph()
    for node in model.agents_by_type[CognitiveNode]:
        assert node.size == graph.nodes[node.function]["agents"]
        assert node.load == graph.nodes[node.function]["load"]
        assert math.isnan(node.score)
        graph.nodes[node.function]["score"] = 0.75
        assert node.score == 0.75


def test_where_nobody_is_ready_the_load_is_unknown():
    model = SwarmModel("tiny", rng=7, **ALL_TYPES)
    model.fail_workers(model.fleet.live(), repair_s=math.inf)
    assert all(math.isnan(data["load"]) for _, data in model.cognition_graph().nodes(data=True))


def test_a_resumed_model_has_the_same_people_at_the_same_functions(tmp_path):
    model = SwarmModel("tiny", rng=8, **ALL_TYPES).run(5)
    model.retire_workers(model.fleet.live()[::7])
    model.spawn(50)
    model.assignment.update(model.fleet)
    again = SwarmModel.load(model.save(tmp_path / "a.safetensors"))
    rows = model.fleet.live()
    for one, other in zip(model.people(rows), again.people(rows), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(fresh(model), fresh(again))


def test_people_of_an_empty_row_are_refused():
    model = SwarmModel("tiny", rng=9)
    row = int(model.fleet.live()[0])
    model.retire_workers(np.array([row]))
    with pytest.raises(ConfigError, match="uid = 0"):
        model.people(np.array([row]))
