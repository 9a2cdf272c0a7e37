"""``swarmscale compare``: what changed, differences with the intervals that are sound, and clear refusals."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from swarmscale.batch.analysis import student_ends
from swarmscale.batch.compare import changes_between, compare, flattened
from swarmscale.batch.compare_sweeps import welch
from swarmscale.batch.plan import Plan
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import sweep
from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.viz.compare_report import compare_html

QUICK = ["--no-report", "-q", "--set", "intelligence.on=false"]
STATIONARY = ["--set", "records.stationary=true", "--seconds", "600"]


def ran(folder, *words):
    assert main(["run", "tiny", "--out", str(folder), *QUICK, *words]) == 0
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of runs: two of one seed, one of another, two not stationary."""
    top = tmp_path_factory.mktemp("runs")
    return {
        "base": ran(top / "base", "--rng", "7", *STATIONARY),
        "slow": ran(top / "slow", "--rng", "7", *STATIONARY, "--set", "fleet.speed_cv=0.5"),
        "busy": ran(top / "busy", "--rng", "7", *STATIONARY, "--set", "dispatch.rule=random"),
        "other": ran(top / "other", "--rng", "8", *STATIONARY),
        "plain": ran(top / "plain", "--rng", "7", "--seconds", "30"),
        "plain-other": ran(top / "plain-other", "--rng", "8", "--seconds", "30"),
    }


def row(found, outcome):
    return next(r for r in found.rows if r.outcome == outcome)


# -- runs -------------------------------------------------------------------------------------------------


def test_what_changed_in_the_config_is_told_by_dotted_keys(runs):
    found = compare(runs["base"], runs["slow"])
    assert [(c.key, c.one, c.other) for c in found.changes] == [("fleet.speed_cv", "0.2", "0.5")]
    assert [c.key for c in compare(runs["base"], runs["base"]).changes] == []


def test_another_strategy_is_one_change_by_its_name(runs):
    found = {c.key: (c.one, c.other) for c in compare(runs["base"], runs["busy"]).changes}
    assert found["dispatch.rule"][1] == "random"
    assert not any(key.endswith(".name") for key in found)


def test_every_metric_of_both_has_its_difference(runs):
    found = compare(runs["base"], runs["busy"])
    summaries = [json.loads((runs[name] / "summary.json").read_text()) for name in ("base", "busy")]
    assert [r.outcome for r in found.rows] == list(summaries[0]["metrics"])
    one, other = (s["metrics"]["response_mean_s"]["value"] for s in summaries)
    mean = row(found, "response_mean_s")
    assert (mean.one, mean.other) == (one, other)
    assert mean.difference == pytest.approx(other - one)
    assert mean.relative == pytest.approx(other / one - 1)


def test_runs_of_one_seed_are_paired_over_batches_of_the_same_time(runs):
    found = compare(runs["base"], runs["busy"])
    assert found.sentence.startswith("Both runs have the seed 7")
    mean = row(found, "throughput_per_s")
    assert mean.method.startswith("paired, ")
    assert mean.pairs >= 8
    assert mean.low <= mean.difference <= mean.high


def test_a_metric_over_batches_is_what_the_records_say(runs):
    """Throughput: answered tasks of each batch of ten minutes, straight from the parquet files."""
    found = row(compare(runs["base"], runs["busy"]), "throughput_per_s")
    tables = [pd.read_parquet(runs[name] / "records.parquet") for name in ("base", "busy")]
    means = [t["completed"].to_numpy(float).reshape(found.pairs, -1).mean(axis=1) for t in tables]
    gaps = means[1] - means[0]
    assert found.pairs >= 8
    low, high = student_ends(gaps.reshape(1, -1))
    assert (found.low, found.high) == pytest.approx((low[0], high[0]))


