"""The Emergence page: its figures hold the monitor's own numbers, saved runs keep them, abstentions are no numbers."""

import json
import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy.stats import binomtest

from swarmscale.errors import ConfigError
from swarmscale.model.emergence import base
from swarmscale.model.emergence.base import Verdict
from swarmscale.model.emergence.persistence import Persistence
from swarmscale.model.emergence_metrics import EMERGENCE_METRICS, WATCHED
from swarmscale.model.intervals import clopper_pearson
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz.emergence import Emergence, emergence_of, read_emergence
from swarmscale.viz.emergence_tables import DASH, abstentions, finding_rows, last_rows
from swarmscale.viz.figures import emergence, emergence_evidence, emergence_strip
from swarmscale.viz.live.pages import PAGES
from swarmscale.viz.live.panels import Plot, Table, Tile
from swarmscale.viz.live.saved import of_checkpoint, of_folder
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.stage import MOST_BYTES, Stage
from swarmscale.viz.report import report_html
from swarmscale.viz.run_folder import write_run
from swarmscale.viz.theme import digits

PAGE = next(page for page in PAGES if page.path == "emergence")
PANEL = {panel.key: panel for panel in PAGE.panels}
SETTINGS = {"emergence.window_s": 60.0, "intelligence.period_s": 60.0}

STATISTICS = {
    "coordination": ("synchrony", "directed", "pooled choice"),
    "innovation": ("novelty", "records"),
    "self-organization": ("modularity", "trend"),
    "collective-intelligence": ("assembly bonus", "gain over the twin", "psi", "macro"),
}
START = "a start that all parts share: their mean moves by +0.61 standard deviations"
MOST_KB = 90


def told(statistic, reason, rng, *, far=False):
    """A test with drawn numbers, or one that abstained."""
    if reason:
        return base.Test(statistic=statistic, abstained=reason)
    mean = rng.uniform(0.02, 0.03)
    return base.Test(
        statistic=statistic,
        observed=mean * (4 if far else 1.1),
        null_low=mean / 2,
        null_mean=mean,
        null_high=2 * mean,
        p=0.001 if far else 0.4,
        effect=4.0 if far else 1.1,
        effect_name="times the null's mean",
        family=2450 if statistic == "directed" else 1,
        rejected=far,
    )


OF_SERIES = {"synchrony", "directed", "modularity", "trend", "psi", "macro"}


def verdict_of(name, w, *, held, shown, rng):
    tests = []
    for statistic in STATISTICS[name]:
        reason = START if w in held and statistic in OF_SERIES else ""
        reason = "nobody chooses here" if statistic == "pooled choice" else reason
        tests.append(told(statistic, reason, rng, far=name == "coordination" and w in shown))
    given = [test for test in tests if not test.abstained]
    silent = not given or (name == "coordination" and w in held)
    return Verdict(
        detector=name,
        start_s=100.0 * w,
        end_s=100.0 * (w + 1),
        tests=tuple(tests),
        p=math.nan if silent else min(test.p for test in given),
        found=any(test.rejected for test in tests),
        label="aggregation gain" if (name, w) == ("collective-intelligence", 6) else "",
        abstained=START if silent else "",
        sentence=f"{name} in window {w}",
        gate=START if w in held else "",
    )


def made(windows=9, *, held=(0, 5), shown=(2, 3, 4)):
    """Windows of which some are held back by the gate and some show coordination."""
    rng = np.random.default_rng(3)
    verdicts, states = [], {name: Persistence() for name in STATISTICS}
    for w in range(windows):
        for name in STATISTICS:
            verdict = verdict_of(name, w, held=held, shown=shown, rng=rng)
            verdicts.append(verdict)
            states[name] = states[name].push(verdict)
    return Emergence(verdicts, [one for state in states.values() for one in state.findings])


@pytest.fixture(scope="module")
def drawn():
    return made()


@pytest.fixture(scope="module")
def model():
    """Three windows of a small fleet that is probed in each."""
    return SwarmModel("tiny", rng=7, **SETTINGS).run(180)


def trace(figure, name, axis="y"):
    return next(one for one in figure.data if one.name == name and (one.yaxis or "y") == axis)


def plain(figure):
    return json.loads(figure.to_json())


# -- what is drawn is what was said --------------------------------------------------------------------------


