"""The Intelligence page end to end, in a real Chromium: a fleet that is probed every ten seconds."""

import re

import pytest

from swarmscale.agents.cognition import FEEDS, FUNCTIONS
from swarmscale.agents.traits import TRAITS
from swarmscale.model.config import Config

from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab
from .test_app_browser import TICK, go, part, ready, until, value

pytest.importorskip("solara")
pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.xdist_group("browser"),
]

SETTINGS = {"intelligence.period_s": 10.0, "learning.on": True, "collective_memory.on": True}


def drawn(key):
    return f"Number(document.querySelector('.ss-card[data-key={key}]').dataset.drawn || 0)"


def figure(one, key, script):
    """What a script says of the Plotly figure ``it`` of a card."""
    one.page.locator(f".ss-card[data-key={key}]").scroll_into_view_if_needed()
    until(one, f"{drawn(key)} > 0")
    place = f"document.querySelector('.ss-card[data-key={key}] .ss-plot')"
    return one.page.evaluate(f"(() => {{ const it = {place}; return {script}; }})()")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A tab that has played tiny for over 20 s of its time, and stands still on the page."""
    preset = tmp_path_factory.mktemp("preset") / "tiny.toml"
    preset.write_text(Config.load("tiny").changed(SETTINGS).toml(), encoding="utf-8")
    with chromium() as browser, served(preset=preset) as server, tab(browser, server.url, height=2600) as one:
        ready(one)
        go(one, "intelligence")
        assert one.page.evaluate(value("iq")) == "–"
        one.page.click(".ss-play")
        until(one, f"{TICK} >= 22", timeout=180_000)
        one.page.click(".ss-play")
        one.page.get_by_role("button", name="Let the model run").wait_for()
        yield one
        one.clean()


def test_before_the_first_probe_and_after_the_tile_says_what_is_known(opened):
    until(opened, f"{value('iq')} !== '–'")
    text = opened.page.evaluate(value("iq"))
    found = re.fullmatch(r"(\d+\.\d) \((\d+\.\d) to (\d+\.\d)\)", text)
    assert found, text
    iq, low, high = map(float, found.groups())
    assert low < iq < high
    assert re.fullmatch(r"\d+ ± \d+ %", opened.page.evaluate(value("accuracy")))
    cut = (
        "[...document.querySelectorAll('.ss-tile .value')].filter(v => v.scrollWidth > v.clientWidth).length"
    )
    assert opened.page.evaluate(cut) == 0
    assert opened.page.evaluate(value("latency")).endswith(" ms")
    assert opened.page.evaluate(value("percentile")).endswith(" %")
    assert re.fullmatch(r"\d+\.\d", opened.page.evaluate(value("absolute")))


def test_twelve_functions_are_drawn_beside_their_bounds(opened):
    names = figure(opened, "scores", "it.data.map(one => [one.name, one.y])")
    assert names == [["bound", list(FUNCTIONS)], ["score", list(FUNCTIONS)]]
    bars = "it.querySelectorAll('.bars .point path').length"
    until(opened, f"(it => {bars})(document.querySelector('.ss-card[data-key=scores] .ss-plot')) === 24")


def test_the_cognitive_graph_has_colored_vertices_and_ties_of_several_looks(opened):
    script = "[...it.querySelectorAll('.scatter.trace')].at(-1).querySelectorAll('.points path')"
    fills = figure(opened, "ties", f"[...{script}].map(p => getComputedStyle(p).fill)")
    assert len(fills) == 12
    assert len(set(fills)) > 1
    ties = figure(opened, "ties", "it.data.filter(one => one.mode === 'lines').map(one => one.line.color)")
    assert len(ties) == len(FEEDS)
    assert len(set(ties)) == 3


def test_loadings_consensus_knowledge_memory_and_learning_are_drawn(opened):
    assert figure(opened, "loadings", "it.data.map(one => one.y.length)") == [12, 12]
    names = figure(opened, "decisions", "it.data.map(one => one.name)")
    assert {"decisions right", "single agents right", "confidence", "agreement"} <= set(names)
    assert figure(opened, "knowledge", "it.calcdata.at(-1).length") == 9
    assert "stale reads" in figure(opened, "memory", "it.data.map(one => one.name)")
    assert "gain of skill" in figure(opened, "learning", "it.data.map(one => one.name)")
    assert opened.page.locator(".ss-board .failed").count() == 0


def test_an_agents_traits_open_from_its_cell(opened):
    canvas = opened.page.locator(".ss-card[data-key=agents] canvas")
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 20, "y": 5})
    opened.page.wait_for_selector(".ss-traits", timeout=60_000)
    assert opened.page.locator(".ss-traits rect").count() == len(TRAITS)
    text = opened.page.locator(".ss-drill").inner_text()
    for word in ("function", "communication", "contagion", "strongest traits"):
        assert word in text
    assert any(name in text for name in FUNCTIONS)
    names = "[...document.querySelectorAll('.ss-facts abbr')].map(a => a.getClientRects().length)"
    assert set(opened.page.evaluate(names)) == {1}  # no name is broken into lines


def test_probe_now_adds_a_point_and_the_page_goes_on(opened):
    points = "it.calcdata[it.data.findIndex(one => one.name === 'collective IQ')].length"
    before = figure(opened, "iq-course", points)
    assert before >= 2
    part(opened, "Switches and faults")
    opened.page.click(".ss-act-probe")
    place = "document.querySelector('.ss-card[data-key=iq-course] .ss-plot')"
    until(opened, "document.querySelector('.ss-log').textContent.includes('the fleet is probed')")
    opened.page.locator(".ss-card[data-key=iq-course]").scroll_into_view_if_needed()
    until(opened, f"(it => {points})({place}) === {before + 1}")
    tick = opened.page.evaluate(TICK)
    opened.page.click(".ss-step")
    until(opened, f"{TICK} === {tick + 1}")
    assert max(opened.received) <= 110_000
