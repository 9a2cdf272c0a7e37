"""Che's approximation: how often a cache of the least recently used finds what it is asked for."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats


def hit_rate(shares: Floats, size: int, rate_per_s: float = 1.0, change_per_s: float = 0.0) -> float:
    """Share of requests that a cache of the least recently used keys can answer.

    A key is there if it was asked for within the characteristic time t, the one in which as many different keys are
    asked for as there is room for. Where answers go out of date, at random times and whether asked for or not, a key
    is there if in the last t the latest event of both kinds was a request.

    Args:
        shares: `[V]` share of the requests that each key has, sum 1.
        size: keys that there is room for, 0 or more.
        rate_per_s: requests a second.
        change_per_s: times a second that the answer to each key goes out of date.

    Source:
        Che, Tung & Wang (2002), *IEEE J. Sel. Areas Commun.* 20(7); with changes: superposition of Poisson processes.
        For equal shares without changes it is the share of keys held:

    >>> round(hit_rate(np.full(100, 0.01), 20), 6)
    0.2
    """
    asked = shares * rate_per_s
    if size <= 0:
        return 0.0
    both = asked + change_per_s

    def there(t: float) -> Floats:
        return np.asarray(asked / both * -np.expm1(-both * t))

    most = float((asked / both).sum())
    if size >= most - 1e-9:  # room for all that can be there at once
        return float((shares * asked / both).sum())
    low, high = 0.0, 1.0 / max(float(asked[asked > 0].min()), 1e-12)
    while there(high).sum() < size:
        high *= 2
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if there(middle).sum() < size else (low, middle)
    return float((shares * there(high)).sum())
