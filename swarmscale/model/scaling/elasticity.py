"""How well supply followed demand: the elasticity metrics of the literature, and how long scaling took.

The metrics do not rank policies: over-provisioning explodes where demand is low, and the instability of good and bad
policies is alike. Cost at an equal violation rate ranks them; these stand beside it for comparison with papers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from ...arrays import Bools, Floats, Ints, kernel
from ...errors import require

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Elasticity:
    """Elasticity of a series of supplied agents beside the demanded ones.

    Attributes:
        theta_under: time mean of missing agents / demanded agents, over steps with demand.
        theta_over: time mean of spare agents / demanded agents, over steps with demand.
        tau_under: share of time with fewer agents than demanded.
        tau_over: share of time with more.
        instability: share of steps in which demand and supply changed in different directions.
    """

    theta_under: float
    theta_over: float
    tau_under: float
    tau_over: float
    instability: float

    @classmethod
    def of(cls, demanded: Ints, supplied: Ints) -> Elasticity:
        """Measure two series of equal steps.

        Args:
            demanded: `[T]` fewest agents that meet the objective, >= 0.
            supplied: `[T]` agents ready, >= 0.

        Source:
            theta and tau: Herbst, Kounev & Reussner, Elasticity in cloud computing, *ICAC* 2013; Bauer et al.,
            Chameleon, *IEEE TPDS* 30 (2019). There a demand of 0 would divide by 0; such steps are left out of
            theta here. Instability as in the SPEC Research Group's set (Herbst et al., *TOMPECS* 3, 2018).

        >>> Elasticity.of(np.array([4, 4, 8, 8]), np.array([4, 5, 4, 8])).theta_under
        0.125
        """
        require(demanded.shape == supplied.shape and demanded.size > 0, "supplied", supplied, "as demanded")
        some = demanded > 0
        missing = np.maximum(demanded - supplied, 0)[some] / demanded[some]
        spare = np.maximum(supplied - demanded, 0)[some] / demanded[some]
        apart = np.sign(np.diff(demanded)) != np.sign(np.diff(supplied))
        return cls(
            theta_under=_mean(missing),
            theta_over=_mean(spare),
            tau_under=_mean(supplied < demanded),
            tau_over=_mean(supplied > demanded),
            instability=_mean(apart),
        )

    def speed_up(self, without: Elasticity) -> float:
        """Elastic speed-up over another series of the same demand, such as that without scaling; above 1 is better.

        The geometric mean of the four ratios; NaN where one of this series' terms is 0, for there it has no value.

        Source:
            Bauer et al., Chameleon, *IEEE TPDS* 30 (2019), section 5.
        """
        mine = (self.theta_under, self.theta_over, self.tau_under, self.tau_over)
        other = (without.theta_under, without.theta_over, without.tau_under, without.tau_over)
        if min(mine) == 0:
            return nan
        return float(np.prod([b / a for a, b in zip(mine, other, strict=True)]) ** 0.25)


def episodes(short: Bools, dt_s: float) -> Floats:
    """`[E]` lengths of the unbroken times with too few agents, s.

    >>> episodes(np.array([True, True, False, True]), 10.0)
    array([20., 10.])
    """
    edges = np.diff(np.concatenate(([0], short.astype(np.int8), [0])))
    return np.asarray((np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)) * dt_s, np.float64)


def times_to_scale(demanded: Ints, supplied: Ints, dt_s: float) -> Floats:
    """`[E]` from the step in which demand outgrows supply until as much as was then demanded is supplied, s.

    Demand may fall meanwhile; what counts is when the capacity is there. Cases that the series does not see to
    their end are left out, and so is a series' first step, which has no step before it.

    >>> times_to_scale(np.array([4, 6, 4, 4]), np.array([4, 4, 5, 6]), 10.0)
    array([20.])
    """
    short = demanded > supplied
    begins = np.flatnonzero(short[1:] & ~short[:-1]) + 1
    steps = np.empty(len(begins), np.int64)
    _steps_until(demanded, supplied, begins, steps)
    return np.asarray(steps[steps > 0] * dt_s, np.float64)


@kernel
def _steps_until(demanded: Ints, supplied: Ints, begins: Ints, out: Ints) -> None:
    """Steps from each beginning until supply reaches what was then demanded; 0 where it never does."""
    for i in range(len(begins)):
        first, t = begins[i], begins[i] + 1
        while t < len(supplied) and supplied[t] < demanded[first]:
            t += 1
        out[i] = t - first if t < len(supplied) else 0


def per_day(count: float, seconds: float) -> float:
    """A count as a rate per day."""
    return count * DAY_S / seconds


def mean_or_nan(values: Floats) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean()) if values.size else nan


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if values.size else 0.0
