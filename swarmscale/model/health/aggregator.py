"""The metrics aggregator: tells the other components how far the records are complete, and how the budget burns."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..integration.bus import often_enough, ticks
from ..integration.events import Budget, Figures, OpenIncidents, Resized
from ..resilience import measures
from .budget import burn, windows
from .figures import Stretch, last, stretch

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel


@dataclass(slots=True, kw_only=True)
class Aggregator:
    """The controller that makes figures of the records.

    Whenever the scaler is due it has told it before that the records are complete. Each health period it tells the
    health monitor the figures of the period and how fast the error budget burns. What burns while capacity that the
    scaler called for is on its way, or while incidents are open, is theirs, and it says so: then it is no cause for
    another alert.

    Attributes:
        objective: share of the tasks due that must be answered in time.
        run_s: length of the run as configured, s.
        health_period_s: time between two looks of the health monitor, s.
        period_s: time between two of its own, s.
        order: its place among controllers that are due together: before all others.
        series: figures of all health periods so far.
        due: tasks whose deadline has come.
        met: of them answered in time.
    """

    component: ClassVar[str] = "metrics"
    title: ClassVar[str] = "metrics"

    objective: float
    run_s: float
    health_period_s: float
    period_s: float
    order: int = 2
    series: list[Stretch] = field(default_factory=list)
    due: int = 0
    met: int = 0
    _ticks: int = 0
    _ready_at_s: float = 0.0
    _called: int = 0
    _open: tuple[str, ...] = ()

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def act(self, model: SwarmModel) -> None:
        """Tell the scaler, and once a health period the health monitor."""
        self._listen(model)
        if model.bus is not None:
            model.bus.publish("metrics", "scaler", Figures(until_tick=model.records.ticks))
        seconds = (model.records.ticks - self._ticks) * model.config.dt
        if seconds >= self.health_period_s - 1e-9:
            self._sum_up(model)

    def _listen(self, model: SwarmModel) -> None:
        """What scaler and health monitor have told."""
        for event in model.bus.consume("metrics") if model.bus is not None else ():
            if isinstance(event, Resized):
                if event.after > event.before:
                    self._ready_at_s = max(self._ready_at_s, event.ready_at_s)
                    self._called = event.after - event.before
            elif isinstance(event, OpenIncidents):
                self._open = event.keys

    def _sum_up(self, model: SwarmModel) -> None:
        """The figures of the period that ends now."""
        one = stretch(model.records.raw(self._ticks), model.now_s)
        self._ticks = model.records.ticks
        self.series.append(one)
        self.due, self.met = self.due + one.due, self.met + one.met
        if model.bus is not None:
            model.bus.publish("metrics", "health", self.told(one, model.now_s))

    def told(self, one: Stretch, now_s: float) -> Budget:
        """What the health monitor is told at the end of a period."""
        fast = windows(self.run_s, self.health_period_s)[0]
        long, short = (burn(last(self.series, s), self.objective) for s in (fast.long_s, fast.short_s))
        whole = measures.budget(self.objective, self.due, self.met)
        return Budget(
            availability=self.met / self.due if self.due else 1.0,
            burn=long,
            burn_now=short,
            left=whole.left / whole.allowed if whole.allowed > 0 else 1.0,
            held=self.held(now_s),
            stretch=one,
        )

    def held(self, now_s: float) -> str:
        """Why burning needs no alert of its own, in words; empty if it does."""
        if self._open:
            return f"{len(self._open)} open incidents"
        if self._ready_at_s > now_s:
            return f"{self._called} agents called for are ready at {self._ready_at_s:g} s"
        return ""

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        return {Stretch.__module__} & set(sys.modules)


_KEPT = ("series", "due", "met", "_ticks", "_ready_at_s", "_called", "_open")


def build_aggregator(config: Config) -> Aggregator | None:
    """The aggregator that a config asks for; None where nothing is told to anybody."""
    c = config.resilience
    if not (c.on and c.health.on):
        return None
    return Aggregator(
        objective=c.health.objective,
        run_s=config.seconds,
        health_period_s=ticks(c.health.period_s, config.dt) * config.dt,
        period_s=often_enough(config, c.health.period_s, config.scaler.period_s),
    )
