"""What each strategy of optimization does where it is right and where it is not, paired with no change at all."""

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from swarmscale.batch.optimizing.paired import Effect, effect
from swarmscale.batch.optimizing.scenarios import SCENARIOS, scenario
from swarmscale.bench.machine import load_average, processor
from swarmscale.model.optimization.settings import Optimization

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "optimization_scenarios.md"
MARKS = "<!-- begin of the output -->\n", "<!-- end of the output -->\n"
HEADS = (
    "scenario", "strategy", "what was done", "metric", "expected", "measured, 95 %", "what gets worse, 95 %", "others",
    "seeds",
)  # fmt: skip
POINTS = ("error_rate", "late")
"""Metrics whose change is a difference of shares, not a relative one."""


def _percent(value: float, name: str = "") -> str:
    """A change as text; differences of shares in points."""
    if np.isnan(value):
        return "-"
    if np.isinf(value):
        return "without bound"
    return f"{100 * value:+.1f} " + ("points" if name in POINTS else "%")


def _interval(mean: float, low: float, high: float, name: str = "") -> str:
    if np.isnan(mean):
        return "-"
    return f"{_percent(mean, name)} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _one(job: tuple[str, int]) -> tuple[Effect, float]:
    begun = time.process_time()
    told = effect(scenario(job[0]), job[1])
    return told, time.process_time() - begun


def row(told: Effect, seeds: int) -> str:
    """A row of the table."""
    one = told.scenario
    harm = "-"
    if not one.right:
        harm = (
            f"{one.harms}: {_interval(*told.harm, one.harms)}" if one.harms else f"{told.messages:g} messages"
        )
    others = ", ".join(
        f"{name} {_percent(value, name)}"
        for name, value in told.others.items()
        if abs(value) > 0.005 and name != one.harms
    )
    cells = (
        one.name, one.strategy, told.words, told.metric, _percent(told.expected),
        _interval(told.relative, told.low, told.high, told.metric), harm, others or "-", f"{told.seeds} of {seeds}",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def tables(seeds: int, processes: int) -> tuple[list[str], list[str]]:
    """Lines of both tables, and what is missed."""
    begun = [f"{processor()}, load {load_average()}; {seeds} seeds, 300 s before the change, 600 s compared"]
    with ProcessPoolExecutor(processes) as pool:
        told = list(pool.map(_one, [(one.name, seeds) for one in SCENARIOS]))
    lines, missed = begun, []
    for right, title in ((True, "Where it is right"), (False, "Where it is not")):
        lines += ["", f"## {title}", "", "| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
        lines += [row(one, seeds) for one, _ in told if one.scenario.right == right]
    for one, _ in told:
        if line := one.missed(Optimization().least):
            missed.append(line)
    lines += ["", f"{sum(took for _, took in told):.0f} s of CPU."]
    return lines, missed


def main() -> int:
    """Print the tables; the exit code is 1 if a scenario is not what it says."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"put the output into {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    lines, missed = tables(given.seeds, given.processes)
    lines += [
        "",
        *(f"MISSED: {line}" for line in missed),
        *([] if missed else ["all scenarios are what they say"]),
    ]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if given.write:
        before, rest = PAGE.read_text().split(MARKS[0])
        PAGE.write_text(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
