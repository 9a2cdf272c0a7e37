"""Whether the whole foretells itself: Psi and M of blocks of series against blocks shifted in time.

A value and the next one are shifted as a pair, so that no surrogate has a seam: a jump there would hide the memory of
slow series, and with it the null's own Psi.
"""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ..base import Test
from ..estimators.causal import psi_and_m_of_pairs
from ..estimators.scores import standardized
from .nulls import against


def whole_of(blocks: Floats, surrogates: int, rng: np.random.Generator) -> tuple[Test, Test]:
    """Psi and M of blocks and of their mean against shifted blocks, upper tails, not judged yet.

    Args:
        blocks: `[T, m]`.
        surrogates: shifted copies.
        rng: for the shifts.

    Source:
        Rosas, Mediano et al. (2020), *PLoS Computational Biology* 16:e1008289; pairs: Andrzejak et al. (2003),
        *Physical Review E* 68:066202.
    """
    whole = blocks.mean(axis=1)
    observed = psi_and_m_of_pairs(blocks[:-1], whole[:-1], whole[1:])
    first, later = _shifted_pairs(blocks, surrogates, rng)
    null = psi_and_m_of_pairs(first, first.mean(axis=-1), later.mean(axis=-1))
    name = "nats above shifted series"
    psi, m = float(observed.psi), float(observed.m)
    return (
        against("psi", psi, null.psi, effect=psi - float(null.psi.mean()), effect_name=name),
        against("macro", m, null.m, effect=m - float(null.m.mean()), effect_name=name),
    )


def blocks_of(series: Floats, count: int) -> Floats:
    """`[T, count]` means of neighboring standardized series, in groups of nearly equal size.

    >>> blocks_of(np.array([[0.0, 0.0, 5.0], [2.0, 4.0, 7.0]]), 2).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    scores = standardized(series)
    first = (np.arange(count) * scores.shape[1] + count - 1) // count
    sizes = np.diff(np.append(first, scores.shape[1]))
    return np.asarray(np.add.reduceat(scores, first, axis=1) / sizes)


def _shifted_pairs(blocks: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """`[B, T - 1, m]` values and next ones, each block's pairs rolled by one shift of its own."""
    samples, count = len(blocks) - 1, blocks.shape[1]
    shift = rng.integers(0, samples, (draws, 1, count))
    rows = (np.arange(samples)[None, :, None] + shift) % samples
    return np.take_along_axis(blocks[None], rows, axis=1), np.take_along_axis(blocks[None], rows + 1, axis=1)
