"""The health monitor: healths, alerts, error budget; and the aggregator that feeds it."""

from dataclasses import dataclass, replace
from math import inf, isnan, nan

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.columns import BY_NAME
from swarmscale.model.flow.ledger import DROPS, Count
from swarmscale.model.health.alerts import Alerts
from swarmscale.model.health.budget import burn, burning, windows
from swarmscale.model.health.charts import ewma, ewma_limits, learned, shewhart
from swarmscale.model.health.figures import REASONS, Stretch, last, stretch
from swarmscale.model.health.monitor import named
from swarmscale.model.health.open_incidents import _open, packed, together, unpacked
from swarmscale.model.health.rules import ALERT_RULES, ALWAYS
from swarmscale.model.health.rules.base import METRICS, Look, Open, Reading
from swarmscale.model.health.standing import standing
from swarmscale.model.integration.events import OpenIncidents, Resized
from swarmscale.model.resilience.incidents import Incident
from swarmscale.model.sharding.whole import digest

from .shard_support import shared as shards_told

KEYS = {"intelligence.on": False, "emergence.on": False, "seconds": 400.0, "demand.source": "poisson"}


def model(**changes):
    return ss.SwarmModel("tiny", rng=5, **(KEYS | {"demand.load": 0.6} | changes))


def crash(fault, at_s=60.0, **settings):
    """A script of one fault."""
    return {"resilience.script": [{"at_s": at_s, "fault": fault} | settings]}


def period(end_s=10.0, due=1000, met=1000, **figures):
    """Figures of ten seconds."""
    whole = {"seconds": 10.0, "arrived": 1000, "completed": 1000, "late": 0, "dropped": (0,) * len(DROPS)}
    rest = {"interrupted": 0, "response_s": 2000.0, "busy_s": 700.0, "ready_s": 1000.0}
    return Stretch(end_s=end_s, due=due, met=met, **(whole | rest | figures))


def look(figures=None, parts=None, stretches=(), incidents=(), time_s=10.0, **more):
    keys = {"period_s": 10.0, "run_s": 3600.0, "objective": 0.999} | more
    return Look(
        time_s=time_s,
        figures=figures or {},
        parts=parts or {},
        stretches=stretches,
        incidents=incidents,
        **keys,
    )


def judged(rule, values, metric):
    """What a rule reads of a metric's values, one a look."""
    memory, out = rule.start(), []
    for i, value in enumerate(values):
        readings, memory = rule.judge(look({metric: value}, time_s=10.0 * (i + 1)), memory)
        out.append(readings[0] if readings else None)
    return out


# -- figures -----------------------------------------------------------------------------------------------------


def test_figures_of_a_stretch_are_those_of_the_records():
    m = model(**{"demand.load": 1.3, "cluster.queue": 3}).run(60.0)
    one = stretch(m.records.raw(20), 60.0)
    frame = m.records.frame()[20:]
    assert (one.seconds, one.end_s) == (40.0, 60.0)
    assert one.arrived == frame.arrived.sum()
    assert one.drops == frame.dropped.sum() > 0
    assert one.late_share == frame.late.sum() / frame.completed.sum()
    assert one.utilization == pytest.approx(frame.utilization.mean(), rel=0.01)
    assert one.throughput_per_s == frame.completed.sum() / 40
    assert one.missed == one.due - one.met > 0
    for name, number in zip(REASONS, one.dropped, strict=True):
        assert number == BY_NAME[f"dropped_{name}"].value(m.records.raw(20)).sum()


def test_stretches_add_up():
    m = model(**{"demand.load": 1.2}).run(60.0)
    parts = [stretch(m.records.raw(a, a + 10), a + 10.0) for a in range(0, 60, 10)]
    assert last(parts, 60.0) == stretch(m.records.raw(), 60.0)
    assert last(parts, 25.0) == stretch(m.records.raw(40), 60.0)
    assert last(parts, 1.0) == parts[5]  # at least one
    assert last([], 10.0) is None


