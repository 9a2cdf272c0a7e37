"""The optimization engine: it looks for the bottleneck, tries one change at a time, and keeps it only if it helped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ... import rng as streams
from ...errors import ConfigError, UnknownChoiceError
from ..forecasting.base import Target
from ..forecasting.smoothing import Smoothed
from ..integration.bus import ticks
from ..integration.events import Outage, Resized
from .base import Bottleneck, Proposal, Strategy
from .bottleneck import Seen, analyze
from .choosing import Belief, choose, key
from .foresight import Foresight
from .judging import judge, reward
from .log import Trial, look_row
from .strategies import STRATEGIES
from .thresholds import Thresholds, build_thresholds

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel
    from .settings import Optimization

LOCK = 3
"""Trial windows for which a knob that was turned back is left alone."""
OUT = 0.05
"""Share of the agents that must be out before nothing is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The trial that is under way.

    Attributes:
        proposal: what was turned.
        kept: what undoing needs.
        from_s: begin of the window before it, s.
        at_s: when it was turned, s.
        until_s: end of the window after it, s.
    """

    proposal: Proposal
    kept: Any
    from_s: float
    at_s: float
    until_s: float


@dataclass(slots=True, kw_only=True)
class Optimizer:
    """The controller that turns knobs.

    Once a period it names what limits the fleet. Where something does, it asks all strategies what they would do, lets
    one be chosen, turns its knob, waits until what was begun before has gone through, and compares a window after the
    change with the one before it. A change stays if its metric fell beyond what chance and demand explain and nothing
    else got worse; else it is undone, and its knob is left alone for three trial windows.

    Attributes:
        settings: see there.
        strategies: those that may be tried, by name.
        root_seed: determines all draws.
        period_s: time between two looks, s.
        order: its place among controllers that are due together: after those that change the fleet.
        found: what limited the fleet at the last look; None before there was one.
        looks: one row a look; see :data:`.log.LOOK_COLUMNS`.
        trials: all so far.
        beliefs: what is thought of each strategy against each kind of bottleneck.
        refused: at the last choice, why the strategies that had nothing to propose had not, by name.
        asked: proposals of the last choice, by name.
        foresight: foretells p95 and throughput of the next 300 s.
        thresholds: charts of what was recorded between looks; they begin anew when a change is kept.
        links: pairs of nodes that had a link at the first look.
    """

    title: ClassVar[str] = "optimization"
    component: ClassVar[str] = "optimizer"
    only_when_due: ClassVar[bool] = True
    settings: Optimization
    strategies: Mapping[str, Strategy]
    root_seed: int
    period_s: float
    order: int = 41
    found: Bottleneck | None = None
    looks: list[tuple[float, ...]] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    beliefs: dict[str, Belief] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Proposal] = field(default_factory=dict)
    foresight: Foresight = field(default_factory=Foresight)
    thresholds: Thresholds = field(default_factory=Thresholds)
    links: tuple[tuple[int, int], ...] = ()
    _running: Running | None = None
    _seen: Seen | None = None
    _clean_s: float = 0.0
    _next_s: float = 0.0
    _locked: dict[str, float] = field(default_factory=dict)
    _coming_s: float = 0.0
    _out: float = 0.0
    _charted: int = 0

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    @property
    def trying(self) -> bool:
        """Whether a trial is under way."""
        return self._running is not None

    def act(self, model: SwarmModel) -> None:
        """Look, and begin or end a trial if it is time."""
        self._listen(model)
        if not self.looks:
            self.links = tuple(sorted((min(a, b), max(a, b)) for a, b in model.mesh.edges))
        self.look(model)
        self.thresholds.look(model, model.records.raw(self._charted))
        self._charted = model.records.ticks
        self.foresight.look(model)
        if self._running is not None:
            if model.now_s >= self._running.until_s - 1e-9:
                self._end(model, self._running)
        elif self._may_try(model.now_s):
            self.begin(model)

    def look(self, model: SwarmModel) -> Bottleneck:
        """Name what limits the fleet, by what was recorded since the last look."""
        self.found, self._seen = analyze(model, self._seen)
        self.looks.append(look_row(self.found))
        return self.found

    def rest(self) -> None:
        """Try nothing from now on; what is under way is neither kept nor undone."""
        self._running, self._next_s = None, np.inf

    # -- trials -------------------------------------------------------------------------------------------------

    def _may_try(self, now_s: float) -> bool:
        """Whether the time has come for a trial: enough is known, nothing else is about to change the figures."""
        s = self.settings
        enough = now_s - self._clean_s >= s.window_s - 1e-9
        limited = self.found is not None and self.found.kind != "none"
        calm = now_s >= self._coming_s and self._out < OUT
        return enough and limited and calm and now_s >= self._next_s - 1e-9

    def propose(self, model: SwarmModel) -> dict[str, Proposal]:
        """What the strategies would do now, by name; why others would do nothing, or worse, stands in ``refused``."""
        if self.found is None:
            self.look(model)
        assert self.found is not None
        self.asked, self.refused = {}, {}
        for name, strategy in self.strategies.items():
            said = strategy.propose(model, self.found)
            if isinstance(said, str):
                self.refused[name] = said
            elif said.expected > 0:
                worse = f"by theory {said.metric} would change by {100 * said.expected:+.1f} %"
                self.refused[name] = f"{said.words}: {worse}"
            elif model.now_s < self._locked.get(said.knob, 0.0) - 1e-9:
                self.refused[name] = f"{said.knob} is left alone until {self._locked[said.knob]:g} s"
            else:
                self.asked[name] = said
        return self.asked

    def begin(self, model: SwarmModel) -> Trial | None:
        """Choose a strategy and turn its knob; None if none has anything to propose."""
        asked = dict(self.propose(model))
        while asked:
            assert self.found is not None
            rng = streams.generator(self.root_seed, f"optimization.choice/{len(self.trials)}/{len(asked)}")
            beliefs = self.beliefs if self.settings.learn else {}
            name, drawn = choose(list(asked), beliefs, self.found.kind, rng)
            trial = self._turn(model, asked.pop(name), drawn, len(asked))
            if trial is not None:
                return trial
        return None

    def begin_with(self, model: SwarmModel, name: str, gain: float) -> Trial | None:
        """Turn the knob of one of the strategies asked last, of which a gain is expected; None if it cannot be."""
        return self._turn(model, self.asked[name], gain, len(self.asked) - 1)

    def _turn(self, model: SwarmModel, proposal: Proposal, drawn: float, rivals: int) -> Trial | None:
        """Turn a knob; None if that cannot be done after all."""
        s, now_s, found = self.settings, model.now_s, self.found
        assert found is not None
        try:
            kept = self.strategies[proposal.strategy].turn(model, proposal)
        except ConfigError as error:
            self.refused[proposal.strategy] = str(error)
            return None
        self._running = Running(
            proposal=proposal,
            kept=kept,
            from_s=max(self._clean_s, now_s - 2 * s.window_s, self._upset_s(now_s - s.window_s / 2)),
            at_s=now_s,
            until_s=now_s + s.settle_s + s.window_s,
        )
        trial = Trial(
            number=len(self.trials) + 1,
            time_s=now_s,
            kind=found.kind,
            evidence=found.words,
            strategy=proposal.strategy,
            knob=proposal.knob,
            words=proposal.words,
            metric=proposal.metric,
            expected=proposal.expected,
            drawn=drawn,
            rivals=rivals,
            cost_s=proposal.cost_s,
            messages=proposal.messages,
        )
        self.trials.append(trial)
        return trial

    def _upset_s(self, before_s: float) -> float:
        """When a metric last went out of its limits, where it is still, before some time, s; 0 if none did.

        What was before that belongs to another fleet, so no change is compared with it.
        """
        last = self.thresholds.series[-1] if self.thresholds.series else ()
        since = [one.since_s for one in last if one.state in ("high", "low") and one.since_s <= before_s]
        return max(since, default=0.0)

    def _end(self, model: SwarmModel, running: Running) -> None:
        """Keep the change or undo it, and learn from it."""
        s, now_s, proposal = self.settings, model.now_s, running.proposal
        verdict = judge(
            model, proposal.metric, before=(running.from_s, running.at_s),
            after=(running.at_s + s.settle_s, now_s), settings=s,
        )  # fmt: skip
        if verdict.kept:
            self.thresholds.begin_anew()
            self.foresight.begin_anew()
            self._clean_s, self._next_s = running.at_s + s.settle_s, now_s + s.cooldown_s
        else:
            self.strategies[proposal.strategy].undo(model, proposal, running.kept)
            self._clean_s, self._next_s = now_s + s.settle_s, now_s + s.cooldown_s
            self._locked[proposal.knob] = now_s + LOCK * (s.settle_s + s.window_s)
        trial = replace(
            self.trials[-1],
            state="kept" if verdict.kept else "rolled back",
            ended_s=now_s,
            before=verdict.change.before,
            after=verdict.change.after,
            change=verdict.change.relative,
            low=verdict.change.low,
            high=verdict.change.high,
            p=verdict.change.lower,
            reason=verdict.reason,
        )
        self.trials[-1], self._running = trial, None
        gain = reward(verdict)
        if gain is not None:
            about = key(trial.kind, trial.strategy)
            self.beliefs[about] = self.beliefs.get(about, Belief()).told(gain)

    # -- what it is told ------------------------------------------------------------------------------------------

    def _listen(self, model: SwarmModel) -> None:
        """What scaler and health monitor have told: capacity that is coming, agents that are out."""
        if model.admission is not None:  # it stands at the same end of the edges, and is told
            self._out, self._coming_s = model.admission.out, model.admission.coming_until_s
            return
        if model.bus is None:
            return
        for event in model.bus.consume("optimizer"):
            if isinstance(event, Resized):
                self._coming_s = max(self._coming_s, event.ready_at_s)
            elif isinstance(event, Outage):
                self._out = event.agents / max(event.members, 1)

    # -- checkpoints ----------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT} | {
            "asked": {name: _plain(one) for name, one in self.asked.items()},
            "thresholds": self.thresholds.memory(),
            "running": None
            if self._running is None
            else replace(self._running, proposal=_plain(self._running.proposal)),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])
        self.asked, self._running = memory["asked"], memory["running"]
        self.thresholds.remember(memory["thresholds"])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = __name__.rpartition(".")[0] + "."
        there = {name for name in sys.modules if name.startswith(own)}
        foretelling = {Target.__module__, Smoothed.__module__}
        return there | foretelling | {type(one).__module__ for one in self.strategies.values()}


_KEPT = (
    "found", "looks", "trials", "beliefs", "refused", "foresight", "_seen", "_clean_s", "_next_s", "_locked",
    "_coming_s", "_out", "_charted", "links",
)  # fmt: skip


def _plain(proposal: Proposal) -> Proposal:
    """A proposal as a checkpoint can keep it."""
    return replace(proposal, changes=dict(proposal.changes))


def chosen(settings: Optimization) -> dict[str, Strategy]:
    """The strategies that may be tried, by name.

    Raises:
        UnknownChoiceError: if there is none of a name.
    """
    for name in settings.strategies:
        if name not in STRATEGIES:
            raise UnknownChoiceError(STRATEGIES.kind, name, list(STRATEGIES))
    return {name: STRATEGIES.make(name) for name in settings.strategies or tuple(STRATEGIES)}


def build_optimizer(config: Config, root_seed: int) -> Optimizer | None:
    """The optimizer that a config asks for; None if it asks for none."""
    c = config.optimization
    if not c.on:
        return None
    return Optimizer(
        settings=c,
        strategies=chosen(c),
        root_seed=root_seed,
        period_s=ticks(c.period_s, config.dt) * config.dt,
        thresholds=build_thresholds(c),
    )
