"""Incidents that were noticed and are not over, over the whole model whatever part of it is here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import inf, isnan
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Ints
from ..resilience.incidents import Incident
from .rules.base import Open

if TYPE_CHECKING:
    from ..swarm import SwarmModel


def open_incidents(model: SwarmModel) -> list[Open]:
    """Those that are known and not over, by their begin; all shards of a model ask together."""
    mine = model.resilience.log.incidents if model.resilience is not None else []
    if model.shard.territory.alone:
        parts = [[one] for one in mine]
    else:
        parts = together(unpacked(told) for told in model.shard.exchange.gather(packed(mine)))
    found = [_open(part, model.now_s) for part in parts]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.age_s, one.key))


def _open(parts: Sequence[Incident], now_s: float) -> Open | None:
    """An incident of which each shard saw its part: found where one was, over where all are."""
    found_s = min((one.found_s for one in parts if one.found), default=inf)
    if found_s > now_s or all(one.over for one in parts):
        return None
    first = parts[0]
    return Open(
        key=first.key,
        fault=first.fault,
        target=" and ".join(dict.fromkeys(one.target for one in parts)),
        age_s=now_s - first.begins_s,
        overdue_s=now_s - first.begins_s - first.deadline_s,
    )


def together(shards: Iterable[list[Incident]]) -> list[list[Incident]]:
    """The parts of each incident, from the logs of all shards."""
    by_key: dict[str, list[Incident]] = {}
    for log in shards:
        for one in log:
            by_key.setdefault(one.key, []).append(one)
    return list(by_key.values())


_TOLD = ("key", "fault", "layer", "target", "size", "begins_s", "deadline_s", "found_s", "recovered_s")


def packed(incidents: Sequence[Incident]) -> Ints:
    """What is asked of incidents as one array that can be exchanged."""
    rows = [[getattr(one, name) for name in _TOLD] for one in incidents]
    text = json.dumps([[None if _unknown(value) else value for value in row] for row in rows]).encode()
    out = np.zeros(1 + -(-len(text) // 8), np.int64)
    out[0] = len(text)
    out[1:].view(np.uint8)[: len(text)] = np.frombuffer(text, np.uint8)
    return out


def unpacked(told: Ints) -> list[Incident]:
    """What :func:`packed` made an array of."""
    text = np.ascontiguousarray(told[1:]).view(np.uint8)[: int(told[0])].tobytes()
    return [
        Incident(**{name: value for name, value in zip(_TOLD, row, strict=True) if value is not None})
        for row in json.loads(text)
    ]


def _unknown(value: object) -> bool:
    return isinstance(value, float) and isnan(value)
