"""The live page's forms: settings, actions, drill-down, downloads, saved runs, comparison."""

import json
import re
import time
import zipfile
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import BUSY, RECOVERING
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.flow.ledger import Count
from swarmscale.model.metrics import METRICS
from swarmscale.model.parameters import parameters
from swarmscale.model.presets import preset_names
from swarmscale.viz.live.compare import Pairing, compared, comparison_page, overlaid, scores
from swarmscale.viz.live.facts import facts
from swarmscale.viz.live.fields import GROUPS, form_fields, value_of
from swarmscale.viz.live.forms import Form, matching
from swarmscale.viz.live.panels import Tile
from swarmscale.viz.live.saved import listing, opened
from swarmscale.viz.live.stage import Stage
from swarmscale.viz.live.twin import Twin
from swarmscale.viz.theme import digits, number


def field(form, key):
    return next(f for f in form.fields if f.key == key)


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", preset_names())
def test_every_setting_of_every_preset_is_a_field_whose_text_gives_its_value_back(preset):
    config = Config.load(preset)
    fields = form_fields(config)
    assert {key for key, _, _ in parameters()} <= {f.key for f in fields}
    assert {f.group for f in fields} == set(GROUPS)
    again = config.changed({f.key: value_of(f, f.value) for f in fields if f.value or f.kind == "text"})
    assert again == config
    for f in fields:
        assert f.text, f.key
        assert f.label


def test_a_field_says_unit_and_range():
    f = field(Form(Config.load("tiny")), "network.loss")
    assert (f.label, f.rule, f.kind, f.value) == ("loss", "0 or more and below 1", "number", "0.001")
    assert field(Form(Config.load("tiny")), "life.start_s").label == "start (s)"
    assert field(Form(Config.load("tiny")), "fleet.nodes").rule == "from 1 to 4,096"


def test_another_strategy_brings_its_own_settings_with_their_meaning():
    form = Form(Config.load("tiny"))
    assert [f.key for f in form.fields if f.key.startswith("scaling.")] == ["scaling.static.agents"]
    form = form.typed("scaling", "target")
    shown = {f.key: f for f in form.fields}
    assert shown["scaling.target.in_margin"].value == "0.1"
    assert shown["scaling.target.in_margin"].text
    made = form.typed("scaling.target.target", "0.55").judged().config
    assert made == Config.load("tiny").changed({"scaling": "target", "scaling.target": 0.55})


