"""Cluster sizes in small: what benchmarks/structure.py says of 5, 50 and 100, beside Erlang C."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from swarmscale.model.intervals import student_ends

PATH = Path(__file__).parents[1] / "benchmarks" / "structure_runs.py"
BUSY, CONTROL_RUNS = 0.9, 10
TICK = dict.fromkeys(("dt", "demand.bin_s", "records.cluster_period_s", "records.window_s"), 20.0)


@pytest.fixture(scope="module")
def study():
    """The runs of the benchmark."""
    spec = spec_from_file_location("benchmarks_structure_runs", PATH)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def setting(study, size, agents, load, **more):
    """One node with clusters of a size, each with whole agents."""
    return {
        "fleet.agents": agents, "fleet.nodes": 1, "fleet.cluster_agents": size, "demand.load": load,
        "demand.classes": study.work(),
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def waits(study):
    """Waits of clusters of 5 and of 50 that get their tasks blindly, and do not coordinate."""
    blind = {"fleet.communication": "none", "dispatch.rule": "random"} | TICK
    return {
        size: study.values(
            study.runs(setting(study, size, 500, BUSY, **blind), CONTROL_RUNS, 1800.0), "wait_s"
        )
        for size in (5, 50)
    }


@pytest.mark.parametrize("size", [5, 50])
def test_a_cluster_left_alone_waits_as_erlang_c_says(study, waits, size):
    """Within four standard errors over independent runs, which are no wider than a fifth of the wait."""
    mine, error = waits[size], waits[size].std(ddof=1) / np.sqrt(CONTROL_RUNS)
    theory = study.wait_s(size, BUSY)
    assert error < 0.2 * theory / 4
    assert abs(mine.mean() - theory) < 4 * error


def test_clusters_of_5_wait_longer_than_clusters_of_50(waits):
    """In every run, and by more than six times: Erlang C says twelve."""
    assert (waits[5] > 6 * waits[50]).all()


def efficiencies(study, sizes, communication):
    """Coordination efficiency of three runs with each cluster size, at a load of .85."""
    more = {"fleet.communication": communication}
    told = {size: study.runs(setting(study, size, 500, 0.85, **more), 3, 120.0) for size in sizes}
    return {size: study.values(mine, "efficiency") for size, mine in told.items()}


def test_a_mesh_coordinates_best_in_clusters_smaller_than_100(study):
    """The larger cluster waits less, but its agents spend a twentieth of their work on telling each other."""
    told = efficiencies(study, (5, 25, 100), "mesh")
    best = max(told, key=lambda size: told[size].mean())
    assert best < 100
    low, _ = student_ends((told[best] - told[100]).reshape(1, -1))
    assert low[0] > 0.01


def test_without_coordination_100_is_not_worse_than_25(study):
    """The mesh's cost, not the size itself, is what makes 100 lose."""
    told = efficiencies(study, (25, 100), "none")
    assert (told[100] >= told[25]).all()


def test_erlang_c_of_the_study_agrees_with_known_values(study):
    """Cooper 1981, table: C(a = 2, c = 3) = 4/9; one server waits with chance rho; no wait beyond a load of 1."""
    assert study.erlang_c(3, 2 / 3) == pytest.approx(4 / 9)
    assert study.wait_s(1, 0.5, 1.0) == pytest.approx(1.0)
    assert study.wait_s(100, 1.0) == float("inf")
