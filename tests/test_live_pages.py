"""The live pages: every panel answers at any time, explains itself, is light, and shows what really happened."""

import json
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.colors import sample_colorscale, sequential

from swarmscale.agents.fleet import BUSY, DRAINING, IDLE, STATE_NAMES
from swarmscale.agents.skills import TYPES
from swarmscale.model.flow.ledger import DROPS, Count
from swarmscale.model.forecasting import FORECASTERS
from swarmscale.model.health import moving
from swarmscale.model.records import Records
from swarmscale.model.resilience.incidents import LAYERS, Incident
from swarmscale.model.scaling import scaler as scaler_module
from swarmscale.model.scaling.outlook import LATER_S, MOST_BINS, Outlook
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz import theme
from swarmscale.viz.alerts import KEPT_S, WATCHED, alerts, breaches, watched
from swarmscale.viz.figures import capabilities, clusters, cognition, control, scaling, structure
from swarmscale.viz.live import cells, health_tables, health_values, optimizing, tools
from swarmscale.viz.live.pages import PAGES, overview, topology
from swarmscale.viz.live.pages import scaling as scaling_page
from swarmscale.viz.live.panels import Canvas, Pixels, Plot, Table, Tile
from swarmscale.viz.live.session import Note, Session
from swarmscale.viz.page_sections import node_load

MOST_KB = 90
PANELS = [(page, panel) for page in PAGES for panel in page.panels]
PLOTS = [(page, panel) for page, panel in PANELS if isinstance(panel, Plot)]
POLICY = {"scaling": "quantile", "scaler.bin_s": 10.0, "fleet.max_agents": 700, "fleet.agents": 300}
THINKING = {"intelligence.period_s": 230.0, "learning.on": True, "collective_memory.on": True}


@dataclass
class Looked:
    """What is looked at: a model, or records alone."""

    model: SwarmModel | None
    records: object = None
    notes: list = field(default_factory=list)

    def __post_init__(self):
        if self.records is None:
            self.records = self.model.records


@pytest.fixture(scope="module")
def small():
    """A small run with all that can be shown: decisions, probes, lessons, incidents, a dead node, a cut link, drops."""
    model = SwarmModel("tiny", rng=5, **POLICY, **THINKING, **{"cluster.queue": 5})
    model.run(600)
    model.scale_demand(6.0)
    model.run(60)
    model.kill_node(1)
    a, b = next(link for link in model.mesh.edges if 1 not in link)
    model.cut_link(a, b)
    model.fail_workers(model.fleet.live()[:20])
    strike(model, "agent-crash", number=10)
    model.run(29)
    strike(model, "agent-crash", number=10)  # which nobody knows of at the end
    return model.run(1)


@pytest.fixture(scope="module")
def tuned():
    """A small run with an optimization engine that has tried something."""
    model = SwarmModel("tiny", rng=3, **{"optimization.on": True}).run(300)
    assert model.optimizer.trials
    return model


OF_ENGINE = {"bottleneck", "effects", *(chart.key for chart in optimizing.CHARTS)}


@pytest.fixture(scope="module", params=["static", "quantile"])
def large(request):
    """50,000 agents after 300 ticks, which stay, and the same under a policy that changes their number."""
    more = {"scaling.agents": 50_000} if request.param == "static" else {}
    more |= {
        "scaling": request.param,
        "scaler.bin_s": 10.0,
        "intelligence.period_s": 300.0,
        "optimization.on": True,
    }
    model = SwarmModel("llm-fleet", rng=1, **more)
    model.run(300)
    assert len(model.fleet) == 50_000 or request.param == "quantile"
    model.resilience.log.incidents += broken(2_500, 300.0)
    strike(model, "agent-crash", number=60)
    return model


def strike(model, fault, **how):
    model.resilience.injector.strike(model.resilience.world, fault, **how)


def broken(number, until_s):
    """Incidents of all layers, most of them made good."""
    rng, made = np.random.default_rng(4), []
    for i, at in enumerate(np.sort(rng.uniform(0, until_s, number)).tolist()):
        layer = LAYERS[i % 4]
        one = Incident(
            key=str(i), fault="a-fault", layer=layer, target=f"{i} of many things", size=3, begins_s=at
        )
        one.line = [
            (at, "a-fault: it begins"),
            (at + 1, "suspected"),
            (at + 2, "restarted"),
            (at + 9, "made good"),
        ]
        one.found_s, one.recovered_s = at + 1, at + 9 if i % 50 else np.nan
        made.append(one)
    return made


