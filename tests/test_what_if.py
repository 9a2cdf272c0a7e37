"""What a change is expected to do: pools that wait as was measured, against the fleets that were changed."""

from __future__ import annotations

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.optimization.base import Bottleneck, StationUse
from swarmscale.model.optimization.bottleneck import analyze
from swarmscale.model.optimization.what_if import Change, pool_of, pool_wait_s, what_if

ALIKE = {
    "intelligence.on": False, "emergence.on": False, "resilience.on": False, "fleet.speed_cv": 0.0,
    "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0], "fleet.communication": "none", "fleet.nodes": 1,
    "fleet.agents": 100, "fleet.cluster_agents": 5, "demand.source": "poisson", "demand.load": None,
    "demand.classes": [{"name": "task", "work_s": 2.0, "law": "exponential", "deadline_s": 100.0}],
    "optimization.window_s": 2000.0, "seconds": 2400.0,
}  # fmt: skip


def measured(rule, used, **more):
    """What limits a fleet of agents who are all alike, busy for about a share of their time."""
    keys = {"dispatch.rule": rule, "demand.mean_rate_per_s": used * 50.0}
    model = ss.SwarmModel("tiny", rng=3, **(ALIKE | keys | more)).run(200)
    _, seen = analyze(model, None)
    return analyze(model.run(2000), seen)[0]


def found(used=0.8, wait_s=0.5, agents=100.0, service_s=2.0):
    """A finding with figures of its own."""
    plain = {"visits": 1.0, "busiest": used, "busiest_at": 0, "servers": agents, "utilization": used}
    return Bottleneck(
        from_s=0.0, until_s=100.0, kind="queues", at=-1, words="", throughput_per_s=used * agents / service_s,
        response_s=service_s + wait_s, bound_per_s=1.0, balanced_per_s=1.0, binds="agents", least_response_s=service_s,
        stations=(StationUse(name="clusters", service_s=0.0, demand_s=0.0, wait_s=wait_s, **plain),
                  StationUse(name="agents", service_s=service_s, demand_s=service_s, wait_s=0.0, **plain)),
    )  # fmt: skip


@pytest.mark.parametrize("wait_s", [0.003, 0.2, 2.0, 8.0, 30.0])
def test_the_pool_waits_as_was_measured(wait_s):
    pool = pool_of(found(wait_s=wait_s))
    assert pool.factor * pool_wait_s(pool.agents, 0.8, 2.0) == pytest.approx(wait_s, rel=1e-9)
    assert what_if(found(wait_s=wait_s), Change()).relative == pytest.approx(0.0, abs=1e-9)


def test_more_load_waits_longer_and_more_agents_less():
    now = found()
    waits = [what_if(now, Change(rate=r)).wait_s for r in (0.5, 0.9, 1.0, 1.1, 1.2, 1.4)]
    assert waits == sorted(waits)
    assert what_if(now, Change(agents=1.2)).wait_s < 0.5 < what_if(now, Change(agents=0.9)).wait_s
    assert what_if(now, Change(rate=1.5)).wait_s == pytest.approx(0.5 + 0.2 * 150)
    assert what_if(now, Change(other_s=-0.25)).relative == pytest.approx(-0.1)


def test_with_nothing_answered_nothing_is_expected():
    assert np.isnan(what_if(found(used=0.0), Change()).relative)


@pytest.mark.parametrize("rule", ["random", "jsq"])
def test_changed_fleets_answer_as_expected(rule):
    """From 70 % load to 60 and 80 %, and to shorter work: the response time within 10 %, a twin 25 % off is found."""
    now = measured(rule, 0.7)
    short = [{"name": "task", "work_s": 1.5, "law": "exponential", "deadline_s": 100.0}]
    for change, then in (
        (Change(rate=0.6 / 0.7), measured(rule, 0.6)),
        (Change(rate=0.8 / 0.7), measured(rule, 0.8)),
        (Change(service=0.75), measured(rule, 0.7, **{"demand.classes": short})),
    ):
        told = what_if(now, change)
        assert told.utilization == pytest.approx(then.station("agents").utilization, rel=0.03)
        assert told.response_s == pytest.approx(then.response_s, rel=0.1)
        assert 1.25 * told.response_s != pytest.approx(then.response_s, rel=0.1)
