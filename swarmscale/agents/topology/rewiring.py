"""Rewiring: links under a degree budget that shorten most of what is sent, by simulated annealing."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Ints, kernel
from ...errors import require
from ...rng import draw, unit32

_FIRST, _LAST = 0.02, 0.0002  # temperatures, as shares of the least cost


@kernel
def all_pairs(latency_s: Floats, adjacent: Ints, out: Floats) -> None:
    """Shortest latencies between all pairs of nodes, by Floyd (1962) and Warshall (1962).

    Args:
        latency_s: `[K, K]` s over a direct link.
        adjacent: `[K, D]` the nodes that each is linked with; -1 for none.
        out: `[K, K]` out: s; 1e18 where there is no path.
    """
    n = len(latency_s)
    for i in range(n):
        for j in range(n):
            out[i, j] = 1e18
        out[i, i] = 0.0
        for e in range(adjacent.shape[1]):
            j = adjacent[i, e]
            if j >= 0:
                out[i, j] = latency_s[i, j]
    for k in range(n):
        for i in range(n):
            x = out[i, k]
            for j in range(n):
                out[i, j] = min(out[i, j], x + out[k, j])


@kernel
def cost_of(latency_s: Floats, weights: Floats, adjacent: Ints, room: Floats) -> float:
    """Weighted sum of the shortest latencies."""
    all_pairs(latency_s, adjacent, room)
    total = 0.0
    for i in range(len(room)):
        for j in range(len(room)):
            total += room[i, j] * weights[i, j]
    return total


@kernel
def _of(word: np.uint64, n: int) -> int:
    """A number below ``n`` from a word of 32 bits."""
    return np.int64((word * np.uint64(n)) >> np.uint64(32))  # type: ignore[return-value]


@kernel
def _has(adjacent: Ints, a: int, b: int) -> bool:
    found = False
    for e in range(adjacent.shape[1]):
        found |= adjacent[a, e] == b
    return found


@kernel
def _put(adjacent: Ints, a: int, old: int, new: int) -> None:
    for e in range(adjacent.shape[1]):
        if adjacent[a, e] == old:
            adjacent[a, e] = new
            return


@kernel
def anneal(
    latency_s: Floats, weights: Floats, adjacent: Ints, moves: int, least: float, key: np.uint64
) -> float:
    """Swap the ends of two links at a time, keeping every degree; the best graph found stands in ``adjacent``.

    Args:
        latency_s: `[K, K]` s over each possible link.
        weights: `[K, K]` how much is sent.
        adjacent: `[K, D]` the graph, changed in place.
        moves: tried.
        least: cost of the complete graph, the unit of temperature.
        key: Philox key of the search.

    Returns:
        The best cost.

    Source:
        Kirkpatrick, Gelatt & Vecchi (1983), *Science* 220; swaps of two edges: Croes (1958), *Operations Research* 6.
    """
    n, degree = adjacent.shape
    room = np.empty((n, n))
    now = cost_of(latency_s, weights, adjacent, room)
    best, kept = now, adjacent.copy()
    for move in range(moves):
        a, b, c, d = draw(move, 0, key)
        u, v = _of(a, n), _of(b, n)
        x, y = adjacent[u, _of(c, degree)], adjacent[v, _of(d, degree)]
        same = (u - v) * (v - x) * (u - y) * (x - y) == 0
        if x < 0 or y < 0 or same or _has(adjacent, u, v) or _has(adjacent, x, y):
            continue
        _put(adjacent, u, x, v)
        _put(adjacent, v, y, u)
        _put(adjacent, x, u, y)
        _put(adjacent, y, v, x)
        then = cost_of(latency_s, weights, adjacent, room)
        temperature = least * _FIRST * (_LAST / _FIRST) ** (move / moves)
        chance = unit32(draw(move, 1, key)[0])
        if then <= now or chance < np.exp((now - then) / temperature):
            now = then
            if then < best:
                best = then
                kept[:] = adjacent
        else:
            _put(adjacent, u, v, x)
            _put(adjacent, v, u, y)
            _put(adjacent, x, y, u)
            _put(adjacent, y, x, v)
    adjacent[:] = kept
    return best


def rewire(
    latency_s: Floats, weights: Floats, degree: int, rng: np.random.Generator, moves: int = 40_000
) -> Ints:
    """Links of a degree for which what is sent takes least time on its way.

    Args:
        latency_s: `[K, K]` s over each possible link, symmetric.
        weights: `[K, K]` how much is sent from a to b.
        degree: links of a node, from 2 to K - 1.
        rng: the only source of chance.
        moves: that the search makes; 40,000 for 16 nodes take about 40 milliseconds.

    Returns:
        `[E, 2]` links, each once as (lower, higher), in ascending order; every node can be reached from every other.

    Raises:
        ConfigError: if the degree is out of range.
    """
    n = len(latency_s)
    require(2 <= degree <= n - 1, "degree", degree, f"from 2 to {n - 1}")
    adjacent = regular(n, degree)
    total = float(weights.sum())
    if total > 0:
        least = max(float((latency_s * weights).sum()), 1e-300)
        # a hair of demand between all pairs, so that nodes to which nothing is sent are not cut off either
        everywhere = weights + 1e-9 * total / n**2
        anneal(latency_s, everywhere, adjacent, moves, least, np.uint64(rng.integers(0, 1 << 63)))
    return links_of_table(adjacent)


def regular(nodes: int, degree: int) -> Ints:
    """`[K, D]` a connected graph in which every node has this degree, but one of an odd sum, where one has one less.

    A ring with chords to the nearest; the start of the search.
    """
    table = np.full((nodes, degree), -1, np.int64)
    for i in range(nodes):
        for e in range(degree // 2):
            table[i, 2 * e], table[i, 2 * e + 1] = (i + e + 1) % nodes, (i - e - 1) % nodes
    if degree % 2:
        half = nodes // 2
        for i in range(half):
            other = i + half
            table[i, degree - 1], table[other, degree - 1] = other, i
    return table


def links_of_table(adjacent: Ints) -> Ints:
    """`[E, 2]` links of `[K, D]` neighbors, each once as (lower, higher), in ascending order."""
    n = len(adjacent)
    ends = {(min(i, j), max(i, j)) for i in range(n) for j in adjacent[i].tolist() if j >= 0 and j != i}
    return np.array(sorted(ends), np.int64).reshape(-1, 2)


def demand_latency(latency_s: Floats, weights: Floats, links: Ints) -> float:
    """Mean latency of what is sent over the links on shortest paths, s; 1e18 and more where there is no path.

    Args:
        latency_s: `[K, K]` s over each possible link.
        weights: `[K, K]` how much is sent.
        links: `[E, 2]`.
    """
    n = len(latency_s)
    degree = int(np.bincount(links.reshape(-1), minlength=n).max(initial=1))
    table, used = np.full((n, degree), -1, np.int64), np.zeros(n, np.int64)
    for a, b in links.tolist():
        table[a, used[a]], table[b, used[b]] = b, a
        used[a] += 1
        used[b] += 1
    total = float(weights.sum())
    return float(cost_of(latency_s, weights, table, np.empty((n, n)))) / total if total > 0 else 0.0