def answer(panel, view):
    """What a panel says of a view, checked to be of its kind."""
    if isinstance(panel, Tile):
        value = panel.value(view)
        assert isinstance(value, str)
        assert value
        if panel.course is not None:
            assert panel.course(view).dtype == np.float64
        return value
    if isinstance(panel, Plot):
        figure = panel.figure(view)
        assert figure is None or isinstance(figure, go.Figure)
        return figure
    if isinstance(panel, Canvas):
        painted = [panel.paint(view, choice) for choice in panel.choices]
        assert all(p is None or isinstance(p, Pixels) for p in painted)
        return painted[0]
    rows = panel.rows(view)
    assert all(len(row) == len(panel.heads) for row in rows)
    assert all(isinstance(cell, str) for row in rows for cell in row)
    return rows


# -- every panel, at any time --------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "panel"), PANELS, ids=lambda p: p.path if hasattr(p, "path") else p.key)
def test_a_panel_answers_before_the_first_tick_after_some_and_without_a_model(page, panel, small, tuned):
    answer(panel, Looked(SwarmModel("tiny", rng=1)))
    answer(panel, Looked(SwarmModel("tiny", rng=1, **POLICY)))
    answer(panel, Looked(SwarmModel("tiny", rng=1).run(3)))
    assert answer(panel, Looked(tuned if panel.key in OF_ENGINE else small)) is not None
    answer(panel, Looked(None, small.records))
    answer(panel, Looked(None, SwarmModel("tiny", rng=1).records))


NEED_A_MODEL = {
    "": ("price", "fleet", "matrix", *(tile.key for tile in optimizing.TILES)),
    "performance": (
        "bottleneck",
        "effects",
        "trials",
        "thresholds",
        *(chart.key for chart in optimizing.CHARTS),
    ),
    "topology": ("nodes", "links", "zones", "clusters", "mesh", "hierarchy", "places", "cognition"),
    "scaling": tuple(panel.key for page, panel in PANELS if page.path == "scaling"),
    "intelligence": tuple(panel.key for page, panel in PANELS if page.path == "intelligence"),
    "emergence": tuple(panel.key for page, panel in PANELS if page.path == "emergence"),
    "health": (
        "health",
        "weakest",
        "open",
        "suspected",
        "false",
        "mttd",
        "mttr",
        "recovery",
        "displaced",
        "lost",
        "dead",
        "cut",
        "incidents",
        "suspicions",
        "faults",
        "parts",
        "breakers",
        "ways",
        "timelines",
        "layers",
        "durations",
        "levels",
        "breakers-open",
        "ways-ill",
        "integration",
    ),
}


@pytest.mark.parametrize(("page", "panel"), PANELS, ids=lambda p: p.path if hasattr(p, "path") else p.key)
def test_what_needs_a_model_is_empty_without_one_and_the_rest_is_not(page, panel, small):
    said = answer(panel, Looked(None, small.records))
    if panel.key in NEED_A_MODEL[page.path] and panel.key not in ("ties", "loadings"):  # which the norm has
        assert said in (None, "–", "none", (), []), said
    else:
        assert said is not None
        assert said != "–"


@pytest.mark.parametrize(("page", "panel"), PANELS, ids=lambda p: p.path if hasattr(p, "path") else p.key)
def test_a_panel_explains_itself(page, panel):
    assert panel.title
    words = panel.text if isinstance(panel, Tile) else panel.read
    assert len(words) > 20
    if not isinstance(panel, Tile):
        way_out = (
            r"press Play|under Switches and faults|open a checkpoint|set scaler\.pools|set optimization\.on"
        )
        assert re.search(way_out, panel.otherwise), panel.otherwise


def test_the_part_of_the_drawer_that_empty_states_name_is_there():
    assert '"Switches and faults"' in Path(tools.__file__).read_text(encoding="utf-8")


def test_keys_and_paths_are_used_once():
    assert len({page.path for page in PAGES}) == len(PAGES)
    for page in PAGES:
        assert len({panel.key for panel in page.panels}) == len(page.panels)


