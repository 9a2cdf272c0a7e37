"""Cards of the report: a figure with its title, how to read it and its definitions, as HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from .theme import DARK, LIGHT, dark_words, template

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One figure and what is said about it.

    Attributes:
        key: its name in the page.
        figure: what is drawn, None if there is nothing to draw.
        read: how to read it.
        otherwise: what is said where there is nothing to draw.
        wide: whether it takes the whole width.
    """

    key: str
    figure: Figure | None
    read: str
    otherwise: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A section as HTML, with its title."""

    title: str
    html: str


def section(title: str, lead: str, panels: list[Panel]) -> Drawn:
    """A section of figures as HTML."""
    shown = [p for p in panels if p.figure is not None]
    narrow = [p for p in shown if not p.wide]
    alone = narrow[0].key if len(narrow) % 2 else ""
    cards = "\n".join(_card(p, p.wide or p.key == alone) for p in shown)
    missing = "".join(f"<li>{escape(p.otherwise)}</li>" for p in panels if p.figure is None)
    # several figures may lack for the same reason, which is said once
    missing = "".join(dict.fromkeys(f"{item}</li>" for item in missing.split("</li>") if item))
    none = f'<ul class="none">{missing}</ul>' if missing else ""
    return Drawn(
        title,
        f'<section id="{title.lower()}"><h2>{title}</h2><p>{escape(lead)}</p>'
        f'<div class="grid">{cards}</div>{none}</section>',
    )


def _card(panel: Panel, wide: bool) -> str:
    assert panel.figure is not None
    plain: dict[str, Any] = json.loads(panel.figure.to_json())
    layout = plain["layout"]
    layout.pop("template", None)
    title = layout.pop("title")
    definitions = layout.pop("meta", {}).get("definitions", [])
    layout["margin"] = {**layout["margin"], "t": 16}
    note = title.get("subtitle", {}).get("text", "")
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in definitions)
    return (
        f'<article class="card{" wide" if wide else ""}" id="figure-{panel.key}"><h3>{escape(title["text"])}</h3>'
        f"<p>{escape(panel.read)}</p>"
        + (f'<p class="note">{escape(note)}</p>' if note else "")
        + f'<script type="application/json">{script_json({"data": plain["data"], "layout": layout})}</script>'
        f'<div class="plot" style="height:{layout["height"]}px" role="img" aria-label="{escape(title["text"])}"></div>'
        + (f"<details><summary>Definitions</summary><dl>{terms}</dl></details>" if terms else "")
        + "</article>"
    )


def looks_json() -> str:
    """Both templates, and how colors change between them, for the page's script."""
    looks = {"light": template(LIGHT), "dark": template(DARK)}
    return script_json({"templates": looks, "words": dark_words()})


def script_json(value: object) -> str:
    """JSON that may stand in a script element: no character of it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
