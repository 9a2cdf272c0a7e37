"""Solutions that a fleet tries: ways of working of its clusters, where agents choose among methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...agents.skills import TYPES
from ...arrays import Floats, Ints
from ..learning.practice import NO_METHOD

if TYPE_CHECKING:
    from ..swarm import SwarmModel


def ways(model: SwarmModel) -> tuple[Ints, Floats]:
    """Each cluster's way of working, and how good it is.

    A way is which method most agents of each of the six intelligence types use (the one of the lower number where
    two are level); its number is the same wherever and whenever it is used. Its quality is the mean efficiency of the
    methods in use, 1 for a method that does not slow an agent down. Practice is left out on purpose: it makes all
    agents faster in time, whatever they try.

    Args:
        model: where learning is emergent.

    Returns:
        `[Q]` numbers, -1 for a cluster without agents; `[Q]` qualities, NaN there.
    """
    learner = model.learner
    assert learner is not None
    method, kind = learner.tried.method, model.fleet.rows.kind[: len(learner.tried.method)]
    clusters, methods = len(method), len(learner.efficiency)
    at, slot = np.nonzero(method != NO_METHOD)
    used = method[at, slot].astype(np.int64)
    cell = (at * len(TYPES) + kind[at, slot]) * methods + used
    users = np.bincount(cell, minlength=clusters * len(TYPES) * methods).reshape(
        clusters, len(TYPES), methods
    )
    digit = np.where(users.any(axis=2), users.argmax(axis=2) + 1, 0)
    number = digit @ (methods + 1) ** np.arange(len(TYPES), dtype=np.int64)
    agents = np.bincount(at, minlength=clusters)
    summed = np.bincount(at, learner.efficiency[used], clusters)
    some = agents > 0
    quality = np.where(some, summed / np.maximum(agents, 1), np.nan)
    return np.where(some, number, -1), np.asarray(quality, np.float64)
