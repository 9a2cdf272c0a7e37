"""The tables of a race in the full fidelity as rows of text, for the terminal and for the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .race_tables import Sheet, relative, saving, share, where_dearer

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.full_race import FullRace


def full_sheets(race: FullRace) -> list[Sheet]:
    """Cost at equal shares of late or dropped tasks, savings, and what each policy does at its default."""
    return [
        _equal(race),
        *([_savings(race)] if len(race.savings) else []),
        *(_defaults(race, trace) for trace in race.traces),
    ]


def _equal(race: FullRace) -> Sheet:
    """Costs at equal violations, a column for each trace and violation."""
    violations = race.full.rules.violations
    places = [(trace, violation) for trace in race.traces for violation in violations]
    rows = []
    for policy in race.entrants:
        mine = race.equal[race.equal["policy"] == policy].set_index(["trace", "violation"])["cost"]
        rows.append((policy, *(relative(float(mine[place])) for place in places)))
    return Sheet(
        title="Cost / fluid oracle at equal shares of late or dropped tasks",
        note="Each policy's own frontier over its knob, interpolated over the logarithm of the share; – where no value "
        "of the knob does as well, and the loosest value's cost where even that does better. The oracle serves the "
        "expected demand at the objective's utilization: queues bridge short shortages, so a policy may cost less.",
        head=("policy", *(f"{trace} at {share(violation)}" for trace, violation in places)),
        rows=rows,
    )


def _savings(race: FullRace) -> Sheet:
    """What the default policy saves against each baseline."""
    frame = race.savings
    policy, rows = str(frame["policy"].iloc[0]), []
    for baseline in dict.fromkeys(frame["baseline"]):
        for violation in race.full.rules.violations:
            mine = frame[(frame["baseline"] == baseline) & (frame["violation"] == violation)]
            rows.append((f"against {baseline} at {share(violation)}", *map(saving, mine["saving"])))
    return Sheet(
        title=f"Saving of {policy} at equal shares of late or dropped tasks, 1 - cost / cost of the baseline",
        note="Below 0 where it is dearer; – where either does worse at every value of its knob. A policy whose loosest "
        "value still does better than asked stands at that value's cost: seed cannot be set looser.",
        head=("baseline and share", *race.traces),
        rows=rows,
        below=where_dearer(frame),
    )


def _defaults(race: FullRace, trace: str) -> Sheet:
    """What each policy does at its default on one trace."""
    frame = race.defaults[race.defaults["trace"] == trace]
    rows = [(str(row["policy"]), *_cells(row)) for _, row in frame.iterrows()]
    tasks = int(frame["tasks"].iloc[0]) if len(frame) else 0
    return Sheet(
        title=f"{trace}, one default each: {tasks:,} tasks, the same for all",
        note="Costs at unlike shares: a lower cost here is no saving." if trace == race.traces[0] else "",
        head=(
            "policy",
            "knob",
            "cost / oracle",
            "late or dropped",
            "dropped",
            "p99",
            "utilization",
            "actions / d",
            "started / d",
            "error / naive",
            "bounds held",
        ),
        rows=rows,
    )


def _cells(row: pd.Series[float]) -> tuple[str, ...]:
    knob = f"{row['knob']} {row['value']:g}" if row["knob"] else ""
    return (
        knob,
        relative(row["cost_per_oracle"]),
        share(row["violation"]),
        share(row["dropped"]),
        f"{row['response_p99_s']:.1f} s",
        share(row["utilization"]),
        f"{row['actions_per_day']:,.0f}",
        f"{row['started_per_day']:,.0f}",
        "–" if math.isnan(row["forecast_error"]) else f"{row['forecast_error']:.3f}",
        share(row["bound_coverage"]),
    )
