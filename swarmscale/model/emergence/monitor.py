"""The monitor: makes a window of what clusters did, shows it to the detectors, and keeps what they say."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ... import rng as streams
from ...arrays import Floats, Ints
from ...errors import ConfigError
from ..intelligence.battery import mixed
from ..intelligence.panels import ready_slots
from .alone import one_thread
from .asking import gain_z, opinions
from .base import AnyDetector, Opinions, Solutions, Verdict, Window
from .collecting import Collecting, loads, moving, ordered
from .frames import NUMBERS, findings_frame, verdicts_frame
from .outside import answered, without
from .persistence import Finding
from .settings import Emergence
from .watch import Watching, begin, look
from .ways import ways

if TYPE_CHECKING:
    import pandas as pd

    from ..config import Config
    from ..swarm import SwarmModel


@dataclass(slots=True, kw_only=True, eq=False)
class Monitor:
    """Looks for emergence once a window.

    Its parts are the fleet's clusters; a part's state is its tasks, waiting and in hands, per ready agent. What
    follows from demand, by the intensity of arrivals, which no cluster can change, and from the fleet's size is taken
    out before detectors look.

    Attributes:
        settings: see there.
        detectors: those that look, by name.
        root_seed: determines all null draws.
        period_s: length of a window, s.
        order: its place among controllers that are due together: after the prober.
        collecting: the window that is being filled.
        watching: what detectors remember, and what of their verdicts persists.
        verdicts: of all windows so far; only the last of each detector still holds its evidence.
    """

    title: ClassVar[str] = "emergence"
    only_when_due: ClassVar[bool] = True
    settings: Emergence
    detectors: Mapping[str, AnyDetector]
    root_seed: int
    period_s: float
    collecting: Collecting
    watching: Watching
    order: int = 95
    verdicts: list[Verdict] = field(default_factory=list)
    _lessons: int = 0
    _ways: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _tried: tuple[list[Ints], list[Floats]] = field(default_factory=lambda: ([], []))
    _offers: bool = False

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory and its arrays alone."""
        return True

    @property
    def findings(self) -> list[Finding]:
        """What persisted, by detector and time."""
        return self.watching.findings

    def note(self, model: SwarmModel, tick: int) -> None:
        """Write down the tick that the model just did."""
        self.collecting.note(model.flow, model.shard.territory, tick)
        if model.learner is not None and len(model.learner.series) > self._lessons:
            self._note_ways(model)

    def offer(self, signatures: Sequence[int] | Ints, qualities: Sequence[float] | Floats) -> None:
        """Hand in solutions that were tried, in their order; they count in the window that is being filled.

        Args:
            signatures: a whole number for each; the same number is the same solution.
            qualities: how good each turned out, higher is better; NaN where it is not known.

        Raises:
            ConfigError: if they are not as many, or not numbers.
        """
        signature, quality = np.atleast_1d(signatures), np.atleast_1d(qualities)
        if (
            signature.ndim != 1
            or signature.shape != quality.shape
            or (signature.size and signature.dtype.kind not in "iu")
        ):
            raise ConfigError(
                f"solutions = {signature.dtype} of shape {signature.shape} with qualities of shape {quality.shape}, "
                "but they must be as many whole numbers as qualities"
            )
        self._offers = True
        self._tried[0].append(signature.astype(np.int64))
        self._tried[1].append(np.asarray(quality, np.float64))

    def act(self, model: SwarmModel) -> None:
        """Show the window that ends now to all detectors."""
        if model.learner is not None and len(model.learner.series) > self._lessons:
            self._note_ways(model)
        if self.collecting.filled < self.collecting.samples:  # it was switched on in the midst of a run
            return
        said, self.watching = look(self.detectors, self.watching, self.window(model), self.root_seed)
        self.verdicts = [replace(v, evidence={}) if v.evidence else v for v in self.verdicts] + said
        self._tried = ([], [])

    def window(self, model: SwarmModel) -> Window:
        """The window that ends now; all shards call it together, once."""
        kept, dt = self.collecting, model.config.dt
        counts, ready = kept.gathered(model)
        series, which, step = loads(counts)
        rng = streams.generator(self.root_seed, f"emergence.outside/{self.watching.number}")
        with one_thread():
            series = without(series, answered(kept.demand(model.flow.demand, dt), ready), rng)
        orders = ordered(model, kept.first, kept.samples)
        return Window(
            series=series,
            names=tuple(f"cluster {q}" for q in kept.watched[which].tolist()),
            commands=moving(np.stack([orders, ready.astype(np.float64)], axis=1)),
            resolution=step,
            shares=_shares(model),
            solutions=self._solutions(model),
            opinions=self._opinions(model),
            age=kept.first - 1,
            start_s=(kept.first - 1) * dt,
            step_s=dt,
        )

    def _solutions(self, model: SwarmModel) -> Solutions | None:
        """What was tried in the window; None if nothing ever can be."""
        emergent = model.learner is not None and model.learner.emergent
        if not emergent and not self._offers:
            return None
        signature = np.concatenate([np.zeros(0, np.int64), *self._tried[0]])
        return Solutions(signature, np.concatenate([np.zeros(0), *self._tried[1]]))

    def _note_ways(self, model: SwarmModel) -> None:
        """A cluster that works in another way than at the last look has tried a solution."""
        assert model.learner is not None
        self._lessons = len(model.learner.series)
        if not model.learner.emergent:
            return
        number, quality = ways(model)
        before = np.full(len(number), -1, np.int64)
        before[: len(self._ways)] = self._ways
        new = (number != before) & (number >= 0)
        if new.any():
            self._tried[0].append(number[new])
            self._tried[1].append(quality[new])
        self._ways = number

    def _opinions(self, model: SwarmModel) -> Opinions | None:
        """Questions to a group, where the fleet was probed in this window."""
        prober = model.prober
        begun = (self.collecting.first - 1) * model.config.dt
        if (
            prober is None
            or not len(prober.rows)
            or prober.rows[-1, 0] <= begun
            or not ready_slots(model).any()
        ):
            return None
        s = self.settings
        seed = mixed(model.root_seed, "emergence", round(model.time))
        asked = opinions(model, questions=s.questions, members=s.members, seed=seed)
        return None if asked is None else asked._replace(gain_z=partial(gain_z, model, prober.last))

    # -- what is asked of it ----------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """Tidy table: one row a statistic and window; see :func:`.frames.verdicts_frame`."""
        return verdicts_frame(self.verdicts)

    def findings_frame(self) -> pd.DataFrame:
        """Tidy table: one row a finding."""
        return findings_frame(self.findings)

    def figures(self) -> Floats:
        """`[R, 8]` the numbers of all statistics so far, one row each: figures, family, rejected."""
        rows = [
            [*(getattr(test, name) for name in NUMBERS), float(test.family), float(test.rejected)]
            for verdict in self.verdicts
            for test in verdict.tests
        ]
        return np.array(rows, np.float64).reshape(-1, len(NUMBERS) + 2)

    def last(self) -> dict[str, Verdict]:
        """The last verdict of each detector, with its evidence."""
        return {verdict.detector: verdict for verdict in self.verdicts}

    # -- checkpoints ------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Every array that changes, for a checkpoint."""
        return self.collecting.arrays()

    def take(self, arrays: dict[str, np.ndarray[Any, Any]], model: SwarmModel) -> None:
        """Take back what :meth:`arrays` gave."""
        self.collecting.take(arrays, model.shard.territory)

    def memory(self) -> dict[str, Any]:
        """What else changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = __name__.rpartition(".")[0] + "."
        there = {name for name in sys.modules if name.startswith(own)}
        return there | {type(detector).__module__ for detector in self.detectors.values()}


_KEPT = ("watching", "verdicts", "_lessons", "_ways", "_tried", "_offers")


def build_monitor(config: Config, root_seed: int) -> Monitor | None:
    """The monitor that a config asks for; None if it asks for none."""
    c = config.emergence
    if not c.on:
        return None
    samples = max(round(c.window_s / config.dt), 1)
    detectors = c.chosen()
    return Monitor(
        settings=c,
        detectors=detectors,
        root_seed=root_seed,
        period_s=samples * config.dt,
        collecting=Collecting(samples=samples, most=c.clusters),
        watching=begin(detectors),
    )


def _shares(model: SwarmModel) -> Floats | None:
    """`[A]` share of the agents that use each method; None where there are none to choose among."""
    learner = model.learner
    if learner is None or not learner.emergent or not learner.series:
        return None
    return np.array(learner.series[-1].shares, np.float64)
