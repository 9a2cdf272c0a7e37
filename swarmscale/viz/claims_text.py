"""The scorecard of the origin's claims as text: values, verdicts, the table of a README, the whole as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from ..batch.scorecard.card import Row, Scorecard
from ..errors import ConfigError
from .theme import number, suffix

BEGIN, END = "<!-- scorecard -->", "<!-- /scorecard -->"
"""Between these the table of a README stands."""

SIGNS = {"met": "✓", "not met": "✗", "open": "~", "not measured": "–", "": ""}
LOOKS = {"met": "green", "not met": "red", "open": "yellow", "not measured": "dim"}
"""How verdicts look on a terminal; their sign tells them apart without color."""
WORDS = {"at least": "≥", "above": ">", "at most": "≤", "below": "<", "exactly": "="}
COMMAND = "swarmscale scorecard"


def heading(card: Scorecard) -> str:
    """What was measured, where, and how many claims are met."""
    counts = ", ".join(
        f"{card.count(one)} {one}" for one in ("met", "not met", "open", "not measured") if card.count(one)
    )
    seeds = (
        f"{len(card.seeds)} seeds from {card.seeds[0]}" if len(card.seeds) > 1 else f"seed {card.seeds[0]}"
    )
    reduced = "Reduced form: small fleets and short runs, which say whether it works and not what claims are worth. "
    told = "; ".join(part for part in (counts, seeds, card.machine or "an unnamed machine") if part)
    return f"{reduced if card.size == 'quick' else ''}{told}"


def figures_text(value: float, ends: Sequence[float], unit: str) -> list[str]:
    """A value and the ends of its interval without their unit, with as many decimals as the value.

    Shares are in percent, near 100 with two digits of the least that is missing.

    >>> figures_text(0.999477, [0.9991, 1.0], "share"), figures_text(0.5308, [0.521, 0.54], "share")
    (['99.948', '99.910', '100'], ['53.1', '52.1', '54.0'])
    """
    told = [value, *ends]
    if unit == "share" and 0.99 < value < 1:
        missing = [100 * (1 - x) for x in told if 1 - x > 1e-7]
        places = min(math.ceil(-math.log10(min(missing)) - 1e-9) + 1, 5)
        return ["100" if 1 - x <= 1e-7 else f"{100 * x:.{places}f}" for x in told]
    return [number(x, unit).removesuffix(suffix(unit)) for x in told]


def value_text(row: Row) -> str:
    """A row's value with its interval and unit."""
    if math.isnan(row.value):
        return "–"
    if row.kind == "count":
        return f"{row.value:,.0f}{suffix(row.unit)}"
    spread = not math.isnan(row.low) and (row.low, row.high) != (row.value, row.value)
    text, *ends = figures_text(row.value, [row.low, row.high] if spread else [], row.unit)
    return text + (f" [{', '.join(ends)}]" if ends else "") + suffix(row.unit)


def limit_text(row: Row) -> str:
    """What was claimed, as a bound."""
    if row.bound is None:
        return "–"
    if row.kind == "count":
        return f"{WORDS[row.sense]} {row.limit:,.0f}{suffix(row.unit)}"
    return f"{WORDS[row.sense]} {limit_digits(row.limit, row.unit)}{suffix(row.unit)}"


def limit_digits(limit: float, unit: str) -> str:
    """A limit as short as it was claimed.

    >>> limit_digits(0.88, "share"), limit_digits(0.9995, "share"), limit_digits(10_000.0, "1/s")
    ('88', '99.95', '10,000')
    """
    return f"{round(100 * limit if unit == 'share' else limit, 9):,.10g}"


def verdict_text(row: Row) -> str:
    """The verdict behind its sign."""
    return f"{SIGNS[row.verdict]} {row.verdict}".strip() or "–"


def beside_text(row: Row) -> str:
    """What is told with a row's value."""
    whole = row.kind == "count"
    told = [
        f"{label} {f'{value:,.0f}' if whole else number(value, unit)}" for label, value, unit in row.beside
    ]
    return ", ".join(told)


def note_text(row: Row) -> str:
    """All that must be known to read a row."""
    return "; ".join(part for part in (beside_text(row), row.together, row.note) if part)


# -- Markdown -------------------------------------------------------------------------------------------


