"""Is there one factor behind many scores, and how much of them does it take? Published measures, with their null."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...arrays import Floats, Ints


class Factor(NamedTuple):
    """What p scores of n groups have in common.

    Attributes:
        share: first principal component's share of the variance.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        null: 95th percentile of that share if the scores had nothing in common (Horn).
        second: second component's share.
        factors: components larger than their null, counted from the first (Horn 1965).
        alpha: standardized coefficient alpha (Cronbach 1951).
        omega: omega of the one-factor model (McDonald 1999).
        variance: mean of the squared loadings, the average variance extracted.
        loadings: `[p]` of the one-factor model by maximum likelihood, the sum positive.
        second_loadings: `[p]` of the second principal component.
    """

    share: float
    low: float
    high: float
    null: float
    second: float
    factors: int
    alpha: float
    omega: float
    variance: float
    loadings: Floats
    second_loadings: Floats


def factor_of(z: Floats, rng: np.random.Generator, draws: int = 1000) -> Factor:
    """The first factor of scores, with its interval and null.

    Args:
        z: `[n, p]` scores, groups in rows.
        rng: for the bootstrap and the null.
        draws: of each.
    """
    n, p = z.shape
    r: Floats = np.asarray(np.corrcoef(z.T), np.float64)
    values, vectors = np.linalg.eigh(r)
    values, vectors = values[::-1], vectors[:, ::-1]
    null = null_shares(n, p, draws, rng)
    over = values / p > null
    loadings = one_factor(r)
    unique = 1 - loadings**2
    low, high = bootstrap_share(z, draws, rng)
    mean_r = (r.sum() - p) / (p * (p - 1))
    return Factor(
        share=float(values[0] / p),
        low=low,
        high=high,
        null=float(null[0]),
        second=float(values[1] / p),
        factors=int(np.argmin(over)) if not over.all() else p,
        alpha=float(p * mean_r / (1 + (p - 1) * mean_r)),
        omega=float(loadings.sum() ** 2 / (loadings.sum() ** 2 + unique.sum())),
        variance=float((loadings**2).mean()),
        loadings=loadings,
        second_loadings=np.asarray(vectors[:, 1] * np.sqrt(values[1]), np.float64),
    )


def null_shares(n: int, p: int, draws: int, rng: np.random.Generator) -> Floats:
    """`[p]` 95th percentile of each component's share among independent normal scores.

    Source:
        Parallel analysis: Horn 1965; by the 95th percentile: Glorfeld 1995.
    """
    shares = np.empty((draws, p))
    for k in range(draws):
        r = np.corrcoef(rng.standard_normal((p, n)))
        shares[k] = np.linalg.eigvalsh(r)[::-1] / p
    return np.asarray(np.quantile(shares, 0.95, axis=0), np.float64)


def bootstrap_share(z: Floats, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """95 % interval of the first component's share, over groups drawn with replacement (Efron 1979)."""
    n, p = z.shape
    shares = np.empty(draws)
    for k in range(draws):
        shares[k] = np.linalg.eigvalsh(np.corrcoef(z[rng.integers(n, size=n)].T))[-1] / p
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def one_factor(r: Floats) -> Floats:
    """`[p]` loadings of one factor by maximum likelihood, the sum positive.

    Args:
        r: `[p, p]` correlations, positive definite.

    Source:
        Joreskog 1967: least of log|S| + tr(R / S), S = loadings loadings' + diagonal.

    >>> x = np.array([0.8, 0.7, 0.6])
    >>> one_factor(np.outer(x, x) + np.diag(1 - x**2)).round(4).tolist()
    [0.8, 0.7, 0.6]
    """
    from scipy.optimize import minimize

    p = len(r)
    values, vectors = np.linalg.eigh(r)
    start = vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.1))

    def misfit(x: Floats) -> tuple[float, Floats]:
        load, unique = x[:p], np.exp(x[p:])
        s = np.outer(load, load) + np.diag(unique)
        inverse = np.linalg.inv(s)
        slope = inverse - inverse @ r @ inverse
        value = np.linalg.slogdet(s)[1] + float((inverse * r).sum())
        return value, np.concatenate([2 * slope @ load, np.diag(slope) * unique])

    begin = np.concatenate([start, np.log(np.clip(1 - start**2, 0.05, 1))])
    bounds = [(None, None)] * p + [(np.log(0.005), 0.5)] * p
    options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-9}
    found: Any = minimize(misfit, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)  # type: ignore[call-overload]
    best = found.x[:p]
    return np.asarray(best if best.sum() >= 0 else -best, np.float64)


def partial_correlations(r: Floats) -> Floats:
    """`[p, p]` correlation of each pair given all others, 1 on the diagonal.

    Args:
        r: `[p, p]` correlations, positive definite.

    Source:
        From the inverse: Whittaker 1990.
    """
    inverse = np.linalg.inv(r)
    scale = np.sqrt(np.diag(inverse))
    out = np.asarray(-inverse / np.outer(scale, scale), np.float64)
    np.fill_diagonal(out, 1.0)
    return out


class Validity(NamedTuple):
    """How well a task is foretold by the rest of the battery, and by members' skill; means over the tasks left out.

    Attributes:
        others: correlation of the held-out task with the mean of the others.
        mean_skill: correlation with the members' mean skill.
        best_skill: correlation with the best member's skill.
        gain: explained variance that the others add to mean and best skill.
    """

    others: float
    mean_skill: float
    best_skill: float
    gain: float


def validity(z: Floats, mean_skill: Floats, best_skill: Floats) -> Validity:
    """Incremental validity by leaving one task out after the other.

    Args:
        z: `[n, p]` scores.
        mean_skill: `[n]` members' mean skill.
        best_skill: `[n]` skill of the best member.
    """
    rows = []
    for f in range(z.shape[1]):
        rest = np.delete(z, f, axis=1).mean(axis=1)
        y = z[:, f]
        skills = np.stack([mean_skill, best_skill], axis=1)
        gain = explained(y, np.column_stack([skills, rest])) - explained(y, skills)
        rows.append([np.corrcoef(y, x)[0, 1] for x in (rest, mean_skill, best_skill)] + [gain])
    return Validity(*(float(v) for v in np.mean(rows, axis=0)))


def explained(y: Floats, x: Floats) -> float:
    """Share of the variance of y that a linear function of the columns of x explains."""
    design = np.column_stack([np.ones(len(y)), x])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - left.var() / y.var())


def permuted(z: Floats, rng: np.random.Generator) -> Floats:
    """The scores with the groups shuffled within each task: what they had in common is gone."""
    order: Ints = np.argsort(rng.random(z.shape), axis=0)
    return np.take_along_axis(z, order, axis=0)
