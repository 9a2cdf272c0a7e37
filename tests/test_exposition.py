"""Metrics for operators: what is exposed is what the records say, whoever asks and whenever."""

import json
import re
import sys
import threading
import urllib.request
from math import isnan
from pathlib import Path

import numpy as np
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

import swarmscale as ss
from swarmscale.model.columns import STATES
from swarmscale.model.flow.ledger import CHANNELS, DROPS, Count
from swarmscale.model.health.rules import ALWAYS
from swarmscale.model.scaling.prices import Prices
from swarmscale.model.scaling.seeing import price_paid
from swarmscale.viz.exposition import expose, registry, serve
from swarmscale.viz.exposition_table import FAMILIES, MODELS, markdown, names
from swarmscale.viz.live.metrics import NONE, SessionMetrics
from swarmscale.viz.live.session import Session

from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab
from .promql_support import Query

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "prometheus"
OPEN = "application/openmetrics-text; version=1.0.0"
PROBED = {"intelligence.period_s": 30.0, "intelligence.panels": 2, "intelligence.panel_agents": 20}
SMALL = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
BROKEN = [
    {"at_s": 20.0, "fault": {"name": "mass-crash", "share": 0.4}},
    {"at_s": 40.0, "fault": {"name": "node-crash"}},
]
ALL = {
    **PROBED,
    "emergence.on": True,
    "resilience.script": BROKEN,
    "optimization.on": True,
    "scaling": "hpa",
    "cache.size": 100,
    "cluster.queue": 20,
    "demand.load": 0.9,
}


@pytest.fixture(scope="module")
def full():
    """A fleet with all parts, some of which broke."""
    return ss.SwarmModel("tiny", rng=3, **ALL).run(90.0)


def read(text, parser=families):
    """Samples by name and labels."""
    found = {}
    for family in parser(text.decode()):
        for s in family.samples:
            key = (s.name, *sorted(s.labels.items()))
            assert key not in found
            found[key] = s.value
    return found


def test_values_are_those_of_the_records(full):
    found, raw = read(expose(full)), full.records.raw()
    count = lambda which: raw.count(which).sum()  # noqa: E731
    plain = {
        "simulated_seconds": 90.0,
        "tasks_arrived": count(Count.ARRIVED),
        "tasks_completed": count(Count.COMPLETED),
        "tasks_due": count(Count.DUE),
        "tasks_met": count(Count.MET),
        "cache_hits": count(Count.CACHE_HITS),
        "agent_busy_seconds": raw.seconds(Count.BUSY_T).sum(),
        "agent_ready_seconds": raw.seconds(Count.READY_T).sum(),
        "cost_agent_seconds": price_paid(raw, Prices()),
    }
    for name, value in plain.items():
        assert found[f"swarmscale_{name}_total",] == pytest.approx(value, rel=1e-12), name
    for which in DROPS:
        reason = which.name.lower().removeprefix("dropped_")
        assert found["swarmscale_tasks_dropped_total", ("reason", reason)] == count(which)
    for state in STATES:
        assert found["swarmscale_agents", ("state", state)] == raw.state(state)[-1]
    for i, channel in enumerate(CHANNELS):
        assert found["swarmscale_messages_total", ("channel", channel)] == raw.message(i, 0).sum()
        assert found["swarmscale_message_bytes_total", ("channel", channel)] == raw.message(i, 4).sum()
    last = full.records.frame().iloc[-1]
    assert found["swarmscale_utilization_ratio",] == last["utilization"]
    assert found["swarmscale_tasks_in_system",] == last["in_system"]
    open_ = sum(v for k, v in found.items() if k[0] == "swarmscale_tasks_open")
    dropped = sum(count(c) for c in DROPS)
    assert count(Count.ARRIVED) == count(Count.COMPLETED) + dropped + open_


