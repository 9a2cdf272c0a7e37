"""Confidence-weighted voting: each vote counts by the log-odds that its voter gives it, once these are calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from ...arrays import Bools, Floats, Ints
from ...errors import require
from .base import Ballots, History, Verdicts, as_options, checked
from .calibration import isotonic, log_odds, platt
from .competence import FOLDS, folds, vote_weights
from .record import NOTHING, Record, record_of, refuse_misfit, refuse_strangers, sureness, verdicts
from .tally import lead_log_odds, leading, shared, tally

CALIBRATIONS = ("platt", "isotonic", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What ``confidence`` remembers: maps from stated to true log-odds, and how its verdicts fared.

    Attributes:
        slope: `[n]` of each agent's line; empty where none was fitted.
        intercept: `[n]` of the same lines.
        stated: `[c]` corners of the curve of all agents; empty where none was fitted.
        found: `[c]` their log-odds as found.
        record: how such verdicts fared, with maps from other questions.
    """

    slope: Floats
    intercept: Floats
    stated: Floats
    found: Floats
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The option with the largest sum of calibrated log-odds of its voters; of two voters, the surer one's.

    Stated confidences are first mapped to the frequencies that the history shows: by a line in log-odds for each
    agent, pulled to that of all (``platt``), or by one rising curve for all (``isotonic``). Raw ones may do worse than
    a plain majority. An agent that states nothing counts as the mean of those that do; if nobody does, all count
    alike. Confidence is the posterior chance of the verdict under independence, corrected by the past.

    Source:
        Meyen, Sigg, von Luxburg and Franz (2021), *Cognitive Research* 6:18; for two voters maximum-confidence
        slating, Koriat (2012), *Science* 336:360.

    Attributes:
        calibration: "platt", "isotonic" or "none".
        pull: strength of the pull of an agent's line to that of all, in questions at even odds, above 0.
    """

    calibration: str = "platt"
    pull: float = 1.0
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False

    def __post_init__(self) -> None:
        fits = self.calibration in CALIBRATIONS
        require(fits, "consensus.calibration", repr(self.calibration), '"platt", "isotonic" or "none"')
        require(self.pull > 0, "consensus.pull", self.pull, "above 0")

    def start(self, history: History | None) -> Calibrated:
        """See :class:`ConsensusRule`."""
        if history is None or not len(history.answers):
            return Calibrated(
                slope=np.empty(0),
                intercept=np.empty(0),
                stated=np.empty(0),
                found=np.empty(0),
                record=NOTHING,
            )
        checked(self, history)
        refuse_misfit(history)
        answers = as_options(history.answers)
        said, right = log_odds(history.confidence), answers == history.truth[:, None]
        given = (answers >= 0) & ~np.isnan(said)
        fold = folds(len(answers))
        weights = np.empty(answers.shape)
        for f in range(FOLDS):
            rest = fold != f
            maps = self._fitted(said[rest], right[rest], given[rest])
            weights[~rest] = _weights(history.confidence[~rest], answers[~rest], history.options, maps)
        choice, totals = _decided(answers, weights, history.options)
        record = record_of(
            history, lead_log_odds(totals, choice), (choice == history.truth).astype(np.float64)
        )
        slope, intercept, stated, found = self._fitted(said, right, given)
        return Calibrated(slope=slope, intercept=intercept, stated=stated, found=found, record=record)

    def decide(self, ballots: Ballots, memory: Calibrated) -> Verdicts:
        """See :class:`ConsensusRule`."""
        checked(self, ballots)
        refuse_strangers(len(memory.slope), ballots, memory.record)
        answers = as_options(ballots.answers)
        maps = (memory.slope, memory.intercept, memory.stated, memory.found)
        weights = _weights(ballots.confidence, answers, ballots.options, maps)
        choice, totals = _decided(answers, weights, ballots.options)
        sure = sureness(memory.record, lead_log_odds(totals, choice))
        return verdicts(ballots, memory.record, choice, sure, shared(weights, answers >= 0), None)

    def _fitted(self, said: Floats, right: Bools, given: Bools) -> tuple[Floats, Floats, Floats, Floats]:
        """Slopes, intercepts, and corners of the curve; empty where this calibration has none."""
        none = np.empty(0)
        if self.calibration == "none" or not given.any():
            return none, none, none, none
        if self.calibration == "isotonic":
            stated, found = isotonic(said[given], right[given].astype(np.float64))
            return none, none, stated, found
        flat = given[given][:, None]
        a, b = platt(said[given][:, None], right[given][:, None].astype(np.float64), flat)
        center = (float(a[0]), float(b[0]))
        slope, intercept = platt(said, right.astype(np.float64), given, center, self.pull)
        return slope, intercept, none, none


def calibrated(confidence: Floats, memory: Calibrated) -> Floats:
    """`[T, n]` stated confidences as the history corrects them; NaN stays NaN."""
    return np.asarray(
        expit(_mapped(confidence, (memory.slope, memory.intercept, memory.stated, memory.found)))
    )


def _mapped(confidence: Floats, maps: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """`[T, n]` log-odds after calibration."""
    slope, intercept, stated, found = maps
    said = log_odds(confidence)
    if len(slope):
        return np.asarray(slope * said + intercept)
    if len(stated):
        return np.where(np.isnan(said), np.nan, np.interp(said, stated, found))
    return said


def _weights(
    confidence: Floats, answers: Ints, options: int, maps: tuple[Floats, Floats, Floats, Floats]
) -> Floats:
    """`[T, n]` vote weights."""
    weights = vote_weights(expit(_mapped(confidence, maps)), options)
    known = ~np.isnan(weights) & (answers >= 0)
    heads = known.sum(axis=1, keepdims=True)
    mean = np.where(known, weights, 0.0).sum(axis=1, keepdims=True) / np.maximum(heads, 1)
    return np.asarray(np.where(known, weights, np.where(heads > 0, mean, 1.0)))


def _decided(answers: Ints, weights: Floats, options: int) -> tuple[Ints, Floats]:
    """`[T]` choices and `[T, K]` totals of log-odds."""
    totals = tally(answers, options, weights)
    choice, _ = leading(totals, answers)
    pairs = np.nonzero((answers >= 0).sum(axis=1) == 2)[0]
    if len(pairs):
        surer = np.where(answers[pairs] >= 0, weights[pairs], -np.inf).argmax(axis=1)
        choice[pairs] = answers[pairs, surer]
    return choice, totals
