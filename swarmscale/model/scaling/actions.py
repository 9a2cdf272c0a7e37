"""Carrying out a decision: when new agents are ready, and who goes."""

from __future__ import annotations

import numpy as np

from ...agents.fleet import BUSY, IDLE
from ...arrays import Bytes, Floats, Ints, kernel
from ...rng import draw, unit
from ..flow.laws import Law, sample

_IDLE, _BUSY = IDLE, BUSY
_START = 8  # what the draw is for, among the draws of an agent's id


@kernel
def start_times(
    uids: Ints, mean_s: float, how: int, body: Floats, tail: Floats, key: np.uint64, out: Floats
) -> None:
    """Start-up time of each agent, a function of its id alone.

    Args:
        uids: `[n]` unique ids.
        mean_s: s.
        how: law, see :mod:`swarmscale.model.flow.laws`.
        body: `[4097]` its table.
        tail: `[4097]` its table's last cell.
        key: Philox key of the stream of the agents' lives.
        out: `[n]` out: s.
    """
    for i in range(len(uids)):
        a, b, _, _ = draw(uids[i], _START, key)
        out[i] = mean_s * sample(how, body, tail, unit(a, b))


def drawn_starts(uids: Ints, mean_s: float, law: Law, key: np.uint64) -> Floats:
    """`[n]` start-up times in s; see :func:`start_times`."""
    out = np.empty(len(uids))
    start_times(uids, mean_s, law.how, law.body, law.tail, key, out)
    return out


def shares_to_release(ready: Ints, count: int) -> Ints:
    """`[Q]` how many go from each cluster so that the largest ones shrink first, to one level.

    >>> shares_to_release(np.array([5, 9, 7]), 6)
    array([0, 4, 2])
    """
    count = min(count, int(ready.sum()))
    low, high = 0, int(ready.max(initial=0))  # the highest level above which there are enough
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.maximum(ready - middle, 0).sum()) >= count:
            low = middle
        else:
            high = middle - 1
    take = np.maximum(ready - low, 0)
    surplus = int(take.sum()) - count
    take[np.flatnonzero(take > 0)[:surplus]] -= 1
    return np.asarray(take, np.int64)


@kernel
def pick_ready(state: Bytes, take: Ints, out: Ints) -> int:
    """Write rows of ready agents, ``take[q]`` of each cluster, idle ones first; return how many."""
    slots = state.shape[1]
    n = 0
    for q in range(len(take)):
        need = take[q]
        for wanted in (_IDLE, _BUSY):
            s = slots - 1
            while need > 0 and s >= 0:
                if state[q, s] == wanted:
                    out[n] = q * slots + s
                    n += 1
                    need -= 1
                s -= 1
    return n
