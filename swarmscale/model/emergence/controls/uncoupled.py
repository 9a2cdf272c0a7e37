"""The ablated twin of a positive control: the same system with its links cut."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Unpack

from ..base import Window
from .base import Control, Generator, Plan, Switch, one
from .colonies import Colonies


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncoupled:
    """A positive control whose parts are never coupled, with the random numbers that it would have had.

    Attributes:
        of: the control.
    """

    of: Control = field(default_factory=Colonies)

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        return self.of.run(replace(plan, coupled=False), rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)
