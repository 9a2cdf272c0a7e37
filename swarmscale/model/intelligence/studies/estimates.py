"""Groups who estimate a quantity over several rounds, alone or told what the others said."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from ....arrays import Floats, Floats32
from ....errors import UnknownChoiceError, require

TOLD = ("nothing", "mean", "all")
"""What members are told before a new round."""


class Course(NamedTuple):
    """What became of groups' estimates, round by round.

    Attributes:
        diversity: `[G, R]` variance of the members' log estimates.
        error: `[G, R]` squared distance of the mean log estimate from the truth.
        wisdom: `[G, R]` wisdom-of-crowd indicator: how many places the two central estimates could be moved out
            with the truth still between, 0 to n / 2.
        confidence: `[G, R]` mean chance, as the members see it, that the truth is within a factor of 2 of their own
            estimate.
    """

    diversity: Floats
    error: Floats
    wisdom: Floats
    confidence: Floats


def estimate(
    conformity: Floats32,
    told: Literal["nothing", "mean", "all"],
    random: np.random.Generator,
    *,
    rounds: int = 5,
    spread: float = 1.0,
    bias: float = 0.7,
    wobble: float = 0.1,
) -> Course:
    """Let groups estimate quantities over rounds.

    The first estimates are lognormal about the truth times a factor that the whole group shares. Before each
    further round a member moves its log estimate by its conformity towards what it is told: the arithmetic mean
    of the group's last estimates, or all of them, whose geometric mean it then takes; and everyone wobbles a
    little. How wide it thinks the field of likely answers is, it takes from the distance between its own
    estimate and what it is told, or from the spread of all; told nothing, it keeps what it thought.

    Args:
        conformity: `[G, n]` weight of what is told in the members' next estimates, in [0, 1].
        told: one of :data:`TOLD`.
        random: the source of first estimates and wobbles.
        rounds: rounds, the first one alone.
        spread: standard deviation of first log estimates within a group.
        bias: standard deviation between groups of the mean first log estimate.
        wobble: standard deviation of the change that a member makes without a reason.

    Source:
        The setup of Lorenz, Rauhut, Schweitzer & Helbing 2011; how members move is ours (DeGroot 1974), and so are
        the figures for spread, bias and wobble.
    """
    if told not in TOLD:
        raise UnknownChoiceError("kind of feedback", told, TOLD)
    groups, n = conformity.shape
    require(n >= 2, "members of a group", n, "2 or more")
    weight = np.asarray(conformity, np.float64)
    now = bias * random.standard_normal((groups, 1)) + spread * random.standard_normal((groups, n))
    width = np.full((groups, n), spread)
    seen = []
    for at in range(rounds):
        if at:
            if told != "nothing":
                heard = np.log(np.exp(now).mean(axis=1, keepdims=True))
                if told == "all":
                    heard = now.mean(axis=1, keepdims=True)
                apart = np.abs(now - heard) if told == "mean" else now.std(axis=1, keepdims=True)
                width += weight * (apart - width)
                now = now + weight * (heard - now)
            now = now + wobble * random.standard_normal((groups, n))
        seen.append((now.var(axis=1), now.mean(axis=1) ** 2, wisdom(now), confidence(width).mean(axis=1)))
    return Course(*(np.stack(column, axis=1) for column in zip(*seen, strict=True)))


def wisdom(estimates: Floats) -> Floats:
    """`[G]` wisdom-of-crowd indicator of `[G, n]` log estimates of a truth whose log is 0.

    It is the largest i for which the truth lies between the i-th smallest and the i-th largest estimate.

    Source:
        Lorenz et al. 2011.

    >>> wisdom(np.array([[-1.0, -0.5, 0.5, 1.0], [-1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])).tolist()
    [2.0, 1.0, 0.0]
    """
    n = estimates.shape[1]
    below, above = (estimates <= 0).sum(axis=1), (estimates >= 0).sum(axis=1)
    most = np.full(len(below), (n + 1) // 2)
    return np.asarray(np.minimum(np.minimum(below, above), most), np.float64)


def confidence(width: Floats) -> Floats:
    """Chance that the truth is within a factor of 2, if its log is normal with this standard deviation.

    >>> confidence(np.array([np.log(2.0)])).round(3).tolist()
    [0.683]
    """
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(np.log(2.0) / np.maximum(width, 1e-9)) - 1, np.float64)
