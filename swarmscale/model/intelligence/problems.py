"""Problems for collective decisions: generated ones with a known truth, and a host's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...agents.people import People
from ...arrays import Bools, Floats, Floats32, Ints
from ...choices import Choices
from ...errors import ConfigError, require
from .group import Channel
from .pooling import spread


class Answers(NamedTuple):
    """What a panel answered to T questions.

    Attributes:
        answers: `[T, n]` options, or `[T, n, d]` points.
        confidence: `[T, n]` each agent's stated chance of being right; NaN where none is stated.
        truth: `[T]` or `[T, d]`; None where nobody knows it.
        options: number of options, 0 for points.
    """

    answers: Ints | Floats
    confidence: Floats
    truth: Ints | Floats | None
    options: int


class Panel(NamedTuple):
    """Who is asked.

    Attributes:
        people: what the n agents are like.
        function: index of the cognitive function that is asked for.
        place: `[n]` number of each agent's cluster.
        channel: how they are linked.
        rounds: rounds in which they share what they see before they answer.
    """

    people: People
    function: int
    place: Ints
    channel: Channel
    rounds: int


class Problem(Protocol):
    """Puts questions to a panel.

    To add one, write a frozen keyword-only dataclass with this method and put ``@swarmscale.register("problem",
    "my-problem")`` above it; or hand any function of a panel, a clarity and a generator to a decision, see
    :func:`own_problem`.
    """

    def put(self, panel: Panel, clarity: Floats, rng: np.random.Generator) -> Answers:
        """The panel's answers.

        Args:
            panel: who is asked.
            clarity: `[T]` how clearly each question can be seen, in (0, 1]: 1 where all that feeds it was right.
            rng: the source of chance.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several options is right, and every agent sees evidence for each through noise.

    Questions differ in difficulty by octaves, one rung of a ladder drawn for each, so that neither a small panel nor
    a large one is always right. An agent's sensitivity is ``2^-rung * sensitivity * clarity * exp(.4 skill)``. A
    share of the noise's variance is common to the agents of a cluster, so that errors are correlated. In each round
    of sharing an agent moves from its own evidence toward the mean of its neighbors' by listening times conformity.
    It names the option with the most evidence and states the chance that follows from the sensitivity that it
    believes to have.

    Attributes:
        options: options, 2 or more.
        sensitivity: of an agent of mean skill on the easiest rung, in standard deviations of the noise.
        rungs: rungs of difficulty, 1 or more.
        shared: share of the noise that a cluster has in common, 0 to 1.

    Source:
        m-alternative choice: Green & Swets 1966; common noise: Sorkin, Hays & West 2001.
    """

    options: int = 4
    sensitivity: float = 0.6
    rungs: int = 6
    shared: float = 0.1

    def __post_init__(self) -> None:
        require(2 <= self.options <= 1000, "options", self.options, "from 2 to 1,000")
        require(self.sensitivity > 0, "sensitivity", self.sensitivity, "above 0")
        require(self.rungs >= 1, "rungs", self.rungs, "1 or more")
        require(0 <= self.shared <= 1, "shared", self.shared, "from 0 to 1")

    def put(self, panel: Panel, clarity: Floats, rng: np.random.Generator) -> Answers:
        """See :class:`Problem`."""
        n, t, k = len(panel.people.uid), len(clarity), self.options
        truth = rng.integers(k, size=t)
        clarity = clarity * 2.0 ** -rng.integers(self.rungs, size=t)
        able = self.sensitivity * np.exp(0.4 * np.asarray(panel.people.skill[:, panel.function], np.float64))
        evidence = _noise(panel.place, (n, t, k), self.shared, rng)
        evidence[:, np.arange(t), truth] += (able[:, None] * clarity).astype(np.float32)
        shared = talked_over(evidence.reshape(n, t * k), panel).reshape(n, t, k)
        knows = np.asarray(panel.people.calibration, np.float64)
        believed = able * np.exp((1 - knows) * rng.standard_normal(n))
        odds = believed[:, None, None] * clarity[:, None] * shared
        odds -= odds.max(axis=2, keepdims=True)
        chance = 1 / np.exp(odds).sum(axis=2)  # of the option with the most evidence
        return Answers(shared.argmax(axis=2).T.astype(np.int64), chance.T.copy(), truth, k)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A point is to be estimated, and every agent sees it through noise, some of it its cluster's.

    The noise of an agent has standard deviation ``noise * exp(-.4 skill) / clarity`` in each dimension. Its stated
    confidence is the chance that it believes itself to be within ``tolerance`` of the truth.

    Attributes:
        dimensions: dimensions of the point.
        noise: of an agent of mean skill, the truth having standard deviation 1.
        shared: share of the noise that a cluster has in common, 0 to 1.
        tolerance: distance from the truth up to which an answer counts as right.
    """

    dimensions: int = 2
    noise: float = 2.0
    shared: float = 0.1
    tolerance: float = 0.5

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, "dimensions", self.dimensions, "1 or more")
        require(self.noise > 0, "noise", self.noise, "above 0")
        require(0 <= self.shared <= 1, "shared", self.shared, "from 0 to 1")
        require(self.tolerance > 0, "tolerance", self.tolerance, "above 0")

    def put(self, panel: Panel, clarity: Floats, rng: np.random.Generator) -> Answers:
        """See :class:`Problem`."""
        from scipy.special import gammainc

        n, t, d = len(panel.people.uid), len(clarity), self.dimensions
        truth = rng.standard_normal((t, d))
        sigma = self.noise * np.exp(-0.4 * np.asarray(panel.people.skill[:, panel.function], np.float64))
        noise = _noise(panel.place, (n, t, d), self.shared, rng)
        seen = truth.astype(np.float32) + (sigma[:, None] / clarity)[:, :, None].astype(np.float32) * noise
        shared = talked_over(seen.reshape(n, t * d), panel).reshape(n, t, d)
        knows = np.asarray(panel.people.calibration, np.float64)
        believed = sigma * np.exp((1 - knows) * rng.standard_normal(n))
        within = gammainc(d / 2, (self.tolerance * clarity[:, None] / believed) ** 2 / 2)
        return Answers(shared.transpose(1, 0, 2).astype(np.float64), np.asarray(within), truth, 0)


