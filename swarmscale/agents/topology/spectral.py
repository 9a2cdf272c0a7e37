"""How fast a network mixes: Metropolis weights and the second eigenvalue; random links that mix fast at any size."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, eigsh

from ...arrays import Floats, Ints, Ints32
from ...errors import require

DENSE = 300
"""Largest network whose eigenvalues are all computed."""


def neighbors_of(n: int, links: Ints) -> tuple[Ints32, Ints32]:
    """Who is linked to whom, agent by agent.

    Args:
        n: number of agents.
        links: `[E, 2]` each link once.

    Returns:
        ``(offsets, members)``, `[n + 1]` and `[2 E]`, members of an agent in ascending order.

    >>> neighbors_of(3, np.array([[0, 1], [1, 2]]))
    (array([0, 1, 3, 4], dtype=int32), array([1, 0, 2, 1], dtype=int32))
    """
    source = np.concatenate([links[:, 0], links[:, 1]])
    target = np.concatenate([links[:, 1], links[:, 0]])
    order = np.lexsort((target, source))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n))])
    return offsets.astype(np.int32), target[order].astype(np.int32)


def metropolis(neighbors: tuple[Ints32, Ints32]) -> csr_array:
    """Weights by which rounds of averaging end at the plain mean: ``1 / (1 + larger degree)``, the rest for oneself.

    Args:
        neighbors: ``(offsets, members)``, symmetric.

    Returns:
        `[n, n]` symmetric, rows sum to 1.

    Source:
        Xiao, Boyd and Kim (2007), *Journal of Parallel and Distributed Computing* 67:33.
    """
    offsets, members = neighbors
    degree = np.diff(offsets).astype(np.int64)
    source = np.repeat(np.arange(len(degree)), degree)
    return with_own(neighbors, 1.0 / (1.0 + np.maximum(degree[source], degree[members])))


def with_own(neighbors: tuple[Ints32, Ints32], share: Floats) -> csr_array:
    """A matrix of weights in which what neighbors do not get is one's own.

    Args:
        neighbors: ``(offsets, members)``.
        share: `[M]` weight that each gives to each of its members.

    Returns:
        `[n, n]`, rows sum to 1.
    """
    offsets, members = neighbors
    n = len(offsets) - 1
    source = np.repeat(np.arange(n), np.diff(offsets))
    own = 1.0 - np.bincount(source, share, n)
    rows, columns = np.concatenate([source, np.arange(n)]), np.concatenate([members, np.arange(n)])
    return csr_array((np.concatenate([share, own]), (rows, columns)), shape=(n, n))


def second_eigenvalue(weights: csr_array) -> float:
    """Second largest absolute eigenvalue of a symmetric matrix of weights whose rows sum to 1.

    Up to 300 agents from all eigenvalues, above by Lanczos' method with the mean taken out.
    """
    n = weights.shape[0]
    if n < 2:
        return 0.0
    if n <= DENSE:
        values = np.sort(np.abs(np.linalg.eigvalsh(weights.toarray())))
        return float(values[-2])

    def without_mean(x: Floats) -> Floats:
        flat = x.ravel()
        return np.asarray(weights @ flat - flat.mean())

    operator = LinearOperator((n, n), matvec=without_mean, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    found = eigsh(operator, k=1, which="LM", v0=start, return_eigenvectors=False, tol=1e-4)
    return float(np.abs(found[0]))


def expander(n: int, degree: int, rng: np.random.Generator) -> Ints:
    """Random links, the same number for each agent: rounds of averaging hardly grow with the number of agents.

    They are ``degree / 2`` random rings through all agents, none of which uses another's link.

    Args:
        n: number of agents; with ``degree + 1`` or fewer all are linked to all.
        degree: links of an agent, even, 2 or more.
        rng: the only source of chance.

    Returns:
        `[E, 2]` each link once as (lower, higher), in ascending order.

    Raises:
        ConfigError: if the degree is odd.

    Source:
        Friedman (2008), *Memoirs of the American Mathematical Society* 195: second eigenvalue of the adjacency
        matrix near ``2 sqrt(degree - 1)``.
    """
    require(degree >= 2 and degree % 2 == 0, "degree", degree, "an even number, 2 or more")
    if n <= degree + 1:
        low, high = np.triu_indices(n, 1)
        return np.stack([low, high], axis=1).astype(np.int64)
    taken = np.empty(0, np.int64)
    while len(taken) < n * degree // 2:
        taken = np.empty(0, np.int64)
        for _ in range(degree // 2):
            ring = _ring_beside(n, taken, rng)
            if ring is None:
                break  # a small network may leave no room: start over
            taken = np.concatenate([taken, ring])
    taken.sort()
    return np.stack([taken // n, taken % n], axis=1)


def _ring_beside(n: int, taken: Ints, rng: np.random.Generator) -> Ints | None:
    """`[n]` links of a random ring as ``lower * n + higher``, none of them taken; None if a thousand swaps fail."""
    order = rng.permutation(n)
    for _ in range(1000):
        after = np.roll(order, -1)
        links = np.minimum(order, after) * n + np.maximum(order, after)
        clash = np.nonzero(np.isin(links, taken))[0]
        if not len(clash):
            return np.asarray(links, np.int64)
        for a, b in zip(clash, rng.integers(n, size=len(clash)), strict=True):
            order[a], order[b] = order[b], order[a]
    return None
