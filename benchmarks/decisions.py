"""What a decision of each scaling policy costs, forecasts apart: CPU microseconds on a trace's own observations.

Each policy drives the fluid fleet along two days of a shipped trace once; what it saw is kept, and its decisions on
that are made again and timed alone. The exit code is 1 if one takes 50 microseconds or more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.bench.clock import median_cpu_s
from swarmscale.bench.machine import described, load_average, machine
from swarmscale.model.flow.traces import load_trace
from swarmscale.model.forecasting import FORECASTERS, ConformalInterval
from swarmscale.model.scaling import POLICIES
from swarmscale.model.scaling.base import Decision, ScalingPolicy, Seen
from swarmscale.model.scaling.fluid import run_fluid
from swarmscale.model.scaling.load import FluidFleet, Load

MOST_US = 50.0


@dataclass(slots=True)
class Watched:
    """A policy that keeps what it sees."""

    policy: ScalingPolicy[Any]
    seen: list[Seen] = field(default_factory=list)

    def start(self) -> Any:
        """See :class:`ScalingPolicy`."""
        return self.policy.start()

    def decide(self, now: Seen, memory: Any) -> tuple[Decision, Any]:
        """See :class:`ScalingPolicy`."""
        self.seen.append(now)
        return self.policy.decide(now, memory)


def microseconds(policy: ScalingPolicy[Any], load: Load, fleet: FluidFleet, repeats: int) -> float:
    """CPU time of a decision with its reason, a mean over the run."""
    watched = Watched(policy)
    run_fluid(watched, load, fleet)

    def again() -> None:
        memory = policy.start()
        for now in watched.seen:
            decision, memory = policy.decide(now, memory)
            _ = decision.reason

    return 1e6 * median_cpu_s(again, repeats) / len(watched.seen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; 1 if a policy is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trace", default="crane13")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    print(described(machine()))
    fleet = FluidFleet()
    whole = load_trace(given.trace)
    few = int(2 * 86_400 / whole.step_s)
    trace = replace(whole, demand=whole.demand[:few])
    load = Load.of(trace, fleet, FORECASTERS.make("ensemble"), ConformalInterval(levels=(0.95,)))
    good = True
    print(f"{'policy':<24}{'us a decision':>14}")
    for name in POLICIES:
        taken = microseconds(POLICIES.make(name), load, fleet, given.repeats)
        good &= taken < MOST_US
        print(f"{name:<24}{taken:>14.1f}", flush=True)
    print(f"gate: each under {MOST_US:g} us: {'yes' if good else 'NO'}; load average {load_average()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
