"""The model: a fleet, its structure and its task flow as a Mesa model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import networkx as nx
import numpy as np
from mesa.time import Priority, Schedule

from .. import rng as random_streams
from ..agents.assignment import Assignment
from ..agents.cognition import FUNCTIONS, cognition_graph
from ..agents.fleet import BUSY, HELPING, NEVER, RETIRED, STARTING, WARM, Fleet, Makeup
from ..agents.hierarchy import Hierarchy, add_workers
from ..agents.knowledge import knowledge_graph
from ..agents.nodes import Cluster, CognitiveNode, CoordinationNode
from ..agents.people import People, Population
from ..agents.population import ArrayPopulation, announce_added, announce_removed
from ..arrays import Floats, Ints
from ..errors import ConfigError, require
from . import build
from .collective_memory.keeper import build_keeper
from .collector import RecordsCollector
from .config import Config, whole
from .controllers import Controller, Dispatcher
from .crew import Crew, Joined
from .emergence.monitor import build_monitor
from .flow.laws import Law, law
from .health.aggregator import build_aggregator
from .health.monitor import build_health
from .hosting import Fates, Hosting, Receipt
from .integration.bus import Bus, build_bus
from .integration.coordinator import build_coordinator
from .integration.guard import Guard, build_guard
from .integration.inspection import build_rounds
from .integration.intelligence import build_intelligence
from .intelligence.prober import build_prober
from .learning.learner import build_learner
from .observation import Observation, observe
from .optimization.engine import build_optimizer
from .records import Records
from .resilience.admission import build_admission
from .resilience.engine import Resilience, build_resilience
from .resilience.pace import build_pace
from .running import step_through
from .scaling.actions import drawn_starts
from .scaling.scaler import Scaler
from .sharding.exchange import Alone, Exchange
from .sharding.shard import Shard, refuse_controller
from .structure import Structure
from .summary import Summary, summarize

if TYPE_CHECKING:
    import mesa

    from .intelligence.decision import CollectiveDecision
    from .intelligence.probe import Probe
    from .optimization.advice import OptimizationReport, Recommendation


class SwarmModel(ArrayPopulation):
    """A fleet of agents that serves tasks, stepped one tick at a time.

    Attributes:
        config: the settings.
        root_seed: the one number that, with the config, determines the run.
        fleet: the workers.
        flow: the tasks on their way and the stations that they pass.
        hierarchy_arrays: which cluster is under which zone and node.
        network: the mesh as latencies and live paths.
        cognition: the 12 cognitive functions, ``nx.DiGraph``.
        population: the laws of the agents' traits, latent skills and behavior.
        assignment: which agent works at which cognitive function.
        knowledge: the 9 knowledge domains, ``nx.Graph``.
        records: what happened so far.
        datacollector: the same columns for Mesa.
        dispatcher: runs the controllers.
        scaler: keeps the fleet at the size that its policy wants; None where ``scaling`` is static.
        learner: what agents learn; None where ``learning`` is off.
        collective_memory: what the coordination nodes keep together; None where it is off.
        prober: measures collective intelligence; None where ``intelligence`` is off.
        emergence: looks for what the fleet does that nobody ordered; None where ``emergence`` is off.
        bus: by which components tell each other what they know; None where ``resilience.health`` is off.
        guard: keeps what goes wrong in a controller to itself; None where that is off or nothing is isolated.
        resilience: faults, how they are found and made good; None where ``resilience`` is off.
        aggregator: makes figures of the records for the other components; None where ``resilience.health`` is off.
        health: health of components, integration and system, and alerts; None there too.
        admission: how many tasks nodes let in; None where ``resilience.admission`` is off.
        pace: finds agents that became slow; None where ``resilience.pace`` is off.
        optimizer: looks for the bottleneck and tries what may help; None where ``optimization`` is off.
        hosting: the tasks that a host submitted.
    """

    def __init__(
        self,
        config: str | Path | Mapping[str, Any] | Config = "llm-fleet",
        *,
        rng: Any = None,
        scenario: mesa.Scenario | None = None,
        exchange: Exchange | None = None,
        **changes: Any,
    ) -> None:
        """Build a model at time 0.

        Args:
            config: a preset's name, the path of a TOML file, a nested dict, or a :class:`Config`.
            rng: the seed: a whole number or the text of one; None draws fresh entropy and records it; a
                Generator gives one recorded draw.
            scenario: a Mesa scenario; its fields are dotted keys with ``__`` for the dot.
            exchange: where this model meets the other shards of one that is shared out; see
                :mod:`.sharding.exchange`. None for a model that holds everything.
            changes: dotted keys, as in ``**{"fleet.agents": 50_000}``; ``__`` may stand for the dot.

        Raises:
            ConfigError: if a setting cannot be used.
        """
        keys = {name.replace("__", "."): value for name, value in changes.items()}
        if scenario is not None:
            keys = _scenario_keys(scenario) | keys
            rng = rng if rng is not None else getattr(scenario, "rng", None)
        self.config = Config.load(config)
        if keys:
            self.config = self.config.changed(keys)
        self.root_seed = random_streams.root_seed(rng)
        super().__init__(rng=self.root_seed)
        self.hierarchy_arrays: Hierarchy = build.build_hierarchy(self.config)
        self.shard = Shard.of(self.config, self.hierarchy_arrays, exchange or Alone())
        territory = self.shard.territory
        flow = build.build_flow(self.config, self.root_seed, self.hierarchy_arrays, territory)
        flow.border = self.shard.border
        self.flow = flow
        self.crew = Crew(self, territory, self.shard.exchange)
        self.population = Population.build(
            self.root_seed, self.config.intelligence.paths, self.config.fleet.type_shares
        )
        self.assignment = Assignment(self.population)
        self.structure = Structure(flow, self.assignment, territory)
        for k in range(flow.network.nodes):
            CoordinationNode(self, k)
        after = self.agent_id_counter
        for q in territory.clusters.tolist():
            self.agent_id_counter = after + q
            Cluster(self, q)
        self.agent_id_counter = after + self.hierarchy_arrays.clusters
        for name in FUNCTIONS:
            CognitiveNode(self, name)
        self.fleet: Fleet = flow.fleet
        self.fleet.population = self.population
        self.network = flow.network
        self.cognition: nx.DiGraph[str] = cognition_graph()
        self.knowledge: nx.Graph[str] = knowledge_graph()
        c = self.config
        self.records = Records(c.dt, c.records.window_s, c.records.cluster_period_s)
        self.bus: Bus | None = build_bus(c)
        self.guard: Guard | None = build_guard(c)
        self.dispatcher = Dispatcher(c.dt, guard=self.guard, bus=self.bus)
        self.datacollector = RecordsCollector(self.records)
        self.hosting = Hosting()
        self._life_key = random_streams.key(self.root_seed, "life")
        self._start_laws: dict[float, Law] = {}
        self._watching: Any = None
        self._last_failure_check = NEVER
        self.scaler: Scaler | None = build.build_scaler(self.config)
        self.learner = build_learner(self.config, self.root_seed)
        self.collective_memory = build_keeper(self.config, self.root_seed)
        self.prober = build_prober(self.config, self.root_seed)
        self.emergence = build_monitor(self.config, self.root_seed)
        self.aggregator = build_aggregator(self.config)
        self.health = build_health(self.config)
        self.admission = build_admission(self.config)
        self.pace = build_pace(self.config)
        self.optimizer = build_optimizer(self.config, self.root_seed)
        for controller in (
            self.scaler,
            self.learner,
            self.collective_memory,
            self.prober,
            self.emergence,
            build_coordinator(self.config),
            build_intelligence(self.config),
            build_rounds(self.bus),
            self.aggregator,
            self.health,
            self.admission,
            self.pace,
            self.optimizer,
        ):
            if controller is not None:
                self.add_controller(controller)
        if self.learner is not None:
            self.learner.begin(self)
        self.resilience: Resilience | None = build_resilience(self, self.config)

    @property
    def now_s(self) -> float:
        """Simulated time in s."""
        return float(self.time) * self.config.dt

    @property
    def mesh(self) -> nx.Graph[int]:
        """The coordination nodes and their links."""
        return self.network.graph

    @property
    def integration(self) -> nx.DiGraph[str]:
        """Components and what they tell each other; see :mod:`.integration.graph`.

        Raises:
            ConfigError: if ``resilience.health`` is off.
        """
        if self.bus is None:
            raise ConfigError(
                "resilience.health.on = false, but it must be true: components tell each other nothing"
            )
        return self.bus.graph()

    @property
    def hierarchy(self) -> nx.DiGraph[Any]:
        """Levels 0 to 3 as a graph, with the present figures of the clusters."""
        return self.hierarchy_graph()

    def hierarchy_graph(self, *, workers: bool = False) -> nx.DiGraph[Any]:
        """The hierarchy as a graph; vertices are ("orchestrator",), ("node", k), ("zone", z), ("cluster", q).

        Args:
            workers: add level 4, ("worker", unique id), with state, speed and kind.
        """
        state, fleet = self.flow.state, self.fleet
        graph = self.hierarchy_arrays.graph(
            nodes={"alive": self.network.alive},
            clusters={
                "size": fleet.size,
                "ready": state.ready,
                "waiting": state.waiting,
                "in_service": state.in_service,
            },
        )
        if workers:
            rows = fleet.live()
            names = self.workers
            add_workers(
                graph,
                (rows // fleet.slots).astype(np.int32),
                fleet.column("uid")[rows].astype(np.int64),
                {name: names.array(name) for name in ("state", "speed", "kind")},
            )
        return graph

    def cognition_graph(self) -> nx.DiGraph[str]:
        """``model.cognition``, each vertex with its present ``agents`` and ``load`` (NaN if none is ready)."""
        load = self.assignment.load(self.fleet)
        agents = self.assignment.agents()
        for f, name in enumerate(FUNCTIONS):
            self.cognition.nodes[name].update(agents=int(agents[f]), load=float(load[f]))
        return self.cognition

    def people(self, rows: Ints) -> People:
        """What the agents in these rows are like now, with what they have learned.

        Raises:
            ConfigError: if a row is empty.
        """
        people = self.population.people(self.fleet.column("uid")[rows], self.fleet.column("kind")[rows])
        if self.learner is None:
            return people
        return people._replace(skill=people.skill + self.learner.learned_skill(rows))

    def probe(self, **how: Any) -> Probe:
        """The fleet's collective intelligence as it stands now; see :func:`.intelligence.probe.probe`."""
        from .intelligence.probe import probe

        return probe(self, **how)

    def decide(self, functions: Sequence[str] | None = None, **how: Any) -> CollectiveDecision:
        """Let panels of agents decide together; see :func:`.intelligence.decision.decide`."""
        from .intelligence.decision import DEFAULT_FUNCTIONS, decide

        return decide(self, DEFAULT_FUNCTIONS if functions is None else functions, **how)

    @property
    def observation(self) -> Observation:
        """What controllers see: the figures of the last tick, read only."""
        return observe(self)

    def step(self) -> None:
        """One tick: what is due, the flow of tasks, the records, the controllers."""
        tick, dt = round(self.time), self.config.dt
        begin, end = (tick - 1) * dt, tick * dt
        # 1. operations and decisions took effect when they were given, at this tick's begin
        # 2. faults and recoveries
        if (
            self.resilience is not None
        ):  # crashes by law first: they are not known at once, as those below are
            self.resilience.begin(begin, end)
        self._fail_due(begin)
        # 3. the flow of tasks over [begin, end)
        if self.admission is not None:
            self.admission.gate(self)
        self.flow.tick(begin, end, self.probe_s(begin))
        self._let_go()
        if self.resilience is not None:
            self.resilience.after(end)
        # 4. the records
        self.shard.record(self.records, self.flow, tick)
        if self.emergence is not None:
            self.emergence.note(self, tick)
        # 5. the controllers act after this step: see add_controller
        if end >= self.config.seconds - 1e-9:
            self.running = False

    def probe_s(self, begin: float) -> float:
        """The instant at which the numbers present are sampled: one in each bin of ``demand.bin_s``, drawn for it."""
        width = self.config.demand.bin_s
        number = int(begin / width + 1e-9)
        word = random_streams.draw(number, 0, self.flow.sample_key)
        instant = (number + random_streams.unit(word[0], word[1])) * width
        return instant if instant >= begin else -1.0

    def run(self, seconds: float | None = None, *, progress: bool = False) -> Self:
        """Step until the given simulated time has passed, or until the config's end.

        Args:
            seconds: simulated time, a multiple of dt; None for what is left of ``config.seconds``.
            progress: show a progress bar.

        Raises:
            ConfigError: if it is no multiple of dt.
            KeyboardInterrupt: at Ctrl-C, once the tick is whole, so that the model can be saved and resumed.
        """
        dt = self.config.dt
        left = max(self.config.seconds - self.now_s, 0.0) if seconds is None else seconds
        require(left >= 0 and whole(left / dt), "seconds", seconds, f"a multiple of dt = {dt:g}, 0 or more")
        step_through(self.step, round(left / dt), self.config.name if progress else "")
        self.settle()
        return self

    def summary(self) -> Summary:
        """Every metric of the run with its definition and, where the demand is stationary, its interval."""
        return summarize(self)

    def _repr_html_(self) -> str:
        from .html import model_html

        return model_html(self)

    def recommendations(self) -> tuple[Recommendation, ...]:
        """What could be done against what limits the fleet; see :func:`.optimization.advice.recommendations`."""
        from .optimization.advice import recommendations

        return recommendations(self)

    def optimize_performance(self, **how: Any) -> OptimizationReport:
        """Begin a trial of what promises most; see :func:`.optimization.advice.optimize_performance`."""
        from .optimization.advice import optimize_performance

        return optimize_performance(self, **how)

    def add_controller(self, controller: Controller) -> None:
        """Let a controller act at its period, from the next tick on.

        Raises:
            ConfigError: if it is no controller or its period does not fit the tick.
        """
        if not self.shard.territory.alone:
            refuse_controller(controller)
        self.dispatcher.add(controller)
        self.watch_controllers()

    def watch_controllers(self) -> None:
        """Run the dispatcher after each step from now on, if it is not run yet."""
        if self._watching is None:
            self._watch()

    def _watch(self) -> None:
        """Mesa runs the dispatcher after each step: one event a tick, whatever the number of controllers."""
        if self._watching is not None:  # a checkpoint has moved the clock
            self._watching.stop()
        schedule = Schedule(interval=1.0, start=float(self.time) + 1.0)
        self._watching = self.schedule_recurring(self._control, schedule, priority=Priority.LOW)

    def _control(self) -> None:
        if self.dispatcher.any_due(round(self.time)):
            self.settle()
        self.dispatcher.run(self)

    def settle(self) -> None:
        """Complete the records, which are one tick behind where a model is shared out; all shards call it together."""
        self.shard.settle(self.records)

    # -- operations: given between ticks, in force from the next tick's begin -----------------------------

    def spawn(
        self, count: int, *, warm: bool = False, start_s: float | None = None, wait_s: float = 0.0
    ) -> Ints:
        """Make agents; clusters are added at the nodes with the fewest where all are full.

        Args:
            count: number of agents.
            warm: put them into the warm pool, not on their way.
            start_s: time until they are ready, s; if None drawn for each by the config's law of start-up times.
            wait_s: time until the start-up begins, s.

        Returns:
            `[count]` rows of the new agents.
        """
        return self.join(count, warm=warm, start_s=start_s, wait_s=wait_s).rows

    def join(
        self,
        count: int,
        *,
        warm: bool = False,
        start_s: float | None = None,
        wait_s: float = 0.0,
        makeup: Makeup | None = None,
    ) -> Joined:
        """The same, with how many joined the whole fleet and when the last of them is ready.

        They are made as ``makeup`` says; as all others if it is None.
        """
        require(count >= 0, "count", count, "0 or more")

        def starts(uids: Ints) -> Any:
            return self.now_s + wait_s + (self._starts(uids, warm=False) if start_s is None else start_s)

        joined = self.crew.spawn(count, WARM if warm else STARTING, starts, makeup)
        self._sizes_changed()
        announce_added(self, joined.rows)
        return joined

    def activate(self, count: int) -> Ints:
        """Start up to ``count`` warm agents; they are ready after a time drawn by ``life.warm_start_s`` and its cv."""
        return self.wake(count).rows

    def wake(self, count: int) -> Joined:
        """The same, with how many were started in the whole fleet and when the last of them is ready."""
        return self.crew.activate(count, lambda uids: self.now_s + self._starts(uids, warm=True))

    def _starts(self, uids: Ints, *, warm: bool) -> Any:
        """`[n]` start-up times in s, functions of the agents' ids."""
        life = self.config.life
        mean_s, cv = (life.warm_start_s, life.warm_start_cv) if warm else (life.start_s, life.start_cv)
        if cv not in self._start_laws:
            self._start_laws[cv] = law("lognormal", cv)
        return drawn_starts(uids, mean_s, self._start_laws[cv], self._life_key)

    def drain_workers(self, rows: Ints) -> None:
        """Let agents finish their tasks and leave; idle ones leave at once."""
        state = self.fleet.column("state")[rows]
        self.flow.interrupt(rows[state == HELPING], self.now_s)  # what they worked at a part of is begun anew
        announce_removed(self, rows[state != BUSY])
        self.fleet.drain(rows)
        self._sizes_changed()

    def retire_workers(self, rows: Ints) -> None:
        """Take agents out at once; their tasks go back to their clusters' queues."""
        self.flow.interrupt(rows, self.now_s)
        super().retire_workers(rows)
        self._sizes_changed()

    def fail_workers(self, rows: Ints, *, repair_s: float | None = None) -> None:
        """Let agents fail now; their tasks go back, and they are ready again after the repair.

        Args:
            rows: rows of the fleet.
            repair_s: s; the config's ``life.repair_s`` if None; infinity for no repair.
        """
        repair = self.config.life.repair_s if repair_s is None else repair_s
        self.flow.interrupt(rows, self.now_s)
        self.fleet.fail(rows)
        if np.isfinite(repair):
            self.fleet.recover(rows, self.now_s + repair)

    def schedule_failures(self, rows: Ints, fail_at: Any) -> None:
        """Give agents a time to fail, s; the failure takes effect at the first tick that begins then or later."""
        self.fleet.column("fail_at")[rows] = fail_at
        self._last_failure_check = 0.0

    def kill_node(self, node: int) -> None:
        """A coordination node stops answering; paths go round it."""
        self.network.fail_node(node)

    def revive_node(self, node: int) -> None:
        """A coordination node answers again."""
        self.network.restore_node(node)

    def cut_link(self, a: int, b: int) -> None:
        """A link of the mesh goes down."""
        self.network.cut_link(a, b)

    def restore_link(self, a: int, b: int) -> None:
        """A link of the mesh comes up."""
        self.network.restore_link(a, b)

    def scale_demand(self, factor: float) -> None:
        """Multiply the rate of arrivals from the next bin on (a flash crowd); 1 is as configured."""
        require(factor >= 0, "factor", factor, "0 or more")
        self.flow.demand.rate_scale = factor

    def submit(
        self,
        kind: str | int | Sequence[str] | Ints,
        work_s: float | Floats,
        token: Ints | None = None,
        at_s: float | Floats | None = None,
        entry: int | Ints | None = None,
    ) -> Receipt:
        """Give tasks to the fleet, beside those that its own demand brings; numbers stand for all tasks of the call.

        Args:
            kind: class of the tasks by name, or `[n]` numbers of classes of ``demand.classes``.
            work_s: `[n]` s of a unit-speed agent, above 0.
            token: `[n]` whole numbers by which the host knows them; they are numbered if None.
            at_s: `[n]` s, when they arrive, now or later; now if None.
            entry: `[n]` coordination node at which they enter; drawn as other arrivals' if None.

        Returns:
            How many are on their way; beyond ``hosting.limit`` tasks are refused, and come back as that.

        Raises:
            ConfigError: if something cannot be used, in one line; nothing was submitted then.
            UnknownChoiceError: if there is no such class.
        """
        return self.hosting.submit(self, kind, work_s, token, at_s, entry)

    def collect(self) -> Fates:
        """What became of tasks that were submitted, each once: those that ended since the last call.

        An answer that is still on its way back comes with the tick in which it is there, so that one call after the
        other gives them in the order in which they came.
        """
        return self.hosting.collect(self.now_s, self.flow)

    def switch(self, changes: Mapping[str, Any]) -> str:
        """Switch scaling policy, dispatch rule or topology from the next tick on; see :mod:`.switches`.

        Args:
            changes: dotted keys, as in ``{"dispatch.rule": "jsq", "dispatch.rule.d": 3}``.

        Returns:
            What was before and what is now, in words.

        Raises:
            ConfigError: if it cannot be switched; the model is as it was then.
        """
        from .switches import switch

        return switch(self, changes)

    def _sizes_changed(self) -> None:
        self.flow.clusters = build.build_rule(self.config, self.fleet.size, int(self.flow.helping > 0))

    def _fail_due(self, begin: float) -> None:
        if self._last_failure_check == NEVER:
            return
        fail_at = self.fleet.column("fail_at")
        due = np.flatnonzero(fail_at <= begin)
        if len(due):
            self.fail_workers(due)
        self._last_failure_check = 0.0 if np.isfinite(fail_at).any() else NEVER

    def _let_go(self) -> None:
        """Free the rows of agents that finished draining."""
        if self.flow.ready < len(self.fleet):
            gone = np.flatnonzero(self.fleet.column("state") == RETIRED)
            if len(gone):
                announce_removed(self, gone)
                self.fleet.sweep()
                self._sizes_changed()

    # -- save and resume ----------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint from which the run goes on bit for bit, in any process.

        Raises:
            ConfigError: if a strategy or controller is not registered, or the file cannot be written.
        """
        from .checkpoint import save

        self.settle()
        return save(self, Path(path))

    @classmethod
    def load(
        cls, path: str | Path, *, register: list[type] | None = None, exchange: Exchange | None = None
    ) -> SwarmModel:
        """The model of a checkpoint.

        Args:
            path: the file that :meth:`save` wrote.
            register: the user's own strategy and controller classes that it holds; no name found in the file
                is ever imported.
            exchange: where it meets the other shards, if it is one of several.

        Raises:
            ConfigError: if it is no checkpoint, was written by another version, or was changed.
        """
        from .checkpoint import load

        return load(cls, Path(path), register or [], exchange)


def _scenario_keys(scenario: Any) -> dict[str, Any]:
    given = scenario.to_dict() if hasattr(scenario, "to_dict") else dict(scenario)
    skipped = ("model", "rng", "scenario_id", "replication_id")
    keys = {k.replace("__", "."): v for k, v in given.items() if not k.startswith("_") and k not in skipped}
    if "config" in keys:
        raise ConfigError("a scenario's fields are settings; give config to SwarmModel itself")
    return keys
