"""Statistics of emergence detectors against their nulls, window by window."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.emergence.base import Test, Verdict
from ..emergence import Emergence
from ..emergence_tables import chance, why
from ..theme import BLUE, FAINT, GRAY, ORANGE, digits, see_through
from .lines import finished, time_unit
from .links import terms

MOST_WINDOWS = 60
"""Windows in a figure, the last ones; a run's folder has all of them."""


class Meaning(NamedTuple):
    """What a statistic is.

    Attributes:
        unit: behind its numbers on an axis.
        text: its definition.
    """

    unit: str
    text: str


STATISTICS = {
    "synchrony": Meaning(
        "share",
        "variance of the mean series over the mean variance of the series: 1 / N where they go alone, 1 where all go "
        "as one (Golomb & Rinzel 1993); null: the same series with phases of their own",
    ),
    "directed": Meaning(
        "influences",
        "ordered pairs of which one series foretells the other beyond its own past, by Gaussian transfer entropy of "
        "whitened ranks (Barnett, Barrett & Seth 2009), by Benjamini and Hochberg's rule over all pairs; null: the law "
        "of that rule's false discoveries (Finner & Roters 2002)",
    ),
    "pooled choice": Meaning(
        "share",
        "largest deviation of the shares of options that parts hold from the mean of replays without links; null: the "
        "replays' own",
    ),
    "novelty": Meaning(
        "kinds",
        "kinds of solutions that were never seen before; null: a Pitman-Yor process fitted to what was seen until then",
    ),
    "records": Meaning(
        "records",
        "solutions better than all before; null: the exact law of records of the same number of trials alone",
    ),
    "modularity": Meaning(
        "Q",
        "how much more links lie within communities than by chance; null: networks rewired with the same degrees "
        "(Guimera, Sales-Pardo & Amaral 2004)",
    ),
    "trend": Meaning(
        "pairs",
        "pairs of windows in which the modularity's z rises less those in which it falls (Mann 1945, Kendall 1938); "
        "null: the windows in random order",
    ),
    "assembly bonus": Meaning(
        "share",
        "questions that the group got right less those that the best count of its members' lone answers gets right, "
        "weighted as other questions teach (Nitzan & Paroush 1982)",
    ),
    "gain over the twin": Meaning("z", "collective IQ above the twin without links, over its standard error"),
    "psi": Meaning(
        "nats",
        "what the whole tells of its own future beyond what its parts tell of it (Rosas et al. 2020); null: the parts "
        "shifted in time",
    ),
    "macro": Meaning(
        "nats", "what the whole tells of its own future beyond its best part; null: the parts shifted in time"
    ),
}
"""The shipped detectors' statistics; of others an axis says no unit."""

UNKNOWN = Meaning("its own unit", "a statistic of a detector that was added")
BAND_TEXT = "the null's distribution in a window, from its 2.5 % to its 97.5 % point, with its mean as a line"
OBSERVED_TEXT = "what was observed in a window; filled where the null is rejected at the detector's level"
ABSTAINED_TEXT = "a window of which no number is given, with the reason"
COURSE_READ = (
    "Each gray bar is what the null gives in a window (95 %), its line the mean; a point far outside is told from "
    "chance, and filled if the null is rejected; a cross is a window without a number."
)
ROW_PX, EDGES_PX, HEAD_PX, FIRST_PX = 128, 100, 48, 30


