"""Phi-accrual detectors with the tail of a law: normal, as published, and gamma."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from scipy.special import gammaincc, gammainccinv, gammaln, log_ndtr, ndtri_exp

from ....arrays import Floats
from ....errors import require

LN10 = log(10.0)
HIGHEST = 100.0
"""Highest level that a detector may be set to; there 10**-level is still a normal float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phi:
    """Suspect when a gap as long as this silence has a chance of 10**-phi, gaps being normal.

    Attributes:
        phi: that level.
        least_sd_s: smallest standard deviation that is believed, s; gaps that are all alike would make the detector
            cry at any delay.

    Source:
        Hayashibara, Defago, Yared & Katayama 2004, "The phi accrual failure detector", section 4: phi = -log10 of the
        chance that the next heartbeat comes later still, normal with mean and variance of the window.

    >>> Phi(phi=3.0).silence_s(np.array([[0.09, 0.1, 0.11, 0.09, 0.1, 0.11]])).round(3)
    array([0.128])
    """

    phi: float = 8.0
    least_sd_s: float = 0.005

    def __post_init__(self) -> None:
        check(self.phi, self.least_sd_s)

    def silence_s(self, gaps: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        mean, sd = moments(gaps, self.least_sd_s)
        return np.asarray(mean - ndtri_exp(-self.phi * LN10) * sd, np.float64)

    def level(self, gaps: Floats, silence_s: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        mean, sd = moments(gaps, self.least_sd_s)
        return np.asarray(log_ndtr((mean - silence_s) / sd) / -LN10, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhiGamma:
    """The same with gaps of a gamma law, whose upper tail is longer than the normal one.

    Attributes:
        phi: level.
        least_sd_s: smallest standard deviation that is believed, s.

    Source:
        As :class:`Phi`; shape and scale of the law by moments (mean**2 / variance, variance / mean).
    """

    phi: float = 8.0
    least_sd_s: float = 0.005

    def __post_init__(self) -> None:
        check(self.phi, self.least_sd_s)

    def silence_s(self, gaps: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        mean, sd = moments(gaps, self.least_sd_s)
        return np.asarray(gammainccinv((mean / sd) ** 2, 10.0**-self.phi) * sd * sd / mean, np.float64)

    def level(self, gaps: Floats, silence_s: Floats) -> Floats:
        """See :class:`.base.FailureDetector`; beyond 250 by the first terms of the tail's asymptotic series."""
        mean, sd = moments(gaps, self.least_sd_s)
        shape, x = np.broadcast_arrays((mean / sd) ** 2, silence_s * mean / (sd * sd))
        chance = gammaincc(shape, x)
        far = chance < 1e-250
        out = np.log(np.where(far, 1.0, chance))
        a, y = shape[far], x[far]
        # the tail's continued fraction, cut after its second step (DLMF 8.9.2)
        out[far] = a * np.log(y) - y - gammaln(a) - np.log(y + 1 - a + (a - 1) / (y + 3 - a))
        return np.asarray(out / -LN10, np.float64)


def check(phi: float, least_sd_s: float) -> None:
    """Refuse settings that no phi detector can have."""
    require(0 < phi <= HIGHEST, "phi", phi, f"above 0 and at most {HIGHEST:g}")
    require(least_sd_s > 0, "least_sd_s", least_sd_s, "above 0")


def moments(gaps: Floats, least_sd_s: float) -> tuple[Floats, Floats]:
    """`[...]` mean and standard deviation of each window, s, the latter at least ``least_sd_s``."""
    return gaps.mean(axis=-1), np.maximum(gaps.std(axis=-1, ddof=1), least_sd_s)
