"""Demand traces: what is shipped, what a user's file may hold, and every way in which it is refused."""

from __future__ import annotations

import csv
import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from swarmscale.cli.trace import app
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.flow.traces import (
    Requests,
    Trace,
    describe,
    load,
    load_requests,
    load_trace,
    shipped,
)
from swarmscale.viz.figures.traces import trace_figure

SHIPPED = {info.name: info for info in shipped()}
DATA = files("swarmscale.model.flow") / "data"


def raw_column(file, column):
    """A column by the standard library alone: the slow, obvious way."""
    with (DATA / file).open(encoding="utf-8") as lines:
        return [float(row[column]) for row in csv.DictReader(lines)]


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="fleet.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def minutes(*demand):
    rows = "".join(f"2025-01-01T00:{minute:02}:00Z,{value}\n" for minute, value in enumerate(demand))
    return "timestamp,demand\n" + rows


def refusal(path, reader=load):
    with pytest.raises(ConfigError) as refused:
        reader(path)
    text = str(refused.value)
    assert "\n" not in text
    return text.replace(str(path), path.name)


# What is shipped


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_trace_loads_under_its_name_licence_and_citation(name):
    loaded, info = load(name), SHIPPED[name]
    assert (loaded.name, loaded.licence, loaded.source) == (name, info.licence, info.citation)


@pytest.mark.parametrize(
    ("name", "column", "rows", "step_s", "per_bin_s"),
    [
        ("azure-llm-conv-10s", "requests", 351, 10, 10),
        ("crane13", "demand", 23_040, 60, 1),
        ("goog-tweets", "demand", 15_842, 300, 300),
        ("ms-app1", "demand", 15_840, 60, 1),
        ("ms-app3", "demand", 15_840, 60, 1),
    ],
)
def test_a_shipped_trace_has_the_rows_and_the_mean_of_its_file(name, column, rows, step_s, per_bin_s):
    trace, raw = load_trace(name), raw_column(SHIPPED[name].file, column)
    assert (trace.demand.size, len(raw), trace.step_s) == (rows, rows, step_s)
    assert trace.mean * per_bin_s == pytest.approx(sum(raw) / rows)
    assert trace.unit == SHIPPED[name].unit


def test_the_azure_requests_carry_the_tokens_of_their_file():
    requests = load_requests("azure-llm-conv")
    file = SHIPPED["azure-llm-conv"].file
    assert requests.time_s.size == 19_366
    assert requests.time_s.tolist() == raw_column(file, "t_s")
    assert requests.prompt_tokens.sum() == sum(raw_column(file, "context_tokens"))
    assert requests.generated_tokens.sum() == sum(raw_column(file, "generated_tokens"))


def test_the_binned_azure_file_counts_the_same_requests():
    counts = raw_column(SHIPPED["azure-llm-conv-10s"].file, "requests")
    assert sum(counts) == load_requests("azure-llm-conv").time_s.size


def test_the_level_of_ms_app3_more_than_doubles_between_its_first_and_last_days():
    days = load_trace("ms-app3").demand.reshape(11, -1).mean(axis=1)
    assert days[7:].mean() > 2 * days[:5].mean()


def test_each_file_of_the_package_data_has_its_notice():
    notices = (DATA / "LICENSES.md").read_text(encoding="utf-8")
    held = {entry.name for entry in DATA.iterdir() if entry.name.endswith(".csv")}
    assert held == {info.file for info in shipped()}
    for info in shipped():
        assert re.search(rf"`{info.file}` \| `{info.name}` .*\| {info.licence} \|", notices)


# Traces and requests


def test_a_constant_trace_peaks_at_its_mean():
    trace = Trace(name="flat", step_s=60.0, demand=np.full(10, 3.0), unit="tasks/s")
    assert (trace.seconds, trace.mean, trace.peak_to_mean) == (600.0, 3.0, 1.0)


