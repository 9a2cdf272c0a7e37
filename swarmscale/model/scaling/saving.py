"""What a run's policy saves, always against a named baseline at the same rate of violations.

The demand that the run measured is replayed to the fluid fleet, at the run's prices and start-up time: once to the
run's own policy, and to the baselines with their knobs swept. So all meet the same demand in the same model. The
first lead time, in which nobody can have done anything yet, is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats, Ints
from ..forecasting.interval import ConformalInterval
from .fluid import FluidRun, run_fluid
from .foretold import foretell
from .frontier import LEAST, cost_at
from .hpa import KubernetesHpa
from .load import FluidFleet, Load, needed

if TYPE_CHECKING:
    from .scaler import Scaler

FEWEST = 60
"""Decisions from which a saving is told."""
MOST = 17_280
"""Decisions that are replayed at most, the last ones: two days of them every 10 s."""
TARGETS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Swept for Kubernetes' autoscaler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Costs of the replay, in the price of the run, and what was saved of the baselines'.

    Attributes:
        violation: share of the work that came while fewer agents were ready than needed, under the run's policy.
        cost: the policy's.
        hpa: that of Kubernetes' autoscaler at its cheapest target with that violation; infinite if none has.
        static: that of the smallest fixed fleet with that violation, which must know the peak beforehand.
    """

    violation: float
    cost: float
    hpa: float
    static: float

    @property
    def of_hpa(self) -> float:
        """Share of ``hpa`` that was saved; NaN where no target violates as little."""
        return 1 - self.cost / self.hpa if isfinite(self.hpa) and self.hpa > 0 else nan

    @property
    def of_static(self) -> float:
        """Share of ``static`` that was saved."""
        return 1 - self.cost / self.static if self.static > 0 else nan


NOTHING = Saving(violation=nan, cost=nan, hpa=nan, static=nan)
"""Of a run that was too short or idle."""


def saving(scaler: Scaler, demands: Sequence[float]) -> Saving:
    """Replay what a scaler saw.

    Args:
        scaler: gives policy, prices, times and forecaster.
        demands: `[T]` demand between decisions, agents.
    """
    demand = np.array(demands[-MOST:])
    if len(demand) < FEWEST or not demand.any():
        return NOTHING
    fleet = like(scaler)
    load = replayed(demand, scaler, fleet)
    first = round(fleet.lead_s / fleet.dt_s) + 1
    violation, cost = _judged(run_fluid(scaler.policy, load, fleet), first)
    runs = [_judged(run_fluid(KubernetesHpa(target=target), load, fleet), first) for target in TARGETS]
    late, costs = (np.array(column) for column in zip(*runs, strict=True))
    allowed = max(violation, LEAST)
    fixed = smallest_fixed(demand[first:], load.need[first:], allowed)
    return Saving(
        violation=violation,
        cost=cost,
        hpa=cost_at(allowed, late, costs),
        static=float(fixed * len(demand[first:]) * fleet.dt_s * fleet.prices.ready),
    )


def like(scaler: Scaler) -> FluidFleet:
    """The fluid fleet with a scaler's times and prices; the start-up is its p95, in whole periods."""
    period = scaler.period_s
    return FluidFleet(
        dt_s=period,
        period_s=period,
        startup_s=max(ceil((scaler.limits.lead_s - period) / period - 1e-9), 1) * period,
        slo_utilization=scaler.limits.slo_utilization,
        prices=scaler.prices,
    )


def replayed(demand: Floats, scaler: Scaler, fleet: FluidFleet) -> Load:
    """A measured demand as a load, with forecasts as the scaler makes them."""
    outlook, steps = scaler.outlook, max(round(scaler.outlook.bin_s / fleet.dt_s), 1)
    whole = len(demand) // steps
    bins = demand[: whole * steps].reshape(whole, steps).mean(axis=1)
    interval = ConformalInterval(levels=(outlook.level,))
    return Load(
        name="replayed",
        demand=demand,
        need=needed(demand, fleet.slo_utilization),
        bin_steps=steps,
        foretold=foretell(bins, steps * fleet.dt_s, fleet.lead_s, outlook.forecaster, interval),
    )


def smallest_fixed(demand: Floats, need: Ints, violation: float) -> int:
    """The smallest fixed fleet under which no larger share of the work violates.

    >>> smallest_fixed(np.array([10.0, 30.0, 60.0]), np.array([11, 33, 66]), 0.6)
    33
    """
    order = np.argsort(need, kind="stable")
    above = np.append(np.cumsum(demand[order][:0:-1])[::-1], 0.0)  # work of the steps that need more
    enough = np.flatnonzero(above <= violation * demand.sum() * (1 + 1e-12))
    return int(need[order[enough[0]]])


def _judged(run: FluidRun, first: int) -> tuple[float, float]:
    """Violation and cost from a step on."""
    demand = run.load.demand[first:]
    return float(demand[run.short[first:]].sum() / demand.sum()), float(run.cost[first:].sum())
