"""Does the engine choose right: scenarios run until so many trials are over, alone or with what was learned before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...model.config import Config
from ...model.optimization.choosing import Belief
from ...model.optimization.log import Trial
from ...model.swarm import SwarmModel

MOST_S = 14_400.0
"""Simulated time after which a scenario is given up though fewer trials are over, s."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the engine did in one run of a scenario.

    Attributes:
        trials: all that are over, in order.
        beliefs: what it thinks afterwards.
    """

    trials: tuple[Trial, ...]
    beliefs: dict[str, Belief]

    def kept(self, strategy: str) -> Trial | None:
        """The first trial of a strategy that was kept; None if none was."""
        return next((one for one in self.trials if one.strategy == strategy and one.state == "kept"), None)

    def until(self, strategy: str) -> int | None:
        """Trials until a strategy was kept, it included; None if it never was."""
        one = self.kept(strategy)
        return None if one is None else self.trials.index(one) + 1

    @property
    def first(self) -> str:
        """The strategy that was kept first; "none" if none was."""
        return next((one.strategy for one in self.trials if one.state == "kept"), "none")


def decide(
    config: Config,
    seed: int,
    *,
    trials: int = 10,
    until: str = "",
    beliefs: Mapping[str, Belief] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Chosen:
    """Run a fleet with the engine on until so many trials are over.

    Args:
        config: of the fleet.
        seed: of the run.
        trials: that are waited for.
        until: a strategy with whose first kept trial the run ends sooner; empty for none.
        beliefs: what the engine thinks at the start; the prior if None.
        changes: dotted keys on top of the config.
    """
    quiet = {"intelligence.on": False, "emergence.on": False, "optimization.on": True, "seconds": MOST_S}
    model = SwarmModel(config.changed(quiet | dict(changes or {})), rng=seed)
    engine = model.optimizer
    assert engine is not None
    engine.beliefs = dict(beliefs or {})
    over: tuple[Trial, ...] = ()
    while model.now_s < MOST_S - 1e-9 and len(over) < trials:
        model.run(engine.period_s)
        over = tuple(one for one in engine.trials if one.state != "trying")
        if until and any(one.strategy == until and one.state == "kept" for one in over):
            break
    return Chosen(over, dict(engine.beliefs))
