"""The same scenario broken in several ways, many times each: with and without recovery, layer by layer, at other rates.

A chaos run is a sweep: a case is a setting, so all cases meet the same demand and the same draws of faults, and a
folder goes on after anything. What broke is kept of each run, and figures are made of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigError, require
from ..model.config import Config
from ..model.resilience.faults import FAULTS
from ..model.resilience.frames import log_told
from ..model.resilience.incidents import LAYERS, IncidentLog, Layer
from ..model.resilience.measures import HOUR_S
from ..model.resilience.script import planned
from .plan import Plan, RunId
from .run import DONE
from .sweep import Sweep, sweep

if TYPE_CHECKING:
    import pandas as pd

RECOVERY, SCALE = "resilience.recovery.on", "resilience.scale"
RATES = {0.5: "half the rates", 2.0: "double the rates"}
OUTCOMES = (
    "availability_tasks", "availability_time", "budget_spent", "recovery", "mttd_s", "mttr_s", "tasks_lost",
    "error_rate", "late_share", "throughput_per_s", "response_p95_s", "delivery_first", "delivery_hops", "delivery",
    "link_ms", "network_mean_ms", "false_suspicions_per_h",
)  # fmt: skip
"""Metrics that are measured of each run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way in which the scenario is run.

    Attributes:
        name: for people.
        layer: the only layer whose faults strike; empty for all.
        rate: factor on the rates of faults that break by themselves.
        recovers: whether anything is done about faults.
        changes: dotted keys that make it.
    """

    name: str
    layer: Layer | None = None
    rate: float = 1.0
    recovers: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """What came of it.

    Attributes:
        done: the sweep behind.
        cases: its settings, in their order.
    """

    done: Sweep
    cases: tuple[Case, ...]

    @property
    def config(self) -> Config:
        """What all cases have in common."""
        return self.done.plan.base

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a run; see :meth:`~swarmscale.batch.store.Store.frame`."""
        return self.done.frame()

    @cached_property
    def logs(self) -> list[list[IncidentLog]]:
        """Incidents of each case's runs that ended well, in the order of their seeds."""
        store = self.done.store
        return [
            [log_told(store.kept("incidents", run)) for run in self.runs(i)] for i in range(len(self.cases))
        ]

    def runs(self, case: int) -> list[RunId]:
        """The runs of a case that ended well."""
        well = self.frame[(self.frame["setting"] == case) & (self.frame["status"] == DONE)]
        return [RunId(case, int(r)) for r in well["replication"]]

    def records(self, case: int, columns: Sequence[str]) -> list[pd.DataFrame]:
        """Columns of the records of a case's runs that ended well."""
        return [self.done.store.kept("records", run, columns) for run in self.runs(case)]


def chaos(
    config: Config,
    *,
    runs: int = 5,
    rng: int = 7,
    without_recovery: bool = False,
    by_layer: bool = False,
    sensitivity: bool = False,
    out: str | Path | None = None,
    plugins: Sequence[Path] = (),
    **how: Any,
) -> Chaos:
    """Run a scenario with faults in all cases that are asked for.

    Args:
        config: with its faults.
        runs: of each case, with seeds from ``rng`` on, the same in each case.
        rng: seed of the first run.
        without_recovery: also each case with nothing done about faults.
        by_layer: also the faults of each layer alone.
        sensitivity: also at half and at double the rates.
        out: folder; ``out/chaos-<name>`` if None.
        plugins: the user's own Python files.
        how: ``engine``, ``workers``, ``retry``, ``progress`` and more of :func:`~swarmscale.batch.sweep.sweep`.

    Raises:
        ConfigError: if nothing breaks, or there is nothing to vary.
        KeyboardInterrupt: at Ctrl-C; what has ended is kept.
    """
    require(runs >= 1, "runs", runs, "1 or more")
    base = written_out(config)
    cases = cases_of(base, without_recovery=without_recovery, by_layer=by_layer, sensitivity=sensitivity)
    plan = Plan(
        name=f"chaos-{config.name}",
        base=base,
        settings=tuple(case.changes for case in cases),
        seeds=tuple(range(rng, rng + runs)),
        outcomes=OUTCOMES,
        records=True,
        incidents=True,
        plugins=tuple(plugins),
    )
    return Chaos(done=sweep(plan, out=out, **how), cases=cases)


