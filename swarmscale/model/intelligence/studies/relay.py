"""Teams who search a ring of values in turns: the best searchers against any searchers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ....arrays import Floats, Ints, kernel
from ....errors import require


class Teams(NamedTuple):
    """What a team of the best and a team drawn at random reached on one landscape.

    Attributes:
        best: mean value that the best agents' team reaches, over all starts, 0 to 100.
        random: the same of the team drawn at random.
        best_once: what the best agents' team reaches if each has one turn.
        random_once: the same of the random team.
        best_diversity: mean share of places in which two heuristics of the best team differ, percent.
        random_diversity: the same of the random team.
    """

    best: float
    random: float
    best_once: float
    random_once: float
    best_diversity: float
    random_diversity: float


def heuristics(steps: int, longest: int) -> Ints:
    """`[H, steps]` every ordered choice of different step lengths from 1 to ``longest``.

    >>> heuristics(3, 12).shape
    (1320, 3)
    """
    return np.array(list(itertools.permutations(range(1, longest + 1), steps)), np.int64)


def ring_landscape(places: int, smoothness: int, random: np.random.Generator) -> Floats:
    """`[places]` values from 0 to 100 on a ring.

    Args:
        places: number of solutions.
        smoothness: 0 for independent values; above, values drawn at points 1 to twice as many places apart and
            straight lines between.
        random: the source of the values.

    Source:
        Hong & Page 2004; smoothed as in Grim et al. 2019.
    """
    if smoothness == 0:
        return 100.0 * random.random(places)
    gaps = np.cumsum(random.integers(1, 2 * smoothness + 1, places))
    at = np.concatenate([[0], gaps[gaps < places]])
    value = 100.0 * random.random(len(at))
    return np.asarray(np.interp(np.arange(places), [*at, places], [*value, value[0]]), np.float64)


def compete(
    value: Floats, rules: Ints, sizes: Sequence[int], random: np.random.Generator
) -> tuple[Teams, ...]:
    """Let teams of the best agents and teams drawn at random search the same landscape, a pair for each size.

    Args:
        value: `[n]` value of each solution on the ring.
        rules: `[H, k]` one heuristic for each possible agent.
        sizes: agents in a team.
        random: draws the random teams and, for all, who begins.

    Source:
        Hong & Page 2004: an agent's ability is the mean of what it reaches alone from all starts.
    """
    fit = all(2 <= size <= len(rules) for size in sizes)
    require(fit, "sizes", list(sizes), f"from 2 to {len(rules)}, the agents there are")
    ability = np.empty(len(rules))
    alone(value, rules, ability)
    order = np.argsort(-ability, kind="stable")
    found = []
    for size in sizes:
        drawn = random.choice(len(rules), size, replace=False)
        teams = [rules[random.permutation(members)] for members in (order[:size], drawn)]
        reached = [together(value, team, rounds) for rounds in (0, 1) for team in teams]
        found.append(Teams(*reached, *(diversity(team) for team in teams)))
    return tuple(found)


def diversity(team: Ints) -> float:
    """Mean share of places in which the heuristics of two members differ, in percent (Hong & Page 2004).

    >>> round(diversity(np.array([[1, 2, 3], [1, 3, 5]])), 2)
    66.67
    """
    differ = (team[:, None, :] != team[None, :, :]).mean(axis=2)
    return float(100 * differ[np.triu_indices(len(team), 1)].mean())


@kernel
def climb(value: Floats, rule: Ints, place: int) -> int:
    """Where an agent stops: it tries its steps in turn and moves whenever that is better."""
    n, k = len(value), len(rule)
    failed, j = 0, 0
    while failed < k:
        there = place + rule[j]
        if there >= n:
            there -= n
        if value[there] > value[place]:
            place = there
            failed = 0
        else:
            failed += 1
        j = j + 1 if j + 1 < k else 0
    return place


@kernel
def alone(value: Floats, rules: Ints, ability: Floats) -> None:
    """Write each agent's mean value over all starts, `[H]`."""
    n = len(value)
    for h in range(len(rules)):
        total = 0.0
        for start in range(n):
            total += value[climb(value, rules[h], start)]
        ability[h] = total / n


@kernel
def together(value: Floats, team: Ints, rounds: int = 0) -> float:
    """Mean value over all starts that a team reaches in relay: each goes on from where the last one stopped.

    They take turns until nobody can move, or, if ``rounds`` is above 0, for so many turns each.
    """
    n, size = len(value), len(team)
    total = 0.0
    for start in range(n):
        place, stuck, member, turns = start, 0, 0, 0
        while stuck < size and (rounds == 0 or turns < rounds * size):
            turns += 1
            there = climb(value, team[member], place)
            stuck = stuck + 1 if there == place else 1  # who has moved is stuck now, too
            place = there
            member = member + 1 if member + 1 < size else 0
        total += value[place]
    return total / n
