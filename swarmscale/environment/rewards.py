"""What an environment for scaling pays: the price of the agents, and of the work that they failed."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ..errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """Weights of cost and violations; their sum, over what the first fleet costs in a period, is the penalty.

    So a reward of -1 is the price of the first fleet, whatever its size, for one period. With the default a second of
    work that is answered too late or never costs as much as ten seconds of an agent: where an agent-second of work
    costs about one agent-second to serve, a hundredth of the work is then worth a tenth of the cost.

    Attributes:
        cost: weight of an agent-second at its price, 0 or more.
        violation: weight of a second of violated work, 0 or more.
    """

    cost: float = 1.0
    violation: float = 10.0

    def __post_init__(self) -> None:
        for name, value in (("cost", self.cost), ("violation", self.violation)):
            require(isfinite(value) and value >= 0, f"reward.{name}", value, "finite and 0 or more")

    def of(self, cost: float, violated: float, unit: float) -> dict[str, float]:
        """The reward of a period and its two parts, as they stand in ``info``.

        Args:
            cost: price paid in the period, in agent-seconds at the price of 1.
            violated: work that was answered too late or never, s of a unit-speed agent.
            unit: what the first fleet costs in a period.

        >>> Reward().of(90.0, 2.0, 100.0)
        {'reward_cost': -0.9, 'reward_violation': -0.2, 'reward': -1.1}
        """
        paid, missed = -self.cost * cost / unit, -self.violation * violated / unit
        return {"reward_cost": paid, "reward_violation": missed, "reward": paid + missed}
