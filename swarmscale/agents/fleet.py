"""The workers as a struct of arrays: one row an agent, grouped by cluster, no Python object for any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays import Bytes, Floats, Floats32, Ints, Ints32, kernel
from ..errors import require
from ..rng import U, draw, unit32
from .skills import TYPES

if TYPE_CHECKING:
    from .people import Population
    from .squads import Squad

EMPTY, WARM, STARTING, IDLE, BUSY, DRAINING, RETIRED, FAILED, RECOVERING, HELPING = range(10)
STATE_NAMES = (
    "empty",
    "warm",
    "starting",
    "idle",
    "busy",
    "draining",
    "retired",
    "failed",
    "recovering",
    "helping",
)
NEVER = np.inf


class Rows(NamedTuple):
    """The arrays that kernels read and write; `Q` clusters of `S` slots, one slot an agent.

    Attributes:
        uid: `[Q, S]` unique id of the agent, 0 where the slot is empty; an id is never used again.
        free_at: `[Q, S]` s, when the agent can take a task: end of its task, of its start-up or of its
            repair; infinity for warm, failed and empty slots.
        fail_at: `[Q, S]` s, when the agent fails next; infinity if never.
        slowness: `[Q, S]` 1 / speed, dimensionless.
        state: `[Q, S]` one of the codes of ``STATE_NAMES``.
        kind: `[Q, S]` intelligence type, an index into ``TYPES``.
        skill: `[Q, 6, S]` skill for a task of each type, in 1/255.
        rank: `[Q, 6, S]` place of each slot by falling service rate (speed x skill) for each type of task.
    """

    uid: Ints
    free_at: Floats
    fail_at: Floats
    slowness: Floats32
    state: Bytes
    kind: Bytes
    skill: Bytes
    rank: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Makeup:
    """How agents are made: the laws of speed, type and skill.

    Attributes:
        speed: `[1025]` quantiles of the speed at even steps, mean 1.
        type_share: `[6]` cumulative share of each intelligence type, the last one 1.
        own: lowest and highest skill for tasks of the agent's own type, in (0, 1].
        other: the same for tasks of the five other types.
        also: types beside the agent's own for whose tasks it is as skilled as for those of its own.
    """

    speed: Floats
    type_share: Floats
    own: tuple[float, float] = (1.0, 1.0)
    other: tuple[float, float] = (1.0, 1.0)
    also: tuple[int, ...] = ()


@dataclass(slots=True)
class Fleet:
    """All workers of a model.

    Attributes:
        rows: the arrays.
        size: `[Q]` agents in each cluster, slots that are not empty.
        next_uid: the id that the next agent gets.
        makeup: the laws from which agents are made.
        key: Philox key of the stream of the agents' own traits.
        version: counts changes of membership.
        population: the laws of the agents' personality and latent skills; None in a fleet without them.
        squads: agents that were made together, of a kind that somebody asked for.
        hidden: rows of agents that have become slow or silent, which others do not know, and their 1 / speed as made.
    """

    rows: Rows
    size: Ints
    next_uid: int
    makeup: Makeup
    key: np.uint64
    version: int = 0
    population: Population | None = None
    squads: list[Squad] = field(default_factory=list)
    hidden: tuple[Ints, Floats32] = field(
        default_factory=lambda: (np.zeros(0, np.int64), np.zeros(0, np.float32))
    )
    _members: tuple[int, int] = (-1, 0)

    @classmethod
    def empty(cls, clusters: int, slots: int, makeup: Makeup, key: np.uint64) -> Fleet:
        """A fleet of empty slots.

        Args:
            clusters: number of clusters.
            slots: agents that a cluster holds at most, 1 to 250.
            makeup: the laws from which agents are made.
            key: Philox key of the stream of the agents' own traits.
        """
        require(1 <= slots <= 250, "fleet.cluster_agents", slots, "from 1 to 250")
        return cls(_blank(clusters, slots), np.zeros(clusters, np.int64), 1, makeup, key)

    @property
    def clusters(self) -> int:
        """Number of clusters, empty ones included."""
        return len(self.size)

    @property
    def slots(self) -> int:
        """Slots in a cluster."""
        return int(self.rows.uid.shape[1])

    def __len__(self) -> int:
        if self._members[0] != self.version:
            self._members = (self.version, int(self.size.sum()))
        return self._members[1]

    def column(self, name: str) -> Any:
        """One attribute of all slots as a flat view, indexed by row = cluster x slots + slot."""
        return getattr(self.rows, name).reshape(-1)

    def known_slowness(self) -> Floats32:
        """`[Q, S]` 1 / speed of the agents as others know it: as they were made."""
        rows, made = self.hidden
        if not len(rows):
            return self.rows.slowness
        known = self.rows.slowness.copy()
        known.reshape(-1)[rows] = made
        return known

    def live(self) -> Ints:
        """Rows that hold an agent, in ascending order."""
        return np.flatnonzero(self.rows.uid.reshape(-1))

    def counts(self) -> Ints:
        """`[9]` agents in each state, in the order of ``STATE_NAMES``."""
        return np.bincount(self.rows.state.reshape(-1), minlength=len(STATE_NAMES))

    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return sum(a.nbytes for a in self.rows) + self.size.nbytes

    def room(self) -> int:
        """Empty slots in the clusters that exist."""
        return self.clusters * self.slots - len(self)

    def add_clusters(self, count: int) -> Ints:
        """Append empty clusters and return their numbers."""
        more = _blank(count, self.slots)
        first = self.clusters
        self.rows = Rows(*_joined(self.rows, more))
        self.size = np.concatenate([self.size, np.zeros(count, np.int64)])
        return np.arange(first, first + count)

    def spawn(self, count: int, ready_at: float | Floats, *, state: int = STARTING) -> Ints:
        """Make agents in the clusters with the fewest members, one array operation whatever the number.

        Each agent goes to the smallest cluster that has a free slot, the lowest number first; its speed, type
        and skills depend on its unique id alone.

        Args:
            count: number of agents, at most :meth:`room`.
            ready_at: s, when they can take tasks, one for all or `[count]`.
            state: ``STARTING`` or ``WARM``.

        Returns:
            `[count]` rows of the new agents, by rising unique id.

        Raises:
            ConfigError: if there is no room.
        """
        require(
            0 <= count <= self.room(), "count of new agents", count, f"at most {self.room()}, the free slots"
        )
        shares = np.empty(self.clusters, np.int64)
        lowest_shares(self.size, self.slots, count, shares)
        first = self.next_uid
        self.next_uid += count
        return self.join(shares, np.arange(first, first + count), ready_at, state=state)

    def join(
        self,
        shares: Ints,
        uids: Ints,
        ready_at: float | Floats,
        *,
        state: int = STARTING,
        makeup: Makeup | None = None,
    ) -> Ints:
        """Make agents with these ids, so many in each cluster, in its lowest free slots.

        Args:
            shares: `[Q]` agents for each cluster, at most its free slots.
            uids: `[n]` unique ids, cluster by cluster.
            ready_at: s, when they can take tasks, one for all or `[n]`.
            state: ``STARTING``, ``WARM`` or ``IDLE``.
            makeup: how they are made; as all others if None.

        Returns:
            `[n]` their rows.
        """
        taken = np.empty(len(uids), np.int64)
        take_slots(shares, self.rows.uid, taken)
        self.size += shares
        self._make(taken, uids, state, makeup or self.makeup)
        self.rows.free_at.reshape(-1)[taken] = NEVER if state == WARM else ready_at
        self._rank(taken)
        self.version += 1
        return taken

    def spawn_at(self, rows: Ints, ready_at: float, *, state: int = STARTING) -> Ints:
        """Make one agent in each of the given empty rows."""
        require(not self.column("uid")[rows].any(), "rows of new agents", len(rows), "all empty")
        self.size += np.bincount(rows // self.slots, minlength=self.clusters)
        self._make(rows, np.arange(self.next_uid, self.next_uid + len(rows)), state, self.makeup)
        self.next_uid += len(rows)
        self.rows.free_at.reshape(-1)[rows] = NEVER if state == WARM else ready_at
        self._rank(rows)
        self.version += 1
        return rows

    def _make(self, rows: Ints, uids: Ints, state: int, m: Makeup) -> None:
        low = np.rint(255 * np.array([m.own[0], m.other[0]])).astype(np.int64)
        span = np.rint(255 * np.array([m.own[1], m.other[1]])).astype(np.int64) - low + 1
        also = np.zeros(len(TYPES), np.int64)
        also[list(m.also)] = 1
        make_agents(rows, uids, self.key, m.speed, m.type_share, low, span, also, state, self.rows)

    def _rank(self, rows: Ints) -> None:
        touched = np.flatnonzero(np.bincount(rows // self.slots, minlength=self.clusters))
        rank_slots(self.rows.skill, self.known_slowness(), self.rows.rank, touched)

    def activate(self, rows: Ints, ready_at: float | Floats) -> None:
        """Send warm agents on their way: they are ready at the given time, in s."""
        self.column("state")[rows] = STARTING
        self.column("free_at")[rows] = ready_at
        self.version += 1

    def drain(self, rows: Ints) -> None:
        """Let agents finish their task and take no other; those without a task retire at once."""
        state = self.column("state")
        busy = state[rows] == BUSY
        state[rows[busy]] = DRAINING
        self.retire(rows[~busy])

    def retire(self, rows: Ints) -> None:
        """Take agents out of the fleet and free their rows; their unique ids are never used again."""
        self.size -= np.bincount(rows // self.slots, minlength=self.clusters)
        self.column("uid")[rows] = 0
        self.column("state")[rows] = EMPTY
        self.column("free_at")[rows] = NEVER
        self.column("fail_at")[rows] = NEVER
        self.version += 1

    def sweep(self) -> Ints:
        """Free the rows of agents that finished draining; returns those rows."""
        gone = np.flatnonzero(self.column("state") == RETIRED)
        if len(gone):
            self.retire(gone)
        return gone

    def fail(self, rows: Ints) -> None:
        """Agents stop; whoever fails them puts their tasks back first."""
        self.column("state")[rows] = FAILED
        self.column("free_at")[rows] = NEVER
        self.column("fail_at")[rows] = NEVER
        self.version += 1

    def recover(self, rows: Ints, ready_at: float | Floats) -> None:
        """Begin the repair of failed agents, done at the given time, in s."""
        self.column("state")[rows] = RECOVERING
        self.column("free_at")[rows] = ready_at
        self.version += 1

    def state_arrays(self) -> Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]:
        """Every array that a checkpoint must hold, by name."""
        yield from self.rows._asdict().items()
        yield "size", self.size


def _joined(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    return [np.concatenate(pair) for pair in zip(first, second, strict=True)]


def _blank(clusters: int, slots: int) -> Rows:
    shape, by_type = (clusters, slots), (clusters, len(TYPES), slots)
    return Rows(
        uid=np.zeros(shape, np.int64),
        free_at=np.full(shape, NEVER),
        fail_at=np.full(shape, NEVER),
        slowness=np.ones(shape, np.float32),
        state=np.zeros(shape, np.uint8),
        kind=np.zeros(shape, np.uint8),
        skill=np.zeros(by_type, np.uint8),
        rank=np.zeros(by_type, np.uint8),
    )


@kernel
def lowest_shares(size: Ints, slots: int, count: int, shares: Ints) -> None:
    """Share ``count`` agents out, always to the smallest cluster below ``slots``, the lowest number first.

    Args:
        size: `[Q]` members.
        slots: slots in a cluster.
        count: agents to place.
        shares: `[Q]` out: agents for each cluster.
    """
    at_level = np.zeros(slots + 1, np.int64)
    for q in range(len(size)):
        at_level[size[q]] += 1
    level, below, left = 0, 0, count
    while level < slots:  # raise all clusters at or under this level by one, while agents last
        below += at_level[level]
        if left < below:
            break
        left -= below
        level += 1
    for q in range(len(size)):
        want = max(size[q], level)
        if size[q] <= level and left > 0 and level < slots:
            want = level + 1
            left -= 1
        shares[q] = want - size[q]


@kernel
def take_slots(shares: Ints, uid: Ints, taken: Ints) -> None:
    """Take the lowest free slots of each cluster.

    Args:
        shares: `[Q]` how many.
        uid: `[Q, S]` 0 where a slot is empty.
        taken: `[n]` out: rows, cluster by cluster.
    """
    slots = uid.shape[1]
    out = 0
    for q in range(len(shares)):
        need = shares[q]
        s = 0
        while need > 0:
            if uid[q, s] == 0:
                taken[out] = q * slots + s
                out += 1
                need -= 1
            s += 1


@kernel
def make_agents(
    rows: Ints,
    uids: Ints,
    key: np.uint64,
    speed: Floats,
    type_share: Floats,
    low: Ints,
    span: Ints,
    also: Ints,
    state: int,
    fleet: Rows,
) -> None:
    """Write speed, type and skills of new agents: functions of the unique id alone."""
    slots = fleet.uid.shape[1]
    cells = len(speed) - 1
    q = 0
    byte = U(255)
    for i in range(len(rows)):
        s = rows[i] - q * slots
        if s < 0 or s >= slots:
            q = rows[i] // slots
            s = rows[i] - q * slots
        uid = uids[i]
        a, b, c, d = draw(uid, 0, key)
        x = unit32(a) * cells
        j = int(x)
        fleet.slowness[q, s] = np.float32(1.0 / (speed[j] + (x - j) * (speed[j + 1] - speed[j])))
        u = unit32(b)
        kind = 0
        for k in range(5):
            kind += 1 if u > type_share[k] else 0
        word = (c << U(32)) | d
        for k in range(6):
            law = 1 - also[k]
            fleet.skill[q, k, s] = np.uint8(low[law] + ((np.int64(word & byte) * span[law]) >> 8))
            word >>= U(8)
        word = c >> U(16)
        fleet.skill[q, kind, s] = np.uint8(low[0] + ((np.int64(word & byte) * span[0]) >> 8))
        fleet.uid[q, s] = uid
        fleet.kind[q, s] = kind
        fleet.state[q, s] = state
        fleet.fail_at[q, s] = np.inf


@kernel
def rank_slots(skill: Bytes, slowness: Floats32, rank: Bytes, clusters: Ints) -> None:
    """Rank the slots of the given clusters by service rate for each type of task, the fastest first.

    The rate speed x skill is cut into 256 steps, and slots in one step stand by their number: a counting
    sort, stable and linear.
    """
    slots = slowness.shape[1]
    speed = np.empty(slots, np.float64)
    rate = np.empty(slots, np.float64)
    step = np.empty(slots, np.int64)
    first = np.empty(257, np.int64)
    for i in range(len(clusters)):
        q = clusters[i]
        for s in range(slots):
            speed[s] = 1.0 / slowness[q, s]
        for k in range(skill.shape[1]):
            top = 1e-300
            for s in range(slots):
                rate[s] = skill[q, k, s] * speed[s]
                top = max(top, rate[s])
            scale = 255.0 / top
            for s in range(slots):
                step[s] = 255 - int(rate[s] * scale)
            first[:] = 0
            for s in range(slots):
                first[step[s] + 1] += 1
            for v in range(1, 256):
                first[v] += first[v - 1]
            for s in range(slots):
                rank[q, k, s] = first[step[s]]
                first[step[s]] += 1


def cluster_of(rows: Ints, slots: int) -> Ints32:
    """`[n]` cluster of each row."""
    return (rows // slots).astype(np.int32)
