"""Does the optimization engine find the right answer: sixteen scenarios, learning, ablation, its cost, the presets."""

import argparse
import itertools
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from optimization_scenarios import tables

from swarmscale.batch.optimizing.choice import Chosen, decide
from swarmscale.batch.optimizing.scenarios import SCENARIOS, Scenario, scenario
from swarmscale.bench.machine import load_average, processor
from swarmscale.model.intervals import clopper_pearson, student_ends
from swarmscale.model.optimization.strategies import STRATEGIES
from swarmscale.model.swarm import SwarmModel

SHORT = {name: "".join(word[0] for word in name.split("-")) + "-" + name[:4] for name in STRATEGIES}
GOOD = 0.9
"""Share of seeds in which the right strategy must be kept within ten trials."""


def _percent(x: float) -> str:
    return "-" if np.isnan(x) else f"{100 * x:+.1f} %"


def _choice(job: tuple[str, int, bool]) -> Chosen:
    one = scenario(job[0])
    return decide(one.config(), job[1], until=one.strategy if job[2] else "")


def paired(processes: int, seeds: int) -> list[str]:
    """What each scenario's change does, against none in the same future."""
    print(f"\n### Each change against none, {seeds} seeds, 600 s in forked twins\n")
    lines, missed = tables(seeds, processes)
    print("\n".join(lines))
    return missed


def choice(pool: ProcessPoolExecutor, seeds: int) -> list[str]:
    """Which strategies are kept in each scenario: the confusion table."""
    jobs = [(s.name, seed, s.right) for s in SCENARIOS for seed in range(1, seeds + 1)]
    chosen = list(pool.map(_choice, jobs))
    print(f"\n### What is kept, {seeds} seeds, at most ten trials (until the right one is kept)\n")
    names = list(STRATEGIES)
    print(
        "| scenario | should be kept | within ten trials, 95 % | median trials | " + " | ".join(names) + " |"
    )
    print("|---|---|---|---|" + "---|" * len(names))
    missed = []
    for i, one in enumerate(SCENARIOS):
        mine = chosen[i * seeds : (i + 1) * seeds]
        kept = Counter(t.strategy for c in mine for t in c.trials if t.state == "kept")
        tried = Counter(t.strategy for c in mine for t in c.trials)
        until = [c.until(one.strategy) for c in mine]
        found = [n for n in until if n is not None]
        low, high = clopper_pearson(len(found), seeds)
        cells = [f"{kept[name]}/{tried[name]}" if tried[name] else "" for name in names]
        cells[names.index(one.strategy)] = f"**{cells[names.index(one.strategy)] or '0'}**"
        share = f"{len(found)}/{seeds} [{100 * low:.0f}, {100 * high:.0f}] %"
        middle = f"{np.median(found):g}" if found else "-"
        should = one.strategy if one.right else "not " + one.strategy
        print(
            f"| {one.name}{' *' if one.aside else ''} | {should} | {share} | "
            f"{middle} | " + " | ".join(cells) + " |"
        )
        if one.right and len(found) < GOOD * seeds:
            missed.append(
                f"{one.name}: {one.strategy} kept in {len(found)} of {seeds} seeds, {GOOD:.0%} asked"
            )
        by_chance = clopper_pearson(kept[one.strategy], max(tried[one.strategy], 1), 0.9)[0]
        if not one.right and by_chance > 0.05:  # more than the level of a trial's test
            missed.append(
                f"{one.name}: {one.strategy} kept in {kept[one.strategy]} of {tried[one.strategy]} trials"
            )
    print("\nKept / tried of each strategy; * kept from any fitting of the prior.")
    return missed


def _sequence(job: tuple[int, int, bool]) -> list[int]:
    """Trials until the right strategy is kept in each of so many episodes; eleven where it never is."""
    count, number, learns = job
    rows = [one for one in SCENARIOS if one.right]
    beliefs, until = None, []
    for episode in range(count):
        one = rows[(episode + number) % len(rows)]
        told = decide(one.config(), 1000 * number + episode, until=one.strategy, beliefs=beliefs)
        beliefs = told.beliefs if learns else None
        until.append(told.until(one.strategy) or 11)
    return until


