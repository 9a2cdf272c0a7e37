"""Two runs side by side, from their folders: paired over batches of time where that is sound."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..model.intervals import student_ends
from ..model.metric import Metric, Stretch
from ..model.metrics import METRICS
from ..model.stored import KnownRaw, StoredRecords
from ..model.summary import FEWEST_BATCHES, MOST_BATCHES, lag_one
from .compare import RUN, Comparison, Difference, changes_between, names_of

CONFIG = "config.toml"
_METRICS = {metric.key: metric for metric in METRICS}

PAIRED = (
    "Both runs have the seed {seed} (common random numbers): intervals are of differences between batches of the same "
    "time (batch means, Student's, 95 %); where a folder does not tell a metric by time, of both runs' own intervals, "
    "as if the runs were independent, which is wider than need be."
)
NOT_STATIONARY = (
    "Both runs have the seed {seed}, but their demand is not declared stationary (records.stationary), so pieces of a "
    "run are no replications of it and there are no intervals; sweeps with replications would give them."
)
DIFFERENT = (
    "The seeds differ ({one} and {other}), so nothing is paired: intervals are made of both runs' own ones, as of "
    "independent runs, and are no narrower than 95 %."
)
UNKEPT = (
    "Both are means over the seeds {seeds}, but a run's folder keeps no single replication, so nothing is paired: "
    "intervals are made of both own ones as if they were independent, which is wider than need be; sweeps keep all."
)
ALONE = (
    "The seeds differ ({one} and {other}) and {which} own, so there are plain differences alone; "
    "give both runs the same seed and a stationary demand, or replications."
)


@dataclass(frozen=True)
class RunFolder:
    """What ``swarmscale run`` left behind.

    Attributes:
        folder: where it is.
        summary: its ``summary.json``.
        tree: its ``config.toml``.
    """

    folder: Path
    summary: Mapping[str, Any]
    tree: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> RunFolder:
        """The run in a folder.

        Raises:
            ConfigError: if a file is missing or cannot be read.
        """
        summary = _read(folder / RUN, json.loads)
        if not isinstance(summary.get("metrics"), Mapping) or not isinstance(summary.get("seeds"), list):
            raise ConfigError(f"{folder / RUN}: is no summary of a run")
        return cls(folder, summary, _read(folder / CONFIG, tomllib.loads))

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.summary.get("name", self.folder.name))

    @property
    def seeds(self) -> list[Any]:
        """Root seeds, one a replication."""
        return list(self.summary["seeds"])

    @cached_property
    def records(self) -> StoredRecords:
        """Its records.

        Raises:
            ConfigError: if they cannot be read.
        """
        return StoredRecords.open(self.folder)

    def setting(self, section: str, key: str, default: Any) -> Any:
        """A value of a section of the config."""
        return self.tree.get(section, {}).get(key, default)

    @property
    def stationary(self) -> bool:
        """Whether its demand is declared to have no trend."""
        return bool(self.setting("records", "stationary", False))

    def metric(self, key: str) -> tuple[float, float, float]:
        """Value and both ends of the interval of a metric, NaN for what there is not."""
        found = self.summary["metrics"].get(key, {})
        return _float(found.get("value")), _float(found.get("low")), _float(found.get("high"))


def compare_runs(one: Path, other: Path) -> Comparison:
    """Two runs side by side; see :func:`~.compare.compare`.

    Args:
        one: the folder of a run.
        other: of another one.

    Raises:
        ConfigError: if a folder cannot be read, or the runs have no metric in common.
    """
    folders = one, other
    runs = RunFolder.open(one), RunFolder.open(other)
    names = names_of(runs[0].name, runs[1].name, folders)
    keys = [list(run.summary["metrics"]) for run in runs]
    common = [key for key in keys[0] if key in keys[1]]
    if not common:
        raise ConfigError(f"{one} and {other}: have no metric in common, so there is nothing to compare")
    paired, sentence = _way(*runs)
    batches = _batches(*runs) if paired else []
    if paired and not batches:
        sentence = f"Both runs have the seed {runs[0].seeds[0]}, but they are too short together for batches of time."
    return Comparison(
        kind="runs",
        folders=folders,
        names=names,
        changes=changes_between(runs[0].tree, runs[1].tree),
        rows=tuple(_difference(key, *runs, paired, batches) for key in common),
        sentence=sentence,
        only={
            name: tuple(key for key in mine if key not in common)
            for name, mine in zip(names, keys, strict=True)
            if set(mine) - set(common)
        },
    )


def _way(one: RunFolder, other: RunFolder) -> tuple[bool, str]:
    """Whether batches of time are paired, and the sentence about intervals."""
    shown = {"one": _listed(one.seeds), "other": _listed(other.seeds)}
    if one.seeds == other.seeds and len(one.seeds) == 1:
        if one.stationary and other.stationary:
            return True, PAIRED.format(seed=shown["one"])
        return False, NOT_STATIONARY.format(seed=shown["one"])
    lacking = [run.folder.name for run in (one, other) if not _has_intervals(run)]
    if lacking:
        verb = "has no intervals of its" if len(lacking) == 1 else "have no intervals of their"
        return False, ALONE.format(which=f"{' and '.join(lacking)} {verb}", **shown)
    if one.seeds == other.seeds:
        return False, UNKEPT.format(seeds=shown["one"])
    return False, DIFFERENT.format(**shown)


def _difference(
    key: str, one: RunFolder, other: RunFolder, paired: bool, batches: list[tuple[Stretch, Stretch]]
) -> Difference:
    values, lows, highs = zip(one.metric(key), other.metric(key), strict=True)
    plain = Difference(outcome=key, one=values[0], other=values[1])
    if math.isnan(plain.difference):
        return plain
    found = _over_batches(plain, batches) if paired else plain
    if not math.isnan(found.low) or (one.seeds == other.seeds and len(one.seeds) == 1 and not paired):
        return found
    half = math.hypot(*((high - low) / 2 for low, high in zip(lows, highs, strict=True)))
    if math.isnan(half):
        return found
    return replace(
        plain,
        low=plain.difference - half,
        high=plain.difference + half,
        method="unpaired, from both intervals",
    )


def _over_batches(plain: Difference, batches: list[tuple[Stretch, Stretch]]) -> Difference:
    """The interval over differences of batches of the same time; neighbors are merged while they are correlated."""
    metric = _METRICS.get(plain.outcome)
    if metric is None or metric.value is None or metric.extreme:
        why = "no interval: over shorter batches a spread is another quantity"
        return _without(
            plain, why if metric is not None and metric.extreme else "no interval: not measured by time"
        )
    gaps = np.array([_known(metric, b) - _known(metric, a) for a, b in batches])
    if np.isnan(gaps).any():
        return _without(plain, "no interval: the folder does not tell it by time")
    while len(gaps) >= FEWEST_BATCHES:
        if gaps.std() == 0 or abs(lag_one(gaps)) <= 1.96 / math.sqrt(len(gaps)):
            low, high = (float(end[0]) for end in student_ends(gaps.reshape(1, -1)))
            # centered on the difference of the whole runs, which weighs batches by what happened in them
            shift = plain.difference - float(gaps.mean())
            told = f"paired, {len(gaps)} batches"
            return replace(plain, low=low + shift, high=high + shift, method=told, pairs=len(gaps))
        gaps = gaps[: len(gaps) // 2 * 2].reshape(-1, 2).mean(axis=1)
    return _without(plain, "no interval: neighboring batches are correlated")


def _without(plain: Difference, why: str) -> Difference:
    return replace(plain, method=why)


def _known(metric: Metric, stretch: Stretch) -> float:
    """A metric's value; NaN if it was made of something that was not stored."""
    assert metric.value is not None
    raw = stretch.raw
    if isinstance(raw, KnownRaw):
        raw.missing = False
    found = float(metric.value(stretch))
    return math.nan if isinstance(raw, KnownRaw) and raw.missing else found


