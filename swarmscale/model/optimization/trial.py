"""Before and after: whether a metric has changed, told from noise that hangs together and from demand that moves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from ...arrays import Bools, Floats
from .figures import Series


class Change(NamedTuple):
    """How a metric has changed.

    Attributes:
        before: its mean before.
        after: its mean afterwards, as if what arrived were what it was before.
        relative: (after - before) / before; NaN if that has no meaning.
        low: lower end of the interval of the relative change.
        high: its upper end.
        lower: chance of a fall of this size or a larger one where nothing has changed.
        higher: chance of such a rise.
        moved: whether what arrived before and afterwards has nothing in common, so that nothing can be told.
    """

    before: float
    after: float
    relative: float
    low: float
    high: float
    lower: float
    higher: float
    moved: bool


WORTH = 1 / 3
"""Share of the squared standard error to which a cut must bring it."""
LEAST = 3
"""Bins that must stand on each side."""
UNKNOWN = Change(np.nan, np.nan, np.nan, np.nan, np.nan, 1.0, 1.0, moved=False)


def settled(values: Floats) -> int:
    """First bin from which a series is thought to be settled: the cut that leaves the least squared standard error.

    At most half of the bins are cut off, and none unless that error falls to a third: in noise that hangs together some
    cut always lowers it a little, and such cuts make false finds.

    Source:
        Marginal standard error rule: White (1997), *Simulation* 69(6); MSER-5 with bins for batches.

    >>> settled(np.array([9.0, 5.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0]))
    2
    """
    n = len(values)
    least, at = WORTH * float(values.var()) / n, 0
    for cut in range(n // 2 + 1):
        rest = values[cut:]
        error = float(rest.var()) / len(rest)
        if error < least - 1e-15:
            least, at = error, cut
    return at


def compare(before: Series, after: Series, level: float) -> Change:
    """Whether a metric is another one after a change.

    What has not settled yet at the begin of each window is cut off. Then least squares of the metric on a constant,
    whether the bin is after the change, and the load; the error of the change is widened for noise that hangs together
    from bin to bin, as for an autoregression of order 1 by the lag-1 correlation of the residuals, bias corrected;
    degrees of freedom are those of as many independent bins.

    Args:
        before: bins before; bins in which nothing was counted are passed over.
        after: bins afterwards.
        level: of each one-sided test; the interval has 1 - 2 x level.

    Returns:
        The change; nothing known where fewer than three bins stand on a side.

    Source:
        Control variates by regression: Lavenberg & Welch (1981), *Management Science* 27(3). Effective number of bins
        n (1 - r) / (1 + r): Bayley & Hammersley (1946), *Suppl. J. R. Stat. Soc.* 8. Bias of r: Kendall (1954),
        *Biometrika* 41.
    """
    parts = []
    for part in (before, after):
        known = ~np.isnan(part.values)
        first = settled(part.values[known]) if known.sum() >= LEAST else 0
        parts.append((part.values[known][first:], part.load[known][first:]))
    n, m = (len(values) for values, _ in parts)
    if n < LEAST or m < LEAST:
        return UNKNOWN
    y, x = (np.concatenate(both) for both in zip(*parts, strict=True))
    is_after = np.arange(n + m) >= n
    moved = bool(x[:n].max() < x[n:].min() or x[n:].max() < x[:n].min()) if np.ptp(x) > 0 else False
    if np.ptp(y) == 0:
        return Change(float(y[0]), float(y[0]), 0.0, 0.0, 0.0, 1.0, 1.0, moved)
    effect, error, free = _effect(y, x - x[:n].mean(), is_after)
    mean = float(y[:n].mean())
    error = max(error, 1e-12 * float(abs(y).max()))
    half = float(stdtrit(free, 1 - level)) * error
    scale = 1 / mean if mean > 0 else np.nan
    return Change(
        mean,
        mean + effect,
        effect * scale,
        (effect - half) * scale,
        (effect + half) * scale,
        float(stdtr(free, effect / error)),
        float(stdtr(free, -effect / error)),
        moved,
    )


def mean_and_half(values: Floats, level: float) -> tuple[float, float]:
    """Mean of differences bin by bin, and half of the interval of 1 - 2 x level; widened as in :func:`compare`.

    >>> mean_and_half(np.array([1.0, 1.0, 1.0]), 0.05)
    (1.0, 0.0)
    """
    if np.ptp(values) == 0:
        return float(values[0]), 0.0
    n = len(values)
    r = _lag_one(values - values.mean(), np.zeros(n, np.bool_))
    wider = (1 + r) / (1 - r)
    error = float(np.sqrt(values.var(ddof=1) / n * wider))
    return float(values.mean()), float(stdtrit(max(n / wider - 1, 1.0), 1 - level)) * error


def _effect(y: Floats, x: Floats, is_after: Bools) -> tuple[float, float, float]:
    """Effect of being after, its standard error, and the degrees of freedom."""
    columns = [np.ones(len(y)), is_after.astype(np.float64)]
    spread = x[~is_after].std() + x[is_after].std()
    if spread > 1e-12 * max(abs(x).max(), 1e-300) and len(y) > 6:
        columns.append(x)
    design = np.stack(columns, axis=1)
    inverse = np.linalg.pinv(design.T @ design)
    rest = y - design @ (inverse @ (design.T @ y))
    effect = float((inverse @ (design.T @ y))[1])
    size = len(y) - design.shape[1]
    variance = float(rest @ rest) / max(size, 1)
    r = _lag_one(rest, is_after)
    wider = (1 + r) / (1 - r)
    free = max(len(y) / wider - design.shape[1], 1.0)
    return effect, float(np.sqrt(variance * inverse[1, 1] * wider)), free


def _lag_one(rest: Floats, is_after: Bools) -> float:
    """Correlation of a residual with the next one of the same window, in [0, .9].

    Corrected for bias, and half a standard error higher: what is too low makes more false finds than what is too high
    spares.
    """
    pairs = is_after[1:] == is_after[:-1]
    square = float(rest @ rest)
    if square == 0:
        return 0.0
    r = float((rest[1:] * rest[:-1])[pairs].sum()) / square * len(rest) / max(int(pairs.sum()), 1)
    return float(np.clip(r + (1 + 3 * r) / len(rest) + 0.5 / np.sqrt(len(rest)), 0.0, 0.9))
