"""Faults and links change a fleet's collective IQ; the rule of consensus changes how right and how fast it decides.

With a path as its first argument the figures are also drawn there, as one HTML page.
"""

import sys

import numpy as np

import swarmscale as ss

SMALL = {"fleet.agents": 2000, "fleet.nodes": 8, "network.topology": "ring", "demand.load": 0.5}


def fleet():
    return ss.SwarmModel("tiny", rng=7, **SMALL).run(10)


def broken(share):
    model = fleet()
    gone = np.random.default_rng(1).permutation(model.fleet.live())[: int(share * 2000)]
    model.fail_workers(gone, repair_s=np.inf)
    return model


def cut():
    model = fleet()
    model.cut_link(0, 1)
    model.cut_link(4, 5)  # two halves of the ring
    return model


def flat():
    """No links but those of a cluster's tree."""
    return ss.SwarmModel("tiny", rng=7, **SMALL, **{"intelligence.overlay": 0}).run(10)


states = {
    "whole": fleet(),
    "30 % of the agents failed": broken(0.3),
    "60 % of the agents failed": broken(0.6),
    "the mesh cut in two": cut(),
    "trees of leads alone": flat(),
}
iqs = {}
print(f"{'fleet':28s} collective IQ, 6 panels of 200")
for name, model in states.items():
    iqs[name] = model.probe(panels=6, agents=200, seed=1).iq
    print(f"{name:28s} {iqs[name].text()}")

rules = ["majority", "weighted", "confidence", "similarity", "quorum", "degroot", "friedkin-johnsen"]
decided = {}
print(f"\n{'rule':18s} accuracy  single agents  latency, ms")
for rule in rules:
    decided[rule] = d = states["whole"].decide(
        ("decision-making",), agents=60, questions=2000, rule=rule, seed=2
    )
    print(f"{rule:18s} {d.accuracy:8.3f} {d.stages[-1].alone:14.3f} {d.latency_ms:12.1f}")

if len(sys.argv) > 1:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    page = make_subplots(
        1, 2, subplot_titles=("collective IQ (points)", "decisions: accuracy (share) over latency (ms)")
    )
    middle = [iq.iq for iq in iqs.values()]
    half = [iq.high - iq.iq for iq in iqs.values()]
    page.add_trace(go.Scatter(x=middle, y=list(iqs), error_x={"array": half}, mode="markers"), 1, 1)
    latency, right = [d.latency_ms for d in decided.values()], [d.accuracy for d in decided.values()]
    page.add_trace(
        go.Scatter(x=latency, y=right, text=rules, mode="markers+text", textposition="top center"), 1, 2
    )
    page.update_layout(showlegend=False)
    page.write_html(sys.argv[1])