def test_settings_of_a_strategy_that_is_no_longer_chosen_do_nothing():
    form = Form(Config.load("tiny")).typed("scaling", "target").typed("scaling.target.target", "x")
    assert set(form.judged().refusals) == {"scaling.target.target"}
    assert form.typed("scaling", "static").judged().config == Config.load("tiny")


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("fleet.agents", "0", "fleet.agents = 0, but it must be greater than or equal to 1"),
        ("fleet.agents", "many", "fleet.agents = 'many', but it must be a whole number"),
        ("fleet.agents", "", "fleet.agents is empty, but it must be a whole number"),
        ("fleet.skill_own", "0.5, 2", "fleet.skill_own.1 = 2"),
        ("fleet.skill_own", "0.9, 0.5", "[0.9, 0.5]"),
        ("dispatch.rule.jsq.d", "99", "dispatch.rule.d = 99, but it must be from 1 to 16"),
        ("dt", "7", "seconds = 120, but it must be a multiple of dt = 7"),
        ("demand.classes", "[{", "must be JSON"),
        ("demand.classes", '[{"work_s": -1}]', "demand.classes.0.work_s = -1"),
        ("delegation.on", "perhaps", "must be true or false"),
        ("cache.size", "1000", "cache.size = 1000, but it must be at most demand.keys = 500"),
        ("fleet.type_shares", "1, 2", "fleet.type_shares"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_beside_its_own_field_and_no_other(key, text, said):
    good = Form(Config.load("tiny")).typed("demand.zipf", "0.5").typed("life.start_s", "4")
    judged = good.typed(key, text).judged()
    assert judged.config is None
    assert set(judged.refusals) == {key}
    assert said in judged.refusals[key]
    assert good.judged().config is not None


def test_every_refused_field_is_found_and_what_fits_together_is_not_blamed():
    form = Form(Config.load("tiny"))
    for key, text in {
        "fleet.nodes": "0", "dt": "7", "seconds": "70", "records.window_s": "7", "records.cluster_period_s": "14",
        "network.loss": "1", "demand.load": "-1",
    }.items():  # fmt: skip
        form = form.typed(key, text)
    assert set(form.judged().refusals) == {"fleet.nodes", "network.loss", "demand.load"}


def test_a_rate_takes_the_place_of_the_load():
    made = Form(Config.load("tiny")).typed("demand.mean_rate_per_s", "30").judged().config
    assert (made.demand.load, made.demand.mean_rate_per_s) == (None, 30.0)


def test_what_is_typed_back_is_no_change_and_marks_follow_the_running_model():
    tiny = Config.load("tiny")
    form = Form(tiny).typed("fleet.agents", "300")
    assert form.changed(tiny) == {"fleet.agents"}
    assert form.typed("fleet.agents", "200").draft == {}
    other = Form(Config.load("steady"))
    assert "fleet.agents" in other.changed(tiny)
    assert other.changed(Config.load("steady")) == set()


def test_the_search_wants_every_word():
    fields = form_fields(Config.load("tiny"))
    found = {f.key for f in matching(fields, "warm mean")}
    assert found == {"life.warm_start_s"}
    assert matching(fields, "") == fields
    assert matching(fields, "no such thing") == ()


# -- components ----------------------------------------------------------------------------------------

solara = pytest.importorskip("solara")
v = pytest.importorskip("ipyvuetify")
FileDownloadWidget = pytest.importorskip("solara.components.file_download").FileDownloadWidget


class Page:
    """A rendered component, found by labels as a person would."""

    def __init__(self, element):
        self.box, self.rc = solara.render(element, handle_error=False)

    def all(self, kind):
        return [found.widget for found in self.rc.find(kind)]

    def labels(self):
        kinds = (v.TextField, v.Select, v.Checkbox, v.Textarea)
        return [str(w.label) for kind in kinds for w in self.all(kind)]

    def input(self, label):
        kinds = (v.TextField, v.Select, v.Checkbox, v.Textarea)
        return next(w for k in kinds for w in self.all(k) if str(w.label).split(" · ")[0] == label)

    def type(self, label, text):
        widget = self.input(label)
        widget.v_model = text
        if "keyup.enter" in "".join(widget._event_handlers_map):
            widget.fire_event("keyup.enter", None)

    def refusal(self, label):
        widget = self.input(label)
        return " ".join(widget.messages) if widget.error else ""

    def click(self, text):
        next(b for b in self.all(v.Btn) if text in [str(c) for c in b.children]).click()

    def text(self):
        found = []

        def walk(widget):
            for child in getattr(widget, "children", ()):
                found.append(child) if isinstance(child, str) else walk(child)

        walk(self.box)
        return " | ".join(found)

    def html(self):
        return "".join(w.unsafe_innerHTML for w in self.all(solara.widgets.HTML))

    def close(self):
        self.rc.close()


@pytest.fixture
def show():
    pages = []

    def render(element):
        pages.append(Page(element))
        return pages[-1]

    yield render
    for page in pages:
        page.close()


def live(**changes):
    from swarmscale.viz.live.session import Session

    return Session.of(Config.load("tiny").changed(changes), seed=3, most_agents=1000)


def test_the_settings_refuse_beside_the_field_and_apply_begins_anew(show):
    from swarmscale.viz.live.settings import Settings

    session = live()
    first = session.model
    page = show(Settings(session))
    page.type("agents", "many")
    assert "fleet.agents = 'many', but it must be a whole number" in page.refusal("agents")
    page.click("Apply and begin anew")
    assert session.model is first
    page.type("agents", "5000")
    page.click("Apply and begin anew")
    assert "at most 1000, the limit of this page" in page.refusal("agents")
    assert session.model is first
    page.type("agents", "300")
    assert "agents · changed" in page.labels()
    assert "1 setting differs" in page.text()
    page.type("seed", "99")
    page.click("Apply and begin anew")
    assert (len(session.model.fleet), session.model.root_seed) == (300, 99)
    assert "agents" in page.labels()
    assert "all settings are those of the running model" in page.text()


def test_the_settings_revert_search_and_begin_from_a_preset(show):
    from swarmscale.viz.live.settings import Settings

    session = live()
    page = show(Settings(session))
    page.type("agents", "300")
    page.click("Revert")
    assert page.input("agents").v_model == "200"
    page.type("search all settings", "warm mean")
    assert "warm start (s)" in page.labels()
    assert "agents" not in page.labels()
    page.type("search all settings", "")
    page.type("begin from", "steady")
    assert page.input("agents").v_model == str(Config.load("steady").fleet.agents)
    page.type("group", next(t for t in page.input("group").items if t.startswith("Dispatch")))
    page.type("rule", "contract-net")
    assert "contract-net: bidders" in page.labels()


def test_the_settings_follow_the_session_but_not_each_frame(show, monkeypatch):
    from swarmscale.viz.live import settings

    drawn = []
    monkeypatch.setattr(settings, "preset_names", lambda: drawn.append(1) or preset_names())
    session = live()
    page = show(settings.Settings(session))
    session.play(True)
    before = len(drawn)
    for _ in range(20):
        session.advance(1)
    assert len(drawn) == before
    session.play(False)
    session.reset(session.config.changed({"fleet.agents": 300}))
    assert page.input("agents").v_model == "300"
    watchers = len(session.watchers)
    page.close()
    assert len(session.watchers) == watchers - 2


# -- actions -------------------------------------------------------------------------------------------


def act(session, key, **typed):
    from swarmscale.viz.live.operating import run
    from swarmscale.viz.live.operations import OPERATIONS

    operation = next(o for o in OPERATIONS if o.key == key)
    return run(session, operation, {k.rstrip("_"): v for k, v in typed.items()})


def states(session):
    session.model.step()
    return {name: int(session.records.column(f"agents_{name}")[-1]) for name in ("idle", "busy", "starting")}


def test_scaling_up_and_down_reaches_the_number_asked_for():
    session = live(**{"demand.load": 0.1})
    session.advance(5)
    assert act(session, "scale", agents="260") == {}
    assert sum(states(session).values()) == 260
    assert act(session, "scale", agents="120") == {}
    session.advance(60)
    assert sum(states(session).values()) == 120
    assert [n.text for n in session.notes if n.kind == "action"] == [
        "scale to 260 agents",
        "scale to 120 agents",
    ]


@pytest.mark.parametrize("watched", [True, False])
def test_crashed_agents_are_drawn_alike_from_the_models_own_stream(watched):
    def crashed():
        session = live(**{"resilience.on": watched})
        session.advance(5)
        assert act(session, "crash", agents="20") == {}
        fleet = session.model.fleet
        if not watched:
            return np.flatnonzero(fleet.column("state") == RECOVERING)
        assert not (fleet.column("state") == RECOVERING).any()  # nobody knows yet
        return np.array(sorted(session.model.resilience.agents.silent))

    first = crashed()
    assert len(first) == 20
    assert np.array_equal(first, crashed())
    assert first.max() - first.min() > 60  # not the lowest rows


def test_nodes_and_links_go_down_and_come_back():
    session = live()
    assert act(session, "kill-node", node="2") == {}
    assert act(session, "cut-link", from_="0", to="1") == {}
    session.advance(1)
    network = session.model.network
    assert not network.alive[2]
    assert np.isinf(network.link_s[0, 1])
    assert "node that is up: 0, 1, 3" in act(session, "kill-node", node="2")["node"]
    assert act(session, "restore-node", node="2") == act(session, "restore-link", from_="0", to="1") == {}
    session.advance(5)  # the others have to hear it first
    assert session.model.network.alive.all()
    assert np.isfinite(session.model.network.link_s[0, 1])


def test_a_flash_crowd_raises_arrivals_by_its_factor():
    session = live(**{"demand.mean_rate_per_s": 200.0})
    session.advance(10)
    assert act(session, "flash-crowd", factor="3") == {}
    session.advance(11)
    arrived = session.records.column("arrived")
    assert arrived[11:].mean() / arrived[:10].mean() == pytest.approx(3.0, rel=0.15)


@pytest.mark.parametrize(
    ("key", "typed", "field", "said"),
    [
        ("scale", {"agents": "1001"}, "agents", "from 0 to 1000, the limit of this page"),
        ("scale", {"agents": "12.5"}, "agents", "must be a whole number"),
        ("scale", {"agents": "-1"}, "agents", "agents = -1"),
        ("crash", {"agents": "201"}, "agents", "from 1 to 200, the ready agents"),
        ("crash", {"agents": ""}, "agents", "must be a whole number"),
        ("kill-node", {"node": "4"}, "node", "a node that is up: 0, 1, 2, 3"),
        ("restore-node", {"node": "1"}, "node", "a node that is down: there is none"),
        ("cut-link", {"from": "9", "to": "1"}, "from", "from 0 to 3"),
        ("cut-link", {"from": "1", "to": "1"}, "to", "linked with node 1: 0, 2, 3"),
        ("restore-link", {"from": "1", "to": "0"}, "to", "there is none"),
        ("flash-crowd", {"factor": "-1"}, "factor", "from 0 to 1000"),
        ("flash-crowd", {"factor": "nan"}, "factor", "from 0 to 1000"),
    ],
)
def test_a_bad_number_is_refused_beside_its_input_and_nothing_is_done(key, typed, field, said):
    from swarmscale.viz.live.operating import run
    from swarmscale.viz.live.operations import OPERATIONS

    session = live()
    session.advance(3)
    before = session.model.fleet.column("state").copy()
    refused = run(session, next(o for o in OPERATIONS if o.key == key), typed)
    assert set(refused) == {field}
    assert said in refused[field]
    assert np.array_equal(before, session.model.fleet.column("state"))
    assert session.model.network.alive.all()
    assert session.model.flow.demand.rate_scale == 1.0


def test_the_actions_switch_a_policy_with_its_settings_and_say_old_and_new(show):
    from swarmscale.viz.live.actions import Actions

    session = live()
    page = show(Actions(session))
    assert next(b for b in page.all(v.Btn) if "Switch scaling policy" in b.children).disabled
    page.type("scaling policy", "hpa")
    page.type("hpa: target", "0")
    page.click("Switch scaling policy")
    assert session.model.scaler is None
    assert "target = 0" in page.refusal("hpa: target")
    page.type("hpa: target", "0.6")
    page.click("Switch scaling policy")
    assert session.model.scaler.policy.target == 0.6
    assert session.notes[-1].text == "scaling policy static to hpa (target 0.6)"
    page.type("dispatch rule", "random")
    page.click("Switch dispatch rule")
    assert session.notes[-1].text == "dispatch rule jsq to random"
    assert session.config.dispatch.rule == session.model.flow.rule


def test_the_actions_do_what_is_typed_and_refuse_beside_the_input(show):
    from swarmscale.viz.live.actions import Actions

    session = live()
    page = show(Actions(session))
    page.type("agents, ready and starting", "2000")
    page.click("Scale to")
    assert "the limit of this page" in page.refusal("agents, ready and starting")
    page.type("agents, ready and starting", "210")
    assert page.refusal("agents, ready and starting") == ""
    page.click("Scale to")
    assert len(session.model.fleet) == 210
    page.click("Kill node")
    assert session.model.network.graph.nodes[0]["up"] is False
    assert page.input("node").v_model == "1"  # the next one that is up is offered


# -- drill-down ----------------------------------------------------------------------------------------


def values(found):
    return {f.name: f.value for f in found.rows}


def traced(**changes):
    return live(**{"records.trace_tasks": 1.0} | changes)


def test_the_sums_of_each_level_are_those_of_the_fleet_and_of_the_records():
    session = traced()
    session.advance(40)
    model = session.model
    whole = values(facts(model, "fleet"))
    raw = model.records.raw()
    assert whole["agents"] == "200"
    assert whole["utilization"] == number(
        raw.count(Count.BUSY_T).sum() / raw.count(Count.READY_T).sum(), "share"
    )
    assert whole["waiting"] == f"{int(model.records.column('waiting_cluster')[-1]):,} tasks"
    for level, count in (("node", model.network.nodes), ("zone", model.hierarchy_arrays.zones)):
        parts = [values(facts(model, f"{level}/{i}")) for i in range(count)]
        for name in ("agents", "ready", "in hands", "answered", "clusters"):
            total = sum(int(p[name].removesuffix(" tasks").replace(",", "")) for p in parts)
            assert total == int(whole[name].removesuffix(" tasks").replace(",", "")), (level, name)


def test_every_thing_is_reached_from_the_fleet_and_knows_what_is_above_it():
    session = traced()
    session.advance(5)
    seen, queue = {}, ["fleet"]
    while queue:
        found = facts(session.model, queue.pop())
        assert not found.missing
        seen[found.path] = found
        queue += [path for path, _ in found.below]
        for path, _ in found.below:
            assert facts(session.model, path).above[-1][0] == found.path
    assert sum(path.startswith("agent/") for path in seen) == 200
    assert sum(path.startswith("cluster/") for path in seen) == session.model.fleet.clusters


def test_an_agents_traits_and_task_are_those_of_its_view_and_of_the_log():
    session = traced()
    session.advance(40)
    model = session.model
    log = model.records.task_log()
    busy = np.flatnonzero(model.fleet.column("state") == BUSY)
    for row in busy[:10]:
        uid = int(model.fleet.column("uid")[row])
        worker = next(w for w in model.workers if w.unique_id == uid)
        found = facts(model, f"agent/{uid}")
        told = values(found)
        assert told["type"] == worker.kind
        assert told["speed"] == number(worker.speed)
        assert told["social skill"] == f"{worker.skills[4]:.2f}"
        task = log[(log["row"] == row) & log["finish"].isna()].iloc[-1]
        assert told["task"].startswith(f"{task['uid']}, ")
        assert told["state"] == f"busy since {task['start']:,.1f} s"
        assert told["task arrived"] == f"at {task['arrived']:,.1f} s, node {task['entry']}"
        assert found.tasks[0][0] == str(task["uid"])
        assert found.tasks[0][-1] == "at work"
        mine = log[log["row"] == row]
        assert len(found.tasks) == min(len(mine), 8)
        assert sum(t[-1] == "answered" for t in found.tasks) == min(int(mine["finish"].notna().sum()), 7)


def test_an_agents_last_tasks_say_what_became_of_them():
    session = traced(**{"cluster.attempts": 2, "life.repair_s": 1.0, "demand.load": 0.95})
    session.advance(30)
    model = session.model
    busy = np.flatnonzero(model.fleet.column("state") == BUSY)
    for _ in range(2):
        model.fail_workers(np.flatnonzero(model.fleet.column("state") == BUSY))
        session.advance(12)
    log = model.records.task_log()
    seen = set()
    for row in busy:
        lines = facts(model, f"agent/{int(model.fleet.column('uid')[row])}").tasks
        assert [float(line[2]) for line in lines] == sorted((float(line[2]) for line in lines), reverse=True)
        for key, arrived, _, ended, became in lines:
            task = log[log["uid"] == int(key)].iloc[0]
            assert arrived == f"{task['arrived']:,.1f}"
            if became == "answered":
                assert ended == f"{task['finish']:,.1f}"
            if became.startswith("interrupted"):
                assert task["attempts"] > 1
            if became.startswith("dropped"):
                assert task["reason"] == became.removeprefix("dropped: ")
            seen.add(became)
    assert seen == {"answered", "at work", "interrupted, begun anew elsewhere", "dropped: attempts"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("agent/999999", "there is no agent 999999 yet"),
        ("agent/1", "has left the fleet"),
        ("node/4", "they go from 0 to 3"),
        ("cluster/900", "there is no cluster 900"),
        ("zone/-1", "there is no such place"),
        ("agent/x", "there is no such place"),
        ("agent/²", "there is no such place"),
        ("<b>/1", "there is no such place"),
    ],
)
def test_an_unknown_path_says_so(path, said):
    found = facts(live().model, path)
    assert said in found.missing
    assert found.rows == ()


