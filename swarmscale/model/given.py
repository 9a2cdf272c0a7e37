"""What a host gives with a call that submits tasks, checked column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays import Floats, Ints, Ints32
from ..errors import ConfigError, UnknownChoiceError, require

if TYPE_CHECKING:
    from .swarm import SwarmModel

MOST_TASKS = 1 << 22
"""Tasks of one call at most."""
type Column = np.ndarray[Any, np.dtype[Any]]


class Given(NamedTuple):
    """Tasks of one call as columns, checked."""

    at: Floats
    kind: Ints32
    work: Floats
    entry: Ints32
    token: Ints | None


def checked(model: SwarmModel, kind: Any, work_s: Any, token: Any, at_s: Any, entry: Any) -> Given:
    """The columns of a call.

    Raises:
        ConfigError: if one of them cannot be used; nothing was submitted then.
    """
    if not model.shard.territory.alone:
        raise ConfigError("submit: a model that is shared out takes no tasks of a host; run it whole")
    rows = model.flow.demand.profile.rows
    if rows is not None and (len(rows.home) or len(rows.cluster) or len(rows.dispatch_s)):
        raise ConfigError(
            "demand.source = replay with homes given, but it must be another source for a host to submit tasks"
        )
    names = [one.name for one in model.config.demand.classes]
    columns = {
        "kind": _kinds(kind, names),
        "work_s": _numbers("work_s", work_s, np.float64),
        "at_s": _numbers("at_s", model.now_s if at_s is None else at_s, np.float64),
        "entry": _numbers("entry", -1 if entry is None else entry, np.int64),
    }
    if token is not None:
        columns["token"] = _numbers("token", token, np.int64)
    lengths = {name: len(c) for name, c in columns.items() if c.ndim == 1}
    n = max(lengths.values(), default=1)
    for name, length in lengths.items():
        require(length == n, name, f"{length} values", f"one value, or {n} as the longest column has")
    require(n <= MOST_TASKS, "tasks", n, f"at most {MOST_TASKS} a call")
    require(token is None or n == 1 or "token" in lengths, "token", token, f"an array of {n} whole numbers")
    kinds, work, at, entries, *names_given = (np.broadcast_to(column, n) for column in columns.values())
    now, nodes = model.now_s, model.network.nodes
    _all("kind", kinds, (kinds >= 0) & (kinds < len(names)), f"from 0 to {len(names) - 1}")
    _all("work_s", work, np.isfinite(work) & (work > 0), "finite and above 0")
    _all("at_s", at, np.isfinite(at) & (at >= now), f"finite and {now:g}, the present time, or later")
    if entry is not None:
        _all("entry", entries, (entries >= 0) & (entries < nodes), f"from 0 to {nodes - 1}")
    return Given(
        np.ascontiguousarray(at, np.float64),
        np.ascontiguousarray(kinds, np.int32),
        np.ascontiguousarray(work, np.float64),
        np.ascontiguousarray(entries, np.int32),
        names_given[0].copy() if names_given else None,
    )


def _kinds(kind: Any, names: list[str]) -> Column:
    """Numbers of classes, given as such or by name."""
    if isinstance(kind, str):
        if kind not in names:
            raise UnknownChoiceError("class of tasks", kind, names)
        return np.asarray(names.index(kind))
    if isinstance(kind, Sequence) and any(isinstance(one, str) for one in kind):
        return np.array([_kinds(one, names) for one in kind], np.int64)
    return _numbers("kind", kind, np.int64)


def _numbers(name: str, given: Any, dtype: type) -> Column:
    """A number or a flat array of numbers, without loss."""
    wanted = "a number or a flat array of numbers" if dtype is np.float64 else "whole numbers"
    try:
        raw = np.asarray(given)
    except ValueError:
        raise ConfigError(f"{name} = {given!r}, but it must be {wanted}") from None
    fits = raw.dtype.kind in ("iu" if dtype is np.int64 else "iuf") or (
        raw.size == 0 and raw.dtype.kind == "f"
    )
    require(raw.ndim <= 1, name, f"an array of shape {raw.shape}", wanted)
    require(fits, name, repr(given) if raw.ndim == 0 else f"an array of {raw.dtype}", wanted)
    return raw.astype(dtype)


def _all(name: str, values: Column, right: Column, wanted: str) -> None:
    """Refuse the first value that is not right."""
    if not right.all():
        i = int(np.argmin(right))
        require(False, f"{name}[{i}]" if len(values) > 1 else name, values[i], wanted)
