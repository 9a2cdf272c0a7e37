"""Who the traders are: 76 traits each, and which of them show in how they trade."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import rng
from ..agents.people import Population
from ..agents.skills import TYPES
from ..agents.traits import TRAITS, direction
from ..arrays import Floats, Floats32
from ..errors import require
from ..model.intelligence.settings import Paths

HASTE = {"impulsivity": 1.0, "activity_level": 1.0}
"""Traits behind the rate of transactions (ours)."""
GREED = {"excitement_seeking": 1.0, "cautiousness": -1.0, "power": 1.0}
"""Traits behind the margin that is asked for (ours)."""


class Paths76(NamedTuple):
    """How strongly personality acts on trading: through parameters alone.

    Attributes:
        haste: standard deviation of the logarithm of a trader's rate; the mean rate is the same for all weights.
        greed: of the margin's exponent; 0: margins are uniform, as in Gode & Sunder.
    """

    haste: float = 0.3
    greed: float = 0.0


def drawn_traits(traders: int, root_seed: int) -> Floats32:
    """`[traders, 76]` traits with the covariance of :func:`swarmscale.agents.traits.correlations`.

    They are drawn in a stream of their own: the traders are other people than the agents that serve them.
    """
    population = Population.build(int(rng.key(root_seed, "arena/traders")), Paths(), (1.0,) * len(TYPES))
    generator = rng.generator(root_seed, "arena/types")
    kind = generator.integers(0, len(TYPES), traders).astype(np.uint8)
    return population.traits(np.arange(1, traders + 1), kind)


def checked_traits(traits: Floats | Floats32, traders: int) -> Floats32:
    """A host's own traits in the order of ``TRAITS``.

    Raises:
        ConfigError: if they are not `[traders, 76]` finite numbers.
    """
    out = np.asarray(traits, np.float32)
    wanted = (traders, len(TRAITS))
    require(out.shape == wanted, "traits", f"an array of shape {out.shape}", f"of shape {wanted}")
    require(bool(np.isfinite(out).all()), "traits", "not all finite", "finite")
    return out


def haste_and_greed(traits: Floats32, paths: Paths76) -> tuple[Floats, Floats]:
    """Factor on each trader's rate, with mean 1, and exponent of the margin, `[N]` each."""
    require(paths.haste >= 0, "paths.haste", paths.haste, "0 or more")
    haste = np.asarray(traits @ direction(HASTE), np.float64)
    greed = np.asarray(traits @ direction(GREED), np.float64)
    return np.exp(paths.haste * haste - 0.5 * paths.haste**2), np.exp(-paths.greed * greed)
