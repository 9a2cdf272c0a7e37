"""A worker as a Mesa agent: a thin view of one row of the fleet, made on demand and keeping nothing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import MemberDescriptorType
from typing import Any, Literal, NamedTuple, NoReturn, Protocol

import mesa
import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Ints
from ..errors import require
from .columns import (
    COLUMNS,
    Column,
    read_abilities,
    read_personality,
    read_traits,
    write_skills,
    write_speed,
)
from .fleet import STATE_NAMES, Fleet
from .skills import SKILL_UNIT, TYPES


class WorkerModel(Protocol):
    """What a view asks of its model; :class:`ArrayPopulation` offers it."""

    fleet: Fleet
    rng: np.random.Generator
    random: Random
    worker_class: type[Worker]

    def retire_workers(self, rows: Ints) -> None:
        """Take the workers in these rows out of the fleet, after their tasks were put back."""


class Batched(NamedTuple):
    """The array twin of a scalar method, as :func:`batched` leaves it in the class.

    Attributes:
        function: called with the fleet or the model, then the rows, then the caller's arguments.
        of: name of the scalar method.
        gets: what the function gets first.
    """

    function: Callable[..., Any]
    of: str
    gets: Literal["fleet", "model"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, for a direct call."""
        return self.function(*args, **kwargs)

    def run(self, model: WorkerModel, rows: Ints, *args: Any, **kwargs: Any) -> Any:
        """What the function makes of these rows of the model's fleet."""
        return self.function(model if self.gets == "model" else model.fleet, rows, *args, **kwargs)


def batched(of: str, *, gets: Literal["fleet", "model"] = "fleet") -> Callable[[Callable[..., Any]], Batched]:
    """Mark a function of arrays as the twin of the scalar method ``of``; ``do(of)`` then calls it once.

    The function takes ``(fleet, rows, *args, **kwargs)`` and no ``self``; it gives None, or one result a row
    for ``map``. A subclass that writes the scalar method anew without a twin of its own is run one by one.

    Args:
        of: name of the scalar method, such as ``"step"``.
        gets: whether the function takes the fleet or the whole model first.

    >>> from swarmscale.agents.columns import read_speed, write_speed
    >>> class Tiring(Worker):
    ...     def step(self):
    ...         self.speed = 0.99 * self.speed
    ...
    ...     @batched("step")
    ...     @staticmethod
    ...     def step_all(fleet, rows):
    ...         write_speed(fleet, rows, 0.99 * read_speed(fleet, rows))
    >>> twin_of(Tiring, "step").of
    'step'
    """
    return lambda function: Batched(function, of, gets)


def twin_of(kind: type[Worker], name: object) -> Batched | None:
    """The twin that stands for a method of a class, or None where the scalar method is the newer one."""
    for base in kind.__mro__:
        for member in vars(base).values():
            if isinstance(member, Batched) and member.of == name:
                return member
        if name in vars(base):
            return None
    return None


