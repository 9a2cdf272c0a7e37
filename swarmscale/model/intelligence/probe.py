"""A probe: the battery put to panels of a fleet as it stands, and the collective IQ that follows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...errors import ConfigError, require
from .battery import Result, mixed, run_battery
from .group import Group
from .iq import CollectiveIQ, iq_of
from .norm import Norm
from .panels import panel, panel_rows, ready_slots

if TYPE_CHECKING:
    from ..swarm import SwarmModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe found.

    Attributes:
        time_s: when, s.
        iq: the collective IQ.
        panels: how each panel did.
    """

    time_s: float
    iq: CollectiveIQ
    panels: tuple[Result, ...]

    @property
    def score(self) -> Floats:
        """`[F]` mean score over panels."""
        return np.asarray(np.mean([r.score for r in self.panels], axis=0), np.float64)

    @property
    def bound(self) -> Floats:
        """`[F]` mean bound over panels."""
        return np.asarray(np.mean([r.bound for r in self.panels], axis=0), np.float64)

    @property
    def se(self) -> Floats:
        """`[F]` standard error of the mean score: over panels, or of the one panel's own."""
        score = np.array([r.score for r in self.panels])
        if len(score) == 1:
            return self.panels[0].se
        return np.asarray(score.std(axis=0, ddof=1) / np.sqrt(len(score)), np.float64)


def probe(
    model: SwarmModel,
    *,
    panels: int | None = None,
    agents: int | None = None,
    seed: int | None = None,
    norm: Norm | None = None,
    threads: int | None = None,
) -> Probe:
    """Probe a fleet between two ticks; nothing in the model changes.

    Args:
        model: the fleet, as it stands: failed agents, learned skills, today's links.
        panels: panels; ``intelligence.panels`` if None.
        agents: agents of each; ``intelligence.panel_agents`` or all that are ready if None.
        seed: determines panels and problems; that of the model and its time if None.
        norm: the shipped one if None.
        threads: panels worked on at a time; as many as there are cores if None. Results do not depend on it.

    Raises:
        ConfigError: if nobody is ready, or a panel is larger than the fleet.
    """
    settings = model.config.intelligence
    count = settings.panels if panels is None else panels
    require(count >= 1, "panels", count, "1 or more")
    ready = int(ready_slots(model).sum())
    if agents is not None and not 1 <= agents <= ready:
        raise ConfigError(
            f"panel agents = {agents}, but it must be from 1 to {ready}, the agents that are ready"
        )
    size = min(settings.panel_agents, ready) if agents is None else agents
    if not ready:
        raise ConfigError("no agent is ready, so there is nobody to probe")
    root = mixed(model.root_seed, "probe", round(model.time)) if seed is None else seed
    rows = panel_rows(model, count, size, root)
    groups = [panel(model, r, mixed(root, "links", k)) for k, r in enumerate(rows)]
    results = put_to(groups, root, threads)
    return Probe(time_s=model.now_s, iq=iq_of(results, norm), panels=tuple(results))


def put_to(groups: Sequence[Group], root: int, threads: int | None = None) -> list[Result]:
    """The battery put to groups, as many at a time as there are threads; results do not depend on their number."""

    def one(k: int) -> Result:
        return run_battery(groups[k], mixed(root, "battery", k))

    workers = min(threads or os.cpu_count() or 1, len(groups))
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, range(len(groups))))
    return [one(k) for k in range(len(groups))]


def whole_fleet(model: SwarmModel, *, seed: int | None = None, threads: int | None = None) -> Probe:
    """The battery put to all ready agents at once: absolute scores, bounds and efficiencies.

    A size-normed IQ comes with it only where the norm holds groups of this size.

    Raises:
        ConfigError: if nobody is ready.
    """
    ready = np.flatnonzero(ready_slots(model).reshape(-1))
    root = mixed(model.root_seed, "whole", round(model.time)) if seed is None else seed
    group = panel(model, ready, mixed(root, "links"))
    result = run_battery(group, mixed(root, "battery"), threads=threads or os.cpu_count() or 1)
    return Probe(time_s=model.now_s, iq=iq_of([result]), panels=(result,))
