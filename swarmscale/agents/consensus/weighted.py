"""Weighted voting: each vote counts by the log-odds that its agent is right, each number by its precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...arrays import Bools, Floats
from ...errors import require
from .base import Ballots, History, Verdicts, answered, as_options, as_points, checked
from .competence import FOLDS, Competence, cross_fitted, dawid_skene, folds, vote_weights
from .record import (
    NOTHING,
    Record,
    point_record,
    point_verdicts,
    record_of,
    refuse_misfit,
    refuse_strangers,
    sureness,
    verdicts,
    vote_verdicts,
    weighted_mean,
)
from .tally import effective, lead_log_odds, leading, shared, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What ``weighted`` remembers.

    Attributes:
        agents: `[n]` log-odds of being right, or precision of the answers; empty without a history.
        prior: `[K]` log chance of each option before anybody votes; empty if all are alike.
        record: how such verdicts fared, with weights from other questions.
    """

    agents: Floats
    prior: Floats
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """The option with the largest sum of log-odds, or the mean of the points weighted by their precision.

    Best of all rules where errors are independent and competences known. Confidence is the posterior chance of the
    verdict under independence, corrected by how verdicts with weights from other folds fared in the past; without a
    history all agents count alike, and it is the verdict's share of the votes.

    Source:
        Nitzan and Paroush (1982), *International Economic Review* 23:289; for points, weights by inverse variance.

    Attributes:
        pseudo: strength of the pull of an agent's accuracy to the panel's, in questions, above 0.
        learn_prior: whether options that were often right in the past start ahead.
        without_truth: whether competences are estimated from the ballots alone where there is no history (Dawid and
            Skene); sensible from some dozens of questions at once.
    """

    pseudo: float = 4.0
    learn_prior: bool = False
    without_truth: bool = False
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(self.pseudo > 0, "consensus.pseudo", self.pseudo, "above 0")

    def start(self, history: History | None) -> Weights:
        """See :class:`ConsensusRule`."""
        if history is None or not len(history.answers):
            return Weights(agents=np.empty(0), prior=np.empty(0), record=NOTHING)
        checked(self, history)
        refuse_misfit(history)
        return self._for_options(history) if history.options else self._for_points(history)

    def decide(self, ballots: Ballots, memory: Weights) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        refuse_strangers(len(memory.agents), ballots, memory.record)
        given, n = answered(ballots.answers), ballots.answers.shape[1]
        if not ballots.options:
            support = shared(memory.agents if len(memory.agents) else np.ones(n), given)
            return point_verdicts(
                ballots, memory.record, weighted_mean(as_points(ballots.answers), support), support
            )
        answers = as_options(ballots.answers)
        weights = memory.agents
        if not len(weights):
            if not self.without_truth:
                support = shared(np.ones(n), given)
                choice, _ = leading(tally(answers, ballots.options), answers)
                return vote_verdicts(ballots, memory.record, choice, support)
            weights = vote_weights(dawid_skene(answers, ballots.options).accuracy, ballots.options)
        totals = tally(answers, ballots.options, weights) + (memory.prior if len(memory.prior) else 0.0)
        choice, _ = leading(totals, answers)
        confidence = sureness(memory.record, lead_log_odds(totals, choice))
        return verdicts(ballots, memory.record, choice, confidence, shared(weights, given), None)

    def _for_options(self, history: History) -> Weights:
        answers, truth, options = as_options(history.answers), as_options(history.truth), history.options
        counts = np.bincount(truth, minlength=options) + 1.0
        prior = np.log(counts / counts.sum()) if self.learn_prior else np.empty(0)
        other = vote_weights(cross_fitted(answers, truth, options, self.pseudo), options)
        totals = tally(answers, options, other) + (prior if len(prior) else 0.0)
        choice, _ = leading(totals, answers)
        record = record_of(history, lead_log_odds(totals, choice), (choice == truth).astype(np.float64))
        accuracy = Competence.of(answers, truth, options).accuracy(self.pseudo)
        return Weights(agents=vote_weights(accuracy, options), prior=prior, record=record)

    def _for_points(self, history: History) -> Weights:
        squares = ((history.answers - history.truth[:, None, :]) ** 2).mean(axis=2)
        given = answered(history.answers)
        fold = folds(len(squares))
        support = np.empty(given.shape)
        for f in range(FOLDS):
            rest = fold != f
            support[~rest] = shared(self._precision(squares[rest], given[rest]), given[~rest])
        record = point_record(history, weighted_mean(as_points(history.answers), support), effective(support))
        return Weights(agents=self._precision(squares, given), prior=np.empty(0), record=record)

    def _precision(self, squares: Floats, given: Bools) -> Floats:
        """`[n]` inverse mean squared error, pulled to the panel's."""
        counted = np.where(given, squares, 0.0)
        heads = given.sum(axis=0)
        pooled = counted.sum() / max(int(heads.sum()), 1)
        error = (counted.sum(axis=0) + self.pseudo * pooled) / (heads + self.pseudo)
        return np.asarray(1.0 / np.maximum(error, 1e-300))