class Worker(mesa.Agent):  # type: ignore[misc]  # mesa carries no types
    """One worker, seen as a Mesa agent.

    The fleet's arrays hold everything, so a view costs nothing to lose, two views of one worker are equal,
    and a write goes to the arrays. Once the worker has left, ``alive`` is False and all but ``unique_id`` and
    ``model`` raise ReferenceError, even if another worker has taken the row since. Behavior is added by a
    subclass, named as ``worker_class`` of the model; its ``__init__`` is never called.
    """

    __slots__ = ("_row", "_uid", "model")
    model: WorkerModel
    _row: int
    _uid: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in vars(cls).items():
            if isinstance(member, Batched):
                known = callable(getattr(cls, member.of, None))
                require(known, f"batched() of {cls.__name__}.{name}", member.of, "the name of a method")

    def __init__(self, model: object, *args: object, **kwargs: object) -> None:
        raise TypeError(
            f"{type(self).__name__}(model) makes no worker, for workers are rows of the fleet; "
            "model.fleet.spawn(count, ready_at) makes them, and model.workers shows them"
        )

    @property
    def unique_id(self) -> int:
        """Id of the worker in its model, never given to another agent."""
        return self._uid

    @property
    def alive(self) -> bool:
        """Whether the worker is still in the fleet."""
        return bool(self.model.fleet.rows.uid.item(self._row) == self._uid)

    @property
    def row(self) -> int:
        """Row in the fleet: cluster x slots + slot; the same for life."""
        if self.model.fleet.rows.uid.item(self._row) != self._uid:
            raise ReferenceError(
                f"worker {self._uid} has left the fleet; ask its view for `alive` first, and keep what must "
                "outlive it by unique_id"
            )
        return self._row

    @property
    def cluster(self) -> int:
        """Number of its cluster."""
        return self.row // self.model.fleet.slots

    @property
    def slot(self) -> int:
        """Place in its cluster."""
        return self.row % self.model.fleet.slots

    @property
    def state(self) -> str:
        """One of ``STATE_NAMES``."""
        return STATE_NAMES[self.model.fleet.rows.state.item(self.row)]

    @property
    def kind(self) -> str:
        """Intelligence type, one of ``TYPES``."""
        return TYPES[self.model.fleet.rows.kind.item(self.row)]

    @property
    def free_at(self) -> float:
        """When it can take a task, in s; infinity while it is warm or failed."""
        return float(self.model.fleet.rows.free_at.item(self.row))

    @property
    def fail_at(self) -> float:
        """When it fails next, in s; infinity if never."""
        return float(self.model.fleet.rows.fail_at.item(self.row))

    @property
    def speed(self) -> float:
        """Work done in a second, 1 on average, > 0; stored in single precision."""
        return float(1.0 / self.model.fleet.rows.slowness.item(self.row))

    @speed.setter
    def speed(self, value: float) -> None:
        write_speed(self.model.fleet, np.array([self.row]), value)

    @property
    def skills(self) -> tuple[float, ...]:
        """Skill for a task of each of the six types, 0 to 1; stored in steps of 1/255."""
        cluster, slot = divmod(self.row, self.model.fleet.slots)
        return tuple((self.model.fleet.rows.skill[cluster, :, slot] * SKILL_UNIT).tolist())

    @skills.setter
    def skills(self, value: ArrayLike) -> None:
        write_skills(self.model.fleet, np.array([self.row]), value)

    @property
    def traits(self) -> tuple[float, ...]:
        """The 76 traits in the order of ``agents.traits.TRAITS``, in standard deviations of a whole fleet."""
        return tuple(read_traits(self.model.fleet, np.array([self.row]))[0].tolist())

    @property
    def personality(self) -> tuple[float, ...]:
        """The seven parameters of behavior in the order of ``agents.columns.PARAMETERS``, in (0, 1)."""
        return tuple(read_personality(self.model.fleet, np.array([self.row]))[0].tolist())

    @property
    def abilities(self) -> tuple[float, ...]:
        """Innate latent skill of each of the 12 cognitive functions, 0 on average, about 1 in spread."""
        return tuple(read_abilities(self.model.fleet, np.array([self.row]))[0].tolist())

    @property
    def pos(self) -> None:
        """None: a worker's place is its cluster."""
        return

    def remove(self) -> None:
        """Retire the worker; nothing happens if it has left already."""
        if self.alive:
            self.model.retire_workers(np.array([self._row]))

    @batched("remove", gets="model")
    @staticmethod
    def _remove_all(model: WorkerModel, rows: Ints) -> None:
        model.retire_workers(rows)

    @batched("step")
    @staticmethod
    def _step_all(fleet: Fleet, rows: Ints) -> None:
        """Nothing, as Mesa's own step: the model moves the workers."""

    @batched("advance")
    @staticmethod
    def _advance_all(fleet: Fleet, rows: Ints) -> None:
        """Nothing, as Mesa's own advance."""

    def __setattr__(self, name: str, value: object) -> None:
        attribute = getattr(type(self), name, None)
        writer = getattr(attribute, "__set__", None)
        settable = not isinstance(attribute, property) or attribute.fset is not None
        if writer is None or isinstance(attribute, MemberDescriptorType) or not settable:
            raise AttributeError(
                f"{name!r} cannot be set on a {type(self).__name__}, which is a view and keeps nothing; "
                "speed and skills can be, the fleet's methods change the rest, and values of your own "
                "belong in an array of the model, by row or unique_id"
            )
        writer(self, value)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name!r} cannot be deleted from a {type(self).__name__}: it is a view")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Worker) and other._uid == self._uid and other.model is self.model

    def __hash__(self) -> int:
        return hash(self._uid)

    def __reduce__(self) -> tuple[Any, ...]:
        return view, (type(self), self.model, self._row, self._uid)

    def __repr__(self) -> str:
        about = f"{self.state}, in cluster {self.cluster}" if self.alive else "gone"
        return f"<{type(self).__name__} {self._uid}: {about}>"


_set_model, _set_row, _set_uid = (vars(Worker)[slot].__set__ for slot in ("model", "_row", "_uid"))


def view[W: Worker](kind: type[W], model: WorkerModel, row: int, uid: int) -> W:
    """The view of the worker with this id in this row."""
    worker = object.__new__(kind)
    _set_model(worker, model)
    _set_row(worker, row)
    _set_uid(worker, uid)
    return worker


def column_of(kind: type[Worker], name: str) -> Column | None:
    """The column behind an attribute, or None if there is none or the class gives it another meaning."""
    column = COLUMNS.get(name)
    return column if column and getattr(kind, name) is getattr(Worker, name) else None
