"""Rows of the scorecard that the prober, the learner and the collective memory fill."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .metric import Metric, Reading

if TYPE_CHECKING:
    from .collective_memory.keeper import Keeper
    from .swarm import SwarmModel

_remembered = partial(Metric, value=None, where="a run with collective_memory.on")
_probed = partial(
    Metric,
    value=None,
    where="a probe: swarmscale run ends with one, a model is probed every intelligence.period_s",
)


def _last(column: str, low: str = "", high: str = "") -> Callable[[SwarmModel], Reading | None]:
    """The last probe's figure, with its interval if two columns give one."""

    def read(model: SwarmModel) -> Reading | None:
        prober = model.prober
        if prober is None or not len(prober.rows):
            return None
        below, above = (float(prober.column(name)[-1]) if name else np.nan for name in (low, high))
        at = f"probe at {prober.column('time_s')[-1]:g} s"
        return Reading(float(prober.column(column)[-1]), below, above, at)

    return read


def _accuracy(model: SwarmModel) -> Reading | None:
    """Share right over all probes' questions, with the interval of independent questions."""
    prober = model.prober
    if prober is None or not np.isfinite(prober.column("decision_accuracy")).any():
        return None
    share, se = prober.column("decision_accuracy"), prober.column("decision_accuracy_se")
    known = np.isfinite(share)
    mean = float(share[known].mean())
    half = 1.96 * float(np.sqrt((se[known] ** 2).sum())) / int(known.sum())
    return Reading(mean, mean - half, mean + half, f"{int(known.sum())} probes")


def _velocity(model: SwarmModel) -> Reading | None:
    """Slope of the IQ over simulated hours, by least squares over the probes (Student's interval)."""
    prober = model.prober
    if prober is None:
        return None
    known = np.isfinite(prober.column("iq"))
    if known.sum() < 3:
        return None
    from scipy.stats import linregress, t

    fit = linregress(prober.column("time_s")[known] / 3600, prober.column("iq")[known])
    half = float(t.ppf(0.975, int(known.sum()) - 2) * fit.stderr)
    return Reading(
        float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, f"{int(known.sum())} probes"
    )


def _practice(model: SwarmModel) -> Reading | None:
    """The learner's slope of service time with its interval."""
    if model.learner is None:
        return None
    value, low, high = model.learner.velocity()
    return Reading(value, low, high, "Newey & West's interval over the learner's periods")


def _kept(value: Callable[[Keeper], float]) -> Callable[[SwarmModel], Reading | None]:
    """A figure of the collective memory."""

    def read(model: SwarmModel) -> Reading | None:
        keeper = model.collective_memory
        return (
            None
            if keeper is None
            else Reading(float(value(keeper)), note=f"mode {type(keeper.mode).__name__.lower()}")
        )

    return read


INTELLIGENCE_METRICS: tuple[Metric, ...] = (
    _probed(
        key="collective_iq",
        title="collective IQ",
        unit="",
        text="unit-weight composite of twelve tasks, size-normed to 100 +- 15 over 1,000 groups; mean of the last "
        "probe's panels",
        of_model=_last("iq", "iq_low", "iq_high"),
    ),
    _probed(
        key="collective_iq_absolute",
        title="collective IQ, sizes not leveled",
        unit="",
        text="the same without regard to a panel's size",
        of_model=_last("iq_absolute"),
    ),
    _probed(
        key="decision_ms",
        title="decision latency",
        unit="ms",
        text="simulated time of a collective decision, from question to consensus",
        claim="< 100 ms",
        bound=100.0,
        least=False,
        of_model=_last("decision_ms"),
    ),
    _probed(
        key="decision_accuracy",
        title="decision accuracy",
        unit="share",
        text="collective decisions on generated questions with known truth that were right, abstentions wrong",
        of_model=_accuracy,
    ),
    _probed(
        key="iq_velocity",
        title="learning velocity (IQ)",
        unit="1/h",
        text="slope of the size-normed collective IQ over simulated hours; three probes or more",
        where="a run of three probes or more",
        of_model=_velocity,
    ),
    Metric(
        key="learning_velocity",
        title="learning velocity (service time)",
        unit="",
        text="slope of ln(service time) per doubling of an agent's tasks; below 0 is faster",
        value=None,
        where="a run with learning.on",
        of_model=_practice,
    ),
    _remembered(
        key="memory_efficiency",
        title="memory efficiency",
        unit="share",
        text="bytes of collective memory recalled within the retention window / bytes held",
        claim="88 %",
        bound=0.88,
        of_model=_kept(lambda keeper: keeper.efficiency()),
    ),
    _remembered(
        key="stale_reads",
        title="stale reads",
        unit="share",
        text="reads of collective memory older than a write that was complete before they began / reads done",
        claim="strong consistency",
        of_model=_kept(lambda keeper: keeper.stale_share()),
    ),
    _remembered(
        key="convergence_s",
        title="convergence of collective memory",
        unit="s",
        text="mean time from a write until every node that is up holds it",
        of_model=_kept(lambda keeper: keeper.convergence_s()),
    ),
    _remembered(
        key="refused_operations",
        title="refused reads and writes",
        unit="",
        text="operations on collective memory refused or given up for want of a quorum",
        of_model=_kept(lambda keeper: float(keeper.refused())),
    ),
)
