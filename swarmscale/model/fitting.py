"""Laws of service, start-up and failure fitted to logs, with goodness of fit, as settings of a preset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import ConfigError, UnknownChoiceError
from .flow.laws import LawName

COLUMNS = {
    "service_s": "time in an agent's hands, s",
    "start_s": "time from the order until an agent is ready, s",
    "uptime_s": "time from ready until failure, s",
    "repair_s": "time from failure until ready again, s",
    "prompt_tokens": "prompt tokens of a call",
    "generated_tokens": "generated tokens of a call",
    "first_token_s": "time from begin to the first token, s",
    "price": "price of a call",
}
"""Columns that are looked for in a log, with their meaning."""

FEWEST = 20
"""Values that a law is fitted to at least."""
_MOST_TESTED = 2000
_LAWS: tuple[LawName, ...] = ("exponential", "lognormal", "gamma", "weibull", "uniform")


@dataclass(frozen=True, slots=True)
class Fit:
    """One law fitted to one column.

    Attributes:
        law: its name.
        mean: in the column's unit.
        cv: coefficient of variation.
        aic: Akaike's criterion; the lowest is the best of those compared.
        distance: Kolmogorov and Smirnov's distance between the law and the values.
        p_value: of so large a distance if the law were right, its parameters being fitted.
    """

    law: LawName
    mean: float
    cv: float
    aic: float
    distance: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Time of a call as prefill and decode.

    Attributes:
        prefill_ms: of a prompt token, ms.
        decode_ms: of a generated token, ms.
        explained: share of the variance of the service times that they explain.
        first_token_s: mean time to the first token, s; NaN without that column.
        price_per_1000: price of 1,000 tokens, prompt and generated; NaN without that column.
    """

    prefill_ms: float
    decode_ms: float
    explained: float
    first_token_s: float
    price_per_1000: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that was fitted to a log.

    Attributes:
        rows: of the log.
        laws: by column, the laws that were compared, the best first.
        tokens: of LLM calls, or None.
    """

    rows: int
    laws: dict[str, tuple[Fit, ...]]
    tokens: Tokens | None


def read_log(path: Path) -> dict[str, Floats]:
    """The known columns of a log, values that are missing left out.

    Raises:
        ConfigError: if the file cannot be read, holds no known column, or a value is no number, infinite or negative.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise ConfigError(f"{path}: cannot be read as a log: {reason}") from None
    known = [name for name in table.columns if name in COLUMNS]
    if not known:
        given = str(table.columns[0]) if len(table.columns) else ""
        raise UnknownChoiceError("column of a log", given, COLUMNS)
    out = {}
    for name in known:
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
        wrong = np.flatnonzero(np.isnan(values) & table[name].notna().to_numpy())
        bad = wrong if len(wrong) else np.flatnonzero(np.isinf(values) | (values < 0))
        if len(bad):
            value = table[name].iloc[bad[0]]
            raise ConfigError(
                f"{path}: {name} = {value!r} in line {bad[0] + 2}, but it must be a finite number, 0 or more"
            )
        out[name] = values
    return out


def fit_log(columns: dict[str, Floats], seed: int = 0) -> Fitted:
    """Fit laws to every column of times, and tokens where there are any.

    Raises:
        ConfigError: if a column holds fewer than 20 values above 0.
    """
    laws = {
        name: fit_laws(values[~np.isnan(values)], name, seed)
        for name, values in columns.items()
        if name in ("service_s", "start_s", "uptime_s", "repair_s")
    }
    return Fitted(max(len(v) for v in columns.values()), laws, fit_tokens(columns))


def fit_laws(values: Floats, name: str, seed: int) -> tuple[Fit, ...]:
    """The laws that can describe some times, the one with the lowest AIC first.

    Parameters are of maximum likelihood. Since they are fitted, the distance is tested by a parametric bootstrap.

    Source:
        Akaike (1974); the bootstrap: Stute, Gonzalez Manteiga & Presedo Quindimil (1993).
    """
    above = values[values > 0]
    if len(above) < FEWEST:
        raise ConfigError(
            f"{name} holds {len(above)} values above 0, but it must hold {FEWEST} or more to be fitted"
        )
    if above.std() < 1e-9 * above.mean():
        return (Fit("deterministic", float(above.mean()), 0.0, -math.inf, 0.0, 1.0),)
    rng = np.random.default_rng(seed)
    tested = above if len(above) <= _MOST_TESTED else rng.choice(above, _MOST_TESTED, replace=False)
    found = [_fit_one(law, above, tested, rng) for law in _LAWS]
    return tuple(sorted(found, key=lambda fit: fit.aic))


