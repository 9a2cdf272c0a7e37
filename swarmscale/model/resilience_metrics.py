"""Rows of the scorecard that tell of faults: what was made good, how fast, and what it cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .flow.ledger import DELIVERED, FIRST, LATENCY_T, MESSAGES, TICKS_PER_S, Count
from .intervals import Figure
from .metric import Metric, Reading, Stretch
from .resilience.measures import HOUR_S, Tally, budget, false_alarms, tally

if TYPE_CHECKING:
    from .resilience.incidents import IncidentLog
    from .swarm import SwarmModel

LOCAL_EACH, ASKED_EACH = 2, 4
"""Messages of the hierarchy's channel that cross no link: for each dispatched task, and for each time that a node asks
others to take one."""

_broken = partial(Metric, value=None, where="a run in which something breaks, such as swarmscale run storm")


def log_of_model(model: SwarmModel) -> IncidentLog | None:
    """The incidents and suspicions of a model's run; None where ``resilience`` is off."""
    return None if model.resilience is None else model.resilience.log


def watched_hours(model: SwarmModel) -> dict[str, float]:
    """Hours that senders of heartbeats were watched, summed over the senders of each tier.

    Of agents these are the hours for which they were ready; leads, nodes and links are watched all the time, each
    link in both directions.
    """
    hours = model.now_s / HOUR_S
    out = {
        "lead": hours * model.hierarchy_arrays.clusters,
        "node": hours * model.network.nodes,
        "link": hours * 2 * model.mesh.number_of_edges(),
    }
    if model.config.resilience.detection.agents:
        out["agent"] = float(model.records.raw().seconds(Count.READY_T).sum()) / HOUR_S
    return out


def _of_tally(figure: Callable[[Tally], Figure], note: str) -> Callable[[SwarmModel], Reading | None]:
    """A figure of all incidents with its interval over them; None where there was none."""

    def read(model: SwarmModel) -> Reading | None:
        log = log_of_model(model)
        if log is None or not len(log):
            return None
        mine = tally(log.incidents, model.now_s)
        value, low, high, _ = figure(mine)
        return Reading(value, low, high, note.format(one=mine))

    return read


def _false(model: SwarmModel) -> Reading | None:
    log = log_of_model(model)
    if log is None:
        return None
    found = false_alarms(log.suspicions, watched_hours(model))["all"]
    value, low, high, _ = found.rate_per_h
    note = (
        f"{found.false:,} of {found.suspicions:,} suspicions in {found.watched_h:,.0f} watched hours; Garwood"
    )
    return Reading(value, low, high, note)


def _lost(model: SwarmModel) -> Reading | None:
    log = log_of_model(model)
    if log is None or not len(log):
        return None
    mine = tally(log.incidents, model.now_s)
    return Reading(float(mine.lost), note=f"{mine.displaced:,} tasks were displaced")


def _stretch(model: SwarmModel) -> Stretch:
    """The run so far without its warm-up."""
    c = model.config
    return Stretch(
        model.records, min(round(c.records.warm_up_s / c.dt), model.records.ticks), model.records.ticks
    )


def _spent(model: SwarmModel) -> Reading | None:
    s = _stretch(model)
    objective = model.config.resilience.health.objective
    if not s.count(Count.DUE) or objective == 1:
        return None
    one = budget(objective, s.count(Count.DUE), s.count(Count.MET))
    note = f"{one.missed:,.0f} missed of {one.allowed:,.0f} allowed at an objective of {objective:.4%}"
    return Reading(one.spent, note=note)


def _hops(model: SwarmModel) -> tuple[Stretch, float]:
    """The run, and its messages of the hierarchy's channel that crossed no link."""
    s = _stretch(model)
    return s, LOCAL_EACH * s.count(Count.DISPATCHED) + ASKED_EACH * s.count(Count.ESCALATED_NODE)


def _first_hops(model: SwarmModel) -> Reading | None:
    s, local = _hops(model)
    sent = s.message(MESSAGES) - local
    return Reading((s.message(FIRST) - local) / sent) if sent > 0 else None


def _link_ms(model: SwarmModel) -> Reading | None:
    """Mean time of a hop: what the channel's messages took, without those that crossed no link."""
    s, local = _hops(model)
    c = model.config
    asked_s = ASKED_EACH * s.count(Count.ESCALATED_NODE) * c.delegation.decision_ms / 1000
    inside_s = (
        LOCAL_EACH * s.count(Count.DISPATCHED) * int(c.network.local_ms / 1000 * TICKS_PER_S) / TICKS_PER_S
    )
    crossed = s.message(DELIVERED) - local
    if crossed <= 0:
        return None
    return Reading(1000 * (s.message(LATENCY_T) / TICKS_PER_S - inside_s - asked_s) / crossed)


RESILIENCE_METRICS: tuple[Metric, ...] = (
    _broken(
        key="recovery",
        title="automatic recovery",
        unit="share",
        text="faults recovered within their deadline and without a lost task / faults injected, without those that are "
        "open and whose deadline has not come",
        claim="98 %",
        bound=0.98,
        of_model=_of_tally(
            lambda one: one.recovery,
            "{one.in_time:,} of {one.judged:,} incidents, {one.pending:,} more open; Clopper & Pearson",
        ),
    ),
    _broken(
        key="mttd_s",
        title="time to detect",
        unit="s",
        text="mean time from a fault's begin until anything suspects it, of the faults that were suspected",
        of_model=_of_tally(
            lambda one: one.mttd,
            "{one.found:,} of {one.injected:,} incidents, {one.missed:,} were over unseen; Student",
        ),
    ),
    _broken(
        key="mttr_s",
        title="time to recovery",
        unit="s",
        text="mean time from a fault's begin until service is whole again, of the faults that were recovered",
        of_model=_of_tally(lambda one: one.mttr, "{one.recovered:,} of {one.injected:,} incidents; Student"),
    ),
    _broken(
        key="tasks_lost",
        title="tasks lost to faults",
        unit="",
        text="tasks dropped because of a fault, whatever the reason in the records",
        of_model=_lost,
    ),
    Metric(
        key="budget_spent",
        title="error budget spent",
        unit="share",
        text="tasks due and not answered within their deadline / those that resilience.health.objective allows; "
        "Beyer et al. 2016",
        value=None,
        where="a run in which a task fell due",
        of_model=_spent,
    ),
    Metric(
        key="false_suspicions_per_h",
        title="false suspicions",
        unit="1/h",
        text="suspicions of what was alive / hours that agents, leads, nodes and links were watched, summed over them",
        value=None,
        where="a run with resilience.on",
        of_model=_false,
    ),
    Metric(
        key="delivery_hops",
        title="delivery at the first attempt, mesh hops",
        unit="share",
        text="the same of the messages that cross a link alone, without those between a node and its clusters",
        value=None,
        claim="95 %",
        bound=0.95,
        where="a run in which a task crossed a link",
        of_model=_first_hops,
    ),
    Metric(
        key="link_ms",
        title="latency of a link",
        unit="ms",
        text="mean time of a message from one node to its neighbor, with the wait before it was sent again",
        value=None,
        claim="< 10 ms",
        bound=10.0,
        least=False,
        where="a run in which a task crossed a link",
        of_model=_link_ms,
    ),
)
