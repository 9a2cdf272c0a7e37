"""What emergence detectors look at, what they answer, and how to add one.

A detector is a frozen keyword-only dataclass: its fields are its settings. What it must remember from window to
window goes out of ``start`` and comes back into ``look``, so that one object serves every model. It has a line in the
table of :mod:`.detectors`; a user's own is added with ``@swarmscale.register("detector", "mine")``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from ...arrays import Bools, Floats, Ints
from ...errors import ConfigError, require

FEWEST_SAMPLES = 60
"""Samples in a window below which no detector looks."""


class Solutions(NamedTuple):
    """Solutions that were tried in a window, in the order of trying.

    Attributes:
        signature: `[n]` number of each solution's kind; the same number is the same solution.
        quality: `[n]` how good each turned out, higher is better; NaN where it is not known.
    """

    signature: Ints
    quality: Floats


class Opinions(NamedTuple):
    """What the members of a group answered alone, what the group answered, and what was right.

    Attributes:
        alone: `[J, n]` option that each of n members gives to each of J questions without any exchange.
        group: `[J]` option that the group gives; -1 where it abstains.
        truth: `[J]` the right option.
        options: number of options.
        gain_z: collective IQ above that of the twin without links, over the standard error of this difference; NaN
            where it is not known. Or a function that finds it, called only where it can decide, for it is dear.
    """

    alone: Ints
    group: Ints
    truth: Ints
    options: int
    gain_z: float | Callable[[], float] = nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A stretch of a system's life, as detectors look at it.

    Attributes:
        series: `[T, M]` one column for each part of the system.
        names: `[M]` their names; numbers if none are given.
        exogenous: `[T, E]` what comes from outside and may move all parts at once.
        commands: `[T, C]` what the root of the hierarchy ordered.
        resolution: `[M]` or one number: steps smaller than this cannot be told apart in a series; 0 if all can.
        angles: whether the series are angles in radians.
        shares: `[A]` share of the parts that hold each of A options at the window's end; None if there are none.
        twin_shares: `[B, A]` the same in B replays without links; None if none were made.
        solutions: what was tried in this window; None if nothing is.
        nominal: what the same number of trials without interaction gives; None if nobody made them.
        opinions: questions answered alone and together; None if none were asked.
        age: samples since the system began to run, at the window's first one; None if it is long ago.
        start_s: time of the first sample, s.
        step_s: time between two samples, s.

    Raises:
        ConfigError: if an array has the wrong shape or holds a number that is not finite.
    """

    series: Floats
    names: tuple[str, ...] = ()
    exogenous: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    commands: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    resolution: float | Floats = 0.0
    angles: bool = False
    shares: Floats | None = None
    twin_shares: Floats | None = None
    solutions: Solutions | None = None
    nominal: Solutions | None = None
    opinions: Opinions | None = None
    age: int | None = None
    start_s: float = 0.0
    step_s: float = 1.0
    _worked_out: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        series = np.asarray(self.series, np.float64)
        if series.ndim != 2:
            raise ConfigError(f"series has shape {series.shape}, but it must be [T, M], samples by series")
        object.__setattr__(self, "series", series)
        samples, parts = series.shape
        if not self.names:
            object.__setattr__(self, "names", tuple(str(i) for i in range(parts)))
        require(len(self.names) == parts, "names", len(self.names), f"{parts}, one for each series")
        _finite(series, self.names)
        for name in ("exogenous", "commands"):
            given = np.asarray(getattr(self, name), np.float64)
            given = np.zeros((samples, 0)) if given.size == 0 else given
            if given.ndim != 2 or len(given) != samples:
                raise ConfigError(f"{name} has shape {given.shape}, but it must be [{samples}, any number]")
            _finite(given, tuple(f"{name} {i}" for i in range(given.shape[1])))
            object.__setattr__(self, name, given)
        require(self.step_s > 0, "step_s", self.step_s, "above 0")

    def once[V](self, key: Hashable, work_out: Callable[[], V]) -> V:
        """What one detector works out of the window is not worked out again by the next.

        Args:
            key: what it is, with all settings that it depends on.
            work_out: a function of the window alone.
        """
        if key not in self._worked_out:
            self._worked_out[key] = work_out()
        found: V = self._worked_out[key]
        return found

    @property
    def samples(self) -> int:
        """T."""
        return int(self.series.shape[0])

    @property
    def parts(self) -> int:
        """M."""
        return int(self.series.shape[1])

    @property
    def end_s(self) -> float:
        """Time at the window's end, s."""
        return self.start_s + self.samples * self.step_s


def _finite(columns: Floats, names: tuple[str, ...]) -> None:
    bad: Bools = ~np.isfinite(columns)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ConfigError(
            f"series {names[column]} is {columns[row, column]} at sample {row}, but all numbers must be finite"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One statistic of a window against its null.

    Attributes:
        statistic: its name, such as ``"synchrony"``.
        observed: its value; NaN if the detector abstained.
        null_low: 2.5 % point of the null's distribution, on the statistic's own scale.
        null_mean: the null's mean.
        null_high: 97.5 % point.
        p: chance of a value at least this far out under the null; NaN if the detector abstained.
        tail: "upper", "lower" or "both": where p looks.
        effect: how far from the null, on a scale that does not grow with the sample; its name is ``effect_name``.
        effect_name: in words, such as ``"times the null's mean"``.
        family: how many hypotheses were looked at together to reach p: pairs of a network, blocks; 1 for one.
        rejected: whether the null is rejected at the detector's level.
        abstained: why no number is given; empty where one is.
    """

    __test__: ClassVar[bool] = False  # no test of pytest's

    statistic: str
    observed: float = nan
    null_low: float = nan
    null_mean: float = nan
    null_high: float = nan
    p: float = nan
    tail: str = "upper"
    effect: float = nan
    effect_name: str = ""
    family: int = 1
    rejected: bool = False
    abstained: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What a detector says of a window.

    Attributes:
        detector: its name.
        start_s: begin of the window, s.
        end_s: its end, s.
        tests: its statistics, each with its null.
        p: of all of them together, for the multiplicity rule over windows; NaN if it abstained.
        found: whether the window alone shows it, before the rule of persistence.
        label: a word for a weaker thing that was seen instead, such as ``"aggregation gain"``; or empty.
        abstained: why the detector says nothing of this window; empty where it does.
        sentence: what was found, or was not, in words and numbers.
        evidence: arrays to plot, by name; small ones.
        gate: why the gate held the window's series back; empty where it let them pass. The watch writes it.
    """

    detector: str
    start_s: float
    end_s: float
    tests: tuple[Test, ...] = ()
    p: float = nan
    found: bool = False
    label: str = ""
    abstained: str = ""
    sentence: str = ""
    evidence: Mapping[str, Floats] = field(default_factory=dict)
    gate: str = ""


class Detector[M](Protocol):
    """Says whether a window shows one kind of emergence."""

    def start(self) -> M:
        """What it remembers before the first window: a tuple or frozen dataclass of numbers, texts and arrays."""
        ...

    def look(self, window: Window, memory: M, rng: np.random.Generator) -> tuple[Verdict, M]:
        """Look at the next window.

        Args:
            window: what happened.
            memory: what it remembers.
            rng: for its null draws; a stream of its own for each window.

        Returns:
            What it says, and what it remembers.
        """
        ...


type AnyDetector = Detector[Any]