@pytest.mark.parametrize("detector", STATISTICS)
def test_each_statistic_is_drawn_in_its_null(drawn, detector):
    figure, verdicts = emergence.courses(drawn, detector), drawn.of(detector)
    go.Figure(plain(figure))
    for row, name in enumerate(STATISTICS[detector]):
        axis = "y" if row == 0 else f"y{row + 1}"
        tests = [emergence.test_of(verdict, name) for verdict in verdicts]
        bounded = [t for t in tests if not t.abstained]
        point, band = trace(figure, "observed", axis), trace(figure, "null, 95 %", axis)
        np.testing.assert_allclose(point.y, [t.observed for t in tests], rtol=1e-6)
        assert list(point.marker.symbol) == ["circle" if t.rejected else "circle-open" for t in tests]
        np.testing.assert_allclose(band.base, [t.null_low for t in bounded], rtol=1e-6)
        np.testing.assert_allclose(band.base + band.y, [t.null_high for t in bounded], rtol=1e-6)
        mean = trace(figure, "null, mean", axis).y
        np.testing.assert_allclose(mean[np.isfinite(mean)][::2], [t.null_mean for t in bounded], rtol=1e-6)
        for t, text in zip(tests, point.text, strict=True):
            assert t.abstained or f"p {t.p:.3g}" in text
            assert t.abstained or f"family of {t.family:,}" in text


def test_a_window_without_a_number_is_a_cross_with_the_reason_and_no_point(drawn):
    figure = emergence.courses(drawn, "coordination")
    point = trace(figure, "observed")
    assert np.flatnonzero(np.isnan(point.y)).tolist() == [0, 5]
    crosses = next(one for one in figure.data if one.name == "abstained" and one.yaxis == "y4")
    assert len(crosses.x) == 2
    assert all("a start that all parts share" in text.replace("<br>", " ") for text in crosses.text)
    silent = [one.text for one in figure.layout.annotations if "pooled choice" in one.text]
    assert silent == ["<b>pooled choice</b>  abstained: nobody chooses here"]
    assert "yaxis3" in plain(figure)["layout"]
    assert plain(figure)["layout"]["yaxis3"]["showticklabels"] is False


def test_the_strip_tells_what_the_gate_and_each_detector_said(drawn):
    figure = emergence_strip.strip(drawn)
    go.Figure(plain(figure))
    marks = {
        name: list(trace(figure, name).y) for name in ("passed", "held back", "found", "weaker", "abstained")
    }
    assert marks["passed"] == ["gate"] * 7
    assert marks["held back"] == ["gate"] * 2
    assert marks["found"] == ["coordination"] * 3
    assert marks["weaker"] == ["collective-intelligence"]
    assert sorted(marks["abstained"]) == ["coordination"] * 2 + ["self-organization"] * 2
    assert len(trace(figure, "nothing").y) == 9 * 4 - 3 - 1 - 4
    assert "7 of 9 windows passed the gate" in figure.layout.title.subtitle.text
    reasons = " ".join(trace(figure, "held back").text).replace("<br>", " ")
    assert reasons.count(START) == 2
    bar = trace(figure, "finding holds")
    np.testing.assert_allclose(bar.x[:2], [200 / 60, 700 / 60], rtol=1e-6)
    assert list(bar.y[:2]) == ["coordination", "coordination"]


# -- a fleet's own windows -----------------------------------------------------------------------------------


def test_figures_and_tables_hold_the_numbers_of_the_monitors_frame(model):
    frame, seen = model.emergence.frame(), emergence_of(model)
    assert len(seen.windows()) == 3
    for (detector, statistic), rows in frame.groupby(["detector", "statistic"]):
        figure = emergence.courses(seen, detector)
        names = [one.text for one in figure.layout.annotations]
        row = next(i for i, text in enumerate(names) if text.startswith(f"<b>{statistic}</b>"))
        point = trace(figure, "observed", "y" if row == 0 else f"y{row + 1}")
        np.testing.assert_allclose(point.y, rows["observed"], rtol=1e-6)
        np.testing.assert_allclose(
            60 * point.x if point.x[-1] < 3 else point.x, rows["time_s"] - 30, rtol=1e-5
        )
    told = {(row[0], row[1]): row for row in last_rows(seen)}
    last = frame[frame["time_s"] == 180.0]
    assert len(told) == len(last) == 11
    for row in last.itertuples():
        cells = told[row.detector, row.statistic]
        if row.abstained:
            assert cells[2:] == (*[DASH] * 5, f"abstained: {row.abstained}")
        else:
            assert cells[2] == digits(row.observed)
            assert digits(row.null_low) in cells[3]
            assert cells[6] == f"{row.family:,}"
            assert cells[7] == ("null rejected" if row.rejected else "null holds")


