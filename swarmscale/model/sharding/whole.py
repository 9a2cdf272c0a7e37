"""The whole of a model that is shared out: its records and its digest, made by all shards together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from ..records import Records
from .incidents import figures, whole_log
from .parcels import packed, unpacked

if TYPE_CHECKING:
    from ..swarm import SwarmModel

HASHED = ("uid", "free_at", "fail_at", "state", "kind", "skill")
"""Columns of the fleet that a digest is made of."""


def whole_records(model: SwarmModel) -> Records | None:
    """The complete records at the first shard, None at the others; all shards call it together."""
    model.settle()
    shard = model.shard
    if shard.territory.alone:
        return model.records
    mine = packed({name: a for name, a in model.records.arrays().items() if _own(name)})
    nothing = np.zeros(0, np.int64)
    parts = shard.exchange.trade([mine if rank == 0 else nothing for rank in range(shard.territory.size)])
    if shard.territory.rank:
        return None
    return model.records.joined([unpacked(part) for part in parts], shard.territory.owner)


def digest(model: SwarmModel) -> str:
    """Digest of the state of all agents, nodes, records and what was found: the same for every number of shards.

    All shards call it together.
    """
    model.settle()
    territory, hierarchy = model.shard.territory, model.flow.hierarchy
    here = territory.nodes()
    offsets, clusters = hierarchy.clusters_of_node()
    words = []
    for k in range(here.start, here.stop):
        mine = clusters[offsets[k] : offsets[k + 1]]
        node = hashlib.blake2b(digest_size=32)
        for name in HASHED:
            node.update(np.ascontiguousarray(getattr(model.fleet.rows, name)[mine]).tobytes())
        for column in model.flow.state:
            node.update(np.ascontiguousarray(column[mine]).tobytes())
        for servers in (model.flow.ingress_servers, model.flow.dispatch_servers):
            for column in servers:
                node.update(np.ascontiguousarray(column[k : k + 1]).tobytes())
        words.append(np.frombuffer(node.digest(), np.int64))
    total = hashlib.blake2b(digest_size=16)
    for part in model.shard.exchange.gather(np.concatenate(words)):
        total.update(np.ascontiguousarray(part).tobytes())
    kept = model.records.arrays()
    for name in ("counts", "floats", "window", "windows"):
        total.update(np.ascontiguousarray(kept[name]).tobytes())
    if model.emergence is not None:
        total.update(model.emergence.figures().tobytes())
    if model.resilience is not None:
        total.update(figures(whole_log(model)))
    return total.hexdigest()


def _own(name: str) -> bool:
    """Whether a part of the records is of the clusters and nodes here alone."""
    return name.split(".")[0] in ("clusters", "nodes", "matches", "log")
