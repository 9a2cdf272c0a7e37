"""The Emergence page end to end, in a real Chromium: a small fleet with windows of a minute, and the run beside it."""

import os

import numpy as np
import pytest

from swarmscale.model.config import Config
from swarmscale.model.emergence_metrics import WATCHED
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz.emergence import emergence_of
from swarmscale.viz.emergence_tables import abstentions, last_rows

from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab
from .test_app_browser import TICK, go, ready, ticks_a_frame, until, value

pytest.importorskip("solara")
pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.xdist_group("browser"),
]

SETTINGS = {
    "emergence.window_s": 60.0,
    "intelligence.period_s": 60.0,
    "optimization.on": True,
    "optimization.period_s": 4.0,
    "optimization.window_s": 30.0,
    "optimization.settle_s": 4.0,
    "optimization.cooldown_s": 4.0,
}
SEED, WINDOWS = 7, 2
"""The page's seed, and the windows that are played."""


@pytest.fixture(scope="module")
def model():
    """What the page's model must come to: the same settings and seed, here."""
    return SwarmModel("tiny", rng=SEED, **SETTINGS).run(60 * WINDOWS)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A tab that has gone on until two windows were full, a window a step, and stands still on the page."""
    preset = tmp_path_factory.mktemp("preset") / "tiny.toml"
    preset.write_text(Config.load("tiny").changed(SETTINGS).toml(), encoding="utf-8")
    with chromium() as browser, served(preset=preset) as server, tab(browser, server.url, height=2600) as one:
        ready(one)
        go(one, "emergence")
        assert [one.page.evaluate(value(key)) for key in ("findings", "windows", "gate", *WATCHED)] == [
            "–"
        ] * 7
        empty = one.page.locator(".ss-card[data-key=verdicts] .empty")
        assert "no window was full yet: press Play until emergence.window_s" in empty.inner_text()
        ticks_a_frame(one, 60)
        for window in range(WINDOWS):
            one.page.click(".ss-step")
            until(one, f"{TICK} === {60 * (window + 1)}", timeout=180_000)
        ticks_a_frame(one, 1)
        yield one
        one.clean()


def drawn(one, key):
    """Bring a card into sight and wait until it shows something."""
    one.page.locator(f".ss-card[data-key={key}]").scroll_into_view_if_needed()
    until(one, f"Number(document.querySelector('.ss-card[data-key={key}]').dataset.drawn || 0) > 0")


def figure(one, key, script):
    """What a script says of the Plotly figure ``it`` of a card."""
    drawn(one, key)
    place = f"document.querySelector('.ss-card[data-key={key}] .ss-plot')"
    return one.page.evaluate(f"(() => {{ const it = {place}; return {script}; }})()")


def cells(one, key):
    """The texts of a table, row by row."""
    drawn(one, key)
    rows = f"[...document.querySelectorAll('.ss-card[data-key={key}] tbody tr')]"
    return one.page.evaluate(f"{rows}.map(row => [...row.cells].map(cell => cell.textContent))")


def test_tiles_say_what_the_detectors_said_and_none_is_cut(opened, model):
    until(opened, f"{value('windows')} === '{WINDOWS}'")
    assert opened.page.evaluate(value("findings")) == str(len(emergence_of(model).holding()))
    assert opened.page.evaluate(value("gate")) == "100 %"
    last = model.emergence.last()
    for name in WATCHED:
        said = opened.page.evaluate(value(name))
        assert (said == "found") == last[name].found
        assert said.startswith("(") == bool(last[name].abstained)
    assert opened.page.evaluate(value("innovation")) == "(no trials)"
    cut = (
        "[...document.querySelectorAll('.ss-tile .value')].filter(v => v.scrollWidth > v.clientWidth).length"
    )
    for width in (1280, 1600, 390):
        opened.page.set_viewport_size({"width": width, "height": 2600})
        opened.page.wait_for_timeout(200)
        assert opened.page.evaluate(cut) == 0, width
    opened.page.set_viewport_size({"width": 1280, "height": 2600})


def test_every_statistic_stands_in_its_band_with_the_monitors_own_numbers(opened, model):
    frame = model.emergence.frame()
    for name in WATCHED:
        mine = frame[frame["detector"] == name]
        script = (
            "it._fullData.filter(one => one.name === 'observed')"
            ".map(one => [Array.from(one.y), [].concat(one.marker.symbol)])"
        )
        points = figure(opened, f"{name}-course", script)
        assert len(points) == mine["statistic"].nunique()
        for statistic, (y, symbols) in zip(mine["statistic"].unique(), points, strict=True):
            rows = mine[mine["statistic"] == statistic]
            np.testing.assert_allclose(np.array(y, float), rows["observed"], rtol=1e-6)
            assert symbols == ["circle" if no else "circle-open" for no in rows["rejected"]]
    known = frame[(frame["detector"] == "coordination") & (frame["statistic"] == "synchrony")]
    bars = "it._fullData.find(one => one.name === 'null, 95 %')"
    base = figure(opened, "coordination-course", f"Array.from({bars}.base)")
    np.testing.assert_allclose(base, known["null_low"], rtol=1e-6)
    height = figure(opened, "coordination-course", f"Array.from({bars}.y)")
    np.testing.assert_allclose(np.add(base, height), known["null_high"], rtol=1e-6)
    painted = "it.querySelectorAll('.bars .point path').length"
    assert figure(opened, "coordination-course", painted) == 2 * WINDOWS


def test_the_strip_has_a_mark_for_the_gate_and_each_detector_in_each_window(opened):
    names = figure(opened, "verdicts", "it._fullData.map(one => [one.name, one.y.length])")
    marks = {name: count for name, count in names if name != "finding holds"}
    assert sum(marks.values()) == WINDOWS * (1 + len(WATCHED))
    assert marks["passed"] == WINDOWS
    assert marks["abstained"] >= WINDOWS
    assert figure(opened, "verdicts", "it.querySelectorAll('.points path').length") == WINDOWS * 5
    rows = figure(opened, "verdicts", "it.layout.yaxis.categoryarray")
    assert rows == ["gate", *WATCHED][::-1]


def test_tables_hold_every_statistic_and_every_reason(opened, model):
    seen = emergence_of(model)
    assert cells(opened, "last-table") == [list(row) for row in last_rows(seen)]
    assert cells(opened, "abstained-table") == [list(row) for row in abstentions(seen)]
    text = opened.page.locator(".ss-board").inner_text()
    assert "NaN" not in text
    assert "nan" not in text.split()
    assert "abstained: nothing that is tried was recorded" in text


def test_evidence_is_drawn_or_the_reason_stands_in_its_place(opened, model):
    last = model.emergence.last()
    mean = figure(
        opened, "coordination-evidence", "Array.from(it._fullData.find(one => one.name === 'mean').y)"
    )
    np.testing.assert_allclose(mean, last["coordination"].evidence["mean"], rtol=1e-4, atol=1e-6)
    right = figure(opened, "collective-intelligence-evidence", "Array.from(it._fullData[0].x)")
    np.testing.assert_allclose(right, last["collective-intelligence"].evidence["accuracy"], rtol=1e-5)
    said = figure(opened, "innovation-evidence", "it.querySelector('.textpoint').textContent")
    assert said.replace("\xa0", " ") in last["innovation"].abstained + " "
    note = opened.page.locator(".ss-card[data-key=coordination-evidence] .note").inner_text()
    assert last["coordination"].sentence in note
    assert opened.page.locator(".ss-board .failed").count() == 0


def test_between_windows_no_figure_is_drawn_again_and_frames_stay_small(opened):
    count = "[...document.querySelectorAll('.ss-card')].map(card => Number(card.dataset.drawn || 0))"
    opened.page.set_viewport_size({"width": 1280, "height": 6000})
    opened.page.wait_for_timeout(1500)
    before, tick = opened.page.evaluate(count), opened.page.evaluate(TICK)
    for _ in range(3):
        opened.page.click(".ss-step")
        tick += 1
        until(opened, f"{TICK} === {tick}")
    assert opened.page.evaluate(count) == before
    assert max(opened.received) <= 110_000


def test_what_the_engine_saw_and_tried_stands_on_its_pages(opened):
    """Tiles, trials, effects and thresholds are those of the same run beside the page, and links those of its mesh."""
    model = SwarmModel("tiny", rng=SEED, **SETTINGS).run(opened.page.evaluate(TICK))
    engine = model.optimizer
    done = [sum(one.state == state for one in engine.trials) for state in ("kept", "rolled back")]
    assert sum(done)
    go(opened, "overview")
    until(opened, f"{value('bottleneck-kind')} === '{engine.found.kind}'")
    assert opened.page.evaluate(value("trials-kept")).startswith(f"{done[0]} / {done[1]}")
    go(opened, "performance")
    rows = cells(opened, "trials")
    assert [(row[2], row[6]) for row in rows] == [
        (one.strategy, one.state) for one in reversed(engine.trials)
    ]
    assert [row[3] for row in cells(opened, "thresholds")] == [
        one.state for one in engine.thresholds.series[-1]
    ]
    marks = figure(opened, "effects", "it._fullData.map(one => [one.name, one.x.length])")
    assert dict(marks).get("rolled back", 0) == done[1]
    squares = "it._fullData.filter(one => one.name.startsWith('limited by')).reduce((n, one) => n + one.x.length, 0)"
    assert figure(opened, "bottleneck", squares) == len(engine.looks)
    measured = "it.calcdata[it.data.findIndex(one => one.name === 'measured')].length"
    for key in ("latency-ms", "throughput-per-s", "utilization", "error-rate"):
        assert figure(opened, f"threshold-{key}", measured) == len(engine.looks)
    assert opened.page.locator(".ss-board .failed").count() == 0
    if path := os.environ.get("SHOT"):
        opened.page.screenshot(path=path, full_page=True)
    go(opened, "topology")
    added = figure(
        opened, "mesh", "it._fullData.map(one => one.name).filter(name => name.startsWith('added'))"
    )
    laid = {(min(a, b), max(a, b)) for a, b in model.mesh.edges} - set(engine.links)
    assert added == ([f"added: {len(laid)}"] if laid else [])
