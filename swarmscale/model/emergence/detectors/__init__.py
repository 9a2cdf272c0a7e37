"""The detectors by name: one file and one line add one."""

from __future__ import annotations

from typing import Any

from ....choices import Choices
from ..base import AnyDetector
from .collective_intelligence import CollectiveIntelligence
from .coordination import Coordination
from .innovation import Innovation
from .self_organization import SelfOrganization

_NAMED: dict[str, Any] = {
    "coordination": Coordination,
    "innovation": Innovation,
    "self-organization": SelfOrganization,
    "collective-intelligence": CollectiveIntelligence,
}

DETECTORS: Choices[AnyDetector] = Choices("detector", **_NAMED)

__all__ = ["DETECTORS", "CollectiveIntelligence", "Coordination", "Innovation", "SelfOrganization"]
