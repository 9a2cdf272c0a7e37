"""Convergence: how long a write takes until every node that is up holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Bools, Floats


@dataclass(slots=True)
class Convergence:
    """Writes that some node that is up does not hold yet.

    Attributes:
        nodes: K.
        source: `[P]` who wrote.
        at: `[P]` version, s.
        start_s: `[P]` when it was written, s.
        missing: `[P, K]` who lacks it.
    """

    nodes: int
    source: Floats = field(default_factory=lambda: np.zeros(0))
    at: Floats = field(default_factory=lambda: np.zeros(0))
    start_s: Floats = field(default_factory=lambda: np.zeros(0))
    missing: Bools = field(default_factory=lambda: np.zeros((0, 0), np.bool_))

    def __post_init__(self) -> None:
        if not self.missing.size:
            self.missing = np.zeros((0, self.nodes), np.bool_)

    def follow(self, arrivals: Floats, alive: Bools) -> Floats:
        """Take in what arrived where.

        Args:
            arrivals: `[a, 4]` time in s, node, source, version, by rising time; the first of each version is at its
                source.
            alive: `[K]` nodes that are up; the others are not waited for.

        Returns:
            `[n]` time from write to last arrival of the writes that all nodes hold now, s.
        """
        ours = arrivals[arrivals[:, 1] == arrivals[:, 2]]
        self.source = np.concatenate([self.source, ours[:, 2]])
        self.at = np.concatenate([self.at, ours[:, 3]])
        self.start_s = np.concatenate([self.start_s, ours[:, 0]])
        new = np.ones((len(ours), self.nodes), np.bool_)
        self.missing = np.concatenate([self.missing, new]) & alive
        last = self.start_s.copy()
        for time, node, source, at in arrivals:
            here = (self.source == source) & (self.at <= at) & self.missing[:, int(node)]
            self.missing[here, int(node)] = False
            last[here] = time
        whole = ~self.missing.any(axis=1)
        took = (last - self.start_s)[whole]
        left = ~whole
        self.source, self.at, self.start_s = self.source[left], self.at[left], self.start_s[left]
        self.missing = self.missing[left]
        return np.asarray(took, np.float64)
