"""A trader as Mesa knows agents."""

from __future__ import annotations

import mesa
import numpy as np

from ..agents.traits import TRAITS


class Trader(mesa.Agent):  # type: ignore[misc]  # mesa carries no types
    """A trader as Mesa knows agents: a view of one row of the economy's arrays."""

    @property
    def row(self) -> int:
        """Place in the arrays."""
        return int(self.unique_id) - 1

    @property
    def buys(self) -> bool:
        """Whether this is a buyer."""
        return bool(self.model.buys[self.row])

    @property
    def limits(self) -> list[int]:
        """Values of a buyer's units, costs of a seller's, in this period, ticks."""
        found: list[int] = self.model.limits[self.row].tolist()
        return found

    @property
    def units(self) -> int:
        """Units traded in this period."""
        return int(self.model.done[self.row])

    @property
    def cash(self) -> int:
        """Balance of the account, ticks; 0 at the start, credit is free."""
        return int(self.model.cash[self.row])

    @property
    def waits(self) -> bool:
        """Whether a transaction is under way: then none is begun."""
        return bool(np.isinf(self.model.next_at[self.row]))

    @property
    def traits(self) -> dict[str, float]:
        """The 76 traits by name."""
        return dict(zip(TRAITS, self.model.traits[self.row].tolist(), strict=True))