def test_an_agent_that_retired_says_so():
    session = live()
    uid = int(session.model.fleet.column("uid")[7])
    assert not facts(session.model, f"agent/{uid}").missing
    session.model.retire_workers(np.array([7]))
    assert "has left" in facts(session.model, f"agent/{uid}").missing


def test_the_drill_down_follows_picks_and_links(show):
    from swarmscale.viz.live.drill import Drill

    session = traced()
    session.advance(10)
    page = show(Drill(session))
    page.click("fleet")
    page.click("node 2")
    assert session.picked == "node/2"
    page.click(next(name for _, name in facts(session.model, "node/2").below))
    page.click("node 2")
    session.pick("agent/<i>")
    assert "there is no such place" in page.text()
    uid = int(session.model.fleet.column("uid")[3])
    session.pick(f"agent/{uid}")
    assert "social skill" in page.html()
    assert ">200<" not in page.html()
    page.click("close")
    assert session.picked == ""


# -- downloads -----------------------------------------------------------------------------------------


def made(session, key):
    from swarmscale.viz.live.downloads import DOWNLOADS

    return next(d for d in DOWNLOADS if d.key == key).make(session)


def scaled():
    session = traced(**{
        "scaling": "quantile", "scaling.down_every_s": 10.0, "scaler.period_s": 5.0, "scaler.bin_s": 5.0,
        "scaler.pools": "none", "life.start_s": 3.0, "demand.load": 0.4,
    })  # fmt: skip
    session.advance(60)
    return session


