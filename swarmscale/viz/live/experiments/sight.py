"""What the page shows of the chosen stores, each part made anew only when what it is made of is another."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....errors import ConfigError
from . import comparing
from .races import FILES, RaceFrames
from .readings import Readings, SweepFrames
from .shelf import Listed, look_for

EFFECT, HEAT, PAIRED, FRONT, RACE, TABLE = "effect", "heat", "paired", "front", "race", "table"
NO_SECOND = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a tab looks at.

    Attributes:
        shown: name of the store that is watched.
        others: names of those that it is compared with.
        outcome: what is drawn; the first one there is if this one is not.
        factor: over which it is drawn; likewise.
        second: another factor.
        trace: of races.
    """

    shown: str = ""
    others: tuple[str, ...] = ()
    outcome: str = ""
    factor: str = ""
    second: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of what is shown.

    Attributes:
        key: what it was made of.
        value: what is drawn; None if there is nothing to draw.
        problem: why there is nothing.
    """

    key: Hashable
    value: Any = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """All that is shown.

    Attributes:
        root: folder of the stores.
        stores: all of them.
        choice: what was chosen, with what stands in for names that there are not.
        shown: the store that is watched, None if there is none.
        outcomes: of it.
        factors: of it.
        traces: of it, if it is a race.
        errors: of its runs that did not end well.
        parts: effects, figures of two factors and so on.
        problem: why the watched store cannot be read; empty if it can.
    """

    root: Path
    stores: tuple[Listed, ...] = ()
    choice: Choice = field(default_factory=Choice)
    shown: Listed | None = None
    outcomes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    errors: tuple[tuple[str, ...], ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    problem: str = ""

    def part(self, name: str) -> Part:
        """A part; an empty one if it was not made."""
        return self.parts.get(name, Part((name, None)))


def seen(root: Path, stores: tuple[Listed, ...], choice: Choice, readings: Readings, before: Sight) -> Sight:
    """What is shown of the chosen stores now.

    Args:
        root: their folder.
        stores: all of them.
        choice: what was chosen.
        readings: keeps their frames.
        before: what was shown before; its parts are taken over where nothing changed.
    """
    shown = look_for(stores, choice.shown) or next((one for one in stores if not one.problem), None)
    if shown is None or shown.problem:
        problem = shown.problem if shown is not None else ""
        return Sight(root=root, stores=stores, choice=choice, shown=shown, problem=problem)
    race = shown.kind in FILES
    others = [one for name in choice.others if (one := look_for(stores, name)) is not None and one != shown]
    others = [one for one in others if (one.kind in FILES) == race and not one.problem]
    try:
        see = _races if race else _sweeps
        return see(Sight(root=root, stores=stores, choice=choice, shown=shown), others, readings, before)
    except ConfigError as error:
        return Sight(root=root, stores=stores, choice=choice, shown=shown, problem=str(error))


def _sweeps(now: Sight, others: Sequence[Listed], readings: Readings, before: Sight) -> Sight:
    assert now.shown is not None
    first = readings.sweep(now.shown)
    sweeps = [first, *(readings.sweep(one) for one in others)]
    factors, outcomes = first.factors, first.outcomes
    choice = now.choice
    outcome = _among(choice.outcome, _first_outcomes(first))
    factor = _among(choice.factor, factors)
    second = choice.second if choice.second in factors and choice.second != factor else ""
    pair = second or next((key for key in factors if key != factor), "")
    marks = tuple((s.name, s.mark) for s in sweeps)
    some = bool(len(first.frame)) and bool(outcome)

    def made(name: str, key: Hashable, make: Callable[[], Any], ready: bool) -> Part:
        return _part(name, key, make, before) if ready else Part((name, key))

    parts = {
        EFFECT: made(EFFECT, (marks, outcome, factor, second),
                     lambda: comparing.effect(sweeps, outcome, factor, second), some and bool(factor)),
        HEAT: made(HEAT, (first.name, first.mark, outcome, factor, pair),
                   lambda: comparing.together(first, outcome, factor, pair), some and bool(factor) and bool(pair)),
        PAIRED: made(PAIRED, (marks, outcome, factor),
                     lambda: comparing.differences(sweeps, outcome, factor), some and bool(factor or others)),
        FRONT: made(FRONT, marks, lambda: comparing.fronts(sweeps), some),
    }  # fmt: skip
    chosen = Choice(
        shown=first.name, others=tuple(s.name for s in sweeps[1:]), outcome=outcome, factor=factor, second=second,
        trace=choice.trace,
    )  # fmt: skip
    return Sight(
        root=now.root, stores=now.stores, choice=chosen, shown=now.shown, outcomes=tuple(outcomes),
        factors=tuple(factors), errors=first.errors, parts=parts,
    )  # fmt: skip


def _first_outcomes(sweep: SweepFrames) -> list[str]:
    """Outcomes, those first that were asked for or that people look for first."""
    from ....batch.analysis import shown_first

    if not len(sweep.frame):
        return list(sweep.asked)
    return list(dict.fromkeys([*shown_first(sweep.frame, ()), *sweep.outcomes]))


def _races(now: Sight, others: Sequence[Listed], readings: Readings, before: Sight) -> Sight:
    assert now.shown is not None
    races: list[tuple[str, RaceFrames]] = [(one.name, readings.race(one)) for one in (now.shown, *others)]
    trace = _among(now.choice.trace, races[0][1].traces)
    marks = tuple((name, id(race)) for name, race in races)
    able = [(name, race) for name, race in races if trace in race.traces]
    parts = {
        RACE: _part(RACE, (marks, trace), lambda: (trace, able), before),
        TABLE: _part(TABLE, (marks, trace), lambda: _equal(able, trace), before),
    }
    chosen = Choice(shown=now.shown.name, others=tuple(name for name, _ in races[1:]), trace=trace)
    return Sight(
        root=now.root, stores=now.stores, choice=chosen, shown=now.shown, traces=tuple(races[0][1].traces), parts=parts
    )  # fmt: skip


def _equal(races: Sequence[tuple[str, RaceFrames]], trace: str) -> list[tuple[str, ...]]:
    return [
        (name, *row) for name, race in races for row in race.table(trace)
    ]  # fmt: skip


def _among(wanted: str, known: Sequence[str]) -> str:
    """What was wanted if there is such a one, else the first."""
    return wanted if wanted in known else next(iter(known), "")


def _part(name: str, key: Hashable, make: Callable[[], Any], before: Sight) -> Part:
    """A part, taken over if it was made of the same; what refuses to be made says why."""
    full = (name, key)
    old = before.parts.get(name)
    if old is not None and old.key == full:
        return old
    try:
        return Part(full, make())
    except ConfigError as error:
        return Part(full, None, str(error))
