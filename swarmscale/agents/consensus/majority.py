"""Majority: one agent, one vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Ballots, History, Verdicts, as_options, checked
from .record import Record, even_support, vote_record, vote_verdicts
from .tally import leading, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Majority:
    """The option with the most votes, whatever its share; a tie goes to the side of the voter listed first.

    Confidence is the chance that the verdict is right by Bayes' rule with the panel's past accuracy, corrected by how
    often such verdicts came true; without a history it is the verdict's share of the votes, which is no probability.
    """

    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False

    def start(self, history: History | None) -> Record:
        """See :class:`ConsensusRule`."""
        if history is not None:
            checked(self, history)
        return vote_record(history)

    def decide(self, ballots: Ballots, memory: Record) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        answers = as_options(ballots.answers)
        choice, _ = leading(tally(answers, ballots.options), answers)
        return vote_verdicts(ballots, memory, choice, even_support(ballots))