def test_each_detectors_evidence_is_drawn_or_the_reason_why_there_is_none(model):
    seen, last = emergence_of(model), model.emergence.last()
    figures = {name: emergence_evidence.evidence(seen, name) for name in WATCHED}
    for name, figure in figures.items():
        go.Figure(plain(figure))
        assert last[name].sentence in figure.layout.title.subtitle.text
        assert figure.layout.meta["definitions"]
    mean = trace(figures["coordination"], "mean")
    np.testing.assert_allclose(mean.y, last["coordination"].evidence["mean"], rtol=1e-5)
    np.testing.assert_allclose(mean.x, np.arange(121, 181), rtol=1e-6)
    low = trace(figures["coordination"], "lower end").y
    np.testing.assert_allclose(low, last["coordination"].evidence["mean_band"][0], rtol=1e-5)
    bars = trace(figures["collective-intelligence"], "right")
    np.testing.assert_allclose(bars.x, last["collective-intelligence"].evidence["accuracy"], rtol=1e-5)
    assert list(bars.y) == list(emergence_evidence.ANSWERED)
    said = figures["innovation"].data[0].text[0].replace("<br>", " ")
    assert said == last["innovation"].abstained


def test_modules_stand_together_and_influences_within_one_have_its_color():
    found = {
        "parts": np.array([0.0, 1.0, 2.0, 3.0]),
        "module": np.array([1.0, 0.0, 1.0, 0.0]),
        "edges": np.array([[0.0, 2.0, 0.3], [1.0, 3.0, 0.1], [0.0, 1.0, 0.2]]),
        "null": np.array([0.1, 0.2]),
    }
    tests = (base.Test(statistic="modularity", observed=0.5),)
    verdict = Verdict(detector="self-organization", start_s=0.0, end_s=300.0, tests=tests, evidence=found)
    figure = emergence_evidence.evidence(Emergence([verdict]), "self-organization")
    points = trace(figure, "influences")
    assert list(zip(points.x.tolist(), points.y.tolist(), strict=True)) == [(2, 3), (0, 1), (2, 0)]
    colors = list(points.marker.color)
    assert len(set(colors)) == 3
    assert points.marker.size[0] == max(points.marker.size)
    np.testing.assert_allclose(trace(figure, "observed", "y2").x, 0.5)
    np.testing.assert_allclose(trace(figure, "rewired", "y2").x, [0.1, 0.2], rtol=1e-6)


def test_a_users_own_detector_is_drawn_array_by_array():
    verdict = Verdict(
        detector="mine",
        start_s=0.0,
        end_s=60.0,
        tests=(base.Test(statistic="my own", observed=2.0, p=0.3),),
        evidence={"curve": np.arange(5.0), "table": np.ones((5, 2))},
    )
    seen = Emergence([verdict])
    figure = emergence_evidence.evidence(seen, "mine")
    assert [one.name for one in figure.data] == ["curve", "table", "table"]
    assert "(its own unit)" in emergence.courses(seen, "mine").layout.yaxis.title.text
    assert trace(emergence_strip.strip(seen), "nothing").y == ("mine",)


# -- tables and tiles ----------------------------------------------------------------------------------------


def test_findings_stand_in_the_table_with_when_what_and_how_sure(drawn):
    rows = finding_rows(drawn)
    finding = next(one for one in drawn.findings)
    assert rows == [
        ("400\N{NO-BREAK SPACE}s", "700\N{NO-BREAK SPACE}s", "coordination", "coordination in window 4",
         "0.001", "4.00 times the null's mean",
         f"{finding.family:,}")
    ]  # fmt: skip
    assert finding_rows(drawn.until(450.0))[0][:2] == ("400\N{NO-BREAK SPACE}s", "now")
    assert finding_rows(drawn.until(399.0)) == []
    assert PANEL["findings"].value(Looked(drawn)) == "0"
    assert PANEL["findings"].value(Looked(drawn.until(450.0))) == "1"


