"""The Intelligence page: its figures hold the series' own numbers, saved runs keep them, and nothing is sent twice."""

import json

import numpy as np
import pandas as pd
import pytest
from plotly.colors import sample_colorscale

from swarmscale.agents.cognition import FEEDS, FUNCTIONS
from swarmscale.agents.knowledge import knowledge_graph
from swarmscale.agents.traits import GROUPS, TRAITS
from swarmscale.errors import ConfigError
from swarmscale.model.intelligence.norm import shipped_norm
from swarmscale.model.intelligence.prober import COLUMNS
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz import theme
from swarmscale.viz.figures import intelligence, knowledge, learned, mind
from swarmscale.viz.figures.lines import MOST_POINTS
from swarmscale.viz.live.facts import facts
from swarmscale.viz.live.operating import run
from swarmscale.viz.live.operations import OPERATIONS
from swarmscale.viz.live.pages import PAGES
from swarmscale.viz.live.panels import Plot
from swarmscale.viz.live.saved import of_checkpoint, of_folder
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.stage import Stage
from swarmscale.viz.live.traits import traits_html, traits_of
from swarmscale.viz.page_intelligence import intelligence_panels
from swarmscale.viz.probes import Probes, probes_of
from swarmscale.viz.report import report_html
from swarmscale.viz.run_folder import write_run

PAGE = next(page for page in PAGES if page.path == "intelligence")
PANEL = {panel.key: panel for panel in PAGE.panels}
PROBE = next(operation for operation in OPERATIONS if operation.key == "probe")
SETTINGS = {"intelligence.period_s": 20.0, "learning.on": True, "collective_memory.on": True}


@pytest.fixture(scope="module")
def model():
    """Three probes, six lessons and periods of the memory."""
    return SwarmModel("tiny", rng=7, **SETTINGS).run(60)


@pytest.fixture(scope="module")
def probes(model):
    assert len(model.prober.rows) == 3
    return probes_of(model)


def made(count, **columns):
    """A series of so many probes, 10 s apart, with random figures; some as given."""
    rows = np.random.default_rng(3).random((count, len(COLUMNS)))
    rows[:, 0] = 10.0 * np.arange(1, count + 1)
    for name, values in columns.items():
        rows[:, COLUMNS.index(name)] = values
    return Probes(rows)


def trace(figure, name):
    return next(one for one in figure.data if one.name == name)


def plain(figure):
    return json.loads(figure.to_json())


# -- what is drawn is what was found -------------------------------------------------------------------------


def test_the_iq_is_drawn_at_its_times_with_its_interval(model, probes):
    figure, frame = intelligence.iq_over_time(probes), model.prober.frame()
    line = trace(figure, "collective IQ")
    np.testing.assert_allclose(line.x, frame["time_s"] / (1.0 if line.x[-1] > 3 else 60.0))
    np.testing.assert_allclose(line.y, frame["iq"], rtol=1e-6)
    np.testing.assert_allclose(line.y + line.error_y.array, frame["iq_high"], rtol=1e-6)
    np.testing.assert_allclose(line.y - line.error_y.arrayminus, frame["iq_low"], rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "lower end").y, frame["iq_low"], rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "upper end").y, frame["iq_high"], rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "absolute IQ").y, frame["iq_absolute"], rtol=1e-6)
    band, mean = plain(figure)["layout"]["shapes"]
    assert (band["y0"], band["y1"], mean["y0"]) == (85, 115, 100)
    low, high = figure.layout.yaxis.range
    assert low < 85
    assert high > 115


def test_a_probe_of_nobody_is_a_gap_and_a_series_of_them_is_nothing():
    gap = made(3, iq=[101.0, np.nan, 99.0], iq_low=[98, np.nan, 96], iq_high=[104, np.nan, 102])
    line = trace(intelligence.iq_over_time(gap), "collective IQ")
    assert np.isnan(line.y).tolist() == [False, True, False]
    assert len(trace(intelligence.iq_over_time(gap), "upper end").y) == 2
    nobody = Probes(np.full((2, len(COLUMNS)), np.nan))
    for figure in (intelligence.iq_over_time, intelligence.scores, intelligence.decisions):
        assert figure(nobody) is None
        assert figure(Probes()) is None


