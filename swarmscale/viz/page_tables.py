"""Tables of pages that can be sorted by a click on a column: cells as text with the number behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .theme import number

TALL = 16
"""Rows from which a table scrolls inside its own frame."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: what is read.
        value: what it is sorted by; None for a cell of text.
        css: class of its text.
    """

    text: str
    value: float | None = None
    css: str = ""


def measured_cell(value: float, unit: str = "", css: str = "") -> Cell:
    """A number with its unit."""
    return Cell(number(value, unit), value, css)


def interval_cell(value: float, low: float, high: float, unit: str = "") -> Cell:
    """A number with half the width of its interval, or with both ends where it lies aside."""
    if math.isnan(low) or math.isnan(value):
        return measured_cell(value, unit)
    up, down = high - value, value - low
    if abs(up - down) <= 0.02 * (high - low):
        return Cell(f"{number(value, unit)} ± {number((high - low) / 2, unit)}", value)
    return Cell(f"{number(value, unit)} [{number(low, unit)}, {number(high, unit)}]", value)


def sortable(head: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, label: str) -> str:
    """A table as HTML; the first column names the rows.

    Args:
        head: names of the columns.
        rows: a cell a column.
        label: what the table holds, for those who cannot see it.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    numbers = [any(row[i].value is not None for row in cells) for i in range(len(head))]
    heads = "".join(
        f'<th scope="col" aria-sort="none"{_kind(numbers[i])}><button type="button">{escape(name)}</button></th>'
        for i, name in enumerate(head)
    )
    body = "".join(
        f"<tr>{''.join(_cell(cell, i, numbers[i]) for i, cell in enumerate(row))}</tr>" for row in cells
    )
    tall = " tall" if len(rows) >= TALL else ""
    return (
        f'<div class="scroll{tall}" tabindex="0" role="region" aria-label="{escape(label)}"><table class="sortable">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Cell, column: int, numeric: bool) -> str:
    text = f'<span class="{cell.css}">{escape(cell.text)}</span>' if cell.css else escape(cell.text)
    if not numeric:
        return (
            f'<th scope="row">{text}</th>'
            if column == 0
            else f'<td class="text{" long" if len(cell.text) > 48 else ""}">{text}</td>'
        )
    value = cell.value if cell.value is not None and math.isfinite(cell.value) else None
    shown = "" if value is None else repr(float(value))
    tag = "th" if column == 0 else "td"
    return f'<{tag} class="number" data-value="{shown}"{" scope=row" if column == 0 else ""}>{text}</{tag}>'


def _kind(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def part(title: str, lead: str, body: str) -> str:
    """A section of a page that holds no figures; its title is the word that the page's links go to."""
    said = f"<p>{escape(lead)}</p>" if lead else ""
    return f'<section id="{title.lower()}"><h2>{escape(title)}</h2>{said}{body}</section>'