@pytest.mark.parametrize(("page", "panel"), PLOTS, ids=lambda p: p.path if hasattr(p, "path") else p.key)
def test_a_plot_has_axes_with_units_and_colors_of_the_palette_and_plotly_accepts_it(
    page, panel, small, tuned
):
    figure = panel.figure(Looked(tuned if panel.key in OF_ENGINE else small))
    plain = json.loads(figure.to_json())
    go.Figure(plain)  # raises where an entry does not exist or has no such value
    if plain["data"][0]["type"] != "sunburst":
        for axis in ("xaxis", "yaxis"):
            assert re.search(r"\(.+\)|agents", plain["layout"][axis]["title"]["text"]), axis
    del plain["layout"]["template"]
    known = {c.upper() for c in (*theme.COLORWAY, *sequential.Viridis, "#111111", "#FFFFFF")}
    assert {c.upper() for c in re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(plain))} <= known


@pytest.mark.parametrize(("page", "panel"), PLOTS, ids=lambda p: p.path if hasattr(p, "path") else p.key)
def test_a_plot_is_light_at_50_000_agents(page, panel, large):
    view = Looked(large)
    panel.figure(view)
    began = time.process_time()
    figure = panel.figure(view)
    ms = 1000 * (time.process_time() - began)
    if figure is None:
        assert panel.key in ("drops", "misses", "costs", "stations", "memory", "learning", "effects"), (
            panel.key
        )
        return
    kb = len(figure.to_json()) / 1000
    print(f"{page.path or 'overview'}/{panel.key}: {kb:.1f} kB, {ms:.1f} ms")
    assert kb <= MOST_KB


def test_a_picture_of_50_000_agents_is_a_byte_each(large):
    painted = cells.paint(Looked(large), cells.STATE)
    assert painted.codes.dtype == np.uint8
    if len(large.fleet) <= cells.MOST_CELLS:
        assert painted.codes.nbytes == len(large.fleet)
    assert painted.codes.nbytes <= 1000 * MOST_KB


def long_records(small, *, gap=False):
    """A day of the small run's records again and again, with 500 clusters and 16 nodes in periods of a minute."""
    records, ticks = Records(1.0, 60.0, 60.0), 86_400
    repeats = ticks // small.records.ticks + 1
    records._counts = np.tile(small.records._counts[: small.records.ticks], (repeats, 1))
    records._floats = np.tile(small.records._floats[: small.records.ticks], (repeats, 1))
    records.ticks = ticks
    rows = np.cumsum(np.full((1440, 9, 500), 2**20), axis=0)
    if gap:
        rows[:700, 5, :20] = 0
    records._clusters = list(rows)
    records._nodes = list(np.cumsum(np.full((1440, 2, 16), 2**20), axis=0))
    return records


@pytest.mark.parametrize("gap", [False, True])
def test_a_day_makes_no_plot_heavier(small, gap):
    records = long_records(small, gap=gap)
    for _, panel in PLOTS:
        figure = panel.figure(Looked(None, records))
        assert figure is None or len(figure.to_json()) <= 1000 * MOST_KB, panel.key
    cells_of_heat = clusters.heat(records, light=True).data[0].z
    assert cells_of_heat.dtype == (np.float32 if gap else np.uint8)
    assert np.isnan(cells_of_heat[0, 0]) == gap


def test_a_thousand_decisions_with_long_reasons_stay_light(small):
    long = replace(small.scaler.events[-1], reason="a word " * 60)
    told = [(10.0 * i, 100.0 / 3, 30.0 / 7, 400.0 / 7, 41.0) for i in range(MOST_BINS)]
    p = scaling_page
    sizes = {"points": p.POINTS, "marks": p.MARKS, "reasons": p.REASONS}
    figure = scaling.timeline(small.records, [long] * 1000, told, **sizes)
    assert len(figure.to_json()) <= 1000 * MOST_KB


# -- agents as cells -----------------------------------------------------------------------------------------


