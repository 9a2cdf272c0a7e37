"""Dispatch rules, and delegation: first what each rule must do, then each on its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from swarmscale import rng
from swarmscale.agents.fleet import IDLE
from swarmscale.model.config import Config
from swarmscale.model.flow.dispatch import DISPATCH_RULES
from swarmscale.model.flow.ledger import (
    AT_CLUSTER,
    BYTES,
    CLUSTER_WAIT,
    DISPATCH_END,
    HIERARCHY,
    INTER,
    MESSAGES,
    Count,
)

from .flow_support import agrees, plain, run, seeds, z_of

RULES = sorted(DISPATCH_RULES)
CHOICE = {
    "fleet__agents": 200,
    "fleet__cluster_agents": 10,
    "demand__classes": ({"work_s": 1.0},),
    "demand__load": 0.95,
}
TYPES = ("analytical", "creative", "social")
UNLIKE = {
    "fleet.agents": 240,
    "fleet.nodes": 1,
    "fleet.cluster_agents": 4,
    "fleet.speed_cv": 0.0,
    "fleet.skill_own": (0.9, 1.0),
    "fleet.skill_other": (0.3, 0.6),
    "demand.load": 0.5,
    "demand.classes": tuple({"name": t, "type": t, "work_s": 2.0} for t in TYPES),
}


@dataclass
class Watched:
    """A rule that keeps what another one saw and chose."""

    rule: object
    seen: list = field(default_factory=list)

    def choose(self, view):
        self.rule.choose(view)
        self.seen.append((view.offsets.copy(), view.choice.copy()))


def watch(flow, tick, now):
    if tick == 0:
        flow.rule = Watched(flow.rule)


def wait_s(one):
    return one.mean_s(Count.CLUSTER_WAIT_T, Count.STARTED)


def share_waiting(one):
    return 1 - one.hist[CLUSTER_WAIT, 0] / one.hist[CLUSTER_WAIT].sum()


def skill(one):
    """Mean skill, 0 to 1, of agents for the tasks that they began."""
    return one[Count.MATCH_SUM] / 255 / one[Count.STARTED]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_chooses_only_clusters_of_the_tasks_node_that_have_agents(rule):
    """Also after a whole cluster has left; a node without clusters drops its tasks."""
    config = Config().changed(
        {
            "fleet.agents": 70,
            "fleet.nodes": 3,
            "fleet.cluster_agents": 10,
            "fleet.type_shares": (1, 1, 1, 0, 0, 0),
            "demand.load": 0.8,
            "dispatch.rule": rule,
        }
    )

    def between(flow, tick, now):
        watch(flow, tick, now)
        if tick == 10:
            for q in (0, 3):
                mine = np.arange(q * flow.fleet.slots, (q + 1) * flow.fleet.slots)
                flow.fleet.drain(mine[flow.fleet.column("uid")[mine] > 0])
        flow.fleet.sweep()

    one = run(config, 4, 60, between=between)
    node_of = one.flow.hierarchy.node_of_cluster
    gone = np.flatnonzero(one.flow.fleet.size == 0)
    assert gone.tolist() == [0, 3]
    for number, (offsets, choice) in enumerate(one.flow.rule.seen):
        node = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        assert (choice >= 0).all()
        assert (node_of[choice] == node).all()
        if number >= 50:
            assert not np.isin(choice, gone).any()
    assert sum(len(choice) for _, choice in one.flow.rule.seen) == one[Count.DISPATCHED]
    assert one[Count.DROPPED_UNREACHABLE] == 0


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_uses_every_cluster_of_a_node(rule):
    one = run(plain(**CHOICE, dispatch__rule=rule), 1, 60, between=watch)
    chosen = np.concatenate([choice for _, choice in one.flow.rule.seen])
    assert len(np.unique(chosen)) == one.flow.fleet.clusters


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_chooses_the_same_in_the_same_run(rule):
    config = Config().changed(UNLIKE | {"dispatch.rule": rule})
    a, b = (run(config, 9, 20, between=watch) for _ in range(2))
    assert all((x[1] == y[1]).all() for x, y in zip(a.flow.rule.seen, b.flow.rule.seen, strict=True))
    assert (a.count == b.count).all()


@pytest.mark.parametrize("rule", RULES)
def test_a_node_without_clusters_drops_its_tasks_as_unreachable(rule):
    config = plain(fleet__agents=1, fleet__nodes=2, demand__load=2.0, dispatch__rule=rule)
    one = run(config, 1, 60)
    assert 0 < one[Count.DROPPED_UNREACHABLE] < one[Count.ARRIVED]
    assert one[Count.STARTED] > 0


@functools.cache
def waits_at_95_percent(rule, *fields):
    """Mean wait in each of six runs of the same arrivals under a rule and its settings, s."""
    config = plain(**CHOICE, dt=0.1, dispatch__rule=rule).changed(dict(fields))
    return np.array([wait_s(run(config, s, 50, warm_up=30)) for s in seeds("95 percent", 6)])


@pytest.mark.parametrize("rule", ["jsq", "least-work", "round-robin", "contract-net", "skill-match"])
def test_a_rule_with_sense_waits_less_than_random_choice_at_95_percent(rule):
    """The same arrivals, seed by seed; half of random's wait at most, save for the rule that looks at no state."""
    random, other = waits_at_95_percent("random"), waits_at_95_percent(rule)
    assert z_of(random - other, 0.0) > 4
    if rule != "round-robin":
        assert other.mean() < random.mean() / 2


