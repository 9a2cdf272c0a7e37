"""Figures of a search: how it went, what mattered, and the objective over the factors."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...batch.analysis.meaning import meaning
from ...batch.factors import Factor, Listed
from ...batch.verdict import FEASIBLE, Verdict
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, SEQUENTIAL
from ..tune_tables import word
from .effects import axis_of, titled
from .lines import Line, finished

if TYPE_CHECKING:
    from ...batch.search import Objective
    from ...batch.tuned import Tuned

GRID = 40
FEWEST = 8


def history_figure(tuned: Tuned, objective: Objective) -> go.Figure:
    """The objective of each trial in order, the best feasible one so far, and the base."""
    known = [verdict for verdict in tuned.trials if verdict.known]
    good = [verdict for verdict in known if verdict.state == FEASIBLE]
    bad = [verdict for verdict in known if verdict.state != FEASIBLE]
    name = objective.outcome
    traces = [
        _points(tuned, bad, name, "infeasible", FAINT, "x"),
        _points(tuned, good, name, "feasible", BLUE, "circle"),
        _best_so_far(good, objective, len(tuned.trials)),
        *_base(tuned, name),
    ]
    return finished(
        traces,
        f"Course: {meaning(name).title}",
        "trial",
        titled(meaning(name)),
        _legend(),
        "failed trials are not drawn",
        {"yaxis": axis_of(meaning(name))},
    )


def importance_figure(shares: Mapping[str, float], outcome: str) -> go.Figure:
    """How much of the difference between good and other trials each factor tells."""
    names = list(shares)[::-1]
    bars = go.Bar(
        x=[shares[name] for name in names],
        y=names,
        orientation="h",
        marker={"color": BLUE},
        hovertemplate="<b>%{y}</b>: %{x:.1%}<extra></extra>",
    )
    line = Line(
        name="importance",
        values=np.zeros(0),
        text="how far the density of a factor's values in the best tenth of the trials differs from that in all "
        "(PED-ANOVA, Watanabe et al. 2023), as a share of the sum over the factors",
        color=BLUE,
    )
    more = {"xaxis": {"tickformat": ".0%", "rangemode": "tozero"}, "height": 140 + 34 * len(names)}
    return finished([bars], f"Importance for {meaning(outcome).title}", "share", "", [line], "", more)


def slice_figure(tuned: Tuned, factor: Factor, outcome: str) -> go.Figure:
    """The objective over one factor; later trials are darker."""
    known = [v for v in tuned.trials if v.known and factor.key in tuned.setting(v)]
    late = np.array([verdict.setting for verdict in known], np.float64)
    points = go.Scatter(
        x=[_place(factor, tuned.setting(verdict)[factor.key]) for verdict in known],
        y=[verdict.means[outcome] for verdict in known],
        mode="markers",
        marker={
            "color": late,
            "coloraxis": "coloraxis",
            "size": 8,
            "symbol": ["circle" if verdict.state == FEASIBLE else "x" for verdict in known],
        },
        text=[_about(tuned, verdict, outcome) for verdict in known],
        hovertemplate="%{text}<extra></extra>",
    )
    more = {
        "xaxis": _axis(factor),
        "yaxis": axis_of(meaning(outcome)),
        "coloraxis": {
            "colorscale": SEQUENTIAL,
            "reversescale": True,
            "colorbar": {"title": {"text": "trial"}},
        },
    }
    note = "a circle is feasible, a cross is not"
    titles = f"{meaning(outcome).title} over {factor.key}", factor.key, titled(meaning(outcome))
    return finished([points], *titles, [], note, more)


def contour_figure(tuned: Tuned, ranges: Sequence[Factor], outcome: str) -> go.Figure | None:
    """The objective over two ranges, linear between the trials; None if no two are in enough trials together.

    Args:
        tuned: the search.
        ranges: factors, the most important one first; the first two that will do are drawn.
        outcome: what is drawn.
    """
    for pair in itertools.combinations(ranges, 2):
        keys = [factor.key for factor in pair]
        known = [v for v in tuned.trials if v.known and all(key in tuned.setting(v) for key in keys)]
        if len(known) >= FEWEST:
            return _contours(tuned, pair, known, outcome)
    return None


def _contours(tuned: Tuned, pair: Sequence[Factor], known: list[Verdict], outcome: str) -> go.Figure:
    keys = [factor.key for factor in pair]
    x, y = (np.array([float(tuned.setting(v)[key]) for v in known]) for key in keys)
    z = np.array([verdict.means[outcome] for verdict in known])
    grid_x, grid_y, heights = _between(pair, x, y, z)
    field = go.Contour(
        x=grid_x, y=grid_y, z=heights, coloraxis="coloraxis", line={"width": 0.5}, hoverinfo="skip", connectgaps=False
    )  # fmt: skip
    trials = go.Scatter(
        x=x,
        y=y,
        mode="markers",
        marker={
            "color": "#FFFFFF",
            "size": 7,
            "line": {"color": GRAY, "width": 1},
            "symbol": ["circle" if verdict.state == FEASIBLE else "x" for verdict in known],
        },
        text=[_about(tuned, verdict, outcome) for verdict in known],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    unit = meaning(outcome).unit
    more = {
        "xaxis": _axis(pair[0]),
        "yaxis": _axis(pair[1]),
        "coloraxis": {"colorscale": SEQUENTIAL, "colorbar": {"title": {"text": unit}}},
        "height": 440,
    }
    title = f"{meaning(outcome).title} over {keys[0]} and {keys[1]}"
    note = "linear between trials, which also differ in the other factors"
    return finished([field, trials], title, keys[0], keys[1], [], note, more)


def front_figure(tuned: Tuned) -> go.Figure:
    """Trials by their first two objectives, and those on the front."""
    first, second = (objective.outcome for objective in tuned.search.objectives[:2])
    front = tuned.front
    numbers = {verdict.setting for verdict in front}
    rest = [v for v in tuned.trials if v.known and v.setting not in numbers]
    traces = [
        _cloud(tuned, [v for v in rest if v.state != FEASIBLE], "infeasible", FAINT, "x", (first, second)),
        _cloud(tuned, [v for v in rest if v.state == FEASIBLE], "feasible", BLUE, "circle", (first, second)),
        _cloud(tuned, front, "front", GREEN, "circle", (first, second)),
    ]
    base = tuned.base
    if base is not None and base.known:
        traces.append(_cloud(tuned, [base], "base", ORANGE, "diamond", (first, second)))
    more = {"xaxis": axis_of(meaning(first)), "yaxis": axis_of(meaning(second)), "height": 440}
    titles = titled(meaning(first)), titled(meaning(second))
    return finished(
        traces, f"{meaning(second).title} over {meaning(first).title}", *titles, _legend(), "", more
    )


def _cloud(
    tuned: Tuned, some: Sequence[Verdict], name: str, color: str, symbol: str, outcomes: tuple[str, str]
) -> go.Scatter:
    x, y = ([verdict.means[outcome] for verdict in some] for outcome in outcomes)
    size = 10 if name in ("front", "base") else 7
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=name,
        marker={"color": color, "size": size, "symbol": symbol},
        text=[_about(tuned, verdict, *outcomes) for verdict in some],
        hovertemplate="%{text}<extra></extra>",
    )


def _points(
    tuned: Tuned, some: Sequence[Verdict], outcome: str, name: str, color: str, symbol: str
) -> go.Scatter:
    return go.Scatter(
        x=[verdict.setting for verdict in some],
        y=[verdict.means[outcome] for verdict in some],
        mode="markers",
        name=name,
        marker={"color": color, "symbol": symbol, "size": 7},
        text=[_about(tuned, verdict, outcome) for verdict in some],
        hovertemplate="%{text}<extra></extra>",
    )


def _best_so_far(good: Sequence[Verdict], objective: Objective, trials: int) -> go.Scatter:
    x: list[int] = []
    y: list[float] = []
    for verdict in good:
        value = verdict.means[objective.outcome]
        if not y or objective.sign * value < objective.sign * y[-1]:
            x.append(verdict.setting)
            y.append(value)
    if y:
        x.append(trials)
        y.append(y[-1])
    line = {"color": GREEN, "width": 2, "shape": "hv"}
    return go.Scatter(x=x, y=y, mode="lines", name="best so far", line=line, hoverinfo="skip")


def _base(tuned: Tuned, outcome: str) -> list[go.Scatter]:
    base = tuned.base
    if base is None or not base.known:
        return []
    value = base.means[outcome]
    line = {"color": ORANGE, "width": 1.6, "dash": "dash"}
    x = [1, len(tuned.trials)]
    return [go.Scatter(x=x, y=[value, value], mode="lines", name="base", line=line, hoverinfo="skip")]


def _legend() -> list[Line]:
    words = (
        ("feasible", "a trial whose means keep all constraints", BLUE),
        ("infeasible", "a trial that breaks a constraint", FAINT),
        ("base", "the config from which the search began, under the same seeds", ORANGE),
    )
    return [Line(name=name, values=np.zeros(0), text=text, color=color) for name, text, color in words]


def _about(tuned: Tuned, verdict: Verdict, *outcomes: str) -> str:
    """Hover text of a trial."""
    name = f"trial {verdict.setting}" if verdict.setting else "base"
    means = [f"{outcome} {verdict.means[outcome]:.4g}" for outcome in outcomes]
    changes = [f"{key} = {word(value)}" for key, value in tuned.setting(verdict).items()]
    return "<br>".join([f"<b>{name}</b>, {verdict.state}", *means, *changes])


def _place(factor: Factor, value: Any) -> Any:
    return word(value) if isinstance(factor, Listed) else value


def _axis(factor: Factor) -> dict[str, Any]:
    if isinstance(factor, Listed):
        order = [word(value) for value in factor.values]
        return {"type": "category", "categoryorder": "array", "categoryarray": order}
    return {"type": "log"} if factor.log else {}


def _between(pair: Sequence[Factor], x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Any]:
    """A grid over two ranges with values linear between the points, None outside."""
    from scipy.interpolate import LinearNDInterpolator

    units, axes = [], []
    for factor, values in zip(pair, (x, y), strict=True):
        log = not isinstance(factor, Listed) and factor.log
        scale = np.log if log else np.asarray
        low, high = float(scale(values).min()), float(scale(values).max())
        units.append((scale(values) - low) / ((high - low) or 1.0))
        steps = np.linspace(low, high, GRID)
        axes.append(np.exp(steps) if log else steps)
    inside = LinearNDInterpolator(np.column_stack(units), z)
    u, v = np.meshgrid(np.linspace(0, 1, GRID), np.linspace(0, 1, GRID))
    heights = np.asarray(inside(u, v), object)
    heights[np.isnan(heights.astype(np.float64))] = None
    return axes[0], axes[1], heights
