"""Settings of the example economy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import require
from .personality import Paths76
from .schedule import Schedule
from .traders import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Settings of an economy.

    Attributes:
        traders: half buyers, half sellers, in equal parts over the goods.
        goods: markets side by side, each with its own book and its own traders.
        constrained: ZI-C, who neither bid above value nor ask below cost; ZI-U bid and ask anything.
        period_s: length of a trading period, s; values and costs are drawn anew and the book is empty at its start.
        rate_per_s: mean rate of a trader's transactions, s of thinking time.
        order_share: of transactions that are orders, as long as the trader has a unit left.
        payment_share: of transactions that are payments; the rest are risk checks.
        clears: whether a trade empties its good's book, as in Gode & Sunder.
        schedule: values and costs.
        paths: how strongly personality acts.
        work_s: mean work of each kind, s of a unit-speed agent.
        work_cv: coefficient of variation of each, lognormal.
    """

    traders: int = 1000
    goods: int = 1
    constrained: bool = True
    period_s: float = 30.0
    rate_per_s: float = 1.0
    order_share: float = 0.7
    payment_share: float = 0.2
    clears: bool = False
    schedule: Schedule = field(default_factory=Schedule)
    paths: Paths76 = field(default_factory=Paths76)
    work_s: tuple[float, float, float] = (0.25, 0.4, 0.6)
    work_cv: tuple[float, float, float] = (1.0, 0.5, 0.7)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", Schedule(*self.schedule))
        object.__setattr__(self, "paths", Paths76(*self.paths))
        require(self.goods >= 1, "goods", self.goods, "1 or more")
        even = self.traders >= 2 * self.goods and self.traders % (2 * self.goods) == 0
        require(
            even,
            "traders",
            self.traders,
            f"a multiple of {2 * self.goods}: as many buyers as sellers of each good",
        )
        require(self.period_s > 0, "period_s", self.period_s, "above 0")
        require(self.rate_per_s > 0, "rate_per_s", self.rate_per_s, "above 0")
        shares = (
            self.order_share >= 0 and self.payment_share >= 0 and self.order_share + self.payment_share <= 1
        )
        given = (self.order_share, self.payment_share)
        require(shares, "order_share and payment_share", given, "0 or more, together at most 1")
        for name, least in (("work_s", 0.0), ("work_cv", -1e-12)):
            values = getattr(self, name)
            fit = len(values) == len(KINDS) and all(np.isfinite(v) and v > least for v in values)
            require(fit, name, values, f"{len(KINDS)} numbers above {max(least, 0.0):g}")
        self.schedule.check()
