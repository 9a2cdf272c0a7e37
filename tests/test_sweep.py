"""A sweep: the same table whoever makes its runs, common random numbers, outcomes, and the command."""

import json
from pathlib import Path

import mesa
import pandas as pd
import pytest
import tomli_w

import swarmscale as ss
from swarmscale.batch.outcomes import OUTCOMES, measure, outcome_keys
from swarmscale.batch.plan import Plan, RunId
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import sweep
from swarmscale.cli import main
from swarmscale.model.files import read_records
from tests.trouble_support import SMALL, small

ROOT = Path(__file__).parents[1]
EXAMPLES, DOCS = ROOT / "examples", ROOT / "docs" / "sweeps.md"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return sweep(small(), out=tmp_path_factory.mktemp("here"), engine="here")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps({k: v for k, v in small().items() if k != "name"}), encoding="utf-8")
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_table_as_this_process(tmp_path, here, workers):
    done = sweep(small(), out=tmp_path, workers=workers)
    assert done.frame().equals(here.frame())
    assert done.computed == 10
    assert set(done.log()["worker"]) <= {path.name.rpartition("-")[0] for path in done.store.parts()}


def test_a_replication_has_the_same_seed_in_every_setting(here):
    frame = here.frame()
    assert (frame["seed"] == 7 + frame["replication"]).all()


def test_a_run_of_a_sweep_is_a_run_of_the_model(here):
    model = ss.SwarmModel("tiny", rng=8, **SMALL, **{"life.start_s": 20}).run()
    row = here.frame().set_index(["setting", "replication"]).loc[2, 1]
    assert row["response_p95_s"] == model.summary()["response_p95_s"].value


def test_all_outcomes_are_what_the_scorecard_says():
    model = ss.SwarmModel("tiny", rng=3, **SMALL, scaling="hpa").run()
    keys = outcome_keys([])
    found = measure(model, keys)
    summary = model.summary()
    for key in keys:
        if key not in list(OUTCOMES):
            assert found[key] == pytest.approx(summary[key].value, rel=0, abs=0, nan_ok=True), key
    assert {"cost", "agents_mean", "violation", "scaling_actions"} <= set(keys)
    assert "spawn_rate" not in keys


def test_cost_is_the_scalers_bill():
    model = ss.SwarmModel(
        "tiny", rng=3, **SMALL | {"seconds": 60}, scaling="hpa", **{"scaler.start_price": 2.0}
    ).run()
    assert model.scaler.events
    assert OUTCOMES.make("cost").measure(model) == pytest.approx(model.scaler.cost)
    assert OUTCOMES.make("scaling_actions").measure(model) == sum(
        e.after != e.before for e in model.scaler.events
    )


def test_a_fleet_that_nothing_scales_costs_its_agents_times_the_time():
    model = ss.SwarmModel("tiny", rng=3, **SMALL).run()
    assert OUTCOMES.make("cost").measure(model) == pytest.approx(60 * 5.0)
    assert OUTCOMES.make("agents_mean").measure(model) == pytest.approx(60.0)
    assert OUTCOMES.make("scaling_actions").measure(model) == 0.0


def test_violation_is_what_availability_leaves():
    model = ss.SwarmModel("tiny", rng=3, **SMALL | {"seconds": 60}, **{"demand.load": 1.6}).run()
    share = OUTCOMES.make("violation").measure(model)
    assert share > 0
    assert share == pytest.approx(1 - model.summary()["availability_tasks"].value)


def test_collective_iq_is_probed_at_the_end_if_it_is_asked_for(tmp_path):
    plan = small(outcomes=["collective_iq"], replications=1, set=SMALL | {"intelligence.panels": 1})
    plan["design"]["over"]["life.start_s"] = [5]
    assert Plan.load(plan).probe
    frame = sweep(plan, out=tmp_path, engine="here").frame()
    assert 20 < frame["collective_iq"].iloc[0] < 200


def test_records_are_kept_if_they_are_asked_for(tmp_path):
    plan = small(records=True, replications=1)
    sweep(plan, out=tmp_path, engine="here")
    names = sorted(path.name for path in (tmp_path / "records").iterdir())
    assert names == [f"{setting}-0.parquet" for setting in range(5)]
    twin = ss.SwarmModel("tiny", rng=7, **SMALL, **{"life.start_s": 20}).run()
    assert read_records(tmp_path / "records" / "2-0.parquet").equals(twin.records.frame())


