"""A search for good settings: batches of trials in one store, from which it goes on after anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError, require
from .bar import bar
from .design import flat
from .engines import ENGINES
from .engines.base import Begin
from .growing import grown
from .plan import Plan, RunId
from .plan_file import plan_of, read_tree
from .proposals import Proposals, check_factors, require_same
from .search import SEARCH, Search
from .store import Store
from .tuned import Tuned
from .verdict import Verdict, verdicts


def tune(
    plan: Plan | str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    engine: str = "processes",
    workers: int | None = None,
    trials: int | None = None,
    progress: bool = False,
    begin: Begin | None = None,
    stop: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> Tuned:
    """Search for settings that are good by an objective and keep constraints; go on where the folder ends.

    Setting 0 of the store is the base, setting n trial n; all have the same seeds. Neither the engine nor the number
    of workers, nor when it was interrupted, can change the trials: what the sampler knows is told anew from the
    store, trial by trial, so that it chooses what it would have chosen. A time limit can, since it depends on the
    machine.

    Args:
        plan: a file with a table ``[search]``, a dict with the same keys, or what :func:`load_search` gave.
        out: the store's folder; ``out/<name>`` if None.
        engine: where runs are made: ``processes``, ``ray`` or ``here``.
        workers: how many at once, where the engine has workers; None for what there is.
        trials: in place of the plan's.
        progress: show a progress bar.
        begin: called first in each process that makes runs; it must be picklable.
        stop: asked now and then; if it says True the search stops, and goes on with the next call.
        settings: further fields of the engine.

    Raises:
        UnknownChoiceError: if a name is not known.
        ConfigError: if the search cannot be carried out, the folder holds another, or it cannot be written.
        KeyboardInterrupt: at Ctrl-C; runs that have not ended are dropped, those that have are in the store.
    """
    given = load_search(plan)
    if trials is not None:
        given = given.but(design={**given.design, "trials": trials})
    search = Search.of(given.design)
    if workers is not None:
        settings["workers"] = workers
    at_work = ENGINES.make(engine, **settings)
    check_factors(search, given.base, given.fixed)
    folder = Path(out) if out is not None else Path("out") / given.name
    course = Course(grown(folder, given), given, search)
    counts: Counter[str] = Counter(course.store.statuses().values())
    kept, total = counts.total(), (search.trials + 1) * len(given.seeds)
    with course.store.alone(), bar(given.name, total, counts, progress) as told:
        while (wanted := course.next_runs()) is not None:
            if wanted:
                at_work.run(course.store, wanted, begin, lambda run, status: told(status), stop)
            if not course.judge():
                break
    return Tuned(
        store=course.store,
        search=search,
        verdicts=tuple(course.done),
        computed=counts.total() - kept,
        kept=kept,
    )


class Course:
    """A search on its way: what is judged, and what is tried now.

    Attributes:
        store: with all settings so far.
        settings: the base, and the trials' that were proposed.
        done: verdicts on those that are over.
    """

    def __init__(self, store: Store, plan: Plan, search: Search) -> None:
        self.store = store
        self.settings: list[Mapping[str, Any]] = [{}]
        self.done: list[Verdict] = []
        self._plan, self._search = plan, search
        self._proposals = Proposals(search, plan.base, plan.fixed)

    def next_runs(self) -> list[RunId] | None:
        """The runs that the next batch lacks; None if all trials are over."""
        first = len(self.settings)
        if first > self._search.trials:
            return None
        proposed = self._proposals.ask()
        require_same(proposed, self.store.settings[first : first + len(proposed)], first)
        self.settings += proposed[: self._search.trials + 1 - first]
        self.store = grown(self.store.folder, self._plan.but(settings=tuple(self.settings)))
        return self._missing()

    def judge(self) -> bool:
        """Judge the batch and tell the sampler, if all its runs have ended; whether they have."""
        if self._missing():
            return False
        numbers = range(len(self.done), len(self.settings))
        new = verdicts(self.store.frame(), self._search, len(self._plan.seeds), numbers)
        self._proposals.tell([verdict for verdict in new if verdict.setting > 0])
        self.done += new
        return True

    def _missing(self) -> list[RunId]:
        """Runs without a row. One whose worker died has one: the sampler was told so, and that stays."""
        known = self.store.statuses()
        numbers = range(len(self.done), len(self.settings))
        return [run for run in self.store.runs() if run.setting in numbers and run not in known]


def load_search(source: Plan | str | Path | Mapping[str, Any]) -> Plan:
    """The plan of a search, its settings yet to come, from a file or a dict with a table ``[search]``.

    Raises:
        UnknownChoiceError: if a name is not known.
        ConfigError: if the file cannot be read or says something that cannot be.
    """
    if isinstance(source, Plan):
        kind = source.design.get("kind")
        require(kind == SEARCH, "design.kind", kind, f"{SEARCH!r}; load_search reads such a plan from a file")
        return source
    if isinstance(source, Mapping):
        return plan_of_search(dict(source), "tune", Path.cwd())
    path = Path(source)
    return plan_of_search(read_tree(path), path.stem, path.parent)


def plan_of_search(tree: dict[str, Any], name: str, folder: Path) -> Plan:
    """The plan of a search file's words.

    Args:
        tree: its keys and values.
        name: the search's name, if the file gives none.
        folder: where relative paths begin.
    """
    if "design" in tree:
        raise ConfigError("[design]: is for a sweep; a search has a table [search] in its place")
    table = tree.get("search")
    if not isinstance(table, Mapping):
        raise ConfigError(
            "[search]: is missing; it says what to look for (objective) and what to vary (over)"
        )
    plan = plan_of({key: value for key, value in tree.items() if key != "search"}, name, folder)
    search = Search.of(table)
    outcomes = tuple(dict.fromkeys((*search.outcomes, *plan.outcomes)))
    design = {"kind": SEARCH, **table, "over": flat(table["over"]), "trials": search.trials}
    return plan.but(outcomes=outcomes, design=design)
