"""The live page without a browser: sessions, frames that are acknowledged, and the loop that sends them."""

import json
import threading
import time

import numpy as np
import pytest

from swarmscale.errors import ConfigError
from swarmscale.viz.figures import demand
from swarmscale.viz.live.loop import Loop
from swarmscale.viz.live.panels import Canvas, LivePage, Pixels, Plot, Table, Tile
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.stage import MOST_BYTES, Stage, figure_text, shortened, spec_of


def painted(view, choice):
    return Pixels(
        np.full(len(view.model.fleet), len(choice), np.uint8), 50, ("#0072B2",) * 9, (), "cell {}".format
    )


def big(size):
    def figure(view):
        import plotly.graph_objects as go

        return go.Figure(go.Scatter(y=np.random.default_rng(1).random(size).astype(np.float32)))

    return figure


PAGE = LivePage(
    path="test",
    title="Test",
    lead="What a test needs.",
    panels=(
        Tile(key="time", title="time", text="simulated time, s", value=lambda v: f"{v.model.now_s:g} s"),
        Canvas(
            key="cells",
            title="cells",
            read="one an agent",
            choices=("a", "bb"),
            paint=painted,
            picked=lambda view, index: f"agent/{index}",
        ),
        Plot(
            key="one",
            title="one",
            read="demand",
            figure=lambda v: demand.throughput(v.records) if v.records.ticks else None,
        ),
        Plot(key="two", title="two", read="noise", figure=big(500)),
        Table(
            key="log",
            title="log",
            read="what happened",
            heads=("text",),
            rows=lambda v: [(n.text,) for n in v.notes],
        ),
    ),
)


class Browser:
    """What the other end would do, by hand."""

    def __init__(self, session, page=PAGE):
        self.frames, self.told, self.picks = [], [], []
        self.stage = Stage(
            page=page, view=lambda: session, send=self.take, asked=lambda what: self.picks.append(what.pick)
        )

    def take(self, message, buffers):
        (self.frames if message["kind"] == "frame" else self.told).append((message, buffers))

    def ack(self):
        self.stage.heard({"kind": "ack", "n": self.frames[-1][0]["n"]})

    def all_frames(self):
        while self.stage.due:
            self.stage.show()
            self.ack()


@pytest.fixture
def session():
    return Session.of("tiny", seed=3)


def test_nothing_is_sent_before_the_browser_is_ready(session):
    browser = Browser(session)
    assert not browser.stage.due
    browser.stage.heard({"kind": "ready"})
    assert browser.stage.due


def test_at_most_one_frame_is_on_its_way_and_a_wrong_answer_does_not_count(session):
    browser = Browser(session)
    browser.stage.heard({"kind": "ready"})
    browser.stage.show()
    assert browser.stage.on_its_way
    assert not browser.stage.due
    for answer in ({"kind": "ack", "n": 7}, {"kind": "ack"}, {"kind": "what"}, {}):
        browser.stage.heard(answer)
        assert not browser.stage.due
    browser.ack()
    assert browser.stage.due


def test_everything_comes_in_turns_one_figure_a_frame_and_then_nothing_more(session):
    session.advance(5)
    browser = Browser(session)
    browser.stage.heard({"kind": "ready"})
    browser.all_frames()
    plots = [set(frame["plots"]) for frame, _ in browser.frames]
    assert all(len(keys) <= 1 for keys in plots)
    assert set().union(*plots) == {"one", "two"}
    assert sum("cells" in frame["canvases"] for frame, _ in browser.frames) == 1
    assert browser.frames[0][0]["tables"]["log"]
    count = len(browser.frames)
    browser.stage.stale()
    browser.all_frames()
    assert not any(frame["tables"] for frame, _ in browser.frames[count:])  # the same rows are not sent again


def test_a_panel_with_nothing_to_show_says_so(session):
    browser = Browser(session)
    browser.stage.heard({"kind": "ready"})
    browser.all_frames()
    texts = [frame["plots"]["one"] for frame, _ in browser.frames if "one" in frame["plots"]]
    assert texts == [None]


