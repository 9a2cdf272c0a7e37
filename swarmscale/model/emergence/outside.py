"""What clusters owe to demand, to the fleet's size and to drift, each for itself, taken out of their series."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Ints, kernel
from ..health.moving import smoothed

LEAST = 1e-5
"""Relative variation of demand, or of a product of such, below which a column is left out."""
COLLINEAR = 1e-4
"""Standard deviation of a direction, over that of one column, below which it is rounding."""
ORDER = 4
"""Of the autoregression by which what is hidden is filled in."""
ROUNDS = 10
"""Times that its memory is learned anew from series in which the hidden part was filled in."""
SERIES = 64
"""Series from which it is learned, about."""
BEFORE = 100
"""Samples of noise before the first one that is used."""


def answered(levels: Floats, ready: Ints) -> Floats:
    """Directions in time in which clusters may move alike though nothing joins them.

    A cluster that queues, or whose agents fit tasks the worse the more of them are busy, does not answer in
    proportion, so beside the averages of demand stand their products and cubes (the second order of a Volterra
    series, and what is largest of the third). The fleet's size stands there as it is and averaged over 10 and 30
    samples, with squares; and a drift with its square, since where a fleet is overloaded all queues grow alike.

    Args:
        levels: `[T, S]` averages of demand over several time scales.
        ready: `[T]` ready agents of the fleet, which a scaler moves.

    Returns:
        `[T, E]` orthonormal columns of mean 0.
    """
    mean = levels.mean(axis=0)
    apart = (levels / np.where(mean > 0, mean, 1.0) - 1.0) * (mean > 0)
    a, b = np.triu_indices(apart.shape[1])
    now = ready / max(float(ready.mean()), 1.0) - 1.0
    sizes = np.stack([now, averaged(now, 10), averaged(now, 30)], axis=1)
    drift = np.linspace(-1.0, 1.0, len(levels))[:, None]
    columns = np.hstack([apart, apart[:, a] * apart[:, b], apart**3, sizes, sizes**2, drift, drift**2])
    columns = columns - columns.mean(axis=0)
    spread = columns.std(axis=0)
    columns = columns[:, spread > LEAST] / spread[spread > LEAST]
    if not columns.shape[1]:
        return columns
    basis, strength, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(basis[:, strength > COLLINEAR * np.sqrt(len(columns))], np.float64)


def averaged(values: Floats, span: int) -> Floats:
    """`[T]` exponential average over so many samples; before the first one all was as at it."""
    return smoothed(np.asarray(values, np.float64), 1.0 - float(np.exp(-1.0 / span)), float(values[0]))


def without(series: Floats, basis: Floats, rng: np.random.Generator) -> Floats:
    """The series with what lies in the directions of a basis hidden, and filled in by chance.

    Were it taken out and nothing put there, all series would lack the same directions, and two series that lack the
    same ones agree more by chance than two whole ones. What is put there is the same part of autoregressive noise,
    drawn for each series for itself, with the memory that all series have in common; it is learned in rounds, since
    what is hidden is mostly slow, and what is left seems to forget faster than it does.

    Args:
        series: `[T, M]`.
        basis: `[T, E]` orthonormal columns of mean 0.
        rng: of the noise.

    Returns:
        `[T, M]`; means stay as they are.

    Source:
        Multiple imputation by one draw: Rubin (1987), *Multiple Imputation for Nonresponse in Surveys*, ch. 4;
        memory by the equations of Yule (1927) and Walker (1931).
    """
    samples, parts = series.shape
    if not basis.shape[1] or not parts:
        return series
    mean = series.mean(axis=0)
    rest = series - mean
    rest = rest - basis @ (basis.T @ rest)
    size = rest.std(axis=0)
    scores = rest / np.where(size > 0, size, 1.0)
    news = rng.standard_normal((samples + BEFORE, parts))
    some = slice(None, None, max(parts // SERIES, 1))
    filled = scores[:, some]
    for _ in range(ROUNDS):
        weights, spread = memory_of(filled)
        filled = scores[:, some] + basis @ (basis.T @ remembered(news[:, some], weights, spread))
    noise = remembered(news, *memory_of(filled))
    return np.asarray(mean + rest + basis @ (basis.T @ noise) * size, np.float64)


def memory_of(scores: Floats) -> tuple[Floats, float]:
    """Weights of the autoregression that many series have in common, and the deviation of its news."""
    from scipy.linalg import solve_toeplitz

    samples = len(scores)
    held = np.array([(scores[k:] * scores[: samples - k]).sum() / scores.size for k in range(ORDER + 1)])
    if not held[0] > 0:
        return np.zeros(ORDER), 0.0
    weights = np.asarray(solve_toeplitz(held[:-1], held[1:]), np.float64)
    return weights, float(np.sqrt(max(held[0] - weights @ held[1:], 0.0)))


def remembered(news: Floats, weights: Floats, spread: float) -> Floats:
    """`[T, M]` autoregressive noise from white news `[T + BEFORE, M]` of deviation 1."""
    return _autoregressive(np.ascontiguousarray(news), weights, spread)[BEFORE:]


@kernel
def _autoregressive(news: Floats, weights: Floats, spread: float) -> Floats:
    """`[T, M]` each value: news x spread plus the weighted values before it."""
    out = np.empty_like(news)
    for t in range(len(news)):
        for m in range(news.shape[1]):
            value = spread * news[t, m]
            for k in range(min(len(weights), t)):
                value += weights[k] * out[t - 1 - k, m]
            out[t, m] = value
    return out
