"""The full fidelity of a race: common arrivals, figures by hand where they can be had, resumed, and told."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from swarmscale.batch.course import Rules
from swarmscale.batch.full import FullRules, cut, opened_window, prepare_window, window_model
from swarmscale.batch.full_race import equal_costs, full_race
from swarmscale.batch.full_score import FULL_DEFINITIONS
from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.model.flow.traces import Trace
from swarmscale.model.scaling import KubernetesHpa, Static
from swarmscale.model.scaling.load import FluidFleet
from swarmscale.model.scaling.oracle import oracle
from swarmscale.viz.full_tables import full_sheets
from swarmscale.viz.race_report import race_html

FULL = FullRules(rules=Rules(fleet=FluidFleet(mean_agents=30.0)), hours=0.4, warm_up_s=120.0)
RACED = ("static", "hpa", "quantile", "quantile-naive")


def wave(name="wave", seed=1):
    t = np.arange(120)
    rough = np.exp(np.random.default_rng(seed).normal(0.0, 0.1, t.size))
    return Trace(name=name, step_s=60.0, demand=(1 + 0.5 * np.sin(t / 7)) * rough, unit="tasks/s")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("full")


@pytest.fixture(scope="module")
def done(folder):
    return full_race([wave()], RACED, full=FULL, out=folder)


def test_all_policies_meet_the_same_tasks(done):
    assert done.cells["tasks"].nunique() == 1
    assert done.cells["tasks"].iloc[0] > 5_000
    assert done.cells["cost"].nunique() > 10
    skilled = done.cells[done.cells["policy"] != "quantile-naive"]["forecast_error"]
    assert np.ptp(skilled) < 1e-3  # the same demand was foretold to all, but for the clusters' overhead
    naive = done.cells[done.cells["policy"] == "quantile-naive"]
    assert naive["forecast_error"].tolist() == [1.0] * len(naive)


def test_a_second_call_makes_nothing_and_gives_the_same_figures(done, folder):
    again = full_race([wave()], RACED, full=FULL, out=folder)
    assert (again.computed, again.kept) == (0, done.computed)
    assert again.cells.equals(done.cells)


def test_who_races_besides_changes_nothing_and_another_seed_brings_other_tasks(done):
    mine = done.cells[done.cells["policy"] == "hpa"].reset_index(drop=True)
    assert full_race([wave()], ["hpa"], full=FULL).cells.equals(mine)
    other = replace(FULL, rules=replace(FULL.rules, seed=8))
    assert full_race([wave()], ["cost-optimization"], full=other).cells["tasks"][0] != mine["tasks"][0]


def test_a_static_fleet_costs_its_agents_and_the_reference_is_the_fluid_oracle(done):
    window = cut(wave(), FULL)
    scored = len(window.demand) * 10 - 120
    assert scored == 24 * 60 - 120
    cheapest = oracle(window.need[12:], dt_s=10.0, startup_s=60.0).cost
    for row in done.cells[done.cells["policy"] == "static"].itertuples():
        agents = math.ceil(row.value * window.peak - 1e-9)
        assert row.cost == agents * scored
        assert row.agents == agents
        assert row.cost_per_oracle == pytest.approx(agents * scored / cheapest)
        assert row.actions_per_day == row.started_per_day == 0


def test_a_smaller_fleet_is_later(done):
    rows = done.cells[done.cells["policy"] == "static"].sort_values("value")
    assert rows["violation"].is_monotonic_decreasing
    assert rows["violation"].iloc[0] > 0.1
    assert rows["violation"].iloc[-1] < 0.01
    assert (rows["response_p99_s"] >= rows["response_mean_s"]).all()
    assert rows["utilization"].is_monotonic_decreasing


def test_every_column_is_defined(done):
    assert list(done.cells.columns) == [
        *("trace", "policy", "knob", "value", "default", "part"), *FULL_DEFINITIONS
    ]  # fmt: skip
    assert not done.cells[list(FULL_DEFINITIONS)].isna().any().any()


def test_the_window_begins_where_the_rest_is_scored_and_sees_only_what_was_before():
    window = cut(wave(), FULL)
    longer = wave()
    future = longer.demand.copy()
    future[72 + 24 :] = future[72 + 24 :][::-1]  # what comes after the window, in another order
    other = cut(replace(longer, demand=future), FULL)
    assert np.array_equal(window.demand, other.demand)
    assert window.peak == other.peak
    assert len(window.history) == 72
    model = window_model(window, FULL, KubernetesHpa())
    assert len(model.scaler.outlook.later.recent) == 5
    assert model.scaler.outlook.later.recent[-1] == pytest.approx(window.history[-1])
    assert model.scaler.outlook.skill.scored == 0
    assert model.config.seconds == 24 * 60


def test_expected_demand_is_what_arrives(tmp_path):
    """Tasks of the whole window within 4 standard errors of a Poisson count."""
    prepare_window(wave(), FULL, tmp_path / "w.npz")
    window = opened_window(tmp_path / "w.npz")
    assert window.per_work > 1.0  # coordination takes time
    model = window_model(window, FULL, Static(agents=60)).run()
    expected = window.demand.sum() * 10.0 / (window.per_work * FULL.work_s)
    arrived = model.records.column("arrived").sum()
    assert abs(arrived - expected) < 4 * math.sqrt(expected)


def test_costs_at_equal_shares_are_compared_with_the_cheapest():
    cells = pd.DataFrame(
        [("a", "x", 0.001, 1.4), ("a", "x", 0.1, 1.2), ("a", "y", 0.001, 1.0), ("a", "z", 0.2, 1.0)],
        columns=["trace", "policy", "violation", "cost_per_oracle"],
    )
    table = equal_costs(cells, (0.01,)).set_index("policy")
    assert table["cost"].to_dict() == pytest.approx({"x": 1.3, "y": 1.0, "z": math.inf})
    assert table["over_cheapest"].to_dict() == pytest.approx({"x": 1.3, "y": 1.0, "z": math.inf})


def test_tables_files_and_the_page_tell_it(done, tmp_path):
    assert {p.name for p in done.write(tmp_path)} == {
        f"full_{name}.{kind}"
        for name in ("frontier", "equal", "defaults", "savings")
        for kind in ("csv", "parquet")
    }
    page = race_html(done)
    for sheet in full_sheets(done):
        assert sheet.title in page
        assert all(len(row) == len(sheet.head) for row in sheet.rows)
    assert {row[0] for row in full_sheets(done)[0].rows} == set(RACED)
    assert "tasks late or dropped (share of those due)" in page


def test_the_command_races_in_the_full_fidelity(tmp_path, capsys):
    rows = [f"{60 * i},{v:.4f}" for i, v in enumerate(wave().demand)]
    path = tmp_path / "mine.csv"
    path.write_text("t_s,demand\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ask = ["race", str(path), "--fidelity", "full", "--hours", "0.3", "--mean-agents", "20", "--json"]
    assert main([*ask, "--policies", "static", "--processes", "1", "--out", str(tmp_path / "o")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["policy"] for row in said["defaults"]} == {"static"}
    assert len(said["equal"]) == 3
    assert (tmp_path / "o" / "full_race.html").exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hours": 0.01}, "hours"),
        ({"warm_up_s": -1.0}, "warm_up_s"),
        ({"work_s": 0.0}, "work_s"),
        ({"rules": Rules(fleet=FluidFleet(dt_s=2.5))}, "dt_s"),
    ],
)
def test_rules_that_cannot_be_are_refused(change, named):
    with pytest.raises(ConfigError, match=named):
        FullRules(**change)


def test_a_trace_too_short_for_a_window_is_refused():
    short = replace(wave(), demand=np.ones(3))
    with pytest.raises(ConfigError, match="trace wave"):
        cut(short, FULL)
