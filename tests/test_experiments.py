"""Behind the page Experiments: its form, its list of stores, its processes, and what is drawn of the frames."""

import json
import subprocess
import sys
import time
import tomllib

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import tomli_w

from swarmscale.batch.analysis import intervals
from swarmscale.batch.plan import Plan
from swarmscale.batch.store import Store
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config

from . import experiments_support as support

pytest.importorskip("solara")

from swarmscale.viz.live.desk import Desk
from swarmscale.viz.live.experiments import draft as drafts
from swarmscale.viz.live.experiments import jobs as processes
from swarmscale.viz.live.experiments import lab as labs
from swarmscale.viz.live.experiments import shelf as shelves
from swarmscale.viz.live.experiments.draft import PRESENT, Draft, key_name, plan_of, runs_of, values_name
from swarmscale.viz.live.experiments.jobs import Jobs
from swarmscale.viz.live.experiments.lab import Lab, tree_of
from swarmscale.viz.live.experiments.shelf import OVER, STOPPED, Shelf
from swarmscale.viz.live.experiments.side import Steer
from swarmscale.viz.live.experiments.sight import EFFECT, FRONT, HEAT, PAIRED, RACE, TABLE
from swarmscale.viz.live.experiments.start import FIRST, Start
from swarmscale.viz.live.experiments.taken import downloads_of
from swarmscale.viz.live.experiments.values import factor_values, values_of
from swarmscale.viz.live.experiments.watch import Watch
from swarmscale.viz.live.pages.experiments import experiments_page
from swarmscale.viz.live.panels import Plot, Table, Tile
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.settings_env import AppSettings
from swarmscale.viz.live.stage import MOST_BYTES, figure_text

