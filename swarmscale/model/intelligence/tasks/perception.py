"""Perception: a noisy signal is estimated together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....errors import require
from ..group import Group
from ..pooling import declared, pool
from .base import PARTS, Score, jackknifed, repeats

RUNGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Perception:
    """Every agent sees a standard normal signal through noise of its own and all estimate it.

    Agent i's noise has standard deviation ``noise * exp(-.4 skill)``. Estimates are pooled with the precisions
    that agents declare, eight times anew, and shrunk by the prior; the score is the mean over twelve rungs l of
    1 / (1 + mse / 2^-l).

    Attributes:
        noise: standard deviation of the noise of an agent of mean skill, > 0.
        trials: signals in a group of up to 500.

    Source:
        Optimal combination: inverse variances; correlated noise: Clemen & Winkler 1985.
    """

    function = "perception"
    pools = True
    noise: float = 4.0
    trials: int = 128

    def __post_init__(self) -> None:
        require(self.noise > 0, "noise", self.noise, "above 0")
        require(self.trials >= 2, "trials", self.trials, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        rng = streams.generator(seed, "battery.perception")
        n, t = len(group), repeats(len(group), self.trials, least=48)
        sigma = self.noise * np.exp(-0.4 * group.skill(0))
        x = rng.standard_normal(t)
        # each part that the jackknife leaves out has errors of its own, or its standard error would miss them
        weight = np.stack([declared(group, sigma**-2, rng) for _ in range(PARTS)], axis=1)
        part = np.arange(t) % PARTS
        values = np.empty((n, t + PARTS + 1), np.float32)
        same = group.same_as
        noise = rng.standard_normal((n, t), dtype=np.float32)[same]
        values[:, :t] = weight[:, part] * (x + sigma[:, None] * noise)
        values[:, t:-1] = weight
        values[:, -1] = 1.0
        held = pool(group.channel, values).astype(np.float64)
        precision = n * held[:, t:-1] / held[:, -1:]
        estimate = held[:, :t] / (held[:, t:-1] * (1 + 1 / precision))[:, part]
        error = ((estimate - x) ** 2).mean(axis=0)
        score, se = jackknifed(lambda which: ladder(float(error[which].mean())), t)
        return Score(score, ladder(1.0 / (1.0 + float((sigma[np.unique(same)] ** -2).sum()))), se)


def ladder(mse: float) -> float:
    """Mean over the rungs of 1 / (1 + mse / 2^-l): near 0 for a large error, 1 for none.

    >>> round(ladder(1.0), 3), round(ladder(2.0**-6), 3)
    (0.105, 0.54)
    """
    return float((1.0 / (1.0 + mse * 2.0 ** np.arange(RUNGS))).mean())
