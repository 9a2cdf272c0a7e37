"""What watches for silence: which heartbeats there are, and when their absence is noticed."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from ...arrays import Floats, Ints


class Tier(IntEnum):
    """Whose heartbeats."""

    AGENT = 0
    """An agent's, watched by its cluster's lead; ids are unique ids of agents."""
    LEAD = 1
    """A cluster lead's, watched by its members; ids are numbers of clusters."""
    NODE = 2
    """A node's, watched by the leads of its clusters; ids are numbers of nodes."""
    LINK = 3
    """A node's, sent over one link, watched by its neighbor; ids are sender x nodes + neighbor."""


class Alarms(NamedTuple):
    """Suspicions of things that live.

    Attributes:
        which: `[n]` which of those asked about.
        suspected_s: `[n]` when, s.
        cleared_s: `[n]` when it is heard again, s.
    """

    which: Ints
    suspected_s: Floats
    cleared_s: Floats


class Watch(Protocol):
    """Heartbeats and their detector. Nothing in it depends on how the model is shared out."""

    def found_s(self, tier: Tier, ids: Ints, groups: Ints, silent_s: Floats) -> Floats:
        """`[n]` when the watcher suspects each sender that sends nothing from ``silent_s`` on, s.

        Args:
            tier: whose heartbeats.
            ids: `[n]` senders.
            groups: `[n]` who watches: gaps of the senders of one group are remembered together.
            silent_s: `[n]` s.
        """
        ...

    def alarms(self, tier: Tier, ids: Ints, groups: Ints, first_s: float, last_s: float) -> Alarms:
        """False suspicions that arise in [first_s, last_s) among senders that live all the while, and send on.

        Args:
            tier: whose heartbeats.
            ids: `[n]` senders.
            groups: `[n]` who watches.
            first_s: s, a multiple of the block.
            last_s: s.
        """
        ...

    def sent(self, tier: Tier, number: int, first_s: float, last_s: float) -> int:
        """Heartbeats that so many senders send in [first_s, last_s)."""
        ...
