"""A statistic against draws of its null, and the tests of statistics that have nothing to say."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ..base import Test


def tail_chance(observed: float, null: Floats, tail: str) -> float:
    """Chance of a value at least this far out, counting the observed one among the draws.

    Args:
        observed: the statistic.
        null: `[B]` draws.
        tail: "upper", "lower" or "both"; "both" doubles the smaller.

    Source:
        Davison and Hinkley (1997), *Bootstrap Methods and their Application*, sec. 4.2.

    >>> tail_chance(3.0, np.array([1.0, 2.0, 4.0]), "upper")
    0.5
    """
    above = (1.0 + np.count_nonzero(null >= observed)) / (1.0 + len(null))
    below = (1.0 + np.count_nonzero(null <= observed)) / (1.0 + len(null))
    return float({"upper": above, "lower": below, "both": min(1.0, 2.0 * min(above, below))}[tail])


def against(
    statistic: str,
    observed: float,
    null: Floats,
    *,
    tail: str = "upper",
    effect: float,
    effect_name: str,
    family: int = 1,
) -> Test:
    """A statistic against `[B]` draws of its null; not judged yet."""
    low, high = np.quantile(null, (0.025, 0.975))
    return Test(
        statistic=statistic,
        observed=float(observed),
        null_low=float(low),
        null_mean=float(null.mean()),
        null_high=float(high),
        p=tail_chance(observed, null, tail),
        tail=tail,
        effect=float(effect),
        effect_name=effect_name,
        family=family,
    )


def silent(statistics: tuple[str, ...], reason: str) -> tuple[Test, ...]:
    """Tests that abstain for one reason."""
    return tuple(Test(statistic=statistic, abstained=reason) for statistic in statistics)


def chance(p: float) -> str:
    """A p-value in words, for a sentence.

    >>> chance(0.0312), chance(1e-12), chance(0.0)
    ('p = 0.031', 'p = 1e-12', 'p < 1e-300')
    """
    return f"p = {p:.2g}" if p >= 1e-300 else "p < 1e-300"
