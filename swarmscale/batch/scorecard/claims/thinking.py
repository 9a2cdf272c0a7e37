"""Claims of collective intelligence: decisions, memory, consistency."""

from __future__ import annotations

from functools import partial

from .base import POSITIVE, SHARE, Claim, bound

_ASKED = "<100ms collective decision latency"
_CONSISTENT = "Strong consistency across distributed intelligence"
_STALE = "reads of collective memory older than a write that was complete before they began / reads done, in a storm"

_decision = partial(
    Claim, area="decision latency", quote=_ASKED, study="decisions", unit="ms", possible=POSITIVE
)
_learns = partial(
    Claim,
    area="intelligence",
    quote="Collective IQ, learning velocity, emergence detection",
    study="learning",
    note="the origin names it without a figure",
)
_kept = partial(Claim, area="memory held", study="memory")

THINKING_CLAIMS: tuple[Claim, ...] = (
    _decision(
        key="decision",
        title="a decision of 500 agents, default",
        figure="decision_ms",
        text="simulated time of a collective decision, from question to consensus, over mesh and hierarchy",
        bound=bound("below", 100.0),
        beside=(("p95", "decision_p95_ms", "ms"),),
    ),
    _decision(
        key="decision_low",
        title="the origin's example, low collaboration",
        figure="example_low_ms",
        text="the same for reasoning, pattern recognition and creativity, the panel's agents asked once",
        bound=bound("below", 100.0),
    ),
    _decision(
        key="decision_high",
        title="the origin's example, high collaboration",
        figure="example_high_ms",
        text="the same with the collaboration level that the origin's example asks for",
        bound=bound("below", 100.0),
    ),
    _decision(
        key="decision_cpu",
        title="a decision's processor time here",
        study="speed",
        figure="decision_cpu_ms",
        text="CPU time of this machine for one collective decision of 500 agents",
        bound=bound("below", 100.0),
    ),
    _learns(
        key="collective_iq",
        title="collective IQ of a fleet that learns",
        figure="collective_iq",
        text="unit-weight composite of twelve tasks, size-normed to 100 +- 15 over 1,000 groups; last probe's panels",
        beside=(("decisions that were right", "decision_accuracy", "share"),),
    ),
    _learns(
        key="iq_velocity",
        title="learning velocity (IQ an hour)",
        figure="iq_velocity",
        text="slope of the collective IQ over simulated hours, by least squares over four probes",
    ),
    _learns(
        key="learning_velocity",
        title="learning velocity (service time)",
        figure="learning_velocity",
        text="slope of ln(service time) per doubling of an agent's tasks; below 0 is faster",
    ),
    _kept(
        key="memory_efficiency",
        quote="88% efficiency with automatic garbage collection",
        title="memory efficiency",
        figure="efficiency",
        unit="share",
        text="bytes of collective memory recalled within the retention window / bytes held, after 900 s",
        bound=bound("at least", 0.88),
        possible=SHARE,
        note="depends on how much is looked up: 4 facts a node and period by default (docs/memory.md)",
    ),
    _kept(
        key="memory_bytes",
        study="speed",
        title="bytes an agent takes in the simulator",
        figure="agent_bytes",
        text="bytes of all arrays / agents, of the largest fleet",
        possible=POSITIVE,
    ),
    _kept(
        key="consistency_strong",
        area="consistency",
        quote=_CONSISTENT,
        title="stale reads, mode strong",
        figure="strong_stale",
        unit="share",
        text=_STALE,
        bound=bound("exactly", 0.0),
        beside=(
            ("refused", "strong_refused", "share"),
            ("a write takes", "strong_write_ms", "ms"),
            ("convergence", "strong_convergence_s", "s"),
        ),
        possible=SHARE,
        note="histories are linearizable (tests/test_collective_memory_modes.py); the price is waiting "
        "and refusal",
    ),
    _kept(
        key="consistency_eventual",
        area="consistency",
        quote=_CONSISTENT,
        title="stale reads, mode eventual (the default)",
        figure="eventual_stale",
        unit="share",
        text=_STALE,
        bound=bound("exactly", 0.0),
        beside=(("refused", "eventual_refused", "share"), ("convergence", "eventual_convergence_s", "s")),
        possible=SHARE,
    ),
)