def test_cells_are_the_agents_in_order_with_their_state_load_skill_and_cluster(small):
    view, fleet = Looked(small), small.fleet
    painted = {choice: cells.paint(view, choice) for choice in cells.CHOICES}
    at = 0
    for q in range(fleet.clusters):
        ready = sum(int(s) in (IDLE, BUSY) for s in fleet.rows.state[q])
        busy = sum(int(s) in (BUSY, DRAINING) for s in fleet.rows.state[q])
        for s in range(fleet.slots):
            if not fleet.rows.uid[q, s]:
                continue
            assert painted["state"].codes[at] == fleet.rows.state[q, s]
            step = 16 if not ready else min(int(busy / ready * 16), 15)
            assert painted["load"].codes[at] == step
            best = max(int(fleet.rows.skill[q, k, s]) for k in range(6))
            assert painted["skill"].codes[at] == min(int(best / 255 * 16), 15)
            assert painted["cluster"].codes[at] == q % 8
            uid = int(fleet.rows.uid[q, s])
            assert cells.picked(view, at) == f"agent/{uid}"
            name = painted["state"].names(at)
            assert name.startswith(f"agent {uid:,}, cluster {q}, node ")
            assert STATE_NAMES[fleet.rows.state[q, s]] in name
            at += 1
    assert at == len(painted["state"].codes) == len(fleet)
    assert cells.picked(view, at) == ""


def test_of_a_very_large_fleet_every_second_agent_has_a_cell_and_it_is_said(monkeypatch, small):
    monkeypatch.setattr(cells, "MOST_CELLS", len(small.fleet) - 1)
    painted, live = cells.paint(Looked(small), cells.STATE), small.fleet.live()
    np.testing.assert_array_equal(painted.codes, small.fleet.column("state")[live[::2]])
    assert cells.picked(Looked(small), 1) == f"agent/{small.fleet.column('uid')[live[2]]}"
    assert painted.names(1).startswith(f"agent {small.fleet.column('uid')[live[2]]:,},")
    assert painted.labels[-1][1].endswith("; one cell for 2 agents")


def test_each_code_of_a_cell_has_a_color_and_labels_name_codes(small):
    for choice in cells.CHOICES:
        painted = cells.paint(Looked(small), choice)
        assert painted.codes.max() < len(painted.colors)
        assert painted.labels
        assert all(re.fullmatch(r"#[0-9A-F]{6}", color.upper()) for color in painted.colors)


def test_the_failed_are_in_the_legend(small):
    assert {"recovering", "failed"} & {name for _, name in cells.paint(Looked(small), "state").labels}


# -- types of tasks by kinds of agents -----------------------------------------------------------------------


def test_supply_and_demand_by_type_are_what_counting_agents_and_tasks_gives(small):
    fleet, flow = small.fleet, small.flow
    offered, wanted = np.zeros((6, 6)), np.zeros(6)
    for q in range(fleet.clusters):
        for s in range(fleet.slots):
            state = int(fleet.rows.state[q, s])
            if state in (IDLE, BUSY):
                for t in range(6):
                    rate = fleet.rows.skill[q, t, s] / 255 / fleet.rows.slowness[q, s]
                    offered[t, fleet.rows.kind[q, s]] += rate
            if state in (BUSY, DRAINING):
                wanted[flow.demand.marks.class_type[flow.hands.meta[q, s] & 15]] += 1
    waiting = flow.pools[2]
    for i in range(waiting.n):
        wanted[flow.demand.marks.class_type[waiting.tasks.meta[i] & 15]] += 1
    assert waiting.n > 0
    np.testing.assert_allclose(capabilities.supply(fleet), offered, rtol=1e-6)
    np.testing.assert_array_equal(capabilities.demand(flow), wanted)
    figure = overview.matrix(small)
    np.testing.assert_allclose(figure.data[0].z, offered, rtol=1e-6)
    np.testing.assert_allclose(figure.data[1].x, wanted / wanted.sum(), rtol=1e-6)
    np.testing.assert_allclose(figure.data[2].x, offered.diagonal() / offered.diagonal().sum(), rtol=1e-6)
    assert list(figure.data[0].y) == list(TYPES)


# -- adaptive limits and alerts ------------------------------------------------------------------------------


def plain_limits(values):
    """Value by value: the center's weight by trying all, the limits by the smoothed absolute error."""

    def errors(weight):
        center, out = values[0], []
        for value in values:
            out.append((center, value - center))
            center = weight * value + (1 - weight) * center
        return out

    best = min(moving.WEIGHTS, key=lambda weight: sum(e * e for _, e in errors(weight)))
    pairs = errors(best)
    deviation = sum(abs(e) for _, e in pairs[1:21]) / 20
    halves = []
    for i, (_, error) in enumerate(pairs):
        halves.append(float("nan") if i < 20 else 3 * 1.25 * deviation)
        if i >= 20:
            deviation = moving.DEVIATION_WEIGHT * abs(error) + (1 - moving.DEVIATION_WEIGHT) * deviation
    return best, [c for c, _ in pairs], halves


