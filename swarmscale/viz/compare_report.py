"""The page of a comparison: two runs or two sweeps side by side, in one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batch.analysis.meaning import FIRST, meaning
from ..batch.analysis.tidy import SET
from ..batch.compare import Comparison, Difference
from ..model.files import write_whole
from .page_cards import Drawn, Panel, section
from .page_tables import Cell, measured_cell, part, sortable
from .report import colors, filled, links, script
from .sweep_sheets import ends, gap, signed, verdict, words
from .theme import FONT, number

if TYPE_CHECKING:
    from ..batch.compare_runs import RunFolder
    from ..model.scaling.prices import Prices

COLUMNS = ("response_p95_s", "throughput_per_s", "utilization", "agents_busy", "agents_idle", "in_system")
"""Columns of the records that are laid over each other, beside the cost."""

MOST_SETTINGS = 6
"""Outcomes of two sweeps that are drawn setting by setting."""

TILES = 6


def write_compare_report(comparison: Comparison, path: str | Path) -> Path:
    """Write the page of a comparison.

    Args:
        comparison: of two runs or two sweeps, whose folders are read again for the figures.
        path: the HTML file; a failed write leaves no part of it.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written, or a folder's records cannot be read.
    """
    text = compare_html(comparison)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def compare_html(comparison: Comparison) -> str:
    """The page as text; the same folders give the same text."""
    from .. import __version__

    one, other = comparison.names
    body = [_overview(comparison)]
    body += [_over_time(comparison)] if comparison.kind == "runs" else _by_setting(comparison)
    parts = {
        "title": escape(f"{one} and {other}"),
        "eyebrow": f"Two {comparison.kind} side by side",
        "font": FONT,
        "colors": colors(),
        "links": links(["Settings", "Metrics", *(drawn.title for drawn in body)]),
        "name": escape(f"{one} and {other}"),
        "demand": escape(comparison.sentence),
        "facts": _facts(comparison),
        "tiles": "".join(map(_tile, _first(comparison))),
        "scorecard": _changes(comparison) + _metrics(comparison),
        "sections": "\n".join(drawn.html for drawn in body),
        "settings": "",
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script() + filled("sortable.html", {}),
    }
    return filled("report.html", parts)


def _facts(comparison: Comparison) -> str:
    clear = sum(row.clear for row in comparison.rows)
    rows = [
        ("first", f"{comparison.names[0]} ({comparison.folders[0]})"),
        ("second", f"{comparison.names[1]} ({comparison.folders[1]})"),
        ("settings that differ", f"{len(comparison.changes)}"),
        ("metrics of both", f"{len(comparison.rows)}, of them {clear} clearly different"),
    ]
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _first(comparison: Comparison) -> list[Difference]:
    """Metrics to look at first: those that people ask for, then others; those that differ before those that do not."""
    known = {row.outcome: row for row in comparison.rows if np.isfinite(row.difference)}
    wanted = [known[key] for key in FIRST if key in known]
    wanted += [row for row in known.values() if row.outcome not in FIRST]
    return sorted(wanted, key=lambda row: row.difference == 0)[:TILES]


def _tile(row: Difference) -> str:
    told = meaning(row.outcome)
    css = verdict(row.low, row.high, told)
    change = signed(row.relative, "share") if np.isfinite(row.relative) else gap(row.difference, told.unit)
    return (
        f'<div class="tile" title="{escape(told.text)}"><div class="name">{escape(told.title)}</div>'
        f'<div class="value"><span class="{css}">{escape(change)}</span></div>'
        f'<div class="claim">{escape(number(row.one, told.unit))} → {escape(number(row.other, told.unit))}</div></div>'
    )


def _changes(comparison: Comparison) -> str:
    one, other = comparison.names
    if not comparison.changes:
        return part("Settings", "Both have the same settings.", "")
    rows = [(change.key, change.one, change.other) for change in comparison.changes]
    lead = "What differs; all else is alike."
    return part("Settings", lead, sortable(("setting", one, other), rows, label="settings that differ"))


def _metrics(comparison: Comparison) -> str:
    one, other = comparison.names
    head = ("metric", one, other, "difference", "95 % interval", "relative", "interval", "definition")
    rows = [_metric(row) for row in comparison.rows if not (np.isnan(row.one) and np.isnan(row.other))]
    absent = "".join(
        f"<p>Only {escape(name)} has: {escape(', '.join(keys))}.</p>"
        for name, keys in comparison.only.items()
    )
    lead = (
        f"Differences are {other} minus {one}. In green and red: better or worse with the whole interval; in bold: "
        "clear, but nobody says which is better."
    )
    return part("Metrics", lead, sortable(head, rows, label="metrics of both") + absent)


def _metric(row: Difference) -> tuple[Cell | str, ...]:
    told = meaning(row.outcome)
    css = verdict(row.low, row.high, told)
    return (
        told.title,
        measured_cell(row.one, told.unit),
        measured_cell(row.other, told.unit),
        Cell(gap(row.difference, told.unit), row.difference, css),
        ends(row.low, row.high, told.unit),
        Cell(signed(row.relative, "share"), row.relative, css),
        row.method,
        told.text,
    )


def _overview(comparison: Comparison) -> Drawn:
    from .figures.differences import differences_figure

    figure = differences_figure(comparison.rows, comparison.names)
    panel = Panel(
        key="differences", figure=figure, wide=True, otherwise="no metric differs",
        read="Right of the dotted line the second one has more, left of it less.",
    )  # fmt: skip
    return section("Differences", "Relative to the first one, the largest at the top.", [panel])


def _over_time(comparison: Comparison) -> Drawn:
    from ..batch.compare_runs import RunFolder
    from ..model.columns import BY_NAME
    from .figures.overlay import overlaid_cost, overlaid_records

    runs = [RunFolder.open(folder) for folder in comparison.folders]
    records = [run.records for run in runs]
    panels = []
    for column in COLUMNS:
        known = any(np.isfinite(r.column(column)).any() for r in records)
        figure = overlaid_records(records[0], records[1], column, comparison.names) if known else None
        panels.append(
            Panel(
                key=f"both-{column.replace('_', '-')}",
                figure=figure,
                read=f"{BY_NAME[column].text}.",
                otherwise=f"neither run has {column}",
            )
        )
    figure = overlaid_cost(records[0], records[1], (_prices(runs[0]), _prices(runs[1])), comparison.names)
    panels.append(Panel(key="both-cost", figure=figure, read="Where the lines run apart one run pays more."))
    return section("Time", "Both runs over simulated time.", panels)


def _prices(run: RunFolder) -> Prices:
    from ..model.scaling.prices import Prices

    price = float(run.setting("scaler", "price", 1.0))
    warm = float(run.setting("scaler", "warm_price", 0.1))
    return Prices(ready=price, starting=price, warm=warm)


def _by_setting(comparison: Comparison) -> list[Drawn]:
    from .figures.differences import settings_figure

    table = comparison.settings
    if table is None or not len(table):
        return []
    keys = [str(name).removeprefix(SET) for name in table.columns if str(name).startswith(SET)]
    chosen = [row.outcome for row in _first(comparison)][:MOST_SETTINGS]
    panels = []
    for i, name in enumerate(chosen):
        mine = table[table["outcome"] == name]
        told = [words(row, keys) for row in mine.to_dict("records")]
        figure = settings_figure(mine, meaning(name), comparison.names, told)
        read = "Points far from the line are settings in which the sweeps differ most."
        panels.append(Panel(key=f"setting-{i}", figure=figure, read=read, otherwise=f"{name} has no values"))
    drawn = section("Common", "Each setting that is in both sweeps.", panels)
    rows = [_setting(row, keys) for row in table[table["outcome"].isin(chosen)].to_dict("records")]
    one, other = comparison.names
    head = ("outcome", "setting", one, other, "difference", "95 % interval", "pairs")
    body = drawn.html.removesuffix("</section>") + "<h3>Setting by setting</h3><p>Paired by seed.</p>"
    return [Drawn("Common", body + sortable(head, rows, label="common settings") + "</section>")]


def _setting(row: Mapping[Any, Any], keys: list[str]) -> tuple[Cell | str, ...]:
    told = meaning(str(row["outcome"]))
    css = verdict(row["low"], row["high"], told)
    return (
        told.title,
        words(row, keys),
        measured_cell(row["one"], told.unit),
        measured_cell(row["other"], told.unit),
        Cell(gap(row["difference"], told.unit), row["difference"], css),
        ends(row["low"], row["high"], told.unit),
        Cell(f"{row['pairs']}", float(row["pairs"])),
    )
