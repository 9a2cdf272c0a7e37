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


WINDOWS = 64
"""Windows of gaps that all clusters share: their senders follow one law, so each needs none of its own."""


def watcher(clusters: Ints) -> Ints:
    """`[n]` whose window the members of clusters judge their agents and their lead by, by the clusters' numbers."""
    return clusters % WINDOWS


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
    """Heartbeats and their detector. Nothing in it depends on how the model is shared out, or on what was asked before.

    Groups are those who watch; what they remember of gaps is theirs. Of agents and leads it is the cluster's number in
    the whole model, of nodes and links the id itself.
    """

    @property
    def stretch_s(self) -> float:
        """Length of a stretch for which it is best to ask for alarms at once, s; any other will do."""
        ...

    def found_s(self, tier: Tier, ids: Ints, groups: Ints, silent_s: Floats) -> Floats:
        """`[n]` when the watcher suspects each sender that sends nothing from ``silent_s`` on, s; not before that.

        Args:
            tier: whose heartbeats.
            ids: `[n]` senders.
            groups: `[n]` who watches.
            silent_s: `[n]` s.
        """
        ...

    def heard_s(self, tier: Tier, ids: Ints, from_s: Floats) -> Floats:
        """`[n]` when each sender that begins to send at ``from_s`` is first heard, s."""
        ...

    def alarms(self, tier: Tier, ids: Ints, groups: Ints, first_s: float, last_s: float) -> Alarms:
        """False suspicions that arise in [first_s, last_s) among senders that live all the while, by time.

        Whether one arises depends on its sender alone, so stretches can be cut and senders be shared out at will.

        Args:
            tier: whose heartbeats.
            ids: `[n]` senders.
            groups: `[n]` who watches.
            first_s: s.
            last_s: s.
        """
        ...

    def sent(self, number: int, first_s: float, last_s: float) -> int:
        """Heartbeats that so many senders, of all tiers, send in [first_s, last_s)."""
        ...

    def levels(self, tier: Tier, ids: Ints, groups: Ints, silent_from_s: Floats, now_s: float) -> Floats:
        """`[n]` the detector's level of suspicion of each sender now.

        Args:
            tier: whose heartbeats.
            ids: `[n]` senders.
            groups: `[n]` who watches.
            silent_from_s: `[n]` since when each sends nothing, s; infinity for those that live.
            now_s: s.
        """
        ...

    def windows(self, tier: Tier, groups: Ints, now_s: float) -> Floats:
        """`[G, W]` the gaps between heartbeats that groups remember now, s."""
        ...
