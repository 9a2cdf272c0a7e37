"""Friedkin-Johnsen: agents give way to their neighbors as far as they conform, and hold on to their own view else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...errors import require
from .base import Ballots, History, Verdicts, checked
from .degroot import WEIGHTS
from .listening import discussed, trust_of
from .record import Record, mean_record


@dataclass(frozen=True, slots=True, kw_only=True)
class FriedkinJohnsen:
    """Opinions ``x(t + 1) = C W x(t) + (1 - C) x(0)`` with C the agents' conformity, until none moves any more.

    Disagreement stays; the verdict is the option that most agents hold in the end, or the mean of their points.
    Confidence is as for :class:`DeGroot`.

    Source:
        Friedkin and Johnsen (1990), *Journal of Mathematical Sociology* 15:193.

    Attributes:
        weights: "equal" or "metropolis", see :class:`DeGroot`.
        tolerance: movement at which opinions rest, as a share of the first disagreement, in (0, 1).
        rounds: after which the views of then are counted, 1 or more.
    """

    weights: str = "equal"
    tolerance: float = 0.001
    rounds: int = 100
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(self.weights in WEIGHTS, "consensus.weights", repr(self.weights), '"equal" or "metropolis"')
        require(0 < self.tolerance < 1, "consensus.tolerance", self.tolerance, "in (0, 1)")
        require(self.rounds >= 1, "consensus.rounds", self.rounds, "1 or more")

    def start(self, history: History | None) -> Record:
        """See :class:`ConsensusRule`."""
        return mean_record(history)

    def decide(self, ballots: Ballots, memory: Record) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        trust = trust_of(ballots.answers.shape[1], ballots.neighbors, self.weights)
        return discussed(ballots, memory, trust, ballots.conformity, self.tolerance, self.rounds)