def episodes(pool: ProcessPoolExecutor, count: int, sequences: int) -> list[str]:
    """Trials until the right strategy is kept: eight bottlenecks come in turn, again and again."""
    print(f"\n### {count} episodes of eight bottlenecks in turn, {sequences} sequences\n")
    print(
        "| what was learned | median trials, first ten | median, last ten | mean, first ten | mean, last ten |"
    )
    print("|---|---|---|---|---|")
    missed = []
    for learns in (True, False):
        told = np.array(list(pool.map(_sequence, [(count, n, learns) for n in range(1, sequences + 1)])))
        first, last = told[:, :10], told[:, -10:]
        a, b = np.median(first), np.median(last)
        print(
            f"| {'is kept' if learns else 'is forgotten'} | {a:g} | {b:g} | {first.mean():.2f} | {last.mean():.2f} |"
        )
        if learns and b > a / 2:
            missed.append(f"median trials fall from {a:g} to {b:g}, half asked")
        if not learns and b <= a / 2:
            missed.append(f"trials fall from {a:g} to {b:g} though nothing is learned")
    return missed


def _ablated(job: tuple[str, int, tuple[str, ...] | None]) -> float:
    """The scenario's metric over the last 600 s of 3,600 with some strategies; None: none at all."""
    name, seed, allowed = job
    one = scenario(name)
    off = {"optimization.on": allowed is not None, "optimization.strategies": list(allowed or ())}
    model = SwarmModel(one.config().changed(off), rng=seed).run(3600.0)
    from swarmscale.model.optimization.figures import series
    from swarmscale.model.optimization.judging import remembered

    if METRIC[name] == "memory_bytes":
        return float(remembered(model, "memory_bytes", 3000.0, 3600.0).values.mean())
    raw = model.records.raw(round(3000.0 / model.config.dt))
    return float(np.nanmean(series(raw, METRIC[name], scaled=False).values))


METRIC = {
    "blind dispatch": "response_s", "overhead of messages": "response_s", "too many agents": "agent_s_per_task",
    "crowded door": "response_s", "the same questions": "response_s", "long tasks and idle hands": "response_s",
    "memory that nobody asks": "memory_bytes", "long ways": "network_s",
}  # fmt: skip


def ablation(pool: ProcessPoolExecutor, seeds: int) -> list[str]:
    """What each scenario's metric comes to with all strategies, without the right one, with it alone, with none."""
    rows = [one for one in SCENARIOS if one.right]
    kinds: list[tuple[str, Any]] = [
        ("none", None),
        ("all", "all"),
        ("all but the right one", "but"),
        ("it alone", "it"),
    ]

    def allowed(one: Scenario, kind: Any) -> tuple[str, ...] | None:
        if kind is None:
            return None
        every = tuple(STRATEGIES)
        return {"all": every, "it": (one.strategy,), "but": tuple(n for n in every if n != one.strategy)}[
            kind
        ]

    jobs = [
        (one.name, seed, allowed(one, kind))
        for one in rows
        for _, kind in kinds
        for seed in range(1, seeds + 1)
    ]
    told = np.array(list(pool.map(_ablated, jobs))).reshape(len(rows), len(kinds), seeds)
    print(
        f"\n### Ablation: the metric over the last 600 of 3,600 s, {seeds} seeds, change against no engine\n"
    )
    print("| scenario | right strategy | metric | no engine | " + " | ".join(k for k, _ in kinds[1:]) + " |")
    print("|---|---|---|---|" + "---|" * (len(kinds) - 1))
    missed = []
    for one, values in zip(rows, told, strict=True):
        change = values[1:] / values[0] - 1
        low, high = student_ends(change)
        cells = [
            f"{_percent(c.mean())} [{_percent(a)}, {_percent(b)}]"
            for c, a, b in zip(change, low, high, strict=True)
        ]
        print(
            f"| {one.name} | {one.strategy} | {METRIC[one.name]} | {values[0].mean():.4g} | "
            + " | ".join(cells)
            + " |"
        )
        if not high[0] < 0:
            missed.append(
                f"{one.name}: with all strategies {METRIC[one.name]} does not fall beyond the interval"
            )
    return missed


def cost(agents: int) -> list[str]:
    """CPU time of the engine as a share of the run's."""
    print("\n### Cost\n")
    changes = {"fleet.agents": agents, "intelligence.on": False, "emergence.on": False, "seconds": 1800.0}
    took = []
    for on in (False, True, False, True):
        model = SwarmModel("llm-fleet", rng=7, **changes, **{"optimization.on": on}).run(60.0)
        spent = [0.0]
        if model.optimizer is not None:
            act = type(model.optimizer).act

            def timed(self: Any, m: Any, act: Any = act, spent: list[float] = spent) -> None:
                begun = time.process_time()
                act(self, m)
                spent[0] += time.process_time() - begun

            type(model.optimizer).act = timed  # type: ignore[method-assign]
        begun = time.process_time()
        model.run(1740.0)
        took.append((on, time.process_time() - begun, spent[0]))
        if model.optimizer is not None:
            type(model.optimizer).act = act  # type: ignore[method-assign]
    share = max(own / whole for on, whole, own in took if on)
    print(
        f"{agents:,} agents of llm-fleet, 1,740 s: CPU s "
        + ", ".join(f"{w:.2f} ({'on' if o else 'off'})" for o, w, _ in took)
    )
    print(f"\nThe engine's own share is {share:.2%} ({processor()}, load {load_average()}).")
    return [] if share <= 0.05 else [f"the engine takes {share:.1%} of the run's CPU time, 5 % asked"]


