"""What the tests of the battery share: standard groups, groups who lose nothing, and scores over seeds."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np

from swarmscale.agents.cognition import FUNCTIONS
from swarmscale.agents.people import People, Population
from swarmscale.model.intelligence.group import Group, group_of
from swarmscale.model.intelligence.networks import links_of_network
from swarmscale.model.intelligence.settings import Paths
from swarmscale.model.intelligence.tasks import BATTERY, Score

SEEDS = 20


@functools.cache
def people(n: int, seed: int = 1) -> People:
    """The first n agents of a standard population, the six types in turn."""
    population = Population.build(seed, Paths(), (1.0,) * 6)
    return population.people(np.arange(1, n + 1), (np.arange(n) % 6).astype(np.uint8))


@functools.cache
def links(n: int, kind: str = "small-world", degree: int = 8) -> np.ndarray:
    """The links of a standard group."""
    return links_of_network(kind, n, degree, np.random.default_rng(n))


@functools.cache
def standard(n: int) -> Group:
    """A standard group: small world, eight links an agent."""
    return group_of(people(n), links(n))


def skilled(n: int, by: float, functions: Sequence[int]) -> Group:
    """The standard group with some skills raised."""
    skill = people(n).skill.copy()
    skill[:, list(functions)] += np.float32(by)
    return group_of(people(n)._replace(skill=skill), links(n))


def alike(n: int, skill: float = 0.0, **shares: float) -> People:
    """Agents of one skill who listen, talk and know themselves perfectly, unless told otherwise."""
    fixed = {"listening": 1.0, "communication": 1.0, "calibration": 1.0} | shares
    ways = {name: np.full(n, value, np.float32) for name, value in fixed.items()}
    return people(n)._replace(skill=np.full((n, len(FUNCTIONS)), skill, np.float32), **ways)


def everybody(n: int) -> np.ndarray:
    """Links of each with each."""
    return np.array(list(itertools.combinations(range(n), 2)), np.int64)


def complete(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and members of the complete graph."""
    offsets = np.arange(n + 1, dtype=np.int32) * (n - 1)
    others = np.arange(n - 1)[None, :]
    return offsets.astype(np.int32), (others + (others >= np.arange(n)[:, None])).astype(np.int32).ravel()


def measures(name: str, group: Group, seeds: int = SEEDS, first: int = 0, **settings: object) -> np.ndarray:
    """`[seeds, 3]` score, bound and standard error of one task over seeds."""
    task = BATTERY.make(name, **settings)
    scores: list[Score] = [task.measure(group, seed) for seed in range(first, first + seeds)]
    return np.array(scores, np.float64)


@functools.cache
def base(name: str, n: int, seeds: int = SEEDS) -> np.ndarray:
    """The same for the standard group of n, once for all tests."""
    return measures(name, standard(n), seeds)


def paired(more: np.ndarray, less: np.ndarray) -> float:
    """z of the mean difference of two runs on the same seeds; 0 where there is none."""
    d = np.asarray(more, np.float64) - np.asarray(less, np.float64)
    return float(d.mean() / (d.std(ddof=1) / np.sqrt(len(d)))) if d.any() else 0.0
