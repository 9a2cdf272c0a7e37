"""Caching optimization: how many results entry nodes keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import require
from ..base import Bottleneck, Proposal
from ..theory.lru import hit_rate, zipf
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "caching-optimization"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachingOptimization:
    """The size of the result caches from which most is expected, by Che's approximation.

    A hit answers at the entry node; every lookup takes time. With a hit rate h and a response time R without cache, a
    task takes (1 - h) R + lookup.

    Attributes:
        sizes: shares of all keys that are weighed as sizes.
    """

    sizes: tuple[float, ...] = (0.001, 0.01, 0.05, 0.2, 1.0)

    def __post_init__(self) -> None:
        require(all(0 < share <= 1 for share in self.sizes), "sizes", self.sizes, "shares in (0, 1]")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        c = model.config
        keys, now = c.demand.keys, c.cache.size
        asked = zipf(keys, c.demand.zipf)
        rate = found.throughput_per_s / c.fleet.nodes
        lookup_s = c.cache.lookup_ms / 1000

        soon_s = (
            c.optimization.settle_s + c.optimization.window_s
        )  # a new cache has no longer to show what it is worth

        def hits(size: int) -> float:
            return hit_rate(asked, size, rate, c.cache.change_per_s, np.inf if size <= now else soon_s)

        def takes(size: int, without_s: float) -> float:
            hit = hits(size)
            return (1 - hit) * without_s + (lookup_s if size else 0.0)

        if found.response_s <= 0 or rate <= 0:
            return "nothing was answered"
        hit_now = hits(now)
        without_s = max(found.response_s - (lookup_s if now else 0.0), 1e-9) / max(1 - hit_now, 0.05)
        sizes = sorted({0, *(max(int(share * keys), 1) for share in self.sizes)} - {now})
        size = min(sizes, key=lambda one: (takes(one, without_s), one))
        expected = takes(size, without_s) / max(takes(now, without_s), 1e-9) - 1
        if expected > -0.005:
            return f"no size of the caches promises more than half a percent; {now:,} of {keys:,} keys now"
        hit = hits(size)
        return Proposal(
            strategy=NAME,
            knob="cache.size",
            words=f"{size:,} of {keys:,} results at each entry node in place of {now:,}; {hit:.0%} hits expected",
            metric="response_s",
            expected=expected,
            changes={"cache.size": size},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`: what the caches held is lost where they were switched off."""
        turn_back(model, kept)
