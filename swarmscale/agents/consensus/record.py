"""What a rule's past says of its verdicts: how sure to be of the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from ...arrays import Floats, Ints
from ...errors import require
from .agreement import Chance, agreement, chance_of
from .base import Ballots, History, Verdicts, answered, as_options, as_points
from .calibration import platt
from .competence import Competence, vote_weights
from .tally import FAR, effective, lead_log_odds, leading, shared, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What most rules remember.

    Attributes:
        questions: past questions learned from; 0 without a history.
        options: number of options that they had; 0 for points.
        right: share of the agents' own answers that were right, for options; NaN otherwise.
        slope: of the log-odds that a verdict is right over those that its votes would give if they were independent;
            below 1 where errors go together.
        intercept: of the same line.
        chance: what agreement is by chance.
    """

    questions: int
    options: int
    right: float
    slope: float
    intercept: float
    chance: Chance


NOTHING = Record(questions=0, options=0, right=np.nan, slope=1.0, intercept=0.0, chance=chance_of(None))


def record_of(history: History, said: Floats, came_true: Floats) -> Record:
    """A record from what a rule would have said of past questions.

    Args:
        history: the past.
        said: `[H]` log-odds of each verdict as the rule computes them.
        came_true: `[H]` whether it was right, or the share of agents that it beat.
    """
    slope, intercept = platt(said[:, None], came_true[:, None], np.ones((len(said), 1), bool))
    right = np.nan
    if history.options:
        right = Competence.of(
            as_options(history.answers), as_options(history.truth), history.options
        ).pooled()
    return Record(
        questions=len(said),
        options=history.options,
        right=right,
        slope=float(slope[0]),
        intercept=float(intercept[0]),
        chance=chance_of(history),
    )


def vote_record(history: History | None) -> Record:
    """The record of rules that count heads: equal weights, for options."""
    if history is None or not len(history.answers):
        return NOTHING
    refuse_misfit(history)
    answers, truth = as_options(history.answers), as_options(history.truth)
    weight = vote_weights(np.array(Competence.of(answers, truth, history.options).pooled()), history.options)
    totals = tally(answers, history.options)
    choice, _ = leading(totals, answers)
    return record_of(history, lead_log_odds(totals * weight, choice), (choice == truth).astype(np.float64))


def mean_record(history: History | None) -> Record:
    """The record of rules for options and points that treat all agents alike: heads counted, points averaged."""
    if history is None or not len(history.answers) or history.options:
        return vote_record(history)
    refuse_misfit(history)
    support = even_support(history)
    return point_record(history, weighted_mean(as_points(history.answers), support), effective(support))


def point_record(history: History, verdicts: Floats, voters: Floats) -> Record:
    """The record of a rule that gives points, from its verdicts on the past.

    Args:
        history: the past.
        verdicts: `[H, d]` what the rule would have said.
        voters: `[H]` number of equal voters that its weights were worth.
    """
    beaten = share_beaten(verdicts, history)
    known = ~np.isnan(beaten)
    past = History(history.answers[known], history.confidence[known], history.truth[known], 0)
    return record_of(past, nearer_log_odds(voters)[known], beaten[known])


def share_beaten(verdicts: Floats, history: History) -> Floats:
    """`[H]` share of the agents that answered whose answer lies farther from the truth than the verdict."""
    apart = np.linalg.norm(history.answers - history.truth[:, None, :], axis=2)
    mine = np.linalg.norm(verdicts - history.truth, axis=1)[:, None]
    given = ~np.isnan(apart)
    wins = ((apart > mine) + 0.5 * (apart == mine)).sum(axis=1)
    heads = given.sum(axis=1)
    decided = (heads > 0) & ~np.isnan(mine[:, 0])
    return np.asarray(np.divide(wins, heads, out=np.full(len(heads), np.nan), where=decided))


def nearer_log_odds(voters: Floats) -> Floats:
    """Log-odds that the mean of m independent answers lies nearer to the truth than one more answer.

    For normal errors in one dimension the chance is ``2 / pi * atan(sqrt(m))``, from the ratio of two normals being
    Cauchy; in more dimensions it is higher.

    >>> expit(nearer_log_odds(np.array([1.0, 3.0]))).round(4)
    array([0.5   , 0.6667])
    """
    m = np.maximum(np.nan_to_num(voters, posinf=1e12), 0.0)
    return np.asarray(np.clip(logit(2 / np.pi * np.arctan(np.sqrt(m))), -FAR, FAR))


