"""What the learner records, and the learning velocity that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, nan

import numpy as np

from ...arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What an update found.

    Attributes:
        time_s: s.
        tasks: tasks that agents have finished so far, since learning began.
        per_agent: the same per agent, summed over periods with the fleet of each.
        pace: s of service for a second of work in this period, over all agents; NaN if no task ended.
        factor: service time over what it would have been with skills at birth, over all tasks that ended in this
            period; NaN if none did.
        gain: mean of an agent's skill over that at its birth, less 1, over the types that tasks ask for.
        error: root mean square of how far the clusters' paces of this period lay from what was estimated before it,
            as a share, weighted by work; NaN if no task ended.
        regret: best method's factor less the mean one in use; NaN without methods.
        shares: share of the agents that use each method; none without methods.
    """

    time_s: float
    tasks: int
    per_agent: float
    pace: float
    factor: float
    gain: float
    error: float
    regret: float
    shares: tuple[float, ...]


def velocity(tasks: Floats, pace: Floats) -> tuple[float, float, float]:
    """Slope of the logarithm of service time per doubling of tasks, with its 95 % interval.

    Least squares of ln(pace) on log2(tasks). Errors of one period last into the next ones, so the interval is
    Newey & West's (1987), with ``4 (n / 100)^(2/9)`` lags, and Student's t.

    Args:
        tasks: `[n]` tasks done so far, above 0.
        pace: `[n]` mean service time then, above 0; NaN is left out.

    Returns:
        Slope, lower and upper end; NaN with fewer than 8 values or where tasks do not differ.

    >>> n = 2.0 ** np.arange(10)
    >>> [round(x, 6) for x in velocity(n, n**-0.5)]
    [-0.346574, -0.346574, -0.346574]
    """
    from scipy import stats

    keep = np.isfinite(pace) & (tasks > 0)
    x, y = np.log2(tasks[keep]), np.log(pace[keep])
    n = len(x)
    if n < 8 or np.ptp(x) == 0.0:
        return nan, nan, nan
    x = x - x.mean()
    spread = float(x @ x)
    slope = float(x @ y) / spread
    moment = x * (y - y.mean() - slope * x)
    total = float(moment @ moment)
    lags = floor(4 * (n / 100) ** (2 / 9))
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(moment[lag:] @ moment[:-lag])
    half = float(stats.t.ppf(0.975, n - 2)) * max(total * n / (n - 2), 0.0) ** 0.5 / spread
    return slope, slope - half, slope + half
