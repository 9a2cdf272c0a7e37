"""Aggregation rules by name."""

from ....choices import Choices
from .base import AggregationRule
from .mean import FederatedMean
from .robust import CoordinateMedian, TrimmedMean

AGGREGATION_RULES: Choices[AggregationRule] = Choices(
    "aggregation rule",
    mean=FederatedMean,
    median=CoordinateMedian,
    **{"trimmed-mean": TrimmedMean},
)

__all__ = ["AGGREGATION_RULES", "AggregationRule", "CoordinateMedian", "FederatedMean", "TrimmedMean"]
