"""Heartbeats and their detector: who is suspected when, without a heartbeat ever being stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ... import rng
from ...arrays import Bools, Floats, Ints
from ...rng import U
from ..flow.laws import law
from .beats import Asked, Clock, alarms, fill_windows, first_sent, last_sent, off
from .detection.base import FailureDetector
from .watching import Alarms, Tier

if TYPE_CHECKING:
    from ..config import Config

STRETCH = 64
"""Heartbeats of a stretch in which false suspicions are found at little more than the cost of their draws."""
_POOL = len(Tier)  # number of the tier of the senders whose gaps stand for those that a lead remembers
_OWN_CV = 1.0  # of a gamma or lognormal delay, over its own mean
_WIDEST = 6.4  # standard deviations beyond which no normal draw lies
_SLACK = 1 << 12  # words by which bounds are let out: the draw may fall by a bit or two where it should rise


@dataclass(slots=True, kw_only=True, eq=False)
class Heartbeats:
    """Implements :class:`~.watching.Watch` by draws that are functions of the sender and the heartbeat's number.

    Heartbeat j of a sender is sent at (j + its phase) x interval plus a draw of its own, after those before it, and
    arrives after the latency of its way unless it is lost there. Senders are taken to have sent for ever. A latency
    is that of the network as built: jitter, and a change of latency, are not seen here.

    What a watcher remembers is taken once in a window's length, and holds until then. For a lead, a node or a
    link it is exactly the last gaps of that sender between heartbeats with successive numbers. A lead remembers the
    gaps of all of its agents together, the last few of each: there they are those of as many senders of the same law,
    drawn for the group, and not of the agents that happen to be in it.

    Attributes:
        detector: when silence is held to be death.
        interval_s: mean time between two heartbeats, s.
        window: gaps remembered.
        missed: heartbeats in a row that a link may lose: a mean gap each is added to the silence of links.
        pool: agents whose gaps a lead remembers together.
        nodes: coordination nodes.
        local_s: latency between a node and its clusters, and within these, s.
        link_s: `[K, K]` latency of each link, s.
        clocks: how the senders of each tier send, by its number; the last one is of the senders that stand for a
            lead's agents.
    """

    detector: FailureDetector
    interval_s: float
    window: int
    missed: int
    pool: int
    nodes: int
    local_s: float
    link_s: Floats
    clocks: tuple[Clock, ...]
    _known: dict[tuple[int, int], tuple[int, Floats]] = field(default_factory=dict)
    _passed: dict[int, tuple[float, tuple[U, U]]] = field(default_factory=dict)

    @property
    def stretch_s(self) -> float:
        """Length of a stretch for which it is best to ask for alarms at once, s."""
        return STRETCH * self.interval_s

    @property
    def epoch_s(self) -> float:
        """Time for which a remembered window holds, s."""
        return self.window * self.interval_s

    # -- see Watch ----------------------------------------------------------------------------------------------

    def found_s(self, tier: Tier, ids: Ints, groups: Ints, silent_s: Floats) -> Floats:
        """See :class:`~.watching.Watch`."""
        at = self._last_s(tier, ids, silent_s)
        return np.maximum(at + self._silence_after(tier, groups, at), silent_s)

    def heard_s(self, tier: Tier, ids: Ints, from_s: Floats) -> Floats:
        """See :class:`~.watching.Watch`."""
        out = np.empty(len(ids))
        first_sent(self.clocks[tier], _ints(ids), _floats(from_s) / self.interval_s, out)
        return out * self.interval_s + self._latency_s(tier, ids)

    def alarms(self, tier: Tier, ids: Ints, groups: Ints, first_s: float, last_s: float) -> Alarms:
        """See :class:`~.watching.Watch`."""
        if not len(ids):
            return Alarms(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        clock, interval = self.clocks[tier], self.interval_s
        places, first_group, table, epoch = self._table(tier, _ints(groups), first_s, last_s)
        latency = np.atleast_1d(self._latency_s(tier, ids)) / interval
        silence = table / interval
        asked = Asked(
            _ints(ids), places, first_group, latency, silence, epoch, self.epoch_s / interval, first_s / interval,
            last_s / interval,
        )  # fmt: skip
        first = floor(asked.begin - float(silence.max()) - float(latency.max()) - 1.0 - clock.most)
        last = ceil(asked.end - float(silence.min()) - float(latency.min()) - clock.least)
        low, span = self._bounds(clock, float(silence.min()) - 1.0)
        room = 1024
        while True:
            which, suspected, cleared = np.empty(room, np.int64), np.empty(room), np.empty(room)
            n = alarms(clock, asked, first, last, low, span, which, suspected, cleared)
            if n <= room:
                break
            room = n
        order = np.lexsort((which[:n], suspected[:n]))
        return Alarms(which[order], suspected[order] * interval, cleared[order] * interval)

    def _bounds(self, clock: Clock, more: float) -> tuple[U, U]:
        """Words that rule a suspicion out, kept as long as the silence of their tier stays what it is."""
        kept = self._passed.get(clock.tier)
        if kept is None or kept[0] != more:
            kept = self._passed[clock.tier] = (more, _passed_over(clock, more))
        return kept[1]

    def sent(self, number: int, first_s: float, last_s: float) -> int:
        """See :class:`~.watching.Watch`: one of each in every interval, so that parts add up."""
        each = floor(last_s / self.interval_s + 1e-9) - floor(first_s / self.interval_s + 1e-9)
        return number * each

    def levels(self, tier: Tier, ids: Ints, groups: Ints, silent_from_s: Floats, now_s: float) -> Floats:
        """See :class:`~.watching.Watch`."""
        if not len(ids):
            return np.zeros(0)
        heard = np.minimum(_floats(silent_from_s), now_s - self._latency_s(tier, ids))
        at = self._last_s(tier, ids, heard)
        silence, out = np.maximum(now_s - at, 0.0), np.empty(len(ids))
        for epoch, here in self._epochs(at):
            windows, waited = self._windows(tier, _ints(groups)[here], epoch), silence[here]
            if tier == Tier.LINK:
                waited = np.maximum(waited - self.missed * windows.mean(axis=-1), 0.0)
            out[here] = self.detector.level(windows, waited)
        return out

    def windows(self, tier: Tier, groups: Ints, now_s: float) -> Floats:
        """See :class:`~.watching.Watch`."""
        return self._windows(tier, _ints(groups), floor(now_s / self.epoch_s))

    # -- windows and what follows from them ---------------------------------------------------------------------

    def _windows(self, tier: int, groups: Ints, epoch: int) -> Floats:
        """`[G, W]` gaps that groups remember in an epoch, s."""
        out = np.empty((len(groups), self.window))
        begin = epoch * self.epoch_s / self.interval_s
        pooled = tier == Tier.AGENT
        fill_windows(self.clocks[_POOL if pooled else tier], groups, self.pool if pooled else 0, begin, out)
        return out * self.interval_s

    def _silence_s(self, tier: int, groups: Ints, epoch: int) -> Floats:
        """`[G]` silence after which groups suspect in an epoch, s."""
        windows = self._windows(tier, groups, epoch)
        silence = self.detector.silence_s(windows)
        return silence + self.missed * windows.mean(axis=-1) if tier == Tier.LINK else silence

    def _silence_after(self, tier: Tier, groups: Ints, at_s: Floats) -> Floats:
        """`[n]` silence after which each is suspected whose last heartbeat came then, s."""
        out = np.empty(len(at_s))
        for epoch, here in self._epochs(at_s):
            only, back = np.unique(_ints(groups)[here], return_inverse=True)
            out[here] = self._silence_s(tier, only, epoch)[back]
        return out

    def _epochs(self, at_s: Floats) -> list[tuple[int, Bools]]:
        """The epochs in which some times lie, and `[n]` which of them."""
        epochs = np.floor(at_s / self.epoch_s).astype(np.int64)
        return [(epoch, epochs == epoch) for epoch in np.unique(epochs).tolist()]

    def _table(
        self, tier: Tier, groups: Ints, first_s: float, last_s: float
    ) -> tuple[Ints, int, Floats, int]:
        """Silences of all groups in all epochs in which a silence may begin that ends in a suspicion then.

        Returns:
            `[n]` groups by their place in the table, less the first one; the first one; `[E, G]` the table, s; and
            the number of its first epoch.
        """
        low, high = int(groups.min()), int(groups.max())
        dense = high - low < 4 * len(groups) + 1000
        only = None
        if not dense:
            only, groups = np.unique(groups, return_inverse=True)
        epoch, rows = floor(last_s / self.epoch_s), list[Floats]()
        latest = float(np.max(self._latency_s(tier, np.zeros(0, np.int64), worst=True)))
        while True:
            rows.append(
                self._silence_s(tier, only, epoch)
                if only is not None
                else self._dense(tier, low, high, epoch)
            )
            longest = max(float(row.max()) for row in rows)
            if epoch * self.epoch_s <= first_s - longest - latest:
                break
            epoch -= 1
        return groups, (low if dense else 0), np.stack(rows[::-1]), epoch

    def _dense(self, tier: Tier, low: int, high: int, epoch: int) -> Floats:
        """`[high - low + 1]` silences of groups with successive numbers, remembered for as long as they hold."""
        first, known = self._known.get((tier, epoch), (0, np.zeros(0)))
        if low < first or high >= first + len(known):
            first, known = low, self._silence_s(tier, np.arange(low, high + 1), epoch)
            for old in [key for key in self._known if key[0] == tier and abs(key[1] - epoch) > 2]:
                del self._known[old]
            self._known[tier, epoch] = first, known
        return known[low - first : high - first + 1]

    # -- ways and times -----------------------------------------------------------------------------------------

    def _last_s(self, tier: Tier, ids: Ints, before_s: Floats) -> Floats:
        """`[n]` when the last heartbeat arrives that each sent before a time, s."""
        out = np.empty(len(ids))
        last_sent(self.clocks[tier], _ints(ids), _floats(before_s) / self.interval_s, out)
        return out * self.interval_s + self._latency_s(tier, ids)

    def _latency_s(self, tier: Tier, ids: Ints, *, worst: bool = False) -> Floats:
        """`[n]` or `[]` latency of each sender's heartbeats, s; the longest of the tier if asked for."""
        if tier != Tier.LINK:
            return np.asarray(self.local_s)
        return np.asarray(self.link_s.max()) if worst else self.link_s.reshape(-1)[_ints(ids)]


