"""The page of compared topologies: tables and figures in one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..batch.topology_measures import MEASURES
from ..model.files import write_whole
from .page_cards import Panel, section
from .race_report import sheet_html
from .report import colors, filled, links, script
from .theme import FONT, number
from .topology_tables import HEADS, topology_sheets

if TYPE_CHECKING:
    from ..batch.topology_compare import Comparison

READ = (
    "Every topology links the same nodes at the same places, and carries the same demand: tasks go from the node where "
    "they enter to the node that is their home."
)


def write_topology_report(done: Comparison, path: str | Path) -> Path:
    """Write the page.

    Args:
        done: what was compared.
        path: the HTML file; a failed write leaves no part of it.

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written.
    """
    text = topology_html(done)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def topology_html(done: Comparison) -> str:
    """The page as text; the same comparison gives the same text."""
    from .. import __version__

    drawn = section("Figures", "The meshes, what they cost, and what they outlive.", _panels(done))
    sheets = "".join(map(sheet_html, topology_sheets(done)))
    parts = {
        "title": escape(f"Topologies: {done.config.name}"),
        "eyebrow": "Topologies side by side",
        "font": FONT,
        "colors": colors(),
        "links": links(["Tables", "Figures", "Definitions"]),
        "name": escape(done.config.name),
        "demand": escape(READ),
        "facts": _facts(done),
        "tiles": "",
        "scorecard": f'<section id="tables"><h2>Tables</h2>{sheets}</section>',
        "sections": drawn.html,
        "settings": _definitions(),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script(),
    }
    return filled("report.html", parts)


def _panels(done: Comparison) -> list[Panel]:
    from .figures import topologies

    panels = [
        Panel(
            key="meshes",
            figure=topologies.meshes(done.meshes, done.places),
            read=topologies.DRAWN_READ,
            wide=True,
        ),
        Panel(
            key="latency",
            figure=topologies.latency_over_links(done.meshes),
            read=topologies.SCATTER_READ,
            wide=True,
        ),
    ]
    for kind in ("nodes", "links"):
        figure = topologies.losses(done.meshes, kind)
        none = "no losses were asked for"
        panels.append(Panel(key=f"lost-{kind}", figure=figure, read=topologies.LOSSES_READ, otherwise=none))
    return panels


def _facts(done: Comparison) -> str:
    low, high = done.config.network.latency_ms
    rows = [
        ("nodes", f"{done.config.fleet.nodes:,}"),
        ("latency of a link", f"{low:g} ms, and {high:g} ms along the diagonal of the square"),
        ("crosses the mesh", f"{number(done.crosses, 'share')} of the tasks"),
        ("degree of rewired and optimized", f"{done.degree}"),
        ("seed", f"{done.root_seed}"),
        ("sets of losses", f"all, or {done.samples:,} drawn where there are more"),
    ]
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)


def _definitions() -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(HEADS[name])}<br>{name}</th><td class="unit">{escape(unit)}</td>'
        f'<td class="text">{escape(text)}</td></tr>'
        for name, (unit, text) in MEASURES.items()
    )
    return (
        '<section id="definitions"><h2>Definitions</h2>'
        "<p>With the columns of topologies.csv, where times are in s and shares are up to 1.</p>"
        f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></section>'
    )
