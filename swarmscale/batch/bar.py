"""The progress bar of a sweep: how many runs have ended and how, and the time that is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .run import STATUSES

type Told = Callable[[str], None]


@contextmanager
def bar(name: str, total: int, counts: Counter[str], shown: bool) -> Iterator[Told]:
    """Something to tell the status of each run that ends; it counts, and shows a bar if it is to.

    Args:
        name: what stands before the bar.
        total: runs of the plan.
        counts: runs by status so far, added to.
        shown: whether there is a bar.
    """

    def count(status: str) -> None:
        counts[status] += 1

    if not shown:
        yield count
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    left = TimeRemainingColumn(compact=True)
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), left)
    with Progress(*parts, transient=True, speed_estimate_period=300) as progress:
        task = progress.add_task(_words(name, counts), total=total, completed=counts.total())

        def show(status: str) -> None:
            count(status)
            progress.update(task, advance=1, description=_words(name, counts))

        yield show


def _words(name: str, counts: Counter[str]) -> str:
    return f"{name}: " + (", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s]) or "begins")
