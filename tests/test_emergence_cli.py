"""``swarmscale emergence`` on files of series: tables and findings, every layout of a file, every refusal."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.cli import main
from swarmscale.model.emergence.reading import read_series

from .flow_support import limit


def linked(rng, samples=900, parts=12, strength=0.4):
    """A ring in which each part follows its own past and its neighbor's."""
    x = rng.standard_normal((samples, parts))
    for t in range(1, samples):
        x[t] += 0.5 * x[t - 1] + strength * np.roll(x[t - 1], 1)
    return x


def frame(series, step=1.0):
    table = pd.DataFrame(series, columns=[f"part_{i}" for i in range(series.shape[1])])
    table.insert(0, "time_s", 10.0 + step * np.arange(len(series)))
    return table


@pytest.fixture
def ring():
    return frame(linked(np.random.default_rng(1)), 0.5)


@pytest.fixture
def file(ring, tmp_path):
    ring.to_csv(tmp_path / "ring.csv", index=False)
    return tmp_path / "ring.csv"


def said(capsys, *words):
    """Exit code, output and errors of a command."""
    code = main(["emergence", *(str(word) for word in words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def asked(capsys, *words):
    code, out, _ = said(capsys, *words, "--json")
    assert code == 0
    return json.loads(out)


# What it says


def test_a_table_a_detector_with_statistics_their_null_and_findings_with_their_family(file, capsys):
    code, out, err = said(capsys, file)
    assert (code, err) == (0, "")
    assert "900 samples of 12 series, one every 0.5 s" in out
    for name in ss.emergence.DETECTORS:
        assert name in out
    words = " ".join(out.split())
    assert (
        "Finding since 310 s, holds at the end, in 3 windows, first from 10 s, over 133 hypotheses" in words
    )
    assert "Nothing is said of any of the 3 windows: nothing that is tried was recorded" in words
    assert "nan" not in out


def test_json_holds_each_statistic_once_a_window_and_null_for_what_is_not_known(file, capsys):
    told = asked(capsys, file, "--detectors", "coordination, innovation")
    assert {(row["detector"], row["statistic"]) for row in told["statistics"]} == {
        ("coordination", "synchrony"),
        ("coordination", "directed"),
        ("coordination", "pooled choice"),
        ("innovation", "novelty"),
        ("innovation", "records"),
    }
    assert len(told["statistics"]) == 15
    for row in told["statistics"]:
        assert (row["observed"] is None) == bool(row["abstained"])
    (finding,) = told["findings"]
    assert finding["detector"] == "coordination"
    assert (finding["first_s"], finding["since_s"], finding["until_s"]) == (10.0, 310.0, None)
    assert finding["sentence"].startswith("Coordination: ")


def test_the_folder_holds_both_tables_as_the_model_writes_them(file, capsys, tmp_path):
    told = asked(capsys, file, "--out", tmp_path / "o")
    table = pd.read_parquet(tmp_path / "o" / "emergence.parquet")
    assert len(table) == len(told["statistics"])
    assert table["observed"].notna().sum() == sum(row["observed"] is not None for row in told["statistics"])
    found = pd.read_parquet(tmp_path / "o" / "findings.parquet")
    assert found["sentence"].tolist() == [row["sentence"] for row in told["findings"]]


def test_the_command_says_what_the_library_says_bit_for_bit(ring, file, capsys):
    told = asked(capsys, file, "--rng", "5", "--window", "200", "--step", "100")
    series = ring.drop(columns="time_s").to_numpy()
    windows = ss.emergence.windows_of(series, length=200, step=100, start_s=10.0, step_s=0.5)
    watched = ss.emergence.watch(windows, seed=5)
    assert len(watched.verdicts) == 4 * 8
    mine = ss.emergence.verdicts_frame(watched.verdicts)
    np.testing.assert_allclose(
        mine["p"].fillna(-1), [-1 if row["p"] is None else row["p"] for row in told["statistics"]], atol=1e-12
    )


def test_independent_parts_are_no_coordination(capsys, tmp_path):
    walks = linked(np.random.default_rng(2), strength=0.0)
    frame(walks).to_csv(tmp_path / "walks.csv", index=False)
    code, out, _ = said(capsys, tmp_path / "walks.csv", "--detectors", "coordination")
    assert code == 0
    assert "No finding: 0 of 3 windows showed it" in " ".join(out.split())


def test_a_driver_from_outside_is_taken_out_where_it_is_named(capsys, tmp_path):
    rng = np.random.default_rng(3)
    own = linked(rng, strength=0.0)
    load = linked(rng, parts=1, strength=0.0)
    table = frame(own + 0.5 * load).assign(load=load)
    table.to_csv(tmp_path / "driven.csv", index=False)
    blind = asked(capsys, tmp_path / "driven.csv", "--series", "part_*", "--detectors", "coordination")
    synchrony = [row["p"] for row in blind["statistics"] if row["statistic"] == "synchrony"]
    assert max(synchrony) < 0.01
    told = asked(capsys, tmp_path / "driven.csv", "--exogenous", "load", "--detectors", "coordination")
    assert told["series"] == [f"part_{i}" for i in range(12)]
    assert not told["findings"]
    assert min(row["p"] for row in told["statistics"] if row["statistic"] == "synchrony") > 0.01


def test_commands_of_the_root_are_taken_out_of_self_organization(capsys, tmp_path):
    rng = np.random.default_rng(4)
    order = rng.standard_normal(300)
    table = frame(linked(rng, 300, 30) + 0.5 * order[:, None]).assign(order=order)
    table.to_parquet(tmp_path / "ordered.parquet")
    words = (tmp_path / "ordered.parquet", "--detectors", "self-organization")
    ordered = asked(capsys, *words, "--commands", "order")
    plain = asked(capsys, *words, "--series", "part_*")
    assert ordered["series"] == plain["series"]
    (one, _), (other, _) = ordered["statistics"], plain["statistics"]
    assert one["statistic"] == other["statistic"] == "modularity"
    assert None not in (one["observed"], other["observed"])
    assert one["observed"] != other["observed"]


def test_angles_are_told_to_the_detectors(capsys, tmp_path):
    rng = np.random.default_rng(5)
    heading = rng.uniform(0, 2 * np.pi, (300, 1)) + 0.3 * rng.standard_normal((300, 10))
    frame(np.mod(heading, 2 * np.pi)).to_csv(tmp_path / "birds.csv", index=False)
    told = asked(capsys, tmp_path / "birds.csv", "--angles", "--detectors", "coordination")
    row = told["statistics"][0]
    assert (row["statistic"], row["family"]) == ("synchrony", 2)
    assert row["observed"] > 0.5


def test_a_detector_of_ones_own_comes_with_a_plugin(file, capsys, tmp_path):
    (tmp_path / "loud.py").write_text(
        "from dataclasses import dataclass\n"
        "import swarmscale as ss\n"
        "from swarmscale.emergence import Test, Verdict\n\n"
        "@ss.register('detector', 'loud')\n"
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        "class Loud:\n"
        "    def start(self):\n"
        "        return None\n\n"
        "    def look(self, window, memory, rng):\n"
        "        said = Verdict(detector='loud', start_s=window.start_s, end_s=window.end_s,\n"
        "            tests=(Test(statistic='height', observed=float(window.series.max()), p=1.0),), p=1.0,\n"
        "            sentence='Nothing is too loud.')\n"
        "        return said, None\n",
        encoding="utf-8",
    )
    code, out, _ = said(capsys, file, "--plugin", tmp_path / "loud.py", "--detectors", "loud")
    assert code == 0
    assert "height" in out
    assert "Nothing is too loud." in out
    ss.emergence.DETECTORS._members.pop("loud")


# Layouts


def test_wide_long_csv_and_parquet_are_the_same_series(ring, file, tmp_path):
    ring.to_parquet(tmp_path / "ring.parquet")
    long = ring.melt("time_s", var_name="part").sample(frac=1.0, random_state=1)
    long.to_csv(tmp_path / "long.csv", index=False)
    ring.to_csv(tmp_path / "semicolon.csv", index=False, sep=";")
    one = read_series(file)
    assert (one.start_s, one.step_s) == (10.0, 0.5)
    for name in ("ring.parquet", "semicolon.csv"):
        other = read_series(tmp_path / name)
        np.testing.assert_allclose(other.series, one.series, rtol=1e-12)
        assert other.names == one.names
    other = read_series(tmp_path / "long.csv")
    order = [other.names.index(name) for name in one.names]
    np.testing.assert_allclose(other.series[:, order], one.series, rtol=1e-12)
    assert (other.start_s, other.step_s) == (10.0, 0.5)


def test_dates_are_seconds_and_a_file_without_times_has_one_a_second(tmp_path):
    table = frame(np.random.default_rng(6).standard_normal((70, 2)))
    table["time_s"] = pd.date_range("2024-03-01", periods=70, freq="5min").astype(str)
    table.rename(columns={"time_s": "TIMESTAMP"}).to_csv(tmp_path / "dates.csv", index=False)
    read = read_series(tmp_path / "dates.csv", time="TIMESTAMP")
    assert (read.start_s, read.step_s) == (0.0, 300.0)
    table.drop(columns="time_s").to_csv(tmp_path / "bare.csv", index=False)
    assert read_series(tmp_path / "bare.csv").step_s == 1.0


def test_a_numbering_of_the_rows_and_an_index_of_dates_are_times_and_no_series(tmp_path):
    table = frame(np.random.default_rng(6).standard_normal((70, 2))).drop(columns="time_s")
    table.to_csv(tmp_path / "numbered.csv")
    read = read_series(tmp_path / "numbered.csv")
    assert (read.names, read.start_s, read.step_s) == (("part_0", "part_1"), 0.0, 1.0)
    table.set_axis(["0", "1"], axis=1).to_csv(tmp_path / "columns.csv", index=False)
    assert read_series(tmp_path / "columns.csv").names == ("0", "1")
    table.index = pd.date_range("2024-03-01", periods=70, freq="h")
    table.to_parquet(tmp_path / "dated.parquet")
    read = read_series(tmp_path / "dated.parquet")
    assert (read.names, read.start_s, read.step_s) == (("part_0", "part_1"), 0.0, 3600.0)


def test_patterns_choose_series_and_whole_numbers_and_yes_or_no_are_numbers(tmp_path):
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {"a_1": rng.integers(0, 9, 80), "a_2": rng.random(80) < 0.5, "b": rng.random(80), "who": "x"}
    )
    table.to_parquet(tmp_path / "t.parquet")
    read = read_series(tmp_path / "t.parquet", series=("a_*", "b"))
    assert read.names == ("a_1", "a_2", "b")
    assert set(np.unique(read.series[:, 1])) == {0.0, 1.0}


# Refusals: one line and exit code 2


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def refused(capsys, *words):
    code, out, err = said(capsys, *words)
    assert code == 2
    assert out == ""
    assert err.startswith("swarmscale: ")
    assert err.count("\n") == 1
    return err


def test_a_number_that_is_missing_or_infinite_is_refused_by_column_and_row(ring, capsys, tmp_path):
    ring.loc[41, "part_3"] = np.nan
    ring.to_csv(tmp_path / "gap.csv", index=False)
    assert "column 'part_3' is nan in row 42, but all numbers must be finite" in refused(
        capsys, tmp_path / "gap.csv"
    )
    ring.loc[41, "part_3"] = np.inf
    ring.to_parquet(tmp_path / "inf.parquet")
    assert "column 'part_3' is inf in row 42" in refused(capsys, tmp_path / "inf.parquet")


def test_a_file_that_is_not_there_empty_or_no_table_is_refused(capsys, tmp_path):
    assert "cannot be read: No such file" in refused(capsys, tmp_path / "none.csv")
    assert "is empty" in refused(capsys, write(tmp_path / "empty.csv", ""))
    assert "has no rows" in refused(capsys, write(tmp_path / "head.csv", "a,b\n"))
    assert "must be a .csv or a .parquet file" in refused(capsys, write(tmp_path / "a.txt", "a,b\n1,2\n"))
    assert "the first line must hold the names" in refused(capsys, write(tmp_path / "bare.csv", "1,2\n3,4\n"))
    assert "is no parquet table" in refused(capsys, write(tmp_path / "a.parquet", "a,b\n1,2\n"))
    assert "is no csv table" in refused(capsys, write(tmp_path / "broken.csv", "a,b\n1,2\n1,2,3,4\n"))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00a,b")
    assert "is no csv table" in refused(capsys, tmp_path / "bytes.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refused(capsys, tmp_path / "folder.csv")
    assert "a .csv or .parquet file of series is needed" in refused(capsys)


def test_text_where_numbers_belong_is_refused_by_column(ring, capsys, tmp_path):
    ring.assign(kind="warm").to_csv(tmp_path / "text.csv", index=False)
    assert "column 'kind' is not numeric, such as 'warm'; choose others with --series" in refused(
        capsys, tmp_path / "text.csv"
    )


def test_an_unknown_column_is_refused_with_the_nearest_name(file, capsys):
    assert "no column is called 'part_33'. Did you mean 'part_3'?" in refused(
        capsys, file, "--exogenous", "part_33"
    )
    assert "no column is called 'tme_s'. Did you mean 'time_s'?" in refused(capsys, file, "--time", "tme_s")
    assert "no column is called 'parts_*'" in refused(capsys, file, "--series", "parts_*")
    assert "Did you mean 'coordination'?" in refused(capsys, file, "--detectors", "cordination")


def test_too_few_series_samples_and_windows_are_refused(file, ring, capsys, tmp_path):
    assert "1 series is left, but 2 are needed" in refused(capsys, file, "--series", "part_1")
    assert "--window = 1000, but it must be at most 900" in refused(capsys, file, "--window", "1000")
    assert "--window = 59, but it must be 60 or more" in refused(capsys, file, "--window", "59")
    assert "step = 0" in refused(capsys, file, "--step", "0")
    assert "--rng = -1" in refused(capsys, file, "--rng", "-1")
    ring.head(20).to_csv(tmp_path / "short.csv", index=False)
    assert "at most 20, the file's samples" in refused(capsys, tmp_path / "short.csv")


def test_times_that_do_not_rise_evenly_are_refused(ring, capsys, tmp_path):
    ring.drop(index=500).to_csv(tmp_path / "hole.csv", index=False)
    assert "go from 259.5 to 260.5 in row 501, where others go by 0.5 s" in refused(
        capsys, tmp_path / "hole.csv"
    )
    ring.iloc[::-1].to_csv(tmp_path / "back.csv", index=False)
    assert "times must rise in even steps" in refused(capsys, tmp_path / "back.csv")
    ring.assign(time_s="soon").to_csv(tmp_path / "words.csv", index=False)
    assert "times must be seconds or dates, not such as 'soon'" in refused(capsys, tmp_path / "words.csv")


def test_long_tables_with_gaps_or_two_values_are_refused(ring, capsys, tmp_path):
    long = ring.melt("time_s", var_name="part")
    long.drop(index=7).to_csv(tmp_path / "gap.csv", index=False)
    assert "part part_0 has no value at time 13.5" in refused(capsys, tmp_path / "gap.csv")
    pd.concat([long, long.head(1)]).to_csv(tmp_path / "twice.csv", index=False)
    assert "part part_0 has two values at time 10.0" in refused(capsys, tmp_path / "twice.csv")
    long.drop(columns="time_s").to_csv(tmp_path / "timeless.csv", index=False)
    assert "needs a column of times" in refused(capsys, tmp_path / "timeless.csv")


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(file, capsys, tmp_path):
    write(tmp_path / "taken", "a file")
    assert "cannot be written" in refused(capsys, file, "--out", tmp_path / "taken")


def test_constant_series_are_an_abstention_with_its_reason_and_no_number(capsys, tmp_path):
    table = frame(np.ones((300, 4)))
    table["part_0"] = np.random.default_rng(8).standard_normal(300)
    table.to_csv(tmp_path / "flat.csv", index=False)
    told = asked(capsys, tmp_path / "flat.csv")
    assert all(
        row["observed"] is None and row["p"] is None and row["abstained"] for row in told["statistics"]
    )
    assert "1 of 4 series vary by more than their resolution, but 2 must" in told["statistics"][0][
        "abstained"
    ] + str(told["statistics"])
    code, out, _ = said(capsys, tmp_path / "flat.csv")
    assert code == 0
    assert "1 of 4 series vary" in " ".join(out.split())
    assert "nan" not in out


# Calibration


def test_calibrate_hands_its_options_on_and_takes_no_file(file, capsys, monkeypatch, tmp_path):
    given = {}
    stand_in = types.SimpleNamespace(calibrate=lambda **options: given.update(options) or 0)
    monkeypatch.setitem(sys.modules, "swarmscale.cli.calibrate", stand_in)
    words = (
        "--repetitions",
        7,
        "--parts",
        30,
        "--write",
        tmp_path / "c.md",
        "--rng",
        3,
        "--detectors",
        "a,b",
    )
    assert said(capsys, "--calibrate", *words)[0] == 0
    assert given == {
        "repetitions": 7,
        "parts": 30,
        "write": tmp_path / "c.md",
        "out": None,
        "json_": False,
        "seed": 3,
        "detectors": ["a", "b"],
    }
    assert "--calibrate takes no file" in refused(capsys, file, "--calibrate")
    assert "--parts is of --calibrate" in refused(capsys, file, "--parts", 30)


def test_the_real_calibration_takes_what_the_command_hands_on():
    from inspect import signature

    from swarmscale.cli.calibrate import calibrate

    names = {"repetitions", "parts", "samples", "workers", "write", "out", "json_", "seed", "detectors"}
    assert names == set(signature(calibrate).parameters)


# The public face


def test_the_documentation_shows_what_the_example_prints():
    root = Path(__file__).parent.parent
    printed = (root / "examples" / "own_series.txt").read_text(encoding="utf-8")
    assert printed in (root / "docs" / "emergence.md").read_text(encoding="utf-8")


def test_the_public_names_of_emergence_are_complete():
    names = ss.emergence.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(ss.emergence, name) for name in names)


def test_estimators_work_on_any_array():
    x = linked(np.random.default_rng(9))
    assert ss.emergence.te_network(x).edge.sum() >= 12
    independent = [
        ss.emergence.synchrony(np.random.default_rng([10, k]).standard_normal((300, 12))) for k in range(200)
    ]
    z = (np.mean(independent) - 1 / 12) / (np.std(independent) / np.sqrt(200))
    assert abs(z) < limit()
    assert abs(1.05 * np.mean(independent) - 1 / 12) / (np.std(independent) / np.sqrt(200)) > limit()
