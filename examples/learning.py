"""What practice is worth: the same arrivals with agents that learn and with agents that do not.

With a path as its first argument the figures are also drawn there, as one HTML page.
"""

import sys

import numpy as np

import swarmscale as ss
from swarmscale.model.flow.ledger import Count

FLEET = {
    "seconds": 600.0,
    "fleet.speed_cv": 0.3,
    "fleet.skill_own": (0.5, 0.7),
    "fleet.skill_other": (0.3, 0.6),
    "demand.load": 0.45,
    "records.warm_up_s": 300.0,
    "intelligence.on": False,
}
CASES = {
    "no learning": {},
    "practice": {"learning.on": True},
    "practice, random": {"learning.on": True, "dispatch.rule": "random"},
    "practice, learned": {"learning.on": True, "dispatch.rule": "learned"},
}

print("seconds 300 to 600 of 600, mean over seeds 1 to 4")
print(f"{'case':18s} {'service for 1 s of work':>24s} {'mean response':>14s} {'p95':>7s} {'arrivals':>9s}")
drawn = {}
for name, changes in CASES.items():
    rows = []
    for seed in (1, 2, 3, 4):
        model = ss.SwarmModel("tiny", rng=seed, **(FLEET | changes)).run()
        raw, summary = model.records.raw(300), model.summary()
        pace = raw.count(Count.SERVICE_T).sum() / raw.count(Count.WORK_STARTED_T).sum()
        times = [summary[key].value for key in ("response_mean_s", "response_p95_s")]
        rows.append([pace, *times, model.records.column("arrived").sum()])
    pace, mean, p95, arrived = drawn[name] = np.mean(rows, axis=0)
    print(f"{name:18s} {pace:22.3f} s {mean:12.2f} s {p95:5.2f} s {arrived:9.0f}")

slope, low, high = ss.SwarmModel("tiny", rng=1, **(FLEET | CASES["practice"])).run().learner.velocity()
print(f"each doubling of an agent's tasks: service time {np.expm1(slope):+.1%} ", end="")
print(f"[{np.expm1(low):+.1%}, {np.expm1(high):+.1%}]")

if len(sys.argv) > 1:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = ("service for 1 s of work (s)", "response time, p95 (s)")
    page = make_subplots(1, 2, subplot_titles=titles)
    page.add_trace(go.Bar(x=list(drawn), y=[row[0] for row in drawn.values()]), 1, 1)
    page.add_trace(go.Bar(x=list(drawn), y=[row[2] for row in drawn.values()]), 1, 2)
    page.update_layout(showlegend=False)
    page.write_html(sys.argv[1])
