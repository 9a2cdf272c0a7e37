"""Phi-accrual by the gaps themselves, with a fitted tail where they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ....arrays import Floats
from ....errors import require
from .phi import LN10, check

type Tail = Literal["exponential", "pareto"]
STEEPEST, HEAVIEST = -0.5, 0.5
"""Bounds of the shape of a fitted generalized Pareto tail: beyond them its moments say nothing about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhiEmpirical:
    """Suspect when a gap as long as this silence has a chance of 10**-phi by the gaps of the window.

    Within the sample the chance that the next gap is longer than the i-th smallest of n is 1 - i / (n + 1), exactly,
    whatever their law. A window of n gaps says nothing about chances below 1 / (n + 1): there the detector goes on
    along a tail fitted to the largest gaps, and how often it errs is a guess that the fit makes.

    Attributes:
        phi: level.
        tail: exponential, or generalized Pareto, whose shape is fitted as well: it follows a heavy tail, but from a
            few gaps it is fitted badly, and far out that shows.
        tail_share: share of the window, its largest gaps, that the tail is fitted to; at least ten of them.
        least_sd_s: smallest mean excess that is believed, s.

    Source:
        Order statistics: David & Nagaraja, *Order Statistics*, 3rd ed. (2003), 2.1. Tails: Pickands 1975; fit by
        probability-weighted moments: Hosking & Wallis 1987.
    """

    phi: float = 8.0
    tail: Tail = "exponential"
    tail_share: float = 0.1
    least_sd_s: float = 0.005

    def __post_init__(self) -> None:
        check(self.phi, self.least_sd_s)
        require(self.tail in ("exponential", "pareto"), "tail", self.tail, "exponential or pareto")
        require(0 < self.tail_share <= 0.5, "tail_share", self.tail_share, "above 0 and at most .5")

    def silence_s(self, gaps: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        ordered, n = np.sort(gaps, axis=-1), gaps.shape[-1]
        fitted, chance = self._fit(ordered), 10.0**-self.phi
        if chance <= fitted.share:
            return fitted.reached(chance)
        place = (n + 1) * (1.0 - chance)  # between 0 and the first gap of the tail
        low = int(place)
        before = ordered[..., low - 1] if low else np.zeros(gaps.shape[:-1])
        return np.asarray(before + (place - low) * (ordered[..., low] - before), np.float64)

    def level(self, gaps: Floats, silence_s: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        ordered, n = np.sort(gaps, axis=-1), gaps.shape[-1]
        fitted = self._fit(ordered)
        silence = np.broadcast_to(np.asarray(silence_s, np.float64), gaps.shape[:-1])
        low = np.minimum((ordered <= silence[..., None]).sum(axis=-1), n - 1)
        padded = np.concatenate([np.zeros((*gaps.shape[:-1], 1)), ordered], axis=-1)
        before = np.take_along_axis(padded, low[..., None], -1)[..., 0]
        after = np.take_along_axis(padded, low[..., None] + 1, -1)[..., 0]
        part = np.where(after > before, (silence - before) / np.where(after > before, after - before, 1.0), 0)
        inside = np.log1p(-(low + np.clip(part, 0.0, 1.0)) / (n + 1))
        return np.where(silence <= fitted.begins, inside, fitted.log_chance(silence)) / -LN10

    def _fit(self, ordered: Floats) -> FittedTail:
        n = ordered.shape[-1]
        return fit_tail(ordered, min(max(10, round(self.tail_share * n)), n - 1), self.tail, self.least_sd_s)


class FittedTail(NamedTuple):
    """The tail of some windows.

    Attributes:
        begins: `[...]` the gap where it begins, s.
        share: chance of a longer one.
        scale: `[...]` s.
        shape: `[...]` 0 for an exponential tail, above it for a heavier one.
    """

    begins: Floats
    share: float
    scale: Floats
    shape: Floats

    def reached(self, chance: float) -> Floats:
        """`[...]` the gap that is surpassed with this chance, at most ``share``, s."""
        x = np.log(self.share / chance)
        flat = self.shape == 0
        shape = np.where(flat, 1.0, self.shape)
        return np.asarray(self.begins + self.scale * np.where(flat, x, np.expm1(shape * x) / shape))

    def log_chance(self, gap_s: Floats) -> Floats:
        """`[...]` natural logarithm of the chance of a longer gap, for gaps beyond the begin of the tail."""
        x = np.maximum(gap_s - self.begins, 0.0) / self.scale
        flat = self.shape == 0
        shape = np.where(flat, 1.0, self.shape)
        with np.errstate(divide="ignore"):  # beyond the end of a tail that has one
            falls = np.log1p(np.maximum(shape * x, -1.0)) / shape
        return np.asarray(np.log(self.share) - np.where(flat, x, falls), np.float64)


def fit_tail(ordered: Floats, number: int, tail: Tail, least_s: float) -> FittedTail:
    """The tail of so many of the largest gaps of each window.

    Args:
        ordered: `[..., W]` gaps of each window, ascending, s.
        number: gaps above the one where the tail begins, at most W - 1.
        tail: its law.
        least_s: smallest mean excess, s.
    """
    n = ordered.shape[-1]
    begins = ordered[..., n - number - 1]
    excess = ordered[..., n - number :] - begins[..., None]
    mean = np.maximum(excess.mean(axis=-1), least_s)
    share = (number + 1) / (n + 1)
    if tail == "exponential":
        return FittedTail(begins, share, mean, np.zeros_like(mean))
    weight = 1.0 - (np.arange(1, number + 1) - 0.35) / number
    half = (weight * excess).mean(axis=-1)
    drop = np.maximum(mean - 2.0 * half, 1e-12)
    shape = np.clip(2.0 - mean / drop, STEEPEST, HEAVIEST)
    return FittedTail(begins, share, mean * (1.0 - shape), shape)
