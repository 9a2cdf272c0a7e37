"""What a claim is worth: a bound, the verdict of a value and its interval, and which claims exclude each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

type Sense = Literal["at least", "above", "at most", "below", "exactly"]
type Relation = Literal["same", "no more than", "no less than"]

MET, NOT_MET, OPEN, NOT_MEASURED, UNCLAIMED = VERDICTS = ("met", "not met", "open", "not measured", "")
"""What may become of a claim; the last one is of rows for which no figure was claimed."""

_HOLDS: dict[Sense, Callable[[float, float], bool]] = {
    "at least": lambda value, limit: value >= limit,
    "above": lambda value, limit: value > limit,
    "at most": lambda value, limit: value <= limit,
    "below": lambda value, limit: value < limit,
    "exactly": lambda value, limit: value == limit,
}
_FLOORS = ("at least", "above", "exactly")
_CEILINGS = ("at most", "below", "exactly")
TURNED: dict[Relation, Relation] = {
    "same": "same",
    "no more than": "no less than",
    "no less than": "no more than",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a claim says of a figure.

    Attributes:
        sense: which side of the limit is meant.
        limit: in the figure's unit.
    """

    sense: Sense
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value is on the side that was claimed."""
        return _HOLDS[self.sense](value, self.limit)


def verdict(bound: Bound | None, value: float, low: float = math.nan, high: float = math.nan) -> str:
    """What a value with its interval says of a bound.

    Args:
        bound: the claim; None if no figure was claimed.
        value: NaN if there was nothing to measure.
        low: lower end of the interval; NaN if there is none, and the value alone counts.
        high: upper end.

    Returns:
        ``met`` if the whole interval is on the side that was claimed, ``not met`` if no part of it is, else
        ``open``; ``not measured`` without a value; nothing where no figure was claimed.

    >>> verdict(Bound("at least", 0.9), 0.93, 0.91, 0.95), verdict(Bound("at least", 0.9), 0.93, 0.88, 0.98)
    ('met', 'open')
    """
    if math.isnan(value):
        return NOT_MEASURED
    if bound is None:
        return UNCLAIMED
    ends = [value] if math.isnan(low) or math.isnan(high) else [low, high]
    held = [bound.holds(end) for end in ends]
    if all(held):
        return MET
    inside = bound.sense == "exactly" and min(ends) <= bound.limit <= max(ends)
    return OPEN if any(held) or inside else NOT_MET


def exclude(mine: Bound, other: Bound, relation: Relation) -> bool:
    """Whether two claims cannot both hold.

    Args:
        mine: a claim of a figure x.
        other: a claim of a figure y.
        relation: what is known of x beside y: the same figure, or that x is no more, or no less, than y.

    >>> exclude(Bound("at least", 0.88), Bound("below", 0.7), "no more than")
    True
    >>> exclude(Bound("at least", 0.88), Bound("below", 0.7), "no less than")
    False
    """
    if relation == "no less than":
        return exclude(other, mine, "no more than")
    apart = _no_room(mine, other)
    return apart or (relation == "same" and _no_room(other, mine))


def implies(mine: Bound, other: Bound) -> bool:
    """Whether the first claim of a figure makes the second one of the same figure hold as well.

    >>> implies(Bound("at least", 0.9995), Bound("at least", 0.999))
    True
    """
    floors = mine.sense in ("at least", "above") and other.sense in ("at least", "above")
    ceilings = mine.sense in ("at most", "below") and other.sense in ("at most", "below")
    return (floors and mine.limit >= other.limit) or (ceilings and mine.limit <= other.limit)


def _no_room(floor: Bound, ceiling: Bound) -> bool:
    """Whether a floor under the smaller figure lies above the ceiling over the larger one."""
    if floor.sense not in _FLOORS or ceiling.sense not in _CEILINGS:
        return False
    closed = floor.sense != "above" and ceiling.sense != "below"
    return floor.limit > ceiling.limit or (floor.limit == ceiling.limit and not closed)
