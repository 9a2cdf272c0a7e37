"""Compare dispatch rules with Mesa's own batch_run."""

import mesa
import pandas as pd

import swarmscale as ss

if __name__ == "__main__":
    rows = mesa.batch_run(
        ss.SwarmModel,
        {"config": "tiny", "dispatch.rule": ["random", "jsq", "skill-match"], "demand.load": 0.8},
        rng=[1, 2, 3],
        data_collection_period=1,
        display_progress=False,
    )
    waits = pd.DataFrame(rows).groupby("dispatch.rule")["cluster_wait_mean_s"].mean()
    print(waits.round(3).sort_values().to_string())
