"""Which components a fault hits, where that is drawn or asked for; and where agents have gone since."""

from __future__ import annotations

import numpy as np

from ...arrays import Ints
from ...errors import ConfigError
from .base import Fault, World
from .times import CHOICE, uniforms

LOCAL = ("agent", "lead", "zone")
"""What is in one shard only."""


def chosen(
    world: World, fault: Fault, key: np.uint64, count: int, number: int | None, share: float | None
) -> Ints:
    """Components that are drawn from all that can be hit, in all shards together; those of them that are here.

    Args:
        world: see there.
        fault: what strikes.
        key: Philox key of its stream.
        count: which time it is that this stream strikes.
        number: how many; at most all.
        share: share of all, in place of a number; one at least.
    """
    components = fault.components(world)
    shared = world.model.shard.exchange.size > 1 and fault.hits in LOCAL
    everything = world.model.crew.total(len(components)) if shared else len(components)
    wanted = min(number or 1, everything) if share is None else _share_of(share, everything)
    if wanted == everything:
        return components
    numbers = world.model.fleet.column("uid")[components] if fault.hits == "agent" else components
    draws = uniforms(numbers, np.full(len(numbers), count), CHOICE, key)
    lowest = np.sort(draws)[:wanted]
    if shared:
        parts = world.model.shard.exchange.gather(lowest.view(np.int64))
        lowest = np.sort(np.concatenate(parts).view(np.float64))[:wanted]
    return components[draws <= lowest[-1]] if wanted else components[:0]


def _share_of(share: float, everything: int) -> int:
    return min(max(round(share * everything), 1 if share > 0 else 0), everything)


def asked(world: World, fault: Fault, numbers: Ints) -> Ints:
    """Those of the components asked for that are here and can be hit; agents are asked for by unique ids."""
    components = fault.components(world)
    if fault.hits == "agent":
        uids = world.model.fleet.column("uid")[components]
        return components[np.isin(uids, numbers)]
    return components[np.isin(components, numbers)]


def rows_of(world: World, uids: Ints, before: Ints) -> Ints:
    """Rows of agents that were in other rows before, ascending; without those that have gone.

    Args:
        world: see there.
        uids: `[n]` unique ids.
        before: `[n]` rows where they were.
    """
    column = world.model.fleet.column("uid")
    there = column[before] == uids
    if there.all():
        return before
    moved = np.flatnonzero(np.isin(column, uids[~there]))
    return np.sort(np.concatenate([before[there], moved]))


def nothing_to_hit(world: World, fault: Fault, name: str, numbers: Ints | None) -> ConfigError:
    """The refusal of a strike that hits nothing."""
    can = fault.components(world)
    if fault.hits == "agent":
        can = world.model.fleet.column("uid")[can]
    listed = ", ".join(str(n) for n in np.sort(can)[:12].tolist()) + (", ..." if len(can) > 12 else "")
    what = f"{name} can hit nothing" if numbers is None else f"{name}: components = {numbers.tolist()}"
    return ConfigError(f"{what}, but it must be some of those that are up: {listed or 'there are none'}")
