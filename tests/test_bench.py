"""The benchmarks' own facts: the same tasks give the same waits everywhere. Nothing here is timed."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from swarmscale.bench import command, main, ours, race
from swarmscale.bench.reference import Agreement, Waits, compare, oracle, reference_tasks
from swarmscale.bench.report import SCHEMA, Gate, Section, as_tree, missed, write_json
from swarmscale.bench.rivals import RIVALS, Outcome, Rival
from swarmscale.bench.scaling import full_config
from swarmscale.bench.ticks import CASES, loaded_config
from swarmscale.errors import ConfigError

LOADS = (0.7, 1.1)
"""At .7 tasks wait at the nodes alone; at 1.1 in the clusters too."""


@pytest.fixture(scope="module", params=LOADS, ids=lambda load: f"load-{load}")
def tasks(request):
    return reference_tasks(400, 20, load=request.param)


@pytest.fixture(scope="module")
def right(tasks):
    return oracle(tasks)


def test_our_waits_equal_the_oracles_bit_for_bit(tasks, right):
    found, _ = ours.waits(tasks)
    assert compare(right, found).equal


def test_our_waits_do_not_depend_on_the_tick(tasks, right):
    found, _ = ours.waits(tasks, dt=0.5)
    assert compare(right, found).equal


@pytest.mark.parametrize("package", ["mesa", "simpy"])
def test_waits_of_event_simulators_equal_the_oracles_bit_for_bit(package, tasks, right):
    """Arrivals are multiples of 2**-40 s, so SimPy's sums of differences meet them exactly."""
    rival = next(r for r in RIVALS if r.package == package)
    if not rival.present:
        pytest.skip(rival.missing_note())
    assert compare(right, rival.run(tasks).waits).equal


def test_ambers_waits_agree_within_rounding(tasks, right):
    """Its queues are running sums in numpy, which round otherwise than the recursion."""
    rival = next(r for r in RIVALS if r.package == "ambr")
    if not rival.present:
        pytest.skip(rival.missing_note())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agreement = compare(right, rival.run(tasks).waits)
    assert agreement.lacking == 0
    assert max(agreement.dispatch_s, agreement.cluster_s) < 1e-9


def test_the_comparison_is_about_something(right, tasks):
    agreement = compare(right, right)
    assert agreement.compared > len(tasks)
    assert agreement.waited[0] > 1000


def test_a_heavier_load_makes_tasks_wait_in_clusters():
    right = oracle(reference_tasks(400, 20, load=1.1))
    assert compare(right, right).waited[1] > 100


def test_a_wait_that_is_a_last_bit_off_is_found(right):
    other = Waits(right.dispatch_s.copy(), right.cluster_s)
    at = int(np.nanargmax(other.dispatch_s))
    other.dispatch_s[at] = np.nextafter(other.dispatch_s[at], np.inf)
    assert not compare(right, other).equal


def test_a_wait_that_is_lacking_is_found(right):
    other = Waits(np.full_like(right.dispatch_s, np.nan), right.cluster_s)
    assert compare(right, other).words() == f"{np.isfinite(right.dispatch_s).sum()} waits lacking"


def test_the_log_changes_no_figure_of_the_records(tasks):
    _, logged = ours.waits(tasks)
    assert ours.same_records(ours.run(ours.build(tasks)), logged)


def test_the_same_seed_gives_the_same_tasks():
    a, b = reference_tasks(400, 5, 3), reference_tasks(400, 5, 3)
    assert np.array_equal(a.time_s, b.time_s)
    assert np.array_equal(a.work_s, b.work_s)


def test_differences_of_arrival_times_are_exact(tasks):
    t = tasks.time_s
    assert np.array_equal(t[:-1] + np.diff(t), t[1:])


@pytest.mark.parametrize(("agents", "seconds"), [(50, 10), (450, 10), (400, 0), (400, 5000)])
def test_a_list_that_cannot_be_drawn_is_refused(agents, seconds):
    with pytest.raises(ConfigError):
        reference_tasks(agents, seconds)


def test_a_missing_simulator_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(race, "QUICK", ((400, 10, 1),))
    absent = Rival("Nobody", "no_such_simulator_here", lambda tasks: Outcome(oracle(tasks), 1.0))
    section = race.race(quick=True, rivals=(absent,))
    assert "pip install 'swarmscale[bench]'" in section.notes[0]
    assert [row[1] for row in section.rows] == ["Swarmscale"]
    assert missed([section]) == 0


def test_a_gate_that_was_not_measured_is_neither_met_nor_missed():
    gate = Gate(name="x", value=None, limit=1.0)
    assert gate.met is None
    assert "not measured" in gate.line()


def test_the_command_ends_with_1_when_a_gate_is_missed(monkeypatch, capsys):
    monkeypatch.setitem(command.BENCHMARKS, "spawn", lambda quick: _section(0.5))
    assert main(["--only", "spawn"]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_the_command_writes_what_it_shows(monkeypatch, tmp_path):
    monkeypatch.setitem(command.BENCHMARKS, "spawn", lambda quick: _section(2.0))
    file = tmp_path / "figures.json"
    assert main(["--only", "spawn", "--quick", "--json", str(file)]) == 0
    tree = json.loads(file.read_text())
    assert tree["schema"] == SCHEMA
    assert tree["missed"] == 0
    assert {"processor", "cores", "load_average", "time", "python", "packages"} <= set(tree["machine"])
    (section,) = tree["sections"]
    assert set(section) == {"key", "title", "columns", "rows", "gates", "notes"}
    assert section["rows"] == [["a", 1, None]]
    assert section["gates"] == [{"name": "rate", "value": 2.0, "limit": 1.0, "at_least": True, "met": True}]
    assert list(tmp_path.iterdir()) == [file]


def test_figures_that_are_no_numbers_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", as_tree({"x": float("nan")}, []))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--only", "nothing"], ["--fast"], ["--json", "/no/such/folder/figures.json"]], ids=" ".join
)
def test_wrong_options_are_refused_before_anything_runs(options):
    with pytest.raises(ConfigError):
        main(options)


@pytest.mark.parametrize("agents", [1_000, 50_000])
def test_the_scaled_model_loads_its_stations_alike_at_any_size(agents):
    config = full_config(agents)
    rate = config.demand.load * agents / config.demand.classes[0].work_s
    assert rate / config.fleet.nodes * config.dispatch.service_ms / 1000 == pytest.approx(0.65)


@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_tick_table_is_a_valid_config(case):
    assert loaded_config(0.5, 120.0).changed(CASES[case]).dt == 0.5


def test_agreement_says_how_far_waits_differ():
    assert Agreement(2, (1, 0), 0, 0.0, 1e-12).words() == "within 1.0e-12 s"


def _section(value):
    gate = Gate(name="rate", value=value, limit=1.0)
    return Section(key="spawn", title="t", columns=("a", "b", "c"), rows=(("a", 1, None),), gates=(gate,))
