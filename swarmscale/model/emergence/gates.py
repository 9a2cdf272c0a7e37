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
OWN = 4
"""Samples of its own past by which a part's answer to what comes from outside is prolonged."""
LAGS = 3
"""Samples, the present one included, at which what comes from outside acts on a part."""


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
    return window.once("gate", lambda: _gate(window))


def _gate(window: Window) -> Gate:
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

    Args:
        window: what happened.
        commands: whether to take out what the root ordered as well.

    Returns:
        `[T, M']` residuals, mean 0, of the series that :func:`varying` keeps; for angles `[T, 2 M']`, all cosines and
        then all sines. Series of which nothing is left are left out.
    """
    ordered = commands and window.commands.shape[1] > 0
    return window.once(("cleaned", ordered), lambda: _cleaned(window, commands=ordered))


def _cleaned(window: Window, *, commands: bool) -> Floats:
    series = _components(window, varying(window))
    series = series - series.mean(axis=0)
    outside = np.hstack([window.exogenous, window.commands]) if commands else window.exogenous
    inputs = _independent(outside)
    if not inputs.shape[1]:
        return np.asarray(series)
    left = series - answers(series, inputs)
    left -= left.mean(axis=0)
    much = left.std(axis=0) > 1e-6 * series.std(axis=0)
    if window.angles:
        half = len(much) // 2
        much = np.tile(much[:half] & much[half:], 2)
    return np.asarray(left[:, much])


def answers(series: Floats, inputs: Floats) -> Floats:
    """What series owe to inputs from outside, prolonged by their own memory.

    Each series is foretold from its own last four samples and from the inputs' last three, so that errors are white
    and slow series are not fitted to slow inputs by chance; then the rule runs on the inputs alone, from rest.

    Args:
        series: `[T, M]`, mean 0.
        inputs: `[T, E]`, linearly independent.

    Returns:
        `[T, M]`.

    Source:
        Transfer functions: Box and Jenkins (1970), *Time Series Analysis*, ch. 10; fits by chance: Granger and
        Newbold (1974), *Journal of Econometrics* 2:111.
    """
    samples, parts = series.shape
    known = max(OWN, LAGS - 1)
    act = np.hstack([inputs[known - k : samples - k] for k in range(LAGS)])
    basis, sizes, turn = np.linalg.svd(act - act.mean(axis=0), full_matrices=False)
    solid = sizes > 1e-8 * sizes[0]
    basis, sizes, turn = basis[:, solid], sizes[solid], turn[solid]
    past = np.stack([series[known - k : samples - k] for k in range(1, OWN + 1)], axis=2)
    past = past - past.mean(axis=0)
    now = series[known:] - series[known:].mean(axis=0)
    flat = past.reshape(len(past), -1)
    beside = (flat - basis @ (basis.T @ flat)).reshape(past.shape)
    floor = 1e-10 * np.square(past).sum(
        axis=0
    )  # a series that the inputs make whole needs no memory of its own
    weights = least_squares(now - basis @ (basis.T @ now), beside, floor)
    rest = now - np.einsum("tmp,mp->tm", past, weights)
    gains = turn.T @ ((basis.T @ rest) / sizes[:, None])
    padded = np.vstack([np.zeros((LAGS - 1, inputs.shape[1])), inputs - inputs.mean(axis=0)])
    push = np.hstack([padded[LAGS - 1 - k : LAGS - 1 - k + samples] for k in range(LAGS)]) @ gains
    out = np.zeros((samples + OWN, parts))
    for t in range(samples):
        out[t + OWN] = push[t] + np.einsum("km,mk->m", out[t : t + OWN][::-1], weights)
    return out[OWN:]


def least_squares(target: Floats, own: Floats, floor: Floats | None = None) -> Floats:
    """Weights of a linear rule for each series, fitted to columns of its own.

    Args:
        target: `[n, M]`, mean 0.
        own: `[n, M, P]` what each series' rule may use, mean 0.
        floor: `[M, P]` added to the sums of squares of these columns, so that what rounding left of them counts for
            nothing.

    Returns:
        `[M, P]`; zero for columns that are zero.
    """
    mine = np.ascontiguousarray(own.transpose(1, 0, 2))
    products = mine.transpose(0, 2, 1) @ mine
    size = np.einsum("mpp->mp", products)
    places = np.arange(own.shape[2])
    products[:, places, places] += 1e-10 * size + (size <= 0) + (0.0 if floor is None else floor)
    return np.asarray(np.linalg.solve(products, mine.transpose(0, 2, 1) @ target.T[:, :, None])[:, :, 0])


def _independent(columns: Floats) -> Floats:
    """`[T, E']` inputs standardized, without constant ones.

    Where they depend on each other, or are more than a twentieth of the samples, they are their leading principal
    components.
    """
    spread = columns.std(axis=0)
    columns = columns[:, spread > FLAT * np.abs(columns).max(axis=0, initial=0.0)]
    if not columns.shape[1]:
        return np.zeros((len(columns), 0))
    scores = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    basis, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    solid = int(np.count_nonzero(sizes > 1e-8 * sizes[0]))
    most = min(solid, max(len(columns) // 20, 1))
    return np.asarray(scores if most == scores.shape[1] else basis[:, :most] * np.sqrt(len(columns)))


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
    from scipy.special import stdtr  # scipy.stats would take a second to load

    third = len(series) // 3
    parts = series.shape[1]
    steps = (series[-third:].mean(axis=0) - series[:third].mean(axis=0)) / series.std(axis=0)
    error = steps.std(ddof=1) / np.sqrt(parts)
    if error <= 0:
        return ""
    p = 2.0 * float(stdtr(parts - 1, -abs(steps.mean()) / error))
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
