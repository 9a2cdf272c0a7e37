"""Searches for good settings: known optima are found, constraints kept, and interruptions leave no trace."""

import json
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from swarmscale import Config
from swarmscale.batch.importance import importances
from swarmscale.batch.plan import Plan
from swarmscale.batch.proposals import Proposals
from swarmscale.batch.samplers import SAMPLERS
from swarmscale.batch.search import Search
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import sweep
from swarmscale.batch.tune import load_search, tune
from swarmscale.batch.verdict import Verdict
from swarmscale.cli import main
from swarmscale.errors import ConfigError

from .ray_support import wait_until

BOWL = '''
import os
import time
from dataclasses import dataclass
from pathlib import Path

import swarmscale

FOLDER = Path({folder!r})


@swarmscale.register("outcome", "bowl")
@dataclass(frozen=True, slots=True, kw_only=True)
class Bowl:
    """Least at a load of 0.6 and a start of 20 s; the seed shifts it."""

    def measure(self, model):
        c = model.config
        (FOLDER / f"mark-{{os.getpid()}}-{{time.time()}}").touch()
        if (FOLDER / "slow").exists():
            time.sleep(0.3)
        if c.demand.load > 0.9 and (FOLDER / "fragile").exists():
            raise RuntimeError("too much load")
        return 100 * (c.demand.load - 0.6) ** 2 + (c.life.start_s - 20) ** 2 / 100 + 0.01 * model.root_seed


@swarmscale.register("outcome", "tilt")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tilt:
    def measure(self, model):
        return model.config.demand.load
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bowl")
    (folder / "bowl_plugin.py").write_text(BOWL.format(folder=str(folder)), encoding="utf-8")
    return folder


@pytest.fixture
def folder(home):
    for path in [*home.glob("mark-*"), home / "slow", home / "fragile"]:
        path.unlink(missing_ok=True)
    return home


def bowl(folder: Path, search: dict | None = None, **more) -> dict:
    """A search that takes no time: one tick a run, and an objective that is a function of the config."""
    return {
        "name": "bowl",
        "base": "tiny",
        "replications": 2,
        "plugins": [str(folder / "bowl_plugin.py")],
        "set": {"seconds": 1, "intelligence.on": False},
        "search": {
            "objective": "bowl",
            "trials": 24,
            "batch": 6,
            "over": {"demand.load": {"low": 0.2, "high": 0.95}, "life.start_s": {"low": 2, "high": 60}},
        }
        | (search or {}),
        **more,
    }


def settings_of(tuned) -> list[dict]:
    return [dict(setting) for setting in tuned.store.settings]


@pytest.fixture(scope="module")
def undisturbed(home):
    return tune(bowl(home), out=home.parent / "bowl-undisturbed", engine="here")


def test_the_optimum_of_a_known_bowl_is_found(undisturbed):
    setting = undisturbed.setting(undisturbed.best)
    assert abs(setting["demand.load"] - 0.6) < 0.15
    assert abs(setting["life.start_s"] - 20) < 15


def closest(sampler: str, seed: int) -> float:
    """How near to a bowl's bottom a sampler comes in 30 trials; no model is run."""
    over = {"demand.load": {"low": 0.2, "high": 0.95}, "life.start_s": {"low": 2, "high": 60}}
    table = {"objective": "cost", "over": over, "sampler": sampler, "seed": seed, "batch": 5}
    proposals = Proposals(Search.of(table), Config.load("tiny"), {})
    values: list[float] = []
    for _ in range(6):
        told = []
        for setting in proposals.ask():
            value = 100 * (setting["demand.load"] - 0.6) ** 2 + (setting["life.start_s"] - 20) ** 2 / 100
            told.append(
                Verdict(setting=1, values={"cost": np.array([value])}, statuses=("done",), state="feasible")
            )
            values.append(value)
        proposals.tell(told)
    return min(values)


def test_tpe_gets_closer_to_a_known_optimum_than_chance():
    tpe, random = ([closest(sampler, seed) for seed in range(20)] for sampler in ("tpe", "random"))
    assert np.median(tpe) < 0.7 * np.median(random)


def test_the_same_trials_come_on_any_engine(folder, undisturbed, tmp_path):
    search = {"trials": 12}
    found = tune(bowl(folder, search), out=tmp_path, engine="processes", workers=2)
    assert settings_of(found) == settings_of(undisturbed)[:13]
    pd.testing.assert_frame_equal(found.frame(), undisturbed.frame().iloc[:13], check_exact=True)


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(folder, undisturbed, tmp_path):
    for marks in (5, 21, 40):  # in the first batch, and within later ones
        part = tune(
            bowl(folder),
            out=tmp_path,
            engine="here",
            stop=lambda n=marks: len(list(folder.glob("mark-*"))) >= n,
        )
        assert not part.complete
    rest = tune(bowl(folder), out=tmp_path, engine="here")
    assert rest.complete
    assert rest.computed + rest.kept == 50
    assert settings_of(rest) == settings_of(undisturbed)
    pd.testing.assert_frame_equal(rest.store.frame(), undisturbed.store.frame(), check_exact=True)
    assert rest.best.setting == undisturbed.best.setting


def test_a_search_that_is_done_makes_no_run_again(folder, undisturbed, home):
    again = tune(bowl(folder), out=home.parent / "bowl-undisturbed", engine="here")
    assert (again.computed, again.kept) == (0, 50)
    pd.testing.assert_frame_equal(again.frame(), undisturbed.frame(), check_exact=True)


def test_more_trials_go_on_from_fewer_as_if_they_had_been_wanted_at_first(folder, undisturbed, tmp_path):
    tune(bowl(folder, {"trials": 9}), out=tmp_path, engine="here")  # the second batch is not full
    more = tune(bowl(folder), out=tmp_path, engine="here")
    assert settings_of(more) == settings_of(undisturbed)
    pd.testing.assert_frame_equal(more.frame(), undisturbed.frame(), check_exact=True)


def test_another_search_in_the_folder_is_refused(folder, undisturbed, home):
    other = bowl(folder, {"seed": 2})
    with pytest.raises(ConfigError, match=r"holds another search: design\.seed is null there and 2 here"):
        tune(other, out=home.parent / "bowl-undisturbed", engine="here")


def test_trials_that_this_version_would_not_choose_are_refused(folder, tmp_path):
    tune(bowl(folder, {"trials": 6}), out=tmp_path, engine="here")
    sheet = json.loads((tmp_path / "sweep.json").read_text())
    sheet["plan"]["settings"][2]["demand.load"] = 0.5
    (tmp_path / "sweep.json").write_text(json.dumps(sheet))
    with pytest.raises(ConfigError, match=r"trial 2 is .* in the folder, but this version of Optuna chooses"):
        tune(bowl(folder, {"trials": 12}), out=tmp_path, engine="here")


SCRIPT = """
import json, sys
from swarmscale.batch.tune import tune

if __name__ == "__main__":
    tune(json.loads(sys.argv[1]), out=sys.argv[2], engine="here")
"""


@pytest.mark.parametrize("which", ["SIGINT", "SIGKILL"])
def test_a_search_whose_process_is_ended_goes_on_to_the_same_end(folder, undisturbed, tmp_path, which):
    (folder / "slow").touch()
    (tmp_path / "go.py").write_text(SCRIPT)
    words = [sys.executable, str(tmp_path / "go.py"), json.dumps(bowl(folder)), str(tmp_path / "out")]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: len(list(folder.glob("mark-*"))) >= 17, 60)  # in the second batch
    process.send_signal(getattr(signal, which))
    process.wait(30)
    (folder / "slow").unlink()
    kept = len(Store.open(tmp_path / "out").frame())
    assert 10 <= kept < 50
    rest = tune(bowl(folder), out=tmp_path / "out", engine="here")
    assert rest.computed == 50 - kept
    pd.testing.assert_frame_equal(rest.frame(), undisturbed.frame(), check_exact=True)


SIZES = list(range(60, 221, 20))


def agents(**search) -> dict:
    """How many agents a static fleet needs: cost rises and violations fall with each."""
    return {
        "name": "agents",
        "base": "tiny",
        "replications": 3,
        "set": {"seconds": 30, "intelligence.on": False, "demand.mean_rate_per_s": 60},
        "search": {
            "objective": "cost",
            "trials": 18,
            "batch": 6,
            "over": {"fleet.agents": SIZES},
            "constraints": {"violation": {"most": 0.05}},
        }
        | search,
    }


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Every size, as a sweep."""
    plan = agents()
    plan.pop("search")
    plan |= {"outcomes": ["cost", "violation"], "design": {"kind": "grid", "over": {"fleet.agents": SIZES}}}
    frame = sweep(plan, out=tmp_path_factory.mktemp("grid"), engine="here").frame()
    return frame.groupby("set.fleet.agents")[["cost", "violation"]].mean()


@pytest.fixture(scope="module")
def sized(tmp_path_factory):
    return tune(agents(), out=tmp_path_factory.mktemp("sized"), engine="here")


def test_the_cheapest_fleet_that_keeps_a_constraint_is_that_of_the_whole_grid(grid, sized):
    feasible = grid[grid["violation"] <= 0.05]
    assert 0 < len(feasible) < len(grid)  # the constraint decides
    assert sized.setting(sized.best)["fleet.agents"] == feasible["cost"].idxmin()


def test_a_trial_has_the_means_of_the_grid(grid, sized):
    for verdict in sized.trials:
        row = grid.loc[sized.setting(verdict)["fleet.agents"]]
        assert verdict.means["cost"] == pytest.approx(row["cost"], rel=1e-12)
        assert verdict.means["violation"] == pytest.approx(row["violation"], rel=1e-12)
        assert verdict.state == ("feasible" if row["violation"] <= 0.05 else "infeasible")


def test_the_gain_on_the_base_is_paired_by_seed(sized):
    frame = sized.store.frame().pivot(index="replication", columns="setting", values="cost")
    (gain,) = sized.gains(sized.best)
    differences = frame[sized.best.setting] - frame[0]
    assert gain.difference == pytest.approx(differences.mean())
    assert gain.base == pytest.approx(frame[0].mean())


def test_slack_is_told_from_the_bound(sized):
    row = sized.frame().set_index("trial").loc[sized.best.setting]
    assert row["slack.violation at most 0.05"] == pytest.approx(0.05 - row["violation"])


def test_an_infeasible_problem_says_so_and_how_close_it_came(tmp_path, capsys):
    file = tmp_path / "none.toml"
    import tomli_w

    file.write_text(tomli_w.dumps(agents(trials=6, constraints={"violation": {"most": -1.0}})))
    code = main(["tune", str(file), "--out", str(tmp_path / "o"), "--engine", "here"])
    said = capsys.readouterr().out
    assert code == 1
    assert "No feasible setting in 6 trials" in said
    assert "violation at most -1" in said
    assert "Loosen a constraint" in said
    assert not (tmp_path / "o" / "best.toml").exists()
    assert "No feasible setting" in (tmp_path / "o" / "tune.html").read_text()


def test_a_trial_whose_run_fails_is_failed_and_never_best(folder, tmp_path):
    (folder / "fragile").touch()
    search = {"objective": "tilt", "direction": "maximize", "constraints": {"bowl": {"most": 1e6}}}
    found = tune(bowl(folder, search), out=tmp_path, engine="here")
    loads = {v.setting: found.setting(v)["demand.load"] for v in found.trials}
    failed = {v.setting for v in found.trials if v.state == "failed"}
    assert failed == {trial for trial, load in loads.items() if load > 0.9}
    assert len(failed) > 0
    assert (
        found.best.setting
        == max((load, -trial) for trial, load in loads.items() if trial not in failed)[1] * -1
    )
    assert set(found.failures()) == failed
    assert next(iter(found.failures().values())) == ("RuntimeError: too much load", 2)


def test_the_front_of_two_objectives_has_no_trial_that_another_one_beats(folder, tmp_path):
    search = {"objective": ["bowl", "tilt"], "direction": ["minimize", "maximize"], "sampler": "nsga2"}
    found = tune(bowl(folder, search), out=tmp_path, engine="here")
    points = {v.setting: (v.means["bowl"], -v.means["tilt"]) for v in found.trials}
    beaten = {
        mine
        for mine, (a, b) in points.items()
        if any(c <= a and d <= b and (c, d) != (a, b) for c, d in points.values())
    }
    assert {v.setting for v in found.front} == set(points) - beaten
    assert len(found.front) > 1
    names = {path.name for path in found.write(tmp_path)}
    assert names == {"trials.csv", *(f"trial-{v.setting}.toml" for v in found.front)}


def test_a_strategys_setting_is_chosen_only_where_it_applies(tmp_path):
    over = {
        "scaling.hpa.target": {"low": 0.4, "high": 0.9},
        "scaling": ["static", "hpa"],
        "fleet.agents": {"low": 50, "high": 250, "whole": True},
    }
    found = tune(agents(over=over, trials=8, batch=4), out=tmp_path, engine="here")
    kinds = set()
    for verdict in found.trials:
        setting = found.setting(verdict)
        kinds.add(setting["scaling"])
        assert ("scaling.hpa.target" in setting) == (setting["scaling"] == "hpa")
        assert isinstance(setting["fleet.agents"], int)
    assert kinds == {"static", "hpa"}
    assert list(found.frame()["state"]).count("failed") == 0


def test_the_best_config_is_one_that_runs_and_gives_the_trials_values(undisturbed, tmp_path):
    undisturbed.write(tmp_path)
    config = Config.load(tmp_path / "best.toml")
    best = undisturbed.best
    assert config.demand.load == undisturbed.setting(best)["demand.load"]
    assert tomllib.loads((tmp_path / "best.toml").read_text())["name"] == f"bowl-trial-{best.setting}"
    assert (
        main(["run", str(tmp_path / "best.toml"), "--out", str(tmp_path / "run"), "--no-report", "-q"]) == 0
    )


def test_the_factor_that_decides_is_the_important_one(folder, tmp_path):
    found = tune(bowl(folder, {"objective": "tilt", "sampler": "random"}), out=tmp_path, engine="here")
    shares = importances(found, found.search.objectives[0])
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["demand.load"] > 0.8


def test_the_page_holds_what_was_found_and_every_trial(undisturbed):
    from swarmscale.viz.tune_report import tune_html

    page = tune_html(undisturbed)
    assert f"Best feasible setting: trial {undisturbed.best.setting} of 24" in page
    assert "Importance for" in page
    assert "over demand.load and life.start_s" in page or "over life.start_s and demand.load" in page
    assert page.count('data-value="24.0"') >= 1
    assert "http://" not in page.split("<script")[0]


@pytest.mark.parametrize(
    ("search", "rule"),
    [
        ({"objective": "bwol"}, r"no outcome is called 'bwol'\. Did you mean 'bowl'\?"),
        ({"constraints": {"costs": {"most": 1}}}, r"Did you mean 'cost'\?"),
        ({"constraints": {"cost": {"max": 1}}}, r"no side of search\.constraints\.cost is called 'max'"),
        ({"constraints": {"cost": 3}}, r"must be a table such as \{most = 1\.0\}"),
        ({"direction": "minimise"}, r"Did you mean 'minimize'\?"),
        ({"sampler": "tp"}, r"no sampler is called 'tp'\. Did you mean 'tpe'\?"),
        ({"sampler": {"name": "tpe", "statup": 3}}, r"Did you mean 'startup'\?"),
        ({"trials": 0}, r"search\.trials = 0, but it must be 1 or more"),
        ({"trials": 2.5}, r"search\.trials = 2\.5, but it must be a whole number"),
        ({"overs": {}}, r"no field of \[search\] is called 'overs'\. Did you mean 'over'\?"),
        ({"over": {}}, r"search\.over = \{\}, but it must be a table of at least one factor"),
        ({"over": {"demand.lod": [0.5, 0.6]}}, r"no setting is called 'demand\.lod'"),
        ({"over": {"demand.load": [0.5, "much"]}}, r"must be a list of values of one kind"),
        ({"over": {"demand.load": {"low": 0.5}}}, r"search\.over\.demand\.load\.high"),
        ({"over": {"demand.load": {"low": -1, "high": 0.5}}}, r"demand\.load = -1"),
        ({"over": {"scaling.hpa.target": [0.5, 0.6]}}, r"applies to no strategy that the search may choose"),
        ({"over": {"seconds": [1, 2]}}, r"search\.over\.seconds: is set in \[set\] as well"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(folder, tmp_path, search, rule):
    with pytest.raises(ConfigError, match=rule) as refused:
        tune(bowl(folder, search), out=tmp_path, engine="here")
    assert "\n" not in str(refused.value)


def test_a_sweep_file_is_no_search(folder):
    plan = bowl(folder)
    del plan["search"]
    with pytest.raises(ConfigError, match=r"\[search\]: is missing"):
        load_search(plan)
    with pytest.raises(ConfigError, match=r"a search has a table \[search\] in its place"):
        load_search(plan | {"design": {}})
    with pytest.raises(ConfigError, match=r"design\.kind = list"):
        load_search(Plan(name="a", base=Config(), settings=({},), seeds=(1,)))


def test_without_optuna_one_line_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"pip install 'swarmscale\[sweep\]'"):
        tune(bowl(folder), out=tmp_path, engine="here")


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_fills_a_search(name, folder, tmp_path):
    found = tune(bowl(folder, {"sampler": name, "trials": 8, "batch": 4}), out=tmp_path, engine="here")
    assert found.complete
    assert len(found.feasible) == 8


def test_a_search_reads_both_sides_of_a_constraint():
    table = {"objective": "cost", "over": {"a": [1]}, "constraints": {"cost": {"least": 1, "most": 2}}}
    least, most = Search.of(table).constraints
    assert (str(least), least.slack(1.5), most.slack(1.5)) == ("cost at least 1", 0.5, 0.5)
    assert least.excess(0.5) == 0.5
    assert most.excess(3.0) == 0.5


def test_the_command_prints_json_that_holds_every_trial(folder, tmp_path, capsys):
    import tomli_w

    file = tmp_path / "bowl.toml"
    file.write_text(tomli_w.dumps(bowl(folder, {"trials": 6})))
    assert main(["tune", str(file), "--out", str(tmp_path / "o"), "--engine", "here", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["trials"]) == 7
    row = told["trials"][told["best"]]
    assert told["setting"] == {key: row[f"set.{key}"] for key in ("demand.load", "life.start_s")}
    assert (tmp_path / "o" / "tune.html").is_file()


def test_the_command_refuses_a_wrong_name_in_one_line(folder, tmp_path, capsys):
    import tomli_w

    file = tmp_path / "bowl.toml"
    file.write_text(tomli_w.dumps(bowl(folder, {"objective": "bwol"})))
    assert main(["tune", str(file), "--out", str(tmp_path / "o")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Did you mean 'bowl'?" in said


def test_no_row_is_lost_when_a_setting_comes_up_that_earlier_trials_lack(tmp_path, caplog):
    """``scaling.hpa.target`` is first said in the fourth trial; the table keeps those before it."""
    plan = {
        "name": "late",
        "base": "tiny",
        "replications": 1,
        "set": {"seconds": 2, "intelligence.on": False},
        "search": {
            "objective": "cost",
            "trials": 8,
            "batch": 1,
            "sampler": "random",
            "seed": 2,
            "over": {"scaling": ["static", "hpa"], "scaling.hpa.target": {"low": 0.5, "high": 0.9}},
        },
    }
    found = tune(plan, out=tmp_path / "late", engine="here")
    table = found.store.frame()
    assert table["setting"].tolist() == list(range(9))
    assert table["set.scaling"].tolist()[1:4] == ["static"] * 3
    assert table["set.scaling.hpa.target"].notna().tolist() == (table["set.scaling"] == "hpa").tolist()
    assert not caplog.records
