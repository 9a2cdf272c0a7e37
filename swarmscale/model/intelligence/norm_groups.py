"""The groups of which the norm is made: 1,000 at fixed seeds, of many sizes, skills, ways and networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import rng as streams
from ...agents.people import People, Population
from ...arrays import Floats, Floats32
from .battery import battery_tasks, mixed, run_battery
from .group import Group, group_of
from .networks import NETWORKS, links_of_network
from .settings import Paths

SEED = 20261
SMALLEST, LARGEST = 20, 2000
DEGREES = (4, 6, 8, 12, 16)
SKILL_SD, SHIFT_SD = 0.5, 0.7


class NormGroup(NamedTuple):
    """One group of the norm: how it is drawn, and how it did.

    Attributes:
        number: its number.
        agents: size.
        network: one of :data:`NETWORKS`.
        degree: links an agent, about.
        skill: shift of its members' skills, in standard deviations.
        listening: shift of the log odds of their listening.
        calibration: the same of their calibration.
        conformity: the same of their conformity.
    """

    number: int
    agents: int
    network: str
    degree: int
    skill: float
    listening: float
    calibration: float
    conformity: float


def norm_group(number: int) -> NormGroup:
    """How group ``number`` of the norm is drawn.

    Size log-uniform from 20 to 2,000; one of seven networks and one of five degrees; shifts normal with standard
    deviation .5 (skill) and .7 (log odds of listening, calibration, conformity).
    """
    rng = streams.generator(SEED, f"norm.{number}")
    size = round(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
    network, degree = NETWORKS[int(rng.integers(len(NETWORKS)))], int(rng.choice(DEGREES))
    shifts = rng.standard_normal(4) * [SKILL_SD, SHIFT_SD, SHIFT_SD, SHIFT_SD]
    return NormGroup(number, size, network, degree, *(float(s) for s in shifts))


def made(drawn: NormGroup) -> Group:
    """The group itself: members of the standard population, shifted, on their network."""
    rng = streams.generator(SEED, f"norm.{drawn.number}.members")
    population = Population.build(mixed(SEED, "norm", drawn.number), Paths(), (1.0,) * 6)
    kinds = rng.integers(6, size=drawn.agents).astype(np.uint8)
    people = population.people(np.arange(1, drawn.agents + 1), kinds)
    people = shifted(
        people,
        skill=drawn.skill,
        listening=drawn.listening,
        calibration=drawn.calibration,
        conformity=drawn.conformity,
    )
    return group_of(people, links_of_network(drawn.network, drawn.agents, drawn.degree, rng))


def shifted(people: People, *, skill: float = 0.0, **log_odds: float) -> People:
    """People with all skills shifted, and shares shifted on the scale of their log odds.

    Args:
        people: N agents.
        skill: added to each latent skill, in standard deviations.
        log_odds: name of a parameter in (0, 1) -> what is added to its log odds.
    """
    changes: dict[str, Any] = {name: moved(getattr(people, name), by) for name, by in log_odds.items()}
    return people._replace(skill=(people.skill + np.float32(skill)).astype(np.float32), **changes)


def moved(share: Floats32, by: float) -> Floats32:
    """Shares in (0, 1) with ``by`` added to their log odds."""
    p = np.asarray(share, np.float64)
    return np.asarray(1 / (1 + (1 - p) / p * np.exp(-by)), np.float32)


def measured(number: int) -> Floats:
    """`[31]` what is kept of a group: number, size, 12 scores, 12 scores of a second run, and facts about it.

    The facts are mean skill, best member's mean skill, mean listening, the network's and the degree's number.
    """
    drawn = norm_group(number)
    group, tasks = made(drawn), battery_tasks()
    first, second = (run_battery(group, mixed(SEED, "run", number, k), tasks).score for k in range(2))
    skill = np.asarray(group.people.skill, np.float64).mean(axis=1)
    facts = [
        float(skill.mean()),
        float(skill.max()),
        float(np.mean(group.people.listening)),
        float(NETWORKS.index(drawn.network)),
        float(drawn.degree),
    ]
    return np.concatenate([[number, drawn.agents], first, second, facts])