def test_parts_tell_what_they_found(full):
    found = read(expose(full))
    of = lambda name: {k[1:]: v for k, v in found.items() if k[0] == f"swarmscale_{name}"}  # noqa: E731
    log = full.resilience.log.incidents
    assert sum(of("faults_total").values()) == len(log) >= 2
    assert sum(of("incidents_recovered_total").values()) == sum(i.over for i in log)
    firing = {k: v for k, v in of("alerts_firing").items() if v}
    assert firing
    assert sum(firing.values()) == sum(a.state == "firing" for a in full.health.alerts)
    assert sum(of("alerts_fired_total").values()) == sum(a.fired for a in full.health.alerts)
    iq = of("collective_iq")
    assert iq[(("estimate", "value"),)] == full.prober.column("iq")[-1]
    assert of("probes_total") == {(): len(full.prober.rows)}
    assert sum(of("scaling_events_total").values()) == len(full.scaler.events) > 0
    trials = [t for t in full.optimizer.trials if t.state != "trying"]
    assert sum(of("optimizer_trials_total").values()) == len(trials)
    assert set(of("optimizer_trials_total")) >= {(("end", "kept"), ("strategy", "load-distribution"))}
    assert sum(of("emergence_findings_total").values()) == len(full.emergence.findings)
    assert of("health_ratio")[(("part", "overall"),)] == full.health.series[-1].overall
    assert of("controller_runs_due_total")[(("controller", "scaler"),)] == 9.0


@pytest.mark.parametrize("name", ["response", "network", "cluster_wait", "first_token"])
def test_histograms_are_cumulative_and_their_sums_are_exact(name):
    config = {"demand.load": 0.8} if name != "first_token" else {"fleet.agents": 300}
    model = ss.SwarmModel("tiny" if name != "first_token" else "llm-fleet", rng=5, **SMALL, **config).run(
        150.0
    )
    found = read(expose(model))
    buckets = [
        (float(dict(k[1:])["le"]), v) for k, v in found.items() if k[0] == f"swarmscale_{name}_seconds_bucket"
    ]
    counts = [v for _, v in sorted(buckets)]
    assert counts == sorted(counts)
    assert counts[-1] == found[f"swarmscale_{name}_seconds_count",] == model.records.histogram(name).sum() > 0
    which = {"response": "RESPONSE_T", "network": "NETWORK_T", "cluster_wait": "CLUSTER_WAIT_T"}
    total = model.records.raw().seconds(Count[which.get(name, "FIRST_TOKEN_T")]).sum()
    assert found[f"swarmscale_{name}_seconds_sum",] == total
    mean, bounds = total / counts[-1], [low for low, _ in sorted(buckets)]
    widths = np.diff([0.0, *counts])
    lows, highs = [0.0, *bounds[:-1]], [*bounds[:-1], bounds[-2] * 4]
    assert np.dot(lows, widths) / counts[-1] <= mean <= np.dot(highs, widths) / counts[-1]


def test_buckets_count_each_task_that_was_logged():
    model = ss.SwarmModel("tiny", rng=5, **SMALL, **{"records.trace_tasks": 1.0, "network.jitter": 0.0}).run(
        60.0
    )
    log, found = model.records.task_log(), read(expose(model))
    waits = (log["start"] - log["at_cluster"]).dropna().to_numpy()
    for key, value in found.items():
        if key[0] == "swarmscale_cluster_wait_seconds_bucket" and float(dict(key[1:])["le"]) < np.inf:
            assert value == (waits < float(dict(key[1:])["le"])).sum()


def test_both_formats_say_the_same(full):
    plain, opened = read(expose(full)), read(expose(full, OPEN), open_families)
    assert plain == opened
    assert expose(full, OPEN).endswith(b"# EOF\n")
    assert b"# EOF" not in expose(full)


def test_every_metric_has_help_and_its_unit_in_its_name(full):
    units = {"seconds", "bytes", "ratio", ""}
    exposed = {f.name: f for f in open_families(expose(full, OPEN).decode())}
    assert len(exposed) > 50
    for family in exposed.values():
        assert family.documentation
        assert family.unit in units
        assert re.fullmatch(r"swarmscale_[a-z][a-z_]*[a-z]", family.name)
        for unit in units - {""}:
            assert family.name.endswith(f"_{unit}") is (family.unit == unit), family.name
        assert family.type in ("counter", "gauge", "histogram")
        assert not family.name.endswith("_total")
    assert len({f.name for f in FAMILIES}) == len(FAMILIES)


def test_what_a_full_fleet_shows_is_all_that_there_is(full):
    exposed = {name for name, *_ in read(expose(full))}
    missing = set(names()) - exposed
    assert missing <= {f"swarmscale_first_token_seconds_{end}" for end in ("bucket", "sum", "count")}
    assert exposed <= set(names())


def test_a_model_before_its_first_tick_can_be_read():
    found = read(expose(ss.SwarmModel("tiny", rng=1)))
    assert found["swarmscale_tasks_arrived_total",] == 0
    assert not any(isnan(value) for value in found.values())


