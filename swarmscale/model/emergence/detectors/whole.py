"""Whether the whole foretells itself: Psi and M of blocks of series against blocks shifted in time.

A value and the next one are shifted as a pair, so that no surrogate has a seam: a jump there would hide the memory of
slow series, and with it the null's own Psi.
"""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ..base import Test
from ..estimators.causal import PsiAndM
from ..estimators.gaussian import from_correlation
from ..estimators.scores import standardized
from .nulls import against


def whole_of(blocks: Floats, surrogates: int, rng: np.random.Generator) -> tuple[Test, Test]:
    """Psi (two-sided) and M (upper tail) of blocks and of their mean, not judged yet.

    Args:
        blocks: `[T, m]`.
        surrogates: shifted copies.
        rng: for the shifts.

    Source:
        Rosas, Mediano et al. (2020), *PLoS Computational Biology* 16:e1008289; pairs: Andrzejak et al. (2003),
        *Physical Review E* 68:066202.
    """
    observed = psi_of_pairs(blocks[:-1], blocks[1:])
    first, later = _shifted_pairs(blocks, surrogates, rng)
    null = psi_of_pairs(first, later)
    name = "nats above shifted series"
    psi, m = float(observed.psi), float(observed.m)
    return (
        against("psi", psi, null.psi, tail="both", effect=psi - float(null.psi.mean()), effect_name=name),
        against("macro", m, null.m, effect=m - float(null.m.mean()), effect_name=name),
    )


def psi_of_pairs(first: Floats, later: Floats) -> PsiAndM:
    """Psi and M of Gaussian blocks whose mean is the whole.

    Args:
        first: `[..., n, m]` values.
        later: `[..., n, m]` the next ones.

    Returns:
        `[...]` nats.
    """
    whole, future = first.mean(axis=-1, keepdims=True), later.mean(axis=-1)
    future = future - future.mean(axis=-1, keepdims=True)
    own = from_correlation(_correlation(whole, future))[..., 0]
    told = from_correlation(_correlation(first, future))
    return PsiAndM(own - told.sum(axis=-1), own - told.max(axis=-1))


def blocks_of(series: Floats, count: int) -> Floats:
    """`[T, count]` means of neighboring standardized series, in groups of nearly equal size.

    >>> blocks_of(np.array([[0.0, 0.0, 5.0], [2.0, 4.0, 7.0]]), 2).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    scores = standardized(series)
    first = (np.arange(count) * scores.shape[1] + count - 1) // count
    sizes = np.diff(np.append(first, scores.shape[1]))
    return np.asarray(np.add.reduceat(scores, first, axis=1) / sizes)


def _correlation(columns: Floats, centered: Floats) -> Floats:
    """`[..., m]` correlation of columns `[..., n, m]` with a centered series `[..., n]`; 0 for constant ones."""
    shared = (centered[..., None, :] @ columns)[..., 0, :]
    mean = columns.mean(axis=-2)
    spread = np.einsum("...tm,...tm->...m", columns, columns) - columns.shape[-2] * mean**2
    room = np.sqrt(np.maximum(spread, 0.0) * np.einsum("...t,...t->...", centered, centered)[..., None])
    return np.asarray(np.divide(shared, room, out=np.zeros_like(room), where=room > 0))


def _shifted_pairs(blocks: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """`[B, T - 1, m]` values and next ones, each block's pairs rolled by one shift of its own."""
    samples, count = len(blocks) - 1, blocks.shape[1]
    shift = rng.integers(0, samples, (draws, 1, count))
    rows = (np.arange(samples)[None, :, None] + shift) % samples
    return np.take_along_axis(blocks[None], rows, axis=1), np.take_along_axis(blocks[None], rows + 1, axis=1)
