"""One run of a sweep: build the model, run it, measure it, and say how it went in a row."""

from __future__ import annotations

import io
import platform
import time
import traceback
from typing import TYPE_CHECKING, Any

from ..model.checkpoint import config_hash
from ..model.config import Config
from ..model.files import labeled
from ..model.intelligence.prober import Prober, probe_at_end
from ..model.resilience.frames import told_frame
from ..model.resilience.incidents import IncidentLog
from ..model.resilience_metrics import log_of_model
from ..model.running import step_through
from ..model.swarm import SwarmModel
from .outcomes import measure
from .plan import Plan, RunId

if TYPE_CHECKING:
    import pandas as pd

type Row = dict[str, Any]
"""A run as it is stored: what it was, how it went, its outcomes, when and where it ran; ``records`` and ``incidents``
hold the bytes of these files where they are kept."""

DONE, FAILED, KILLED, LATE = STATUSES = ("done", "failed", "killed", "late")
"""How a run may end: well; with an exception; with the death of its worker; over its time limit."""


class OverTimeError(Exception):
    """A run that has used up its time."""


def run_one(plan: Plan, run: RunId) -> Row:
    """Make a run; whatever goes wrong in it is said in its row.

    The time limit is looked at between two ticks, so that a worker outlives a run that is late; engines that can
    do so stop a run that does not come back.

    Args:
        plan: what it belongs to.
        run: which one.
    """
    row, clock = _begun(plan, run), time.perf_counter()
    cpu = time.process_time()
    try:
        model = SwarmModel(_config(plan, run, row), rng=plan.seed(run))
        row["build_s"] = time.perf_counter() - clock
        _advance(model, None if plan.time_limit_s is None else clock + plan.time_limit_s)
        if plan.probe:
            if model.prober is None:
                model.prober = Prober(model.config.intelligence.period_s)
            probe_at_end(model)
        row |= measure(model, plan.columns)
        if plan.records:
            row["records"] = _file(model, model.records.frame())
        if plan.incidents:
            row["incidents"] = _file(model, incidents_of(model))
        row["status"] = DONE
    except OverTimeError:
        row |= {"status": LATE, "error": late_error(plan)}
    except (Exception, SystemExit) as error:
        row |= {"status": FAILED, "error": _said(error)}
    row["wall_s"], row["cpu_s"] = time.perf_counter() - clock, time.process_time() - cpu
    return row


def lost_row(plan: Plan, run: RunId, status: str, error: str, started_at: float) -> Row:
    """The row of a run that could not speak for itself.

    Args:
        plan: what it belongs to.
        run: which one.
        status: ``killed`` or ``late``.
        error: why.
        started_at: when it began, s since 1970.
    """
    row = _begun(plan, run) | {"status": status, "error": error, "started_at": started_at}
    return row | {"wall_s": max(time.time() - started_at, 0.0)}


def late_error(plan: Plan) -> str:
    """Why a run is late."""
    return f"over its time limit of {plan.time_limit_s:g} s"


def _begun(plan: Plan, run: RunId) -> Row:
    facts = {f"set.{key}": value for key, value in plan.settings[run.setting].items()}
    return {
        "setting": run.setting,
        "replication": run.replication,
        "seed": plan.seed(run),
        "error": "",
        **facts,
        "started_at": time.time(),
        "host": platform.node(),
    }


def _config(plan: Plan, run: RunId, row: Row) -> Config:
    config = plan.config(run)
    row["config_hash"] = config_hash(config)
    return config


def _advance(model: SwarmModel, deadline: float | None) -> None:
    """Run to the config's end, or until time is up."""

    def step() -> None:
        model.step()
        if deadline is not None and time.perf_counter() > deadline:
            raise OverTimeError

    step_through(step, round(model.config.seconds / model.config.dt))


def _said(error: BaseException) -> str:
    """An exception's last line first, then where it came from."""
    lines = "".join(traceback.format_exception_only(error)).strip()
    return " ".join(lines.split()) + "\n" + "".join(traceback.format_tb(error.__traceback__))


def incidents_of(model: SwarmModel) -> pd.DataFrame:
    """A row for each incident of a run, with its time line."""
    return told_frame(log_of_model(model) or IncidentLog())


def _file(model: SwarmModel, frame: pd.DataFrame) -> bytes:
    """A table of a run as the file that it is kept in."""
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(labeled(frame, model.config.dt, {}), file, compression="zstd")
    return file.getvalue()