def vote_verdicts(
    ballots: Ballots, record: Record, choice: Ints, support: Floats, rounds: Ints | None = None
) -> Verdicts:
    """Verdicts of a rule that counts heads, with shares of weight instead of heads where it has them.

    Args:
        ballots: the questions.
        record: the past; without one, confidence is the share of weight that stands behind the verdict.
        choice: `[T]` options, -1 where the rule abstains.
        support: `[T, n]` shares of weight, 0 or more.
        rounds: `[T]` rounds of communication; None for one.
    """
    refuse_other_sort(ballots, record)
    shares = tally(as_options(ballots.answers), ballots.options, support)
    if record.questions:
        weight = vote_weights(np.array(record.right), ballots.options)
        totals = shares * weight * effective(support)[:, None]
        confidence = sureness(record, lead_log_odds(totals, choice))
    else:
        confidence = shares[np.arange(len(choice)), choice]
    return verdicts(ballots, record, choice, confidence, support, rounds)


def point_verdicts(
    ballots: Ballots,
    record: Record,
    points: Floats,
    support: Floats,
    *,
    voters: Floats | None = None,
    rounds: Ints | None = None,
) -> Verdicts:
    """Verdicts of a rule that gives points; confidence as if errors were independent, then as the past corrects it.

    Args:
        ballots: the questions.
        record: the past.
        points: `[T, d]`, NaN where the rule abstains.
        support: `[T, n]` shares of weight.
        voters: `[T]` number of equal voters that the verdict is worth; None for that of the shares.
        rounds: `[T]` rounds of communication; None for one.
    """
    said = nearer_log_odds(effective(support) if voters is None else voters)
    confidence = sureness(record, said)
    return verdicts(ballots, record, points, confidence, support, rounds)


def sureness(record: Record, said: Floats) -> Floats:
    """`[T]` chance that verdicts are right, from the log-odds that a rule computes and its past."""
    return np.asarray(expit(record.slope * said + record.intercept))


def verdicts(
    ballots: Ballots,
    record: Record,
    answer: Ints | Floats,
    confidence: Floats,
    support: Floats,
    rounds: Ints | None,
) -> Verdicts:
    """Verdicts with agreement, and with nothing claimed where the rule abstains."""
    refuse_other_sort(ballots, record)
    abstains = answer < 0 if ballots.options else np.isnan(answer).any(axis=1)
    return Verdicts(
        answer,
        np.where(abstains, 0.0, confidence),
        agreement(ballots, record.chance),
        np.ones(len(answer), np.int64) if rounds is None else rounds,
        support,
    )


def even_support(ballots: Ballots | History) -> Floats:
    """`[T, n]` equal shares of all who answered."""
    return shared(np.ones(ballots.answers.shape[1]), answered(ballots.answers))


def refuse_misfit(history: History) -> None:
    """Refuse a history whose truth does not fit its answers."""
    wanted = (len(history.answers),) if history.options else history.answers.shape[::2]
    require(history.truth.shape == wanted, "history.truth.shape", history.truth.shape, f"{wanted}")


def refuse_strangers(known: int, ballots: Ballots, record: Record) -> None:
    """Refuse ballots of other agents or other questions than the history had; nothing learned fits all."""
    refuse_other_sort(ballots, record)
    n = ballots.answers.shape[1]
    require(known in (0, n), "agents of the ballots", n, f"those of the history, {known}, in the same order")


def weighted_mean(answers: Floats, support: Floats) -> Floats:
    """`[T, d]` mean of `[T, n, d]` answers by `[T, n]` shares; NaN where nobody has a share."""
    points = np.matmul(support[:, None, :], np.nan_to_num(answers))[:, 0, :]
    return np.where(np.abs(support).sum(axis=1, keepdims=True) > 0, points, np.nan)


def refuse_other_sort(ballots: Ballots, record: Record) -> None:
    """Refuse ballots with another number of options than the history had."""
    fits = record.questions == 0 or record.options == ballots.options
    require(fits, "ballots.options", ballots.options, f"that of the history, {record.options}")
