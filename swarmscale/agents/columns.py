"""The properties of a worker for many rows at once: what a view shows of one, read and written as arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Floats, Floats32, Ints
from ..errors import ConfigError, require
from .fleet import STATE_NAMES, Fleet, rank_slots
from .people import People
from .personality import SCORES
from .skills import SKILL_UNIT, TYPES

PARAMETERS = SCORES[1:]
"""The seven parameters of behavior, in the order of arrays of shape `[n, 7]`."""

NO_POPULATION = (
    "these workers have no personality, for their fleet has no population; "
    "give it one with fleet.population = Population.build(...)"
)


class Column(NamedTuple):
    """One property, for many rows.

    Attributes:
        read: from the fleet and `[n]` rows to `[n]` values, or `[n, 6]` for the skills,
            `[n, 76]` for the traits and so on.
        write: from the fleet, `[n]` rows, and one value for all or one each; None if read-only.
    """

    read: Callable[[Fleet, Ints], NDArray[Any]]
    write: Callable[[Fleet, Ints, ArrayLike], None] | None = None


def read_speed(fleet: Fleet, rows: Ints) -> Floats:
    """`[n]` work done in a second, > 0."""
    slowness = fleet.rows.slowness.reshape(-1)[rows]
    return np.asarray(1.0 / slowness.astype(np.float64), np.float64)


def read_skills(fleet: Fleet, rows: Ints) -> Floats:
    """`[n, 6]` skill for a task of each type, 0 to 1."""
    steps = fleet.rows.skill[rows // fleet.slots, :, rows % fleet.slots]
    return np.asarray(steps * SKILL_UNIT, np.float64)


def read_traits(fleet: Fleet, rows: Ints) -> Floats32:
    """`[n, 76]` traits in the order of ``TRAITS``, in standard deviations of a whole fleet.

    Raises:
        ConfigError: if the fleet has no population.
    """
    if fleet.population is None:
        raise ConfigError(NO_POPULATION)
    return fleet.population.traits(fleet.column("uid")[rows], fleet.column("kind")[rows])


def read_personality(fleet: Fleet, rows: Ints) -> Floats32:
    """`[n, 7]` parameters of behavior in the order of ``PARAMETERS``, in (0, 1); refuses like :func:`read_traits`."""
    people = _people(fleet, rows)
    return np.stack([getattr(people, name) for name in PARAMETERS], axis=1)


def read_abilities(fleet: Fleet, rows: Ints) -> Floats32:
    """`[n, 12]` innate latent skill of each cognitive function; refuses like :func:`read_traits`."""
    return _people(fleet, rows).skill


def _people(fleet: Fleet, rows: Ints) -> People:
    if fleet.population is None:
        raise ConfigError(NO_POPULATION)
    return fleet.population.people(fleet.column("uid")[rows], fleet.column("kind")[rows])


def write_speed(fleet: Fleet, rows: Ints, speed: ArrayLike) -> None:
    """Give workers a speed each, or one to all, and rank their clusters' slots anew.

    Raises:
        ConfigError: unless every speed is above 0 and fits single precision.
    """
    values = np.asarray(speed, np.float64)
    shaped = values.shape in ((), (len(rows),))
    require(shaped, "shape of speed", values.shape, f"() or ({len(rows)},)")
    unfit = values[~((values >= 1e-30) & (values <= 1e30))]
    require(not unfit.size, "speed", unfit[:1].tolist(), "from 1e-30 to 1e30")
    fleet.rows.slowness.reshape(-1)[rows] = 1.0 / values
    _rank(fleet, rows)


def write_skills(fleet: Fleet, rows: Ints, skills: ArrayLike) -> None:
    """Give workers their six skills, `[n, 6]` or one `[6]` to all, and rank their clusters' slots anew.

    Raises:
        ConfigError: unless there are six skills from 0 to 1.
    """
    values = np.asarray(skills, np.float64)
    shaped = values.shape in ((len(TYPES),), (len(rows), len(TYPES)))
    require(shaped, "shape of skills", values.shape, f"({len(TYPES)},) or ({len(rows)}, {len(TYPES)})")
    unfit = values[~((values >= 0) & (values <= 1))]
    require(not unfit.size, "skills", unfit[:1].tolist(), "from 0 to 1")
    fleet.rows.skill[rows // fleet.slots, :, rows % fleet.slots] = np.rint(255 * values).astype(np.uint8)
    _rank(fleet, rows)


def _rank(fleet: Fleet, rows: Ints) -> None:
    touched = np.flatnonzero(np.bincount(rows // fleet.slots, minlength=fleet.clusters))
    rank_slots(fleet.rows.skill, fleet.known_slowness(), fleet.rows.rank, touched)


def _plain(column: str) -> Column:
    return Column(lambda fleet, rows: fleet.column(column)[rows])


def _named(names: tuple[str, ...], column: str) -> Column:
    texts = np.array(names)
    return Column(lambda fleet, rows: texts[fleet.column(column)[rows]])


COLUMNS = {
    "unique_id": _plain("uid"),
    "row": Column(lambda fleet, rows: rows.copy()),
    "cluster": Column(lambda fleet, rows: rows // fleet.slots),
    "slot": Column(lambda fleet, rows: rows % fleet.slots),
    "state": _named(STATE_NAMES, "state"),
    "kind": _named(TYPES, "kind"),
    "free_at": _plain("free_at"),
    "fail_at": _plain("fail_at"),
    "alive": Column(lambda fleet, rows: np.ones(len(rows), np.bool_)),
    "speed": Column(read_speed, write_speed),
    "skills": Column(read_skills, write_skills),
    "traits": Column(read_traits),
    "personality": Column(read_personality),
    "abilities": Column(read_abilities),
}
"""Every property of a worker by the name that its view gives it."""