def courses(seen: Emergence, detector: str) -> go.Figure | None:
    """A detector's statistics against their null bands, one below the other; None if it never looked."""
    verdicts = seen.of(detector)
    if not verdicts:
        return None
    left_out = max(len(verdicts) - MOST_WINDOWS, 0)
    verdicts = verdicts[left_out:]
    names = list(dict.fromkeys(test.statistic for verdict in verdicts for test in verdict.tests)) or [""]
    divisor, unit = time_unit(verdicts[-1].end_s)
    traces, layout = _stacked(verdicts, names, divisor)
    note = f"{len(verdicts):,} {'window' if len(verdicts) == 1 else 'windows'}"
    note += f", the last ones of {len(seen.of(detector)):,}" if left_out else ""
    told = [(name, meaning(name).text) for name in names if name]
    return finished(
        traces,
        f"{title(detector)}: statistics against their nulls",
        f"simulated time ({unit})",
        f"({meaning(names[0]).unit})",
        terms(*told, ("null", BAND_TEXT), ("observed", OBSERVED_TEXT), ("abstained", ABSTAINED_TEXT)),
        note,
        layout,
    )


def _stacked(
    verdicts: Sequence[Verdict], names: Sequence[str], divisor: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Small figures one below the other on one axis of time; each has a hidden axis from 0 to 1 for its crosses."""
    inside = FIRST_PX - HEAD_PX + len(names) * (HEAD_PX + ROW_PX)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": EDGES_PX + inside, "bargap": 0, "annotations": []}
    for row, name in enumerate(names):
        top = 1 - (FIRST_PX + row * (HEAD_PX + ROW_PX)) / inside
        domain = [max(top - ROW_PX / inside, 0.0), top]
        own, hidden = _axis(row), _axis(len(names) + row)
        axis = {"title": {"text": f"({meaning(name).unit})"}, "domain": domain, "nticks": 5}
        more = _course(verdicts, name, divisor, (own, hidden))
        if not np.isfinite(more[2]["y"]).any():
            axis |= {"range": [0, 1], "showticklabels": False, "showgrid": False}
        layout["yaxis" + own[1:]] = axis
        layout["yaxis" + hidden[1:]] = {
            "domain": domain, "overlaying": own, "range": [0, 1], "visible": False, "fixedrange": True,
        }  # fmt: skip
        layout["annotations"].append(_headline(verdicts[-1], name, top))
        traces += more
    span = [verdicts[0].start_s / divisor, verdicts[-1].end_s / divisor]
    layout["xaxis"] = {"anchor": _axis(len(names) - 1), "range": span}
    shown = {
        trace["name"]: i for i, trace in reversed(list(enumerate(traces))) if np.isfinite(trace["y"]).any()
    }
    told = [
        trace | {"legendgroup": trace["name"], "showlegend": shown.get(trace["name"]) == i}
        for i, trace in enumerate(traces)
    ]
    return told, layout


def meaning(statistic: str) -> Meaning:
    """What a statistic is.

    >>> meaning("psi").unit
    'nats'
    """
    return STATISTICS.get(statistic, UNKNOWN)


def test_of(verdict: Verdict, statistic: str) -> Test | None:
    """A verdict's test of that name."""
    return next((test for test in verdict.tests if test.statistic == statistic), None)


def _axis(number: int) -> str:
    return "y" if number == 0 else f"y{number + 1}"


def title(detector: str) -> str:
    """A detector's name at the head of a figure."""
    return {"collective-intelligence": "Collective intelligence"}.get(
        detector, detector[:1].upper() + detector[1:]
    )


def _course(
    verdicts: Sequence[Verdict], name: str, divisor: float, axes: tuple[str, str]
) -> list[dict[str, Any]]:
    """One statistic: bars of the null, its mean, the observed points, and marks where it abstained."""
    given = [(v, t) for v in verdicts if (t := test_of(v, name)) is not None and not why(v, t)]
    silent = [(v, w) for v in verdicts if (w := why(v, test_of(v, name)))]
    bounded = [(v, t) for v, t in given if math.isfinite(t.null_low) and math.isfinite(t.null_high)]
    every = [(v, test_of(v, name) or Test(statistic=name)) for v in verdicts]
    shared = {"yaxis": axes[0], "xaxis": "x"}
    return [
        {
            "type": "bar",
            "name": "null, 95 %",
            "x": plain([(v.start_s + v.end_s) / 2 / divisor for v, _ in bounded]),
            "width": plain([(v.end_s - v.start_s) / divisor for v, _ in bounded]),
            "base": plain([t.null_low for _, t in bounded]),
            "y": plain([t.null_high - t.null_low for _, t in bounded]),
            "marker": {"color": see_through(FAINT, 0.4), "line": {"width": 0}},
            "hoverinfo": "skip",
        }
        | shared,
        {
            "type": "scatter",
            "mode": "lines",
            "name": "null, mean",
            "x": plain([x / divisor for v, _ in given for x in (v.start_s, v.end_s, math.nan)]),
            "y": plain([y for _, t in given for y in (t.null_mean, t.null_mean, math.nan)]),
            "line": {"color": GRAY, "width": 1.4},
            "hoverinfo": "skip",
        }
        | shared,
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "observed",
            "x": plain([(v.start_s + v.end_s) / 2 / divisor for v in verdicts]),
            "y": plain([math.nan if why(v, t) else t.observed for v, t in every]),
            "line": {"color": see_through(BLUE, 0.45), "width": 1},
            "marker": {
                "size": 9,
                "color": BLUE,
                "line": {"width": 1.8, "color": BLUE},
                "symbol": ["circle" if t.rejected else "circle-open" for _, t in every],
            },
            "text": ["" if why(v, t) else _said(v, t) for v, t in every],
            "hovertemplate": f"<b>{name}</b> %{{text}}<extra></extra>",
        }
        | shared,
        {
            "type": "scatter",
            "mode": "markers",
            "name": "abstained",
            "x": plain([(v.start_s + v.end_s) / 2 / divisor for v, _ in silent]),
            "y": plain([0.08 for _ in silent]),
            "marker": {"size": 7, "symbol": "x-thin", "line": {"width": 1.6, "color": ORANGE}},
            "text": [f"{when(v)}<br>{wrapped(reason)}" for v, reason in silent],
            "hovertemplate": f"<b>{name or 'nothing'}</b>, abstained, %{{text}}<extra></extra>",
        }
        | shared
        | {"yaxis": axes[1]},
    ]


