"""A race's tables as rows of text, for the terminal and for the page. Imports no Plotly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..batch.tables import over_traces
from ..model.scaling.fluid_score import DEFINITIONS

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as text.

    Attributes:
        title: what it holds.
        note: how to read it.
        head: names of the columns.
        rows: one a policy.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def sheets(race: Race) -> list[Sheet]:
    """All tables: A for each violation, A with knobs chosen before, B, and B's other columns."""
    return [
        *(_equal(race, violation) for violation in race.rules.violations),
        _chosen(race),
        _default(race),
        _elasticity(race),
    ]


def _equal(race: Race, violation: float) -> Sheet:
    """Table A at one violation: the frontier of the scored part itself."""
    note = (
        f"In-sample frontier of the last {_rest(race)}: knobs swept there, interpolated over the logarithm of the "
        "violation; – where no value of the knob violates as little. Perfect foresight: no plan that violates as "
        "much is cheaper."
    )
    frame = race.table_a[race.table_a["violation"] == violation]
    medians = over_traces(frame, "cost")
    rows = []
    for policy in race.entrants:
        mine = frame[frame["policy"] == policy]["cost"]
        rows.append((policy, *(_cost(c) for c in mine), _cost(medians[policy])))
    bounds = frame[frame["policy"] == race.entrants[0]]["bound"]
    rows.append(("perfect foresight", *(f"{b:.4f}" for b in bounds), f"{bounds.median():.4f}"))
    return Sheet(
        title=f"Table A at {_share(violation)} violations: cost / oracle",
        note=note if violation == race.rules.violations[0] else "",
        head=("policy", *race.traces, "median"),
        rows=rows,
    )


def _chosen(race: Race) -> Sheet:
    """Table A with each knob chosen on the first part and scored on the rest."""
    rows = []
    for policy in race.entrants:
        cells = [policy]
        for violation in race.rules.violations:
            frame = race.table_a
            mine = frame[(frame["violation"] == violation) & (frame["policy"] == policy)]
            worst = float(mine["chosen_violation"].max())
            text = _cost(float(mine["chosen_cost"].median()))
            cells.append(text if math.isnan(worst) else f"{text} ({_share(worst)})")
        rows.append(tuple(cells))
    return Sheet(
        title=f"Table A, knobs chosen before: median cost / oracle over the last {_rest(race)} (worst violation)",
        note=f"On each trace the cheapest value that violated no more between {race.rules.warm_up:.0%} and "
        f"{race.rules.fit:.0%} of it, scored on the rest: there it may violate more or less than was asked.",
        head=("policy", *(f"at {_share(violation)}" for violation in race.rules.violations)),
        rows=rows,
    )


def _default(race: Race) -> Sheet:
    """Table B: one default knob for every trace."""
    frame = race.table_b
    medians, worst = over_traces(frame, "cost_per_oracle"), over_traces(frame, "violation", "max")
    rows = []
    for policy in race.entrants:
        mine = frame[frame["policy"] == policy]
        pairs = zip(mine["cost_per_oracle"], mine["violation"], strict=True)
        knob = "" if not mine["knob"].iloc[0] else f"{mine['knob'].iloc[0]} {mine['value'].iloc[0]:g}"
        cells = (f"{_cost(cost)} ({_share(violation)})" for cost, violation in pairs)
        rows.append((policy, knob, *cells, _cost(medians[policy]), _share(worst[policy])))
    return Sheet(
        title=f"Table B, one default for every trace: cost / oracle (violation) over the last {_rest(race)}",
        note="Costs at unlike violations: a lower cost here is no saving. Savings are in table A.",
        head=("policy", "knob", *race.traces, "median", "worst"),
        rows=rows,
    )


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


def _cost(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _share(value: float) -> str:
    """A share in percent, two digits.

    >>> _share(0.001), _share(0.01234), _share(0.0)
    ('0.1 %', '1.2 %', '0 %')
    """
    if math.isnan(value):
        return "–"
    return f"{100 * value:.2g} %" if value < 0.995 else f"{100 * value:,.0f} %"


def _value(name: str, value: float) -> str:
    unit = DEFINITIONS[name][0]
    if math.isnan(value):
        return "–"
    return _share(value) if unit == "share" else f"{value:,.0f}{' s' if unit == 's' else ''}"
