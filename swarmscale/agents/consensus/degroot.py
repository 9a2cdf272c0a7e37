"""DeGroot: agents average what their neighbors hold, round after round, until they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...errors import require
from .base import Ballots, History, Verdicts, checked
from .listening import discussed, trust_of
from .record import Record, mean_record

WEIGHTS = ("equal", "metropolis")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeGroot:
    """Opinions ``x(t + 1) = W x(t)`` over the neighbors, until those who can hear of each other agree.

    For options, opinions are shares of belief in each. With equal weights well connected agents count for more; with
    Metropolis weights all count alike. An option's confidence is that of a vote with each agent's final influence for
    its weight; for points see :class:`Verdicts`. The history knows no network, so its lessons are those of the
    unweighted vote or mean.

    Source:
        DeGroot (1974), *Journal of the American Statistical Association* 69:118; influence and when crowds are wise:
        Golub and Jackson (2010), *American Economic Journal: Microeconomics* 2:112.

    Attributes:
        weights: "equal" or "metropolis".
        tolerance: disagreement at which they agree, as a share of the first one, in (0, 1).
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
        return discussed(ballots, memory, trust, None, self.tolerance, self.rounds)