def test_pairing_narrows_the_interval_of_runs_that_share_their_tasks(runs):
    paired = row(compare(runs["base"], runs["slow"]), "throughput_per_s")
    apart = row(compare(runs["other"], runs["slow"]), "throughput_per_s")
    assert paired.high - paired.low < (apart.high - apart.low) / 3


def test_spreads_have_no_interval_and_say_why(runs):
    assert "spread" in row(compare(runs["base"], runs["busy"]), "balance_jain").method


def test_what_a_folder_does_not_tell_by_time_has_both_own_intervals(runs):
    found = row(compare(runs["base"], runs["busy"]), "response_p95_s")
    assert found.method == "unpaired, from both intervals"
    assert found.pairs == 0
    assert not math.isnan(found.low)


def test_one_seed_without_stationary_demand_has_plain_differences_and_the_sentence_why(runs):
    found = compare(runs["plain"], runs["plain"])
    assert "not declared stationary" in found.sentence
    assert all(math.isnan(r.low) for r in found.rows)


def test_other_seeds_are_not_paired_and_it_says_so(runs):
    found = compare(runs["base"], runs["other"])
    assert "The seeds differ (7 and 8), so nothing is paired" in found.sentence
    mean = row(found, "throughput_per_s")
    ends = [
        json.loads((runs[n] / "summary.json").read_text())["metrics"]["throughput_per_s"]
        for n in ("base", "other")
    ]
    half = math.hypot(*((e["high"] - e["low"]) / 2 for e in ends))
    assert (mean.low, mean.high) == pytest.approx((mean.difference - half, mean.difference + half))


def test_other_seeds_without_intervals_of_their_own_have_plain_differences(runs):
    found = compare(runs["plain"], runs["plain-other"])
    assert (
        "The seeds differ (7 and 8) and plain and plain-other have no intervals of their own"
        in found.sentence
    )
    assert all(math.isnan(r.low) for r in found.rows if r.outcome == "throughput_per_s")


def test_replications_in_a_folder_are_not_taken_for_pairs(tmp_path):
    folders = [
        ran(tmp_path / n, "--replications", "2", "--seconds", "10", "--set", f"life.start_s={s}")
        for n, s in (("a", 5), ("b", 6))
    ]
    found = compare(*folders)
    assert "keeps no single replication" in found.sentence
    assert row(found, "throughput_per_s").method == "unpaired, from both intervals"


# -- sweeps -----------------------------------------------------------------------------------------------

FIXED = {"seconds": 10, "intelligence.on": False}


def swept(folder, name, over, rng=7, replications=3, outcomes=("response_mean_s", "cost"), **fixed):
    plan = {
        "name": name,
        "base": "tiny",
        "rng": rng,
        "replications": replications,
        "outcomes": list(outcomes),
        "set": FIXED | {key.replace("__", "."): value for key, value in fixed.items()},
        "design": {"kind": "grid", "over": over},
    }
    return sweep(plan, out=folder, engine="here").store.folder


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    top = tmp_path_factory.mktemp("sweeps")
    rules = {"dispatch.rule": ["jsq", "random"]}
    return {
        "base": swept(top / "base", "base", rules),
        "slow": swept(
            top / "slow", "slow", rules, fleet__speed_cv=0.5, outcomes=("response_mean_s", "utilization")
        ),
        "later": swept(top / "later", "later", rules, rng=70, replications=2),
        "wide": swept(top / "wide", "wide", {**rules, "fleet.speed_cv": [0.2, 0.5]}),
        "lonely": swept(top / "lonely", "lonely", {"dispatch.rule": ["round-robin"]}, replications=1),
    }


def test_sweeps_are_paired_by_setting_and_seed(sweeps):
    found = compare(sweeps["base"], sweeps["slow"])
    one, other = (
        Store.open(sweeps[n]).frame().set_index(["set.dispatch.rule", "seed"])["response_mean_s"]
        for n in ("base", "slow")
    )
    gaps = (other - one).groupby("seed").mean().to_numpy()
    mean = row(found, "response_mean_s")
    low, high = student_ends(gaps.reshape(1, -1))
    assert mean.pairs == 6
    assert mean.difference == pytest.approx(gaps.mean())
    assert (mean.low, mean.high) == pytest.approx((low[0], high[0]))
    assert "6 pairs of runs agree in seed and setting (3 seeds, 2 settings)" in found.sentence


