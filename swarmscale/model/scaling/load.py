"""What a fluid fleet is to serve: a trace as agents per step, what is needed for it, and what was foretold of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, isfinite
from typing import Any, Literal

import numpy as np

from ...arrays import Floats, Ints, kernel
from ...errors import require
from ...rng import draw, key, unit
from ..flow.traces import Trace
from ..forecasting.base import Forecaster
from .foretold import Foretold, Interval, foretell
from .oracle import whole_steps
from .prices import Prices

type Arrivals = Literal["smooth", "poisson"]
_SLACK = 1e-9  # taken off before rounding up, so that 90 / 0.9 needs 100 agents, not 101


@dataclass(frozen=True, slots=True, kw_only=True)
class FluidFleet:
    """A fleet as a number of agents, without tasks, clusters or a network: the fast fidelity.

    Attributes:
        dt_s: length of a step, s.
        period_s: time between two decisions, s; a multiple of ``dt_s``.
        startup_s: time from order to ready, s.
        mean_agents: mean demand to which a trace is scaled, agents.
        slo_utilization: utilization up to which an agent meets its objective, in (0, 1].
        prices: of agents by state.
        warm_agents: size of the warm pool; 0 for none.
        activation_s: time from warm to ready, s.
        arrivals: ``smooth`` for demand interpolated between the trace's bins; ``poisson`` for tasks that arrive at
            random at that rate, drawn second by second, the same for every policy.
        task_s: work of a task under ``poisson``, s.
        first_agents: agents ready at first; 0 for what the first step needs.
    """

    dt_s: float = 10.0
    period_s: float = 10.0
    startup_s: float = 60.0
    mean_agents: float = 400.0
    slo_utilization: float = 0.9
    prices: Prices = field(default_factory=Prices)
    warm_agents: int = 0
    activation_s: float = 10.0
    arrivals: Arrivals = "smooth"
    task_s: float = 1.0
    first_agents: int = 0

    def __post_init__(self) -> None:
        for name in ("dt_s", "period_s", "mean_agents", "task_s"):
            value = getattr(self, name)
            require(isfinite(value) and value > 0, f"fleet.{name}", value, "finite and above 0")
        whole = self.period_s / self.dt_s
        fits = whole >= 1 and abs(whole - round(whole)) < 1e-9
        require(fits, "fleet.period_s", self.period_s, f"a multiple of dt_s = {self.dt_s:g}")
        whole_steps(self.startup_s, self.dt_s, "fleet.startup_s")
        whole_steps(self.activation_s, self.dt_s, "fleet.activation_s")
        require(0 < self.slo_utilization <= 1, "fleet.slo_utilization", self.slo_utilization, "in (0, 1]")
        require(self.warm_agents >= 0, "fleet.warm_agents", self.warm_agents, "0 or more")
        require(self.first_agents >= 0, "fleet.first_agents", self.first_agents, "0 or more")
        require(self.arrivals in ("smooth", "poisson"), "fleet.arrivals", self.arrivals, "smooth or poisson")
        seconds = self.arrivals == "smooth" or self.dt_s == round(self.dt_s)
        require(seconds, "fleet.dt_s", self.dt_s, "whole seconds where arrivals are poisson")

    @property
    def lead_s(self) -> float:
        """Time from a need to the earliest capacity for it: start-up + period, s."""
        return self.startup_s + self.period_s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """A trace as a fluid fleet meets it; depends on the trace, the fleet's settings and the seed alone.

    Attributes:
        name: the trace's.
        demand: `[T]` work that arrives in each step, agents, uncapped.
        need: `[T]` fewest agents that meet the objective: ``ceil(demand / slo_utilization)``.
        bin_steps: steps in a bin of the forecasts.
        foretold: what was foretold at the end of each whole bin.
    """

    name: str
    demand: Floats
    need: Ints
    bin_steps: int
    foretold: Foretold

    @classmethod
    def of(
        cls, trace: Trace, fleet: FluidFleet, forecaster: Forecaster[Any], interval: Interval, seed: int = 0
    ) -> Load:
        """Scale, interpolate and foretell a trace.

        Bins that are no whole number of steps are first merged into the next larger ones that are. The forecaster
        sees the trace's bins one by one, each when it is over; under ``poisson`` with its arrivals' noise.
        """
        bins, bin_steps = scaled(trace, fleet)
        demand = interpolated(bins, bin_steps)
        if fleet.arrivals == "poisson":
            mean, demand = demand, noisy(demand, fleet.dt_s, fleet.task_s, seed, trace.name)
            bins = np.maximum(bins + (demand - mean).reshape(-1, bin_steps).mean(axis=1), 0.0)
        return cls(
            name=trace.name,
            demand=demand,
            need=needed(demand, fleet.slo_utilization),
            bin_steps=bin_steps,
            foretold=foretell(bins, bin_steps * fleet.dt_s, fleet.lead_s, forecaster, interval),
        )

    def __len__(self) -> int:
        return len(self.demand)

    def window(self, first: float, last: float) -> slice:
        """The steps between two shares of the series: (0.6, 1.0) for its last 40 %."""
        return slice(floor(first * len(self) + 1e-9), floor(last * len(self) + 1e-9))


def scaled(trace: Trace, fleet: FluidFleet) -> tuple[Floats, int]:
    """`[B]` a trace's bins in agents, scaled to the fleet's mean demand, and how many steps a bin has.

    Bins that are no whole number of steps are first merged into the next larger ones that are.
    """
    bin_steps = max(ceil(trace.step_s / fleet.dt_s - 1e-9), 1)
    bin_s = bin_steps * fleet.dt_s
    rates = trace.demand if bin_s == trace.step_s else trace.rates(bin_s)
    return rates * (fleet.mean_agents / trace.mean), bin_steps


def needed(demand: Floats, slo_utilization: float) -> Ints:
    """`[T]` fewest agents whose utilization stays within the objective.

    >>> needed(np.array([0.0, 90.0, 90.1]), 0.9)
    array([  0, 100, 101])
    """
    return np.asarray(np.ceil(demand / slo_utilization * (1 - _SLACK) - _SLACK).clip(0), np.int64)


def interpolated(rates: Floats, bin_steps: int) -> Floats:
    """`[B x bin_steps]` straight lines between the ends of bins, level in the first; a bin's last step has its rate.

    So a bin's value is known when demand has reached it, and never before.

    >>> interpolated(np.array([2.0, 4.0]), 2)
    array([2., 2., 3., 4.])
    """
    at = (np.arange(len(rates) * bin_steps) + 1) / bin_steps
    return np.asarray(np.interp(at, np.arange(len(rates)) + 1.0, rates), np.float64)


def noisy(demand: Floats, dt_s: float, task_s: float, seed: int, name: str) -> Floats:
    """`[T]` demand of tasks that arrive as a Poisson stream of that rate, each bringing the same work.

    Each second's count comes from a draw of its own (seed, trace, second), by inversion: neither the policy nor the
    length of a step moves it.

    Args:
        demand: `[T]` mean demand, agents.
        dt_s: length of a step, whole seconds.
        task_s: work of a task, s.
        seed: of the run.
        name: the trace's, so that traces differ.
    """
    from scipy.stats import poisson

    seconds = round(dt_s)
    uniform = np.empty(len(demand) * seconds)
    _uniforms(key(seed, f"fluid arrivals/{name}"), uniform)
    counts = np.asarray(poisson.ppf(uniform, np.repeat(demand / task_s, seconds)))
    return np.asarray(counts.reshape(-1, seconds).sum(axis=1) * task_s / dt_s, np.float64)


@kernel
def _uniforms(stream: np.uint64, out: Floats) -> None:
    """A uniform in (0, 1) for each second."""
    for i in range(len(out)):
        a, b, _, _ = draw(i, 0, stream)
        out[i] = unit(a, b)