TINY = Config.load("tiny")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with two sweeps that share seeds, a race, and folders that are none of them."""
    top = tmp_path_factory.mktemp("out")
    support.made(top / "one")
    support.made(top / "group" / "two", set=support.SHORT | {"dispatch.rule": "random"})
    support.raced(top / "race")
    support.foreign(top)
    return top


@pytest.fixture
def lab(root):
    made = Lab(root, Jobs(root))
    made.choose(shown="one")
    made.look()
    return made


# -- the form --------------------------------------------------------------------------------------------


def form(**texts):
    return Draft(TINY, FIRST | texts)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("hpa, quantile", ["hpa", "quantile"]),
        ('"hpa", 3, 2.5, true', ["hpa", 3, 2.5, True]),
        ("10, , 20,", [10, 20]),
        ("[0.9, 1.0], [0.5, 0.6]", [[0.9, 1.0], [0.5, 0.6]]),
        ("", []),
    ],
)
def test_a_list_is_read_as_it_is_typed(text, values):
    assert values_of(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10 to 60 in 6", [10, 20, 30, 40, 50, 60]),
        ("0.1 to 0.3 in 3 steps", [0.1, 0.2, 0.3]),
        ("1 to 100 in 3 log", [1, 10, 100]),
    ],
)
def test_a_range_in_a_grid_has_its_steps(text, values):
    assert factor_values("life.start_s", text, grid=True) == values


def test_a_range_of_whole_numbers_is_drawn_whole():
    drawn = form(kind="sobol", samples="8", **{key_name(0): "fleet.agents", values_name(0): "100 to 200"})
    assert drawn.tree()["design"]["over"]["fleet.agents"] == {"low": 100.0, "high": 200.0, "whole": True}
    plan = drawn.judged().plan
    assert len(plan.settings) == 8
    assert all(isinstance(setting["fleet.agents"], int) for setting in plan.settings)


def test_the_form_as_it_stands_at_first_makes_a_plan_on_the_present_settings():
    present = TINY.changed({"demand.load": 0.4})
    plan = Draft(present, FIRST).judged().plan
    assert plan.base == present
    assert [setting["life.start_s"] for setting in plan.settings] == [10, 30, 60]
    assert plan.seeds == (7, 8, 9, 10, 11)


def test_a_preset_and_settings_for_all_runs_take_the_place_of_the_present_ones():
    plan = form(base="steady", set="seconds = 60; intelligence.on = false").judged().plan
    assert plan.base == Config.load("steady")
    assert plan.fixed == {"seconds": 60, "intelligence.on": False}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("name", "../outside", "name = '../outside', but it must be up to 60 of the letters"),
        ("replications", "none", "replications = 'none', but it must be a whole number"),
        ("replications", "0", "replications = 0, but it must be 1 or more"),
        ("rng", "-1.5", "rng = -1.5, but it must be a whole number"),
        ("outcomes", "cots", "no outcome is called 'cots'. Did you mean 'cost'?"),
        ("time_limit_s", "0", "time_limit_s = 0, but it must be above 0"),
        ("set", "seconds", "set = 'seconds', but it must be key = value"),
        (key_name(0), "life.strat_s", "no setting is called 'life.strat_s'. Did you mean 'life.start_s'?"),
        (key_name(0), "life", "life is a group of settings"),
        (key_name(0), "", "design.over = {}, but it must be a table of at least one factor"),
        (values_name(0), "", "design.over.life.start_s = [], but it must be a list of at least one value"),
        (values_name(0), "10, -5", "life.start_s = -5"),
        (
            values_name(0),
            "10 to 60",
            "design.over.life.start_s = '10 to 60', but in a grid it must say its steps",
        ),
        (values_name(0), "10 to 60 in 1000", "in 2 to 200 steps"),
    ],
)
def test_what_is_refused_stands_beside_its_field_and_no_other(name, text, line):
    refusals = form().typed(name, text).judged().refusals
    assert set(refusals) == {name}
    assert line in refusals[name]


def test_a_second_factor_is_blamed_and_not_the_first():
    both = form(**{key_name(1): "scaling", values_name(1): "hpa, quantil"})
    refusals = both.judged().refusals
    assert set(refusals) == {values_name(1)}
    assert "Did you mean 'quantile'?" in refusals[values_name(1)]
    assert set(both.typed(key_name(1), "life.start_s").judged().refusals) == {key_name(1)}


@pytest.mark.parametrize("text", ["-3, 5", "many, 5"])
def test_the_line_is_that_of_the_command_line(text):
    drawn = form(**{values_name(0): text})
    (line,) = drawn.judged().refusals.values()
    with pytest.raises(ConfigError) as refused:
        Plan.load(drawn.tree()).check()
    assert line == str(refused.value)


@pytest.mark.parametrize("kind", ["grid", "latin-hypercube", "sobol", "saltelli", "morris"])
def test_runs_are_counted_before_any_setting_is_made(kind):
    drawn = form(kind=kind, samples="8", **{key_name(1): "demand.load", values_name(1): "0.2, 0.5, 0.8"})
    assert runs_of(drawn.tree()) == len(drawn.judged().plan.runs())


def test_a_sweep_that_is_too_large_is_refused_without_making_it(monkeypatch):
    monkeypatch.setattr(Plan, "load", lambda source: pytest.fail("its settings were made"))
    three = {
        f(i): text
        for i in range(3)
        for f, text in ((key_name, f"demand.k{i}"), (values_name, "0 to 1 in 200"))
    }
    assert "at most 20,000" in str(form(**three).judged().refusals)


def test_a_fleet_beyond_the_pages_limit_is_refused_whichever_setting_asks_for_it():
    drawn = form(**{key_name(0): "fleet.agents", values_name(0): "100, 5000"})
    assert "at most 1000, the limit of this page" in str(drawn.judged(1000).refusals)
    assert drawn.judged(5000).plan is not None


def test_a_page_runs_no_code_of_its_visitors(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()", encoding="utf-8")
    with pytest.raises(ConfigError, match="runs no code of yours"):
        plan_of(form().tree() | {"plugins": [str(plugin)]}, 1000, every=True)
    assert not (tmp_path / "ran").exists()


def test_a_saved_sweep_file_makes_the_same_plan(tmp_path):
    lab = Lab(tmp_path, Jobs(tmp_path, allowed=True))
    drawn = form(time_limit_s="9", kind="sobol", samples="4", **{values_name(0): "10 to 60"})
    file = lab.save(drawn.tree(), "mine")
    assert Plan.load(file).digest() == drawn.judged().plan.digest()
    assert lab.files() == ("mine.toml",)
    with pytest.raises(ConfigError, match=r"there is a mine\.toml"):
        lab.save(drawn.tree(), "mine")


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "grid", "over": {"scaling": ["hpa", "quantile"], "demand.load": [0.5, 0.9]}},
        {"kind": "list", "settings": [{"scaling": "hpa", "scaling.target": 0.5}, {"demand.load": 0.9}]},
        {"kind": "morris", "over": {"demand.load": {"low": 0.1, "high": 0.9}}, "samples": 3, "levels": 6},
    ],
)
def test_a_plan_written_out_whole_is_the_same_sweep(design):
    plan = support.plan(time_limit_s=9.0, design=design)
    text = tomli_w.dumps(labs._without_none(tree_of(plan.as_dict())))
    assert Plan.load(tomllib.loads(text)).digest() == plan.digest()


# -- the list --------------------------------------------------------------------------------------------


def test_sweeps_and_races_are_listed_with_what_they_hold(root):
    rows = {one.name: one for one in Shelf(root, Jobs(root)).look()}
    assert rows["one"].row()[1:4] == ("sweep", "8 of 8 done", OVER)
    assert rows["group/two"].kind == "sweep"
    cells = pd.read_parquet(root / "race" / "frontier.parquet")
    assert rows["race"].runs == (cells["part"] == "score").sum()


def test_a_tuning_is_told_from_a_sweep_and_counts_the_trials_to_come(tmp_path):
    pytest.importorskip("optuna")
    from swarmscale.batch.tune import tune

    over = {"life.start_s": {"low": 1.0, "high": 20.0}}
    tree = {"name": "found", "base": "tiny", "set": support.SHORT, "outcomes": ["cost"], "rng": 7}
    search = {"objective": "cost", "trials": 3, "over": over}
    tune(tree | {"search": search}, out=tmp_path / "found", engine="here")
    (one,) = Shelf(tmp_path, Jobs(tmp_path)).look()
    assert (one.kind, one.state, one.row()[2]) == ("tuning", OVER, "4 of 4 done")
    sheet = tmp_path / "found" / "sweep.json"
    sheet.write_text(sheet.read_text("utf-8").replace('"trials": 3', '"trials": 9'), "utf-8")
    lab = Lab(tmp_path, Jobs(tmp_path, allowed=True))
    lab.look()
    assert (lab.sight.shown.state, lab.sight.shown.row()[2]) == (STOPPED, "4 of 10 done")
    assert len(lab.sight.part(EFFECT).value.series[0].value) > 1
    with pytest.raises(ConfigError, match="swarmscale tune goes on with it"):
        lab.go_on(lab.sight.shown, 1)


@pytest.mark.parametrize("name", ["no-json", "other-json", "newer", "no-parquet", "other-table"])
def test_a_folder_that_is_no_store_is_one_line(root, name):
    (one,) = (one for one in Shelf(root, Jobs(root)).look() if one.name == name)
    assert one.problem
    assert "\n" not in one.problem
    assert str(root) not in one.problem
    assert one.row()[3] == one.problem


def test_watching_a_broken_folder_says_why_and_draws_nothing(root):
    lab = Lab(root, Jobs(root))
    lab.choose(shown="no-json")
    lab.look()
    assert "is no file of a sweep" in lab.sight.shown.problem
    for panel in experiments_page(lab).panels:
        if isinstance(panel, Plot):
            assert panel.figure(None) is None


def test_a_store_that_did_not_change_is_not_read_again(root, monkeypatch):
    shelf = Shelf(root, Jobs(root))
    before = shelf.look()
    monkeypatch.setattr(Store, "open", lambda folder: pytest.fail(f"{folder} was read again"))
    assert shelf.look() == before


def test_a_stopped_sweep_says_how_far_it_came(tmp_path):
    done = support.made(tmp_path / "one")
    (part,) = done.store.parts()
    support.cut(part, 3)
    (one,) = Shelf(tmp_path, Jobs(tmp_path)).look()
    assert (one.state, one.row()[2:4]) == (STOPPED, ("3 of 8 done", "37 %, stopped"))


def test_a_sweep_that_another_process_works_on_is_seen_to_run(tmp_path):
    support.made(tmp_path / "one")
    shelf = Shelf(tmp_path, Jobs(tmp_path))
    assert shelf.look()[0].state == OVER
    work = f"with Store.open({str(tmp_path / 'one')!r}).alone(): print(flush=True); input()"
    code = f"from swarmscale.batch.store import Store\n{work}"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with other:
        other.stdout.readline()
        if shelves.is_locked(tmp_path / "one" / "sweep.lock"):  # where the system lists its locks
            assert shelf.look()[0].state == "runs"
        other.communicate(b"\n")
    assert shelf.look()[0].state == OVER


# -- processes -------------------------------------------------------------------------------------------


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Jobs on a machine of two processors whose processes sleep, and how each was begun."""
    begun, real = [], subprocess.Popen

    def sleeper(words, **how):
        begun.append((words, how))
        return real([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)

    monkeypatch.setattr(processes.subprocess, "Popen", sleeper)
    made = Jobs(tmp_path, allowed=True, cores=2)
    yield made, begun
    for folder in list(made._mine):
        made.forget(folder)


def test_a_session_has_one_sweep_at_a_time_and_all_have_the_processors_between_them(jobs, tmp_path):
    made, _ = jobs
    made.begin("me", tmp_path / "a", [], 1)
    with pytest.raises(ConfigError, match="a runs already"):
        made.begin("you", tmp_path / "a", [], 1)
    with pytest.raises(ConfigError, match="a runs, and a session has one sweep at a time"):
        made.begin("me", tmp_path / "b", [], 1)
    with pytest.raises(
        ConfigError, match="workers = 2, but it must be at most 1 now, since a has the others"
    ):
        made.begin("you", tmp_path / "b", [], 2)
    made.begin("you", tmp_path / "b", [], 1)
    with pytest.raises(ConfigError, match="at most 0 now, since a, b has the others"):
        made.begin("she", tmp_path / "c", [], 1)


@pytest.mark.parametrize("workers", [0, 3])
def test_workers_are_at_most_the_processors(jobs, tmp_path, workers):
    made, begun = jobs
    with pytest.raises(ConfigError, match="from 1 to 2, the processors of this machine"):
        made.begin("me", tmp_path / "a", [], workers)
    assert begun == []


def test_a_sweep_that_is_stopped_makes_room(jobs, tmp_path):
    made, _ = jobs
    made.begin("me", tmp_path / "a", [], 2)
    made.stop(tmp_path / "a")
    made.wait(tmp_path / "a", 30)
    assert made.job(tmp_path / "a") is None
    assert made.ended(tmp_path / "a") == ""
    made.begin("me", tmp_path / "b", [], 2)


def test_a_sweep_does_not_learn_the_pages_secrets(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("SWARMSCALE_APP_TOKEN", "a-secret-of-the-page")
    made, begun = jobs
    made.begin("me", tmp_path / "a", [], 1)
    assert "a-secret-of-the-page" not in begun[0][1]["env"].values()
    assert begun[0][1]["start_new_session"]


def test_another_server_knows_what_runs_and_takes_no_strangers_process_for_it(jobs, tmp_path):
    made, _ = jobs
    made.begin("me", tmp_path / "a", [], 1)
    note = json.loads((tmp_path / "a" / processes.NOTE).read_text(encoding="utf-8"))
    assert note["pid"] == made.job(tmp_path / "a").pid
    other = Jobs(tmp_path, allowed=True, cores=2)
    assert other.job(tmp_path / "a") is None  # a process of that number, but with another command line


def test_where_no_gate_is_nothing_begins(tmp_path):
    assert not AppSettings.read({}).sweeps
    desk = Desk(Session.of("tiny", seed=1), tmp_path)
    tree = form().tree()
    for action in (
        lambda: desk.lab.start(tree, "mine", 1),
        lambda: desk.lab.save(tree, "mine"),
        lambda: desk.lab.jobs.stop(tmp_path),
    ):
        with pytest.raises(ConfigError, match="swarmscale app serves"):
            action()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["yes", ""])
def test_whether_sweeps_may_begin_is_said_clearly(text):
    with pytest.raises(ConfigError, match="must be True or False"):
        AppSettings.read({"SWARMSCALE_APP_SWEEPS": text})


def test_without_leave_the_form_is_a_line_and_a_sweep_has_no_buttons(root):
    import ipyvuetify
    import solara

    session = Session.of("tiny", seed=1)
    lab = Lab(root, Jobs(root))
    lab.choose(shown="one")
    lab.look()
    for part in (Start(lab, session), Steer(lab, lab.sight.shown)):
        _, rendered = solara.render(solara.Column(children=[part]), handle_error=False)
        assert not rendered.find(ipyvuetify.Btn).widgets
        rendered.close()
    with_leave = Lab(root, Jobs(root, allowed=True))
    _, rendered = solara.render(solara.Column(children=[Start(with_leave, session)]), handle_error=False)
    assert len(rendered.find(ipyvuetify.Btn).widgets) == 3
    rendered.close()


def test_a_trial_run_tells_how_long_a_run_takes_and_leaves_nothing(tmp_path):
    lab = Lab(tmp_path, Jobs(tmp_path, allowed=True))
    took_s = lab.trial(support.plan())
    assert took_s > 0
    assert list(tmp_path.iterdir()) == []
    assert lab.jobs._mine == {}


def test_a_trial_run_that_fails_says_why(tmp_path):
    late = support.made(tmp_path / "late", time_limit_s=1e-9)
    with pytest.raises(ConfigError, match="over its time limit of 1e-09 s"):
        labs.run_time(late.store)


def test_going_on_makes_what_is_missing_and_what_failed_and_leaves_the_rest(tmp_path):
    """Of a sweep that nobody began on a page; late ones are made again without a limit; other servers see it run."""
    whole = support.made(tmp_path / "whole").frame()
    late = support.made(tmp_path / "late", time_limit_s=1e-9)
    (part,) = late.store.parts()
    support.cut(part, 6)
    lab = Lab(tmp_path, Jobs(tmp_path, allowed=True))
    lab.choose(shown="late")
    lab.look()
    facts = late.plan.but(time_limit_s=None).as_dict()
    lab._written(tree_of(facts), tmp_path / "late" / labs.FILE)
    lab.go_on(lab.sight.shown, 1, retry=True)
    mine, other = lab.jobs.job(tmp_path / "late"), None
    for _ in range(200):  # a process that has just begun has no command line yet
        other = other or Jobs(tmp_path, allowed=True).job(tmp_path / "late")
        time.sleep(0 if other else 0.01)
    assert other.pid == mine.pid
    lab.jobs.wait(tmp_path / "late", 300)
    pd.testing.assert_frame_equal(late.store.frame(), whole)


def test_a_name_that_is_taken_or_leads_elsewhere_is_refused(root):
    lab = Lab(root, Jobs(root, allowed=True))
    with pytest.raises(ConfigError, match="one has a sweep; go on with that one"):
        lab.start(form().tree(), "one", 1)
    for name in ("../one", "a/b", "", ".", "a" * 61):
        with pytest.raises(ConfigError, match="up to 60 of the letters"):
            lab.start(form().tree(), name, 1)
    with pytest.raises(ConfigError):
        lab.file("../../etc/passwd")


# -- what is drawn ---------------------------------------------------------------------------------------


def test_an_effect_is_what_the_analysis_says(lab, root):
    lab.choose(outcome="cost", factor="demand.load")
    lab.look()
    found = lab.sight.part(EFFECT).value
    rows = intervals(Store.open(root / "one").frame(), "cost", "demand.load")
    (line,) = found.series
    assert line.at == ("0.5", "0.9")
    assert line.value == pytest.approx(rows["value"])
    assert line.low == pytest.approx(rows["student_low"])
    assert line.n == (2, 2)


def test_a_second_factor_makes_a_line_of_each_of_its_levels(lab, root):
    lab.choose(outcome="cost", factor="demand.load", second="scaling")
    lab.look()
    lines = {line.name: line.value for line in lab.sight.part(EFFECT).value.series}
    frame = Store.open(root / "one").frame()
    for name in ("hpa", "quantile"):
        mine = frame[frame["set.scaling"] == name].groupby("set.demand.load")["cost"].mean()
        assert lines[name] == pytest.approx(mine)


def test_two_sweeps_are_two_lines_and_pair_run_by_run(lab, root):
    lab.choose(others=("group/two",), outcome="response_p95_s", factor="demand.load")
    lab.look()
    assert [line.name for line in lab.sight.part(EFFECT).value.series] == ["one", "group/two"]
    rows = lab.sight.part(PAIRED).value
    a, b = (Store.open(root / name).frame()["response_p95_s"] for name in ("one", "group/two"))
    assert rows["pairs"].tolist() == [8]
    assert rows["difference"].iloc[0] == pytest.approx((b - a).mean())


def test_differences_of_a_factor_are_paired_by_seed(lab, root):
    lab.choose(outcome="cost", factor="scaling")
    lab.look()
    rows, frame = lab.sight.part(PAIRED).value, Store.open(root / "one").frame()
    one, other = (frame[frame["set.scaling"] == name]["cost"].to_numpy() for name in ("hpa", "quantile"))
    assert rows["difference"].iloc[0] == pytest.approx((other - one).mean())


def test_sweeps_without_common_seeds_say_that_nothing_is_paired(root, tmp_path):
    support.made(tmp_path / "one")
    support.made(tmp_path / "later", rng=70)
    lab = Lab(tmp_path, Jobs(tmp_path))
    lab.choose(shown="one", others=("later",))
    lab.look()
    assert lab.sight.part(PAIRED).value is None
    assert "no run of the same settings and seed" in lab.sight.part(PAIRED).problem


def test_two_factors_together_are_the_means_of_their_runs(lab, root):
    lab.choose(outcome="cost", factor="scaling", second="demand.load")
    lab.look()
    found = lab.sight.part(HEAT).value
    means = Store.open(root / "one").frame().pivot_table("cost", "set.demand.load", "set.scaling")
    np.testing.assert_allclose(found.means, means.to_numpy())
    assert (found.columns, found.rows) == (("hpa", "quantile"), ("0.5", "0.9"))


def test_nothing_on_the_front_is_beaten_and_all_else_is(lab):
    objectives, (front,) = lab.sight.part(FRONT).value
    points = np.array([front.values[name] for name in objectives]).T
    assert set(objectives.values()) == {"min"}
    for i, mine in enumerate(points):
        beaten = any((other <= mine).all() and (other < mine).any() for other in points)
        assert beaten != front.front[i]


def test_a_race_shows_its_frontier_and_its_costs_at_equal_violations(root):
    lab = Lab(root, Jobs(root))
    lab.choose(shown="race")
    lab.look()
    trace, races = lab.sight.part(RACE).value
    cells = pd.read_parquet(root / "race" / "frontier.parquet")
    mine = cells[(cells["policy"] == "hpa") & (cells["part"] == "score")]
    line = next(one for one in races[0][1].frontier(trace).data if one.name == "hpa")
    assert list(line.y) == pytest.approx(list(mine["cost_per_oracle"]))
    assert {row[1] for row in lab.sight.part(TABLE).value} == {"hpa", "static"}


def test_what_did_not_change_is_not_made_again(lab):
    before = dict(lab.sight.parts)
    lab.choose(outcome="violation")
    lab.look()
    after = lab.sight.parts
    assert after[FRONT] is before[FRONT]
    assert after[EFFECT] is not before[EFFECT]
    assert not lab.look()


def test_two_choices_before_a_look_both_count(lab):
    lab.choose(outcome="response_p95_s")
    lab.choose(factor="demand.load")
    lab.look()
    assert (lab.sight.choice.outcome, lab.sight.choice.factor) == ("response_p95_s", "demand.load")


def test_a_newer_store_does_not_take_the_place_of_the_watched_one(tmp_path):
    support.made(tmp_path / "one")
    lab = Lab(tmp_path, Jobs(tmp_path))
    lab.look()
    support.made(tmp_path / "later")
    lab.choose()
    lab.look()
    assert [one.name for one in lab.sight.stores] == ["later", "one"]
    assert lab.sight.shown.name == "one"


def test_names_that_a_store_lacks_give_way_to_those_that_it_has(lab):
    lab.choose(outcome="nothing", factor="nothing", second="nothing", others=("nothing",))
    lab.look()
    assert lab.sight.choice.outcome in lab.sight.outcomes
    assert (lab.sight.choice.factor, lab.sight.choice.others) == ("scaling", ())


def test_figures_of_a_sweep_keep_their_layout_while_its_runs_come_in(tmp_path):
    """So that the browser may put new values into the figure as it stands."""
    done = support.made(tmp_path / "one")
    (part,) = done.store.parts()
    whole, texts = part.read_bytes(), []
    for rows in (5, 8):
        part.write_bytes(whole)
        support.cut(part, rows)
        lab = Lab(tmp_path, Jobs(tmp_path))
        lab.look()
        panels = {p.key: p for p in experiments_page(lab).panels}
        texts.append({key: json.loads(figure_text(panels[key].figure(None))) for key in ("statuses", EFFECT)})
    for key, before in texts[0].items():
        now = texts[1][key]
        assert before["data"] != now["data"], key
        assert before["layout"] | {"title": 0} == now["layout"] | {"title": 0}, key


def test_every_figure_is_light_and_valid_at_2000_runs(tmp_path):
    support.filled(tmp_path / "large", 2000)
    support.raced(tmp_path / "race")
    lab = Lab(tmp_path, Jobs(tmp_path))
    drawn = set()
    for name in ("large", "race"):
        lab.choose(shown=name, second="scaling", factor="life.start_s")
        lab.look()
        for panel in experiments_page(lab).panels:
            if isinstance(panel, Plot) and (figure := panel.figure(None)) is not None:
                drawn.add(panel.key)
                text = figure_text(figure)
                assert len(text) < MOST_BYTES / 2, panel.key
                go.Figure(json.loads(text))  # raises where an entry does not exist or has no such value
                assert panel.steady
    assert drawn == {"statuses", EFFECT, HEAT, PAIRED, FRONT, RACE}
    lab.choose(shown="large")
    lab.look()
    assert {p.title: p.value(None) for p in experiments_page(lab).panels if isinstance(p, Tile)}[
        "runs done"
    ] == ("2,000 of 2,000")


def test_a_panel_explains_itself(lab):
    for panel in experiments_page(lab).panels:
        words = panel.text if isinstance(panel, Tile) else panel.read
        assert panel.title
        assert len(words) > 20
    assert len({panel.key for panel in experiments_page(lab).panels}) == len(experiments_page(lab).panels)


def test_runs_that_did_not_end_well_are_listed_with_their_errors(tmp_path):
    late = support.made(tmp_path / "late", time_limit_s=1e-9)
    lab = Lab(tmp_path, Jobs(tmp_path))
    lab.look()
    (table,) = (p for p in experiments_page(lab).panels if isinstance(p, Table) and p.key == "failures")
    assert len(table.rows(None)) == len(late.failed) == 8
    assert table.rows(None)[0] == ("0", "7", "late", "over its time limit of 1e-09 s")


def test_files_of_a_store_are_those_of_the_store(lab, root):
    made = {download.key: download.make(None) for download in downloads_of(lab.sight.shown)}
    frame = Store.open(root / "one").frame()
    (root / "got.parquet").write_bytes(made["store-runs-parquet"])
    pd.testing.assert_frame_equal(pd.read_parquet(root / "got.parquet"), frame)
    assert made["store-runs-csv"].splitlines()[0] == ",".join(frame.columns)
    assert len(made["store-log-csv"].splitlines()) == len(frame) + 1
    assert made["store-report"].rstrip().endswith("</html>")


def test_a_report_that_would_run_plugins_is_the_one_that_was_written(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text("", encoding="utf-8")
    support.made(tmp_path / "one", plugins=[str(plugin)])
    plugin.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()", encoding="utf-8")
    lab = Lab(tmp_path, Jobs(tmp_path))
    lab.look()
    report = next(download for download in downloads_of(lab.sight.shown) if download.key == "store-report")
    with pytest.raises(ConfigError, match="runs no plugins"):
        report.make(None)
    (tmp_path / "one" / "sweep.html").write_text("written", encoding="utf-8")
    assert report.make(None) == "written"
    assert lab.sight.part(EFFECT).value is not None
    assert not (tmp_path / "ran").exists()


def test_a_watch_looks_only_while_a_page_is_there():
    looked, watch = [], None

    class Looks:
        root = "here"

        def look(self):
            looked.append(1)
            watch.stop()
            return True

    told = []
    watch = Watch(Looks(), lambda: told.append(1))
    watch.run()
    assert (looked, told) == ([1], [1])
    gone = Watch(Looks(), lambda: told.append(1), connected=lambda: gone.stop())
    gone.run()
    assert (looked, told) == ([1], [1])


def test_the_present_settings_are_offered_by_their_name():
    assert Draft(TINY).text("base") == PRESENT
    assert drafts.DEFAULTS["workers"] == "1"
