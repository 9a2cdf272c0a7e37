"""From what is said to what is so: maps that turn stated confidences into frequencies.

Source:
    Platt (1999), "Probabilistic outputs for support vector machines", with the pull to the identity that Bayes'
    rule gives; isotonic regression by pool adjacent violators: Zadrozny and Elkan (2002), KDD.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from ...arrays import Bools, Floats
from .tally import FAR

SHARPEST = 1e-4
"""Nearest that a confidence may come to 0 or 1 before its log-odds are taken."""


def log_odds(chance: Floats) -> Floats:
    """Log-odds of chances, those nearer to 0 or 1 than 1e-4 taken as that near.

    >>> log_odds(np.array([0.5, 1.0])).round(2)
    array([0.  , 9.21])
    """
    return np.asarray(logit(np.clip(chance, SHARPEST, 1 - SHARPEST)))


def platt(
    said: Floats,
    right: Floats,
    given: Bools,
    center: tuple[float, float] = (1.0, 0.0),
    pull: float = 1.0,
) -> tuple[Floats, Floats]:
    """Slope and intercept of ``P(right) = expit(slope * said + intercept)``, one pair for each column.

    Maximum a posteriori with a normal prior around ``center``, by Newton's method with halved steps.

    Args:
        said: `[H, m]` log-odds as stated.
        right: `[H, m]` 1 if it was right, 0 if not, or a share.
        given: `[H, m]` which entries count.
        center: where slope and intercept are pulled to.
        pull: precision of the prior, in observations of unit information.

    Returns:
        `[m]` slopes, `[m]` intercepts.
    """
    x, y, w = np.where(given, said, 0.0), np.where(given, right, 0.0), given.astype(np.float64)
    a, b = np.full(x.shape[1], center[0]), np.full(x.shape[1], center[1])
    step = np.ones_like(a)

    def looked(a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Loss of each column, and chances; plain exp and log, which numpy computes many at a time."""
        z = a * x + b
        e = np.exp(-np.abs(z))
        prior = 0.5 * pull * ((a - center[0]) ** 2 + (b - center[1]) ** 2)
        loss = (w * (np.maximum(z, 0.0) + np.log(1.0 + e) - y * z)).sum(axis=0) + prior
        return loss, np.where(z >= 0, 1.0, e) / (1.0 + e)

    now, p = looked(a, b)
    for _ in range(50):
        error, spread = w * (p - y), w * p * (1 - p)
        to_a = (error * x).sum(axis=0) + pull * (a - center[0])
        to_b = error.sum(axis=0) + pull * (b - center[1])
        aa, ab, bb = (spread * x * x).sum(axis=0) + pull, (spread * x).sum(axis=0), spread.sum(axis=0) + pull
        size = aa * bb - ab * ab
        by_a, by_b = (bb * to_a - ab * to_b) / size, (aa * to_b - ab * to_a) / size
        new_a, new_b = a - step * by_a, b - step * by_b
        new, new_p = looked(new_a, new_b)
        better = new <= now + 1e-9
        p = np.where(better, new_p, p)
        a, b, now = np.where(better, new_a, a), np.where(better, new_b, b), np.where(better, new, now)
        step = np.where(better, np.minimum(1.0, 2 * step), step / 2)
        if np.all(np.abs(by_a) + np.abs(by_b) < 1e-6):
            break
    return a, b


def isotonic(said: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Corners of the rising curve nearest to the outcomes, pulled in by one success and one failure.

    Args:
        said: `[m]` log-odds as stated.
        right: `[m]` 1 if it was right, 0 if not.

    Returns:
        `[c]` log-odds as stated, ascending, and `[c]` log-odds as found, for ``np.interp``.
    """
    from scipy.optimize import isotonic_regression  # a tenth of a second to import, and seldom wanted

    order = np.argsort(said, kind="stable")
    x, fit = said[order], isotonic_regression(right[order])
    starts = fit.blocks[:-1]
    sizes = np.diff(fit.blocks)
    shrunk = (fit.x[starts] * sizes + 1.0) / (sizes + 2.0)
    middle = np.add.reduceat(x, starts) / sizes
    found = np.clip(np.maximum.accumulate(log_odds(shrunk)), -FAR, FAR)
    return np.asarray(middle), np.asarray(found)
