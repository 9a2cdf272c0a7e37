"""Contract net: announce, bid, award; each message is paid for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import kernel
from ....errors import require
from .base import DispatchView
from .least_loaded import pick


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractNet:
    """The node announces a task to some clusters; each bids the time until it would be done; the lowest wins.

    Every announcement, bid and award is a message of the inter-cluster channel, and the round trip delays the
    task. Smith 1980, "The contract net protocol", IEEE Transactions on Computers C-29.

    Attributes:
        bidders: clusters asked, 1 to 16.
        bid_ms: time that a cluster takes to bid.
    """

    bidders: int = 6
    bid_ms: float = 0.05

    def __post_init__(self) -> None:
        require(1 <= self.bidders <= 16, "dispatch.rule.bidders", self.bidders, "from 1 to 16")
        require(self.bid_ms >= 0, "dispatch.rule.bid_ms", self.bid_ms, "0 or more")

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        award(view, self.bidders, self.bid_ms / 1000)


@kernel
def award(view: DispatchView, bidders: int, bid_s: float) -> None:
    """Write the choices of :class:`ContractNet` and count its messages."""
    m = view.messages
    trip = 2.0 * view.local_s + bid_s
    for k in range(len(view.offsets) - 1):
        first = view.cluster_offsets[k]
        n = view.cluster_offsets[k + 1] - first
        asked = min(bidders, n)
        for i in range(view.offsets[k], view.offsets[k + 1]):
            best = -1
            lowest = np.inf
            for j in range(asked):
                q = view.clusters[first + (pick(view.uid[i], 0, n, view.key) + j) % n]
                able = max(view.capability[q, view.type[i]], 1e-9)
                wait = max(view.in_system[q] + view.assigned[q] + 1 - view.ready[q], 0)
                bid = (view.work[i] * view.ready[q] + wait * view.backlog_s[q] / max(view.ready[q], 1)) / able
                if bid < lowest:
                    lowest = bid
                    best = q
            if best >= 0:
                view.assigned[best] += 1
                view.backlog_s[best] += view.work[i]
                view.delay_s[i] = trip
                number = 2 * asked + 1
                for column in range(4):
                    m[2, column] += number
                m[2, 4] += number * view.control_bytes
                m[2, 5] += np.int64(number * view.local_s * 1048576.0)
            view.choice[i] = best
