"""Eventual: a node writes and reads its own replica at once, and neighbors gossip what the other lacks."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from ...arrays import Floats, Ints, Ints32
from ...errors import require
from .base import ABSENT, DONE, HEADER_BYTES, WRITE, Mesh, Operations, Outcome
from .replicas import CELL_BYTES, Replicas

_OPERATION, _ROUND, _MESSAGE = 0, 1, 2
type Rows = tuple[Ints, Floats, Floats, Ints32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A question, with what the asker knows, or the answer: the versions that it lacked.

    Attributes:
        due_s: when it arrives, s.
        number: breaks ties of time, rising.
        sender: node.
        receiver: node.
        known: `[K]` up to when the sender knows each source, s.
        rows: places, versions, log-odds and observations of the answer's cells; None in a question.
    """

    due_s: float
    number: int
    sender: int
    receiver: int
    known: Floats
    rows: Rows | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTheWay:
    """What is on its way between two calls.

    Attributes:
        messages: sent and not yet due.
        rounds: `[K]` when each node asks its neighbors next, s.
        number: messages sent so far.
    """

    messages: tuple[Message, ...]
    rounds: Floats
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Eventual:
    """Read and write at home; once a round ask a few live neighbors for all that is newer there.

    Each side says up to when it knows each source, so a message carries what the other lacks and nothing else, and
    after a partition the same exchange makes up for all that was missed. All versions of a source spread in the
    order in which they were written.

    Attributes:
        gossip_s: time between two rounds of a node, s.
        fanout: neighbors asked in a round.

    Source:
        Anti-entropy by pull: Demers et al. (1987), "Epidemic algorithms for replicated database maintenance".
        Version vectors: Parker et al. (1983), "Detection of mutual inconsistency in distributed systems".
    """

    gossip_s: float = 1.0
    fanout: int = 1

    def __post_init__(self) -> None:
        require(self.gossip_s > 0, "collective_memory.mode.gossip_s", self.gossip_s, "above 0")
        require(self.fanout >= 1, "collective_memory.mode.fanout", self.fanout, "1 or more")

    def check(self, nodes: int) -> None:
        """See :class:`MemoryMode`; any number of nodes will do."""

    def start(self, nodes: int) -> OnTheWay:
        """See :class:`MemoryMode`; the nodes' rounds are spread evenly."""
        return OnTheWay(messages=(), rounds=np.linspace(0.0, self.gossip_s, nodes + 1)[1:], number=0)

    def run(
        self, replicas: Replicas, work: Operations, mesh: Mesh, end_s: float, draws: np.random.Generator,
        memory: OnTheWay,
    ) -> tuple[Outcome, OnTheWay]:  # fmt: skip
        """See :class:`MemoryMode`."""
        span = _Span(replicas, work, mesh, draws, self, memory.rounds.copy(), memory.number)
        queue: list[tuple[float, int, int, Message | int]] = [
            *((m.due_s, _MESSAGE, m.number, m) for m in memory.messages),
            *((float(s), _OPERATION, i, i) for i, s in enumerate(work.start_s)),
            *((float(s), _ROUND, k, k) for k, s in enumerate(memory.rounds)),
        ]
        heapq.heapify(queue)
        while queue and queue[0][0] < end_s:
            now, what, _, which = heapq.heappop(queue)
            if isinstance(which, Message):
                sent = span.deliver(now, which)
            elif what == _ROUND:
                sent = span.ask(now, which)
                heapq.heappush(queue, (float(span.rounds[which]), _ROUND, which, which))
            else:
                sent = span.operate(now, which)
            for message in sent:
                heapq.heappush(queue, (message.due_s, _MESSAGE, message.number, message))
        left = sorted((e[3] for e in queue if isinstance(e[3], Message)), key=lambda m: m.number)
        return span.outcome(), OnTheWay(messages=tuple(left), rounds=span.rounds, number=span.number)

    def look(
        self, replicas: Replicas, node: int, cells: Ints, mesh: Mesh
    ) -> tuple[Floats, Floats, Ints32, float]:
        """See :class:`MemoryMode`: the node's own replica, at once."""
        latency = 0.0 if mesh.alive[node] else np.inf
        return replicas.at[node, cells], replicas.log_odds[node, cells], replicas.n_obs[node, cells], latency


