"""Result caches over time: they grow and shrink, and forget answers that have gone out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Ints, kernel
from .ledger import BROADCAST, Count, message
from .travel import Cache, forget_keys

if TYPE_CHECKING:
    from .engine import TaskFlow


def changes(key: np.uint64, number: int, rate: float, keys: int) -> Ints:
    """Keys whose answers go out of date in a bin of time: a function of the bin alone.

    Each key changes as a Poisson process of its own; so many of them together are one of the summed rate, each
    change being of a key drawn evenly.

    Args:
        key: Philox key of the changes' stream.
        number: of the bin.
        rate: changes of one key that are expected in a bin.
        keys: V.

    Returns:
        `[n]` keys, each as often as it changes.
    """
    words = np.random.Generator(np.random.Philox(key=int(key), counter=[0, 0, 0, number]))
    return words.integers(0, keys, words.poisson(rate * keys))


def go_out_of_date(flow: TaskFlow, begin: float, end: float) -> None:
    """Let the caches forget what goes out of date in the bins that begin in a tick, at the tick's begin.

    All nodes are told of each change by a broadcast, whether they hold the key or not.
    """
    width, keys = flow.demand.bin_s, len(flow.cache.rank)
    for number in range(int(np.ceil(begin / width - 1e-9)), int(np.ceil(end / width - 1e-9))):
        changed = changes(flow.change_key, number, flow.change_per_s * width, keys)
        flow.ledger.count[Count.INVALIDATED] += forget_keys(flow.cache, changed)
        if flow.border is None or flow.border.first:
            told = len(changed) * (flow.network.nodes - 1)
            far = flow.network.latency_s[flow.network.latency_s < np.inf]
            message(flow.ledger, BROADCAST, told, flow.mesh.control_bytes, float(far.mean()))


@kernel
def forget_oldest(cache: Cache) -> None:
    """Take out what each node holds beyond its size, the least recently used first."""
    end = len(cache.rank)
    for k in range(len(cache.used)):
        after, before = cache.after[k], cache.before[k]
        while cache.used[k] > cache.size:
            old = before[end]
            before[end] = before[old]
            after[before[old]] = end
            after[old] = -1
            cache.used[k] -= 1


def resized(cache: Cache, size: int, empty: Cache) -> Cache:
    """A cache of another size with what it held, as far as there is room.

    Args:
        cache: as it is.
        size: keys that a node may hold from now on.
        empty: an empty cache of that size, taken where nothing was held or may be held.
    """
    if cache.size == 0 or size == 0:
        return empty
    new = cache._replace(size=size)
    forget_oldest(Cache(*new))
    return new
