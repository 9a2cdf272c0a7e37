"""A model and a summary as HTML for notebooks: plain tables, no script, colors of the notebook's own."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .summary import Measured, Summary
    from .swarm import SwarmModel

HEAD = "text-align:left;padding:0 1.2em 0 0;font-weight:600;white-space:nowrap"
CELL = "text-align:left;padding:0 1.2em 0 0"
MARKS = {"met": "✓ met", "not met": "✗ not met", "open": "~ open", "not measured": "– not measured", "": ""}
"""Verdicts with a sign, so that color is never needed to tell them apart."""


def model_html(model: SwarmModel) -> str:
    """What a model is and how it stands: time, agents by state, tasks, and what is switched on.

    Args:
        model: at any time; nothing in it changes.
    """
    config, alone = model.config, model.shard.territory.alone
    parts = {
        "scaler": model.scaler,
        "learner": model.learner,
        "collective memory": model.collective_memory,
        "prober": model.prober,
        "emergence": model.emergence,
        "resilience": model.resilience,
        "health": model.health,
        "admission": model.admission,
        "optimizer": model.optimizer,
    }
    rows = [
        ("time", f"{model.now_s:,g} of {config.seconds:,g} s, a tick is {config.dt:g} s"),
        ("fleet", f"{len(model.fleet.live()):,} agents{_states(model) if alone else ' in this shard'}"),
        ("structure", f"{model.network.nodes} nodes, {model.fleet.clusters} clusters"),
        ("tasks", _tasks(model) if alone else "all shards must be asked together"),
        ("seed", str(model.root_seed)),
        ("switched on", ", ".join(name for name, part in parts.items() if part is not None) or "nothing"),
    ]
    if model.health is not None:
        open_now = [f"{alert.key} ({alert.severity})" for alert in model.health.alerts if alert.open]
        rows.append(("alerts", ", ".join(open_now) or "none"))
    body = "".join(
        f'<tr><th style="{HEAD}">{escape(a)}</th><td style="{CELL}">{escape(b)}</td></tr>' for a, b in rows
    )
    return f"<table><caption><b>SwarmModel</b> {escape(config.name)}</caption><tbody>{body}</tbody></table>"


def _states(model: SwarmModel) -> str:
    states = ", ".join(f"{number:,} {name}" for name, number in model.observation.agents.items() if number)
    return f" ({states})" if states else ""


def _tasks(model: SwarmModel) -> str:
    if not model.records.ticks:
        return "none yet"
    now = model.observation
    answered = int(model.records.column("completed").sum())
    text = f"{answered:,} answered, {now.waiting:,} waiting in clusters"
    return text if math.isnan(now.utilization) else f"{text}, agents {100 * now.utilization:.0f} % busy"


def summary_html(summary: Summary) -> str:
    """A summary as a table: a row a metric that has a value, with 95 % interval, claim and verdict.

    Definitions show when the pointer is on a metric. What could not be measured is named below.
    """
    shown = [m for m in summary.metrics if not math.isnan(m.value)]
    missing = [m.metric.title for m in summary.metrics if math.isnan(m.value)]
    titles = ("metric", "value", "95 % interval", "the origin's claim", "verdict")
    head = "".join(f'<th style="{HEAD}">{title}</th>' for title in titles)
    body = "".join(_row(measured) for measured in shown)
    runs = "seed" if len(summary.seeds) == 1 else "seeds"
    caption = (
        f"<b>{escape(summary.name)}</b>: {summary.agents:,} agents, {summary.seconds:,g} s after "
        f"{summary.warm_up_s:,g} s of warm-up, {runs} {', '.join(map(str, summary.seeds))}; {escape(summary.method)}"
    )
    note = f"<details><summary>{len(missing)} not measured</summary>{escape(', '.join(missing))}</details>"
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return table + (note if missing else "")


def _row(measured: Measured) -> str:
    metric = measured.metric
    if math.isnan(measured.low):
        interval = f'<span title="{escape(measured.note, quote=True)}">–</span>'
    else:
        interval = f"{number(measured.low, metric.unit)} to {number(measured.high, metric.unit)}"
    cells = (number(measured.value, metric.unit), interval, escape(metric.claim), MARKS[measured.verdict])
    name = f'<th style="{HEAD}" title="{escape(metric.text, quote=True)}">{escape(metric.title)}</th>'
    return f"<tr>{name}{''.join(f'<td style={CELL!r}>{cell}</td>' for cell in cells)}</tr>"


def number(value: float, unit: str) -> str:
    """A value with its unit: shares in percent, otherwise four significant digits.

    >>> number(0.91234, "share"), number(12345.6, "1/s"), number(0.0, "s"), number(4.8, "ms")
    ('91.23 %', '12,350 /s', '0 s', '4.8 ms')
    """
    if unit == "share":
        return f"{100 * value:.5g} %" if 0.999 < abs(value) < 1 else f"{100 * value:.4g} %"
    left = math.floor(math.log10(abs(value))) if value else 0  # digits before the point, less one
    text = f"{round(value, 3 - left):,.{min(max(0, 3 - left), 9)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text + {"1/s": " /s", "": ""}.get(unit, f" {unit}")
