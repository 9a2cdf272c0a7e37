"""The failure detectors by name; see :mod:`.base` for how to add one."""

from __future__ import annotations

from ....choices import Choices
from .base import FailureDetector
from .empirical import PhiEmpirical
from .phi import Phi, PhiGamma
from .timeout import Timeout

FAILURE_DETECTORS: Choices[FailureDetector] = Choices(
    "failure detector",
    **{"phi": Phi, "phi-gamma": PhiGamma, "phi-empirical": PhiEmpirical, "timeout": Timeout},
)
