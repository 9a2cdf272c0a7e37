"""Strategies of optimization by name."""

from __future__ import annotations

from ....choices import Choices
from ..base import Strategy

STRATEGIES: Choices[Strategy] = Choices("optimization strategy")
