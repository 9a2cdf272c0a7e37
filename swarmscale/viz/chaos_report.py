"""The page of chaos runs: figures with intervals, all cases, and time lines, in one HTML file that loads nothing."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.chaos_figures import courses, figures
from ..model.files import write_whole
from .chaos_tables import METRIC, chaos_sheets
from .incident_lines import time_lines
from .page_cards import Panel, section
from .race_report import sheet_html
from .report import colors, filled, links, script
from .theme import FONT, length

if TYPE_CHECKING:
    from ..batch.chaos import Chaos

READ = (
    "The same fleet meets the same demand and the same draws of faults in every case; only what a case's name says "
    "differs. What a figure means stands below, and in docs/resilience.md."
)


def write_chaos_report(chaos: Chaos, path: str | Path) -> Path:
    """Write the page.

    Args:
        chaos: what came out.
        path: the HTML file; a failed write leaves no part of it.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written.
    """
    text = chaos_html(chaos)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def chaos_html(chaos: Chaos) -> str:
    """The page as text; the same runs give the same text."""
    from .. import __version__

    drawn = section("Figures", "What the faults cost, over time and by case.", _panels(chaos))
    parts = {
        "title": escape(f"Chaos: {chaos.config.name}"),
        "eyebrow": "Chaos runs",
        "font": FONT,
        "colors": colors(),
        "links": links(["Tables", "Figures", "Incidents", "Definitions"]),
        "name": escape(chaos.config.name),
        "demand": escape(READ),
        "facts": _facts(chaos),
        "tiles": "",
        "scorecard": f'<section id="tables"><h2>Tables</h2>{"".join(map(sheet_html, chaos_sheets(chaos)))}</section>',
        "sections": drawn.html + _incidents(chaos),
        "settings": _definitions(chaos),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script(),
    }
    return filled("report.html", parts)


def _panels(chaos: Chaos) -> list[Panel]:
    from .figures import resilience_report

    objective = chaos.config.resilience.health.objective
    shown = [i for i, case in enumerate(chaos.cases[:2]) if i == 0 or not case.recovers]
    runs = {chaos.cases[i].name: courses(chaos, i) for i in shown}
    rows = figures(chaos).to_dict("records")
    mine = {row["case"]: row for row in rows if row["outcome"] == "availability_tasks"}
    names = [case.name for case in chaos.cases if case.name in mine]
    available = [(mine[name]["value"], mine[name]["low"], mine[name]["high"]) for name in names]
    return [
        Panel(
            key="course",
            figure=resilience_report.course(runs, objective),
            read=resilience_report.COURSE_READ,
            otherwise="no task was due",
            wide=True,
        ),
        Panel(
            key="missed",
            figure=resilience_report.missed(names, available, objective),
            read=resilience_report.MISSED_READ,
            otherwise="nothing was measured",
            wide=True,
        ),
    ]


def _facts(chaos: Chaos) -> str:
    config, plan = chaos.config, chaos.done.plan
    rows = [
        ("agents", f"{config.fleet.agents:,}"),
        ("nodes", f"{config.fleet.nodes:,}"),
        ("simulated", f"{length(config.seconds)} a run"),
        ("cases", f"{len(chaos.cases):,}"),
        ("runs", f"{len(chaos.frame):,}"),
        ("seeds", f"{plan.seeds[0]} to {plan.seeds[-1]}" if len(plan.seeds) > 1 else f"{plan.seeds[0]}"),
        ("objective", f"{config.resilience.health.objective:.4%}"),
    ]
    if chaos.done.failed:
        rows.append(("failed", f"{len(chaos.done.failed):,}"))
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _incidents(chaos: Chaos) -> str:
    """Time lines of the first run of the scenario as it is."""
    first = chaos.logs[0][0] if chaos.logs[0] else None
    lines = "" if first is None else time_lines(first, chaos.config.seconds)
    seed = chaos.done.plan.seed(chaos.runs(0)[0]) if chaos.logs[0] else 0
    lead = (
        f"Time lines of the run with seed {seed}, {chaos.cases[0].name}; incidents.csv has those of all runs."
    )
    return (
        f'<section id="incidents"><h2>Incidents</h2><p>{escape(lead)}</p>{lines or "<p>None.</p>"}</section>'
    )


def _definitions(chaos: Chaos) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(METRIC[key].title)}</th><td class="unit">{escape(METRIC[key].unit)}</td>'
        f'<td class="text">{escape(METRIC[key].text)}</td></tr>'
        for key in chaos.done.plan.columns
    )
    return (
        '<section id="definitions"><h2>Definitions</h2><p></p>'
        f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></section>'
    )
