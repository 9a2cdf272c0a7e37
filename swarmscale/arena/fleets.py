"""The fleets that serve a host: a model, an orchestrator, or one that is nothing but a delay."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..arrays import Floats, Ints
from ..errors import ConfigError, require
from ..model.columns import provisioned
from ..model.hosting import NO_FATES, OUTCOMES, REFUSED, Fates, Receipt

_LOST = OUTCOMES.index("lost")


class Server(Protocol):
    """Whatever takes tasks and tells what became of them; :class:`swarmscale.SwarmModel` does."""

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        ...

    def submit(self, kind: Any, work_s: Any, token: Any = None, at_s: Any = None) -> Receipt:
        """Take tasks."""
        ...

    def step(self) -> None:
        """One tick."""
        ...

    def collect(self) -> Fates:
        """What became of tasks since the last call."""
        ...


class Delayed:
    """No fleet: each task is answered after a fixed time, or lost. For markets alone, theory and tests.

    Attributes:
        dt: length of a tick, s.
        delay_s: from a task's arrival to its answer, s.
        work_weight: beside it, so many s for each s of work.
        loss: share of tasks that get lost on their way, by token and thus the same in each run.
        limit: tasks under way at most; None: no limit.
    """

    def __init__(
        self, *, dt: float = 0.1, delay_s: float = 0.0, work_weight: float = 0.0, loss: float = 0.0,
        limit: int | None = None,
    ) -> None:  # fmt: skip
        require(dt > 0, "dt", dt, "above 0")
        require(delay_s >= 0, "delay_s", delay_s, "0 or more")
        require(0 <= loss <= 1, "loss", loss, "from 0 to 1")
        self.dt, self.delay_s, self.work_weight, self.loss, self.limit = dt, delay_s, work_weight, loss, limit
        self.ticks = 0
        self._count, self._waiting, self._refused = 0, NO_FATES, NO_FATES

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return self.ticks * self.dt

    @property
    def open(self) -> int:
        """Tasks under way."""
        return len(self._waiting.token)

    def submit(
        self, kind: Any, work_s: Any, token: Any = None, at_s: Any = None
    ) -> Receipt:  # the classes do not matter here
        """Take tasks; see :meth:`swarmscale.SwarmModel.submit`."""
        work = np.atleast_1d(np.asarray(work_s, np.float64))
        n = max(len(work), np.size(kind), np.size(at_s) if at_s is not None else 1)
        work = np.broadcast_to(work, n)
        at = np.broadcast_to(np.asarray(self.now_s if at_s is None else at_s, np.float64), n)
        tokens: Ints = self._count + np.arange(n) if token is None else np.atleast_1d(np.asarray(token))
        lost = _share(self._count + np.arange(n)) < self.loss
        self._count += n
        took = self.delay_s + self.work_weight * work
        fates = Fates(
            tokens.astype(np.int64), np.where(lost, _LOST, 0).astype(np.uint8), at + took, 1000 * took
        )
        room = n if self.limit is None else max(min(n, self.limit - self.open), 0)
        late = fates.take(slice(room, None))
        refused = late._replace(
            outcome=np.full(n - room, REFUSED, np.uint8),
            finish_s=np.full(n - room, self.now_s),
            latency_ms=np.zeros(n - room),
        )
        self._refused = Fates.joined([self._refused, refused])
        self._waiting = Fates.joined([self._waiting, fates.take(slice(0, room))])
        return Receipt(fates.token, room, n - room)

    def step(self) -> None:
        """One tick."""
        self.ticks += 1

    def collect(self) -> Fates:
        """What ended before now."""
        done = self._waiting.finish_s < self.now_s
        out = Fates.joined([self._refused, self._waiting.take(done)])
        self._waiting, self._refused = self._waiting.take(~done), NO_FATES
        return out.take(np.lexsort((out.token, out.finish_s)))


def _share(number: Ints) -> Floats:
    """`[n]` evenly spread shares in [0, 1), the same for the same number."""
    return np.asarray((number + 1) * 0.6180339887498949 % 1.0, np.float64)


class Line:
    """One way to talk to any fleet.

    Attributes:
        fleet: what was given.
        model: the :class:`swarmscale.SwarmModel` in it, or the fleet itself.
        dt: length of a tick, s.
        classes: names of its classes of tasks; empty if it takes any.
    """

    def __init__(self, fleet: Any, limit: int | None) -> None:
        self.fleet = fleet
        self.model = getattr(fleet, "model", fleet)
        self._advances = hasattr(fleet, "advance")
        for name in ("submit",) if self._advances else ("submit", "step", "collect", "now_s"):
            if not hasattr(fleet, name):
                raise ConfigError(
                    f"fleet = a {type(fleet).__name__}, but it must be a SwarmModel, an Orchestrator, or have "
                    f"submit, step, collect and now_s (it has no {name})"
                )
        config = getattr(self.model, "config", None)
        self.dt = float(config.dt if config is not None else self.model.dt)
        self.classes = [one.name for one in config.demand.classes] if config is not None else []
        holder = getattr(self.model, "hosting", self.model)
        if limit is not None:
            holder.limit = limit
        self._watch: Any = None
        if config is not None and not self._advances:
            from ..orchestrator.watching import Watch

            self._watch = Watch(self.model)

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return float(self.model.now_s)

    @property
    def open(self) -> int:
        """Tasks that have not come back, whoever submitted them."""
        return int(getattr(self.model, "hosting", self.model).open)

    @property
    def room(self) -> int:
        """Tasks that it takes before it refuses some."""
        limit = getattr(self.model, "hosting", self.model).limit
        return 2**31 if limit is None else max(limit - self.open, 0)

    def submit(self, kind: Any, work_s: Any, token: Any, at_s: Any) -> Receipt:
        """Give tasks to the fleet."""
        receipt: Receipt = self.fleet.submit(kind, work_s, token=token, at_s=at_s)
        return receipt

    def tick(self) -> tuple[Fates, tuple[Any, ...], float]:
        """One tick: what ended, what was decided, and the agent-seconds that were paid for."""
        if self._advances:
            done = self.fleet.advance(self.dt)
            fates, events = done.fates, tuple(done.events)
        else:
            self.fleet.step()
            fates, events = self.fleet.collect(), tuple(self._watch.look()) if self._watch else ()
        return fates, events, self._paid()

    def _paid(self) -> float:
        records = getattr(self.model, "records", None)
        if records is None:
            return 0.0
        return float(provisioned(records.raw(records.ticks - 1))[0])
