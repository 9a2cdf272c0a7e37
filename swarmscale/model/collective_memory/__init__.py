"""The collective memory: records that the coordination nodes share, and the knowledge graph made of them."""

from __future__ import annotations

from ...choices import Choices
from .base import MemoryMode
from .eventual import Eventual
from .strong import Strong

MEMORY_MODES: Choices[MemoryMode] = Choices("memory mode", eventual=Eventual, strong=Strong)

__all__ = ["MEMORY_MODES", "Eventual", "MemoryMode", "Strong"]
