"""Orders that come in bursts: Hawkes processes whose events call forth others, which fade exponentially."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import rng
from ..arrays import Floats, Ints, kernel
from ..errors import require
from ..rng import draw, ln, unit


class Excited(NamedTuple):
    """Where a process stands.

    Attributes:
        at_s: `[1]` time until which it is settled, s.
        above: `[d]` intensity above the base at that time, a second.
        drawn: `[1]` candidates drawn so far.
    """

    at_s: Floats
    above: Floats
    drawn: Ints


class Hawkes:
    """A process in ``d`` parts: an event of part j lets the intensity of part i jump by ``jump[i, j]``, which fades.

    The intensity of part i at t is ``base[i]`` plus the sum over all earlier events, of part j at s, of
    ``jump[i, j] * exp(-decay * (t - s))``. It starts with nothing above the base.
    Where a stretch is cut changes nothing.

    Attributes:
        base: `[d]` events a second that come of themselves.
        jump: `[d, d]` events a second by which an event of part j (column) raises part i (row).
        decay: a second.

    Source:
        Hawkes 1971, "Spectra of some self-exciting and mutually exciting point processes", *Biometrika* 58(1), 83-90.
        Drawn by thinning: Ogata 1981, *IEEE Trans. Information Theory* 27(1), 23-31.
    """

    def __init__(
        self, *, base: Floats | list[float], jump: Floats | list[list[float]], decay: float, root_seed: int,
        stream: str = "arena/hawkes",
    ) -> None:  # fmt: skip
        self.base = np.atleast_1d(np.asarray(base, np.float64))
        d = len(self.base)
        self.jump = np.asarray(jump, np.float64).reshape(d, d) if np.size(jump) == d * d else np.zeros((0, 0))
        self.decay = float(decay)
        require(
            self.jump.shape == (d, d),
            "hawkes.jump",
            f"an array of shape {np.shape(jump)}",
            f"of shape {(d, d)}",
        )
        require(
            bool((self.base >= 0).all() and self.base.sum() > 0), "hawkes.base", base, "0 or more, not all 0"
        )
        require(bool((self.jump >= 0).all()), "hawkes.jump", jump, "0 or more")
        require(self.decay > 0, "hawkes.decay", decay, "above 0")
        most = float(np.abs(np.linalg.eigvals(self.jump / self.decay)).max())
        require(
            most < 1, "hawkes.jump / decay", f"a matrix with radius {most:.3g}", "one with a radius below 1"
        )
        self._key = rng.key(root_seed, stream)
        self._mean = float(np.linalg.solve(np.eye(d) - self.branching, self.base).sum())
        self._state = Excited(np.zeros(1), np.zeros(d), np.zeros(1, np.int64))

    @property
    def branching(self) -> Floats:
        """`[d, d]` events of part i that one of part j calls forth directly, in the mean."""
        return self.jump / self.decay

    @property
    def mean_per_s(self) -> Floats:
        """`[d]` events a second in the long run: ``(1 - branching)**-1 base``."""
        out: Floats = np.linalg.solve(np.eye(len(self.base)) - self.branching, self.base)
        return out

    def take(self, until_s: float) -> tuple[Floats, Ints]:
        """Events from where it stands until a time: `[n]` s and `[n]` part.

        Raises:
            ConfigError: if that lies before where it stands.
        """
        begin = float(self._state.at_s[0])
        require(until_s >= begin, "until_s", until_s, f"{begin:g} or later")
        room = int(4 * self._mean * (until_s - begin) + 64)
        times, parts = [], []
        while True:  # again from where it stands if there was too little room
            at, part = np.empty(room), np.empty(room, np.int64)
            n, done = fill_events(self._state, self.base, self.jump, self.decay, until_s, self._key, at, part)
            times.append(at[:n])
            parts.append(part[:n])
            if done:
                return np.concatenate(times), np.concatenate(parts)


def residuals(at_s: Floats, part: Ints, hawkes: Hawkes) -> list[Floats]:
    """For each part the integrals of its intensity between its events: Exp(1) if the events are such a process's.

    Args:
        at_s: `[n]` s, rising, from the start of the process on.
        part: `[n]` part of each.
        hawkes: the law.

    Source:
        Time rescaling: Papangelou 1972; Ogata 1988, *J. American Statistical Association* 83(401), 9-27.
    """
    passed = compensators(at_s, part, hawkes.base, hawkes.jump, hawkes.decay)
    return [np.diff(passed[part == i, i], prepend=0.0) for i in range(len(hawkes.base))]


def count_variance(base: float, jump: float, decay: float, span_s: float) -> float:
    """Variance of the number of events of a process of one part in a stretch, in the long run.

    Source:
        The integral of the covariance density of Hawkes 1971, section 3.

    >>> round(count_variance(2.0, 0.0, 1.0, 10.0), 6)  # no excitement: a Poisson process
    20.0
    """
    mean, gap = base / (1 - jump / decay), decay - jump
    height = jump * mean * (2 * decay - jump) / (2 * gap)
    return float(mean * span_s + 2 * height * (span_s / gap - (1 - np.exp(-gap * span_s)) / gap**2))


@kernel
def fill_events(
    state: Excited,
    base: Floats,
    jump: Floats,
    decay: float,
    until_s: float,
    key: np.uint64,
    at_s: Floats,
    part: Ints,
) -> tuple[int, bool]:
    """Write events until a time; gives their number, and whether all are there."""
    d, n = len(base), 0
    now = state.at_s[0]
    while True:
        bound = 0.0
        for i in range(d):
            bound += base[i] + state.above[i]
        a, b, c, e = draw(state.drawn[0], 0, key)
        then = now - ln(unit(a, b)) / bound
        if then >= until_s:  # the candidate is drawn again, the same, when the time goes on
            return n, True
        if n == len(at_s):
            return n, False
        state.drawn[0] += 1
        fade = np.exp(-decay * (then - now))
        now = then
        state.at_s[0] = now
        level = unit(c, e) * bound
        for i in range(d):
            state.above[i] *= fade
        chosen = -1
        for i in range(d):
            level -= base[i] + state.above[i]
            if level < 0:
                chosen = i
                break
        if chosen >= 0:
            at_s[n], part[n] = now, chosen
            n += 1
            for i in range(d):
                state.above[i] += jump[i, chosen]


@kernel
def compensators(at_s: Floats, part: Ints, base: Floats, jump: Floats, decay: float) -> Floats:
    """`[n, d]` integral of each part's intensity from 0 to each event."""
    n, d = len(at_s), len(base)
    out, total, above = np.empty((n, d)), np.zeros(d), np.zeros(d)
    before = 0.0
    for k in range(n):
        fade = np.exp(-decay * (at_s[k] - before))
        for i in range(d):
            total[i] += base[i] * (at_s[k] - before) + above[i] * (1 - fade) / decay
            above[i] *= fade
            out[k, i] = total[i]
        for i in range(d):
            above[i] += jump[i, part[k]]
        before = at_s[k]
    return out
