"""The faults by name; see :mod:`..base` for how to add one."""

from __future__ import annotations

from ....choices import Choices
from ..base import Fault

FAULTS: Choices[Fault] = Choices("fault")