def test_a_sweep_may_prepare_each_process(tmp_path):
    called = []
    sweep(small(), out=tmp_path, engine="here", begin=lambda: called.append(None))
    assert len(called) == 1


def test_a_sweep_stops_when_it_is_told_to_and_goes_on(tmp_path, here):
    asked = []

    def stop():
        asked.append(None)
        return len(asked) > 3

    first = sweep(small(), out=tmp_path, engine="here", stop=stop)
    assert (first.computed, first.kept) == (3, 0)
    again = sweep(small(), out=tmp_path, engine="here")
    assert (again.computed, again.kept) == (7, 3)
    assert again.frame().equals(here.frame())


def test_strategies_and_numpy_numbers_may_be_given_from_python(tmp_path):
    import numpy as np

    from swarmscale.model.scaling import KubernetesHpa

    policies = [KubernetesHpa(target=0.6), "static"]
    plan = small(design={"over": {"scaling": policies, "life.start_s": np.array([5, 10])}})
    done = sweep(plan | {"replications": 1}, out=tmp_path, engine="here")
    assert json.loads(done.frame()["set.scaling"].iloc[0])["target"] == 0.6
    assert Store.open(tmp_path).plan.config(RunId(0, 0)).scaling == policies[0]


def test_mesas_batch_run_gives_the_records_of_a_sweep(tmp_path):
    """Mesa's own runner at work on the same settings and seeds ends with the same rows."""
    plan = small(records=True)
    plan["design"]["over"]["life.start_s"] = [5, 20]
    sweep(plan, out=tmp_path, engine="here")
    with_mesa = mesa.batch_run(
        ss.SwarmModel,
        {"config": "tiny", "life.start_s": [5, 20], **SMALL},
        rng=[7, 8],
        display_progress=False,
    )
    assert len(with_mesa) == 4
    for row in with_mesa:
        setting, replication = [5, 20].index(row["life.start_s"]), row["iteration"]
        last = read_records(tmp_path / "records" / f"{setting}-{replication}.parquet").iloc[-1]
        for name in ("response_mean_s", "utilization", "completed", "agents_busy"):
            assert row[name] == last[name]


def test_an_outcome_that_nobody_knows_is_refused_with_the_nearest():
    with pytest.raises(ss.UnknownChoiceError, match="Did you mean 'response_p95_s'"):
        Plan.load(small(outcomes=["response_p95"]))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"replication": 3}, "Did you mean 'replications'?"),
        ({"replications": 0}, "replications = 0, but it must be 1 or more"),
        ({"replications": True}, "replications = True, but it must be a whole number"),
        ({"time_limit_s": -1}, "above 0"),
        ({"base": "tinny"}, "Did you mean 'tiny'?"),
        ({"plugins": ["nowhere.py"]}, "there is no such file"),
        ({"rng": "seven"}, "seven"),
    ],
)
def test_what_a_sweep_file_may_not_say_is_refused(change, text):
    with pytest.raises(ss.ConfigError) as refused:
        Plan.load(small(**change))
    assert text in str(refused.value)


def test_a_sweep_that_cannot_be_is_refused_before_there_is_a_store(tmp_path):
    plan = small(design={"over": {"cache.size": [0, 100_000]}})
    with pytest.raises(ss.ConfigError, match=r"setting 1 \(cache.size=100000\)"):
        sweep(plan, out=tmp_path / "store", engine="here")
    assert not (tmp_path / "store").exists()


def test_an_engine_has_its_own_fields_only(tmp_path):
    with pytest.raises(ss.UnknownChoiceError, match="setting of engine 'processes' is called 'address'"):
        sweep(small(), out=tmp_path, address="auto")


def test_a_base_and_plugins_are_found_beside_the_sweep_file(tmp_path):
    (tmp_path / "base.toml").write_text(ss.Config.load("tiny").changed(SMALL).toml(), encoding="utf-8")
    (tmp_path / "mine.py").write_text("", encoding="utf-8")
    path = tmp_path / "sweep.toml"
    path.write_text('base = "base.toml"\nplugins = ["mine.py"]\n', encoding="utf-8")
    plan = Plan.load(path)
    assert plan.base.fleet.agents == 60
    assert plan.plugins == (tmp_path / "mine.py",)
    assert plan.name == "sweep"