def _fit_one(law: LawName, values: Floats, tested: Floats, rng: np.random.Generator) -> Fit:
    from scipy import stats

    kinds: dict[str, Any] = {
        "exponential": stats.expon,
        "lognormal": stats.lognorm,
        "gamma": stats.gamma,
        "weibull": stats.weibull_min,
    }
    if law == "uniform":
        low, high = float(values.min()), float(values.max())
        kind, parameters, free = stats.uniform, (low, high - low), 2
        known: dict[str, float] = {}
    else:
        kind = kinds[law]
        parameters = kind.fit(values, floc=0)
        free, known = len(parameters) - 1, {"loc": 0.0}
    frozen = kind(*parameters)
    test = stats.goodness_of_fit(kind, tested, known_params=known, statistic="ks", n_mc_samples=199, rng=rng)
    return Fit(
        law=law,
        mean=float(frozen.mean()),
        cv=float(frozen.std() / frozen.mean()),
        aic=float(2 * free - 2 * frozen.logpdf(values).sum()),
        distance=float(stats.kstest(values, frozen.cdf).statistic),
        p_value=float(test.pvalue),
    )


def fit_tokens(columns: dict[str, Floats]) -> Tokens | None:
    """Prefill and decode times by non-negative least squares of service time on tokens (Lawson & Hanson 1974)."""
    needed = ("service_s", "prompt_tokens", "generated_tokens")
    if not all(name in columns for name in needed):
        return None
    from scipy.optimize import nnls

    y, prompt, generated = (columns[name] for name in needed)
    whole = ~(np.isnan(y) | np.isnan(prompt) | np.isnan(generated))
    x = np.column_stack([prompt[whole], generated[whole]])
    if len(x) < FEWEST:
        raise ConfigError(
            f"{len(x)} calls have service_s and tokens, but it must be {FEWEST} or more to be fitted"
        )
    each, _ = nnls(x, y[whole])
    left = y[whole] - x @ each
    first, price = columns.get("first_token_s"), columns.get("price")
    tokens = prompt + generated
    paid = ~(np.isnan(tokens) | np.isnan(price)) if price is not None else np.zeros(len(y), np.bool_)
    return Tokens(
        prefill_ms=1000 * float(each[0]),
        decode_ms=1000 * float(each[1]),
        explained=float(1 - left.var() / y[whole].var()) if y[whole].var() > 0 else 1.0,
        first_token_s=float(np.nanmean(first)) if first is not None else math.nan,
        price_per_1000=1000 * float(price[paid].sum() / tokens[paid].sum())
        if price is not None and paid.any() and tokens[paid].sum() > 0
        else math.nan,
    )


def preset(fitted: Fitted, name: str) -> dict[str, Any]:
    """The settings that the fits come to, as the nested dict of a preset.

    A start-up time is lognormal in the model: its mean and cv are kept whatever law fits best. Failure times are
    told of, but no setting takes them yet.
    """
    tree: dict[str, Any] = {"name": name}
    if fitted.tokens is not None:
        tree["demand"] = {
            "prefill_ms": round(fitted.tokens.prefill_ms, 6),
            "decode_ms": round(fitted.tokens.decode_ms, 6),
        }
    if "service_s" in fitted.laws:
        best = fitted.laws["service_s"][0]
        kind = {"name": "fitted", "law": best.law, "work_s": round(best.mean, 6), "cv": round(best.cv, 6)}
        tree.setdefault("demand", {})["classes"] = [kind]
    life: dict[str, float] = {}
    if "start_s" in fitted.laws:
        best = fitted.laws["start_s"][0]
        life |= {"start_s": round(best.mean, 6), "start_cv": round(best.cv, 6)}
    if "repair_s" in fitted.laws:
        life["repair_s"] = round(fitted.laws["repair_s"][0].mean, 6)
    if life:
        tree["life"] = life
    return tree
