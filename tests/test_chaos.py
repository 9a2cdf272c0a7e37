"""Chaos runs: cases, common random numbers, figures over runs, the command, its files and pages."""

import json
import math
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from swarmscale.batch.chaos import OUTCOMES, Case, cases_of, chaos, random_faults, written_out
from swarmscale.batch.chaos_figures import differences, drops, faults, figures, incidents, layers
from swarmscale.batch.plan import RunId
from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.flow.ledger import DROPS
from swarmscale.model.resilience.faults import FAULTS
from swarmscale.model.resilience.incidents import LAYERS, IncidentLog
from swarmscale.model.resilience.measures import tally
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz.chaos_report import chaos_html
from swarmscale.viz.chaos_tables import chaos_sheets
from swarmscale.viz.incident_lines import chosen, time_lines
from swarmscale.viz.report import report_html
from swarmscale.viz.run_folder import write_run

from .incident_support import incident, written

SECONDS, RUNS = 120.0, 3
QUIET = {"intelligence.on": False, "emergence.on": False, "seconds": SECONDS, "fleet.nodes": 4}
BROKEN = [
    {"name": "agent-crash", "mtbf_s": 2000.0},
    {"name": "node-crash", "mtbf_s": 400.0, "for_s": 20.0},
    {"name": "link-loss", "mtbf_s": 600.0, "for_s": 15.0, "loss": 0.3},
]


