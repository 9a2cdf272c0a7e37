"""What the scaler recommends in words: what its policy does not do, what that would bring, and whether it came so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from .base import Seen
from .expectation import Expected
from .holding import agents_for
from .outlook import LATER_S
from .prices import Prices
from .prospects import Outcome, Past

if TYPE_CHECKING:
    import pandas as pd

BAND = 0.1
"""A fleet within this share of the recommended one is left without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A change that the policy did not make, and what to expect of it over the next 300 s.

    Attributes:
        time_s: when it was given, s.
        kind: ``fewer agents``, ``more agents``, ``larger pool`` or ``larger fleet``.
        text: in words, with its figures.
        agents: ready and starting agents of the fleet as it is.
        wanted: as it is recommended.
        benefit: what following it would bring within 300 s: price saved with fewer agents; else work beyond the
            present capacity that would find room, agent-seconds.
        utilization: expected without it; with what it is recommended against, so are the next two.
        spending: expected price without it.
        pool_need: expected largest number of agents on the pools without it.
        came: utilization, spending, pool need and benefit as they came, or None until then.
    """

    time_s: float
    kind: str
    text: str
    agents: int
    wanted: int
    benefit: Expected
    utilization: Expected
    spending: Expected
    pool_need: Expected
    came: tuple[float, float, float, float] | None = None

    def row(self) -> dict[str, Any]:
        """Everything as plain values: of each expected figure its value, both ends and what came."""
        out: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Expected):
                out |= {f"{f.name}_{what}": getattr(value, at) for what, at in _ENDS}
            elif f.name != "came":
                out[f.name] = value
        came = self.came or (nan,) * 4
        names = ("utilization", "spending", "pool_need", "benefit")
        return out | {f"{name}_came": value for name, value in zip(names, came, strict=True)}


_ENDS = (("expected", "value"), ("low", "low"), ("high", "high"))


@dataclass(slots=True)
class Advisor:
    """Gives recommendations, at most one of a kind within 300 s, and scores their benefits.

    Attributes:
        given: all of them.
        scored: those whose time has come.
        covered: those of them whose benefit lay in it.
        last_s: when the last one of each kind was given, s.
    """

    given: list[Recommendation] = field(default_factory=list)
    scored: int = 0
    covered: int = 0
    last_s: dict[str, float] = field(default_factory=dict)

    def advise(
        self,
        now: Seen,
        lower_later: float,
        *,
        agents: int,
        asked: int,
        most: int,
        pool: str,
        prices: Prices,
        expected: tuple[Expected, Expected, Expected],
    ) -> int:
        """Give a recommendation if there is one to give, and enough has come to state intervals.

        Args:
            now: what was seen at the decision.
            lower_later: lower quantile of the demand 300 s ahead, agents.
            agents: ready and starting agents after the decision.
            asked: what the policy wanted.
            most: the largest fleet.
            pool: the pool that stopped a scale-up, or an empty text.
            prices: of agents.
            expected: utilization, spending and pool need as things are.

        Returns:
            Its number; -1 if there is none.
        """
        if any(isnan(figure.low) for figure in expected) or isnan(lower_later):
            return -1
        enough = agents_for(max(now.upper, now.upper_later, now.demand) / now.slo_utilization)
        kind, wanted = _kind(agents, asked, enough, most, pool)
        if not kind or now.time_s - self.last_s.get(kind, -LATER_S) < LATER_S:
            return -1
        if kind == "fewer agents":
            benefit = _saved(expected[1], wanted, prices)
        else:
            benefit = _found_room(now, lower_later, agents, wanted)
        self.last_s[kind] = now.time_s
        self.given.append(
            Recommendation(
                time_s=now.time_s,
                kind=kind,
                text=_words(kind, now, agents, wanted, pool, benefit, expected[1]),
                agents=agents,
                wanted=wanted,
                benefit=benefit,
                utilization=expected[0],
                spending=expected[1],
                pool_need=expected[2],
            )
        )
        return len(self.given) - 1

    def settle(
        self, number: int, window: Sequence[Past], came: Outcome, slo_utilization: float, prices: Prices
    ) -> None:
        """Score a recommendation against the demand and the fleet that came."""
        told = self.given[number]
        if told.kind == "fewer agents":
            benefit = came[1] - LATER_S * told.wanted * prices.ready
        else:
            benefit, before = 0.0, told.time_s
            most = (told.wanted - told.agents) * slo_utilization
            for past in window:
                beyond = past.demand - told.agents * slo_utilization
                benefit += (past.time_s - before) * min(max(beyond, 0.0), most)
                before = past.time_s
        self.scored += 1
        self.covered += told.benefit.low <= benefit <= told.benefit.high
        self.given[number] = replace(told, came=(*came, benefit))

    @property
    def coverage(self) -> float:
        """Share of the benefits that came within their intervals; NaN while none came due."""
        return self.covered / self.scored if self.scored else nan


def advice_frame(given: Sequence[Recommendation]) -> pd.DataFrame:
    """The recommendations as a table, one row each."""
    import pandas as pd

    return pd.DataFrame([told.row() for told in given])


def _kind(agents: int, asked: int, enough: int, most: int, pool: str) -> tuple[str, int]:
    """What there is to recommend, and for how many agents."""
    if pool and asked > agents:
        return "larger pool", asked
    if asked > most:
        return "larger fleet", asked
    if enough > (1 + BAND) * agents:
        return "more agents", enough
    if enough < (1 - BAND) * agents:
        return "fewer agents", enough
    return "", agents


def _saved(spending: Expected, wanted: int, prices: Prices) -> Expected:
    """Price saved by a fleet that is held at so many agents."""
    paid = LATER_S * wanted * prices.ready
    return Expected(spending.value - paid, spending.low - paid, spending.high - paid)


def _found_room(now: Seen, lower_later: float, agents: int, wanted: int) -> Expected:
    """Work beyond the present capacity that would find room, from the demand foretold and its 90 % interval."""

    def work(demand: float) -> float:
        beyond = demand - agents * now.slo_utilization
        return LATER_S * min(max(beyond, 0.0), (wanted - agents) * now.slo_utilization)

    middle = work((now.demand + now.forecast) / 2)
    low, high = work(min(lower_later, now.demand)), work(max(now.upper_later, now.upper, now.demand))
    return Expected(middle, min(low, middle), max(high, middle))


def _words(
    kind: str, now: Seen, agents: int, wanted: int, pool: str, benefit: Expected, spending: Expected
) -> str:
    span = f" (90 %: {benefit.low:,.0f} to {benefit.high:,.0f})"
    foretold = (
        f"demand is {now.demand:,.0f} agents and foretold to be {now.forecast:,.0f} in {LATER_S:g} s, "
        f"with an upper bound of {now.upper_later:,.0f}"
    )
    if kind == "fewer agents":
        return (
            f"{agents:,} agents are more than needed: {foretold}; {wanted:,} would do and save {benefit.value:,.0f}"
            f"{span} of the {LATER_S:g} s' price of {spending.value:,.0f}"
        )
    gain = (
        f"{benefit.value:,.0f} agent-seconds{span} more of the work of the next {LATER_S:g} s would find room"
    )
    if kind == "larger pool":
        return f"pool {pool} stops at {agents:,} of {wanted:,} agents: {foretold}; with a larger one, {gain}"
    if kind == "larger fleet":
        return f"fleet.max_agents stops at {agents:,} of {wanted:,} agents: {foretold}; with more, {gain}"
    return f"{agents:,} agents are too few: {foretold}; with {wanted:,}, {gain}"