def test_what_is_out_of_sight_is_not_made(session):
    browser = Browser(session)
    browser.stage.heard({"kind": "ready"})
    browser.stage.heard({"kind": "seen", "keys": ["two"]})
    browser.all_frames()
    shown = [set(f["plots"]) | set(f["canvases"]) | set(f["tables"]) for f, _ in browser.frames]
    assert set().union(*shown) == {"two"}
    assert all(frame["tiles"] for frame, _ in browser.frames[:1])
    browser.stage.heard({"kind": "seen", "keys": ["two", "cells"]})
    assert browser.stage.due


def test_a_frame_stays_below_its_limit_at_fifty_thousand_agents():
    """A picture of 50 kB and figures of 60 kB do not go together, and a figure above the limit goes alone."""
    session = Session.of("tiny", seed=3)
    big_page = LivePage(
        path="big",
        title="Big",
        lead="Much.",
        panels=(
            Canvas(
                key="cells",
                title="cells",
                read="many",
                choices=("a",),
                paint=lambda v, c: Pixels(np.zeros(50_000, np.uint8), 250, ("#0072B2",)),
            ),
            Plot(key="one", title="one", read="big", figure=big(11_000)),
            Plot(key="two", title="two", read="big", figure=big(11_000)),
        ),
    )
    browser = Browser(session, big_page)
    browser.stage.heard({"kind": "ready"})
    sizes = []
    for _ in range(12):
        browser.stage.show()
        message, buffers = browser.frames[-1]
        sizes.append(sum(map(len, buffers)) + sum(len(text) for text in message["plots"].values()))
        browser.ack()
        browser.stage.stale()
    assert max(sizes) <= MOST_BYTES
    assert browser.stage.largest == max(sizes)
    for key in ("one", "two"):
        assert sum(key in frame["plots"] for frame, _ in browser.frames) >= 3
    assert sum("cells" in frame["canvases"] for frame, _ in browser.frames) >= 3


def test_a_panel_that_fails_is_shown_as_failed_and_stops_nobody_else(session, caplog):
    def broken(view):
        raise ZeroDivisionError("nothing to divide by")

    page = LivePage(
        path="broken",
        title="Broken",
        lead="One of them.",
        panels=(
            Plot(key="bad", title="bad", read="never", figure=broken),
            Tile(key="worse", title="worse", text="never", value=broken),
            Plot(key="good", title="good", read="noise", figure=big(50)),
        ),
    )
    browser = Browser(session, page)
    browser.stage.heard({"kind": "ready"})
    browser.all_frames()
    failed = {key: text for frame, _ in browser.frames for key, text in frame["failed"].items()}
    assert failed == dict.fromkeys(("bad", "worse"), "ZeroDivisionError: nothing to divide by")
    assert any(frame["plots"].get("good") for frame, _ in browser.frames)
    assert not browser.stage.due  # it is not tried again before something is new
    assert "panel bad of page Broken" in caplog.text


def test_choices_questions_and_clicks_are_answered_and_nonsense_is_passed_over(session):
    browser = Browser(session)
    browser.stage.heard({"kind": "ready"})
    browser.all_frames()
    browser.stage.heard({"kind": "choice", "key": "cells", "choice": "bb"})
    browser.all_frames()
    _, buffers = next(pair for pair in reversed(browser.frames) if pair[0]["canvases"])
    assert set(buffers[0]) == {2}
    browser.stage.heard({"kind": "ask", "key": "cells", "index": 4})
    assert browser.told[-1][0] == {"kind": "told", "key": "cells", "text": "cell 4"}
    browser.stage.heard({"kind": "cell", "key": "cells", "index": 9})
    browser.stage.heard({"kind": "pick", "path": "node/3"})
    assert browser.picks == ["agent/9", "node/3"]
    count = len(browser.told)
    for message in (
        {"kind": "choice", "key": "cells", "choice": "other"},
        {"kind": "ask", "key": "cells", "index": 10**9},
        {"kind": "ask", "key": "cells", "index": "x"},
        {"kind": "ask", "key": "one", "index": 1},
        {"kind": "cell", "key": "nobody", "index": 1},
    ):
        browser.stage.heard(message)
    assert len(browser.told) == count
    assert browser.stage.choices == {"cells": "bb"}


