"""Measures of a knowledge graph: diversity, coverage, bridging, predictable links, and who can be asked."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ..arrays import Bools, Floats, Ints, Ints32
from ..errors import require


def rao_stirling(shares: Floats, distance: Floats) -> float:
    """Diversity: the mean distance of two pieces drawn with replacement, over ordered pairs of domains.

    Args:
        shares: `[D]` pieces of each domain, >= 0; normed here.
        distance: `[D, D]` how far apart domains are, in [0, 1], 0 on the diagonal.

    Returns:
        ``sum of d_ij p_i p_j`` over i != j; NaN where there is nothing.

    Source:
        Stirling (2007), "A general framework for analysing diversity in science, technology and society".

    >>> rao_stirling(np.array([1.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    0.5
    """
    total = shares.sum()
    if not total > 0:
        return float("nan")
    p = shares / total
    return float(p @ distance @ p)


def domain_distance(graph: nx.Graph[str]) -> Floats:
    """`[D, D]` 1 less the weight of the link between two domains, 1 where there is none, 0 on the diagonal."""
    distance = 1.0 - nx.to_numpy_array(graph, weight="weight")
    np.fill_diagonal(distance, 0.0)
    return np.asarray(distance, np.float64)


def coverage(facts: Floats) -> float:
    """Share of the domains of which anything is known; `[D]` facts of each.

    >>> coverage(np.array([3.0, 0.0, 1.0, 0.0]))
    0.5
    """
    return float((np.asarray(facts) > 0).mean())


def participation(weights: Floats, group: Ints | Ints32) -> Floats:
    """How evenly each vertex's links are spread over the groups: 0 all within one, near 1 all alike.

    Args:
        weights: `[N, M]` links of N vertices with M others (or with each other), >= 0.
        group: `[M]` the group of each of these, from 0.

    Returns:
        `[N]` ``1 - sum over groups of (links into the group / all links) ** 2``; 0 for a vertex without links.

    Source:
        Guimera & Amaral (2005), "Functional cartography of complex metabolic networks", eq. 2.
    """
    into = weights @ np.eye(int(group.max()) + 1)[group]
    total = into.sum(axis=1)
    share = into / np.where(total > 0, total, 1.0)[:, None]
    return np.where(total > 0, 1.0 - (share**2).sum(axis=1), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPrediction:
    """How high held-out links rank among all places where a link could be.

    Attributes:
        mrr: mean of 1 / rank by paths of length 3.
        hits: share of ranks of at most 10 by the same.
        baseline_mrr: mean of 1 / rank by the product of degrees.
        baseline_hits: share of ranks of at most 10 by the same.
        held_out: links held out.
    """

    mrr: float
    hits: float
    baseline_mrr: float
    baseline_hits: float
    held_out: int


def predict_links(weights: Floats, share: float, draws: np.random.Generator) -> LinkPrediction:
    """Hide some links and see whether the rest foretells them.

    A pair's score is the sum over paths of length 3 between the two of the product of the weights, each divided by
    the root of the inner vertices' degrees; a held-out link (u, v) is ranked among all v' that u is not linked with.
    Equal scores share the mean rank.

    Args:
        weights: `[N, N]` symmetric, >= 0, 0 on the diagonal.
        share: of the links that are held out, in (0, 1).
        draws: which ones.

    Source:
        Kovacs et al. (2019), "Network-based prediction of protein interactions", eq. 2 (paths of length 3, which
        serve bipartite graphs too). Mean reciprocal rank and Hits@10: Bordes et al. (2013). Degree baseline:
        preferential attachment, Liben-Nowell & Kleinberg (2007).
    """
    require(0 < share < 1, "share", share, "in (0, 1)")
    one, other = np.nonzero(np.triu(weights, 1))
    require(len(one) > 1, "links", len(one), "2 or more")
    out = draws.choice(len(one), max(round(share * len(one)), 1), replace=False)
    left = weights.astype(np.float64).copy()
    left[one[out], other[out]] = left[other[out], one[out]] = 0.0
    degree = left.sum(axis=1)
    size = np.where(degree > 0, degree, 1.0)
    scaled = left / np.sqrt(np.outer(size, size))
    paths = left @ scaled @ left
    by_degree = np.outer(degree, degree)
    ranks = np.array(
        [_ranks(paths, by_degree, left, u, v) for u, v in zip(one[out], other[out], strict=True)]
    )
    return LinkPrediction(
        mrr=float((1 / ranks[:, 0]).mean()),
        hits=float((ranks[:, 0] <= 10).mean()),
        baseline_mrr=float((1 / ranks[:, 1]).mean()),
        baseline_hits=float((ranks[:, 1] <= 10).mean()),
        held_out=len(out),
    )


def _ranks(paths: Floats, by_degree: Floats, left: Floats, u: int, v: int) -> tuple[float, float]:
    """Rank of v among all that u is not linked with, by each of the two scores."""
    free = left[u] == 0
    free[u] = False

    def rank(score: Floats) -> float:
        above, level = (score[free] > score[v]).sum(), (score[free] == score[v]).sum()
        return float(above + (level + 1) / 2)

    return rank(paths[u]), rank(by_degree[u])


def brier(belief: Floats, truth: Bools) -> float:
    """Mean squared difference between stated chances and what is true; NaN where there is none.

    Source:
        Brier (1950), "Verification of forecasts expressed in terms of probability".

    >>> brier(np.array([1.0, 0.5]), np.array([True, False]))
    0.125
    """
    return float(((belief - truth) ** 2).mean()) if len(belief) else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactiveMemory:
    """Whether one can ask somebody who knows.

    Attributes:
        reached: share of pairs of asker and fact in which a knower is within so many hops.
        expected: the same if knowers were anywhere: mean of ``1 - (1 - p) ** ball`` with p the share of nodes that
            know a fact and ball the nodes within so many hops of the asker, itself included: draws with replacement,
            which a few knowers among few nodes are not.
        exact: the same without replacement (hypergeometric): what random places really give.
    """

    reached: float
    expected: float
    exact: float


def transactive_memory(hops: Ints32, knows: Bools, within: int) -> TransactiveMemory:
    """Chance that a question reaches a knower within some hops, and what knowers at random places would give.

    Args:
        hops: `[K, K]` links on the live path; -1 if there is none.
        knows: `[K, F]` who knows what.
        within: hops, 0 or more.

    Source:
        Wegner (1987), "Transactive memory": knowing who knows.
    """
    require(within >= 0, "within", within, "0 or more")
    ball = (hops >= 0) & (hops <= within)
    reached = (ball.astype(np.int64) @ knows.astype(np.int64)) > 0
    p, size = knows.mean(axis=0), ball.sum(axis=1)
    expected = 1.0 - (1.0 - p)[None, :] ** size[:, None]
    from scipy.stats import hypergeom

    exact = 1.0 - np.asarray(hypergeom.pmf(0, len(hops), knows.sum(axis=0)[None, :], size[:, None]))
    return TransactiveMemory(
        reached=float(reached.mean()), expected=float(expected.mean()), exact=float(exact.mean())
    )
