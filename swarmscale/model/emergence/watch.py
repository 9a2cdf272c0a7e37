"""Run detectors over the windows of a life, each with random numbers of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ...arrays import Floats
from ...errors import require
from ...rng import generator
from .alone import one_thread
from .base import FEWEST_SAMPLES, AnyDetector, Verdict, Window
from .detectors import DETECTORS
from .gates import gate
from .persistence import Finding, Persistence


class Watched(NamedTuple):
    """What detectors said.

    Attributes:
        verdicts: one for each window and detector, window by window, detectors in their names' order.
        findings: what persisted, by detector and time.
    """

    verdicts: list[Verdict]
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Where a watch stands between two windows.

    Attributes:
        number: windows seen.
        memories: what each detector remembers.
        persistences: what each one's verdicts amount to.
    """

    number: int = 0
    memories: Mapping[str, Any] = field(default_factory=dict)
    persistences: Mapping[str, Persistence] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """All findings so far, by detector and time."""
        return [found for name in sorted(self.persistences) for found in self.persistences[name].findings]


def all_detectors() -> dict[str, AnyDetector]:
    """One of each detector in the table, with its own settings."""
    return {name: DETECTORS.make(name) for name in DETECTORS}


def begin(detectors: Mapping[str, AnyDetector]) -> Watching:
    """Where a watch stands before the first window."""
    return Watching(
        memories={name: detector.start() for name, detector in detectors.items()},
        persistences={name: Persistence() for name in detectors},
    )


def look(
    detectors: Mapping[str, AnyDetector], watching: Watching, window: Window, seed: int
) -> tuple[list[Verdict], Watching]:
    """Show every detector the next window.

    Args:
        detectors: by name.
        watching: where the watch stands.
        window: what happened.
        seed: of the watch. A detector's random numbers depend on it, its name and the window's number alone, so that
            neither the order nor the number of the others changes what it says.

    Returns:
        Verdicts in the order of the names, and where the watch stands now.
    """
    verdicts = []
    memories = dict(watching.memories)
    persistences = dict(watching.persistences)
    for name in sorted(detectors):
        rng = generator(seed, f"emergence/{name}/{watching.number}")
        with one_thread():
            verdict, memories[name] = detectors[name].look(window, memories[name], rng)
            verdict = replace(verdict, gate=gate(window).reason)
        persistences[name] = persistences[name].push(verdict)
        verdicts.append(verdict)
    number = watching.number + 1
    return verdicts, replace(watching, number=number, memories=memories, persistences=persistences)


def watch(
    windows: Iterable[Window], detectors: Mapping[str, AnyDetector] | None = None, seed: int = 0
) -> Watched:
    """Run detectors over windows that follow each other.

    Args:
        windows: in the order of time.
        detectors: by name; all of the table by default.
        seed: 0 or more; the same seed gives the same verdicts bit for bit.

    Returns:
        Verdicts of every window, and the findings: what two of three windows in a row showed.
    """
    require(seed >= 0, "seed", seed, "0 or more")
    chosen = all_detectors() if detectors is None else detectors
    watching = begin(chosen)
    said: list[Verdict] = []
    for window in windows:
        verdicts, watching = look(chosen, watching, window, seed)
        said += verdicts
    return Watched(said, watching.findings)


def windows_of(
    series: Floats,
    *,
    length: int = 300,
    step: int = 300,
    exogenous: Floats | None = None,
    commands: Floats | None = None,
    names: tuple[str, ...] = (),
    resolution: float | Floats = 0.0,
    angles: bool = False,
    age: int | None = None,
    start_s: float = 0.0,
    step_s: float = 1.0,
) -> Iterator[Window]:
    """Cut long series into windows.

    Args:
        series: `[T, M]` one column for each part.
        length: samples in a window, 60 or more.
        step: samples from one window's begin to the next's, 1 or more; below ``length`` they overlap, and verdicts
            on windows that share samples are not independent.
        exogenous: `[T, E]` what comes from outside.
        commands: `[T, C]` what the root ordered.
        names: `[M]` of the series.
        resolution: see :class:`Window`.
        angles: whether the series are angles in radians.
        age: samples that the system had run before the first one; None if long.
        start_s: time of the first sample, s.
        step_s: time between samples, s.

    Returns:
        Whole windows only; samples that are left at the end make none.

    Raises:
        ConfigError: if a setting breaks its rule, or there is no whole window.

    >>> [w.start_s for w in windows_of(np.random.default_rng(1).normal(size=(250, 3)), length=100, step=100)]
    [0.0, 100.0]
    """
    require(length >= FEWEST_SAMPLES, "length", length, f"{FEWEST_SAMPLES} or more")
    require(step >= 1, "step", step, "1 or more")
    rows = np.asarray(series, np.float64)
    require(len(rows) >= length, "samples", len(rows), f"{length} or more, one whole window")
    nothing = np.zeros((len(rows), 0))
    outside = nothing if exogenous is None else np.asarray(exogenous, np.float64).reshape(len(rows), -1)
    orders = nothing if commands is None else np.asarray(commands, np.float64).reshape(len(rows), -1)

    def cut(begin: int) -> Window:
        part = slice(begin, begin + length)
        return Window(
            series=rows[part],
            names=names,
            exogenous=outside[part],
            commands=orders[part],
            resolution=resolution,
            angles=angles,
            age=None if age is None else age + begin,
            start_s=start_s + begin * step_s,
            step_s=step_s,
        )

    return (cut(begin) for begin in range(0, len(rows) - length + 1, step))
