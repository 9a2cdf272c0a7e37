"""Self-organization: influences that fall into modules which nobody ordered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from ..base import Test, Verdict, Window
from ..estimators.modularity import Modularity, modularity_z
from ..estimators.network import TeNetwork
from ..gates import cleaned, gate, varying
from .coordination import strongest_edges
from .influences import networks_of
from .nulls import against, chance, silent

STATISTICS = ("modularity", "trend")
FEWEST_WINDOWS = 4
"""Windows from which on a trend can be significant at .05: of 4 values in a row, 1 order in 24 rises throughout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfOrganization:
    """Modularity of the network of influences against networks with the same degrees, and its trend over windows.

    What comes from outside and what the root ordered is taken out first. Found where the modularity is beyond chance
    and, once four windows are known, has not fallen over them.

    Attributes:
        level: chance of a false alarm in a window, in (0, 1).
        order: of the autoregressions taken out before influences are looked for, 1 or more.
        rewires: random networks of the null, 9 or more.
        fewest_edges: pairs with an influence below which nothing is said, 5 or more.
        most_edges: pairs that are looked at, those with the strongest influence; ``fewest_edges`` or more.
        windows: windows over which a trend is looked for, 4 or more.
        draws: random orders of the windows, 99 or more.
    """

    level: float = 0.05
    order: int = 4
    rewires: int = 19
    fewest_edges: int = 20
    most_edges: int = 4000
    windows: int = 8
    draws: int = 999

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "level", self.level, "in (0, 1)")
        require(1 <= self.order <= 20, "order", self.order, "from 1 to 20")
        require(self.rewires >= 9, "rewires", self.rewires, "9 or more")
        require(self.fewest_edges >= 5, "fewest_edges", self.fewest_edges, "5 or more")
        require(
            self.most_edges >= self.fewest_edges,
            "most_edges",
            self.most_edges,
            f"{self.fewest_edges} or more",
        )
        require(self.windows >= FEWEST_WINDOWS, "windows", self.windows, f"{FEWEST_WINDOWS} or more")
        require(self.draws >= 99, "draws", self.draws, "99 or more")

    def start(self) -> tuple[float, ...]:
        """No windows."""
        return ()

    def look(
        self, window: Window, memory: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[Verdict, tuple[float, ...]]:
        """See :class:`~..base.Detector`; it remembers z of the last windows, 0 for those without a network."""
        evidence: dict[str, Floats] = {}
        passed = gate(window)
        if not passed.passed:
            return self._verdict(window, silent(STATISTICS, passed.reason), nan, evidence), memory
        modularity, z = self._modularity(window, rng, evidence)
        memory = (*memory, z)[-self.windows :]
        trend, fallen = self._trend(memory, rng)
        evidence["z"] = np.array(memory)
        return self._verdict(window, (modularity, trend), z, evidence, fallen), memory

    def _modularity(
        self, window: Window, rng: np.random.Generator, evidence: dict[str, Floats]
    ) -> tuple[Test, float]:
        series = cleaned(window, commands=True)
        if series.shape[1] < (4 if window.angles else 2):
            reason = "fewer than two series are left once what comes from outside and orders are taken out"
            return silent(("modularity",), reason)[0], 0.0
        networks = networks_of(window, order=self.order, q=self.level, commands=True)
        network = max(networks, key=lambda one: int(one.edge.sum()))
        ends = strongest_pairs(network, self.most_edges)
        if len(ends) < self.fewest_edges:
            reason = f"{len(ends)} pairs of parts influence one another, but {self.fewest_edges} are needed"
            return silent(("modularity",), reason)[0], 0.0
        found = modularity_z(ends, rewires=self.rewires, rng=rng, nodes=len(network.edge))
        if not np.isfinite(found.z):
            return silent(("modularity",), "no network with the same degrees differs from this one")[0], 0.0
        self._shown(window, network, found, evidence)
        return self._test(found, network), found.z

    def _test(self, found: Modularity, network: TeNetwork) -> Test:
        """Student's law of one more value of a normal sample of the null, for its spread is estimated."""
        from scipy.special import stdtr, stdtrit

        freedom = len(found.null) - 1
        mean = float(found.null.mean())
        width = float(found.null.std(ddof=1)) * sqrt(1.0 + 1.0 / len(found.null))
        reach = -float(stdtrit(freedom, 0.025)) * width
        return Test(
            statistic="modularity",
            observed=found.q,
            null_low=mean - reach,
            null_mean=mean,
            null_high=mean + reach,
            p=float(stdtr(freedom, -(found.q - mean) / width)),
            effect=found.q - mean,
            effect_name="above that of networks with the same degrees",
            family=network.pairs,
        )

    def _shown(
        self, window: Window, network: TeNetwork, found: Modularity, evidence: dict[str, Floats]
    ) -> None:
        kept = np.nonzero(varying(window))[0]
        named = kept if len(kept) == len(network.te) else np.arange(len(network.te))
        evidence["edges"] = strongest_edges(network, named)
        evidence["parts"] = named.astype(np.float64)
        evidence["module"] = found.membership.astype(np.float64)
        evidence["null"] = found.null

    def _trend(self, z: tuple[float, ...], rng: np.random.Generator) -> tuple[Test, bool]:
        """Kendall's S of the last windows' z against random orders of them, and whether they have fallen.

        Source:
            Mann (1945), *Econometrica* 13:245; Kendall (1938), *Biometrika* 30:81.
        """
        if len(z) < FEWEST_WINDOWS:
            return silent(("trend",), f"{len(z)} windows, but {FEWEST_WINDOWS} are needed for a trend")[
                0
            ], False
        values = np.array(z)
        if np.ptp(values) == 0:
            return silent(("trend",), f"no network of influences in the last {len(z)} windows")[0], False
        observed = concordance(values[None])[0]
        null = concordance(rng.permuted(np.tile(values, (self.draws, 1)), axis=1))
        pairs = len(z) * (len(z) - 1) / 2
        test = against("trend", observed, null, effect=observed / pairs, effect_name="Kendall's tau")
        fallen = (1.0 + np.count_nonzero(null <= observed)) / (1.0 + len(null)) <= self.level
        return test, bool(fallen)

    def _verdict(
        self,
        window: Window,
        tests: tuple[Test, ...],
        z: float,
        evidence: dict[str, Floats],
        fallen: bool = False,
    ) -> Verdict:
        tests = tuple(replace(test, rejected=bool(test.p <= self.level)) for test in tests)
        modularity = tests[0]
        verdict = Verdict(
            detector="self-organization",
            start_s=window.start_s,
            end_s=window.end_s,
            tests=tests,
            p=modularity.p,
            found=modularity.rejected and not fallen,
            label="modules are fading" if modularity.rejected and fallen else "",
            abstained=modularity.abstained,
            evidence=evidence,
        )
        return replace(verdict, sentence=_told(verdict, z))


def strongest_pairs(network: TeNetwork, most: int) -> Ints:
    """`[E, 2]` pairs of parts one of which influences the other, at most so many: those with most transfer entropy."""
    te = np.where(network.edge, network.te, 0.0)
    te = np.triu(np.maximum(te, te.T), 1)
    ends = np.argwhere(te > 0)
    strongest = np.argsort(-te[te > 0], kind="stable")[:most]
    return np.asarray(ends[np.sort(strongest)])


def concordance(values: Floats) -> Floats:
    """Kendall's S: pairs that rise less pairs that fall.

    Args:
        values: `[B, n]` in the order of time.

    Returns:
        `[B]`.

    >>> concordance(np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 1.0]])).tolist()
    [3.0, -2.0]
    """
    later, earlier = np.triu_indices(values.shape[1], 1)[::-1]
    return np.asarray(np.sign(values[:, later] - values[:, earlier]).sum(axis=1))


def _told(verdict: Verdict, z: float) -> str:
    if verdict.abstained:
        return f"Nothing is said of self-organization: {verdict.abstained}."
    modularity, trend = verdict.tests
    modules = np.count_nonzero(np.unique(verdict.evidence["module"], return_counts=True)[1] > 1)
    head = "Self-organization" if verdict.found else "No self-organization"
    fading = f" ({verdict.label})" if verdict.label else ""
    rising = (
        "" if trend.abstained else f"; over windows Kendall's tau is {trend.effect:+.2f} ({chance(trend.p)})"
    )
    return (
        f"{head}{fading}: influences among {len(verdict.evidence['parts'])} parts fall into {modules} modules with "
        f"modularity {modularity.observed:.3f}, {modularity.null_mean:.3f} expected of the same degrees "
        f"(z = {z:.1f}, {chance(modularity.p)}){rising}."
    )
