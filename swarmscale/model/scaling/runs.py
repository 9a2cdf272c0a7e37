"""What an action of the origin's rules may do to the fleet: factor, limit and cooldown.

When a rule's trigger is on and its cooldown is over, the provisioned agents are multiplied by its factor, at most as
far as its limit allows.

**A run.** The limit is relative to the fleet's size when the first of a run of actions began. Actions of a rule
belong to one run while each is taken less than max(2 cooldowns, lead time) after the one before; the first action
after a longer pause begins a new run at the size that the fleet has then. So a rule that has reached its limit waits
until what it ordered could be ready, and goes on if that was not enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf

from ...errors import require
from .base import Seen
from .holding import SLACK

type Run = tuple[int, float]
"""The fleet's size when the run began, and the time of its last action, s."""

NO_RUN: Run = (0, -inf)


@dataclass(frozen=True, slots=True)
class Move:
    """What an action makes of the fleet.

    Attributes:
        agents: the fleet's size after it.
        run: the rule's run after it.
        done: what was done, or what kept it from being done.
    """

    agents: int
    run: Run
    done: str


def act(now: Seen, run: Run, factor: float, limit: float, cooldown_s: float) -> Move:
    """The action of a rule whose trigger is on.

    A scale-up adds at least one agent, a scale-down never takes the last one.

    Args:
        now: what is seen.
        run: the rule's run of actions so far.
        factor: above 1 for a scale-up, below for a scale-down.
        limit: largest or smallest size, relative to that when the run began.
        cooldown_s: least time between two actions, s.
    """
    have, (base, last_s) = now.provisioned, run
    since_s = now.time_s - last_s
    if since_s < cooldown_s - SLACK:
        return Move(have, run, f"cooldown for {cooldown_s - since_s:g} s more, {have} stay")
    if since_s >= max(2 * cooldown_s, now.lead_s) - SLACK:
        base = have
    if factor > 1:
        bound = max(ceil(base * limit - SLACK), base + 1)
        size = max(min(max(ceil(have * factor - SLACK), have + 1), bound), have)
    else:
        bound = ceil(base * limit - SLACK)
        size = min(max(floor(have * factor + SLACK), bound), have)
    if size == have:
        return Move(have, run, f"at the limit x{limit:g} of {base}, {have} stay")
    return Move(size, (base, now.time_s), f"{have} x{factor:g} to {size}, limit x{limit:g} of {base}")


def check(factor: float, limit: float, cooldown_s: float, up: bool, where: str = "scaling") -> None:
    """Refuse a factor, limit or cooldown with which a rule could not work.

    Raises:
        ConfigError: if one of them breaks its rule.
    """
    if up:
        require(factor > 1, f"{where}.factor", factor, "above 1")
        require(limit >= factor, f"{where}.limit", limit, f"at least the factor {factor:g}")
    else:
        require(0 < factor < 1, f"{where}.factor", factor, "in (0, 1)")
        require(0 < limit <= factor, f"{where}.limit", limit, f"above 0 and at most the factor {factor:g}")
    require(cooldown_s >= 0, f"{where}.cooldown_s", cooldown_s, "0 or more")
