"""The folder of a run: records, scaling events, probes, config, summary and, if wanted, the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..model.checkpoint import config_hash
from ..model.records import write_parquet, write_whole
from ..model.scaling.advice import advice_frame
from ..model.scaling.events import events_frame
from .probes import FILE

if TYPE_CHECKING:
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
    digest = config_hash(model.config)
    meta = {"swarmscale.config_hash": digest, "swarmscale.root_seed": str(model.root_seed)}
    model.records.write(folder, meta)
    if model.scaler is not None:
        events, given = model.scaler.events, model.scaler.advisor.given
        for name, table in (("scaling", events_frame(events)), ("recommendations", advice_frame(given))):
            if len(table):
                write_parquet(folder / f"{name}.parquet", table, model.config.dt, meta)
    if model.prober is not None and len(model.prober.rows):
        write_parquet(folder / FILE, model.prober.frame(), model.config.dt, meta)
    _write_text(folder / "config.toml", model.config.toml())
    _write_text(folder / "summary.json", json.dumps(summary.as_dict() | {"config_hash": digest}, indent=2))
    if report:
        from .report import write_report

        write_report(model, summary, folder / "report.html")


def _write_text(path: Path, text: str) -> None:
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
