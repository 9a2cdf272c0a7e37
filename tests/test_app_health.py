"""The Health page end to end, in a real Chromium: things are broken by buttons, found, made good, and told of."""

import pytest

from swarmscale.model.config import Config

from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab
from .test_app_browser import TICK, go, part, ready, until, value
from .test_app_emergence import cells, figure

pytest.importorskip("solara")
pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.xdist_group("browser"),
]

NBSP = "\N{NO-BREAK SPACE}"
PLOTS = ("timelines", "budget", "layers", "durations", "integration")
WATCHED = ("open", "silent", "suspected", "mttd", "mttr", "recovery")


SETTINGS = {
    "resilience.recovery.restart_s": 6.0,
    "resilience.recovery.restart_cv": 0.1,
    "resilience.health.period_s": 5.0,
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A tab that stands on the page, with the buttons in sight."""
    preset = tmp_path_factory.mktemp("preset") / "tiny.toml"
    preset.write_text(Config.load("tiny").changed(SETTINGS).toml(), encoding="utf-8")
    with chromium() as browser, served(preset=preset) as server, tab(browser, server.url, height=5000) as one:
        ready(one)
        go(one, "health")
        part(one, "Switches and faults")
        yield one
        one.clean()


def play(one, ticks):
    """Let it play for so many ticks or a few more, and stand still; the tick at which it does."""
    until_tick = one.page.evaluate(TICK) + ticks
    one.page.click(".ss-play")
    until(one, f"{TICK} >= {until_tick}", timeout=180_000)
    one.page.click(".ss-play")
    one.page.get_by_role("button", name="Let the model run").wait_for()
    one.page.wait_for_timeout(400)
    return one.page.evaluate(TICK)


def step(one):
    """One tick more."""
    tick = one.page.evaluate(TICK) + 1
    one.page.click(".ss-step")
    until(one, f"{TICK} === {tick}")


def shows(one, key, text):
    until(one, f"{value(key)} === '{text}'")


def tiles(one, keys=WATCHED):
    return {key: one.page.evaluate(value(key)) for key in keys}


def test_before_anything_broke_tiles_say_so_and_figures_say_what_to_do(opened):
    assert tiles(opened) == {
        "open": "0",
        "silent": "–",
        "suspected": "0",
        "mttd": "–",
        "mttr": "–",
        "recovery": "–",
    }
    for key in ("incidents", "timelines"):
        text = opened.page.locator(f".ss-card[data-key={key}] .empty").inner_text()
        assert "break something under Switches and faults to see it here" in text


def test_agents_crash_silently_are_found_and_recover_and_the_page_tells_of_each_step(opened):
    at = play(opened, 8)
    field = opened.page.get_by_label("agents", exact=True).first
    field.fill("30")
    field.press("Tab")
    opened.page.click(".ss-act-crash")
    shows(opened, "open", 1)
    until(opened, "document.querySelector('.ss-log').textContent.includes('30 agents crash')")
    step(opened)
    shows(opened, "silent", "30.0")
    shows(opened, "suspected", 0)
    step(opened)
    step(opened)
    shows(opened, "silent", "0")
    shows(opened, "suspected", 30)
    (row,) = cells(opened, "incidents")
    assert row[:3] == [f"{at}{NBSP}s", "component", "agent-crash: 30 agents"]
    assert row[4] == "–"
    assert row[7].startswith("suspected")
    assert float(row[3].removesuffix(f"{NBSP}s")) < 3
    for key in ("open", "suspected"):
        assert opened.page.evaluate(value(key)) != "0"
    play(opened, 20)
    shows(opened, "open", 0)
    shows(opened, "suspected", 0)
    shows(opened, "recovery", "100 %")
    (row,) = cells(opened, "incidents")
    assert row[6:] == ["0", "made good"]
    assert int(row[5]) > 0  # the tasks in their hands
    assert opened.page.evaluate(value("displaced")) == row[5]
    assert opened.page.evaluate(value("mttr")) == row[4].replace(NBSP, " ")
    names = figure(opened, "timelines", "it._fullData.map(one => one.name)")
    assert {"suspected", "component", "made good"} <= set(names)
    ends = "it._fullData.find(one => one.name === 'made good').x.length"
    assert figure(opened, "timelines", ends) == 1
    assert figure(opened, "timelines", "it.layout.yaxis.ticktext") == ["30 agents"]


def test_a_killed_node_raises_an_alert_that_is_acknowledged_and_over_when_it_is_back(opened):
    opened.page.click(".ss-act-kill-node")
    shows(opened, "dead", 1)
    step(opened)
    assert figure(opened, "levels", "it.layout.yaxis.ticktext") == ["node 0"]
    play(opened, 12)
    assert any("nodes out" in row[1] and row[6] == "firing" for row in cells(opened, "alerts-table"))
    before = int(opened.page.evaluate(value("alerts")))
    assert before >= 1
    opened.page.get_by_label("alert that fires").first.click(force=True)
    opened.page.get_by_role("option", name="nodes out", exact=True).click()
    opened.page.click(".ss-act-acknowledge")
    rows = "[...document.querySelectorAll('.ss-card[data-key=alerts-table] tbody tr')]"
    until(
        opened,
        f"{rows}.some(row => /nodes out/.test(row.textContent) && /acknowledged/.test(row.textContent))",
    )
    opened.page.click(".ss-act-restore-node")
    until(opened, "document.querySelector('.ss-log').textContent.includes('node 0 is restored')")
    play(opened, 12)
    shows(opened, "dead", 0)
    states = {row[1].split(":")[0]: row[6] for row in cells(opened, "alerts-table")}
    assert states["nodes out"] == "resolved"
    assert len(cells(opened, "incidents")) == 2
    assert opened.page.evaluate(value("open")) == "0"


def test_an_edge_between_components_is_disturbed_named_and_repaired(opened):
    opened.page.get_by_role("button", name="Break the machinery").click()
    opened.page.wait_for_selector(".ss-act-disturb")
    opened.page.click(".ss-act-disturb")
    shows(opened, "open", 1)
    play(opened, 25)
    shows(opened, "open", 0)
    fault = cells(opened, "incidents")[0]
    assert (fault[1], fault[7]) == ("integration", "made good")
    assert fault[2].startswith("edge-fault: edge ")
    sender, receiver = fault[2].removeprefix("edge-fault: edge ").split(" -> ")
    texts = figure(opened, "integration", "it._fullData.find(one => one.name === 'events').hovertext")
    (text,) = [text for text in texts if f"<b>{sender} to {receiver}</b>" in text]
    assert "1 resubscriptions" in text


def test_every_figure_is_drawn_and_no_value_is_cut_at_any_width(opened):
    for key in PLOTS:
        assert figure(opened, key, "it.data.length") > 0
    assert opened.page.locator(".ss-board .failed").count() == 0
    cut = (
        "[...document.querySelectorAll('.ss-tile .value')].filter(v => v.scrollWidth > v.clientWidth)"
        ".map(v => v.textContent)"
    )
    wide = (
        "[...document.querySelectorAll('.ss-card, .ss-tile')]"
        ".filter(c => c.getBoundingClientRect().right > innerWidth + 1)"
    )
    for width in (1280, 1700, 390):
        opened.page.set_viewport_size({"width": width, "height": 5000})
        opened.page.wait_for_timeout(300)
        assert opened.page.evaluate(cut) == [], width
        assert opened.page.evaluate(f"{wide}.length") == 0, width
    opened.page.set_viewport_size({"width": 1280, "height": 5000})
    assert "NaN" not in opened.page.locator(".ss-board").inner_text()
