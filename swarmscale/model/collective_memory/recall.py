"""Recall: what is believed of a fact, on whose word, and how old that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Floats, Ints, Ints32
from .replicas import NEVER, chance, decayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What a node believes of a fact.

    Attributes:
        belief: chance that it holds, in [0, 1]; .5 where nothing is known, NaN where the node refuses.
        log_odds: the same as log-odds.
        age_s: time since the latest observation, s; inf where there is none.
        sources: who has observed it.
        n_obs: observations.
        latency_ms: time that asking takes, ms; inf where the node refuses.
    """

    belief: float
    log_odds: float
    age_s: float
    sources: tuple[int, ...]
    n_obs: int
    latency_ms: float

    @property
    def refused(self) -> bool:
        """Whether the node refused, since it cannot reach enough others."""
        return bool(np.isinf(self.latency_ms))


def evidence(
    at: Floats, log_odds: Floats, now_s: Floats | float, half_life_s: Floats, weight: Floats
) -> Floats:
    """`[n]` log-odds that each cell's version is worth now: decayed, and by how far its source is trusted."""
    age = np.where(at > NEVER, np.maximum(now_s - at, 0.0), np.inf)
    return decayed(log_odds, age, half_life_s) * weight


def recalled(
    at: Floats, n_obs: Ints32, source: Ints, worth: Floats, now_s: float, latency_s: float
) -> Recall:
    """What follows from the cells of one fact; `[S]` by rising source.

    Args:
        at: versions, s.
        n_obs: observations in them.
        source: whose they are.
        worth: log-odds that each is worth now, see :func:`evidence`.
        now_s: s.
        latency_s: time that asking takes, s; inf if refused.
    """
    held = at > NEVER
    refused = not np.isfinite(latency_s)
    total = float(worth.sum())
    return Recall(
        belief=float("nan") if refused else float(chance(np.array(total))),
        log_odds=float("nan") if refused else total,
        age_s=now_s - float(at[held].max()) if held.any() else float("inf"),
        sources=tuple(source[held].tolist()),
        n_obs=int(n_obs[held].sum()),
        latency_ms=1000 * latency_s,
    )
