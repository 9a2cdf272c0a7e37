"""A race's tables as rows of text, for the terminal and for the page. Imports no Plotly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..batch.tables import over_traces
from ..model.scaling.fluid_score import DEFINITIONS

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.race import Race

SHOWN = (
    ("high_backlog_share", "backlog > 5 s"),
    ("theta_under", "θ under"),
    ("theta_over", "θ over"),
    ("tau_under", "τ under"),
    ("tau_over", "τ over"),
    ("instability", "υ"),
    ("actions_per_day", "actions / d"),
    ("large_actions_per_day", "≥ 2 % / d"),
    ("started_per_day", "started / d"),
    ("episode_s", "episode"),
    ("scale_s", "to scale"),
    ("utilization", "utilization"),
)


ALONE = (
    "high-demand-reactive",
    "low-demand-reactive",
    "predictive-scale-up",
    "cost-optimization",
    "emergency-scaling",
)
"""Policies without a knob that stand in a table of their own: the rules of ``seed``, one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as text.

    Attributes:
        title: what it holds.
        note: how to read it.
        head: names of the columns.
        rows: one a policy.
        below: what is to be said of it when it was read.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    below: str = ""


def sheets(race: Race) -> list[Sheet]:
    """All tables: A for each violation, A with knobs chosen before, savings, B, and B's other columns."""
    mains = [policy for policy in race.entrants if policy not in ALONE] or list(race.entrants)
    alone = [policy for policy in race.entrants if policy not in mains]
    title = f"Table B, one default for every trace: cost / oracle (violation) over the last {_rest(race)}"
    note = "Costs at unlike violations: a lower cost here is no saving. Savings are in table A."
    singly = "The rules of seed, each alone, at their defaults: cost / oracle (violation)"
    whole = "Half of a controller each: one that only adds agents keeps them, one that only takes them runs short."
    return [
        *(_equal(race, mains, violation) for violation in race.rules.violations),
        _chosen(race, mains),
        *([savings_sheet(race)] if len(race.savings) else []),
        _default(race, mains, title, note),
        *([_default(race, alone, singly, whole)] if alone else []),
        _elasticity(race),
    ]


def _equal(race: Race, policies: Sequence[str], violation: float) -> Sheet:
    """Table A at one violation: the frontier of the scored part itself."""
    note = (
        f"In-sample frontier of the last {_rest(race)}: knobs swept there, interpolated over the logarithm of the "
        "violation; – where no value of the knob violates as little. Perfect foresight: no plan that violates as "
        "much is cheaper."
    )
    frame = race.table_a[race.table_a["violation"] == violation]
    minutes = minute_median(race)
    rows = []
    for policy in policies:
        mine = frame[frame["policy"] == policy].set_index("trace")["cost"]
        medians = [mine[list(names)].median() for names in minutes.values()]
        rows.append((policy, *(relative(c) for c in mine), *map(relative, medians)))
    bounds = frame[frame["policy"] == race.entrants[0]].set_index("trace")["bound"]
    medians = [bounds[list(names)].median() for names in minutes.values()]
    rows.append(("perfect foresight", *(f"{b:.4f}" for b in (*bounds, *medians))))
    return Sheet(
        title=f"Table A at {share(violation)} violations: cost / oracle",
        note=note if violation == race.rules.violations[0] else "",
        head=("policy", *race.traces, *minutes),
        rows=rows,
    )


def minute_median(race: Race) -> dict[str, tuple[str, ...]]:
    """Columns of medians and their traces: those with bins of one minute, unless these are all or none, and all."""
    some = 0 < len(race.minute_traces) < len(race.traces)
    return ({"median, 1-min traces": race.minute_traces} if some else {}) | {"median": race.traces}


def _chosen(race: Race, policies: Sequence[str]) -> Sheet:
    """Table A with each knob chosen on the first part and scored on the rest."""
    rows = []
    for policy in policies:
        cells = [policy]
        for violation in race.rules.violations:
            frame = race.table_a
            mine = frame[(frame["violation"] == violation) & (frame["policy"] == policy)]
            worst = float(mine["chosen_violation"].max())
            text = relative(float(mine["chosen_cost"].median()))
            cells.append(text if math.isnan(worst) else f"{text} ({share(worst)})")
        rows.append(tuple(cells))
    return Sheet(
        title=f"Table A, knobs chosen before: median cost / oracle over the last {_rest(race)} (worst violation)",
        note=f"On each trace the cheapest value that violated no more between {share(race.rules.warm_up)} "
        f"and {share(race.rules.fit)} of it, scored on the rest: there it may violate more or less than was asked.",
        head=("policy", *(f"at {share(violation)}" for violation in race.rules.violations)),
        rows=rows,
    )


