"""What trials are judged by, as series over bins of time, from what was recorded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats
from ..columns import Raw, dropped, provisioned
from ..flow.ledger import Count

BIN_S = 5.0
"""Width of the bins of a trial's series, s: longer than what a task takes in hands on most presets."""


class Series(NamedTuple):
    """A metric and what arrived, bin by bin.

    Attributes:
        values: `[n]` the metric; NaN where nothing was counted.
        load: `[n]` work that arrived over that which the ready agents could do.
    """

    values: Floats
    load: Floats


def per_bin(column: Floats, ticks: int) -> Floats:
    """`[n]` sums over bins of so many ticks; what is left of the last bin is not counted."""
    n = len(column) // ticks
    return np.asarray(column[: n * ticks].reshape(n, ticks).sum(axis=1))


def series(raw: Raw, metric: str, *, scaled: bool) -> Series:
    """A metric over bins of ``BIN_S``, or of a tick where that is longer.

    Args:
        raw: rows of the records.
        metric: one of :data:`.base.METRICS` that is counted in each tick, "busy_s_per_task" (time of agents at work and
            at parts), or "late": tasks due that were not answered in time, over those due.
        scaled: whether a scaler changes the fleet: then load is told per ready agent, else per second.
    """
    ticks = max(round(BIN_S / raw.dt), 1)

    def total(values: Floats) -> Floats:
        return per_bin(values, ticks)

    def ratio(part: Floats, whole: Floats) -> Floats:
        part, whole = total(part), total(whole)
        return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))

    c, s, done = raw.count, raw.seconds, raw.count(Count.COMPLETED)
    if metric == "response_s":
        values = ratio(s(Count.RESPONSE_T), done)
    elif metric == "network_s":
        values = ratio(s(Count.NETWORK_T), c(Count.DISPATCHED) + c(Count.CACHE_HITS))
    elif metric == "wait_s":
        waits = s(Count.INGRESS_WAIT_T) + s(Count.DISPATCH_WAIT_T) + s(Count.CLUSTER_WAIT_T)
        values = ratio(waits, done)
    elif metric == "agent_s_per_task":
        values = ratio(provisioned(raw), done)
    elif metric == "warm_s_per_task":
        values = ratio(raw.state("warm") * raw.dt, done)
    elif metric == "busy_s_per_task":
        values = ratio(s(Count.BUSY_T), done)
    elif metric == "error_rate":
        values = ratio(dropped(raw), c(Count.ARRIVED))
    elif metric == "late":
        values = ratio(c(Count.DUE) - c(Count.MET), c(Count.DUE))
    else:
        raise ValueError(f"{metric} is not counted in each tick")
    work = s(Count.WORK_ARRIVED_T)
    load = ratio(work, s(Count.READY_T)) if scaled else total(work)
    return Series(values, np.nan_to_num(load))