def test_a_long_series_is_thinned_to_means_and_says_so():
    long = made(3 * MOST_POINTS)
    figure = intelligence.iq_over_time(long)
    line = trace(figure, "collective IQ")
    assert len(line.y) == MOST_POINTS
    np.testing.assert_allclose(line.y[0], long.column("iq")[:3].mean(), rtol=1e-6)
    assert "each point: the mean of 3 probes" in figure.layout.title.subtitle.text
    assert line.error_y.array is None


def test_scores_stand_beside_their_bounds_with_two_standard_errors(model, probes):
    figure, last = intelligence.scores(probes), model.prober.frame().iloc[-1]
    assert list(trace(figure, "score").y) == list(FUNCTIONS)
    for kind in ("score", "bound"):
        np.testing.assert_allclose(trace(figure, kind).x, [last[f"{kind}.{f}"] for f in FUNCTIONS], rtol=1e-6)
    se = [last[f"se.{f}"] for f in FUNCTIONS]
    np.testing.assert_allclose(trace(figure, "score").error_x.array, 2 * np.array(se), rtol=1e-6)
    loss = {f: last[f"bound.{f}"] - last[f"score.{f}"] for f in FUNCTIONS}
    assert f"most is lost in {max(loss, key=loss.get)}" in figure.layout.title.subtitle.text
    said = trace(figure, "score").text[FUNCTIONS.index("memory")]
    assert f"process loss {loss['memory']:.3f}" in said
    assert f"{last['z.memory']:+.2f} standard deviations" in said


def test_loadings_share_interval_and_null_are_the_norms():
    norm = shipped_norm()
    figure = intelligence.loadings(norm)
    np.testing.assert_allclose(trace(figure, "first factor").x, norm.factor["loadings"], rtol=1e-6)
    np.testing.assert_allclose(trace(figure, "second component").x, norm.factor["second_loadings"], rtol=1e-6)
    note = figure.layout.title.subtitle.text
    for part in ("share", "low", "high", "null", "second"):
        assert f"{norm.factor[part]:.0%}" in note
    assert f"{norm.groups:,} groups" in note
    assert "belongs to the norm's population" in PANEL["loadings"].read


def test_decisions_are_drawn_beside_single_agents_with_confidence_and_agreement(model, probes):
    figure, frame = intelligence.decisions(probes), model.prober.frame()
    for name, column in (
        ("decisions right", "decision_accuracy"),
        ("single agents right", "alone_accuracy"),
        ("confidence", "decision_confidence"),
        ("agreement", "decision_agreement"),
    ):
        np.testing.assert_allclose(trace(figure, name).y, frame[column], rtol=1e-6)
    half = 1.96 * frame["decision_accuracy_se"]
    upper = np.minimum(frame["decision_accuracy"] + half, 1)
    np.testing.assert_allclose(trace(figure, "upper end").y, upper, rtol=1e-6)
    note = figure.layout.title.subtitle.text
    for column in ("decision_brier", "decision_error_correlation"):
        assert theme.number(frame[column].iloc[-1]) in note


def test_a_decision_that_nobody_answered_is_said_to_have_no_answer():
    view = Session.of("tiny", seed=7)
    for node in range(view.model.network.nodes):
        view.model.kill_node(node)
    run(view, PROBE, {})
    assert np.isnan(view.model.prober.column("decision_ms")[0])
    assert PANEL["latency"].value(view) == "no answer"
    assert PANEL["accuracy"].value(view) == "0 %"
    note = intelligence.decisions(probes_of(view.model)).layout.title.subtitle.text
    assert "no answer reached the node that asks" in note


