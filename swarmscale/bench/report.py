"""What a benchmark hands back: tables and gates, shown by rich or written as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..model.files import write_whole

SCHEMA = 1
type Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A figure that must keep to a limit.

    Attributes:
        name: what is measured, with its unit.
        value: the figure; None if it could not be measured.
        limit: the limit.
        at_least: whether the limit is the lowest figure that will do, or the highest.
    """

    name: str
    value: float | None
    limit: float
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        """Whether it holds; None if it could not be measured.

        >>> Gate(name="ms", value=1.2, limit=1.0, at_least=False).met
        False
        """
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        """The gate in words."""
        verdict = {True: "met", False: "MISSED", None: "not measured"}[self.met]
        rule = "at least" if self.at_least else "at most"
        return f"{self.name}: {shown(self.value)}, {rule} {shown(self.limit)}: {verdict}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One benchmark's result.

    Attributes:
        key: its name on the command line.
        title: what the table shows.
        columns: heads of the table, with units.
        rows: one cell a column.
        gates: what must hold.
        notes: sentences below the table.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    gates: tuple[Gate, ...] = ()
    notes: tuple[str, ...] = ()

    def show(self, console: Console) -> None:
        """Print it."""
        table = Table(title=self.title, title_justify="left", title_style="bold")
        for i, head in enumerate(self.columns):
            table.add_column(head, justify="left" if i == 0 else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*(shown(cell) for cell in row))
        console.print(table)
        for text in self.notes:
            console.print(f"  {text}", highlight=False, markup=False)
        for gate in self.gates:
            style = {True: "green", False: "bold red", None: "yellow"}[gate.met]
            console.print(f"  gate  {gate.line()}", style=style, highlight=False, markup=False)
        console.print()


def shown(cell: Cell) -> str:
    """A cell as text: four significant digits, a dash for what is not known.

    >>> shown(12345.678), shown(0.0123456), shown(None), shown(50_000)
    ('12,346', '0.01235', '-', '50,000')
    """
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"


def missed(sections: Sequence[Section]) -> int:
    """Gates that do not hold."""
    return sum(gate.met is False for section in sections for gate in section.gates)


def as_tree(machine: dict[str, Any], sections: Sequence[Section]) -> dict[str, Any]:
    """Everything as plain values for JSON."""
    return {
        "schema": SCHEMA,
        "machine": machine,
        "missed": missed(sections),
        "sections": [
            {
                "key": s.key,
                "title": s.title,
                "columns": list(s.columns),
                "rows": [list(row) for row in s.rows],
                "gates": [
                    {"name": g.name, "value": g.value, "limit": g.limit, "at_least": g.at_least, "met": g.met}
                    for g in s.gates
                ],
                "notes": list(s.notes),
            }
            for s in sections
        ],
    }


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write the tree beside its place and move it there whole.

    Raises:
        ConfigError: if the file cannot be written.
    """
    text = json.dumps(tree, indent=2, allow_nan=False) + "\n"
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
