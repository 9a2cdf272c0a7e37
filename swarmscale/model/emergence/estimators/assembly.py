"""Assembly bonus: whether a group beats the best that can be made of its members' answers without any exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....agents.consensus.competence import FOLDS, Competence, vote_weights
from ....agents.consensus.tally import leading, tally
from ....arrays import Floats, Ints
from ....errors import require

if TYPE_CHECKING:
    from ..base import Opinions

PSEUDO = 4.0
"""Questions' worth of pull of a member's accuracy to the group's, as in the consensus rule ``weighted``."""


class Assembly(NamedTuple):
    """A group's answers against those that its members give alone.

    Attributes:
        bonus: its accuracy less that of the nominal group.
        se: standard error of that.
        p: chance of such a bonus if the signs of the differences were random.
        group_accuracy: share of right answers; an abstention is not right.
        nominal_accuracy: that of the cross-fitted weighted vote of the members.
        best_member_accuracy: that of the member who was best on other questions.
        mean_member_accuracy: mean over members.
        weak_p: one-sided chance of the gain over the mean member.
        strong_p: of the gain over the best member.
    """

    bonus: float
    se: float
    p: float
    group_accuracy: float
    nominal_accuracy: float
    best_member_accuracy: float
    mean_member_accuracy: float
    weak_p: float
    strong_p: float


def assembly_bonus(opinions: Opinions, draws: int, rng: np.random.Generator) -> Assembly:
    """Compare a group with its mean member, its best one, and its nominal group.

    Args:
        opinions: what members and group answered to J questions, J of 10 or more.
        draws: sign flips of each test.
        rng: for folds and flips.

    Raises:
        ConfigError: if shapes or options do not fit together.

    Source:
        Collins and Guetzkow (1964), *A Social Psychology of Group Processes for Decision-Making* (assembly bonus);
        Larson (2010), *In Search of Synergy in Small Group Performance* (weak and strong synergy).
    """
    _checked(opinions)
    fold = random_folds(len(opinions.truth), FOLDS, rng)
    hits = (opinions.alone == opinions.truth[:, None]).astype(np.float64)
    group = (opinions.group == opinions.truth).astype(np.float64)
    answers = _nominal(opinions.alone, opinions.truth, opinions.options, fold)
    nominal = (answers == opinions.truth).astype(np.float64)
    best = np.empty(len(hits))
    for f in range(FOLDS):
        mine = fold == f
        best[mine] = hits[mine, int(hits[~mine].mean(axis=0).argmax())]
    gain = group - nominal
    return Assembly(
        bonus=float(gain.mean()),
        se=float(gain.std(ddof=1) / np.sqrt(len(gain))),
        p=sign_flip(gain, draws, rng),
        group_accuracy=float(group.mean()),
        nominal_accuracy=float(nominal.mean()),
        best_member_accuracy=float(best.mean()),
        mean_member_accuracy=float(hits.mean()),
        weak_p=sign_flip(group - hits.mean(axis=1), draws, rng),
        strong_p=sign_flip(group - best, draws, rng),
    )


def nominal_answers(
    alone: Ints, truth: Ints, options: int, *, folds: int = FOLDS, rng: np.random.Generator
) -> Ints:
    """What a nominal group answers: the members' vote, weighted by their accuracy on other questions.

    Args:
        alone: `[J, n]` each member's own answer, -1 for none.
        truth: `[J]` right answers.
        options: number of options.
        folds: parts into which the questions are split; weights come from the other parts.
        rng: for the split.

    Returns:
        `[J]` options.

    Source:
        Nitzan and Paroush (1982), *International Economic Review* 23:289; log-odds from shrunk accuracies.
    """
    return _nominal(alone, truth, options, random_folds(len(truth), folds, rng))


def _nominal(alone: Ints, truth: Ints, options: int, fold: Ints) -> Ints:
    out = np.empty(len(truth), np.int64)
    for f in range(int(fold.max()) + 1):
        mine = fold == f
        accuracy = Competence.of(alone[~mine], truth[~mine], options).accuracy(PSEUDO)
        totals = tally(alone[mine], options, vote_weights(accuracy, options))
        out[mine], _ = leading(totals, alone[mine])
    return out


def random_folds(questions: int, folds: int, rng: np.random.Generator) -> Ints:
    """`[J]` part of each question: equal parts, at random.

    Raises:
        ConfigError: if there are fewer than two questions a part.
    """
    require(folds >= 2, "folds", folds, "2 or more")
    require(questions >= 2 * folds, "number of questions", questions, f"{2 * folds} or more")
    return rng.permutation(np.arange(questions) % folds)


def sign_flip(difference: Floats, draws: int, rng: np.random.Generator) -> float:
    """One-sided chance of a mean as high as this if each difference had a random sign.

    Args:
        difference: `[J]`.
        draws: flips of all signs.
        rng: for these.

    Source:
        Fisher (1935), *The Design of Experiments*, ch. 3.
    """
    require(draws >= 1, "draws", draws, "1 or more")
    moved = difference[difference != 0]
    flips = 2.0 * rng.integers(0, 2, (draws, len(moved)), np.int8) - 1.0
    least = moved.sum() - 1e-9 * np.abs(moved).sum()
    return float((1.0 + np.count_nonzero(flips @ moved >= least)) / (1.0 + draws))


def _checked(opinions: Opinions) -> None:
    questions = len(opinions.truth)
    shape = np.shape(opinions.alone)
    require(
        len(shape) == 2 and shape[0] == questions, "opinions.alone.shape", shape, f"({questions}, members)"
    )
    shape = np.shape(opinions.group)
    require(shape == (questions,), "opinions.group.shape", shape, f"({questions},)")
    require(opinions.options >= 2, "opinions.options", opinions.options, "2 or more")
    for name, low in (("alone", -1), ("group", -1), ("truth", 0)):
        given = np.asarray(getattr(opinions, name))
        fits = given.size > 0 and int(given.min()) >= low and int(given.max()) < opinions.options
        require(fits, f"opinions.{name}", "other options", f"from {low} to {opinions.options - 1}")
