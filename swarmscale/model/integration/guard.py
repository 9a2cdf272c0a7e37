"""The guard: a controller that throws or hangs is set aside and begun again, and never stops the model."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf, isinf, isnan, nan
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ..resilience.incidents import IncidentLog
from .bus import ticks
from .holding import Held
from .watched import Stall, Thrown, WallClock, Watched

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

LOGGER = logging.getLogger("swarmscale.guard")
MOST = 200
"""Records that are kept, the last ones."""


class BrokenError(RuntimeError):
    """What a controller throws that a fault has broken."""


@dataclass(slots=True, kw_only=True)
class Guard:
    """Lets controllers act, and keeps what goes wrong in one of them to itself.

    One that throws is put back to the state it had before, set aside, and begun again after a wait that doubles with
    each time; one that hangs for longer than its budget is treated alike. A run that was missed is made up for once.
    In a model that is shared out only what a fault injects is caught, for all shards know of it; any other exception
    ends the run there, since other shards may be waiting for this one.

    Attributes:
        period_s: time between two looks at components; a controller's budget is this or its period, s.
        backoff_s: first wait, s.
        longest_s: longest wait, s.
        repairs: whether what was set aside is ever begun again.
        watched: by name, in the order of acting.
        records: what was thrown, and what hung.
        wall_clock: by name; no result depends on it.
    """

    period_s: float
    backoff_s: float
    longest_s: float
    repairs: bool = True
    watched: dict[str, Watched] = field(default_factory=dict)
    records: list[Thrown] = field(default_factory=list)
    wall_clock: dict[str, WallClock] = field(default_factory=dict)
    _wake_s: float = inf

    def follow(self, names: Iterable[str]) -> None:
        """Watch controllers of these names, and no others."""
        self.watched = {name: self.watched.get(name) or Watched() for name in names}
        self._next_wake()

    def names(self) -> list[str]:
        """Names of the controllers, in the order of acting."""
        return list(self.watched)

    # -- what faults do ---------------------------------------------------------------------------------------

    def stall(self, name: str, until_s: float, incident: int = -1) -> None:
        """A controller hangs until then, if it is to act before.

        Raises:
            ConfigError: if there is no such controller.
        """
        one = self._of(name)
        one.stalls.append(Stall(until_s=until_s, incident=incident))
        one.wake_s = min(one.wake_s, until_s)
        self._next_wake()

    def break_controller(self, name: str, times: int, incident: int = -1) -> None:
        """A controller throws the next so many times that it acts.

        Raises:
            ConfigError: if there is no such controller.
        """
        self._of(name).breaks += [incident] * times

    # -- acting -----------------------------------------------------------------------------------------------

    def wakes(self, now_s: float) -> bool:
        """Whether some controller is to be looked at now though it may not be due."""
        return self._wake_s <= now_s + 1e-9

    def turn(self, name: str, controller: Any, model: SwarmModel, *, due: bool) -> bool:
        """Let a controller act if it is due, or has a missed run to make up for.

        Returns:
            Whether it acted to the end.
        """
        one, now_s = self.watched[name], model.now_s
        if due:
            one.was_due(now_s)
        elif one.wake_s > now_s + 1e-9:
            return False
        one.wake_s = inf
        log = _log(model)
        acted = False
        if not self._is_aside(one, now_s) and not self._hangs(one, name, controller, now_s, log):
            may = due or not getattr(controller, "only_when_due", False)
            if may and not isnan(one.owed_s):
                acted = self._act(one, name, controller, model, log)
        self._next_wake()
        return acted

    def _is_aside(self, one: Watched, now_s: float) -> bool:
        if one.again_s > now_s + 1e-9:
            one.wake_s = one.again_s
            return True
        one.again_s = 0.0
        return False

    def _hangs(self, one: Watched, name: str, controller: Any, now_s: float, log: IncidentLog | None) -> bool:
        """Whether a stall keeps it from acting now."""
        for stall in [s for s in one.stalls if s.until_s <= now_s + 1e-9]:
            one.stalls.remove(stall)
            if isnan(one.hung_s):
                if log is not None:
                    log.recover(stall.incident, now_s, "over; it was not to act meanwhile")
            else:
                one.open.append(stall.incident)
        if not one.stalls:
            one.hung_s, one.noticed = nan, False
            return False
        until_s = max(stall.until_s for stall in one.stalls)
        if isnan(one.owed_s):
            one.wake_s = until_s
            return True
        if isnan(one.hung_s):
            one.hung_s = now_s
        found_s = one.hung_s + min(self.period_s, controller.period_s)
        if now_s < found_s - 1e-9:
            one.wake_s = min(until_s, found_s)
            return True
        one.wake_s = until_s
        if not one.noticed:
            self._overran(one, name, now_s, log)
        return True

    def _overran(self, one: Watched, name: str, now_s: float, log: IncidentLog | None) -> None:
        """A run that hangs was noticed: it is given up, and the controller set aside."""
        text = f"{name} hangs since {one.hung_s:g} s"
        incidents = [stall.incident for stall in one.stalls]
        one.noticed = True
        self._record(Thrown(time_s=now_s, controller=name, text=text), injected=True)
        for number in incidents if log is not None else ():
            assert log is not None
            log.find(number, now_s, text)
        if self.repairs:
            one.open += incidents
            one.stalls, one.hung_s, one.noticed = [], nan, False
            self._set_aside(one, now_s)

    def _act(
        self, one: Watched, name: str, controller: Any, model: SwarmModel, log: IncidentLog | None
    ) -> bool:
        alone = model.shard.territory.alone
        held = Held(controller) if alone else None
        begun = perf_counter()
        try:
            if one.breaks:
                raise BrokenError(f"{name} is broken")
            controller.act(model)
        except Exception as error:
            if not alone and not isinstance(error, BrokenError):
                raise
            back = held is not None and held.put_back()
            self._threw(one, name, error, model.now_s, log, back=back)
            return False
        self._clock(name, perf_counter() - begun, controller.period_s)
        one.ran_well(model.now_s, controller.period_s)
        for number in one.open if log is not None else ():
            assert log is not None
            log.recover(number, model.now_s, f"{name} acts again")
        one.open = []
        return True

    def _threw(
        self, one: Watched, name: str, error: Exception, now_s: float, log: IncidentLog | None, *, back: bool
    ) -> None:
        text = f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        thrown = Thrown(time_s=now_s, controller=name, text=text, trace=trace, put_back=back)
        self._record(thrown, injected=isinstance(error, BrokenError))
        if one.breaks:
            number = one.breaks.pop(0)
            if log is not None:
                log.find(number, now_s, f"{name} threw {text}")
            if number not in one.open:
                one.open.append(number)
        self._set_aside(one, now_s)

    def _set_aside(self, one: Watched, now_s: float) -> None:
        one.wait_s = min(self.backoff_s * 2.0**one.failures, self.longest_s) if self.repairs else inf
        one.failures += 1
        one.well_s = nan
        one.again_s = one.wake_s = now_s + one.wait_s

    def _record(self, thrown: Thrown, *, injected: bool) -> None:
        self.records = [*self.records[-MOST + 1 :], thrown]
        text = f"{thrown.controller} at {thrown.time_s:g} s: {thrown.text}"
        if injected:  # it is in the log of incidents
            LOGGER.info(text)
        else:
            LOGGER.error("%s\n%s", text, thrown.trace)

    def _clock(self, name: str, took_s: float, period_s: float) -> None:
        """Note how long it took in wall-clock, and warn if it cannot keep up with simulated time.

        The first run may compile kernels and load libraries, and is not warned of.
        """
        clock = self.wall_clock.setdefault(name, WallClock())
        clock.runs += 1
        clock.total_s += took_s
        clock.longest_s = max(clock.longest_s, took_s)
        if took_s > period_s and clock.runs > 1:
            clock.over += 1
            LOGGER.warning(
                "%s took %.3g s of wall-clock, longer than its period of %g s", name, took_s, period_s
            )

    # -- figures ----------------------------------------------------------------------------------------------

    def close_window(self) -> None:
        """Begin another window of the components' health."""
        for one in self.watched.values():
            one.close_window()

    def component_health(self) -> dict[str, float]:
        """By controller, the share of its due runs of the last windows that were done within its period.

        One that was not due in them has the health of its last due run.
        """
        return {name: one.health() for name, one in self.watched.items()}

    def state(self, name: str) -> str:
        """Whether a controller is "well", "hung", or "aside"."""
        one = self._of(name)
        return "hung" if not isnan(one.hung_s) else "aside" if one.again_s else "well"

    def memory(self) -> dict[str, Any]:
        """All that changes and that the run depends on, for a checkpoint."""
        return {"watched": self.watched, "records": self.records}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.watched, self.records = memory["watched"], memory["records"]
        self._next_wake()

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        return {Watched.__module__}

    def _of(self, name: str) -> Watched:
        if name not in self.watched:
            raise ConfigError(f"there is no controller {name}; there are: {', '.join(self.watched)}")
        return self.watched[name]

    def _next_wake(self) -> None:
        wake_s = min((one.wake_s for one in self.watched.values()), default=inf)
        self._wake_s = wake_s if not isinf(wake_s) else inf


def _log(model: SwarmModel) -> IncidentLog | None:
    resilience = getattr(model, "resilience", None)
    log: IncidentLog | None = None if resilience is None else resilience.log
    return log


def build_guard(config: Config) -> Guard | None:
    """The guard that a config asks for; None where exceptions of controllers end the run."""
    c = config.resilience
    if not (c.on and c.health.on and c.health.isolate):
        return None
    return Guard(
        period_s=ticks(c.health.period_s, config.dt) * config.dt,
        backoff_s=c.health.backoff_s,
        longest_s=max(c.health.longest_s, c.health.backoff_s),
        repairs=c.recovery.on,
    )
