"""The Universal Scalability Law: how throughput grows with size, and what keeps it from growing in proportion.

Source:
    Gunther, *A simple capacity model of massively parallel transaction systems*, CMG (1993); *Guerrilla Capacity
    Planning*, Springer (2007), ch. 4 and 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats
from ...errors import require


class Law(NamedTuple):
    """A fitted law, C(n) = rate n / (1 + contention (n - 1) + coherency n (n - 1)).

    Attributes:
        rate: throughput of one unit, 1/s.
        contention: share of the work that waits for what cannot be done side by side.
        coherency: cost of each pair that must agree.
    """

    rate: float
    contention: float
    coherency: float

    def throughput(self, n: Floats) -> Floats:
        """`[S]` throughput at sizes ``n``, 1/s."""
        return np.asarray(self.rate * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1)))


def fit(n: Floats, throughput: Floats) -> Law:
    """The law by weighted least squares on n / C(n), which is linear in its terms; each point counts alike.

    Contention and coherency are not kept above 0: where there is neither, they scatter about 0, and an interval
    that was cut off there would lie. Below 0 growth is faster than in proportion.

    Args:
        n: `[S]` sizes in units, the smallest one 1 or more; at least three that differ.
        throughput: `[S]` 1/s, > 0.

    Raises:
        ConfigError: if there are too few points, or one has no throughput.

    >>> n = np.array([1.0, 4.0, 16.0, 50.0])
    >>> [round(x, 6) for x in fit(n, Law(270.0, 0.02, 0.0005).throughput(n))]
    [270.0, 0.02, 0.0005]
    """
    require(len(set(n.tolist())) >= 3, "sizes", n.tolist(), "three or more that differ")
    require(bool((throughput > 0).all()), "throughput", throughput.tolist(), "above 0 at every size")
    each = n / throughput
    terms = np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1) / each[:, None]
    found, *_ = np.linalg.lstsq(terms, np.ones_like(n), rcond=None)
    return Law(float(1 / found[0]), float(found[1] / found[0]), float(found[2] / found[0]))
