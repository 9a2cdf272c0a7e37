"""What is typed for a type, what bounds say in words, and what a class's docstring says of its attributes."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterable
from typing import Any, Literal, Union, get_args, get_origin

type Kind = Literal["number", "whole", "flag", "choice", "strategy", "numbers", "json", "text"]


def kind_of(annotation: Any) -> tuple[Kind, tuple[str, ...], bool]:
    """What is typed for a type, its options, and whether nothing may be given."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType) and type(None) in inner:
        kind, options, _ = kind_of(next(a for a in inner if a is not type(None)))
        return kind, options, True
    literals = _literals(annotation)
    if literals:
        return "choice", literals, False
    if origin is not None and getattr(annotation, "__metadata__", None):
        return kind_of(inner[0])
    if origin is tuple:
        plain = all(kind_of(a)[0] in ("number", "whole") for a in inner if a is not Ellipsis)
        return ("numbers" if plain else "json"), (), False
    simple: dict[Any, Kind] = {bool: "flag", int: "whole", float: "number", str: "text"}
    return simple.get(annotation, "json"), (), False


def _literals(annotation: Any) -> tuple[str, ...]:
    """The texts of a Literal, of an alias of one, or of a union of them."""
    annotation = getattr(annotation, "__value__", annotation)
    if get_origin(annotation) is Literal:
        return tuple(str(a) for a in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [_literals(a) for a in get_args(annotation)]
        return tuple(text for part in parts for text in part) if all(parts) else ()
    return ()


_NAMED = {"float": float, "int": int, "str": str, "bool": bool, "tuple[float, ...]": tuple[float, ...]}


def annotation_of(named: Any) -> Any:
    """The type of a dataclass's field, which may stand there as text."""
    if not isinstance(named, str):
        return named
    if named.startswith("Literal["):
        return Literal[tuple(re.findall(r"'([^']*)'", named))]
    return _NAMED.get(named, object)


def attributes_of(member: Any) -> dict[str, str]:
    """What a class's docstring says of each of its attributes.

    >>> from swarmscale.model.flow.dispatch import DISPATCH_RULES
    >>> sorted(attributes_of(DISPATCH_RULES["contract-net"]))
    ['bid_ms', 'bidders']
    """
    _, _, part = (inspect.getdoc(member) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in part.splitlines():
        start = re.match(r" {4}(\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif name and line.startswith(" " * 6):
            found[name] += " " + line.strip()
        else:
            name = ""
    return {key: text.replace("``", "").rstrip(".") for key, text in found.items()}


def rule_of(marks: Iterable[Any], *, optional: bool = False) -> str:
    """A pydantic field's bounds in words.

    >>> from annotated_types import Ge, Gt, Le, Lt
    >>> rule_of([Ge(0), Lt(1)]), rule_of([Gt(0)], optional=True), rule_of([Ge(1), Le(5000)])
    ('0 or more and below 1', 'above 0, or nothing', 'from 1 to 5,000')
    """
    words = {"gt": "above {}", "ge": "{} or more", "lt": "below {}", "le": "at most {}"}
    bounds = {
        name: f"{getattr(mark, name):,}"
        for mark in _flat(marks)
        for name in words
        if getattr(mark, name, None) is not None
    }
    if set(bounds) == {"ge", "le"}:
        text = f"from {bounds['ge']} to {bounds['le']}"
    else:
        text = " and ".join(words[name].format(bound) for name, bound in bounds.items())
    return text + (", or nothing" if optional and text else "or nothing" if optional else "")


def _flat(marks: Iterable[Any]) -> Iterable[Any]:
    for mark in marks:
        inner = getattr(mark, "metadata", None)
        yield from _flat(inner) if inner else (mark,)
