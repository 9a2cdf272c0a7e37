"""Kill a coordination node and a tenth of the agents in the middle of a run, and see what it costs."""

import numpy as np

import swarmscale as ss

model = ss.SwarmModel("tiny", rng=7, **{"network.topology": "ring", "delegation.on": True})
model.run(40)
model.kill_node(1)
model.fail_workers(model.fleet.live()[::10], repair_s=20.0)
model.run(40)
model.revive_node(1)
model.run(40)

frame = model.records.frame()
for name, rows in (("before", frame[:40]), ("broken", frame[40:80]), ("after", frame[80:])):
    late = int(rows["late"].sum())
    again, gone = int(rows["resent"].sum()), int(rows["dropped"].sum())
    print(
        f"{name:7s} answered {int(rows['completed'].sum()):5d}  late {late:4d}  sent anew {again:4d}  dropped {gone:4d}"
    )
assert np.array_equal(
    frame["arrived"].cumsum(), (frame["completed"] + frame["dropped"]).cumsum() + frame["in_system"]
), "every task is accounted for"
print("every task is accounted for")
