"""Whether what the scaler expects comes: coverage of its 90 % intervals on the shipped traces, in the full model.

Two days of each trace (or all of it, if it is shorter) drive a fleet that the policy sizes, in ticks of 10 s. At
every decision utilization, spending and pool need of the next 300 s are stated, and scored when that time is over.
Nobody else watches the fleet, for that would change nothing but the time it takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import swarmscale as ss
from swarmscale.model.flow.traces import load, shipped
from swarmscale.model.scaling.scaler import Scaler

DAY_S = 86_400.0
FIGURES = ("utilization", "spending", "pool need")
NOMINAL, WITHIN = 0.9, 0.05
ENOUGH = 1000
"""Scored expectations from which the gate holds; 1 / sqrt(ENOUGH) of a coverage is chance."""


def followed(trace: str, policy: str, hours: float, agents: int = 300, seed: int = 3) -> Scaler:
    """The scaler after a run along the beginning of a trace."""
    span_s = min(hours * 3600.0, load(trace).seconds // 600.0 * 600.0)
    settings: dict[str, Any] = {
        "dt": 10.0,
        "seconds": span_s,
        "fleet.agents": agents,
        "fleet.nodes": 4,
        "demand.load": 0.6,
        "demand.source": {"name": "trace", "trace": trace, "length_s": span_s},
        "demand.classes": ({"work_s": 5.0, "deadline_s": 60.0},),
        "scaling": policy,
        "records.cluster_period_s": 600.0,
        "records.window_s": 600.0,
        "intelligence.on": False,
        "emergence.on": False,
        "resilience.health.on": False,
    }
    model = ss.SwarmModel("tiny", rng=seed, **settings)
    model.run(span_s)
    assert model.scaler is not None
    return model.scaler


def of_events(scaler: Scaler) -> tuple[int, list[float]]:
    """How many events stated intervals that have come due, and the shares of them that held."""
    held = []
    for event in scaler.events:
        stated = (event.utilization, event.spending, event.pool_need)
        if event.came is not None and stated[0].low == stated[0].low:
            held.append([e.low <= v <= e.high for e, v in zip(stated, event.came, strict=True)])
    return len(held), [sum(column) / len(held) for column in zip(*held, strict=True)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; 1 if a coverage lies further than 5 points from 90 %."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=48.0, help="of each trace")
    parser.add_argument("--policies", default="quantile,seed,hpa")
    given = parser.parse_args(arguments)
    print(
        "coverage of 90 % intervals      all decisions                          decisions that changed the fleet"
    )
    heads = "".join(f"{name:>13}" for name in FIGURES)
    print(f"{'trace':<20}{'policy':<10}{'scored':>7}{heads}{'scored':>8}{heads}")
    good = True
    for info in shipped():
        for policy in [] if info.requests else given.policies.split(","):
            scaler = followed(info.name, policy, given.hours)
            shares = [track.coverage for track in scaler.prospects.tracks]
            scored, changed = scaler.prospects.tracks[0].scored, of_events(scaler)
            row = "".join(f"{share:>13.3f}" for share in shares)
            events = "".join(f"{share:>13.3f}" for share in changed[1])
            print(f"{info.name:<20}{policy:<10}{scored:>7}{row}{changed[0]:>8}{events}", flush=True)
            judged = (shares if scored >= ENOUGH else []) + (changed[1] if changed[0] >= ENOUGH else [])
            good &= all(abs(share - NOMINAL) <= WITHIN for share in judged)
    print(
        f"gate: within {WITHIN:.0%} of {NOMINAL:.0%} where {ENOUGH} or more were scored: {'yes' if good else 'NO'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