def build_watch(config: Config, root_seed: int, nodes: int, link_s: Floats | None = None) -> Heartbeats:
    """The heartbeats that a config asks for.

    Args:
        config: the settings.
        root_seed: determines every heartbeat.
        nodes: coordination nodes.
        link_s: `[K, K]` latency of each link, s, infinity where there is none; None: the mean of the config's two.
    """
    c = config.resilience.detection
    usual = sum(config.network.latency_ms) / 2000.0
    links = np.full((nodes, nodes), usual) if link_s is None else np.where(np.isfinite(link_s), link_s, usual)
    key = rng.key(root_seed, "heartbeats")
    loss = {int(Tier.LINK): config.network.loss}
    return Heartbeats(
        detector=c.detector,
        interval_s=c.interval_s,
        window=c.window,
        missed=c.missed,
        pool=min(config.fleet.cluster_agents, c.window),
        nodes=nodes,
        local_s=config.network.local_ms / 1000.0,
        link_s=links,
        clocks=tuple(make_clock(t, key, c.law, c.cv, loss.get(t, 0.0)) for t in range(len(Tier) + 1)),
    )


def make_clock(tier: int, key: np.uint64, name: str, cv: float, loss: float) -> Clock:
    """How senders of a tier send: gaps have the coefficient of variation ``cv``, draws 1 / sqrt(2) of it."""
    sd = cv / sqrt(2.0)
    if name == "normal":
        body = tail = np.zeros(4097)
        least, most = -_WIDEST * sd, _WIDEST * sd
    else:
        of = law("gamma" if name == "gamma" else "lognormal", _OWN_CV)
        body, tail = of.body, of.tail
        least, most = sd * float(body[0]), sd * float(tail[-1])
    return Clock(tier, key, int(name != "normal"), sd, body, tail, least, most, ceil(most - least), loss)


def _passed_over(clock: Clock, more: float) -> tuple[U, U]:
    """The lowest of the words that rule out that a gap is more than ``more`` intervals too long, and their number."""
    if clock.loss > 0 or more <= 0:
        return U(0), U(0)
    if clock.sd == 0:
        return U(0), U(1 << 32)
    best = (0, 0)
    for late in (more / 2, more + clock.least):
        low = _first_word(clock, late - more) + _SLACK if late - more > clock.least else 0
        high = _first_word(clock, late) - _SLACK
        best = max(best, (high - low, low))
    return U(best[1]), U(max(best[0], 0))


def _first_word(clock: Clock, reached: float) -> int:
    """The smallest word whose draw is above a value."""
    low, high = 0, 1 << 32
    while low < high:
        middle = (low + high) // 2
        if off(clock, U(middle)) > reached:
            high = middle
        else:
            low = middle + 1
    return low


def _ints(values: Ints) -> Ints:
    return np.ascontiguousarray(values, np.int64)


def _floats(values: Floats) -> Floats:
    return np.ascontiguousarray(values, np.float64)
