"""How well every forecaster does on the shipped traces, what its intervals hold, and what a step of it costs.

``python benchmarks/forecasts.py [TRACE...]`` prints the tables of docs/forecasting.md and, below them, the gates; the
exit code is 1 if a gate is missed and 2 for input that cannot be used. Back ends that are not installed are said.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.bench.machine import installed, load_average, machine
from swarmscale.bench.report import Gate
from swarmscale.errors import ConfigError, require
from swarmscale.model.flow.traces import Trace, load_trace, shipped
from swarmscale.model.forecasting import FORECASTERS, ConformalInterval, Forecaster, Target
from swarmscale.model.forecasting.score import Score, ahead, score, season

OPTIONAL = ("lightgbm", "statsforecast")
REPEAT_DAILY = ("ms-app1", "crane13")
"""Traces on which the default must save a tenth of naive's error; on every other one it must save nothing or more."""
MOST, MOST_WHERE_DAYS_REPEAT = 1.0, 0.9
GATED, WITHIN, ENOUGH = (0.9, 0.95), 0.015, 5000
"""Levels whose coverage is gated, how far it may be off, and points from which the gate holds."""
MOST_US = 200.0
TIMED = 6000


def present() -> dict[str, Forecaster[Any]]:
    """All forecasters that can be used here, by name."""
    made = {name: FORECASTERS.make(name) for name in FORECASTERS}
    return {name: f for name, f in made.items() if name not in OPTIONAL or installed(name)}


def accuracies(traces: Sequence[Trace], seconds: float, warm_up: float) -> tuple[list[str], list[Gate]]:
    """Error over naive's of every forecaster on every trace, beside the accuracy of naive and of the default."""
    aims = [Target(horizon=ahead(trace, seconds), period=season(trace)) for trace in traces]
    found = {
        name: [score(f, t.demand, a, warm_up=warm_up) for t, a in zip(traces, aims, strict=True)]
        for name, f in present().items()
    }
    default = found["ensemble"]
    bins = (f"{t.step_s:g} s / {a.horizon} / {a.period or 'none'}" for t, a in zip(traces, aims, strict=True))
    lines = [
        row(f"value {seconds:g} s ahead", *(trace.name for trace in traces)),
        "|---" * (len(traces) + 1) + "|",
        row("bin / horizon / season, bins", *bins),
        row("points scored", *(f"{s.points:,}" for s in default)),
        row("accuracy (1 - WAPE), naive", *(f"{s.naive_accuracy:.3f}" for s in default)),
        row("accuracy (1 - WAPE), ensemble", *(f"{s.accuracy:.3f}" for s in default)),
    ]
    for name in FORECASTERS:
        cells = (f"{s.relative:.3f} ± {s.relative_se:.3f}" for s in found.get(name, ()))
        lines.append(row(f"{name}: MAE / naive's", *(cells if name in found else ["-"] * len(traces))))
    return lines, [of_error(t.name, s) for t, s in zip(traces, default, strict=True)]


def of_error(trace: str, found: Score) -> Gate:
    """That the default makes at most as large an error as naive, or nine tenths of it where days repeat."""
    limit = MOST_WHERE_DAYS_REPEAT if trace in REPEAT_DAILY else MOST
    return Gate(name=f"{trace}: MAE / naive's", value=found.relative, limit=limit, at_least=False)


def coverages(traces: Sequence[Trace], seconds: float, warm_up: float) -> tuple[list[str], list[Gate]]:
    """Share of the largest demands of the lead time at or below their bounds, and the headroom that this took."""
    interval, forecasters = ConformalInterval(), present()
    levels = (f"{level:g}: coverage / headroom" for level in interval.levels)
    lines = [row(f"largest of {seconds:g} s", "forecaster", "points", *levels)]
    lines.append("|---" * (3 + len(interval.levels)) + "|")
    gates: list[Gate] = []
    for trace in traces:
        aim = Target(horizon=ahead(trace, seconds), kind="max", period=season(trace))
        for name in ("ensemble", "naive", *(n for n in OPTIONAL if n in forecasters)):
            s = score(forecasters[name], trace.demand, aim, warm_up=warm_up, interval=interval)
            found = zip(s.coverage, s.coverage_se, s.headroom, strict=True)
            cells = (f"{share:.3f} ± {se:.3f} / {room:.1%}" for share, se, room in found)
            lines.append(row(trace.name, name, f"{s.points:,}", *cells))
            if name == "ensemble":
                gates += of_coverage(trace.name, s)
    return lines, gates