# -- graphs --------------------------------------------------------------------------------------------------


def test_ties_are_the_norms_partial_correlations_and_negative_ones_look_otherwise(model, probes):
    norm = shipped_norm()
    figure = mind.ties(model.cognition_graph(), norm, probes)
    least = 1.96 / np.sqrt(norm.groups - 13)
    r = {(a, b): norm.edges[FUNCTIONS.index(a), FUNCTIONS.index(b)] for a, b in FEEDS}
    count = {
        "go together": sum(v >= least for v in r.values()),
        "go against each other": sum(v <= -least for v in r.values()),
        "not told from 0": sum(abs(v) < least for v in r.values()),
    }
    looks = {}
    for name, number in count.items():
        mine = [one for one in figure.data if one.name == name]
        assert len(mine) == number, name
        looks |= {name: {(one.line.color, one.line.dash) for one in mine}}
    assert looks["go together"] == {(theme.BLUE, "solid")}
    assert looks["go against each other"] == {(theme.VERMILLION, "dash")}
    width = sorted(one.line.width for one in figure.data if one.name == "go together")
    strong = sorted(v for v in r.values() if v >= least)
    np.testing.assert_allclose(width, [1.2 + 14 * v for v in strong], atol=0.006)
    said = " ".join(trace(figure, "links").text)
    for (a, b), value in r.items():
        assert f"<b>{a} and {b}</b>: {value:+.2f}" in said


def test_functions_have_the_color_of_their_load_and_tell_agents_score_z_and_bound(model, probes):
    figure, last = mind.ties(model.cognition_graph(), shipped_norm(), probes), model.prober.frame().iloc[-1]
    load, agents = model.assignment.load(model.fleet), model.assignment.agents()
    nodes = trace(figure, "functions")
    known = np.isfinite(load)
    assert known.any()
    for f, name in enumerate(FUNCTIONS):
        wanted = sample_colorscale(theme.SEQUENTIAL, [load[f]])[0] if known[f] else theme.FAINT
        assert nodes.marker.color[f] == wanted
        told = nodes.hovertext[f]
        assert f"{agents[f]:,} agents" in told
        assert not known[f] or f"{load[f]:.1%} of the ready ones busy" in told
        assert f"score {last[f'score.{name}']:.3f}" in told
        assert f"bound of {last[f'bound.{name}']:.3f}" in told
        assert f"z {last[f'z.{name}']:+.2f}" in told
    bare = trace(mind.ties(model.cognition_graph(), shipped_norm(), Probes()), "functions")
    assert all("no probe was made" in text for text in bare.hovertext)


def test_assumed_links_of_knowledge_are_dashed_and_gray_and_measured_ones_are_not(model):
    start = knowledge.knowledge(knowledge_graph())
    drawn = {(one.name, one.line.dash) for one in start.data if one.mode == "lines"}
    assert drawn == {("assumed", "dash")}
    assert "no memory keeps facts" in start.layout.title.subtitle.text
    figure = knowledge.knowledge(model.knowledge)
    ends = {"assumed": 0, "measured": 0}
    for one in figure.data:
        if one.mode == "lines":
            ends[one.name] += len(one.x) // 3
            assert one.line.dash == {"assumed": "dash", "measured": "solid"}[one.name]
    count = {o: sum(d["origin"] == o for *_, d in model.knowledge.edges(data=True)) for o in ends}
    assert ends == count
    assert count["measured"] > 0
    total = sum(model.knowledge.nodes[n]["facts"] for n in model.knowledge)
    assert f"{total:,} facts" in figure.layout.title.subtitle.text
    assert {f"{a} and {b}" in " ".join(trace(figure, "links").text) for a, b in model.knowledge.edges} == {
        True
    }


