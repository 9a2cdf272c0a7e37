"""All quantitative claims of the origin, in the order of the scorecard."""

from __future__ import annotations

from .base import Claim
from .efficiency import EFFICIENCY_CLAIMS
from .growth import GROWTH_CLAIMS
from .reliability import RELIABILITY_CLAIMS
from .service import SERVICE_CLAIMS
from .structure import STRUCTURE_CLAIMS
from .thinking import THINKING_CLAIMS

CLAIMS: tuple[Claim, ...] = (
    *STRUCTURE_CLAIMS,
    *EFFICIENCY_CLAIMS,
    *SERVICE_CLAIMS,
    *RELIABILITY_CLAIMS,
    *GROWTH_CLAIMS,
    *THINKING_CLAIMS,
)

__all__ = ["CLAIMS", "Claim"]
