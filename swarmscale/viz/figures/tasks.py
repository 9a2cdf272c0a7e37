"""The figure of single tasks: where the slowest of those sampled spent their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, SKY
from .lines import Line, finished, hover

if TYPE_CHECKING:
    import pandas as pd

SLOWEST = 20

WAY = (
    ("waiting at ingress", "arrived", "ingress_start", SKY, "wait in the entry node's ingress queue"),
    ("ingress", "ingress_start", "ingress_end", GREEN, "served by the entry node's ingress station"),
    ("over the mesh", "ingress_end", "at_home", PURPLE, "hops to the home node, lost messages sent again"),
    ("waiting at dispatch", "at_home", "dispatch_start", GRAY, "wait in the home node's dispatch queue"),
    ("dispatch", "dispatch_start", "at_cluster", FAINT, "a cluster is chosen, and the task sent there"),
    (
        "waiting in the cluster",
        "at_cluster",
        "start",
        ORANGE,
        "wait in the cluster's queue; attempts that were interrupted count as waiting",
    ),
    ("agent at work", "start", "finish", BLUE, "in an agent's hands, at the last attempt"),
)


def slowest_tasks(log: pd.DataFrame) -> go.Figure | None:
    """Stage times of the slowest sampled tasks that an agent finished; None if there are none.

    Args:
        log: the table of ``Records.task_log()``.
    """
    done = log[log["start"].notna() & log["finish"].notna() & log["arrived"].notna()]
    if done.empty:
        return None
    took = (done["finish"] - done["arrived"]).astype(float)
    order = np.lexsort((done["uid"].to_numpy(np.int64), -took.to_numpy()))[:SLOWEST]
    slow, took = done.iloc[order], took.iloc[order]
    names = [f"#{i + 1}" for i in range(len(slow))]
    about = [
        f"task {uid:x}, entry node {entry}, home node {home}, cluster {cluster}<br>"
        f"begun {attempts} time{'s' if attempts != 1 else ''}, {total:,.4g} s in all"
        for uid, entry, home, cluster, attempts, total in zip(
            slow["uid"], slow["entry"], slow["home"], slow["cluster"], slow["attempts"], took, strict=True
        )
    ]
    traces, lines = [], []
    for name, begin, end, color, text in WAY:
        values = np.maximum((slow[end] - slow[begin]).astype(float).fillna(0.0).to_numpy(), 0.0)
        lines.append(Line(name=name, values=values, text=text, color=color, unit="s"))
        traces.append(
            go.Bar(
                y=names,
                x=values,
                orientation="h",
                name=name,
                marker={"color": color, "line": {"width": 0}},
                customdata=about,
                hovertemplate=hover(name, text, "x", "s", "%{customdata}"),
            )
        )
    note = f"of {len(done):,} sampled tasks that were finished; the way back of the answer is not in it"
    figure = finished(
        traces,
        f"The {len(slow)} slowest tasks",
        "time since arrival (s)",
        "task (rank by response time)",
        lines,
        note,
    )
    figure.update_layout(barmode="stack", height=200 + 18 * len(slow), bargap=0.25)
    figure.update_yaxes(autorange="reversed", dtick=1)
    return figure
