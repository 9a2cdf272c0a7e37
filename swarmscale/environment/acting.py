"""What an action means: numbers of agents, or changes of what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from ..arrays import Floats, Ints
from ..errors import ConfigError, UnknownChoiceError

STEPS = (0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 2.0)
"""Factors of the action kind ``step``."""
KINDS = ("ratio", "step", "agents")
"""Kinds of actions.

``ratio``: Box(-1, 1), the agents that are there times 2 ** action; ``step``: Discrete(7), times one of ``STEPS``;
``agents``: Discrete, so many are wanted.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How actions become wanted numbers of ready and starting agents.

    Attributes:
        kind: one of :data:`KINDS`.
        least: fewest agents.
        most: most agents.
    """

    kind: str
    least: int
    most: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownChoiceError("kind of action", self.kind, KINDS)

    def space(self) -> Box | Discrete:
        """The space of one action."""
        if self.kind == "ratio":
            return Box(-1.0, 1.0, (1,), np.float32)
        if self.kind == "step":
            return Discrete(len(STEPS))
        return Discrete(self.most - self.least + 1, start=self.least)

    def wanted(self, action: Any, there: Ints) -> Ints:
        """`[N]` agents that actions ask for, at least ``least`` and at most ``most``.

        Args:
            action: `[N, 1]` for ``ratio``, else `[N]`.
            there: `[N]` agents ready and starting.

        Raises:
            ConfigError: if an action is not in the space.
        """
        given = np.asarray(action)
        if self.kind == "ratio":
            flat = self._numbers(given.reshape(len(there), -1) if given.size else given, len(there))
            if not (np.abs(flat) <= 1).all():
                raise ConfigError(f"action = {action}, but it must be in [-1, 1]")
            return self._within(np.floor(there * 2.0**flat + 0.5))
        if self.kind == "step":
            at = self._whole(given, len(there), 0, len(STEPS) - 1)
            return self._within(np.floor(there * np.array(STEPS)[at] + 0.5))
        return self._whole(given, len(there), self.least, self.most)

    def action(self, agents: int, there: int) -> Any:
        """The action that comes nearest to a wanted number of agents."""
        agents = min(max(agents, self.least), self.most)
        if self.kind == "agents":
            return agents
        factor = agents / max(there, 1)
        if self.kind == "step":
            return int(np.abs(np.log2(np.array(STEPS)) - np.log2(max(factor, 1e-9))).argmin())
        return np.array([min(max(np.log2(max(factor, 1e-9)), -1.0), 1.0)], np.float32)

    def _within(self, agents: Floats) -> Ints:
        return np.asarray(agents.clip(self.least, self.most), np.int64)

    def _numbers(self, given: Any, number: int) -> Floats:
        if given.shape != (number, 1) or given.dtype.kind not in "fiu":
            raise ConfigError(f"action = {given.tolist()}, but it must be one number for each fleet")
        return np.asarray(given[:, 0], np.float64)

    def _whole(self, given: Any, number: int, low: int, high: int) -> Ints:
        flat = given.reshape(-1)
        fits = flat.shape == (number,) and flat.dtype.kind in "iu"
        if not fits or not ((flat >= low) & (flat <= high)).all():
            raise ConfigError(
                f"action = {given.tolist()}, but it must be a whole number from {low} to {high} for each fleet"
            )
        return np.asarray(flat, np.int64)
