"""Knative's autoscaler (KPA): a stable window, and a short one that makes it panic."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from ...errors import require
from .base import Decision, Seen
from .holding import Maxima, largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """What the rules remember of the past.

    Attributes:
        since_s: when panic began or was renewed, s; None while calm.
        most: largest number wanted in this panic.
        delayed: decisions of the last ``scale_down_delay_s`` that may still be its largest.
    """

    since_s: float | None = None
    most: int = 0
    delayed: Maxima = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What ``kpa`` remembers.

    Attributes:
        past: (time at its end in s, length in s, demand in agents) of the periods in the stable window.
        panic: what the rules remember; None before the first decision.
    """

    past: tuple[tuple[float, float, float], ...] = ()
    panic: Panic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnativeKpa:
    """``ceil(mean demand of the stable window / target)``, or of the panic window while it panics.

    Demand in agents takes the place of Knative's concurrency, an agent being one of it. Excess burst capacity, which
    decides about routing there, and the reconciler's scale-to-zero grace have no part in the number and are left out.

    Source:
        knative/serving, ``pkg/autoscaler/scaling/autoscaler.go``, ``config/core/configmaps/autoscaler.yaml``.

    Attributes:
        target: wanted demand per agent, above 0.
        stable_window_s: s.
        panic_share: panic window as a share of the stable one, in (0, 1].
        panic_threshold: panic when the panic window wants this many times the ready agents, above 1.
        max_scale_up: the fleet grows to at most this many times its ready agents at once, above 1.
        max_scale_down: the fleet shrinks to at least its ready agents over this at once, above 1.
        scale_down_delay_s: the largest decision of this time counts, s; 0 is no delay.
        activation_scale: fewest agents while there is demand at all.
        reachable: whether tasks are routed to the fleet; if not, scale-downs know neither rate nor delay.
    """

    target: float = 0.7
    stable_window_s: float = 60.0
    panic_share: float = 0.1
    panic_threshold: float = 2.0
    max_scale_up: float = 1000.0
    max_scale_down: float = 2.0
    scale_down_delay_s: float = 0.0
    activation_scale: int = 1
    reachable: bool = True

    def __post_init__(self) -> None:
        require(self.target > 0, "scaling.target", self.target, "above 0")
        require(self.stable_window_s >= 0, "scaling.stable_window_s", self.stable_window_s, "0 or more")
        require(0 < self.panic_share <= 1, "scaling.panic_share", self.panic_share, "in (0, 1]")
        require(self.panic_threshold > 1, "scaling.panic_threshold", self.panic_threshold, "above 1")
        require(self.max_scale_up > 1, "scaling.max_scale_up", self.max_scale_up, "above 1")
        require(self.max_scale_down > 1, "scaling.max_scale_down", self.max_scale_down, "above 1")
        require(
            self.scale_down_delay_s >= 0, "scaling.scale_down_delay_s", self.scale_down_delay_s, "0 or more"
        )
        require(self.activation_scale >= 1, "scaling.activation_scale", self.activation_scale, "1 or more")

    def start(self) -> Watched:
        """Nothing seen; the first decision counts as a restart of the autoscaler."""
        return Watched()

    def decide(self, now: Seen, memory: Watched) -> tuple[Decision, Watched]:
        """See :class:`ScalingPolicy`."""
        panic = memory.panic or restarted(now.ready, now.time_s)
        seen = (now.time_s, now.period_s, now.demand)
        start_s = now.time_s - self.stable_window_s
        first, known = 0, memory.past
        while first < len(known) and known[first][0] <= start_s:
            first += 1
        past = (*known[first:], seen)
        stable = mean_since(past, start_s)
        short = mean_since(past, now.time_s - self.panic_share * self.stable_window_s)
        agents, panic = scale(self, panic, now.time_s, stable, short, now.ready)
        calm = panic.since_s is None
        mode = "stable" if calm else f"panic since {panic.since_s:g} s, at least {panic.most}"
        why = (
            "demand {:.2f} in the stable window, {:.2f} in the panic window, target {:g}, {} ready, {}: {}",
            *(stable, short, self.target, now.ready, mode, agents),
        )
        return Decision(agents, why, "stable" if calm else "panic"), Watched(past=past, panic=panic)


def restarted(ready: int, now_s: float) -> Panic:
    """The state of an autoscaler that has just started: in panic if more than one agent is ready.

    So a fleet keeps its size until there is history enough to shrink it.
    """
    return Panic(since_s=now_s if ready > 1 else None, most=ready)


def mean_since(past: tuple[tuple[float, float, float], ...], start_s: float) -> float:
    """Mean demand since a time, weighted by how much of each period lies after it; the last one always counts.

    >>> mean_since(((10.0, 10.0, 4.0), (20.0, 10.0, 8.0)), 5.0)
    6.666666666666667
    """
    end_s, length_s, demand = past[-1]
    if start_s >= end_s:
        return demand
    total = weight = 0.0
    for end_s, length_s, demand in past:
        if end_s > start_s:
            part = min(end_s - start_s, length_s)
            total += part * demand
            weight += part
    return total / weight if weight > 0 else demand


def scale(
    rules: KnativeKpa, panic: Panic, now_s: float, stable: float, short: float, ready: int
) -> tuple[int, Panic]:
    """Knative's decision.

    Args:
        rules: the settings.
        panic: what is remembered.
        now_s: s.
        stable: mean demand of the stable window, agents.
        short: mean demand of the panic window, agents.
        ready: ready agents; none counts as one.

    Returns:
        Wanted number of agents, and what to remember.
    """
    have = max(ready, 1)
    most = ceil(rules.max_scale_up * have)
    least = floor(have / rules.max_scale_down) if rules.reachable else 0
    by_stable, by_panic = ceil(stable / rules.target), ceil(short / rules.target)
    wanted = _activated(rules, by_stable, min(max(by_stable, least), most))
    urgent = _activated(rules, by_panic, min(max(by_panic, least), most))
    over = by_panic / have >= rules.panic_threshold
    since, peak = panic.since_s, panic.most
    if over:
        since = now_s
    elif since is not None and since + rules.stable_window_s < now_s:
        since, peak = None, 0
    if since is not None:
        wanted = peak = max(wanted, urgent, peak)
    delayed = panic.delayed
    if rules.reachable and rules.scale_down_delay_s > 0:
        wanted, delayed = largest(delayed, now_s, wanted, rules.scale_down_delay_s)
    if (since, peak, delayed) == (panic.since_s, panic.most, panic.delayed):
        return wanted, panic
    return wanted, Panic(since_s=since, most=peak, delayed=delayed)


def _activated(rules: KnativeKpa, unclamped: int, clamped: int) -> int:
    """A number raised to the activation scale if there is demand at all."""
    return max(clamped, rules.activation_scale) if unclamped > 0 and rules.activation_scale > 1 else clamped
