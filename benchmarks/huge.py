"""One huge fleet: memory and time a tick of 10,000,000 agents, alone and on MPI ranks, and what an exchange costs.

``python benchmarks/huge.py`` prints the tables of docs/scale.md and, below them, the gates; the exit code is 1 if a
gate is missed. ``--agents 100000000 --ranks 1`` runs the largest fleet that this machine can hold.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale import Config, SwarmModel
from swarmscale.arrays import Ints
from swarmscale.batch.shards import run_shards
from swarmscale.bench.machine import described, machine
from swarmscale.model.columns import integer_columns
from swarmscale.model.flow.border import WORDS
from swarmscale.model.flow.ledger import BINS, HISTOGRAMS
from swarmscale.model.sharding.exchange import Alone, Exchange, Table
from swarmscale.model.sharding.whole import digest

HERE = Path(__file__).resolve()
BIN = Path(sys.executable).parent
AGENTS, SETTLE_S, BLOCK, BLOCKS = 10_000_000, 60.0, 10, 6
AGENTS_A_NODE = 13_000
"""So many that a node's dispatch station, 1 ms a task, is busy for about two thirds of the time."""

CORES = 2
LATENCY_S, BANDWIDTH_B, SPREAD = 30e-6, 25e9 / 8, 0.1
PLAN = (
    "agents",
    "machines x cores",
    "agents a rank",
    "tasks a tick",
    "measured: ms of CPU a tick of such a rank",
    "measured: MiB",
    "sent by a rank, MB",
    "exchange, ms",
    "tick, ms",
    "an hour of 3,600 ticks, minutes",
)

HEAD = (
    "ranks",
    "build, s",
    "ms a tick, wall",
    "CPU of the busiest rank, ms",
    "peak memory a rank, MiB",
    "exchanges a tick",
    "sent by a rank, MB a tick",
    "in the exchange, ms",
    "digest",
)
SIZES_B = (0, 24_000, 1_000_000, 10_000_000)


class Counting:
    """An exchange that counts rounds, bytes that leave, and the time until all have come."""

    def __init__(self, inner: Exchange) -> None:
        self.inner, self.rank, self.size = inner, inner.rank, inner.size
        self.rounds, self.bytes, self.wall_s = 0, 0, 0.0

    def _timed(self, work: Callable[[], list[Ints]], given: Sequence[Ints]) -> list[Ints]:
        self.rounds += 1
        self.bytes += sum(8 * len(p) for rank, p in enumerate(given) if rank != self.rank)
        start = time.perf_counter()
        got = work()
        self.wall_s += time.perf_counter() - start
        return got

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        return self._timed(lambda: self.inner.trade(parcels), parcels)

    def gather(self, parcel: Ints) -> list[Ints]:
        return self._timed(lambda: self.inner.gather(parcel), [parcel] * self.size)


