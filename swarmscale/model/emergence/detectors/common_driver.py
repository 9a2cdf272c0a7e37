"""Whether what parts have in common is a shock from outside that hits them all at once.

Parts that influence one another do it through their past: given the past of all, the news of each is its own. A driver
that nobody recorded brings news to all of them in the same sample. So each series is foretold from its own past and
from the past of the field that all parts make, and the errors are tested for synchrony. Where they have none, what the
series have in common came through the parts. A driver that can be foretold (a calm wave), and one so slow and weak that
its news is lost in the parts' own noise, leave no such mark; influences faster than a sample look like a driver.

Source:
    Geweke (1982), *JASA* 77:304 (instantaneous feedback against that through the past); coupling of phases by
    regression on their differences: Rosenblum and Pikovsky (2001), *Physical Review E* 64:045202.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....arrays import Bools, Floats
from ..estimators.gaussian import rank_normal, whitened
from ..estimators.network import lagged_correlation
from ..estimators.scores import FLAT, standardized
from ..estimators.synchrony import fourier_null
from ..gates import least_squares
from .nulls import tail_chance

ORDER = 3
"""Samples of the past from which the next one is foretold."""
UNEXPLAINED = 0.5
"""Share of the variance of phases' steps, beyond what the last step foretells, that their pull on one another may
leave and still be taken for all that moves them."""
NEIGHBORS = 8
"""Others whose pull on a phase is looked at beside that of all."""
OPPOSED = -6.0
"""Standard errors of the correlation of news of unlike phases below which these are opposed. Choosing the pairs that
were least alike moves it by -3 to -5 for 500 independent phases, and by less for fewer."""

type Complexes = NDArray[np.complex128]


class Driver(NamedTuple):
    """Signs of a driver that nobody recorded.

    Attributes:
        suspected: whether there are.
        p: chance of as much synchrony of the news without one.
        excess: synchrony of the news, times that of independent news.
    """

    suspected: bool
    p: float
    excess: float


def driver_of_series(
    series: Floats, edge: Bools, draws: int, level: float, rng: np.random.Generator
) -> Driver:
    """Look for a common driver of series.

    Args:
        series: `[T, M]`, none constant.
        edge: `[M, M]` whether one series (row) foretells another (column): who does is used beside the field.
        draws: of the null.
        level: at or below which p makes a suspect.
        rng: for the draws.

    Returns:
        The answer: news are tested as they are, and with the signs that they share in the first half, on the second
        half, for a driver may push some parts up and others down; p is twice the smaller of the two.
    """
    scores = standardized(rank_normal(series))
    fields = np.column_stack([scores.mean(axis=1), _leading(scores)])
    shared = np.hstack([fields[ORDER - k : len(fields) - k] for k in range(1, ORDER + 1)])
    past = [scores[ORDER - k : len(scores) - k] for k in range(1, ORDER + 1)]
    if edge.any():  # what comes from those that drive it, each by how well it foretells
        pull = lagged_correlation(whitened(scores, ORDER)) * edge
        past += [past[0] @ pull, past[1] @ pull]
    own = np.stack(past, axis=2)
    basis, _ = np.linalg.qr(np.hstack([np.ones((len(shared), 1)), shared]))
    news = errors(_beside(scores[ORDER:], basis), _beside(own, basis))
    return _judged(news, draws, level, rng)


def driver_of_phases(phases: Floats, draws: int, level: float, rng: np.random.Generator) -> Driver:
    """Look for a common driver of phases: news are what their pull on one another does not foretell of their steps.

    A phase is pulled by the field of all and by that of the eight others whose phase it takes over best.

    Args:
        phases: `[T, M]` radians.
        draws: of the null.
        level: at or below which p makes a suspect.
        rng: for the draws.

    Returns:
        The answer. Two things speak against a driver all the same: that the pull explains most of the steps, for then
        the errors are the regression's and no news; and that news of parts that are little alike are opposed, for then
        they differ from place to place, as where parts pull their neighbors.
    """
    turn = np.asarray(np.exp(1j * phases), np.complex128)
    step = np.angle(turn[1:] / turn[:-1])
    parts = phases.shape[1]
    near, alike = _neighbors(turn)
    others = turn.sum(axis=1, keepdims=True) - turn
    everyone = np.asarray(others * turn.conj() / (parts - 1), np.complex128)
    last = step[:-1]
    wide = [last, *_pull(everyone), last * everyone[1:-1].real, last * everyone[1:-1].imag]
    local = _pull(np.asarray((turn @ near.T) * turn.conj(), np.complex128))
    alone, far = errors(step[1:], np.stack(wide[:1], axis=2)), errors(step[1:], np.stack(wide, axis=2))
    news = errors(step[1:], np.stack(wide + local, axis=2))
    left = float(np.median(news.var(axis=0) / np.maximum(alone.var(axis=0), 1e-300)))
    answers = [_agreement(one, draws, rng) for one in (far, news)]
    p, excess = max(answers)  # what either of the two pulls foretells is no news
    suspected = p <= level and left > UNEXPLAINED and _far_news(far, alike) > OPPOSED
    return Driver(suspected, p, excess)


def _pull(field: NDArray[np.complex128]) -> list[Floats]:
    """Terms `[T - 2, M]` of a field `[T, M]` seen from each phase: now, one sample before, and squared."""
    now, before = field[1:-1], field[:-2]
    square = now**2
    return [now.imag, now.real, before.imag, before.real, square.imag, square.real]


def _neighbors(turn: Complexes) -> tuple[Floats, Floats]:
    """`[M, M]` weights of the others whose phase each takes over best, and `[M, M]` how well any two do."""
    parts = turn.shape[1]
    taken = np.abs(turn[1:].conj().T @ turn[:-1]) / (len(turn) - 1)
    np.fill_diagonal(taken, -1.0)
    most = min(NEIGHBORS, parts - 1)
    chosen = np.argpartition(-taken, most - 1, axis=1)[:, :most]
    near = np.zeros((parts, parts))
    np.put_along_axis(near, chosen, 1.0 / most, axis=1)
    return near, np.asarray(taken + taken.T)


def _far_news(news: Floats, alike: Floats) -> float:
    """Mean correlation of the news of the half of the pairs that are least alike, over its standard error."""
    scores = (news - news.mean(axis=0)) / np.maximum(news.std(axis=0), 1e-300)
    ends = np.triu_indices(news.shape[1], 1)
    likeness = alike[ends]
    least = likeness <= np.median(likeness)
    together = (scores.T @ scores)[ends][least] / len(scores)
    return float(together.sum() * np.sqrt(len(scores) / np.count_nonzero(least)))


def errors(target: Floats, own: Floats) -> Floats:
    """What a linear rule does not foretell of each series.

    Args:
        target: `[n, M]`.
        own: `[n, M, P]` what each series' rule may use.

    Returns:
        `[n, M]` least-squares residuals, with an intercept.
    """
    target, own = target - target.mean(axis=0), own - own.mean(axis=0)
    return np.asarray(target - np.einsum("tmp,mp->tm", own, least_squares(target, own)))


def _agreement(news: Floats, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """Chance of as much synchrony among independent news, and how many times theirs it is."""
    news = news[:, _varying(news)]
    if news.shape[1] < 2:
        return 1.0, 1.0
    observed, null = fourier_null(news, draws, rng)
    return tail_chance(observed, null, "upper"), observed * news.shape[1]


def _judged(news: Floats, draws: int, level: float, rng: np.random.Generator) -> Driver:
    news = news[:, _varying(news)]
    if news.shape[1] < 2:
        return Driver(False, 1.0, 1.0)
    half = len(news) // 2
    _, _, axes = _modes(standardized(news[:half]) if _varying(news[:half]).all() else news[:half])
    signed = news[half:] * np.where(axes >= 0, 1.0, -1.0)
    plain, null = fourier_null(news, draws, rng)
    p = tail_chance(plain, null, "upper")
    if _varying(signed).all():
        p = min(p, tail_chance(*fourier_null(signed, draws, rng), "upper"))
    p = min(1.0, 2.0 * p)
    return Driver(p <= level, p, plain * news.shape[1])


def _varying(news: Floats) -> Bools:
    """`[M]` whose news are more than rounding: a part that never changes has none."""
    return np.asarray(news.std(axis=0) > 1e3 * FLAT * np.abs(news).max(axis=0))


def _leading(scores: Floats) -> Floats:
    """`[T]` first principal component."""
    time, _, _ = _modes(scores)
    return time


def _modes(scores: Floats) -> tuple[Floats, float, Floats]:
    """First principal component over time, its variance and its loadings, by the smaller of the two Gram matrices."""
    samples, parts = scores.shape
    if parts <= samples:
        sizes, vectors = np.linalg.eigh(scores.T @ scores)
        axis = vectors[:, -1]
        return scores @ axis, float(sizes[-1]), axis
    sizes, vectors = np.linalg.eigh(scores @ scores.T)
    time = vectors[:, -1]
    return time * np.sqrt(max(sizes[-1], 0.0)), float(sizes[-1]), scores.T @ time


def _beside(columns: Floats, basis: Floats) -> Floats:
    """`[n, ...]` columns without their part in an orthonormal basis `[n, k]`."""
    flat = columns.reshape(len(columns), -1)
    return np.asarray((flat - basis @ (basis.T @ flat)).reshape(columns.shape))