def test_limits_are_those_of_the_recursion_value_by_value():
    rng = np.random.default_rng(3)
    values = np.cumsum(rng.normal(size=300)) + rng.normal(size=300)
    gaps = values.copy()
    gaps[[4, 50, 51]] = np.nan
    for series in (values, gaps):
        chart = moving.limits(series)
        known = series[np.isfinite(series)]
        weight, center, half = plain_limits(known.tolist())
        assert chart.weight == weight
        np.testing.assert_allclose(chart.center, center, rtol=1e-9)
        np.testing.assert_allclose(chart.half, half, rtol=1e-9)
        np.testing.assert_array_equal(series[chart.row], known)


def test_a_jump_leaves_the_limits_and_a_drift_does_not():
    rng = np.random.default_rng(4)
    noise = rng.normal(size=600)
    drift = moving.limits(noise + 0.02 * np.arange(600))
    assert drift.out.mean() < 0.03
    jump = noise.copy()
    jump[500:] += 15.0
    assert moving.limits(jump).out[500]


def test_few_values_have_no_limits_and_none_are_beyond_them():
    chart = moving.limits(np.arange(20.0))
    assert not chart.out.any()
    assert moving.newest_excursion(chart) is None
    assert moving.newest_excursion(moving.limits(np.zeros(100))) is None


def test_the_first_error_after_none_is_beyond_its_limits():
    values = np.zeros(100)
    values[-1] = 0.01
    out = moving.newest_excursion(moving.limits(values))
    assert (out.first, out.last, out.value, out.limit) == (99, 99, 0.01, 0.0)
    assert out.sigmas == float("inf")


def test_a_control_chart_marks_exactly_what_is_beyond_its_band():
    rng = np.random.default_rng(5)
    values = rng.normal(10, 1, 400)
    values[300] = 40.0
    line = control.Line(name="x", values=values, text="what it is", color=theme.BLUE, unit="1/s")
    figure = control.control_chart("X", line, np.arange(1.0, 401.0), "x (1/s)")
    low, high, _, marks = figure.data
    chart = moving.limits(values)
    np.testing.assert_allclose(high.y[20:], (chart.center + chart.half)[20:], rtol=1e-5)
    np.testing.assert_allclose(low.y[20:], np.maximum(chart.center - chart.half, 0)[20:], rtol=1e-5)
    np.testing.assert_allclose(marks.y, values[chart.out], rtol=1e-6)
    assert 40.0 in marks.y


def test_a_chart_of_a_long_run_says_that_it_shows_its_end():
    values = np.random.default_rng(6).normal(10, 1, 2500)
    line = control.Line(name="x", values=values, text="what it is", color=theme.BLUE, unit="1/s")
    figure = control.control_chart("X", line, np.arange(1.0, 2501.0), "x (1/s)")
    assert figure.layout.title.subtitle.text.startswith("the last 2,000 ticks; each point: the mean of 4")
    assert float(figure.data[2].x[-1]) * 60 == pytest.approx(2500.0)


def plain_alerts(records):
    """Each watched figure on its own, tick by tick: ``{key: (since_s, last_s, now)}``."""
    found = {}
    for key, _, _ in WATCHED:
        series = watched(records.raw(), key)
        rows = [i for i, value in enumerate(series) if value == value]
        values = [float(series[i]) for i in rows]
        if len(values) <= 20:
            continue
        _, center, half = plain_limits(values)
        out = [abs(v - c) > h + 1e-9 * abs(c) for v, c, h in zip(values, center, half, strict=True)]
        stretches, first = [], None
        for i, beyond in enumerate([*out, False]):
            if beyond and first is None:
                first = i
            elif not beyond and first is not None:
                stretches.append((first, i - 1))
                first = None
        counted = [(a, b) for a, b in stretches if b > a or b == len(rows) - 1]
        if not counted:
            continue
        first, last = counted[-1]
        last_s = (rows[last] + 1) * records.dt
        if len(records) * records.dt - last_s <= KEPT_S:
            found[key] = ((rows[first] + 1) * records.dt, last_s, last == len(rows) - 1)
    return found


