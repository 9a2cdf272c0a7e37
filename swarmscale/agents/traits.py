"""The 76 personality traits: their names, their groups, and how they go together."""

from __future__ import annotations

import csv
import functools
from importlib import resources

import numpy as np

from ..arrays import Floats
from ..errors import ConfigError

GROUPS = {
    "neuroticism": (
        "anxiety", "anger", "depression", "self_consciousness", "immoderation", "vulnerability",
    ),
    "extraversion": (
        "friendliness", "gregariousness", "assertiveness", "activity_level", "excitement_seeking",
        "cheerfulness",
    ),
    "openness": (
        "imagination", "artistic_interests", "emotionality", "adventurousness", "intellect", "liberalism",
    ),
    "agreeableness": ("trust", "morality", "altruism", "cooperation", "modesty", "sympathy"),
    "conscientiousness": (
        "self_efficacy", "orderliness", "dutifulness", "achievement_striving", "self_discipline",
        "cautiousness",
    ),
    "affect": (
        "life_satisfaction", "positive_affect", "negative_affect", "positive_relations", "autonomy",
        "environmental_mastery", "personal_growth", "purpose_in_life", "self_acceptance",
    ),
    "spi": (
        "compassion", "interpersonal_trust", "honesty", "conservatism", "authoritarianism",
        "easy_goingness", "perfectionism", "order", "industry", "impulsivity", "self_control",
        "emotional_stability", "worry", "irritability", "well_being", "emotional_expressiveness",
        "sociability", "adaptability", "charisma", "humor", "attention_seeking", "sensation_seeking",
        "conformity", "introspection", "art_appreciation", "creativity", "intellectual_engagement",
    ),
    "values": (
        "security", "value_conformity", "tradition", "benevolence", "universalism", "self_direction",
        "stimulation", "hedonism", "achievement", "power",
    ),
}  # fmt: skip
"""The traits of each group: the 30 IPIP-NEO facets by their domain, nine of affect and well-being, the 27 SPI
factors, ten Schwartz values."""

TRAITS = tuple(name for names in GROUPS.values() for name in names)
"""The names, in the order of arrays of shape `[N, 76]`."""

TWINS = (
    ("anxiety", "worry"),
    ("gregariousness", "sociability"),
    ("achievement_striving", "industry"),
    ("orderliness", "order"),
    ("trust", "interpersonal_trust"),
    ("excitement_seeking", "sensation_seeking"),
    ("artistic_interests", "art_appreciation"),
)
"""Traits of the same meaning that two inventories ask for."""

LEAST_TWIN = 0.6
"""Correlation that twins have at least."""

_FLOOR, _ABOVE = 1e-4, 0.605  # smallest eigenvalue; what low twins are raised to, before the repair


@functools.cache
def correlations() -> Floats:
    """How the traits go together.

    Inside a group of inventories the correlations are observed (IPIP-NEO and affect: 337 people, Anglim &
    Grant; SPI: 4,000, Condon 2017; values: 151, Borg, Bardi & Schwartz 2017). Between inventories they follow
    from the Big Five, which is a lower bound in size and falls short most where two inventories ask for the
    same thing. Of the seven :data:`TWINS` four correlate .77, .74, .67 and .65 as they stand; trust (.57),
    excitement seeking (.35) and art (.27) are raised to .6 here, an assumption, and the matrix is repaired
    to the nearest correlation matrix, which moves no other entry by more than .001. The links between the
    values and the Big Five were entered from memory of Parks-Leduc, Feldman & Bardi 2015 and never checked
    against the paper: agents/data/LICENSES.md.

    Returns:
        `[76, 76]` correlations in the order of :data:`TRAITS`, positive definite, unit diagonal; read only.

    Raises:
        ConfigError: if the file that ships with the package was changed.

    >>> float(correlations()[TRAITS.index("anxiety"), TRAITS.index("worry")].round(2))
    0.77
    """
    found = shipped_correlations().copy()
    for one, other in TWINS:
        i, j = TRAITS.index(one), TRAITS.index(other)
        if found[i, j] < LEAST_TWIN:
            found[i, j] = found[j, i] = _ABOVE
    found = nearest_correlation(found)
    found.flags.writeable = False
    return found


def shipped_correlations() -> Floats:
    """`[76, 76]` the correlations as they stand in the file, without the twins' share of their own.

    Raises:
        ConfigError: if its names are not :data:`TRAITS` or it is no correlation matrix.
    """
    text = resources.files(__package__).joinpath("data/trait_correlations.csv").read_text("utf-8")
    head, *lines = csv.reader(text.splitlines())
    matrix = np.array([line[2:] for line in lines], np.float64)
    named = tuple(head[2:]) == TRAITS and [(line[1], line[0]) for line in lines] == [
        (group, name) for group, names in GROUPS.items() for name in names
    ]
    if not (named and (matrix == matrix.T).all() and (np.diag(matrix) == 1).all() and _definite(matrix)):
        raise ConfigError(
            "agents/data/trait_correlations.csv is not the 76 x 76 correlation matrix that ships with the "
            "package; install it anew"
        )
    return matrix


def nearest_correlation(matrix: Floats, floor: float = _FLOOR, steps: int = 1000) -> Floats:
    """The nearest correlation matrix whose eigenvalues are about ``floor`` or more.

    Args:
        matrix: `[p, p]` symmetric, unit diagonal.
        floor: smallest eigenvalue wanted, > 0.
        steps: most alternations between the two sets.

    Source:
        Higham 2002, algorithm 3.3 (alternating projections with Dykstra's correction).
    """
    now, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(steps):
        corrected = now - correction
        values, vectors = np.linalg.eigh(corrected)
        definite = (vectors * np.maximum(values, floor)) @ vectors.T
        correction = definite - corrected
        after = (definite + definite.T) / 2
        np.fill_diagonal(after, 1.0)
        moved, now = np.abs(after - now).max(), after
        if moved < 1e-9:
            break
    return now


def _definite(matrix: Floats) -> bool:
    return float(np.linalg.eigvalsh(matrix)[0]) > 0


def direction(weights: dict[str, float]) -> Floats:
    """`[76]` weights of a score ``weights @ traits`` that has variance 1 over a fleet.

    Args:
        weights: weight of each trait that counts, by name.

    >>> float(direction({"anxiety": 2.0})[0])
    1.0
    """
    raw = np.zeros(len(TRAITS))
    for name, weight in weights.items():
        raw[TRAITS.index(name)] = weight
    return np.asarray(raw / np.sqrt(raw @ correlations() @ raw), np.float64)
