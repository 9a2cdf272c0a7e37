"""A shard: the part of a model that is here, and how its records are completed with those of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...agents.hierarchy import Hierarchy
from ...errors import ConfigError, require
from ..config import Config
from ..counting import counted_in
from ..flow.engine import TaskFlow
from ..records import Records
from ..resilience.script import refuse_unshared
from .border import ShardBorder
from .exchange import Exchange
from .territory import Territory

if TYPE_CHECKING:
    from ..controllers import Controller


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a model that is here.

    Attributes:
        territory: which nodes and clusters.
        exchange: where shards meet.
        border: what crosses between them each tick; None in a model of one shard.
    """

    territory: Territory
    exchange: Exchange
    border: ShardBorder | None

    @classmethod
    def of(cls, config: Config, hierarchy: Hierarchy, exchange: Exchange) -> Shard:
        """The part that an exchange's rank has of a model.

        Raises:
            ConfigError: if the model cannot be shared out.
        """
        territory = Territory.of(exchange.rank, exchange.size, hierarchy)
        if territory.alone:
            return cls(territory, exchange, None)
        refuse(config)
        return cls(territory, exchange, ShardBorder(territory, exchange))

    def record(self, records: Records, flow: TaskFlow, tick: int) -> None:
        """Write down a tick; of a shared model its row is complete only after the next exchange."""
        if self.border is None:
            records.add(flow, self.territory)
            return
        if len(self.border.told):
            records.add_counted(self.border.told)
            self.border.told = self.border.told[:0]
        self.border.hold(counted_in(flow))
        records.add_series(flow, tick, self.territory)

    def settle(self, records: Records) -> None:
        """Complete the records up to the last tick."""
        if self.border is None:
            return
        total = self.border.settle()
        if len(total):
            records.add_counted(total)


def refuse(config: Config) -> None:
    """Refuse what looks at single agents all over the fleet.

    Raises:
        ConfigError: naming the setting.
    """
    whole = (
        ("intelligence.on", config.intelligence.on, "false"),
        ("learning.on", config.learning.on, "false"),
        ("collective_memory.on", config.collective_memory.on, "false"),
    )
    for name, value, off in whole:
        if value:
            raise ConfigError(
                f"{name} = {str(value).lower()}, but it must be {off} in a model that is shared out over shards"
            )
    names = config.optimization.strategies
    if config.optimization.on and (not names or "load-distribution" in names):
        told = list(names) if names else "all"
        raise ConfigError(
            f"optimization.strategies = {told}, but it must leave out load-distribution, which moves clusters to other "
            "nodes, in a model that is shared out over shards"
        )
    if config.resilience.on:
        refuse_unshared(config.resilience)
        require(
            config.resilience.recovery.agents != "replace",
            "resilience.recovery.agents",
            "replace",
            "restart or none in a model that is shared out over shards",
        )


def refuse_controller(controller: Controller) -> None:
    """Refuse a controller that is not made to act alike in all shards.

    Raises:
        ConfigError: if it neither comes from the config nor says ``sharded = True``.
    """
    if not getattr(controller, "of_config", False) and not getattr(controller, "sharded", False):
        raise ConfigError(
            f"{type(controller).__name__} cannot act in a model that is shared out over shards; if it does the same in "
            "all of them, say so with sharded = True"
        )
