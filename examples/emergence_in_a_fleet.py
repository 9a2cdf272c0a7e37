"""Does a fleet coordinate? The same arrivals with clusters that look at each other's loads, and without links."""

import swarmscale as ss
from swarmscale.emergence import twin_of


def told(model: ss.SwarmModel) -> None:
    """Print what the monitor says of each window, and what persisted."""
    frame = model.emergence.frame()
    synchrony = frame[frame["statistic"] == "synchrony"]
    for row in synchrony.itertuples():
        print(f"  {row.start_s:4.0f} s: {row.effect:.2f} times the null, p = {row.p:.3f}, found: {row.found}")
    for found in model.emergence.findings:
        print(f"  since {found.since_s:.0f} s {found.detector} persists")


def main() -> None:
    fleet = ss.Config.load("tiny").changed({"fleet.agents": 800, "demand.load": 0.6, "seconds": 1200.0})
    fleet = fleet.changed({"intelligence.on": False})
    model = ss.SwarmModel(fleet, rng=7).run()
    print("each task goes to the less loaded of two clusters:")
    told(model)
    twin = twin_of(model).run()
    print("its twin without links, the same tasks at the same times:")
    told(twin)
    same = model.records.column("arrived") == twin.records.column("arrived")
    print(f"arrivals alike in {same.sum()} of {len(same)} ticks")
    print(model.emergence.last()["coordination"].sentence)


if __name__ == "__main__":
    main()