def settings(agents: int) -> dict[str, Any]:
    nodes = min(max(16, -(-agents // AGENTS_A_NODE)), 4096)
    return {
        "fleet.agents": agents,
        "fleet.nodes": nodes,
        "intelligence.on": False,
        "records.cluster_period_s": 600.0,
    }


def timed(agents: int, exchange: Exchange) -> dict[str, Any]:
    """Ticks of ``llm-fleet`` once it has settled, as this rank sees them."""
    counting = Counting(exchange)
    start = time.perf_counter()
    model = SwarmModel(
        "llm-fleet", rng=7, exchange=counting if exchange.size > 1 else None, **settings(agents)
    )
    built_s = time.perf_counter() - start
    model.run(SETTLE_S)
    counting.rounds = counting.bytes = 0
    counting.wall_s = 0.0
    wall, cpu = [], []
    for _ in range(BLOCKS):
        w, c = time.perf_counter(), time.process_time()
        for _ in range(BLOCK):
            model.step()
        wall.append((time.perf_counter() - w) * 1000 / BLOCK)
        cpu.append((time.process_time() - c) * 1000 / BLOCK)
    rounds, sent, waited = counting.rounds, counting.bytes, counting.wall_s
    state = digest(model)
    ticks = BLOCK * BLOCKS
    return {
        "ranks": exchange.size,
        "built_s": built_s,
        "wall_ms": median(wall),
        "cpu_ms": median(cpu),
        "least_cpu_ms": min(cpu),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tasks": float(model.records.column("arrived")[-ticks:].mean()),
        "busy": float(model.records.column("agents_busy")[-1]),
        "rounds": rounds / ticks,
        "sent_mb": sent / ticks / 1e6,
        "waited_ms": 1000 * waited / ticks,
        "digest": state,
    }


def work(agents: int, ranks: int) -> None:
    """What a process started by this benchmark does: one rank."""
    exchange: Exchange = Alone()
    if ranks > 1:
        from swarmscale.model.sharding.mpi import MpiExchange

        exchange = MpiExchange()
    print("RESULT " + json.dumps(timed(agents, exchange) | {"rank": exchange.rank}), flush=True)


def started(agents: int, ranks: int) -> list[dict[str, Any]]:
    """The results of all ranks of a run of its own."""
    command = [sys.executable, str(HERE), "--work", "--agents", str(agents), "--ranks", str(ranks)]
    if ranks > 1:
        command = [str(BIN / "mpiexec"), "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    parts = done.stdout.split("RESULT ")[1:]  # ranks do not wait for each other's end of line
    return sorted((json.JSONDecoder().raw_decode(part)[0] for part in parts), key=lambda told: told["rank"])


def rounds_ms(exchange: Exchange, size: int, number: int) -> float:
    """Mean time of a round in which each gives each other one so many bytes, ms."""
    parcels = [np.zeros(size // 8, np.int64)] * exchange.size
    for _ in range(5):
        exchange.trade(parcels)
    start = time.perf_counter()
    for _ in range(number):
        exchange.trade(parcels)
    return (time.perf_counter() - start) * 1000 / number


def on_threads(size: int, number: int, count: int = 2) -> float:
    table, out = Table(count), [0.0] * count

    def go(rank: int) -> None:
        out[rank] = rounds_ms(table.seat(rank), size, number)

    threads = [threading.Thread(target=go, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out[0]


def on_mpi(count: int) -> list[float]:
    command = [str(BIN / "mpiexec"), "-n", str(count), sys.executable, str(HERE), "--rounds"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        float(x) for x in next(line for line in told.splitlines() if line.startswith("ROUNDS")).split()[1:]
    ]


def on_ray(count: int) -> list[float]:
    from swarmscale.batch.engines.ray_cluster import cluster
    from swarmscale.batch.ray_shards import ActorExchange

    class Round:
        def __init__(self, rank: int) -> None:
            self.exchange = ActorExchange(rank, count)

        def meet(self, peers: Sequence[Any]) -> None:
            self.exchange.meet(peers)

        def put(self, number: int, sender: int, parcel: Ints) -> None:
            self.exchange.put(number, sender, parcel)

        def run(self) -> list[float]:
            return [rounds_ms(self.exchange, size, _rounds(size)) for size in SIZES_B]

    with cluster(None, count) as (ray, _):
        make = ray.remote(num_cpus=1, max_concurrency=4)(Round).remote
        actors = [make(rank) for rank in range(count)]
        ray.get([actor.meet.remote(actors) for actor in actors])
        return list(ray.get([actor.run.remote() for actor in actors])[0])


def _rounds(size: int) -> int:
    return 300 if size < 100_000 else 30


def exchanges() -> None:
    print("\n## A round of the exchange, two shards on this machine, ms by bytes given to each other one\n")
    print("| way | " + " | ".join(f"{size:,} B" for size in SIZES_B) + " |")
    print("|---|" + "---|" * len(SIZES_B))
    rows = {
        "threads": [on_threads(size, _rounds(size)) for size in SIZES_B],
        "MPI ranks": on_mpi(2),
        "Ray actors": on_ray(2),
    }
    for way, found in rows.items():
        print(f"| {way} | " + " | ".join(f"{ms:.3f}" for ms in found) + " |", flush=True)


def small() -> None:
    print("\n## 50,000 agents (`llm-fleet`), whole run of 120 s, ms a tick by wall clock\n")
    print("| way | ms a tick | digest |\n|---|---|---|")
    changes = {"fleet__agents": 50_000, "intelligence__on": False}
    for way, count in (("threads", 1), ("threads", 2), ("ray", 2)):
        run_shards("llm-fleet", shards=count, on=way, seconds=3.0, **changes)
        whole = run_shards("llm-fleet", shards=count, on=way, seconds=120.0, **changes)
        print(f"| {count} on {way} | {1000 * whole.wall_s / whole.ticks:.2f} | {whole.digest} |", flush=True)


def plan() -> None:
    """What larger fleets would take on more machines: a shard of that size is run here, the network is assumed."""
    print(f"\n## On paper: machines of {CORES} cores like these, a rank a core\n")
    print(
        f"Run here: the agents of one rank, alone. Assumed: {LATENCY_S * 1e6:.0f} microseconds for each of log2(ranks) "
        f"steps of an exchange, {BANDWIDTH_B / 1e9:.2f} GB/s for a machine's sendings, ranks that differ by "
        f"{SPREAD:.0%} (all wait for the slowest).\n"
    )
    print("| " + " | ".join(PLAN) + " |\n|" + "---|" * len(PLAN))
    locality = Config.load("llm-fleet").demand.locality
    for agents, machines in ((10_000_000, 8), (100_000_000, 64)):
        ranks = machines * CORES
        told = started(agents // ranks, 1)[0]
        tasks = told["tasks"]  # of one rank
        away = tasks * (1 - locality) * (ranks - 1) / ranks
        cross = 8 * (away * WORDS + (ranks - 1) * (integer_columns() + len(HISTOGRAMS) * BINS))
        exchange_ms = 1000 * (np.log2(ranks) * LATENCY_S + CORES * cross / BANDWIDTH_B)
        tick_ms = told["cpu_ms"] * (1 + SPREAD) + exchange_ms
        cells = (
            f"{agents:,}",
            f"{machines} x {CORES}",
            f"{agents // ranks:,}",
            f"{tasks * ranks:,.0f}",
            f"{told['cpu_ms']:.1f}",
            f"{told['peak_mib']:,.0f}",
            f"{cross / 1e6:.2f}",
            f"{exchange_ms:.2f}",
            f"{tick_ms:.1f}",
            f"{3600 * tick_ms / 1000 / 60:.1f}",
        )
        print("| " + " | ".join(cells) + " |", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--agents", type=int, default=AGENTS)
    options.add_argument("--ranks", default="1,2")
    options.add_argument("--quick", action="store_true", help="the huge fleet alone, no table of exchanges")
    options.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--rounds", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.rounds:
        from swarmscale.model.sharding.mpi import MpiExchange

        exchange = MpiExchange()
        found = [rounds_ms(exchange, size, _rounds(size)) for size in SIZES_B]
        if exchange.rank == 0:
            print("ROUNDS " + " ".join(map(str, found)), flush=True)
        return 0
    if given.work:
        work(given.agents, int(given.ranks))
        return 0
    print(described(machine()))
    rows = {n: started(given.agents, n) for n in map(int, given.ranks.split(","))}
    first = next(iter(rows.values()))[0]
    nodes = settings(given.agents)["fleet.nodes"]
    print(
        f"\n## {given.agents:,} agents (`llm-fleet`, {nodes} nodes): {first['tasks']:,.0f} tasks a tick of 1 s, "
        f"{first['busy']:,.0f} agents busy at the end; median of {BLOCKS} blocks of {BLOCK} ticks\n"
    )
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for n, told in rows.items():
        most = {name: max(r[name] for r in told) for name in told[0] if name != "digest"}
        cells = (
            str(n),
            f"{most['built_s']:.1f}",
            f"{most['wall_ms']:.1f}",
            f"{most['cpu_ms']:.1f} (least {most['least_cpu_ms']:.1f})",
            f"{most['peak_mib']:,.0f}",
            f"{most['rounds']:.2f}",
            f"{most['sent_mb']:.2f}",
            f"{most['waited_ms']:.2f}",
            told[0]["digest"],
        )
        print("| " + " | ".join(cells) + " |", flush=True)
    missed = gates(given.agents, rows)
    if not given.quick:
        exchanges()
        small()
        plan()
    print(described(machine()))
    return 1 if missed else 0


def gates(agents: int, rows: dict[int, list[dict[str, Any]]]) -> int:
    """Print the gates; return how many are missed."""
    if agents != AGENTS or 1 not in rows:
        return 0
    one = rows[1][0]
    checks = [
        ("memory of one process at most 2,048 MiB", one["peak_mib"] <= 2048, f"{one['peak_mib']:,.0f}"),
        ("a tick on one core at most 120 ms of CPU", one["cpu_ms"] <= 120, f"{one['cpu_ms']:.1f}"),
    ]
    for n, told in rows.items():
        if n > 1:
            less = told[0]["wall_ms"] < one["wall_ms"]
            checks.append(
                (
                    f"a tick on {n} ranks shorter",
                    less,
                    f"{told[0]['wall_ms']:.1f} against {one['wall_ms']:.1f} ms",
                )
            )
            checks.append(
                (f"{n} ranks give the digest of one", told[0]["digest"] == one["digest"], told[0]["digest"])
            )
    print()
    for what, holds, value in checks:
        print(f"- {'met' if holds else 'MISSED'}: {what}: {value}")
    return sum(not holds for _, holds, _ in checks)


if __name__ == "__main__":
    sys.exit(main())
