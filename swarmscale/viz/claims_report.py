"""The scorecard of the origin's claims as a page that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from math import log

from ..batch.scorecard.card import Row, Scorecard
from .claims_text import (
    draws_text,
    heading,
    limit_text,
    note_text,
    plain_quote,
    value_text,
    verdict_text,
    whole_command,
)
from .page_cards import looks_json
from .report import colors, filled, links
from .theme import FONT


def claims_html(card: Scorecard) -> str:
    """The page as text; the same scorecard gives the same text."""
    from .. import __version__

    drawn = _growth(card)
    areas = [(area, list(rows)) for area, rows in groupby(card.rows, key=lambda row: row.area)]
    parts = {
        "title": "The origin's claims, measured",
        "eyebrow": "Scorecard",
        "font": FONT,
        "colors": colors(),
        "links": links(["Claims", *(["Growth"] if drawn else []), "Definitions"]),
        "name": "The origin's claims, measured",
        "demand": escape(heading(card)),
        "facts": _facts(card),
        "tiles": "",
        "scorecard": f'<section id="claims"><h2>Claims</h2>{"".join(_area(*one) for one in areas)}</section>',
        "sections": drawn,
        "settings": _definitions(card.rows),
        "footer": escape(f"Made by swarmscale {__version__}. This file loads nothing from anywhere."),
        "script": filled("report.js.html", {"plotly": "", "looks": looks_json()}),
    }
    return filled("report.html", parts)


def _facts(card: Scorecard) -> str:
    told = [(one, str(card.count(one))) for one in ("met", "not met", "open", "not measured")]
    told += [("seeds", ", ".join(map(str, card.seeds))), ("command", whole_command(card))]
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in told)


def _area(area: str, rows: Sequence[Row]) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in (
            "measured",
            "the origin's claim",
            "claimed",
            "value, 95 % interval",
            "verdict",
            "beside it",
        )
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row.title)}</th><td class="text">{escape(plain_quote(row.quote))}</td>'
        f'<td class="claim">{escape(limit_text(row))}</td><td class="value">{escape(value_text(row))}</td>'
        f'<td class="verdict {row.verdict.replace(" ", "-")}">{escape(verdict_text(row))}</td>'
        f'<td class="text">{escape(note_text(row))}</td></tr>'
        for row in rows
    )
    return (
        f"<h3>{escape(area[:1].upper() + area[1:])}</h3>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _definitions(rows: Sequence[Row]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(row.title)}</th><td class="text">{escape(row.definition)}</td>'
        f'<td class="text">{escape(row.scenario)}; {escape(draws_text(row))}</td>'
        f"<td><code>{escape(row.command)}</code></td></tr>"
        for row in rows
    )
    return (
        '<section id="definitions"><h2>Definitions</h2><div class="scroll"><table>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


# -- capacity by the number of agents, drawn by hand so that the page needs no script ----------------------

WIDE, HIGH, EDGE = 640.0, 320.0, 60.0
GROWING = (("growth", "tasks of 3.5 s", "accent"), ("growth-short", "tasks of .35 s", "bad"))
"""Studies whose capacity is drawn, with a name and one of the page's colors."""


def _growth(card: Scorecard) -> str:
    """Capacity against agents, both logarithmic, each beside growth in proportion; empty if none was measured."""
    curves = [(_curve(card, study), name, color) for study, name, color in GROWING]
    curves = [one for one in curves if len(one[0]) > 1]
    if not curves:
        return ""
    first, last = (each(n for curve, *_ in curves for n, _ in curve) for each in (min, max))
    low = min(rate for curve, *_ in curves for _, rate in curve)
    high = max(curve[0][1] * curve[-1][0] / curve[0][0] for curve, *_ in curves)

    def at(n: float, rate: float) -> str:
        x = EDGE + (WIDE - 2 * EDGE) * log(n / first) / log(last / first)
        y = HIGH - EDGE / 2 - (HIGH - EDGE) * log(rate / low) / log(high / low)
        return f"{x:.1f},{y:.1f}"

    drawn: list[str] = []
    for curve, name, color in curves:
        (n, rate), (end, most) = curve[0], curve[-1]
        dots = " ".join(at(*point) for point in curve)
        drawn.append(
            f'<polyline points="{at(n, rate)} {at(end, rate * end / n)}" fill="none" stroke="var(--muted)" '
            f'stroke-dasharray="4 4"/><polyline points="{dots}" fill="none" stroke="var(--{color})" stroke-width="2"/>'
            f'<text x="{EDGE}" y="{18 * (1 + len(drawn))}" fill="var(--{color})">'
            f"{escape(name)}: {rate:,.0f}/s to {most:,.0f}/s</text>"
        )
    ends = "".join(
        f'<text x="{x:.0f}" y="{HIGH + 6:.0f}" text-anchor="{anchor}" fill="var(--muted)">{n:,} agents</text>'
        for x, anchor, n in ((EDGE, "start", first), (WIDE - EDGE, "end", last))
    )
    return (
        '<section id="growth"><h2>Growth</h2><p>Tasks answered in time a second at the largest load that is borne, '
        "against agents, both logarithmic; dashed: growth in proportion to the smallest fleet.</p>"
        f'<svg viewBox="0 0 {WIDE:.0f} {HIGH + 12:.0f}" width="100%" style="max-width: {WIDE:.0f}px" font-size="13" '
        f'role="img" aria-label="Capacity against agents">{"".join(drawn)}{ends}</svg></section>'
    )


def _curve(card: Scorecard, study: str) -> list[tuple[int, float]]:
    """Agents and capacity, 1/s, ascending."""
    held = card.figures.get(study, {})
    sizes = sorted(int(name.removeprefix("rate_")) for name in held if name.startswith("rate_"))
    return [(n, held[f"rate_{n}"][0]) for n in sizes if held[f"rate_{n}"][0] > 0]
