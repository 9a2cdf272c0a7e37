"""Run a small fleet for two minutes and print what came of it."""

import swarmscale as ss

model = ss.SwarmModel("tiny", rng=7)
model.run()
summary = model.summary()
print(f"{len(model.fleet)} agents, {model.records.ticks} ticks, seed {model.root_seed}")
print(f"tasks arrived    {int(model.records.column('arrived').sum()):6d}")
print(f"tasks answered   {int(model.records.column('completed').sum()):6d}")
print(f"tasks dropped    {int(model.records.column('dropped').sum()):6d}")
for key in ("utilization", "response_mean_s", "network_mean_ms", "coordination_efficiency"):
    measured = summary[key]
    print(f"{measured.metric.title:28s} {measured.value:8.3f}")