def test_a_link_that_gets_stronger_gets_wider():
    graph = knowledge_graph()
    for _, _, data in graph.edges(data=True):
        data["weight"] = 0.1
    thin = [one.line.width for one in knowledge.knowledge(graph).data if one.mode == "lines"]
    before = knowledge.knowledge_version(graph)
    graph.edges["market-dynamics", "agent-behavior"]["weight"] = 0.9
    wide = [one.line.width for one in knowledge.knowledge(graph).data if one.mode == "lines"]
    assert max(wide) > max(thin)
    assert knowledge.knowledge_version(graph) != before


# -- learning and memory -------------------------------------------------------------------------------------


def test_learning_and_memory_are_drawn_as_recorded(model):
    figure, lessons = learned.learning(model.learner.series), model.learner.series
    np.testing.assert_allclose(trace(figure, "gain of skill").y, [one.gain for one in lessons], rtol=1e-6)
    practised = trace(figure, "tasks practised")
    np.testing.assert_allclose(practised.y, [one.per_agent for one in lessons], rtol=1e-6)
    assert practised.yaxis == "y2"
    figure, frame = learned.memory(model.collective_memory.series()), model.collective_memory.series()
    for name, column in (("stale reads", "stale_share"), ("convergence", "convergence_s")):
        np.testing.assert_allclose(trace(figure, name).y, frame[column], rtol=1e-6)
    assert trace(figure, "convergence").yaxis == "y2"
    assert learned.learning([]) is None
    assert learned.memory(frame.iloc[:0]) is None


# -- traits of an agent --------------------------------------------------------------------------------------


def test_an_agents_facts_hold_its_function_behavior_and_traits(model):
    row = int(model.fleet.live()[17])
    uid, kind = (model.fleet.column(name)[[row]] for name in ("uid", "kind"))
    found = facts(model, f"agent/{uid[0]}")
    value = {fact.name: fact.value for fact in found.rows}
    model.assignment.update(model.fleet)
    f = model.assignment.function[row]
    assert value["function"] == FUNCTIONS[f]
    people = model.people(np.array([row]))
    assert value["skill there"] == f"{people.skill[0, f]:+.2f} sd"
    for name in ("communication", "conformity", "contagion"):
        assert value[name] == f"{getattr(people, name)[0]:.2f}"
    z = model.population.traits(uid, kind)[0]
    assert dict(found.traits) == dict(zip(TRAITS, z.tolist(), strict=True))
    strongest = TRAITS[int(np.abs(z).argmax())]
    assert value["strongest traits"].startswith(strongest.replace("_", " "))
    assert value["strongest traits"].count(",") == 9


def test_traits_are_drawn_as_a_bar_each_up_above_the_mean(model):
    traits = traits_of(model, int(model.fleet.live()[0]))
    html = traits_html(traits)
    assert html.count("<rect") == len(TRAITS) == 76
    assert html.count("<svg") == len(GROUPS)
    assert html.count('class="up"') == sum(z >= 0 for _, z in traits)
    for name, z in traits:
        assert f"<title>{name.replace('_', ' ')}: {z:+.2f} sd</title>" in html


# -- probe now -----------------------------------------------------------------------------------------------


def test_probe_now_adds_a_point_and_changes_nothing_else():
    session = Session.of("tiny", seed=7)
    session.advance(3)
    state = session.model.fleet.column("state").copy()
    assert run(session, PROBE, {}) == {}
    assert session.model.prober.column("time_s").tolist() == [3.0]
    np.testing.assert_array_equal(session.model.fleet.column("state"), state)
    assert session.log[-1].text == "the fleet is probed"
    assert PANEL["iq"].value(session).count("to") == 1
    session.advance(1)
    run(session, PROBE, {})
    assert len(session.model.prober.rows) == 2


