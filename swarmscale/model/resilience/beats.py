"""When heartbeats are sent and received: kernels that draw each of them from its sender and number alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Ints, inlined, kernel, merged
from ...rng import U, normal32, philox, unit32
from ..flow.laws import sample

_CHUNK = 256
_ORIGIN = 1 << 30  # blocks are counted from so many heartbeats before time 0
_LOSS, _PHASE = 8, 16  # what a draw is for, beside a heartbeat's delay; lower numbers are tiers
_LOW = U(0xFFFFFFFF)
_ROUNDING = 1e-6  # intervals: far above what the sums of a silence lose


class Clock(NamedTuple):
    """How the senders of one tier send; all times in intervals.

    Heartbeat j of a sender is due at j + its phase, and off by a draw of its own. A sender sends its heartbeats in
    their order, so one that is late holds up those behind it.

    Attributes:
        tier: its number.
        key: Philox key.
        how: law of the draw: 0 normal, else tabled quantiles of a delay of mean 1.
        sd: standard deviation of the draw.
        body: `[4097]` table of the law.
        tail: `[4097]` table of its last cell.
        least: smallest draw.
        most: largest draw.
        back: how many heartbeats earlier one may be that holds up a given one.
        loss: chance that one is lost.
    """

    tier: int
    key: U
    how: int
    sd: float
    body: Floats
    tail: Floats
    least: float
    most: float
    back: int
    loss: float


@inlined
def words(sender: int, block: int, purpose: int, key: U) -> tuple[U, U, U, U]:
    """The four words of a block of four heartbeats."""
    s = U(sender)
    return philox(s & _LOW, s >> U(32), U(block), U(purpose), key)


@merged
def word(sender: int, beat: int, purpose: int, key: U) -> U:
    """The word of one heartbeat."""
    place = beat + _ORIGIN
    a, b, c, d = words(sender, place >> 2, purpose, key)
    k = place & 3
    return (a if k == 0 else b) if k < 2 else (c if k == 2 else d)


@merged
def off(clock: Clock, of: U) -> float:
    """How much a heartbeat with this word is off its clock: rises with the word."""
    if clock.how == 0:
        return clock.sd * normal32(of)
    return clock.sd * sample(2, clock.body, clock.tail, unit32(of))


@merged
def phase(clock: Clock, sender: int) -> float:
    """When a sender's clock strikes within each interval, in (0, 1)."""
    return unit32(words(sender, 0, clock.tier + _PHASE, clock.key)[0])


@merged
def lost(clock: Clock, sender: int, beat: int) -> bool:
    """Whether a heartbeat is lost on its way."""
    return clock.loss > 0.0 and unit32(word(sender, beat, clock.tier + _LOSS, clock.key)) < clock.loss


@merged
def ready(clock: Clock, sender: int, beat: int) -> float:
    """When a heartbeat would be sent if none held it up, less the sender's phase."""
    return beat + off(clock, word(sender, beat, clock.tier, clock.key))


@merged
def sent(clock: Clock, sender: int, beat: int) -> float:
    """When a heartbeat is sent, less the sender's phase."""
    at = ready(clock, sender, beat)
    for b in range(beat - clock.back, beat):
        at = max(at, ready(clock, sender, b))
    return at


@kernel
def last_before(clock: Clock, sender: int, time: float) -> tuple[int, float]:
    """The last heartbeat sent before a time that is not lost: its number, and when it was sent."""
    own = phase(clock, sender)
    beat = int(np.floor(time - own - clock.least)) + 1
    at = sent(clock, sender, beat) + own
    while at >= time or lost(clock, sender, beat):
        beat -= 1
        at = sent(clock, sender, beat) + own
    return beat, at


@kernel
def last_sent(clock: Clock, senders: Ints, times: Floats, out: Floats) -> None:
    """`[n]` when each sender sent its last heartbeat before a time that is not lost."""
    for i in range(len(senders)):
        out[i] = last_before(clock, senders[i], times[i])[1]