def test_nothing_is_lost_where_nothing_is_due():
    empty = period(due=0, met=0, arrived=0, completed=0, response_s=0.0, busy_s=0.0, ready_s=0.0, seconds=0.0)
    assert (empty.availability, empty.late_share, empty.error_rate, empty.shed_share) == (1.0, 0.0, 0.0, 0.0)
    assert (empty.utilization, empty.throughput_per_s, burn(empty, 0.999), burn(None, 0.999)) == (0, 0, 0, 0)
    assert isnan(empty.response_mean_s)


# -- control charts ------------------------------------------------------------------------------------------------


def run_lengths(limit, weight, runs=4000, most=6000):
    """Values in control until the average first leaves ``limit``, of independent charts."""
    rng = np.random.default_rng(7)
    average, length = np.zeros(runs), np.full(runs, most)
    alive = np.arange(runs)
    for n in range(1, most + 1):
        average[alive] = ewma(average[alive], rng.standard_normal(len(alive)), weight)
        out = np.abs(average[alive]) > limit
        length[alive[out]] = n
        alive = alive[~out]
        if not len(alive):
            break
    return length


@pytest.mark.parametrize(
    ("weight", "width", "published"), [(0.2, 2.962, 500.0), (0.1, 2.814, 500.0), (1.0, 3.0, 370.4)]
)
def test_run_lengths_in_control_are_the_published_ones(weight, width, published):
    """Lucas & Saccucci (1990), table 1; a weight of 1 is Shewhart's chart. A width 5 % off is found out."""
    z = {}
    for factor in (1.0, 1.05):
        limit = ewma_limits(0.0, 1.0, weight, factor * width, 100_000)[1]
        lengths = run_lengths(limit, weight)
        z[factor] = (lengths.mean() - published) / (lengths.std(ddof=1) / np.sqrt(len(lengths)))
    assert abs(z[1.0]) < 4
    assert abs(z[1.05]) > 4


def test_deviation_follows_from_moving_ranges():
    """d2 = 1.128 gives the standard deviation of normal values, within 4 standard errors; 5 % more does not."""
    rng = np.random.default_rng(3)
    sigmas = np.array([learned(rng.normal(50.0, 4.0, 60))[1] for _ in range(2000)])
    z = (sigmas.mean() - 4.0 * np.array([1.0, 1.05])) / (sigmas.std() / np.sqrt(len(sigmas)))
    assert abs(z[0]) < 4 < abs(z[1])
    assert shewhart(50.0, 4.0, 3.0) == (38.0, 62.0)


@pytest.mark.parametrize(("name", "found_by"), [("shewhart", 25), ("ewma", 25), ("adaptive", 25)])
def test_charts_find_a_jump_and_tell_its_side(name, found_by):
    rng = np.random.default_rng(5)
    values = rng.normal(10.0, 1.0, 60)
    values[30:] += 8.0
    rule = ALERT_RULES.make(name, metric="response_mean_s", side="above")
    said = judged(rule, values, "response_mean_s")
    assert not any(one.out for one in said[:30] if one)
    assert any(one.out for one in said[30:33])
    below = ALERT_RULES.make(name, metric="response_mean_s", side="below")
    assert not any(one.out for one in judged(below, values, "response_mean_s") if one)


def test_the_average_finds_a_small_shift_sooner_than_single_values():
    rng = np.random.default_rng(11)
    rules = {
        name: ALERT_RULES.make(name, metric="utilization", side="above") for name in ("shewhart", "ewma")
    }
    first = {name: [] for name in rules}
    for _ in range(40):
        values = np.concatenate([rng.normal(0.5, 0.01, 100), rng.normal(0.51, 0.01, 100)])
        for name, rule in rules.items():
            rule = replace(rule, learn=100)
            out = [i for i, one in enumerate(judged(rule, values, "utilization")) if one and one.out]
            first[name].append(min([i - 100 for i in out], default=100))
    assert np.mean(first["ewma"]) < 0.5 * np.mean(first["shewhart"])


