"""A model that stops where its scaler is to decide, so that somebody outside decides in its place."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..model.scaling.base import Decision, Seen
from ..model.scaling.scaler import Scaler
from ..model.swarm import SwarmModel

if TYPE_CHECKING:
    from ..model.controllers import Controller

OUTSIDE = "outside"
"""Trigger of decisions that were made outside, in the log of scaling events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The scaling policy of a model that is decided for: nothing changes unless somebody says so."""

    def start(self) -> None:
        """Nothing is remembered."""

    def decide(self, now: Seen, memory: None) -> tuple[Decision, None]:
        """What is there stays."""
        return Decision(now.provisioned, "nobody decided", OUTSIDE), None


@dataclass(slots=True, kw_only=True)
class SteeredScaler(Scaler):
    """A scaler whose turn ends with what it sees; what follows comes with :meth:`carry_out`.

    Attributes:
        told: what was seen and not yet decided upon; None where nothing is to be decided.
    """

    told: Seen | None = None

    @classmethod
    def of(cls, scaler: Scaler) -> SteeredScaler:
        """The same scaler, as it is at its start."""
        return cls(**{f.name: getattr(scaler, f.name) for f in fields(scaler) if f.init})

    def act(self, model: SwarmModel) -> None:
        """The first half of a scaler's turn."""
        until = self.heard.listen(model)
        if until <= self._ticks:
            self.heard.held += 1
            return
        raw = model.records.raw(self._ticks, until)
        self._ticks = until
        self.told, spent = self.see(model, raw)
        self._settle(model, raw, self.told, spent)

    def carry_out(self, model: SwarmModel, agents: int, why: str) -> int:
        """The second half: make the fleet as large as wanted, within limits and pools.

        Returns:
            By how many ready and starting agents the fleet has changed.
        """
        assert self.told is not None
        before, events = self.told.provisioned, len(self.events)
        self._carry_out(model, self.told, Decision(agents, why, OUTSIDE))
        self._refill(model)
        self.heard.shed = 0
        self.told = None
        return self.events[-1].after - before if len(self.events) > events else 0


class SteeredModel(SwarmModel):
    """A model that stops in the midst of a tick's controllers where its scaler is to decide.

    The controllers that act before the scaler have acted then, those that act after it have not, so that a run in which
    a policy decides from outside is, bit for bit, the run in which that policy stands in the config.

    Attributes:
        scaler: the one that is decided for.
    """

    scaler: SteeredScaler
    _after: list[tuple[int, int, int, Controller]] | None = None

    def __init__(self, *given: Any, **keys: Any) -> None:
        """As :class:`~swarmscale.SwarmModel`; the config must have a scaling policy that is not ``static``."""
        super().__init__(*given, **keys)
        made = self.scaler
        self.scaler = SteeredScaler.of(made)
        self.dispatcher.put_first(made, self.scaler)

    @property
    def asks(self) -> Seen | None:
        """What is to be decided upon; None if nothing is."""
        return self.scaler.told

    def decided(self, agents: int, why: str = "decided outside") -> int:
        """Go on after a decision: it is carried out, and the controllers act that come after the scaler.

        Args:
            agents: ready and starting agents that are wanted.
            why: in words, for the log.

        Returns:
            By how many the fleet has changed.
        """
        change = self.scaler.carry_out(self, agents, why)
        after, self._after = self._after or [], None
        self._let_act(after)
        return change

    def ended(self) -> None:
        """Nobody is to decide any more: the controllers act that come after the scaler."""
        self.scaler.told = None
        after, self._after = self._after or [], None
        self._let_act(after)

    def _control(self) -> None:
        entries = list(self.dispatcher._entries)
        mine = next(i for i, entry in enumerate(entries) if entry[3] is self.scaler) + 1
        self._let_act(entries[:mine])
        if self.asks is None:
            self._let_act(entries[mine:])
        else:
            self._after = entries[mine:]

    def _let_act(self, entries: list[tuple[int, int, int, Controller]]) -> None:
        """A part of what the dispatcher does at a tick's end."""
        dispatcher, tick = self.dispatcher, round(self.time)
        guard = dispatcher.guard
        if dispatcher.bus is not None:
            dispatcher.bus.now_s = self.now_s
        wakes = guard is not None and guard.wakes(self.now_s)
        for _, number, ticks, controller in entries:
            due = tick % ticks == 0
            dispatcher.due[number] += due
            if guard is not None:
                if due or wakes:
                    name = dispatcher._names[number]
                    dispatcher.done[number] += guard.turn(name, controller, self, due=due)
            elif due:
                controller.act(self)
                dispatcher.done[number] += 1