def test_rates_at_the_own_step_are_the_demand_bit_for_bit():
    trace = load_trace("ms-app1")
    np.testing.assert_array_equal(trace.rates(trace.step_s), trace.demand)


@pytest.mark.parametrize("step_s", [7.0, 30.0, 45.0, 60.0, 90.0, 240.0])
def test_rates_agree_with_an_average_over_single_seconds(step_s):
    demand = np.array([1.0, 5.0, 0.0, 2.0, 9.0, 4.0, 4.0])
    rates = Trace(name="small", step_s=60.0, demand=demand, unit="tasks/s").rates(step_s)
    seconds = np.repeat(demand, 60)
    width = int(step_s)
    slow = [seconds[at : at + width].mean() for at in range(0, seconds.size - width + 1, width)]
    np.testing.assert_allclose(rates, slow, atol=1e-12)


def test_rates_refuse_a_step_longer_than_the_trace():
    trace = Trace(name="small", step_s=60.0, demand=np.ones(2), unit="tasks/s")
    with pytest.raises(ConfigError, match=r"step_s = 121.*at most the 120 s"):
        trace.rates(121.0)


@pytest.mark.parametrize("step_s", [0.0, -1.0, float("nan"), float("inf"), 1e-9])
def test_binning_refuses_a_step_that_makes_no_bins_or_too_many(step_s):
    with pytest.raises(ConfigError, match="step_s = "):
        load_requests("azure-llm-conv").binned(step_s)


@settings(max_examples=50, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 5), min_size=1, max_size=40).filter(lambda gaps: sum(gaps) > 1),
    step_s=st.floats(0.05, 1),
)
def test_binned_conserves_the_requests_before_the_dropped_bin(gaps, step_s):
    time_s = np.concatenate(([0.0], np.cumsum(gaps)))
    trace = Requests(name="drawn", time_s=time_s).binned(step_s)
    counts = trace.demand * trace.step_s
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    last = np.floor_divide(time_s, step_s) < trace.demand.size
    assert round(counts.sum()) == last.sum()
    assert trace.seconds == pytest.approx(time_s[-1], abs=step_s)


def test_requests_that_do_not_start_at_zero_are_refused():
    with pytest.raises(ConfigError, match="counted from the first request"):
        Requests(name="late", time_s=np.array([1.0, 2.0]))


def test_a_trace_without_demand_is_refused():
    with pytest.raises(ConfigError, match="above 0"):
        Trace(name="empty", step_s=1.0, demand=np.zeros(3), unit="tasks/s")


# A user's files


@settings(max_examples=40, deadline=None)
@given(
    demand=st.lists(st.floats(0, 1e12), min_size=2, max_size=30).filter(any),
    step_s=st.integers(1, 100_000),
    start=st.integers(0, 4_000_000_000),
    column=st.sampled_from(["timestamp", "t_s", "seconds"]),
    padded=st.booleans(),
)
def test_a_written_trace_comes_back_bit_for_bit(tmp_path_factory, demand, step_s, start, column, padded):
    path = tmp_path_factory.mktemp("drawn") / "drawn.csv"
    gap = "\n\n" if padded else "\n"
    rows = [f"{start + at * step_s},{value!r}" for at, value in enumerate(demand)]
    path.write_text(gap.join([f"{column},demand", *rows]) + gap, encoding="utf-8")
    trace = load_trace(path)
    assert trace.demand.tolist() == demand
    assert trace.step_s == step_s


@pytest.mark.parametrize(
    "stamps",
    [
        ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z", "2025-01-01T00:02:00Z"),
        ("2025-01-01 00:00", "2025-01-01 00:01", "2025-01-01 00:02"),
        ("2025-01-01T00:00:00Z", "2025-01-01T02:01:00+02:00", "2025-01-01T00:02:00.000Z"),
        ("1735689600", "1735689660", "1735689720"),
    ],
)
def test_a_time_stamp_is_iso_in_any_zone_or_epoch_seconds(write, stamps):
    text = "timestamp,demand\n" + "".join(f"{stamp},1\n" for stamp in stamps)
    assert load_trace(write(text)).step_s == 60.0


