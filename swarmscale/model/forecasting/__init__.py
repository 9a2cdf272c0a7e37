"""Forecasters by name."""

from typing import Any

from ...choices import Choices
from .autoregression import Autoregression, SeasonalAutoregression
from .base import Forecaster, Target
from .ensemble import Ensemble
from .holt_winters import HoltWinters
from .interval import Bounds, ConformalInterval
from .simple import Drift, Naive, SeasonalNaive
from .smoothing import DampedHolt, ExponentialSmoothing

FORECASTERS: Choices[Forecaster[Any]] = Choices(
    "forecaster",
    ensemble=Ensemble,
    naive=Naive,
    drift=Drift,
    ar=Autoregression,
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
    "Naive",
    "SeasonalAutoregression",
    "SeasonalNaive",
    "Target",
]