def test_alerts_say_what_is_beyond_its_limits_since_when_and_by_how_much():
    model = SwarmModel("tiny", rng=3, **{"demand.load": 0.5})
    model.run(100)
    model.scale_demand(4.0)
    seen = set()
    for _ in range(8):
        model.run(1.0)
        told = alerts(model.records)
        assert {a.key: (a.since_s, a.last_s, a.now) for a in told} == plain_alerts(model.records)
        seen |= {a.key for a in told if a.now}
        for alert in told:
            assert abs(alert.out.value - alert.out.center) >= abs(alert.out.limit - alert.out.center)
    assert "utilization" in seen


def test_a_single_tick_beyond_its_limits_is_no_alert_once_it_is_over():
    values = np.random.default_rng(7).normal(size=200)
    values[150], values[120:122] = 30.0, 25.0
    chart = moving.limits(values)
    assert chart.out[[120, 121, 150]].all()
    assert moving.newest_excursion(chart).last >= 150
    two = moving.newest_excursion(chart, 2)
    assert two.last - two.first >= 1
    assert not chart.out[two.last + 1]
    lasting = moving.newest_excursion(moving.limits(values[:151]), 2)
    assert (lasting.first, lasting.last) == (150, 150)


def test_warnings_stand_below_the_alerts_the_newest_first():
    notes = [Note(1.0, "warning", "first"), Note(2.0, "action", "no alert"), Note(3.0, "warning", "second")]
    view = Looked(SwarmModel("tiny", rng=1), notes=notes)
    assert [row[2] for row in health_tables.told(view)] == ["second", "first"]


# -- what is broken ------------------------------------------------------------------------------------------


def test_a_killed_node_looks_dead_and_so_do_its_links():
    model = SwarmModel("tiny", rng=1).run(5)
    before = structure.mesh(model.mesh, node_load(model))
    assert "x" not in before.data[-1].marker.symbol
    links = model.mesh.degree(2)
    model.kill_node(2)
    figure = topology.mesh(model)
    nodes, down = figure.data[-1], figure.data[0]
    assert [i for i, symbol in enumerate(nodes.marker.symbol) if symbol == "x"] == [2]
    assert [i for i, color in enumerate(nodes.marker.color) if color == theme.VERMILLION] == [2]
    assert "DEAD" in nodes.hovertext[2]
    assert (down.name, len(down.x)) == ("down", 3 * links)
    assert "1 dead node" in figure.layout.title.subtitle.text
    model.revive_node(2)
    assert topology.mesh(model).data[0].name != "down"


def test_dead_nodes_and_cut_links_are_listed_with_what_hangs_on_them(small):
    rows = health_tables.faults(Looked(small))
    assert rows[0][:2] == ("node 1", "dead")
    h = small.hierarchy_arrays
    held = sum(int(n) for q, n in enumerate(small.fleet.size) if h.node_of_cluster[q] == 1)
    assert rows[0][2].startswith(f"{held:,} agents")
    assert sum(row[1] == "cut" for row in rows) == 1
    assert health_tables.faults(Looked(SwarmModel("tiny", rng=1))) == []


def test_points_of_mesh_and_hierarchy_are_paths(small):
    mesh, rings = topology.mesh(small).data[-1], topology.hierarchy(small).data[0]
    assert list(mesh.customdata) == [f"node/{k}" for k in small.mesh]
    paths = {row[0] for row in rings.customdata}
    h = small.hierarchy_arrays
    assert {f"zone/{z}" for z in range(h.zones) if small.fleet.size[h.zone_of_cluster == z].any()} <= paths
    assert {f"cluster/{q}" for q in np.flatnonzero(small.fleet.size)} <= paths


def test_a_function_stands_behind_all_that_feed_it_and_shows_the_load_of_its_agents(small):
    place = cognition.layers(small.cognition)
    assert all(place[a][0] < place[b][0] for a, b in small.cognition.edges)
    shown = topology.functions(small)
    shares = small.assignment.load(small.fleet)
    assert np.isfinite(shares).all()
    assert list(shown.data[1].marker.color) == [sample_colorscale(theme.SEQUENTIAL, [s])[0] for s in shares]
    assert cognition.NO_LOAD not in shown.layout.title.subtitle.text


