"""Strong: reads and writes ask a quorum of the nodes; a node that reaches none refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import Bools, Bytes, Floats, Ints, Ints32
from ...errors import require
from .base import HEADER_BYTES, OPEN, READ, Mesh, Operations, Outcome
from .quorum import CELLS, FIRST, KIND, NODE, STALE, START, STATUS, advance, blank_events
from .replicas import CELL_BYTES, Replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """Operations and messages that are under way between two calls; see :mod:`.quorum` for the columns.

    Attributes:
        ops: `[n, 8]` operations.
        start_s: `[n]` s.
        got: `[n, K]` whose answers have come.
        cell, at, log_odds, n_obs, want: `[rows]` what they carry.
        event_s: `[e]` s, messages that wait.
        event: `[e, 4]` number, what, operation, node.
        number: messages so far.
    """

    ops: Ints
    start_s: Floats
    got: Bytes
    cell: Ints
    at: Floats
    log_odds: Floats
    n_obs: Ints32
    want: Floats
    event_s: Floats
    event: Ints
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strong:
    """Every register is written to W nodes and read from R, with R + W > n: no read is ever stale.

    Attributes:
        read_quorum: R, nodes whose answers a read needs; 0 for a majority.
        write_quorum: W, nodes that must have stored a write; 0 for a majority.
        timeout_s: an operation without its quorum is given up after this, s.

    Source:
        Attiya, Bar-Noy & Dolev (1995), "Sharing memory robustly in message-passing systems".
    """

    read_quorum: int = 0
    write_quorum: int = 0
    timeout_s: float = 1.0

    def __post_init__(self) -> None:
        require(self.read_quorum >= 0, "collective_memory.mode.read_quorum", self.read_quorum, "0 or more")
        require(self.write_quorum >= 0, "collective_memory.mode.write_quorum", self.write_quorum, "0 or more")
        require(self.timeout_s > 0, "collective_memory.mode.timeout_s", self.timeout_s, "above 0")

    def quorums(self, nodes: int) -> tuple[int, int]:
        """R and W among so many nodes."""
        majority = nodes // 2 + 1
        return self.read_quorum or majority, self.write_quorum or majority

    def check(self, nodes: int) -> None:
        """See :class:`MemoryMode`.

        Raises:
            ConfigError: if a quorum is larger than the mesh, or R + W <= n.
        """
        r, w = self.quorums(nodes)
        for name, size in (("read_quorum", r), ("write_quorum", w)):
            require(size <= nodes, f"collective_memory.mode.{name}", size, f"at most fleet.nodes = {nodes}")
        rule = f"more than fleet.nodes = {nodes}, or a read could miss the last write; raise one of them"
        require(r + w > nodes, "collective_memory.mode.read_quorum + write_quorum", f"{r} + {w}", rule)

    def start(self, nodes: int) -> UnderWay:
        """See :class:`MemoryMode`."""
        event_s, event = blank_events()
        return UnderWay(
            ops=np.zeros((0, 8), np.int64), start_s=np.zeros(0), got=np.zeros((0, nodes), np.uint8),
            cell=np.zeros(0, np.int64), at=np.zeros(0), log_odds=np.zeros(0), n_obs=np.zeros(0, np.int32),
            want=np.zeros(0), event_s=event_s, event=event, number=0,
        )  # fmt: skip

    def run(
        self, replicas: Replicas, work: Operations, mesh: Mesh, end_s: float, draws: np.random.Generator,
        memory: UnderWay,
    ) -> tuple[Outcome, UnderWay]:  # fmt: skip
        """See :class:`MemoryMode`; nothing is left to chance."""
        m = _joined(memory, work, replicas.nodes)
        r, w = self.quorums(replicas.nodes)
        was_open = m.ops[:, STATUS] == OPEN
        done_s, counted, latency = np.zeros(len(m.ops)), np.array([0, 0, 0, m.number]), np.zeros(1)
        held = (replicas.at, replicas.log_odds, replicas.n_obs, replicas.newest, replicas.known)
        event_s, event, arrivals = advance(
            end_s, mesh.latency_s, mesh.alive, (r, w, self.timeout_s, HEADER_BYTES, CELL_BYTES), held,
            (m.ops, done_s, m.got), (m.cell, m.at, m.log_odds, m.n_obs, m.want), m.event_s, m.event, counted, latency,
        )  # fmt: skip
        ended = was_open & (m.ops[:, STATUS] != OPEN)
        outcome = Outcome(
            _ended(m, ended), done_s[ended], m.ops[ended, STATUS].astype(np.uint8), m.ops[ended, STALE] == 1,
            arrivals, (int(counted[0]), int(counted[1]), int(counted[2]), float(latency[0])),
        )  # fmt: skip
        return outcome, _left(m, event_s, event, int(counted[3]))

    def look(
        self, replicas: Replicas, node: int, cells: Ints, mesh: Mesh
    ) -> tuple[Floats, Floats, Ints32, float]:
        """See :class:`MemoryMode`: the latest version at the R nodes that answer first."""
        r, w = self.quorums(replicas.nodes)
        trip = mesh.latency_s[node] + mesh.latency_s[:, node]
        near = np.argsort(trip, kind="stable")
        near = near[np.isfinite(trip[near])]
        if not mesh.alive[node] or len(near) < max(r, w):
            nothing = np.full(len(cells), -np.inf)
            return nothing, np.zeros(len(cells)), np.zeros(len(cells), np.int32), np.inf
        asked = near[:r, None]
        best = asked[replicas.at[asked, cells].argmax(axis=0), 0]
        held = (replicas.at[asked, cells] == replicas.at[best, cells]) | ~np.isfinite(
            replicas.at[best, cells]
        )
        agreed = held.sum(axis=0).min(initial=replicas.nodes) >= w
        latency = float(trip[near[r - 1]]) + (0.0 if agreed else float(trip[near[w - 1]]))
        return replicas.at[best, cells], replicas.log_odds[best, cells], replicas.n_obs[best, cells], latency


def _joined(m: UnderWay, work: Operations, nodes: int) -> UnderWay:
    """What is under way and the operations that start now, in fresh arrays."""
    n, cells = len(work.kind), np.diff(work.offset)
    rows = np.where(work.kind == READ, cells * (nodes + 1), cells)
    first = len(m.cell) + np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    ops = np.zeros((n, 8), np.int64)
    ops[:, KIND], ops[:, NODE], ops[:, FIRST], ops[:, CELLS] = work.kind, work.node, first[:-1], cells
    place = np.repeat(first[:-1] - work.offset[:-1], cells) + np.arange(len(work.cell))
    size = int(first[-1])

    def longer[A: np.generic](old: np.ndarray[Any, np.dtype[A]], values: Any) -> np.ndarray[Any, np.dtype[A]]:
        out = np.zeros(size, old.dtype)
        out[: len(old)] = old
        out[place] = values
        return out

    numbers = m.number + 1 + np.arange(n)
    events = np.stack([numbers, np.full(n, START), len(m.ops) + np.arange(n), work.node], axis=1)
    return UnderWay(
        ops=np.concatenate([m.ops, ops]), start_s=np.concatenate([m.start_s, work.start_s]),
        got=np.concatenate([m.got, np.zeros((n, nodes), np.uint8)]), cell=longer(m.cell, work.cell),
        at=longer(m.at, work.at), log_odds=longer(m.log_odds, work.log_odds), n_obs=longer(m.n_obs, work.n_obs),
        want=longer(m.want, -np.inf), event_s=np.concatenate([m.event_s, work.start_s]),
        event=np.concatenate([m.event, events]), number=m.number + n,
    )  # fmt: skip


def _rows(m: UnderWay, chosen: Bools, *, blocks: bool) -> Ints:
    """Rows of the chosen operations; of a read all of its blocks, or the result alone."""
    ops = m.ops[chosen]
    many = np.where((ops[:, KIND] == READ) & blocks, m.got.shape[1] + 1, 1) * ops[:, CELLS]
    start = np.cumsum(many) - many
    return np.repeat(ops[:, FIRST] - start, many) + np.arange(int(many.sum()))


def _ended(m: UnderWay, chosen: Bools) -> Operations:
    """The operations that ended, with what they wrote or read."""
    ops, rows = m.ops[chosen], _rows(m, chosen, blocks=False)
    offset = np.concatenate([[0], np.cumsum(ops[:, CELLS])]).astype(np.int64)
    return Operations(
        ops[:, KIND].astype(np.uint8), ops[:, NODE].copy(), m.start_s[chosen], offset, m.cell[rows], m.at[rows],
        m.log_odds[rows], m.n_obs[rows],
    )  # fmt: skip


def _left(m: UnderWay, event_s: Floats, event: Ints, number: int) -> UnderWay:
    """What is still open, or has messages on their way."""
    chosen = m.ops[:, STATUS] == OPEN
    chosen[event[:, 2]] = True
    rows = _rows(m, chosen, blocks=True)
    ops = m.ops[chosen]
    many = np.where(ops[:, KIND] == READ, m.got.shape[1] + 1, 1) * ops[:, CELLS]
    ops[:, FIRST] = np.cumsum(many) - many
    order = np.argsort(event[:, 0], kind="stable")
    event, event_s = event[order], event_s[order]
    event[:, 2] = (np.cumsum(chosen) - 1)[event[:, 2]]
    return UnderWay(
        ops=ops, start_s=m.start_s[chosen], got=m.got[chosen], cell=m.cell[rows], at=m.at[rows],
        log_odds=m.log_odds[rows], n_obs=m.n_obs[rows], want=m.want[rows], event_s=event_s, event=event,
        number=number,
    )  # fmt: skip
