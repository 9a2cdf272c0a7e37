"""Figures of faults by layer: how long incidents took to be found and made good, and how many began when."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...model.resilience.incidents import LAYERS, Incident, IncidentLog
from ..theme import GRAY, GREEN, SKY, digits
from .lines import finished, time_unit
from .links import terms
from .resilience import LAYER_LOOKS, LAYER_TEXTS, plain

MOST_POINTS = 400
"""Incidents in the figure of how long they took, the newest ones."""
BARS = 60
"""Bars over time at most."""
SHORTEST_S = 0.01
"""Shorter times stand here, s: a logarithmic axis has no 0."""
DURATION_READ = (
    "Each mark is an incident: a diamond how long until it was suspected, a circle until it was made good (s, "
    "logarithmic); the bars are the means, MTTD and MTTR of the layer. What is not found or not made good has no mark."
)
LAYER_READ = (
    "Incidents that began in each stretch of time, by layer (number); the dotted line is how many were open at the "
    "stretch's end."
)
KINDS = (("found", "diamond", SKY, -0.16), ("made good", "circle-open", GREEN, 0.16))
"""Name, symbol and color of a time, and how far from its layer's line its marks stand."""


def durations(log: IncidentLog) -> go.Figure | None:
    """How long incidents took to be suspected and to be made good, by layer; None if none was either."""
    newest = log.incidents[-MOST_POINTS:]
    layers = [layer for layer in LAYERS if any(one.layer == layer for one in newest)]
    traces: list[dict[str, Any]] = []
    for name, symbol, color, shift in KINDS:
        for row, layer in enumerate(layers):
            times = [(took_s(one, name), one) for one in newest if one.layer == layer]
            times = [(max(s, SHORTEST_S), one) for s, one in times if not math.isnan(s)]
            if times:
                traces += _strip(name, symbol, color, row + shift, times)
    named: set[str] = set()
    for trace in traces:
        trace["showlegend"] = trace["mode"] == "markers" and trace["name"] not in named
        named.add(trace["name"])
    if not traces:
        return None
    note = f"the newest {len(newest):,} of {len(log):,} incidents" if len(newest) < len(log) else ""
    return finished(
        traces,
        "Until found, until made good",
        "time since the fault began (s, logarithmic)",
        "layer (name)",
        terms(*LAYER_TEXTS.items(), ("found", "MTTD: mean time from a fault's begin to its first suspicion"),
              ("made good", "MTTR: mean time from a fault's begin until nothing of it is left")),
        note,
        {
            "xaxis": {"type": "log", "dtick": 1},
            "yaxis": {"tickvals": list(range(len(layers))), "ticktext": layers, "range": [-0.6, len(layers) - 0.4],
                      "zeroline": False},
            "height": 170 + 70 * len(layers),
        },
    )  # fmt: skip


def took_s(one: Incident, what: str) -> float:
    """Time from an incident's begin until it was ``found`` or ``made good``, s; NaN if it was not."""
    return (one.found_s if what == "found" else one.recovered_s) - one.begins_s


def _strip(
    name: str, symbol: str, color: str, y: float, times: Sequence[tuple[float, Incident]]
) -> list[dict[str, Any]]:
    """Marks of one layer in a strip, spread by their order, and a bar at their mean."""
    mean = float(np.mean([s for s, _ in times]))
    spread = (np.arange(len(times)) * 0.381966) % 1.0 - 0.5
    marks = {
        "type": "scatter", "mode": "markers", "name": name, "legendgroup": name,
        "x": plain([s for s, _ in times]), "y": plain((y + 0.2 * spread).tolist()),
        "marker": {"symbol": symbol, "size": 7, "color": color, "opacity": 0.8, "line": {"width": 1.4, "color": color}},
        "text": [f"{one.fault}: {textwrap.shorten(one.target, 40, placeholder=' …')}" for _, one in times],
        "hovertemplate": f"%{{text}}<br>{name} after %{{x:,.3~g}} s<extra></extra>",
    }  # fmt: skip
    bar = {
        "type": "scatter", "mode": "lines", "name": f"mean, {name}", "legendgroup": name,
        "x": plain([mean, mean, mean]), "y": plain([y - 0.15, y, y + 0.15]), "line": {"color": color, "width": 4},
        "hovertemplate": f"mean of {len(times):,}: {name} after {digits(mean)} s<extra></extra>",
    }  # fmt: skip
    return [marks, bar]


