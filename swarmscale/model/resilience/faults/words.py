"""What was hit, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....arrays import Ints
from ....errors import require

if TYPE_CHECKING:
    from ..base import World


def listed(one: str, several: str, names: list[str], of: int | None = None) -> str:
    """Things by name, or their number where there are too many.

    >>> listed("node", "nodes", ["3"]), listed("node", "nodes", ["3", "5"]), listed("node", "nodes", [], 1200)
    ('node 3', 'nodes 3, 5', '1,200 nodes')
    """
    number = len(names) if of is None else of
    if number == 1 and names:
        return f"{one} {names[0]}"
    if number > 8 or not names:
        return f"{number:,} {several}"
    return f"{several} {', '.join(names)}"


def agents(world: World, rows: Ints) -> str:
    """Agents by unique id, each with its cluster."""
    model = world.model
    fleet = model.fleet
    few = rows[:9]
    clusters = model.shard.territory.clusters[few // fleet.slots].tolist()
    uids = fleet.column("uid")[few].tolist()
    names = [f"{uid} in cluster {cluster}" for uid, cluster in zip(uids, clusters, strict=True)]
    return listed("agent", "agents", names, len(rows))


def numbered(one: str, several: str, numbers: Ints) -> str:
    """Things by number."""
    return listed(one, several, [str(n) for n in numbers[:9].tolist()], len(numbers))


def links(world: World, numbers: Ints) -> str:
    """Links by the nodes that they join."""
    pairs = ends(world, numbers[:9]).tolist()
    return listed("link", "links", [f"{a} - {b}" for a, b in pairs], len(numbers))


def ends(world: World, numbers: Ints) -> Ints:
    """`[n, 2]` the two nodes of each link, from its number a x nodes + b."""
    nodes = world.model.hierarchy_arrays.nodes
    return np.stack([numbers // nodes, numbers % nodes], axis=1)


def link_numbers(world: World) -> Ints:
    """Numbers of the links of the mesh, ascending."""
    pairs = world.links()
    return np.asarray(np.sort(pairs[:, 0] * world.model.hierarchy_arrays.nodes + pairs[:, 1]), np.int64)


def places(names: list[str], wanted: str) -> Ints:
    """Places of one name in a list, or of all of them if no name is wanted."""
    return np.flatnonzero(np.array([wanted in ("", name) for name in names], np.bool_))


def whole_numbers(name: str, value: object) -> tuple[int, ...]:
    """Numbers of things as a tuple.

    Raises:
        ConfigError: if it is no list of whole numbers from 0 up.
    """
    given = value if isinstance(value, (list, tuple)) else (None,)
    good = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in given)
    require(good, name, value, "a list of whole numbers, 0 or more")
    return tuple(given)
