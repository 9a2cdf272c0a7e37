"""Che's approximation: how often a cache of the least recently used finds what it is asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....arrays import Floats


class Popularity(NamedTuple):
    """Keys that are asked for alike, group by group.

    Attributes:
        share: `[G]` share of the requests that each key of a group has.
        keys: `[G]` keys in it.
    """

    share: Floats
    keys: Floats


def zipf(keys: int, exponent: float) -> Popularity:
    """Popularity by Zipf's law: the first hundred ranks singly, then groups a fiftieth wider than all before.

    Within a group shares differ by less than its width, so hit rates are those of single keys up to about 1e-3.

    >>> p = zipf(1000, 0.9)
    >>> round(float((p.share * p.keys).sum()), 12), int(p.keys.sum())
    (1.0, 1000)
    """
    edges = [*range(1, min(keys, 100) + 2)]
    while edges[-1] <= keys:
        edges.append(min(edges[-1] + max(edges[-1] // 50, 1), keys + 1))
    first, count = np.array(edges[:-1], np.float64), np.diff(edges).astype(np.float64)
    share = (first + (count - 1) / 2) ** -exponent
    return Popularity(share / (share * count).sum(), count)


def hit_rate(
    popularity: Popularity,
    size: int,
    rate_per_s: float = 1.0,
    change_per_s: float = 0.0,
    since_s: float = np.inf,
) -> float:
    """Share of requests that a cache of the least recently used keys can answer.

    A key is there if it was asked for within the characteristic time t, the one in which as many different keys are
    asked for as there is room for. Where answers go out of date, at random times and whether asked for or not, a key
    is there if in the last t the latest event of both kinds was a request.

    Args:
        popularity: of the keys.
        size: keys that there is room for, 0 or more.
        rate_per_s: requests a second.
        change_per_s: times a second that the answer to each key goes out of date.
        since_s: for which the cache has been asked, s: what was asked for before is not in it.

    Source:
        Che, Tung & Wang (2002), *IEEE J. Sel. Areas Commun.* 20(7); with changes: superposition of Poisson processes.
        For equal shares without changes it is the share of keys held:

    >>> round(hit_rate(zipf(100, 0.0), 20), 6)
    0.2
    """
    share, keys = popularity
    asked = share * rate_per_s
    if size <= 0:
        return 0.0
    both = asked + change_per_s

    def there(t: float) -> Floats:
        return np.asarray(asked / both * -np.expm1(-both * t))

    most = float((keys * asked / both).sum())
    if size >= most - 1e-9:  # room for all that can be there at once
        return float((keys * share * there(since_s)).sum())
    low, high = 0.0, 1.0 / max(float(asked[asked > 0].min()), 1e-12)
    while (keys * there(high)).sum() < size:
        high *= 2
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (keys * there(middle)).sum() < size else (low, middle)
    return float((keys * share * there(min(high, since_s))).sum())