def test_the_zip_holds_the_files_that_a_run_writes_and_they_read_back():
    session = scaled()
    content = made(session, "parquet")
    files = zipfile.ZipFile(BytesIO(content))
    assert set(files.namelist()) >= {
        "records.parquet", "clusters.parquet", "tasks.parquet", "scaling.parquet", "config.toml", "summary.json",
    }  # fmt: skip
    table = pd.read_parquet(BytesIO(files.read("records.parquet")))
    pd.testing.assert_frame_equal(table, session.records.frame())
    assert json.loads(files.read("summary.json"))["name"] == "tiny"
    assert content == made(session, "parquet")


def test_the_settings_that_are_taken_away_make_the_same_run(tmp_path):
    session = scaled()
    path = tmp_path / "a.toml"
    path.write_text(made(session, "toml"))
    again = ss.SwarmModel(path, rng=3).run(60.0)
    pd.testing.assert_frame_equal(again.records.frame(), session.records.frame())


def test_the_checkpoint_that_is_taken_away_goes_on(tmp_path):
    session = scaled()
    path = tmp_path / "a"
    path.write_bytes(made(session, "checkpoint"))
    again = ss.SwarmModel.load(path).run(10.0)
    session.advance(10)
    pd.testing.assert_frame_equal(again.records.frame(), session.records.frame())


