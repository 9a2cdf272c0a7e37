"""How far agents agree beyond chance.

Agreement on a question is ``max(0, (S - S0) / (1 - S0))``. S is the mean similarity of two agents' answers: whether
they name the same option, or ``exp(-distance**2 / 2 width**2)`` of two points. S0 is what it would be by chance:

- with a history, the mean of its permutation null, in which each agent's answers are shuffled over the questions, so
  that agents keep their habits and lose the question. For options that mean is known in closed form, the mean over
  pairs of ``sum_k p_ik p_jk``; for points it is taken over pairs of different agents' answers to different questions,
  whose median distance is also the width;
- without one, options: ``1 / K`` (everybody guesses evenly); points: the null of the ballots' own questions, or NaN
  if there is but one.

Source:
    Chance correction as in Cohen (1960), *Educational and Psychological Measurement* 20:37; the null with each
    agent's own habits is that of Cohen's kappa averaged over pairs; even guessing is Bennett, Alpert and Goldstein
    (1954), *Public Opinion Quarterly* 18:303.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Bools, Floats, Ints, kernel
from ...rng import generator
from .base import Ballots, History, answered, as_options
from .tally import tally

PAIRS = 20_000
ALL_PAIRS = 256
PARTNERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """What chance gives.

    Attributes:
        similarity: mean similarity of two agents' answers by chance; NaN where nothing is known of it.
        width: distance at which similarity has fallen to ``exp(-1/2)``; 0 for options.
    """

    similarity: float
    width: float


def chance_of(given: Ballots | History | None) -> Chance:
    """What chance gives, by the permutation null of some questions.

    Args:
        given: the questions; None where there are none.
    """
    if given is None or not len(given.answers):
        return Chance(similarity=np.nan, width=0.0)
    if given.options:
        return Chance(similarity=_same_option(as_options(given.answers), given.options), width=0.0)
    return _near(given.answers)


def agreement(ballots: Ballots, chance: Chance) -> Floats:
    """Chance-corrected mean pairwise agreement.

    Args:
        ballots: the questions.
        chance: what :func:`chance_of` says of the past, or of nothing.

    Returns:
        `[T]` in [0, 1]; 0 where fewer than two agents answered or where chance alone agrees always.
    """
    known = chance
    if np.isnan(chance.similarity):
        if ballots.options:
            known = Chance(similarity=1.0 / ballots.options, width=0.0)
        elif len(ballots.answers) > 1:
            known = chance_of(ballots)
    room = 1.0 - known.similarity
    if room <= 0:
        return np.zeros(len(ballots.answers))
    return np.clip((similarity(ballots, known.width) - known.similarity) / room, 0.0, 1.0)


def similarity(ballots: Ballots, width: float) -> Floats:
    """Mean similarity of two agents' answers to the same question.

    Up to 256 agents all pairs count, above that 64 partners of each, at even strides through the list.

    Args:
        ballots: the questions.
        width: see :class:`Chance`; not used for options.

    Returns:
        `[T]` in [0, 1]; 0 where fewer than two agents answered.
    """
    given = answered(ballots.answers)
    if ballots.options:
        votes = tally(as_options(ballots.answers), ballots.options)
        n = votes.sum(axis=1)
        pairs = n * (n - 1)
        same = (votes * (votes - 1)).sum(axis=1)
        return np.asarray(np.divide(same, pairs, out=np.zeros_like(pairs), where=pairs > 0))
    agents = given.shape[1]
    half = agents // 2
    strides = (
        np.arange(1, half + 1) if agents <= ALL_PAIRS else np.linspace(1, half, PARTNERS).astype(np.int64)
    )
    return _mean_similarity(
        np.ascontiguousarray(ballots.answers, np.float64), given, strides, max(width, 1e-150)
    )


def _same_option(answers: Ints, options: int) -> float:
    """Mean over pairs of agents of the chance that shuffled answers name the same option."""
    habits = tally(answers.T, options)
    seen = habits.sum(axis=1)
    habits = habits[seen > 0] / seen[seen > 0, None]
    n = len(habits)
    if n < 2:
        return 1.0 / options
    return float((habits.sum(axis=0) @ habits.sum(axis=0) - (habits**2).sum()) / (n * (n - 1)))


def _near(answers: Ints | Floats) -> Chance:
    """Median distance and mean similarity of different agents' answers to different questions."""
    questions, n = answers.shape[:2]
    if questions < 2 or n < 2:
        return Chance(similarity=np.nan, width=0.0)
    rng = generator(0, "consensus.chance")
    q, other_q = rng.integers(questions, size=PAIRS), rng.integers(1, questions, size=PAIRS)
    i, other_i = rng.integers(n, size=PAIRS), rng.integers(1, n, size=PAIRS)
    apart = answers[q, i] - answers[(q + other_q) % questions, (i + other_i) % n]
    squares = (apart**2).sum(axis=1)
    squares = squares[~np.isnan(squares)]
    if not len(squares):
        return Chance(similarity=np.nan, width=0.0)
    width = max(float(np.sqrt(np.median(squares))), 1e-150)
    return Chance(similarity=float(np.exp(-squares / (2 * width**2)).mean()), width=width)


@kernel
def _mean_similarity(answers: Floats, given: Bools, strides: Ints, width: float) -> Floats:
    """Mean of the Gaussian similarity over pairs ``(i, i + stride)``."""
    questions, n, d = answers.shape
    out = np.zeros(questions)
    for t in range(questions):
        total = 0.0
        pairs = 0
        for s in range(len(strides)):
            for i in range(n):
                j = i + strides[s]
                if j >= n:
                    j -= n
                if given[t, i] and given[t, j]:
                    square = 0.0
                    for k in range(d):
                        apart = (answers[t, i, k] - answers[t, j, k]) / width
                        square += apart * apart
                    total += np.exp(-0.5 * square)
                    pairs += 1
        if pairs:
            out[t] = total / pairs
    return out
