"""The optimization engine as it is seen: figures hold its own numbers, tables its reasons, files its trials."""

from dataclasses import replace
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from swarmscale.model.metrics import METRICS
from swarmscale.model.optimization.base import KINDS
from swarmscale.model.optimization.log import LOOK_COLUMNS, Trial
from swarmscale.model.optimization.thresholds import METRICS as CHARTED
from swarmscale.model.optimization_metrics import OPTIMIZATION_METRICS, gain, kind_shares
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz.figures import optimization
from swarmscale.viz.live.optimizing import CHARTS, TILES, limiting_node, mesh
from swarmscale.viz.live.pages import PAGES
from swarmscale.viz.optimization_tables import METRIC_UNITS, TITLES, signed, threshold_rows, trial_rows
from swarmscale.viz.page_optimization import optimization_section
from swarmscale.viz.run_folder import write_run

SETTINGS = {
    "optimization.on": True,
    "optimization.period_s": 5.0,
    "optimization.window_s": 30.0,
    "optimization.settle_s": 5.0,
    "optimization.cooldown_s": 5.0,
}

KEPT = Trial(
    number=1, time_s=100.0, kind="queues", evidence="full", strategy="latency-optimization", knob="dispatch.rule.d",
    words="the shortest of 4 queues in place of 2", metric="response_s", expected=-0.1, drawn=0.1, rivals=2,
    cost_s=0.0, messages=0, state="kept", ended_s=180.0, before=2.0, after=1.5, change=-0.25, low=-0.3, high=-0.2,
    p=0.001, reason="response_s fell by 25.0 %, p 0.001",
)  # fmt: skip
UNDONE = replace(
    KEPT, number=2, time_s=200.0, state="rolled back", change=0.1, low=0.0, high=0.2, reason="no fall"
)
TRYING = replace(
    KEPT, number=3, time_s=300.0, state="trying", change=float("nan"), low=float("nan"), reason=""
)


@pytest.fixture(scope="module")
def model():
    return SwarmModel("tiny", rng=3, **SETTINGS).run(seconds=200)


def seen(model):
    """What a page looks at."""
    return SimpleNamespace(model=model, records=model.records, notes=())


def trace(figure, name):
    return next(one for one in figure.data if one.name == name)


def test_each_trial_is_a_mark_with_its_measured_effect_and_interval():
    figure = optimization.effects([KEPT, UNDONE, TRYING])
    kept, undone = trace(figure, "kept"), trace(figure, "rolled back")
    assert kept.y[0] == pytest.approx(-0.25)
    assert kept.error_y.array[0] == pytest.approx(0.05)
    assert kept.error_y.arrayminus[0] == pytest.approx(0.05)
    assert undone.y[0] == pytest.approx(0.1)
    assert undone.x[0] == pytest.approx(200 / 60)
    assert len(trace(figure, "trying").x) == 1
    assert optimization.effects([]) is None


def test_rows_of_trials_tell_effect_state_and_reason_newest_first():
    rows = trial_rows([KEPT, UNDONE])
    assert [row[6] for row in rows] == ["rolled back", "kept"]
    assert rows[1][5] == "response_s: -25.0 % (-30.0 % to -20.0 %)"
    assert rows[1][7] == KEPT.reason
    assert trial_rows([TRYING])[0][5] == signed(float("nan"))


def test_mean_gain_is_of_the_kept_alone_with_an_interval_from_two_on():
    one = gain([KEPT, UNDONE, TRYING])
    assert (one.value, one.n) == (0.25, 1)
    assert np.isnan(one.low)
    two = gain([KEPT, replace(KEPT, change=-0.15), UNDONE])
    assert two.value == pytest.approx(0.2)
    assert two.high - two.value == pytest.approx(12.706 * 0.05, rel=1e-3)  # Student, one degree of freedom
    assert np.isnan(gain([UNDONE]).value)


def test_the_bottleneck_is_drawn_with_every_look_and_every_kind_that_was_named(model):
    looks = model.optimizer.looks
    figure = optimization.bottleneck(looks)
    agents = trace(figure, "agents")
    assert agents.y == pytest.approx(
        [row[LOOK_COLUMNS.index("agents_utilization")] for row in looks], nan_ok=True
    )
    named = {one.name: len(one.x) for one in figure.data if one.name.startswith("limited by ")}
    assert named == {
        f"limited by {kind}": round(share * len(looks)) for kind, share in kind_shares(looks).items() if share
    }
    assert sum(named.values()) == len(looks) == 40
    assert optimization.bottleneck([]) is None