def test_tables_have_a_row_for_each_tick_event_and_note():
    session = scaled()
    session.note("action", 'said "so", twice\nand on a second line')
    csv = {key: pd.read_csv(StringIO(made(session, key))) for key in ("csv", "events", "log")}
    assert csv["csv"]["completed"].tolist() == session.records.column("completed").tolist()
    assert csv["events"]["reason"].tolist() == [e.reason for e in session.model.scaler.events]
    assert csv["events"].shape[0] > 0
    assert csv["log"]["text"].tolist() == [n.text for n in session.notes]


def test_the_report_and_a_figure_are_pages_of_their_own():
    from swarmscale.viz.figures.agents import by_state
    from swarmscale.viz.live.downloads import figure_html
    from swarmscale.viz.live.panels import Plot

    session = scaled()
    assert "<html" in made(session, "report")[:200].lower()
    plot = Plot(key="a", title="Agents", read="", figure=lambda view: by_state(view.records))
    text = figure_html(session, plot)
    assert "Agents by state" in text
    assert "src=" not in re.sub(r"<script[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    empty = Plot(key="b", title="None", read="", figure=lambda view: None, otherwise="press Play")
    with pytest.raises(ConfigError, match="None: press Play"):
        figure_html(session, empty)


def test_a_download_is_made_anew_at_each_click(show):
    from swarmscale.viz.live.export import Export

    session = live()
    session.advance(3)
    page = show(Export(session))

    def take():
        widget = next(w for w in page.all(FileDownloadWidget) if w.filename.endswith("-records.csv"))
        widget.request_download = True
        for _ in range(200):
            if widget.bytes is not None:
                break
            time.sleep(0.02)
        content, name = widget.bytes, widget.filename
        widget.request_download = False  # as the browser does when it has saved the file
        for _ in range(200):
            if widget.bytes is None:
                break
            time.sleep(0.02)
        return name, len(content.splitlines()) - 1

    assert take() == ("tiny-records.csv", 3)
    session.advance(4)
    assert take() == ("tiny-records.csv", 7)


def test_a_download_that_cannot_be_made_says_why_and_can_be_asked_for_again(show):
    from swarmscale.viz.live.export import Export

    session = live()
    page = show(Export(session))
    widget = next(w for w in page.all(FileDownloadWidget) if w.filename.endswith("-scaling.csv"))
    widget.request_download = True
    for _ in range(200):
        if "keeps its size" in page.text():
            break
        time.sleep(0.02)
    assert "this fleet keeps its size; choose a scaling policy first" in page.text()
    assert widget.bytes is None
    widget = next(w for w in page.all(FileDownloadWidget) if w.filename.endswith("-scaling.csv"))
    assert widget.request_download is False


# -- saved runs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a saved run, a checkpoint, something else, and a link that leads out of it."""
    from swarmscale.viz.run_folder import write_run

    top = tmp_path_factory.mktemp("top")
    root = top / "runs"
    model = scaled().model
    for place in (root / "first", root / "more" / "second", top / "outside"):
        write_run(model, model.summary(), place, report=False)
    model.save(root / "a.safetensors")
    model.save(top / "secret.safetensors")
    (root / "notes.txt").write_text("no run")
    (root / "out").symlink_to(top / "outside")
    (root / "link.safetensors").symlink_to(top / "secret.safetensors")
    return root, model


def test_the_listing_holds_runs_and_checkpoints_and_nothing_that_lies_outside(runs):
    root, _ = runs
    assert set(listing(root)) == {"first", "more/second", "a.safetensors"}
    assert listing(root / "nowhere") == ()


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "../secret.safetensors", "first/../../outside", "out", "link.safetensors", "/etc/passwd",
        "/", ".", "", "..", "no-such", "a\0b", "first/records.parquet/x", "~/x", "x" * 5000,
    ],
)  # fmt: skip
def test_nothing_outside_of_the_folder_can_be_opened_and_all_refusals_are_alike(runs, name):
    root, _ = runs
    with pytest.raises(ConfigError, match="but it must be the name of a run or checkpoint in") as refused:
        opened(root, name)
    assert "\n" not in str(refused.value)