def test_an_adaptive_chart_follows_a_days_course():
    day = 10 + 5 * np.sin(np.arange(300) * 2 * np.pi / 150)
    said = judged(ALERT_RULES.make("adaptive", side="both"), day, "response_mean_s")
    assert sum(one.out for one in said if one) < 5


# -- the error budget ----------------------------------------------------------------------------------------------


def test_in_a_month_the_windows_are_those_of_the_workbook():
    """The Site Reliability Workbook, table 5-8: 2 % in 1 h, 5 % in 6 h, 10 % in 3 days."""
    pairs = windows(30 * 86_400.0, 10.0)
    assert [(p.rate, p.long_s / 3600, p.short_s / 60) for p in pairs] == [
        (14.4, 1, 5),
        (6, 6, 30),
        (1, 72, 360),
    ]
    assert [p.rate * p.long_s / (30 * 86_400) for p in pairs] == pytest.approx([0.02, 0.05, 0.1])


def test_a_run_takes_the_place_of_the_month():
    day = windows(86_400.0, 10.0)
    assert [p.long_s for p in day] == [120.0, 720.0, 8640.0]
    assert [p.long_s for p in windows(600.0, 10.0)] == [60.0, 180.0, 360.0]  # each holds some looks
    assert all(p.short_s >= 10.0 for p in windows(600.0, 10.0))


def test_the_burn_rate_is_the_share_missed_over_the_share_allowed():
    assert burn(period(due=1000, met=997), 0.999) == pytest.approx(3.0)
    assert burn(period(due=1000, met=997), 1.0) == inf
    assert burn(period(), 1.0) == 0.0


def test_a_total_outage_is_noticed_as_soon_as_the_workbook_says():
    """(1 - objective) / error share x window x burn rate: 14.4 x .1 % of an hour is 51.84 s of outage."""
    fast = windows(30 * 86_400.0, 10.0)[0]
    good = [period(end_s=10.0 * i) for i in range(1, 361)]
    for lost in range(1, 12):
        stretches = [*good[lost:], *(period(met=0) for _ in range(lost))]
        long, short, _ = burning(stretches, fast, 0.999)
        assert (min(long, short) > fast.rate) == (10.0 * lost > 51.84)


def test_both_windows_must_burn():
    rule = ALERT_RULES.make("burn-rate", speed="fast")
    bad, good = [period(met=900)] * 6, [period()] * 6
    for stretches, out in (
        (bad, True),
        (good, False),
        ([*bad[:5], period()], False),
    ):  # the last one: it is over
        ((reading,), _) = rule.judge(look(stretches=stretches), rule.start())
        assert reading.out == out
    few = [period(due=5, met=4)] * 6  # six missed tasks say nothing
    assert not rule.judge(look(stretches=few), rule.start())[0][0].out


def test_what_burns_for_a_known_cause_is_held_back_but_not_for_ever():
    rule = ALERT_RULES.make("burn-rate", speed="fast", patience_s=100.0)
    memory, held = rule.start(), []
    for i in range(15):
        at = look(stretches=[period(met=900)] * 6, time_s=10.0 * i, held="2 open incidents")
        (reading,), memory = rule.judge(at, memory)
        held.append(reading.held)
    assert held[:11] == ["2 open incidents"] * 11
    assert held[11:] == [""] * 4
    assert isnan(rule.judge(look(stretches=[period()] * 6), memory)[1])


# -- alerts --------------------------------------------------------------------------------------------------------

RULE = ALERT_RULES.make(
    "limit", metric="late_share", limit=0.1, for_s=20.0, title="late", severity="critical"
)


def reading(out=True, subject="", value=0.5, held=""):
    return Reading(subject, value, 0.1, out, f"late share {value}", held)