def of_coverage(trace: str, found: Score) -> Iterator[Gate]:
    """That the default's bounds hold as often as they say; on a short trace the standard errors say what that means."""
    if found.points < ENOUGH:
        return
    for level, share in zip(found.levels, found.coverage, strict=True):
        if level in GATED:
            name = f"{trace}: distance of the coverage from {level:g}"
            yield Gate(name=name, value=abs(share - level), limit=WITHIN, at_least=False)


def costs(trace: Trace) -> tuple[list[str], list[Gate]]:
    """Microseconds of each forecaster for a bin, alone and with the interval."""
    target = Target(horizon=ahead(trace, 300.0), kind="max", period=season(trace))
    bins = trace.demand[:TIMED].tolist()
    lines = [row("CPU microseconds a step", "alone", "with the interval"), "|---|---|---|"]
    gates = []
    for name, forecaster in present().items():
        alone, both = (step_us(forecaster, bins, target, bounded) for bounded in (False, True))
        lines.append(row(name, f"{alone:.1f}", f"{both:.1f}"))
        if name not in OPTIONAL:
            gates.append(Gate(name=f"{name}: microseconds a step", value=both, limit=MOST_US, at_least=False))
    return lines, gates


def step_us(forecaster: Forecaster[Any], bins: Sequence[float], target: Target, bounded: bool) -> float:
    """Mean over the bins after the first third, in which kernels are compiled and what is never fitted before is."""
    interval = ConformalInterval()
    memory, kept = forecaster.start(target), interval.start(target)
    first, begins = len(bins) // 3, 0.0
    for n, value in enumerate(bins):
        if n == first:
            begins = time.process_time()
        said, memory = forecaster.step(value, memory)
        if bounded:
            _, kept = interval.step(value, said, kept)
    return (time.process_time() - begins) / (len(bins) - first) * 1e6


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def shown(traces: Sequence[Trace], ahead_s: float, lead_s: float, warm_up: float, quick: bool) -> int:
    """Print the tables and the gates; the number of gates that are missed."""
    facts = machine()
    versions = " ".join(f"{name} {installed(name) or 'not installed'}," for name in ("numpy", *OPTIONAL))
    print(f"{facts['processor']}, {facts['cores']} cores, load average {facts['load_average']};", end=" ")
    print(f"Python {facts['python']}, {versions.rstrip(',')}\n")
    parts = [accuracies(traces, ahead_s, warm_up), coverages(traces, lead_s, warm_up)]
    if not quick:
        parts.append(costs(load_trace("ms-app1")))
    for lines, _ in parts:
        print("\n".join(lines), end="\n\n")
    gates = [gate for _, some in parts for gate in some]
    for gate in gates:
        print(f"gate  {gate.line()}")
    print(f"load average at the end: {load_average()}")
    return sum(gate.met is False for gate in gates)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="How well every forecaster does on demand traces.")
    names = [info.name for info in shipped() if not info.requests]
    parser.add_argument(
        "trace", nargs="*", default=names, help="shipped traces or CSV files; all shipped ones"
    )
    parser.add_argument("--ahead-s", type=float, default=300.0, help="how far ahead the value is foretold, s")
    parser.add_argument("--lead-s", type=float, default=120.0, help="time whose maximum is bounded, s")
    parser.add_argument("--warm-up", type=float, default=0.6, help="share that is seen before scoring begins")
    parser.add_argument("--no-times", action="store_true", help="leave out what a step costs")
    chosen = parser.parse_args(arguments)
    try:
        require(chosen.ahead_s > 0, "--ahead-s", chosen.ahead_s, "above 0")
        require(chosen.lead_s > 0, "--lead-s", chosen.lead_s, "above 0")
        traces = [load_trace(name) for name in chosen.trace]
        bad = shown(traces, chosen.ahead_s, chosen.lead_s, chosen.warm_up, chosen.no_times)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{bad} gates missed" if bad else "no gate missed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
