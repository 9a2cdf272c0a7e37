"""All agents of a model: Mesa's own objects and the workers of the fleet as one population."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal, Self

import mesa
import numpy as np
from mesa.agentset import AbstractAgentSet
from numpy.typing import NDArray

from ..arrays import Bools, Ints
from ..errors import ConfigError
from .places import (
    Parts,
    at_most_of,
    by_agent,
    check_missing,
    is_dealt,
    is_numpy,
    places_by_key,
    places_by_value,
    places_of,
    woven,
)
from .worker_set import Groups, WorkerSet
from .workers import Worker, WorkerModel, twin_of, view


class AllAgents(AbstractAgentSet):  # type: ignore[misc]  # mesa carries no types
    """Agents of every kind, an ordered set with the semantics of Mesa's AgentSet.

    ``model.agents`` is all of them, the structural ones first. What is chosen from it is a set of this class
    in an order of its own, from which those who leave the model drop out. As with :class:`WorkerSet`, changes
    in place touch neither the model nor another set, and chance comes from ``model.rng``.
    """

    def __init__(
        self, model: WorkerModel, structural: AbstractAgentSet, agents: Iterable[mesa.Agent] | None = None
    ) -> None:
        """Make the set of all, or of the given agents, from Mesa's own set of the structural ones."""
        self.model = model
        self.random = structural.random
        self._registered = structural
        self._chosen: Parts | None = None
        if agents is not None:
            self._update(agents)

    def _parts(self) -> Parts:
        """Who is in the set at this moment."""
        uid: Ints = self.model.fleet.rows.uid.reshape(-1)
        if self._chosen is None:
            structural, rows = list(self._registered), self.model.fleet.live()
            return Parts(structural, rows, uid[rows], np.arange(len(structural) + len(rows)))
        chosen = self._chosen
        stays = np.array([agent in self._registered for agent in chosen.structural], np.bool_)
        here = np.concatenate([stays, uid[chosen.rows] == chosen.uids])
        if not here.all():
            self._chosen = chosen.take(np.flatnonzero(here[chosen.order]))
        return self._chosen

    def _workers(self, parts: Parts) -> WorkerSet:
        return WorkerSet(self.model)._keep(parts.rows)

    def _taken(self, parts: Parts, inplace: bool = False) -> Self:
        taken = self if inplace else type(self)(self.model, self._registered)
        taken._chosen = parts
        return taken

    def _views(self, parts: Parts) -> Iterator[mesa.Agent]:
        """Those who are still there when their turn comes."""
        model, kind, structural = self.model, self.model.worker_class, parts.structural
        rows, uids = parts.rows.tolist(), parts.uids.tolist()
        for i in parts.order.tolist():
            if i < len(structural):
                if structural[i] in self._registered:
                    yield structural[i]
            elif model.fleet.rows.uid.item(rows[i - len(structural)]) == uids[i - len(structural)]:
                yield view(kind, model, rows[i - len(structural)], uids[i - len(structural)])

    def __len__(self) -> int:
        if self._chosen is None:
            return len(self._registered) + len(self.model.fleet)
        return len(self._parts().order)

    def __iter__(self) -> Iterator[mesa.Agent]:
        return self._views(self._parts())

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, Worker):
            inside = agent in self._registered
            return inside and (self._chosen is None or agent in self._chosen.structural)
        if agent.model is not self.model or not agent.alive:
            return False
        return self._chosen is None or bool((self._chosen.uids == agent.unique_id).any())

    def __getitem__(self, item: int | slice) -> Any:
        """Agents by place, for Mesa 3 code such as ``random.choice(model.agents)``; Mesa 4 drops it."""
        parts = self._parts()
        places = np.arange(len(parts.order))[item]
        found = list(self._views(parts.take(np.atleast_1d(places))))
        return found if isinstance(item, slice) else found[0]

    def to_list(self) -> list[mesa.Agent]:
        """All agents, in order."""
        return list(self)

    def copy(self) -> Self:
        """The set as it stands: those who come later are not in the copy."""
        return self._taken(self._parts())

    __copy__ = copy

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
        parts = self._parts()
        fallback = () if handle_missing == "error" else (default_value,)
        values = [getattr(agent, attr_names, *fallback) for agent in parts.structural]
        values += self._workers(parts).get(attr_names, handle_missing, default_value)
        return values if self._chosen is None else parts.in_order(values)

    def array(self, name: str) -> NDArray[Any]:
        """An attribute that all of them have, as a new array in the order of the set."""
        parts = self._parts()
        own = [getattr(agent, name) for agent in parts.structural]
        workers = self._workers(parts).array(name)
        values = np.concatenate([np.array(own), workers]) if own else workers
        return values[parts.order]

    def set(self, attr_name: str, value: Any) -> Self:
        """Give an attribute one value for all, or one each if ``value`` is an array as long as the set."""
        parts = self._parts()
        count, workers = len(parts.structural), self._workers(parts)
        if is_dealt(value, len(parts.order)):
            dealt = np.empty_like(value)
            dealt[parts.order] = value
            for agent, own in zip(parts.structural, dealt[:count].tolist(), strict=True):
                setattr(agent, attr_name, own)
            workers.set(attr_name, dealt[count:])
        else:
            for agent in parts.structural:
                setattr(agent, attr_name, value)
            workers.set(attr_name, value)
        return self

    def agg(
        self,
        attribute: str,
        func: Callable[..., Any] | Iterable[Callable[..., Any]],
        handle_missing: Literal["error", "default"] = "error",
        default_value: Any = None,
    ) -> Any:
        """What a function, or each of several, makes of all values of an attribute.

        Mesa's, and with ``handle_missing="default"`` also of an attribute that only some of them have.
        """
        if not callable(func):
            return [self.agg(attribute, f, handle_missing, default_value) for f in func]
        if is_numpy(func) and handle_missing == "error":
            return func(self.array(attribute))
        return func(self.get(attribute, handle_missing, default_value))

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
        *,
        mask: Bools | None = None,
    ) -> Self | WorkerSet:
        """Those who pass, the first ``at_most`` of them; see :meth:`WorkerSet.select`.

        A new set of workers alone, asked for by ``agent_type``, is a :class:`WorkerSet`.
        """
        if filter_func is None and mask is None and agent_type is None and at_most == math.inf:
            return self if inplace else self.copy()
        parts = self._parts()
        most = at_most_of(at_most, len(parts.order))
        if mask is not None:
            parts = parts.take(places_of(mask, len(parts.order)))
        if agent_type is not None:
            parts = parts.take(self._places_of_type(parts, agent_type))
        if filter_func is not None:
            passing = islice(filter(filter_func, self._views(parts)), most)
            found = type(self)(self.model, self._registered, passing)
            parts = found._parts()
        parts = parts.take(np.arange(min(most, len(parts.order))))
        if not inplace and isinstance(agent_type, type) and issubclass(agent_type, Worker):
            return self._workers(parts)
        return self._taken(parts, inplace)

    def _places_of_type(self, parts: Parts, agent_type: type) -> Ints:
        fits = [isinstance(agent, agent_type) for agent in parts.structural]
        fits += [issubclass(self.model.worker_class, agent_type)] * len(parts.rows)
        return np.flatnonzero(np.array(fits, np.bool_)[parts.order])

    def groupby(
        self, by: Callable[[Any], Any] | str, result_type: Literal["agentset", "list"] = "agentset"
    ) -> Groups:
        """The groups that share an attribute's value, or what a callable gives; see Mesa's ``groupby``."""
        parts = self._parts()
        keys = self.get(by) if isinstance(by, str) else [by(agent) for agent in list(self._views(parts))]
        groups = {key: self._taken(parts.take(places)) for key, places in places_by_key(keys).items()}
        return Groups(groups if result_type == "agentset" else {k: list(g) for k, g in groups.items()})

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> Self:
        """The set by an attribute or a callable, the largest first unless ``ascending``; ties keep order."""
        parts = self._parts()
        values = self.get(key) if isinstance(key, str) else [key(agent) for agent in list(self._views(parts))]
        return self._taken(parts.take(places_by_value(values, ascending)), inplace)

    def shuffle(self, inplace: bool = False) -> Self:
        """The set in random order."""
        parts = self._parts()
        return self._taken(parts.take(self.model.rng.permutation(len(parts.order))), inplace)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Run a method of each, or a function on each, in order; who leaves meanwhile is passed over.

        A method for which the workers have a :func:`batched` twin runs for the structural agents first, and
        then once for all workers.
        """
        parts = self._parts()
        if twin_of(self.model.worker_class, method) is None:
            self._run(parts, method, args, kwargs)
        else:
            alone = parts.take(np.flatnonzero(parts.order < len(parts.structural)))
            workers = self._workers(parts)
            self._run(alone, method, args, kwargs)
            workers.do(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """:meth:`do` in random order, without changing the order of the set."""
        self.shuffle().do(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What a method or function gives for each, one by one and in order."""
        return self._run(self._parts(), method, args, kwargs)

    def _run(
        self, parts: Parts, method: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Any]:
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self._views(parts)]
        return [method(agent, *args, **kwargs) for agent in self._views(parts)]

    def _update(self, agents: Iterable[mesa.Agent]) -> Self:
        """Become the set of the given agents, in their order; who has left the model is not in it."""
        given = list(dict.fromkeys(agents))
        for agent in given:
            if agent.model is not self.model:
                raise ConfigError(f"{agent!r} belongs to another model; a set holds agents of one model only")
        given = [a for a in given if (a.alive if isinstance(a, Worker) else a in self._registered)]
        is_worker = np.array([isinstance(agent, Worker) for agent in given], np.bool_)
        structural = [agent for agent in given if not isinstance(agent, Worker)]
        at = [(agent.row, agent.unique_id) for agent in given if isinstance(agent, Worker)]
        rows, uids = np.array(at, np.int64).reshape(-1, 2).T
        return self._taken(Parts(structural, rows, uids, woven(is_worker)), inplace=True)

    def _from_iterable(self, agents: Iterable[mesa.Agent]) -> Self:
        """What ``| & - ^`` make; the order is that in which the agents come."""
        return type(self)(self.model, self._registered, agents)

    def add(self, agent: mesa.Agent) -> None:
        """Put an agent of the model at the end of the set, unless it is there."""
        if agent not in self:
            self._update([*self, agent])

    def discard(self, agent: mesa.Agent) -> None:
        """Take an agent out of the set, not out of the model."""
        if agent in self:
            self._update(other for other in self if other != agent)

    def remove(self, agent: mesa.Agent) -> None:
        """:meth:`discard`, but KeyError if it is not in the set."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def clear(self) -> None:
        """Empty the set; the model keeps its agents."""
        self._update(())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)}>"