def test_an_absolute_name_within_the_folder_is_fine(runs):
    root, _ = runs
    assert opened(root, str(root / "first")).end_s == 60.0


@pytest.mark.parametrize("name", ["notes.txt", "first/records.parquet", "more"])
def test_what_is_no_run_is_refused_in_one_line(runs, name):
    root, _ = runs
    with pytest.raises(ConfigError) as refused:
        opened(root, name)
    assert "\n" not in str(refused.value)


def test_a_folder_gives_the_records_and_the_log_of_the_run(runs):
    root, model = runs
    saved = opened(root, "more/second")
    pd.testing.assert_frame_equal(saved.records.frame(), model.records.frame())
    assert saved.model is None
    assert [n.text for n in saved.notes] == [n.text for n in opened(root, "a.safetensors").notes]
    assert sum(n.kind == "scaling" for n in saved.notes) == len(model.scaler.events) > 0


def test_a_checkpoint_gives_the_model_at_the_end_and_its_records_at_any_time(runs):
    root, model = runs
    saved = opened(root, "a.safetensors")
    assert saved.model.now_s == 60.0
    then = saved.at(12.2)
    assert (then.time_s, then.model, then.end_s) == (12.0, None, 60.0)
    pd.testing.assert_frame_equal(then.records.frame(), model.records.frame()[:12])
    assert max((n.time_s for n in then.notes), default=0.0) <= 12.0 < max(n.time_s for n in saved.notes)
    again = then.at(60.0)
    assert again.model is saved.model
    assert again.notes == saved.notes
    with pytest.raises(ConfigError, match="at most 100, the limit of this page"):
        opened(root, "a.safetensors", most_agents=100)


