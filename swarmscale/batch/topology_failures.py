"""What a mesh carries when some of its nodes or links are gone: all cases, or a sample of them with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .. import rng as streams
from ..arrays import Bools, Floats, Ints, kernel

KINDS = ("nodes", "links")
_NEAR = 1.0 + 1e-12
"""Sums of the same latencies in another order differ by less than this factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is left of a demand when so many nodes or links are gone.

    Attributes:
        kind: ``nodes`` or ``links``.
        gone: how many fail at a time.
        cases: sets that were computed.
        exact: whether these are all sets of so many, or else a sample.
        share: mean share of the demand between nodes that are left for which there is a path.
        share_low: lower end of its 95 % interval; the mean itself if exact.
        share_high: upper end.
        worst_share: least share in any case that was computed.
        latency_s: mean latency of what is still connected, s.
        latency_low_s: lower end of its 95 % interval.
        latency_high_s: upper end.
    """

    kind: str
    gone: int
    cases: int
    exact: bool
    share: float
    share_low: float
    share_high: float
    worst_share: float
    latency_s: float
    latency_low_s: float
    latency_high_s: float


def failures(
    link_s: Floats, weights: Floats, links: Ints, most: int, samples: int, root_seed: int
) -> tuple[Failure, ...]:
    """Losses of 1 to ``most`` nodes, then of as many links.

    A single loss is always computed for every node and link, and so are several if there are no more sets of them than
    ``samples``. Otherwise as many sets are drawn, each as likely as any other; all meshes lose the same nodes.

    Args:
        link_s: `[K, K]` s over the direct link, inf if there is none.
        weights: `[K, K]` how much is sent.
        links: `[E, 2]`.
        most: at a time; cases that leave fewer than two nodes, or need more links than there are, are left out.
        samples: sets of each size at most.
        root_seed: determines the sets.
    """
    whole = np.where(np.eye(len(link_s), dtype=np.bool_), 0.0, link_s)
    shortest(whole)
    out = []
    for kind, number in (("nodes", len(link_s)), ("links", len(links))):
        for gone in range(1, most + 1):
            if gone > (number - 2 if kind == "nodes" else number):
                continue
            sets, exact = _sets(number, gone, samples, root_seed, kind)
            none = np.zeros((len(sets), 0), np.int64)
            dead, cut = (sets, none) if kind == "nodes" else (none, sets)
            share, latency_s = np.empty(len(sets)), np.empty(len(sets))
            left(link_s, whole, weights, links, dead, cut, share, latency_s)
            out.append(_failure(kind, gone, exact, share, latency_s))
    return tuple(out)


def _sets(number: int, gone: int, samples: int, root_seed: int, kind: str) -> tuple[Ints, bool]:
    """`[S, gone]` sets of so many out of ``number``, and whether these are all."""
    if gone == 1 or math.comb(number, gone) <= samples:
        return np.array(list(combinations(range(number), gone)), np.int64), True
    rng = streams.generator(root_seed, f"topology.failures/{kind}/{gone}")
    drawn = [rng.choice(number, gone, replace=False, shuffle=False) for _ in range(samples)]
    return np.array(drawn, np.int64), False


def _failure(kind: str, gone: int, exact: bool, share: Floats, latency_s: Floats) -> Failure:
    known, joined = share[np.isfinite(share)], latency_s[np.isfinite(latency_s)]
    mean = float(known.mean()) if len(known) else math.nan
    latency = float(joined.mean()) if len(joined) else math.nan
    low, high, less, more = mean, mean, latency, latency
    if not exact:
        low, high = bernstein(known)
        error = 1.96 * float(joined.std(ddof=1)) / math.sqrt(len(joined)) if len(joined) > 1 else math.nan
        less, more = latency - error, latency + error
    return Failure(
        kind=kind, gone=gone, cases=len(share), exact=exact, share=mean, share_low=low, share_high=high,
        worst_share=float(known.min()) if len(known) else math.nan, latency_s=latency, latency_low_s=less,
        latency_high_s=more,
    )  # fmt: skip


def bernstein(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """An interval for the mean of values in [0, 1] that holds for any law of them, also where all drawn are alike.

    Args:
        values: `[S]` independent draws in [0, 1].
        level: chance at least with which the interval holds the mean.

    Source:
        Maurer & Pontil (2009), "Empirical Bernstein bounds and sample variance penalization", COLT, theorem 4, on both
        sides.
    """
    n = len(values)
    if n < 2:
        return 0.0, 1.0
    log = math.log(4.0 / (1.0 - level))
    error = math.sqrt(2.0 * float(values.var(ddof=1)) * log / n) + 7.0 * log / (3.0 * (n - 1))
    mean = float(values.mean())
    return max(0.0, mean - error), min(1.0, mean + error)


@kernel
def shortest(latency_s: Floats) -> None:
    """Shortest latencies between all pairs in place of those over direct links, by Floyd (1962) and Warshall (1962).

    Args:
        latency_s: `[K, K]` s over the direct link, inf if there is none, 0 to itself; changed in place.
    """
    n = len(latency_s)
    for k in range(n):
        over = latency_s[k]
        for i in range(n):
            first = latency_s[i, k]
            if first == np.inf:
                continue
            row = latency_s[i]
            for j in range(n):
                row[j] = min(row[j], first + over[j])


@kernel
def left(
    link_s: Floats, whole: Floats, weights: Floats, links: Ints, dead: Ints, cut: Ints, share: Floats,
    latency_s: Floats,
) -> None:  # fmt: skip
    """Share of the demand that is still connected, and its mean latency, in each case.

    Latencies from a node change only if a link that is gone lay on a shortest path from it. Where few do, these rows
    are searched anew; else all.

    Args:
        link_s: `[K, K]` s over the direct link, inf if there is none.
        whole: `[K, K]` shortest latencies with nothing gone.
        weights: `[K, K]` how much is sent.
        links: `[E, 2]`.
        dead: `[S, A]` nodes that are gone in each case.
        cut: `[S, B]` links that are gone, by their place in ``links``.
        share: `[S]` out; NaN where nothing is sent between nodes that are left.
        latency_s: `[S]` out: s; NaN where nothing is connected.
    """
    n = len(link_s)
    here, found, room = np.empty((n, n)), np.empty((n, n)), np.empty(n, np.bool_)
    alive, touched = np.empty(n, np.bool_), np.empty(n, np.bool_)
    for s in range(len(share)):
        here[:] = link_s
        alive[:] = True
        touched[:] = False
        for c in cut[s]:
            a, b = links[c]
            here[a, b] = here[b, a] = np.inf
            for i in range(n):
                touched[i] |= whole[i, a] + link_s[a, b] <= whole[i, b] * _NEAR
                touched[i] |= whole[i, b] + link_s[a, b] <= whole[i, a] * _NEAR
        for k in dead[s]:
            alive[k] = False
            here[k, :] = np.inf
            here[:, k] = np.inf
            for i in range(n):
                for b in range(n):
                    touched[i] |= link_s[k, b] < np.inf and whole[i, k] + link_s[k, b] <= whole[i, b] * _NEAR
        _found(here, whole, alive, touched, room, found)
        _weighed(found, weights, alive, s, share, latency_s)


@kernel
def _found(here: Floats, whole: Floats, alive: Bools, touched: Bools, settled: Bools, out: Floats) -> None:
    """Shortest latencies of one case: rows that it touches are searched anew, or all if these are many."""
    n = len(here)
    if 16 * touched.sum() > n:
        out[:] = here
        for i in range(n):
            out[i, i] = 0.0
        shortest(out)
        return
    out[:] = whole
    for i in range(n):
        if touched[i] and alive[i]:
            _from(here, i, out[i], settled)


@kernel
def _from(link_s: Floats, source: int, out: Floats, settled: Bools) -> None:
    """Shortest latencies from one node, by Dijkstra (1959) on a dense matrix."""
    n = len(link_s)
    out[:] = np.inf
    out[source] = 0.0
    settled[:] = False
    for _ in range(n):
        nearest = -1
        for j in range(n):
            if not settled[j] and out[j] < np.inf and (nearest < 0 or out[j] < out[nearest]):
                nearest = j
        if nearest < 0:
            return
        settled[nearest] = True
        for j in range(n):
            out[j] = min(out[j], out[nearest] + link_s[nearest, j])


@kernel
def _weighed(found: Floats, weights: Floats, alive: Bools, s: int, share: Floats, latency_s: Floats) -> None:
    """Sums of one case."""
    asked = joined = time = 0.0
    for i in range(len(found)):
        for j in range(len(found)):
            if i != j and alive[i] and alive[j]:
                asked += weights[i, j]
                if found[i, j] < np.inf:
                    joined += weights[i, j]
                    time += weights[i, j] * found[i, j]
    share[s] = joined / asked if asked > 0.0 else np.nan
    latency_s[s] = time / joined if joined > 0.0 else np.nan
