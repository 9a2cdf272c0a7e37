"""What shards tell each other by, and how to add a way.

A shard is a whole :class:`~swarmscale.model.swarm.SwarmModel` that holds the agents of some coordination nodes. All
shards of a model do the same things in the same order; where one needs something of the others, all meet in the
exchange. A way to exchange is an object with a rank, a size and two methods; a model is given one as
``SwarmModel(config, rng=7, exchange=...)``. Both methods are called by all shards together, or by none.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from ...arrays import Ints
from ...errors import ConfigError


class LostShardError(ConfigError):
    """A shard is gone, so the others cannot go on; begin again from the last checkpoint."""


class Exchange(Protocol):
    """Where the shards of a model meet.

    Attributes:
        rank: number of this shard, 0 to ``size`` - 1.
        size: number of shards.
    """

    rank: int
    size: int

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        """Give every shard its parcel and take what every shard has for this one.

        Args:
            parcels: `size` arrays of any length, the i-th for shard i.

        Returns:
            `size` arrays, the i-th from shard i.

        Raises:
            LostShardError: if one of the others is gone.
        """
        ...

    def gather(self, parcel: Ints) -> list[Ints]:
        """Give every shard the same parcel; return those of all, the i-th from shard i.

        Raises:
            LostShardError: if one of the others is gone.
        """
        ...


class Alone:
    """One shard that holds everything: nothing is exchanged."""

    rank = 0
    size = 1

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        """See :class:`Exchange`."""
        return list(parcels)

    def gather(self, parcel: Ints) -> list[Ints]:
        """See :class:`Exchange`."""
        return [parcel]


class Table:
    """Where the threads of one process meet: each lays its parcels down and takes those that are for it.

    Attributes:
        size: number of threads.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lain: list[Sequence[Ints]] = [[] for _ in range(size)]
        self._all_here = threading.Barrier(size)

    def seat(self, rank: int) -> Seat:
        """The exchange of one thread."""
        return Seat(self, rank)

    def leave(self) -> None:
        """Let nobody wait any longer: one thread cannot go on."""
        self._all_here.abort()

    def pass_round(self, rank: int, parcels: Sequence[Ints]) -> list[Ints]:
        """Lay parcels down, and take those of all for this thread when all are there."""
        try:
            self._lain[rank] = parcels
            self._all_here.wait()
            mine = [given[rank] for given in self._lain]
            self._all_here.wait()
        except threading.BrokenBarrierError:
            raise LostShardError("a shard is gone, so the others stopped") from None
        return mine


class Seat:
    """The exchange of one thread at a :class:`Table`."""

    def __init__(self, table: Table, rank: int) -> None:
        self.rank, self.size = rank, table.size
        self._table = table

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        """See :class:`Exchange`."""
        return self._table.pass_round(self.rank, parcels)

    def gather(self, parcel: Ints) -> list[Ints]:
        """See :class:`Exchange`."""
        return self._table.pass_round(self.rank, [parcel.copy()] * self.size)  # others read it later
