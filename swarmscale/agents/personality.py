"""How personality acts: from traits to intelligence types, general skill and ways of behaving, all by weak paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..arrays import Floats
from ..errors import require
from .skills import TYPES
from .traits import GROUPS, correlations, direction


class Paths(Protocol):
    """How strongly personality acts: each is the correlation of a figure with its traits; 0 cuts the path."""

    @property
    def type(self) -> float: ...  # noqa: D102
    @property
    def skill(self) -> float: ...  # noqa: D102
    @property
    def communication(self) -> float: ...  # noqa: D102
    @property
    def listening(self) -> float: ...  # noqa: D102
    @property
    def conformity(self) -> float: ...  # noqa: D102
    @property
    def risk(self) -> float: ...  # noqa: D102
    @property
    def calibration(self) -> float: ...  # noqa: D102
    @property
    def persistence(self) -> float: ...  # noqa: D102
    @property
    def contagion(self) -> float: ...  # noqa: D102


TYPE_TRAITS: dict[str, dict[str, float]] = {
    "analytical": {"intellect": 1, "intellectual_engagement": 1, "cautiousness": 1},
    "creative": {"imagination": 1, "creativity": 1, "adventurousness": 1, "self_direction": 1},
    "practical": {"industry": 1, "self_discipline": 1, "environmental_mastery": 1},
    "emotional": {"emotionality": 1, "emotional_stability": 1, "introspection": 1, "sympathy": 1},
    "social": {"sociability": 1, "charisma": 1, "compassion": 1, "positive_relations": 1},
    "systems": {"orderliness": 1, "perfectionism": 1, "intellect": 1, "impulsivity": -1},
}
"""The traits that go with each intelligence type. The types are those of the literature (see
:data:`swarmscale.agents.skills.TYPES`); the choice of traits is ours, equal weights for want of better ones."""

SCORE_TRAITS: dict[str, dict[str, float]] = {
    "skill": dict.fromkeys((*GROUPS["openness"], "intellectual_engagement"), 1.0),
    "communication": dict.fromkeys(GROUPS["extraversion"], 1.0),
    "listening": {"sympathy": 1, "cooperation": 1},
    "conformity": {"conformity": 1, "autonomy": -1},
    "risk": {"excitement_seeking": 1, "impulsivity": 1, "cautiousness": -1},
    "calibration": {"honesty": 1, "attention_seeking": -1},
    "persistence": {"self_discipline": 1},
    "contagion": {"emotionality": 1, "emotional_stability": -1},
}
"""The traits behind general skill (openness and intellect, the only trait with more than a trace: Anglim et al.
2022; Stanek & Ones 2023) and behind each parameter of behavior (ours)."""

SCORES = tuple(SCORE_TRAITS)
"""General skill and the seven parameters, in the order of arrays of shape `[N, 8]`."""

MEDIANS = {
    "communication": 0.5,
    "listening": 0.6,
    "conformity": 0.3,
    "risk": 0.4,
    "calibration": 0.6,
    "persistence": 0.5,
    "contagion": 0.4,
}
"""Median of each parameter over a fleet: assumed, not measured on anyone."""

SPREAD = 0.7
"""Standard deviation of a parameter's log-odds over a fleet; assumed, the figure for groups in the norm."""


def score_directions() -> Floats:
    """`[76, 8]` weights of the traits in each score's trait part, which has variance 1 over a fleet."""
    return np.stack([direction(weights) for weights in SCORE_TRAITS.values()], axis=1)


def type_means(strength: float, shares: Sequence[float]) -> Floats:
    """Mean traits of the agents of each type, `[6, 76]`; over the fleet they are 0.

    The mean of type k is ``strength * R b_k``, with b_k the type's direction (variance 1 over the fleet) and
    R the correlations, less what the fleet's mean would be. So its agents stand ``strength`` standard
    deviations higher in their own type's score than they would without the path.

    Args:
        strength: weight of the path, 0 to 1.
        shares: `[6]` relative frequency of the types, >= 0, not all 0.

    Raises:
        ConfigError: if there are not six shares or the strength is out of range.
    """
    p = np.asarray(shares, np.float64)
    fit = p.shape == (len(TYPES),) and bool((p >= 0).all() and p.sum() > 0)
    require(fit, "fleet.type_shares", list(shares), f"{len(TYPES)} shares, 0 or more and not all 0")
    require(0 <= strength <= 1, "intelligence.paths.type", strength, "from 0 to 1")
    towards = np.stack([direction(weights) for weights in TYPE_TRAITS.values()]) @ correlations()
    return np.asarray(strength * (towards - (p / p.sum()) @ towards), np.float64)


def within_types(means: Floats, shares: Sequence[float]) -> Floats:
    """Covariance of the traits among agents of one type, `[76, 76]`.

    It is R less what lies between the types, so that the traits of the whole fleet have covariance R exactly,
    and the chance of a type given the traits is the softmax of scores linear in them.

    Args:
        means: `[6, 76]` mean traits of the agents of each type.
        shares: `[6]` relative frequency of the types.

    Raises:
        ConfigError: if so much lies between the types that nothing is left within.
    """
    p = np.asarray(shares, np.float64) / np.sum(shares)
    within = correlations() - (means.T * p) @ means
    least = float(np.linalg.eigvalsh(within)[0])
    require(
        least > 0,
        "intelligence.paths.type",
        f"one that leaves a smallest variance of {least:.2g} within types",
        "smaller, so that traits still vary within a type",
    )
    return np.asarray(within, np.float64)


def type_odds(traits: Floats, means: Floats, shares: Sequence[float]) -> Floats:
    """Chance of each type given the traits, `[N, 6]`: the softmax of six scores linear in the traits.

    Args:
        traits: `[N, 76]` standard normal over the fleet.
        means: `[6, 76]` mean traits of the agents of each type.
        shares: `[6]` relative frequency of the types.

    Source:
        Linear discriminant with one covariance: Fisher 1936; Anderson 1958, ch. 6.
    """
    p = np.asarray(shares, np.float64) / np.sum(shares)
    slopes = np.linalg.solve(within_types(means, shares), means.T)
    with np.errstate(divide="ignore"):
        score = np.log(p) + traits @ slopes - 0.5 * (means * slopes.T).sum(axis=1)
    odds = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)
