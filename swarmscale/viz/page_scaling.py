"""The report's section on scaling: decisions with their reasons, what was expected and came, recommendations."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..model.scaling.saving import FEWEST
from ..model.scaling.seeing import standing
from .page_cards import Drawn, Panel, section
from .page_parts import plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.scaling.advice import Recommendation
    from ..model.scaling.events import ScalingEvent
    from ..model.scaling.expectation import Expected
    from ..model.scaling.scaler import Scaler
    from ..model.swarm import SwarmModel

NEWEST = 12
"""Rows of each table; all of them are in the run's Parquet files."""


def scaling_section(model: SwarmModel) -> list[Drawn]:
    """The section; nothing for a fleet that keeps its size."""
    if model.scaler is None:
        return []
    scaler, lead = model.scaler, "How the fleet followed demand, and why."
    drawn = section("Scaling", lead, scaling_panels(model))
    tables = _accounts(scaler) + _events(scaler.events) + _advice(scaler.advisor.given)
    return [Drawn(drawn.title, drawn.html.removesuffix("</section>") + tables + "</section>")]


def scaling_panels(model: SwarmModel) -> list[Panel]:
    """The section's figures."""
    if model.scaler is None:
        return []
    from .figures import scaling

    scaler = model.scaler
    outlook, at_s = scaler.outlook, model.now_s
    return [
        Panel(
            key="scaling",
            figure=scaling.timeline(model.records, scaler.events, outlook.told, lead_s=outlook.lead_s),
            read="Each mark is a decision; hover for the term that won and what was expected. Ready agents below "
            "demand are too late, those far above it are paid for nothing; demand should lie in the forecast's band.",
            otherwise="no tick was simulated yet",
            wide=True,
        ),
        Panel(
            key="costs",
            figure=scaling.costs(scaler.saving(), scaler.name, at_s),
            read="Bars of equal violations: the policy is worth its name where it is lower than hpa's.",
            otherwise=f"costs are compared from {FEWEST} decisions on",
        ),
        Panel(
            key="pools",
            figure=scaling.pools(scaler.pools.at(at_s).pools, standing(model)),
            read="A pool whose bar is all in use and cannot be ordered stops every scale-up.",
            otherwise="agents need no pools under scaler.pools = none",
        ),
    ]


def _accounts(scaler: Scaler) -> str:
    """What the intervals are worth: how often they held."""
    held = ", ".join(
        f"{name} {track.coverage:.1%} of {track.scored:,}"
        for name, track in zip(("utilization", "spending", "pool need"), scaler.prospects.tracks, strict=True)
        if track.scored
    )
    advised = scaler.advisor
    more = (
        f"; benefits of recommendations {advised.coverage:.1%} of {advised.scored}" if advised.scored else ""
    )
    text = f"Stated 90 % intervals that held: {held}{more}." if held else "No interval has come due yet."
    return f"<p>{escape(text)}</p>"


EVENT_HEADS = ("time", "trigger", "agents", "reason", "utilization expected; came", "price expected; came")
ADVICE_HEADS = ("time", "what", "why", "benefit expected; came")


def event_rows(events: Sequence[ScalingEvent]) -> list[tuple[str, ...]]:
    """The newest decisions, the newest first."""
    return [
        (
            f"{e.time_s:,.0f}\N{NO-BREAK SPACE}s",
            e.trigger or e.policy,
            f"{e.before:,} to {e.after:,}" + (f" of {e.wanted:,}, pool {e.pool}" if e.pool else ""),
            e.reason,
            _percent(e.utilization) + (f"; {e.came[0]:.0%}" if e.came else ""),
            _number(e.spending) + (f"; {e.came[1]:,.0f}" if e.came else ""),
        )
        for e in reversed(events[-NEWEST:])
    ]


def advice_rows(given: Sequence[Recommendation]) -> list[tuple[str, ...]]:
    """The newest recommendations, the newest first."""
    return [
        (
            f"{r.time_s:,.0f}\N{NO-BREAK SPACE}s",
            r.kind,
            r.text,
            _number(r.benefit) + (f"; {r.came[3]:,.0f}" if r.came else ""),
        )
        for r in reversed(given[-NEWEST:])
    ]


def _events(events: Sequence[ScalingEvent]) -> str:
    rows = event_rows(events)
    return plain_table(f"The newest {len(rows)} of {len(events):,} decisions", EVENT_HEADS, rows)


def _advice(given: Sequence[Recommendation]) -> str:
    rows = advice_rows(given)
    return plain_table(f"The newest {len(rows)} of {len(given):,} recommendations", ADVICE_HEADS, rows)


def _percent(expected: Expected) -> str:
    span = f" ({expected.low:.0%} to {expected.high:.0%})" if expected.low == expected.low else ""
    return f"{expected.value:.0%}{span}"


def _number(expected: Expected) -> str:
    span = f" ({expected.low:,.0f} to {expected.high:,.0f})" if expected.low == expected.low else ""
    return f"{expected.value:,.0f}{span}"
