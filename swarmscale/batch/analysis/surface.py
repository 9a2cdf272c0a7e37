"""Response surfaces: a quadratic in one or two numeric factors, fitted to an outcome by least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...errors import ConfigError, require
from .tidy import SET, factor_column, is_numeric, measured, require_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A fitted quadratic.

    Attributes:
        outcome: what was fitted.
        factors: one or two dotted keys.
        log: those whose logarithm to base 10 stands in the terms.
        terms: names of the coefficients: ``1``, ``a``, ``a^2``, ``a b`` ...
        coefficients: `[P]` in the units of outcome and factors.
        errors: `[P]` their standard errors.
        r2: share of the runs' variance that the fit explains, 0 to 1.
        r2_adjusted: the same corrected for the number of terms.
        residual_sd: standard deviation of a run around the fit.
        runs: runs that were fitted.
        low: `[K]` least value of each factor that was run.
        high: `[K]` largest.
        note: what is to be said of it.
    """

    outcome: str
    factors: tuple[str, ...]
    log: tuple[str, ...]
    terms: tuple[str, ...]
    coefficients: Floats
    errors: Floats
    r2: float
    r2_adjusted: float
    residual_sd: float
    runs: int
    low: Floats
    high: Floats
    note: str
    _middle: Floats
    _half: Floats
    _covariance: Floats
    _scaled: Floats
    _powers: tuple[tuple[int, ...], ...]

    def predict(self, points: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """Mean and prediction interval of one new run.

        Args:
            points: `[G, K]` values of the factors.
            level: nominal coverage, in (0, 1).

        Returns:
            `[G]` mean, lower and upper end; the ends are NaN if as many terms as runs were fitted.

        Source:
            Draper & Smith, *Applied Regression Analysis*, 3rd ed. (1998), 8.3.
        """
        from scipy.special import stdtrit

        require(0 < level < 1, "level", level, "in (0, 1)")
        places = _transformed(np.asarray(points, np.float64), self.factors, self.log)
        x = _terms((places - self._middle) / self._half, self._powers)
        mean = x @ self._scaled
        spread = np.sqrt(np.einsum("gp,pq,gq->g", x, self._covariance, x) + 1.0) * self.residual_sd
        free = self.runs - len(self._scaled)
        half = spread * stdtrit(free, 0.5 + level / 2) if free > 0 else np.full(len(x), np.nan)
        return mean, mean - half, mean + half


def surface(
    frame: pd.DataFrame, outcome: str, factors: str | Sequence[str], log: Sequence[str] = ()
) -> Surface:
    """A quadratic in one or two numeric factors, fitted to every finished run.

    A factor with two values has no square, and two factors that never vary apart from each other no product: such
    terms are left out. Other factors of the design are averaged over, so with a design that is not balanced in
    them they bend the fit; the share that is left over is told by R2.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.
        factors: one or two dotted keys of numeric factors.
        log: those of them that are taken by their logarithm.

    Raises:
        UnknownChoiceError: if the outcome or a factor is not in the table.
        ConfigError: if a factor is not numeric, has one value alone, or too few runs finished.

    Source:
        Box & Wilson, *On the experimental attainment of optimum conditions*, J. R. Statist. Soc. B 13 (1951).
    """
    require_rows(frame)
    keys = (factors,) if isinstance(factors, str) else tuple(factors)
    require(1 <= len(keys) <= 2, "factors", list(keys), "one or two")
    for key in keys:
        if not is_numeric(frame[factor_column(frame, key)]):
            raise ConfigError(f"factor {key}: is not numeric, so it has no surface")
    known = measured(frame, outcome)
    values = known[[SET + key for key in keys]].to_numpy(np.float64)
    for i, key in enumerate(keys):
        if len(np.unique(values[:, i])) < 2:
            raise ConfigError(f"factor {key}: has one value alone among finished runs, so it has no surface")
        if key in log and values[:, i].min() <= 0:
            raise ConfigError(f"factor {key}: has values of 0 or less, so it has no logarithm")
    return _fitted(keys, tuple(log), outcome, values, known[outcome].to_numpy(np.float64))


def _transformed(values: Floats, keys: Sequence[str], log: Sequence[str]) -> Floats:
    """`[G, K]` values, of some factors their logarithms."""
    return np.stack([np.log10(x) if key in log else x for key, x in zip(keys, values.T, strict=True)], axis=1)


def _fitted(keys: tuple[str, ...], log: tuple[str, ...], outcome: str, values: Floats, y: Floats) -> Surface:
    low, high = values.min(axis=0), values.max(axis=0)
    places = _transformed(values, keys, log)
    least, most = places.min(axis=0), places.max(axis=0)
    middle, half = (least + most) / 2, (most - least) / 2
    scaled = (places - middle) / half
    powers = _powers(scaled)
    x = _terms(scaled, powers)
    n, p = x.shape
    if n < p:
        raise ConfigError(f"outcome {outcome}: {n} runs have a value, but a surface needs at least {p}")
    found, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = float(((y - x @ found) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - rest / total if total else float("nan")
    covariance = np.linalg.inv(x.T @ x)
    residual_sd = float(np.sqrt(rest / (n - p))) if n > p else float("nan")
    back = _unscaled(powers, middle, half)
    return Surface(
        outcome=outcome,
        factors=keys,
        log=tuple(key for key in keys if key in log),
        terms=tuple(
            _name([f"log10({key})" if key in log else key for key in keys], power) for power in powers
        ),
        coefficients=back @ found,
        errors=residual_sd * np.sqrt(np.einsum("pq,qr,pr->p", back, covariance, back)),
        r2=r2,
        r2_adjusted=1 - (1 - r2) * (n - 1) / (n - p) if n > p else float("nan"),
        residual_sd=residual_sd,
        runs=n,
        low=low,
        high=high,
        note="" if n > p else "as many terms as runs: it passes through each of them, and R2 tells nothing",
        _middle=middle,
        _half=half,
        _covariance=covariance,
        _scaled=found,
        _powers=powers,
    )


def _powers(scaled: Floats) -> tuple[tuple[int, ...], ...]:
    """Exponents of the terms that the runs can tell apart, the simple ones first."""
    wanted = [(0,), (1,), (2,)] if scaled.shape[1] == 1 else [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2)]
    kept: list[tuple[int, ...]] = []
    for power in wanted:
        x = _terms(scaled, (*kept, power))
        if np.linalg.matrix_rank(x, tol=1e-8 * max(x.shape)) == len(kept) + 1:
            kept.append(power)
    return tuple(kept)


def _terms(scaled: Floats, powers: Sequence[tuple[int, ...]]) -> Floats:
    """`[G, P]` products of powers of the factors."""
    return np.stack([np.prod(scaled ** np.array(power), axis=1) for power in powers], axis=1)


def _unscaled(powers: Sequence[tuple[int, ...]], middle: Floats, half: Floats) -> Floats:
    """`[P, P]` from coefficients of scaled factors to those of the factors themselves."""
    from math import comb

    out = np.zeros((len(powers), len(powers)))
    for j, power in enumerate(powers):
        for i, lower in enumerate(powers):
            if all(a <= b for a, b in zip(lower, power, strict=True)):
                out[i, j] = np.prod(
                    [
                        comb(b, a) * (-m) ** (b - a) / h**b
                        for a, b, m, h in zip(lower, power, middle, half, strict=True)
                    ]
                )
    return out


def _name(keys: Sequence[str], power: tuple[int, ...]) -> str:
    parts = [key + (f"^{p}" if p > 1 else "") for key, p in zip(keys, power, strict=True) if p]
    return " ".join(parts) or "1"


def grid_table(frame: pd.DataFrame, outcome: str, down: str, across: str) -> pd.DataFrame:
    """Mean of an outcome at each pair of levels of two factors, NaN where no run finished.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.
        down: dotted key of the factor of the rows.
        across: dotted key of that of the columns.
    """
    known = measured(frame, outcome)
    rows, columns = factor_column(frame, down), factor_column(frame, across)
    cells = known.groupby([rows, columns, "setting"], dropna=False, sort=True)[outcome].mean()
    means = cells.groupby(level=[0, 1], dropna=False, sort=True).mean()
    return means.unstack()  # a pivot keeps no level that does not apply
