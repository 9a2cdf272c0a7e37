"""The page of a race: its tables and frontiers in one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.full_score import FULL_DEFINITIONS
from ..model.files import write_whole
from ..model.scaling.fluid_score import DEFINITIONS
from .full_tables import full_sheets
from .page_cards import Panel, section
from .race_tables import Sheet, sheets
from .report import colors, filled, links, script
from .theme import FONT

if TYPE_CHECKING:
    from ..batch.course import Rules
    from ..batch.full_race import FullRace
    from ..batch.race import Race

READ = (
    "The oracle knows the future and pays for the fewest agents that never violate; a cost of 1.10 is within 10 % of "
    "that bound. Costs of two policies are compared at the same violation (table A), never at their defaults. "
    "Savings against a static fleet at the same violation are easy; those against a tuned reactive policy count."
)


FULL_READ = (
    "The same policies in the task-level model: tasks arrive at random, queue, and are late or dropped. All policies "
    "meet the same arrivals. Costs of two policies are compared at the same share of late or dropped tasks, never at "
    "their defaults."
)


FULL_AXES = ("tasks late or dropped (share of those due)", "cost / cost of the fluid oracle")


def write_race_report(race: Race | FullRace, path: str | Path) -> Path:
    """Write the page of a race.

    Args:
        race: what came out.
        path: the HTML file; a failed write leaves no part of it.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written.
    """
    text = race_html(race)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def race_html(race: Race | FullRace) -> str:
    """The page as text; the same race gives the same text."""
    from .. import __version__
    from ..batch.full_race import FullRace

    if isinstance(race, FullRace):
        shown = sheets_of(race), _full_facts(race), FULL_READ, FULL_DEFINITIONS, "full_frontier.csv"
        text = "What each policy costs at which share of late or dropped tasks."
    else:
        shown = sheets_of(race), _facts(race), READ, DEFINITIONS, "frontier.csv and table_b.csv"
        text = "What each policy costs at which rate of violations."
    tables, facts, read, definitions, files = shown
    frontiers = section("Frontiers", text, _panels(race))
    parts = {
        "title": escape(f"Race of {_counted(race.entrants, 'scaling policy', 'scaling policies')}"),
        "eyebrow": "Race of scaling policies",
        "font": FONT,
        "colors": colors(),
        "links": links(["Tables", "Frontiers", "Definitions"]),
        "name": escape(
            f"{_counted(race.entrants, 'policy', 'policies')} on {_counted(race.traces, 'trace')}"
        ),
        "demand": escape(read),
        "facts": "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts
        ),
        "tiles": "",
        "scorecard": f'<section id="tables"><h2>Tables</h2>{"".join(map(sheet_html, tables))}</section>',
        "sections": frontiers.html,
        "settings": _definitions(definitions, files),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script(),
    }
    return filled("report.html", parts)


def _counted(things: Sequence[str], one: str, many: str = "") -> str:
    return f"{len(things)} {one if len(things) == 1 else many or one + 's'}"


def sheets_of(race: Race | FullRace) -> list[Sheet]:
    """The tables of a race in either fidelity."""
    from ..batch.full_race import FullRace

    return full_sheets(race) if isinstance(race, FullRace) else sheets(race)


def _panels(race: Race | FullRace) -> list[Panel]:
    from ..batch.full_race import FullRace
    from .figures.frontier import frontier_figure

    panels: list[Panel] = []
    for trace in race.traces:
        if isinstance(race, FullRace):
            figure = frontier_figure(race.cells, trace, {}, *FULL_AXES)
        else:
            mine = race.table_a[race.table_a["trace"] == trace].groupby("violation")["bound"].first()
            figure = frontier_figure(race.cells, trace, {float(str(v)): float(b) for v, b in mine.items()})
        panels.append(
            Panel(
                key=f"frontier-{len(panels)}",
                figure=figure,
                read="Of two lines the lower one is cheaper at the same violation; where lines end, so do the knobs.",
            )
        )
    return panels


def _facts(race: Race) -> list[tuple[str, str]]:
    return [
        *_shared_facts(race.rules),
        (
            "fidelity",
            f"fast, steps of {race.rules.fleet.dt_s:g} s, {race.rules.fleet.arrivals} arrivals",
        ),
        ("scored", f"the last {1 - race.rules.fit:.0%} of each trace"),
    ]


def _full_facts(race: FullRace) -> list[tuple[str, str]]:
    full = race.full
    work = f"{full.work_s:g} s of work (lognormal, cv {full.work_cv:g}), due within {full.deadline_s:g} s"
    return [
        *_shared_facts(full.rules),
        ("fidelity", "full: every task, Poisson arrivals, ticks of 1 s"),
        ("tasks", work),
        (
            "window",
            f"{full.hours:g} h from {full.rules.fit:.0%} of each trace on, after {full.warm_up_s:g} s",
        ),
    ]


def _shared_facts(rules: Rules) -> list[tuple[str, str]]:
    fleet = rules.fleet
    return [
        ("start-up", f"{fleet.startup_s:g} s"),
        ("mean demand", f"{fleet.mean_agents:g} agents"),
        ("forecasts", f"{type(rules.forecaster).__name__}, upper quantile {rules.level:g}"),
        ("warm pool", f"{fleet.warm_agents} agents" if fleet.warm_agents else "none"),
        ("seed", str(rules.seed)),
    ]


def sheet_html(sheet: Sheet) -> str:
    """A table of text as HTML."""
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


def _definitions(definitions: Mapping[str, tuple[str, str]], files: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="unit">{escape(unit)}</td>'
        f'<td class="text">{escape(text)}</td></tr>'
        for name, (unit, text) in definitions.items()
    )
    return (
        '<section id="definitions"><h2>Definitions</h2><p>'
        f"Columns of {files}.</p>"
        f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></section>'
    )
