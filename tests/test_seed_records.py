"""The factors, limits and cooldowns of the origin's five rules, as the records of runs show them."""

import math

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.model.scaling.events import events_frame

# rule, what becomes of the demand, factor, limit, cooldown in s, as in the origin's table
RULES = [
    ("high-demand-reactive", 4.0, 1.5, 2.0, 60),
    ("low-demand-reactive", 0.1, 0.8, 0.5, 180),
    ("predictive-scale-up", 4.0, 1.3, 1.8, 30),
    ("cost-optimization", 0.1, 0.9, 0.7, 120),
    ("emergency-scaling", 4.0, 2.0, 3.0, 10),
]


def recorded(tmp_path, rule, demand):
    """The written events of a run whose trigger stays on; starts take long, so one run of actions is seen."""
    keys = {"fleet.agents": 600, "fleet.nodes": 4, "demand.load": 0.55, "life.start_s": 900.0}
    more = {"fleet.max_agents": 6000, "scaler.bin_s": 10.0, "scaler.pools": "none", "scaling": rule}
    model = ss.SwarmModel("tiny", rng=5, **keys, **more)
    model.run(300)
    assert not model.scaler.events
    model.scale_demand(demand)
    model.run(800)
    path = tmp_path / "scaling.parquet"
    events_frame(model.scaler.events).to_parquet(path)
    return pd.read_parquet(path)


@pytest.mark.parametrize(
    ("rule", "demand", "factor", "limit", "cooldown_s"), RULES, ids=[r[0] for r in RULES]
)
def test_the_records_of_a_run_show_a_rules_factor_limit_and_cooldown(
    tmp_path, rule, demand, factor, limit, cooldown_s
):
    events = recorded(tmp_path, rule, demand)
    assert (events["policy"] == rule).all()
    before, after = events["before"].to_numpy(), events["after"].to_numpy()
    first = before[0]
    whole = math.ceil if factor > 1 else math.floor
    assert after[0] == whole(round(factor * first, 6))
    assert after[-1] == math.ceil(round(limit * first, 6))
    assert (before[1:] == after[:-1]).all()
    assert np.diff(events["time_s"]).min() == cooldown_s
    steps = after[:-1] / before[:-1] if len(after) > 1 else after / before
    assert steps == pytest.approx(factor, rel=0.01)