def test_probe_now_is_refused_where_nobody_probes_or_nobody_is_ready():
    off = Session(model=SwarmModel("tiny", rng=7, **{"intelligence.on": False}))
    assert run(off, PROBE, {}) == {"": "this fleet is not probed: set intelligence.on under Settings"}
    nobody = Session.of("tiny", seed=7)
    nobody.model.fail_workers(nobody.model.fleet.live(), repair_s=np.inf)
    assert "nobody to probe" in run(nobody, PROBE, {})[""]
    assert len(nobody.model.prober.rows) == 0


# -- frames --------------------------------------------------------------------------------------------------


def test_a_figure_is_sent_again_only_after_another_probe():
    """Ticks without a probe make none of the page's figures anew but those that show the present."""
    session, frames = Session.of("tiny", seed=7), []
    stage = Stage(
        page=PAGE, view=lambda: session, send=lambda m, b: frames.append(m), asked=lambda what: None
    )

    def sent():
        frames.clear()
        stage.stale()
        while stage.due:
            stage.show()
            stage.heard({"kind": "ack", "n": frames[-1]["n"]})
        return {key for frame in frames for key in frame["plots"]}

    stage.heard({"kind": "ready"})
    plots = {panel.key for panel in PAGE.panels if isinstance(panel, Plot)}
    assert sent() == plots
    for _ in range(3):
        session.advance(1)
        assert sent() <= {"ties"}
    run(session, PROBE, {})
    assert sent() == {"iq-course", "scores", "decisions", "ties"}
    assert sent() == set()
    session.reset()
    assert sent() >= {"iq-course", "scores", "decisions"}
    stage.heard({"kind": "ready"})
    assert sent() == plots


# -- saved runs and the report -------------------------------------------------------------------------------


def test_a_saved_run_shows_its_probes_at_any_time(model, tmp_path):
    write_run(model, model.summary(), tmp_path / "run", report=False)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "run" / "intelligence.parquet"), model.prober.frame()
    )
    folder = of_folder(tmp_path / "run", "run")
    checkpoint = of_checkpoint(model.save(tmp_path / "end.safetensors"), "end")
    for saved in (folder, checkpoint):
        assert len(trace(PANEL["iq-course"].figure(saved), "collective IQ").y) == 3
        assert PANEL["iq"].value(saved) == PANEL["iq"].value(Session(model=model))
        early = saved.at(45.0)
        np.testing.assert_array_equal(early.probes.column("time_s"), [20.0, 40.0])
        assert len(trace(PANEL["iq-course"].figure(early), "collective IQ").y) == 2
        assert PANEL["iq-course"].version(early) != PANEL["iq-course"].version(saved)
        assert PANEL["iq"].value(saved.at(10.0)) == "–"
        assert PANEL["iq-course"].figure(saved.at(10.0)) is None


def test_a_run_without_probes_has_no_file_and_one_with_other_columns_is_refused(tmp_path):
    short = SwarmModel("tiny", rng=7).run(5)
    write_run(short, short.summary(), tmp_path / "run", report=False)
    file = tmp_path / "run" / "intelligence.parquet"
    assert not file.exists()
    assert len(of_folder(tmp_path / "run", "run").probes) == 0
    pd.DataFrame({"time_s": [1.0]}).to_parquet(file)
    with pytest.raises(ConfigError, match=r"intelligence\.parquet: cannot be read"):
        of_folder(tmp_path / "run", "run")


def test_a_report_has_a_section_on_intelligence_only_where_there_were_probes(model):
    panels = {panel.key: panel for panel in intelligence_panels(model)}
    assert set(panels) == {"iq", "scores", "loadings", "decisions"}
    for panel in panels.values():
        assert panel.figure.layout.meta["definitions"]
        assert all(one.hovertemplate or one.hoverinfo == "skip" for one in panel.figure.data), panel.key
    text = report_html(model, model.summary())
    assert 'href="#intelligence"' in text
    assert 'id="figure-decisions"' in text
    short = SwarmModel("tiny", rng=7).run(5)
    assert 'href="#intelligence"' not in report_html(short, short.summary())
