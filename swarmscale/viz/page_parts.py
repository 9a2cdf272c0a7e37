"""Parts of the report that need no figure: facts, tiles with sparklines, the scorecard, the settings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..model.columns import ratio
from ..model.config import Config, TaskClass
from ..model.parameters import SOURCES, parameters
from ..model.section import ChoiceOf
from .scorecard import measured_in_run, scorecard_rows, verdict_text
from .theme import length, number

if TYPE_CHECKING:
    from ..model.records import Records
    from ..model.summary import Summary
    from ..model.swarm import SwarmModel

TILES = (
    ("throughput_per_s", "throughput"),
    ("utilization", "utilization"),
    ("response_p95_s", "response time, p95"),
    ("network_mean_ms", "network part, mean"),
    ("late_share", "late answers"),
    ("error_rate", "errors"),
)
SPARK_POINTS = 60


def facts(model: SwarmModel, summary: Summary, config_hash: str) -> str:
    """The facts of the run under its name."""
    h = model.hierarchy_arrays
    seeds = ", ".join(str(s) for s in summary.seeds[:5]) + (" …" if len(summary.seeds) > 5 else "")
    rows = [
        ("agents", f"{summary.agents:,}"),
        ("hierarchy", f"{h.nodes:,} nodes, {h.zones:,} zones, {h.clusters:,} clusters"),
        ("simulated", f"{length(model.now_s)} in ticks of {model.config.dt:g} s"),
        ("warm-up left out", length(summary.warm_up_s)) if summary.warm_up_s else ("", ""),
        ("seed" if len(summary.seeds) == 1 else "seeds", seeds),
        ("intervals", f"{summary.method}; 95 %" if summary.method != "one run" else "none, one run"),
        ("config", config_hash),
    ]
    if len(summary.seeds) > 1:
        rows.append(("figures show", f"the run of seed {model.root_seed}"))
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows if name
    )


def tiles(model: SwarmModel, summary: Summary) -> str:
    """The figures that most people look for first, each with its course over the run."""
    out = []
    for key, name in TILES:
        m = summary[key]
        verdict = verdict_text(m)
        claim = (
            f'<span class="{_css(m.verdict)}" title="{escape(verdict)}">{escape(verdict[0])}</span> '
            f"claim {escape(m.metric.claim)}"
            if m.metric.claim and verdict
            else ""
        )
        out.append(
            f'<div class="tile" title="{escape(m.metric.text)}"><div class="name">{escape(name)}</div>'
            f'<div class="value">{escape(number(m.value, m.metric.unit))}</div><div class="claim">{claim}</div>'
            f"{sparkline(course(model.records, key))}</div>"
        )
    return "".join(out)


def course(records: Records, key: str) -> Floats:
    """`[T]` the column of the records that belongs to a tile."""
    if key == "late_share":
        return ratio(records.column("late"), records.column("completed"))
    return records.column(key)


def sparkline(values: Floats) -> str:
    """A line from 0 to the largest value, as inline SVG, 60 points at most."""
    per_point = max(1, -(-len(values) // SPARK_POINTS))
    whole = values[: len(values) // per_point * per_point].reshape(-1, per_point)
    with np.errstate(invalid="ignore"):
        points = np.nansum(whole, axis=1) / np.maximum(np.isfinite(whole).sum(axis=1), 1)
    if len(points) < 2:
        return '<svg aria-hidden="true"></svg>'
    top = float(points.max()) or 1.0
    x = np.linspace(0, 100, len(points))
    line = " ".join(f"{a:.1f},{30 - 28 * b / top:.1f}" for a, b in zip(x, points, strict=True))
    return (
        '<svg viewBox="0 0 100 31" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,31 {line} 100,31"/><polyline points="{line}"/></svg>'
    )


def scorecard_table(summary: Summary) -> str:
    """The scorecard: what a run measures first, the rest below, notes under the table."""
    notes: dict[str, int] = {}
    body: list[str] = []
    rest: list[str] = []
    for m, (title, value, claim, verdict, text) in zip(summary.metrics, scorecard_rows(summary), strict=True):
        note = m.note or m.metric.where
        if not note and math.isnan(m.value):
            note = "nothing to measure in this run"
        mark = f"<sup>{notes.setdefault(note, len(notes) + 1)}</sup>" if note else ""
        row = (
            f'<tr><th scope="row">{escape(title)}</th><td class="value">{escape(value)}{mark}</td>'
            + _cell("claim", claim, "claim")
            + f'<td class="verdict">{_verdict(m.verdict, verdict)}</td><td class="text">{escape(text)}</td></tr>'
        )
        (body if measured_in_run(m) else rest).append(row)
    if rest:
        body.append('<tr class="group"><td colspan="5">Not measured by a run</td></tr>')
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("metric", "value [95 % interval]", "claim", "verdict", "definition")
    )
    return (
        '<section id="scorecard"><h2>Scorecard</h2><p>What this run measured, beside what the origin of this project '
        "claimed. A claim is met or not met only if the whole interval, where there is one, lies on that side; "
        "else it is open.</p>"
        f'<div class="scroll"><table class="stack"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body + rest)}</tbody></table></div>"
        f'<ol class="notes">{listed}</ol></section>'
    )


def _verdict(verdict: str, text: str) -> str:
    return f'<span class="{_css(verdict)}">{escape(text)}</span>' if text else ""


def _css(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _cell(css: str, text: str, name: str) -> str:
    return f'<td class="{css}" data-name="{name}">{escape(text)}</td>' if text else f'<td class="{css}"></td>'


def settings_section(config: Config, toml: str) -> str:
    """Every setting with its unit and meaning, and the config as TOML."""
    default = Config()
    rows = []
    for key, unit, text in parameters():
        value = value_at(config, key)
        source = f'<span class="source">source: {escape(SOURCES[key])}</span>' if key in SOURCES else ""
        changed = ' class="changed"' if value != value_at(default, key) else ""
        rows.append(
            f'<tr{changed}><th scope="row" class="mono">{escape(key)}</th>'
            f'<td class="cell">{escape(setting_text(config, key))}</td><td class="unit">{escape(unit)}</td>'
            f'<td class="text">{escape(text)}{source}</td></tr>'
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("setting", "value", "unit", "meaning"))
    return (
        '<section id="settings"><h2>Settings</h2><p>Every physical parameter with its unit; a dot marks those that '
        "differ from the defaults. Values without a source are assumed. The TOML below, put into a file, "
        "gives this run again with the same seed.</p>"
        f'<div class="scroll"><table class="stack"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div><p></p>"
        f'<div class="scroll"><pre>{escape(toml)}</pre></div></section>'
    )


def value_at(config: Config, key: str) -> Any:
    """The setting of a dotted key."""
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return value


def setting_text(config: Config, key: str) -> str:
    """A setting as text; a strategy by its registered name, or that of its class, and its fields."""
    value = value_at(config, key)
    if not dataclasses.is_dataclass(value):
        return plain(value)
    *path, name = key.split(".")
    section = value_at(config, ".".join(path)) if path else config
    tables = [mark.table for mark in type(section).model_fields[name].metadata if isinstance(mark, ChoiceOf)]
    named = next((table.name_of(value) for table in tables), None) or type(value).__name__
    fields = ", ".join(f"{f.name} = {plain(getattr(value, f.name))}" for f in dataclasses.fields(value))
    return f"{named} ({fields})" if fields else named


def plain(value: Any) -> str:
    """A setting as text: tables of classes in one line each."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case tuple():
            return ", ".join(plain(v) for v in value)
        case TaskClass():
            law = value.law if value.law == "tokens" else f"{value.law} {value.work_s:g} s, cv {value.cv:g}"
            return f"{value.name} ({value.share:g} x {value.type}, {law}, due in {value.deadline_s:g} s)"
    return str(value)


def plain_table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text under a heading as HTML; empty without a row."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(
            f'<td class="text" data-name="{escape(name)}">{escape(cell)}</td>'
            for name, cell in zip(heads[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<h3>{escape(title)}</h3><div class="scroll"><table class="stack"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
