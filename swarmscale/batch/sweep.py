"""A sweep: all runs of a plan on an engine, in a store from which it goes on after anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .bar import Told, bar
from .engines import ENGINES
from .engines.base import Begin, Engine, Stop
from .plan import Plan, RunId
from .run import DONE
from .schema import Columns
from .store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A sweep, over or stopped.

    Attributes:
        store: where it is.
        computed: runs that this call made.
        kept: runs that were there.
    """

    store: Store
    computed: int
    kept: int

    @property
    def plan(self) -> Plan:
        """What it was to do."""
        return self.store.plan

    @property
    def failed(self) -> dict[RunId, str]:
        """Runs that did not end well, with their errors."""
        return self.store.errors()

    def frame(self) -> pd.DataFrame:
        """The final table; see :meth:`~swarmscale.batch.store.Store.frame`."""
        return self.store.frame()

    def log(self) -> pd.DataFrame:
        """When, where and how long each run was made."""
        return self.store.log()

    def means(self) -> pd.DataFrame:
        """One row a setting: its keys as ``set.<key>``, ``runs`` that ended well, and their outcomes' means."""
        return means_of(self.frame(), self.store.columns)


def means_of(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """A final table's means over the replications of each setting that ended well; NaN where nothing was measured."""
    first = frame.drop_duplicates("setting").set_index("setting")[list(columns.keys)]
    well = frame[frame["status"] == DONE].groupby("setting")
    table = first.join(well.size().rename("runs")).join(well[list(columns.outcomes)].mean())
    return table.fillna({"runs": 0}).astype({"runs": "int64"}).reset_index()


def sweep(
    plan: Plan | str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    engine: str = "processes",
    workers: int | None = None,
    retry: bool = False,
    progress: bool = False,
    begin: Begin | None = None,
    stop: Stop = lambda: False,
    **settings: Any,
) -> Sweep:
    """Make all runs of a plan that the store in ``out`` does not have yet.

    Neither the engine nor the number of workers, nor when it was interrupted, can change the final table.

    Args:
        plan: a plan, a sweep file, or a dict with the same keys.
        out: the store's folder; ``out/<name>`` if None.
        engine: where runs are made: ``processes``, ``ray`` or ``here``.
        workers: how many at once, where the engine has workers; None for what there is.
        retry: make runs that failed or were late anew; those whose worker died always are.
        progress: show a progress bar.
        begin: called first in each process that makes runs; it must be picklable.
        stop: asked now and then; if it says True the sweep stops, and goes on with the next call.
        settings: further fields of the engine.

    Raises:
        UnknownChoiceError: if a name is not known.
        ConfigError: if the plan cannot be carried out, the folder holds another, or it cannot be written.
        KeyboardInterrupt: at Ctrl-C; runs that have not ended are dropped, those that have are in the store.
    """
    given = Plan.load(plan)
    if workers is not None:
        settings["workers"] = workers
    at_work = ENGINES.make(engine, **settings)
    given.check()
    store = Store.create(out if out is not None else Path("out") / given.name, given)
    with store.alone():
        runs = store.missing(retry)
        again = set(runs)
        kept = Counter(status for run, status in store.statuses().items() if run not in again)
        counts = kept.copy()
        with bar(given.name, len(given.runs()), counts, progress) as told:
            if runs:
                _make(at_work, store, runs, begin, told, stop)
    return Sweep(store=store, computed=counts.total() - kept.total(), kept=kept.total())


def _make(
    engine: Engine, store: Store, runs: list[RunId], begin: Begin | None, told: Told, stop: Stop
) -> None:
    """Make runs; if that cannot go on, say what is kept."""
    try:
        engine.run(store, runs, begin, lambda run, status: told(status), stop)
    except ConfigError as error:
        kept = len(store.statuses())
        raise ConfigError(
            f"{error}; finished runs are kept in {store.folder}, {kept} of them, and the same sweep goes on there"
        ) from None
