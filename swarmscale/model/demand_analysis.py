"""What a demand series is like: its periods, trend, level shifts and burstiness, each with its significance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..errors import require

RARE = 1e-3
"""Chance of a false finding in noise, over all that is looked at for one kind of finding."""
LEAST_SHARE = 0.01
"""A period that explains less of the variance is not told of, however significant it is."""
_BINS = 4096  # at most, after averaging neighbors
_FLOOR = 0.05  # of the mean: what a bin counts as at least, where logarithms are taken


@dataclass(frozen=True, slots=True)
class Period:
    """A period of demand.

    Attributes:
        period_s: s.
        share: of the variance of log demand that a sinusoid of this period explains.
        p_value: chance of so much power at any frequency if there were none.
    """

    period_s: float
    share: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A steady change.

    Attributes:
        per_day: change of demand a day, as a share of its mean.
        low: lower end of the 95 % interval.
        high: upper end.
        p_value: of no trend.
    """

    per_day: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Shift:
    """A lasting change of level.

    Attributes:
        time_s: when, s from the series' begin.
        ratio: level after it / level before.
        p_value: of no change of level, over all instants.
    """

    time_s: float
    ratio: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found.

    Attributes:
        periods: significant ones, the strongest first.
        trend: None with fewer than 8 blocks.
        shifts: significant ones by time.
        peak_to_mean: largest bin / mean.
        dispersion: variance / mean of the demand in a bin around its level and season, as if demand were a rate of
            single events a second; 1 for a Poisson process.
    """

    periods: tuple[Period, ...]
    trend: Trend | None
    shifts: tuple[Shift, ...]
    peak_to_mean: float
    dispersion: float


def analyze(demand: Floats, step_s: float) -> Analysis:
    """Analyze a series.

    Args:
        demand: `[T]` demand in each bin, >= 0, not all 0, 64 bins or more.
        step_s: width of a bin, s.

    Raises:
        ConfigError: if there are too few bins, or none above 0.
    """
    require(len(demand) >= 64, "bins", len(demand), "64 or more to be analyzed")
    require(float(demand.mean()) > 0, "mean demand", 0, "above 0 to be analyzed")
    few = -(-len(demand) // _BINS)
    bins, width_s = averaged(demand, few), few * step_s
    y = np.log(np.maximum(bins, _FLOOR * bins.mean()))
    periods = find_periods(y, width_s)
    season = round(periods[0].period_s / width_s) if periods else 0
    shifts, fit = find_shifts(y, season, width_s)
    around = np.exp(y - fit)
    return Analysis(
        periods=periods,
        trend=find_trend(bins, width_s, season),
        shifts=shifts,
        peak_to_mean=float(demand.max() / demand.mean()),
        dispersion=float(np.var(around) * bins.mean() * width_s),
    )


def averaged(demand: Floats, few: int) -> Floats:
    """`[T // few]` means of so many neighbors."""
    n = len(demand) // few
    return np.asarray(demand[: n * few].reshape(n, few).mean(axis=1), np.float64)


def find_periods(y: Floats, width_s: float) -> tuple[Period, ...]:
    """Periods of which the series holds three or more and that explain 1 % or more, the strongest first.

    One that the series is too short to tell from a day or a week is taken to be that.

    Power is taken of the differences, which flattens the spectrum of drifting noise, and compared with the median
    power of neighboring frequencies; in noise their ratio is exponential.

    Source:
        Fisher (1929), tests of significance in harmonic analysis; a robust local background: Mann & Lees (1996).
    """
    d = np.diff(y)
    n = len(d)
    power = np.abs(np.fft.rfft(d - d.mean())) ** 2
    first, last = 3, len(power) - 1
    if last - first < 16 or not power[first:last].any():
        return ()
    found = []
    tested = last - first
    for k in range(first, last):
        near = power[max(1, k - 60) : k + 61]
        background = float(np.median(near)) / math.log(2)
        if power[k] < max(power[k - 1], power[k + 1]) or background <= 0:
            continue
        p = -math.expm1(tested * math.log1p(-math.exp(-min(power[k] / background, 700.0))))
        if p < RARE:
            period = _sharpened(y, n / k)
            found.append(Period(_named(period * width_s, len(y) * width_s), explained(y, period), p))
    found.sort(key=lambda period: -period.share)
    return tuple(period for period in found if period.share >= LEAST_SHARE)


def explained(y: Floats, period: float) -> float:
    """Share of a series' variance that a sinusoid explains, by least squares; the period in bins."""
    t = 2 * np.pi * np.arange(len(y)) / period
    x = np.column_stack([np.ones(len(y)), np.cos(t), np.sin(t)])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(1 - left.var() / y.var()) if y.var() > 0 else 0.0


def _sharpened(y: Floats, period: float) -> float:
    """The period near this one that explains most, in bins; a series' length alone leaves it coarse."""
    cycles = len(y) / period + np.linspace(-0.5, 0.5, 41)
    return float(len(y) / max(cycles, key=lambda c: explained(y, len(y) / c)))