def test_every_page_can_be_looked_at_in_a_saved_run_at_any_time(runs):
    from swarmscale.viz.live.pages import PAGES

    root, _ = runs
    for name in ("first", "a.safetensors"):
        whole = opened(root, name)
        for time_s in (0.0, 1.0, 27.0, 60.0):
            view = whole.at(time_s)
            for page in PAGES:
                assert tiles_of(page, view) == {p.key for p in page.panels if isinstance(p, Tile)}


def tiles_of(page, view):
    """Keys of the tiles that are sent when all of a page is drawn."""
    sent = []
    stage = Stage(page, lambda: view, lambda frame, _: sent.append(frame), print, ready=True)
    while stage.due:
        stage.show()
        stage.acked = stage.sent
    return {key for frame in sent for key in frame["tiles"]}


def test_the_replay_opens_a_run_moves_in_time_and_refuses_beside_the_field(show, runs):
    from swarmscale.viz.live.replay import Replay

    root, _ = runs
    told = []

    @solara.component
    def Page():
        saved, set_saved = solara.use_state(None)
        Replay(root, saved, lambda found: [told.append(found), set_saved(found)])

    page = show(Page())
    page.type("or its name", "../outside")
    assert "must be the name of a run" in page.refusal("or its name")
    assert told == []
    page.type("saved runs, the newest first", "first")
    assert page.refusal("or its name") == ""
    page.all(v.Slider)[0].v_model = 17.0
    assert told[-1].time_s == 17.0
    assert "first: 17 s of 60 s" in page.text()
    page.click("Back to the running model")
    assert told[-1] is None
    assert page.all(v.Slider) == []


# -- comparison ----------------------------------------------------------------------------------------


def test_the_scores_of_a_running_model_are_those_of_its_summary():
    session = scaled()
    summary = session.model.summary()
    found = scores(session)
    assert any(not np.isnan(x) for x in found.values())
    for measured in summary.metrics:
        assert found[measured.metric.key] == pytest.approx(measured.value, nan_ok=True, rel=1e-12)


def test_a_saved_run_has_the_scores_of_its_end_and_of_any_time_what_follows_from_its_records(runs):
    root, model = runs
    saved = opened(root, "first")
    at_end = scores(saved)
    for measured in model.summary().metrics:
        assert at_end[measured.metric.key] == pytest.approx(measured.value, nan_ok=True, rel=1e-9)
    then, exact = scores(saved.at(40.0)), scores(opened(root, "a.safetensors").at(40.0))
    known = [key for key, value in then.items() if not np.isnan(value)]
    assert "throughput" in " ".join(known)
    for key in known:
        assert then[key] == pytest.approx(exact[key], rel=1e-9), key
    assert len(known) < sum(not np.isnan(x) for x in exact.values())


def test_compared_rows_show_both_values_and_other_minus_one():
    one, other = live(), live(**{"demand.load": 0.4})
    one.advance(30)
    other.advance(30)
    rows = {row[0]: row[1:] for row in compared(one, other)}
    a, b = scores(one), scores(other)
    metric = next(m for m in METRICS if m.unit == "share" and 0 < b[m.key] < a[m.key] < 1)
    left, right, gap = rows[metric.title]
    assert (left, right) == (number(a[metric.key], "share"), number(b[metric.key], "share"))
    assert gap == f"{digits(100 * (b[metric.key] - a[metric.key]))} points"
    assert {row[3] for row in compared(one, one)} <= {
        "0", "–", "0 points", *(number(0.0, m.unit) for m in METRICS)
    }  # fmt: skip