def book_of(*outs, rule=RULE):
    """The alerts after looks every 10 s at which a reading was out, or not."""
    book = Alerts()
    for i, out in enumerate(outs):
        book.note(10.0 * (i + 1), "late", rule, [reading(out)])
    return book


def test_an_alert_fires_only_after_it_was_out_for_long_enough():
    assert [book_of(*[True] * n)["late"].state for n in (1, 2, 3)] == ["pending", "pending", "firing"]
    assert len(book_of(True, True, False)) == 0  # never fired, and forgotten
    assert book_of(True, True, False, True, True)["late"].state == "pending"


def test_an_alert_knows_when_how_often_and_why():
    alert = book_of(False, True, True, True, True)["late"]
    assert (alert.first_s, alert.last_s, alert.count, alert.fired) == (20.0, 50.0, 4, 1)
    assert (alert.value, alert.limit, alert.severity, alert.cause) == (0.5, 0.1, "critical", "late share 0.5")


def test_the_same_rule_and_subject_is_one_alert_however_often_it_fires():
    book = book_of(*[True] * 4, False, *[True] * 4)
    assert len(book) == 1
    assert (book["late"].count, book["late"].fired, book["late"].first_s) == (8, 2, 60.0)
    assert [state for _, _, state in book.log] == ["pending", "firing", "resolved", "pending", "firing"]
    book.note(100.0, "late", RULE, [reading(), reading(subject="node 3")])
    assert sorted(alert.key for alert in book) == ["late", "late: node 3"]


def test_what_a_rule_does_not_speak_of_any_more_is_resolved():
    book = book_of(*[True] * 4)
    book.note(50.0, "late", RULE, [])
    assert book["late"].state == "resolved"


def test_an_acknowledged_alert_stays_so_until_it_is_over():
    book = book_of(*[True] * 4)
    book.acknowledge("late", 45.0)
    book.note(50.0, "late", RULE, [reading()])
    assert book["late"].state == "acknowledged"
    book.note(60.0, "late", RULE, [reading(False)])
    assert book["late"].state == "resolved"
    for t in (70.0, 80.0, 90.0):
        book.note(t, "late", RULE, [reading()])
    assert book["late"].state == "firing"  # another spell is news


def test_a_silenced_alert_keeps_quiet_until_then():
    book = book_of(*[True] * 4)
    book.silence("late", 75.0, 45.0)
    states = []
    for t in (50.0, 60.0, 70.0, 80.0):
        book.note(t, "late", RULE, [reading()])
        states.append(book["late"].state)
    assert states == ["silenced"] * 3 + ["firing"]


def test_what_is_silenced_while_it_is_over_fires_silently():
    book = book_of(*[True] * 4, False)
    book.silence("late", 200.0, 50.0)
    for t in (60.0, 70.0, 80.0):
        book.note(t, "late", RULE, [reading()])
    assert book["late"].state == "silenced"


def test_what_is_held_back_stays_pending_and_fires_when_it_is_not_any_more():
    book = Alerts()
    for t in (10.0, 20.0, 30.0, 40.0):
        book.note(t, "late", RULE, [reading(held="node 3 is down")])
    assert (book["late"].state, book["late"].held) == ("pending", "node 3 is down")
    book.note(50.0, "late", RULE, [reading()])
    assert book["late"].state == "firing"


def test_what_cannot_be_done_is_refused():
    book = book_of(*[True] * 4, False)
    with pytest.raises(ss.ConfigError, match=r"no alert is called 'lat'\. Did you mean 'late'"):
        book.acknowledge("lat", 50.0)
    with pytest.raises(ss.ConfigError, match="resolved"):
        book.acknowledge("late", 50.0)
    with pytest.raises(ss.ConfigError, match="after now"):
        book.silence("late", 40.0, 50.0)