PROBLEMS: Choices[Problem] = Choices("problem", choice=Choice, estimate=Estimate)


def talked_over(seen: Floats32, panel: Panel) -> Floats32:
    """`[n, T]` what agents hold after the panel's rounds of sharing: each moves toward its neighbors' mean."""
    c = panel.channel
    n = len(c.keep)
    yields = c.listening * np.asarray(panel.people.conformity, np.float32)
    degree = np.diff(c.offsets)
    ends = np.repeat(np.arange(n), degree)
    heard = np.bincount(ends, c.reach, n)
    share = (yields[ends] * c.reach / np.maximum(heard, 1e-9)[ends]).astype(np.float32)
    keep = np.where(heard > 0, 1 - yields, 1.0).astype(np.float32)
    now = np.ascontiguousarray(seen)
    for _ in range(panel.rounds):
        after = np.empty_like(now)
        spread(now, c.offsets, c.members, share, keep, after)
        now = after
    return now


@dataclass(frozen=True, slots=True)
class OwnProblem:
    """A host's own function as a problem: it sees the panel and gives its answers.

    Attributes:
        function: from the panel's people, the number of questions and a generator to `[T, n]` options or
            `[T, n, d]` points, or to a pair of these and the truth.
        options: number of options; 0 for points.
        name: what it is called in messages.
    """

    function: Callable[[People, int, np.random.Generator], object]
    options: int
    name: str

    def put(self, panel: Panel, clarity: Floats, rng: np.random.Generator) -> Answers:
        """See :class:`Problem`.

        Raises:
            ConfigError: if the function fails, or gives something of another shape.
        """
        t, n = len(clarity), len(panel.people.uid)
        try:
            given = self.function(panel.people, t, rng)
        except Exception as error:  # whatever a host's function throws becomes one line
            raise ConfigError(f"problem {self.name!r} failed: {type(error).__name__}: {error}") from error
        answers, truth = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
        wanted = f"({t}, {n})" if self.options else f"({t}, {n}, d)"
        shaped = np.asarray(answers)
        numbers = shaped.dtype.kind in ("iu" if self.options else "iuf")
        fits = shaped.shape[:2] == (t, n) and shaped.ndim == (2 if self.options else 3) and numbers
        if not fits:
            kind = "whole numbers" if self.options else "numbers"
            raise ConfigError(
                f"problem {self.name!r} gave {shaped.dtype} of shape {shaped.shape}, "
                f"but it must be {kind} of shape {wanted}"
            )
        if self.options and shaped.size and not -1 <= shaped.min() <= shaped.max() < self.options:
            raise ConfigError(
                f"problem {self.name!r} gave options from {int(shaped.min())} to {int(shaped.max())}, "
                f"but they must be from -1 (none) to {self.options - 1}"
            )
        known = None if truth is None else np.asarray(truth)
        if known is not None and known.shape != (shaped.shape[:1] if self.options else (t, shaped.shape[2])):
            raise ConfigError(
                f"problem {self.name!r} gave a truth of shape {known.shape}, but it must be one answer a question"
            )
        sort = np.int64 if self.options else np.float64
        own: Any = shaped.astype(sort)
        return Answers(own, np.full((t, n), np.nan), known, self.options)


def own_problem(function: Callable[..., object], options: int = 0, name: str = "") -> OwnProblem:
    """A host's own function as a problem; see :class:`OwnProblem`."""
    if not callable(function):
        raise ConfigError(f"problem = {function!r}, but it must be a function or the name of a problem")
    return OwnProblem(function, options, name or getattr(function, "__name__", type(function).__name__))


def _noise(place: Ints, shape: tuple[int, int, int], shared: float, rng: np.random.Generator) -> Floats32:
    """`[n, T, k]` standard normal noise, part of it common to those at one place."""
    _, at = np.unique(place, return_inverse=True)
    own = rng.standard_normal(shape, dtype=np.float32)
    common = rng.standard_normal((int(at.max()) + 1, *shape[1:]), dtype=np.float32)[at]
    return np.asarray(np.sqrt(1 - shared) * own + np.sqrt(shared) * common, np.float32)


def right(answer: Ints | Floats, truth: Ints | Floats, tolerance: float) -> Bools:
    """`[T]` whether answers are right: the true option, or a point within the tolerance; NaN and -1 are wrong."""
    if answer.ndim == 1:
        return np.asarray(answer == truth, np.bool_)
    far = np.sqrt(((answer - truth) ** 2).sum(axis=1))
    return np.asarray(np.nan_to_num(far, nan=np.inf) <= tolerance, np.bool_)
