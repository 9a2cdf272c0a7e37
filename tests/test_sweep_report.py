"""The page of a sweep: its facts, whatever was swept, and what a browser makes of it."""

import math
import re
import tomllib
from html.parser import HTMLParser

import numpy as np
import pytest

from swarmscale.batch.analysis import intervals, paired, sobol
from swarmscale.batch.design import settings_of
from swarmscale.batch.plan import Plan
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import sweep
from swarmscale.errors import ConfigError
from swarmscale.viz.page_tables import Cell, interval_cell, sortable
from swarmscale.viz.sweep_plan import commands, plan_toml
from swarmscale.viz.sweep_report import MOST_OUTCOMES, sweep_html, write_sweep_report
from swarmscale.viz.sweep_sheets import gap, verdict
from swarmscale.viz.theme import number

from .browser import CHROMIUM, NO_CHROMIUM, chromium, tab

VILE = "</script><script>alert('x')</script> & \"co\""
FIXED = {"seconds": 10, "intelligence.on": False}
POLICIES = {
    "name": "policies",
    "base": "tiny",
    "replications": 3,
    "outcomes": ["resource_efficiency", "response_mean_s", "utilization"],
    "set": FIXED,
    "design": {"kind": "grid", "over": {"dispatch.rule": ["jsq", "random"], "demand.load": [0.4, 0.6, 0.8]}},
}


