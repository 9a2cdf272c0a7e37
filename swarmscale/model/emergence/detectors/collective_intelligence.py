"""Collective intelligence: a group that beats the best that can be made of its members without exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan

import numpy as np

from ....arrays import Floats
from ....errors import require
from ..base import Opinions, Test, Verdict, Window
from ..estimators.assembly import Assembly, assembly_bonus
from ..estimators.scores import standardized
from ..gates import cleaned, gate, relaxation_samples
from .nulls import chance, silent
from .whole import blocks_of, whole_of

AGGREGATION = "aggregation gain"
FEWEST_QUESTIONS = 20
"""Questions below which no bonus is tested."""
WHOLE = ("psi", "macro")
SLOWEST = 0.5
"""Relaxation time of the parts over the window's length from which on a shifted series is not like another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveIntelligence:
    """Assembly bonus, a collective IQ above that of the twin without links, and a whole that foretells itself.

    Found where all three hold; where the IQ of no twin is known, where the first and the last do.

    Attributes:
        level: of the assembly bonus, in (0, 1).
        gain: standard errors that the gain over the twin must exceed, above 0.
        whole_level: of Psi and of the macro's gain over the best part, in (0, 1).
        draws: sign flips of the assembly bonus, 99 or more.
        surrogates: shifted series, 99 or more.
        blocks: groups of series that Psi looks at, from 2 to 16.
    """

    level: float = 0.05
    gain: float = 1.96
    whole_level: float = 0.01
    draws: int = 999
    surrogates: int = 399
    blocks: int = 16

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "level", self.level, "in (0, 1)")
        require(self.gain > 0, "gain", self.gain, "above 0")
        require(0 < self.whole_level < 1, "whole_level", self.whole_level, "in (0, 1)")
        require(self.draws >= 99, "draws", self.draws, "99 or more")
        require(self.surrogates >= 99, "surrogates", self.surrogates, "99 or more")
        require(2 <= self.blocks <= 16, "blocks", self.blocks, "from 2 to 16")

    def start(self) -> None:
        """Remember nothing: each window is looked at by itself."""

    def look(self, window: Window, memory: None, rng: np.random.Generator) -> tuple[Verdict, None]:
        """See :class:`~..base.Detector`."""
        evidence: dict[str, Floats] = {}
        bonus, assembly = self._bonus(window.opinions, rng, evidence)
        gain = self._gain(window.opinions, bonus)
        psi, macro = self._whole(window, rng, evidence)
        p = joint(bonus.p, gain.p, min(psi.p, macro.p) * self.level / self.whole_level)
        reasons = [test.abstained for test in (bonus, psi) if test.abstained]
        found = not reasons and bonus.rejected and (psi.rejected or macro.rejected)
        found = found and (gain.rejected or bool(gain.abstained))
        weak = assembly is not None and min(assembly.weak_p, assembly.strong_p) <= self.level
        verdict = Verdict(
            detector="collective-intelligence",
            start_s=window.start_s,
            end_s=window.end_s,
            tests=(bonus, gain, psi, macro),
            p=nan if reasons else p,
            found=found,
            label=AGGREGATION if weak and not bonus.rejected else "",
            abstained="; ".join(reasons),
            evidence=evidence,
        )
        return replace(verdict, sentence=_told(verdict, assembly)), None

    def _bonus(
        self, opinions: Opinions | None, rng: np.random.Generator, evidence: dict[str, Floats]
    ) -> tuple[Test, Assembly | None]:
        asked = 0 if opinions is None else len(opinions.truth)
        if opinions is None or asked < FEWEST_QUESTIONS:
            reason = f"{asked} questions were asked, but {FEWEST_QUESTIONS} are needed"
            return silent(("assembly bonus",), reason)[0], None
        found = assembly_bonus(opinions, self.draws, rng)
        evidence["accuracy"] = np.array(
            [
                found.mean_member_accuracy,
                found.best_member_accuracy,
                found.nominal_accuracy,
                found.group_accuracy,
            ]
        )
        reach = 1.96 * found.se
        test = Test(
            statistic="assembly bonus",
            observed=found.bonus,
            null_low=-reach,
            null_mean=0.0,
            null_high=reach,
            p=found.p,
            effect=found.bonus,
            effect_name="of the questions more than the nominal group",
            rejected=found.p <= self.level,
        )
        return test, found

    def _gain(self, opinions: Opinions | None, bonus: Test) -> Test:
        from scipy.special import ndtr

        z = nan if opinions is None else opinions.gain_z
        if callable(z):
            if not bonus.rejected:
                return silent(
                    ("gain over the twin",), "it is not looked for, since there is no assembly bonus"
                )[0]
            z = z()
        if z != z:
            return silent(("gain over the twin",), "the collective IQ of no twin without links is known")[0]
        return Test(
            statistic="gain over the twin",
            observed=z,
            null_low=-1.96,
            null_mean=0.0,
            null_high=1.96,
            p=float(2.0 * ndtr(-z)) if z > 0 else 1.0,
            effect=z,
            effect_name="standard errors of the difference",
            rejected=z > self.gain,
        )

    def _whole(
        self, window: Window, rng: np.random.Generator, evidence: dict[str, Floats]
    ) -> tuple[Test, Test]:
        passed = gate(window)
        if not passed.passed:
            psi, macro = silent(WHOLE, passed.reason)
            return psi, macro
        series = cleaned(window)
        relaxation = relaxation_samples(series)
        if relaxation > window.samples * SLOWEST:
            reason = (
                f"parts forget in {relaxation:.0f} samples, too slow to be compared with shifted ones in a window of "
                f"{window.samples}"
            )
            psi, macro = silent(WHOLE, reason)
            return psi, macro
        components = np.hsplit(series, 2) if window.angles else [series]
        count = min(self.blocks, components[0].shape[1])
        if count < 2:
            psi, macro = silent(
                WHOLE, "fewer than two series are left once what comes from outside is taken out"
            )
            return psi, macro
        tests = [whole_of(blocks_of(columns, count), self.surrogates, rng) for columns in components]
        size = len(components)
        best = [min(pair, key=lambda test: test.p) for pair in zip(*tests, strict=True)]
        judged = []
        for test in best:
            p = min(1.0, test.p * size)
            judged.append(replace(test, p=p, family=size, rejected=p <= self.whole_level))
        evidence["macro"] = standardized(components[0]).mean(axis=1)
        return judged[0], judged[1]


