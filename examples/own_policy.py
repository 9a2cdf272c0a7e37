"""A scaling policy of your own races against those of the package, on a made-up trace."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np

import swarmscale as ss
from swarmscale.batch.knobs import Knob
from swarmscale.batch.race import race
from swarmscale.model.flow.traces import Trace
from swarmscale.model.scaling import Decision


@ss.register("scaling policy", "margin")
@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Room for the demand now and a margin in agents; scales down by at most a tenth at a time."""

    agents: int = 40
    race_knob: ClassVar[Knob] = Knob(field="agents", values=(20, 40, 60, 90, 130, 180))

    def start(self):
        """Nothing is remembered."""

    def decide(self, now, memory):
        """What is wanted, why, and what to remember."""
        wanted = ceil(now.demand / now.slo_utilization) + self.agents
        slow = max(wanted, ceil(0.9 * now.provisioned))
        return Decision(slow, f"demand {now.demand:.0f} and {self.agents} agents of margin"), None


def day_and_night(hours: int = 36) -> Trace:
    """Demand that rises and falls within six hours, minute by minute, with noise."""
    minutes = np.arange(60 * hours)
    noise = np.random.default_rng(7).normal(0.0, 0.05, minutes.size)
    wave = 1.0 + 0.5 * np.sin(2 * np.pi * minutes / 360)
    return Trace(name="waves", step_s=60.0, demand=wave * np.exp(noise), unit="tasks/s")


if __name__ == "__main__":
    done = race([day_and_night()], ["hpa", "quantile", "margin"])
    print("cost / oracle and violation at the defaults")
    for row in done.table_b.itertuples():
        print(f"{row.policy:<10} {row.cost_per_oracle:.2f} {row.violation:.2%}")
    print("cost / oracle at equal violations")
    costs = done.table_a.pivot(index="policy", columns="violation", values="cost")
    print(costs.reindex(done.entrants).round(2).to_string(float_format="%.2f"))