def test_what_one_sweep_alone_measured_is_told(sweeps):
    found = compare(sweeps["base"], sweeps["slow"])
    assert [r.outcome for r in found.rows] == ["response_mean_s"]
    assert found.only == {"base": ("cost",), "slow": ("utilization",)}


def test_what_changed_between_sweeps_is_their_config_design_and_seeds(sweeps):
    changed = {c.key: (c.one, c.other) for c in compare(sweeps["base"], sweeps["later"]).changes}
    assert changed == {"seeds": ("[7, 8, 9]", "[70, 71]")}
    changed = {c.key for c in compare(sweeps["base"], sweeps["slow"]).changes}
    assert changed == {"fleet.speed_cv"}
    assert any(c.key.startswith("design.over") for c in compare(sweeps["base"], sweeps["wide"]).changes)


def test_sweeps_without_a_common_seed_have_unpaired_intervals_and_say_so(sweeps):
    found = compare(sweeps["base"], sweeps["later"])
    assert found.sentence.startswith("No seed is in both sweeps, so nothing is paired")
    mean = row(found, "response_mean_s")
    draws = [
        Store.open(sweeps[n]).frame().groupby("seed")["response_mean_s"].mean().to_numpy()
        for n in ("base", "later")
    ]
    assert (mean.low, mean.high) == pytest.approx(welch(*draws))
    assert mean.method == "unpaired, 3 and 2 seeds"


def test_a_key_that_one_sweep_does_not_vary_has_there_the_value_of_its_base(sweeps):
    """The slow half of the wide sweep is the slow sweep, run for run."""
    found = compare(sweeps["slow"], sweeps["wide"])
    mean = row(found, "response_mean_s")
    assert mean.pairs == 6
    assert mean.difference == 0.0
    assert len(found.settings) == 2


def test_the_setting_by_setting_table_has_differences_of_pairs(sweeps):
    found = compare(sweeps["base"], sweeps["slow"]).settings.set_index("set.dispatch.rule")
    frames = [Store.open(sweeps[n]).frame() for n in ("base", "slow")]
    for rule in ("jsq", "random"):
        one, other = (f[f["set.dispatch.rule"] == rule]["response_mean_s"].to_numpy() for f in frames)
        assert found.loc[rule, "difference"] == pytest.approx((other - one).mean())
        assert found.loc[rule, "pairs"] == 3


def test_welch_is_that_of_scipy():
    from scipy.stats import ttest_ind

    a, b = np.random.default_rng(1).normal(size=8), np.random.default_rng(2).normal(1, 3, size=5)
    expected = ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert welch(a, b) == pytest.approx((expected.low, expected.high))


def test_a_failed_run_takes_its_partner_out(sweeps, tmp_path):
    store = Store.open(sweeps["base"])
    copy = Store.create(tmp_path / "copy", store.plan)
    writer = copy.writer("w")
    log = store.log()
    for i, line in store.frame().iterrows():
        lost = {"status": "failed", "error": "planted", "response_mean_s": math.nan} if i == 0 else {}
        writer.add({**log.loc[i].to_dict(), **line.to_dict(), **lost})
    found = compare(sweeps["base"], tmp_path / "copy")
    assert row(found, "response_mean_s").pairs == 5
    assert row(found, "response_mean_s").difference == pytest.approx(0.0, abs=1e-12)


# -- refusals and the command -----------------------------------------------------------------------------