def test_a_function_without_a_load_is_gray_and_the_figure_says_so(small):
    load = np.append(np.linspace(0, 1, 11), np.nan)
    gray = cognition.cognition(small.cognition, load)
    assert [color == theme.FAINT for color in gray.data[1].marker.color] == [False] * 11 + [True]
    assert cognition.NO_LOAD in gray.layout.title.subtitle.text
    load = np.linspace(0, 1, 12)
    colored = cognition.cognition(small.cognition, load)
    assert len(set(colored.data[1].marker.color)) == 12
    assert cognition.NO_LOAD not in colored.layout.title.subtitle.text


# -- scaling -------------------------------------------------------------------------------------------------


def test_what_was_foretold_is_kept_with_its_time_and_agrees_with_its_score(small):
    outlook = small.scaler.outlook
    told = np.array(outlook.told)
    np.testing.assert_allclose(told[:, 0], 10.0 * np.arange(1, len(told) + 1))
    assert len(told) == len(outlook.history)
    ahead = round(LATER_S / 10.0)
    errors = [abs(outlook.history[i + ahead] - told[i, 1]) for i in range(len(told) - ahead)]
    assert outlook.skill.scored == len(errors) > 20
    assert outlook.skill.error == pytest.approx(sum(errors))
    held = [outlook.history[i + ahead] <= told[i, 3] for i in range(len(told) - ahead)]
    assert outlook.skill.covered == sum(held)


def test_forecast_and_band_are_drawn_at_the_time_for_which_they_were_made(small):
    figure = scaling_page.timeline(small)
    by_name = {trace.name: trace for trace in figure.data}
    told = np.array(small.scaler.outlook.told)
    unit_s = 60.0
    np.testing.assert_allclose(by_name["forecast"].x, (told[:, 0] + 300.0) / unit_s, rtol=1e-6)
    np.testing.assert_allclose(by_name["forecast"].y, told[:, 1], rtol=1e-6)
    known = np.isfinite(told[:, 2]) & np.isfinite(told[:, 3])
    assert known.sum() > 20
    np.testing.assert_allclose(by_name["lower"].y, told[known, 2], rtol=1e-6)
    np.testing.assert_allclose(by_name["band of the forecast"].y, told[known, 3], rtol=1e-6)
    np.testing.assert_allclose(
        by_name["band of the forecast"].x, (told[known, 0] + 300.0) / unit_s, rtol=1e-6
    )
    bound = by_name["bound within the lead time"]
    np.testing.assert_allclose(bound.x, (told[:, 0] + small.scaler.outlook.lead_s) / unit_s, rtol=1e-6)


def test_a_bound_that_shoots_up_does_not_flatten_the_timeline(small):
    told = [(60.0, 10.0, 9.0, 1e9, 1e9)]
    figure = scaling.timeline(small.records, [], told)
    highest = max(small.records.column(f"agents_{s}").max() for s in ("idle", "busy"))
    assert highest < figure.layout.yaxis.range[1] < 1e5


def test_clusters_are_counted_by_their_size():
    size = np.array([0, 3, 3, 4, 100])
    figure = clusters.sizes(size)
    counted = {float(x): int(n) for x, n in zip(figure.data[0].x, figure.data[0].y, strict=True) if n}
    assert sum(counted.values()) == 4
    assert sum(n for x, n in counted.items() if x < 10) == 3
    alike = clusters.sizes(np.array([7, 7, 7])).data[0]
    assert [(float(x), int(n)) for x, n in zip(alike.x, alike.y, strict=True) if n] == [(7.0, 3)]


def test_loads_are_counted_where_somebody_is_ready():
    bars = clusters.loads(np.array([5, 0, 9]), np.array([10, 10, 0])).data[0]
    assert int(np.sum(bars.y)) == 2
    assert clusters.loads(np.zeros(3, np.int64), np.zeros(3, np.int64)) is None


def test_every_decision_has_a_mark_and_the_newest_tell_their_reasons(small):
    events = small.scaler.events
    figure = scaling.timeline(small.records, events, reasons=2)
    marks = [text for trace in figure.data if trace.mode == "markers" for text in trace.text]
    ups = [e for e in events if e.after > e.before]
    assert len(events) > 3
    assert len(ups) == len(next(trace for trace in figure.data if trace.name == "scale-up").x)
    whole = {text for text in marks if "utilization of the next 300 s" in text}
    assert len(whole) == 2
    assert all(any(f"{e.time_s:,.0f} s" in text for text in whole) for e in events[-2:])


