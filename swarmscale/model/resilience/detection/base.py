"""What a failure detector is, and how to add one.

A detector is a frozen keyword-only dataclass, registered as ``@swarmscale.register("failure detector", "mine")``. From
the gaps between the last heartbeats of something it says after how long a silence it holds it to be dead.
"""

from __future__ import annotations

from typing import Protocol

from ....arrays import Floats


class FailureDetector(Protocol):
    """Says how long a silence may last."""

    def silence_s(self, gaps: Floats) -> Floats:
        """`[...]` time from the last heartbeat on after which its sender is suspected, s.

        Args:
            gaps: `[..., W]` s, the last gaps between heartbeats, in any order.
        """
        ...

    def level(self, gaps: Floats, silence_s: Floats) -> Floats:
        """`[...]` level of suspicion after such a silence, 0 or more; suspected from the detector's own level on.

        Args:
            gaps: `[..., W]` s.
            silence_s: `[...]` s.
        """
        ...