def test_folders_that_cannot_be_compared_are_refused_in_one_line(runs, sweeps, tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "summary.json").write_text("{")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "summary.json").write_text("[]")
    cases = [
        ((tmp_path, runs["base"]), "holds neither summary.json nor sweep.json"),
        ((tmp_path / "nowhere", runs["base"]), "there is no such folder"),
        ((runs["base"], sweeps["base"]), "only two runs or two sweeps can be compared"),
        ((tmp_path / "broken", runs["base"]), "cannot be read"),
        ((tmp_path / "strange", runs["base"]), "summary.json"),
        ((sweeps["base"], sweeps["lonely"]), "have no setting in common"),
    ]
    for words, said in cases:
        assert main(["compare", *map(str, words)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert said in told.err
        assert told.err.count("\n") == 1


def test_sweeps_without_a_common_outcome_are_refused(sweeps, tmp_path):
    lone = swept(
        tmp_path / "x", "x", {"dispatch.rule": ["jsq"]}, outcomes=("throughput_per_s",), replications=1
    )
    with pytest.raises(ConfigError, match="have no outcome in common"):
        compare(sweeps["base"], lone)


def test_json_is_the_comparison_and_nothing_else(runs, capsys):
    assert main(["compare", str(runs["base"]), str(runs["busy"]), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = compare(runs["base"], runs["busy"])
    assert told == json.loads(json.dumps(found.as_dict()))
    assert told["metrics"]["throughput_per_s"]["low"] == row(found, "throughput_per_s").low
    assert told["metrics"]["price_paid"]["one"] is None


def test_the_command_prints_changes_differences_and_how_intervals_were_made(sweeps, capsys):
    assert main(["compare", str(sweeps["base"]), str(sweeps["slow"])]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "fleet.speed_cv" in told
    assert "response time" in told
    assert "paired over 3 seeds" in told
    assert "6 pairs of runs agree" in told
    assert "Only base has: cost" in told


def test_out_writes_the_page_and_quiet_prints_nothing(sweeps, tmp_path, capsys):
    assert (
        main(["compare", str(sweeps["base"]), str(sweeps["slow"]), "--out", str(tmp_path / "o"), "-q"]) == 0
    )
    assert capsys.readouterr().out == ""
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["compare.html"]


def test_the_page_of_two_runs_lays_them_over_each_other(runs):
    text = compare_html(compare(runs["base"], runs["slow"]))
    for key in ("both-response-p95-s", "both-utilization", "both-agents-busy", "both-cost", "differences"):
        assert f'id="figure-{key}"' in text
    assert "fleet.speed_cv" in text
    assert re.search(r"paired, \d+ batches", text)
    assert text == compare_html(compare(runs["base"], runs["slow"]))


def test_the_page_of_two_sweeps_shows_each_common_setting(sweeps):
    text = compare_html(compare(sweeps["base"], sweeps["slow"]))
    assert 'id="figure-setting-0"' in text
    assert "dispatch.rule jsq" in text
    assert "Only base has: cost." in text


def test_names_that_are_alike_become_those_of_the_folders(runs):
    assert compare(runs["base"], runs["slow"]).names == ("base", "slow")
    assert compare(runs["base"], runs["base"]).names == ("tiny (1)", "tiny (2)")


def test_whole_and_broken_numbers_are_the_same_setting():
    assert changes_between({"seconds": 60}, {"seconds": 60.0}) == ()
    assert [c.key for c in changes_between({"on": True}, {"on": 1})] == ["on"]
    assert flattened({"a": {"b": [1, 2]}}) == {"a.b": [1, 2]}


def test_a_plan_of_another_version_of_the_design_is_no_other_setting(sweeps):
    """A list that gives the same settings as a grid is compared run for run."""
    plan = Store.open(sweeps["base"]).plan
    assert Plan.from_dict(plan.as_dict()).digest() == plan.digest()
    found = compare(sweeps["base"], sweeps["base"])
    assert all(r.difference == 0 for r in found.rows)
    assert found.changes == ()