@kernel
def first_sent(clock: Clock, senders: Ints, times: Floats, out: Floats) -> None:
    """`[n]` when each sender that begins to send at a time sends its first heartbeat that is not lost."""
    for i in range(len(senders)):
        own = phase(clock, senders[i])
        beat = int(np.floor(times[i] - own - clock.most)) - 1
        at = -np.inf
        while True:
            due = ready(clock, senders[i], beat) + own
            if due >= times[i]:
                at = max(at, due)
                if not lost(clock, senders[i], beat):
                    break
            beat += 1
        out[i] = at


@kernel
def fill_window(clock: Clock, sender: int, time: float, out: Floats) -> None:
    """The last gaps before a time between heartbeats of one sender with successive numbers, the latest first."""
    beat, later = last_before(clock, sender, time)
    own = phase(clock, sender)
    n = 0
    while n < len(out):
        beat -= 1
        if lost(clock, sender, beat):
            continue
        at = sent(clock, sender, beat) + own
        if not lost(clock, sender, beat + 1):
            out[n] = later - at
            n += 1
        later = at


@kernel
def fill_whole(clock: Clock, sender: int, time: float, room: Floats, out: Floats) -> None:
    """The same where none is lost: each block is drawn once.

    Args:
        clock: how the sender sends.
        sender: its id.
        time: until when.
        room: scratch, longer than the window by what may hold up its first heartbeat, and two blocks.
        out: out: gaps, the latest first.
    """
    last = last_before(clock, sender, time)[0]
    first = last - len(out)
    block = (first - clock.back + _ORIGIN) >> 2
    begin = (block << 2) - _ORIGIN
    for x in range(0, last - begin + 1, 4):
        a, b, c, d = words(sender, block + (x >> 2), clock.tier, clock.key)
        room[x], room[x + 1] = begin + x + off(clock, a), begin + x + 1 + off(clock, b)
        room[x + 2], room[x + 3] = begin + x + 2 + off(clock, c), begin + x + 3 + off(clock, d)
    at = -np.inf
    for x in range(first - begin + 1):
        at = max(at, room[x])
    for n in range(len(out)):
        after = max(at, room[first - begin + 1 + n])
        out[len(out) - 1 - n] = after - at
        at = after


