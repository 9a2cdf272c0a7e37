"""The report of a run: figures are pure and labelled, the file is whole, escaped, offline, and is drawn."""

import inspect
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest

from swarmscale.errors import ConfigError
from swarmscale.model.columns import BY_NAME
from swarmscale.model.config import Config
from swarmscale.model.summary import combine
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz import theme
from swarmscale.viz.figures.lines import MOST_POINTS, thinned
from swarmscale.viz.page_sections import figures
from swarmscale.viz.report import report_html, write_report
from swarmscale.viz.scorecard import SIGNS, scorecard_rows

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
VILE = "</title><script>alert('x')</script>[[plotly]] & \"co\""
EVERYTHING = {
    "records.trace_tasks": 0.2,
    "cluster.queue": 5,
    "demand.load": 2.0,
    "demand.classes": [{"name": "llm", "law": "tokens", "deadline_s": 3.0}],
    "demand.source": {"name": "requests", "trace": "azure-llm-conv", "step_s": 60.0},
}


@pytest.fixture(scope="module")
def model():
    """A run in which every figure has something to show: tokens, drops, late answers, sampled tasks."""
    return SwarmModel("tiny", rng=7, **EVERYTHING).run()


@pytest.fixture(scope="module")
def page(model):
    return report_html(model, model.summary())


class Page(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._inside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.text.append(data)


# -- figures ----------------------------------------------------------------------------------------------


def test_the_same_records_give_the_same_figures(model):
    before = {name: values.copy() for name, values in model.records.arrays().items()}
    first, second = ({k: f.to_json() for k, f in figures(model).items()} for _ in range(2))
    assert first == second
    for name, values in model.records.arrays().items():
        np.testing.assert_array_equal(values, before[name])


def test_every_figure_of_the_report_is_drawn_when_there_is_something_to_show(model):
    expected = (
        "capacity throughput states efficiency response stages histograms limits misses backlog drops tokens "
        "first-token skill network messages stations nodes heat spread queues mesh hierarchy matrix cognition tasks"
    )
    assert set(figures(model)) == set(expected.split())


def test_every_figure_has_a_title_axes_with_units_and_definitions(model):
    for key, figure in figures(model).items():
        assert figure.layout.title.text, key
        assert figure.layout.meta["definitions"], key
        if key == "hierarchy":  # rings have no axes; the color bar names the unit
            assert "(%)" in figure.layout.coloraxis.colorbar.title.text
            continue
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert re.search(r"\(.+\)|agents", axis.title.text), (key, axis.title.text)


def test_plotly_knows_every_entry_of_every_figure(model):
    """Figures are made without its checks, which take most of the time; here all are made once."""
    for figure in figures(model).values():
        go.Figure(json.loads(figure.to_json()))
    broken = json.loads(figures(model)["capacity"].to_json())
    broken["layout"]["no_such_entry"] = 1
    with pytest.raises(ValueError, match="no_such_entry"):
        go.Figure(broken)


def test_what_can_be_pointed_at_says_what_it_is(model):
    for key, figure in figures(model).items():
        for trace in figure.data:
            assert trace.hovertemplate or trace.hoverinfo == "skip", (key, trace.name)
    said = str(figures(model)["response"].data[1].hovertemplate).replace("<br>", " ")
    assert BY_NAME["response_p95_s"].text in said


def test_no_line_has_more_points_than_a_screen():
    long = SwarmModel("tiny", rng=7, seconds=1600.0, **{"demand.load": 0.3}).run()
    for figure in figures(long).values():
        for trace in figure.data:
            if getattr(trace, "mode", None) == "lines" and trace.x is not None:
                assert len(trace.x) <= 1500
    assert "mean of 4 rows" in figures(long)["response"].layout.title.subtitle.text


def test_a_thinned_series_keeps_its_mean_and_its_ends():
    values = np.random.default_rng(1).random(12 * MOST_POINTS)
    few = thinned(values)
    assert len(few.mean) == MOST_POINTS
    assert few.mean.mean() == pytest.approx(values.mean())
    assert (few.low.min(), few.high.max()) == (values.min(), values.max())


def test_a_thinned_gap_stays_a_gap():
    few = thinned(np.array([1.0, 2.0, np.nan, np.nan]), most=2)
    np.testing.assert_array_equal(few.mean, [1.5, np.nan])


# -- scorecard --------------------------------------------------------------------------------------------


def test_the_scorecard_has_one_row_of_text_a_metric(model):
    summary = model.summary()
    rows = scorecard_rows(summary)
    assert [row[0] for row in rows] == [m.metric.title for m in summary.metrics]
    assert all(isinstance(cell, str) for row in rows for cell in row)
    assert all(row[4] for row in rows)


def test_each_verdict_has_a_sign_of_its_own():
    signs = [sign for sign in SIGNS.values() if sign]
    assert len(set(signs)) == len(signs) == 4


def test_an_interval_stands_beside_its_value():
    runs = [SwarmModel("tiny", rng=seed, seconds=30.0).run().summary() for seed in range(3)]
    row = next(r for r in scorecard_rows(combine(runs)) if r[0] == "throughput")
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\] /s", row[1])