def test_a_column_called_requests_is_a_count_per_bin(write):
    trace = load_trace(write("t_s,requests\n0,30\n60,90\n"))
    assert (trace.demand.tolist(), trace.unit) == ([0.5, 1.5], "requests/s")


def test_a_column_called_rate_is_per_second_already(write):
    assert load_trace(write("t_s,rate\n0,30\n60,90\n")).demand.tolist() == [30.0, 90.0]


def test_a_byte_order_mark_capitals_and_spaces_in_the_header_do_no_harm(write):
    path = write("\ufeffT_s , Demand\r\n0, 1\r\n60, 2\r\n\r\n".encode())
    assert load_trace(path).demand.tolist() == [1.0, 2.0]


def test_milliseconds_rounded_in_the_file_are_still_a_regular_step(write):
    assert load_trace(write("t_s,rate\n0,1\n0.333,1\n0.667,1\n1.0,1\n")).step_s == pytest.approx(1 / 3)


def test_a_file_of_times_alone_gives_requests_from_zero(write):
    requests = load_requests(write("seconds\n5\n5\n6.5\n"))
    assert requests.time_s.tolist() == [0.0, 0.0, 1.5]
    assert (requests.prompt_tokens, requests.generated_tokens, requests.work_s) == (None, None, None)


@pytest.mark.parametrize("prompt", ["prompt_tokens", "context_tokens"])
def test_a_file_of_requests_may_carry_tokens_and_work(write, prompt):
    requests = load_requests(write(f"t_s,{prompt},generated_tokens,work_s\n0,3,4,0.5\n2,5,6,1.5\n"))
    assert requests.prompt_tokens.tolist() == [3, 5]
    assert requests.generated_tokens.tolist() == [4, 6]
    assert requests.work_s.tolist() == [0.5, 1.5]


# Refusals


def test_a_misspelt_name_is_refused_with_the_nearest_and_the_way_to_give_a_path():
    with pytest.raises(
        UnknownChoiceError, match=r"Did you mean 'ms-app1'.*azure-llm-conv.*path of a CSV file"
    ):
        load_trace("ms-ap1")