@kernel
def fill_windows(clock: Clock, groups: Ints, pool: int, time: float, out: Floats) -> None:
    """`[G, W]` windows of groups.

    Args:
        clock: how the senders send.
        groups: `[G]` numbers.
        pool: senders of each group; 0: a group is one sender, of the same number.
        time: until when.
        out: out: gaps.
    """
    size = out.shape[1]
    for g in range(len(groups)):
        if pool == 0:
            fill_window(clock, groups[g], time, out[g])
        else:
            for k in range(pool):
                fill_window(
                    clock, groups[g] * 256 + k, time, out[g, k * size // pool : (k + 1) * size // pool]
                )


@kernel
def draws_near(clock: Clock, sender: int, block: int, out: Floats) -> None:
    """`[6]` how much the four heartbeats of a block, the one before and the one after are off their clocks."""
    a, b, c, d = words(sender, block, clock.tier, clock.key)
    out[0] = off(clock, words(sender, block - 1, clock.tier, clock.key)[3])
    out[1], out[2], out[3], out[4] = off(clock, a), off(clock, b), off(clock, c), off(clock, d)
    out[5] = off(clock, words(sender, block + 1, clock.tier, clock.key)[0])


class Asked(NamedTuple):
    """What false suspicions are looked for among; times in intervals.

    Attributes:
        senders: `[n]` ids.
        groups: `[n]` who watches, less ``first_group``.
        first_group: see there.
        latency: `[n]` or `[1]` of each sender's heartbeats.
        silence: `[E, G]` after which a group suspects, in each epoch.
        first_epoch: number of the first of these.
        epoch: length of one.
        begin: when suspicions are looked for.
        end: until when.
    """

    senders: Ints
    groups: Ints
    first_group: int
    latency: Floats
    silence: Floats
    first_epoch: int
    epoch: float
    begin: float
    end: float


@kernel
def alarm(clock: Clock, asked: Asked, i: int, beat: int) -> tuple[float, float]:
    """When sender i is suspected after this heartbeat, and when it is heard again; NaN if it is not, or not then."""
    sender = asked.senders[i]
    if lost(clock, sender, beat):
        return np.nan, np.nan
    after = beat + 1
    while lost(clock, sender, after):
        after += 1
    at, again = sent(clock, sender, beat), sent(clock, sender, after)
    shift = phase(clock, sender) + asked.latency[i if len(asked.latency) > 1 else 0]
    epoch = int(np.floor((at + shift) / asked.epoch)) - asked.first_epoch
    if epoch < 0 or epoch >= len(asked.silence):
        return np.nan, np.nan
    silence = asked.silence[epoch, asked.groups[i] - asked.first_group]
    suspected = at + shift + silence
    if again - at > silence and asked.begin <= suspected < asked.end:
        return suspected, again + shift
    return np.nan, np.nan


@kernel
def alarms(
    clock: Clock, asked: Asked, first: int, last: int, low: U, span: U,
    which: Ints, suspected: Floats, cleared: Floats,
) -> int:  # fmt: skip
    """Write down all false suspicions; return how many there are, of which only those that have room are written.

    A silence of more than 1 + m intervals needs a heartbeat that is late by more than x, or one before it that is
    early by more than m - x: all others are passed over by a look at their words. Of the rest, those are passed over
    that are not off their clocks by as much more than the one before as their own group bears.

    Args:
        clock: how the senders send.
        asked: what is looked for.
        first: first heartbeat that may begin such a silence.
        last: last one.
        low: smallest word that is neither.
        span: number of words that are neither.
        which: `[cap]` out: place of the sender.
        suspected: `[cap]` out: when, in intervals.
        cleared: `[cap]` out: when it is heard again.
    """
    senders, tier, key = asked.senders, clock.tier, clock.key
    n, found = len(senders), 0
    flags = np.zeros(_CHUNK, np.uint8)
    eights = flags.view(np.uint64)
    seen = np.empty(_CHUNK, np.int64)
    draws = np.empty(6)
    shortest = asked.silence[0].copy()
    for epoch in range(1, len(asked.silence)):
        shortest = np.minimum(shortest, asked.silence[epoch])
    for begin in range(0, n, _CHUNK):
        some = min(_CHUNK, n - begin)
        seen[:] = first - 1
        flags[:] = 0
        for block in range((first + _ORIGIN) >> 2, ((last + 1 + _ORIGIN) >> 2) + 1):
            for x in range(some):
                a, b, c, d = words(senders[begin + x], block, tier, key)
                flags[x] = (a - low >= span) | (b - low >= span) | (c - low >= span) | (d - low >= span)
            for e in range(len(eights)):
                if eights[e] == U(0):
                    continue
                for x in range(8 * e, min(8 * e + 8, some)):
                    if flags[x]:
                        before = (block << 2) - _ORIGIN - 1
                        more = shortest[asked.groups[begin + x] - asked.first_group] - 1.0
                        draws_near(clock, senders[begin + x], block, draws)
                        for k in range(5):
                            beat = before + k
                            if beat <= seen[x] or beat > last:
                                continue
                            seen[x] = beat
                            if clock.loss == 0.0 and draws[k + 1] - draws[k] < more - _ROUNDING:
                                continue
                            at, again = alarm(clock, asked, begin + x, beat)
                            if at == at:
                                if found < len(which):
                                    which[found], suspected[found], cleared[found] = begin + x, at, again
                                found += 1
    return found
