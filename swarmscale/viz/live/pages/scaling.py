"""Scaling: how the fleet follows demand, why, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....model.scaling.seeing import standing
from ...figures import scaling
from ...page_scaling import ADVICE_HEADS, EVENT_HEADS, advice_rows, event_rows
from ...theme import number
from ..panels import LivePage, Plot, Table, Tile, View
from ..parts import DASH, NO_SCALER, of_model, scaler_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ....model.swarm import SwarmModel

POINTS, MARKS, REASONS = 300, 150, 25
"""Points of the timeline's lines, its marks, and the newest of them that tell their reason."""
COSTS_EVERY_S = 600.0
"""Simulated time for which costs against baselines are kept, s; a long run is replayed in seconds."""


def policy(view: View) -> str:
    """The policy's name."""
    scaler = scaler_of(view)
    return scaler.name if scaler is not None else "none"


def forecast(view: View) -> str:
    """Demand foretold for 300 s later."""
    scaler = scaler_of(view)
    return number(scaler.outlook.forecast, "agents") if scaler is not None else DASH


def accuracy(view: View) -> str:
    """Error of the forecasts relative to the naive one's."""
    scaler = scaler_of(view)
    return number(scaler.outlook.skill.relative_error) if scaler is not None else DASH


def coverage(view: View) -> str:
    """Share of the bounds that held."""
    scaler = scaler_of(view)
    return number(scaler.outlook.lead_skill.coverage, "share") if scaler is not None else DASH


def paid(view: View) -> str:
    """Price paid so far."""
    scaler = scaler_of(view)
    return number(scaler.cost) if scaler is not None else DASH


def timeline(model: SwarmModel) -> Figure | None:
    """The fleet against demand and forecast."""
    scaler = model.scaler
    if scaler is None:
        return None
    outlook = scaler.outlook
    return scaling.timeline(
        model.records,
        scaler.events,
        outlook.told,
        lead_s=outlook.lead_s,
        points=POINTS,
        marks=MARKS,
        reasons=REASONS,
    )


def costs(model: SwarmModel) -> Figure | None:
    """Costs against baselines, at most once in ten simulated minutes."""
    scaler, dt = model.scaler, model.records.dt
    if scaler is None:
        return None
    tick, saving = scaler.lately_saved(round(COSTS_EVERY_S / dt))
    return scaling.costs(saving, scaler.name, tick * dt)


def pools(model: SwarmModel) -> Figure | None:
    """The pools, now."""
    if model.scaler is None:
        return None
    return scaling.pools(model.scaler.pools.at(model.now_s).pools, standing(model))


def events(view: View) -> Sequence[tuple[str, ...]]:
    """The newest decisions."""
    scaler = scaler_of(view)
    return event_rows(scaler.events) if scaler is not None else ()


def advice(view: View) -> Sequence[tuple[str, ...]]:
    """The newest recommendations."""
    scaler = scaler_of(view)
    return advice_rows(scaler.advisor.given) if scaler is not None else ()


PAGE = LivePage(
    path="scaling",
    title="Scaling",
    lead="How the fleet follows demand, why, and what that costs.",
    panels=(
        Tile(key="policy", title="policy", text="the scaling policy in force", value=policy),
        Tile(
            key="forecast",
            title="demand foretold",
            text="demand foretold for 300 s later, agents; a dash before the first bin is full",
            value=forecast,
        ),
        Tile(
            key="accuracy",
            title="error relative to naive",
            text="mean absolute error of the forecasts / that of repeating the last value; below 1 is better (no unit)",
            value=accuracy,
        ),
        Tile(
            key="coverage",
            title="bounds that held",
            text="share of the upper bounds on the largest demand within the lead time that held",
            value=coverage,
        ),
        Tile(
            key="paid",
            title="price paid",
            text="agent-seconds x price, warm ones at the pool's price, and starts, since the policy is in force",
            value=paid,
        ),
        Plot(
            key="timeline",
            title="Fleet, demand and forecast",
            read="Agents over time. Each mark is a decision; hover for its reason. Ready agents below demand are too "
            "late, those far above it are paid for nothing; demand should stay in the forecast's band, drawn at the "
            "time for which it was made.",
            figure=of_model(timeline),
            otherwise=f"{NO_SCALER}, then press Play",
            wide=True,
        ),
        Plot(
            key="costs",
            title="Cost against baselines",
            read="Price of the run's demand replayed, at equal violations: the policy is worth its name where its bar "
            "is lower than hpa's. Taken anew every ten simulated minutes.",
            figure=of_model(costs),
            otherwise=f"costs are compared from 60 decisions on: press Play; or {NO_SCALER}",
        ),
        Plot(
            key="pools",
            title="Resource pools",
            read="Units in use, free, ordered and left; a pool that is all in use and has nothing left to order stops "
            "every scale-up.",
            figure=of_model(pools),
            otherwise=f"agents need no pools here: set scaler.pools; or {NO_SCALER}",
        ),
        Table(
            key="events",
            title="Decisions",
            read="The newest changes of the fleet (agents): why, what was expected of the next 300 s, and what came.",
            heads=EVENT_HEADS,
            rows=events,
            otherwise=f"no decision yet: press Play; or {NO_SCALER}",
            wide=True,
        ),
        Table(
            key="advice",
            title="Recommendations",
            read="What the policy does not do, and what it would bring within 300 s (price, or agent-seconds of work).",
            heads=ADVICE_HEADS,
            rows=advice,
            otherwise=f"nothing to recommend yet: press Play; or {NO_SCALER}",
            wide=True,
        ),
    ),
)
