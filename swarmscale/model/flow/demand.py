"""Demand: turns a source and its scaling into tasks at the entry nodes, bin by bin."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ...arrays import Bools, Floats, Ints, Words
from ...errors import require
from .arrivals import Marks, poisson_bin, replay_rows, words_of
from .sources import Profile
from .tasks import Pool, Tasks

_COPY_SHIFT, _REPEAT_SHIFT = 24, 40
_BLOCK = 1024  # arrivals drawn at once


def zipf_shares(n: int, exponent: float) -> Floats:
    """`[n]` cumulative shares of ranks 1 to n, proportional to rank**-exponent; the last one is 1."""
    share = np.cumsum(np.arange(1, n + 1, dtype=np.float64) ** -exponent)
    share /= share[-1]
    share[-1] = 1.0
    return share


@dataclass(slots=True)
class Demand:
    """The stream of arrivals.

    Attributes:
        profile: how it runs over time.
        marks: the laws of what an arrival carries.
        entry_share: `[K]` cumulative share of each entry node.
        factor: what the profile's rate is multiplied by.
        bin_s: width of the bins by which arrivals are drawn, s.
        at_end: what follows the profile: repeat, hold or stop.
        here: `[K]` entry nodes whose arrivals are drawn; None for all.
        next_bin: the first bin that is not yet drawn.
        rate_scale: a live factor on the rate from now on (a flash crowd), 1 as configured.
    """

    profile: Profile
    marks: Marks
    entry_share: Floats
    factor: float
    bin_s: float
    at_end: str
    here: Bools | None = None
    next_bin: int = 0
    rate_scale: float = 1.0
    _gaps: Floats = field(default_factory=lambda: np.empty(_BLOCK))
    _words: tuple[Words, Words, Words, Words] = field(default_factory=lambda: _four_words(_BLOCK))
    _uids: Ints = field(default_factory=lambda: np.empty(_BLOCK, np.int64))
    _share: Floats = field(init=False)
    _largest: float = field(init=False)
    _part: float = field(init=False)

    def __post_init__(self) -> None:
        self._share = self.entry_share.copy()
        self._share[1:] -= self.entry_share[:-1]
        self._largest = float(self._share.max())
        if self.here is not None:
            self._share *= self.here
        self._part = float(self._share.sum()) if self.here is not None else 1.0

    @property
    def mean_rate_per_s(self) -> float:
        """Mean arrivals per second over the profile, after scaling."""
        return self.profile.mean_rate_per_s * self.factor

    @property
    def mean_work_s(self) -> float:
        """Mean work of a task in seconds of a unit-speed agent."""
        return float(np.diff(self.marks.class_share, prepend=0.0) @ self.marks.mean_s)

    def note(self) -> str:
        """A sentence for the report."""
        text = self.profile.note
        if self.profile.rows is None:
            return f"{text}; mean rate {self.mean_rate_per_s:,.4g} tasks/s"
        if self.factor > 1:
            return f"{text}, superposed {self.factor:.0f} times with evenly shifted starts"
        return text if self.factor == 1 else f"{text}, thinned to a share of {self.factor:.3g}"

    def rate_at(self, time_s: float) -> float:
        """Expected arrivals per second at a time, the live factor included."""
        return self.foreseen(time_s) * self.rate_scale

    def foreseen(self, time_s: float) -> float:
        """The same without the live factor."""
        p = self.profile
        if time_s >= p.seconds and self.at_end != "repeat":
            if self.at_end == "stop":
                return 0.0
            time_s = p.seconds - p.step_s / 2
        return float(p.rate_per_s[int((time_s % p.seconds) / p.step_s) % len(p.rate_per_s)]) * self.factor

    def bin_rate(self, number: int) -> float:
        """Expected arrivals per second in a bin: the mean of the profile over it."""
        width = self.bin_s
        start, step = number * width, self.profile.step_s
        cells = math.ceil((start + width - 1e-9) / step) - int(start / step + 1e-12)
        if cells <= 1:
            return self.rate_at(start + width / 2)
        points = start + (np.arange(64) + 0.5) * width / 64
        return float(np.mean([self.rate_at(float(t)) for t in points]))

    def draw_until(self, end_s: float, pool: Pool) -> None:
        """Add to the pool all arrivals of the bins that begin before a time."""
        width = self.bin_s
        while self.next_bin * width < end_s - 1e-9:
            if self.profile.rows is None:
                self._poisson(self.next_bin, pool)
            else:
                self._replay(self.next_bin * width, (self.next_bin + 1) * width, pool)
            self.next_bin += 1

    def _poisson(self, number: int, pool: Pool) -> None:
        width = self.bin_s
        total = self.bin_rate(number)
        rate = total * self._share
        mean = total * width * self._part
        ask = int(mean + 8 * math.sqrt(mean)) + 64
        most = total * self._largest * width
        require(
            most + 8 * math.sqrt(most) < 2**20,
            "demand.mean_rate_per_s",
            total,
            "fewer than a million tasks a bin and entry node; lower demand.bin_s",
        )
        while True:
            tasks = pool.reserve(pool.n + ask)
            n = poisson_bin(
                number,
                number * width,
                width,
                rate,
                self.marks,
                tasks,
                pool.n,
                self._gaps,
                *self._words,
                self._uids,
            )
            if n >= 0:
                pool.n = n
                return
            ask *= 2

    def _replay(self, start: float, end: float, pool: Pool) -> None:
        rows = self.profile.rows
        assert rows is not None
        period = self.profile.seconds
        copies = max(1, int(self.factor))
        for copy in range(copies):
            shift = copy * period / copies
            repeat = int((start + shift) // period)
            while repeat * period - shift < end:
                lo, hi = start + shift - repeat * period, end + shift - repeat * period
                first, last = np.searchsorted(rows.time_s, [max(lo, 0.0), hi])
                if self.at_end != "repeat":  # a shifted copy wraps once, to the rows before its start
                    wrapped = int(np.searchsorted(rows.time_s, shift))
                    last = min(int(last), (len(rows.time_s), wrapped)[repeat] if repeat < 2 else 0)
                if first < last:
                    base = (repeat << _REPEAT_SHIFT) | (copy << _COPY_SHIFT)
                    self._replay_part(int(first), int(last), repeat * period - shift, start, base, pool)
                repeat += 1

    def _replay_part(self, first: int, last: int, shift: float, begin: float, base: int, pool: Pool) -> None:
        rows = self.profile.rows
        assert rows is not None
        tasks = pool.reserve(pool.n + last - first)
        before = pool.n
        pool.n = replay_rows(
            rows.time_s,
            rows.entry,
            rows.kind,
            rows.work_s,
            first,
            last,
            shift,
            begin,
            base,
            self.entry_share,
            len(rows.home) > 0,
            rows.complete,
            self.marks,
            tasks,
            pool.n,
        )
        if self.here is not None:
            self._keep(tasks, before, pool, self.here[tasks.place[before : pool.n]])
        if self.factor < 1 and pool.n > before:
            self._keep(tasks, before, pool, _thinned(tasks.uid[before : pool.n], self.factor, self.marks.key))

    def _keep(self, tasks: Tasks, before: int, pool: Pool, keep: Bools) -> None:
        """Keep some of the tasks behind a row."""
        if not keep.all():
            for column in tasks:
                column[before : before + int(keep.sum())] = column[before : pool.n][keep]
            pool.n = before + int(keep.sum())


def _four_words(rows: int) -> tuple[Words, Words, Words, Words]:
    a, b, c, d = np.empty((4, rows), np.uint64)
    return a, b, c, d


def _thinned(uids: Ints, share: float, key: np.uint64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    words = _four_words(len(uids))
    words_of(uids, len(uids), 7, key, *words)
    return np.asarray(words[0] < np.uint64(share * 2**32), np.bool_)
