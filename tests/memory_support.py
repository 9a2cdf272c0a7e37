"""Nodes that keep a memory together without a fleet around them: meshes, operations, histories."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from swarmscale.model.collective_memory.base import (
    DONE,
    GAVE_UP,
    READ,
    WRITE,
    Mesh,
    no_operations,
    operations,
    together,
)
from swarmscale.model.collective_memory.facts import cell_codes, fact_codes
from swarmscale.model.collective_memory.replicas import Replicas

NEVER = -np.inf
UNIT = 1024
"""Stories count time in 1/1024 s, which floats hold exactly, so that no rounding decides what falls into a stretch."""
STRETCH = 204 / UNIT


def mesh_of(latency, alive=None, side=None):
    """A mesh whose nodes reach each other on the same side, over links of these latencies in s."""
    k = len(latency)
    alive = np.ones(k, np.bool_) if alive is None else np.array(alive, np.bool_)
    side = np.zeros(k, np.int64) if side is None else np.array(side)
    apart = (side[:, None] != side[None, :]) | ~alive[:, None] | ~alive[None, :]
    way = np.where(apart, np.inf, np.asarray(latency, np.float64))
    np.fill_diagonal(way, 0.0)
    link = way.copy()
    np.fill_diagonal(link, np.inf)
    return Mesh(way, link, alive)


def even(k, seconds=0.01):
    """`[K, K]` the same latency between all nodes."""
    return np.full((k, k), seconds)


@dataclass
class Nodes:
    """K nodes in one mode; each is the source of one cell of fact 0, and all that happened is kept."""

    mode: object
    k: int
    time: float = 0.0
    done: list = field(default_factory=list)
    sent: int = 0

    def __post_init__(self):
        self.replicas = Replicas(self.k)
        self.fact = int(fact_codes(0, 0))
        self.cells = self.replicas.add(cell_codes(np.full(self.k, self.fact), np.arange(self.k)))
        self.way = self.mode.start(self.k)
        self.draws = np.random.default_rng(0)

    def pass_time(self, seconds, mesh, writes=(), reads=()):
        """Let time pass on a mesh: writes as (offset in s, node), reads as (offset, node, cell)."""
        work = no_operations()
        for kind, asked in ((WRITE, [(t, n, n) for t, n in writes]), (READ, reads)):
            start = [self.time + t for t, _, _ in asked]
            rows = [
                (self.cells[c : c + 1], np.array([s]), np.array([s]), np.ones(1, np.int32))
                for s, (_, _, c) in zip(start, asked, strict=True)
            ]
            work = together(work, operations(kind, [n for _, n, _ in asked], start, rows))
        self.time += seconds
        outcome, self.way = self.mode.run(self.replicas, work, mesh, self.time, self.draws, self.way)
        ended = outcome.ended
        self.sent += outcome.messages[0]
        for i in range(len(ended.kind)):
            row = ended.offset[i]
            self.done.append(
                (int(ended.kind[i]), int(ended.node[i]), float(ended.start_s[i]), float(outcome.done_s[i]),
                 int(outcome.status[i]), int(ended.cell[row]), float(ended.at[row]), bool(outcome.stale[i]))
            )  # fmt: skip
        return outcome

    def history(self, cell):
        """What happened to one register, as the checker wants it."""
        from .linearizability import INITIAL, Operation

        out = []
        for kind, _, start, end, status, c, at, _ in self.done:
            value = INITIAL if at == NEVER else at
            if c == cell and status == DONE:
                out.append(Operation(kind == WRITE, value, start, end))
            elif c == cell and status == GAVE_UP and kind == WRITE:
                out.append(Operation(True, value, start))
        return out


@st.composite
def stories(draw, most_nodes=5):
    """What may happen to a few nodes: latencies, then stretches of time with crashes, partitions and operations."""
    k = draw(st.integers(3, most_nodes))
    ms = draw(st.lists(st.integers(1, 300), min_size=k * k, max_size=k * k))
    latency = np.array(ms).reshape(k, k) / UNIT
    latency = np.minimum(latency, latency.T)
    moment = st.integers(0, 199)
    stretches = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from([True, True, True, False]), min_size=k, max_size=k),
                st.lists(st.sampled_from([0, 0, 0, 1]), min_size=k, max_size=k),
                st.lists(st.tuples(moment, st.integers(0, 1)), max_size=2, unique_by=lambda w: w),
                st.lists(st.tuples(moment, st.integers(0, k - 1), st.integers(0, 1)), max_size=4),
            ),
            min_size=2,
            max_size=6,
        )
    )
    return k, latency, stretches


def play(mode, story, rest_s=3.0):
    """Let a story happen, then let what is open end on a whole mesh."""
    k, latency, stretches = story
    nodes = Nodes(mode, k)
    for alive, side, writes, reads in stretches:
        nodes.pass_time(
            STRETCH, mesh_of(latency, alive, side),
            [(t / UNIT, n) for t, n in writes], [(t / UNIT, n, c) for t, n, c in reads],
        )  # fmt: skip
    nodes.pass_time(rest_s, mesh_of(latency))
    return nodes
