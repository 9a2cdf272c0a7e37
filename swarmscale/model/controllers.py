"""Controllers: whatever acts on the model at a period of its own, run by one dispatcher in a declared order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..choices import Choices
from ..errors import ConfigError, require
from .memory import dump, restore

if TYPE_CHECKING:
    from .integration.bus import Bus
    from .integration.guard import Guard
    from .swarm import SwarmModel


@runtime_checkable
class Controller(Protocol):
    """An object that acts on the model once a period.

    To add one, write a frozen or plain dataclass with the two fields and the method, and hand an object of it
    to :meth:`SwarmModel.add_controller`. What it must remember across a checkpoint goes out of ``memory()`` as
    a JSON-ready dict and comes back into ``remember(...)``; both are optional. A checkpoint stores it by its
    registered name (``@swarmscale.register("controller", "my-controller")``) and its fields.

    A class may also name itself, as ``title``, and the component of the integration graph that it acts for, as
    ``component``. A run that it missed, since it threw or hung, is made up for as soon as it is begun again, unless it
    says ``only_when_due = True``.

    Attributes:
        period_s: time between two actions, s; a multiple of ``dt``.
        order: controllers that are due in the same tick act by rising order, then by the order of adding.
    """

    period_s: float
    order: int

    def act(self, model: SwarmModel) -> None:
        """Act; what it changes takes effect in the next tick."""
        ...


CONTROLLERS: Choices[Controller] = Choices("controller")


def of_config(controller: object) -> bool:
    """Whether the model makes this controller itself, from its config."""
    return bool(getattr(controller, "of_config", False))


def _memory(controller: Any) -> Any:
    if not hasattr(controller, "memory"):
        return None
    return dump(controller.memory()) if of_config(controller) else controller.memory()


@dataclass(slots=True)
class Dispatcher:
    """Runs the controllers that are due, after a tick's records are written.

    Attributes:
        dt: length of a tick, s.
        due: how often each controller was due.
        done: how often it acted.
        guard: keeps what goes wrong in a controller to itself; None where it ends the run.
        bus: by which controllers tell each other what they know; None where they do not.
    """

    dt: float
    guard: Guard | None = None
    bus: Bus | None = None
    _entries: list[tuple[int, int, int, Controller]] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)

    @property
    def controllers(self) -> list[Controller]:
        """All controllers in the order of adding."""
        return [entry[3] for entry in sorted(self._entries, key=lambda entry: entry[1])]

    def _follow(self) -> None:
        """Name the controllers, in the order of acting, and tell guard and bus who is there."""
        titles = [str(getattr(c, "title", type(c).__name__.lower())) for _, _, _, c in self._entries]
        several = [titles[:i].count(title) for i, title in enumerate(titles)]
        names = [f"{t} {n + 1}" if n else t for t, n in zip(titles, several, strict=True)]
        self._names = dict(zip((entry[1] for entry in self._entries), names, strict=True))
        if self.guard is not None:
            self.guard.follow(names)
        if self.bus is not None:
            self.bus.follow(self.controllers)

    def add(self, controller: Controller) -> None:
        """Run this controller from the next tick on.

        Raises:
            ConfigError: if it is no controller or its period is no multiple of the tick.
        """
        if not isinstance(controller, Controller):
            raise ConfigError(
                f"{type(controller).__name__} is no controller: it needs period_s, order and act(model)"
            )
        ticks = controller.period_s / self.dt
        name = f"{type(controller).__name__}.period_s"
        require(
            ticks >= 1 and abs(ticks - round(ticks)) < 1e-9,
            name,
            controller.period_s,
            f"a multiple of dt = {self.dt:g}",
        )
        self._entries.append((controller.order, len(self._entries), round(ticks), controller))
        self._entries.sort(key=lambda entry: entry[:2])
        self.due.append(0)
        self.done.append(0)
        self._follow()

    def put_first(self, old: Controller | None, new: Controller | None) -> None:
        """Put a controller that the config makes in front of all others, in place of the one that it made before.

        Among controllers of one order it then acts first, as in a model that had it from its start.

        Raises:
            ConfigError: as in :meth:`add`; nothing has changed then.
        """
        before = [(c, self.due[i], self.done[i]) for i, c in enumerate(self.controllers)]
        rest = [entry for entry in before if entry[0] is not old]
        counts = next((entry[1:] for entry in before if entry[0] is old), (0, 0))
        made = Dispatcher(self.dt)
        for controller, due, done in [*([(new, *counts)] if new is not None else []), *rest]:
            made.add(controller)
            made.due[-1], made.done[-1] = due, done
        self._entries, self.due, self.done = made._entries, made.due, made.done
        self._follow()

    def any_due(self, tick: int) -> bool:
        """Whether the period of any ends with this tick, or one has a missed run to make up for."""
        if self.guard is not None and self.guard.wakes(tick * self.dt):
            return True
        return any(tick % ticks == 0 for _, _, ticks, _ in self._entries)

    def run(self, model: SwarmModel) -> None:
        """Let those act whose period ends with this tick, and those that make up for a missed run."""
        tick, guard = round(model.time), self.guard
        if self.bus is not None:
            self.bus.now_s = model.now_s
        wakes = guard is not None and guard.wakes(model.now_s)
        for _, number, ticks, controller in self._entries:
            due = tick % ticks == 0
            self.due[number] += due
            if guard is not None:
                if due or wakes:
                    self.done[number] += guard.turn(self._names[number], controller, model, due=due)
            elif due:
                controller.act(model)
                self.done[number] += 1

    def ask(self, wanted: Controller, model: SwarmModel) -> None:
        """Let a controller act now, out of its turn, unless its turn comes in this tick all the same."""
        for _, number, ticks, controller in self._entries:
            if controller is wanted and round(model.time) % ticks:
                self.due[number] += 1
                if self.guard is None:
                    controller.act(model)
                    self.done[number] += 1
                else:
                    self.done[number] += self.guard.turn(self._names[number], controller, model, due=True)

    def state(self) -> list[dict[str, Any]]:
        """The controllers for a checkpoint: name, fields, memory, counts.

        One that the config makes goes by its place in the order of adding, and its memory may be any that
        :mod:`.memory` can write.

        Raises:
            ConfigError: if a user's one is not registered.
        """
        return [
            ({"of_config": i} if of_config(c) else CONTROLLERS.dump(c))
            | {
                "memory": _memory(c),
                "due": self.due[i],
                "done": self.done[i],
            }
            for i, c in enumerate(self.controllers)
        ]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Build the controllers of a checkpoint anew."""
        for entry in state:
            if "of_config" in entry:
                number = entry["of_config"]
                controller: Any = self.controllers[number]
                controller.remember(restore(entry["memory"], controller.modules()))
                self.due[number], self.done[number] = entry["due"], entry["done"]
                continue
            fields = {k: v for k, v in entry.items() if k not in ("name", "memory", "due", "done")}
            controller = CONTROLLERS.make(entry["name"], **fields)
            if entry["memory"] is not None and hasattr(controller, "remember"):
                controller.remember(entry["memory"])
            self.add(controller)
            self.due[-1], self.done[-1] = entry["due"], entry["done"]
