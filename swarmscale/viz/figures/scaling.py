"""Figures of scaling: the fleet against demand and its forecast, every decision with its reason, costs, pools."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.records import Records
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, VERMILLION, length, number, see_through
from .lines import MOST_POINTS, Line, column_line, finished, hover, time_figure, time_unit

if TYPE_CHECKING:
    from ...model.scaling.events import ScalingEvent
    from ...model.scaling.pools import Pool
    from ...model.scaling.saving import Saving

MOST_EVENTS = 400
HEADROOM = 1.25
"""Height of the timeline over its highest line; a bound or band may rise out of it until one zooms out."""

BAND_TEXT = "lower to upper quantile of the demand, foretold 300 s before"
FORECAST_TEXT = "demand foretold 300 s before"
BOUND_TEXT = "upper quantile of the largest demand within the lead time, drawn at its end"

type Told = Sequence[tuple[float, ...]]
"""See :class:`swarmscale.model.scaling.outlook.Outlook`."""


def timeline(
    records: Records,
    events: Sequence[ScalingEvent],
    told: Told = (),
    *,
    later_s: float = 300.0,
    lead_s: float = 0.0,
    points: int = MOST_POINTS,
    marks: int = MOST_EVENTS,
    reasons: int = MOST_EVENTS,
) -> go.Figure | None:
    """Demand, ready and paid agents, what was foretold, and a mark for each change; None before the first tick.

    Args:
        records: of the run.
        events: decisions that changed the fleet.
        told: what was foretold, bin by bin.
        later_s: how far ahead, s.
        lead_s: the lead time, s.
        points: of a line at most.
        marks: decisions that are marked at most; of more only every so many.
        reasons: the newest marks, so many of them, tell their reason.
    """
    if not len(records):
        return None
    ready = records.column("agents_idle") + records.column("agents_busy") + records.column("agents_helping")
    paid = ready + records.column("agents_starting")
    lines = [
        column_line(records, "offered_agents", ORANGE, "demand"),
        Line(name="ready", values=ready, color=GRAY, unit="agents", text="agents idle or busy", dash="dash"),
        Line(name="ready and starting", values=paid, color=BLUE, unit="agents", text="what decisions change"),
    ]
    end_s = records.column("time_s")
    figure = time_figure("Decisions of the scaling policy", lines, end_s, "agents", band=True, most=points)
    divisor, unit = time_unit(float(end_s[-1]))
    foretold = _foretold(told, later_s, lead_s, points, divisor, unit)
    traces = [*foretold, *figure.data, *_marks(events, divisor, marks, reasons)]
    layout = figure.layout.to_plotly_json() | {"showlegend": True}
    if foretold:
        layout["yaxis"]["range"] = [0.0, HEADROOM * _highest(lines, foretold)]
        more = (("forecast", FORECAST_TEXT), ("band", BAND_TEXT), ("bound", BOUND_TEXT))
        layout["meta"]["definitions"] += [list(pair) for pair in more]
    return go.Figure(data=traces, layout=layout, _validate=False)


def _highest(lines: Sequence[Line], foretold: Sequence[dict[str, Any]]) -> float:
    """The largest value of what is or is foretold, bounds and band apart."""
    forecast = next(trace["y"] for trace in foretold if trace["name"] == "forecast")
    return max(
        float(np.nanmax(values, initial=1.0)) for values in (*(line.values for line in lines), forecast)
    )


def shifted(told: Told, later_s: float, lead_s: float, most: int) -> Floats:
    """`[n, 6]` forecasts at the time for which they were made, and bounds at the end of theirs.

    Columns: time of the forecast, forecast, lower, upper, time of the bound, bound; of very many every so many.

    >>> shifted([(60.0, 5.0, 4.0, 7.0, 6.0)], 300.0, 40.0, 9).tolist()
    [[360.0, 5.0, 4.0, 7.0, 100.0, 6.0]]
    """
    rows = np.array(told[:: -(-len(told) // most) or 1], np.float64).reshape(-1, 5)
    time_s, forecast, lower, upper, bound = rows.T
    return np.stack([time_s + later_s, forecast, lower, upper, time_s + lead_s, bound], axis=1)


def _foretold(
    told: Told, later_s: float, lead_s: float, most: int, divisor: float, unit: str
) -> list[dict[str, Any]]:
    """The band, the forecast and the bound."""
    if not told:
        return []
    later, forecast, lower, upper, soon, bound = shifted(told, later_s, lead_s, most).astype(np.float32).T
    at = f"at %{{x:,.4~g}} {unit}"
    plain = {"type": "scatter", "mode": "lines", "x": later / np.float32(divisor)}
    edge = plain | {"line": {"width": 0}, "hoverinfo": "skip"}
    # a band ends where its lower edge is not known yet
    known = np.isfinite(lower) & np.isfinite(upper)
    edge["x"] = edge["x"][known]
    return [
        edge | {"y": lower[known], "showlegend": False, "name": "lower"},
        edge
        | {
            "y": upper[known],
            "name": "band of the forecast",
            "fill": "tonexty",
            "fillcolor": see_through(GREEN, 0.2),
        },
        plain
        | {
            "y": forecast,
            "name": "forecast",
            "line": {"color": GREEN, "width": 1.4, "dash": "dot"},
            "hovertemplate": hover("forecast", FORECAST_TEXT, "y", "agents", at),
        },
        plain
        | {
            "x": soon / np.float32(divisor),
            "y": bound,
            "name": "bound within the lead time",
            "line": {"color": FAINT, "width": 1.2},
            "hovertemplate": hover("bound", BOUND_TEXT, "y", "agents", at),
        },
    ]


def _marks(events: Sequence[ScalingEvent], divisor: float, most: int, reasons: int) -> list[dict[str, Any]]:
    """A mark for each decision, of very many for every so many."""
    some = events[:: -(-len(events) // most) or 1]
    shown = [(event, len(some) - i <= reasons) for i, event in enumerate(some)]
    out = []
    for name, color, symbol, kept in (
        ("scale-up", GREEN, "triangle-up", [pair for pair in shown if pair[0].after > pair[0].before]),
        ("scale-down", PURPLE, "triangle-down", [pair for pair in shown if pair[0].after < pair[0].before]),
        ("stopped by a pool", VERMILLION, "x", [pair for pair in shown if pair[0].pool]),
    ):
        if kept:
            out.append(
                {
                    "type": "scatter",
                    "x": np.array([e.time_s / divisor for e, _ in kept], np.float32),
                    "y": np.array([e.after for e, _ in kept], np.int32),
                    "mode": "markers",
                    "name": name,
                    "marker": {"color": color, "symbol": symbol, "size": 9},
                    "text": [_told(*pair) for pair in kept],
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    return out


def _told(event: ScalingEvent, whole: bool) -> str:
    """A decision as a hover text."""
    head = f"<b>{event.trigger or event.policy}</b>, {event.time_s:,.0f} s: {event.before:,} to {event.after:,} agents"
    if not whole:
        return head
    came = f", {event.came[0]:.0%} came" if event.came else ""
    expected = f"utilization of the next 300 s: {event.utilization.value:.0%} expected{came}"
    return "<br>".join([head, *textwrap.wrap(event.reason, 60), expected])


def costs(saving: Saving, policy: str, at_s: float) -> go.Figure | None:
    """What the policy's fleet costs beside the baselines' at no more violations; None while a run is too short.

    Args:
        saving: of the replay.
        policy: the policy's name.
        at_s: until when the demand was replayed, s.
    """
    wanted = (
        (policy, saving.cost, BLUE, f"{policy}, on the demand of this run"),
        ("hpa", saving.hpa, ORANGE, "Kubernetes' autoscaler at its cheapest target with as few violations"),
        (
            "static",
            saving.static,
            GRAY,
            "the smallest fixed fleet with as few violations, its peak known beforehand",
        ),
    )
    shown = [row for row in wanted if np.isfinite(row[1])]
    if not shown:
        return None
    names = [name if i == 0 else f"{name} (baseline)" for i, (name, *_) in enumerate(shown)]
    bars = {
        "type": "bar",
        "x": names,
        "y": np.array([cost for _, cost, _, _ in shown]),
        "marker": {"color": [color for *_, color, _ in shown]},
        "text": [f"{cost:,.0f}" for _, cost, _, _ in shown],
        "hovertext": ["<br>".join(textwrap.wrap(text, 46)) for *_, text in shown],
        "hovertemplate": "<b>%{x}</b>: %{y:,.4~g}<br>%{hovertext}<extra></extra>",
    }
    saved = ", ".join(
        f"{number(share, 'share')} of {name}"
        for name, share in (("hpa", saving.of_hpa), ("static", saving.of_static))
        if np.isfinite(share)
    )
    note = (
        f"replay of the demand until {length(at_s)}, {number(saving.violation, 'share')} of the work violated"
    )
    lines = [Line(name=name, values=np.zeros(0), text=text, color=color) for name, _, color, text in shown]
    return finished(
        [bars],
        f"Cost against baselines, taken at {length(at_s)}",
        "policy (name)",
        "price of the replay (price units)",
        lines,
        note + (f"; saved: {saved}" if saved else ""),
    )


def pools(present: Sequence[Pool], standing: int) -> go.Figure | None:
    """Agents that each pool can carry now, soon and at most, against those that stand on it; None without pools.

    Args:
        present: the pools at this time.
        standing: agents that stand on them.
    """
    if not present:
        return None
    names = [pool.name for pool in present]
    used = np.array([-(-standing // pool.agents_per_unit) for pool in present])
    there, coming, most = (
        np.array([getattr(pool, name) for pool in present]) for name in ("units", "coming", "largest")
    )
    parts = (
        ("in use", np.minimum(used, there), BLUE, "units that the present agents need"),
        ("free", np.maximum(there - used, 0), GREEN, "units that are there and not needed"),
        ("warming up", coming, ORANGE, "units that are ordered and not there yet"),
        ("could be ordered", most - there - coming, FAINT, "units up to the pool's largest size"),
    )
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": units,
            "name": name,
            "marker": {"color": color},
            "customdata": [int(u) * pool.agents_per_unit for u, pool in zip(units, present, strict=True)],
            "hovertemplate": hover(name, text, "x", "units", "%{y}: room for %{customdata:,} agents"),
        }
        for name, units, color, text in parts
    ]
    lines = [Line(name=name, values=np.zeros(0), text=text, color=color) for name, _, color, text in parts]
    room = min(pool.room for pool in present)
    return finished(
        bars,
        "Resource pools",
        "units (number)",
        "pool (name)",
        lines,
        f"{standing:,} agents stand on them; what is there carries {room:,} in the scarcest one",
        {"barmode": "stack"},
    )
