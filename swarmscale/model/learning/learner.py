"""The learner: what agents learn from the tasks that they serve, brought up to date once a period."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from ... import rng
from ...agents.cognition import profiles
from ...agents.fleet import BUSY, DRAINING, rank_slots
from ...arrays import Bytes, Floats, Floats32, Ints
from ..flow.ledger import BYTES, DELIVERED, FIRST, MESSAGES, SENT, SHARING
from ..flow.lessons import Lessons, Tallies, claim_all
from ..flow.tasks import Columns
from ..integration.events import Estimates, Practice
from .estimates import SERVICE, WORK, Evidence, by_type, in_seconds, ratio, shrunk
from .methods import Tried, efficiencies, observe, reconsider, take_up
from .practice import NO_METHOD, PowerLaw, bring_up_to_date
from .series import Lesson, velocity
from .settings import Learning
from .sharing import Heard, Shared, gossip, of_nodes, shares, together

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

NUMBER_BYTES = 8
"""Bytes of a number in a message."""


@dataclass(slots=True, kw_only=True)
class Learner:
    """The controller that turns what happened into skills, estimates and methods.

    Attributes:
        settings: what is learned, and from whom.
        root_seed: the model's.
        period_s: time between two updates, s.
        order: its place among controllers that are due together: after the scaler.
        law: power law of practice.
        series: what each update found.
        known: `[Q, S]` unique ids at the last update.
        born: `[Q, 6, S]` skill at birth, in 1/255.
        written: `[Q, 6, S]` skill at the last update.
        practiced: `[Q, 6, S]` counters of practice at the last update.
        evidence: what clusters have observed.
        heard: what each node has heard by gossip.
        shared: the memory of all.
        tried: what agents know of methods.
        efficiency: `[M]` factor of each method on skill, which no agent knows; none where all work alike.
        told: `[K, C]` pace that each node's clusters are told of; NaN where nothing is.
        expected: `[Q, C]` pace of each cluster as it is estimated now.
        trust: `[Q]` estimated share of tasks that it finishes at the first attempt.
        coming: when newcomers are ready, s, and the share of the fleet that is not new then.
        chance: seed of who reconsiders when and what is tried; the model's if None.
    """

    title: ClassVar[str] = "learner"
    act_changes_arrays: ClassVar[bool] = True
    settings: Learning
    root_seed: int
    period_s: float
    order: int = 20
    law: PowerLaw = field(default_factory=PowerLaw)
    series: list[Lesson] = field(default_factory=list)
    known: Ints = field(default_factory=lambda: np.zeros((0, 1), np.int64))
    born: Bytes = field(default_factory=lambda: np.zeros((0, 6, 1), np.uint8))
    written: Bytes = field(default_factory=lambda: np.zeros((0, 6, 1), np.uint8))
    practiced: Tallies = field(default_factory=lambda: np.zeros((0, 6, 1), np.uint16))
    evidence: Evidence = field(default_factory=lambda: Evidence.none(0, 1))
    heard: Heard = field(default_factory=lambda: Heard.nothing(0, 1))
    shared: Shared = field(default_factory=lambda: Shared.nothing(0, 1))
    tried: Tried = field(default_factory=lambda: Tried.nothing(0, 1, 1))
    efficiency: Floats = field(default_factory=lambda: np.ones(1))
    told: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    expected: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    trust: Floats = field(default_factory=lambda: np.zeros(0))
    coming: list[tuple[float, float]] = field(default_factory=list)
    chance: int | None = None
    _counted: tuple[Ints, Ints] = field(
        default_factory=lambda: (np.zeros((0, 1, 3), np.int64), np.zeros((0, 2), np.int64))
    )
    _curve: Floats = field(default_factory=lambda: np.ones(1))
    _model: SwarmModel | None = None
    _periods: int = 0
    _per_agent: float = 0.0

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory and its arrays alone."""
        return True

    @property
    def emergent(self) -> bool:
        """Whether agents choose among methods."""
        return self.settings.mode == "emergent"

    @property
    def kept(self) -> float:
        """Share of older observations that counts after a period."""
        return float(0.5 ** (self.period_s / self.settings.half_life_s))

    def begin(self, model: SwarmModel) -> None:
        """Begin to count; where learning is emergent, each agent takes a method."""
        flow, classes, nodes = model.flow, len(model.config.demand.classes), model.network.nodes
        slots, methods = model.fleet.slots, self.settings.methods.number if self.emergent else 1
        flow.lessons = Lessons.empty(model.fleet.clusters, slots, classes)
        self._model, self._curve = model, self.law.curve()
        self.known = np.zeros((0, slots), np.int64)
        self.born = np.zeros((0, 6, slots), np.uint8)
        self.written, self.practiced = self.born.copy(), np.zeros((0, 6, slots), np.uint16)
        self.evidence, self.shared = Evidence.none(0, classes), Shared.nothing(0, classes)
        self.heard = Heard.nothing(nodes, classes)
        self.tried = Tried.nothing(0, slots, methods)
        self.told = np.full((nodes, classes), np.nan)
        self.expected = np.ones((0, classes))
        self._counted = (np.zeros((0, classes, 3), np.int64), np.zeros((0, 2), np.int64))
        if self.emergent:
            self.efficiency = efficiencies(self.settings.methods, self.root_seed)
        self._practice(model)

    def act(self, model: SwarmModel) -> None:
        """One update, from what happened since the last one."""
        self._periods += 1
        self._follow(model)
        sums, first = self._since(model.flow.lessons)
        error, factor = _error(self.expected, sums), self._factor(model)
        self._estimate(model, sums, first)
        if self.emergent:
            self._choose_methods(model)
        self._practice(model)
        self._record(model, sums, error, factor)
        if model.bus is not None and factor > 0:
            model.bus.publish("intelligence", "scaler", Practice(newcomer=1.0 / factor))

    def resized(self, before: int, after: int, ready_at_s: float) -> None:
        """The fleet grows: what was observed counts, once newcomers are ready, by the share that is not new."""
        if after > before:
            self.coming.append((ready_at_s, before / after))

    def _same_share(self, now_s: float) -> float:
        """Share of the fleet that is not new since the last update, as far as it was told of."""
        share = 1.0
        for _, same in (come := [pair for pair in self.coming if pair[0] <= now_s]):
            share *= same
        self.coming = [pair for pair in self.coming if pair not in come]
        return share

    # -- practice and methods: what agents can do ------------------------------------------------------------

    def _practice(self, model: SwarmModel) -> None:
        """Turn practice and methods into the fleet's skills."""
        self._follow(model)
        rows, flow = model.fleet.rows, model.flow
        touched = np.zeros(model.fleet.clusters, np.uint8)
        fresh = rows.uid != self.known
        claim_all(flow.lessons, rows.uid)
        self.tried.method[fresh] = NO_METHOD
        if self.emergent:
            take_up(*self.tried, rows.uid, rng.key(self.root_seed, "learning.first-method"))
        bring_up_to_date(
            rows.uid, fresh, _in_hand(model), flow.lessons.practice, self.born, self.written, self.tried.method,
            self.efficiency, self._curve, self.law.floor, rows.skill, touched,
        )  # fmt: skip
        self.known, self.practiced = rows.uid.copy(), flow.lessons.practice.copy()
        changed = np.flatnonzero(touched)
        if len(changed):
            rank_slots(rows.skill, model.fleet.known_slowness(), rows.rank, changed)
            flow.skills_changed()

    def _choose_methods(self, model: SwarmModel) -> None:
        """Agents look at what they and others have seen, and some take up another method."""
        lessons, m = model.flow.lessons, self.settings.methods
        claim_all(lessons, model.fleet.rows.uid)
        self.tried.method[model.fleet.rows.uid != self.known] = NO_METHOD
        observe(self.tried, lessons, self.efficiency, self.kept)
        lessons.done[:] = 0
        lessons.effort[:] = 0.0
        chance = self.root_seed if self.chance is None else self.chance
        draws = rng.generator(chance, f"learning.methods/{self._periods}")
        if m.sees == "cluster":
            group = np.arange(model.fleet.clusters, dtype=np.int32)
            reconsider(self.tried, m, group, None, draws)
        else:
            reach = _linked(model) | np.diag(model.network.alive)
            reconsider(self.tried, m, model.hierarchy_arrays.node_of_cluster, reach.astype(np.float64), draws)

    # -- estimates: what clusters and nodes know --------------------------------------------------------------

    def _since(self, lessons: Lessons) -> tuple[Floats, Floats]:
        """What clusters have observed since the last update: `[Q, C, 3]` in tasks and s, and `[Q, 2]`."""
        sums, first = lessons.sums - self._counted[0], lessons.first - self._counted[1]
        self._counted = (lessons.sums.copy(), lessons.first.copy())
        return in_seconds(sums), first.astype(np.float64)

    def _estimate(self, model: SwarmModel, sums: Floats, first: Floats) -> None:
        """Bring estimates up to date and hand them to dispatch."""
        self.evidence = self.evidence.after(sums, first, self.kept * self._same_share(model.now_s))
        self._share(model)
        marks = model.flow.demand.marks
        told = self.told[model.hierarchy_arrays.node_of_cluster]
        self.expected = shrunk(self.evidence, told, self.settings.prior_tasks * marks.mean_s)
        self.trust = self.evidence.reliability()
        share = np.diff(marks.class_share, prepend=0.0)
        pace = by_type(self.expected, marks.class_type, share * marks.mean_s)
        if model.bus is None:
            model.flow.pace, model.flow.trust = pace, self.trust
        else:
            model.bus.publish("intelligence", "coordinator", Estimates(pace=pace, trust=self.trust))

    def _share(self, model: SwarmModel) -> None:
        """Tell others, and hear what they tell."""
        mode, rule = self.settings.mode, self.settings.aggregation
        work, service = self.evidence.sums[..., WORK], self.evidence.sums[..., SERVICE]
        node = model.hierarchy_arrays.node_of_cluster
        linked = _linked(model)
        if mode == "collective":
            near = together(linked, model.network.alive)
            tell = np.flatnonzero(near[node])
            period = np.full(len(tell), self._periods, np.int64)
            self.shared = self.shared.told(tell, period, work[tell], service[tell])
            self.told[near] = self.shared.pace(self._periods, self.kept, rule)
            self._count_messages(model, 2 * len(tell), 2 * work.shape[1] + 2)
        elif mode != "individual":
            own = of_nodes(work, service, node, model.network.nodes, rule)
            self.heard = self.heard.with_own(*own, self.kept)
            share = shares(linked)
            for _ in range(self.settings.rounds):
                self.heard = gossip(self.heard, share, rule)
                self._count_messages(model, int(linked.sum()), 2 * work.shape[1])
            self.told = self.heard.pace()

    def _count_messages(self, model: SwarmModel, number: int, numbers: int) -> None:
        """Count messages of the intelligence-sharing channel, each of so many numbers; they take no time here."""
        row = model.flow.ledger.messages[SHARING]
        for column in (MESSAGES, SENT, FIRST, DELIVERED):
            row[column] += number
        row[BYTES] += number * (model.config.network.control_bytes + NUMBER_BYTES * numbers)

    def _factor(self, model: SwarmModel) -> float:
        """Service time of the tasks that ended since the last update over that with skills at birth; NaN if none did.

        Service is work x slowness x overhead / skill, so it is the ratio of skills, that of each agent and type by
        the tasks that it ended; one that ended several may have begun the first under the skill before.
        """
        since = model.flow.lessons.practice.astype(np.float64) - self.practiced
        same = (model.fleet.rows.uid == self.known)[:, None, :] & (self.written > 0)
        ended = np.where(same, np.maximum(since, 0.0), 0.0)
        if not ended.any():
            return nan
        return float((ended * self.born / np.where(same, self.written, 1)).sum() / ended.sum())

    # -- what is asked of it --------------------------------------------------------------------------------

    def _record(self, model: SwarmModel, sums: Floats, error: float, factor: float) -> None:
        """Write down what this update found."""
        model_live = model.fleet.rows.uid != 0
        done = float(sums[..., 0].sum())
        self._per_agent += done / max(int(model_live.sum()), 1)
        work = float(sums[..., WORK].sum())
        asked = np.unique(model.flow.demand.marks.class_type)
        now, born = model.fleet.rows.skill[:, asked], self.born[:, asked]
        some = model_live[:, None, :] & (born > 0)
        gain = float((now[some] / born[some]).mean() - 1.0) if some.any() else 0.0
        in_use = self.tried.method[self.tried.method != NO_METHOD]
        used = (
            np.bincount(in_use, minlength=len(self.efficiency)) / max(len(in_use), 1)
            if self.emergent
            else np.zeros(0)
        )
        self.series.append(
            Lesson(
                time_s=model.now_s,
                tasks=int(self._counted[0][..., 0].sum()),
                per_agent=self._per_agent,
                pace=float(sums[..., SERVICE].sum()) / work if work > 0 else nan,
                factor=factor,
                gain=gain,
                error=error,
                regret=float(self.efficiency.max() - used @ self.efficiency) if self.emergent else nan,
                shares=tuple(used.tolist()),
            )
        )

    def reliability(self) -> Floats:
        """`[Q]` estimated share of tasks that a cluster finishes at the first attempt; 1 where nothing is known yet."""
        clusters = len(self.trust) if self._model is None else self._model.fleet.clusters
        return np.concatenate([self.trust, np.ones(clusters - len(self.trust))])

    def velocity(self) -> tuple[float, float, float]:
        """Slope of the logarithm of service time per doubling of an agent's tasks, with its 95 % interval.

        Measured on each period's factor, service time over that with skills at birth: the pace itself also changes
        with who is asked to serve, as when a fleet that begins idle fills.
        """
        return velocity(
            np.array([row.per_agent for row in self.series]), np.array([row.factor for row in self.series])
        )

    def learned_skill(self, rows: Ints) -> Floats32:
        """`[n, 12]` gain of latent skill of each cognitive function by practice.

        A function is trained by the types whose profile has it. Its gain is ``transfer`` times that of the type
        that has gained most, ln(skill now / skill at birth): practice of one type that needs a function trains it,
        whether the agent has done the others or not. A function in no profile gains nothing.

        Args:
            rows: `[n]` rows of the fleet.
        """
        model = self._model
        if model is None:
            return np.zeros((len(rows), profiles().shape[1]), np.float32)
        q, s = rows // model.fleet.slots, rows % model.fleet.slots
        out = np.zeros((len(rows), profiles().shape[1]), np.float32)
        follows = q < len(self.born)
        q, s = q[follows], s[follows]
        own = (self.known[q, s] == model.fleet.rows.uid[q, s])[:, None]
        born = self.born[q, :, s].astype(np.float64) / 255.0
        tasks = model.flow.lessons.practice[q, :, s] + (_in_hand(model)[q, s][:, None] == np.arange(6))
        some = own & (born > 0) & (tasks > 0)
        skill0 = np.where(some, born, 1.0)
        gain = np.where(some, np.log(self.law.skill(skill0, np.where(some, tasks, 0)) / skill0), 0.0)
        trained = np.where(profiles()[None], gain[:, :, None], 0.0)
        out[follows] = self.settings.transfer * trained.max(axis=1)
        return out

    # -- growth, checkpoints --------------------------------------------------------------------------------

    def _follow(self, model: SwarmModel) -> None:
        """Follow a fleet that got more clusters."""
        more, slots = model.fleet.clusters - len(self.known), model.fleet.slots
        if more <= 0:
            return
        classes = self.told.shape[1]
        skill = np.zeros((more, 6, slots), np.uint8)
        self.known = np.concatenate([self.known, np.zeros((more, slots), np.int64)])
        self.born, self.written = np.concatenate([self.born, skill]), np.concatenate([self.written, skill])
        self.practiced = np.concatenate([self.practiced, skill.astype(np.uint16)])
        self.evidence, self.shared = self.evidence.longer(more), self.shared.longer(more)
        tried = Tried.nothing(more, slots, self.tried.tasks.shape[2])
        pairs = zip(cast(Columns, self.tried), cast(Columns, tried), strict=True)
        self.tried = Tried._make(np.concatenate(pair) for pair in pairs)
        self.expected = np.concatenate([self.expected, np.ones((more, classes))])
        self.trust = np.concatenate([self.trust, np.ones(more)])
        self._counted = (
            np.concatenate([self._counted[0], np.zeros((more, classes, 3), np.int64)]),
            np.concatenate([self._counted[1], np.zeros((more, 2), np.int64)]),
        )

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Every array that changes, for a checkpoint."""
        out: dict[str, np.ndarray[Any, Any]] = {name: getattr(self, name) for name in _KEPT}
        for name in ("evidence", "heard", "shared", "tried"):
            out |= {f"{name}.{part}": array for part, array in getattr(self, name)._asdict().items()}
        if self._model is not None:
            out |= {"flow_pace": self._model.flow.pace, "flow_trust": self._model.flow.trust}
        return out | {"counted": self._counted[0], "counted_first": self._counted[1]}

    def take(self, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
        """Take back what :meth:`arrays` gave."""
        for name in _KEPT:
            setattr(self, name, arrays[name])
        for name in ("evidence", "heard", "shared", "tried"):
            kept: Any = getattr(self, name)
            setattr(self, name, kept._replace(**{part: arrays[f"{name}.{part}"] for part in kept._fields}))
        self._counted = (arrays["counted"], arrays["counted_first"])
        if self._model is not None:
            self._model.flow.pace, self._model.flow.trust = arrays["flow_pace"], arrays["flow_trust"]

    def memory(self) -> dict[str, Any]:
        """What else changes, for a checkpoint."""
        return {
            "series": self.series,
            "periods": self._periods,
            "per_agent": self._per_agent,
            "coming": self.coming,
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.series, self._periods = memory["series"], memory["periods"]
        self._per_agent, self.coming = memory["per_agent"], memory["coming"]

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        return {Lesson.__module__}


_KEPT = ("known", "born", "written", "practiced", "told", "expected", "trust")


def build_learner(config: Config, root_seed: int) -> Learner | None:
    """The learner that a config asks for; None if it asks for none."""
    c = config.learning
    if not c.on:
        return None
    law = PowerLaw(alpha=c.alpha, n0=c.earlier_tasks, floor=c.floor)
    return Learner(settings=c, root_seed=root_seed, period_s=c.period_s, law=law)


def _linked(model: SwarmModel) -> Any:
    """`[K, K]` whether there is a live link; False on the diagonal."""
    model.network.refresh()
    linked = np.isfinite(model.network.link_s)
    np.fill_diagonal(linked, False)
    return linked


def _in_hand(model: SwarmModel) -> Bytes:
    """`[Q, S]` type of the task in each agent's hands, 6 for none."""
    state = model.fleet.rows.state
    kind = model.flow.demand.marks.class_type[model.flow.hands.meta & 15]
    return np.where((state == BUSY) | (state == DRAINING), kind, 6).astype(np.uint8)


def _error(expected: Floats, sums: Floats) -> float:
    """How far the paces that came lay from those expected, as a share, weighted by work; NaN if nothing came."""
    work = sums[..., WORK]
    if not work.any():
        return nan
    off = ratio(sums[..., SERVICE], work, 1.0) / expected - 1.0
    return float(np.sqrt((work * off**2).sum() / work.sum()))
