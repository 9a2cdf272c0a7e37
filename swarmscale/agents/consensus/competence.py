"""How often agents are right: running accuracy, shrunk; cross-fitting; and what to do where no truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Ints

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Competence:
    """Running counts of right answers.

    Attributes:
        right: `[n]` right answers.
        answered: `[n]` answers.
        options: number of options of the questions.
    """

    right: Floats
    answered: Floats
    options: int

    @classmethod
    def of(cls, answers: Ints, truth: Ints, options: int) -> Competence:
        """Counts over `[H, n]` answers and `[H]` truths."""
        hits = (answers == truth[:, None]).sum(axis=0).astype(np.float64)
        return cls(right=hits, answered=(answers >= 0).sum(axis=0).astype(np.float64), options=options)

    def and_also(self, answers: Ints, truth: Ints) -> Competence:
        """These counts and those of more questions."""
        more = Competence.of(answers, truth, self.options)
        return Competence(
            right=self.right + more.right, answered=self.answered + more.answered, options=self.options
        )

    def pooled(self) -> float:
        """Share of right answers of all agents, by Laplace's rule: ``(right + 1) / (answers + K)``."""
        return float((self.right.sum() + 1.0) / (self.answered.sum() + self.options))

    def accuracy(self, pseudo: float) -> Floats:
        """`[n]` share of right answers, shrunk to the pooled one as by ``pseudo`` more questions.

        >>> Competence(right=np.array([9.0, 0.0]), answered=np.array([9.0, 0.0]), options=2).accuracy(2.0).round(3)
        array([0.983, 0.909])
        """
        return np.asarray((self.right + pseudo * self.pooled()) / (self.answered + pseudo))


def vote_weights(accuracy: Floats, options: int) -> Floats:
    """Log-odds weights ``ln((K - 1) p / (1 - p))``: 0 for a guesser, below 0 for worse.

    Args:
        accuracy: `[...]` chance of a right answer; wrong ones are spread evenly over the other options.
        options: number of options K, 2 or more.

    Source:
        Nitzan and Paroush (1982), *International Economic Review* 23:289; Shapley and Grofman (1984).

    >>> vote_weights(np.array([0.5, 0.9]), 2).round(4)
    array([0.    , 2.1972])
    """
    p = np.clip(accuracy, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(max(options - 1, 1) * p / (1 - p)))


def folds(questions: int) -> Ints:
    """`[H]` fold of each question, 0 to 4 in turn."""
    return np.arange(questions) % FOLDS


def cross_fitted(answers: Ints, truth: Ints, options: int, pseudo: float) -> Floats:
    """Accuracy of each agent for each question, from the questions of the other folds alone.

    Args:
        answers: `[H, n]` options, -1 for none.
        truth: `[H]` options.
        options: number of options.
        pseudo: strength of the pull to the pooled accuracy, in questions.

    Returns:
        `[H, n]` accuracies.
    """
    fold = folds(len(answers))
    out = np.empty(answers.shape)
    for f in range(FOLDS):
        rest = fold != f
        out[~rest] = Competence.of(answers[rest], truth[rest], options).accuracy(pseudo)
    return out


class WithoutTruth(NamedTuple):
    """What agents' answers alone say of the truth and of the agents.

    Attributes:
        posterior: `[T, K]` chance of each option.
        confusion: `[n, K, K]` chance that an agent says the second where the first is so.
        prior: `[K]` how often each option is so.
        accuracy: `[n]` chance of a right answer.
    """

    posterior: Floats
    confusion: Floats
    prior: Floats
    accuracy: Floats


def dawid_skene(answers: Ints, options: int, rounds: int = 100, smoothing: float = 0.5) -> WithoutTruth:
    """Truth and competence from answers alone, by expectation and maximization in turn.

    It starts from shares of votes, so it needs agents that are right more often than wrong.

    Args:
        answers: `[T, n]` options, -1 for no answer.
        options: number of options K.
        rounds: most rounds of the two steps.
        smoothing: pseudo-answers in each cell of a confusion table.

    Source:
        Dawid and Skene (1979), *Applied Statistics* 28:20.
    """
    said = (answers[:, :, None] == np.arange(options)).astype(np.float64)  # [T, n, K]
    votes = said.sum(axis=1) + 1e-9
    posterior = votes / votes.sum(axis=1, keepdims=True)
    flat = said.reshape(len(answers), -1)
    prior = confusion = np.empty(0)
    for _ in range(rounds):
        counts = (posterior.T @ flat).reshape(options, -1, options).transpose(1, 0, 2) + smoothing
        confusion = counts / counts.sum(axis=2, keepdims=True)
        prior = (posterior.sum(axis=0) + smoothing) / (len(answers) + smoothing * options)
        logs = np.log(prior) + flat @ np.log(confusion).transpose(0, 2, 1).reshape(-1, options)
        logs -= logs.max(axis=1, keepdims=True)
        new = np.exp(logs)
        new /= new.sum(axis=1, keepdims=True)
        moved = np.abs(new - posterior).max() if len(new) else 0.0
        posterior = new
        if moved < 1e-8:
            break
    accuracy = np.asarray(np.einsum("k,nkk->n", prior, confusion))
    return WithoutTruth(posterior, confusion, prior, accuracy)
