"""The store: rows that stay, files that may be damaged, the plan that it belongs to, and what can be asked of it."""

import json
import logging
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale import ConfigError
from swarmscale.batch import writer
from swarmscale.batch.plan import Plan, RunId
from swarmscale.batch.run import STATUSES, run_one
from swarmscale.batch.schema import Columns
from swarmscale.batch.store import SHEET, Store
from swarmscale.batch.sweep import sweep
from swarmscale.model.checkpoint import config_hash
from tests.trouble_support import small


@pytest.fixture(scope="module")
def plan():
    return Plan.load(small())


@pytest.fixture
def store(tmp_path, plan):
    return Store.create(tmp_path / "store", plan)


def row(setting, replication=0, status="done", started_at=0.0, cost=1.0, error=""):
    return {
        "setting": setting,
        "replication": replication,
        "seed": 7 + replication,
        "status": status,
        "error": error,
        "started_at": started_at,
        "wall_s": 0.5,
        "cost": cost,
    }


def test_rows_come_back_sorted_whoever_wrote_them_when(store):
    one, other = store.writer("b"), store.writer("a")
    for w, s, r in ((one, 3, 0), (other, 1, 1), (one, 0, 1), (other, 1, 0)):
        w.add(row(s, r, cost=10 * s + r))
    frame = store.frame()
    assert list(zip(frame["setting"], frame["replication"], strict=True)) == [(0, 1), (1, 0), (1, 1), (3, 0)]
    assert list(frame["cost"]) == [1.0, 10.0, 11.0, 30.0]
    assert frame["response_p95_s"].isna().all()


def test_the_final_table_has_nothing_that_depends_on_when_or_where(store):
    store.writer("a").add(row(0))
    names = [
        "setting",
        "replication",
        "seed",
        "status",
        "error",
        "set.life.start_s",
        "cost",
        "response_p95_s",
    ]
    assert list(store.frame().columns) == names


def test_parts_are_rolled_over_and_older_ones_never_change(store, monkeypatch):
    monkeypatch.setattr(writer, "ROWS", 3)
    w = store.writer("a")
    for setting in range(3):
        w.add(row(setting))
    first = (store.folder / "runs" / "a-0.parquet").read_bytes()
    for setting in range(3, 5):
        w.add(row(setting))
    assert [path.name for path in store.parts()] == ["a-0.parquet", "a-1.parquet"]
    assert (store.folder / "runs" / "a-0.parquet").read_bytes() == first
    assert len(w.rows) == 2
    assert len(store.frame()) == 5


ATTEMPTS = st.lists(
    st.tuples(st.sampled_from(STATUSES), st.integers(0, 50)), min_size=1, max_size=6, unique_by=lambda a: a[1]
)


@settings(deadline=None, max_examples=25)
@given(ATTEMPTS)
def test_of_several_rows_of_a_run_the_one_that_ended_well_counts_else_the_latest(tmp_path_factory, attempts):
    store = Store.create(tmp_path_factory.mktemp("s"), Plan.load(small()))
    for i, (status, at) in enumerate(attempts):
        store.writer(f"w{i}").add(row(0, 0, status, started_at=float(at)))
    statuses = [status for status, _ in attempts]
    latest = max(attempts, key=lambda attempt: attempt[1])[0]
    assert store.statuses() == {RunId(0, 0): "done" if "done" in statuses else latest}
    assert len(store.frame()) == 1


def test_missing_are_those_without_a_row_and_those_killed(store):
    w = store.writer("a")
    for setting, status in enumerate(STATUSES):
        w.add(row(setting, 0, status))
    left = {run for run in store.runs() if run.replication == 1 or run.setting == 4}
    assert set(store.missing()) == left | {RunId(2, 0)}
    assert set(store.missing(retry=True)) == left | {RunId(1, 0), RunId(2, 0), RunId(3, 0)}
    assert store.missing() == sorted(store.missing())


def test_a_temporary_file_that_was_left_over_is_no_row_and_is_removed_before_work(store):
    store.writer("a").add(row(0))
    left = store.folder / "runs" / ".a-0.parquet.x1y2"
    left.write_bytes(b"PAR1 half")
    assert len(store.frame()) == 1
    with store.alone():
        assert not left.exists()


def test_a_truncated_part_is_told_and_its_runs_are_missing(store, caplog):
    store.writer("a").add(row(0))
    store.writer("b").add(row(1))
    part = store.folder / "runs" / "a-0.parquet"
    part.write_bytes(part.read_bytes()[:-200])
    with caplog.at_level(logging.WARNING):
        frame = store.frame()
    assert list(frame["setting"]) == [1]
    assert "a-0.parquet cannot be read" in caplog.text
    assert "its runs count as missing" in caplog.text
    assert RunId(0, 0) in store.missing()


def test_two_sweeps_are_not_at_work_on_one_store(store):
    with store.alone(), pytest.raises(ConfigError, match="another process is at work on this sweep"):
        sweep(small(), out=store.folder, engine="here")


