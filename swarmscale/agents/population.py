"""A Mesa model whose workers are rows of a fleet: what Mesa's users ask a model about its agents."""

from __future__ import annotations

from typing import Any

import mesa
from mesa.agentset import AbstractAgentSet
from mesa.experimental.mesa_signals import ModelSignals

from ..arrays import Ints
from .all_agents import AllAgents
from .fleet import Fleet
from .worker_set import WorkerSet
from .workers import Worker


class ArrayPopulation(mesa.Model):  # type: ignore[misc]  # mesa carries no types
    """A model with structural agents, made as anywhere in Mesa, and workers in ``self.fleet``.

    Ids are one sequence for both: each agent, of either sort, gets the next number that neither has used.
    For that a model makes its first structural agents, then its empty fleet, and gives that fleet
    ``fleet.next_uid = self.agent_id_counter`` before the first worker is made. From then on either sort may
    be added at any time.

    Attributes:
        fleet: the workers; the model sets it after Mesa's ``__init__``, and all works before that too.
        worker_class: class of the views, :class:`Worker` or a subclass with behavior.
    """

    fleet: Fleet
    worker_class: type[Worker] = Worker

    @property
    def workers(self) -> WorkerSet:
        """All workers, as a set over the arrays."""
        return WorkerSet(self)

    @property
    def agents(self) -> AbstractAgentSet:
        """All agents: the structural ones in the order of their making, then the workers by row."""
        structural: AbstractAgentSet = super().agents
        return AllAgents(self, structural) if self._has_fleet() else structural

    @agents.setter
    def agents(self, agents: object) -> None:
        raise AttributeError("model.agents cannot be set: Mesa uses it; choose another name for your own set")

    @property
    def agent_types(self) -> list[type]:
        """Every class of agents in the model."""
        return list(self.agents_by_type)

    @property
    def agents_by_type(self) -> dict[type, AbstractAgentSet]:
        """The agents of each class; ``model.agents_by_type[Worker]`` is ``model.workers``."""
        structural: dict[type, AbstractAgentSet] = super().agents_by_type
        return {**structural, self.worker_class: self.workers} if self._has_fleet() else structural

    @property
    def agent_id_counter(self) -> int:
        """The next id, for a structural agent or a worker, whichever comes first."""
        return max(self._next_id, self.fleet.next_uid) if self._has_fleet() else self._next_id

    @agent_id_counter.setter
    def agent_id_counter(self, value: int) -> None:
        self._next_id = value
        if self._has_fleet():
            self.fleet.next_uid = max(self.fleet.next_uid, value)

    def _has_fleet(self) -> bool:
        return getattr(self, "fleet", None) is not None

    def retire_workers(self, rows: Ints) -> None:
        """Take workers out of the fleet; a model with tasks overrides this and puts theirs back first.

        Args:
            rows: `[n]` rows that hold a worker, none twice.
        """
        announce_removed(self, rows)
        self.fleet.retire(rows)

    def remove_all_agents(self) -> None:
        """Remove the workers and then the structural agents."""
        if self._has_fleet():
            self.retire_workers(self.fleet.live())
        super().remove_all_agents()


def announce_added(model: Any, rows: Ints) -> None:
    """Tell those who observe a model's agents about new workers, once for all of them.

    The signal is Mesa's AGENT_ADDED on ``"agents"``; in place of one agent its ``args`` hold one
    :class:`WorkerSet`, and ``unique_ids`` the ids as an array. It costs nothing when nobody observes.
    """
    _announce(model, ModelSignals.AGENT_ADDED, rows)


def announce_removed(model: Any, rows: Ints) -> None:
    """Tell observers which workers are about to leave; to be called while they are still in their rows.

    See :func:`announce_added`; the signal is AGENT_REMOVED. Its set is empty once they have left, so that a
    handler which looks later goes by ``unique_ids``.
    """
    _announce(model, ModelSignals.AGENT_REMOVED, rows)


def _announce(model: Any, signal: ModelSignals, rows: Ints) -> None:
    if len(rows) and ("agents", signal) in model.subscribers:
        workers = WorkerSet(model, rows)
        model.notify("agents", signal, args=(workers,), unique_ids=workers.array("unique_id"))