def _named(period_s: float, span_s: float) -> float:
    """The day or the week, if the period cannot be told from it in a series of this length."""
    for whole_s in (86_400.0, 604_800.0):
        if abs(span_s / period_s - span_s / whole_s) <= 0.25:
            return whole_s
    return period_s


def find_trend(bins: Floats, width_s: float, season: int) -> Trend | None:
    """Theil and Sen's slope with its interval, and Mann and Kendall's test, over means of whole seasons.

    Source:
        Mann (1945); Kendall (1975); Sen (1968).
    """
    from scipy.stats import kendalltau, theilslopes

    block = season if season and len(bins) // season >= 8 else len(bins) // 12
    if block < 1 or len(bins) // block < 8:
        return None
    means = averaged(bins, block)
    days = np.arange(len(means)) * block * width_s / 86_400
    slope, _, low, high = theilslopes(means / bins.mean(), days, 0.95)
    p = float(kendalltau(days, means).pvalue)
    return Trend(float(slope), float(low), float(high), p if math.isfinite(p) else 1.0)


def find_shifts(y: Floats, season: int, width_s: float) -> tuple[tuple[Shift, ...], Floats]:
    """Lasting changes of level, and `[T]` level and season together as fitted.

    Level and season are fitted in turns. Within each stretch of one level the split with the largest CUSUM is
    tested against Kolmogorov's law, its standard error from the residuals around both levels with their
    correlation; the two halves are split again. A shift stands where the hours before and after differ most, near
    that split, and counts if the level changes by a quarter or more and lasts a season on both sides.

    Source:
        Binary segmentation: Vostrikova (1981); CUSUM with a long-run variance: Ploberger & Krämer (1992), its
        estimate: Newey & West (1987).
    """
    shortest = max(season, round(6 * 3600 / width_s), 16)
    pattern = np.zeros(len(y))
    cuts: list[tuple[int, float]] = []
    for _ in range(4):
        cuts = sorted(_split(y - pattern, 0, len(y), shortest))
        level = _levels(y - pattern, [k for k, _ in cuts])
        pattern = _pattern(y - level, season)
    flat = y - pattern
    level = _levels(flat, [k for k, _ in cuts])
    hour = max(round(3600 / width_s), 1)
    shifts = []
    for k, p in cuts:
        ratio = math.exp(level[k] - level[k - 1])
        if max(ratio, 1 / ratio) >= 1.25:
            shifts.append(Shift(_onset(flat, k, hour) * width_s, ratio, p))
    return tuple(shifts), pattern + level


def _pattern(left: Floats, season: int) -> Floats:
    """`[T]` median of each phase of the season, 0 without one."""
    if not season or len(left) < 3 * season:
        return np.zeros(len(left))
    phase = np.arange(len(left)) % season
    typical = np.array([np.median(left[phase == p]) for p in range(season)])
    return np.asarray((typical - typical.mean())[phase], np.float64)


def _levels(flat: Floats, cuts: list[int]) -> Floats:
    """`[T]` mean between cuts."""
    out = np.empty(len(flat))
    for a, b in zip([0, *cuts], [*cuts, len(flat)], strict=True):
        out[a:b] = flat[a:b].mean()
    return out


def _split(flat: Floats, a: int, b: int, shortest: int) -> list[tuple[int, float]]:
    """Significant splits of a stretch with their p-values."""
    from scipy.stats import kstwobign

    n = b - a
    if n < 2 * shortest:
        return []
    part = flat[a:b]
    sums = np.abs(np.cumsum(part - part.mean()))[shortest - 1 : n - shortest]
    k = int(sums.argmax()) + shortest
    left = np.concatenate([part[:k] - part[:k].mean(), part[k:] - part[k:].mean()])
    p = float(kstwobign.sf(sums.max() / math.sqrt(n * long_run_variance(left))))
    if p >= RARE:
        return []
    return [*_split(flat, a, a + k, shortest), (a + k, p), *_split(flat, a + k, b, shortest)]


def long_run_variance(x: Floats) -> float:
    """Variance of a mean, times the number of its terms, where neighbors are correlated (Newey & West 1987)."""
    n = len(x)
    lags = max(int(4 * (n / 100) ** (2 / 9)), round(math.sqrt(n)))
    d = x - x.mean()
    total = float(d @ d) / n
    for lag in range(1, min(lags, n - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(d[lag:] @ d[:-lag]) / n
    return max(total, float(d @ d) / n / 10, 1e-12)


def _onset(flat: Floats, k: int, hour: int) -> int:
    """Where, within three hours of a split, the means of the hours before and after differ most."""
    places = range(max(k - 3 * hour, hour), min(k + 3 * hour, len(flat) - hour) + 1)
    return max(
        places, key=lambda j: abs(float(flat[j : j + hour].mean() - flat[j - hour : j].mean())), default=k
    )
