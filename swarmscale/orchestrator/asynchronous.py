"""The orchestrator for a host that runs on asyncio: each call in a thread, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from .listening import Callback
from .orchestrator import Orchestrator

CALLS = (
    "advance", "submit", "rate", "spawn_agents", "orchestrate_task", "task", "scale_system", "recommendations",
    "optimize_performance", "system_metrics",
)  # fmt: skip


class AsyncOrchestrator:
    """An orchestrator whose calls are awaited: ``async with AsyncOrchestrator(...) as fleet: await fleet.advance(60)``.

    The arguments are those of :class:`Orchestrator`, and so are the calls: %s. While one of them runs, the host's event
    loop goes on; callbacks are called in the thread that advances, or, if ``loop`` is given to :meth:`on`, there.

    Attributes:
        fleet: the orchestrator.
    """

    def __init__(self, **how: Any) -> None:
        self.fleet = Orchestrator(**how)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.fleet.initialize)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.fleet.close)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise AttributeError(f"{type(self).__name__!r} has no call {name!r}")
        call = getattr(self.fleet, name)

        async def awaited(*given: Any, **how: Any) -> Any:
            return await asyncio.to_thread(call, *given, **how)

        awaited.__name__, awaited.__doc__ = name, call.__doc__
        return awaited

    def on(
        self, event: str, callback: Callback, *, loop: asyncio.AbstractEventLoop | None = None
    ) -> Callable[[], None]:
        """Call back at each event of a name; in the loop's own thread if one is given."""
        if loop is None:
            return self.fleet.on(event, callback)
        return self.fleet.on(event, lambda one: loop.call_soon_threadsafe(callback, one))


AsyncOrchestrator.__doc__ = (AsyncOrchestrator.__doc__ or "") % ", ".join(CALLS)
