"""docs/runbook.md: a section for each alert, and its actions carried out on game-day and in small scenarios."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.health.monitor import named
from swarmscale.model.health.rules import ALERT_RULES, ALWAYS

PAGE = (Path(__file__).parent.parent / "docs" / "runbook.md").read_text(encoding="utf-8")
ALERTS = PAGE.split("\n## Alerts\n")[1].split("\n## ")[0]
SECTIONS = dict(re.findall(r"^### (.+)\n((?:(?!### ).*\n?)*)", ALERTS, re.M))
ACTIONS = {title: re.search(r"```py\n(.*?)```", text, re.S)[1] for title, text in SECTIONS.items()}
QUIET = {"intelligence.on": False, "emergence.on": False}


def test_each_alert_has_a_section_and_each_section_an_alert():
    assert sorted(SECTIONS) == sorted(named(ALWAYS))


def test_each_section_says_what_it_means_where_to_look_and_what_to_do():
    for title, text in SECTIONS.items():
        assert all(word in text for word in ("**Means.**", "**Look at**", "**Do**")), title


def test_each_kind_of_rule_is_named():
    kinds = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.M)
    assert sorted(kinds) == sorted(ALERT_RULES)


@dataclass
class Operator:
    """Carries out the runbook's action once each time that an alert begins to fire."""

    period_s: float = 10.0
    order: int = 90
    done: set[tuple[str, int]] = field(default_factory=set)
    thrown: list[str] = field(default_factory=list)

    def act(self, model):
        for alert in model.health.alerts:
            if alert.state == "firing" and (alert.key, alert.fired) not in self.done:
                self.done.add((alert.key, alert.fired))
                names = {"model": model, "alert": alert, "np": np, "math": math}
                try:
                    exec(ACTIONS[alert.rule], names)
                except Exception as error:  # the guard would keep it to itself
                    self.thrown.append(f"{alert.key}: {error!r}")


def open_s(model) -> dict[str, float]:
    """By alert that fired, how long it was open in all, s."""
    since, total = {}, defaultdict(float)
    for time_s, key, state in model.health.book.log:
        if state == "firing":
            since.setdefault(key, time_s)
        elif state == "resolved" and key in since:
            total[key] += time_s - since.pop(key)
    for key, time_s in since.items():
        total[key] += model.now_s - time_s
    return dict(total)


def pair(config, seconds, keys, rng=5):
    """A run that is let be, its twin with the actions, and the operator."""
    runs, operator = [], Operator()
    for acts in (False, True):
        model = ss.SwarmModel(config, rng=rng, **{**QUIET, **keys})
        if acts:
            model.add_controller(operator)
        runs.append(model.run(seconds))
    return *runs, operator


@pytest.fixture(scope="module")
def game_day():
    """All incidents of the preset in two fifths of the time and with 800 agents."""
    script = [
        {name: value for name, value in one.model_dump(mode="json").items() if value is not None}
        | {"at_s": one.at_s * 0.4}
        for one in ss.Config.load("game-day").resilience.script
    ]
    keys = {"fleet.agents": 800, "seconds": 1440.0, "resilience.script": script}
    return pair("game-day", 1440.0, keys, rng=7)


CRASH = {"name": "mass-crash", "share": 0.9}
LAME = {"name": "agent-slow", "factor": 6.0, "ramp_s": 0.0}
DEAF = {"name": "edge-fault", "how": "drop", "sender": "metrics", "receiver": "health", "for_s": 120.0}
SMALL = {
    "overload": {"demand.load": 1.5, "resilience.admission.on": True},
    "full queues": {"demand.load": 1.5, "cluster.queue": 5},
    "half of the agents become slow": {"resilience.script": [{"at_s": 250.0, "fault": LAME, "share": 0.5}]},
    "most agents crash": {"resilience.script": [{"at_s": 246.0, "fault": CRASH}], "life.start_s": 60.0},
    "figures are lost": {
        "resilience.script": [{"at_s": 30.0, "fault": DEAF}],
        "resilience.recovery.on": False,
    },
}


@pytest.fixture(scope="module")
def small():
    return {name: pair("tiny", 400.0, {"seconds": 600.0, **keys}) for name, keys in SMALL.items()}


def test_each_alert_fires_somewhere_and_its_action_is_carried_out(game_day, small):
    operators = [operator for *_, operator in (game_day, *small.values())]
    assert [text for one in operators for text in one.thrown] == []
    assert {key.partition(": ")[0] for one in operators for key, _ in one.done} == set(SECTIONS)


def longer(alone, helped) -> dict[str, tuple[float, float]]:
    """Alerts that were open for longer with the actions than without, s."""
    without, acted = open_s(alone), open_s(helped)
    return {key: (without[key], acted[key]) for key in without if acted.get(key, 0.0) > without[key]}


def test_no_alert_of_game_day_stays_open_longer_with_the_runbook_and_all_are_over(game_day):
    alone, helped, _ = game_day
    assert len(open_s(alone)) >= 10
    assert longer(alone, helped) == {}
    assert [alert.key for alert in helped.health.alerts if alert.open] == []


@pytest.mark.parametrize("name", SMALL)
def test_no_alert_of_a_small_scenario_stays_open_longer_with_the_runbook(small, name):
    alone, helped, _ = small[name]
    assert open_s(alone)
    assert longer(alone, helped) == {}


def test_actions_of_game_day_shorten_what_the_page_says_they_shorten(game_day):
    alone, helped, _ = game_day
    without, acted = open_s(alone), open_s(helped)
    assert acted["overdue incident: agent-slow"] < 0.2 * without["overdue incident: agent-slow"]
    assert acted["nodes out"] < without["nodes out"]
    assert acted["slower answers"] < without["slower answers"] / 2
    assert helped.summary()["mttr_s"].value < alone.summary()["mttr_s"].value


@pytest.mark.parametrize("name", ["overload", "full queues"])
def test_adding_capacity_ends_the_alerts_of_a_fleet_that_is_too_small(small, name):
    alone, helped, _ = small[name]
    missed = [
        m.records.column("due")[-100:].sum() - m.records.column("met")[-100:].sum() for m in (alone, helped)
    ]
    assert missed[0] > 500
    assert missed[1] < 0.02 * missed[0]
    assert [a.key for a in helped.health.alerts if a.open and a.severity == "critical"] == []


def test_starting_agents_for_those_that_crashed_answers_more_in_time(small):
    alone, helped, _ = small["most agents crash"]
    met = [m.records.column("met")[246:].sum() / m.records.column("due")[246:].sum() for m in (alone, helped)]
    assert met[1] > met[0] + 0.02


def test_subscribing_anew_brings_the_figures_back_sooner(small):
    alone, helped, _ = small["figures are lost"]
    assert open_s(helped)["no figures"] < open_s(alone)["no figures"]


def test_an_operator_who_does_nothing_changes_nothing(small):
    """So that differences between twins are those of the actions."""

    class Idle(Operator):
        def act(self, model):
            """Look on."""

    alone = small["overload"][0]
    model = ss.SwarmModel("tiny", rng=5, **{**QUIET, "seconds": 600.0, **SMALL["overload"]})
    model.add_controller(Idle())
    assert model.run(400.0).records.frame().equals(alone.records.frame())
    assert model.health.book.log == alone.health.book.log
