"""The page Experiments end to end, in a real Chromium: what it draws is what the stores on disk hold."""

import pandas as pd
import pytest

from swarmscale.batch.analysis import intervals
from swarmscale.batch.store import Store
from swarmscale.model.config import Config

from . import experiments_support as support
from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab
from .test_app_browser import go, part, ready, until, value
from .test_app_intelligence import figure

pytest.importorskip("solara")
pytest.importorskip("playwright")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.xdist_group("browser"),
]

STARTS_MS = 120_000
"""Patience with a sweep's process and its worker on a busy machine, ms."""
BROKEN = """
from dataclasses import dataclass

import swarmscale

@swarmscale.register("outcome", "planted")
@dataclass(frozen=True)
class Planted:
    def measure(self, model):
        if model.root_seed == 8:
            raise ArithmeticError("planted in seed 8")
        return 1.0
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with two sweeps that share seeds, one with failures, a race, and folders that are no stores."""
    top = tmp_path_factory.mktemp("out")
    support.made(top / "one")
    support.made(top / "two", set=support.SHORT | {"dispatch.rule": "random"})
    plugin = top / "planted.py"
    plugin.write_text(BROKEN, encoding="utf-8")
    support.made(top / "broken", plugins=[str(plugin)], outcomes=["cost", "planted"])
    support.raced(top / "race")
    support.foreign(top)
    return top


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(root):
    """Its sessions begin with half a minute of ``tiny``."""
    preset = root / "preset.toml"
    preset.write_text(Config.load("tiny").changed(support.SHORT).toml(), encoding="utf-8")
    with served(preset=preset, runs=root) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser, server):
    """A tab on the page, which all tests share."""
    with tab(browser, server.url, height=2600) as one:
        ready(one)
        go(one, "experiments")
        yield one
        one.clean()


def watch(one, name):
    """Watch a store, and wait until it is."""
    one.page.locator(".ss-opens", has_text=name).and_(
        one.page.get_by_role("button", name=name, exact=True)
    ).click()
    until(one, f"document.querySelector('.ss-watched-name')?.textContent.startsWith('{name}:')")
    rows = "[...document.querySelectorAll('.ss-card[data-key=stores] tr')].map(one => one.cells)"
    until(one, f"{rows}.find(([first]) => first.textContent === '{name}')[1].textContent === 'watched'")


def choose(one, label, option):
    """Choose in a list at the side."""
    one.page.locator(".ss-comparing").get_by_label(label, exact=True).first.click(force=True)
    one.page.locator(".menuable__content__active").get_by_text(option, exact=True).first.click()
    one.page.keyboard.press("Escape")


def fill(one, **texts):
    """Type into the fields of the form, each to its end."""
    for name, text in texts.items():
        field = one.page.locator(f".ss-sweep-{name} input").first
        field.fill(text)
        field.press("Tab")
        until(one, f"document.querySelector('.ss-sweep-{name} input').value === {text!r}")


def opened_form(one):
    if not one.page.locator(".ss-start").count():
        part(one, "Start a sweep")
        one.page.wait_for_selector(".ss-start")


def test_the_effect_of_a_finished_sweep_is_that_of_its_store(page, root):
    watch(page, "one")
    until(page, f"{value('done')} === '8 of 8'")
    rows = intervals(Store.open(root / "one").frame(), "cost", "scaling")
    assert figure(page, "effect", "it.data[0].x") == ["hpa", "quantile"]
    assert figure(page, "effect", "it.data[0].y") == pytest.approx(list(rows["value"]))
    above = figure(page, "effect", "it.data[0].error_y.array")
    assert above == pytest.approx(list(rows["student_high"] - rows["value"]))
    assert figure(page, "statuses", "it.data.map(one => [one.name, one.x[0]])")[0] == ["done", 8]


