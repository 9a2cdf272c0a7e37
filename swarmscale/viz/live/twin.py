"""A second session with other settings on the same seed, in step with the first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ...model.config import Config
from .session import Session


@dataclass(slots=True)
class Twin:
    """A second session with other settings, on the same seed, that steps along with the first.

    What is done to the first (crashes, switches) is not done to it.

    Attributes:
        first: is watched.
        second: follows.
    """

    first: Session
    second: Session
    _model: Any = field(init=False)

    def __post_init__(self) -> None:
        self._model = self.first.model
        self.follow()
        self.first.watchers.append(self.follow)

    @classmethod
    def of(cls, first: Session, config: Config) -> Twin:
        """A twin with other settings, brought to the first one's time.

        Raises:
            ConfigError: if the settings cannot be used.
        """
        second = Session.of(config, seed=first.model.root_seed, most_agents=first.most_agents)
        return cls(first, second)

    def follow(self) -> None:
        """Step until the first one's time is reached; begin anew if that did."""
        with self.second.lock:
            if self._model is not self.first.model:
                self._model = self.first.model
                self.second.reset(seed=self._model.root_seed)
            dt = self.second.config.dt
            behind = math.floor((self.first.model.now_s - self.second.model.now_s) / dt + 1e-9)
            if behind > 0:
                self.second.advance(behind)

    def leave(self) -> None:
        """Follow no longer."""
        if self.follow in self.first.watchers:
            self.first.watchers.remove(self.follow)
