"""Trust in sources: who is believed by those who are believed."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Ints
from .replicas import Replicas, chance

_ALPHA, _ROUNDS, _ENOUGH = 0.1, 100, 1e-12


def statements(replicas: Replicas, leave: int = -1) -> tuple[Ints, Ints, Floats]:
    """What sources say of facts that several of them have stated.

    Args:
        replicas: what the nodes hold; of each cell the latest version anywhere counts.
        leave: a relation to leave out: what is said of agreement itself.

    Returns:
        `[n]` number of the fact, counted from 0, `[n]` source, `[n]` in [-1, 1]: how firmly its latest version
        supports or denies the fact.
    """
    if not len(replicas.codes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    latest = replicas.at.argmax(axis=0)
    places = np.arange(len(replicas.codes))
    odds = np.where(replicas.at[latest, places] > -np.inf, replicas.log_odds[latest, places], 0.0)
    _, number, many = np.unique(replicas.facts, return_inverse=True, return_counts=True)
    shared = (many[number] > 1) & (odds != 0) & (replicas.relation != leave)
    return number[shared], replicas.source[shared], 2.0 * chance(odds[shared]) - 1.0


def agreement(number: Ints, source: Ints, firmness: Floats, nodes: int) -> Floats:
    """How far two sources said the same, summed over facts: products of their firmness, below 0 if they disagree.

    Args:
        number: `[n]` facts, from 0.
        source: `[n]` who said it.
        firmness: `[n]` in [-1, 1], above 0 for the fact.
        nodes: K.

    Returns:
        `[K, K]` symmetric, 0 on the diagonal.
    """
    if not len(number):
        return np.zeros((nodes, nodes))
    facts, row = np.unique(number, return_inverse=True)
    said = np.zeros((len(facts), nodes))
    said[row, source] = firmness
    net = said.T @ said
    np.fill_diagonal(net, 0.0)
    return np.asarray(net, np.float64)


def eigentrust(net: Floats) -> Floats:
    """Global trust in each source.

    Local trust is the net agreement where it is above 0, normed by row. Those start with trust with whom the others
    agree more often than not, taken together: this presumes that most sources tell what they see, as any method
    without known truths must. Without any agreement all are trusted alike.

    Args:
        net: `[K, K]` net agreement, see :func:`agreement`.

    Returns:
        `[K]` trust, >= 0, sum 1.

    Source:
        Kamvar, Schlosser & Garcia-Molina (2003), "The EigenTrust algorithm", algorithm 2, with a = .1.

    >>> eigentrust(np.array([[0.0, 3.0, -2.0], [3.0, 0.0, -2.0], [-2.0, -2.0, 0.0]])).tolist()
    [0.5, 0.5, 0.0]
    """
    count = len(net)
    backed = np.maximum(net.sum(axis=0), 0.0)
    start = backed / backed.sum() if backed.sum() > 0 else np.full(count, 1.0 / count)
    local = np.maximum(net, 0.0)
    given = local.sum(axis=1, keepdims=True)
    matrix = np.where(given > 0, local / np.where(given > 0, given, 1.0), start)
    trust = start
    for _ in range(_ROUNDS):
        new = (1 - _ALPHA) * (matrix.T @ trust) + _ALPHA * start
        done = np.abs(new - trust).sum() < _ENOUGH
        trust = new
        if done:
            break
    return np.asarray(trust / trust.sum(), np.float64)


def weights(trust: Floats) -> Floats:
    """`[K]` in [0, 1]: how much of a source's evidence counts; all of it from the mean trust up.

    >>> weights(np.array([0.5, 0.3, 0.2, 0.0])).round(2).tolist()
    [1.0, 1.0, 0.8, 0.0]
    """
    return np.asarray(np.minimum(trust * len(trust), 1.0), np.float64)