def with_scaler(seeds: int) -> list[str]:
    """Whether engine and scaler leave each other alone: spread of the wanted size, knobs, reversals."""
    print(f"\n### Beside a scaler, {seeds} seeds\n")
    ratios, reversals = [], 0
    for seed in range(1, seeds + 1):
        sizes = []
        for on in (False, True):
            model = SwarmModel(
                "flash-crowd",
                rng=seed,
                **{"fleet.agents": 1000, "scaling": "target", "scaling.target": 0.7, "intelligence.on": False,
                   "emergence.on": False, "optimization.on": on, "demand.keys": 1_000_000, "demand.zipf": 0.0},
            )  # fmt: skip
            model.run(3600.0)
            assert model.scaler is not None
            parts = ("idle", "busy", "helping", "starting")
            size = np.sum([model.records.column(f"agents_{part}") for part in parts], axis=0)
            sizes.append(float(np.var(size[600:])))
            if on and model.optimizer is not None:
                s = model.config.optimization
                window = 3 * (s.window_s + s.settle_s)
                by_knob: dict[str, list[float]] = {}
                for t in model.optimizer.trials:
                    if t.state == "rolled back":
                        by_knob.setdefault(t.knob, []).append(t.ended_s)
                reversals += sum(
                    b - a < window for times in by_knob.values() for a, b in itertools.pairwise(times)
                )
                assert not any(t.knob == "size" for t in model.optimizer.trials)
        ratios.append(sizes[1] / sizes[0])
    ratio = float(np.median(ratios))
    print(
        f"Variance of the fleet's size with the engine over that without: "
        f"median {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})."
    )
    print(
        f"Knobs turned back twice within three trial windows: {reversals}. The fleet's size was never a knob."
    )
    return ([] if ratio <= 1.2 else [f"variance of the size is {ratio:.2f} times"]) + (
        ["reversals"] if reversals else []
    )


def presets(seconds: float) -> list[str]:
    """With everything on, on the presets: what is reached, and what limits it."""
    print("\n### The presets with everything on\n")
    print(
        "| preset | engine | network ms | coordination eff. | resource eff. | errors | utilization | limits |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in ("llm-fleet", "market-day"):
        for on in (False, True):
            model = SwarmModel(name, rng=7, **{"optimization.on": on, "seconds": seconds}).run(seconds)
            summary = {row.metric.key: row.value for row in model.summary().metrics}
            kind = ""
            if model.optimizer is not None and model.optimizer.found is not None:
                kind = f"{model.optimizer.found.kind}: {model.optimizer.found.words}"
                for t in model.optimizer.trials:
                    print(f"<!-- {t.time_s:g} s {t.strategy}: {t.words}: {t.state}: {t.reason} -->")
            cells = [
                summary[k]
                for k in (
                    "network_mean_ms",
                    "coordination_efficiency",
                    "resource_efficiency",
                    "error_rate",
                    "utilization",
                )
            ]
            print(
                f"| {name} | {'on' if on else 'off'} | "
                + " | ".join(f"{x:.4g}" for x in cells)
                + f" | {kind} |"
            )
    return []


def main() -> int:
    """Run the parts that were asked for; the exit code is 1 if a gate is missed."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("paired", "choice", "episodes", "ablation", "cost", "scaler", "presets")
    parser.add_argument("--only", choices=parts, nargs="*", default=list(parts))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1800.0)
    given = parser.parse_args()
    print(f"{processor()}, load {load_average()}")
    missed: list[str] = []
    if "paired" in given.only:
        missed += paired(given.processes, max(given.seeds // 4, 2))
    with ProcessPoolExecutor(given.processes) as pool:
        if "choice" in given.only:
            missed += choice(pool, given.seeds)
        if "episodes" in given.only:
            missed += episodes(pool, given.episodes, max(given.seeds // 5, 2))
        if "ablation" in given.only:
            missed += ablation(pool, max(given.seeds // 4, 2))
    if "cost" in given.only:
        missed += cost(50_000)
    if "scaler" in given.only:
        missed += with_scaler(max(given.seeds // 4, 2))
    if "presets" in given.only:
        missed += presets(given.seconds)
    print("\n" + ("\n".join(f"MISSED: {line}" for line in missed) if missed else "all gates met"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
