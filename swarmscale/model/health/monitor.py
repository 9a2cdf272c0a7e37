"""The health monitor: how well components, integration and the system are, and what is to be alerted about."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..integration.bus import ticks
from ..integration.events import Budget, OpenIncidents, Outage, Overload
from ..resilience import measures
from .alerts import Alert, Alerts
from .budget import burning, windows
from .figures import Stretch, last
from .frames import alerts_frame, standings_frame
from .open_incidents import open_incidents
from .rules import ALERT_RULES, ALWAYS
from .rules.base import AlertRule, Look, Open
from .standing import DOWN, WINDOW_S, Standing, believed, standing

if TYPE_CHECKING:
    import pandas as pd

    from ..config import Config
    from ..swarm import SwarmModel


@dataclass(slots=True, kw_only=True)
class HealthMonitor:
    """The controller that looks at health once a period, and raises alerts.

    It knows what is believed, not what is true: an agent that fell silent is up until it is suspected, and an incident
    exists from the moment at which it was found. Figures of tasks come from the metrics aggregator, those of refused
    load from the optimizer; where nothing comes, it says so.

    Attributes:
        objective: share of the tasks due that must be answered in time.
        run_s: length of the run as configured, s.
        rules: alert rules by title.
        period_s: time between two looks, s.
        order: its place among controllers that are due together: after all that do something.
        series: healths at all looks so far.
        stretches: figures of all periods that were told.
        book: the alerts.
    """

    component: ClassVar[str] = "health"
    title: ClassVar[str] = "health"

    objective: float
    run_s: float
    rules: Mapping[str, AlertRule]
    period_s: float
    order: int = 96
    series: list[Standing] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    book: Alerts = field(default_factory=Alerts)
    _memory: dict[str, Any] = field(default_factory=dict)
    _now_s: float = 0.0
    _told_s: float = 0.0
    _held: str = ""
    _shed: float = 0.0
    _outage: tuple[int, int, tuple[int, ...]] = (0, 0, ())
    _open: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._memory = {title: rule.start() for title, rule in self.rules.items()}

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    @property
    def alerts(self) -> list[Alert]:
        """All alerts, open ones first, the gravest and newest first among these."""
        return self.book.ordered()

    def act(self, model: SwarmModel) -> None:
        """One look."""
        self._now_s = model.now_s
        told = self._listen(model)
        parts = {"controller": _controllers(model), "edge": _edges(model)}
        lately = last(self.stretches, max(WINDOW_S, self.period_s)) if told else None
        now = standing(model.now_s, believed(model), parts["controller"], parts["edge"], lately)
        self.series.append(now)
        incidents = open_incidents(model)
        self._judge(self._look(model, now, parts, told, incidents))
        self._tell(model, tuple(one.key for one in incidents))

    def _listen(self, model: SwarmModel) -> Stretch | None:
        """What aggregator and optimizer have told; the figures of the last period, if they came."""
        told = None
        for event in model.bus.consume("health") if model.bus is not None else ():
            if isinstance(event, Budget) and event.stretch is not None:
                told = event.stretch
                self.stretches.append(told)
                self._told_s, self._held = told.end_s, event.held
            elif isinstance(event, Overload):
                self._shed = event.share
        return told

    def _look(
        self,
        model: SwarmModel,
        now: Standing,
        parts: Mapping[str, Mapping[str, float]],
        told: Stretch | None,
        incidents: list[Open],
    ) -> Look:
        """What is shown to the rules."""
        figures = {name: getattr(now, name) for name in _STANDING}
        for name in _TOLD:
            figures[name] = getattr(told, name) if told is not None else float("nan")
        figures |= {"shed_share": self._shed, "unseen_s": model.now_s - self._told_s}
        return Look(
            time_s=model.now_s,
            period_s=self.period_s,
            run_s=self.run_s,
            objective=self.objective,
            figures=figures,
            parts=parts,
            stretches=self.stretches,
            incidents=incidents,
            held=self._held,
        )

    def _judge(self, look: Look) -> None:
        """Ask all rules."""
        for title, rule in self.rules.items():
            readings, self._memory[title] = rule.judge(look, self._memory[title])
            self.book.note(look.time_s, title, rule, readings)

    def _tell(self, model: SwarmModel, incidents: tuple[str, ...]) -> None:
        """Tell the optimizer what capacity is out, and the aggregator which incidents are open, where it changed."""
        if model.bus is None:
            return
        raw = model.records.raw(max(model.records.ticks - 1, 0))
        down = sum(int(raw.state(name)[-1]) for name in DOWN)
        members = down + sum(int(raw.state(name)[-1]) for name in ("idle", "busy", "helping", "draining"))
        out = (down, members, _nodes_down(model))
        if (out[0], out[2]) != (self._outage[0], self._outage[2]):
            model.bus.publish("health", "optimizer", Outage(agents=down, members=members, nodes=out[2]))
        if incidents != self._open:
            model.bus.publish("health", "metrics", OpenIncidents(keys=incidents))
        self._outage, self._open = out, incidents

    # -- what is asked of it ----------------------------------------------------------------------------------

    def acknowledge(self, key: str) -> None:
        """Somebody takes care of an alert.

        Raises:
            UnknownChoiceError: if there is no such alert.
            ConfigError: if it is not open.
        """
        self.book.acknowledge(key, self._now_s)

    def silence(self, key: str, until_s: float) -> None:
        """Let an alert keep quiet until a time, in s.

        Raises:
            UnknownChoiceError: if there is no such alert.
            ConfigError: if that time has passed.
        """
        self.book.silence(key, until_s, self._now_s)

    def budget(self) -> measures.Budget:
        """The error budget so far."""
        due, met = (sum(getattr(one, name) for one in self.stretches) for name in ("due", "met"))
        return measures.budget(self.objective, due, met)

    @property
    def burns(self) -> list[tuple[float, float, float, float, float]]:
        """Of each pair of windows: rate that alerts, long and short window in s, burn rates over the two."""
        out = []
        for pair in windows(self.run_s, self.period_s):
            long, short, _ = burning(self.stretches, pair, self.objective)
            out.append((pair.rate, pair.long_s, pair.short_s, long, short))
        return out

    def standing_frame(self) -> pd.DataFrame:
        """Tidy table: one row a look; see :class:`.standing.Standing`."""
        return standings_frame(self.series)

    def alerts_frame(self) -> pd.DataFrame:
        """Tidy table: one row an alert; see :class:`.alerts.Alert`."""
        return alerts_frame(self.alerts)

    # -- checkpoints ------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT} | {"book": self.book.memory()}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])
        self.book.remember(memory["book"])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = __name__.rpartition(".")[0] + "."
        there = {name for name in sys.modules if name.startswith(own)}
        return there | {type(rule).__module__ for rule in self.rules.values()}


_KEPT = (
    "series", "stretches", "_memory", "_now_s", "_told_s", "_held", "_shed", "_outage", "_open",
)  # fmt: skip
_STANDING = ("component", "integration", "system", "overall", "agents", "clusters", "nodes")
_TOLD = ("late_share", "error_rate", "availability", "response_mean_s", "throughput_per_s", "utilization")


def _controllers(model: SwarmModel) -> dict[str, float]:
    """Share of the due runs of each controller that were done in time; whoever looks is at it and leaves itself out."""
    found = {} if model.guard is None else model.guard.component_health()
    return {name: share for name, share in found.items() if name != HealthMonitor.title}


def _edges(model: SwarmModel) -> dict[str, float]:
    """Share of the events of each edge that acted in time."""
    bus = model.bus
    return {} if bus is None else {" -> ".join(key): bus.edges[key].health() for key in bus.live()}


def _nodes_down(model: SwarmModel) -> tuple[int, ...]:
    """Numbers of the nodes that are believed to be down."""
    known = getattr(model.network, "known", model.network.alive)
    return tuple(k for k, up in enumerate(known.tolist()) if not up)


def build_health(config: Config) -> HealthMonitor | None:
    """The health monitor that a config asks for; None if it asks for none."""
    c = config.resilience
    if not (c.on and c.health.on):
        return None
    return HealthMonitor(
        objective=c.health.objective,
        run_s=config.seconds,
        rules=named((*ALWAYS, *c.health.rules)),
        period_s=ticks(c.health.period_s, config.dt) * config.dt,
    )


def named(rules: tuple[AlertRule, ...]) -> dict[str, AlertRule]:
    """Rules by title, or by registered name where they have none; of one title the last one counts."""
    return {rule.title or ALERT_RULES.name_of(rule) or type(rule).__name__: rule for rule in rules}