def test_reasons_to_abstain_are_counted(drawn):
    rows = {row[:3]: row[3:] for row in abstentions(drawn)}
    assert rows["self-organization", "all", START] == ("2", "600\N{NO-BREAK SPACE}s")
    assert rows["coordination", "all", START] == ("2", "600\N{NO-BREAK SPACE}s")
    assert rows["coordination", "pooled choice", "nobody chooses here"] == ("7", "900\N{NO-BREAK SPACE}s")
    assert all("nan" not in " ".join([*key, *more]) for key, more in rows.items())


def test_tiles_tell_of_the_last_window_and_of_the_gate(drawn):
    said = {key: PANEL[key].value(Looked(drawn)) for key in ("windows", "gate", *WATCHED)}
    assert said == {"windows": "9", "gate": "77.8 %"} | dict.fromkeys(WATCHED, "nothing")
    assert PANEL["coordination"].value(Looked(drawn.until(300.0))) == "found"
    assert PANEL["self-organization"].value(Looked(drawn.until(600.0))) == "(start)"
    assert PANEL["collective-intelligence"].value(Looked(drawn.until(700.0))) == "pooling"
    for key in ("findings", "windows", "gate", *WATCHED):
        assert PANEL[key].value(Looked(Emergence())) == DASH


class Looked:
    """What a saved run without its model shows."""

    model = None

    def __init__(self, said):
        self.emergence = said


# -- frames --------------------------------------------------------------------------------------------------


def test_a_figure_is_sent_again_only_after_another_window_and_no_frame_is_too_large():
    session, frames = Session.of("tiny", seed=7), []
    session.reset(session.config.changed(SETTINGS | {"emergence.window_s": 60.0}))
    sizes = []
    stage = Stage(
        page=PAGE, view=lambda: session, send=lambda m, b: frames.append(m), asked=lambda what: None
    )

    def sent():
        frames.clear()
        stage.stale()
        while stage.due:
            sizes.append(stage.show())
            stage.heard({"kind": "ack", "n": frames[-1]["n"]})
        return {key for frame in frames for part in ("plots", "tables") for key in frame[part]}

    stage.heard({"kind": "ready"})
    plots = {panel.key for panel in PAGE.panels if isinstance(panel, Plot)}
    assert sent() >= plots
    session.advance(59)
    assert sent() == set()
    session.advance(1)
    assert sent() == plots | {"last-table", "abstained-table"}
    session.advance(30)
    assert sent() == set()
    assert max(sizes) <= MOST_BYTES


def test_a_day_of_windows_makes_no_figure_heavy():
    seen = made(288, shown=range(0, 288, 2))
    for name in WATCHED:
        assert len(emergence.courses(seen, name).to_json()) <= 1000 * MOST_KB
    assert len(emergence_strip.strip(seen).to_json()) <= 1000 * MOST_KB
    assert "the last ones of 288" in emergence.courses(seen, "coordination").layout.title.subtitle.text
    for rows in (finding_rows(seen), last_rows(seen), abstentions(seen)):
        assert len(rows) <= 24


# -- saved runs and the report -------------------------------------------------------------------------------


