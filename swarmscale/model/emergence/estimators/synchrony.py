"""Whether series move together: synchrony with an analytic null, and the order parameter of angles."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ....errors import require
from .scores import as_columns, standardized

FEW = 8
"""Series up to which phases are drawn one by one: the exponential law of their sum needs many."""


def synchrony(series: Floats) -> float:
    """Variance of the mean of standardized series over the mean of their variances.

    Args:
        series: `[T, M]`.

    Returns:
        From 0 to 1: ``1 / M`` is expected of independent series, 1 if all are alike.

    Raises:
        ConfigError: if a series is constant.

    Source:
        Golomb and Rinzel (1993), *Physical Review E* 48:4810.

    >>> wave = np.array([0.0, 1.0, 0.0, -1.0])
    >>> round(synchrony(np.column_stack([wave, np.roll(wave, 1)])), 6)
    0.5
    """
    return float(min(standardized(series).mean(axis=1).var(), 1.0))


def fourier_null(series: Floats, draws: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """Synchrony, and what it would be if each series kept its spectrum and had phases of its own.

    The variance of the mean is a sum over frequencies. With independent random phases, the term of a frequency is
    exponentially distributed around the sum of the series' power there, so that no surrogate series need be made. For
    a few series, where that law is too wide, the phases themselves are drawn.

    Args:
        series: `[T, M]`.
        draws: values of the null.
        rng: for the draws.

    Returns:
        The synchrony, and `[draws]` values of the null.

    Raises:
        ConfigError: if a series is constant.

    Source:
        Surrogates with random phases: Theiler et al. (1992), *Physica D* 58:77; the sum of many random phasors:
        Rayleigh (1880), *Philosophical Magazine* 10:73.
    """
    require(draws >= 1, "draws", draws, "1 or more")
    scores = standardized(series)
    samples, parts = scores.shape
    waves = np.fft.rfft(scores, axis=0)[1:]
    times = _mirrored(len(waves), samples)
    power = waves.real**2 + waves.imag**2
    observed = float(times @ np.abs(waves.mean(axis=1)) ** 2 / samples**2)
    if parts <= FEW:
        return observed, _by_phases(np.sqrt(power), samples, draws, rng)
    weights = times * power.sum(axis=1) / (parts * samples) ** 2
    chance = rng.exponential(size=(draws, len(weights)))
    if samples % 2 == 0:  # the last coefficient is real: a sum of random signs
        chance[:, -1] = rng.standard_normal(draws) ** 2
    return observed, np.asarray(chance @ weights)


def _mirrored(frequencies: int, samples: int) -> Floats:
    """`[K]` how often each frequency counts: for itself and its mirror image; the last of an even number has none."""
    times = np.full(frequencies, 2.0)
    if samples % 2 == 0:
        times[-1] = 1.0
    return times


def _by_phases(size: Floats, samples: int, draws: int, rng: np.random.Generator) -> Floats:
    """`[draws]` synchrony of series with these sizes of waves `[K, M]` and random phases."""
    parts = size.shape[1]
    real, imaginary = np.zeros((draws, len(size))), np.zeros((draws, len(size)))
    for part in range(parts):
        angle = rng.uniform(0.0, 2.0 * np.pi, (draws, len(size)))
        if samples % 2 == 0:
            angle[:, -1] = np.where(angle[:, -1] < np.pi, 0.0, np.pi)
        real += size[:, part] * np.cos(angle)
        imaginary += size[:, part] * np.sin(angle)
    return np.asarray((real**2 + imaginary**2) @ _mirrored(len(size), samples) / (parts * samples) ** 2)


def order_parameter(angles: Floats) -> Floats:
    """Length of the mean of unit vectors in the given directions.

    Args:
        angles: `[T, M]` radians.

    Returns:
        `[T]` from 0 to 1; of independent uniform angles ``sqrt(pi) / (2 sqrt(M))`` is expected.

    Source:
        Kuramoto (1984), *Chemical Oscillations, Waves, and Turbulence*; Vicsek et al. (1995), *Physical Review
        Letters* 75:1226.

    >>> order_parameter(np.array([[0.0, 0.0], [0.0, np.pi]])).round(6).tolist()
    [1.0, 0.0]
    """
    directions = as_columns(angles, 1)
    return np.hypot(np.cos(directions).mean(axis=1), np.sin(directions).mean(axis=1))