@dataclass(slots=True)
class _Span:
    """One span of time: what is done in it, and what is counted."""

    replicas: Replicas
    work: Operations
    mesh: Mesh
    draws: np.random.Generator
    mode: Eventual
    rounds: Floats
    number: int
    status: list[int] = field(default_factory=list)
    stale: list[bool] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    arrivals: list[tuple[float, float, float, float]] = field(default_factory=list)
    sent: int = 0
    delivered: int = 0
    bytes: int = 0
    latency_s: float = 0.0

    def operate(self, now: float, i: int) -> list[Message]:
        """Write to the node's own replica, or read it."""
        work, r = self.work, self.replicas
        node, rows = int(work.node[i]), slice(work.offset[i], work.offset[i + 1])
        cell = work.cell[rows]
        self.order.append(i)
        self.stale.append(False)
        self.status.append(DONE if self.mesh.alive[node] else ABSENT)
        if not self.mesh.alive[node]:
            return []
        if work.kind[i] == WRITE:
            r.store(node, cell, work.at[rows], work.log_odds[rows], work.n_obs[rows])
            r.newest[cell] = np.maximum(r.newest[cell], work.at[rows])
            said = float(work.at[rows].max())
            r.known[node, node] = max(r.known[node, node], said)
            self.arrivals.append((now, node, node, said))
        else:
            self.stale[-1] = bool((r.at[node, cell] < r.newest[cell]).any())
            work.at[rows], work.log_odds[rows] = r.at[node, cell], r.log_odds[node, cell]
            work.n_obs[rows] = r.n_obs[node, cell]
        return []

    def ask(self, now: float, node: int) -> list[Message]:
        """Ask a few live neighbors what is new there."""
        self.rounds[node] += self.mode.gossip_s
        near = np.flatnonzero(np.isfinite(self.mesh.link_s[node]))
        if not self.mesh.alive[node] or not len(near):
            return []
        if len(near) > self.mode.fanout:
            near = self.draws.choice(near, self.mode.fanout, replace=False)
        known = self.replicas.known[node].copy()
        return [self._send(now, node, int(other), known, None) for other in near]

    def deliver(self, now: float, m: Message) -> list[Message]:
        """Answer a question, or merge an answer; a message over a link that is down now is lost."""
        if not (np.isfinite(self.mesh.link_s[m.sender, m.receiver]) and self.mesh.alive[m.receiver]):
            return []
        self.delivered += 1
        self.latency_s += float(self.mesh.link_s[m.sender, m.receiver])
        r, node = self.replicas, m.receiver
        if m.rows is None:
            cell = np.flatnonzero(r.at[node] > m.known[r.source])
            rows = (cell, r.at[node, cell], r.log_odds[node, cell], r.n_obs[node, cell])
            return [self._send(now, node, m.sender, r.known[node].copy(), rows)]
        r.store(node, *m.rows)
        news = np.flatnonzero(m.known > r.known[node])
        r.known[node, news] = m.known[news]
        self.arrivals += [(now, float(node), float(s), float(m.known[s])) for s in news]
        return []

    def _send(self, now: float, sender: int, receiver: int, known: Floats, rows: Rows | None) -> Message:
        self.number += 1
        self.sent += 1
        cells = 0 if rows is None else len(rows[0])
        self.bytes += HEADER_BYTES + known.nbytes + CELL_BYTES * cells
        due = now + float(self.mesh.link_s[sender, receiver])
        return Message(
            due_s=due, number=self.number, sender=sender, receiver=receiver, known=known, rows=rows
        )

    def outcome(self) -> Outcome:
        """What came of it; operations in the order of time, each ended when it started."""
        chosen = np.array(self.order, np.int64)
        ended = ordered(self.work, chosen)
        return Outcome(
            ended, ended.start_s, np.array(self.status, np.uint8), np.array(self.stale, np.bool_),
            np.array(self.arrivals, np.float64).reshape(-1, 4),
            (self.sent, self.delivered, self.bytes, self.latency_s),
        )  # fmt: skip


def ordered(work: Operations, order: Ints) -> Operations:
    """Operations in another order."""
    length = np.diff(work.offset)[order]
    offset = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    rows = np.repeat(work.offset[:-1][order] - offset[:-1], length) + np.arange(offset[-1])
    return Operations(
        work.kind[order], work.node[order], work.start_s[order], offset, work.cell[rows], work.at[rows],
        work.log_odds[rows], work.n_obs[rows],
    )  # fmt: skip