class Page(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self._inside = [], [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)

    def figures(self):
        return [a["id"] for tag, a in self.elements if tag == "article"]

    def sections(self):
        return [a["id"] for tag, a in self.elements if tag == "section" and "id" in a]


def stored(folder, plan, value, lost=()):
    """A store whose runs were never made: outcome i of setting s, replication r is ``value(s, r, i)``."""
    store = Store.create(folder, Plan.load(plan))
    rows = []
    for run in store.plan.runs():
        row = {
            "setting": run.setting, "replication": run.replication, "seed": store.plan.seed(run), "status": "done",
            "error": "", "started_at": 1.7e9 + run.setting, "wall_s": 0.5, "cpu_s": 0.4, "host": "here", "worker": "w",
            **{f"set.{key}": v for key, v in store.plan.settings[run.setting].items()},
        }  # fmt: skip
        if run in lost:
            row |= {"status": "failed", "error": f"ValueError: {VILE}\nmore"}
        else:
            row |= {name: value(*run, i) for i, name in enumerate(store.plan.columns)}
        rows.append(store.columns.stored(row))
    for i in range(0, len(rows), 200):
        writer = store.writer(f"w{i}")
        part = rows[i : i + 200]
        writer.rows = part[:-1]
        writer.add(part[-1])
    return store


def wave(setting, replication, i):
    return 10 + i + math.sin(setting + i) + 0.1 * math.sin(7 * replication)


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    return sweep(POLICIES, out=tmp_path_factory.mktemp("policies"), engine="here")


@pytest.fixture(scope="module")
def page(policies):
    return Page(sweep_html(policies))


# -- facts ------------------------------------------------------------------------------------------------


def test_the_page_says_what_was_varied_and_how_the_runs_ended(page):
    assert "18 runs: 6 settings with 3 replications each" in page.text
    assert "18 done" in page.text
    assert "jsq, random" in page.text
    assert "0.4, 0.6, 0.8" in page.text
    assert "7, 8, 9" in page.text


def test_every_part_of_a_grid_has_its_section(page):
    expected = "runs effects interactions differences surface front settings outcomes timing plan"
    assert page.sections() == expected.split()
    for kind in ("effects", "interaction"):
        assert sum(key.startswith(f"figure-{kind}") for key in page.figures()) == 3


def test_the_table_of_settings_holds_the_means_and_students_intervals_of_few_replications(policies, page):
    found = intervals(policies.frame(), "response_mean_s").iloc[4]
    assert interval_cell(found["value"], found["student_low"], found["student_high"], "s").text in page.text


def test_the_differences_are_those_of_pairs(policies, page):
    for row in paired(policies.frame(), ["utilization"], "demand.load").to_dict("records"):
        assert gap(row["difference"], "share") in page.text
        assert f"{gap(row['low'], 'share')} to {gap(row['high'], 'share')}" in page.text


def test_the_plan_on_the_page_makes_the_same_sweep(policies, page):
    text = plan_toml(policies.plan)
    assert Plan.load(tomllib.loads(text)).digest() == policies.plan.digest()
    assert "demand.load" in text
    assert " ".join(text.split()) in page.text
    for line, _ in commands(policies.plan):
        assert line in page.text
    for name, version in policies.store.versions.items():
        assert f"{name} {version}" in page.text


def test_a_plan_made_of_settings_is_written_as_a_list():
    plan = Plan.load(POLICIES).but(design={"kind": "list"}, seeds=(7, 8))
    again = Plan.load(tomllib.loads(plan_toml(plan)))
    assert again.settings == plan.settings
    assert plan_toml(plan.but(seeds=(1, 5))).startswith("# seeds were [1, 5]")


def test_the_command_for_one_run_repeats_that_run(policies, tmp_path):
    import shlex

    from swarmscale.cli import main
    from swarmscale.model.stored import StoredRecords

    line = commands(policies.plan)[1][0]
    base = tmp_path / "base.toml"
    base.write_text(policies.plan.base.toml(), encoding="utf-8")
    words = shlex.split(line.replace("base.toml", str(base)))[1:]
    assert main([*words, "--out", str(tmp_path / "o"), "--no-report", "-q"]) == 0
    answered = StoredRecords.open(tmp_path / "o").column("utilization")
    row = policies.frame().iloc[2]
    assert (row["setting"], row["replication"]) == (0, 2)
    import json

    measured = json.loads((tmp_path / "o" / "summary.json").read_text())["metrics"]
    assert measured["utilization"]["value"] == row["utilization"]
    assert measured["response_mean_s"]["value"] == row["response_mean_s"]
    assert len(answered) == 10


def test_the_same_rows_give_the_same_page(policies):
    assert sweep_html(policies) == sweep_html(policies.store)


def test_the_page_loads_nothing(page):
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")


def test_every_link_of_the_page_goes_to_a_section(page):
    links = [a["href"].removeprefix("#") for tag, a in page.elements if tag == "a"]
    assert links == page.sections()


# -- whatever was swept -----------------------------------------------------------------------------------


def test_failed_runs_are_listed_with_their_errors_as_text(tmp_path):
    store = stored(tmp_path, POLICIES, wave, lost=[(1, 0), (4, 2)])
    text = sweep_html(store)
    found = Page(text)
    assert "16 done, 2 failed" in found.text
    assert f"ValueError: {VILE}" in found.text
    assert "<script>alert" not in text
    assert "dispatch.rule jsq, demand.load 0.6" in found.text


def test_a_sweep_that_is_not_over_has_a_page_and_says_so(tmp_path):
    whole = stored(tmp_path / "whole", POLICIES, wave)
    half = Store.create(tmp_path / "half", whole.plan)
    writer = half.writer("w")
    log = whole.log()
    for i, line in whole.frame()[:7].iterrows():
        writer.add({**log.loc[i].to_dict(), **line.to_dict()})
    assert "11 of them have not ended yet" in Page(sweep_html(half)).text


def test_a_sweep_without_a_row_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run of this sweep has ended yet"):
        sweep_html(Store.create(tmp_path, Plan.load(POLICIES)))


def test_a_sweep_in_which_everything_failed_still_has_a_page(tmp_path):
    plan = Plan.load(POLICIES)
    text = sweep_html(stored(tmp_path, plan, wave, lost=plan.runs()))
    assert "18 failed" in Page(text).text


def test_nothing_but_the_seed_varied(tmp_path):
    plan = POLICIES | {"design": {"kind": "list", "settings": [{}]}, "replications": 9}
    found = Page(sweep_html(stored(tmp_path, plan, wave)))
    assert "Nothing was varied but the seed" in found.text
    assert found.sections() == ["runs", "settings", "outcomes", "timing", "plan"]


def test_an_outcome_that_never_changes_does_not_stop_the_page(tmp_path):
    found = Page(sweep_html(stored(tmp_path, POLICIES, lambda s, r, i: 5.0)))
    assert "It is the same in every setting." in found.text
    assert "effects" in found.sections()


def test_five_hundred_settings_with_all_outcomes_stay_readable(tmp_path):
    over = {
        "demand.load": list(np.linspace(0.3, 0.9, 5)),
        "life.start_s": list(range(10)),
        "fleet.nodes": list(range(1, 11)),
    }
    plan = POLICIES | {"outcomes": [], "replications": 1, "design": {"kind": "grid", "over": over}}
    store = stored(tmp_path, plan, wave)
    text = sweep_html(store)
    found = Page(text)
    assert len(store.plan.columns) > 40
    assert len(text.encode()) < 8_000_000
    assert sum(key.startswith("figure-effects") for key in found.figures()) == MOST_OUTCOMES
    assert len(found.figures()) < 30
    assert (
        f"{len(store.plan.columns) - MOST_OUTCOMES} more outcomes are in the table of outcomes" in found.text
    )
    assert sum(tag == "tr" for tag, _ in found.elements) > 500 + len(store.plan.columns)


def test_a_design_for_sobol_indices_has_their_bars(tmp_path):
    over = {"demand.load": {"low": 0.3, "high": 0.9}, "dispatch.rule": ["jsq", "random"]}
    design = {"kind": "saltelli", "samples": 16, "over": over}
    plan = POLICIES | {"design": design, "replications": 1}
    settings = settings_of(design)
    store = stored(
        tmp_path, plan, lambda s, r, i: settings[s]["demand.load"] + (settings[s]["dispatch.rule"] == "jsq")
    )
    text = sweep_html(store)
    found = Page(text)
    assert "sensitivity" in found.sections()
    assert "interactions" not in found.sections()
    total = float(sobol(store.frame(), "resource_efficiency", design).table["total"].max())
    assert f"{total:.4f}"[:5] in text


def test_a_design_for_morris_effects_has_their_points(tmp_path):
    over = {
        "demand.load": {"low": 0.3, "high": 0.9},
        "life.start_s": {"low": 1.0, "high": 100.0, "log": True},
    }
    plan = POLICIES | {"design": {"kind": "morris", "samples": 4, "over": over}, "replications": 1}
    found = Page(sweep_html(stored(tmp_path, plan, wave)))
    assert "Morris effects: resource efficiency" in found.text


def test_a_sweep_file_may_ask_for_other_outcomes_on_the_page(policies):
    found = Page(sweep_html(policies, outcomes=["utilization"]))
    assert [key for key in found.figures() if key.startswith("figure-effects")] == ["figure-effects-0"]
    assert "Main effects: utilization of the agents" in found.text


def test_a_page_that_cannot_be_written_leaves_nothing(policies, tmp_path):
    target = tmp_path / "sweep.html"
    target.mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_sweep_report(policies, target)
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.html"]


# -- words ------------------------------------------------------------------------------------------------


def test_a_difference_is_better_or_worse_only_with_its_whole_interval():
    from swarmscale.batch.analysis import meaning

    assert verdict(0.1, 0.2, meaning("cost")) == "worse"
    assert verdict(-0.2, -0.1, meaning("cost")) == "better"
    assert verdict(0.1, 0.2, meaning("throughput_per_s")) == "better"
    assert verdict(0.1, 0.2, meaning("utilization")) == "clear"
    assert verdict(-0.1, 0.2, meaning("cost")) == ""
    assert verdict(math.nan, math.nan, meaning("cost")) == ""


def test_a_table_sorts_by_numbers_and_not_by_their_texts():
    text = sortable(("a", "b"), [("x", Cell("1,000 s", 1000.0)), ("<y>", Cell("–", math.nan))], label="t")
    assert 'data-value="1000.0"' in text
    assert 'data-value=""' in text
    assert "&lt;y&gt;" in text
    assert interval_cell(2.0, 1.5, 2.5).text == "2.00 ± 0.500"
    assert interval_cell(2.0, 1.0, 2.5).text == f"2.00 [{number(1.0)}, {number(2.5)}]"


# -- a browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    with chromium() as found:
        yield found


@pytest.mark.parametrize(("look", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
def test_a_browser_draws_every_figure_in_both_looks_and_on_a_narrow_screen(
    browser, policies, page, tmp_path, look, width
):
    path = write_sweep_report(policies, tmp_path / "sweep.html")
    with tab(browser, f"{path.as_uri()}?theme={look}", width=width) as opened:
        opened.page.locator("body[data-drawn]").wait_for(state="attached", timeout=60_000)
        assert opened.page.locator("body").get_attribute("data-drawn") == str(len(page.figures()))
        assert opened.page.locator("html").get_attribute("data-theme") == look
        assert opened.page.locator(".plot .main-svg").count() >= len(page.figures())
        assert opened.page.locator(".failed").count() == 0
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        opened.clean()


def test_a_click_on_a_column_sorts_by_it_and_another_one_turns_it_round(browser, policies, tmp_path):
    path = write_sweep_report(policies, tmp_path / "sweep.html")
    with tab(browser, path.as_uri()) as opened:
        table = opened.page.locator("#settings table")
        button = table.locator("thead button").filter(has_text=re.compile("^resource"))

        def first():
            return [
                float(v)
                for v in table.locator("tbody tr td:nth-child(4)").evaluate_all(
                    "c => c.map(x => x.dataset.value)"
                )
            ]

        button.click()
        rising = first()
        button.click()
        assert rising == sorted(rising)
        assert first() == sorted(rising, reverse=True)
        assert len(set(rising)) > 1
        opened.clean()