def test_the_gravest_open_alerts_stand_first():
    book = Alerts()
    for severity, out in (("info", True), ("critical", False), ("warning", True), ("critical", True)):
        rule = replace(RULE, severity=severity, for_s=0.0)
        for t, now in ((10.0, True), (20.0, out)):
            book.note(t, f"{severity} {out}", rule, [reading(now)])
    assert [a.key for a in book.ordered()] == ["critical True", "warning True", "info True", "critical False"]


# -- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALERT_RULES)
def test_every_rule_is_quiet_when_all_is_well(name):
    rule = ALERT_RULES.make(name)
    assert rule.severity in ("info", "warning", "critical")
    figures = dict.fromkeys(METRICS, 0.0)
    memory = rule.start()
    for i in range(30):
        readings, memory = rule.judge(look(figures, stretches=[period()], time_s=10.0 * i), memory)
        assert not any(one.out for one in readings)


@pytest.mark.parametrize("name", ALERT_RULES)
def test_every_rule_bears_figures_that_are_not_there(name):
    rule = ALERT_RULES.make(name)
    readings, _ = rule.judge(look(), rule.start())
    assert not any(one.out for one in readings)


def test_a_limit_speaks_of_each_subject():
    rule = ALERT_RULES.make("limit", metric="edge", limit=0.9, side="below")
    readings, _ = rule.judge(look(parts={"edge": {"a -> b": 0.5, "b -> a": 1.0}}), rule.start())
    assert [(one.subject, one.out) for one in readings] == [("a -> b", True), ("b -> a", False)]


