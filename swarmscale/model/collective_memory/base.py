"""What a mode of the collective memory is: how nodes write, read and exchange, in simulated time."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from ...arrays import Bools, Bytes, Floats, Ints, Ints32
from .replicas import Replicas

WRITE, READ = 0, 1
OPEN, DONE, REFUSED, GAVE_UP, ABSENT = 0, 1, 2, 3, 4
STATUS = ("open", "done", "refused", "gave up", "node down")
"""How an operation ended: refused before anything was sent; given up after the timeout; the node was down."""

HEADER_BYTES = 64
"""Bytes of a message beside its cells; assumed."""


class Mesh(NamedTuple):
    """The mesh as it stands.

    Attributes:
        latency_s: `[K, K]` s on the shortest live path; inf if there is none, 0 to itself.
        link_s: `[K, K]` s over the direct live link; inf if there is none.
        alive: `[K]` whether a node is up.
    """

    latency_s: Floats
    link_s: Floats
    alive: Bools


class Operations(NamedTuple):
    """Operations and the versions that they write, or, once they are done, have read.

    Attributes:
        kind: `[n]` ``WRITE`` or ``READ``.
        node: `[n]` who asks.
        start_s: `[n]` when, s.
        offset: `[n + 1]` rows of each operation: those from ``offset[i]`` up to ``offset[i + 1]``.
        cell: `[rows]` places of the cells, distinct within an operation; a write's are the node's own.
        at: `[rows]` version: time of the last observation, s; a write's is not below its start.
        log_odds: `[rows]` evidence as of then.
        n_obs: `[rows]` observations in it.
    """

    kind: Bytes
    node: Ints
    start_s: Floats
    offset: Ints
    cell: Ints
    at: Floats
    log_odds: Floats
    n_obs: Ints32

    def between(self, begin_s: float, end_s: float) -> Operations:
        """Those that start within [begin, end)."""
        return self.some((self.start_s >= begin_s) & (self.start_s < end_s))

    def some(self, chosen: Bools) -> Operations:
        """Some of the operations, in the same order."""
        rows = np.repeat(chosen, np.diff(self.offset))
        offset = np.concatenate([[0], np.cumsum(np.diff(self.offset)[chosen])]).astype(np.int64)
        return Operations(
            self.kind[chosen], self.node[chosen], self.start_s[chosen], offset,
            self.cell[rows], self.at[rows], self.log_odds[rows], self.n_obs[rows],
        )  # fmt: skip


class Outcome(NamedTuple):
    """What came of a span of time.

    Attributes:
        ended: the operations that ended in it, with the versions written or read.
        done_s: `[n]` when each ended, s.
        status: `[n]` how, see ``STATUS``.
        stale: `[n]` whether a read gave a version older than one whose write was complete before the read began.
        arrivals: `[a, 4]` time in s, node, source, version: a node holds all that the source had said up to then;
            the first of each version is at the source itself.
        messages: messages sent to other nodes, delivered, bytes of all sent, summed latency of the delivered, s.
    """

    ended: Operations
    done_s: Floats
    status: Bytes
    stale: Bools
    arrivals: Floats
    messages: tuple[int, int, int, float]


class MemoryMode(Protocol):
    """How replicas agree.

    To add a mode, write a frozen keyword-only dataclass with these methods in a file of its own and list it in
    ``MEMORY_MODES``. What is on its way between two calls goes out of ``run`` as memory and comes back in.
    """

    def check(self, nodes: int) -> None:
        """Refuse settings that do not fit so many nodes.

        Raises:
            ConfigError: if they do not.
        """
        ...

    def start(self, nodes: int) -> Any:
        """Memory of nothing on its way."""
        ...

    def run(
        self, replicas: Replicas, work: Operations, mesh: Mesh, end_s: float, draws: np.random.Generator,
        memory: Any,
    ) -> tuple[Outcome, Any]:  # fmt: skip
        """Let time pass up to ``end_s``; replicas are written in place.

        Args:
            replicas: what the nodes hold.
            work: operations that start in this span.
            mesh: the mesh, which holds throughout.
            end_s: s.
            draws: for choices that are left to chance, used by nobody else.
            memory: what was on its way.
        """
        ...

    def look(
        self, replicas: Replicas, node: int, cells: Ints, mesh: Mesh
    ) -> tuple[Floats, Floats, Ints32, float]:
        """What a read of distinct cells by a node would give now: versions, log-odds, observations, latency in s.

        The latency is infinite if the node would refuse. Nothing changes.
        """
        ...


def no_operations() -> Operations:
    """None at all."""
    return Operations(
        np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0), np.zeros(1, np.int64),
        np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int32),
    )  # fmt: skip


def operations(
    kind: int,
    node: list[int],
    start_s: list[float],
    rows: list[tuple[Ints, Floats, Floats, Ints32]],
) -> Operations:
    """Operations of one kind from lists: for each its node, its start in s, and (cell, at, log_odds, n_obs)."""
    if not node:
        return no_operations()
    offset = np.concatenate([[0], np.cumsum([len(row[0]) for row in rows])]).astype(np.int64)
    cell, at, odds, n_obs = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Operations(
        np.full(len(node), kind, np.uint8), np.array(node, np.int64), np.array(start_s, np.float64), offset,
        cell, at, odds, n_obs,
    )  # fmt: skip


def together(a: Operations, b: Operations) -> Operations:
    """Both, the first ones first."""
    offset = np.concatenate([a.offset, a.offset[-1] + b.offset[1:]])
    return Operations(
        np.concatenate([a.kind, b.kind]), np.concatenate([a.node, b.node]),
        np.concatenate([a.start_s, b.start_s]), offset, np.concatenate([a.cell, b.cell]),
        np.concatenate([a.at, b.at]), np.concatenate([a.log_odds, b.log_odds]),
        np.concatenate([a.n_obs, b.n_obs]),
    )  # fmt: skip
