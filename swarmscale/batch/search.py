"""What a search is to find: objectives, constraints, the factors that it may change, and how it chooses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError, UnknownChoiceError, require
from .design import flat
from .factors import Factor, Listed, factors_of
from .outcomes import outcome_keys
from .samplers import SAMPLERS, Sampler

SEARCH = "search"
"""The kind of a design whose settings come one batch after the other."""

DIRECTIONS = ("minimize", "maximize")
_FIELDS = ("kind", "objective", "direction", "trials", "batch", "sampler", "seed", "over", "constraints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An outcome whose mean over replications is to be small, or large.

    Attributes:
        outcome: its key.
        direction: ``minimize`` or ``maximize``.
    """

    outcome: str
    direction: str

    @property
    def sign(self) -> float:
        """1 if less is better, else -1."""
        return 1.0 if self.direction == "minimize" else -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A bound on the mean of an outcome over replications.

    Attributes:
        outcome: its key.
        bound: in the outcome's unit.
        most: whether the mean must be at most the bound; else at least.
    """

    outcome: str
    bound: float
    most: bool

    def slack(self, value: float) -> float:
        """How far a value lies on the good side of the bound; below 0 on the bad one."""
        return self.bound - value if self.most else value - self.bound

    def excess(self, value: float) -> float:
        """How far a value lies on the bad side, relative to the bound, so that constraints can be added up."""
        return -self.slack(value) / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return f"{self.outcome} {'at most' if self.most else 'at least'} {self.bound:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for good settings.

    Attributes:
        objectives: one, or several for a Pareto front.
        constraints: that a setting must keep to be feasible.
        factors: what may be changed.
        trials: settings that are tried.
        batch: settings that are chosen at once, so that their runs can be made side by side; the same batch gives
            the same trials whatever the number of workers.
        sampler: how settings are chosen.
        seed: of the sampler.
    """

    objectives: tuple[Objective, ...]
    factors: tuple[Factor, ...]
    constraints: tuple[Constraint, ...] = ()
    trials: int = 40
    batch: int = 8
    sampler: Sampler
    seed: int = 1

    def __post_init__(self) -> None:
        require(self.trials >= 1, "search.trials", self.trials, "1 or more")
        require(self.batch >= 1, "search.batch", self.batch, "1 or more")
        require(self.seed >= 0, "search.seed", self.seed, "0 or more")
        outcome_keys(self.outcomes)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Search:
        """A search from the table of a file.

        Raises:
            UnknownChoiceError: if a name is not known.
            ConfigError: if something is missing or cannot be used.
        """
        for field in table:
            if field not in _FIELDS:
                raise UnknownChoiceError("field of [search]", field, _FIELDS[1:])
        numbers = {name: _whole(name, table[name]) for name in ("trials", "batch", "seed") if name in table}
        over = table.get("over")
        return cls(
            objectives=_objectives(table.get("objective"), table.get("direction", DIRECTIONS[0])),
            constraints=tuple(_constraints(table.get("constraints", {}))),
            factors=tuple(map(_of_one_kind, _factors(over))),
            sampler=_sampler(table.get("sampler", "tpe")),
            **numbers,
        )

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that it must know."""
        wanted = (*(o.outcome for o in self.objectives), *(c.outcome for c in self.constraints))
        return tuple(dict.fromkeys(wanted))

    def feasible(self, means: Mapping[str, float]) -> bool:
        """Whether means keep all constraints; NaN keeps none."""
        return all(constraint.slack(means[constraint.outcome]) >= 0 for constraint in self.constraints)


def _objectives(given: Any, direction: Any) -> tuple[Objective, ...]:
    names = [given] if isinstance(given, str) else given
    good = isinstance(names, (list, tuple)) and names and all(isinstance(name, str) for name in names)
    require(bool(good), "search.objective", given, "an outcome's name, or a list of some")
    require(len(set(names)) == len(names), "search.objective", names, "different outcomes")
    ways = [direction] * len(names) if isinstance(direction, str) else list(direction)
    for way in ways:
        if way not in DIRECTIONS:
            raise UnknownChoiceError("direction", way, DIRECTIONS)
    require(
        len(ways) == len(names), "search.direction", ways, f"one, or one for each of {len(names)} objectives"
    )
    return tuple(Objective(outcome=name, direction=way) for name, way in zip(names, ways, strict=True))


def _constraints(given: Any) -> list[Constraint]:
    if not isinstance(given, Mapping):
        raise ConfigError(f"search.constraints = {given!r}, but it must be a table of outcomes")
    found = []
    for name, bounds in given.items():
        where = f"search.constraints.{name}"
        if not isinstance(bounds, Mapping) or not bounds:
            raise ConfigError(f"{where} = {bounds!r}, but it must be a table such as {{most = 1.0}}")
        for side, bound in bounds.items():
            if side not in ("most", "least"):
                raise UnknownChoiceError(f"side of {where}", side, ("most", "least"))
            good = isinstance(bound, (int, float)) and not isinstance(bound, bool) and math.isfinite(bound)
            require(good, f"{where}.{side}", bound, "a finite number")
            found.append(Constraint(outcome=name, bound=float(bound), most=side == "most"))
    return found


def _factors(over: Any) -> Sequence[Factor]:
    try:
        return factors_of(flat(over) if isinstance(over, Mapping) else over)
    except UnknownChoiceError:
        raise
    except ConfigError as error:
        raise ConfigError(str(error).replace("design.over", "search.over")) from None


def _of_one_kind(factor: Factor) -> Factor:
    """Refuse a list of unlike values: a column of the store holds one kind, and more settings are to come."""
    if isinstance(factor, Listed):
        kinds = {float if type(value) is int else type(value) for value in factor.values}
        shown = f"search.over.{factor.key}"
        require(len(kinds) == 1, shown, list(factor.values), "a list of values of one kind")
    return factor


def _sampler(given: Any) -> Sampler:
    """A sampler by name, or by a table of its name and settings."""
    if isinstance(given, Mapping):
        settings = dict(given)
        return SAMPLERS.make(str(settings.pop("name", "tpe")), **settings)
    require(isinstance(given, str), "search.sampler", given, "a sampler's name, or a table with a name")
    return SAMPLERS.make(given)


def _whole(name: str, value: Any) -> int:
    good = isinstance(value, int) and not isinstance(value, bool)
    require(good, f"search.{name}", value, "a whole number")
    return int(value)