def _batches(one: RunFolder, other: RunFolder) -> list[tuple[Stretch, Stretch]]:
    """Stretches of the same time in both runs after the longer warm-up; none if the runs are too short for 8."""
    records = one.records, other.records
    warm_up_s = max(float(run.setting("records", "warm_up_s", 0.0)) for run in (one, other))
    unit_s = max(
        float(run.setting("records", key, 60.0))
        for run in (one, other)
        for key in ("window_s", "cluster_period_s")
    )
    end_s = min(len(r) * r.dt for r in records)
    start = -(-warm_up_s // unit_s)
    units = end_s // unit_s - start
    number = int(min(MOST_BATCHES, units))
    if number < FEWEST_BATCHES:
        return []
    size_s = units // number * unit_s
    edges = (start * unit_s + size_s * np.arange(number + 1)).tolist()
    return [(_stretch(records[0], a, b), _stretch(records[1], a, b)) for a, b in pairwise(edges)]


def _stretch(records: StoredRecords, first_s: float, last_s: float) -> Stretch:
    return Stretch(records, round(first_s / records.dt), round(last_s / records.dt))


def _has_intervals(run: RunFolder) -> bool:
    return any(not math.isnan(run.metric(key)[1]) for key in run.summary["metrics"] if key in _COUNTED)


_COUNTED = {metric.key for metric in METRICS if metric.value is not None}
"""Metrics of the records; others, such as collective IQ, have intervals of their own that say nothing of a run's."""


def _listed(seeds: list[Any]) -> str:
    return ", ".join(map(str, seeds[:5])) + (" ..." if len(seeds) > 5 else "")


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _read(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return dict(parse(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
