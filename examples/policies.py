"""What one learns from the sweep of policies.toml, from its final table in policies.csv."""

from pathlib import Path

import pandas as pd

from swarmscale.batch.analysis import paired, pareto, shares, strongest
from swarmscale.batch.analysis.effects import noise_share

POLICY, DELAY, TRACE = "set.scaling", "set.life.start_s", "set.demand.source.trace"


def by_policy_and_delay(frame: pd.DataFrame, outcome: str, scale: float, digits: int) -> str:
    """Means over traces and replications."""
    table = frame.pivot_table(index=POLICY, columns=DELAY, values=outcome, aggfunc="mean", sort=False) * scale
    table.index.name = table.columns.name = None
    return table.rename(columns="{:g} s".format).round(digits).to_string()


def against(frame: pd.DataFrame, baseline: str) -> None:
    """Differences to a policy, run against run of the same seed, trace and delay."""
    table = paired(frame, ["cost", "violation"], "scaling", baseline=baseline).set_index(["level", "outcome"])
    for name in table.index.unique("level"):
        cost, violation = table.loc[name, "cost"], table.loc[name, "violation"]
        ends = [100 * cost[end] for end in ("relative", "relative_low", "relative_high")]
        points = [100 * violation[end] for end in ("difference", "low", "high")]
        print(
            f"{name:<9} cost {ends[0]:+5.1f} % [{ends[1]:+5.1f}, {ends[2]:+5.1f}]   "
            f"not in time {points[0]:+5.2f} points [{points[1]:+5.2f}, {points[2]:+5.2f}]"
        )


def on_the_front(frame: pd.DataFrame) -> pd.Series:
    """In how many of the combinations of trace and delay no other policy is both cheaper and better."""
    counts = dict.fromkeys(frame[POLICY], 0)
    for _, some in frame.groupby([TRACE, DELAY]):
        front = pareto(some, {"cost": "min", "violation": "min"})
        for name in front.loc[front["front"], POLICY]:
            counts[name] += 1
    return pd.Series(counts)


if __name__ == "__main__":
    frame = pd.read_csv(Path(__file__).with_name("policies.csv"))
    print(f"{len(frame)} runs, {(frame['status'] == 'done').sum()} done")
    print("\nprice paid, 1,000 agent-seconds, by policy and start-up delay")
    print(by_policy_and_delay(frame, "cost", 0.001, 0))
    print("\ntasks not answered in time, %")
    print(by_policy_and_delay(frame, "violation", 100, 2))
    print("\ndifferences to hpa, run against run, with 95 % intervals over 5 replications")
    against(frame, "hpa")
    print("\ncombinations of trace and delay, of 20, in which nobody is both cheaper and more often in time")
    print(on_the_front(frame).to_string())
    for outcome in ("cost", "violation"):
        pair, noise = strongest(frame, outcome), noise_share(frame, outcome)
        told = ", ".join(f"{key} {100 * share:.0f} %" for key, share in shares(frame, outcome).items())
        print(f"\nof the variance of {outcome} between settings explain alone: {told}")
        print(f"{pair.down} and {pair.across} together beyond that: {100 * pair.share:.0f} %", end="")
        print(f"; noise of the replications is {100 * noise:.1f} %")