def test_incidents_of_one_kind_are_one_alert():
    def one(number, fault, overdue_s):
        return Open(key=str(number), fault=fault, target=f"thing {number}", age_s=1.0, overdue_s=overdue_s)

    incidents = [one(0, "agent-crash", -1.0), one(1, "node-crash", 5.0), one(2, "agent-crash", -1.0)]
    rule = ALERT_RULES.make("incidents")
    readings, _ = rule.judge(look(incidents=incidents), None)
    assert [(r.subject, r.value, r.cause) for r in readings] == [
        ("agent-crash", 2.0, "thing 0 and 1 more"),
        ("node-crash", 1.0, "thing 1"),
    ]
    late, _ = replace(rule, overdue=True).judge(look(incidents=incidents), None)
    assert [r.subject for r in late] == ["node-crash"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"metric": "lateshare"}, "Did you mean 'late_share'"),
        ({"side": "left"}, "above, below or both"),
        ({"for_s": -1.0}, "for_s = -1.0"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(settings, said):
    with pytest.raises(ss.ConfigError, match=said):
        ALERT_RULES.make("limit", **settings)


def test_the_rules_that_are_always_there_have_names_of_their_own():
    assert len(named(ALWAYS)) == len(ALWAYS)
    assert all(rule.text for rule in ALWAYS)


def test_a_users_rule_is_asked_and_replaces_one_of_the_same_title():
    @ss.register("alert rule", "too busy")
    @dataclass(frozen=True, slots=True, kw_only=True)
    class TooBusy:
        most: float = 0.5
        title: str = ""
        severity: str = "info"
        for_s: float = 0.0
        text: str = "hardly anybody is idle"

        def start(self):
            return 0

        def judge(self, look, memory):
            value = look.figures["utilization"]
            return [Reading("", value, self.most, value > self.most, f"{memory} looks so far")], memory + 1

    rules = ["too busy", {"name": "limit", "metric": "utilization", "limit": 2.0, "title": "errors"}]
    m = model(**{"resilience.health.rules": rules}).run(60.0)
    alert = m.health.book["too busy"]
    busy = sum(one.utilization > 0.5 for one in m.health.stretches)
    assert (alert.state, alert.severity, alert.cause, alert.count) == (
        "firing",
        "info",
        "5 looks so far",
        busy,
    )
    assert m.health.rules["errors"].limit == 2.0


# -- healths -------------------------------------------------------------------------------------------------------

UP = {"agents": 1.0, "clusters": 1.0, "nodes": 1.0}


def test_overall_health_is_the_lowest_and_says_why():
    well = standing(10.0, UP, {"scaler": 1.0}, {"a -> b": 1.0}, period())
    assert (well.overall, well.cause) == (1.0, "")
    down = standing(10.0, UP | {"nodes": 0.75}, {"scaler": 0.8}, {"a -> b": 0.9}, period(met=950))
    assert (down.component, down.integration, down.system) == (0.75, 0.9, 0.95)
    assert (down.overall, down.cause) == (0.75, "75.0% of the nodes believed to be up")
    slow = standing(10.0, UP, {"scaler": 0.5, "learner": 1.0}, {}, None)
    assert slow.cause == "controller scaler did 50.0% of its due runs in time"
    cut = standing(10.0, UP, {}, {"a -> b": 0.9, "b -> a": 0.4}, period())
    assert (cut.overall, cut.cause) == (0.4, "edge b -> a: 40.0% of its events acted in time")
    late = standing(10.0, UP, {}, {}, period(completed=100, late=10))
    assert (late.system, late.in_time) == (0.9, 0.9)
    drops = standing(10.0, UP, {}, {}, period(dropped=(300,) + (0,) * (len(DROPS) - 1)))
    assert (drops.kept, drops.cause) == (0.7, "tasks of the last minute not dropped: 70.00%")


# -- in a model ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node_down():
    return model(**crash("node-crash", components=[1], for_s=60.0)).run(200.0)


def test_a_run_without_faults_is_the_same_with_and_without_a_health_monitor():
    watched, plain = (model(**{"resilience.health.on": on}).run(120.0) for on in (True, False))
    assert plain.health is None
    assert watched.records.frame().equals(plain.records.frame())
    assert len(watched.health.series) == 12
    assert all(one.component == one.integration == 1.0 for one in watched.health.series)


def test_it_looks_once_a_period_and_knows_what_is_recorded(node_down):
    health, records = node_down.health, node_down.records
    assert [one.time_s for one in health.series] == [10.0 * i for i in range(1, 21)]
    assert sum(one.arrived for one in health.stretches) == records.column("arrived").sum()
    budget = health.budget()
    raw = records.raw()
    assert budget.due == raw.count(Count.DUE).sum()
    assert budget.missed == budget.due - raw.count(Count.MET).sum()
    assert node_down.aggregator.due == budget.due


def test_a_node_that_is_down_is_known_and_alerted_about(node_down):
    health = node_down.health
    nodes = {one.time_s: one.nodes for one in health.series}
    assert nodes[60.0] == 1.0
    assert nodes[80.0] == 0.75
    assert nodes[150.0] == 1.0
    at = next(one for one in health.series if one.time_s == 80.0)
    assert (at.overall, at.cause) == (0.75, "75.0% of the nodes believed to be up")
    alert = health.book["nodes out"]
    assert (alert.state, alert.severity, alert.fired) == ("resolved", "critical", 1)
    assert 60.0 < alert.first_s <= 80.0
    assert alert.last_s <= 140.0


PATIENT = {"resilience.detection.detector": "timeout", "resilience.detection.detector.after_s": 300.0}


def test_what_is_not_noticed_does_not_exist_for_it():
    """A detector that waits for longer than the run: nobody knows that agents fell silent."""
    blind = model(**crash("mass-crash"), **PATIENT).run(80.0)
    seeing = model(**crash("mass-crash")).run(80.0)
    assert min(one.agents for one in blind.health.series) == 1.0
    assert blind.resilience.log.incidents
    assert "open incident: mass-crash" not in blind.health.book.by_key
    assert min(one.agents for one in seeing.health.series) < 0.95
    assert seeing.health.book["agents out"].fired == 1
    assert seeing.health.book["open incident: mass-crash"].fired == 1


SLOW_REPAIR = {
    "resilience.recovery.restart_s": 60.0,
    "resilience.recovery.restart_cv": 0.0,
    "demand.load": 0.62,
    "demand.classes": [{"name": "any", "law": "lognormal", "cv": 0.2, "work_s": 2.0, "deadline_s": 8.0}],
}


def test_what_burns_while_an_incident_is_open_is_no_second_alert():
    m = model(**crash("mass-crash", share=0.5), **SLOW_REPAIR).run(150.0)
    fast = m.health.book["fast burn"]
    (mass,) = m.resilience.log.incidents
    assert not isnan(mass.recovered_s)
    assert fast.first_s < mass.recovered_s
    fired = [t for t, key, state in m.health.book.log if (key, state) == ("fast burn", "firing")]
    assert all(t > mass.recovered_s for t in fired)
    cut = model(**crash("mass-crash", share=0.5), **SLOW_REPAIR)
    cut.bus.repairs = False
    cut.bus.disturb("health", "metrics", "drop", 1e9)
    cut.run(150.0)
    doubled = [t for t, key, state in cut.health.book.log if (key, state) == ("fast burn", "firing")]
    assert min(doubled) < mass.recovered_s  # nobody told the aggregator of the incident


def test_what_burns_until_capacity_comes_is_no_second_alert():
    a = model().aggregator
    assert a.held(10.0) == ""
    heard = [Resized(before=10, after=15, ready_at_s=40.0), Resized(before=15, after=12, ready_at_s=30.0)]

    class Bus:
        def consume(self, receiver):
            assert receiver == "metrics"
            return heard

    class Model:
        bus = Bus()

    a._listen(Model())
    assert a.held(39.0) == "5 agents called for are ready at 40 s"
    assert a.held(40.0) == ""
    heard[:] = [OpenIncidents(keys=("a", "b"))]
    a._listen(Model())
    assert a.held(50.0) == "2 open incidents"
    heard[:] = [OpenIncidents()]
    a._listen(Model())
    assert a.held(50.0) == ""


def test_figures_that_do_not_come_are_missed():
    m = model()
    m.bus.repairs = False
    m.bus.disturb("metrics", "health", "drop", 1e9)
    m.run(100.0)
    assert m.health.stretches == []
    alert = m.health.book["no figures"]
    assert (alert.state, alert.first_s) == ("firing", 40.0)
    assert m.health.book.by_key.keys() >= {"no figures"}
    assert "no figures" not in model().run(100.0).health.book.by_key


def test_refused_load_is_told_by_the_optimizer():
    overloaded = model(**{"demand.load": 1.5, "resilience.admission.on": True})
    overloaded.run(60.0)
    assert overloaded.health.book["shedding"].state == "firing"
    assert 0.1 < overloaded.health.book["shedding"].value < 0.8
    cut = model(**{"demand.load": 1.5, "resilience.admission.on": True})
    cut.bus.repairs = False
    cut.bus.disturb("optimizer", "health", "drop", 1e9)
    assert "shedding" not in cut.run(60.0).health.book.by_key


def test_alerts_are_acknowledged_and_silenced_between_ticks():
    m = model(**{"demand.load": 2.0}).run(120.0)
    key = "late answers"
    assert m.health.book[key].state == "firing"
    m.health.acknowledge(key)
    m.run(20.0)
    assert m.health.book[key].state == "acknowledged"
    m.health.silence(key, m.now_s + 25.0)
    m.run(20.0)
    assert m.health.book[key].state == "silenced"
    m.run(20.0)
    assert m.health.book[key].state == "firing"
    frame = m.health.alerts_frame()
    assert frame.loc[frame.key == key, "state"].item() == "firing"
    assert list(m.health.standing_frame().time_s) == [10.0 * i for i in range(1, 19)]


def test_an_overloaded_fleet_burns_its_budget_at_all_speeds():
    m = model(**{"demand.load": 2.0}).run(200.0)
    assert {"fast burn", "medium burn", "slow burn"} <= m.health.book.by_key.keys()
    assert all(long > rate and short > rate for rate, _, _, long, short in m.health.burns)
    assert m.health.budget().left < 0
    calm = model().run(200.0)
    assert not any(a.rule in ("fast burn", "medium burn") and a.fired for a in calm.health.alerts)


@pytest.mark.parametrize("dt", [0.5, 7.0, 60.0])
def test_periods_are_whole_ticks(dt):
    m = model(**{"dt": dt, "seconds": 840.0, "records.window_s": 420.0, "records.cluster_period_s": 420.0})
    m.run(420.0)
    assert m.health.period_s == {0.5: 10.0, 7.0: 14.0, 60.0: 60.0}[dt]
    assert len(m.health.series) == round(420.0 / m.health.period_s)
    assert len(m.health.stretches) == len(m.health.series)


def incident(**known):
    return Incident(
        **({"key": "a", "fault": "f", "layer": "system", "target": "it", "size": 1, "begins_s": 5.0} | known)
    )


def test_an_incident_of_several_shards_is_over_when_all_its_parts_are():
    found, unseen = (
        incident(found_s=7.5, target="2 agents"),
        incident(size=2, target="3 agents", deadline_s=9.0),
    )
    over = replace(found, recovered_s=8.0)
    logs = [[found, incident(key="b")], [unseen]]
    told = [unpacked(packed(log)) for log in logs]
    assert [repr(one) for log in told for one in log] == [repr(one) for log in logs for one in log]
    (parts, _) = together(told)
    assert repr(parts) == repr([found, unseen])
    (one, none) = [_open(parts, 20.0), _open([unseen], 20.0)]
    assert (one.key, one.target, one.age_s, one.overdue_s, none) == (
        "a",
        "2 agents and 3 agents",
        15.0,
        -45.0,
        None,
    )
    assert _open([over, unseen], 20.0) is not None
    assert _open([over, replace(unseen, recovered_s=9.0)], 20.0) is None
    assert _open(parts, 7.0) is None  # not found yet


def watch(config, shards):
    """Health monitor and digest of each shard."""
    return shards_told(
        config, shards, lambda m: (m.health, m.aggregator, digest(m)), run=lambda m: m.run(100.0)
    )


CASES = {
    "overload": {"demand.load": 2.0, "resilience.admission.on": True},
    "crashes": crash("mass-crash", at_s=30.0),
    "growing": {"demand.load": 1.3, "scaling": "hpa", "life.start_s": 5.0},
}


@pytest.mark.parametrize("case", CASES)
def test_all_shards_say_the_same(case):
    config = ss.Config.load("tiny").changed(KEYS | {"demand.load": 0.6} | CASES[case])
    ((health, aggregator, state),) = watch(config, 1)
    assert health.book.log
    for shards in (2, 4):
        for other, told, digested in watch(config, shards):
            assert digested == state
            assert other.series == health.series
            assert other.stretches == health.stretches
            assert told.series == aggregator.series
            assert other.book.log == health.book.log
            for alert, same in zip(health.book, other.book, strict=True):
                assert replace(alert, cause="") == replace(
                    same, cause=""
                )  # which names the parts of each shard


def test_a_checkpoint_goes_on_bit_for_bit(tmp_path):
    straight = model(**{"demand.load": 1.5}, **crash("node-crash", components=[1], for_s=60.0)).run(93.0)
    straight.health.acknowledge(next(a.key for a in straight.health.alerts if a.open))
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(60.0), resumed.run(60.0)
    assert repr(straight.health) == repr(resumed.health)
    assert repr(straight.aggregator) == repr(resumed.aggregator)


def test_nothing_is_watched_where_the_config_says_so():
    m = model(**{"resilience.on": False}).run(30.0)
    assert (m.health, m.aggregator, m.admission) == (None, None, None)
    assert nan not in m.records.column("arrived")