def test_another_plan_in_the_same_folder_is_refused_by_its_first_difference(store):
    with pytest.raises(ConfigError, match=r"holds another sweep: seeds\[0\] is 7 there and 8 here"):
        Store.create(store.folder, Plan.load(small(rng=8)))
    with pytest.raises(ConfigError, match=r"fixed.demand.load is null there and 0.5 here"):
        Store.create(store.folder, Plan.load(small(set={**small()["set"], "demand.load": 0.5})))


def test_a_name_and_a_time_limit_make_no_other_plan(store, plan):
    again = Store.create(store.folder, plan.but(name="other", time_limit_s=5.0))
    assert again.plan.time_limit_s == 5.0
    assert Store.open(store.folder).name == "other"


def test_a_plugin_that_was_changed_makes_another_plan(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text("x = 1\n", encoding="utf-8")
    Store.create(tmp_path / "store", Plan.load(small(plugins=[str(plugin)])))
    plugin.write_text("x = 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"plugin_hashes\[0\] is"):
        Store.create(tmp_path / "store", Plan.load(small(plugins=[str(plugin)])))


def test_a_store_of_a_newer_format_is_refused(store):
    sheet = json.loads((store.folder / SHEET).read_text(encoding="utf-8"))
    (store.folder / SHEET).write_text(json.dumps(sheet | {"format": 99}), encoding="utf-8")
    with pytest.raises(ConfigError, match="has format 99, but this version reads up to 1; update swarmscale"):
        Store.open(store.folder)


@pytest.mark.parametrize("text", ["{", "[]", "{}", "null"])
def test_a_file_that_is_no_store_is_refused(tmp_path, text):
    (tmp_path / SHEET).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="is no file of a sweep"):
        Store.open(tmp_path)


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"holds no sweep.json; it is no folder of a sweep"):
        Store.open(tmp_path)


def test_a_store_that_is_opened_has_the_same_plan(store, plan):
    assert Store.open(store.folder).plan == plan
    assert Store.open(store.folder).plan.digest() == plan.digest()


def test_the_sheet_says_what_made_it(store):
    sheet = json.loads((store.folder / SHEET).read_text(encoding="utf-8"))
    assert {"python", "swarmscale", "numpy", "numba", "mesa"} == set(sheet["versions"])
    assert sheet["digest"] == store.plan.digest()


MIXED = [
    {"a": 1, "b": 1, "c": 1, "d": "x", "e": True, "f": [1, 2]},
    {"a": 2, "b": 0.5, "d": 3, "e": False, "f": "all"},
]


def test_a_column_has_the_type_of_its_values_or_is_json():
    columns = Columns.of(MIXED, ["y"])
    assert columns.types == {
        "set.a": "int",
        "set.b": "float",
        "set.c": "float",  # it has a gap
        "set.d": "json",
        "set.e": "bool",
        "set.f": "json",
    }
    stored = columns.stored({f"set.{key}": value for key, value in MIXED[1].items()})
    assert (stored["set.d"], stored["set.f"], stored["set.c"]) == ("3", '"all"', None)
    assert math.isnan(stored["y"])


def test_progress_counts_and_foretells(store):
    w = store.writer("a")
    for setting in range(4):
        w.add(row(setting, 0, "done" if setting else "failed", started_at=2.0 * setting))
    progress = store.progress()
    assert (progress.total, progress.done, progress.failed, progress.ended) == (10, 3, 1, 4)
    assert progress.runs_per_s == pytest.approx(0.5)
    assert progress.remaining_s == pytest.approx(12.0)


def test_progress_of_nothing_knows_no_rate(store):
    assert store.progress().ended == 0
    assert math.isnan(store.progress().remaining_s)


def test_duckdb_answers_questions(store):
    pytest.importorskip("duckdb")
    for setting in range(3):
        store.writer(f"w{setting}").add(row(setting, cost=float(setting)))
    asked = 'select sum(cost) as total, max("set.life.start_s") as start, count(*) as n from runs'
    assert store.query(asked).loc[0, ["total", "n"]].tolist() == [3.0, 3.0]
    assert store.query("select count(*) as n from log").loc[0, "n"] == 3
    with pytest.raises(ConfigError, match="query: "):
        store.query("select nothing from nowhere")


def test_a_row_says_what_it_was_and_how_it_went(plan):
    made = run_one(plan, RunId(1, 1))
    assert (made["setting"], made["replication"], made["seed"], made["status"]) == (1, 1, 8, "done")
    assert made["set.life.start_s"] == 10
    assert made["wall_s"] >= made["build_s"] > 0
    assert made["config_hash"] == config_hash(plan.config(RunId(1, 1))), "as in the folder of a run"
    assert isinstance(made["cost"], float)


def test_an_empty_store_has_an_empty_table_of_the_same_columns(store):
    empty = store.frame()
    assert len(empty) == 0
    store.writer("a").add(row(0))
    assert list(store.frame().columns) == list(empty.columns)
    assert isinstance(store.log(), pd.DataFrame)
    assert np.isnan(store.log()["cpu_s"]).all()
