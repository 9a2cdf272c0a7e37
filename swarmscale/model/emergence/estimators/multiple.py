"""Many hypotheses at once: the Benjamini-Hochberg rule."""

from __future__ import annotations

import numpy as np

from ....arrays import Bools, Floats
from ....errors import require


def benjamini_hochberg(p: Floats, q: float) -> Bools:
    """Which hypotheses are rejected so that at most a share q of the rejections is expected to be false.

    Args:
        p: p-values, any shape; NaN for places where nothing was tested, which do not count.
        q: false discovery rate, in (0, 1).

    Returns:
        Whether each is rejected, in the shape of ``p``.

    Source:
        Benjamini and Hochberg (1995), *Journal of the Royal Statistical Society B* 57:289.

    >>> benjamini_hochberg(np.array([0.01, 0.6, 0.02, np.nan]), 0.05).tolist()
    [True, False, True, False]
    """
    require(0 < q < 1, "q", q, "in (0, 1)")
    values = np.asarray(p, np.float64)
    tested = int(np.count_nonzero(~np.isnan(values)))
    small = np.sort(values[values <= q])  # none above q can be rejected, so only these need an order
    passed = np.nonzero(small <= q * np.arange(1, len(small) + 1) / max(tested, 1))[0]
    if not len(passed):
        return np.zeros(values.shape, np.bool_)
    return np.asarray(values <= small[passed[-1]])