def by_layer(log: IncidentLog, now_s: float) -> go.Figure | None:
    """Incidents that began in each stretch of time, by layer, and how many were open; None if there is none."""
    if not len(log):
        return None
    width_s = stretch_s(now_s)
    edges = np.arange(0.0, max(now_s, width_s) + width_s, width_s)
    begins = np.array([one.begins_s for one in log.incidents])
    ends = np.array([one.recovered_s for one in log.incidents])
    layer = np.array([LAYERS.index(one.layer) for one in log.incidents])
    divisor, unit = time_unit(now_s)
    middle = plain(((edges[:-1] + edges[1:]) / 2 / divisor).tolist())
    traces: list[dict[str, Any]] = []
    for i, name in enumerate(LAYERS):
        count = np.histogram(begins[layer == i], edges)[0]
        if count.any():
            color, _, shape = LAYER_LOOKS[name]
            pattern = {"shape": shape, "fillmode": "overlay", "fgopacity": 0.7}
            traces.append(
                {
                    "type": "bar", "name": name, "x": middle, "y": count.astype(np.float32),
                    "width": width_s / divisor, "marker": {"color": color, "pattern": pattern},
                    "hovertemplate": f"<b>{name}</b>: %{{y:,}} began in {width_s:g} s<br>until "
                    "%{x:,.4~g} " + unit + f"<br>{LAYER_TEXTS[name]}<extra></extra>",
                }
            )  # fmt: skip
    at = np.minimum(edges[1:], now_s)
    still = np.sort(begins).searchsorted(at, "right") - np.sort(ends[~np.isnan(ends)]).searchsorted(
        at, "right"
    )
    traces.append(
        {
            "type": "scatter", "mode": "lines", "name": "open", "x": plain((at / divisor).tolist()),
            "y": still.astype(np.float32), "line": {"color": GRAY, "width": 2, "dash": "dot", "shape": "hv"},
            "hovertemplate": f"%{{y:,}} open at %{{x:,.4~g}} {unit}<extra></extra>",
        }
    )  # fmt: skip
    return finished(
        traces,
        "Faults by layer",
        f"simulated time ({unit})",
        f"incidents that began in {width_s:g} s (number)",
        terms(*LAYER_TEXTS.items(), ("open", "incidents of which something is not made good, at the end of a stretch")),
        f"{len(log):,} so far",
        {"barmode": "stack", "bargap": 0.05, "yaxis": {"rangemode": "tozero", "dtick": _step(traces)}},
    )  # fmt: skip


def _step(traces: Sequence[dict[str, Any]]) -> int:
    """Whole distance of the lines of a grid, at most six of them."""
    top = max(
        float(traces[-1]["y"].max()), float(np.sum([trace["y"] for trace in traces[:-1]], axis=0).max())
    )
    steps = [int(step * 10.0**power) for power in range(9) for step in (1, 2, 5)]
    return next(step for step in steps if top <= 6 * step)


def stretch_s(seconds: float) -> float:
    """Width of bars over so much time, s: a round number, at most 60 of them.

    >>> stretch_s(59.0), stretch_s(3600.0), stretch_s(86_400.0)
    (1.0, 60.0, 1800.0)
    """
    round_s = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
    return float(
        next((s for s in round_s if seconds / s <= BARS), 86_400 * math.ceil(seconds / 86_400 / BARS))
    )
