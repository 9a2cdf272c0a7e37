"""Optimization: particle swarms on two test functions, each particle an agent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from .base import Score, mean_and_error, repeats

INERTIA, PULL = 0.7298, 1.49618
TARGETS = 26.0  # from 10^2 in 25 steps of a fifth of a power of ten down to 10^-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """Particle swarms on the shifted sphere and on the shifted Rastrigin function.

    Each step an agent moves with chance ``(.3 + .7 sigmoid(skill)) (.5 + .5 persistence)``, drawn to the best
    point of its own and to the best of three neighbors from whom it hears with chance ``listening`` and the
    link's reach. The score
    is the share of the targets 10^2 to 10^-3 that members have reached, over the last four octaves of steps and
    both functions.

    Attributes:
        dimensions: dimensions.
        steps: steps.

    Source:
        Constriction: Clerc & Kennedy 2002; local best: Bratton & Kennedy 2007; targets over time: Hansen, Auger,
        Ros, Mersmann, Tusar & Brockhoff 2021 (COCO).
    """

    function = "optimization"
    pools = False
    dimensions: int = 8
    steps: int = 128

    def __post_init__(self) -> None:
        require(self.dimensions >= 1, "dimensions", self.dimensions, "1 or more")
        require(self.steps >= 2, "steps", self.steps, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 4, least=2, full=500)
        people = group.people
        able = 1 / (1 + np.exp(-group.skill(11)))
        moves = (0.3 + 0.7 * able) * (0.5 + 0.5 * np.asarray(people.persistence, np.float64))
        hears = np.asarray(c.listening, np.float64)
        scores = np.empty((runs, 2))
        for r in range(runs):
            for kind in range(2):
                rng = streams.generator(seed, f"battery.optimization.{r}.{kind}")
                target = rng.uniform(-2.5, 2.5, self.dimensions)
                place = rng.uniform(-5, 5, (n, self.dimensions))
                key = streams.key(seed, f"battery.optimization.{r}.{kind}")
                scores[r, kind] = flown(
                    place, target, kind, moves, hears, c.offsets, c.members, c.reach, self.steps, key
                )
        score, se = mean_and_error(scores.mean(axis=1))
        return Score(score, 1.0, se)


@kernel
def height(x: Floats, target: Floats, kind: int) -> float:
    """The sphere (kind 0) or Rastrigin's function (kind 1), with its lowest point, 0, at the target."""
    total = 0.0
    for d in range(len(target)):
        z = x[d] - target[d]
        total += z * z
        if kind == 1:
            total += 10.0 * (1.0 - np.cos(2.0 * np.pi * z))
    return total


@kernel
def flown(
    place: Floats,
    target: Floats,
    kind: int,
    moves: Floats,
    hears: Floats,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    steps: int,
    key: np.uint64,
) -> float:
    """Share of targets reached, mean over members and over the last four of the steps 1, 2, 4, ...

    Args:
        place: `[N, D]` where the particles begin; changed in place.
        target: `[D]` the best point.
        kind: the function, 0 or 1.
        moves: `[N]` chance that an agent moves in a step.
        hears: `[N]` chance that it hears from a neighbor.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        steps: steps.
        key: Philox key.
    """
    n, dims = place.shape
    speed = np.zeros((n, dims))
    best, value = place.copy(), np.empty(n)
    for i in range(n):
        value[i] = height(place[i], target, kind)
    before, stood = value.copy(), best.copy()  # at the step's begin: all act at once
    total, looks, at = 0.0, 0, 1
    blocks = (2 * dims + 3) // 4
    for s in range(1, steps + 1):
        for i in range(n):
            words = draw(i, s * (blocks + 2), key)
            if unit32(words[0]) >= moves[i]:
                continue
            lead = i
            degree = offsets[i + 1] - offsets[i]
            if degree > 0:
                more = draw(i, s * (blocks + 2) + 1, key)
                for k in range(1, 4):
                    e = offsets[i] + int(unit32(words[k]) * degree)
                    j = members[e]
                    if unit32(more[k]) < hears[i] * reach[e] and before[j] < before[lead]:
                        lead = j
            for d in range(dims):
                if d % 2 == 0:
                    words = draw(i, s * (blocks + 2) + 2 + d // 2, key)
                own, others = unit32(words[2 * (d & 1)]), unit32(words[2 * (d & 1) + 1])
                pull = own * (best[i, d] - place[i, d]) + others * (stood[lead, d] - place[i, d])
                speed[i, d] = INERTIA * speed[i, d] + PULL * pull
                place[i, d] += speed[i, d]
            got = height(place[i], target, kind)
            if got < value[i]:
                value[i] = got
                best[i] = place[i]
        for i in range(n):
            before[i], stood[i] = value[i], best[i]
        if s == at:
            at *= 2
        if 2 * s == at and 8 * s >= steps:
            looks += 1
            for i in range(n):
                made = np.ceil((2.0 - np.log10(max(value[i], 1e-300))) * 5.0)
                total += min(max(made, 0.0), TARGETS) / TARGETS
    return float(total / (looks * n))
