"""Many fluid fleets at once: each along its own stretch of a trace, all in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..model.scaling.load import FluidFleet, Load
from ..model.scaling.oracle import whole_steps
from .seeing import FIELDS, PLACE


class FluidFleets:
    """N fleets of the fast fidelity, without a warm pool, advanced together one period at a time.

    What happens in a step, and in which order, is what :func:`~swarmscale.model.scaling.fluid.run_fluid` does with one
    fleet: agents become ready, then the number wanted is carried out, then the step's work arrives.

    Attributes:
        load: what is to be served, with what is foretold of it.
        fleet: settings of each fleet.
        at: `[N]` step of the load in which each fleet is.
        ready: `[N]` agents.
        coming: `[N, D]` agents that are ready in 1 to D steps, D being the start-up time.
        backlog: `[N]` waiting work, agent-seconds.
        cost: `[N]` price paid in the period that ended, in ready agent-seconds.
        violated: `[N]` work that arrived in it while too few agents were ready, agent-seconds.
    """

    def __init__(self, load: Load, fleet: FluidFleet, number: int) -> None:
        self.load, self.fleet = load, fleet
        self.stride = whole_steps(fleet.period_s, fleet.dt_s, "fleet.period_s")
        startup = whole_steps(fleet.startup_s, fleet.dt_s, "fleet.startup_s")
        self.begun = np.zeros(number, np.int64)
        self.at = np.zeros(number, np.int64)
        self.ready = np.zeros(number, np.int64)
        self.coming = np.zeros((number, startup), np.int64)
        self.backlog = np.zeros(number)
        self.cost, self.violated = np.zeros(number), np.zeros(number)
        self._busy, self._held, self._arrived = (np.zeros(number) for _ in range(3))
        self._more = np.zeros(number, np.int64)
        told = load.foretold
        self._told = np.stack([told.forecast, told.upper, told.upper_later], axis=1)

    def __len__(self) -> int:
        return len(self.ready)

    @property
    def starting(self) -> Ints:
        """`[N]` agents on their way."""
        return np.asarray(self.coming.sum(axis=1), np.int64)

    def begin(self, which: Ints, at: Ints) -> None:
        """Some fleets begin anew, each at a step of the load, with the agents that this step needs.

        Args:
            which: `[n]` numbers of fleets.
            at: `[n]` steps.
        """
        self.begun[which] = self.at[which] = at
        self.ready[which] = self.fleet.first_agents or self.load.need[at]
        self.coming[which] = 0
        self.backlog[which] = 0.0

    def resize(self, wanted: Ints) -> Ints:
        """`[N]` changes that make ready and starting agents as many as wanted.

        More ones begin to start; of those that are too many the last ones ordered are called off, then ready ones go.
        """
        change = np.asarray(wanted - self.ready - self.coming.sum(axis=1), np.int64)
        more, fewer = np.maximum(change, 0), np.maximum(-change, 0)
        width = self.coming.shape[1]
        for d in reversed(range(width)):
            off = np.minimum(fewer, self.coming[:, d])
            self.coming[:, d] -= off
            fewer = fewer - off
        self.ready -= fewer
        if width:
            self.coming[:, -1] += more
        else:
            self.ready += more
        self._more = more
        return change

    def advance(self, wanted: Ints | None) -> None:
        """Let a period pass, at whose begin the fleets get the size wanted; None for the first one.

        Args:
            wanted: `[N]` agents ready and starting, 0 or more.
        """
        f, p = self.fleet, self.fleet.prices
        for name in ("cost", "violated", "_busy", "_held", "_arrived"):
            setattr(self, name, np.zeros(len(self)))
        for i in range(self.stride):
            if i == 0 and wanted is not None:
                self.resize(wanted)
                self.cost += p.start * self._more
            demand, need = self.load.demand[self.at], self.load.need[self.at]
            work, able = demand * f.dt_s, self.ready * f.dt_s
            done = np.minimum(able, self.backlog + work)
            self.backlog = self.backlog + work - done
            self._busy += done
            self._held += able
            self._arrived += work
            self.violated += np.where(self.ready < need, work, 0.0)
            self.cost += f.dt_s * (p.ready * self.ready + p.starting * self.coming.sum(axis=1))
            self.at += 1
            if self.coming.shape[1]:
                self.ready += self.coming[:, 0]
                self.coming[:, :-1] = self.coming[:, 1:]
                self.coming[:, -1] = 0

    def observe(self) -> Floats:
        """`[N, 18]` what the period that ended showed; see :data:`~swarmscale.environment.seeing.FIELDS`."""
        f, n = self.fleet, len(self)
        demand = self._arrived / (self.stride * f.dt_s)
        bins = self.at // self.load.bin_steps
        told = np.where((bins > 0)[:, None], self._told[np.maximum(bins - 1, 0)], demand[:, None])
        ready = self.ready
        with np.errstate(divide="ignore", invalid="ignore"):
            capacity = ready * f.slo_utilization
            waits = np.where(capacity > 0, self.backlog / capacity, np.where(self.backlog > 0, np.inf, 0.0))
            used = np.where(self._held > 0, self._busy / self._held, 0.0)
            late = np.where(self._arrived > 0, self.violated / self._arrived, 0.0)
            dear = np.where(self._busy > 0, self.cost / self._busy, 0.0)
        values: dict[str, Any] = {
            "time_s": (self.at - self.begun) * f.dt_s, "period_s": f.period_s, "ready": ready,
            "starting": self.starting, "utilization": used, "demand": demand, "backlog_s": waits,
            "late_share": late, "cost_per_task": dear, "lead_s": f.lead_s,
            "slo_utilization": f.slo_utilization, "forecast": told[:, 0], "upper": told[:, 1],
            "upper_later": told[:, 2],
        }  # fmt: skip
        out = np.zeros((n, len(FIELDS)))
        for name, value in values.items():
            out[:, PLACE[name]] = np.minimum(value, FIELDS[PLACE[name]].high)
        return out