def readme_table(card: Scorecard) -> str:
    """The table for a README: what is counted in one row, claims of one figure in one, what stands beside left out."""
    lines = [
        "| the origin's claim | measured | value, 95 % interval | claimed: verdict |",
        "|---|---|---|---|",
    ]
    counted = [row for row in card.rows if row.kind == "count"]
    if counted:
        told = ", ".join(f"{row.title} {value_text(row)}" for row in counted)
        words = ", ".join(f"{sum(row.verdict == one for row in counted)} {one}" for one in _verdicts(counted))
        lines.append(
            f"| {len(counted)} claims of size and parts | counted in the live model | {told} | {words} |"
        )
    before = ""
    for rows in _alike([row for row in card.rows if row.quote and row.kind != "count"]):
        quotes = " / ".join(dict.fromkeys(_cell(plain_quote(row.quote)) for row in rows))
        verdicts = ", ".join(f"{limit_text(row)}: {row.verdict}" if row.bound else "–" for row in rows)
        shown = "" if quotes == before else quotes
        lines.append(f"| {shown} | {_cell(rows[0].title)} | {value_text(rows[0])} | {verdicts} |")
        before = quotes
    return "\n".join(lines)


def _verdicts(rows: Sequence[Row]) -> list[str]:
    """The verdicts that occur, in the order in which they are told."""
    return [one for one in SIGNS if any(row.verdict == one for row in rows)]


def filled_between(text: str, card: Scorecard) -> str:
    """A text with the table between its marks made anew.

    Raises:
        ConfigError: if it has none.
    """
    first, last = text.find(BEGIN), text.find(END)
    if not 0 <= first < last:
        raise ConfigError(f"but it must have the marks {BEGIN} and {END}")
    return f"{text[: first + len(BEGIN)]}\n{readme_table(card)}\n{text[last:]}"


def claims_markdown(card: Scorecard) -> str:
    """The whole scorecard: verdicts by area, then definition, scenario and command of each row."""
    lines = [
        "# The origin's claims, measured",
        "",
        f"Printed by `{whole_command(card)}`, which took {card.seconds / 60:.1f} minutes. {heading(card)}.",
        "",
        "A value is the mean over draws, in brackets its 95 % interval: Student's over seeds or traces, of shares of "
        "incidents the wider of that and Clopper & Pearson's. A claim is met if the whole interval lies on the claimed "
        "side, not met if no part of it does, else open. Two claims of one quantity both stand, with a verdict each.",
        *_torn(card.rows),
    ]
    for area, rows in groupby(card.rows, key=lambda row: row.area):
        lines += ["", f"## {area[:1].upper()}{area[1:]}", "", *_area_lines(list(rows))]
    lines += ["", "## How each is measured", "", *_definition_lines(card.rows)]
    if card.failures:
        lines += [
            "",
            "## What failed",
            "",
            *(f"- {where}: {_cell(error)}" for where, error in card.failures.items()),
        ]
    return "\n".join(lines) + "\n"


def _torn(rows: Sequence[Row]) -> list[str]:
    """Claims that cannot hold together, each pair once."""
    told: dict[frozenset[str], str] = {}
    for row in rows:
        for part in row.together.split("; "):
            other = part.partition('cannot hold together with "')[2].rpartition('": ')[0]
            if other:
                pair = frozenset((other, plain_quote(row.quote)))
                told.setdefault(pair, f'- "{_cell(plain_quote(row.quote))}" {_cell(part)}')
    return (
        ["", "The origin claims some things that cannot hold together:", "", *told.values()] if told else []
    )


def _area_lines(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| the origin's claim | measured | claimed | value, 95 % interval | verdict | beside it |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        quote = _cell(plain_quote(row.quote)) or "–"
        lines.append(
            f"| {quote} | {_cell(row.title)} | {limit_text(row)} | {value_text(row)} | {verdict_text(row)} "
            f"| {_cell(note_text(row))} |"
        )
    return lines


def _definition_lines(rows: Sequence[Row]) -> list[str]:
    lines = ["| row | definition | where | draws | command |", "|---|---|---|---|---|"]
    for row in rows:
        told = (
            _cell(row.title),
            _cell(row.definition),
            _cell(row.scenario),
            draws_text(row),
            f"`{row.command}`",
        )
        lines.append(f"| {' | '.join(told)} |")
    return lines


def draws_text(row: Row) -> str:
    """How many draws there were, and of what."""
    return "counted" if row.kind == "count" else f"{row.draws} {row.kind}" if row.draws else "–"


def _alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of the same figure together, in the order in which they begin."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.study, row.figure), []).append(row)
    return list(groups.values())


def whole_command(card: Scorecard) -> str:
    """What makes the whole scorecard."""
    from ..batch.scorecard.run import ROOT
    from ..batch.scorecard.size import FULL, QUICK

    size = QUICK if card.size == QUICK.name else FULL
    words = [COMMAND]
    words += [f"--seeds {len(card.seeds)}"] if len(card.seeds) != size.seeds else []
    words += [f"--rng {card.seeds[0]}"] if card.seeds[0] != ROOT else []
    return " ".join(words + (["--quick"] if size is QUICK else []))


def plain_quote(quote: str) -> str:
    """A quote without the origin's own marks."""
    return quote.replace("*", "")


def _cell(text: str) -> str:
    """A text that breaks no table."""
    return text.replace("|", "\\|").replace("<", "&lt;")
