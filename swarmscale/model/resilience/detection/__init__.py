"""The failure detectors by name; see :mod:`.base` for how to add one."""

from __future__ import annotations

from ....choices import Choices
from .base import FailureDetector
from .timeout import Timeout

FAILURE_DETECTORS: Choices[FailureDetector] = Choices("failure detector", timeout=Timeout)
