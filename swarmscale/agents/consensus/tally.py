"""Counting votes: totals of options, the option that leads, and how sure its lead makes us."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from ...arrays import Bools, Floats, Ints

FAR = 30.0
"""Log-odds beyond which nothing is told apart."""


def tally(answers: Ints, options: int, weights: Floats | None = None) -> Floats:
    """Total weight of each option.

    Args:
        answers: `[T, n]` options, -1 for no answer.
        options: number of options K.
        weights: `[n]` or `[T, n]`; None counts each answer once.

    Returns:
        `[T, K]` totals.

    >>> tally(np.array([[0, 1, 1, -1]]), 3)
    array([[1., 2., 0.]])
    """
    given = answers >= 0
    places = (answers + options * np.arange(len(answers))[:, None])[given]
    weighed = None if weights is None else np.broadcast_to(weights, answers.shape)[given]
    return (
        np.bincount(places, weighed, len(answers) * options).reshape(len(answers), options).astype(np.float64)
    )


def leading(totals: Floats, answers: Ints) -> tuple[Ints, Bools]:
    """The option with the largest total, and whether others share that place.

    A tie goes to the side of the voter listed first: a fair coin wherever the order of the agents says nothing, and
    no option is favored.

    Args:
        totals: `[T, K]` totals.
        answers: `[T, n]` the answers counted.

    Returns:
        `[T]` options, -1 where nobody answered; `[T]` whether there was a tie.

    >>> leading(np.array([[2.0, 2.0, 1.0]]), np.array([[2, 1, 0, 0, 1]]))
    (array([1]), array([ True]))
    """
    top = totals.max(axis=1, keepdims=True)
    first = totals >= top - 1e-12 * np.maximum(np.abs(top), 1.0)
    tied = np.asarray(first.sum(axis=1) > 1)
    choice = totals.argmax(axis=1)
    rows = np.nonzero(tied)[0]
    if len(rows):
        votes = answers[rows]
        among = first[rows[:, None], votes] & (votes >= 0)
        heard = among.any(axis=1)
        voter = among.argmax(axis=1)
        choice[rows[heard]] = votes[heard, voter[heard]]
    empty = (answers < 0).all(axis=1)
    choice[empty] = -1
    return choice.astype(np.int64), np.asarray(tied & ~empty)


def lead_log_odds(totals: Floats, choice: Ints) -> Floats:
    """Log-odds that the chosen option is right, where totals are sums of log-likelihoods up to a constant.

    Args:
        totals: `[T, K]` log weights of evidence for each option.
        choice: `[T]` options, -1 for none.

    Returns:
        `[T]` log-odds, within 30 of 0; -30 where nothing was chosen.

    >>> lead_log_odds(np.array([[0.0, 2.0]]), np.array([1]))
    array([2.])
    """
    rows = np.arange(len(totals))
    mine = totals[rows, choice]
    if totals.shape[1] < 2:
        return np.where(choice < 0, -FAR, FAR)
    others = totals.copy()
    others[rows, choice] = -np.inf
    return np.where(choice < 0, -FAR, np.clip(mine - logsumexp(others, axis=1), -FAR, FAR))


def shared(weights: Floats, given: Bools) -> Floats:
    """Weights as shares: absolute values sum to 1 over the agents that answered, 0 elsewhere.

    Args:
        weights: `[n]` or `[T, n]`.
        given: `[T, n]` who answered.

    >>> shared(np.array([3.0, -1.0, 5.0]), np.array([[True, True, False]]))
    array([[ 0.75, -0.25,  0.  ]])
    """
    counted = np.where(given, weights, 0.0)
    total = np.abs(counted).sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counted, total, out=np.zeros_like(counted), where=total > 0))


def effective(support: Floats) -> Floats:
    """Number of equally weighted voters that shares of weight are worth, ``1 / sum(share**2)``.

    >>> effective(np.array([[0.5, 0.5, 0.0]]))
    array([2.])
    """
    squares = (support**2).sum(axis=1)
    return np.asarray(np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > 0))
