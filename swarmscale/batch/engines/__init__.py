"""Engines: where the runs of a sweep are made."""

from __future__ import annotations

from ...choices import Choices
from .base import Engine
from .here import Here
from .processes import Processes
from .ray_engine import Ray

ENGINES: Choices[Engine] = Choices(
    "engine",
    here=Here,
    processes=Processes,
    ray=Ray,
)
"""Engines by name."""
