"""What a consensus rule is, what it is given and gives back, and how to add one.

A rule turns the answers of a panel of agents into one. It is a frozen keyword-only dataclass with two methods:
``start`` learns from past questions whose truth is known by now, ``decide`` is a pure function of the ballots and of
what was learned, so that nothing is ever weighed by the very questions that it decides. To add one, write a file with
the class and one line in this folder's ``__init__``; from outside, put ``@swarmscale.register("consensus rule",
"my-rule")`` above the class. :func:`checked` refuses ballots of a sort that a rule cannot decide, :mod:`tally` counts
votes, :mod:`agreement` measures agreement, and :mod:`record` keeps what most rules learn of the past.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from ...arrays import Floats, Ints, Ints32
from ...errors import ConfigError, require


class Ballots(NamedTuple):
    """T questions put to the same n agents.

    Attributes:
        answers: `[T, n]` int64 options from 0 to ``options - 1``, -1 for no answer; or `[T, n, d]` float64, NaN for
            no answer.
        confidence: `[T, n]` each agent's stated chance of being right, in [0, 1]; NaN where it states none.
        options: number of options; 0 for continuous answers.
        neighbors: ``(offsets, members)``, `[n + 1]` and `[M]`, int32, symmetric: who listens to whom; None for
            everybody to everybody.
        conformity: `[n]` how far an agent gives way to its neighbors, in [0, 1].
    """

    answers: Ints | Floats
    confidence: Floats
    options: int
    neighbors: tuple[Ints32, Ints32] | None
    conformity: Floats


class History(NamedTuple):
    """H past questions put to the same n agents, with their truth.

    Attributes:
        answers: `[H, n]` or `[H, n, d]`, as in :class:`Ballots`.
        confidence: `[H, n]` as in :class:`Ballots`.
        truth: `[H]` options, or `[H, d]`.
        options: number of options; 0 for continuous answers.
    """

    answers: Ints | Floats
    confidence: Floats
    truth: Ints | Floats
    options: int


class Verdicts(NamedTuple):
    """What a rule made of the ballots.

    Attributes:
        answer: `[T]` option, -1 where the rule abstains; or `[T, d]`, NaN where it abstains.
        confidence: `[T]` in [0, 1], 0 where the rule abstains. For options, with a history: chance that the verdict
            is right. For continuous answers: chance that it lies nearer to the truth than the answer of an agent
            taken at random. Without a history it is only what the rule's own docstring says.
        agreement: `[T]` chance-corrected mean pairwise agreement of the agents, in [0, 1], see :mod:`agreement`; NaN
            for a single continuous question without a history, for nothing tells what chance would give.
        rounds: `[T]` rounds of communication among the agents; 1 where each answer is handed in once.
        support: `[T, n]` weight with which each agent's answer counted, below 0 if it counted against itself;
            absolute values sum to 1 over the agents, or to 0 where nobody was counted.
    """

    answer: Ints | Floats
    confidence: Floats
    agreement: Floats
    rounds: Ints
    support: Floats


class ConsensusRule[M](Protocol):
    """Brings a panel's answers together into one.

    Attributes:
        discrete: whether it decides among options.
        continuous: whether it decides points in space.
    """

    discrete: ClassVar[bool]
    continuous: ClassVar[bool]

    def start(self, history: History | None) -> M:
        """What the past teaches: weights, calibration maps, thresholds; a frozen dataclass of arrays and numbers.

        Args:
            history: past questions put to the same agents, or None.
        """
        ...

    def decide(self, ballots: Ballots, memory: M) -> Verdicts:
        """One verdict a question; the same for the same ballots and memory.

        Raises:
            ConfigError: if the rule cannot decide this sort of answers.
        """
        ...


def ballots(
    answers: Ints | Floats,
    options: int = 0,
    confidence: Floats | None = None,
    neighbors: tuple[Ints32, Ints32] | None = None,
    conformity: Floats | None = None,
) -> Ballots:
    """Ballots with what is not said filled in: no confidence stated, everybody hears everybody, conformity 1/2.

    Args:
        answers: `[T, n]` options or `[T, n, d]` points.
        options: number of options; 0 for points.
        confidence: `[T, n]` or None.
        neighbors: as in :class:`Ballots`.
        conformity: `[n]` or None.

    Raises:
        ConfigError: if shapes or values do not fit together.

    >>> ballots(np.array([[0, 1, 1]]), 2).conformity
    array([0.5, 0.5, 0.5])
    """
    given = np.asarray(answers)
    shape = given.shape[:2]
    made = Ballots(
        given.astype(np.int64) if options else given.astype(np.float64),
        np.full(shape, np.nan) if confidence is None else np.asarray(confidence, np.float64),
        options,
        neighbors,
        np.full(shape[-1], 0.5) if conformity is None else np.asarray(conformity, np.float64),
    )
    _refuse_misshapen(made)
    return made


def checked(rule: ConsensusRule[Any], given: Ballots | History) -> None:
    """Refuse answers of a sort that a rule cannot decide.

    Raises:
        ConfigError: with the way out.
    """
    sort = "options" if given.options else "continuous answers"
    if not (rule.discrete if given.options else rule.continuous):
        raise ConfigError(
            f"consensus rule {type(rule).__name__} cannot decide {sort}; take one that can, such as 'similarity'"
        )
    if isinstance(given, Ballots):
        _refuse_misshapen(given)


def answered(answers: Ints | Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """`[T, n]` whether an agent gave an answer.

    >>> answered(np.array([[0, -1]]))
    array([[ True, False]])
    """
    if answers.ndim == 3:
        return np.asarray(~np.isnan(answers).any(axis=2))
    return np.asarray(answers >= 0)


def as_options(values: Ints | Floats) -> Ints:
    """Answers or truths as options."""
    return np.asarray(values, np.int64)


def as_points(values: Ints | Floats) -> Floats:
    """Answers or truths as points."""
    return np.asarray(values, np.float64)


def _refuse_misshapen(given: Ballots) -> None:
    """Refuse ballots whose arrays do not fit together."""
    answers = given.answers
    wanted = 2 if given.options else 3
    rule = (
        f"{wanted}-dimensional, with {given.options} options"
        if given.options
        else "[T, n, d] where options is 0"
    )
    require(answers.ndim == wanted, "ballots.answers.ndim", answers.ndim, rule)
    t, n = answers.shape[:2]
    require(n >= 1, "ballots.answers.shape", answers.shape, "of one agent or more")
    shape = given.confidence.shape
    require(shape == (t, n), "ballots.confidence.shape", shape, f"that of the answers, {(t, n)}")
    shape = given.conformity.shape
    require(shape == (n,), "ballots.conformity.shape", shape, f"one for each agent, ({n},)")
    if given.options:
        low, high = (int(answers.min()), int(answers.max())) if answers.size else (0, 0)
        require(
            low >= -1 and high < given.options,
            "ballots.answers",
            (low, high),
            f"from -1 to {given.options - 1}",
        )
    for name, share in (("confidence", given.confidence), ("conformity", given.conformity)):
        beyond = share[(share < 0) | (share > 1)]
        require(not len(beyond), f"ballots.{name}", beyond[:1], "in [0, 1]")
    if given.neighbors is not None:
        offsets, members = given.neighbors
        require(
            len(offsets) == n + 1, "ballots.neighbors offsets", len(offsets), f"{n + 1}, one more than agents"
        )
        require(
            offsets[-1] == len(members),
            "ballots.neighbors members",
            len(members),
            f"{offsets[-1]}, the last offset",
        )
        known = not len(members) or (int(members.min()) >= 0 and int(members.max()) < n)
        require(known, "ballots.neighbors members", "unknown agents", f"from 0 to {n - 1}")
