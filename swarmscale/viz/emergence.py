"""What emergence detectors said of a fleet, as pages and reports look at it: of a model, or read back from a folder."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import ConfigError
from ..model.emergence.base import Test, Verdict
from ..model.emergence.persistence import Finding
from ..model.emergence_metrics import WATCHED, by_window

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

FILE, FINDINGS, EVIDENCE = "emergence.parquet", "findings.parquet", "emergence_evidence.json"
"""In the folder of a run."""


@dataclass(frozen=True, slots=True, eq=False)
class Emergence:
    """What was said of a run's windows.

    Attributes:
        verdicts: of each window and detector, in the order of time.
        findings: those that persisted, in any order.
    """

    verdicts: Sequence[Verdict] = ()
    findings: Sequence[Finding] = ()

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def version(self) -> Hashable:
        """Another value after another window, at no cost."""
        end_s = self.verdicts[-1].end_s if self.verdicts else 0.0
        return len(self.verdicts), end_s, len(self.findings)

    @property
    def detectors(self) -> list[str]:
        """Names of those that looked, the shipped ones first."""
        looked = dict.fromkeys(verdict.detector for verdict in self.verdicts)
        return [
            *(name for name in WATCHED if name in looked),
            *(name for name in looked if name not in WATCHED),
        ]

    def of(self, detector: str) -> list[Verdict]:
        """What one of them said, window by window."""
        return [verdict for verdict in self.verdicts if verdict.detector == detector]

    def last(self, detector: str) -> Verdict | None:
        """What one of them said last; None if it never looked."""
        return next((one for one in reversed(self.verdicts) if one.detector == detector), None)

    def windows(self) -> list[list[Verdict]]:
        """What all of them said of each window."""
        return by_window(self.verdicts)

    def holding(self) -> list[Finding]:
        """Findings that hold at the end."""
        return [finding for finding in self.findings if math.isnan(finding.until_s)]

    def until(self, time_s: float) -> Emergence:
        """What was known at a time in s."""
        late = time_s + 1e-9
        findings = [
            replace(one, until_s=math.nan) if one.until_s > late else one
            for one in self.findings
            if one.since_s <= late
        ]
        return Emergence([one for one in self.verdicts if one.end_s <= late], findings)


def emergence_of(model: SwarmModel) -> Emergence:
    """What was said of a model's windows so far; nothing where nobody looks."""
    monitor = model.emergence
    return Emergence(monitor.verdicts, monitor.findings) if monitor is not None else Emergence()


def read_emergence(folder: Path) -> Emergence:
    """What was said of the windows of a run, from its folder; nothing if no window was full.

    Raises:
        ConfigError: if a file cannot be read, or lacks a column.
    """
    if not (folder / FILE).is_file():
        return Emergence()
    rows, evidence = _rows(folder / FILE), _evidence(folder / EVIDENCE)
    try:
        verdicts = _verdicts(rows, evidence)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder / FILE}: cannot be read: {_first_line(error)}") from None
    findings = _rows(folder / FINDINGS) if (folder / FINDINGS).is_file() else []
    try:
        return Emergence(verdicts, [_finding(row) for row in findings])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder / FINDINGS}: cannot be read: {_first_line(error)}") from None


def _rows(path: Path) -> list[dict[str, Any]]:
    import pandas as pd

    try:
        return [{str(k): v for k, v in row.items()} for row in pd.read_parquet(path).to_dict("records")]
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    missing = f"there is no column {error}" if isinstance(error, KeyError) else str(error)
    return (missing.splitlines() or [type(error).__name__])[0]


def _evidence(path: Path) -> dict[tuple[str, float], Mapping[str, Floats]]:
    """Arrays of each detector's last verdict, by its name and the window's end; null is NaN."""
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {
            (detector, float(one["time_s"])): {
                name: np.array(values, np.float64) for name, values in one["evidence"].items()
            }
            for detector, one in told.items()
        }
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_first_line(error)}") from None


def _verdicts(
    rows: Sequence[Mapping[str, Any]], evidence: Mapping[tuple[str, float], Mapping[str, Floats]]
) -> list[Verdict]:
    """Rows of statistics as verdicts; rows of one verdict are neighbors."""
    made = []
    for (end_s, detector), group in groupby(rows, key=lambda row: (row["time_s"], row["detector"])):
        mine = list(group)
        made.append(
            Verdict(
                detector=str(detector),
                start_s=float(mine[0]["start_s"]),
                end_s=float(end_s),
                tests=tuple(_test(row) for row in mine if row["statistic"]),
                found=bool(mine[0]["found"]),
                label=str(mine[0]["label"]),
                abstained=str(mine[0]["unsaid"]),
                gate=str(mine[0]["gate"]),
                sentence=str(mine[0]["sentence"]),
                evidence=evidence.get((str(detector), float(end_s)), {}),
            )
        )
    return made


def _test(row: Mapping[str, Any]) -> Test:
    return Test(
        statistic=str(row["statistic"]),
        observed=float(row["observed"]),
        null_low=float(row["null_low"]),
        null_mean=float(row["null_mean"]),
        null_high=float(row["null_high"]),
        p=float(row["p"]),
        tail=str(row["tail"]),
        effect=float(row["effect"]),
        effect_name=str(row["effect_name"]),
        family=int(row["family"]),
        rejected=bool(row["rejected"]),
        abstained=str(row["abstained"]),
    )


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(
        detector=str(row["detector"]),
        first_s=float(row["first_s"]),
        since_s=float(row["since_s"]),
        until_s=float(row["until_s"]),
        windows=int(row["windows"]),
        sentence=str(row["sentence"]),
        p=float(row["p"]),
        effect=float(row["effect"]),
        effect_name=str(row["effect_name"]),
        family=int(row["family"]),
    )
