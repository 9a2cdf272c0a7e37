"""Where the CPU time of the preset ``llm-fleet`` goes."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path

from ..model.swarm import SwarmModel
from .clock import cpu_s
from .report import Cell, Section

PRESET = "llm-fleet"
SMALLEST_SHARE = 0.005


def stages(quick: bool = False) -> Section:
    """Own time of each function of the model, by the profiler; a compiled kernel counts for its caller."""
    ticks = 60 if quick else 600
    model = SwarmModel(PRESET, rng=1)
    model.run(60)
    plain = cpu_s(lambda: model.run(ticks)) / ticks
    started = float(model.records.column("started")[-ticks:].mean())
    profile = cProfile.Profile(time.process_time)
    profile.runcall(model.run, ticks)
    root = str(Path(__file__).parents[1])
    own: dict[str, float] = {}
    total = 0.0
    for (file, _, name), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        total += seconds
        inside = file.startswith(root)
        label = f"{Path(file).stem}.{name}" if inside else "Mesa, numpy and Python itself"
        own[label] = own.get(label, 0.0) + seconds
    ranked = sorted(own.items(), key=lambda item: -item[1])
    rows: list[tuple[Cell, ...]] = [
        (label, 1000 * seconds / ticks, 1e9 * seconds / ticks / started, f"{100 * seconds / total:.1f} %")
        for label, seconds in ranked
        if seconds >= SMALLEST_SHARE * total
    ]
    rest = total - sum(seconds for _, seconds in ranked if seconds >= SMALLEST_SHARE * total)
    rows.append(
        ("all others", 1000 * rest / ticks, 1e9 * rest / ticks / started, f"{100 * rest / total:.1f} %")
    )
    return Section(
        key="stages",
        title=f"{PRESET}: own time of each part of a tick",
        columns=("part", "ms/tick", "ns/task", "share"),
        rows=tuple(rows),
        notes=(
            f"without the profiler {1000 * plain:.3f} CPU ms a tick, {1e9 * plain / started:.0f} ns a task, "
            f"{len(model.fleet):,} agents, {started:,.0f} tasks a tick",
        ),
    )
