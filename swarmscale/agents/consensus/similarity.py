"""Similarity: the answer that lies in the middle of the others, with abstention where there is no middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Ballots, History, Verdicts, answered, as_options, as_points, checked
from .central import geometric_median, medoid, medoid_of_cluster
from .record import (
    Record,
    even_support,
    point_record,
    point_verdicts,
    refuse_misfit,
    vote_record,
    vote_verdicts,
)
from .tally import leading, tally

METHODS = ("median", "medoid", "cluster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Of options the one named most often, abstaining at a tie; of points the one nearest to all others.

    Half of the points may be anything at all, and the verdict stays near the rest. ``median`` makes a new point, the
    other two choose one of the answers, so that it is sound as a whole (a plan, a text's embedding). ``cluster``
    abstains where no dense group holds the quorum. Above 512 answers medoids are taken in blocks, then among these.

    Confidence is, for options, that of :class:`Majority`; for points, the chance to lie nearer to the truth than one
    of the agents, as if the answers were averaged, then as the past corrects it.

    Source:
        Plurality as self-consistency: Wang et al. (2022), arXiv 2203.11171. Geometric median: Weiszfeld (1937),
        *Tohoku Mathematical Journal* 43:355; breakdown at one half: Lopuhaa and Rousseeuw (1991), *Annals of
        Statistics* 19:229. Clusters: Ester, Kriegel, Sander and Xu (1996), KDD.

    Attributes:
        method: "median", "medoid" or "cluster", for points.
        quorum: share of all answers that the largest cluster, or the leading option, must hold, in [0, 1].
    """

    method: str = "median"
    quorum: float = 0.0
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        fits = self.method in METHODS
        require(fits, "consensus.method", repr(self.method), '"median", "medoid" or "cluster"')
        require(0 <= self.quorum <= 1, "consensus.quorum", self.quorum, "in [0, 1]")

    def start(self, history: History | None) -> Record:
        """See :class:`ConsensusRule`."""
        if history is None or not len(history.answers) or history.options:
            return vote_record(history)
        refuse_misfit(history)
        points, _ = self._middle(as_points(history.answers))
        return point_record(history, points, answered(history.answers).sum(axis=1).astype(np.float64))

    def decide(self, ballots: Ballots, memory: Record) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        if ballots.options:
            answers = as_options(ballots.answers)
            votes = tally(answers, ballots.options)
            choice, tied = leading(votes, answers)
            enough = votes.max(axis=1) >= self.quorum * votes.sum(axis=1) - 1e-9
            return vote_verdicts(ballots, memory, np.where(tied | ~enough, -1, choice), even_support(ballots))
        points, support = self._middle(as_points(ballots.answers))
        voters = answered(ballots.answers).sum(axis=1).astype(np.float64)
        return point_verdicts(ballots, memory, points, support, voters=voters)

    def _middle(self, answers: Floats) -> tuple[Floats, Floats]:
        """`[T, d]` points and `[T, n]` shares of the answers in them."""
        given = answered(answers)
        if self.method == "median":
            return geometric_median(answers, given)
        chosen = (
            medoid(answers, given)
            if self.method == "medoid"
            else medoid_of_cluster(answers, given, self.quorum)
        )
        rows = np.arange(len(answers))
        support = np.zeros(given.shape)
        support[rows, chosen] = chosen >= 0
        return np.where(chosen[:, None] >= 0, answers[rows, chosen], np.nan), support
