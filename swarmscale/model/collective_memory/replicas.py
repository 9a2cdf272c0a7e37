"""Replicas: what each coordination node holds, as columns that grow and merge.

A cell is what one source has said of one fact: the summed log-odds of its distinct observations, their number, and
the time of the last one. Only the source itself adds to its cell, so of two versions of a cell the later one holds
all observations of the earlier: to merge is to take the later version, and to hear a thing again changes nothing.

Source:
    State-based grow-only counter, one entry a source: Shapiro, Preguica, Baquero & Zawirski (2011), "Conflict-free
    replicated data types", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Floats, Ints, Ints32, kernel
from .facts import MOST_NODES, SOURCE_BITS, relation_of

NEVER = -np.inf
CELL_BYTES = 28
"""Bytes of a cell, at a node and in a message: its number (8), time (8), log-odds (8), observations (4)."""


@dataclass(slots=True)
class Replicas:
    """What every node holds; a cell that a node does not hold has the time ``-inf``.

    Attributes:
        nodes: K.
        codes: `[M]` the cells' numbers in the order in which they were first written; only ever longer.
        at: `[K, M]` time of the last observation in the version held, s.
        log_odds: `[K, M]` summed evidence as of that time, natural logarithm.
        n_obs: `[K, M]` observations in it.
        newest: `[M]` time of the latest version whose write is complete, s.
        recalled: `[M]` time of the last recall by anyone, s.
        known: `[K, K]` node k has every version of source s up to this time, s.
    """

    nodes: int
    codes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    at: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    log_odds: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    n_obs: Ints32 = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    newest: Floats = field(default_factory=lambda: np.zeros(0))
    recalled: Floats = field(default_factory=lambda: np.zeros(0))
    known: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _order: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not self.at.size:
            self.at, self.log_odds = np.full((self.nodes, 0), NEVER), np.zeros((self.nodes, 0))
            self.n_obs = np.zeros((self.nodes, 0), np.int32)
        if not self.known.size:
            self.known = np.full((self.nodes, self.nodes), NEVER)

    @property
    def source(self) -> Ints:
        """`[M]` who says each cell."""
        return self.codes & (MOST_NODES - 1)

    @property
    def facts(self) -> Ints:
        """`[M]` the fact of each cell."""
        return self.codes >> SOURCE_BITS

    @property
    def relation(self) -> Ints:
        """`[M]` the relation of each cell."""
        return relation_of(self.facts)

    def add(self, codes: Ints) -> Ints:
        """Places of cells; those that are new get columns at the end.

        Args:
            codes: `[n]` numbers of cells.

        Returns:
            `[n]` places in the columns.
        """
        fresh = np.setdiff1d(codes, self.codes)
        n = len(fresh)
        if n:
            wide = (self.nodes, n)
            self.codes = np.concatenate([self.codes, fresh])
            self.at = np.concatenate([self.at, np.full(wide, NEVER)], axis=1)
            self.log_odds = np.concatenate([self.log_odds, np.zeros(wide)], axis=1)
            self.n_obs = np.concatenate([self.n_obs, np.zeros(wide, np.int32)], axis=1)
            self.newest = np.concatenate([self.newest, np.full(n, NEVER)])
            self.recalled = np.concatenate([self.recalled, np.full(n, NEVER)])
            self._order = np.argsort(self.codes, kind="stable")
        return self._order[np.searchsorted(self.codes, codes, sorter=self._order)]

    def cells_of(self, fact: int) -> Ints:
        """`[S]` places of the cells of one fact, by rising source; empty if nobody has ever stated it."""
        first, last = np.searchsorted(
            self.codes, np.array([fact << SOURCE_BITS, (fact + 1) << SOURCE_BITS]), sorter=self._order
        )
        return self._order[first:last]

    def ordered_facts(self) -> Ints:
        """`[F]` all facts that were ever stated, rising."""
        return np.unique(self.facts)

    def store(self, node: int, cells: Ints, at: Floats, log_odds: Floats, n_obs: Ints32) -> None:
        """Merge versions of distinct cells into a node's replica: of each the later one stays."""
        later_wins(self.at[node], self.log_odds[node], self.n_obs[node], cells, at, log_odds, n_obs)

    def forget(self, before_s: float) -> None:
        """Drop what was last observed before a time; every node by its own clock, so all of them alike."""
        old = (self.at < before_s) & (self.at > NEVER)
        if old.any():
            self.at[old], self.log_odds[old], self.n_obs[old] = NEVER, 0.0, 0
        self.newest[self.newest < before_s] = NEVER  # what all have dropped nobody can be behind in

    def present(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """`[M]` whether any node holds a cell."""
        return (self.at > NEVER).any(axis=0)

    def bytes_held(self) -> int:
        """Bytes held by all nodes together."""
        return int(np.count_nonzero(self.at > NEVER)) * CELL_BYTES

    def efficiency(self, since_s: float) -> float:
        """Bytes recalled since a time / bytes held, each cell once; NaN where nothing is held."""
        held = self.present()
        return float((self.recalled[held] >= since_s).mean()) if held.any() else np.nan


@kernel
def later_wins(
    mine_at: Floats, mine_odds: Floats, mine_n: Ints32, cells: Ints, at: Floats, odds: Floats, n_obs: Ints32
) -> None:
    """Write each version that is later than the one held; ties go to more observations, then to higher odds.

    A source never writes two versions of one time; the order of ties makes the merge a join all the same.

    Args:
        mine_at: `[M]` s, written.
        mine_odds: `[M]` log-odds, written.
        mine_n: `[M]` observations, written.
        cells: `[n]` places, distinct.
        at: `[n]` s.
        odds: `[n]` log-odds.
        n_obs: `[n]` observations.
    """
    for i in range(len(cells)):
        c = cells[i]
        if at[i] < mine_at[c]:
            continue
        if at[i] == mine_at[c] and (
            n_obs[i] < mine_n[c] or (n_obs[i] == mine_n[c] and odds[i] <= mine_odds[c])
        ):
            continue
        mine_at[c] = at[i]
        mine_odds[c] = odds[i]
        mine_n[c] = n_obs[i]


def decayed(log_odds: Floats, age_s: Floats, half_life_s: Floats) -> Floats:
    """Evidence that has lost half of its log-odds with each half-life.

    Args:
        log_odds: `[n]` as of the last observation.
        age_s: `[n]` time since then, s; infinite where nothing was observed.
        half_life_s: `[n]` s.

    >>> decayed(np.array([2.0]), np.array([60.0]), np.array([30.0])).tolist()
    [0.5]
    """
    return np.asarray(log_odds * np.exp2(-age_s / half_life_s), np.float64)


def chance(log_odds: Floats) -> Floats:
    """`[n]` probability in [0, 1] of what has these log-odds.

    >>> chance(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), np.float64)
