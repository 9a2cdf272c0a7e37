"""Figures of two runs over time: a column of both records, and what both have cost so far."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...errors import UnknownChoiceError
from ...model.columns import BY_NAME, provisioned
from ...model.records import Records
from ...model.scaling.prices import Prices
from ..theme import BLUE, ORANGE
from .lines import Line, time_figure

LOOKS = ((BLUE, "solid"), (ORANGE, "dash"))


def overlaid_records(
    one: Records, other: Records, column: str, names: tuple[str, str] = ("this run", "other run")
) -> go.Figure:
    """A column of both runs over simulated time, on the shorter of their ticks.

    Args:
        one: records of a run.
        other: of another one; where it has ended, or not come so far, nothing is drawn.
        column: of the records.
        names: of both, in the legend.

    Raises:
        UnknownChoiceError: if there is no such column.
    """
    if column not in BY_NAME:
        raise UnknownChoiceError("column of the records", column, [*BY_NAME])
    c = BY_NAME[column]
    title = column.replace("_", " ")
    series = one.column(column), other.column(column)
    return _both(
        title, f"{title} ({c.unit})" if c.unit else title, (one, other), series, names, c.text, c.unit
    )


def overlaid_cost(
    one: Records, other: Records, prices: tuple[Prices, Prices], names: tuple[str, str]
) -> go.Figure:
    """What the agents of both runs have cost so far, but for the price of each start.

    Args:
        one: records of a run.
        other: of another one.
        prices: of both.
        names: of both, in the legend.
    """
    series = _cost(one, prices[0]), _cost(other, prices[1])
    text = "agent-seconds so far x price, warm ones at the pool's price; starts themselves are not in it"
    return _both("cost so far", "price paid", (one, other), series, names, text, "")


def _cost(records: Records, prices: Prices) -> Floats:
    raw = records.raw()
    starting = raw.state("starting") * raw.dt
    paid = (provisioned(raw) - starting) * prices.ready + starting * prices.starting
    return np.cumsum(paid + raw.state("warm") * raw.dt * prices.warm)


def _both(
    title: str,
    y_title: str,
    records: tuple[Records, Records],
    series: tuple[Floats, Floats],
    names: tuple[str, str],
    text: str,
    unit: str,
) -> go.Figure:
    dt = min(r.dt for r in records)
    ticks = max(round(len(r) * r.dt / dt) for r in records)
    end_s = np.asarray(np.arange(1, ticks + 1) * dt, np.float64)
    lines = [
        Line(name=name, values=on_ticks(values, r.dt, end_s), text=text, color=color, unit=unit, dash=dash)
        for r, values, name, (color, dash) in zip(records, series, names, LOOKS, strict=True)
    ]
    return time_figure(title, lines, end_s, y_title)


def on_ticks(values: Floats, dt: float, end_s: Floats) -> Floats:
    """Values of ticks of one length at the ends of others; NaN where there is none.

    >>> on_ticks(np.array([1.0, 2.0]), 2.0, np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    array([ 1.,  1.,  2.,  2., nan])
    """
    place = np.ceil(end_s / dt - 1e-9).astype(np.int64) - 1
    padded = np.append(values, np.nan)
    return np.asarray(padded[np.minimum(place, len(values))], np.float64)
