"""What a claim of the origin is: its words, the figure that answers it, and where that is measured."""

from __future__ import annotations

from dataclasses import dataclass

from ..verdict import Bound, Relation, Sense


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row of the scorecard.

    Attributes:
        key: its name in JSON and for ``--only``.
        area: what it is about.
        quote: the origin's words, verbatim; empty for what is measured beside a claim.
        title: what is measured, in a few words.
        study: the study that measures it.
        figure: which of the study's figures.
        unit: ``share``, ``ms``, ``s``, ``1/s`` or empty.
        text: its definition.
        bound: what was claimed of the figure; None if no figure was.
        beside: figures of the same study that are told with it: label, figure, unit.
        rivals: claims that may not hold together with it: key, and what is known of this figure beside that one.
        note: what else must be known to read it.
        possible: smallest and largest value that there can be.
    """

    key: str
    area: str
    quote: str = ""
    title: str
    study: str
    figure: str
    unit: str = ""
    text: str
    bound: Bound | None = None
    beside: tuple[tuple[str, str, str], ...] = ()
    rivals: tuple[tuple[str, Relation], ...] = ()
    note: str = ""
    possible: tuple[float, float] = (float("-inf"), float("inf"))


def bound(sense: Sense, limit: float) -> Bound:
    """A bound, in the order in which it is read."""
    return Bound(sense, limit)


SHARE = (0.0, 1.0)
POSITIVE = (0.0, float("inf"))
