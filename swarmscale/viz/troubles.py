"""What broke in a fleet and what was made of it, as pages look at it: of a model, or read back from a run's folder."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..model.resilience.incidents import Incident, IncidentLog
from ..model.resilience.settings import Health

if TYPE_CHECKING:
    from ..model.health.alerts import Alert
    from ..model.health.standing import Standing
    from ..model.swarm import SwarmModel

FILES = ("incidents.parquet", "incident_lines.parquet", "suspicions.parquet")
ALERTS, STANDING = "alerts.parquet", "standing.parquet"
"""In the folder of a run."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Troubles:
    """Incidents, suspicions and alerts of a run.

    Attributes:
        watched: whether anything was watched for: resilience was on.
        log: incidents and suspicions.
        now_s: until when it is known, s.
        alerts: of the health monitor, open ones first.
        standing: health of components, integration and system, look by look.
        objective: share of the tasks due that must be answered in time.
    """

    watched: bool = False
    log: IncidentLog = field(default_factory=IncidentLog)
    now_s: float = 0.0
    alerts: Sequence[Alert] = ()
    standing: Sequence[Standing] = ()
    objective: float = 0.9995

    def __len__(self) -> int:
        return len(self.log)

    @property
    def version(self) -> Hashable:
        """Another value when an incident began, was found or was made good."""
        incidents = self.log.incidents
        found = sum(one.found_s == one.found_s for one in incidents)
        return len(incidents), found, sum(one.recovered_s == one.recovered_s for one in incidents)

    @property
    def open(self) -> list[Incident]:
        """Incidents of which something is not made good, in the order of their begins."""
        return [one for one in self.log.incidents if not one.over]

    @property
    def firing(self) -> list[Alert]:
        """Alerts that have fired and are not over, whether somebody took note of them or not."""
        return [one for one in self.alerts if one.open]

    def until(self, time_s: float) -> Troubles:
        """What was known at a time in s; costs are those of the end, and left out for what was made good later."""
        late = time_s + 1e-9
        incidents = [_then(one, late) for one in self.log.incidents if one.begins_s <= late]
        suspicions = [
            replace(one, cleared_s=math.nan) if one.cleared_s > late else one
            for one in self.log.suspicions
            if one.time_s <= late
        ]
        return replace(
            self,
            log=IncidentLog(incidents, suspicions),
            now_s=min(time_s, self.now_s),
            alerts=[_alert_then(one, late) for one in self.alerts if one.first_s <= late],
            standing=[one for one in self.standing if one.time_s <= late],
        )


def _then(one: Incident, time_s: float) -> Incident:
    """An incident as it was at a time, s."""
    line = [(at, text) for at, text in one.line if at <= time_s]
    if one.over and one.recovered_s <= time_s:
        return replace(one, line=line)
    return replace(
        one,
        found_s=one.found_s if one.found_s <= time_s else math.nan,
        recovered_s=math.nan,
        left=one.left if not one.over else one.size,
        displaced=one.displaced if not one.over else 0,
        lost=one.lost if not one.over else 0,
        line=line,
    )


def _alert_then(one: Alert, time_s: float) -> Alert:
    """An alert as it was at a time, s; how often it had fired by then was not kept."""
    return one if one.last_s <= time_s else replace(one, state="firing", last_s=time_s)


def troubles_of(model: SwarmModel) -> Troubles:
    """What broke in a model so far; nothing where resilience is off."""
    world, health = model.resilience, model.health
    return Troubles(
        watched=world is not None,
        log=world.log if world is not None else IncidentLog(),
        now_s=model.now_s,
        alerts=health.alerts if health is not None else (),
        standing=health.series if health is not None else (),
        objective=model.config.resilience.health.objective,
    )


def read_troubles(folder: Path, now_s: float) -> Troubles:
    """What broke in the run of a folder; nothing if it has no such files.

    Args:
        folder: of the run.
        now_s: its end, s.

    Raises:
        ConfigError: if a file cannot be read, or lacks a column.
    """
    from ..model.health.alerts import Alert
    from ..model.health.standing import Standing
    from ..model.resilience.frames import log_of

    tables = [_table(folder / name) for name in FILES]
    alerts = _made(folder / ALERTS, lambda row: Alert(**row))
    standing = _made(folder / STANDING, lambda row: Standing(**row))
    log = IncidentLog()
    if tables[0] is not None:
        try:
            log = log_of(*tables)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise ConfigError(f"{folder / FILES[0]}: cannot be read: {_first_line(error)}") from None
    return Troubles(
        watched=tables[0] is not None,
        log=log,
        now_s=now_s,
        alerts=alerts,
        standing=standing,
        objective=_objective(folder / "config.toml"),
    )


def _table(path: Path) -> Any:
    """A Parquet file as a frame; None if it is not there."""
    import pandas as pd

    if not path.is_file():
        return None
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {_first_line(error)}") from None


def _made[T](path: Path, make: Callable[[dict[str, Any]], T]) -> list[T]:
    """What rows of a Parquet file stand for; nothing if it is not there."""
    table = _table(path)
    if table is None:
        return []
    try:
        return [make({str(key): value for key, value in row.items()}) for row in table.to_dict("records")]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    missing = f"there is no column {error}" if isinstance(error, KeyError) else str(error)
    return (missing.splitlines() or [type(error).__name__])[0]


def _objective(path: Path) -> float:
    """The objective of a run's settings; the default where they do not say, or are not there."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a folder of records alone
        return Health().objective
    told = tree.get("resilience", {}).get("health", {}).get("objective")
    return float(told) if told is not None else Health().objective