def joint(*p: float) -> float:
    """Largest of several p-values, each scaled to one level: all must hold; those that are NaN are left out.

    Source:
        Intersection-union tests: Berger (1982), *Technometrics* 24:295.

    >>> joint(0.01, float("nan"), 0.2)
    0.2
    """
    known = [one for one in p if one == one]
    return min(1.0, max(known)) if known else nan


def _told(verdict: Verdict, assembly: Assembly | None) -> str:
    if verdict.abstained or assembly is None:
        return f"Nothing is said of collective intelligence: {verdict.abstained}."
    bonus, gain, psi, macro = verdict.tests
    head = "Collective intelligence" if verdict.found else "No collective intelligence"
    if verdict.label:
        head += f", but {verdict.label}"
    twin = (
        gain.abstained or f"the IQ is {gain.effect:+.1f} standard errors above the twin's ({chance(gain.p)})"
    )
    return (
        f"{head}: the group answers {100 * assembly.group_accuracy:.0f} % right, its members' best weighted vote "
        f"without exchange {100 * assembly.nominal_accuracy:.0f} %, a bonus of {bonus.observed:+.3f} "
        f"({chance(bonus.p)}); {twin}; Psi is {psi.observed:+.2f} nats, {psi.null_mean:+.2f} expected "
        f"({chance(psi.p)}), and the whole's gain over its best part {macro.observed:+.2f}, {macro.null_mean:+.2f} "
        f"expected ({chance(macro.p)})."
    )
