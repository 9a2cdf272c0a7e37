"""What keeps a window from being looked at, and what is taken out of its series before it is.

A gate names its reason: too few samples, series that do not vary, a system that is still on its way from where all
its parts began. What comes from outside, and what the root ordered, is regressed out.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from ...arrays import Bools, Floats
from .base import FEWEST_SAMPLES, Window

FLAT = 1e-9
"""Standard deviation over the largest absolute value below which a series counts as constant."""
TREND_LEVEL = 0.05
"""Level at which the mean of all series has moved from a window's first third to its last."""
RELAXATIONS = 5.0
"""Relaxation times after which a start is forgotten; exp(-5) of it is left."""
MEMORIES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)
"""Shares of an outside signal that parts may still hold one sample later; each is regressed out."""


class Gate(NamedTuple):
    """Whether a window may be looked at.

    Attributes:
        passed: whether it may.
        reason: why not, or empty.
        kept: `[M]` series that vary by more than their resolution.
    """

    passed: bool
    reason: str
    kept: Bools


def gate(window: Window) -> Gate:
    """Judge whether a window's series can be compared with a stationary null.

    Args:
        window: what happened. A shared transient is looked for only where its ``age`` is known.

    Returns:
        The gate: closed for fewer than ``FEWEST_SAMPLES`` samples, for fewer than two series that vary, and for a
        young system whose mean still moves.
    """
    kept = varying(window)
    if window.samples < FEWEST_SAMPLES:
        return Gate(False, f"{window.samples} samples, but {FEWEST_SAMPLES} are needed", kept)
    if kept.sum() < 2:
        said = f"{kept.sum()} of {window.parts} series vary by more than their resolution, but 2 must"
        return Gate(False, said, kept)
    if window.age is not None:
        reason = _transient(_components(window, kept), window.age)
        if reason:
            return Gate(False, reason, kept)
    return Gate(True, "", kept)


def varying(window: Window) -> Bools:
    """`[M]` series whose standard deviation is above their resolution and above rounding."""
    if window.samples == 0:
        return np.zeros(window.parts, np.bool_)
    spread = window.series.std(axis=0)
    least = np.maximum(window.resolution, FLAT * np.abs(window.series).max(axis=0))
    return np.asarray(spread > least)


def cleaned(window: Window, *, commands: bool = False) -> Floats:
    """The series that vary, without what comes from outside.

    Each outside column is regressed out by least squares as it is and as parts with a memory would hold it: smoothed
    exponentially with six memories, so that slow answers to it go too.

    Args:
        window: what happened.
        commands: whether to take out what the root ordered as well.

    Returns:
        `[T, M']` residuals, mean 0, of the series that :func:`varying` keeps; for angles `[T, 2 M']`, all cosines and
        then all sines. Series of which nothing is left are left out.
    """
    series = _components(window, varying(window))
    outside = [window.exogenous, window.commands] if commands else [window.exogenous]
    columns = np.hstack(
        [echoes(given) for given in outside if given.shape[1]] or [np.zeros((len(series), 0))]
    )
    series = series - series.mean(axis=0)
    if not columns.shape[1]:
        return np.asarray(series)
    basis, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    basis = basis[:, sizes > 1e-9 * max(sizes[0], 1e-300)]
    left = series - basis @ (basis.T @ series)
    much = left.std(axis=0) > 1e-6 * series.std(axis=0)
    if window.angles:
        half = len(much) // 2
        much = np.tile(much[:half] & much[half:], 2)
    return np.asarray(left[:, much])


def echoes(columns: Floats) -> Floats:
    """Signals as parts with several memories would hold them.

    Args:
        columns: `[T, E]` signals; those that are constant are left out.

    Returns:
        `[T, 6 E']` exponential moving averages that begin at the signal's first value; memory 0 is the signal itself.

    >>> echoes(np.array([[0.0], [1.0], [1.0]]))[:, :2].tolist()
    [[0.0, 0.0], [1.0, 0.5], [1.0, 0.75]]
    """
    from scipy.signal import lfilter

    spread = columns.std(axis=0)
    columns = columns[:, spread > FLAT * np.abs(columns).max(axis=0)]
    if not columns.shape[1]:
        return np.zeros((len(columns), 0))
    held = [
        lfilter([1.0 - memory], [1.0, -memory], columns, axis=0, zi=memory * columns[:1])[0]
        for memory in MEMORIES
    ]
    return np.hstack(held)


def _components(window: Window, kept: Bools) -> Floats:
    series = window.series[:, kept]
    return np.hstack([np.cos(series), np.sin(series)]) if window.angles else series


def _transient(series: Floats, age: int) -> str:
    """Why a window is part of a start that all series share, or nothing.

    Each series' step from its first third to its last, over its standard deviation, is one observation: series are
    clusters of dependent samples, so that the mean step's standard error is taken over series and not over samples.

    Source:
        Means of clusters as observations: Donner and Klar (2000), *Cluster Randomization Trials*, ch. 6.
    """
    from scipy.stats import t as student

    third = len(series) // 3
    parts = series.shape[1]
    steps = (series[-third:].mean(axis=0) - series[:third].mean(axis=0)) / series.std(axis=0)
    error = steps.std(ddof=1) / np.sqrt(parts)
    if error <= 0:
        return ""
    p = 2.0 * float(student.sf(abs(steps.mean()) / error, parts - 1))
    relaxation = relaxation_samples(series)
    if p >= TREND_LEVEL or age >= RELAXATIONS * relaxation:
        return ""
    return (
        f"a start that all parts share: their mean moves by {steps.mean():+.2f} standard deviations within the "
        f"window (p = {p:.2g}), which begins {age} samples after the run, and a start is forgotten after "
        f"{RELAXATIONS * relaxation:.0f}"
    )


def relaxation_samples(series: Floats) -> float:
    """Samples in which parts forget a deviation from the mean of all by a factor e.

    Args:
        series: `[T, M]`.

    Returns:
        ``-1 / ln r`` with r the lag-one correlation of deviations pooled over series, corrected for the bias of
        short samples; infinite where r is 1 or more.

    Source:
        Bias of r: Kendall (1954), *Biometrika* 41:403, ``(1 + 3 r) / T``.
    """
    apart = series - series.mean(axis=1, keepdims=True)
    apart = apart - apart.mean(axis=0)
    whole = float((apart**2).sum())
    if whole <= 0:
        return 0.0
    r = float((apart[1:] * apart[:-1]).sum()) / whole
    r += (1.0 + 3.0 * r) / len(series)
    if r >= 1.0:
        return float("inf")
    return -1.0 / log(r) if r > 0 else 0.0
