"""Series as they would be without ties among them: each shifted in time, or with phases of its own."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats
from ...errors import require


def shifted(series: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Surrogates in which each series is rolled by a random number of samples of its own.

    Each keeps its values and, but for one seam, its memory; what holds between them at one time is gone.

    Args:
        series: `[T, M]`.
        draws: number of surrogates B.
        rng: for the shifts, uniform on 0 to T - 1.

    Returns:
        `[B, T, M]`; for many series take few draws at a time.

    Source:
        Andrzejak et al. (2003), *Physical Review E* 68:066202.
    """
    require(draws >= 1, "draws", draws, "1 or more")
    samples, parts = series.shape
    doubled = np.concatenate([series, series]).T
    windows = np.lib.stride_tricks.sliding_window_view(doubled, samples, axis=1)  # [M, T + 1, T]
    shift = rng.integers(0, samples, (draws, parts))
    rolled = windows[np.arange(parts), shift]  # [B, M, T]
    return np.asarray(rolled.transpose(0, 2, 1))


def phase_randomized(series: Floats, rng: np.random.Generator) -> Floats:
    """Series with the same spectrum each and random phases: a Gaussian process with the same memory.

    Args:
        series: `[T, M]`.
        rng: for the phases, independent between series.

    Returns:
        `[T, M]` with the same means and variances.

    Source:
        Theiler et al. (1992), *Physica D* 58:77.
    """
    samples = len(series)
    waves = np.fft.rfft(series, axis=0)
    turn = np.exp(2j * np.pi * rng.random(waves.shape))
    turn[0] = 1.0
    if samples % 2 == 0:
        turn[-1] = np.where(turn[-1].real < 0, -1.0, 1.0)
    return np.asarray(np.fft.irfft(waves * turn, samples, axis=0))
