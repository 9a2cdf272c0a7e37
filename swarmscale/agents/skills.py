"""Intelligence types and how well an agent's skill fits a task."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats

TYPES = ("analytical", "creative", "practical", "emotional", "social", "systems")
"""The six intelligence types (triarchic three: Sternberg 1985; emotional: Mayer & Salovey 1997;
social: Thorndike 1920; systems: Baron-Cohen 2003)."""

SKILL_UNIT = 1.0 / 255.0
"""One step of a stored skill."""


def cumulative_shares(shares: Floats) -> Floats:
    """Running sum of shares normed to end at exactly 1.

    Args:
        shares: `[6]` relative frequency of each type, >= 0, not all zero.

    Returns:
        `[6]` rising to 1.

    >>> cumulative_shares(np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0])).tolist()
    [0.25, 0.5, 0.5, 0.5, 0.75, 1.0]
    """
    total = np.cumsum(np.asarray(shares, np.float64))
    out = np.asarray(total / total[-1], np.float64)
    out[-1] = 1.0
    return out


def best_assignment(skill: Floats) -> float:
    """Largest summed skill with which all tasks can be given to agents, one task an agent.

    Args:
        skill: `[tasks, agents]` skill of each agent for each task, at least as many agents as tasks.

    Source:
        The assignment problem, solved by scipy's form of Jonker & Volgenant 1987.

    >>> round(best_assignment(np.array([[0.9, 0.8], [0.9, 0.1]])), 9)
    1.7
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(skill, maximize=True)
    return float(skill[rows, columns].sum())
