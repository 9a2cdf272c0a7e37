"""Quorum: an option is accepted once enough agents stand behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...arrays import Bools, Floats, Ints
from ...errors import require
from .base import Ballots, History, Verdicts, as_options, checked
from .record import Record, even_support, vote_record, vote_verdicts
from .tally import leading, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What ``quorum`` remembers.

    Attributes:
        share: of the votes that an option needs.
        record: how plain votes fared.
    """

    share: float
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """The leading option if its share of the votes reaches the quorum, else nothing, or what stands by default.

    The best quorum is learned from the history: the one with the largest difference between the share of right
    leaders that reach it and the share of wrong ones that do (Youden's J). Where history has only right or only wrong
    leaders, the given one stays. Confidence is that of :class:`Majority`, and 0 where the rule abstains.

    Source:
        Wolf, Kurvers, Ward, Krause and Krause (2013), *Proceedings of the Royal Society B* 280:20122777; Youden
        (1950), *Cancer* 3:32.

    Attributes:
        share: of the votes that an option needs, in (0, 1].
        learn: whether the best one is taken from the history instead.
        default: option that is decided where none other reaches the quorum; it needs none itself. -1 to abstain.
    """

    share: float = 0.5
    learn: bool = True
    default: int = -1
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require(0 < self.share <= 1, "consensus.share", self.share, "in (0, 1]")
        require(self.default >= -1, "consensus.default", self.default, "an option, or -1 to abstain")

    def start(self, history: History | None) -> Threshold:
        """See :class:`ConsensusRule`."""
        if history is None or not len(history.answers):
            return Threshold(share=self.share, record=vote_record(None))
        checked(self, history)
        record = vote_record(history)
        if not self.learn:
            return Threshold(share=self.share, record=record)
        self._refuse_unknown_default(history.options)
        choice, share = self._leaders(as_options(history.answers), history.options)
        return Threshold(share=best_quorum(share, choice == history.truth, self.share), record=record)

    def decide(self, ballots: Ballots, memory: Threshold) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        self._refuse_unknown_default(ballots.options)
        answers = as_options(ballots.answers)
        choice, share = self._leaders(answers, ballots.options)
        voted = (answers >= 0).any(axis=1)
        reached = voted & (share > 0) & (share >= memory.share - 1e-12)
        return vote_verdicts(
            ballots,
            memory.record,
            np.where(reached, choice, np.where(voted, self.default, -1)),
            even_support(ballots),
        )

    def _leaders(self, answers: Ints, options: int) -> tuple[Ints, Floats]:
        """`[T]` leading options other than the default, and their shares of all votes."""
        votes = tally(answers, options)
        heads = votes.sum(axis=1)
        if self.default >= 0:
            votes[:, self.default] = -1.0
        choice, _ = leading(votes, answers)
        most = np.maximum(votes.max(axis=1), 0.0)
        return choice, np.asarray(most / np.maximum(heads, 1.0))

    def _refuse_unknown_default(self, options: int) -> None:
        require(self.default < options, "consensus.default", self.default, f"below {options}, the options")


def best_quorum(share: Floats, right: Bools, otherwise: float) -> float:
    """The threshold with the largest Youden's J.

    Args:
        share: `[H]` share of votes behind each leading option.
        right: `[H]` whether it was right.
        otherwise: what is returned where all or none were right.

    Returns:
        A threshold midway between two shares that occurred, or half the lowest one.

    >>> best_quorum(np.array([0.4, 0.5, 0.7, 0.8]), np.array([False, False, True, True]), 0.5)
    0.6
    """
    if right.all() or not right.any():
        return otherwise
    levels = np.unique(share)
    hits = np.searchsorted(np.sort(share[right]), levels)
    alarms = np.searchsorted(np.sort(share[~right]), levels)
    j = (1 - hits / right.sum()) - (1 - alarms / (~right).sum())
    best = int(j.argmax())
    below = float(levels[best - 1]) if best else 0.0
    return round((below + float(levels[best])) / 2, 12)
