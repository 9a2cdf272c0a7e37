"""What is counted in a tick, taken out of the flow: counts, states of agents, how well agents fit their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..agents.fleet import BUSY, DRAINING, IDLE, Fleet
from ..agents.skills import best_assignment
from ..arrays import Floats, Ints, Ints32, kernel
from ..rng import draw
from .columns import STATES, TIMED
from .flow.engine import TaskFlow
from .flow.ledger import HISTOGRAMS, bin_edges, quantiles

if TYPE_CHECKING:
    from .sharding.territory import Territory

_HIST_ROWS = np.array([HISTOGRAMS.index(timed) for timed in TIMED])
_BUSY, _IDLE = STATES.index("busy"), STATES.index("idle")


@kernel
def take(
    count: Ints, messages: Ints, hist: Ints32, row: Ints, window: Ints, shares: Floats, middles: Floats,
    floats: Floats,
) -> None:  # fmt: skip
    """Take a tick's figures out of the ledger and clear it.

    Args:
        count: counts, cleared.
        messages: messages by channel, cleared.
        hist: histograms, cleared.
        row: out: counts, then messages.
        window: raised by the histograms.
        shares: `[P]` of the quantiles.
        middles: `[1024]` value of each bin in s.
        floats: out: P quantiles of each timed histogram.
    """
    n, p = len(count), len(shares)
    row[:n] = count
    row[n : n + messages.size] = messages.reshape(-1)
    for i in range(len(_HIST_ROWS)):
        quantiles(hist[_HIST_ROWS[i]], shares, middles, floats[p * i : p * i + p])
    for i in range(len(hist)):
        for x in range(hist.shape[1]):
            window[i, x] += hist[i, x]
    count[:] = 0
    messages[:] = 0
    hist[:] = 0


def counted_in(flow: TaskFlow) -> Ints:
    """`[C + 4 * 1024]` what the flow's ledger counted in a tick, states of agents included; the ledger is cleared.

    Such rows of the parts of a fleet may be summed.
    """
    ledger = flow.ledger
    parts = (ledger.count, ledger.messages.reshape(-1), states(flow), ledger.hist.reshape(-1))
    counted = np.concatenate(parts).astype(np.int64)
    for cleared in (ledger.count, ledger.messages, ledger.hist):
        cleared[:] = 0
    return counted


def states(flow: TaskFlow) -> Ints:
    """`[9]` agents in each state but empty, counted anew only where some are neither idle nor busy."""
    out = np.zeros(len(STATES), np.int64)
    if flow.ready == len(flow.fleet) and not flow.helping:
        out[_BUSY] = flow.busy
        out[_IDLE] = flow.ready - flow.busy
        return out
    return np.asarray(Fleet.counts(flow.fleet)[1:], np.int64)


def skill_match(flow: TaskFlow, number: int, territory: Territory) -> Floats:
    """`[2]` summed skill of a drawn cluster's agents for the tasks in their hands, and the best sum possible.

    Zeros if the cluster is not here.
    """
    word = draw(number, 1, flow.sample_key)[0]
    q = int(territory.place(np.array([int(word) * len(territory.owner) >> 32]))[0])
    if q < 0:
        return np.zeros(2)
    rows, hands = flow.fleet.rows, flow.hands
    at_work = np.flatnonzero((rows.state[q] == BUSY) | (rows.state[q] == DRAINING))
    ready = np.flatnonzero((rows.state[q] == IDLE) | (rows.state[q] == BUSY) | (rows.state[q] == DRAINING))
    if not len(at_work):
        return np.zeros(2)
    types = flow.demand.marks.class_type[hands.meta[q, at_work] & 15]
    skill = rows.skill[q].astype(np.float64) / 255.0
    return np.array([skill[types, at_work].sum(), best_assignment(skill[np.ix_(types, ready)])])


def bin_middles() -> Floats:
    """`[1024]` geometric middle of each histogram bin in s; half of the upper edge for the first."""
    edges = bin_edges()
    middles = np.sqrt(np.maximum(edges[:-1], edges[1] / 4) * np.minimum(edges[1:], edges[-2] * 1.02))
    return np.asarray(middles, np.float64)
