"""What crosses between the nodes of this shard and those of others, once a tick."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Ints, Ints32
from ..flow.border import WORDS, Crossed, parcel
from ..flow.tasks import ENTRY_SHIFT, MAX_NODES, Blocks
from .exchange import Exchange
from .territory import Territory

FIGURES = 5


@dataclass(slots=True)
class ShardBorder:
    """The border of a shard; see :class:`swarmscale.model.flow.border.Border`.

    With the tasks of a tick goes what was counted in the tick before, so that there is one exchange a tick.

    Attributes:
        territory: which nodes are here.
        exchange: where shards meet.
        counted: what was counted here in the last tick and not yet told; empty if there is nothing.
        told: what all shards counted in that tick, summed; empty if there is nothing.
    """

    territory: Territory
    exchange: Exchange
    counted: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    told: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def first(self) -> bool:
        """Whether this is the first shard."""
        return self.territory.rank == 0

    def cross(self, blocks: Blocks, begins: Ints, ends: Ints, now: Ints) -> Crossed:
        """See :class:`swarmscale.model.flow.border.Border`."""
        t = self.territory
        here, shards = t.nodes(), range(t.size)
        mine = now[:, here].reshape(-1)
        given = []
        for rank in shards:
            there = t.nodes(rank)
            counts = (ends - begins)[there]
            tasks = parcel(blocks, begins[there], ends[there])
            given.append(np.concatenate([mine, counts, self.counted, tasks.reshape(-1)]))
        parcels = self.exchange.trade(given)
        figures, sent = np.zeros_like(now), np.zeros((t.size, now.shape[1]), np.int64)
        crossed, told = [], np.zeros_like(self.counted)
        nodes = here.stop - here.start
        for rank, got in enumerate(parcels):
            there = t.nodes(rank)
            sizes = np.cumsum([FIGURES * (there.stop - there.start), nodes, len(told)])
            own, count, row, rest = np.split(got, sizes)
            figures[:, there] = own.reshape(FIGURES, -1)
            sent[rank, here] = count
            told += row
            crossed.append(rest.reshape(-1, WORDS))
        self.told, self.counted = told, np.zeros(0, np.int64)
        return Crossed(np.concatenate(crossed), sent, figures)

    def answers(self, uid: Ints, meta: Ints32) -> tuple[Ints, Ints32]:
        """See :class:`swarmscale.model.flow.border.Border`."""
        entry = (meta >> ENTRY_SHIFT) & (MAX_NODES - 1)
        owner = np.searchsorted(self.territory.bounds, entry, side="right") - 1
        told = np.stack([uid, meta.astype(np.int64)])
        parts = self.exchange.trade([told[:, owner == r].reshape(-1) for r in range(self.territory.size)])
        got = np.concatenate([part.reshape(2, -1) for part in parts], axis=1)
        return got[0], got[1].astype(np.int32)

    def hold(self, counted: Ints) -> None:
        """Keep what was counted in a tick until the next exchange."""
        self.counted = counted

    def settle(self) -> Ints:
        """Tell it at once, in an exchange of its own; return the sum over all shards, empty if there was nothing."""
        if not len(self.counted):
            return self.counted
        total: Ints = np.sum(self.exchange.gather(self.counted), axis=0)
        self.counted = np.zeros(0, np.int64)
        return total
