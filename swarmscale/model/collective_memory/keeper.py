"""The keeper of the collective memory: nodes observe, write and look up facts; replicas exchange; use is counted."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ... import rng
from ...agents.knowledge import DOMAINS
from ...arrays import Bools, Floats, Ints
from ...errors import require
from ..flow.ledger import SHARING, TICKS_PER_S
from .base import DONE, READ, MemoryMode, Mesh, Operations, Outcome, no_operations
from .base import together as joined
from .convergence import Convergence
from .domains import follow
from .facts import DOMAIN_OF_RELATION, MOST_NODES, NUMBER, RELATIONS, fact_codes, relation_number, relation_of
from .observing import Evidence, Past, Truth, observe
from .planning import Own, plan_reads, plan_writes, watched
from .recall import Recall, evidence, recalled
from .replicas import Replicas, chance
from .tally import Tally, quantile_s, share
from .trust import agreement, eigentrust, statements, weights

if TYPE_CHECKING:
    import pandas as pd

    from ..config import Config
    from ..swarm import SwarmModel
    from .settings import CollectiveMemory

_CHANGES = (
    "replicas",
    "own",
    "past",
    "planned",
    "way",
    "convergence",
    "truth",
    "trust",
    "net",
    "looked_up",
    "tally",
)


@dataclass(slots=True, kw_only=True)
class Keeper:
    """The controller that lets the nodes keep a memory together.

    In each tick the mode lets messages travel over the mesh as it stood in that tick. Once in
    ``settings.period_s`` each node that is up observes what it can see, and draws when in the coming period it will
    write that and which facts it will look up.

    Attributes:
        settings: see there.
        mode: how replicas agree.
        nodes: K.
        root_seed: determines all draws.
        period_s: length of a tick, s: messages travel in every one.
        order: its place among controllers that are due together.
        replicas: what the nodes hold.
        own: what sources have observed themselves.
        past: how the fleet stood at the last observation.
        planned: operations of the present period.
        way: what the mode has under way.
        convergence: writes that some node lacks.
        truth: of facts, at the last observation.
        trust: `[K]` in the sources, sum 1.
        net: `[K, K]` net agreement of sources so far, older one counting less.
        looked_up: `[K, 9]` lookups of each node by domain in this period.
        tally: the accounts.
    """

    title: ClassVar[str] = "collective-memory"
    only_when_due: ClassVar[bool] = True
    settings: CollectiveMemory
    mode: MemoryMode
    nodes: int
    root_seed: int
    period_s: float
    order: int = 30
    replicas: Replicas = field(init=False)
    own: Own = field(default_factory=Own)
    past: Past = field(default_factory=Past)
    planned: Operations = field(default_factory=no_operations)
    way: Any = None
    convergence: Convergence = field(init=False)
    truth: Truth = field(default_factory=lambda: Truth(np.zeros(0, np.int64), np.zeros(0, np.bool_)))
    trust: Floats = field(init=False)
    net: Floats = field(init=False)
    looked_up: Ints = field(init=False)
    tally: Tally = field(default_factory=Tally)
    liars: Bools = field(init=False)
    _peers: Ints = field(init=False)
    _half_life: Floats = field(init=False)

    def __post_init__(self) -> None:
        k, s = self.nodes, self.settings
        self.replicas, self.convergence = Replicas(k), Convergence(k)
        self.way = self.mode.start(k)
        self.trust, self.net = np.full(k, 1.0 / k), np.zeros((k, k))
        self.looked_up = np.zeros((k, len(DOMAINS)), np.int64)
        self.liars = np.zeros(k, np.bool_)
        who = rng.generator(self.root_seed, "collective_memory.liars").permutation(k)
        self.liars[who[: round(s.lying * k)]] = True
        self._peers = watched(k, s.peers)
        self._half_life = np.array(s.half_life_s)[DOMAIN_OF_RELATION]

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        package = __name__.rpartition(".")[0]
        return {name for name in sys.modules if name.startswith(package + ".")} | {type(self.mode).__module__}

    def act(self, model: SwarmModel) -> None:
        """Let a tick's time pass; at the end of a period observe and plan the next one."""
        now = model.now_s
        network = model.network
        mesh = Mesh(network.latency_s, network.link_s, network.alive)
        draws = rng.generator(self.root_seed, f"collective_memory/{round(model.time)}")
        work = self.planned.between(now - self.period_s, now)
        outcome, self.way = self.mode.run(self.replicas, work, mesh, now, draws, self.way)
        self._count(model, outcome, mesh)
        if round(model.time) % round(self.settings.period_s / self.period_s) == 0:
            self._observe(model, draws)

    # -- what happened in a tick -----------------------------------------------------------------------------

    def _count(self, model: SwarmModel, outcome: Outcome, mesh: Mesh) -> None:
        self.tally.add(outcome, self.convergence.follow(outcome.arrivals, mesh.alive))
        sent, delivered, size, seconds = outcome.messages
        model.flow.ledger.messages[SHARING] += np.array(
            [sent, sent, delivered, delivered, size, round(seconds * TICKS_PER_S)], np.int64
        )
        done = (outcome.ended.kind == READ) & (outcome.status == DONE)
        reads = outcome.ended.some(done)
        if not len(reads.kind):
            return
        r, cells = self.replicas, np.diff(reads.offset)
        asked = np.repeat(outcome.done_s[done], cells)
        r.recalled[reads.cell] = np.maximum(r.recalled[reads.cell], asked)
        fact = r.facts[reads.cell[reads.offset[:-1]]]
        np.add.at(self.looked_up, (reads.node, DOMAIN_OF_RELATION[relation_of(fact)]), 1)
        worth = self._worth(reads.cell, reads.at, reads.log_odds, asked)
        belief = chance(np.bincount(np.repeat(np.arange(len(fact)), cells), worth, len(fact)))
        place = np.searchsorted(self.truth.fact, fact)
        if len(self.truth.fact):
            known = self.truth.fact[np.minimum(place, len(self.truth.fact) - 1)] == fact
            self.tally.judge(relation_of(fact[known]), belief[known], self.truth.holds[place[known]])

    def _worth(self, cells: Ints, at: Floats, log_odds: Floats, now_s: Floats | float) -> Floats:
        r = self.replicas
        weight = weights(self.trust) if self.settings.trust else np.ones(self.nodes)
        return evidence(at, log_odds, now_s, self._half_life[r.relation[cells]], weight[r.source[cells]])

    def worth_now(self, now_s: float) -> Floats:
        """`[M]` log-odds that the latest version of each cell anywhere is worth at a time, s."""
        r = self.replicas
        cells = np.arange(len(r.codes))
        latest = r.at.argmax(axis=0)
        return self._worth(cells, r.at[latest, cells], r.log_odds[latest, cells], now_s)

    # -- once a period ---------------------------------------------------------------------------------------

    def _observe(self, model: SwarmModel, draws: np.random.Generator) -> None:
        now, s = model.now_s, self.settings
        self.replicas.forget(now - s.retention_s)
        self.own.forget(now - s.retention_s)
        seen, self.truth, self.past = observe(model, self.past, self._peers, self.net)
        up = model.network.alive[seen.source]
        source = seen.source[up]
        odds = np.where(self.liars[source], -seen.log_odds[up], seen.log_odds[up])
        seen = Evidence(seen.fact[up], source, odds)
        keep = 2.0 ** (-s.period_s / s.edge_half_life_s)
        follow(model.knowledge, seen.fact, self.looked_up, self.replicas, keep)
        self.looked_up[:] = 0
        start = now + draws.random(self.nodes) * s.period_s
        half_life = self._half_life[relation_of(seen.fact)]
        writes = plan_writes(self.replicas, self.own, seen, start, half_life)
        node = np.repeat(np.flatnonzero(model.network.alive), s.reads)
        start = now + draws.random(len(node)) * s.period_s
        self.planned = joined(writes, plan_reads(self.replicas, self.own, node, start, draws))
        new = agreement(*statements(self.replicas, leave=NUMBER["agrees"]), self.nodes)
        self.net = self.net * 2.0 ** (-s.period_s / self._half_life[NUMBER["agrees"]]) + new
        self.trust = eigentrust(self.net)
        facts = len(np.unique(self.replicas.facts[self.replicas.present()]))
        self.tally.row(now, facts, self.replicas.bytes_held(), self.efficiency_at(now))

    # -- what others ask -------------------------------------------------------------------------------------

    def recall(self, model: SwarmModel, node: int, relation: str, subject: int = 0, other: int = 0) -> Recall:
        """What a node would be told now if it asked for a fact; counts as use, and sends nothing.

        Args:
            model: the model.
            node: who asks.
            relation: name of one of ``RELATIONS``.
            subject: number of the cluster, node or trial; 0 for the fleet.
            other: the second node of ``near``.

        Raises:
            ConfigError: if there is no such node or relation.
        """
        require(0 <= node < self.nodes, "node", node, f"from 0 to {self.nodes - 1}")
        number = relation_number(relation)
        if RELATIONS[number].object:
            subject, other = min(subject, other), max(subject, other)
        cells = self.replicas.cells_of(int(fact_codes(number, subject, other)))
        n = model.network
        at, log_odds, n_obs, latency = self.mode.look(
            self.replicas, node, cells, Mesh(n.latency_s, n.link_s, n.alive)
        )
        if np.isfinite(latency):
            self.replicas.recalled[cells] = model.now_s
        worth = self._worth(cells, at, log_odds, model.now_s)
        return recalled(at, n_obs, self.replicas.source[cells], worth, model.now_s, latency)

    def efficiency_at(self, now_s: float) -> float:
        """Bytes recalled within the retention window before a time / bytes held then."""
        return self.replicas.efficiency(now_s - self.settings.retention_s)

    def efficiency(self) -> float:
        """Memory efficiency: bytes recalled within the retention window / bytes held, at the last observation."""
        return float(self.tally.rows[-1, -1]) if len(self.tally.rows) else float("nan")

    def stale_share(self) -> float:
        """Reads that gave a version older than one whose write was complete before they began / reads done."""
        return share(self.tally.of("stale"), self.tally.of("reads"))

    def convergence_s(self) -> float:
        """Mean time from a write until every node that is up holds it, s; writes not yet there are left out."""
        return share(self.tally.of("convergence_s"), self.tally.of("converged"))

    def waiting(self) -> int:
        """Writes that some node that is up does not hold yet."""
        return len(self.convergence.source)

    def write_ms(self, quantile: float | None = None) -> float:
        """Mean latency of the writes that were done, or a quantile of it, ms."""
        if quantile is not None:
            return 1000 * quantile_s(self.tally.write_hist, quantile)
        return 1000 * share(self.tally.of("write_s"), self.tally.of("writes"))

    def refused(self) -> int:
        """Writes and reads refused or given up."""
        return self.tally.refused()

    def brier(self) -> float:
        """Mean squared difference between beliefs read and what was true at the last observation."""
        return share(self.tally.of("squared_error"), self.tally.of("judged"))

    def calibration(self) -> dict[str, tuple[int, float, float]]:
        """For each relation: beliefs judged, their Brier score, and that of always stating the share that held."""
        return {
            relation.name: (int(n), share(error, n), share(held, n) * (1 - share(held, n)))
            for relation, (n, held, error) in zip(RELATIONS, self.tally.judged.tolist(), strict=True)
        }

    def series(self) -> pd.DataFrame:
        """A row for each period: time_s, facts, bytes, stale_share, refused, convergence_s, write_ms and more."""
        return self.tally.frame()

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name in _CHANGES}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _CHANGES:
            setattr(self, name, memory[name])
        self.planned, self.truth = Operations(*self.planned), Truth(*self.truth)


def build_keeper(config: Config, root_seed: int) -> Keeper | None:
    """The keeper that a config asks for; None if it asks for none.

    Raises:
        ConfigError: if its settings do not fit the mesh or the tick.
    """
    s, nodes = config.collective_memory, config.fleet.nodes
    if not s.on:
        return None
    ticks = s.period_s / config.dt
    rule = f"a multiple of dt = {config.dt:g}"
    require(abs(ticks - round(ticks)) < 1e-9 and ticks >= 1, "collective_memory.period_s", s.period_s, rule)
    require(nodes <= MOST_NODES, "fleet.nodes", nodes, f"at most {MOST_NODES} with a collective memory")
    s.mode.check(nodes)
    return Keeper(settings=s, mode=s.mode, nodes=nodes, root_seed=root_seed, period_s=config.dt)
