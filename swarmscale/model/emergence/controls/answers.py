"""Groups that answer questions: by rules that only put their members' answers together, and with true synergy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from ..base import Opinions, Window
from .base import Control, Generator, Plan, Switch, cut, one
from .independent import Autoregressive
from .mixtures import HiddenMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A group whose answer is that of a rule over its members' answers alone: no more than putting them together.

    Attributes:
        truth: who speaks for the group: "random member", "best member", "majority" or "oracle": the best vote that
            there is if one knows how good everybody is.
        members: n, 2 or more.
        questions: J of a window, 2 or more.
        low: lowest chance of a member to be right, in (1/2, 1).
        high: highest one, in (1/2, 1).
        gain: mean of the IQ's gain over the twin without links, over its standard error.
        hidden: whether the series beside the questions have a hidden slow mode; else they are independent.

    Source:
        Nitzan & Paroush 1982, Int. Econ. Rev. 23:289, for the best vote.
    """

    truth: str = "majority"
    members: int = 5
    questions: int = 200
    low: float = 0.51
    high: float = 0.7
    gain: float = 0.0
    hidden: bool = False

    def __post_init__(self) -> None:
        known = ("random member", "best member", "majority", "oracle")
        require(self.truth in known, "truth", repr(self.truth), " or ".join(known))
        _check(self.members, self.questions, self.low, self.high)

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        skill = rng.uniform(self.low, self.high, self.members)
        asked = []
        for _ in range(plan.windows):
            truth, alone = _asked(skill, self.questions, rng)
            gain = self.gain + float(rng.normal())
            asked.append(Opinions(alone, self._spoken(alone, skill, rng), truth, 2, gain))
        return _beside(self.hidden, asked, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)

    def _spoken(self, alone: Ints, skill: Floats, rng: Generator) -> Ints:
        rows = np.arange(len(alone))
        if self.truth == "random member":
            return alone[rows, rng.integers(self.members, size=len(alone))]
        if self.truth == "best member":
            return alone[:, int(np.argmax(skill))]
        weight = np.ones(self.members) if self.truth == "majority" else np.log(skill / (1 - skill))
        return _voted(alone, weight, rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synergy:
    """A group that, while coupled, is right more often than its members by more than votes can bring.

    Attributes:
        bonus: chance to be right above the members' mean while coupled, in [0, 1]; otherwise the majority speaks.
        members: see :class:`Answers`.
        questions: see :class:`Answers`.
        low: see :class:`Answers`.
        high: see :class:`Answers`.
        gain: see :class:`Answers`; 0 while not coupled.
    """

    bonus: float = 0.2
    members: int = 5
    questions: int = 200
    low: float = 0.51
    high: float = 0.7
    gain: float = 4.0

    def __post_init__(self) -> None:
        require(0 <= self.bonus <= 1, "bonus", self.bonus, "in [0, 1]")
        _check(self.members, self.questions, self.low, self.high)

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        skill = rng.uniform(self.low, self.high, self.members)
        on = plan.on().reshape(plan.windows, plan.samples)
        asked = []
        for k in range(plan.windows):
            truth, alone = _asked(skill, self.questions, rng)
            when = on[k, np.arange(self.questions) * plan.samples // self.questions]
            right = rng.random(self.questions) < min(float(skill.mean()) + self.bonus, 1.0)
            apart = _voted(alone, np.ones(self.members), rng)
            group = np.where(when, np.where(right, truth, 1 - truth), apart)
            gain = self.gain * float(when.mean()) + float(rng.normal())
            asked.append(Opinions(alone, group, truth, 2, gain))
        return _beside(True, asked, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


def _check(members: int, questions: int, low: float, high: float) -> None:
    require(members >= 2, "members", members, "2 or more")
    require(questions >= 2, "questions", questions, "2 or more")
    require(0.5 < low <= high < 1, "low, high", (low, high), "in (1/2, 1), low first")


def _asked(skill: Floats, questions: int, rng: Generator) -> tuple[Ints, Ints]:
    """`[J]` right options 0 or 1, and `[J, n]` what each member answers alone."""
    truth = rng.integers(2, size=questions)
    right = rng.random((questions, len(skill))) < skill
    return truth, np.where(right, truth[:, None], 1 - truth[:, None])


def _voted(alone: Ints, weight: Floats, rng: Generator) -> Ints:
    """`[J]` option with more weight behind it; even ones by a coin."""
    sum_ = (2 * alone - 1) @ weight
    coin = rng.integers(2, size=len(alone))
    return np.where(np.abs(sum_) < 1e-12, coin, (sum_ > 0).astype(np.int64))


def _beside(hidden: bool, asked: list[Opinions], plan: Plan, rng: Generator) -> list[Window]:
    """Windows with questions beside series that have a hidden slow mode or do not."""
    control: Control = HiddenMode() if hidden else Autoregressive(memory=0.5)
    series = np.concatenate([w.series for w in control.run(plan, rng)])
    return cut(series, plan, None, opinions=asked)
