"""The folder of a run: records, scaling events, probes, config, summary and, if wanted, the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.checkpoint import config_hash
from ..model.emergence.frames import evidence_json
from ..model.files import write_parquet, write_whole
from ..model.optimization.log import looks_frame, trials_frame
from ..model.optimization.thresholds import readings_frame
from ..model.resilience.frames import incidents_frame, lines_frame, suspicions_frame
from ..model.resilience_metrics import log_of_model
from ..model.scaling.advice import advice_frame
from ..model.scaling.events import events_frame
from .probes import FILE

if TYPE_CHECKING:
    from ..model.config import Config
    from ..model.emergence.monitor import Monitor
    from ..model.records import Records
    from ..model.scaling.advice import Recommendation
    from ..model.scaling.events import ScalingEvent
    from ..model.summary import Summary
    from ..model.swarm import SwarmModel


def write_run(model: SwarmModel, summary: Summary, folder: Path, *, report: bool) -> None:
    """Write what a run leaves behind, each file whole or not at all.

    Args:
        model: the run so far.
        summary: its metrics, or those of several replications.
        folder: made if it is not there.
        report: whether ``report.html`` is written too.

    Raises:
        ConfigError: if the folder cannot be written, or a strategy is not registered.
    """
    scaler = model.scaler
    digest = write_tables(
        model.records,
        summary,
        model.config,
        folder,
        events=scaler.events if scaler else [],
        given=scaler.advisor.given if scaler else [],
    )
    if model.prober is not None and len(model.prober.rows):
        meta = _meta(digest, model.root_seed)
        write_parquet(folder / FILE, model.prober.frame(), model.config.dt, meta)
    if model.emergence is not None:
        write_emergence(model.emergence, folder, model.config.dt, _meta(digest, model.root_seed))
    write_incidents(model, folder, _meta(digest, model.root_seed))
    write_optimization(model, folder, _meta(digest, model.root_seed))
    if report:
        from .report import write_report

        write_report(model, summary, folder / "report.html")


def write_emergence(monitor: Monitor, folder: Path, dt: float, meta: dict[str, str]) -> None:
    """Write what was said of emergence, if a window was full: statistics, findings, and evidence of the last verdicts.

    Args:
        monitor: of the run.
        folder: that is there.
        dt: length of a tick, s.
        meta: for the tables' metadata.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    if not monitor.verdicts:
        return
    write_parquet(folder / "emergence.parquet", monitor.frame(), dt, meta)
    write_parquet(folder / "findings.parquet", monitor.findings_frame(), dt, meta)
    _write_text(folder / "emergence_evidence.json", evidence_json(monitor.last()))


def write_incidents(model: SwarmModel, folder: Path, meta: dict[str, str]) -> None:
    """Write what broke and what was suspected, if there was anything, with the alerts and the health over time.

    Args:
        model: the run so far.
        folder: that is there.
        meta: for the tables' metadata.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    log = log_of_model(model)
    if log is None or not (len(log) or log.suspicions):
        return
    tables = {
        "incidents": incidents_frame(log),
        "incident_lines": lines_frame(log),
        "suspicions": suspicions_frame(log),
    }
    if model.health is not None:
        tables |= {"alerts": model.health.alerts_frame(), "standing": model.health.standing_frame()}
    for name, table in tables.items():
        write_parquet(folder / f"{name}.parquet", table, model.config.dt, meta)


def write_optimization(model: SwarmModel, folder: Path, meta: dict[str, str]) -> None:
    """Write what the optimization engine saw and tried, if it was at work: looks, trials, readings of thresholds.

    Args:
        model: the run so far.
        folder: that is there.
        meta: for the tables' metadata.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    engine = model.optimizer
    if engine is None or not engine.looks:
        return
    tables = {"looks": looks_frame(engine), "thresholds": readings_frame(engine.thresholds.series)}
    if engine.trials:
        tables["trials"] = trials_frame(engine.trials)
    for name, table in tables.items():
        write_parquet(folder / f"{name}.parquet", table, model.config.dt, meta)


def write_tables(
    records: Records,
    summary: Summary,
    config: Config,
    folder: Path,
    *,
    events: Sequence[ScalingEvent] = (),
    given: Sequence[Recommendation] = (),
    extra: Mapping[str, Any] | None = None,
) -> str:
    """Write the tables of a run, its summary and its config; return the config's digest.

    Args:
        records: of the run.
        summary: its metrics.
        config: its settings.
        folder: made if it is not there.
        events: what the scaler did.
        given: what it recommended.
        extra: more for ``summary.json``.

    Raises:
        ConfigError: if the folder cannot be written, or a strategy is not registered.
    """
    digest = config_hash(config)
    meta = _meta(digest, summary.seeds[0])
    records.write(folder, meta)
    for name, table in (("scaling", events_frame(events)), ("recommendations", advice_frame(given))):
        if len(table):
            write_parquet(folder / f"{name}.parquet", table, config.dt, meta)
    _write_text(folder / "config.toml", config.toml())
    told = summary.as_dict() | {"config_hash": digest} | dict(extra or {})
    _write_text(folder / "summary.json", json.dumps(told, indent=2))
    return digest


def _meta(digest: str, root_seed: int) -> dict[str, str]:
    return {"swarmscale.config_hash": digest, "swarmscale.root_seed": str(root_seed)}


def _write_text(path: Path, text: str) -> None:
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
