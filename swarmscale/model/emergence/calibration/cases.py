"""The systems on which detectors are calibrated: which ones, with which settings, and what is expected of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..controls import Control
from ..controls.answers import Answers, Synergy
from ..controls.colonies import Colonies
from ..controls.flocks import Boids, Vicsek
from ..controls.independent import Autoregressive, HeavyTails, Oscillators
from ..controls.mixtures import CommonShare, HiddenMode
from ..controls.outside import Driver, Transient
from ..controls.phases import Kuramoto
from ..controls.solutions import Exchangeable, Injected
from ..controls.uncoupled import Uncoupled
from ..controls.urns import Urn
from ..controls.vectors import Modules, SparseNetwork
from ..controls.voters import Voters

SERIES = ("coordination", "self-organization", "collective-intelligence")
"""Detectors that look at series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A control with the detectors that look at it.

    Attributes:
        name: in words.
        control: the system.
        detectors: names of those that look at it: those that it says something of.
        statistics: of a null, those that must stay silent and are pooled, all if empty; of a positive, those that
            should speak.
        pooled: whether a null counts in the pooled rates; not if a false alarm on it is no fault of the statistic.
        stationary: whether the gate must let it pass.
        sized: whether it depends on the number of parts; if not it is run with the first number only.
        delayed: whether the time from coupling to finding is measured.
        windows: windows of each run; None for those of the effort: a share of the runs have three, the others one.
        finds: whether a null has something to find after all, by another statistic than those that must stay silent.
    """

    name: str
    control: Control
    detectors: tuple[str, ...] = SERIES
    statistics: tuple[str, ...] = ()
    pooled: bool = True
    stationary: bool = True
    sized: bool = True
    delayed: bool = False
    windows: int | None = None
    finds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCase:
    """Graphs with or without planted modules, for the modularity of a graph that is known.

    Attributes:
        name: in words.
        groups: planted groups of 500 nodes; 1 for none.
        within: chance of a link within a group.
        between: chance of a link between groups.
    """

    name: str
    groups: int
    within: float
    between: float


def null_cases() -> tuple[Case, ...]:
    """Systems in which nothing is to be found."""
    innovation, answers = ("innovation",), ("collective-intelligence",)
    return (
        Case(name="white noise", control=Autoregressive(memory=0.0)),
        Case(name="AR(.5)", control=Autoregressive(memory=0.5)),
        Case(name="AR(.9)", control=Autoregressive(memory=0.9)),
        Case(name="AR(.99)", control=Autoregressive(memory=0.99)),
        Case(name="random walks", control=Autoregressive(memory=1.0), stationary=False),
        Case(name="heavy tails, t with 2", control=HeavyTails()),
        Case(name="oscillators, AR(2)", control=Oscillators()),
        Case(name="oscillators, own periods", control=Oscillators(kind="periods")),
        Case(name="oscillators, one period", control=Oscillators(kind="phase")),
        Case(name="Kuramoto, K = 0", control=Uncoupled(of=Kuramoto())),
        Case(name="voters, uncoupled", control=Uncoupled(of=Voters())),
        Case(name="colonies, uncoupled", control=Uncoupled(of=Colonies())),
        Case(name="shared driver, told", control=Driver()),
        Case(name="shared driver, not told", control=Driver(told=False), pooled=False),
        Case(name="shared transient", control=Transient(), pooled=False, stationary=False),
        Case(name="colonies, 50 ticks old", control=Uncoupled(of=young_colonies()), pooled=False, stationary=False),
        Case(name="steady modules", control=Modules(), detectors=("self-organization",), statistics=("trend",),
             sized=False, windows=6, finds=True),
        *(
            Case(name=f"solutions, {kind}", control=Exchangeable(kind=kind), detectors=innovation, sized=False)
            for kind in ("pitman-yor", "hoppe", "uniform", "zipf")
        ),
        *(
            Case(name=f"truth of the {truth}", control=Answers(truth=truth), detectors=answers, sized=False)
            for truth in ("random member", "best member", "majority", "oracle")
        ),
        *(
            Case(
                name=f"truth of the {truth}, gain and hidden mode",
                control=Answers(truth=truth, gain=4.0, hidden=True),
                detectors=answers,
                statistics=("assembly bonus",),
                sized=False,
            )
            for truth in ("majority", "best member")
        ),
    )  # fmt: skip


def positive_cases() -> tuple[Case, ...]:
    """Systems in which something is to be found, each by the detectors that it is meant for."""
    coordination, modules = ("coordination",), ("self-organization", "coordination")
    innovation, answers = ("innovation",), ("collective-intelligence",)
    return (
        Case(name="Vicsek, noise 3", control=Vicsek(noise=3.0), detectors=coordination, delayed=True,
             statistics=("synchrony",)),
        Case(name="Vicsek, noise 5", control=Vicsek(noise=5.0), detectors=coordination, statistics=("synchrony",)),
        Case(name="boids", control=Boids(), detectors=coordination, delayed=True, statistics=("synchrony",)),
        Case(name="Kuramoto, .8 Kc", control=Kuramoto(coupling=0.8), detectors=coordination,
             statistics=("synchrony",)),
        Case(name="Kuramoto, 1.5 Kc", control=Kuramoto(coupling=1.5), detectors=coordination, delayed=True,
             statistics=("synchrony",)),
        Case(name="voters", control=Voters(), detectors=coordination, delayed=True, statistics=("synchrony",)),
        Case(name="colonies", control=Colonies(), detectors=coordination, delayed=True,
             statistics=("pooled choice",)),
        Case(name="sparse network", control=SparseNetwork(), detectors=coordination, delayed=True,
             statistics=("directed",)),
        Case(name="common share .1", control=CommonShare(), detectors=coordination, statistics=("synchrony",)),
        Case(name="modules", control=Modules(), detectors=modules, delayed=True,
             statistics=("modularity", "directed")),
        Case(name="hidden slow mode", control=HiddenMode(), detectors=answers, statistics=("psi", "macro")),
        Case(name="urn, steady", control=Urn(burst=2), detectors=innovation, sized=False, statistics=("novelty",)),
        Case(name="urn, burst", control=Urn(), detectors=innovation, sized=False, statistics=("novelty",)),
        Case(name="injected novelties", control=Injected(), detectors=innovation, sized=False, delayed=True,
             statistics=("novelty", "records")),
        Case(name="synergy of 5", control=Synergy(), detectors=answers, sized=False, delayed=True,
             statistics=("assembly bonus",)),
    )  # fmt: skip


def graph_cases() -> tuple[GraphCase, ...]:
    """Graphs of 500 nodes: random ones, and ten groups of 50 (Guimera and others 2004; the cases of z = 9.5)."""
    return (
        GraphCase(name="random graph", groups=1, within=8.4 / 499, between=0.0),
        GraphCase(name="ten groups, .08 and .01", groups=10, within=0.08, between=0.01),
    )


def young_colonies() -> Colonies:
    """Colonies that settle slowly, seen 50 ticks after they began without trails; their shares are not told."""
    return Colonies(evaporation=0.02, attraction=3.0, error=0.1, burn_in=50, twins=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is run.

    Attributes:
        repetitions: runs of each null, and windows of it that count for a statistic.
        parts: numbers of parts, the smallest first.
        samples: T.
        whole: share of the runs of a null that last for three windows, so that findings can persist.
        powers: runs of each positive, for each number of parts.
        delays: runs in which coupling begins and ends, for each number of parts.
    """

    repetitions: int = 400
    parts: tuple[int, ...] = (30, 500)
    samples: int = 300
    whole: float = 0.25
    powers: tuple[int, ...] = field(default=(100, 25))
    delays: tuple[int, ...] = field(default=(40, 10))

    @property
    def runs_of_three(self) -> int:
        """Runs of each null that last for three windows, spread over nothing but the first ones."""
        return int(np.ceil(self.repetitions * self.whole))
