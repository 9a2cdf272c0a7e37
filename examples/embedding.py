"""A host program with a fleet inside: it gives tasks, hears of what happens, scales, and asks for a decision."""

import numpy as np

import swarmscale as ss

rng = np.random.default_rng(1)
with ss.Orchestrator(
    config="tiny", agents=200, max_agents=600, optimization=False, auto_scaling=False, rng=7
) as fleet:
    fleet.on("*", lambda event: print(f"{event.time_s:5.0f} s  {event.name}"))
    fleet.rate(0)  # nothing arrives but what this program submits

    late = 0
    for second in range(60):
        orders = 40 if second < 30 else 90
        fleet.submit("think", rng.exponential(2.0, orders) + 0.01, at_s=second + rng.random(orders))
        done = fleet.advance(1).fates
        late += int((done.latency_ms > 10_000).sum())
        if second == 35:
            fleet.scale_system(320, "more orders than before")

    told = fleet.orchestrate_task({
        "id": "market-analysis", "agentCount": 60, "collaboration_level": "high",
        "analytical_reasoning": True, "pattern_detection": True,
    })  # fmt: skip
    print(
        f"decided by {len(told.participants)} agents after {told.latency_ms:.0f} ms, {told.messages} messages"
    )
    fleet.advance(60)
    figures = fleet.system_metrics()
    print(f"{fleet.model.hosting.submitted} tasks, {fleet.open} open, {late} later than 10 s")
    print(f"utilization {figures.performance['utilization']:.3f}, members {figures.scaling['members']:.0f}")
