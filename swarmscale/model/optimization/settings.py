"""Settings of the optimization engine: how often it looks, how long it tries, and what it may turn."""

from __future__ import annotations

from ..section import Section, setting


class Optimization(Section):
    """The engine that looks for the bottleneck, tries one change at a time, and keeps it only if it helped."""

    on: bool = setting(
        False, "whether changes are tried; the bottleneck is told all the same where asked for"
    )
    period_s: float = setting(10.0, "time between two looks", "s", gt=0)
    window_s: float = setting(120.0, "length of the windows before and after a change", "s", ge=30)
    settle_s: float = setting(30.0, "time after a change that belongs to neither window (assumed)", "s", ge=0)
    cooldown_s: float = setting(30.0, "time after a trial until the next one", "s", ge=0)
    level: float = setting(0.05, "chance of keeping a change that does nothing, one-sided", gt=0, lt=0.5)
    least: float = setting(
        0.02, "relative gain below which a change is not worth keeping (assumed)", ge=0, le=1
    )
    strategies: tuple[str, ...] = setting((), "strategies that may be tried, by name; none given: all")
    learn: bool = setting(
        True, "whether what trials have shown weighs in the choice; else each choice is a first one"
    )
    latency_ms: float = setting(10.0, "wanted mean network latency, the origin's target", "ms", gt=0)
    utilization: float = setting(0.7, "wanted utilization, the origin's target", gt=0, le=1)
    error_rate: float = setting(0.001, "error rate up to which all is well, the origin's target", ge=0, le=1)