def test_another_outcome_and_factor_are_drawn_when_they_are_chosen(page, root):
    watch(page, "one")
    choose(page, "outcome", "response_p95_s")
    choose(page, "factor", "demand.load")
    rows = intervals(Store.open(root / "one").frame(), "response_p95_s", "demand.load")
    until(page, "document.querySelector('.ss-card[data-key=effect] .ss-plot').data[0].x[0] === '0.5'")
    assert figure(page, "effect", "it.data[0].y") == pytest.approx(list(rows["value"]))
    choose(page, "outcome", "cost")
    choose(page, "factor", "scaling")
    until(page, "document.querySelector('.ss-card[data-key=effect] .ss-plot').data[0].x[0] === 'hpa'")


def test_two_factors_and_paired_differences_are_those_of_the_runs(page, root):
    watch(page, "one")
    frame = Store.open(root / "one").frame()
    means = frame.pivot_table("cost", "set.demand.load", "set.scaling").to_numpy()
    found = figure(page, "heat", "Array.from(it._fullData[0].z, row => Array.from(row))")
    assert [list(row) for row in found] == [pytest.approx(list(row)) for row in means]
    one, other = (frame[frame["set.scaling"] == name]["cost"].to_numpy() for name in ("hpa", "quantile"))
    assert figure(page, "paired", "it.data[0].x") == pytest.approx([(other - one).mean()])
    assert len(figure(page, "front", "it.data.flatMap(one => one.x)")) == 4


def test_a_second_sweep_is_drawn_beside_the_first_and_paired_with_it(page, root):
    watch(page, "one")
    choose(page, "compare with", "two")
    until(page, "document.querySelector('.ss-card[data-key=effect] .ss-plot').data.length === 2")
    assert figure(page, "effect", "it.data.map(one => one.name)") == ["one", "two"]
    a, b = (Store.open(root / name).frame() for name in ("one", "two"))
    means = list(b.groupby("set.scaling")["cost"].mean())
    assert figure(page, "effect", "it.data[1].y") == pytest.approx(means)
    until(page, "document.querySelector('.ss-card[data-key=paired] .ss-plot').data[0].y[0] === 'two'")
    assert figure(page, "paired", "it.data[0].x") == pytest.approx([(b["cost"] - a["cost"]).mean()])
    choose(page, "compare with", "two")
    until(page, "document.querySelector('.ss-card[data-key=effect] .ss-plot').data.length === 1")


def test_a_race_shows_its_frontier_and_its_table(page, root):
    watch(page, "race")
    cells = pd.read_parquet(root / "race" / "frontier.parquet")
    drawn = dict(figure(page, "race", "it._fullData.map(one => [one.name, Array.from(one.y)])"))
    for policy in ("hpa", "static"):
        mine = cells[(cells["policy"] == policy) & (cells["part"] == "score")]
        assert drawn[policy] == pytest.approx(list(mine["cost_per_oracle"]))
    equal = pd.read_parquet(root / "race" / "table_a.parquet")
    first = equal[equal["policy"] == "hpa"].sort_values("violation").iloc[0]
    row = page.page.locator(".ss-card[data-key=table] tbody tr", has_text="hpa")
    assert f"{first['cost']:.3f} at {100 * first['violation']:g} %" in row.inner_text()


def test_a_failed_run_is_shown_with_its_error(page):
    watch(page, "broken")
    until(page, f"{value('bad')} === '4'")
    row = page.page.locator(".ss-card[data-key=failures] tbody tr").first
    assert row.inner_text().split("\t") == ["0", "8", "failed", "ArithmeticError: planted in seed 8"]
    assert figure(page, "statuses", "it.data.map(one => one.x[0])") == [4, 4, 0, 0, 0]
    page.page.get_by_role("button", name="Make 4 failed again").wait_for()


def test_a_folder_that_is_no_store_is_one_line(page):
    row = page.page.locator(".ss-card[data-key=stores] tbody tr", has_text="no-json")
    assert "is no file of a sweep" in row.inner_text()
    watch(page, "no-json")
    until(page, f"{value('state')} === '–'")
    page.page.locator(".ss-card[data-key=effect]").wait_for(state="hidden")


def test_the_keyboard_watches_a_store(page):
    page.page.get_by_role("button", name="two", exact=True).focus()
    page.page.keyboard.press("Enter")
    until(page, "document.querySelector('.ss-watched-name')?.textContent.startsWith('two:')")
    until(page, "document.activeElement.textContent === 'two'")