def test_a_saved_run_shows_the_same_at_any_time(model, tmp_path):
    write_run(model, model.summary(), tmp_path / "run", report=False)
    folder = of_folder(tmp_path / "run", "run")
    checkpoint = of_checkpoint(model.save(tmp_path / "end.safetensors"), "end")
    now, session = emergence_of(model), Session(model=model)
    for saved in (folder, checkpoint):
        for panel in PAGE.panels:
            if isinstance(panel, Tile):
                assert panel.value(saved) == panel.value(session), panel.key
            elif isinstance(panel, Table):
                assert panel.rows(saved) == panel.rows(session), panel.key
            elif not panel.key.endswith("evidence"):
                assert panel.figure(saved).to_json() == panel.figure(session).to_json(), panel.key
        early = saved.at(130.0)
        assert len(early.emergence.windows()) == 2
        assert PANEL["verdicts"].version(early) != PANEL["verdicts"].version(saved)
        assert PANEL["windows"].value(early) == "2"
        assert PANEL["verdicts"].figure(saved.at(59.0)) is None
        assert PANEL["windows"].value(saved.at(59.0)) == DASH
    for name in WATCHED:
        kept, here = folder.emergence.last(name).evidence, now.last(name).evidence
        assert set(kept) == set(here)
        for key, values in here.items():
            np.testing.assert_allclose(kept[key].ravel(), np.ravel(values), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("file", "broken", "said"),
    [
        (
            "emergence.parquet",
            {"time_s": [1.0]},
            r"emergence\.parquet: cannot be read: there is no column 'detector'",
        ),
        (
            "findings.parquet",
            {"detector": ["x"]},
            r"findings\.parquet: cannot be read: there is no column 'first_s'",
        ),
        ("emergence.parquet", b"no table", r"emergence\.parquet: cannot be read: "),
        ("emergence_evidence.json", b"{", r"emergence_evidence\.json: cannot be read: "),
        ("emergence_evidence.json", b'{"coordination": [1]}', r"emergence_evidence\.json: cannot be read: "),
    ],
)
def test_a_file_that_is_broken_is_named_in_a_line(model, tmp_path, file, broken, said):
    write_run(model, model.summary(), tmp_path, report=False)
    if isinstance(broken, bytes):
        (tmp_path / file).write_bytes(broken)
    else:
        pd.DataFrame(broken).to_parquet(tmp_path / file)
    with pytest.raises(ConfigError, match=said) as refused:
        of_folder(tmp_path, "run")
    assert "\n" not in str(refused.value)


def test_files_that_are_not_there_are_no_trouble(model, tmp_path):
    write_run(model, model.summary(), tmp_path, report=False)
    (tmp_path / "emergence_evidence.json").unlink()
    (tmp_path / "findings.parquet").unlink(missing_ok=True)
    seen = read_emergence(tmp_path)
    assert len(seen.windows()) == 3
    said = emergence_evidence.evidence(seen, "coordination").data[0].text[0].replace("<br>", " ")
    assert said == "the detector kept nothing to show"
    (tmp_path / "emergence.parquet").unlink()
    assert len(read_emergence(tmp_path)) == 0


def test_a_report_has_a_section_on_emergence_only_where_a_window_was_full(model):
    text = report_html(model, model.summary())
    assert 'href="#emergence"' in text
    for key in ("verdicts", *(f"{name}-{kind}" for name in WATCHED for kind in ("course", "evidence"))):
        assert f'id="figure-{key}"' in text
    assert "nothing that is tried was recorded" in text
    short = SwarmModel("tiny", rng=7).run(5)
    assert 'href="#emergence"' not in report_html(short, short.summary())


# -- the scorecard -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (0, 20), (1, 10), (7, 9), (5, 5), (3, 400)])
def test_intervals_are_those_of_clopper_and_pearson(hits, trials):
    exact = binomtest(hits, trials).proportion_ci(0.95, "exact")
    np.testing.assert_allclose(clopper_pearson(hits, trials), (exact.low, exact.high), atol=1e-12)


def test_the_scorecard_tells_how_many_windows_show_it_and_how_many_passed(model):
    summary = model.summary()
    frame = model.emergence.frame()
    for metric in EMERGENCE_METRICS:
        assert metric.text
        assert "emergence" in metric.where
    for name in WATCHED:
        row = summary[f"emergence_{name.replace('-', '_')}"]
        told = [one for one in emergence_of(model).of(name) if not one.abstained]
        found = frame[frame["detector"] == name].groupby("time_s")["found"].first()
        if not told:
            assert math.isnan(row.value)
            assert math.isnan(row.low)
            continue
        assert row.value == pytest.approx(found.sum() / len(told))
        exact = binomtest(int(found.sum()), len(told)).proportion_ci(0.95, "exact")
        assert (row.low, row.high) == pytest.approx((exact.low, exact.high))
        assert f"of {len(told)} windows" in row.note
    assert summary["emergence_gate"].value == 1.0
    assert "3 of 3 windows" in summary["emergence_gate"].note
    off = SwarmModel("tiny", rng=7, **{"emergence.on": False}).run(5).summary()
    assert all(math.isnan(off[metric.key].value) for metric in EMERGENCE_METRICS)
