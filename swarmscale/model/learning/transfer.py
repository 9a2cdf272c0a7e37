"""Transfer: how much sooner a naive cluster knows its pace when it is told what others have learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ... import rng
from ...arrays import Floats
from ...errors import require
from .estimates import SERVICE, WORK, Evidence, in_seconds, ratio, shrunk

if TYPE_CHECKING:
    from ..config import Config

DRAWS = 4000


class Transfer(NamedTuple):
    """Relearning time with what others tell over that without, and the same for a shuffled tale, as a null.

    Attributes:
        ratio: geometric mean over seeds; below 1 means that access helps.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        null: the same ratio where each class is told another class's pace.
        null_low: lower end.
        null_high: upper end.
        times_s: `[seeds, 3]` relearning times without, with, and with a shuffled tale, s.
    """

    ratio: float
    low: float
    high: float
    null: float
    null_low: float
    null_high: float
    times_s: Floats


def transfer(
    config: Config, seeds: Sequence[int], *, taught_s: float, learn_s: float, tolerance: float = 0.1
) -> Transfer:
    """Let a fleet learn, add a cluster that knows nothing, and time how long it needs to know its own pace.

    Until ``taught_s`` the fleet learns. Then a full cluster is added, and what its node is told at that moment is
    kept. The new cluster serves tasks for ``learn_s``; after each tick its pace by class is estimated from what it
    has observed itself until then, drawn toward 1 (no access), what its node was told (access), or what was told
    of other classes (null). It has relearned once the estimate stays within ``tolerance`` of the pace that all its
    tasks together give, as a root mean square share over its classes, weighted by work.

    Args:
        config: learning is on, in a mode that shares; two classes at least; ``fleet.agents`` fills its clusters.
        seeds: one run each.
        taught_s: s, a multiple of dt.
        learn_s: s, a multiple of dt.
        tolerance: share.

    Source:
        The ratio of times to a criterion with and without earlier learning: Taylor & Stone 2009, "Transfer learning
        for reinforcement learning domains", there as *time to threshold*; the interval by Efron's percentile
        bootstrap over seeds.
    """
    require(config.learning.on and config.learning.mode != "individual", "learning.mode", config.learning.mode,
            "one that shares, with learning.on")  # fmt: skip
    require(len(config.demand.classes) > 1, "classes of demand", len(config.demand.classes), "2 or more")
    require(len(seeds) > 1, "seeds", len(seeds), "2 or more")
    times = np.array([_times(config, seed, taught_s, learn_s, tolerance) for seed in seeds])
    gains = np.log(times[:, 1:] / times[:, :1])
    draws = rng.generator(min(seeds), "learning.transfer.bootstrap")
    means = gains[draws.integers(0, len(gains), (DRAWS, len(gains)))].mean(axis=1)
    ends = np.exp(np.quantile(means, [0.025, 0.975], axis=0))
    middle = np.exp(gains.mean(axis=0))
    return Transfer(
        float(middle[0]), float(ends[0, 0]), float(ends[1, 0]),
        float(middle[1]), float(ends[0, 1]), float(ends[1, 1]), times,
    )  # fmt: skip


def _times(config: Config, seed: int, taught_s: float, learn_s: float, tolerance: float) -> list[float]:
    """Relearning times of one run in s: without, with, and with a shuffled tale."""
    from ..swarm import SwarmModel

    model = SwarmModel(config, rng=seed).run(taught_s)
    learner = model.learner
    require(model.fleet.room() == 0, "room in the first clusters", model.fleet.room(), "0")
    assert learner is not None  # the config says so
    new = int(model.spawn(model.fleet.slots, start_s=0.0)[0]) // model.fleet.slots
    told = learner.told[model.hierarchy_arrays.node_of_cluster[new]].copy()
    seen = []
    for _ in range(round(learn_s / config.dt)):
        model.step()
        seen.append(model.flow.lessons.sums[new].copy())
    observed = in_seconds(np.array(seen))
    shift = 1 + rng.generator(seed, "learning.transfer.shuffle").integers(len(told) - 1)
    weight_s = config.learning.prior_tasks * model.flow.demand.marks.mean_s
    tales = (np.full(len(told), np.nan), told, np.roll(told, int(shift)))
    return [config.dt * _ticks_until_known(observed, tale, weight_s, tolerance) for tale in tales]


def _ticks_until_known(observed: Floats, told: Floats, weight_s: Floats, tolerance: float) -> int:
    """Ticks after which the estimate of a cluster stays near its true pace, 1 at least.

    Args:
        observed: `[T, C, 3]` what the cluster had observed after each tick.
        told: `[C]` what it is told; NaN for nothing.
        weight_s: `[C]` work for which that counts, s.
        tolerance: share.
    """
    work = observed[-1, :, WORK]
    truth = ratio(observed[-1, :, SERVICE], work, 1.0)
    blank = np.zeros((len(observed), 2))
    estimate = shrunk(Evidence(observed, blank), np.broadcast_to(told, observed.shape[:2]), weight_s)
    off = np.sqrt((work * (estimate / truth - 1.0) ** 2).sum(axis=1) / work.sum())
    wrong = np.flatnonzero(off > tolerance)
    return int(wrong[-1]) + 2 if len(wrong) else 1