REFUSALS = {
    "not text": (b"t_s,demand\n0,1\n1,\xff\xfe\n", "fleet.csv, row 3: not UTF-8 text"),
    "binary": (b"t_s,demand\n0,1\n1,\0\n", "fleet.csv: holds binary data"),
    "empty": ("", "fleet.csv: is empty"),
    "blank": ("\n \n", "fleet.csv: is empty"),
    "too many fields": ("t_s,demand\n0,1\n1,2,3\n", "row 3: 3 fields, but there must be 2"),
    "open quotation": ('t_s,demand\n0,1\n1,"2\n', "row 3: a quotation mark is never closed"),
    "semicolons": ("t_s;demand\n0;1\n1;2\n", "row 1: 't_s;demand', but columns must be parted by commas"),
    "column twice": ("t_s,demand,Demand\n0,1,1\n1,2,2\n", "row 1: column 'demand' stands there twice"),
    "two time columns": ("t_s,seconds,demand\n0,0,1\n1,1,2\n", "columns 't_s' and 'seconds' mean the same"),
    "two demand columns": ("t_s,rate,demand\n0,0,1\n1,1,2\n", "columns 'demand' and 'rate' mean the same"),
    "no time column": (
        "timestmp,demand\n0,1\n1,2\n",
        "no time column.*Did you mean 'timestamp' by 'timestmp'",
    ),
    "misspelt demand": ("t_s,demnd\n0,1\n1,2\n", "row 1: .*Did you mean 'demand' by 'demnd'"),
    "no rows": ("t_s,demand\n", "0 rows of data, but there must be at least 2"),
    "one row": ("t_s,demand\n0,1\n", "1 rows of data, but there must be at least 2"),
    "time goes back": (
        "t_s,demand\n0,1\n60,2\n30,3\n",
        "row 4, column 't_s': '30', but it must be later than '60' in row 3",
    ),
    "time stands still": (
        "t_s,demand\n0,1\n60,2\n60,3\n",
        "row 4, column 't_s': '60'.*later than '60' in row 3",
    ),
    "requests go back": ("t_s\n0\n2\n1\n", "row 4, column 't_s': '1', but it must be no earlier than '2'"),
    "gap": (
        "t_s,demand\n0,1\n60,2\n240,3\n300,4\n900,5\n",
        "row 4, column 't_s': '240' comes 180 s after row 3, but the step must be regular .60 s here",
    ),
    "bad stamp": (
        minutes(1, 2, 3).replace("T00:01", "T00:61"),
        "row 3, column 'timestamp': .*must be a time such",
    ),
    "missing stamp": ("timestamp,demand\n2025-01-01,1\n,2\n", "row 3, column 'timestamp': ''"),
    "bad seconds": ("t_s,demand\n0,1\nsoon,2\n", "row 3, column 't_s': 'soon', but it must be a number"),
    "milliseconds": (
        "timestamp,demand\n1735689600000,1\n1735689660000,2\n",
        "row 2, column 'timestamp': '1735689600000', but it must be in seconds",
    ),
    "negative": (minutes(1, -2, 3), "row 3, column 'demand': '-2', but it must be 0 or more"),
    "nan": (minutes(1, 2, "nan"), "row 4, column 'demand': 'nan', but it must be a finite number"),
    "infinite": (minutes(1, 2, "inf"), "row 4, column 'demand': 'inf', but it must be a finite number"),
    "words": (minutes("many", 2), "row 2, column 'demand': 'many', but it must be a number"),
    "missing": (minutes(1, "", 3), "row 3, column 'demand': '', but it must be a number"),
    "after empty lines": ("t_s,demand\n\n\n0,1\n\n60,x\n", "row 6, column 'demand': 'x'"),
    "all zero": (minutes(0, 0, 0), "column 'demand': 0 in every row"),
    "part of a token": (
        "t_s,prompt_tokens\n0,1\n1,1.5\n",
        "row 3, column 'prompt_tokens': '1.5'.*whole number",
    ),
    "negative work": ("t_s,work_s\n0,1\n1,-1\n", "row 3, column 'work_s': '-1', but it must be 0 or more"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_file_that_cannot_be_used_is_refused_with_row_column_value_and_rule(write, case):
    text, said = REFUSALS[case]
    assert re.search(said, refusal(write(text)))


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    assert "gone.csv: there is no such file" in refusal(tmp_path / "gone.csv")


def test_a_folder_is_refused_as_unreadable(tmp_path):
    assert re.search(r"cannot be read \(.+\)", refusal(tmp_path))


def test_single_requests_are_no_trace_and_the_way_out_is_said(write):
    assert "no demand column; one of demand, requests, rate" in refusal(write("t_s\n0\n1\n"), load_trace)


def test_demand_per_bin_gives_no_single_requests(write):
    assert "single requests are needed" in refusal(write(minutes(1, 2)), load_requests)


# What is told of a trace


def test_the_figures_of_a_two_level_trace_are_those_by_hand():
    figures = describe(Trace(name="two", step_s=10.0, demand=np.array([1.0, 3.0]), unit="tasks/s"))
    assert figures == {
        "seconds": 20.0,
        "step_s": 10.0,
        "mean": 2.0,
        "peak": 3.0,
        "peak_to_mean": 1.5,
        "variation": 0.5,
        "day_correlation": None,
        "dispersion": 5.0,
    }


def test_poisson_counts_have_a_dispersion_of_one():
    """10,000 bins: the index lies within 4 standard errors, sqrt(2 / bins), of 1."""
    counts = np.random.default_rng(7).poisson(50.0, 10_000)
    trace = Trace(name="poisson", step_s=5.0, demand=counts / 5.0, unit="tasks/s")
    assert describe(trace)["dispersion"] == pytest.approx(1.0, abs=4 * np.sqrt(2 / 10_000))


def test_demand_without_a_rate_has_no_dispersion(write):
    assert describe(load_trace(write(minutes(1, 2, 3))))["dispersion"] is None


def hourly(demand):
    return describe(Trace(name="hours", step_s=3600.0, demand=demand, unit="tasks/s"))["day_correlation"]


def test_a_demand_that_repeats_every_day_correlates_fully_with_the_day_before():
    assert hourly(np.tile(np.arange(24.0), 3)) == pytest.approx(1.0)


def test_a_demand_turned_upside_down_the_next_day_correlates_fully_negatively():
    day = np.arange(24.0)
    assert hourly(np.concatenate((day, day[::-1]))) == pytest.approx(-1.0)


@pytest.mark.parametrize("demand", [np.arange(47.0), np.ones(72)])
def test_below_two_days_or_without_variation_there_is_no_daily_correlation(demand):
    assert hourly(demand) is None


# The figure


def test_a_short_trace_is_drawn_bin_by_bin():
    trace = load_trace("azure-llm-conv-10s")
    figure = trace_figure(trace)
    np.testing.assert_array_equal(figure.data[0].y, trace.demand)
    assert "largest" not in figure.layout.title.text


def test_a_long_trace_keeps_its_peak_in_at_most_4000_points_and_says_so():
    trace = load_trace("crane13")
    figure = trace_figure(trace)
    assert len(figure.data[0].y) <= 4_000
    assert max(figure.data[0].y) == trace.demand.max()
    assert "largest of 6 bins" in figure.layout.title.text


def test_the_axes_say_their_units():
    layout = trace_figure(load_trace("ms-app1")).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == (
        "time since the start (days)",
        "demand (queries/s)",
    )


# The command line


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)


def test_list_names_every_shipped_trace():
    said = run("list").output
    assert [name for name in SHIPPED if f" {name} " not in said] == []


def test_show_gives_the_figures_as_json():
    said = json.loads(run("show", "ms-app1", "--json").output)
    assert said["name"] == "ms-app1"
    assert said["mean"] == load_trace("ms-app1").mean


def test_show_counts_single_requests_in_bins_of_ten_seconds():
    said = json.loads(run("show", "azure-llm-conv", "--json").output)
    assert (said["step_s"], said["seconds"]) == (10.0, 3500.0)


def test_show_prints_a_table_for_a_file_with_brackets_in_its_name(write):
    said = run("show", write(minutes(1, 2), "fleet[bold].csv"))
    assert said.exit_code == 0
    assert "fleet[bold]" in said.output


def test_check_says_what_a_file_was_recognised_as(write):
    assert "demand in 3 bins of 60 s" in run("check", write(minutes(1, 2, 3))).output
    assert "3 requests over 4 s, with work_s" in run("check", write("t_s,work_s\n0,1\n1,1\n4,1\n")).output


def test_check_hands_a_refusal_to_the_main_entry(write):
    assert isinstance(run("check", write("")).exception, ConfigError)


def test_plot_writes_one_file_that_needs_no_network(tmp_path):
    out = tmp_path / "trace.html"
    assert run("plot", "azure-llm-conv-10s", "--out", out).exit_code == 0
    assert not re.search(r"<(script|link)[^>]+(src|href)=", out.read_text(encoding="utf-8"))
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("out", ["gone/trace.html", "file/trace.html", "folder", "."])
def test_plot_refuses_a_place_where_it_cannot_write_and_leaves_nothing_behind(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    refused = run("plot", "azure-llm-conv-10s", "--out", out).exception
    assert isinstance(refused, ConfigError)
    assert str(refused).startswith(f"--out = {out}, but it ")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
