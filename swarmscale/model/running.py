"""Running a model for a while: whole ticks, a progress bar, and Ctrl-C between two ticks."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext


def step_through(step: Callable[[], None], ticks: int, shown: str = "") -> None:
    """Take so many steps.

    Args:
        step: one tick.
        ticks: number of them.
        shown: name on a progress bar; none is shown if empty.

    Raises:
        KeyboardInterrupt: at Ctrl-C, once the tick is whole.
    """
    with whole_ticks() as stop_if_asked, _bar(ticks, shown) if shown else nullcontext(_no_bar) as advance:
        for _ in range(ticks):
            step()
            advance()
            stop_if_asked()


def _no_bar() -> None:
    """Show nothing."""


@contextmanager
def _bar(ticks: int, name: str) -> Iterator[Callable[[], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, transient=True) as bar:
        task = bar.add_task(f"{name}: ticks", total=ticks)
        yield lambda: bar.advance(task)


@contextmanager
def whole_ticks() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back until the function that this gives is called; outside the main thread it does nothing."""
    asked: list[int] = []

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop_if_asked
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)
