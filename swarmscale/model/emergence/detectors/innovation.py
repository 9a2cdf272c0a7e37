"""Innovation: solutions that are both newer and better than the past lets expect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from ..base import Solutions, Test, Verdict, Window
from ..estimators.heaps import heaps_exponent
from ..estimators.novelty import first_seen, novelty_p
from ..estimators.records import records_beyond
from .nulls import chance, silent

STATISTICS = ("novelty", "records")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What was tried before.

    Attributes:
        signature: `[H]` kinds of the last solutions, as many as the detector remembers.
        tried: solutions of known quality so far, all of them.
        best: quality of the best of those.
    """

    signature: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    tried: int = 0
    best: float = -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Innovation:
    """More new kinds than a process fitted to the past brings, and more records than luck or lone search.

    A kind that was not among the remembered solutions counts as new; the null forgets just as much. Records are
    counted against all that was ever tried, of which only the number and the best are remembered.

    Attributes:
        level: chance of a false alarm in a window, in (0, 1); each of the two statistics must hold at half of it.
        draws: simulated windows of the null of novelty, 99 or more.
        history: solutions that are remembered, 100 or more.
        fewest: solutions needed before a window and in it, 10 or more.
    """

    level: float = 0.05
    draws: int = 999
    history: int = 3000
    fewest: int = 50

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "level", self.level, "in (0, 1)")
        require(self.draws >= 99, "draws", self.draws, "99 or more")
        require(self.history >= 100, "history", self.history, "100 or more")
        require(10 <= self.fewest <= self.history, "fewest", self.fewest, f"from 10 to {self.history}")

    def start(self) -> Past:
        """No past."""
        return Past()

    def look(self, window: Window, memory: Past, rng: np.random.Generator) -> tuple[Verdict, Past]:
        """See :class:`~..base.Detector`."""
        evidence: dict[str, Floats] = {}
        reason = self._unfit(window.solutions, memory)
        if reason or window.solutions is None:
            tests = silent(STATISTICS, reason)
        else:
            tests = (
                self._novelty(window.solutions, memory, rng, evidence),
                records(window.solutions, window.nominal, memory, evidence),
            )
        half = self.level / 2
        tests = tuple(replace(test, rejected=bool(test.p <= half)) for test in tests)
        whole = not any(test.abstained for test in tests)
        found = whole and all(test.rejected for test in tests)
        verdict = Verdict(
            detector="innovation",
            start_s=window.start_s,
            end_s=window.end_s,
            tests=tests,
            p=min(1.0, 2.0 * max(test.p for test in tests)) if whole else float("nan"),
            found=found,
            label="" if found or not whole else _weaker(tests),
            abstained="; ".join(dict.fromkeys(test.abstained for test in tests if test.abstained)),
            evidence=evidence,
        )
        return replace(verdict, sentence=_told(verdict)), self._remembered(window.solutions, memory)

    def _unfit(self, solutions: Solutions | None, past: Past) -> str:
        if solutions is None:
            return "nothing that is tried was recorded"
        signature, quality = np.shape(solutions.signature), np.shape(solutions.quality)
        require(
            signature == quality and len(signature) == 1, "solutions.quality.shape", quality, f"{signature}"
        )
        if len(solutions.signature) < self.fewest:
            return f"{len(solutions.signature)} solutions in the window, but {self.fewest} are needed"
        if len(past.signature) < self.fewest:
            return f"{len(past.signature)} solutions before the window, but {self.fewest} are needed"
        return ""

    def _novelty(
        self, solutions: Solutions, past: Past, rng: np.random.Generator, evidence: dict[str, Floats]
    ) -> Test:
        found = novelty_p(past.signature, solutions.signature, self.draws, rng)
        both = np.concatenate([past.signature, solutions.signature])
        first = first_seen(both)
        evidence["kinds"] = np.cumsum(first)[len(past.signature) :].astype(np.float64)[
            _thin(len(solutions.signature))
        ]
        if np.count_nonzero(first[max(len(both) // 40, 1) :]) > 2:
            evidence["heaps"] = np.array(heaps_exponent(both))
        return Test(
            statistic="novelty",
            observed=float(found.observed),
            null_low=found.low,
            null_mean=found.expected,
            null_high=found.high,
            p=found.p,
            effect=(found.observed - found.expected) / len(solutions.signature),
            effect_name="new kinds a solution more than expected",
        )

    def _remembered(self, solutions: Solutions | None, past: Past) -> Past:
        if solutions is None or not len(solutions.signature):
            return past
        known = solutions.quality[~np.isnan(solutions.quality)]
        return Past(
            signature=np.concatenate([past.signature, solutions.signature])[-self.history :],
            tried=past.tried + len(known),
            best=max(past.best, float(known.max()) if len(known) else -inf),
        )


def records(solutions: Solutions, nominal: Solutions | None, past: Past, evidence: dict[str, Floats]) -> Test:
    """Records of a window beyond the past and beyond search without interaction, against their exact law.

    Args:
        solutions: of the window; unknown qualities do not count.
        nominal: the same number of trials without interaction, or None.
        past: what was tried before.
        evidence: gets the best so far after each trial, and the best that there was to beat.
    """
    quality = solutions.quality[~np.isnan(solutions.quality)]
    alone = np.zeros(0) if nominal is None else nominal.quality[~np.isnan(nominal.quality)]
    before = past.tried + len(alone)
    if not len(quality) or not before:
        where = "in the window" if not len(quality) else "before it"
        return silent(("records",), f"no quality {where} is known")[0]
    to_beat = max(past.best, float(alone.max()) if len(alone) else -inf)
    found = records_beyond(to_beat, before, quality)
    best = np.maximum.accumulate(np.concatenate([[to_beat], quality]))[1:]
    evidence |= {"best": best[_thin(len(quality))], "to_beat": np.array([to_beat])}
    return Test(
        statistic="records",
        observed=float(found.observed),
        null_low=found.low,
        null_mean=found.mean,
        null_high=found.high,
        p=found.p,
        effect=found.observed - found.mean,
        effect_name="records more than luck brings",
    )


def _thin(length: int, points: int = 300) -> Ints:
    """Places of at most so many points that stand for a curve."""
    return np.unique(np.linspace(0, length - 1, min(length, points)).astype(np.int64))


def _weaker(tests: tuple[Test, ...]) -> str:
    novelty, record = tests
    if novelty.rejected:
        return "new but not better"
    return "better but not new" if record.rejected else ""


def _told(verdict: Verdict) -> str:
    if verdict.abstained:
        return f"Nothing is said of innovation: {verdict.abstained}."
    novelty, record = verdict.tests
    head = "Innovation" if verdict.found else "No innovation"
    weaker = f" ({verdict.label})" if verdict.label else ""
    return (
        f"{head}{weaker}: {novelty.observed:.0f} new kinds of solutions, {novelty.null_mean:.1f} expected from the "
        f"past ({chance(novelty.p)}); {record.observed:.0f} records, {record.null_mean:.2f} expected by luck "
        f"({chance(record.p)})."
    )
