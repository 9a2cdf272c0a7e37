"""Statistical models chosen and fitted by statsforecast, once an hour, on the last hours."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Target
from .optional import needed
from .recent import Recent

LEAST = 30  # bins to fit a model to, before which it is naive
MODELS = ("AutoARIMA", "AutoCES", "AutoETS", "AutoTheta")


@dataclass(slots=True)
class Fitted:
    """What the model remembers.

    Attributes:
        target: what is foretold.
        recent: the bins since the start of the window to which the model was fitted.
        model: its parameters, by the package's own names; empty while there is none.
        unit: a power of two near the window's mean, in which the model counts.
        since: bins seen since the fit.
    """

    target: Target
    recent: Recent
    model: dict[str, Any] = field(default_factory=dict)
    unit: float = 1.0
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsForecast:
    """A model of Nixtla's statsforecast without a season, chosen and fitted on the last bins, then carried on.

    Between two fits its parameters stay and every new bin moves its state. It is naive until 30 bins have been seen
    and while the window is constant. A comparison, not a tool for long runs: a fit takes 10 to 100 ms. It needs
    ``pip install 'swarmscale[forecast]'``. Versions of statsforecast above 2.0.1 ask for pandas below 3, so that pip
    brings pandas 2 unless ``constraints.txt`` is given, which names 2.0.1.

    Attributes:
        model: ``AutoARIMA``, ``AutoCES``, ``AutoETS`` or ``AutoTheta``.
        window: bins to fit to, 30 or more.
        refit: bins from one fit to the next; 0 for a 24th of a season but 10 at least, or 60 with no period.

    Source:
        Hyndman & Khandakar (2008) for the automatic choice of ETS and ARIMA models.
    """

    model: Literal["AutoARIMA", "AutoCES", "AutoETS", "AutoTheta"] = "AutoETS"
    window: int = 240
    refit: int = 0

    def __post_init__(self) -> None:
        require(self.model in MODELS, "model", self.model, " or ".join(MODELS))
        require(self.window >= LEAST, "window", self.window, f"{LEAST} or more")
        require(self.refit >= 0, "refit", self.refit, "0 or more")

    def start(self, target: Target) -> Fitted:
        """See :class:`Forecaster`.

        Raises:
            ConfigError: if statsforecast is not installed.
        """
        needed("statsforecast.models")
        return Fitted(target, Recent.of(self.window + self._refit(target)))

    def step(self, value: float, memory: Fitted) -> tuple[float, Fitted]:
        """See :class:`Forecaster`."""
        memory.recent.add(value)
        memory.since += 1
        if memory.recent.count < LEAST:
            return value, memory
        if not memory.model or memory.since >= self._refit(memory.target):
            self._fit(memory)
        if not memory.model:
            return value, memory
        bins = min(memory.recent.count, self.window + memory.since)
        series = _last(memory.recent, bins) / memory.unit
        later = self._carry_on(memory.model, series, memory.target.horizon) * memory.unit
        said = float(later.max() if memory.target.kind == "max" else later[-1])
        return (max(0.0, said) if math.isfinite(said) else value), memory

    def _refit(self, target: Target) -> int:
        return self.refit or max(10, target.period // 24 if target.period else 60)

    def _fit(self, memory: Fitted) -> None:
        """Choose and fit a model on the window that ends now."""
        series = _last(memory.recent, min(memory.recent.count, self.window))
        memory.model, memory.since = {}, 0
        if np.ptp(series) > 0:
            memory.unit = 2.0 ** round(math.log2(float(series.mean())))
            with np.errstate(all="ignore"):
                fitted = self._made().fit(series / memory.unit).model_
            dropped = {"fit": None, "fitted": None, "residuals": None, "actual_residuals": None}
            memory.model = {**fitted, **{key: None for key in dropped if key in fitted}}

    def _carry_on(self, model: dict[str, Any], series: Floats, horizon: int) -> Floats:
        """`[horizon]` what a fitted model says after a series."""
        made = self._made()
        made.model_ = model
        with np.errstate(all="ignore"):
            later: Floats = np.asarray(made.forward(y=series, h=horizon)["mean"])
        return later

    def _made(self) -> Any:
        return getattr(needed("statsforecast.models"), self.model)(season_length=1)


def _last(recent: Recent, bins: int) -> Floats:
    """`[bins]` the last bins, in their order."""
    places = np.arange(recent.count - bins, recent.count) % recent.values.size
    taken: Floats = recent.values[places]
    return taken
