"""A station that serves batches: how long a task is there, wait for its batch and the whole batch's service."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from ....arrays import Floats
from ....errors import require

MOST = 160
"""Tasks waiting up to which the chain is worked out."""
LEAST = 1e-100
"""Chance below which a step is left out."""


def mean_sojourn(rate_per_s: float, service_s: float, overhead_s: float, batch: int) -> float:
    """Mean time at the station; infinite where the load is more than full batches can do.

    The server takes all that wait, at most ``batch``; m tasks take overhead + m service, and all leave at its end. What
    waits at the ends of batches is a Markov chain with Poisson arrivals in between; the time average over its cycles
    gives the mean number there, and Little's law the time. Service is taken to be without spread. Where batches are of
    more than half as many as the chain has states, all are alike: half of one is waited for, and the next one lasts.

    Args:
        rate_per_s: arrivals, above 0.
        service_s: of a task, s.
        overhead_s: of a batch, s; service and overhead not both 0.
        batch: tasks at most.

    Source:
        Bailey (1954), *J. R. Stat. Soc. B* 16(1); Neuts (1967), *Ann. Math. Stat.* 38(3). For batches of one it is
        M/D/1, 1 + .5 / (2 (1 - .5)):

    >>> round(mean_sojourn(0.5, 1.0, 0.0, 1), 6)
    1.5
    """
    require(rate_per_s > 0, "rate_per_s", rate_per_s, "above 0")
    if rate_per_s * (service_s + overhead_s / batch) >= 1:
        return float("inf")
    if rate_per_s * overhead_s / (1 - rate_per_s * service_s) > MOST / 2:
        return 1.5 * overhead_s / (1 - rate_per_s * service_s)
    waiting = np.arange(MOST + 1)
    takes = np.clip(waiting, 1, batch)
    span = overhead_s + takes * service_s
    comes = rate_per_s * span
    left = waiting - np.where(waiting > 0, takes, 0)
    more = waiting[None, :] - left[:, None]
    chance = np.zeros((MOST + 1, MOST + 1))
    may = more >= 0
    few = more[may].astype(np.float64)
    mean = np.broadcast_to(comes[:, None], may.shape)[may]
    chance[may] = np.exp(few * np.log(mean) - mean - gammaln(few + 1))
    chance[chance < LEAST] = 0.0
    chance[:, -1] += np.maximum(1 - chance.sum(axis=1), 0.0)
    share = _stationary(chance)
    held = np.maximum(waiting, 1) * span + rate_per_s * span**2 / 2
    lasts = span + np.where(waiting == 0, 1 / rate_per_s, 0.0)
    return float(share @ held / (share @ lasts) / rate_per_s)


def _stationary(chance: Floats) -> Floats:
    """`[n]` shares of the states of a chain in the long run; by elimination without differences.

    Source:
        Grassmann, Taksar & Heyman (1985), *Operations Research* 33(5).
    """
    p, n = chance.copy(), len(chance)
    for k in range(n - 1, 0, -1):
        p[:k, k] /= p[k, :k].sum()
        p[:k, :k] += np.outer(p[:k, k], p[k, :k])
    share = np.ones(n)
    for k in range(1, n):
        share[k] = share[:k] @ p[:k, k]
    return np.asarray(share / share.sum())
