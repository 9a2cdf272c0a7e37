"""The page of a sweep: what was varied, what came of it and how sure that is, in one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batch.analysis import intervals, outcomes_of, shown_first
from ..batch.analysis.tidy import DONE
from ..batch.store import Store
from ..errors import ConfigError
from ..model.files import write_whole
from .page_cards import Drawn, Panel, section
from .page_tables import part
from .report import colors, filled, links, script
from .sweep_plan import commands, plan_toml
from .sweep_sections import (
    differences_section,
    effects_section,
    front_section,
    interactions_section,
    sensitivity_section,
    surface_section,
    tiles,
)
from .sweep_sheets import factors_table, failures_table, outcomes_table, settings_table
from .theme import FONT, length

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.plan import Plan
    from ..batch.sweep import Sweep

MOST_OUTCOMES = 6
"""Outcomes that have figures; all are in the tables."""


def write_sweep_report(sweep: Sweep | Store, path: str | Path, *, outcomes: Sequence[str] = ()) -> Path:
    """Write the page of a sweep, over or not.

    Args:
        sweep: the sweep or its store.
        path: the HTML file; a failed write leaves no part of it.
        outcomes: which to draw, at most six; by default those that the plan asks for, or that people look for first.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written, or no run has ended yet.
    """
    text = sweep_html(sweep, outcomes=outcomes)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def sweep_html(sweep: Sweep | Store, *, outcomes: Sequence[str] = ()) -> str:
    """The page as text; the same rows give the same text."""
    from .. import __version__

    store = sweep if isinstance(sweep, Store) else sweep.store
    frame, log, plan = store.frame(), store.log(), store.plan
    if not len(frame):
        raise ConfigError(f"{store.folder}: no run of this sweep has ended yet")
    shown = shown_first(frame, outcomes or plan.outcomes, MOST_OUTCOMES)
    kind = str(plan.design.get("kind", "grid"))
    everything = frame
    frame = frame[[name for name in frame.columns if name in shown or name not in outcomes_of(frame)]]
    tables = {name: intervals(frame, name) for name in shown}
    drawn = [
        *(_analysis(frame, shown, plan.design) if shown else []),
        Drawn("Settings", part("Settings", _about(frame), settings_table(frame, tables))),
        Drawn("Outcomes", part("Outcomes", "", outcomes_table(everything, kind))),
        _timing(log),
    ]
    parts = {
        "title": escape(f"Sweep {plan.name}"),
        "eyebrow": "Report of a sweep",
        "font": FONT,
        "colors": colors(),
        "links": links(["Runs", *(one.title for one in drawn), "Plan"]),
        "name": escape(plan.name),
        "demand": escape(_lead(plan, everything, shown)),
        "facts": _facts(plan, frame, log),
        "tiles": tiles(frame, tables),
        "scorecard": part(
            "Runs", "What was varied, and how the runs ended.", factors_table(frame) + failures_table(frame)
        ),
        "sections": "\n".join(one.html for one in drawn),
        "settings": _plan(plan, store.versions),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script() + filled("sortable.html", {}),
    }
    return filled("report.html", parts)


def _analysis(frame: pd.DataFrame, shown: Sequence[str], design: Mapping[str, Any]) -> list[Drawn]:
    """What the runs tell of the outcomes that are drawn."""
    kind = str(design.get("kind", "grid"))
    return [
        *effects_section(frame, shown, kind),
        *interactions_section(frame, shown, kind),
        *differences_section(frame, shown),
        *sensitivity_section(frame, shown, design),
        *surface_section(frame, shown, design),
        *front_section(frame, shown),
    ]


def _lead(plan: Plan, frame: pd.DataFrame, shown: Sequence[str]) -> str:
    planned, ended = len(plan.runs()), len(frame)
    missing = f" {planned - ended:,} of them have not ended yet." if ended < planned else ""
    rest = len(outcomes_of(frame)) - len(shown)
    more = f" {rest} more outcomes are in the table of outcomes." if rest > 0 else ""
    seeds = "one replication" if len(plan.seeds) == 1 else f"{len(plan.seeds)} replications"
    shared = "" if len(plan.seeds) == 1 else ", which share their seeds across settings"
    return f"{planned:,} runs: {len(plan.settings):,} settings with {seeds} each{shared}.{missing}{more}"


def _facts(plan: Plan, frame: pd.DataFrame, log: pd.DataFrame) -> str:
    counts = frame["status"].value_counts()
    status = ", ".join(
        f"{counts[name]:,} {name}" for name in ("done", "failed", "killed", "late") if name in counts
    )
    seeds = list(plan.seeds)
    told = (
        f"{seeds[0]}"
        if len(seeds) == 1
        else f"{seeds[0]} to {seeds[-1]}"
        if len(seeds) > 5
        else str(seeds)[1:-1]
    )
    wall = float(np.nansum(log["wall_s"].to_numpy(np.float64)))
    rows = (
        ("runs", status),
        ("design", str(plan.design.get("kind", "grid"))),
        ("base", plan.base.name),
        ("simulated", length(plan.base.changed(plan.fixed).seconds)),
        ("seed" if len(seeds) == 1 else "seeds", told),
        ("time of all runs", length(wall)),
        ("plan", plan.digest()[:12]),
    )
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _about(frame: pd.DataFrame) -> str:
    if not len(frame[frame["status"] == DONE]):
        return "No run ended well, so there are no values."
    if int(frame["replication"].nunique()) < 2:
        return "Values of one replication, so without intervals."
    return "Means over replications with 95 % intervals: Student's below 8 replications, else the bootstrap's (BCa)."


def _timing(log: pd.DataFrame) -> Drawn:
    from .figures.timing import wall_figure

    wall, cpu, begun = (log[name].to_numpy(np.float64) for name in ("wall_s", "cpu_s", "started_at"))
    known = np.isfinite(wall) & np.isfinite(begun)
    span = float((begun + wall)[known].max() - begun[known].min()) if known.any() else 0.0
    first = datetime.fromtimestamp(float(begun[known].min()), UTC) if known.any() else None
    workers, hosts = log["worker"].nunique(), log["host"].nunique()
    when = f", begun {first:%Y-%m-%d %H:%M} UTC" if first else ""
    lead = (
        f"{len(log):,} runs in {length(span)} from the first start to the last end{when}, by {workers} "
        f"{'worker' if workers == 1 else 'workers'} on {hosts} {'machine' if hosts == 1 else 'machines'}: a run took "
        f"{np.nanmedian(wall):.3g} s in the median, {np.nanmax(wall):.3g} s at most; "
        f"{length(float(np.nansum(cpu)))} of processor time in all."
    )
    figure = wall_figure(log) if known.any() else None
    panel = Panel(
        key="wall", figure=figure, read="A second hump is a factor that makes runs longer.", otherwise="no times",
        wide=True,
    )  # fmt: skip
    return section("Timing", lead, [panel])


def _plan(plan: Plan, versions: Mapping[str, str]) -> str:
    typed = "".join(
        f'<p>{escape(what[:1].upper() + what[1:])}:</p><div class="scroll commands"><pre>{escape(line)}</pre></div>'
        for line, what in commands(plan)
    )
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    body = f'{typed}<p>The file:</p><div class="scroll"><pre>{escape(plan_toml(plan))}</pre></div>'
    return part("Plan", f"The rows of this page were made with {made}. To make them again:", body)