def test_the_worked_example_has_all_runs_of_its_plan():
    plan = Plan.load(EXAMPLES / "policies.toml")
    table = pd.read_csv(EXAMPLES / "policies.csv")
    runs = [RunId(*run) for run in zip(table["setting"], table["replication"], strict=True)]
    assert runs == plan.runs()
    assert len(runs) == 500
    assert list(table["seed"]) == [plan.seed(run) for run in runs]
    for key in plan.keys:
        assert list(table[f"set.{key}"]) == [plan.settings[run.setting][key] for run in runs]
    assert f"""```text\n{(EXAMPLES / "policies.txt").read_text(encoding="utf-8")}```""" in DOCS.read_text(
        encoding="utf-8"
    )


# -- the command ------------------------------------------------------------------------------------------


def test_the_command_prints_means_and_where_the_files_are(file, tmp_path, here, capsys):
    words = ["sweep", str(file), "--out", str(tmp_path / "o"), "--engine", "here", "--no-report"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "life.start_s" in out
    assert "10 done of 10 runs; 10 made" in out
    assert Store.open(tmp_path / "o").frame().equals(here.frame())
    assert not (tmp_path / "o" / "sweep.html").exists()
    assert (tmp_path / "o" / "table.csv").read_text(encoding="utf-8") == here.frame().to_csv(index=False)
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["computed"], told["kept"], told["statuses"], told["failures"]) == (0, 10, {"done": 10}, [])
    assert [one["cost"] for one in told["settings"]] == here.means()["cost"].tolist()


def test_the_command_writes_the_page(file, tmp_path, capsys):
    assert main(["sweep", str(file), "--out", str(tmp_path / "o"), "--engine", "here"]) == 0
    assert "sweep.html and table.csv in" in capsys.readouterr().out
    assert "life.start_s" in (tmp_path / "o" / "sweep.html").read_text(encoding="utf-8")


def test_a_dry_run_prints_the_settings_and_makes_nothing(file, tmp_path, capsys):
    words = [
        "sweep",
        str(file),
        "--out",
        str(tmp_path / "o"),
        "--dry-run",
        "--replications",
        "3",
        "--rng",
        "9",
    ]
    assert main(words) == 0
    assert "5 settings x 3 replications = 15 runs; seeds 9 to 11" in capsys.readouterr().out
    assert not (tmp_path / "o").exists()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seeds"] == [9, 10, 11]


def test_a_setting_of_the_shell_holds_in_all_runs(file, tmp_path):
    words = ["sweep", str(file), "--out", str(tmp_path), "--engine", "here", "--no-report", "-q"]
    assert main([*words, "--set", "fleet.agents=80"]) == 0
    assert Store.open(tmp_path).plan.config(RunId(0, 0)).fleet.agents == 80


FAILING = """
import swarmscale
from dataclasses import dataclass

@swarmscale.register("outcome", "failing")
@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    def measure(self, model):
        if model.config.life.start_s == 20:
            raise RuntimeError("twenty is too much")
        return 1.0
"""


def test_failures_are_listed_and_make_the_exit_code_1(file, tmp_path, capsys):
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    tree = small(outcomes=["failing"])
    file.write_text(tomli_w.dumps(tree), encoding="utf-8")
    words = ["sweep", str(file), "--out", str(tmp_path / "o"), "--engine", "here", "--no-report"]
    assert main([*words, "--plugin", str(tmp_path / "failing.py")]) == 1
    out = capsys.readouterr().out
    assert "failed: setting 2, replication 0, seed 7: RuntimeError: twenty is too much" in out
    assert "8 done, 2 failed of 10 runs" in out


@pytest.mark.parametrize(
    ("text", "refusal"),
    [("name = ", "not a TOML file"), ("bse = 'tiny'", "Did you mean 'base'?"), (None, "cannot be read")],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, capsys, text, refusal):
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(["sweep", str(path), "--out", str(tmp_path / "o")]) == 2
    err = capsys.readouterr().err
    assert refusal in err
    assert len(err.splitlines()) == 1