def test_the_spec_names_every_panel_and_holds_both_looks():
    spec = spec_of(PAGE, "/plotly.js")
    assert [p["kind"] for p in spec["panels"]] == ["tile", "canvas", "plot", "plot", "table"]
    assert set(spec["looks"]["templates"]) == {"light", "dark"}
    assert len(json.dumps(spec)) < 20_000


def test_a_figures_text_has_no_template_and_its_numbers_are_packed():
    text = figure_text(big(500)(None))
    plain = json.loads(text)
    assert "template" not in plain["layout"]
    assert set(plain["data"][0]["y"]) == {"dtype", "bdata"}
    assert figure_text(None) is None


def test_courses_are_short_and_hold_the_newest():
    values = shortened(np.arange(1001.0))
    assert len(values) <= 60
    assert values[-1] > 980
    assert shortened(np.array([])) == []


def test_while_it_plays_the_model_goes_on_and_frames_that_cannot_be_sent_are_dropped(session):
    browser = Browser(session)
    loop = Loop(session=session)
    loop.enter(browser.stage)
    browser.stage.heard({"kind": "ready"})
    session.play(True)
    for _ in range(10):
        loop.round()
    assert session.model.records.ticks == 10
    assert len(browser.frames) == 1  # never acknowledged
    assert browser.stage.dropped == 9
    browser.ack()
    loop.round()
    assert len(browser.frames) == 2
    assert browser.frames[-1][0]["tick"] == 11


def test_a_pause_is_obeyed_before_the_next_frame(session):
    browser = Browser(session)
    loop = Loop(session=session)
    loop.enter(browser.stage)
    browser.stage.heard({"kind": "ready"})
    session.play(True)
    loop.round()
    session.play(False)
    loop.round()
    assert session.model.records.ticks == 1


def test_without_a_page_the_model_pauses_and_the_loop_ends_when_told(session):
    there = threading.Event()
    there.set()
    loop = Loop(session=session, connected=there.is_set)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        session.play(True)
        until = time.monotonic() + 20
        while session.model.records.ticks < 3 and time.monotonic() < until:
            time.sleep(0.01)
        assert session.model.records.ticks >= 3
        there.clear()
        while session.playing and time.monotonic() < until:
            time.sleep(0.02)
        assert not session.playing
        assert "no page is connected" in session.notes[-1].text
    finally:
        loop.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_a_session_refuses_what_is_too_large_and_stays_as_it_was():
    session = Session.of("tiny", seed=3, most_agents=1000)
    model = session.model
    with pytest.raises(ConfigError, match="at most 1000, the limit of this page"):
        session.reset(session.config.changed(**{"fleet.agents": 1001}))
    assert session.model is model
    session.advance(3)
    session.reset()
    assert session.model is not model
    assert (session.model.records.ticks, session.model.root_seed) == (0, 3)


def test_what_is_done_and_what_is_refused_stands_in_the_log(session):
    session.do("node 1 dies", lambda model: model.kill_node(1))
    assert (session.notes[-1].kind, session.notes[-1].text) == ("action", "node 1 dies")
    with pytest.raises(ConfigError):
        session.do("node 99 dies", lambda model: model.kill_node(99))
    assert session.notes[-1].kind == "warning"
    assert session.notes[-1].text.startswith("node 99 dies: refused: ")


def test_scaling_events_and_advice_come_into_the_log_once():
    session = Session.of(
        {
            "fleet": {"agents": 600, "nodes": 4, "max_agents": 700},
            "demand": {"load": 0.5},
            "scaling": "quantile",
        },
        seed=5,
    )
    session.advance(600)
    session.model.scale_demand(3.0)
    session.advance(400)
    scaling = [note for note in session.notes if note.kind == "scaling"]
    assert len(scaling) == len(session.model.scaler.events) > 0
    assert scaling[-1].text.endswith(session.model.scaler.events[-1].reason)
    assert sum(note.kind == "advice" for note in session.notes) == len(session.model.scaler.advisor.given)