@pytest.mark.parametrize("d", [2, 4])
def test_more_choices_wait_less(d):
    less, more = (waits_at_95_percent("jsq", ("dispatch.rule.d", n)) for n in (d // 2, d))
    assert z_of(less - more, 0.0) > 4


def test_joining_the_shorter_of_one_queue_is_random_choice_in_law():
    """Shares of tasks that wait, in independent runs: the difference over their mean is 0."""
    spans = {"dt": 10.0, "demand__bin_s": 10.0, "demand__load": 0.8}
    one = plain(**(CHOICE | spans), dispatch__rule="jsq", dispatch__rule__d=1)
    other = plain(**(CHOICE | spans), dispatch__rule="random")
    first, second = (
        np.array([share_waiting(run(config, s, 600, warm_up=50)) for s in seeds(name, 20)])
        for config, name in ((one, "d = 1"), (other, "random"))
    )
    agrees(1 + (first - second) / ((first + second).mean() / 2), 1.0)


@pytest.mark.parametrize(("agents", "asked"), [(200, 3), (20, 2)])
def test_contract_net_pays_each_announcement_bid_and_award(agents, asked):
    """2 x bidders + 1 messages a task; of fewer clusters than bidders all are asked."""
    settings = CHOICE | {"fleet__agents": agents, "records__trace_tasks": 1.0, "network__local_ms": 0.5}
    config = plain(
        **settings, dispatch__rule="contract-net", dispatch__rule__bidders=3, dispatch__rule__bid_ms=2.0
    )
    one = run(config, 2, 30)
    messages = one[Count.DISPATCHED] * (2 * asked + 1)
    assert one[Count.DISPATCHED] > 100
    assert one.messages[INTER, MESSAGES] == messages
    assert one.messages[INTER, BYTES] == messages * config.network.control_bytes
    left, there = one.log.of(DISPATCH_END), one.log.of(AT_CLUSTER)
    delays = np.array([there[uid][0] - left[uid][0] for uid in there])
    assert delays == pytest.approx(
        0.5e-3 + 2 * 0.5e-3 + 2e-3
    )  # to the winner, and the round trip with the bid


def best_skill(flow, generator, number):
    """Mean skill if ``number`` tasks of drawn types met idle agents in the best assignment."""
    idle = np.flatnonzero(flow.fleet.column("state") == IDLE)
    clusters, slots = np.divmod(idle, flow.fleet.slots)
    types = generator.choice(flow.demand.marks.class_type, min(number, len(idle)))
    fit = flow.fleet.rows.skill[clusters, :, slots][:, types].T
    tasks, agents = linear_sum_assignment(fit, maximize=True)
    return fit[tasks, agents].mean() / 255


def test_skill_match_lies_between_random_choice_and_the_best_assignment():
    """On a fleet of unlike agents it regains a good part of what random choice loses to the best assignment."""
    shares = {}
    best = []
    name = seeds("skill", 8)
    for rule in ("random", "skill-match"):
        config = Config().changed(UNLIKE | {"dispatch.rule": rule})
        shares[rule] = []
        for s in name:
            generator = rng.generator(s, "tests.types")

            def between(flow, tick, now, generator=generator):
                if tick >= 20 and tick % 10 == 0:
                    best.append(best_skill(flow, generator, 30))

            shares[rule].append(skill(run(config, s, 100, warm_up=20, between=between)))
    random, matched, top = np.array(shares["random"]), np.array(shares["skill-match"]), float(np.mean(best))
    assert z_of(matched - random, 0.0) > 4
    assert random.mean() < matched.mean() < top
    assert (top - matched.mean()) < 0.9 * (top - random.mean())


def test_an_idle_agent_of_the_right_type_is_taken_first():
    """One cluster with all types: while half of it idles, tasks meet skills of their own type."""
    config = plain(
        fleet__agents=100,
        fleet__skill_own=(0.95, 1.0),
        fleet__skill_other=(0.1, 0.2),
        demand__load=0.2,
        demand__classes=tuple({"name": t, "type": t, "work_s": 2.0} for t in TYPES),
    )
    assert skill(run(config, 1, 100)) > 0.95


LOADED = {
    "fleet.agents": 160,
    "fleet.nodes": 4,
    "fleet.cluster_agents": 10,
    "fleet.zone_clusters": 2,
    "fleet.speed_cv": 0.0,
    "fleet.communication": "none",
    "network.loss": 0.0,
    "dispatch.rule": "jsq",
    "demand.locality": 1.0,
    "demand.entry_skew": 1.0,
    "demand.load": 0.95 / (4 * 0.48),  # Zipf's first of four has .48 of all arrivals
    "demand.classes": ({"work_s": 1.0},),
    "fleet.skill_own": (1.0, 1.0),
    "fleet.skill_other": (1.0, 1.0),
}


def test_delegation_shortens_the_waits_of_a_node_at_95_percent():
    """The same arrivals with and without: the difference lies far beyond its interval."""
    off, on = [], []
    for s in seeds("delegation", 10):
        off.append(run(Config().changed(LOADED), s, 300, warm_up=60))
        on.append(run(Config().changed(LOADED | {"delegation.on": True}), s, 300, warm_up=60))
    saved = np.array([wait_s(a) - wait_s(b) for a, b in zip(off, on, strict=True)])
    assert z_of(saved, 0.0) > 4
    answered = [[r.mean_s(Count.RESPONSE_T, Count.COMPLETED) for r in runs] for runs in (off, on)]
    assert z_of(np.subtract(*answered), 0.0) > 4


def test_escalations_are_counted_by_level_and_their_messages_are_paid():
    """A cluster asks both of its zone, a zone eight more of its node; an answer closes each."""
    off = run(Config().changed(LOADED | {"records.trace_tasks": 1.0}), 5, 100)
    on = run(Config().changed(LOADED | {"records.trace_tasks": 1.0, "delegation.on": True}), 5, 100)
    levels = (Count.ESCALATED_CLUSTER, Count.ESCALATED_ZONE, Count.ESCALATED_NODE)
    assert all(off[c] == 0 for c in levels)
    assert all(on[c] > 0 for c in levels)
    assert on[Count.ESCALATED_CLUSTER] > on[Count.ESCALATED_ZONE]
    assert off.messages[INTER, MESSAGES] == 0
    asked = (2 * 2 + 1) * on[Count.ESCALATED_CLUSTER] + 2 * 8 * on[Count.ESCALATED_ZONE]
    assert on.messages[INTER, MESSAGES] == asked
    assigned = (on.log.stage == AT_CLUSTER).sum()
    coordination = 2 * assigned + on[Count.HOPS] + 4 * on[Count.ESCALATED_NODE]
    assert on.messages[HIERARCHY, MESSAGES] == coordination
    assert on[Count.HOPS] > off[Count.HOPS] == 0
