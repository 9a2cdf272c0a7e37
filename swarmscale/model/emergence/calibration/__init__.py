"""Calibration: error rates, power and delays of detectors on systems of which it is known what they do."""

from __future__ import annotations

from .acceptance import Line, acceptance
from .cases import Case, Effort, GraphCase
from .run import Calibration, calibrated

__all__ = ["Calibration", "Case", "Effort", "GraphCase", "Line", "acceptance", "calibrated"]
