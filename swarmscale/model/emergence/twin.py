"""Interaction ablation: the same arrivals, agents and draws with the links between clusters cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Floats
from ...errors import require
from ..intelligence.battery import mixed

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel


def without_links(config: Config) -> Config:
    """The config of a fleet whose clusters do nothing for, with or because of each other.

    Tasks go to clusters at random, in proportion to who was ready at the start: nobody looks at loads, hands a task
    on, or answers from a cache that others filled; stations, which clusters share, take no time. Agents learn from
    their own work alone, and where they choose among methods from what they tried themselves. There is no collective
    memory, and the fleet keeps the size that it has at the start, since a scaler moves all clusters at once.

    What arrives, when, where and with how much work is as it was: it depends on the seed and the demand alone.
    """
    changes: dict[str, Any] = {
        "dispatch.rule": "random",
        "delegation.on": False,
        "cache.size": 0,
        "ingress.service_ms": 0.0,
        "ingress.overhead_ms": 0.0,
        "dispatch.service_ms": 0.0,
        "dispatch.overhead_ms": 0.0,
        "collective_memory.on": False,
        "scaling": "static",
    }
    if config.learning.mode == "emergent":
        changes |= {"learning.methods.strategy": "individual", "learning.methods.sees": "cluster"}
    else:
        changes |= {"learning.mode": "individual"}
    return config.changed(changes)


def twin_of(whole: SwarmModel | Config, *, rng: Any = None) -> SwarmModel:
    """A model without links, at time 0, with the arrivals, agents and draws of another one.

    Args:
        whole: a model, or the config of one.
        rng: the seed; of a model its own if None.

    Returns:
        A model to be run as long as the other. What was done to that one from outside (faults, orders, a flash
        crowd) is not done to it.
    """
    from ..config import Config
    from ..swarm import SwarmModel

    if isinstance(whole, Config):
        return SwarmModel(without_links(whole), rng=rng)
    return SwarmModel(without_links(whole.config), rng=whole.root_seed if rng is None else rng)


def ablated_shares(model: SwarmModel, replays: int = 39, *, seconds: float | None = None) -> Floats:
    """Shares of the agents by method in replays without links: the null of a fleet's pooled choice.

    Arrivals, agents, methods and who begins with which are the model's in every replay; who reconsiders when, and
    what is tried, is drawn anew. A fleet whose links do nothing is one more replay of the same kind.

    Args:
        model: one whose agents choose among methods.
        replays: B, 1 or more.
        seconds: how long each is run, s; as long as the model has run if None.

    Returns:
        `[B, A]` shares, for ``Window.twin_shares``.

    Raises:
        ConfigError: if agents of this model do not choose, or no update of what they know falls into that time.
    """
    learner = model.learner
    mode = "off" if learner is None else learner.settings.mode
    require(mode == "emergent", "learning.mode", mode, "emergent, on, so that agents choose among methods")
    require(replays >= 1, "replays", replays, "1 or more")
    span = model.now_s if seconds is None else seconds
    period = model.config.learning.period_s
    require(span >= period, "seconds", span, f"learning.period_s = {period:g} or more")
    shares = []
    for number in range(replays):
        twin = twin_of(
            model.config.changed({"emergence.on": False, "intelligence.on": False}), rng=model.root_seed
        )
        assert twin.learner is not None
        twin.learner.chance = mixed(model.root_seed, "ablated", number)
        shares.append(twin.run(span).learner.series[-1].shares)  # type: ignore[union-attr]
    return np.array(shares, np.float64)
