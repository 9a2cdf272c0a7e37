"""Places in an ordered set: who passes, how they sort and group, and who stands where among two sorts."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Bools, Ints
from ..errors import require


def at_most_of(at_most: float, count: int) -> int:
    """How many agents Mesa's ``at_most`` lets through of ``count``.

    >>> [at_most_of(m, 10) for m in (3, 2.5, 0.25, 1.0, float("inf"), -1)]
    [3, 3, 2, 10, 10, 0]
    """
    if isinstance(at_most, float) and at_most <= 1.0:
        at_most = int(count * at_most)
    return count if at_most >= count else max(0, math.ceil(at_most))


def places_of(mask: Bools, count: int) -> Ints:
    """Places at which a mask is True.

    Raises:
        ConfigError: unless it is `[count]` of bool.
    """
    given = np.asarray(mask)
    fits = given.dtype == np.bool_ and given.shape == (count,)
    require(fits, "mask", f"an array {given.shape} of {given.dtype}", f"an array ({count},) of bool")
    return np.flatnonzero(given)


def places_by_value(values: Sequence[Any] | NDArray[Any], ascending: bool) -> Ints:
    """Places in the order of the values, the largest first unless ``ascending``; ties keep their order.

    >>> places_by_value(np.array([2, 9, 2, 5]), ascending=False).tolist()
    [1, 3, 0, 2]
    """
    if not isinstance(values, np.ndarray) or values.ndim > 1 or values.dtype == object:
        keys = values.tolist() if isinstance(values, np.ndarray) else values
        return np.array(sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending), np.int64)
    if ascending:
        return np.argsort(values, kind="stable")
    return len(values) - 1 - np.argsort(values[::-1], kind="stable")[::-1]


def places_by_key(keys: Sequence[Hashable]) -> dict[Any, Ints]:
    """Places that share a key, the keys in the order in which they first appear.

    >>> {key: places.tolist() for key, places in places_by_key(["b", "a", "b"]).items()}
    {'b': [0, 2], 'a': [1]}
    """
    number: dict[Hashable, int] = {}
    code = np.fromiter((number.setdefault(key, len(number)) for key in keys), np.int64, len(keys))
    ends = np.cumsum(np.bincount(code, minlength=len(number)))
    return dict(zip(number, np.split(np.argsort(code, kind="stable"), ends[:-1]), strict=False))


def by_agent(columns: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """Turn one list an attribute into one list an agent."""
    return [list(values) for values in zip(*columns, strict=True)] if columns else [[] for _ in range(count)]


def is_dealt(value: object, count: int) -> bool:
    """Whether a value to set is an array with one entry an agent, and not one value for all."""
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == count


def is_numpy(func: Callable[..., Any]) -> bool:
    """Whether a function is numpy's own, so that it takes an array as well as a list."""
    home = getattr(func, "__module__", None) or ""
    return isinstance(func, np.ufunc) or home.partition(".")[0] == "numpy"


def check_missing(handle_missing: str) -> None:
    """Refuse an unknown way with missing attributes, as Mesa does."""
    if handle_missing not in ("error", "default"):
        raise ValueError(
            f"Unknown handle_missing option: {handle_missing}, should be one of 'error' or 'default'"
        )


def woven(is_worker: Bools) -> Ints:
    """Order of a set as :class:`Parts` has it, from who in it is a worker.

    >>> woven(np.array([False, True, True, False])).tolist()
    [0, 2, 3, 1]
    """
    order = np.cumsum(~is_worker) - 1
    workers = np.flatnonzero(is_worker)
    order[workers] = len(is_worker) - len(workers) + np.arange(len(workers))
    return order


class Parts(NamedTuple):
    """A mixed and ordered choice of agents.

    Attributes:
        structural: Mesa's own objects, in their order.
        rows: `[w]` rows of the workers, in their order.
        uids: `[w]` ids that those workers had when they were chosen.
        order: `[n]` who stands where: below ``len(structural)`` an index into it, above it a worker.
    """

    structural: list[Any]
    rows: Ints
    uids: Ints
    order: Ints

    def take(self, places: Ints) -> Parts:
        """The agents at some places, in that order."""
        who = self.order[places]
        is_structural = who < len(self.structural)
        workers = who[~is_structural] - len(self.structural)
        structural = [self.structural[i] for i in who[is_structural].tolist()]
        return Parts(structural, self.rows[workers], self.uids[workers], woven(~is_structural))

    def in_order(self, values: list[Any]) -> list[Any]:
        """Put values for the structural agents and then the workers into the order of the set."""
        return [values[i] for i in self.order.tolist()]
