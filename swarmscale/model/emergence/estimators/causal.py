"""Causal emergence: whether the whole foretells its own future beyond its parts, for Gaussian and for discrete series.

A part's or the macro's past is one sample back. The parts are `[T, m]`, the macro is `[T]` and must be a function of
them. The criteria are sufficient and not necessary, and independent parts with memory pass the raw ones; so compare
:func:`psi_and_m` with its values over shifted surrogates.

Source:
    Rosas, Mediano et al. (2020), *PLoS Computational Biology* 16:e1008289, eqs. 8-10.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....arrays import Floats, Ints
from ....errors import ConfigError, require
from .gaussian import from_correlation
from .information import discrete_mutual_information
from .scores import as_columns, standardized


class PsiAndM(NamedTuple):
    """Two comparisons of the whole with its parts, nats; one value each, or `[B]` of surrogates.

    Attributes:
        psi: what the macro tells of its own next value, less the sum of what its parts tell of that.
        m: the same, less what the best part alone tells.
    """

    psi: Floats
    m: Floats


def psi_and_m(blocks: Floats, macro: Floats) -> PsiAndM:
    """Psi and M of Gaussian series, for one system or for many surrogates at once.

    Args:
        blocks: `[..., T, m]` parts.
        macro: `[..., T]` the whole.

    Returns:
        Two arrays `[...]`, nats. A part that is constant tells nothing; so does a constant whole.

    Source:
        Psi: Rosas, Mediano et al. (2020), eq. 8. M, the best part in place of the sum, is stricter on redundancy.
    """
    require(blocks.shape[:-1] == macro.shape, "shape of the macro", macro.shape, f"{blocks.shape[:-1]}")
    return psi_and_m_of_pairs(blocks[..., :-1, :], macro[..., :-1], macro[..., 1:])


def psi_and_m_of_pairs(blocks: Floats, macro: Floats, future: Floats) -> PsiAndM:
    """Psi and M of Gaussian values and next ones that come in pairs, not in one series.

    Args:
        blocks: `[..., n, m]` parts.
        macro: `[..., n]` the whole at the same time.
        future: `[..., n]` the whole one sample later.

    Returns:
        Two arrays `[...]`, nats.
    """
    later = future - future.mean(axis=-1, keepdims=True)
    own = from_correlation(_correlation(macro[..., None], later))[..., 0]
    told = from_correlation(_correlation(blocks, later))
    return PsiAndM(own - told.sum(axis=-1), own - told.max(axis=-1))


def _correlation(columns: Floats, centered: Floats) -> Floats:
    """`[..., m]` correlation of columns `[..., n, m]` with a centered series `[..., n]`; 0 for constant ones."""
    shared = np.matmul(centered[..., None, :], columns)[..., 0, :]
    mean = columns.mean(axis=-2)
    spread = np.einsum("...tm,...tm->...m", columns, columns) - columns.shape[-2] * mean**2
    room = np.sqrt(np.maximum(spread, 0.0) * np.einsum("...t,...t->...", centered, centered)[..., None])
    return np.asarray(np.divide(shared, room, out=np.zeros_like(room), where=room > 0))


def psi(parts: Floats, macro: Floats) -> float:
    """``I(V; V') - sum_j I(X_j; V')`` of Gaussian series: above 0, the macro V foretells itself beyond its parts.

    Args:
        parts: `[T, m]`.
        macro: `[T]`.

    Returns:
        Nats.
    """
    x, v = _checked(parts, macro)
    return float(psi_and_m(x, v).psi)


def macro_beats_best(parts: Floats, macro: Floats) -> float:
    """``I(V; V') - max_j I(X_j; V')`` of Gaussian series, nats: above 0, no part foretells the macro as well."""
    x, v = _checked(parts, macro)
    return float(psi_and_m(x, v).m)


def delta(parts: Floats, macro: Floats) -> float:
    """``max_j [I(V; X_j') - sum_i I(X_i; X_j')]`` of Gaussian series, nats: above 0, downward causation (eq. 9)."""
    x, v = _checked(parts, macro)
    told = from_correlation(x[:-1].T @ _unit(x[1:]) / _norm(x[:-1])[:, None])
    return float((_gaussian_told(v, x) - told.sum(axis=0)).max())


def gamma(parts: Floats, macro: Floats) -> float:
    """``max_j I(V; X_j')`` of Gaussian series, nats: 0 with Psi above 0, causal decoupling (eq. 10)."""
    x, v = _checked(parts, macro)
    return float(_gaussian_told(v, x).max())


def discrete_psi(parts: Ints, macro: Ints) -> float:
    """:func:`psi` of whole numbers, with plug-in entropies; nats.

    >>> bits = np.array([[0, 0], [0, 1], [1, 1], [1, 0], [1, 1], [0, 1]] * 50)  # parity goes 0, 1, 0, 1
    >>> round(discrete_psi(bits, bits.sum(axis=1) % 2), 2)
    0.64
    """
    x, v = _whole(parts, macro)
    told = [discrete_mutual_information(column[:-1], v[1:]) for column in x.T]
    return discrete_mutual_information(v[:-1], v[1:]) - float(np.sum(told))


def discrete_macro_beats_best(parts: Ints, macro: Ints) -> float:
    """:func:`macro_beats_best` of whole numbers, with plug-in entropies; nats."""
    x, v = _whole(parts, macro)
    told = [discrete_mutual_information(column[:-1], v[1:]) for column in x.T]
    return discrete_mutual_information(v[:-1], v[1:]) - max(told)


def discrete_delta(parts: Ints, macro: Ints) -> float:
    """:func:`delta` of whole numbers, with plug-in entropies; nats."""
    x, v = _whole(parts, macro)
    gains = []
    for target in x.T:
        told = [discrete_mutual_information(source[:-1], target[1:]) for source in x.T]
        gains.append(discrete_mutual_information(v[:-1], target[1:]) - float(np.sum(told)))
    return max(gains)


def discrete_gamma(parts: Ints, macro: Ints) -> float:
    """:func:`gamma` of whole numbers, with plug-in entropies; nats."""
    x, v = _whole(parts, macro)
    return max(discrete_mutual_information(v[:-1], target[1:]) for target in x.T)


def _gaussian_told(macro: Floats, parts: Floats) -> Floats:
    """`[m]` what the macro tells of each part's next value."""
    past = macro[:-1] - macro[:-1].mean()
    return from_correlation(past @ _unit(parts[1:]) / np.sqrt(past @ past))


def _norm(columns: Floats) -> Floats:
    centered = columns - columns.mean(axis=0)
    return np.asarray(np.sqrt(np.einsum("tm,tm->m", centered, centered)))


def _unit(columns: Floats) -> Floats:
    centered = columns - columns.mean(axis=0)
    return np.asarray(centered / np.sqrt(np.einsum("tm,tm->m", centered, centered)))


def _checked(parts: Floats, macro: Floats) -> tuple[Floats, Floats]:
    x, v = standardized(parts, 4), standardized(macro, 4)
    require(v.shape == (len(x), 1), "shape of the macro", np.shape(macro), f"({len(x)},)")
    return x, v[:, 0]


def _whole(parts: Ints, macro: Ints) -> tuple[Ints, Ints]:
    x, v = as_columns(np.asarray(parts)), as_columns(np.asarray(macro))
    require(v.shape == (len(x), 1), "shape of the macro", np.shape(macro), f"({len(x)},)")
    for name, given in (("parts", x), ("macro", v)):
        if not (given == np.rint(given)).all():
            raise ConfigError(f"{name} must be whole numbers; for others take the Gaussian form")
    return x.astype(np.int64), v[:, 0].astype(np.int64)
