"""The coupling of a host and a fleet: tick by tick, with back-pressure, and whole after any error."""

from __future__ import annotations

import hashlib
import time
from typing import Any, Self

import numpy as np

from ..arrays import Floats, Ints
from ..errors import ConfigError, require
from ..model.hosting import OUTCOMES, Fates, Receipt
from .fleets import Line
from .port import (
    SOURCE_SHIFT,
    Balance,
    Host,
    HostError,
    Report,
    Turn,
    checked,
    digest_of,
    kind_numbers,
    of_source,
)

TASKS_AN_AGENT = 10
"""Tasks that may be under way at most, for each agent, where nobody sets a limit."""


class Arena:
    """A host economy whose transactions a fleet serves.

    In each tick the host is asked what sets out, the fleet serves it, and the host is told what ended, in the order
    of finish. A host that wants more than the fleet may hold gets the rest back as refused: back-pressure.

    Attributes:
        host: the economy.
        fleet: a :class:`swarmscale.SwarmModel` with ``demand.source`` hosted, an :class:`swarmscale.Orchestrator`, or
            anything with ``submit``, ``step``, ``collect`` and ``now_s``.
        balance: where all tasks are.
        host_cpu_s: CPU time that the host took so far, s.
        fleet_cpu_s: CPU time that the fleet took so far, s.
        cost: agent-seconds that were paid for so far.
    """

    def __init__(
        self, fleet: Any, host: Host, *, kinds: dict[str, str] | None = None, limit: int | None = None
    ) -> None:
        """Couple the two.

        Args:
            fleet: that serves.
            host: that wants.
            kinds: class of the fleet for each kind of the host whose name the fleet does not know.
            limit: tasks that may be under way at most; ten an agent if None.

        Raises:
            ConfigError: if something is missing.
            UnknownChoiceError: if the fleet has no such class.
        """
        for name in ("kinds", "demand", "served"):
            if not hasattr(host, name):
                raise ConfigError(
                    f"host = a {type(host).__name__} without {name}; see swarmscale.arena.port.Host"
                )
        require(limit is None or limit >= 1, "limit", limit, "1 or more")
        self.host, self.fleet = host, fleet
        self._line = Line(fleet, limit)
        agents = getattr(getattr(self._line.model, "config", None), "fleet", None)
        if limit is None and agents is not None and self._line.model.hosting.limit is None:
            self._line.model.hosting.limit = TASKS_AN_AGENT * agents.agents
        self._kinds = tuple(host.kinds)
        self._class = kind_numbers(self._kinds, self._line.classes, kinds)
        self.balance = Balance(
            ended=np.zeros(len(OUTCOMES), np.int64), by_kind=np.zeros(len(self._kinds), np.int64)
        )
        self.host_cpu_s = self.fleet_cpu_s = self.cost = 0.0
        self._seal = hashlib.blake2b(digest_size=16)
        self._inbox: dict[int, list[Fates]] = {}
        self.ticks = 0

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return self._line.now_s

    @property
    def dt(self) -> float:
        """Length of a tick, s."""
        return self._line.dt

    def step(self) -> Report:
        """One tick.

        Returns:
            What the host was told.

        Raises:
            HostError: if one of its callbacks failed; :class:`HostError` says what holds then.
            ConfigError: if it wants what cannot be, naming the field; nothing was submitted and no time has passed.
        """
        line, begun = self._line, time.process_time()
        turn = Turn(line.now_s, line.dt, line.open, line.room)
        try:
            wanted = self.host.demand(turn)
        except Exception as error:
            raise HostError("demand", error, turn.now_s) from error
        demand = checked(wanted, len(self._kinds), turn.now_s)
        asked = time.process_time()
        if len(demand.token):
            line.submit(self._class[demand.kind], demand.work_s, demand.token, demand.at_s)
            self.balance.submitted += len(demand.token)
            self.balance.by_kind += np.bincount(demand.kind, minlength=len(self._kinds))
        fates, decisions, cost = line.tick()
        self.ticks += 1
        self.cost += cost
        self.balance.ended += np.bincount(fates.outcome, minlength=len(OUTCOMES))
        for part in digest_of(fates):
            self._seal.update(part)
        self._deal(fates)
        report = Report(line.now_s, of_source(fates, 0), decisions, cost)
        served = time.process_time()
        try:
            self.host.served(report)
        except Exception as error:
            raise HostError("served", error, turn.now_s, report) from error
        finally:
            self.fleet_cpu_s += served - asked
            self.host_cpu_s += asked - begun + time.process_time() - served
        return report

    def run(self, seconds: float) -> Self:
        """So much simulated time.

        Raises:
            ConfigError: if it is no multiple of a tick.
        """
        ticks = round(seconds / self.dt)
        require(abs(ticks * self.dt - seconds) < 1e-6, "seconds", seconds, f"a multiple of dt = {self.dt:g}")
        for _ in range(ticks):
            self.step()
        return self

    def submit(
        self, source: int, kind: str, work_s: Floats, token: Ints, at_s: float | None = None
    ) -> Receipt:
        """Tasks of a source other than the host, between ticks; their fates go to :meth:`taken`.

        Args:
            source: 1 or more.
            kind: a class of the fleet, or a kind of the host.
            work_s: `[n]` s of a unit-speed agent.
            token: `[n]` the source's names, 0 or more and below ``2**40``.
            at_s: when they set out, s; now if None.

        Raises:
            ConfigError: if something cannot be used.
        """
        require(source > 0, "source", source, "1 or more: 0 is the host")
        known = self._kinds.index(kind) if kind in self._kinds else None
        which: Any = kind if known is None else int(self._class[known])
        token = np.asarray(token, np.int64)
        require(
            bool(((token >= 0) & (token < 1 << SOURCE_SHIFT)).all()), "token", token, "0 or more, below 2**40"
        )
        when = self.now_s if at_s is None else at_s
        receipt = self._line.submit(which, np.asarray(work_s), token | (source << SOURCE_SHIFT), when)
        self.balance.submitted += len(token)
        return receipt._replace(tokens=token)

    def taken(self, source: int) -> Fates | None:
        """What became of a source's tasks since the last call; None: nothing."""
        lots = self._inbox.pop(source, [])
        return Fates.joined(lots) if lots else None

    def digest(self) -> str:
        """A text that is equal for two runs whose tasks all ended in the same way at the same times, bit for bit."""
        return self._seal.hexdigest()

    def _deal(self, fates: Fates) -> None:
        """Lay the fates of other sources' tasks aside for them."""
        whose = fates.token >> SOURCE_SHIFT
        for source in np.unique(whose[whose > 0]).tolist():
            self._inbox.setdefault(source, []).append(of_source(fates, source))
