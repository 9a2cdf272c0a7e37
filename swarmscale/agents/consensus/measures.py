"""What is measured beside any rule: accuracy, calibration, how far errors go together, and agreement beyond chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Ints
from .agreement import chance_of, similarity
from .base import Ballots, answered, as_options, as_points


def right(answers: Ints, truth: Ints) -> Floats:
    """`[T]` 1 where an answer is right, 0 where it is wrong, NaN where there is none."""
    return np.where(answers < 0, np.nan, (answers == truth).astype(np.float64))


def accuracy(answers: Ints, truth: Ints) -> float:
    """Share of right answers among those given; NaN if none was.

    >>> accuracy(np.array([1, 0, -1, 1]), np.array([1, 1, 1, 1])).__round__(4)
    0.6667
    """
    given = answers >= 0
    return float((answers[given] == truth[given]).mean()) if given.any() else np.nan


def abstention(answers: Ints | Floats) -> float:
    """Share of questions without a verdict.

    >>> abstention(np.array([1, -1]))
    0.5
    """
    none = answers < 0 if answers.ndim == 1 else np.isnan(answers).any(axis=1)
    return float(none.mean()) if len(none) else 0.0


def brier(confidence: Floats, outcome: Floats) -> float:
    """Mean squared difference of stated chance and outcome, NaN left out: 0 is best, a coin called 1/2 gets 1/4.

    Args:
        confidence: `[...]` stated chances of being right.
        outcome: `[...]` 1 if right, 0 if not, NaN for no answer.

    Source:
        Brier (1950), *Monthly Weather Review* 78:1, in the form for one event.
    """
    squares = (confidence - outcome) ** 2
    known = ~np.isnan(squares)
    return float(squares[known].mean()) if known.any() else np.nan


def calibration_error(confidence: Floats, outcome: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated chance and frequency over bins of equal width.

    With few answers it is above 0 even for perfect calibration, by about ``bins`` standard errors of a bin.

    Args:
        confidence: `[...]` stated chances of being right.
        outcome: `[...]` 1 if right, 0 if not, NaN for no answer.
        bins: number of bins of [0, 1].

    Source:
        Naeini, Cooper and Hauskrecht (2015), AAAI.

    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([1.0, 1.0, 1.0, 0.0]))
    0.0
    """
    known = ~(np.isnan(confidence) | np.isnan(outcome))
    said, so = confidence[known], outcome[known]
    if not len(said):
        return np.nan
    place = np.minimum((said * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, said, bins) - np.bincount(place, so, bins)
    return float(np.abs(gaps).sum() / len(said))


def error_correlation(answers: Ints | Floats, truth: Ints | Floats, options: int) -> float:
    """Intra-class correlation of the agents' errors: 0 where they err apart, 1 where they err together.

    Args:
        answers: `[T, n]` options or `[T, n, d]` points, two questions or more.
        truth: `[T]` options or `[T, d]` points.
        options: number of options; 0 for points, where it is the mean over dimensions of that of signed errors.

    Returns:
        At most 1; below 0 where agents err less together than by chance; NaN where nothing varies.
    """
    if options:
        said = as_options(answers)
        wrong = np.where(said < 0, np.nan, (said != as_options(truth)[:, None]).astype(np.float64))
        return intraclass(wrong)
    errors = as_points(answers) - as_points(truth)[:, None, :]
    each = np.array([intraclass(errors[:, :, k]) for k in range(errors.shape[2])])
    known = each[~np.isnan(each)]
    return float(known.mean()) if len(known) else np.nan


def intraclass(values: Floats) -> float:
    """Analysis-of-variance estimate of the correlation of two agents' values for the same question.

    Args:
        values: `[T, n]` values, NaN where there is none.

    Source:
        Donner (1986), *International Statistical Review* 54:67; for yes or no, Ridout, Demetrio and Firth (1999),
        *Biometrics* 55:137, who find it close to unbiased for beta-binomial votes.
    """
    given = ~np.isnan(values)
    heads = given.sum(axis=1)
    values, given, heads = values[heads > 0], given[heads > 0], heads[heads > 0]
    questions, answers = len(heads), int(heads.sum())
    if questions < 2 or answers <= questions:
        return np.nan
    held = np.where(given, values, 0.0)
    means = held.sum(axis=1) / heads
    mean = held.sum() / answers
    between = float((heads * (means - mean) ** 2).sum()) / (questions - 1)
    within = float((np.where(given, values - means[:, None], 0.0) ** 2).sum()) / (answers - questions)
    size = (answers - float((heads**2).sum()) / answers) / (questions - 1)
    spread = between + (size - 1) * within
    return (between - within) / spread if spread > 0 else np.nan


def effective_voters(n: float, correlation: float) -> float:
    """Number of independent voters that n voters with correlated errors are worth, ``n / (1 + (n - 1) rho)``.

    Source:
        Clemen and Winkler (1985), *Operations Research* 33:427.

    >>> round(effective_voters(50_000, 0.1), 2)
    10.0
    """
    return n / max(1.0 + (n - 1.0) * correlation, 1e-300)


class BeyondChance(NamedTuple):
    """Agreement against its permutation null.

    Attributes:
        observed: mean similarity of two agents' answers to the same question, over questions.
        null: its mean with each agent's answers shuffled over the questions.
        p: chance of the observed one or more under the null, by counting.
    """

    observed: float
    null: float
    p: float

    @property
    def excess(self) -> float:
        """Observed less null."""
        return self.observed - self.null


def agreement_beyond_chance(ballots: Ballots, rng: np.random.Generator, shuffles: int = 199) -> BeyondChance:
    """Whether agents agree on the questions, and not only in their habits.

    Args:
        ballots: two questions or more.
        rng: the only source of chance.
        shuffles: of the null.
    """
    width = chance_of(ballots).width
    observed = _mean_similarity(ballots, width)
    null = np.array([_mean_similarity(_shuffled(ballots, rng), width) for _ in range(shuffles)])
    return BeyondChance(
        observed, float(null.mean()), float((1 + (null >= observed - 1e-12).sum()) / (shuffles + 1))
    )


def _mean_similarity(ballots: Ballots, width: float) -> float:
    several = answered(ballots.answers).sum(axis=1) > 1
    each = similarity(ballots, width)[several]
    return float(each.mean()) if len(each) else 0.0


def _shuffled(ballots: Ballots, rng: np.random.Generator) -> Ballots:
    """Each agent's answers in another order of questions; who did not answer a question still does not."""
    answers = ballots.answers.copy()
    given = answered(answers)
    keys = np.where(given, rng.random(given.shape), 2.0)
    order = keys.argsort(axis=0)
    places = np.where(given, np.arange(len(given))[:, None], len(given)).argsort(axis=0, kind="stable")
    agents = np.arange(given.shape[1])[None, :]
    answers[places, agents] = ballots.answers[order, agents]
    return ballots._replace(answers=answers)


class Crowd(NamedTuple):
    """Page's identity, ``crowd = mean - diversity``, on average over questions.

    Attributes:
        crowd: squared error of the mean answer.
        mean: mean squared error of the agents.
        diversity: variance of their answers.
    """

    crowd: float
    mean: float
    diversity: float


def crowd_wisdom(answers: Floats, truth: Floats) -> Crowd:
    """Error of the crowd's mean, the agents' mean error, and the diversity that makes the difference.

    Args:
        answers: `[T, n, d]` points, NaN for none.
        truth: `[T, d]` points.

    Source:
        Page (2007), *The Difference*; as ambiguity decomposition Krogh and Vedelsby (1995), NIPS 7.
    """
    some = answered(answers).any(axis=1)
    held, so = answers[some], truth[some][:, None, :]
    given = answered(held)
    heads = given.sum(axis=1, keepdims=True)
    mean = (np.where(given[:, :, None], held, 0.0).sum(axis=1) / heads)[:, None, :]
    share = given / heads
    crowd = ((mean - so) ** 2).sum(axis=2)[:, 0]
    error = (share * np.where(given, ((held - so) ** 2).sum(axis=2), 0.0)).sum(axis=1)
    diversity = (share * np.where(given, ((held - mean) ** 2).sum(axis=2), 0.0)).sum(axis=1)
    return Crowd(float(crowd.mean()), float(error.mean()), float(diversity.mean()))
