"""Figures of collective intelligence: IQ and decisions over time, scores against bounds, the norm's factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...agents.cognition import FUNCTIONS
from ...model.intelligence.norm import Norm
from ..probes import Probes
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, number, see_through
from .lines import Line, finished
from .links import terms
from .series import moments

MEAN, DEVIATION = 100.0, 15.0
"""Of the IQ in the norm, by definition."""
IQ_TEXT = (
    "collective IQ: mean of the twelve scores against groups of the same size; 100 is the norm's mean, 15 one "
    "standard deviation of its groups; with its 95 % interval"
)
ABSOLUTE_TEXT = "the same against groups of all sizes, so that a larger group may be more intelligent"
SCORE_TEXT = (
    "what the panels of the last probe reached, 0 = chance or nothing, 1 = all there is to win; with two standard "
    "errors on each side"
)
BOUND_TEXT = "what their members could reach if nothing were lost on the way to the group"
LOSS_TEXT = "process loss: bound less score (Steiner 1972)"
FIRST_TEXT = (
    "loading of a function's score on the one factor of the twelve, by maximum likelihood (Joreskog 1967)"
)
SECOND_TEXT = "loading on the second principal component of the norm's scores"
DECIDED = (
    ("decisions right", "decision_accuracy", BLUE,
     "share of a panel's decisions that were right, with its 95 % interval over questions"),
    ("single agents right", "alone_accuracy", GRAY,
     "share of the same agents' own answers that were right, before anybody was heard"),
    ("confidence", "decision_confidence", ORANGE,
     "mean chance of being right that the rule gives its answers; as high as the share of right ones where it is "
     "calibrated"),
    ("agreement", "decision_agreement", GREEN,
     "agreement of the panel's answers beyond chance: 1 where all say the same, 0 where they agree as by chance"),
)  # fmt: skip


def iq_over_time(probes: Probes) -> go.Figure | None:
    """Collective IQ of each probe with its interval, beside the norm; None before the first one."""
    iq = probes.column("iq")
    if not np.isfinite(iq).any():
        return None
    lines = [
        Line(name="collective IQ", values=iq, text=IQ_TEXT, color=BLUE, width=2.2),
        Line(name="absolute IQ", values=probes.column("iq_absolute"), text=ABSOLUTE_TEXT, color=PURPLE, dash="dot"),
    ]  # fmt: skip
    ends = (probes.column("iq_low"), probes.column("iq_high"))
    shown = np.concatenate([*ends, probes.column("iq_absolute"), [MEAN - DEVIATION, MEAN + DEVIATION]])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    panels, agents = probes.last("panels"), probes.last("panel_agents")
    note = f"{len(probes):,} {'probe' if len(probes) == 1 else 'probes'}"
    if np.isfinite(panels):
        note += f"; the last one: {panels:,.0f} panels of {agents:,.0f} agents"
    return moments(
        "Collective IQ",
        lines,
        probes.column("time_s"),
        "IQ (points)",
        what="probes",
        note=note,
        bands={"collective IQ": ends},
        more={
            "height": 440,
            "yaxis": {"range": [low - 2, high + 2]},
            "shapes": _norm_band(),
            "annotations": [_at_the_right(MEAN - DEVIATION, "the norm: 100 ± 15")],
        },
    )


def _norm_band() -> list[dict[str, Any]]:
    """The middle two thirds of the norm's groups, and their mean."""
    wide = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    return [
        wide
        | {
            "type": "rect",
            "y0": MEAN - DEVIATION,
            "y1": MEAN + DEVIATION,
            "fillcolor": see_through(FAINT, 0.18),
            "line": {"width": 0},
        },
        wide
        | {"type": "line", "y0": MEAN, "y1": MEAN, "line": {"color": GRAY, "width": 1.2, "dash": "dash"}},
    ]


def _at_the_right(y: float, text: str) -> dict[str, Any]:
    return {
        "xref": "paper",
        "x": 1,
        "y": y,
        "xanchor": "right",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 11, "color": GRAY},
    }


