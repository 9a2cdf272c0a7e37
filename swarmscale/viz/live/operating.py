"""What a button does to a running model: its inputs, what they may hold, and how it is done. Knows no Solara."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, require

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel
    from .session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that an operation needs to be told.

    Attributes:
        name: as refusals name it.
        label: for people, with its unit.
        start: what stands there at first, given the session.
        whole: whether it must be a whole number.
        optional: whether nothing may be given: then it is None.
        options: texts among which one is chosen, given the session; None for a number.
    """

    name: str
    label: str
    start: Callable[[Session], str]
    whole: bool = True
    optional: bool = False
    options: Callable[[Session], Sequence[str]] | None = None

    def read(self, session: Session, text: str) -> Any:
        """What a text means.

        Raises:
            ConfigError: if it is none of what may be given.
        """
        text = text.strip()
        if self.options is not None:
            options = self.options(session)
            if text in options:
                return text
            known = ", ".join(options[:12]) + (", ..." if len(options) > 12 else "")
            raise ConfigError(
                f"{self.name} = {text!r}, but it must be one of: {known or 'there is none now'}"
            )
        if not text and self.optional:
            return None
        wanted = ("a whole number" if self.whole else "a number") + (", or nothing" if self.optional else "")
        try:
            value: float = int(text.replace(",", "")) if self.whole else float(text.replace(",", ""))
        except ValueError:
            raise ConfigError(f"{self.name} = {text!r}, but it must be {wanted}") from None
        require(not self.optional or isfinite(value), self.name, text, wanted)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that a button does.

    Attributes:
        key: its name in the page.
        group: under which heading its button stands.
        title: on the button.
        text: what it does, for the tooltip.
        inputs: what it needs.
        said: for the log, with ``{name}`` for each input.
        act: does it; given the session, the model and the inputs' values by name.
        slow: whether it may take longer than a click: it is done beside the page, which stays as quick as before.
    """

    key: str
    group: str
    title: str
    text: str
    inputs: tuple[Input, ...]
    said: str
    act: Callable[[Session, SwarmModel, Mapping[str, Any]], object]
    slow: bool = False


def run(session: Session, operation: Operation, typed: Mapping[str, str]) -> Mapping[str, str]:
    """Do it, unless something is refused; the log tells of both.

    Args:
        session: whose model is changed.
        operation: what is done.
        typed: text of each input, by name.

    Returns:
        Refusals by the inputs' names, or by none where it has no inputs; empty if it was done.
    """
    values: dict[str, Any] = {}
    refusals: dict[str, str] = {}
    for one in operation.inputs:
        try:
            values[one.name] = one.read(session, typed.get(one.name, ""))
        except ConfigError as error:
            refusals[one.name] = str(error)
    if refusals:
        return refusals
    try:
        said = operation.said.format(**values)
        if values.get("for_s") is not None:
            said += f" for {values['for_s']:g} s"
        session.do(said, lambda model: operation.act(session, model, values))
    except ConfigError as error:
        return {blamed_input(str(error), operation.inputs): str(error)}
    return {}


def blamed_input(refusal: str, inputs: Sequence[Input]) -> str:
    """The input that a refusal names at its begin; else the last one, and none where there is none."""
    named = [one.name for one in inputs if refusal.startswith(f"{one.name} ")]
    return named[0] if named else inputs[-1].name if inputs else ""
