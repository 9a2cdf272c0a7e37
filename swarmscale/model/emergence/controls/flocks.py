"""Flocks: particles that turn to the mean heading of their neighbors (Vicsek), and boids with all three rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require
from ..base import Window
from .base import Extra, Generator, Plan, Switch, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Vicsek:
    """Particles in a periodic box that take the mean heading within distance 1, plus noise. Series are headings.

    Attributes:
        noise: width of the uniform noise of a heading, radians, in [0, 2 pi].
        density: particles an area of 1, above 0.
        speed: way a tick, above 0.
        burn_in: ticks before the first sample, 0 or more.

    Source:
        Vicsek, Czirok, Ben-Jacob, Cohen & Shochet 1995, Phys. Rev. Lett. 75:1226.
    """

    noise: float = 4.0
    density: float = 4.0
    speed: float = 0.03
    burn_in: int = 500

    def __post_init__(self) -> None:
        require(0 <= self.noise <= 2 * np.pi + 1e-9, "noise", self.noise, "in [0, 2 pi]")
        require(self.density > 0, "density", self.density, "above 0")
        require(self.speed > 0, "speed", self.speed, "above 0")
        require(self.burn_in >= 0, "burn_in", self.burn_in, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        rules = Rules(alignment=1.0, cohesion=0.0, separation=0.0, close=0.0)
        return _flown(rules, self.noise, self.density, self.speed, self.burn_in, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boids:
    """Boids: they align with neighbors within distance 1, keep near them and do not collide. Series are headings.

    Attributes:
        noise: width of the uniform noise of a heading, radians, in [0, 2 pi].
        density: boids an area of 1, above 0.
        speed: way a tick, above 0.
        alignment: weight of the neighbors' mean heading, 0 or more.
        cohesion: weight of the way to the neighbors' middle, 0 or more.
        separation: weight of the way from those that are closer than ``close``, 0 or more.
        close: distance that is too close, in [0, 1].
        burn_in: ticks before the first sample, 0 or more.

    Source:
        Reynolds 1987, "Flocks, herds, and schools", Computer Graphics 21(4):25; neighbors and noise as in Vicsek.
    """

    noise: float = 3.0
    density: float = 4.0
    speed: float = 0.03
    alignment: float = 1.0
    cohesion: float = 0.3
    separation: float = 0.3
    close: float = 0.25
    burn_in: int = 500

    def __post_init__(self) -> None:
        require(0 <= self.noise <= 2 * np.pi + 1e-9, "noise", self.noise, "in [0, 2 pi]")
        for name in ("density", "speed"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("alignment", "cohesion", "separation", "burn_in"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(0 <= self.close <= 1, "close", self.close, "in [0, 1]")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        rules = Rules(self.alignment, self.cohesion, self.separation, self.close)
        return _flown(rules, self.noise, self.density, self.speed, self.burn_in, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True)
class Rules:
    """Weights of the three rules of a flock, and the distance that is too close; see :class:`Boids`."""

    alignment: float
    cohesion: float
    separation: float
    close: float


def _flown(
    rules: Rules, noise: float, density: float, speed: float, burn_in: int, plan: Plan, rng: Generator
) -> list[Window]:
    """Windows of a flock's headings, after its burn-in."""
    side = float(np.sqrt(plan.parts / density))
    places = rng.uniform(0, side, (plan.parts, 2))
    heading = rng.uniform(-np.pi, np.pi, plan.parts)
    turns = noise * (rng.random((burn_in + plan.ticks, plan.parts)) - 0.5)
    weights = np.array([rules.alignment, rules.cohesion, rules.separation, rules.close])
    series = _fly(places, heading, turns, plan.on(burn_in), weights, side, speed)
    return cut(series[burn_in:], plan, Extra(angles=True, age=burn_in))


@kernel
def _fly(
    places: Floats, heading: Floats, turns: Floats, on: Bools, weights: Floats, side: float, speed: float
) -> Floats:
    """`[T, N]` headings of a flock; whoever is not coupled keeps its own heading, plus noise."""
    ticks, n = turns.shape
    out = np.empty((ticks, n))
    cells = max(int(side), 1)
    first, members = np.zeros(cells * cells + 1, np.int64), np.zeros(n, np.int64)
    for t in range(ticks):
        new = heading.copy()
        if on[t]:
            _sort(places, side, cells, first, members)
            cosine, sine = np.cos(heading), np.sin(heading)
            for i in range(n):
                x, y = _pull(i, places, cosine, sine, weights, side, cells, first, members)
                if x != 0.0 or y != 0.0:
                    new[i] = np.arctan2(y, x)
        for i in range(n):
            places[i, 0] = (places[i, 0] + speed * np.cos(heading[i])) % side
            places[i, 1] = (places[i, 1] + speed * np.sin(heading[i])) % side
            heading[i] = (new[i] + turns[t, i] + np.pi) % (2 * np.pi) - np.pi
            out[t, i] = heading[i]
    return out


@kernel
def _sort(places: Floats, side: float, cells: int, first: Ints, members: Ints) -> None:
    """Put particles into square cells of side 1 or more: those of cell c are ``members[first[c]:first[c + 1]]``."""
    n = len(places)
    first[:] = 0
    cell = np.empty(n, np.int64)
    for i in range(n):
        row = min(int(places[i, 0] / side * cells), cells - 1)
        column = min(int(places[i, 1] / side * cells), cells - 1)
        cell[i] = row * cells + column
        first[cell[i] + 1] += 1
    for c in range(cells * cells):
        first[c + 1] += first[c]
    at = first.copy()
    for i in range(n):
        members[at[cell[i]]] = i
        at[cell[i]] += 1


@kernel
def _pull(
    i: int,
    places: Floats,
    cosine: Floats,
    sine: Floats,
    weights: Floats,
    side: float,
    cells: int,
    first: Ints,
    members: Ints,
) -> tuple[float, float]:
    """Where a particle would go: the mean heading, the way to the middle, and away from those too close."""
    align_x = align_y = middle_x = middle_y = away_x = away_y = 0.0
    count = 0
    reach = 1 if cells >= 3 else 0  # with fewer cells each is next to itself: look at all of them
    row = min(int(places[i, 0] / side * cells), cells - 1)
    column = min(int(places[i, 1] / side * cells), cells - 1)
    span = 3 if reach else cells
    for a in range(span):
        for b in range(span):
            cell_row = (row + a - reach) % cells if reach else a
            cell_column = (column + b - reach) % cells if reach else b
            c = cell_row * cells + cell_column
            for k in range(first[c], first[c + 1]):
                j = members[k]
                dx, dy = places[j, 0] - places[i, 0], places[j, 1] - places[i, 1]
                dx -= side * np.round(dx / side)
                dy -= side * np.round(dy / side)
                square = dx * dx + dy * dy
                if square > 1.0:
                    continue
                count += 1
                align_x += cosine[j]
                align_y += sine[j]
                middle_x += dx
                middle_y += dy
                if j != i and square < weights[3] * weights[3]:
                    size = max(np.sqrt(square), 1e-9)
                    away_x -= dx / size
                    away_y -= dy / size
    x = (weights[0] * align_x + weights[1] * middle_x) / count + weights[2] * away_x
    y = (weights[0] * align_y + weights[1] * middle_y) / count + weights[2] * away_y
    return x, y
