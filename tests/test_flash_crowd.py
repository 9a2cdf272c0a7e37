"""A surge that trebles the demand: what a policy that looks ahead makes of it, and what a fixed fleet does."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import BUSY, IDLE, STARTING
from swarmscale.model.flow.ledger import Count

from .flow_support import ALONE


def surged(**changes):
    model = ss.SwarmModel("flash-crowd", rng=7, **ALONE, **changes)
    model.run(3600)
    counts = model.records.raw()
    late = 1 - counts.count(Count.MET).sum() / counts.count(Count.DUE).sum()
    dropped = model.records.column("dropped").sum() / model.records.column("arrived").sum()
    return model, late, dropped


def test_quantile_drops_nothing_and_is_seldom_late_where_the_mean_fleet_drops_a_twentieth():
    """With the preset's queue bounds and deadlines; and with a warm pool, whose agents must not thin the clusters."""
    model, late, dropped = surged(scaling="quantile", **{"scaler.bin_s": 10.0})
    assert dropped == 0
    assert late <= 0.01
    _, late, dropped = surged(scaling="quantile", **{"scaler.bin_s": 10.0, "scaler.warm_agents": 1000})
    assert dropped == 0
    assert late <= 0.01
    mean = round(model.records.column("offered_agents").mean())
    _, late, dropped = surged(scaling="static", **{"scaling.agents": mean})
    assert dropped > 0.05


@pytest.mark.parametrize("rule", ["jsq", "random", "skill-match"])
def test_a_small_cluster_is_not_given_more_than_its_share(rule):
    """One node, one cluster of which nearly all agents have gone: what it does goes with those that are left."""
    model = ss.SwarmModel(
        "tiny",
        rng=3,
        **ALONE,
        **{"fleet.agents": 400, "fleet.nodes": 1, "demand.load": 0.5, "dispatch.rule": rule},
    )
    model.run(1)
    q = int(np.argmax(model.flow.state.ready))
    size = int(model.flow.state.ready[q])
    model.fleet.retire(q * model.fleet.slots + np.flatnonzero(model.fleet.rows.uid[q] > 0)[: size - 3])
    model.run(900)
    state = model.flow.state
    assert state.ready[q] == 3
    share = state.completed[q] / state.completed.sum()
    fair = 3 / state.ready.sum()
    assert fair / 2 < share < 2 * fair


def test_emergency_scaling_orders_agents_within_ten_seconds_of_an_overload():
    """Overload is what it is for the rule: tasks late or dropped beyond its thresholds; here from one tick on."""
    model = ss.SwarmModel(
        "tiny", rng=5, **{"scaling": "emergency-scaling", "fleet.agents": 600, "demand.load": 0.6}
    )
    model.run(100)
    assert not model.scaler.events
    model.scale_demand(4.0)
    model.run(60)
    counts = model.records.raw()
    due, met = (counts.count(c)[100:] for c in (Count.DUE, Count.MET))
    lost = model.records.column("dropped")[100:]
    bad = np.flatnonzero((due - met > 0.01 * np.maximum(due, 1)) | (lost > 0))
    event = model.scaler.events[0]
    begun_s = 100 + int(bad[0])
    assert begun_s < event.time_s <= begun_s + 10
    assert (event.trigger, event.after) == ("emergency", 2 * event.before)


def test_agents_that_are_starting_are_not_counted_as_able():
    """What a cluster can do, by which ``skill-match`` chooses, is what its ready agents can do."""
    keys = {
        "fleet.agents": 600,
        "fleet.nodes": 4,
        "scaling": "static",
        "scaling.agents": 700,
        "life.start_s": 40.0,
    }
    model = ss.SwarmModel("tiny", rng=5, **keys)
    model.run(20)
    rows, able = model.fleet.rows, model.flow._capability
    state = model.fleet.column("state").reshape(rows.uid.shape)
    assert (state == STARTING).sum() == 100
    ready = (state == IDLE) | (state == BUSY)
    for q in range(model.fleet.clusters):
        for kind in range(6):
            each = [rows.skill[q, kind, s] / 255 / rows.slowness[q, s] for s in np.flatnonzero(ready[q])]
            assert able[q, kind] == pytest.approx(sum(each))