def savings_sheet(race: Race) -> Sheet:
    """What the default policy saves against each baseline at each violation."""
    frame, minutes = race.savings, minute_median(race)
    policy, rows = str(frame["policy"].iloc[0]), []
    for baseline in dict.fromkeys(frame["baseline"]):
        for violation in race.rules.violations:
            here = (frame["baseline"] == baseline) & (frame["violation"] == violation)
            mine = frame[here].set_index("trace")["saving"]
            medians = (_median(mine[list(names)]) for names in minutes.values())
            rows.append((f"against {baseline} at {share(violation)}", *map(saving, mine), *medians))
    return Sheet(
        title=f"Saving of {policy} at equal violations, 1 - cost / cost of the baseline at the same violation",
        note="From the frontiers of table A; below 0 where it is dearer, – where either violates more at every value "
        "of its knob. A median is over the traces that have a figure; their number stands beside it if some have none.",
        head=("baseline and violation", *race.traces, *minutes),
        rows=rows,
        below=where_dearer(frame),
    )


def where_dearer(frame: pd.DataFrame) -> str:
    """A sentence that lists where a policy saves nothing.

    Args:
        frame: from :func:`~swarmscale.batch.tables.savings`, not empty.
    """
    policy, places = str(frame["policy"].iloc[0]), []
    for baseline in dict.fromkeys(frame["baseline"]):
        for violation in dict.fromkeys(frame["violation"]):
            here = (frame["baseline"] == baseline) & (frame["violation"] == violation)
            dear = frame[here & (frame["saving"] <= 0)]
            where = [f"{t} ({saving(s)})" for t, s in zip(dear["trace"], dear["saving"], strict=True)]
            if where:
                places.append(f"than {baseline} at {share(violation)} on {', '.join(where)}")
    if not places:
        return f"{policy} is cheaper wherever both have a figure."
    return f"{policy} is not cheaper {'; '.join(places)}."


def _median(values: pd.Series[float]) -> str:
    known = values.dropna()
    return saving(float(known.median())) + ("" if len(known) == len(values) else f" (of {len(known)})")


def saving(value: float) -> str:
    """A share in percent, one digit behind the point, or as many as show its sign.

    >>> saving(0.1234), saving(-0.0004), saving(0.0)
    ('12.3 %', '-0.04 %', '0.0 %')
    """
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1g} %" if 0 < abs(value) < 0.0005 else f"{100 * value:.1f} %"


def _default(race: Race, policies: Sequence[str], title: str, note: str) -> Sheet:
    """Table B: one default knob for every trace."""
    frame = race.table_b
    medians, worst = over_traces(frame, "cost_per_oracle"), over_traces(frame, "violation", "max")
    rows = []
    for policy in policies:
        mine = frame[frame["policy"] == policy]
        pairs = zip(mine["cost_per_oracle"], mine["violation"], strict=True)
        knob = "" if not mine["knob"].iloc[0] else f"{mine['knob'].iloc[0]} {mine['value'].iloc[0]:g}"
        cells = (f"{relative(cost)} ({share(violation)})" for cost, violation in pairs)
        rows.append((policy, knob, *cells, relative(medians[policy]), share(worst[policy])))
    return Sheet(title=title, note=note, head=("policy", "knob", *race.traces, "median", "worst"), rows=rows)


def _elasticity(race: Race) -> Sheet:
    """The other columns of table B, as medians over the traces."""
    columns = {name: over_traces(race.table_b, name) for name, _ in SHOWN}
    rows = [(policy, *(_value(name, columns[name][policy]) for name, _ in SHOWN)) for policy in race.entrants]
    return Sheet(
        title="Table B, elasticity: medians over the traces",
        note="These do not rank policies: θ over grows where demand is low, υ is alike for good and bad ones.",
        head=("policy", *(title for _, title in SHOWN)),
        rows=rows,
    )


def _rest(race: Race) -> str:
    return f"{1 - race.rules.fit:.0%}".replace("%", " %")


def relative(value: float) -> str:
    """A cost relative to another one; a dash where there is none."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def share(value: float) -> str:
    """A share in percent, two digits.

    >>> share(0.001), share(0.01234), share(0.0)
    ('0.1 %', '1.2 %', '0 %')
    """
    if math.isnan(value):
        return "–"
    return f"{100 * value:.2g} %" if value < 0.995 else f"{100 * value:,.0f} %"


def _value(name: str, value: float) -> str:
    unit = DEFINITIONS[name][0]
    if math.isnan(value):
        return "–"
    return share(value) if unit == "share" else f"{value:,.0f}{' s' if unit == 's' else ''}"
