"""What nodes will write and look up in the coming period, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Floats, Ints, Ints32
from .base import READ, WRITE, Operations, no_operations, operations
from .facts import cell_codes, relation_of
from .observing import Evidence
from .replicas import NEVER, Replicas, decayed


@dataclass(slots=True)
class Own:
    """What each source has observed itself, written or not: `[M]` as in :class:`Replicas`, one row in all."""

    at: Floats = field(default_factory=lambda: np.zeros(0))
    log_odds: Floats = field(default_factory=lambda: np.zeros(0))
    n_obs: Ints32 = field(default_factory=lambda: np.zeros(0, np.int32))

    def lengthen(self, size: int) -> None:
        """Room for so many cells."""
        more = size - len(self.at)
        self.at = np.concatenate([self.at, np.full(more, NEVER)])
        self.log_odds = np.concatenate([self.log_odds, np.zeros(more)])
        self.n_obs = np.concatenate([self.n_obs, np.zeros(more, np.int32)])

    def add(self, cells: Ints, log_odds: Floats, at_s: Floats, half_life_s: Floats) -> None:
        """Add an observation to distinct cells: what was known decays until then."""
        age = np.where(self.at[cells] > NEVER, at_s - self.at[cells], np.inf)
        self.log_odds[cells] = decayed(self.log_odds[cells], age, half_life_s) + log_odds
        self.n_obs[cells] += 1
        self.at[cells] = at_s

    def forget(self, before_s: float) -> None:
        """Drop what was last observed before a time, s."""
        old = (self.at < before_s) & (self.at > NEVER)
        self.at[old], self.log_odds[old], self.n_obs[old] = NEVER, 0.0, 0


def plan_writes(
    replicas: Replicas, own: Own, seen: Evidence, start_s: Floats, half_life_s: Floats
) -> Operations:
    """Each node writes all that it observed at one moment.

    Args:
        replicas: cells that are new get columns.
        own: the observations are added to it.
        seen: observations, one of each fact and source.
        start_s: `[K]` moment of each node, s.
        half_life_s: `[n]` of each observation's evidence, s.
    """
    cells = replicas.add(cell_codes(seen.fact, seen.source))
    own.lengthen(len(replicas.codes))
    own.add(cells, seen.log_odds, start_s[seen.source], half_life_s)
    order = np.argsort(seen.source, kind="stable")
    nodes, first = np.unique(seen.source[order], return_index=True)
    parts = np.split(cells[order], first[1:]) if len(nodes) else []
    rows = [(c, own.at[c], own.log_odds[c], own.n_obs[c]) for c in parts]
    return operations(WRITE, nodes.tolist(), start_s[nodes].tolist(), rows)


def plan_reads(
    replicas: Replicas, own: Own, node: Ints, start_s: Floats, draws: np.random.Generator
) -> Operations:
    """Lookups of drawn facts: first a relation, all alike, then one of its facts.

    Args:
        replicas: facts that any node holds can be looked up.
        own: so can those that are about to be written.
        node: `[n]` who asks.
        start_s: `[n]` when, s.
        draws: which facts.
    """
    facts = np.unique(replicas.facts[(own.at > NEVER) | replicas.present()])
    kinds, first, many = np.unique(relation_of(facts), return_index=True, return_counts=True)
    drawn = draws.random((2, len(node)))
    if not len(kinds):
        return no_operations()
    kind = (drawn[0] * len(kinds)).astype(np.int64)
    chosen = facts[first[kind] + (drawn[1] * many[kind]).astype(np.int64)]
    return operations(
        READ, node.tolist(), start_s.tolist(), [_blank(replicas.cells_of(int(fact))) for fact in chosen]
    )


def watched(nodes: int, peers: int) -> Ints:
    """`[P, 2]` who watches whom: each node the next so many on both sides, so that each pair is seen from both."""
    steps = np.arange(1, min(peers, nodes // 2) + 1)
    a = np.repeat(np.arange(nodes), len(steps))
    b = (a + np.tile(steps, nodes)) % nodes
    pairs = np.concatenate([np.stack([a, b], axis=1), np.stack([b, a], axis=1)])
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _blank(cells: Ints) -> tuple[Ints, Floats, Floats, Ints32]:
    n = len(cells)
    return cells, np.full(n, NEVER), np.zeros(n), np.zeros(n, np.int32)