@pytest.mark.parametrize("metric", CHARTED)
def test_a_threshold_is_drawn_as_the_engine_has_it(model, metric):
    series = model.optimizer.thresholds.series
    figure = optimization.threshold(series, metric, "t", "y", trials=[KEPT, UNDONE])
    column = {
        name: [getattr(row[CHARTED.index(metric)], name) for row in series]
        for name in ("value", "high", "state")
    }
    assert trace(figure, "measured").y == pytest.approx(np.float32(column["value"]), nan_ok=True)
    assert trace(figure, "limits").y == pytest.approx(np.float32(column["high"]), nan_ok=True)
    out = sum(state in ("high", "low") for state in column["state"])
    assert len(trace(figure, "out of range").x) == out
    assert len(trace(figure, "change, kept").x) == 1
    assert optimization.threshold([], metric, "t", "y") is None
    assert metric in TITLES
    assert metric in METRIC_UNITS


def test_added_and_removed_links_and_the_limiting_node_show_on_the_mesh():
    graph = nx.cycle_graph(4)
    nx.set_node_attributes(graph, {k: {"x": k / 4, "y": 0.5, "up": True} for k in graph})
    nx.set_edge_attributes(graph, {edge: {"latency_s": 0.001, "up": True} for edge in graph.edges})
    figure = optimization.rewired(graph, [(0, 1), (1, 2), (0, 2)], at=2)
    names = {one.name for one in figure.data}
    assert {"added: 2", "removed: 1", "bottleneck"} <= names
    assert trace(figure, "bottleneck").x[0] == 0.5
    same = optimization.rewired(graph, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert not any(one.name and one.name.startswith(("added", "removed")) for one in same.data)


def test_the_scorecard_counts_what_the_engine_did(model):
    summary, trials = model.summary(), model.optimizer.trials
    assert trials
    assert summary["optimization_trials"].value == len(trials)
    ended = summary["optimization_kept"].value + summary["optimization_rolled_back"].value
    assert ended == sum(one.state != "trying" for one in trials)
    assert sum(summary[f"limited_by_{kind}"].value for kind in KINDS) == pytest.approx(1.0)
    off = SwarmModel("tiny", rng=3).run(seconds=5)
    assert {one.key for one in OPTIMIZATION_METRICS} <= {one.key for one in METRICS}
    for one in OPTIMIZATION_METRICS:
        assert np.isnan(off.summary()[one.key].value)


def test_pages_have_tiles_figures_and_tables_of_the_engine(model):
    pages = {page.path: {panel.key: panel for panel in page.panels} for page in PAGES}
    view = seen(model)
    tiles = {tile.key: tile.value(view) for tile in TILES}
    assert set(tiles) <= set(pages[""])
    assert tiles["bottleneck-kind"] == model.optimizer.found.kind
    done = [sum(one.state == state for one in model.optimizer.trials) for state in ("kept", "rolled back")]
    assert tiles["trials-kept"].startswith(f"{done[0]} / {done[1]}")
    performance = pages["performance"]
    for key in ("bottleneck", "effects", *(chart.key for chart in CHARTS)):
        assert performance[key].figure(view) is not None
    assert len(performance["trials"].rows(view)) == len(model.optimizer.trials)
    assert [row[0] for row in performance["thresholds"].rows(view)] == list(TITLES.values())
    off = seen(SwarmModel("tiny", rng=3).run(seconds=5))
    assert {tile.value(off) for tile in TILES} == {"–"}
    assert performance["bottleneck"].figure(off) is None
    assert mesh(off.model) is not None


def test_the_limiting_node_is_that_of_the_named_cluster(model):
    engine, found = model.optimizer, model.optimizer.found
    engine.found = replace(found, kind="imbalance", at=1)
    assert limiting_node(model) == model.hierarchy_arrays.node_of_cluster[1]
    engine.found = replace(found, kind="ingress", at=1)
    assert limiting_node(model) == 1
    engine.found = replace(found, kind="service", at=-1)
    assert limiting_node(model) == -1
    engine.found = found


def test_the_report_has_a_section_and_the_folder_tables_of_it(model, tmp_path):
    (section,) = optimization_section(model)
    for trial in model.optimizer.trials:
        assert trial.strategy in section.html
    assert len(threshold_rows(model.optimizer)) == len(CHARTED)
    assert optimization_section(SwarmModel("tiny", rng=3).run(seconds=5)) == []
    write_run(model, model.summary(), tmp_path, report=False)
    trials = pd.read_parquet(tmp_path / "trials.parquet")
    assert list(trials["reason"]) == [one.reason for one in model.optimizer.trials]
    assert len(pd.read_parquet(tmp_path / "looks.parquet")) == len(model.optimizer.looks)
    assert len(pd.read_parquet(tmp_path / "thresholds.parquet")) == len(model.optimizer.looks) * len(CHARTED)
