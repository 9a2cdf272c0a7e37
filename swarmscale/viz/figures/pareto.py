"""The figure of a Pareto front: settings by two objectives, those on the front by how sure they are of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...batch.analysis.meaning import Meaning
from ...batch.analysis.pareto import Direction
from ..theme import BLUE, FAINT, number
from .effects import axis_of, titled
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd


def pareto_figure(
    table: pd.DataFrame,
    objectives: Mapping[str, Direction],
    meanings: Mapping[str, Meaning],
    words: list[str],
) -> go.Figure:
    """Settings by the first two objectives; others stand in the hover text.

    Args:
        table: from :func:`~swarmscale.batch.analysis.pareto`.
        objectives: as they were given to it.
        meanings: of the objectives.
        words: each setting of the table as text.
    """
    x, y = list(objectives)[:2]
    on = table["front"].to_numpy(bool)
    share = table["share"].to_numpy(np.float64)
    texts = [
        f"<b>{word}</b><br>"
        + "<br>".join(f"{meanings[k].title}: {number(float(row[k]), meanings[k].unit)}" for k in objectives)
        + (f"<br>on the front in {s:.0%} of the resamples" if np.isfinite(s) else "")
        for word, row, s in zip(words, table.to_dict("records"), share, strict=True)
    ]
    traces = [
        _trace(table, x, y, ~on, texts, "others", FAINT, 7),
        _trace(table, x, y, on, texts, "front", BLUE, 11),
    ]
    traces[1]["marker"]["opacity"] = 0.35 + 0.65 * np.nan_to_num(share[on], nan=1.0)
    if len(objectives) == 2:
        order = np.argsort(table[x].to_numpy(np.float64)[on], kind="stable")
        for key in ("x", "y"):
            traces[1][key] = traces[1][key][order]
        traces[1]["text"] = [traces[1]["text"][i] for i in order]
        traces[1]["marker"]["opacity"] = traces[1]["marker"]["opacity"][order]
        traces[1] |= {"mode": "lines+markers", "line": {"color": BLUE, "width": 1, "shape": "linear"}}
    wanted = ", ".join(
        f"{meanings[k].title} {'low' if d == 'min' else 'high'}" for k, d in objectives.items()
    )
    lines = [
        Line(name="front", values=np.zeros(0), color=BLUE, text="no other setting is as good in all objectives and "
             "better in one; the fainter, the fewer bootstrap resamples agree"),
        Line(name="others", values=np.zeros(0), color=FAINT, text="settings that another one beats"),
    ]  # fmt: skip
    return finished(
        traces,
        "Pareto front",
        titled(meanings[x]),
        titled(meanings[y]),
        lines,
        f"wanted: {wanted}" + ("; the third one is not drawn" if len(objectives) > 2 else ""),
        {"height": 440, "xaxis": axis_of(meanings[x]), "yaxis": axis_of(meanings[y])},
    )


def _trace(
    table: pd.DataFrame, x: str, y: str, which: Any, texts: list[str], name: str, color: str, size: int
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": table[x].to_numpy(np.float64)[which],
        "y": table[y].to_numpy(np.float64)[which],
        "name": name,
        "text": [text for text, mine in zip(texts, which, strict=True) if mine],
        "marker": {"color": color, "size": size},
        "hovertemplate": "%{text}<extra></extra>",
    }