def test_the_history_of_forecasts_is_bounded_and_survives_a_checkpoint(tmp_path, small):
    outlook = Outlook(forecaster=FORECASTERS.make("naive"), bin_s=60.0, lead_s=60.0, level=0.9)
    for i in range(MOST_BINS + 7):
        outlook.add(float(i % 5), 60.0 * i)
    assert len(outlook.told) == MOST_BINS
    assert outlook.told[0][0] == 60.0 * 7
    again = SwarmModel.load(small.save(tmp_path / "run.safetensors"))
    np.testing.assert_array_equal(again.scaler.outlook.told, small.scaler.outlook.told)


def test_costs_are_taken_anew_only_every_ten_simulated_minutes(monkeypatch):
    model = SwarmModel("tiny", rng=5, **POLICY).run(1000)
    calls = []
    real = scaler_module.saving
    monkeypatch.setattr(scaler_module, "saving", lambda *given: calls.append(1) or real(*given))
    first = scaling_page.costs(model)
    assert "until 16.67 min" in first.layout.title.subtitle.text
    for _ in range(5):
        model.run(100)
        assert scaling_page.costs(model).layout.title.subtitle.text == first.layout.title.subtitle.text
    assert len(calls) == 1
    model.run(100)
    later = scaling_page.costs(model)
    assert "until 26.67 min" in later.layout.title.subtitle.text
    saving = model.scaler.saving()
    assert list(later.data[0].y) == [c for c in (saving.cost, saving.hpa, saving.static) if np.isfinite(c)]


def test_a_fleet_of_one_size_says_how_to_get_a_policy():
    view = Looked(SwarmModel("tiny", rng=1).run(5))
    for panel in PAGES[3].panels:
        if isinstance(panel, Plot | Table):
            assert not answer(panel, view)
            assert (
                "this fleet keeps its size: choose a scaling policy under Switches and faults"
                in panel.otherwise
            )


def test_pools_show_units_in_use_free_and_ordered(small):
    figure = scaling_page.pools(small)
    pools = small.scaler.pools.at(small.now_s).pools
    standing = sum(int(s) != STATE_NAMES.index("warm") for s in small.fleet.column("state") if s)
    for i, pool in enumerate(pools):
        used, free, coming, left = (int(trace.x[i]) for trace in figure.data)
        assert used == min(-(-standing // pool.agents_per_unit), pool.units)
        assert used + free == pool.units
        assert (coming, left) == (pool.coming, pool.largest - pool.units - pool.coming)


# -- heat ----------------------------------------------------------------------------------------------------


def test_the_light_heat_map_is_the_clusters_busy_share_in_percent():
    model = SwarmModel("tiny", rng=2, **{"records.cluster_period_s": 5.0}).run(40)
    z = clusters.heat(model.records, light=True).data[0].z
    series = model.records.cluster_series()
    for p in range(8):
        for q in range(len(series["busy_s"][p])):
            assert z[q, p] == round(100 * series["busy_s"][p][q] / series["ready_s"][p][q])


def test_a_lasting_fault_stays_an_alert_although_the_limits_follow_it():
    """A dead node's agents answer nothing: errors above their objective, since when, and gone when it is mended."""
    settings = {"fleet.agents": 400, "fleet.nodes": 4, "demand.load": 0.5, "resilience.on": False}
    model = SwarmModel("tiny", rng=3, **settings)
    model.run(120)
    assert breaches(model.records) == []
    model.kill_node(1)
    model.run(200)
    found = {breach.title: breach for breach in breaches(model.records)}
    errors = found["errors, last minute"]
    raw = model.records.raw()
    lost = sum(raw.count(c) for c in DROPS)
    assert errors.value == pytest.approx(lost[-60:].sum() / raw.count(Count.ARRIVED)[-60:].sum())
    assert errors.value > errors.limit == 0.0015
    assert 120 < errors.since_s < 180
    session = Session(model=model)
    assert int(health_values.alert_count(session)) >= 2
    assert any("above the objective of 0.150 %" in row[3] for row in health_tables.beyond(session))
    model.flow.network.restore_node(1)
    model.run(200)
    assert "errors, last minute" not in {breach.title for breach in breaches(model.records)}