def test_tables_can_be_taken_away(page, root, tmp_path):
    watch(page, "one")
    frame = Store.open(root / "one").frame()
    for name, read in (("Runs (Parquet)", pd.read_parquet), ("Runs (CSV)", pd.read_csv)):
        with page.page.expect_download(timeout=60_000) as coming:
            page.page.locator(".ss-watched").get_by_role("button", name=name).click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        assert path.name.startswith("one-runs.")
        assert list(read(path)["cost"]) == pytest.approx(list(frame["cost"]))


def test_a_refused_field_says_its_line_and_offers_the_nearest_name(page):
    opened_form(page)
    fill(page, **{"factor-1": "life.strat_s"})
    beside = (
        "document.querySelector('.ss-sweep-factor-1 .error--text .v-messages__message')?.textContent ?? ''"
    )
    until(page, f"({beside}).includes('no setting is called')")
    until(page, "document.querySelector('.ss-start-sweep').disabled")
    page.page.click(".ss-take-near")
    until(page, f"!({beside}).includes('no setting')")
    until(page, "document.querySelector('.ss-sweep-factor-1 input').value === 'life.start_s'")
    fill(page, name="one")
    page.page.click(".ss-start-sweep")
    until(page, "[...document.querySelectorAll('.ss-sweep-name .v-messages__message')].some(line => "
                "line.textContent.includes('one that is not taken'))")  # fmt: skip


def test_a_sweep_is_begun_watched_stopped_and_gone_on_with(page, root):
    """Its figure is not made anew while its runs come in, and what had ended stays as it was."""
    opened_form(page)
    # the answer to the last click may still be on its way, and would put the old texts back
    until(page, "document.querySelector('.ss-start-sweep').textContent.trim() === 'Start'")
    page.page.wait_for_timeout(500)
    fill(page, name="begun", set="seconds = 1000", replications="4")
    fill(page, **{"factor-1": "life.start_s", "values-1": "2, 5"})
    page.page.locator(".ss-runs", has_text="8 runs").wait_for()
    page.page.click(".ss-start-sweep")
    until(page, "document.querySelector('.ss-watched-name')?.textContent.startsWith('begun:')", STARTS_MS)
    until(page, f"/^[1-7] of 8$/.test({value('done')})", STARTS_MS)
    assert page.page.evaluate(value("state")) == "runs"
    page.page.click(".ss-stop-sweep")
    until(page, f"{value('state')} === 'stopped'", STARTS_MS)
    before = Store.open(root / "begun").frame()
    assert 0 < len(before) < 8
    page.page.click(".ss-go-on")
    until(page, f"{value('done')} === '8 of 8' && {value('state')} === 'over'", 2 * STARTS_MS)
    after = Store.open(root / "begun").frame()
    both = after.merge(before, on=["setting", "replication"])
    assert list(both["cost_x"]) == list(both["cost_y"])
    means = list(after.groupby("set.life.start_s")["cost"].mean())
    until(
        page,
        f"Math.abs(document.querySelector('.ss-card[data-key=effect] .ss-plot').data[0].y[1] - {means[1]}) < 1e-6",
    )
    assert figure(page, "effect", "it.data[0].y") == pytest.approx(means)
    for key in ("statuses", "effect"):
        assert (
            page.page.evaluate(f"Number(document.querySelector('.ss-card[data-key={key}]').dataset.restyled)")
            > 0
        )


def test_on_a_phone_and_in_the_dark_nothing_is_cut(browser, server):
    with tab(browser, server.url, 390, 844, color_scheme="dark") as one:
        ready(one)
        before = sum(one.received)
        go(one, "experiments")
        watch(one, "one")
        figure(one, "effect", "it.data.length")
        assert one.page.evaluate("document.documentElement.scrollWidth") <= 390
        color = one.page.evaluate("getComputedStyle(document.querySelector('.ss-card')).backgroundColor")
        assert color == "rgb(23, 29, 37)"
        assert sum(one.received) - before < 500_000
        assert max(one.received) < 110_000
        one.clean()
