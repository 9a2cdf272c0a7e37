"""Records: whether a window goes beyond the best so far more often than luck would."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....arrays import Floats
from ....errors import require

MOST = 400
"""Numbers of records that are followed; even a million million trials bring 28 on average."""


class Records(NamedTuple):
    """Records in a window against the exact law of an exchangeable sequence.

    Attributes:
        observed: how often a value of the window was above all before it.
        mean: of the law.
        low: 2.5 % point of the law.
        high: 97.5 % point.
        p: chance of as many; exact, and so below its level where one record more or less is a large step.
    """

    observed: int
    mean: float
    low: float
    high: float
    p: float


def record_law(first: int, last: int) -> Floats:
    """Law of the number of records among the places ``first + 1`` to ``last`` of an exchangeable sequence.

    Place k is a record with chance 1 / k, independently of the others.

    Args:
        first: places before; 0 for a whole sequence.
        last: last place.

    Returns:
        `[last - first + 1]` chance of 0, 1, ... records; cut after 400, beyond which nothing is left.

    Source:
        Renyi (1962), *Theorie des elements saillants d'une suite d'observations*; Arnold, Balakrishnan and Nagaraja
        (1998), *Records*, ch. 2.

    >>> record_law(0, 3).round(4).tolist()
    [0.0, 0.3333, 0.5, 0.1667]
    """
    require(0 <= first < last, "first", first, f"from 0 to {last - 1}")
    law = np.zeros(min(last - first, MOST) + 1)
    law[0] = 1.0
    for k in range(first + 1, last + 1):
        moved = law[:-1] / k
        law *= 1.0 - 1.0 / k
        law[1:] += moved
    return law


def records_test(before: Floats, window: Floats) -> Records:
    """Test whether a window breaks the records of what came before it, or of a nominal search, too often for luck.

    Args:
        before: `[n]` qualities that there were before; NaN where it is not known, which does not count.
        window: `[w]` those of the window in the order of trying. A tie is no record.

    Raises:
        ConfigError: if the window has no known quality.
    """
    old = before[~np.isnan(before)]
    return records_beyond(float(old.max()) if len(old) else -np.inf, len(old), window)


def records_beyond(best: float, tried: int, window: Floats) -> Records:
    """The same where only the best of what came before, and how many that were, is known.

    Args:
        best: of those before; minus infinity if there were none.
        tried: how many.
        window: see :func:`records_test`.

    Raises:
        ConfigError: if the window has no known quality.
    """
    new = window[~np.isnan(window)]
    require(len(new) > 0, "known qualities in the window", 0, "1 or more")
    reached = np.maximum.accumulate(np.concatenate([[best], new]))
    observed = int(np.count_nonzero(reached[1:] > reached[:-1]))
    law = record_law(tried, tried + len(new))
    low, high = np.searchsorted(np.cumsum(law), (0.025, 0.975))
    mean = float(law @ np.arange(len(law)))
    return Records(observed, mean, float(low), float(high), float(min(law[observed:].sum(), 1.0)))