def test_a_share_below_all_is_never_written_as_all():
    assert theme.number(0.99991, "share") == "99.991 %"
    assert theme.number(1.0, "share") == "100 %"
    assert theme.number(math.nan, "ms") == "–"


def test_the_scorecard_loads_no_plotly():
    import swarmscale.viz.scorecard as scorecard

    assert "plotly" not in inspect.getsource(scorecard).replace("no Plotly", "")
    assert "import plotly" not in inspect.getsource(theme)


# -- the file ---------------------------------------------------------------------------------------------


def test_every_metric_is_in_the_report(model, page):
    text = " ".join(Page(page).text)
    for title, value, claim, verdict, definition in scorecard_rows(model.summary()):
        assert all(part in text for part in (title, value, claim, verdict, definition)), title


def test_every_setting_is_in_the_report_with_its_unit(page):
    parsed = Page(page)
    text = " ".join(parsed.text)
    assert "network.latency_ms" in text
    assert "[demand.source]" in text


def test_the_report_loads_nothing(page):
    for tag, attributes in Page(page).elements:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    style = "".join(re.findall(r"<style>(.*?)</style>", page, re.S))
    assert "url(" not in style
    assert "@import" not in style


def test_the_report_is_small_enough_to_send(page):
    assert len(page.encode()) < 8_000_000


def test_what_a_user_wrote_is_text_and_no_markup():
    vile = SwarmModel(Config.load("tiny").changed(name=VILE), rng=1).run(5)
    page = report_html(vile, vile.summary(), charts="none")
    assert "<script>alert" not in page
    assert page.count("[[plotly]]") >= 2
    assert VILE in "".join(Page(page).text)


@pytest.mark.parametrize("ticks", [0, 1])
def test_a_run_too_short_for_figures_still_has_a_report(ticks):
    short = SwarmModel("tiny", rng=1).run(ticks)
    page = report_html(short, short.summary())
    assert "is not over" in page
    assert "coordination efficiency" in page


def test_a_strategy_without_a_name_does_not_stop_the_report(model):
    from swarmscale.model.flow.dispatch import DISPATCH_RULES

    class Own(type(DISPATCH_RULES.make("jsq"))):
        __slots__ = ()

    config = Config.load("tiny")
    own = config.model_copy(update={"dispatch": config.dispatch.model_copy(update={"rule": Own()})})
    run = SwarmModel(own, rng=1).run(2)
    page = report_html(run, run.summary(), charts="none")
    assert "is not a registered dispatch rule" in page


def test_without_charts_the_report_is_tables_alone(model, tmp_path):
    path = write_report(model, model.summary(), tmp_path / "small.html", charts="none")
    text = path.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert "Plotly" not in text


def test_the_same_run_gives_the_same_report(model, page):
    assert report_html(model, model.summary()) == page


def test_a_report_that_cannot_be_written_leaves_nothing(model, tmp_path):
    target = tmp_path / "report.html"
    target.mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(model, model.summary(), target, charts="none")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(ConfigError, match="charts = cdn, but it must be"):
        write_report(model, model.summary(), tmp_path / "other.html", charts="cdn")
    assert not (tmp_path / "other.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_browser_draws_every_figure_without_an_error(model, tmp_path, look):
    path = write_report(model, model.summary(), tmp_path / "report.html")
    quiet = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --enable-logging=stderr --v=0 --window-size=1280,1600 "
        "--virtual-time-budget=20000 --dump-dom"
    )
    done = subprocess.run(
        [
            CHROMIUM,
            *quiet.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"{path.as_uri()}?theme={look}",
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    count = len(figures(model))
    assert f'data-drawn="{count}"' in done.stdout
    assert f'data-theme="{look}"' in done.stdout
    assert done.stdout.count('class="main-svg"') >= count
    assert not re.search(r"CONSOLE.*(error|refused|violat)", done.stderr, re.I), done.stderr[-2000:]


def test_a_run_with_a_policy_has_a_section_on_scaling_with_reasons_and_recommendations(tmp_path):
    keys = {"fleet.agents": 600, "scaling": "quantile", "scaler.bin_s": 10.0, "fleet.max_agents": 700}
    scaled = SwarmModel("tiny", rng=5, **keys)
    scaled.run(600)
    scaled.scale_demand(4.0)
    scaled.run(900)
    text = write_report(scaled, scaled.summary(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'href="#scaling"' in text
    events, given = scaler_rows(scaled)
    assert events[-1].reason.split(";")[0] in text
    assert given[-1].text.split(" (")[0] in text
    assert "Stated 90 % intervals that held: utilization" in text
    plain = SwarmModel("tiny", rng=5).run(60)
    assert 'href="#scaling"' not in write_report(plain, plain.summary(), tmp_path / "p.html").read_text(
        "utf-8"
    )


def scaler_rows(model):
    return model.scaler.events, model.scaler.advisor.given