def plain(values: Sequence[float] | Floats) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Numbers as Plotly packs them best."""
    return np.array(values, np.float32)


def when(verdict: Verdict) -> str:
    """A verdict's window in words."""
    return f"window {verdict.start_s:,.0f} to {verdict.end_s:,.0f} s"


def wrapped(text: str, width: int = 52) -> str:
    """Text in lines of readable length."""
    return "<br>".join(textwrap.wrap(text, width))


def _said(verdict: Verdict, test: Test) -> str:
    """What a point says of itself."""
    null = f"null {digits(test.null_mean)}" if math.isfinite(test.null_mean) else "null without a mean"
    if math.isfinite(test.null_low):
        null += f" [{digits(test.null_low)}, {digits(test.null_high)}]"
    lines = [
        f"{digits(test.observed)}, {when(verdict)}",
        null,
        f"p {chance(test.p)}, {test.tail}{'' if test.tail == 'both' else ' tail'}, family of {test.family:,}",
    ]
    if math.isfinite(test.effect):
        lines.append(f"effect {digits(test.effect)} {test.effect_name}")
    return "<br>".join(lines)


def _headline(verdict: Verdict, name: str, top: float) -> dict[str, Any]:
    """The name over a small figure, with the last window's p or why there is none."""
    test = test_of(verdict, name)
    reason = why(verdict, test)
    if reason or test is None:
        said = f"abstained: {reason}"
    else:
        said = f"p {chance(test.p)}" + (", null rejected" if test.rejected else "")
    text = f"<b>{name}</b>  {said}" if name else said
    return {
        "xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom", "align": "left",
        "showarrow": False, "text": "<br>".join(textwrap.wrap(text, 54, max_lines=2, placeholder=" …")),
        "font": {"size": 12},
    }  # fmt: skip
