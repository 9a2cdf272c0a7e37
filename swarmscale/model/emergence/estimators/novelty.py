"""Whether a window brings more new kinds of solutions than its own past lets expect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require

GRID = 33
"""Values of each parameter that are compared at a time."""
ZOOMS = 10
"""How often the grid closes in on the best pair."""
LARGEST = 1e6
"""Largest strength that is looked at: with it, nearly everything is new."""


class PitmanYor(NamedTuple):
    """A process in which the next token is new with probability ``(strength + discount k) / (strength + n)``.

    Attributes:
        discount: d in [0, 1): how slowly novelties dry up.
        strength: theta above -d.
    """

    discount: float
    strength: float


class Novelty(NamedTuple):
    """New kinds in a window against what its past lets expect.

    Attributes:
        observed: kinds in the window that the history does not have.
        expected: mean of the null.
        low: 2.5 % point of the null.
        high: 97.5 % point.
        p: chance of as many under the null.
    """

    observed: int
    expected: float
    low: float
    high: float
    p: float


def fit_pitman_yor(signature: Ints) -> PitmanYor:
    """Discount and strength under which a sequence is most probable.

    Args:
        signature: `[n]` kind of each token, n of 2 or more.

    Returns:
        The maximum of the exchangeable partition probability, found on grids that close in on it.

    Source:
        Pitman (1995), *Probability Theory and Related Fields* 102:145.
    """
    require(len(signature) >= 2, "number of solutions", len(signature), "2 or more")
    _, counts = np.unique(signature, return_counts=True)
    sizes, times = np.unique(counts, return_counts=True)
    low, high = np.array([0.0, np.log(1e-3)]), np.array([0.999, np.log(LARGEST)])
    best = low
    for _ in range(ZOOMS):
        discount = np.linspace(low[0], high[0], GRID)
        room = np.linspace(low[1], high[1], GRID)  # logarithm of strength + discount
        value = log_probability(discount[:, None], np.exp(room) - discount[:, None], sizes, times)
        i, j = np.unravel_index(int(np.argmax(value)), value.shape)
        best, step = np.array([discount[i], room[j]]), (high - low) / (GRID - 1)
        low = np.maximum(best - 4 * step, [0.0, np.log(1e-3)])
        high = np.minimum(best + 4 * step, [0.999, np.log(LARGEST)])
    return PitmanYor(float(best[0]), float(np.exp(best[1]) - best[0]))


def log_probability(discount: Floats, strength: Floats, sizes: Ints, times: Ints) -> Floats:
    """Logarithm of the probability of a partition under a Pitman-Yor process.

    Args:
        discount: `[...]` d in [0, 1).
        strength: `[...]` theta above -d.
        sizes: `[S]` different numbers of tokens of a kind.
        times: `[S]` how many kinds have each.

    Returns:
        `[...]`.

    Source:
        Pitman (1995), *Probability Theory and Related Fields* 102:145, prop. 9.
    """
    kinds, tokens = int(times.sum()), int((sizes * times).sum())
    d, theta = np.broadcast_arrays(discount, strength)
    positive = d > 0
    ratio = np.divide(theta, d, out=np.zeros(d.shape), where=positive)
    exact = gammaln(np.minimum(ratio, 1e7) + kinds) - gammaln(np.minimum(ratio, 1e7) + 1.0)
    far = (kinds - 1) * np.log(np.maximum(ratio, 1.0)) + kinds * (kinds - 1) / (2.0 * np.maximum(ratio, 1.0))
    scaled = np.where(ratio > 1e7, far, exact) + (kinds - 1) * np.log(np.where(positive, d, 1.0))
    opening = np.where(positive, scaled, (kinds - 1) * np.log(np.where(positive, 1.0, theta)))
    own = np.asarray(discount)[..., None]
    within = gammaln(sizes - own) - gammaln(1.0 - own)
    return np.asarray(
        opening - gammaln(theta + tokens) + gammaln(theta + 1.0) + within @ times.astype(np.float64)
    )


def novelty_p(history: Ints, window: Ints, draws: int, rng: np.random.Generator) -> Novelty:
    """Test the number of new kinds in a window against a Pitman-Yor process fitted to its history.

    Args:
        history: `[n]` kinds of all solutions before the window, 2 or more.
        window: `[w]` those in the window.
        draws: simulated windows.
        rng: for these.

    Source:
        Tria, Loreto, Servedio and Strogatz (2014), *Scientific Reports* 4:5890 (novelties); Pitman (1995).
    """
    require(draws >= 1, "draws", draws, "1 or more")
    require(len(window) >= 1, "number of solutions in the window", len(window), "1 or more")
    fit = fit_pitman_yor(history)
    known = np.unique(history)
    observed = len(np.setdiff1d(window, known))
    null = new_kinds(fit.discount, fit.strength, len(history), len(known), rng.random((draws, len(window))))
    low, high = np.quantile(null, (0.025, 0.975))
    p = (1.0 + np.count_nonzero(null >= observed)) / (1.0 + draws)
    return Novelty(observed, float(null.mean()), float(low), float(high), float(p))


@kernel
def new_kinds(discount: float, strength: float, tokens: int, kinds: int, chance: Floats) -> Ints:
    """How many new kinds a Pitman-Yor process brings after ``tokens`` tokens of ``kinds`` kinds.

    Args:
        discount: d in [0, 1).
        strength: theta above -d.
        tokens: n so far.
        kinds: k so far.
        chance: `[B, w]` uniform draws, one a token.

    Returns:
        `[B]` numbers.
    """
    out = np.zeros(len(chance), np.int64)
    for b in range(len(chance)):
        new = 0
        for j in range(chance.shape[1]):
            if chance[b, j] * (strength + tokens + j) < strength + discount * (kinds + new):
                new += 1
        out[b] = new
    return out


def first_seen(signature: Ints) -> Bools:
    """`[n]` whether a token is the first of its kind.

    >>> first_seen(np.array([7, 7, 3])).tolist()
    [True, False, True]
    """
    first = np.zeros(len(signature), np.bool_)
    first[np.unique(signature, return_index=True)[1]] = True
    return first
