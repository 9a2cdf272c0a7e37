"""Points in the middle of others: geometric median, medoid, and the medoid of the densest group."""

from __future__ import annotations

import numpy as np

from ...arrays import Bools, Floats, Ints, kernel

BLOCK = 512
"""Largest number of answers that are all compared with each other."""

ROUNDS = 200
PROBES = 64
SLACK = 1.5
"""Reach of a core answer over the median distance to its last near one; at 1, small groups fall apart."""


def geometric_median(answers: Floats, given: Bools) -> tuple[Floats, Floats]:
    """The point with the smallest sum of distances to the answers.

    Args:
        answers: `[T, n, d]` points.
        given: `[T, n]` which of them count.

    Returns:
        `[T, d]` medians, NaN where nothing counts; `[T, n]` shares of the answers in them.
    """
    return _weiszfeld(np.ascontiguousarray(answers), given, 1e-7, ROUNDS)


def medoid(answers: Floats, given: Bools) -> Ints:
    """The answer with the smallest sum of distances to the others.

    Up to 512 answers exactly; above, the medoid of each block of at most 512 stands for its block, and that one of
    them wins which has the smallest sum of distances to the others, weighted by the answers in their blocks.

    Args:
        answers: `[T, n, d]` points.
        given: `[T, n]` which of them count.

    Returns:
        `[T]` agents, -1 where nothing counts.
    """
    return _in_blocks(np.ascontiguousarray(answers), given, BLOCK, False, 0.0)


def medoid_of_cluster(answers: Floats, given: Bools, quorum: float) -> Ints:
    """The medoid of the largest group of answers that lie densely together.

    An answer is in the core of a group if at least ``ceil(sqrt(n))`` answers, itself among them, lie within one and a
    half times the median distance at which answers have that many; core answers that near to each other belong
    together, and so does an answer that near to one of them. Above 512 answers this is done in blocks: the medoids of
    the blocks' groups are compared, weighted by the groups' sizes, and groups count for the quorum if they lie around
    the winner.

    Args:
        answers: `[T, n, d]` points.
        given: `[T, n]` which of them count.
        quorum: share of the answers that must be in the group.

    Returns:
        `[T]` agents, -1 where no group holds the quorum.
    """
    return _in_blocks(np.ascontiguousarray(answers), given, BLOCK, True, quorum)


@kernel
def _weiszfeld(answers: Floats, given: Bools, tolerance: float, rounds: int) -> tuple[Floats, Floats]:
    """Weiszfeld's rounds from the mean of the coordinates' middle, each answer with weight 1 / distance."""
    questions, n, d = answers.shape
    points = np.full((questions, d), np.nan)
    shares = np.zeros((questions, n))
    for t in range(questions):
        heads = 0
        for i in range(n):
            heads += given[t, i]
        if heads == 0:
            continue
        here = np.empty(d)
        column = np.empty(heads)
        scale = 0.0
        for k in range(d):
            at = 0
            for i in range(n):
                if given[t, i]:
                    column[at] = answers[t, i, k]
                    at += 1
            here[k] = np.median(column)
            scale = max(scale, np.median(np.abs(column - here[k])))
        least = 1e-9 * scale if scale > 0 else 1e-300
        weight = np.zeros(n)
        for _ in range(rounds):
            total = 0.0
            new = np.zeros(d)
            for i in range(n):
                if not given[t, i]:
                    continue
                square = 0.0
                for k in range(d):
                    square += (answers[t, i, k] - here[k]) ** 2
                weight[i] = 1.0 / max(np.sqrt(square), least)
                total += weight[i]
                for k in range(d):
                    new[k] += weight[i] * answers[t, i, k]
            moved = 0.0
            for k in range(d):
                new[k] /= total
                moved = max(moved, abs(new[k] - here[k]))
                here[k] = new[k]
            if moved <= tolerance * scale:
                break
        weight /= weight.sum()
        points[t] = here
        shares[t] = weight
    return points, shares


@kernel
def _in_blocks(answers: Floats, given: Bools, block: int, dense: bool, quorum: float) -> Ints:
    """The winner of each question: its only block's, or the middle one of its blocks' winners."""
    questions, n, _ = answers.shape
    blocks = (n + block - 1) // block
    out = np.full(questions, -1)
    for t in range(questions):
        heads = 0
        for i in range(n):
            heads += given[t, i]
        winners = np.empty(blocks, np.int64)
        sizes = np.zeros(blocks)
        reach = np.zeros(blocks)
        found = 0
        for b in range(blocks):
            who = np.nonzero(given[t, b * n // blocks : (b + 1) * n // blocks])[0] + b * n // blocks
            if len(who) == 0:
                continue
            apart = _distances(answers[t], who)
            if dense:
                inside, reach[found] = _largest_group(apart)
            else:
                inside = np.ones(len(who), np.bool_)
            sizes[found] = inside.sum()
            if sizes[found] == 0:
                continue
            winners[found] = who[_middle(apart, inside)]
            found += 1
        if found == 0:
            continue
        apart = _distances(answers[t], winners[:found])
        best = 0
        least = np.inf
        for a in range(found):
            total = 0.0
            for b in range(found):
                total += sizes[b] * apart[a, b]
            if total < least:
                best, least = a, total
        held = 0.0
        for b in range(found):
            if not dense or apart[best, b] <= max(reach[best], reach[b]) or b == best:
                held += sizes[b]
        if held >= quorum * heads - 1e-9:
            out[t] = winners[best]
    return out


@kernel
def _distances(points: Floats, who: Ints) -> Floats:
    """`[m, m]` distances among some of the points."""
    m, d = len(who), points.shape[1]
    apart = np.zeros((m, m))
    for a in range(m):
        for b in range(a):
            square = 0.0
            for k in range(d):
                square += (points[who[a], k] - points[who[b], k]) ** 2
            apart[a, b] = apart[b, a] = np.sqrt(square)
    return apart


@kernel
def _middle(apart: Floats, inside: Bools) -> int:
    """The one inside with the smallest sum of distances to those inside."""
    best, least = -1, np.inf
    for a in range(len(apart)):
        if not inside[a]:
            continue
        total = 0.0
        for b in range(len(apart)):
            if inside[b]:
                total += apart[a, b]
        if total < least:
            best, least = a, total
    return best


@kernel
def _largest_group(apart: Floats) -> tuple[Bools, float]:
    """Members of the largest dense group, and how far its core answers reach."""
    m = len(apart)
    few = min(m, int(np.ceil(np.sqrt(m))))
    probes = min(m, PROBES)
    radii = np.empty(probes)
    for p in range(probes):
        radii[p] = np.partition(apart[p * m // probes], few - 1)[few - 1]
    reach = SLACK * np.median(radii)
    core = np.empty(m, np.bool_)
    for a in range(m):
        core[a] = (apart[a] <= reach).sum() >= few
    group = np.full(m, -1)
    stack = np.empty(m, np.int64)
    best, most, number = -1, 0, 0
    for first in range(m):
        if not core[first] or group[first] >= 0:
            continue
        group[first] = number
        stack[0] = first
        waiting, size = 1, 1
        while waiting:
            waiting -= 1
            a = stack[waiting]
            for b in range(m):
                if group[b] < 0 and apart[a, b] <= reach:
                    group[b] = number
                    size += 1
                    if core[b]:
                        stack[waiting] = b
                        waiting += 1
        if size > most:
            best, most = number, size
        number += 1
    return group == best if best >= 0 else np.zeros(m, np.bool_), reach
