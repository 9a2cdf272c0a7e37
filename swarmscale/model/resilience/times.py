"""Times between failures and times to repair: drawn by inversion, keyed by component and occurrence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

import numpy as np

from ...arrays import Floats, Ints, Ints32, kernel
from ...errors import UnknownChoiceError, require
from ...rng import draw, ln, unit
from .base import Law

if TYPE_CHECKING:
    from .base import Fault

LAWS: tuple[str, ...] = get_args(Law.__value__)
BETWEEN, LASTING, STAGE, CHOICE = range(4)
"""What a draw is for."""


@kernel
def _uniforms(numbers: Ints, counts: Ints, purpose: int, key: np.uint64, out: Floats) -> None:
    for i in range(len(numbers)):
        a, b, _, _ = draw(numbers[i], (counts[i] << 2) | purpose, key)
        out[i] = unit(a, b)


@kernel
def _logs(u: Floats, out: Floats) -> None:
    for i in range(len(u)):
        out[i] = ln(u[i])


def uniforms(numbers: Ints, counts: Ints | Ints32, purpose: int, key: np.uint64) -> Floats:
    """`[n]` numbers in (0, 1), functions of component, occurrence and purpose alone.

    Args:
        numbers: `[n]` components, 0 or more.
        counts: `[n]` which time it is for each, from 0 up to 2**30.
        purpose: ``BETWEEN``, ``LASTING``, ``STAGE`` or ``CHOICE``.
        key: Philox key of the fault's stream.
    """
    out = np.empty(len(numbers))
    _uniforms(np.asarray(numbers, np.int64), np.asarray(counts, np.int64), purpose, key, out)
    return out


def quantiles(u: Floats, mean_s: float, law: Law, shape: float) -> Floats:
    """Times of a law at given probabilities of a longer one.

    Args:
        u: `[...]` in (0, 1), the probability that a time is longer.
        mean_s: mean of the law, s, > 0; exact, whatever the shape.
        law: exponential, weibull or lognormal.
        shape: shape of the Weibull law, or coefficient of variation of the lognormal one (0: always the mean).

    Returns:
        `[...]` s.

    Source:
        Inversion: Devroye, *Non-Uniform Random Variate Generation* (1986), section II.2. A Weibull law of shape k and
        scale c has the mean c Gamma(1 + 1/k); a lognormal one has s^2 = ln(1 + cv^2): Johnson, Kotz, Balakrishnan,
        *Continuous Univariate Distributions* 1 (1994), chapters 14 and 21. That times between failures of large
        systems follow Weibull laws of shape .7 to .8 and times to repair lognormal ones: Schroeder and Gibson 2010, "A
        large-scale study of failures in high-performance computing systems".

    >>> quantiles(np.array([0.9, 0.5, 0.1]), 100.0, "exponential", 1.0).round(1)
    array([ 10.5,  69.3, 230.3])
    """
    u = np.atleast_1d(np.asarray(u, np.float64))
    if law == "lognormal":
        from scipy.special import ndtri

        variance = math.log1p(shape * shape)
        return np.asarray(mean_s * np.exp(-math.sqrt(variance) * ndtri(u) - variance / 2), np.float64)
    hazard = np.empty(u.shape)
    _logs(u.reshape(-1), hazard.reshape(-1))
    if law == "exponential":
        return -mean_s * hazard
    return np.asarray(mean_s / math.gamma(1 + 1 / shape) * (-hazard) ** (1 / shape), np.float64)


def drawn(
    numbers: Ints, counts: Ints | Ints32, purpose: int, key: np.uint64, mean_s: float, law: Law, shape: float
) -> Floats:
    """`[n]` times in s; see :func:`uniforms` and :func:`quantiles`."""
    return quantiles(uniforms(numbers, counts, purpose, key), mean_s, law, shape)


def require_times(name: str, fault: Fault) -> None:
    """Refuse a fault whose times cannot be drawn.

    Args:
        name: by which refusals call it.
        fault: see :class:`.base.Fault`.

    Raises:
        UnknownChoiceError: if there is no such law; the nearest one is offered.
        ConfigError: naming the field.
    """
    for field in ("mtbf_s", "for_s"):
        value = getattr(fault, field)
        never = value is None or value == math.inf
        require(never or _positive(value), f"{name}.{field}", value, "a number above 0, or inf for never")
    require(_positive(fault.deadline_s), f"{name}.deadline_s", fault.deadline_s, "a number above 0")
    _require_law(name, "law", "shape", fault.law, fault.shape)
    _require_law(name, "for_law", "for_shape", fault.for_law, fault.for_shape)


def _require_law(name: str, law_field: str, shape_field: str, law: Law, shape: float) -> None:
    if law not in LAWS:
        raise UnknownChoiceError(f"law for {name}.{law_field}", law, LAWS)
    if law == "weibull":
        require(
            _positive(shape) and 0.1 <= shape <= 20,
            f"{name}.{shape_field}",
            shape,
            "from 0.1 to 20 for a weibull law",
        )
    require(_number(shape) and 0 <= shape <= 20, f"{name}.{shape_field}", shape, "from 0 to 20")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _positive(value: object) -> bool:
    return _number(value) and float(value) > 0  # type: ignore[arg-type]
