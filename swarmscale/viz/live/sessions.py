"""How many browser sessions may run at once: a counter that several threads may use."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ...errors import require


@dataclass(slots=True)
class Sessions:
    """Counts open sessions, and refuses the one beyond the limit.

    Attributes:
        limit: most sessions at once, 1 or more.

    A page counts a session from the start of its kernel to the end, and remembers whether it got in:

    ```python
    sessions, admitted = Sessions(8), solara.reactive(False)

    def begin():
        admitted.value = sessions.enter()
        return sessions.leave if admitted.value else None

    solara.lab.on_kernel_start(begin)
    ```

    >>> sessions = Sessions(1)
    >>> sessions.enter(), sessions.enter(), sessions.leave(), sessions.enter()
    (True, False, None, True)
    """

    limit: int
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        require(self.limit >= 1, "--max-sessions", self.limit, "1 or more")

    @property
    def open(self) -> int:
        """Sessions that are open now."""
        return self._open

    @property
    def full(self) -> str:
        """What the one beyond the limit is told."""
        are = f"{self.limit} sessions are" if self.limit > 1 else "One session is"
        return f"{are} open, the most that this server takes. Close a tab that shows this page, then reload."

    def enter(self) -> bool:
        """Count one more session, if there is room.

        Returns:
            Whether there was; only then is :meth:`leave` to be called at its end.
        """
        with self._lock:
            if self._open >= self.limit:
                return False
            self._open += 1
            return True

    def leave(self) -> None:
        """Count one session less.

        Raises:
            RuntimeError: if no session is open, which is a mistake of the caller.
        """
        with self._lock:
            if self._open == 0:
                raise RuntimeError("a session that never entered cannot leave")
            self._open -= 1
