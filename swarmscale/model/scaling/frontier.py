"""What a policy costs at which rate of violations, from a sweep of its knob."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats

LEAST = 1e-4
"""Violation that stands for none where a frontier is interpolated over its logarithm, a share of the work."""


def frontier(violations: Floats, costs: Floats) -> tuple[Floats, Floats]:
    """The points that no other one beats in both, by rising violation.

    >>> frontier(np.array([0.02, 0.0, 0.01]), np.array([1.1, 1.3, 1.4]))
    (array([0.  , 0.02]), array([1.3, 1.1]))
    """
    order = np.lexsort((costs, violations))
    v, c = violations[order], costs[order]
    best = np.minimum.accumulate(c)
    kept = np.concatenate(([True], best[1:] < best[:-1]))[: len(c)]
    return v[kept], c[kept]


def cost_at(violation: float, violations: Floats, costs: Floats) -> float:
    """Cost at a violation rate, on the frontier of a sweep.

    Between two points of the frontier cost is interpolated over the logarithm of the violation, none counting as
    0.01 %. Beyond the loosest point its cost stands; where even the strictest violates more, infinity.

    >>> cost_at(0.01, np.array([0.001, 0.1]), np.array([1.4, 1.2])).__round__(6)
    1.3
    """
    v, c = frontier(violations, costs)
    if not len(v) or v[0] > violation:
        return float("inf")
    return float(np.interp(np.log(violation), np.log(np.maximum(v, LEAST)), c))
