"""Faults that strike at given times: from the settings, and from a CSV file."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ...errors import ConfigError, UnknownChoiceError
from .base import Fault
from .faults import FAULTS
from .settings import Resilience, Told

if TYPE_CHECKING:
    from ..config import Config

COLUMNS = ("at_s", "fault", "components", "number", "share", "for_s", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault that strikes at a given time.

    Attributes:
        told: what the settings or a row of the file say.
        name: registered name of the fault.
        place: where that is said, for refusals.
        stream: name of the stream of its draws, and of its incident: the how-many-th of its fault it is.
    """

    told: Told
    name: str
    place: str
    stream: str

    def field(self, name: str) -> str:
        """A field in words, for refusals."""
        return f"{self.place}.{name}" if self.place.startswith("resilience.") else f"{self.place}, {name}"


def planned(settings: Resilience) -> tuple[Planned, ...]:
    """All of them by time, first those of the settings, then those of the file.

    Raises:
        ConfigError: naming the place, the field, its value and what it must be.
    """
    counts: dict[str, int] = {}
    plan: list[Planned] = []
    for source, entries in (("script", _of_settings(settings)), ("trace", _of_file(settings.trace))):
        for place, told in entries:
            _check(place, told)
            name = name_of(told.fault)
            ordinal = counts[f"{name}/{source}"] = counts.get(f"{name}/{source}", -1) + 1
            plan.append(Planned(told=told, name=name, place=place, stream=f"{name}/{source}/{ordinal}"))
    return tuple(sorted(plan, key=lambda one: one.told.at_s))


def name_of(fault: Fault) -> str:
    """Registered name of a fault, or the name of its class."""
    return FAULTS.name_of(fault) or type(fault).__name__


def can_end(fault: Fault) -> bool:
    """Whether a fault may be over by itself: its class does not say that it never is."""
    return getattr(type(fault), "for_s", 0.0) is not None


def refuse_unshared(settings: Resilience) -> None:
    """Refuse faults that cannot strike in a model that is shared out over shards.

    Raises:
        ConfigError: naming the fault and where it is set.
    """
    if not settings.on:
        return
    given = [(f"resilience.faults.{i}", fault) for i, fault in enumerate(settings.faults)]
    given += [(one.place, one.told.fault) for one in planned(settings)]
    for place, fault in given:
        if not getattr(fault, "shared", False):
            raise ConfigError(
                f"{place} = {name_of(fault)}, but in a model that is shared out over shards it must be one of: "
                f"{', '.join(name for name in FAULTS if getattr(FAULTS[name], 'shared', False))}"
            )


def check_numbers(config: Config) -> None:
    """Refuse nodes and links that the mesh cannot have.

    Raises:
        ConfigError: naming where they are asked for.
    """
    settings, nodes = config.resilience, config.fleet.nodes
    for i, fault in enumerate(settings.faults):
        _refuse_nodes(f"resilience.faults.{i}.nodes", getattr(fault, "nodes", ()), nodes)
    for one in planned(settings):
        _refuse_nodes(one.field("nodes"), getattr(one.told.fault, "nodes", ()), nodes)
        if one.told.fault.hits == "node":
            _refuse_nodes(one.field("components"), one.told.components, nodes)
        if one.told.fault.hits == "link":
            for n in one.told.components:
                a, b = divmod(n, nodes)
                if not 0 <= a < b < nodes:
                    raise ConfigError(
                        f"{one.field('components')} = {n}, but it must be a x {nodes} + b for a link a - b with "
                        f"0 <= a < b < {nodes}"
                    )


def _refuse_nodes(place: str, numbers: tuple[int, ...], nodes: int) -> None:
    for n in numbers:
        if not 0 <= n < nodes:
            raise ConfigError(
                f"{place} = {n}, but it must be from 0 to {nodes - 1}, the nodes that there are"
            )


def _of_settings(settings: Resilience) -> Iterator[tuple[str, Told]]:
    for i, told in enumerate(settings.script):
        yield f"resilience.script.{i}", told


def _check(place: str, told: Told) -> None:
    ways = [name for name in ("components", "number", "share") if getattr(told, name) not in (None, ())]
    if len(ways) > 1:
        raise ConfigError(f"{place}: {' and '.join(ways)} are given, but at most one of them may be")
    if told.for_s is not None and not can_end(told.fault):
        name = name_of(told.fault)
        raise ConfigError(
            f"{place}, for_s = {told.for_s:g}, but it must be left out: {name} lasts until it is mended"
        )


def _of_file(path: str) -> Iterator[tuple[str, Told]]:
    """Rows of a CSV file: the columns of ``COLUMNS``, and settings of faults; empty cells say nothing."""
    if not path:
        return
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"resilience.trace = {path!r}: cannot be read: {reason}") from None
    rows = list(csv.reader(text.splitlines()))
    if not rows:
        raise ConfigError(f"{path}: is empty, but it must have a header with at_s and fault")
    names = [cell.strip().lower() for cell in rows[0]]
    _check_header(path, names)
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise ConfigError(f"{path}, row {line}: {len(cells)} fields, but there must be {len(names)}")
        given = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()}
        yield f"{path}, row {line}", _told(f"{path}, row {line}", given)


def _check_header(path: str, names: list[str]) -> None:
    settings = {field for name in FAULTS for field in FAULTS.fields(name)}
    for needed in ("at_s", "fault"):
        if needed not in names:
            near = difflib.get_close_matches(needed, names, n=1, cutoff=0.5)
            hint = f" Did you mean {needed!r} by {near[0]!r}?" if near else ""
            raise ConfigError(f"{path}, row 1: no column {needed!r}, but there must be one.{hint}")
    for name in names:
        if name not in COLUMNS and name not in settings:
            refusal = UnknownChoiceError("column", name, {*COLUMNS, *settings})
            raise ConfigError(f"{path}, row 1: {refusal}")
        if names.count(name) > 1:
            raise ConfigError(f"{path}, row 1: column {name!r} stands there twice, but names must differ")


def _told(place: str, given: dict[str, str]) -> Told:
    own = {name: _value(cell) for name, cell in given.items() if name not in COLUMNS}
    told: dict[str, Any] = {name: cell for name, cell in given.items() if name in COLUMNS}
    for needed in ("at_s", "fault"):
        if needed not in told:
            raise ConfigError(f"{place}, {needed} = '', but it must be given")
    if "components" in told:
        told["components"] = told["components"].replace(";", " ").split()
    try:
        told["fault"] = FAULTS.make(told["fault"], **own)
        return Told.model_validate(told)
    except ConfigError as refusal:
        raise ConfigError(f"{place}, fault = {given['fault']!r}: {refusal}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        rule = first["msg"].replace("Input should be ", "").replace("Value should ", "")
        field = str(first["loc"][0])
        raise ConfigError(
            f"{place}, {field} = {given[field]!r}, but it must be {rule[0].lower()}{rule[1:]}"
        ) from None


def _value(cell: str) -> Any:
    """A cell as a number where it is one."""
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
