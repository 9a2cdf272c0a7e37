"""How large a scorecard is: fleets and runs as the presets have them, or a reduced form for a first look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...model.config import Config

UNWATCHED: dict[str, Any] = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
"""Observers that change no figure of a run in which nothing breaks, and take processor time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large fleets are and how long runs take.

    Attributes:
        name: of the size.
        seeds: draws of a study that has seeds, if nobody says how many.
        agents: most agents of a fleet; None as the presets have them.
        seconds: longest run, s; None as the presets have them.
        fleets: sizes at which the fleet's capacity is searched, ascending.
        steps: halvings of a search.
        search: time to settle and time that counts, of each probe of a search, s.
        traces: by which forecasts and savings are judged; none for all that are shipped.
        policies: who races beside ``quantile``.
        decisions: collective decisions of each draw.
        timed: fleets whose ticks are timed, ascending.
        repeats: times that a timing is repeated.
    """

    name: str
    seeds: int
    agents: int | None = None
    seconds: float | None = None
    fleets: tuple[int, ...]
    steps: int
    search: tuple[float, float]
    traces: tuple[str, ...] = ()
    policies: tuple[str, ...]
    decisions: int
    timed: tuple[int, ...]
    repeats: int

    def config(
        self, preset: str, changes: dict[str, Any] | None = None, seconds: float | None = None
    ) -> Config:
        """A preset with changes, cut to this size: fewer agents get proportionally less to do.

        Args:
            preset: its name.
            changes: dotted keys.
            seconds: of the run, s; as long as the preset's if None.
        """
        config = Config.load(preset).changed(changes or {})
        keys: dict[str, Any] = {} if seconds is None else {"seconds": seconds}
        if self.seconds is not None:
            keys["seconds"] = min(self.seconds, config.seconds if seconds is None else seconds)
        if self.agents is not None and config.fleet.agents > self.agents:
            share = self.agents / config.fleet.agents
            each = max(2, min(config.fleet.cluster_agents, self.agents // config.fleet.nodes))
            keys |= {"fleet.agents": self.agents, "fleet.cluster_agents": each}
            if config.demand.mean_rate_per_s is not None:
                keys["demand.mean_rate_per_s"] = config.demand.mean_rate_per_s * share
        return config.changed(keys)


FULL = Size(
    name="full",
    seeds=5,
    fleets=(1_000, 2_000, 5_000, 10_000, 20_000, 50_000),
    steps=9,
    search=(60.0, 120.0),
    policies=("hpa", "seed", "static"),
    decisions=32,
    timed=(10_000, 50_000, 200_000, 1_000_000),
    repeats=5,
)
QUICK = Size(
    name="quick",
    seeds=2,
    agents=400,
    seconds=660.0,
    fleets=(400, 800, 1_600),
    steps=6,
    search=(30.0, 30.0),
    traces=("azure-llm-conv-10s",),
    policies=("hpa", "static"),
    decisions=4,
    timed=(1_000, 4_000, 16_000),
    repeats=2,
)
