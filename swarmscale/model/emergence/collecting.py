"""What the monitor writes down each tick, and the window that it makes of it: loads of clusters, demand, orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Bools, Floats, Ints
from ..flow.demand import Demand

if TYPE_CHECKING:
    from ..flow.engine import TaskFlow
    from ..sharding.territory import Territory
    from ..swarm import SwarmModel

SPANS_S = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Time scales of the averages of demand, s.

The mean number of tasks in a cluster that never queues is demand convolved with the chance that a service lasts as
long (Eick, Massey & Whitt 1993, theorem 1). Exponentials of these scales span that convolution for services from a
second to minutes.
"""


@dataclass(slots=True, kw_only=True, eq=False)
class Collecting:
    """The window that is being filled, one row a tick, of the clusters that are here.

    The clusters are those that exist when the window begins; of more than ``most`` so many are taken, evenly spaced
    by number. All numbers are whole, so shards put their parts together without rounding.

    Attributes:
        samples: T, ticks of a window.
        most: clusters that are looked at, at most.
        filled: rows so far.
        first: number of the window's first tick, from 1.
        watched: `[M]` numbers of the clusters in the whole model.
        counts: `[T, 2, M here]` tasks waiting or in hands, and ready agents, at the end of each tick.
        ready: `[T]` ready agents of the whole fleet, as far as they are here.
        scale: `[T]` live factor on demand.
        level: `[S]` averages of demand over each of the scales at the end of the last window, 1/s.
    """

    samples: int
    most: int
    filled: int = 0
    first: int = 1
    watched: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros((0, 2, 0), np.int64))
    ready: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    scale: Floats = field(default_factory=lambda: np.zeros(0))
    level: Floats = field(default_factory=lambda: np.zeros(len(SPANS_S)))
    _places: Ints | slice = field(default_factory=lambda: slice(0, 0))

    def note(self, flow: TaskFlow, territory: Territory, tick: int) -> None:
        """Write the row of the tick that the flow just did."""
        if self.filled in (0, self.samples):
            self._begin(territory, tick)
        s, p, t = flow.state, self._places, self.filled
        held, ready = self.counts[t]
        np.add(s.waiting[p], s.in_service[p], out=held)
        ready[:] = s.ready[p]
        self.ready[t] = flow.ready
        self.scale[t] = flow.demand.rate_scale
        self.filled = t + 1

    def _begin(self, territory: Territory, tick: int) -> None:
        """Begin a new window with the clusters that exist now."""
        self.filled, self.first = 0, tick
        self.watched = chosen(len(territory.owner), self.most)
        self.settle(territory)
        here = len(np.arange(len(territory.clusters))[self._places])
        self.counts = np.zeros((self.samples, 2, here), np.int64)
        self.ready = np.zeros(self.samples, np.int64)
        self.scale = np.ones(self.samples)

    def settle(self, territory: Territory) -> None:
        """Find where the watched clusters stand in the arrays here: a stretch, if it is one."""
        places = territory.place(self.watched)
        places = places[places >= 0]
        whole = np.array_equal(places, np.arange(len(places)))
        self._places = slice(0, len(places)) if whole else places

    def gathered(self, model: SwarmModel) -> tuple[Ints, Ints]:
        """`[T, 2, M]` counts of all watched clusters, in the order of their numbers, and `[T]` ready agents.

        All shards call it together.
        """
        territory = model.shard.territory
        if territory.alone:
            return self.counts, self.ready
        mine = np.concatenate([self.counts.reshape(-1), self.ready])
        owner = territory.owner[self.watched]
        out = np.empty((self.samples, 2, len(self.watched)), np.int64)
        total = np.zeros(self.samples, np.int64)
        for rank, part in enumerate(model.shard.exchange.gather(mine)):
            counts, ready = np.split(part, [len(part) - self.samples])
            out[:, :, owner == rank] = counts.reshape(self.samples, 2, -1)
            total += ready
        return out, total

    def demand(self, demand: Demand, dt: float) -> Floats:
        """`[T, S]` averages of expected demand over each of the scales, 1/s; call it once a window."""
        begin = (self.first - 1 + np.arange(self.samples, dtype=np.float64)) * dt
        rate = expected_rate(demand, begin, dt) * (1.0 if demand.profile.rows is not None else self.scale)
        follow = 1.0 - np.exp(-dt / np.array(SPANS_S))
        level, out = self.level, np.empty((self.samples, len(SPANS_S)))
        for t in range(self.samples):
            level = level + follow * (rate[t] - level)
            out[t] = level
        self.level = level
        return out

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Every array, for a checkpoint."""
        return {name: getattr(self, name) for name in _ARRAYS} | {"at": np.array([self.filled, self.first])}

    def take(self, arrays: dict[str, np.ndarray[Any, Any]], territory: Territory) -> None:
        """Take back what :meth:`arrays` gave."""
        for name in _ARRAYS:
            setattr(self, name, arrays[name])
        self.filled, self.first = (int(x) for x in arrays["at"])
        self.settle(territory)


_ARRAYS = ("watched", "counts", "ready", "scale", "level")


def chosen(clusters: int, most: int) -> Ints:
    """`[M]` numbers of the clusters that are looked at: all, or ``most`` of them evenly spaced.

    >>> chosen(10, 4).tolist()
    [0, 2, 5, 7]
    """
    if clusters <= most:
        return np.arange(clusters, dtype=np.int64)
    return np.arange(most, dtype=np.int64) * clusters // most


def expected_rate(demand: Demand, begin_s: Floats, dt: float) -> Floats:
    """`[T]` arrivals per second that are expected in each tick, before any live factor.

    Where arrivals are drawn, it is their intensity, never their number: given the number that came, clusters would
    depend on each other, since what one got no other one could get. Where a list of requests is replayed, that list
    is what comes from outside, so it is counted.

    Args:
        demand: the stream of arrivals.
        begin_s: `[T]` begins of the ticks, s.
        dt: length of a tick, s.
    """
    p = demand.profile
    if p.rows is None:
        points = 1 if p.step_s >= dt else 16
        at = begin_s[:, None] + (np.arange(points) + 0.5) * dt / points
        return np.array([np.mean([demand.foreseen(float(t)) for t in row]) for row in at])
    copies, period = max(1, int(demand.factor)), p.seconds
    edges = np.append(begin_s, begin_s[-1] + dt)
    if demand.at_end != "repeat":
        edges = np.minimum(edges, period)
    before = np.zeros(len(edges), np.int64)
    for copy in range(copies):
        turn, rest = np.divmod(edges + copy * period / copies, period)
        before += turn.astype(np.int64) * len(p.rows.time_s) + np.searchsorted(p.rows.time_s, rest)
    return np.asarray(np.diff(before) * min(demand.factor, 1.0) / dt, np.float64)


def loads(counts: Ints) -> tuple[Floats, Bools, Floats]:
    """Tasks per ready agent of the clusters in which somebody was ready all the time.

    Tasks waiting count beside those in hands: where all agents are busy, only the queue still tells clusters apart.

    Args:
        counts: `[T, 2, M]` tasks waiting or in hands, and ready agents.

    Returns:
        `[T, m]` loads; `[M]` which clusters they are; `[m]` what one task makes in a load.
    """
    kept = np.asarray((counts[:, 1] > 0).all(axis=0), np.bool_)
    ready = counts[:, 1][:, kept]
    series = counts[:, 0][:, kept] / ready
    return np.asarray(series, np.float64), kept, np.asarray(1.0 / ready.mean(axis=0), np.float64)


def moving(columns: Floats) -> Floats:
    """The columns that are not constant."""
    return np.asarray(columns[:, columns.max(axis=0) > columns.min(axis=0)], np.float64)


def ordered(model: SwarmModel, first: int, samples: int) -> Floats:
    """`[T]` agents that the scaler ordered, net of those it let go, by the tick in whose end it did so."""
    out = np.zeros(samples)
    for event in reversed(model.scaler.events if model.scaler is not None else []):
        t = round(event.time_s / model.config.dt) - first
        if t < 0:
            break
        if t < samples:
            out[t] += event.after - event.before
    return out
