"""Who foretells whom, where the news of a series may still have a memory.

The recipe of :func:`~..estimators.network.te_network` leaves white news behind for autoregressions. Opinions that
flip now and then, or motion without noise, keep a memory that ranks and autoregressions do not take out, and two series
with a memory agree by chance more often. Each pair is given as many samples as its two memories leave.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfc

from ....arrays import Floats
from ..base import Window
from ..estimators.gaussian import from_correlation, rank_normal, whitened
from ..estimators.multiple import benjamini_hochberg
from ..estimators.network import TeNetwork, lagged_correlation
from ..gates import cleaned

FEWEST_MEETINGS = 5.0
"""Changes of two series that must be expected in one sample by chance, before their number has a normal law."""

FEWEST_SAMPLES = 20.0
"""Samples that must be left of a pair for its correlation to have a normal law."""


def networks_of(window: Window, *, order: int, q: float, commands: bool = False) -> list[TeNetwork]:
    """The influences in a window's cleaned series; for angles those of their cosines and those of their sines.

    Args:
        window: what happened, with two series or more left.
        order: see :func:`influences`.
        q: see there.
        commands: whether what the root ordered is taken out as well.
    """
    ordered = commands and window.commands.shape[1] > 0

    def found() -> list[TeNetwork]:
        series = cleaned(window, commands=ordered)
        parts = np.hsplit(series, 2) if window.angles else [series]
        return [influences(columns, order=order, q=q) for columns in parts]

    return window.once(("influences", order, q, ordered), found)


def influences(series: Floats, *, order: int = 4, q: float = 0.05) -> TeNetwork:
    """Transfer entropies between all pairs of series, and which hold.

    Args:
        series: `[T, M]`, M of 2 or more.
        order: of the autoregression that is taken out of each series.
        q: false discovery rate over all ordered pairs.

    Returns:
        The network; with n samples that count for a pair, ``(2 n - 5) TE`` is chi-squared with one degree of freedom.
        Pairs that change too rarely, or remember too long, to be judged have NaN for p and do not count.

    Source:
        As :func:`~..estimators.network.te_network`; samples that count: Bartlett (1935), *Journal of the Royal
        Statistical Society* 98:536; five expected: Cochran (1954), *Biometrics* 10:417.
    """
    scores = rank_normal(series)
    news = rank_normal(whitened(scores, order))
    te = from_correlation(lagged_correlation(news))
    np.fill_diagonal(te, 0.0)
    left = (len(news) - 1) / memory_of_pairs(news)
    p = np.asarray(erfc(np.sqrt(0.5 * np.maximum(2.0 * left - 5.0, 0.0) * te)))
    often = changes(scores)
    p[(np.multiply.outer(often, often) < FEWEST_MEETINGS * len(scores)) | (left < FEWEST_SAMPLES)] = np.nan
    np.fill_diagonal(p, np.nan)
    return TeNetwork(te, p, benjamini_hochberg(p, q), int(np.count_nonzero(~np.isnan(p))))


def changes(series: Floats) -> Floats:
    """`[M]` how many steps of a series there are, were they all of one size: ``(sum of squares)^2 / sum of fourths``.

    >>> changes(np.array([[0.0], [0.0], [1.0], [1.0], [0.0]])).tolist()
    [2.0]
    """
    squares = np.square(np.diff(series, axis=0))
    fourths = np.square(squares).sum(axis=0)
    return np.asarray(squares.sum(axis=0) ** 2 / np.where(fourths > 0, fourths, 1.0))


def memory_of_pairs(series: Floats) -> Floats:
    """Samples that stand for one where two series with a memory are compared.

    Args:
        series: `[T, M]`.

    Returns:
        `[M, M]` the sum over lags of ``(1 - |k| / T) r_i(k) r_j(k)``, with r the autocorrelations; 1 at least.

    Source:
        Bartlett (1935), *Journal of the Royal Statistical Society* 98:536.
    """
    samples = len(series)
    waves = np.fft.rfft(series - series.mean(axis=0), n=2 * samples, axis=0)
    products = np.fft.irfft(waves.real**2 + waves.imag**2, axis=0)[:samples]
    r = products / np.where(products[:1] > 0, products[:1], 1.0)
    r /= np.sqrt(1.0 - np.arange(samples) / samples)[:, None]
    return np.maximum(2.0 * (r.T @ r) - 1.0, 1.0)
