"""Forecasters by name."""

from typing import Any

from ...choices import Choices
from .autoregression import Autoregression, SeasonalAutoregression
from .base import Forecaster, Target
from .boosting import LightGbm
from .ensemble import Ensemble
from .holt_winters import HoltWinters
from .interval import Bounds, ConformalInterval
from .simple import Drift, Naive, SeasonalNaive
from .smoothing import DampedHolt, ExponentialSmoothing
from .statistical import StatsForecast

FORECASTERS: Choices[Forecaster[Any]] = Choices(
    "forecaster",
    ensemble=Ensemble,
    naive=Naive,
    drift=Drift,
    ar=Autoregression,
    lightgbm=LightGbm,
    statsforecast=StatsForecast,
    **{"seasonal-naive": SeasonalNaive},
    **{"exponential-smoothing": ExponentialSmoothing},
    **{"damped-holt": DampedHolt},
    **{"holt-winters": HoltWinters},
    **{"seasonal-ar": SeasonalAutoregression},
)

__all__ = [
    "FORECASTERS",
    "Autoregression",
    "Bounds",
    "ConformalInterval",
    "DampedHolt",
    "Drift",
    "Ensemble",
    "ExponentialSmoothing",
    "Forecaster",
    "HoltWinters",
    "LightGbm",
    "Naive",
    "SeasonalAutoregression",
    "SeasonalNaive",
    "StatsForecast",
    "Target",
]