def written_out(config: Config) -> Config:
    """The config with the faults of its trace file among those of its script, so that they can be told by layer.

    Raises:
        ConfigError: if resilience is off, nothing breaks, or the trace cannot be read.
    """
    r = config.resilience
    if not r.on:
        raise ConfigError(f"{config.name}: resilience.on is false, so nothing can break")
    if not (r.faults or r.script or r.trace):
        raise ConfigError(
            f"{config.name}: nothing breaks in it; give resilience.faults or resilience.script, or random faults"
        )
    if not r.trace:
        return config
    script = tuple(one.told for one in planned(r))
    return config.changed({"resilience.script": [_plain(told) for told in script], "resilience.trace": ""})


def cases_of(
    config: Config, *, without_recovery: bool, by_layer: bool, sensitivity: bool
) -> tuple[Case, ...]:
    """All cases that are asked for, the scenario as it is first.

    Raises:
        ConfigError: if there are no rates to vary.
    """
    r = config.resilience
    if sensitivity and not r.faults:
        raise ConfigError(f"{config.name}: has no fault with a rate, so there is nothing to halve or double")
    cases = [Case(name="as it is")]
    if by_layer:
        cases += [
            Case(name=f"{layer} faults alone", layer=layer) for layer in LAYERS if _breaks(config, layer)
        ]
    if sensitivity:
        cases += [Case(name=name, rate=rate) for rate, name in RATES.items()]
    if without_recovery:
        cases = [
            twin for case in cases for twin in (case, replace(case, name=_bare(case.name), recovers=False))
        ]
    return tuple(replace(case, changes=_changes(config, case)) for case in cases)


def _bare(name: str) -> str:
    return "without recovery" if name == "as it is" else f"{name}, without recovery"


def _changes(config: Config, case: Case) -> dict[str, Any]:
    r = config.resilience
    changes: dict[str, Any] = {
        RECOVERY: r.recovery.on and case.recovers,
        SCALE: r.scale * case.rate,
    }
    if case.layer is not None:
        changes["resilience.faults"] = [FAULTS.dump(one) for one in r.faults if one.layer == case.layer]
        changes["resilience.script"] = [_plain(one) for one in r.script if one.fault.layer == case.layer]
    return changes


def _breaks(config: Config, layer: Layer) -> bool:
    r = config.resilience
    return any(one.layer == layer for one in (*r.faults, *(told.fault for told in r.script)))


def _plain(told: Any) -> dict[str, Any]:
    """A fault of a script as plain values; what is not given is left out."""
    return {name: value for name, value in told.model_dump(mode="json").items() if value is not None}


def random_faults(config: Config, per_h: float) -> Config:
    """The config with every kind of fault at random, all kinds equally often, in place of its own faults.

    Times between faults are exponential, so that faults of all kinds together are a Poisson process of the given
    rate, thinned by what is down already. The seed of a run determines them.

    Args:
        config: what is broken.
        per_h: faults an hour, of all kinds and components together.

    Raises:
        ConfigError: if resilience is off, or the rate is not above 0.
    """
    from ..model.swarm import SwarmModel

    require(per_h > 0, "faults an hour", per_h, "above 0")
    if not config.resilience.on:
        raise ConfigError(f"{config.name}: resilience.on is false, so nothing can break")
    bare = config.changed(
        {"resilience.faults": [], "resilience.script": [], "resilience.trace": "", "resilience.scale": 1.0}
    )
    model = SwarmModel(bare, rng=0)
    assert model.resilience is not None
    there: dict[str, int] = {}
    for name in FAULTS:
        fault = FAULTS.make(name)
        number = len(np.asarray(fault.components(model.resilience.world)))
        if number:
            there[name] = 1 if fault.at_once else number
    mean_s = HOUR_S * len(there) / per_h
    faults = [{"name": name, "mtbf_s": mean_s * number} for name, number in there.items()]
    return bare.changed({"resilience.faults": faults})
