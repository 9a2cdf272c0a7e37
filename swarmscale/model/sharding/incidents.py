"""The incidents of a whole model that is shared out: what its shards have written down, put together."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Ints
from ..memory import dump, restore
from ..resilience.incidents import Incident, IncidentLog, Suspicion

if TYPE_CHECKING:
    from ..swarm import SwarmModel


def whole_log(model: SwarmModel) -> IncidentLog:
    """Incidents and suspicions of all shards, by time and key; all shards call it together.

    What hits agents and clusters is written down where they are, and what hits nodes, links and components of the
    model in all shards alike; of the latter each shard knows the tasks of its own part.
    """
    assert model.resilience is not None
    if model.shard.territory.alone:
        return model.resilience.log
    text = json.dumps(dump(model.resilience.log.memory())).encode()
    parts = [_log(part) for part in model.shard.exchange.gather(_words(text))]
    incidents: dict[str, Incident] = {}
    for part in parts:
        for one in part.incidents:
            before = incidents.get(one.key)
            incidents[one.key] = replace(one) if before is None else _together(before, one)
    told = sorted(incidents.values(), key=lambda one: (one.begins_s, one.key))
    number = {one.key: i for i, one in enumerate(told)}
    return IncidentLog(told, _suspicions(parts, number))


def figures(log: IncidentLog) -> bytes:
    """What is the same for every number of shards, for a digest."""
    rows = [
        (one.key, one.size, one.left, one.displaced, one.lost, one.begins_s, one.found_s, one.recovered_s)
        for one in sorted(log.incidents, key=lambda one: (one.begins_s, one.key))
    ]
    seen = sorted((one.time_s, one.tier, one.target) for one in log.suspicions)
    return repr((rows, seen)).encode()


def _together(one: Incident, other: Incident) -> Incident:
    """An incident as two shards know it."""
    local = one.fault in LOCAL_FAULTS
    over = one.over and other.over
    found = [time for time in (one.found_s, other.found_s) if not isnan(time)]
    return replace(
        one,
        size=one.size + other.size if local else one.size,
        left=one.left + other.left if local else max(one.left, other.left),
        target=f"{one.size + other.size} components" if local else one.target,
        displaced=one.displaced + other.displaced,
        lost=one.lost + other.lost,
        found_s=min(found, default=nan),
        recovered_s=max(one.recovered_s, other.recovered_s) if over else nan,
        line=sorted({*one.line, *other.line}),
    )


LOCAL_FAULTS = ("agent-crash", "agent-slow", "lead-crash", "mass-crash", "zone-failure")
"""Faults whose components are each in one shard."""


def _suspicions(parts: list[IncidentLog], number: dict[str, int]) -> list[Suspicion]:
    told: dict[tuple[float, str, str], Suspicion] = {}
    for part in parts:
        for one in part.suspicions:
            key = part.incidents[one.incident].key if one.incident >= 0 else ""
            told.setdefault((one.time_s, one.tier, one.target), replace(one, incident=number.get(key, -1)))
    return [told[key] for key in sorted(told)]


def _words(data: bytes) -> Ints:
    out = np.zeros(1 + -(-len(data) // 8), np.int64)
    out[0] = len(data)
    out[1:].view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return out


def _log(words: Ints) -> IncidentLog:
    text = np.ascontiguousarray(words[1:]).view(np.uint8)[: int(words[0])].tobytes()
    memory: dict[str, Any] = restore(json.loads(text), {IncidentLog.__module__})
    log = IncidentLog()
    log.remember(memory)
    return log
