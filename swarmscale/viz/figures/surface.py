"""Figures of a response surface: a curve with its prediction interval, or contours under the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...batch.analysis.meaning import Meaning
from ...batch.analysis.surface import Surface
from ...batch.analysis.tidy import SET, measured
from ..theme import BLUE, FAINT, SEQUENTIAL, see_through
from .effects import axis_of, titled
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd

STEPS = 41


def surface_figure(found: Surface, frame: pd.DataFrame, meaning: Meaning) -> go.Figure:
    """The fit over one or two factors, and what was run.

    Args:
        found: from :func:`~swarmscale.batch.analysis.surface`.
        frame: the table that it was fitted to.
        meaning: of the outcome.
    """
    known = measured(frame, found.outcome)
    runs = [known[SET + key].to_numpy(np.float64) for key in found.factors]
    axes = [_axis(found, i) for i in range(len(found.factors))]
    note = f"R2 {found.r2:.3f}, a run lies {found.residual_sd:.3g} (standard deviation) from the fit"
    note = f"{note}; {found.note}" if found.note else note
    line = Line(
        name=meaning.title,
        values=np.zeros(0),
        text="a quadratic, fitted by least squares to every finished run; other factors are averaged over",
        color=BLUE,
    )
    if len(axes) == 1:
        traces = _curve(found, axes[0], runs[0], known[found.outcome].to_numpy(np.float64))
        titles = (found.factors[0], titled(meaning))
        more: dict[str, Any] = {"xaxis": _scale(found, 0), "yaxis": axis_of(meaning)}
    else:
        traces = _contours(found, axes, runs, meaning)
        titles = found.factors[0], found.factors[1]
        more = {
            "xaxis": _scale(found, 0),
            "yaxis": _scale(found, 1),
            "showlegend": False,
            "coloraxis": {
                "colorscale": SEQUENTIAL,
                "colorbar": {
                    "title": {"text": "%" if meaning.unit == "share" else meaning.unit},
                    "thickness": 12,
                },
            },
        }
    return finished(traces, f"Response surface: {meaning.title}", *titles, [line], note, more)


def _axis(found: Surface, i: int) -> Floats:
    low, high = float(found.low[i]), float(found.high[i])
    if found.factors[i] in found.log:
        return np.asarray(np.geomspace(low, high, STEPS), np.float64)
    return np.linspace(low, high, STEPS)


def _scale(found: Surface, i: int) -> dict[str, Any]:
    if found.factors[i] not in found.log:
        return {}
    wide = float(found.high[i] / found.low[i]) > 30
    return {"type": "log", "dtick": 1 if wide else "D2"}


def _curve(found: Surface, x: Floats, runs: Floats, values: Floats) -> list[dict[str, Any]]:
    mean, low, high = found.predict(x[:, None])
    edge = {
        "type": "scatter",
        "x": x,
        "mode": "lines",
        "line": {"width": 0},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    band = [
        edge | {"y": low, "name": "lower end"},
        edge | {"y": high, "name": "upper end", "fill": "tonexty", "fillcolor": see_through(BLUE, 0.15)},
    ]
    return [
        *(band if np.isfinite(low).all() else []),
        {
            "type": "scatter",
            "x": runs,
            "y": values,
            "mode": "markers",
            "name": "runs",
            "marker": {"color": FAINT, "size": 5},
            "hovertemplate": "run at %{x:,.5~g}: %{y:,.4~g}<extra></extra>",
        },
        {
            "type": "scatter",
            "x": x,
            "y": mean,
            "mode": "lines",
            "name": "fit, 95 % of new runs in the band",
            "line": {"color": BLUE, "width": 2},
            "hovertemplate": "fit at %{x:,.5~g}: %{y:,.4~g}<extra></extra>",
        },
    ]


def _contours(
    found: Surface, axes: list[Floats], runs: list[Floats], meaning: Meaning
) -> list[dict[str, Any]]:
    scale = 100.0 if meaning.unit == "share" else 1.0
    points = np.stack([part.ravel() for part in np.meshgrid(*axes)], axis=1)
    mean = scale * found.predict(points)[0].reshape(STEPS, STEPS)
    return [
        {
            "type": "contour",
            "x": axes[0],
            "y": axes[1],
            "z": mean,
            "coloraxis": "coloraxis",
            "contours": {"coloring": "heatmap", "showlabels": True},
            "line": {"width": 0.6, "color": "rgba(255,255,255,0.6)"},
            "name": "fit",
            "hovertemplate": "fit at %{x:,.4~g}, %{y:,.4~g}: %{z:,.4~g}<extra></extra>",
        },
        {
            "type": "scatter",
            "x": runs[0],
            "y": runs[1],
            "mode": "markers",
            "name": "settings",
            "marker": {
                "size": 5,
                "color": "rgba(255,255,255,0.85)",
                "line": {"width": 1, "color": "rgba(0,0,0,0.5)"},
            },
            "hovertemplate": "run at %{x:,.4~g}, %{y:,.4~g}<extra></extra>",
        },
    ]
