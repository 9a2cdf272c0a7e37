"""The page of a race: its tables and frontiers in one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..model.records import write_whole
from ..model.scaling.fluid_score import DEFINITIONS
from .page_sections import Panel, section
from .race_tables import Sheet, sheets
from .report import colors, filled, links, script
from .theme import FONT

if TYPE_CHECKING:
    from ..batch.race import Race

READ = (
    "The oracle knows the future and pays for the fewest agents that never violate; a cost of 1.10 is within 10 % of "
    "that bound. Costs of two policies are compared at the same violation (table A), never at their defaults. "
    "Savings against a static fleet at the same violation are easy; those against a tuned reactive policy count."
)


def write_race_report(race: Race, path: str | Path) -> Path:
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


def race_html(race: Race) -> str:
    """The page as text; the same race gives the same text."""
    from .. import __version__

    frontiers = section("Frontiers", "What each policy costs at which rate of violations.", _panels(race))
    parts = {
        "title": escape(f"Race of {len(race.entrants)} scaling policies"),
        "eyebrow": "Race of scaling policies",
        "font": FONT,
        "colors": colors(),
        "links": links(["Tables", "Frontiers", "Definitions"]),
        "name": escape(f"{len(race.entrants)} policies on {len(race.traces)} traces"),
        "demand": escape(READ),
        "facts": _facts(race),
        "tiles": "",
        "scorecard": _tables(race),
        "sections": frontiers.html,
        "settings": _definitions(),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script(),
    }
    return filled("report.html", parts)


def _panels(race: Race) -> list[Panel]:
    from .figures.frontier import frontier_figure

    panels: list[Panel] = []
    for trace in race.traces:
        bounds = race.table_a[race.table_a["trace"] == trace].groupby("violation")["bound"].first()
        panels.append(
            Panel(
                key=f"frontier-{len(panels)}",
                figure=frontier_figure(race.cells, trace, {float(v): float(b) for v, b in bounds.items()}),  # type: ignore[arg-type]
                read="Of two lines the lower one is cheaper at the same violation; where lines end, so do the knobs.",
            )
        )
    return panels


def _facts(race: Race) -> str:
    fleet, rules = race.rules.fleet, race.rules
    rows = [
        ("start-up", f"{fleet.startup_s:g} s"),
        ("mean demand", f"{fleet.mean_agents:g} agents"),
        ("fidelity", f"fast, steps of {fleet.dt_s:g} s, {fleet.arrivals} arrivals"),
        ("forecasts", f"{type(rules.forecaster).__name__}, upper quantile {rules.level:g}"),
        ("warm pool", f"{fleet.warm_agents} agents" if fleet.warm_agents else "none"),
        ("scored", f"the last {1 - rules.fit:.0%} of each trace"),
        ("seed", str(rules.seed)),
    ]
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _tables(race: Race) -> str:
    tables = "".join(_table(sheet) for sheet in sheets(race))
    return f'<section id="tables"><h2>Tables</h2>{tables}</section>'


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


def _definitions() -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="unit">{escape(unit)}</td>'
        f'<td class="text">{escape(text)}</td></tr>'
        for name, (unit, text) in DEFINITIONS.items()
    )
    return (
        '<section id="definitions"><h2>Definitions</h2><p>Columns of frontier.csv and table_b.csv.</p>'
        f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></section>'
    )
