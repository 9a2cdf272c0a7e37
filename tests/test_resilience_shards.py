"""Faults under shards: what breaks, how it is found and what becomes of its tasks is the same, bit for bit."""

from __future__ import annotations

import pytest

import swarmscale as ss
from swarmscale.model.sharding.incidents import whole_log
from swarmscale.model.sharding.whole import digest

from .shard_support import shared as shards_told

KEYS = {
    "intelligence.on": False,
    "emergence.on": False,
    "fleet.agents": 600,
    "fleet.nodes": 5,
    "fleet.cluster_agents": 20,
    "demand.load": 0.8,
    "demand.locality": 0.2,
    "seconds": 200.0,
}
AGENTS = [
    {"name": "agent-crash", "mtbf_s": 1500.0},
    {"name": "agent-slow", "mtbf_s": 3000.0},
    {"name": "lead-crash", "mtbf_s": 2000.0},
]
LINKS = [
    {"name": "link-cut", "mtbf_s": 400.0, "for_s": 20.0},
    {"name": "link-loss", "mtbf_s": 400.0, "for_s": 20.0},
    {"name": "latency-spike", "mtbf_s": 400.0, "for_s": 20.0},
]
CASES = {
    "nothing breaks": {},
    "agents": {"resilience.faults": AGENTS, "resilience.recovery.deadlines": "enforce"},
    "false alarms": {
        "resilience.detection.detector": {"name": "phi", "phi": 2.5},
        "resilience.detection.missed": 0,
        "seconds": 60.0,
    },
    "links": {"resilience.faults": LINKS, "network.loss": 0.05},
    "partition": {
        "resilience.script": [{"at_s": 60.0, "fault": "partition", "for_s": 40.0}],
        "demand.classes": [{"work_s": 12.0, "deadline_s": 90.0}],
    },
    "many at once": {
        "resilience.script": [
            {"at_s": 30.0, "fault": {"name": "mass-crash", "share": 0.3}},
            {"at_s": 90.0, "fault": "zone-failure"},
        ],
        "resilience.pace.on": True,
        "resilience.admission.on": True,
        "scaling": "hpa",
    },
    "components": {
        "resilience.faults": [
            {"name": "controller-exception", "mtbf_s": 100.0},
            {"name": "controller-stall", "mtbf_s": 100.0},
            {"name": "edge-fault", "mtbf_s": 100.0},
        ],
        "scaling": "hpa",
        "resilience.admission.on": True,
    },
}


def shared(config, shards):
    """The digest of each shard and the whole log."""
    return shards_told(config, shards, lambda model: (digest(model), whole_log(model)))


@pytest.mark.parametrize("name", CASES)
def test_one_digest_for_every_number_of_shards(name):
    config = ss.Config.load("tiny").changed(KEYS | CASES[name])
    alone = shared(config, 1)[0]
    if name not in ("nothing breaks", "components", "false alarms"):
        assert len(alone[1]) >= 1
    for shards in (2, 4):
        several = shared(config, shards)
        assert {one[0] for one in several} == {alone[0]}
        assert [i.key for i in several[0][1].incidents] == [
            i.key for i in sorted(alone[1].incidents, key=lambda i: (i.begins_s, i.key))
        ]


def test_what_moves_clusters_is_refused_in_one_line():
    for changes, said in (
        ({"resilience.faults": [{"name": "node-crash", "mtbf_s": 100.0}]}, "node-crash"),
        ({"resilience.recovery.agents": "replace"}, "resilience.recovery.agents"),
    ):
        with pytest.raises(ss.ConfigError) as caught:
            shared(ss.Config.load("tiny").changed(KEYS | changes), 2)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
