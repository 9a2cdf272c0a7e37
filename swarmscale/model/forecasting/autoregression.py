"""Linear regression of the target on the last bins, and on those of a season ago, learned bin by bin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...arrays import Floats, kernel
from ...errors import require
from .base import Target
from .recent import Recent, whole_seasons

AROUND = 2  # bins before and after the one a season before the target


@dataclass(slots=True)
class Regression:
    """What the regression remembers; features and targets are in units of ``scale``.

    Attributes:
        target: what is foretold.
        recent: bins enough to see the features of a horizon ago again.
        weights: `[D]` of the constant, the lags from the newest, and the bins a season ago.
        spread: `[D, D]` inverse of the weighted Gram matrix of the features.
        scale: mean of the first bins; 0 until there are enough of them.
    """

    target: Target
    recent: Recent
    weights: Floats
    spread: Floats
    scale: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoregression:
    """Least squares of the target itself (not bin by bin) on the last bins, older pairs counting less.

    It starts as naive, and as many bins as lags and horizon need must be seen before it learns. Features are
    scaled by the mean of the first bins. Where they have not moved for long, and the inverse Gram matrix would
    grow without bound, nothing is forgotten; where it is no longer positive, it starts anew with the weights kept.
    The forecast is at most twice the largest of the bins that it is made from.

    Attributes:
        lags: last bins to look at, 1 or more.
        forgetting: weight of a pair against the next one, in (0.5, 1].
        ridge: how firmly the weights hold to those of naive, > 0, as so many pairs of the scaled mean.

    Source:
        Recursive least squares with exponential forgetting: Haykin, *Adaptive Filter Theory*, 4th ed. (2002),
        chapter 9; direct forecasts of a multi-step target: Marcellino, Stock & Watson (2006).
    """

    lags: int = 30
    forgetting: float = 0.9998
    ridge: float = 0.1

    def __post_init__(self) -> None:
        _check(self.lags, self.forgetting, self.ridge)

    def start(self, target: Target) -> Regression:
        """See :class:`Forecaster`."""
        return _begin(target, self.lags, self.ridge, 0)

    def step(self, value: float, memory: Regression) -> tuple[float, Regression]:
        """See :class:`Forecaster`."""
        return _step(value, memory, self.lags, self.forgetting, self.ridge, 0), memory


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonalAutoregression:
    """:class:`Autoregression` that also looks at a season ago: at the target's bin, two to each side, and now's.

    With no period it is the autoregression; until a season has been seen, the bins that there are not count as 0,
    so that it is the autoregression as well and learns their weights from then on.

    Attributes:
        lags: last bins to look at, 1 or more.
        forgetting: weight of a pair against the next one, in (0.5, 1].
        ridge: how firmly the weights hold to those of naive, > 0.

    Source:
        As :class:`Autoregression`.
    """

    lags: int = 30
    forgetting: float = 0.9998
    ridge: float = 0.1

    def __post_init__(self) -> None:
        _check(self.lags, self.forgetting, self.ridge)

    def start(self, target: Target) -> Regression:
        """See :class:`Forecaster`."""
        return _begin(target, self.lags, self.ridge, whole_seasons(target, target.horizon + AROUND))

    def step(self, value: float, memory: Regression) -> tuple[float, Regression]:
        """See :class:`Forecaster`."""
        season = whole_seasons(memory.target, memory.target.horizon + AROUND)
        return _step(value, memory, self.lags, self.forgetting, self.ridge, season), memory


def _check(lags: int, forgetting: float, ridge: float) -> None:
    require(lags >= 1, "lags", lags, "1 or more")
    require(0.5 < forgetting <= 1, "forgetting", forgetting, "in (0.5, 1]")
    require(ridge > 0, "ridge", ridge, "above 0")


def _begin(target: Target, lags: int, ridge: float, season: int) -> Regression:
    wide = 1 + lags + (2 * AROUND + 2 if season else 0)
    bins = max(lags, season + AROUND + 1) + target.horizon
    memory = Regression(target, Recent.of(bins), np.zeros(wide), np.zeros((wide, wide)))
    _hold_to_naive(memory, ridge)
    return memory


def _step(value: float, memory: Regression, lags: int, forgetting: float, ridge: float, season: int) -> float:
    recent, horizon = memory.recent, memory.target.horizon
    recent.add(value)
    if recent.count < lags + horizon:
        return value
    if memory.scale == 0:
        memory.scale = float(recent.values[: recent.count].mean())
    elif value > 1000 * memory.scale:
        memory.weights[0] *= memory.scale / value
        memory.spread[:] = np.eye(memory.weights.size) / ridge
        memory.scale = value
    if memory.scale == 0:
        return value
    said = regress(
        recent.values,
        recent.count,
        lags,
        horizon,
        season,
        memory.target.kind == "max",
        memory.scale,
        forgetting,
        ridge,
        memory.weights,
        memory.spread,
    )
    if math.isfinite(said):
        return said
    _hold_to_naive(memory, ridge)
    return value


def _hold_to_naive(memory: Regression, ridge: float) -> None:
    """Set the weights of naive, and forget all pairs."""
    memory.weights[:] = 0.0
    memory.weights[1] = 1.0
    memory.spread[:] = np.eye(memory.weights.size) / ridge


@kernel
def look(
    values: Floats, newest: int, lags: int, horizon: int, season: int, scale: float, features: Floats
) -> float:
    """Write the features as seen after a bin; return the largest of them."""
    size = len(values)
    features[0] = 1.0
    most = 0.0
    for i in range(lags):
        features[1 + i] = values[(newest - i) % size] / scale
        most = max(most, features[1 + i])
    if season > 0:
        for i in range(2 * AROUND + 2):
            ago = season - horizon + AROUND - i if i <= 2 * AROUND else season
            n = newest - ago
            features[1 + lags + i] = values[n % size] / scale if n >= 0 else 0.0
            most = max(most, features[1 + lags + i])
    return most


@kernel
def regress(
    values: Floats,
    count: int,
    lags: int,
    horizon: int,
    season: int,
    largest: bool,
    scale: float,
    forgetting: float,
    ridge: float,
    weights: Floats,
    spread: Floats,
) -> float:
    """Learn the pair whose target ends with the newest bin, in place, and foretell the next target."""
    size, wide = len(values), len(weights)
    x, g = np.empty(wide), np.empty(wide)
    newest = count - 1
    look(values, newest - horizon, lags, horizon, season, scale, x)
    came = values[newest % size]
    if largest:
        for i in range(1, horizon):
            came = max(came, values[(newest - i) % size])
    error, reach, trace = came / scale, 0.0, 0.0
    for i in range(wide):
        error -= weights[i] * x[i]
        trace += spread[i, i]
        g[i] = 0.0
        for j in range(wide):
            g[i] += spread[i, j] * x[j]
        reach += g[i] * x[i]
    if not (reach >= 0.0 and trace < np.inf):
        spread[:] = 0.0
        reach = 0.0
        for i in range(wide):
            spread[i, i] = 1.0 / ridge
            g[i] = x[i] / ridge
            reach += g[i] * x[i]
    keep = forgetting if trace * ridge < 100.0 * wide else 1.0
    for i in range(wide):
        weights[i] += g[i] * error / (keep + reach)
        for j in range(wide):
            spread[i, j] = (spread[i, j] - g[i] * g[j] / (keep + reach)) / keep
    most = look(values, newest, lags, horizon, season, scale, x)
    said = 0.0
    for i in range(wide):
        said += weights[i] * x[i]
    return min(max(said, 0.0), 2.0 * most) * scale
