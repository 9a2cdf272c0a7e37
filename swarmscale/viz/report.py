"""The report of a run: one HTML file that holds everything, works offline, and may be sent to anybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import ConfigError, require
from ..model.files import write_whole
from .page_emergence import emergence_section
from .page_intelligence import intelligence_section
from .page_optimization import optimization_section
from .page_parts import facts, scorecard_table, settings_section, tiles
from .page_resilience import resilience_section
from .page_scaling import scaling_section
from .page_sections import drawn_sections
from .theme import DARK, FONT, LIGHT, Look

if TYPE_CHECKING:
    from ..model.summary import Summary
    from ..model.swarm import SwarmModel

COLORS = ("page", "card", "text", "muted", "grid", "good", "bad", "unsure", "accent")


def write_report(
    model: SwarmModel, summary: Summary, path: str | Path, *, charts: Literal["inline", "none"] = "inline"
) -> Path:
    """Write the report of a model's run so far.

    Args:
        model: its records and structure are drawn.
        summary: its metrics are the scorecard.
        path: the HTML file; a failed write leaves no part of it, and what was there before stays.
        charts: ``inline`` puts the figures and Plotly's script into the file (about 6 MB), ``none`` leaves both
            out (about 60 kB).

    Returns:
        The path.

    Raises:
        ConfigError: if the file cannot be written.
    """
    require(charts in ("inline", "none"), "charts", charts, "'inline' or 'none'")
    text = report_html(model, summary, charts=charts)
    target = Path(path)
    write_whole(target, lambda part: part.write_text(text, encoding="utf-8"))
    return target


def report_html(model: SwarmModel, summary: Summary, *, charts: Literal["inline", "none"] = "inline") -> str:
    """The report as text; the same run gives the same text."""
    from .. import __version__

    sections = drawn_sections(model) if charts == "inline" else []
    if charts == "inline":
        sections[1:1] = scaling_section(model)
        sections[-1:-1] = [
            *intelligence_section(model),
            *emergence_section(model),
            *resilience_section(model),
            *optimization_section(model),
        ]
    stored = _stored(model)
    parts = {
        "title": escape(f"{summary.name}: {summary.agents:,} agents"),
        "eyebrow": "Report of a run",
        "font": FONT,
        "colors": colors(),
        "links": links(["Scorecard", *(section.title for section in sections), "Settings"]),
        "name": escape(summary.name),
        "demand": escape(_sentence(summary.demand)),
        "facts": facts(model, summary, stored[1]),
        "tiles": tiles(model, summary),
        "scorecard": scorecard_table(summary),
        "sections": "\n".join(section.html for section in sections),
        "settings": settings_section(model.config, stored[0]),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": script() if charts == "inline" else "",
    }
    return filled("report.html", parts)


def filled(template: str, parts: Mapping[str, str]) -> str:
    """A template of this folder with every ``[[name]]`` replaced, in one pass: what is put in is not read again."""
    text = Path(__file__).with_name(template).read_text(encoding="utf-8")
    return re.sub(r"\[\[(\w+)\]\]", lambda found: parts[found[1]], text)


def _stored(model: SwarmModel) -> tuple[str, str]:
    """The config as TOML and its hash, or why it has none."""
    from ..model.checkpoint import config_hash

    try:
        return model.config.toml(), config_hash(model.config)[:12]
    except ConfigError as error:
        return f"# {error}", "none (a strategy is not registered)"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") or not text else ".")


def colors() -> str:
    """The colors of both looks as CSS."""

    def block(where: str, look: Look) -> str:
        names = "; ".join(f"--{name}: {getattr(look, name)}" for name in COLORS)
        return f"{where} {{ {names}; color-scheme: {look.name}; }}"

    dark = block(":root", DARK)
    return "\n".join(
        [
            block(":root", LIGHT),
            f"@media (prefers-color-scheme: dark) {{ {dark} }}",
            block(':root[data-theme="light"]', LIGHT),
            block(':root[data-theme="dark"]', DARK),
        ]
    )


def links(names: list[str]) -> str:
    """Links to sections by their titles."""
    return "".join(f'<a href="#{name.lower()}">{name}</a>' for name in names)


def script() -> str:
    """Plotly's script, and what draws the page's figures."""
    from plotly.offline import get_plotlyjs

    from .page_cards import looks_json

    return filled("report.js.html", {"plotly": get_plotlyjs(), "looks": looks_json()})
