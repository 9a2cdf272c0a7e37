"""An ordered set of workers: Mesa's AgentSet over rows of the fleet, with its work done on whole columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any, Literal, Self, overload

import numpy as np
from mesa.agentset import AbstractAgentSet, GroupBy
from numpy.typing import NDArray

from ..arrays import Bools, Ints
from ..errors import ConfigError
from .places import (
    at_most_of,
    by_agent,
    check_missing,
    is_dealt,
    is_numpy,
    places_by_key,
    places_by_value,
    places_of,
)
from .workers import Worker, WorkerModel, column_of, twin_of, view


class WorkerSet(AbstractAgentSet):  # type: ignore[misc]  # mesa carries no types
    """All workers of a model, or a choice of them; what Mesa's AgentSet does, this does too.

    Without rows it is whoever lives in the fleet, by row, now and later. With rows it is a choice in its own
    order, and those who leave the fleet drop out of it. Whatever changes a set in place (``inplace=True``,
    ``add``, ``discard``) turns it into a choice and touches neither the model nor another set. Chance comes
    from ``model.rng``; Mesa's own sets use ``model.random``.
    """

    def __init__(self, model: WorkerModel, rows: Ints | None = None) -> None:
        """Make the set of all workers, or of those in the given rows; empty rows and repeats fall away."""
        self.model = model
        self._rows: Ints | None = None
        self._uids: Ints = np.empty(0, np.int64)
        self._ids: frozenset[int] | None = None
        if rows is not None:
            given = np.asarray(rows, np.int64)
            self._keep(given[np.sort(np.unique(given, return_index=True)[1])])

    @property
    def random(self) -> Random:
        """The model's standard-library generator, which Mesa expects a set to have."""
        return self.model.random

    @property
    def rows(self) -> Ints:
        """`[n]` rows of the workers, in the order of the set."""
        if self._rows is None:
            return self.model.fleet.live()
        here = self.model.fleet.column("uid")[self._rows] == self._uids
        return self._rows if here.all() else self._rows[here]

    def _keep(self, rows: Ints) -> Self:
        uids: Ints = self.model.fleet.rows.uid.reshape(-1)[rows]
        here = uids > 0
        self._rows, self._uids, self._ids = rows[here], uids[here], None
        return self

    def _chosen(self, rows: Ints, inplace: bool = False) -> Self:
        return self._keep(rows) if inplace else type(self)(self.model)._keep(rows)

    def _views(self, rows: Ints) -> Iterator[Worker]:
        """Views of those who are still there when their turn comes."""
        model, kind = self.model, self.model.worker_class
        uids = model.fleet.column("uid")[rows].tolist()
        for row, uid in zip(rows.tolist(), uids, strict=True):
            if model.fleet.rows.uid.item(row) == uid:
                yield view(kind, model, row, uid)

    def __len__(self) -> int:
        return len(self.model.fleet) if self._rows is None else len(self.rows)

    def __iter__(self) -> Iterator[Worker]:
        return self._views(self.rows)

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, Worker) or agent.model is not self.model or not agent.alive:
            return False
        if self._rows is None:
            return True
        if self._ids is None:
            self._ids = frozenset(self._uids.tolist())
        return agent.unique_id in self._ids

    @overload
    def __getitem__(self, item: int) -> Worker: ...
    @overload
    def __getitem__(self, item: slice) -> list[Worker]: ...
    def __getitem__(self, item: int | slice) -> Worker | list[Worker]:
        """An agent by its place, for Mesa 3 code such as ``random.choice(model.agents)``; Mesa 4 drops it."""
        if isinstance(item, slice):
            return list(self._views(self.rows[item]))
        return next(self._views(self.rows[[item]]))

    def to_list(self) -> list[Worker]:
        """Views of all, in order."""
        return list(self)

    def copy(self) -> Self:
        """The set as it stands: those who come later are not in the copy."""
        return self._chosen(self.rows)

    __copy__ = copy

    def array(self, name: str) -> NDArray[Any]:
        """An attribute as a new array: `[n]`, or `[n, x]` for skills, traits and the like."""
        return np.asarray(self._values(name))

    def _values(self, name: str) -> NDArray[Any] | list[Any]:
        column = column_of(self.model.worker_class, name)
        return self.get(name) if column is None else column.read(self.model.fleet, self.rows)

    def get(
        self,
        attr_names: str | list[str],
        handle_missing: Literal["error", "default"] = "error",
        default_value: Any = None,
    ) -> list[Any]:
        """One value an agent, or one list an agent if given a list of names; see Mesa's ``AgentSet.get``."""
        if not isinstance(attr_names, str):
            return by_agent([self.get(n, handle_missing, default_value) for n in attr_names], len(self))
        check_missing(handle_missing)
        if column_of(self.model.worker_class, attr_names) is not None:
            values = self.array(attr_names)
            return [tuple(v) for v in values.tolist()] if values.ndim > 1 else values.tolist()
        fallback = () if handle_missing == "error" else (default_value,)
        return [getattr(worker, attr_names, *fallback) for worker in self]

    def set(self, attr_name: str, value: Any) -> Self:
        """Give an attribute one value for all, or one each if ``value`` is an array as long as the set."""
        rows = self.rows
        column = column_of(self.model.worker_class, attr_name)
        if column is not None and column.write is not None:
            column.write(self.model.fleet, rows, value)
        elif is_dealt(value, len(rows)):
            for worker, own in zip(self, value.tolist(), strict=True):
                setattr(worker, attr_name, own)
        else:
            for worker in self:
                setattr(worker, attr_name, value)
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """What a function, or each of several, makes of all values of an attribute.

        Functions of numpy get the array, all others the list that Mesa would give them.
        """
        if callable(func):
            return func(self.array(attribute) if is_numpy(func) else self.get(attribute))
        return [self.agg(attribute, f) for f in func]

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
        *,
        mask: Bools | None = None,
    ) -> Self:
        """Those who pass, the first ``at_most`` of them; see Mesa's ``AgentSet.select``.

        Args:
            filter_func: asked about one view after another, which is slow; prefer ``mask``.
            at_most: number, or as a float up to 1 the share of this set, rounded down.
            inplace: whether this set itself is cut down.
            agent_type: the class, or a base of the class, that they must have.
            mask: `[n]` True for each agent that passes, in the order of the set.

        Returns:
            the chosen, in the order of the set.
        """
        if filter_func is None and mask is None and agent_type is None and at_most == math.inf:
            return self if inplace else self.copy()
        rows = self.rows
        most = at_most_of(at_most, len(rows))
        rows = rows if mask is None else rows[places_of(mask, len(rows))]
        if agent_type is not None and not issubclass(self.model.worker_class, agent_type):
            rows = rows[:0]
        if filter_func is not None:
            passing = islice(filter(filter_func, self._views(rows)), most)
            rows = np.fromiter((worker._row for worker in passing), np.int64)
        return self._chosen(rows[:most], inplace)

    def groupby(
        self, by: Callable[[Any], Any] | str, result_type: Literal["agentset", "list"] = "agentset"
    ) -> Groups:
        """The groups that share an attribute's value, or what a callable gives; see Mesa's ``groupby``."""
        rows = self.rows
        keys = self.get(by) if isinstance(by, str) else [by(worker) for worker in self.to_list()]
        groups = {key: self._chosen(rows[places]) for key, places in places_by_key(keys).items()}
        return Groups(groups if result_type == "agentset" else {k: list(g) for k, g in groups.items()})

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> Self:
        """The set by an attribute or a callable, the largest first unless ``ascending``; ties keep order."""
        rows = self.rows
        values = self._values(key) if isinstance(key, str) else [key(worker) for worker in self.to_list()]
        return self._chosen(rows[places_by_value(values, ascending)], inplace)

    def shuffle(self, inplace: bool = False) -> Self:
        """The set in random order."""
        return self._chosen(self.model.rng.permutation(self.rows), inplace)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Run a method of each, or a function on each, in order; who leaves meanwhile is passed over.

        A method with a :func:`batched` twin runs once for all.
        """
        self._run(self.rows, method, args, kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """:meth:`do` in random order, without changing the order of the set."""
        self._run(self.model.rng.permutation(self.rows), method, args, kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What a method or function gives for each, in order."""
        return self._run(self.rows, method, args, kwargs)

    def _run(
        self, rows: Ints, method: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Any]:
        twin = twin_of(self.model.worker_class, method)
        if twin is not None and len(rows):
            results = twin.run(self.model, rows, *args, **kwargs)
            return [None] * len(rows) if results is None else np.asarray(results).tolist()
        if isinstance(method, str):
            return [getattr(worker, method)(*args, **kwargs) for worker in self._views(rows)]
        return [method(worker, *args, **kwargs) for worker in self._views(rows)]

    def _update(self, agents: Iterable[Worker]) -> Self:
        """Become the set of the given agents, in their order."""
        workers = list(dict.fromkeys(agents))
        for worker in workers:
            self._require_own(worker)
        return self._keep(np.array([worker._row for worker in workers if worker.alive], np.int64))

    def _from_iterable(self, agents: Iterable[Worker]) -> Self:
        """What ``| & - ^`` make; the order is that in which the agents come."""
        return type(self)(self.model)._update(agents)

    def _require_own(self, agent: object) -> None:
        if not isinstance(agent, Worker) or agent.model is not self.model:
            raise ConfigError(
                f"{agent!r} is no worker of this model, and a WorkerSet holds no others; "
                "model.agents.select(...) holds agents of every kind"
            )

    def add(self, agent: Worker) -> None:
        """Put a worker at the end, unless it is in the set or has left the fleet."""
        self._require_own(agent)
        if agent.alive and agent not in self:
            self._keep(np.append(self.rows, agent._row))

    def discard(self, agent: Worker) -> None:
        """Take a worker out of the set, not out of the model."""
        if agent in self:
            rows = self.rows
            self._keep(rows[rows != agent._row])

    def remove(self, agent: Worker) -> None:
        """:meth:`discard`, but KeyError if it is not in the set."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def clear(self) -> None:
        """Empty the set; the model keeps its workers."""
        self._keep(np.empty(0, np.int64))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} {self.model.worker_class.__name__}s>"


class Groups(GroupBy):  # type: ignore[misc]  # mesa carries no types
    """Mesa's GroupBy, whose ``agg`` reads columns where the groups are sets."""

    def agg(self, attr_name: str, func: Callable[..., Any]) -> dict[Any, Any]:
        """What the function makes of the attribute, group by group."""
        if all(isinstance(group, AbstractAgentSet) for group in self.groups.values()):
            return {key: group.agg(attr_name, func) for key, group in self.groups.items()}
        results: dict[Any, Any] = super().agg(attr_name, func)
        return results
