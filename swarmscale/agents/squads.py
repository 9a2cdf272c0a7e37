"""Squads: agents that were made together, of a kind, type and abilities that somebody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..arrays import Bools, Bytes, Ints
from ..errors import UnknownChoiceError
from .cognition import FUNCTIONS
from .fleet import Makeup
from .skills import TYPES


class AgentKind(NamedTuple):
    """What agents of a kind are like, and what they cost.

    Attributes:
        own: lowest and highest skill for tasks of the agent's own type; None: as the fleet's config says.
        other: the same for tasks of other types.
        price: of an agent-second, in that of a standard agent.
    """

    own: tuple[float, float] | None
    other: tuple[float, float] | None
    price: float


KINDS: dict[str, AgentKind] = {
    "standard": AgentKind(None, None, 1.0),
    "enhanced": AgentKind((0.97, 1.0), (0.85, 0.95), 1.5),
}
"""Kinds of agents by name. Skills and price of the enhanced ones are assumed."""


class Capability(NamedTuple):
    """What agents with a capability do.

    Attributes:
        functions: cognitive functions at which they work.
        types: types of tasks that they serve as well as those of their own.
    """

    functions: tuple[str, ...]
    types: tuple[str, ...]


CAPABILITIES: dict[str, Capability] = {
    "coordination": Capability(("social-cognition", "decision-making"), ("social", "systems")),
    "optimization": Capability(("optimization",), ("analytical", "systems")),
    "learning": Capability(("learning", "memory"), ("analytical", "creative")),
    "communication": Capability(("social-cognition", "emotional-processing"), ("social", "emotional")),
    "analysis": Capability(("reasoning", "pattern-recognition"), ("analytical",)),
    "prediction": Capability(("pattern-recognition", "reasoning"), ("analytical", "systems")),
    "negotiation": Capability(("social-cognition", "decision-making"), ("social", "emotional")),
    "risk-assessment": Capability(("reasoning", "decision-making"), ("analytical", "practical")),
    "planning": Capability(("planning", "attention"), ("practical", "systems")),
    "creativity": Capability(("creativity", "perception"), ("creative",)),
}
"""Capabilities by name; which functions and types belong to each is assumed, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Squad:
    """Agents that were made together.

    Attributes:
        first: the first one's unique id.
        last: one behind the last one's.
        kind: a key of :data:`KINDS`.
        intelligence: their type, empty where each has its own.
        capabilities: keys of :data:`CAPABILITIES`.
    """

    first: int
    last: int
    kind: str = "standard"
    intelligence: str = ""
    capabilities: tuple[str, ...] = ()

    @property
    def functions(self) -> Bools:
        """`[12]` cognitive functions that their capabilities are for."""
        return np.array([name in self.function_names for name in FUNCTIONS])

    @property
    def function_names(self) -> tuple[str, ...]:
        """The same by name."""
        wanted = {name for one in self.capabilities for name in CAPABILITIES[one].functions}
        return tuple(name for name in FUNCTIONS if name in wanted)


def checked(kind: str, intelligence: str, capabilities: Sequence[str]) -> None:
    """Refuse what is not known.

    Raises:
        UnknownChoiceError: with the nearest name.
    """
    if kind not in KINDS:
        raise UnknownChoiceError("kind of agents", kind, KINDS)
    if intelligence and intelligence not in TYPES:
        raise UnknownChoiceError("intelligence type", intelligence, TYPES)
    for one in capabilities:
        if one not in CAPABILITIES:
            raise UnknownChoiceError("capability", one, CAPABILITIES)


def makeup_of(usual: Makeup, kind: str, intelligence: str, capabilities: Sequence[str]) -> Makeup:
    """How the agents of a squad are made: their laws of type and skill, the usual ones where nothing else is said."""
    own, other, _ = KINDS[kind]
    makeup = replace(usual, own=own or usual.own, other=other or usual.other)
    if intelligence:
        only = (np.arange(len(TYPES)) >= TYPES.index(intelligence)).astype(np.float64)
        makeup = replace(makeup, type_share=only)
    also = {TYPES.index(name) for one in capabilities for name in CAPABILITIES[one].types}
    return replace(makeup, also=tuple(sorted(also)))


def allowed(squads: Iterable[Squad], uid: Ints, kind: Bytes, usual: Bools) -> Bools:
    """`[N, 12]` functions at which agents may work: their type's, or in squads with capabilities those of these.

    Args:
        squads: that there are.
        uid: `[N]` unique ids.
        kind: `[N]` intelligence types.
        usual: `[6, 12]` which functions a type allows.
    """
    out = usual[kind]
    for squad in squads:
        functions = squad.functions
        if functions.any():
            out[(uid >= squad.first) & (uid < squad.last)] = functions
    return out
