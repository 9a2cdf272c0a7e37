"""All studies by name."""

from __future__ import annotations

from .adding import SCALE_UP
from .base import Study
from .counted import STRUCTURE
from .faults import GAME_DAY, STORM
from .foresight import FORECASTS, SAVINGS
from .growth import GROWTH, GROWTH_SHORT
from .service import FLASH_CROWD, LLM_FLEET, MARKET_DAY, SCALED_FLEET
from .thinking import DECISIONS, LEARNING, MEMORY

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        GROWTH, GROWTH_SHORT, LEARNING, STORM, GAME_DAY, MEMORY, SAVINGS, LLM_FLEET, SCALED_FLEET, MARKET_DAY,
        FLASH_CROWD, FORECASTS, SCALE_UP, DECISIONS, STRUCTURE,
    )
}  # fmt: skip
"""Those that take longest first, so that no processor waits for the last one."""
TIMED = "speed"
"""The study that is timed alone; what measures it is handed in, since it stands above this package."""