def test_a_twin_on_the_same_seed_steps_along_and_begins_anew_with_the_first():
    first = live()
    first.advance(10)
    twin = Twin.of(first, first.config)
    assert twin.second.model.now_s == 10.0
    first.advance(7)
    pd.testing.assert_frame_equal(first.records.frame(), twin.second.records.frame())
    first.reset(first.config, seed=8)
    assert (twin.second.model.now_s, twin.second.model.root_seed) == (0.0, 8)
    first.advance(3)
    assert twin.second.model.now_s == 3.0
    twin.leave()
    first.advance(1)
    assert twin.second.model.now_s == 3.0


def test_a_twin_with_longer_ticks_is_never_ahead():
    first = live()
    twin = Twin.of(first, first.config.changed({"dt": 5.0}))
    first.advance(13)
    assert twin.second.model.now_s == 10.0


def test_the_overlaid_figure_holds_the_columns_of_both_runs():
    one, other = live(), live(**{"demand.load": 0.4})
    one.advance(30)
    other.advance(20)
    figure = overlaid(one, other, "completed", ("a", "b"))
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert figure.data[0].y.tolist() == one.records.column("completed").tolist()
    assert figure.data[1].y[:20].tolist() == other.records.column("completed").tolist()
    assert np.isnan(figure.data[1].y[20:]).all()
    assert figure.data[0].x.tolist() == one.records.column("time_s").tolist()
    with pytest.raises(ConfigError, match="Did you mean 'completed'"):
        overlaid(one, other, "complete")


def test_the_page_of_the_comparison_is_empty_until_a_run_is_chosen():
    from swarmscale.viz.live.panels import Plot, Table

    session, pairing = live(), Pairing()
    session.advance(5)
    page = comparison_page(pairing)
    plots = [p for p in page.panels if isinstance(p, Plot)]
    (table,) = (p for p in page.panels if isinstance(p, Table))
    assert table.rows(session) == []
    assert all(plot.figure(session) is None for plot in plots)
    pairing.choose(session, "itself")
    pairing.column = "dropped"
    assert len(table.rows(session)) > 10
    assert [plot.figure(session).layout.title.text for plot in plots][-1] == "dropped"
    assert len({plot.figure(session).layout.title.text for plot in plots}) == len(plots)


def test_a_saved_run_is_compared_as_far_as_this_one_has_come(runs):
    root, _ = runs
    session, pairing = live(), Pairing()
    session.advance(20)
    saved = opened(root, "first")
    pairing.choose(saved, "first")
    beside = pairing.beside(session)
    assert (len(beside.records), len(saved.records)) == (20, 60)
    title = next(m.title for m in METRICS if m.key == "throughput_per_s")
    rows = {row[0]: row for row in comparison_page(pairing).panels[0].rows(session)}
    rate = saved.records.column("completed")[:20].sum() / 20
    assert rows[title][2] == number(rate, "1/s")


def test_the_comparison_runs_other_settings_beside_and_refuses_bad_ones(show):
    from swarmscale.viz.live.pair import Compare

    session, pairing = live(), Pairing()
    session.advance(10)
    page = show(Compare(session, pairing))
    page.click("Other settings, same seed")
    page.type("agents", "5000")
    page.click("Run beside")
    assert "the limit of this page" in page.refusal("agents")
    assert pairing.other is None
    page.type("agents", "100")
    page.click("Run beside")
    assert len(pairing.other.model.fleet) == 100
    assert pairing.other.model.now_s == 10.0
    session.advance(5)
    assert pairing.other.model.now_s == 15.0
    assert "other settings" in page.html()
    page.click("Compare no longer")
    assert pairing.other is None
    session.advance(1)
    assert "other settings" not in page.html()


def test_a_comparison_outlives_its_page_and_a_twin_that_is_not_wanted_is_let_go(show):
    from swarmscale.viz.live.pair import Compare

    session, pairing = live(), Pairing()
    before = len(session.watchers)
    page = show(Compare(session, pairing))
    twin = Twin.of(session, session.config)
    pairing.choose(twin.second, "twin", twin)
    page.close()
    assert pairing.other is twin.second
    assert len(session.watchers) == before + 1
    pairing.choose(None)
    assert len(session.watchers) == before


def test_comparing_with_the_saved_run_that_is_open_looks_at_the_running_model_again(show, runs):
    from swarmscale.viz.live.pair import Compare

    saved, session, pairing, told = opened(runs[0], "first"), live(), Pairing(), []
    session.advance(5)
    page = show(Compare(session, pairing, saved, told.append))
    page.click("Compare with first")
    assert pairing.other is saved
    assert told == [None]
    assert "<td>" in page.html()
