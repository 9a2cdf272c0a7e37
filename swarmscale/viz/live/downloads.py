"""What can be taken away from the page, as texts and bytes. Knows no Solara."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError

if TYPE_CHECKING:
    from ...model.scaling.scaler import Scaler
    from ...model.swarm import SwarmModel
    from .panels import Plot, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file that can be taken away.

    Attributes:
        key: its name in the page.
        title: on the button.
        text: what is in it, for the tooltip.
        ending: of the file's name, behind the run's name.
        mime: its type.
        make: from a view to its content.
        of_model: whether a model is needed, not the records alone.
        stem: the file's name before the ending; that of the run if empty.
    """

    key: str
    title: str
    text: str
    ending: str
    mime: str
    make: Callable[[View], str | bytes]
    of_model: bool = True
    stem: str = ""


def file_name(view: View, ending: str) -> str:
    """Name of a file: the run's name and the ending; no time, for the model may play on until the file is made."""
    name = view.model.config.name if view.model is not None else "run"
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:60]
    return f"{plain or 'run'}{ending}"


def model_of(view: View) -> SwarmModel:
    """The view's model.

    Raises:
        ConfigError: if there is none.
    """
    if view.model is None:
        raise ConfigError("these are records alone; open a checkpoint to have its model")
    return view.model


def records_zip(view: View) -> bytes:
    """The files that ``swarmscale run`` writes, but for the report."""
    from ..run_folder import write_run

    model = model_of(view)
    with tempfile.TemporaryDirectory() as folder:
        write_run(model, model.summary(), Path(folder), report=False)
        return zipped({path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())})


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as one archive; the same files give the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def records_csv(view: View) -> str:
    """The records, one row a tick."""
    return _csv(view.records.frame())


def config_toml(view: View) -> str:
    """The settings, which ``swarmscale run`` and this page read back."""
    return model_of(view).config.toml()


def report(view: View) -> str:
    """The HTML report of the run so far."""
    from ..report import report_html

    model = model_of(view)
    return report_html(model, model.summary())


def events_csv(view: View) -> str:
    """Scaling events with their reasons.

    Raises:
        ConfigError: if there is none.
    """
    from ...model.scaling.events import events_frame

    return _rows(events_frame(_scaler(view).events), "no scaling event yet")


def recommendations_csv(view: View) -> str:
    """Recommendations with what was expected and came.

    Raises:
        ConfigError: if there is none.
    """
    from ...model.scaling.advice import advice_frame

    return _rows(advice_frame(_scaler(view).advisor.given), "no recommendation yet")


def _scaler(view: View) -> Scaler:
    scaler = model_of(view).scaler
    if scaler is None:
        raise ConfigError("this fleet keeps its size; choose a scaling policy first")
    return scaler


def _rows(table: Any, otherwise: str) -> str:
    if not len(table):
        raise ConfigError(f"{otherwise}: let the model run on")
    return _csv(table)


def notes_csv(view: View) -> str:
    """The log of the page."""
    import pandas as pd

    rows = [(note.time_s, note.kind, note.text) for note in view.notes]
    return _csv(pd.DataFrame(rows, columns=["time_s", "kind", "text"]))


def checkpoint(view: View) -> bytes:
    """The model, from which a run goes on bit for bit."""
    model = model_of(view)
    with tempfile.TemporaryDirectory() as folder:
        return model.save(Path(folder) / "checkpoint.safetensors").read_bytes()


def figure_html(view: View, plot: Plot) -> str:
    """A figure as a page that works offline.

    Raises:
        ConfigError: if there is nothing to draw yet.
    """
    figure = plot.figure(view)
    if figure is None:
        raise ConfigError(f"{plot.title}: {plot.otherwise}")
    text: str = figure.to_html(include_plotlyjs=True, full_html=True)
    return text


def _csv(table: Any) -> str:
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


HTML, CSV = "text/html", "text/csv"
DOWNLOADS: Sequence[Download] = (
    Download(
        key="parquet", title="Run (Parquet)", ending=".zip", mime="application/zip", make=records_zip,
        text="a zip of the files that swarmscale run writes: records, clusters, sampled tasks, scaling events, "
        "recommendations, probes, summary, config",
    ),
    Download(
        key="csv", title="Records (CSV)", ending="-records.csv", mime=CSV, make=records_csv, of_model=False,
        text="one row a tick, all columns with their units in their names",
    ),
    Download(
        key="toml", title="Settings (TOML)", ending=".toml", mime="application/toml", make=config_toml,
        text="all settings; swarmscale run and this page read them back",
    ),
    Download(
        key="report", title="Report (HTML)", ending="-report.html", mime=HTML, make=report,
        text="scorecard, figures and settings in one file that works offline, about 6 MB",
    ),
    Download(
        key="events", title="Scaling events (CSV)", ending="-scaling.csv", mime=CSV, make=events_csv,
        text="each change of the fleet's size with its reason, what was expected and what came",
    ),
    Download(
        key="recommendations", title="Recommendations (CSV)", ending="-recommendations.csv", mime=CSV,
        make=recommendations_csv, text="what was recommended, expected and came",
    ),
    Download(
        key="log", title="Log (CSV)", ending="-log.csv", mime=CSV, make=notes_csv, of_model=False,
        text="what was done and what happened, with times and reasons, the last 500 lines",
    ),
    Download(
        key="checkpoint", title="Checkpoint", ending=".safetensors", mime="application/octet-stream",
        make=checkpoint, text="the model as it is now; a run goes on from it bit for bit",
    ),
)  # fmt: skip
