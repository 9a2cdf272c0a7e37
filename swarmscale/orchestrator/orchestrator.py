"""The orchestrator: a fleet inside another program, which advances its time, gives it work and hears what happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..agents.given_traits import checked as checked_traits
from ..agents.squads import checked
from ..arrays import Floats, Floats32, Ints
from ..errors import ConfigError, require
from ..model.config import Config, whole
from ..model.hosting import NO_FATES, Fates, Receipt
from ..model.optimization.advice import OptimizationReport
from ..model.scaling.events import ScalingEvent
from ..model.swarm import SwarmModel
from .deciding import Desk
from .events import DecisionMade, Event
from .listening import Callback, Listeners
from .metrics import SystemMetrics, system_metrics
from .options import config_of, snake_options
from .recommending import recommended
from .results import Advanced, Recommendation, SpawnResult
from .sizing import Hold, resize
from .spawning import paid_above, spawn
from .tasks import TaskResult, TaskSpec
from .watching import Watch


class Orchestrator:
    """A fleet that a host program uses.

    It is a context manager: entering builds the model and compiles the kernels. Calls may come from several threads,
    and wait for each other; :meth:`advance` from within a callback is refused, all else may be called there.

    Attributes:
        max_agents: largest fleet.
        scalings: changes of the fleet's size that the host ordered.
    """

    def __init__(
        self,
        *,
        max_agents: int = 50_000,
        agents: int | None = None,
        intelligence: bool = True,
        optimization: bool = True,
        auto_scaling: bool = True,
        config: str | Path | Mapping[str, Any] | Config = "llm-fleet",
        rng: Any = None,
        limit: int | None = None,
        **changes: Any,
    ) -> None:
        """Prepare a fleet; nothing is built before the host enters it.

        Args:
            max_agents: largest fleet, whoever wants more.
            agents: agents of the start; 10,000 if None, but at most ``max_agents``.
            intelligence: probes of collective intelligence and collective decisions.
            optimization: the optimization engine.
            auto_scaling: a scaling policy: that of the config, or ``quantile`` where it names none.
            config: a preset's name, a TOML file, a nested dict or a :class:`Config`.
            rng: the seed, as in :class:`SwarmModel`.
            limit: tasks of the host that may be under way at most; more are refused. None: no limit.
            changes: dotted keys of the config, with ``__`` or ``.`` for the dot.

        Raises:
            ConfigError: if a setting cannot be used.
        """
        self._config = config_of(
            config, max_agents=max_agents, agents=agents, intelligence=intelligence, optimization=optimization,
            auto_scaling=auto_scaling, limit=limit, changes=changes,
        )  # fmt: skip
        self.max_agents = max_agents
        self.scalings: list[ScalingEvent] = []
        self._rng, self._limit = rng, limit
        self._model: SwarmModel | None = None
        self._lock = threading.RLock()
        self._listeners = Listeners()
        self._events: list[Event] = []
        self._fates: list[Fates] = []
        self._stepping = False
        self._watch: Watch
        self._desk: Desk
        self._hold: Hold | None = None
        self._premium = 0.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any], **more: Any) -> Orchestrator:
        """An orchestrator from the origin's options: ``{"maxAgents": 50000, "enableIntelligence": True}``.

        Args:
            options: by their names there; see :data:`.options.OPTIONS`.
            more: further arguments of this class.

        Raises:
            UnknownChoiceError: if a name is not known; the nearest one is told.
        """
        return cls(**(snake_options(options) | more))

    # -- begin and end ------------------------------------------------------------------------------------------

    def initialize(self) -> Self:
        """Build the model and compile the kernels; nothing happens if that is done."""
        with self._lock:
            if self._model is None:
                model = SwarmModel(self._config, rng=self._rng)
                model.hosting.limit = self._limit
                self._model, self._watch, self._desk = model, Watch(model), Desk(model)
                SwarmModel("tiny", rng=0).run(2)
        return self

    def close(self) -> None:
        """Let go of the model; it can still be read, but time no longer advances."""
        with self._lock:
            self._closed = True

    _closed = False

    def __enter__(self) -> Self:
        return self.initialize()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def model(self) -> SwarmModel:
        """The model.

        Raises:
            ConfigError: if it was not built yet.
        """
        if self._model is None:
            raise ConfigError(
                "the fleet is not built yet: use `with Orchestrator(...) as fleet:` or initialize()"
            )
        return self._model

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return self.model.now_s

    # -- time and demand ----------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> Advanced:
        """Let simulated time pass.

        Args:
            seconds: a multiple of the config's dt, above 0; a run may go on beyond the config's ``seconds``.

        Returns:
            Fates of the host's tasks and events, in their order.

        Raises:
            ConfigError: if the time is no multiple of dt, or a callback calls this.
            CallbackError: if callbacks have failed, once all of the time has passed; its ``advanced`` holds the result.
        """
        with self._alone("advance") as model:
            dt = model.config.dt
            number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
            fits = number and 0 < seconds < 1e12 and whole(seconds / dt)
            require(fits, "seconds", repr(seconds), f"a multiple of dt = {dt:g}, above 0")
            ticks = round(seconds / dt)
            try:
                self._stepping = True
                for _ in range(ticks):
                    self._tick(model)
            finally:
                self._stepping = False
            fates, events = (Fates.joined(self._fates) if self._fates else NO_FATES), tuple(self._events)
            self._fates, self._events = [], []
            advanced = Advanced(time_s=model.now_s, ticks=ticks, fates=fates, events=events)
            self._listeners.raise_failures(advanced)
            return advanced

    def _tick(self, model: SwarmModel) -> None:
        """One tick, and what follows from it."""
        model.step()
        self._premium += paid_above(model)
        own, fates = self._desk.take(model.collect())
        if len(fates.token):
            self._fates.append(fates)
        self._tell([*self._watch.look(), *own])
        if self._hold is not None and self._hold.over(model):
            self._hold = None

    def submit(
        self,
        kind: str | int | Sequence[str] | Ints,
        work_s: float | Floats,
        token: Ints | None = None,
        at_s: float | Floats | None = None,
        entry: int | Ints | None = None,
    ) -> Receipt:
        """Give tasks to the fleet; see :meth:`SwarmModel.submit`. Their fates come with :meth:`advance`."""
        with self._lock:
            return self._desk.submit(self._open("submit"), kind, work_s, token, at_s, entry)

    def rate(self, per_s: float) -> None:
        """Let the config's own demand have this mean rate from the next bin on; its shape stays.

        Args:
            per_s: tasks a second, 0 or more; 0: only what the host submits.

        Raises:
            ConfigError: if it is no such number, or the config has no demand of its own.
        """
        with self._lock:
            model = self._open("rate")
            number = isinstance(per_s, (int, float)) and not isinstance(per_s, bool) and np.isfinite(per_s)
            require(bool(number and per_s >= 0), "per_s", repr(per_s), "finite and 0 or more")
            own = model.flow.demand.mean_rate_per_s
            if own == 0:
                raise ConfigError("per_s: demand.source = hosted has no rate of its own; use submit")
            model.scale_demand(per_s / own)

    @property
    def open(self) -> int:
        """Tasks of the host that are under way."""
        return self.model.hosting.open - self._desk.parts_open

    # -- the seed's calls ---------------------------------------------------------------------------------------

    def spawn_agents(
        self,
        count: int,
        *,
        kind: str = "standard",
        intelligence: str = "",
        capabilities: Sequence[str] = (),
        traits: Floats32 | None = None,
    ) -> SpawnResult:
        """Make agents; they start as any do, and are ready after the config's start-up time.

        Args:
            count: 1 or more.
            kind: ``standard`` or ``enhanced``; see :data:`swarmscale.agents.squads.KINDS`.
            intelligence: their intelligence type; each has its own, by the config's shares, if empty.
            capabilities: see :data:`swarmscale.agents.squads.CAPABILITIES`.
            traits: `[count, 76]` in standard deviations, in the order of :data:`swarmscale.agents.traits.TRAITS`; drawn
                as for others if None.

        Raises:
            ConfigError: if the fleet would be larger than ``max_agents``.
            UnknownChoiceError: if a name is not known.
        """
        with self._lock:
            model = self._open("spawn_agents")
            require(isinstance(count, int) and count >= 1, "count", repr(count), "a whole number, 1 or more")
            require(not isinstance(capabilities, str), "capabilities", repr(capabilities), "a list of names")
            checked(kind, intelligence, capabilities)
            if traits is not None:
                checked_traits(traits, count)
            room = self.max_agents - len(model.fleet)
            require(
                count <= room, "count", count, f"at most {room}, what max_agents = {self.max_agents} leaves"
            )
            result = spawn(model, count, kind, intelligence, capabilities, traits)
            self._tell(self._watch.look())
            return result

    def orchestrate_task(self, task: TaskSpec | Mapping[str, Any]) -> TaskResult:
        """Let agents work at a task together: panels that decide, or its parts through the queue.

        A decision is there at once, with the simulated time that it took; parts of a queued task are answered while the
        host advances, and :meth:`task` tells how far it is.

        Raises:
            ConfigError: if there are not so many ready agents, the id is in use, or intelligence is switched off.
            UnknownChoiceError: if a name is not known.
        """
        with self._lock:
            model = self._open("orchestrate_task")
            spec = TaskSpec.of(task)
            if spec.use_intelligence and not model.config.intelligence.on:
                raise ConfigError(
                    "task.use_intelligence = True, but it must be False: intelligence is switched off in this fleet"
                )
            result = self._desk.set(model, spec)
            if result.state == "decided":
                self._tell([
                    DecisionMade(
                        time_s=model.now_s, task=spec.id, confidence=result.confidence, latency_ms=result.latency_ms
                    )
                ])  # fmt: skip
            return result

    def task(self, name: str) -> TaskResult:
        """How far a task is.

        Raises:
            UnknownChoiceError: if no task has this id.
        """
        with self._lock:
            return self._desk.result(name)

    def scale_system(self, agents: int, reason: str = "by hand", *, hold_s: float = 300.0) -> ScalingEvent:
        """Let the fleet have so many ready and starting agents.

        Warm agents start first. With auto-scaling the policy is kept to this size for ``hold_s``, and goes on from it.

        Args:
            agents: from 1 to ``max_agents``.
            reason: in words, for the records.
            hold_s: s, 0 or more.

        Raises:
            ConfigError: if it is no such number.
        """
        with self._lock:
            model = self._open("scale_system")
            whole_number = isinstance(agents, int) and not isinstance(agents, bool)
            rule = f"a whole number from 1 to max_agents = {self.max_agents}"
            require(whole_number and 1 <= agents <= self.max_agents, "agents", repr(agents), rule)
            require(isinstance(reason, str) and bool(reason), "reason", repr(reason), "a text")
            require(bool(np.isfinite(hold_s) and hold_s >= 0), "hold_s", hold_s, "finite and 0 or more")
            event = resize(model, agents, reason, self.max_agents)
            if model.scaler is not None:
                self._hold = Hold.of(model.scaler, self._hold, agents, model.now_s + hold_s)
            if event.after != event.before:
                self.scalings.append(event)
                if model.scaler is not None:
                    model.scaler.events.append(event)
                    self._watch.passed(1)
                self._tell([self._watch.started(event), *self._watch.look()])
            return event

    def recommendations(self) -> list[Recommendation]:
        """What the scaler would recommend beside what its policy does, and what could be optimized now."""
        with self._lock:
            return recommended(self.model)

    def optimize_performance(
        self, *, advanced: bool = False, seconds: float | None = None
    ) -> OptimizationReport:
        """Look for the bottleneck and begin a trial; see :meth:`SwarmModel.optimize_performance`.

        While a trial is under way, its knob is judged first: the report holds that trial, and no other is begun.

        Raises:
            ConfigError: if optimization is switched off, or the fleet has not run yet.
        """
        with self._lock:
            model = self._open("optimize_performance")
            engine = model.optimizer
            require(
                model.records.ticks > 0,
                "now_s",
                model.now_s,
                "above 0: advance first, nothing is measured yet",
            )
            if engine is None or not engine.trying:
                return model.optimize_performance(advanced=advanced, seconds=seconds)
            found = engine.look(model)
            return OptimizationReport(bottleneck=found, recommendations=(), twins=(), trial=engine.trials[-1])

    def system_metrics(self) -> SystemMetrics:
        """Health, performance, scaling and intelligence, measured over the run so far."""
        with self._lock:
            model = self.model
            return system_metrics(
                model, model.summary(), premium=self._premium, scalings=len(self.scalings),
                decisions=self._desk.decisions,
            )  # fmt: skip

    # -- events -------------------------------------------------------------------------------------------------

    def on(self, event: str, callback: Callback) -> Callable[[], None]:
        """Call back at each event of a name, after the tick in which it happened; ``"*"`` at all.

        Returns:
            What ends that when it is called.

        Raises:
            UnknownChoiceError: if there is no such event; see :data:`.events.EVENTS`.
        """
        with self._lock:
            return self._listeners.add(event, callback)

    def _tell(self, events: Sequence[Event]) -> None:
        """Keep events for the next result, and call back who listens; failures come up where time advances."""
        self._events += events
        self._listeners.tell(events)
        if not self._stepping:
            self._listeners.raise_failures()

    # -- what keeps it whole ------------------------------------------------------------------------------------

    def _open(self, what: str) -> SwarmModel:
        """The model, if it may be used."""
        if self._closed:
            raise ConfigError(f"{what}: the fleet is closed; it can only be read")
        return self.model

    @contextmanager
    def _alone(self, what: str) -> Iterator[SwarmModel]:
        """The model for one call that steps it; refused within a callback of another such call."""
        with self._lock:
            if self._stepping:
                raise ConfigError(f"{what}: time is advancing already; a callback must not call it")
            yield self._open(what)
