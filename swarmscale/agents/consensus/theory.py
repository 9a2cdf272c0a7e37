"""Closed forms that the rules are held against: what juries, weights, quorums and cascades can do."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import comb

from ...arrays import Floats, Ints


def condorcet(n: int, p: float) -> float:
    """Chance that most of n independent voters are right, ties decided by a coin.

    Args:
        n: voters, 1 or more.
        p: chance that one is right.

    Source:
        Condorcet (1785); Grofman, Owen and Feld (1983), *Theory and Decision* 15:261.

    >>> round(condorcet(3, 0.6), 5)
    0.648
    """
    tie = stats.binom.pmf(n // 2, n, p) / 2 if n % 2 == 0 else 0.0
    return float(stats.binom.sf(n // 2, n, p) + tie)


def weighted_vote(p: Floats, weights: Floats) -> float:
    """Chance that the weighted majority is right, by going through all patterns of at most 20 votes.

    Args:
        p: `[n]` competences.
        weights: `[n]` weights.

    Source:
        Nitzan and Paroush (1982), *International Economic Review* 23:289.

    >>> round(weighted_vote(np.array([0.9, 0.9, 0.6, 0.6, 0.6]), np.ones(5)), 4)
    0.877
    """
    n = len(p)
    hits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    chance = np.where(hits, p, 1 - p).prod(axis=1)
    lead = (2 * hits - 1) @ weights
    level = 1e-12 * np.abs(weights).sum()
    return float(chance[lead > level].sum() + chance[np.abs(lead) <= level].sum() / 2)


def weighted_vote_normal(p: Floats, weights: Floats) -> float:
    """The same for many voters, by the normal law of the sum of weights.

    >>> round(weighted_vote_normal(np.full(101, 0.55), np.ones(101)), 3)
    0.844
    """
    mean = (weights * (2 * p - 1)).sum()
    return float(stats.norm.cdf(mean / np.sqrt((4 * weights**2 * p * (1 - p)).sum())))


def best_vote(p: Floats) -> float:
    """Chance that a vote with log-odds weights is right, for at most 20 independent voters: none can be better.

    >>> round(best_vote(np.array([0.9, 0.9, 0.6, 0.6, 0.6])), 4)
    0.9266
    """
    return weighted_vote(p, np.log(p / (1 - p)))


def correlated_majority(n: int, p: float, correlation: float) -> float:
    """Chance that most of n (odd) voters are right whose competence in a question is drawn from a beta law.

    Args:
        n: voters, odd.
        p: mean competence.
        correlation: intra-class correlation of errors, in [0, 1).

    >>> round(correlated_majority(101, 0.6, 0.05), 4)
    0.795
    """
    if correlation == 0:
        return condorcet(n, p)
    a, b = beta_of(p, correlation)
    return float(stats.betabinom.sf(n // 2, n, a, b))


def correlated_limit(p: float, correlation: float) -> float:
    """What :func:`correlated_majority` tends to as the number of voters grows: the chance of an easy question."""
    return float(stats.beta.sf(0.5, *beta_of(p, correlation)))


def beta_of(p: float, correlation: float) -> tuple[float, float]:
    """Parameters of the beta law of competence with a mean and an intra-class correlation ``1 / (a + b + 1)``.

    >>> beta_of(0.5, 0.2)
    (2.0, 2.0)
    """
    size = 1 / correlation - 1
    return p * size, (1 - p) * size


def cascade(q: float) -> float:
    """Chance that agents who decide one after another, seeing all earlier choices, end up in the right cascade.

    Args:
        q: chance that one's own signal is right; at even odds one tosses a coin.

    Source:
        Bikhchandani, Hirshleifer and Welch (1992), *Journal of Political Economy* 100:992.

    >>> round(cascade(0.6), 4)
    0.6316
    """
    return q * (q + 1) / (2 * (1 - q + q * q))


def ideal_detection(sensitivity: Floats) -> Floats:
    """Chance that a group which pools all its evidence is right, ``Phi(sqrt(sum d'**2) / 2)``.

    Args:
        sensitivity: `[..., n]` d' of each member.

    Source:
        Sorkin, Hays and West (2001), *Psychological Review* 108:183.

    >>> ideal_detection(np.array([[1.0]])).round(4)
    array([0.6915])
    """
    return np.asarray(stats.norm.cdf(np.sqrt((sensitivity**2).sum(axis=-1)) / 2))


def shared_confidence(first: float, second: float) -> float:
    """Slope of a pair that follows the surer of the two, ``(s1 + s2) / sqrt 2``.

    It beats the better member only if the other is better than ``sqrt 2 - 1`` of it; pooling all evidence gives
    ``sqrt(s1**2 + s2**2)``, which always does.

    Args:
        first: slope of the psychometric curve of one, which is in proportion to its d'.
        second: that of the other.

    Source:
        Bahrami et al. (2010), *Science* 329:1081.

    >>> round(shared_confidence(1.0, 2**0.5 - 1), 12)
    1.0
    """
    return float((first + second) / np.sqrt(2))


def plurality(n: int, p: float, options: int) -> float:
    """Chance that the right option gets the most of n votes, ties decided by lot, if errors spread evenly.

    Args:
        n: voters.
        p: chance that one is right.
        options: number of options K, 2 or more.

    Source:
        Multinomial counts by exponential generating functions.

    >>> round(plurality(25, 0.3, 5), 2)
    0.6
    """
    inverse = 1.0 / np.concatenate([[1.0], np.cumprod(np.arange(1.0, n + 1))])
    wrong = (1 - p) / (options - 1)
    total = 0.0
    for k in range(1, n + 1):
        fewer = inverse.copy()
        fewer[k:] = 0.0  # cells with fewer than k votes
        ways = 0.0
        for tied in range(min(options - 1, n // k - 1) + 1):
            left = n - k - tied * k
            rest = _power(fewer, options - 1 - tied, n)
            chosen = float(comb(options - 1, tied))
            ways += chosen * inverse[k] ** tied * rest[left] / (tied + 1)
        total += p**k * inverse[k] * wrong ** (n - k) * ways
    return float(total / inverse[n])


def quorum_rates(n: int, quorum: Ints, positive: float, negative: float) -> tuple[Floats, Floats]:
    """Chances that a quorum is reached where it should be and where it should not.

    Args:
        n: voters.
        quorum: `[q]` votes needed.
        positive: chance that one votes yes where yes is right.
        negative: chance that one votes yes where no is right.

    Source:
        Wolf et al. (2013), *Proceedings of the Royal Society B* 280:20122777.

    >>> [round(float(x), 3) for x in quorum_rates(25, np.array(14), 0.7, 0.4)]
    [0.956, 0.078]
    """
    return np.asarray(stats.binom.sf(quorum - 1, n, positive)), np.asarray(
        stats.binom.sf(quorum - 1, n, negative)
    )


def best_quorum(n: int, positive: float, negative: float) -> int:
    """The number of votes with the largest difference of those chances.

    >>> best_quorum(25, 0.7, 0.4)
    14
    """
    votes = np.arange(1, n + 1)
    reached, alarmed = quorum_rates(n, votes, positive, negative)
    return int(votes[(reached - alarmed).argmax()])


def quorum_response(x: Floats, threshold: float, steepness: float) -> Floats:
    """Chance to join an option that x others have taken, ``x**k / (x**k + T**k)``.

    Args:
        x: `[...]` others, 0 or more.
        threshold: T, the number at which the chance is 1/2, above 0.
        steepness: k, above 1 for a quorum.

    Source:
        Sumpter and Pratt (2009), *Philosophical Transactions of the Royal Society B* 364:743.

    >>> quorum_response(np.array([0.0, 5.0, 10.0]), 5.0, 2.0)
    array([0. , 0.5, 0.8])
    """
    raised = np.asarray(x, np.float64) ** steepness
    return np.asarray(raised / (raised + threshold**steepness))


def crash_quorum(n: int) -> int:
    """Votes of which two sets always share an agent: more than half, enough where agents crash but never lie.

    >>> crash_quorum(5)
    3
    """
    return n // 2 + 1


def byzantine_faults(n: int) -> int:
    """Liars among n that an agreement of ``2 f + 1`` votes withstands: ``n >= 3 f + 1``.

    Source:
        Castro and Liskov (1999), OSDI.

    >>> byzantine_faults(4), byzantine_faults(6), byzantine_faults(7)
    (1, 1, 2)
    """
    return (n - 1) // 3


def _power(series: Floats, exponent: int, degree: int) -> Floats:
    """A power series to a whole power, up to a degree."""
    out = np.zeros(degree + 1)
    out[0] = 1.0
    base = series
    while exponent:
        if exponent & 1:
            out = np.convolve(out, base)[: degree + 1]
        base = np.convolve(base, base)[: degree + 1]
        exponent >>= 1
    return out