def test_without_prometheus_client_it_says_what_to_install(full, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    for ask in (expose, serve, registry):
        with pytest.raises(ss.ConfigError, match="pip install 'swarmscale"):
            ask(full)


def test_nothing_is_registered_for_all(full):
    before = set(REGISTRY._names_to_collectors)
    expose(full)
    registry(full)
    assert set(REGISTRY._names_to_collectors) == before


def test_a_registry_read_again_and_again_agrees_with_a_fresh_one():
    model = ss.SwarmModel("tiny", rng=2, **SMALL)
    kept = registry(model)
    for _ in range(4):
        model.run(7.0)
        again, fresh = read(expose(kept)), read(expose(model))
        assert again.keys() == fresh.keys()
        for key, value in fresh.items():
            assert again[key] == pytest.approx(value, rel=1e-12)


def counters(found):
    return {k: v for k, v in found.items() if k[0].endswith(("_total", "_bucket", "_sum", "_count"))}


def test_no_counter_falls_while_the_host_steps_in_another_thread():
    model = ss.SwarmModel(
        "tiny", rng=4, **SMALL, **{"scaling": "hpa", "records.window_s": 2.0, "records.cluster_period_s": 2.0}
    )
    kept, over, failed = registry(model), threading.Event(), []

    def scrape():
        before = {}
        while not over.is_set():
            try:
                now = counters(read(expose(kept)))
                if any(now.get(key, -1.0) < value for key, value in before.items()):
                    failed.append({k: (v, now.get(k)) for k, v in before.items() if now.get(k, -1.0) < v})
                done = now["swarmscale_tasks_completed_total",]
                held = now.get(("swarmscale_response_seconds_count",), 0.0)
                if held > done:
                    failed.append((held, done))
                before = now
            except Exception as error:  # told below
                failed.append(error)
                return

    threads = [threading.Thread(target=scrape) for _ in range(2)]
    for thread in threads:
        thread.start()
    model.run(400.0)
    over.set()
    for thread in threads:
        thread.join()
    assert not failed
    found = read(expose(kept))
    assert found["swarmscale_response_seconds_count",] == found["swarmscale_tasks_completed_total",]


def test_what_is_read_in_the_midst_of_a_ticks_end_is_not_taken_for_a_tick(monkeypatch):
    monkeypatch.setattr("swarmscale.viz.exposition_reading.TRIES", 3)
    model = ss.SwarmModel("tiny", rng=4, **SMALL).run(14.0)
    kept, key = registry(model), ("swarmscale_response_seconds_count",)
    whole = read(expose(kept))
    model.step()
    records, ticks = model.records, model.records.ticks
    records.ticks -= 1  # the tick's times are in the histogram, its row is not there yet
    assert read(expose(kept)) == whole
    records.ticks = ticks
    records._windows.append(records._window.copy())  # the window was put away and not begun anew yet
    torn = read(expose(kept))
    assert torn[key] == whole[key]
    assert torn["swarmscale_tasks_completed_total",] > whole["swarmscale_tasks_completed_total",]
    records._windows.pop()
    assert read(expose(kept))[key] == records.histogram("response").sum() > whole[key]


def test_scraping_changes_nothing():
    watched, alone = (ss.SwarmModel("tiny", rng=6, **SMALL, **{"scaling": "hpa"}) for _ in range(2))
    kept = registry(watched)
    for _ in range(20):
        watched.step()
        expose(kept)
    alone.run(20.0)
    np.testing.assert_array_equal(watched.records.raw()._counts, alone.records.raw()._counts)


# -- served ---------------------------------------------------------------------------------------------------


def fetched(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.headers["content-type"], answer.read()


def test_a_server_gives_what_the_scraper_asks_for_and_stops():
    model = ss.SwarmModel("tiny", rng=1, **SMALL).run(10.0)
    with serve(model, 0) as served:
        kind, text = fetched(served.url)
        assert kind.startswith("text/plain; version=0.0.4")
        assert read(text) == read(expose(model))
        kind, text = fetched(served.url, Accept=OPEN)
        assert kind.startswith("application/openmetrics-text")
        assert read(text, open_families) == read(expose(model))
        with pytest.raises(ss.ConfigError, match=f"127.0.0.1:{served.port}: address already in use"):
            serve(model, served.port)
    with pytest.raises(OSError):
        fetched(served.url)
    served.close()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(ss.ConfigError, match=f"port = {port}"):
        serve(ss.SwarmModel("tiny", rng=1), port)


def test_the_sessions_of_the_page_are_told_apart_and_a_reset_begins_anew():
    metrics = SessionMetrics.at(0)
    assert SessionMetrics.at(NONE).served is None
    try:
        assert read(fetched(metrics.served.url)[1]) == {("swarmscale_models",): 0.0}
        first, second = (Session.of("tiny", seed=seed) for seed in (1, 2))
        for session, number in ((first, "1"), (second, "2")):
            assert metrics.enter(session) == number
        first.advance(3)
        second.advance(5)
        key = lambda n: ("swarmscale_simulated_seconds_total", ("session", n))  # noqa: E731
        found = read(fetched(metrics.served.url)[1])
        assert (found[key("1")], found[key("2")]) == (3.0, 5.0)
        assert found["swarmscale_agents", ("session", "1"), ("state", "busy")] > 0
        second.reset()
        second.advance(1)
        metrics.leave("1")
        found = read(fetched(metrics.served.url)[1])
        assert key("1") not in found
        assert found[key("2")] == 1.0
        assert metrics.enter(first) == "3"
    finally:
        metrics.served.close()


def test_metrics_of_the_page_go_to_this_machine_alone_and_their_port_is_checked_first():
    from swarmscale.viz.live.server import Address
    from swarmscale.viz.live.server import serve as serve_page
    from swarmscale.viz.live.settings_env import AppSettings

    assert "metrics" not in Address(host="127.0.0.1", port=1).lines()
    assert "http://127.0.0.1:9464/metrics" in Address(host="0.0.0.0", port=1, metrics=9464).lines()
    settings = AppSettings(preset="tiny", metrics_port=0)
    assert AppSettings.read(settings.environment()) == settings
    with pytest.raises(ss.ConfigError, match="--metrics-port = 70000"):
        AppSettings(metrics_port=70_000)
    with (
        serve(registry(dict, "session"), 0) as taken,
        pytest.raises(ss.ConfigError, match="metrics at 127"),
    ):
        serve_page(AppSettings(preset="tiny", metrics_port=taken.port), host="127.0.0.1", port=0)


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
def test_a_tab_of_the_page_is_a_session_in_the_metrics():
    with serve(registry(dict, "session"), 0) as free:
        port = free.port
    url = f"http://127.0.0.1:{port}/metrics"
    with served(preset="tiny", metrics_port=port) as page, chromium() as browser:
        assert read(fetched(url)[1])["swarmscale_models",] == 0.0
        with tab(browser, page.url) as one:
            one.page.get_by_role("button", name="Let the model run").wait_for()
            found = read(fetched(url)[1])
            assert found["swarmscale_models",] == 1.0
            assert found["swarmscale_simulated_seconds_total", ("session", "1")] == 0.0
            one.page.get_by_role("button", name="Let the model run").click()
            clock = ("swarmscale_simulated_seconds_total", ("session", "1"))
            for _ in range(300):
                found = read(fetched(url)[1])
                if found[clock] > 0:
                    break
                one.page.wait_for_timeout(100)
            assert found[clock] > 0
            assert found["swarmscale_agents", ("session", "1"), ("state", "busy")] > 0
            one.clean()


# -- what stands in examples and documentation ----------------------------------------------------------------


def rules():
    (group,) = yaml.safe_load((EXAMPLES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def title_of(rule):
    return re.sub(r"(?<!^)(?=[A-Z])", " ", rule["alert"]).lower()


def queries(panel):
    return [
        target["expr"].replace("$__rate_interval", "1m").replace("$session", ".*")
        for target in panel.get("targets", ())
    ]


def board():
    return json.loads((EXAMPLES / "dashboard.json").read_text(encoding="utf-8"))


class Sample:
    def __init__(self, sample):
        self.name, self.labels, self.value = sample.name, sample.labels, sample.value


@pytest.fixture(scope="module")
def scrapes():
    """Every 5 s of a fleet that breaks at 40 s."""
    script = [
        {"at_s": 40.0, "fault": {"name": "mass-crash", "share": 0.6}},
        {"at_s": 45.0, "fault": {"name": "node-crash"}},
    ]
    more = {"resilience.script": script, "cluster.queue": 40, "scaling": "hpa", "optimization.on": True}
    model = ss.SwarmModel("tiny", rng=3, **more, **PROBED, **{"life.repair_s": 90.0})
    kept, out = registry(model), []
    for _ in range(18):
        model.run(5.0)
        samples = [s for f in families(expose(kept).decode()) for s in f.samples]
        out.append((model.now_s, samples))
    return out


def test_there_is_an_alert_for_each_rule_of_the_model_with_its_severity_and_its_page():
    assert [title_of(rule) for rule in rules()] == [rule.title for rule in ALWAYS]
    headings = re.findall(r"^### (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.M)
    anchors = {heading.strip().replace(" ", "-") for heading in headings}
    for rule, of_model in zip(rules(), ALWAYS, strict=True):
        notes = rule["annotations"]
        assert rule["labels"] == {"severity": of_model.severity}
        assert notes["runbook"] == f"docs/runbook.md#{of_model.title.replace(' ', '-')}"
        assert notes["runbook"].partition("#")[2] in anchors
        assert notes["summary"].endswith(".")
        assert notes["description"]
        own = re.findall(r'rule="([^"]+)"', rule["expr"])
        assert own in ([], [of_model.title])
        held = 0.0 if own else of_model.for_s  # what the model judges it has held for long enough itself
        assert rule.get("for", "0s") == f"{held:g}s"


def test_every_query_asks_only_for_what_is_exposed(scrapes):
    asked = [rule["expr"] for rule in rules()] + [q for p in board()["panels"] for q in queries(p)]
    assert len(asked) > 40
    for text in asked:
        query = Query(text, scrapes)
        query.value()
        assert query.names
        assert query.names <= set(names()), text
    known = {s.name: s.labels.keys() for s in scrapes[-1][1]}
    for text in asked:
        for name, inside in re.findall(r"(swarmscale_\w+)\{([^}]*)\}", text):
            labels = {label for label, _ in re.findall(r"(\w+)(=~|=)", inside)} - {"session"}
            if name in known:
                assert labels <= set(known[name]), text


def test_alerts_fire_when_the_fleet_breaks_and_not_before(scrapes):
    exprs = {title_of(rule): rule["expr"] for rule in rules()}

    def fired(first, last):
        looks = [scrapes[:n] for n in range(first, last + 1)]
        return {title for title, text in exprs.items() if any(Query(text, look).value() for look in looks)}

    assert fired(1, 7) <= {"slow burn"}  # one task in two thousand may be missed, and here and there one is
    assert {"agents out", "nodes out", "open incident", "errors", "fast burn"} <= fired(9, 18)


def test_queries_give_what_the_model_gives(scrapes):
    rate = "rate(swarmscale_tasks_completed_total[1m]) / rate(swarmscale_simulated_seconds_total[1m])"
    (value,) = Query(rate, scrapes).value().values()
    found = [{s.name: s.value for s in samples} for _, samples in scrapes]
    assert value == pytest.approx(
        (found[-1]["swarmscale_tasks_completed_total"] - found[-13]["swarmscale_tasks_completed_total"]) / 60
    )
    text = "histogram_quantile(0.5, sum by (le) (rate(swarmscale_response_seconds_bucket[1m])))"
    (median,) = Query(text, scrapes).value().values()
    model = ss.SwarmModel("tiny", rng=3, **SMALL).run(90.0)
    assert 0.3 * model.records.frame()["response_p50_s"].median() < median < 30.0


def test_every_panel_shows_something_and_is_where_grafana_can_draw_it(scrapes):
    panels = board()["panels"]
    assert board()["schemaVersion"] >= 36
    assert {v["name"]: v["type"] for v in board()["templating"]["list"]} == {
        "datasource": "datasource",
        "session": "query",
    }
    assert len({p["id"] for p in panels}) == len(panels)
    taken = set()
    for panel in panels:
        g = panel["gridPos"]
        cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        assert not cells & taken
        assert g["x"] + g["w"] <= 24
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["title"]
        assert panel["description"].endswith(".")
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
        assert any(Query(q, scrapes).value() for q in queries(panel)), panel["title"]
        for target in panel["targets"]:
            shown = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            values = Query(
                target["expr"].replace("$__rate_interval", "1m").replace("$session", ".*"), scrapes
            ).value()
            for key in values:
                assert set(shown) <= set(dict(key)), panel["title"]


def test_prometheus_is_told_where_to_look():
    config = yaml.safe_load((EXAMPLES / "prometheus.yml").read_text(encoding="utf-8"))
    assert config["rule_files"] == ["alerts.yml"]
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:9464"]}]


def test_the_table_in_the_documentation_is_that_of_the_code():
    """If not: put what ``swarmscale.viz.exposition_table.markdown()`` gives between the marks."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    begin, end = "<!-- metrics: begin -->\n", "<!-- metrics: end -->"
    assert text.partition(begin)[2].partition(end)[0] == markdown()
    assert MODELS.full in markdown()
