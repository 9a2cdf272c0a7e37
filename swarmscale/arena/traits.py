"""A host's own traits: its names are mapped onto ours by a table, and what has no name of ours stays at the mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..agents.traits import TRAITS
from ..arrays import Floats
from ..errors import ConfigError, require


class Mapped(NamedTuple):
    """A host's traits in our order.

    Attributes:
        traits: `[N, 76]` in the order of :data:`swarmscale.agents.traits.TRAITS`, standardized over the host's agents.
        filled: our traits that came from the host.
        at_mean: our traits that did not: 0 for everybody, the mean.
        unused: the host's names that were not used.
    """

    traits: Floats
    filled: tuple[str, ...]
    at_mean: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.filled)} of {len(TRAITS)} traits come from the host; at the mean: "
            f"{', '.join(self.at_mean) or 'none'}; of the host's, not used: {', '.join(self.unused) or 'none'}"
        )


def map_traits(
    values: Floats, names: Sequence[str], table: Mapping[str, str] | None = None, *, standardize: bool = True
) -> Mapped:
    """Bring a host's traits into our order.

    Args:
        values: `[N, P]` one row an agent, P of 76 or more.
        names: `[P]` the host's names.
        table: our name for each of the host's that is meant by it; a name that is ours already needs no line. Names of
            the host that lead nowhere are not used, and are told.
        standardize: take each trait's mean away and divide by its standard deviation over the agents, since our traits
            are standard normal; False: they are already.

    Returns:
        The traits, with what came from the host and what did not.

    Raises:
        ConfigError: if shapes, names or numbers do not fit, if a name of the table is unknown (the nearest is told), or
            if two of the host's traits lead to one of ours.
    """
    values = np.asarray(values)
    require(values.dtype.kind in "iuf", "traits", f"an array of {values.dtype}", "numbers")
    require(values.ndim == 2, "traits", f"an array of shape {values.shape}", "[agents, traits]")
    n, p = values.shape
    require(p >= len(TRAITS), "traits", f"{p} columns", f"{len(TRAITS)} or more")
    require(len(names) == p, "names", f"{len(names)} names", f"one for each of {p} columns")
    require(n > 0, "traits", "no rows", "at least one agent")
    finite = np.isfinite(values).all(axis=0)
    if not finite.all():
        raise ConfigError(f"traits: {names[int(np.argmin(finite))]!r} has values that are not finite")
    twice = sorted({name for name in names if list(names).count(name) > 1})
    require(not twice, "names", ", ".join(twice), "given once each")
    chosen = _chosen(list(names), dict(table or {}))
    out = np.zeros((n, len(TRAITS)))
    for ours, column in chosen.items():
        x = values[:, column].astype(np.float64)
        if standardize:
            spread = x.std()
            require(bool(spread > 0), f"traits[{names[column]!r}]", "the same for all agents", "different")
            x = (x - x.mean()) / spread
        out[:, TRAITS.index(ours)] = x
    used = set(chosen.values())
    return Mapped(
        out,
        tuple(one for one in TRAITS if one in chosen),
        tuple(one for one in TRAITS if one not in chosen),
        tuple(name for i, name in enumerate(names) if i not in used),
    )


def _chosen(names: list[str], table: dict[str, str]) -> dict[str, int]:
    """The host's column for each of our traits that has one."""
    for theirs, ours in table.items():
        if theirs not in names:
            raise ConfigError(_unknown("the host's traits", theirs, names))
        if ours not in TRAITS:
            raise ConfigError(_unknown("the 76 traits", ours, TRAITS))
    found: dict[str, int] = {}
    for column, name in enumerate(names):
        ours = table.get(name, name)
        if ours not in TRAITS:
            continue
        if ours in found:
            raise ConfigError(
                f"{names[found[ours]]!r} and {name!r} both lead to {ours!r}; let the table lead one elsewhere"
            )
        found[ours] = column
    require(
        bool(found), "names", "none that leads to one of ours", "names of ours, or led there by the table"
    )
    return found


def _unknown(of: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return f"table: {name!r} is not among {of}{hint}"
