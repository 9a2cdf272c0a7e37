"""Optimized mesh: under a degree, the fewest hops on average that simulated annealing finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Ints, Words, kernel, merged
from ...errors import require
from ...rng import U, draw, unit32
from .rewiring import links_of_table, regular

_PLAIN = 64
"""Nodes from which the graph is made symmetric."""
_FIRST, _LAST = 0.1, 0.004
"""Temperatures, in hops summed over all sources, for each source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """A graph of this degree with short paths for everybody alike, whatever is sent.

    From 64 nodes on the graph is the same seen from every ``symmetry``-th node: it is built of orbits under a rotation,
    and a move changes all links of an orbit. That makes a move cheaper by as much, and the best graphs known have such
    symmetries (Graph Golf; Kitasuka & Iida 2016).

    Attributes:
        degree: links of a node; those of small meshes have fewer.
        moves: that each search makes.
        searches: from the same start; the best of them is taken.
        symmetry: order of the rotation, or the nearest that the number of nodes allows; 0: none below 64 nodes, else
            one that leaves eight orbits.
    """

    degree: int = 4
    moves: int = 60_000
    searches: int = 24
    symmetry: int = 0

    def __post_init__(self) -> None:
        require(2 <= self.degree <= 64, "network.topology.degree", self.degree, "from 2 to 64")
        require(self.moves >= 0, "network.topology.moves", self.moves, "0 or more")
        require(self.searches >= 1, "network.topology.searches", self.searches, "1 or more")
        require(self.symmetry >= 0, "network.topology.symmetry", self.symmetry, "0 or more")

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        degree = min(self.degree, n - 1)
        if degree < 2:
            return np.array([[0, 1]][: n - 1], np.int64).reshape(-1, 2)
        turn = self.turn(n, degree)
        table = regular(n // turn, degree) if turn == 1 else None
        base = _orbits(n // turn, degree, turn) if table is None else _of_table(table)
        found = []
        for _ in range(self.searches):
            mine = base.copy()
            hops = anneal_hops(mine, n // turn, turn, self.moves, np.uint64(rng.integers(0, 1 << 63)))
            found.append((hops, mine))
        return _unfolded(min(found, key=lambda one: one[0])[1], n // turn, turn)

    def turn(self, n: int, degree: int) -> int:
        """Order of the rotation that is taken for so many nodes: it divides them, and leaves room for the degree."""
        wanted = self.symmetry or (1 if n < _PLAIN else n // 8)
        orders = [
            s
            for s in range(1, n + 1)
            if n % s == 0 and (s == 1 or (2 * s > degree and n // s >= 3 and n // s * degree % 2 == 0))
        ]
        return min(orders, key=lambda s: (abs(s - wanted), s))


def _of_table(adjacent: Ints) -> Ints:
    """`[M, 3]` base links (a, b, shift 0) of a graph without symmetry."""
    links = links_of_table(adjacent)
    return np.concatenate([links, np.zeros((len(links), 1), np.int64)], axis=1)


def _orbits(orbits: int, degree: int, turn: int) -> Ints:
    """`[M, 3]` base links between orbits, each of this degree: (a, r) is linked with (b, r + shift) for every r.

    Rings of orbits whose shifts differ, so that no link stands twice, and for an odd degree links across; one ring
    winds through all nodes, so that they hang together before the first move. The start of the search.
    """
    out = [
        (a, (a + 1) % orbits, ring + (a == orbits - 1)) for ring in range(degree // 2) for a in range(orbits)
    ]
    if degree % 2:
        out += [(a, a + orbits // 2, 0) for a in range(orbits // 2)]
    return np.array([(a, b, shift % turn) for a, b, shift in out], np.int64)


def _unfolded(base: Ints, orbits: int, turn: int) -> Ints:
    """`[E, 2]` all links, each once as (lower, higher), in ascending order."""
    steps = np.arange(turn)
    ends = set()
    for a, b, shift in base.tolist():
        for r in steps.tolist():
            u, v = a + orbits * r, b + orbits * ((r + shift) % turn)
            if u != v:
                ends.add((min(u, v), max(u, v)))
    return np.array(sorted(ends), np.int64).reshape(-1, 2)


@kernel
def popcount(word: U) -> int:
    """Bits that are set in a word (Wegner 1960, by halves)."""
    x = word - ((word >> U(1)) & U(0x5555555555555555))
    x = (x & U(0x3333333333333333)) + ((x >> U(2)) & U(0x3333333333333333))
    x = (x + (x >> U(4))) & U(0x0F0F0F0F0F0F0F0F)
    x += x >> U(8)
    x += x >> U(16)
    x += x >> U(32)
    return np.int64(x & U(127))  # type: ignore[return-value]


@merged
def _hand_over(here: Words, then: Words, to: int, of: int, many: int) -> None:
    """What has reached nodes ``of`` and after reaches nodes ``to`` and after."""
    mine, theirs = then[to : to + many], here[of : of + many]
    for i in range(many):
        mine[i] |= theirs[i]


@kernel
def _one_hop(base: Ints, turn: int, here: Words, then: Words) -> None:
    """`[n]` in ``then``: sources that have reached a node or a neighbor; node r of orbit a is ``a * turn + r``."""
    then[:] = here
    if turn == 1:
        for e in range(len(base)):
            a, b = base[e, 0], base[e, 1]
            then[a] |= here[b]
            then[b] |= here[a]
        return
    for e in range(len(base)):
        a, b, shift = base[e, 0] * turn, base[e, 1] * turn, base[e, 2]
        rest = turn - shift
        _hand_over(here, then, a, b + shift, rest)
        _hand_over(here, then, b + shift, a, rest)
        _hand_over(here, then, a + rest, b, shift)
        _hand_over(here, then, b, a + rest, shift)


@kernel
def summed_hops(base: Ints, orbits: int, turn: int, here: Words, then: Words) -> int:
    """Hops from one node of each orbit to all others, summed: a search in breadth from 64 sources at a time.

    Args:
        base: `[M, 3]` base links.
        orbits: nodes that stand for all.
        turn: order of the rotation.
        here: `[n]` scratch: bits of the sources that have reached each node.
        then: `[n]` scratch.

    Returns:
        The sum; n hops are counted for each node that cannot be reached.
    """
    n = orbits * turn
    total = 0
    for first in range(0, orbits, 64):
        many = min(64, orbits - first)
        here[:] = U(0)
        for x in range(many):
            here[(first + x) * turn] = U(1) << U(x)
        there, hops = many, 0
        while there < many * n:
            _one_hop(base, turn, here, then)
            now = 0
            for v in range(n):
                now += popcount(then[v])
            hops += 1
            if now == there:
                total += (many * n - there) * n
                break
            total += (now - there) * hops
            there = now
            here, then = then, here
    return total


@kernel
def anneal_hops(base: Ints, orbits: int, turn: int, moves: int, key: np.uint64) -> int:
    """Swap ends of two base links, with new shifts, and keep what shortens paths; the best stands in ``base``.

    Args:
        base: `[M, 3]` base links, changed in place.
        orbits: nodes that stand for all.
        turn: order of the rotation.
        moves: tried.
        key: Philox key of the search.

    Returns:
        The best sum of hops.

    Source:
        Kirkpatrick, Gelatt & Vecchi (1983), *Science* 220.
    """
    n = orbits * turn
    here, then = np.empty(n, np.uint64), np.empty(n, np.uint64)
    now = summed_hops(base, orbits, turn, here, then)
    best, kept = now, base.copy()
    links = len(base)
    old = np.empty((2, 3), np.int64)
    for move in range(moves):
        words = draw(move, 0, key)
        more = draw(move, 1, key)
        e = np.int64((words[0] * U(links)) >> U(32))
        f = np.int64((words[1] * U(links)) >> U(32))
        if e == f:
            continue
        old[0], old[1] = base[e], base[f]
        s = np.int64((words[2] * U(turn)) >> U(32))
        t = np.int64((words[3] * U(turn)) >> U(32))
        flip = (more[1] & U(1)) == U(1)
        c, d = (old[1, 1], old[1, 0]) if flip else (old[1, 0], old[1, 1])
        if (old[0, 0] == c and s == 0) or (old[0, 1] == d and t == 0):
            continue
        base[e, 0], base[e, 1], base[e, 2] = old[0, 0], c, s
        base[f, 0], base[f, 1], base[f, 2] = old[0, 1], d, t
        moved = summed_hops(base, orbits, turn, here, then)
        temperature = orbits * _FIRST * (_LAST / _FIRST) ** (move / moves)
        if moved <= now or unit32(more[0]) < np.exp((now - moved) / temperature):
            now = moved
            if now < best:
                best = now
                kept[:] = base
        else:
            base[e], base[f] = old[0], old[1]
    base[:] = kept
    return best
