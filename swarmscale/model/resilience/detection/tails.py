"""Whether gaps have the normal tail that the default detector believes in, and how often it errs if not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaincc, ndtr, ndtri_exp

from ....arrays import Floats
from .empirical import fit_tail
from .phi import LN10

SURE = 1e-3
"""Chance that gaps of a normal law are held to be something else."""
LEAST = 20
"""Gaps of a standardized window fewer than which say nothing about its tail."""


class TailWarning(NamedTuple):
    """What a window says about the promise of the normal detector, one mistake in 10**phi heartbeats.

    Attributes:
        warns: whether the promise does not hold: gaps are skewed to the right, or their tails are longer than normal,
            and mistakes are likelier for it.
        skewness: of the gaps, each window by its own mean and standard deviation; 0 for a normal law.
        excess: of their kurtosis; 0 for a normal law.
        p_value: chance of so much of the one or the other under a normal law.
        phi: level asked about.
        nominal: promised chance of a mistake at a heartbeat.
        mistakes: estimated chance of one. Beyond the sample it follows the higher of two tails, so it is a guess of
            the order, no more: a generalized Pareto tail of the largest tenth of the gaps, and a gamma law of the
            same skewness (Pearson's type III).
    """

    warns: bool
    skewness: float
    excess: float
    p_value: float
    phi: float
    nominal: float
    mistakes: float

    @property
    def text(self) -> str:
        """One line for a report."""
        if not self.warns:
            return f"gaps between heartbeats look normal (skewness {self.skewness:.2f}, excess {self.excess:.2f})"
        return (
            f"gaps between heartbeats are not normal (skewness {self.skewness:.2f}, excess {self.excess:.2f}, "
            f"p {self.p_value:.1g}): at phi {self.phi:g} a mistake in about {1 / self.mistakes:,.0f} heartbeats, "
            f"not in {1 / self.nominal:,.0f}; phi-gamma or phi-empirical come closer"
        )


def tail_warning(gaps: Floats, phi: float = 8.0) -> TailWarning:
    """Judge the upper tail of gaps between heartbeats.

    Args:
        gaps: `[..., W]` windows of gaps, s; each is standardized by itself, then all are judged together.
        phi: level of the detector whose promise is judged.

    Source:
        Skewness by D'Agostino 1970, kurtosis by Anscombe & Glynn 1983, each one-sided; p is twice the smaller of both.
        Gaps of one sender's clock are correlated by -1/2, which narrows skewness and widens kurtosis by 6 %; that is
        allowed for.
    """
    windows = gaps.reshape(-1, gaps.shape[-1])
    sd = windows.std(axis=-1, ddof=1, keepdims=True)
    moving = sd[:, 0] > 0
    z = np.sort(((windows - windows.mean(axis=-1, keepdims=True))[moving] / sd[moving]).reshape(-1))
    nominal = 10.0**-phi
    if len(z) < LEAST:
        return TailWarning(False, 0.0, 0.0, 1.0, phi, nominal, nominal)
    skewness = float((z**3).mean() / (z**2).mean() ** 1.5)
    kurtosis = float((z**4).mean() / (z**2).mean() ** 2)
    score = max(_skewness_z(skewness, len(z)), _kurtosis_z(kurtosis, len(z)) / 1.06)
    p_value = min(1.0, 2.0 * float(ndtr(-score)))
    mistakes = nominal
    if p_value < SURE:
        mistakes = max(_chance_beyond(z, -float(ndtri_exp(-phi * LN10)), skewness), nominal)
    return TailWarning(mistakes > nominal, skewness, kurtosis - 3.0, p_value, phi, nominal, mistakes)


def _chance_beyond(ordered: Floats, threshold: float, skewness: float) -> float:
    """Chance of a value above a threshold, by the sample where it has ten such values, else by fitted tails."""
    above = int(len(ordered) - np.searchsorted(ordered, threshold, side="right"))
    if above >= 10:
        return above / len(ordered)
    tail = fit_tail(ordered, min(max(10, len(ordered) // 10), len(ordered) - 1), "pareto", 1e-6)
    chance = float(np.exp(tail.log_chance(np.array(threshold))))
    if skewness <= 0:
        return chance
    shape = 4.0 / skewness**2
    return max(chance, float(gammaincc(shape, max(shape + threshold * np.sqrt(shape), 0.0))))


def _skewness_z(skewness: float, n: int) -> float:
    """Standard normal score of a sample's skewness under a normal law (D'Agostino 1970)."""
    y = skewness * np.sqrt((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0)))
    b = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
    b /= (n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0)
    w2 = -1.0 + np.sqrt(2.0 * (b - 1.0))
    alpha = np.sqrt(2.0 / (w2 - 1.0))
    return float(np.arcsinh(y / alpha) / np.sqrt(np.log(w2) / 2.0))


def _kurtosis_z(kurtosis: float, n: int) -> float:
    """Standard normal score of a sample's kurtosis under a normal law (Anscombe & Glynn 1983)."""
    mean = 3.0 * (n - 1.0) / (n + 1.0)
    variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    x = (kurtosis - mean) / np.sqrt(variance)
    skew = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
    skew *= np.sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    a = 6.0 + 8.0 / skew * (2.0 / skew + np.sqrt(1.0 + 4.0 / skew**2))
    ratio = (1.0 - 2.0 / a) / (1.0 + x * np.sqrt(2.0 / (a - 4.0)))
    return float((1.0 - 2.0 / (9.0 * a) - np.cbrt(ratio)) / np.sqrt(2.0 / (9.0 * a)))
