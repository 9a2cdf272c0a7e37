"""Delegation inside a node: a loaded cluster hands a task to its zone, a loaded zone to its node."""

from __future__ import annotations

from ...arrays import Floats, Ints32, kernel
from .dispatch.base import DispatchView
from .dispatch.least_loaded import pick
from .ledger import Count, Ledger

_CLUSTER, _ZONE = int(Count.ESCALATED_CLUSTER), int(Count.ESCALATED_ZONE)


@kernel
def hand_up(
    view: DispatchView,
    cluster_load: float,
    zone_load: float,
    decision_s: float,
    zone_of: Ints32,
    zone_offsets: Ints32,
    zone_members: Ints32,
    load: Floats,
    room: Floats,
    ledger: Ledger,
) -> None:
    """Move tasks from loaded clusters one level up, and count each escalation and its messages.

    A cluster at or above ``cluster_load`` tasks per ready agent asks its zone, which looks at all its
    clusters; a zone whose best one is at or above ``zone_load`` asks its node, which looks at eight drawn
    from all of its clusters.

    Args:
        view: choices made so far, changed in place.
        cluster_load: load from which a cluster escalates.
        zone_load: load from which a zone does.
        decision_s: delay of each escalation, s.
        zone_of: `[Q]` zone of each cluster.
        zone_offsets: `[Z + 1]` where each zone's clusters begin.
        zone_members: `[Q]` clusters zone by zone.
        load: `[Q]` tasks per ready agent, this tick's assignments included; raised in place.
        room: `[Q]` 1 / ready agents.
        ledger: counts.
    """
    m = ledger.messages
    for k in range(len(view.offsets) - 1):
        first = view.draw_offsets[k]
        n = view.draw_offsets[k + 1] - first
        for i in range(view.offsets[k], view.offsets[k + 1]):
            q = view.choice[i]
            if q < 0:
                continue
            if load[q] >= cluster_load:
                z = zone_of[q]
                best = q
                asked = zone_offsets[z + 1] - zone_offsets[z]
                for x in range(zone_offsets[z], zone_offsets[z + 1]):
                    other = zone_members[x]
                    if load[other] < load[best]:
                        best = other
                ledger.count[_CLUSTER] += 1
                delay = decision_s
                if load[best] >= zone_load:
                    ledger.count[_ZONE] += 1
                    delay += decision_s
                    asked += 8
                    for j in range(8):
                        other = view.draws[first + pick(view.uid[i], 4 + j, n, view.key)]
                        if load[other] < load[best]:
                            best = other
                number = 2 * asked + 1
                for column in range(4):
                    m[2, column] += number
                m[2, 4] += number * view.control_bytes
                m[2, 5] += int(number * view.local_s * 1048576.0)
                view.delay_s[i] += delay
                q = best
                view.choice[i] = q
            load[q] += room[q]


@kernel
def loads(view: DispatchView, load: Floats, room: Floats) -> None:
    """`[Q]` tasks per ready agent at the tick's start, and 1 / ready agents."""
    for q in range(len(load)):
        room[q] = 1.0 / max(view.ready[q], 0.5)
        load[q] = view.in_system[q] * room[q] if view.ready[q] > 0 else 1e18
