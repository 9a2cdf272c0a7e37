"""What a market served by a fleet costs and does: 100,000 transactions a second, efficiency, stale quotes.

`python benchmarks/arena.py [--only pace|efficiency|service|makers] [--seconds 60]`: about two minutes of CPU. The exit
code is 1 if a gate is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import swarmscale as ss
from swarmscale.arena.economy import Economy
from swarmscale.arena.makers import MakerMarket, MakerSetup
from swarmscale.arena.schedule import Schedule

HOSTED = {"demand.source": "hosted", "dt": 0.1}
ALONE = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
SMALL = {"fleet.agents": 2000, "fleet.nodes": 4}
ORDERS = {"order_share": 1.0, "payment_share": 0.0, "rate_per_s": 2.0}


def table(title: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    print(f"\n{title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        print(f"| {' | '.join(str(row[name]) for name in names)} |")


def with_error(values: Any, digits: int = 3) -> str:
    v = np.asarray(values, np.float64)
    return f"{v.mean():.{digits}f} ± {v.std(ddof=1) / np.sqrt(len(v)):.{digits}f}"


def pace(seconds: float) -> bool:
    """50,000 traders in closed loop with the 50,000 agents of market-day, observers and all."""
    warm = Economy(traders=100, fleet=ss.SwarmModel("market-day", rng=1, **HOSTED), goods=1, rng=1)
    warm.run(0.3)  # kernels are compiled
    begun = time.process_time()
    fleet = ss.SwarmModel("market-day", rng=1, **HOSTED)
    market = Economy(
        traders=50_000,
        goods=50,
        fleet=fleet,
        rng=1,
        rate_per_s=9.0,
        period_s=10.0,
        schedule=Schedule(units=8),
    )
    built = time.process_time() - begun
    market.run(2.0)
    arena = market.arena
    before, kinds = arena.balance.submitted, arena.balance.by_kind.copy()
    host, served, start = arena.host_cpu_s, arena.fleet_cpu_s, time.process_time()
    market.run(seconds)
    total = time.process_time() - start
    host, served = arena.host_cpu_s - host, arena.fleet_cpu_s - served
    tasks = arena.balance.submitted - before
    share = (arena.balance.by_kind - kinds) / tasks
    ended, frame = arena.balance.ended, market.frame()
    table(
        f"{seconds:g} simulated seconds, {len(fleet.fleet):,} agents, 50,000 traders in closed loop",
        [
            {"quantity": "transactions a simulated second", "value": f"{tasks / seconds:,.0f}"},
            {"quantity": "of them orders", "value": f"{share[0]:.1%}"},
            {"quantity": "payments", "value": f"{share[1]:.1%}"},
            {"quantity": "risk checks", "value": f"{share[2]:.1%}"},
            {"quantity": "answered, of those that ended", "value": f"{ended[0] / ended.sum():.4%}"},
            {"quantity": "order to acknowledge, p50", "value": f"{market.ack.quantile(0.5):,.0f} ms"},
            {"quantity": "order to acknowledge, p99", "value": f"{market.ack.quantile(0.99):,.0f} ms"},
            {
                "quantity": "trades a simulated second",
                "value": f"{frame.trades.sum() / frame.end_s.max():,.0f}",
            },
            {
                "quantity": "allocative efficiency, mean over periods of 10 s",
                "value": f"{frame.efficiency.mean():.3f}",
            },
            {"quantity": "CPU of book and traders", "value": f"{host:.1f} s"},
            {"quantity": "CPU of the fleet", "value": f"{served:.1f} s"},
            {"quantity": "CPU of all, Mesa's collector included", "value": f"{total:.1f} s"},
            {"quantity": "CPU to build both", "value": f"{built:.1f} s"},
        ],
    )
    whole = arena.balance.submitted == ended.sum() + arena.balance.open == fleet.hosting.submitted
    fast, enough = total <= seconds, tasks / seconds >= 100_000
    print(
        f"\ngates: 100,000 a second {enough}; at most {seconds:g} s of CPU {fast}; all tasks accounted for {whole}"
    )
    return fast and enough and whole


def efficiency() -> bool:
    """Markets without a fleet: each order is served at once."""
    rows = []
    for name, goods, traders in (
        ("12 traders, 100 markets", 100, 1200), ("1,000 traders, 1 market", 1, 1000),
        ("50,000 traders, 1 market", 1, 50_000),
    ):  # fmt: skip
        for kind, constrained in (("ZI-C", True), ("ZI-U", False)):
            for clears in (True, False) if traders < 50_000 else (False,):
                frames = [
                    Economy(
                        traders=traders, goods=goods, constrained=constrained, clears=clears, rng=seed, **ORDERS
                    ).run(60.1).frame()
                    for seed in range(5 if traders < 50_000 else 2)
                ]  # fmt: skip
                each = np.concatenate([frame.efficiency for frame in frames])
                rows.append(
                    {
                        "market": name,
                        "traders": kind,
                        "a trade clears the book": "yes" if clears else "no",
                        "efficiency": with_error(each),
                        "if all trade": f"{np.mean([frame.all_trade.mean() for frame in frames]):.3f}",
                        "price over competitive price": with_error(
                            np.concatenate([frame.price / frame.competitive for frame in frames])
                        ),
                    }
                )
    table("Allocative efficiency, periods of 30 s, haste .3", rows)
    return all(float(row["efficiency"].split()[0]) > 0.955 for row in rows if row["traders"] == "ZI-C")


def service() -> bool:
    """1,000 traders served by fleets of several sizes."""
    rows = []
    for agents, queue in ((2000, 1000), (400, 1000), (200, 1000), (100, 1000), (100, 2), (50, 1)):
        frames, prices, acks = [], [], []
        for seed in range(5):
            change = {
                "fleet.agents": agents,
                "fleet.nodes": 4,
                "fleet.zone_clusters": 1,
                "fleet.cluster_agents": 25,
            }
            change["cluster.queue"] = queue
            fleet = ss.SwarmModel("market-day", rng=seed, **(HOSTED | ALONE | change))
            market = Economy(traders=1000, fleet=fleet, rng=seed, **ORDERS).run(90.1)
            frames.append(market.frame())
            prices.append(market.datacollector.get_model_vars_dataframe().price.std())
            acks.append(market.ack)
        whole = {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
        rows.append(
            {
                "agents": agents,
                "places in a cluster's queue": f"{queue:,}",
                "ack p50": f"{np.mean([a.quantile(0.5) for a in acks]) / 1000:.2f} s",
                "ack p99": f"{np.mean([a.quantile(0.99) for a in acks]) / 1000:.2f} s",
                "orders a period": f"{whole['orders'].mean():,.0f}",
                "late": f"{whole['late'].mean():.0f}",
                "lost": f"{whole['lost'].mean():,.0f}",
                "efficiency": with_error(whole["efficiency"]),
                "spread, ticks": with_error(whole["spread"], 1),
                "deviation of prices, ticks": with_error(prices, 1),
            }
        )
    table("1,000 traders (ZI-C) and the fleet that serves them, periods of 30 s", rows)
    values = [float(row["efficiency"].split()[0]) for row in rows]
    return values[0] > values[2] > values[3]


def makers() -> bool:
    """Ten makers in front of 2,000 agents; the work of an order is the knob of the latency."""
    rows, losses = [], []
    for work_s in (0.01, 0.05, 0.25, 1.0):
        for direct, caution in ((True, 0.0), (False, 0.0), (True, 1.0)):
            found = []
            for seed in range(5):
                fleet = ss.SwarmModel("market-day", rng=seed, **(HOSTED | ALONE | SMALL))
                setup = MakerSetup(work_s=work_s, direct=direct, caution=caution)
                found.append(MakerMarket(fleet, setup, rng=seed).run(120.0).figures())
            if direct and not caution:
                losses.append(np.mean([one.stale_loss_per_jump for one in found]))
            rows.append(
                {
                    "work of an order": f"{work_s:g} s",
                    "takers": "direct" if direct else "through the fleet",
                    "caution": f"{caution:g}",
                    "ack p50": f"{np.mean([one.ack_p50_ms for one in found]):,.0f} ms",
                    "ack p99": f"{np.mean([one.ack_p99_ms for one in found]):,.0f} ms",
                    "loss a jump and maker, ticks": with_error([one.stale_loss_per_jump for one in found]),
                    "share of fills that are stale": with_error(
                        [one.stale_fills / one.fills for one in found]
                    ),
                    "spread, ticks": with_error([one.spread for one in found], 1),
                }
            )
    table("Losses to stale quotes against latency; takers are a Hawkes process, jumps .5 a second", rows)
    return losses == sorted(losses)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"pace": pace, "efficiency": efficiency, "service": service, "makers": makers}
    parser.add_argument("--only", choices=parts)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    held = []
    for name, part in parts.items():
        if given.only in (None, name):
            held.append(part(given.seconds) if name == "pace" else part())
            print(f"\n{name}: {'held' if held[-1] else 'MISSED'}", flush=True)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
