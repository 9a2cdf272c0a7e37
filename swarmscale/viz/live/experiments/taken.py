"""What can be taken away of a store: its report, its table, its timings."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from ....errors import ConfigError
from ..downloads import CSV, HTML, Download
from .races import FILES, PAGES, read_race
from .shelf import SHEET, TUNING, Listed

if TYPE_CHECKING:
    import pandas as pd

PARQUET = "application/vnd.apache.parquet"


def downloads_of(one: Listed) -> tuple[Download, ...]:
    """The files of a store."""
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in one.name)
    if one.kind in FILES:
        page = one.folder / PAGES[one.kind]
        pages = (_file(stem, lambda: page.read_text(encoding="utf-8")),) if page.is_file() else ()
        text = "one row for each trace, policy, value of its knob and part"
        return (
            *pages,
            *_table(stem, "frontier", "Runs", text, lambda: read_race(one.folder, one.kind).cells),
        )
    runs = _table(
        stem, "runs", "Runs", "the final table: settings, status and outcomes, one row a run", _frame(one)
    )
    log = _table(stem, "log", "Timings", "when, where and how long each run was made", _log(one))[0]
    return (_file(stem, lambda: report(one)), *runs, log)


def report(one: Listed) -> str:
    """The HTML report of a sweep as it is now; of a tuning, or one with plugins, that which was written at its end.

    Raises:
        ConfigError: if no run has ended, or its plugins would have to run here.
    """
    from ....batch.sheet import read_sheet
    from ....batch.store import Store
    from ...sweep_report import sweep_html

    tuning = one.kind == TUNING
    if not tuning and not read_sheet(one.folder / SHEET)["plan"]["plugins"]:
        return sweep_html(Store.open(one.folder))
    try:
        return (one.folder / ("tune.html" if tuning else "sweep.html")).read_text(encoding="utf-8")
    except OSError:
        why = "its report comes at its end" if tuning else "a page runs no plugins"
        raise ConfigError(
            f"{one.name}: {why}; swarmscale {'tune' if tuning else 'sweep'} writes it"
        ) from None


def _frame(one: Listed) -> Callable[[], pd.DataFrame]:
    from ....batch.store import Store

    return lambda: Store.open(one.folder).frame()


def _log(one: Listed) -> Callable[[], pd.DataFrame]:
    from ....batch.store import Store

    return lambda: Store.open(one.folder).log()


def _file(stem: str, make: Callable[[], str]) -> Download:
    return Download(
        key="store-report", title="Report (HTML)", text="tables and figures in one file that works offline",
        ending="-report.html", mime=HTML, make=lambda view: make(), of_model=False, stem=stem,
    )  # fmt: skip


def _table(
    stem: str, key: str, title: str, text: str, make: Callable[[], pd.DataFrame]
) -> tuple[Download, Download]:
    """A table as CSV and as Parquet."""

    def csv() -> str:
        found: str = make().to_csv(index=False, lineterminator="\n")
        return found

    def parquet() -> bytes:
        out = BytesIO()
        make().to_parquet(out, index=False)
        return out.getvalue()

    return (
        Download(
            key=f"store-{key}-csv", title=f"{title} (CSV)", text=text, ending=f"-{key}.csv", mime=CSV,
            make=lambda view: csv(), of_model=False, stem=stem,
        ),
        Download(
            key=f"store-{key}-parquet", title=f"{title} (Parquet)", text=text, ending=f"-{key}.parquet", mime=PARQUET,
            make=lambda view: parquet(), of_model=False, stem=stem,
        ),
    )  # fmt: skip