def scores(probes: Probes) -> go.Figure | None:
    """The last probe's score of each function within its bound; None before the first one."""
    score, bound, se, z = (probes.functions(kind) for kind in ("score", "bound", "se", "z"))
    if not np.isfinite(score).any():
        return None
    names = list(FUNCTIONS)
    loss = bound - score
    text = [
        f"<b>{name}</b>: {s:.3f} (se {e:.3f}) of {b:.3f}<br>process loss {d:.3f}, efficiency {s / b:.0%}<br>"
        f"{v:+.2f} standard deviations from groups of this size"
        for name, s, e, b, d, v in zip(names, score, se, bound, loss, z, strict=True)
    ]
    row = {"type": "bar", "orientation": "h", "y": names, "hovertemplate": "%{text}<extra></extra>"}
    row |= {"text": text, "textposition": "none"}
    traces = [
        row
        | {
            "x": bound.astype(np.float32),
            "name": "bound",
            "marker": {"color": see_through(FAINT, 0.45), "line": {"color": GRAY, "width": 1}},
            "width": 0.82,
        },
        row
        | {
            "x": score.astype(np.float32),
            "name": "score",
            "marker": {"color": BLUE},
            "width": 0.5,
            "error_x": {
                "type": "data",
                "array": (2 * se).astype(np.float32),
                "color": GRAY,
                "thickness": 1.4,
            },
        },
    ]
    lines = terms(("score", SCORE_TEXT), ("bound", BOUND_TEXT), ("process loss", LOSS_TEXT))
    lost = names[int(np.nanargmax(loss))]
    note = f"probe at {probes.last('time_s'):,.0f} s; most is lost in {lost}: {np.nanmax(loss):.2f}"
    return finished(
        traces,
        "Scores and bounds",
        "score (share of what there is to win)",
        "cognitive function (name)",
        lines,
        note,
        {
            "height": 440,
            "barmode": "overlay",
            "xaxis": {"range": [min(0.0, float(np.nanmin(score))), 1.02]},
            "yaxis": {"autorange": "reversed", "title": {"text": "cognitive function (name)"}},
        },
    )


def loadings(norm: Norm) -> go.Figure:
    """How strongly each function's score goes with the first and the second factor of the norm's groups."""
    first, second = (np.array(norm.factor[key], np.float64) for key in ("loadings", "second_loadings"))
    bars = (("first factor", first, BLUE, FIRST_TEXT), ("second component", second, ORANGE, SECOND_TEXT))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "y": list(FUNCTIONS),
            "x": values.astype(np.float32),
            "name": name,
            "marker": {"color": color},
            "hovertemplate": f"<b>%{{y}}</b>: %{{x:.2f}}<br>{name}<extra></extra>",
        }
        for name, values, color, _ in bars
    ]
    f = norm.factor
    larger = "above" if f["low"] > f["null"] else "not above"
    note = (
        f"the first component takes {f['share']:.0%} [{f['low']:.0%} to {f['high']:.0%}] of the variance among "
        f"{norm.groups:,} groups, {larger} Horn's null of {f['null']:.0%}; the second {f['second']:.0%}"
    )
    return finished(
        traces,
        "Factor loadings of the norm",
        "loading (correlation with the factor)",
        "cognitive function (name)",
        terms(*((name, text) for name, _, _, text in bars)),
        note,
        {"height": 440, "barmode": "group", "xaxis": {"range": [-1.02, 1.02]}, "yaxis": {"autorange": "reversed"}},
    )  # fmt: skip


def decisions(probes: Probes) -> go.Figure | None:
    """How often decisions were right, beside single agents, confidence and agreement; None before the first one."""
    right = probes.column("decision_accuracy")
    if not np.isfinite(right).any():
        return None
    lines = [
        Line(name=name, values=probes.column(key), text=text, color=color, unit="share", width=2.2 if i == 0 else 1.6)
        for i, (name, key, color, text) in enumerate(DECIDED)
    ]  # fmt: skip
    half = 1.96 * probes.column("decision_accuracy_se")
    took = probes.last("decision_ms")
    note = (
        f"last probe: Brier score {number(probes.last('decision_brier'))} (0 is best), correlation of errors "
        f"{number(probes.last('decision_error_correlation'))}, "
        + (f"{number(took, 'ms')} to decide" if np.isfinite(took) else "no answer reached the node that asks")
    )
    return moments(
        "Decisions",
        lines,
        probes.column("time_s"),
        "share (%)",
        what="probes",
        note=note,
        share=True,
        bands={"decisions right": (np.maximum(right - half, 0.0), np.minimum(right + half, 1.0))},
        more={"height": 440, "yaxis": {"rangemode": "tozero"}},
    )
