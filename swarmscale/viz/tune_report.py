"""The page of a search: what it found, how it went and what mattered, in one HTML file that loads nothing."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.analysis.meaning import meaning
from ..batch.factors import Listed
from ..batch.importance import FEWEST, importances
from ..batch.verdict import Verdict
from ..model.files import write_whole
from .page_cards import Drawn, Panel, section
from .page_tables import Cell, interval_cell, measured_cell, part, sortable
from .race_tables import Sheet
from .report import colors, filled, links, script
from .theme import FONT
from .tune_tables import failure_lines, states_line, tune_sheets, word

if TYPE_CHECKING:
    from ..batch.search import Objective
    from ..batch.tuned import Tuned

MOST_SLICES = 6
"""Factors that are drawn, the most important ones; all are in the table."""


def write_tune_report(tuned: Tuned, path: str | Path) -> Path:
    """Write the page of a search, over or not.

    Args:
        tuned: what came out.
        path: the HTML file; a failed write leaves no part of it.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written.
    """
    text = tune_html(tuned)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def tune_html(tuned: Tuned) -> str:
    """The page as text; the same trials give the same text."""
    from .. import __version__

    drawn = [_course(tuned), *_factors(tuned), Drawn("Trials", part("Trials", "", _trials(tuned)))]
    parts = {
        "title": escape(f"Search {tuned.store.name}"),
        "eyebrow": "Report of a search",
        "font": FONT,
        "colors": colors(),
        "links": links(["Found", *(one.title for one in drawn), "Config"]),
        "name": escape(tuned.store.name),
        "demand": escape(_lead(tuned)),
        "facts": _facts(tuned),
        "tiles": "",
        "scorecard": part("Found", "", "".join(map(_table, tune_sheets(tuned))) + _failures(tuned)),
        "sections": "\n".join(one.html for one in drawn),
        "settings": _config(tuned),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script() + filled("sortable.html", {}),
    }
    return filled("report.html", parts)


def _lead(tuned: Tuned) -> str:
    aims = " and ".join(f"{o.direction} {o.outcome}" for o in tuned.search.objectives)
    bounds = ", ".join(map(str, tuned.search.constraints))
    rest = "" if tuned.complete else f" {tuned.search.trials - len(tuned.trials)} trials are still to come."
    return f"To {aims}{f', with {bounds}' if bounds else ''}: {states_line(tuned)}.{rest}"


def _facts(tuned: Tuned) -> str:
    seeds = tuned.plan.seeds
    rows = (
        ("base", tuned.plan.base.name),
        ("factors", str(len(tuned.search.factors))),
        ("replications", f"{len(seeds)}, seeds {seeds[0]} to {seeds[-1]}"),
        ("sampler", f"{tuned.plan.design.get('sampler', 'tpe')}, seed {tuned.search.seed}"),
        ("batch", f"{tuned.search.batch} trials"),
    )
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _course(tuned: Tuned) -> Drawn:
    from .figures.tuning import front_figure, history_figure

    panels = [
        Panel(
            key=f"course-{number}",
            figure=history_figure(tuned, objective),
            read="Where the line of the best stays level for long, more trials are not likely to help much.",
            wide=True,
        )
        for number, objective in enumerate(tuned.search.objectives)
    ]
    if len(tuned.search.objectives) > 1:
        panels.insert(
            0,
            Panel(
                key="front",
                figure=front_figure(tuned),
                read="From the front one objective gets better only where the other gets worse.",
                wide=True,
            ),
        )
    return section("Course", "Each trial is one setting with all replications.", panels)


def _factors(tuned: Tuned) -> list[Drawn]:
    """Importances, slices and contours, for each objective."""
    panels = [panel for objective in tuned.search.objectives for panel in _panels(tuned, objective)]
    lead = "What the objective did over the factors. Trials differ in all factors at once, so a slice has spread."
    return [section("Factors", lead, panels)]


def _panels(tuned: Tuned, objective: Objective) -> list[Panel]:
    from .figures.tuning import contour_figure, importance_figure, slice_figure

    name = objective.outcome
    shares = importances(tuned, objective)
    ranked = sorted(tuned.search.factors, key=lambda factor: -shares.get(factor.key, 0.0))[:MOST_SLICES]
    panels = [
        Panel(
            key=f"importance-{name}",
            figure=importance_figure(shares, name) if shares else None,
            read="Long bars are the factors by which good trials can be told from others.",
            otherwise=f"Importances take {FEWEST} trials that did not fail and do not all give the same.",
            wide=True,
        )
    ]
    panels += [
        Panel(
            key=f"slice-{name}-{number}",
            figure=slice_figure(tuned, factor, name),
            read="Where good points crowd at an end of the range, widen it.",
        )
        for number, factor in enumerate(ranked)
    ]
    ranges = [factor for factor in ranked if not isinstance(factor, Listed)]
    if len(ranges) >= 2:
        panels.append(
            Panel(
                key=f"contour-{name}",
                figure=contour_figure(tuned, ranges, name),
                read="The most important two ranges that enough trials have in common.",
                otherwise="Contours take two ranges that 8 trials that did not fail have in common.",
                wide=True,
            )
        )
    return panels


def _trials(tuned: Tuned) -> str:
    search = tuned.search
    head = ["trial", "state", *(f.key for f in search.factors), *search.outcomes]
    front = {verdict.setting for verdict in tuned.front}
    rows = [_row(tuned, verdict, verdict.setting in front) for verdict in tuned.verdicts]
    return sortable(head, rows, label="all trials")


def _row(tuned: Tuned, verdict: Verdict, found: bool) -> list[Cell | str]:
    setting = tuned.setting(verdict)
    cells: list[Cell | str] = [
        Cell(str(verdict.setting) if verdict.setting else "base", float(verdict.setting)),
        Cell("best" if found and len(tuned.search.objectives) == 1 else "front" if found else verdict.state,
             css="met" if found else ""),
    ]  # fmt: skip
    for factor in tuned.search.factors:
        value = setting.get(factor.key)
        if value is None:
            cells.append("–")
        else:
            cells.append(Cell(word(value), None if isinstance(factor, Listed) else float(value)))
    for outcome in tuned.search.outcomes:
        mean, unit = verdict.means[outcome], meaning(outcome).unit
        ends = verdict.interval(outcome)
        cells.append(interval_cell(mean, *ends, unit) if ends[0] == ends[0] else measured_cell(mean, unit))
    return cells


def _table(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in sheet.head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="value">{escape(text)}</td>' for text in row[1:])
        + "</tr>"
        for row in sheet.rows
    )
    note, below = (f"<p>{escape(text)}</p>" if text else "" for text in (sheet.note, sheet.below))
    return (
        f"<section><h3>{escape(sheet.title)}</h3>{note}"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{below}</section>'
    )


def _failures(tuned: Tuned) -> str:
    lines = failure_lines(tuned)
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _config(tuned: Tuned) -> str:
    best = tuned.best
    if best is None:
        return part("Config", "There is no feasible trial, so there is no config.", "")
    text = tuned.config(best).toml()
    what = f"Trial {best.setting}, for swarmscale run."
    return part("Config", what, f'<div class="scroll"><pre>{escape(text)}</pre></div>')