def broken(**more) -> Config:
    return Config.load("tiny").changed(QUIET | {"resilience.faults": BROKEN} | more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three runs of a small fleet, with and without recovery, in all four kinds of cases."""
    folder = tmp_path_factory.mktemp("chaos")
    return chaos(
        broken(**{"resilience.script": [{"at_s": 30.0, "fault": "zone-failure", "title": "no <power>"}]}),
        runs=RUNS,
        rng=5,
        without_recovery=True,
        by_layer=True,
        sensitivity=True,
        out=folder,
        engine="here",
    )


# -- cases ----------------------------------------------------------------------------------------------


def test_cases_are_the_scenario_its_layers_and_its_rates_each_with_its_twin(made):
    names = [case.name for case in made.cases]
    assert names[:2] == ["as it is", "without recovery"]
    assert "integration faults alone" not in names  # nothing of that layer breaks
    assert [case.rate for case in made.cases[-4:]] == [0.5, 0.5, 2.0, 2.0]
    assert [case.recovers for case in made.cases] == [True, False] * (len(names) // 2)
    assert not made.done.failed


def test_a_layers_case_has_that_layers_faults_alone(made):
    for i, case in enumerate(made.cases):
        struck = {one.layer for log in made.logs[i] for one in log.incidents}
        assert struck <= ({case.layer} if case.layer else set(LAYERS))
    both = {one.layer for log in made.logs[0] for one in log.incidents}
    assert both == {"component", "network", "system"}


def test_all_cases_of_a_seed_meet_the_same_demand_and_the_same_first_faults(made):
    arrived = [
        [int(frame["arrived"].sum()) for frame in made.records(i, ["arrived"])]
        for i in range(len(made.cases))
    ]
    assert all(one == arrived[0] for one in arrived)
    assert len(set(arrived[0])) == RUNS
    for mine, other in zip(made.logs[0], made.logs[1], strict=True):
        first = {one.key: (one.begins_s, one.target) for one in mine.incidents if one.key.endswith("/1")}
        again = {one.key: (one.begins_s, one.target) for one in other.incidents}
        assert first.items() <= again.items()
        assert mine.incidents[0].begins_s == other.incidents[0].begins_s
        assert mine.incidents[0].target == other.incidents[0].target


def test_rates_are_halved_and_doubled(made):
    number = {
        case.rate: sum(one.fault == "agent-crash" for log in made.logs[i] for one in log.incidents)
        for i, case in enumerate(made.cases)
        if case.recovers and case.layer is None
    }
    agents = (
        200 * SECONDS * RUNS / 2000.0
    )  # expected at rate 1: Poisson, thinned a little by those under repair
    for rate, found in number.items():
        assert abs(found - rate * agents) < 4 * math.sqrt(rate * agents)
    assert number[0.5] < number[1.0] < number[2.0]


def test_what_a_trace_breaks_can_be_told_by_layer(tmp_path):
    file = tmp_path / "faults.csv"
    file.write_text("at_s,fault,number\n10,agent-crash,3\n20,link-cut,1\n")
    told = written_out(broken(**{"resilience.faults": [], "resilience.trace": str(file)}))
    assert told.resilience.trace == ""
    assert [(one.at_s, one.fault.layer) for one in told.resilience.script] == [
        (10.0, "component"),
        (20.0, "network"),
    ]
    found = cases_of(told, without_recovery=False, by_layer=True, sensitivity=False)
    assert [case.layer for case in found] == [None, "component", "network"]


@pytest.mark.parametrize(
    ("config", "how", "said"),
    [
        (Config.load("tiny"), {}, "nothing breaks"),
        (broken(**{"resilience.on": False}), {}, "resilience.on is false"),
        (broken(), {"runs": 0}, "runs = 0"),
        (
            broken(**{"resilience.faults": [], "resilience.script": [{"at_s": 1.0, "fault": "agent-crash"}]}),
            {"sensitivity": True},
            "no fault with a rate",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path, config, how, said):
    with pytest.raises(ConfigError, match=said):
        chaos(config, out=tmp_path / "x", engine="here", **how)


# -- random faults --------------------------------------------------------------------------------------


def test_random_faults_are_of_every_kind_and_together_have_the_rate_that_was_asked_for():
    config = random_faults(broken(), 90.0)
    faults_ = config.resilience.faults
    assert {FAULTS.name_of(one) for one in faults_} == set(FAULTS)
    assert not config.resilience.script
    model = SwarmModel(config, rng=0)
    rate_per_h = 0.0
    for one in faults_:
        number = 1 if one.at_once else len(one.components(model.resilience.world))
        rate_per_h += 3600.0 * number / one.mtbf_s
        assert 3600.0 * number / one.mtbf_s == pytest.approx(90.0 / len(faults_))
    assert rate_per_h == pytest.approx(90.0)


def test_random_faults_strike_as_often_as_they_are_asked_to():
    config = random_faults(broken(**{"resilience.recovery.restart_s": 1.0}), 600.0)
    number = sum(len(SwarmModel(config, rng=seed).run().resilience.log) for seed in range(12))
    expected = 600.0 * SECONDS / 3600.0 * 12
    assert 0.75 * expected < number < expected + 4 * math.sqrt(expected)  # thinned by what is down already
    with pytest.raises(ConfigError, match="faults an hour = 0"):
        random_faults(broken(), 0.0)


# -- figures --------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_runs_and_of_all_incidents(made):
    table = figures(made).set_index(["case", "outcome"])
    assert len(table) == len(made.cases) * len(OUTCOMES)
    frame = made.frame
    mine = frame[frame["setting"] == 0]
    row = table.loc["as it is", "availability_tasks"]
    assert row["value"] == pytest.approx(mine["availability_tasks"].mean())
    half = 4.302653 * mine["availability_tasks"].std(ddof=1) / math.sqrt(RUNS)
    assert row["low"] == pytest.approx(max(row["value"] - half, 0))
    assert row["high"] == pytest.approx(min(row["value"] + half, 1))
    whole = [one for log in made.logs[0] for one in log.incidents]
    pooled = tally(whole, SECONDS)
    assert table.loc["as it is", "recovery"]["value"] == pytest.approx(pooled.recovery.value)
    assert table.loc["as it is", "mttr_s"]["value"] == pytest.approx(pooled.mttr.value)
    assert table.loc["as it is", "recovery"]["low"] <= pooled.recovery.low


def test_each_runs_own_figures_are_those_of_its_log(made):
    """The table of runs was measured in the model, the log came back from its file."""
    for i in range(len(made.cases)):
        for run, log in zip(made.runs(i), made.logs[i], strict=True):
            row = made.frame[
                (made.frame["setting"] == run.setting) & (made.frame["replication"] == run.replication)
            ].iloc[0]
            one = tally(log.incidents, SECONDS)
            for name, value in (("recovery", one.recovery.value), ("mttd_s", one.mttd.value)):
                assert row[name] == pytest.approx(value, nan_ok=True)


def test_layers_and_faults_add_up_to_all(made):
    split, kinds = layers(made), faults(made)
    for case in made.cases:
        mine = split[split["case"] == case.name].set_index("layer")
        assert mine.drop(index="all")["injected"].sum() == mine.loc["all", "injected"]
        assert kinds[kinds["case"] == case.name]["injected"].sum() == mine.loc["all", "injected"]
    for _, row in kinds.iterrows():
        assert FAULTS[row["fault"]].layer == row["layer"]


def test_drops_are_those_of_the_records(made):
    table = drops(made).set_index(["case", "reason"])
    names = [which.name.lower() for which in DROPS]
    for i, case in enumerate(made.cases):
        whole = sum(frame.sum().sum() for frame in made.records(i, names))
        assert table.loc[case.name]["value"].sum() * RUNS == pytest.approx(whole)


def test_differences_are_of_runs_with_the_same_seed(made):
    table = differences(made).set_index(["case", "outcome"])
    frame = made.frame.set_index(["setting", "replication"])
    gaps = frame.loc[0]["availability_tasks"] - frame.loc[1]["availability_tasks"]
    assert table.loc["as it is", "availability_tasks"]["value"] == pytest.approx(gaps.mean())
    assert set(table["twin"]) == {case.name for case in made.cases if not case.recovers}


def test_recovery_earns_its_figures(made):
    table = figures(made).set_index(["outcome", "case"])["value"]
    assert table["recovery"]["as it is"] > 0.9
    assert table["recovery"]["without recovery"] < 0.5
    assert table["availability_tasks"]["as it is"] > table["availability_tasks"]["without recovery"] + 0.01


def test_a_store_gives_the_same_again_without_a_run(made):
    again = chaos(
        made.config, runs=RUNS, rng=5, without_recovery=True, by_layer=True, sensitivity=True,
        out=made.done.store.folder, engine="here",
    )  # fmt: skip
    assert (again.done.computed, again.done.kept) == (0, len(made.cases) * RUNS)
    pd.testing.assert_frame_equal(figures(again), figures(made))
    with pytest.raises(ConfigError, match="cannot be read"):
        again.done.store.kept("incidents", RunId(99, 0))


# -- tables and pages -----------------------------------------------------------------------------------


def test_the_tables_say_what_the_frames_say(made):
    sheets = {sheet.title: sheet for sheet in chaos_sheets(made)}
    main_sheet = (
        sheets[f"custom: {RUNS} runs of 120 s"]
        if made.config.name == "custom"
        else next(sheet for title, sheet in sheets.items() if title.startswith(made.config.name))
    )
    assert main_sheet.head == ("figure", "as it is", "without recovery", "what recovery changes", "claim")
    assert len(main_sheet.rows) == len(OUTCOMES)
    across = sheets["All cases"]
    assert [row[0] for row in across.rows] == [case.name for case in made.cases]
    by_layer = sheets["Incidents by layer, as it is"]
    total = sum(len(log) for log in made.logs[0])
    assert by_layer.rows[-1][:2] == ("all layers", f"{total:,}")
    assert all(len(row) == len(sheet.head) for sheet in sheets.values() for row in sheet.rows)


def test_the_page_has_a_time_line_for_each_incident_of_the_first_run(made):
    page = chaos_html(made)
    assert page.count("<section") == page.count("</section>")
    assert "no <power>" not in page
    assert "no &lt;power&gt;" in page
    incidents_ = page[page.index('<section id="incidents"') : page.index('<section id="definitions"')]
    for one in made.logs[0][0].incidents:
        for time_s, text in one.line:
            assert f"<dt>{time_s:,.2f} s</dt><dd>" in incidents_
            assert text in unescape(incidents_)


def test_of_many_incidents_those_that_failed_and_took_longest_stand_in_full():
    log = IncidentLog()
    for i in range(1000):
        number = log.open(incident(float(i), target=f"agent {i}"))
        log.find(number, i + 1.0)
        log.recover(number, i + 2.0 + i / 100, "ready again")
    lost = log.open(incident(500.0, target="agent x"))
    log.lose(lost)
    named = log.open(incident(600.0, target="agent y", title="the named one"))
    log.recover(named, 601.0, "ready again")
    shown = chosen(log.incidents, 2000.0, 50)
    assert len(shown) == 50
    assert log.incidents[lost] in shown
    assert log.incidents[named] in shown
    slowest = {f"agent {i}" for i in range(952, 1000)}
    assert {one.target for one in shown} == slowest | {"agent x", "agent y"}
    text = time_lines(log, 2000.0)
    assert text.count("<dl>") == 50
    rest = tally([one for one in log.incidents if one not in shown], 2000.0)
    assert f"{rest.injected:,} more, {rest.in_time:,} of them made good in time" in text
    assert "suspected after 1 s in the median" in text or "suspected after 1.00 s in the median" in text


def test_the_report_of_a_run_tells_what_broke_and_its_folder_keeps_it(tmp_path):
    model = SwarmModel(broken(), rng=5).run()
    page = report_html(model, model.summary())
    section = page[page.index('<section id="resilience"') :]
    assert "Incidents by layer" in section
    assert section.count("<dl>") >= len(model.resilience.log)
    assert "gaps between heartbeats" in section
    write_run(model, model.summary(), tmp_path / "run", report=False)
    kept = pd.read_parquet(tmp_path / "run" / "incidents.parquet")
    assert kept["target"].tolist() == [one.target for one in model.resilience.log.incidents]
    assert (tmp_path / "run" / "incident_lines.parquet").is_file()
    assert (tmp_path / "run" / "suspicions.parquet").is_file()


def test_a_run_in_which_nothing_broke_says_nothing_of_it(tmp_path):
    model = SwarmModel("tiny", rng=5, **QUIET | {"seconds": 10.0}).run()
    assert '<section id="resilience"' not in report_html(model, model.summary())
    write_run(model, model.summary(), tmp_path / "run", report=False)
    assert not (tmp_path / "run" / "incidents.parquet").exists()


def test_a_model_whose_log_is_written_by_hand_shows_its_tallies():
    model = SwarmModel(broken(**{"resilience.faults": []}), rng=5).run(5)
    model.resilience.log.incidents[:] = written().incidents
    page = unescape(report_html(model, model.summary()))
    assert "agent-crash, component: 2 incidents, 1 of 2 made good in time" in page


# -- the command ----------------------------------------------------------------------------------------


def test_the_command_writes_its_files_and_goes_on_in_its_folder(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text(broken(seconds=40.0).toml())
    words = ["chaos", str(tmp_path / "mine.toml"), "--runs", "2", "--engine", "here", "--without-recovery",
             "--out", str(tmp_path / "out")]  # fmt: skip
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert re.search(r"4 runs in .* 0 were there", " ".join(shown.split()))
    assert "automatic recovery" in shown
    table = pd.read_csv(tmp_path / "out" / "incidents.csv")
    told = pd.read_parquet(tmp_path / "out" / "incidents.parquet")
    assert len(table) == len(told)
    assert set(table["case"]) <= {"as it is", "without recovery"}
    assert set(table["seed"]) <= {7, 8}
    assert json.loads(table["line"].iloc[0])[0][0] == table["begins_s"].iloc[0]
    assert (tmp_path / "out" / "chaos.html").stat().st_size > 100_000
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "out" / "chaos.json").read_text())
    assert {row["outcome"] for row in found["figures"]} == set(OUTCOMES)
    assert found["seeds"] == [7, 8]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny"], "nothing breaks"),
        (["no-such"], "no-such"),
        (["tiny", "--runs", "0"], "--runs = 0"),
        (["tiny", "--random", "-1"], "--random = -1"),
        (["tiny", "--random", "nan"], "--random = nan"),
        (["storm", "--set", "resilience.nothing=1"], "resilience.nothing"),
        (["storm", "--rng", "x"], "x"),
        (["storm", "--engine", "nowhere"], "nowhere"),
        (["storm", "--what"], "--what"),
        (["game-day", "--sensitivity"], "no fault with a rate"),
    ],
)
def test_bad_input_ends_in_one_line_and_exit_code_2(tmp_path, capsys, words, said):
    assert main(["chaos", *words, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert said in shown


def test_help_says_what_the_options_are(capsys):
    assert main(["chaos", "--help"]) == 0
    shown = capsys.readouterr().out
    for option in ("--runs", "--without-recovery", "--by-layer", "--sensitivity", "--random", "--workers"):
        assert option in shown


def test_incidents_of_all_runs_are_one_table(made):
    table = incidents(made)
    assert len(table) == sum(len(log) for logs in made.logs for log in logs)
    assert set(table["seed"]) == {5, 6, 7}
    assert np.isfinite(table["begins_s"]).all()
    assert Case(name="x").recovers
