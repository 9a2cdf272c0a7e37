"""Opinions that move: rounds of averaging over the neighbors, for all questions at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ...arrays import Floats, Ints, Ints32, kernel
from ..topology.spectral import metropolis, with_own
from .base import Ballots, Verdicts, answered, as_options, as_points
from .record import Record, point_verdicts, vote_verdicts
from .tally import leading, shared, tally


class Trust(NamedTuple):
    """Who counts how much for whom: a matrix W whose rows sum to 1.

    Attributes:
        shares: `[n, n]` sparse; None where everybody counts all alike.
        groups: `[n]` the component of the network that an agent is in.
    """

    shares: csr_array | None
    groups: Ints32


def trust_of(n: int, neighbors: tuple[Ints32, Ints32] | None, weights: str) -> Trust:
    """Shares of trust from a network.

    Args:
        n: number of agents.
        neighbors: ``(offsets, members)``, or None for everybody.
        weights: "equal", each agent counts itself and each neighbor alike; or "metropolis", which makes every agent
            count alike in the end: ``1 / (1 + larger degree of the two)``, the rest for itself.

    Source:
        Metropolis weights: Xiao, Boyd and Kim (2007), *Journal of Parallel and Distributed Computing* 67:33.
    """
    if neighbors is None:
        return Trust(None, np.zeros(n, np.int32))
    if weights == "metropolis":
        matrix = metropolis(neighbors)
    else:
        degree = np.diff(neighbors[0]).astype(np.int64)
        matrix = with_own(neighbors, np.repeat(1.0 / (1.0 + degree), degree))
    groups = connected_components(matrix, directed=False)[1].astype(np.int32)
    return Trust(matrix, groups)


class Settled(NamedTuple):
    """Opinions after the rounds.

    Attributes:
        opinions: `[n, m]` at the end.
        rounds: `[m]` round after which a column had settled; the bound where it had not.
        weight: `[n]` share of each agent's first opinion in the mean of all last ones.
    """

    opinions: Floats
    rounds: Ints
    weight: Floats


def settle(
    first: Floats, trust: Trust, conformity: Floats | None, tolerance: float, most_rounds: int
) -> Settled:
    """Rounds of ``x = C W x + (1 - C) x0`` until opinions have settled.

    Without conformity (C = 1) a column has settled once agents that can hear of each other differ by no more than
    the tolerance; with it, once no opinion moves by more than that. Both are relative to the spread of the first
    opinions.

    Args:
        first: `[n, m]` opinions x0.
        trust: the matrix W.
        conformity: `[n]` diagonal of C, in [0, 1]; None for 1.
        tolerance: above 0.
        most_rounds: bound, 1 or more.
    """
    limit = tolerance * np.ptp(first, axis=0) + 1e-15
    give_way = np.ones(len(first)) if conformity is None else np.asarray(conformity, np.float64)
    if trust.shares is None:
        starts, members, share = np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros(0)
    else:
        starts, members, share = trust.shares.indptr, trust.shares.indices, trust.shares.data
    until_agreed = conformity is None
    return Settled(
        *_rounds(starts, members, share, trust.groups, first, give_way, until_agreed, limit, most_rounds)
    )


def discussed(
    ballots: Ballots,
    record: Record,
    trust: Trust,
    conformity: Floats | None,
    tolerance: float,
    most_rounds: int,
) -> Verdicts:
    """Verdicts after a discussion: the option that most agents hold at its end, or the mean of their points.

    An agent without an answer of its own passes on what it hears.
    """
    given = answered(ballots.answers)
    n, questions = given.shape[1], given.shape[0]
    if ballots.options:
        answers = as_options(ballots.answers)
        said = (answers[:, :, None] == np.arange(ballots.options)).astype(np.float64)
    else:
        said = np.nan_to_num(as_points(ballots.answers))
        said[~given] = 0.0
    width = said.shape[2]
    first = said.transpose(1, 0, 2).reshape(n, questions * width)
    if not given.all():
        first = np.concatenate([first, given.T.astype(np.float64)], axis=1)
    end = settle(np.ascontiguousarray(first), trust, conformity, tolerance, most_rounds)
    opinions = end.opinions[:, : questions * width].reshape(n, questions, width)
    rounds = end.rounds[: questions * width].reshape(questions, width).max(axis=1)
    mass = np.ones((n, questions)) if given.all() else end.opinions[:, questions * width :]
    support = shared(end.weight, given)
    if ballots.options:
        views = opinions + 1e-9 * said.transpose(1, 0, 2)
        held = np.where(mass > 1e-12, views.argmax(axis=2), -1).T.astype(np.int64)
        choice, _ = leading(tally(held, ballots.options), held)
        return vote_verdicts(ballots, record, choice, support, rounds)
    heard = (mass > 1e-12)[:, :, None]
    points = np.divide(opinions, mass[:, :, None], out=np.zeros_like(opinions), where=heard)
    heads = heard.sum(axis=0)
    mean = np.divide(points.sum(axis=0), heads, out=np.full(points.shape[1:], np.nan), where=heads > 0)
    return point_verdicts(ballots, record, mean, support, rounds=rounds)


@kernel
def _rounds(
    starts: Ints32,
    members: Ints32,
    share: Floats,
    groups: Ints32,
    first: Floats,
    give_way: Floats,
    until_agreed: bool,
    limit: Floats,
    most_rounds: int,
) -> tuple[Floats, Ints, Floats]:
    """The rounds of :func:`settle`; a matrix without rows is the complete network's."""
    n, m = first.shape
    rounds = np.full(m, most_rounds)
    unsettled = np.ones(m, np.bool_)
    weight, kept = np.full(n, 1.0 / n), np.zeros(n)
    x, new = first.copy(), np.empty((n, m))
    for k in range(1, most_rounds + 1):
        told = np.zeros(n)
        if len(starts) > 1:
            new[:] = 0.0
            for i in range(n):
                hand_on = give_way[i] * weight[i]
                for e in range(starts[i], starts[i + 1]):
                    j, part = np.uint32(members[e]), share[e]
                    told[j] += part * hand_on
                    for c in range(m):
                        new[i, c] += part * x[j, c]
        else:
            told += (give_way * weight).sum() / n
            mean = x.sum(axis=0) / n
            for i in range(n):
                new[i] = mean
        if until_agreed:
            apart = _spread(new, groups)
        else:
            kept += (1.0 - give_way) * weight
            for i in range(n):
                for c in range(m):
                    new[i, c] = give_way[i] * new[i, c] + (1.0 - give_way[i]) * first[i, c]
            apart = _moved(new, x)
        x, new, weight = new, x, told
        for c in range(m):
            if unsettled[c] and apart[c] <= limit[c]:
                unsettled[c] = False
                rounds[c] = k
        if not unsettled.any():
            break
    return x, rounds, weight + kept


@kernel
def _spread(x: Floats, groups: Ints32) -> Floats:
    """`[m]` largest difference between two agents of one component."""
    n, m = x.shape
    least, most = np.full((groups.max() + 1, m), np.inf), np.full((groups.max() + 1, m), -np.inf)
    for i in range(n):
        for c in range(m):
            least[groups[i], c] = min(least[groups[i], c], x[i, c])
            most[groups[i], c] = max(most[groups[i], c], x[i, c])
    widest = np.zeros(m)
    for g in range(len(least)):
        for c in range(m):
            widest[c] = max(widest[c], most[g, c] - least[g, c])
    return widest


@kernel
def _moved(new: Floats, x: Floats) -> Floats:
    """`[m]` largest change of an opinion."""
    most = np.zeros(x.shape[1])
    for i in range(len(x)):
        for c in range(x.shape[1]):
            most[c] = max(most[c], abs(new[i, c] - x[i, c]))
    return most
