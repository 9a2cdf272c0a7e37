"""Which strategy is tried next: Thompson sampling over what each has gained against the same kind of bottleneck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MEAN, WEIGHT, SHAPE, SCALE = 0.05, 1.0, 2.0, 0.02
"""The one prior of all strategies and bottlenecks: a gain of .05, worth one trial; variance .02 (sd .14), worth four
(assumed; written down before any scenario of docs/optimization.md was run)."""
LEAST, MOST = -0.5, 0.9
"""What is learned of a gain lies between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is thought of a strategy's relative gain: normal with unknown mean and variance.

    Attributes:
        mean: of the gain's mean.
        weight: trials that this is worth.
        shape: of the variance's inverse gamma law.
        scale: of it.
    """

    mean: float = MEAN
    weight: float = WEIGHT
    shape: float = SHAPE
    scale: float = SCALE

    def told(self, gain: float) -> Belief:
        """The belief after one more trial.

        Source:
            Normal-inverse-gamma updating: Gelman et al., *Bayesian Data Analysis*, 3rd ed. (2013), section 3.3.

        >>> after = Belief(mean=0.0, weight=1.0, shape=2.0, scale=0.02).told(0.4)
        >>> after.mean, after.weight, after.shape, round(after.scale, 6)
        (0.2, 2.0, 2.5, 0.06)
        """
        gain = min(max(gain, LEAST), MOST)
        weight = self.weight + 1
        return Belief(
            mean=(self.weight * self.mean + gain) / weight,
            weight=weight,
            shape=self.shape + 0.5,
            scale=self.scale + 0.5 * self.weight / weight * (gain - self.mean) ** 2,
        )

    def draw(self, rng: np.random.Generator) -> float:
        """A mean gain, drawn as it is believed."""
        variance = self.scale / rng.gamma(self.shape)
        return self.mean + float(np.sqrt(variance / self.weight)) * float(rng.standard_normal())

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Within which the mean gain lies with this chance: a Student's t with 2 x shape degrees of freedom."""
        from scipy.special import stdtrit

        half = float(stdtrit(2 * self.shape, 0.5 + level / 2)) * float(
            np.sqrt(self.scale / (self.shape * self.weight))
        )
        return self.mean - half, self.mean + half


def choose(
    names: Sequence[str], beliefs: Mapping[str, Belief], kind: str, rng: np.random.Generator
) -> tuple[str, float]:
    """The strategy whose drawn gain is largest, and that gain.

    Args:
        names: strategies that have something to propose, not none.
        beliefs: by ``key(kind, name)``; what is not there is the prior.
        kind: of the bottleneck.
        rng: the only source of chance.

    Source:
        Thompson (1933), *Biometrika* 25; as a rule for trials: Chapelle & Li (2011), NIPS 24.
    """
    drawn = {name: beliefs.get(key(kind, name), Belief()).draw(rng) for name in sorted(names)}
    best = max(drawn, key=lambda name: drawn[name])
    return best, drawn[best]


def key(kind: str, name: str) -> str:
    """Under which the belief about a strategy against a kind of bottleneck is kept."""
    return f"{kind}/{name}"
