"""Coordination: parts that move together, drive one another, or choose alike more than parts without links would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan

import numpy as np

from ....arrays import Bools, Floats, Ints
from ....errors import require
from ..base import Test, Verdict, Window
from ..estimators.network import TeNetwork
from ..estimators.scores import standardized
from ..estimators.synchrony import fourier_null, order_parameter
from ..gates import cleaned, gate, varying
from ..multiplicity import false_discoveries, judged, simes
from .common_driver import Driver, driver_of_phases, driver_of_series
from .influences import networks_of
from .nulls import against, chance, silent

SUSPECTED = "common driver suspected"
EDGES = 500
"""Edges kept as evidence, the strongest."""
FEWEST_TWINS = 19
"""Replays without links below which no deviation could be significant at .05; 39 where series are judged as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordination:
    """Synchrony, directed influence and pooled choice, each against parts without links.

    Attributes:
        level: chance of a false alarm in a window, in (0, 1).
        draws: of the null of synchrony, 99 or more.
        order: of the autoregressions taken out before influences are looked for, 1 or more.
        driver_level: a common driver is suspected where the parts' news agree with a p at or below this, in [0, 1);
            0 suspects none.
    """

    level: float = 0.05
    draws: int = 999
    order: int = 4
    driver_level: float = 0.05

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "level", self.level, "in (0, 1)")
        require(self.draws >= 99, "draws", self.draws, "99 or more")
        require(1 <= self.order <= 20, "order", self.order, "from 1 to 20")
        require(0 <= self.driver_level < 1, "driver_level", self.driver_level, "in [0, 1)")

    def start(self) -> None:
        """Remember nothing: each window is looked at by itself."""

    def look(self, window: Window, memory: None, rng: np.random.Generator) -> tuple[Verdict, None]:
        """See :class:`~..base.Detector`."""
        evidence: dict[str, Floats] = {}
        driver = Driver(False, nan, nan)
        passed = gate(window)
        series = cleaned(window) if passed.passed else np.zeros((window.samples, 0))
        halves = 2 if window.angles else 1
        reason = passed.reason
        if passed.passed and series.shape[1] < 2 * halves:
            reason = "fewer than two series are left once what comes from outside is taken out"
        edge = np.zeros((0, 0), np.bool_)
        if reason:
            tests = silent(("synchrony", "directed"), reason)
        else:
            directed, edge = self._directed(window, evidence)
            tests = (self._synchrony(series, window, rng, evidence), directed)
        pooled = pooled_choice(window, evidence)
        p, tests = self._judged(tests, pooled)
        if any(test.rejected for test in tests[:2]) and self.driver_level > 0:
            driver = self._driver(series, edge, window, rng)
        found = tests[2].rejected or (not driver.suspected and any(test.rejected for test in tests[:2]))
        verdict = Verdict(
            detector="coordination",
            start_s=window.start_s,
            end_s=window.end_s,
            tests=tests,
            p=p,
            found=found,
            label=SUSPECTED if driver.suspected else "",
            abstained="; ".join(dict.fromkeys(test.abstained for test in tests)) if p != p else "",
            evidence=evidence,
        )
        return replace(verdict, sentence=_told(verdict, driver, series.shape[1] // halves)), None

    def _judged(self, tests: tuple[Test, ...], pooled: Test) -> tuple[float, tuple[Test, ...]]:
        """Series and choices share the level half and half, so that 39 replays can be enough."""
        if pooled.abstained:
            p, tests = judged(tests, self.level)
            return p, (*tests, pooled)
        share = self.level if all(test.abstained for test in tests) else self.level / 2
        p, tests = judged(tests, share)
        known = min(pooled.p, p) if p == p else pooled.p
        return min(1.0, known * self.level / share), (*tests, replace(pooled, rejected=pooled.p <= share))

    def _synchrony(
        self, series: Floats, window: Window, rng: np.random.Generator, evidence: dict[str, Floats]
    ) -> Test:
        best, component = None, series
        parts = np.hsplit(series, 2) if window.angles else [series]
        for columns in parts:
            observed, null = fourier_null(columns, self.draws, rng)
            name = "times that of independent series with the same spectra"
            test = against(
                "synchrony", observed, null, effect=observed / float(null.mean()), effect_name=name
            )
            if best is None or test.p < best.p:
                best, component = test, columns
        assert best is not None
        evidence["mean"] = standardized(component).mean(axis=1)
        evidence["mean_band"] = 1.96 * np.sqrt(best.null_mean) * np.array([-1.0, 1.0])
        if window.angles:
            evidence["order"] = order_parameter(window.series)
        return replace(best, p=min(1.0, best.p * len(parts)), family=len(parts))

    def _directed(self, window: Window, evidence: dict[str, Floats]) -> tuple[Test, Bools]:
        looked = networks_of(window, order=self.order, q=self.level)
        networks = [network for network in looked if network.pairs]
        if not networks:
            reason = (
                "the series change too rarely, or remember too long, for influences to be told from chance"
            )
            return silent(("directed",), reason)[0], np.zeros((0, 0), np.bool_)
        chances = [simes(network.p) for network in networks]
        network = networks[int(np.argmin(chances))]
        kept = np.nonzero(varying(window))[0]
        evidence["edges"] = strongest_edges(network, kept if len(kept) == len(network.te) else None)
        expected = false_discoveries(self.level)
        edges = int(network.edge.sum())
        test = Test(
            statistic="directed",
            observed=float(edges),
            null_low=expected.low,
            null_mean=expected.mean,
            null_high=expected.high,
            p=min(1.0, min(chances) * len(looked)),
            effect=edges / network.pairs,
            effect_name="of all ordered pairs",
            family=network.pairs * len(looked),
        )
        return test, network.edge

    def _driver(self, series: Floats, edge: Bools, window: Window, rng: np.random.Generator) -> Driver:
        if window.angles:
            phases = window.series[:, varying(window)]
            return driver_of_phases(phases, self.draws, self.driver_level, rng)
        return driver_of_series(series, edge, self.draws, self.driver_level, rng)


def pooled_choice(window: Window, evidence: dict[str, Floats]) -> Test:
    """Largest deviation of the shares of options from those of replays without links.

    Args:
        window: with `shares` `[A]` and `twin_shares` `[B, A]`, B of 19 or more.
        evidence: gets the shares and the replays' range.

    Returns:
        The test; each replay is compared with the mean of all of them, as the fleet itself is.
    """
    shares, twins = window.shares, window.twin_shares
    if shares is None:
        return silent(("pooled choice",), "the parts choose among no options")[0]
    if twins is None or len(twins) < FEWEST_TWINS:
        made = 0 if twins is None else len(twins)
        return silent(("pooled choice",), f"{made} replays without links, but {FEWEST_TWINS} are needed")[0]
    shares, twins = np.asarray(shares, np.float64), np.asarray(twins, np.float64)
    require(twins.shape[1:] == shares.shape, "twin_shares.shape", twins.shape, f"(B, {shares.size})")
    every = np.vstack([shares, twins])
    deviation = np.abs(every - every.mean(axis=0)).max(
        axis=1
    )  # all alike under the null: the ranks are exact
    low, high = np.quantile(twins, (0.025, 0.975), axis=0)
    evidence |= {"shares": shares, "twin_mean": twins.mean(axis=0), "twin_low": low, "twin_high": high}
    name = "of the parts more in the most deviant option than replays without links have on average"
    excess = float(np.abs(shares - twins.mean(axis=0)).max())
    return against("pooled choice", deviation[0], deviation[1:], effect=excess, effect_name=name)


def strongest_edges(network: TeNetwork, kept: Ints | None = None) -> Floats:
    """`[E, 3]` source, target and transfer entropy of a network's edges, the 500 strongest, strongest first."""
    ends = np.argwhere(network.edge)
    te = network.te[network.edge]
    order = np.argsort(-te, kind="stable")[:EDGES]
    named = ends if kept is None else kept[ends]
    return np.column_stack([named[order].astype(np.float64), te[order]])


def _told(verdict: Verdict, driver: Driver, parts: int) -> str:
    if verdict.abstained:
        return f"Nothing is said of coordination: {verdict.abstained}."
    synchrony, directed, pooled = verdict.tests
    said = []
    if not synchrony.abstained:
        said.append(
            f"the mean of {parts} series varies {synchrony.effect:.2f} times as much as that of independent ones "
            f"({chance(synchrony.p)})"
        )
    if not directed.abstained:
        said.append(
            f"{directed.observed:,.0f} of {directed.family:,} directed influences hold, {directed.null_mean:.2f} "
            f"expected by chance ({chance(directed.p)})"
        )
    if not pooled.abstained:
        said.append(
            f"shares of options are {pooled.effect:.2f} from those without links ({chance(pooled.p)})"
        )
    if verdict.found:
        head = "Coordination"
    elif verdict.label:
        head = "A common driver is suspected, not coordination"
    else:
        head = "No coordination"
    more = ""
    if driver.p == driver.p:
        more = f" News of the parts agree {driver.excess:.2f} times as much as independent ones ({chance(driver.p)})."
    return f"{head}: {'; '.join(said)}.{more}"
