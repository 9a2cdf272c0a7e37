"""From verdicts on single windows to findings: two of the last three windows must show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import nan

from ...arrays import Floats
from .base import Verdict

WINDOWS = 3
"""Windows that are looked back on."""
NEEDED = 2
"""Of them, how many must have found it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """Emergence that persisted.

    Attributes:
        detector: its name.
        first_s: begin of the first window that showed it, s.
        since_s: end of the window that made it persistent, s.
        until_s: end of the window after which it no longer was; NaN while it holds.
        windows: how many windows showed it.
        sentence: of the last window that showed it.
        p: of that window.
        effect: of its most significant statistic.
        effect_name: in words.
        family: hypotheses that its statistics looked at.
        evidence: of that window.
    """

    detector: str
    first_s: float
    since_s: float
    until_s: float = nan
    windows: int = NEEDED
    sentence: str = ""
    p: float = nan
    effect: float = nan
    effect_name: str = ""
    family: int = 1
    evidence: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether it has not been withdrawn."""
        return self.until_s != self.until_s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Persistence:
    """What one detector's verdicts amount to so far; :meth:`push` gives the next state and changes nothing.

    Attributes:
        recent: the last verdicts, three at most; an abstained one counts as one that did not find it.
        finding: the finding that holds now, or None.
        past: findings that were withdrawn, in their order.
    """

    recent: tuple[Verdict, ...] = ()
    finding: Finding | None = None
    past: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the one that holds last."""
        return self.past if self.finding is None else (*self.past, self.finding)

    def push(self, verdict: Verdict) -> Persistence:
        """State after one more window.

        Args:
            verdict: of the window that follows.

        Returns:
            A finding begins when two of the last three windows found it and ends when fewer did.
        """
        recent = (*self.recent, verdict)[-WINDOWS:]
        shown = [v for v in recent if v.found]
        if len(shown) < NEEDED:
            if self.finding is None:
                return replace(self, recent=recent)
            ended = replace(self.finding, until_s=verdict.end_s)
            return replace(self, recent=recent, finding=None, past=(*self.past, ended))
        if self.finding is None:
            begun = Finding(detector=verdict.detector, first_s=shown[0].start_s, since_s=verdict.end_s)
            return replace(self, recent=recent, finding=_told(replace(begun, windows=len(shown)), shown[-1]))
        if not verdict.found:
            return replace(self, recent=recent)
        longer = replace(self.finding, windows=self.finding.windows + 1)
        return replace(self, recent=recent, finding=_told(longer, verdict))


def _told(finding: Finding, verdict: Verdict) -> Finding:
    """A finding in the words and numbers of a verdict."""
    tests = [test for test in verdict.tests if not test.abstained]
    best = min((test for test in tests if test.rejected), key=lambda test: test.p, default=None)
    return replace(
        finding,
        sentence=verdict.sentence,
        p=verdict.p,
        effect=best.effect if best else nan,
        effect_name=best.effect_name if best else "",
        family=max(sum(test.family for test in tests), 1),
        evidence=verdict.evidence,
    )
