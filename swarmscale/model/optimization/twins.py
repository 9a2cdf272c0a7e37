"""Forked twins: what a change would do, by running the same future with it and without it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Proposal, Strategy
from .figures import Series, series
from .judging import remembered
from .trial import mean_and_half

if TYPE_CHECKING:
    from ..swarm import SwarmModel


LEVEL = 0.05
"""Of each end of an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinResult:
    """What a change did to a twin, against the twin without it.

    Attributes:
        strategy: whose change it is.
        words: what was done.
        metric: what it was to lower.
        without: the metric without it.
        changed: the metric with it.
        relative: relative change, negative is less.
        low: lower end of its 90 % interval.
        high: its upper end.
        others: relative change of the other metrics, by name, where they are known.
        why_not: why it could not be done; empty if it could.
    """

    strategy: str
    words: str
    metric: str
    without: float = np.nan
    changed: float = np.nan
    relative: float = np.nan
    low: float = np.nan
    high: float = np.nan
    others: Mapping[str, float] | None = None
    why_not: str = ""

    @property
    def helps(self) -> bool:
        """Whether the metric falls beyond the interval."""
        return bool(self.high < 0)


def fork(model: SwarmModel) -> SwarmModel:
    """A twin of a model that goes on by itself, the same bit for bit.

    Raises:
        ConfigError: if a strategy or controller of the user's is not registered, or the model is one of several shards.
    """
    require(
        model.shard.territory.alone, "shards", model.shard.territory.size, "1: a part of a model has no twin"
    )
    with tempfile.TemporaryDirectory(prefix="swarmscale-twin-") as folder:
        return type(model).load(model.save(Path(folder) / "twin"))


def in_twins(
    model: SwarmModel,
    proposals: Mapping[str, Proposal],
    strategies: Mapping[str, Strategy],
    *,
    seconds: float,
    settle_s: float,
) -> list[TwinResult]:
    """Try each proposal in a twin of its own, all with the same demand, faults and draws; best first.

    The twins try nothing else meanwhile. Differences bin by bin are free of what both have in common, so an interval
    is narrow; it is that of the mean difference, widened for noise that hangs together.

    Args:
        model: is not changed.
        proposals: by strategy.
        strategies: by name.
        seconds: that are compared.
        settle_s: before them.

    Source:
        Common random numbers: Glasserman & Yao (1992), *Management Science* 38(6).
    """
    require(seconds > 0, "seconds", seconds, "above 0")
    first = model.now_s + settle_s
    plain = _gone_on(fork(model), settle_s + seconds)
    out = []
    for name, proposal in proposals.items():
        twin = fork(model)
        try:
            strategies[name].turn(twin, proposal)
        except Exception as error:  # a user's strategy may throw anything, and the others go on
            out.append(
                TwinResult(
                    strategy=name,
                    words=proposal.words,
                    metric=proposal.metric,
                    why_not=str(error) or repr(error),
                )
            )
            continue
        out.append(_compared(proposal, plain, _gone_on(twin, settle_s + seconds), first))
    return sorted(out, key=lambda one: (np.isnan(one.relative), one.relative))


def _gone_on(twin: SwarmModel, seconds: float) -> SwarmModel:
    """The twin after some time in which its optimizer, if it has one, does nothing."""
    if twin.optimizer is not None:
        twin.optimizer.rest()
    return twin.run(seconds)


def _compared(proposal: Proposal, plain: SwarmModel, twin: SwarmModel, first_s: float) -> TwinResult:
    """One change against none."""
    result = {}
    for metric in {proposal.metric, "response_s", "agent_s_per_task", "error_rate"}:
        a, b = (_series(one, metric, first_s) for one in (plain, twin))
        n = min(len(a.values), len(b.values))
        result[metric] = (a.values[:n], b.values[:n])
    without, changed = result.pop(proposal.metric)
    known = ~(np.isnan(without) | np.isnan(changed))
    if known.sum() < 3:
        return TwinResult(
            strategy=proposal.strategy,
            words=proposal.words,
            metric=proposal.metric,
            why_not="nothing was counted",
        )
    mean, half = mean_and_half(changed[known] - without[known], LEVEL)
    base = float(without[known].mean())
    scale = 1 / base if base > 0 else np.nan
    return TwinResult(
        strategy=proposal.strategy,
        words=proposal.words,
        metric=proposal.metric,
        without=base,
        changed=base + mean,
        relative=mean * scale,
        low=(mean - half) * scale,
        high=(mean + half) * scale,
        others={name: _relative(*pair) for name, pair in sorted(result.items())},
    )


def _relative(a: Floats, b: Floats) -> float:
    base = float(np.nanmean(a)) if not np.isnan(a).all() else np.nan
    return (float(np.nanmean(b)) - base) / base if base > 0 else np.nan


def _series(model: SwarmModel, metric: str, first_s: float) -> Series:
    if metric == "memory_bytes":
        return remembered(model, "memory_bytes", first_s, model.now_s)
    raw = model.records.raw(round(first_s / model.config.dt))
    return series(raw, metric, scaled=False)
