"""Designs: which settings a sweep tries. A design is a function of its fields and seed alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..arrays import Floats
from ..choices import Choices
from ..errors import ConfigError, UnknownChoiceError, require
from ..model.config import Config
from .factors import Factor, Listed, factors_of
from .plan import Setting, applies

SAMPLES = 64


class Design(Protocol):
    """A way to choose settings.

    To add one, write a frozen keyword-only dataclass with this method and put
    ``@swarmscale.register("design", "name")`` above it.
    """

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """Settings: dotted keys with their values."""


class PointDesign(Design, Protocol):
    """A design whose settings are points of the unit cube, one axis a factor."""

    def points(self, count: int) -> Floats:
        """`[n, count]` points in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Each combination of the factors' values once, the last factor fastest."""

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """See :class:`Design`."""
        values = []
        for factor in factors:
            if not isinstance(factor, Listed):
                raise ConfigError(
                    f"design.over.{factor.key} is a range, but in a grid it must be a list of values"
                )
            values.append(factor.values)
        keys = [factor.key for factor in factors]
        return [dict(zip(keys, combination, strict=True)) for combination in itertools.product(*values)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatinHypercube:
    """Points of which each factor has one in each of as many equal strata as there are points.

    Attributes:
        samples: points.
        seed: of their places.

    Source:
        McKay, Beckman & Conover (1979), Technometrics 21, 239-245; scrambled, from ``scipy.stats.qmc``.
    """

    samples: int = SAMPLES
    seed: int = 1

    def __post_init__(self) -> None:
        _require_samples(self.samples, self.seed)

    def points(self, count: int) -> Floats:
        """See :class:`PointDesign`."""
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(d=count, rng=self.seed).random(self.samples), np.float64)

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """See :class:`Design`."""
        return at_points(factors, self.points(len(factors)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sobol:
    """The first points of a scrambled Sobol sequence: more even than chance in all dimensions together.

    Attributes:
        samples: points, a power of 2.
        seed: of the scrambling.

    Source:
        Sobol' (1967); Owen's scrambling, from ``scipy.stats.qmc``.
    """

    samples: int = SAMPLES
    seed: int = 1

    def __post_init__(self) -> None:
        _require_samples(self.samples, self.seed, power=True)

    def points(self, count: int) -> Floats:
        """See :class:`PointDesign`."""
        from scipy.stats import qmc

        sobol = qmc.Sobol(d=count, scramble=True, rng=self.seed)
        return np.asarray(sobol.random_base2(self.samples.bit_length() - 1), np.float64)

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """See :class:`Design`."""
        return at_points(factors, self.points(len(factors)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saltelli:
    """Points for Sobol indices: ``samples`` times (factors + 2), or (2 factors + 2) with those of second order.

    Attributes:
        samples: a power of 2.
        second_order: whether indices of pairs of factors are wanted too.
        seed: of the scrambling.

    Source:
        Saltelli et al. (2010), Computer Physics Communications 181, 259-270; points from SALib.
    """

    samples: int = SAMPLES
    second_order: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        _require_samples(self.samples, self.seed, power=True)

    def points(self, count: int) -> Floats:
        """See :class:`PointDesign`."""
        sample = _salib("sobol")
        drawn = sample(_cube(count), self.samples, calc_second_order=self.second_order, seed=self.seed)
        return np.asarray(drawn, np.float64)

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """See :class:`Design`."""
        return at_points(factors, self.points(len(factors)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Morris:
    """Trajectories for elementary effects: ``samples`` times (factors + 1) points.

    Attributes:
        samples: trajectories.
        levels: values of each factor, even.
        seed: of the trajectories.

    Source:
        Morris (1991), Technometrics 33, 161-174; points from SALib.
    """

    samples: int = 10
    levels: int = 4
    seed: int = 1

    def __post_init__(self) -> None:
        _require_samples(self.samples, self.seed)
        require(self.levels >= 2 and self.levels % 2 == 0, "design.levels", self.levels, "even, 2 or more")

    def points(self, count: int) -> Floats:
        """See :class:`PointDesign`."""
        sample = _salib("morris")
        drawn = sample(_cube(count), self.samples, num_levels=self.levels, seed=self.seed)
        return np.asarray(drawn, np.float64)

    def choose(self, factors: Sequence[Factor]) -> list[dict[str, Any]]:
        """See :class:`Design`."""
        return at_points(factors, self.points(len(factors)))


DESIGNS: Choices[Design] = Choices(
    "design",
    **{
        "grid": Grid,
        "latin-hypercube": LatinHypercube,
        "morris": Morris,
        "saltelli": Saltelli,
        "sobol": Sobol,
    },
)
"""Designs by the names that a sweep file knows them by; beside them there is ``list``."""

LIST = "list"


def settings_of(
    design: Mapping[str, Any], base: Config | None = None, fixed: Setting | None = None
) -> list[dict[str, Any]]:
    """The settings of a design.

    A key that does not apply in a setting, such as ``scaling.hpa.target`` where ``scaling`` is not ``hpa``, is left
    out of it; a grid then has what would be the same setting once.

    Args:
        design: ``kind``, ``over`` and the kind's own fields, or ``settings`` where it is a list.
        base: the config that they change.
        fixed: dotted keys that hold in all of them.

    Raises:
        UnknownChoiceError: if there is no such design, or it has no such field.
        ConfigError: if a factor or field cannot be used.
    """
    given = dict(design)
    kind = given.pop("kind", "grid")
    if kind == LIST:
        return _listed(given)
    if kind not in list(DESIGNS):
        raise UnknownChoiceError("design", kind, [*DESIGNS, LIST])
    over = given.pop("over", None)
    chosen = DESIGNS.make(kind, **given)
    settings = chosen.choose(factors_of(over))
    if base is None:
        return settings
    always = fixed or {}
    left = [{k: v for k, v in one.items() if applies(k, {**always, **one}, base)} for one in settings]
    return list({repr(one): one for one in left}.values()) if kind == "grid" else left


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys of a table, whether they were written with quotes or as tables in tables."""
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and not {"name", "low", "high"} & set(value):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = value
    return out


def unit_points(design: Mapping[str, Any]) -> Floats:
    """`[settings, factors]` the points of the unit cube that a design's settings were made from, in their order.

    For analysis that must know them, with each factor's bounds 0 and 1.

    Raises:
        ConfigError: if it is a grid or a list, which have none.
    """
    given = dict(design)
    kind = given.pop("kind", "grid")
    over = given.pop("over", {})
    made = None if kind == LIST else DESIGNS.make(kind, **given)
    if made is None or not hasattr(made, "points"):
        raise ConfigError(f"design.kind = {kind}, but it must be one that is made of points")
    points: Floats = made.points(len(over))
    return points


def at_points(factors: Sequence[Factor], points: Floats) -> list[dict[str, Any]]:
    """Settings at `[n, factors]` points of the unit cube."""
    columns = [factor.at(points[:, i]) for i, factor in enumerate(factors)]
    return [
        dict(zip((factor.key for factor in factors), row, strict=True)) for row in zip(*columns, strict=True)
    ]


def _listed(given: dict[str, Any]) -> list[dict[str, Any]]:
    settings = given.pop("settings", None)
    for field in given:
        raise UnknownChoiceError("field of design 'list'", field, ["settings"])
    if not isinstance(settings, (list, tuple)) or not all(isinstance(one, Mapping) for one in settings):
        raise ConfigError(f"design.settings = {settings!r}, but it must be a list of tables of dotted keys")
    require(len(settings) > 0, "design.settings", "[]", "a list of at least one table")
    return [flat(one) for one in settings]


def _require_samples(samples: int, seed: int, power: bool = False) -> None:
    require(samples >= 1, "design.samples", samples, "1 or more")
    if power and samples & (samples - 1):
        below = 1 << (samples.bit_length() - 1)
        require(False, "design.samples", samples, f"a power of 2, such as {below} or {2 * below}")
    require(seed >= 0, "design.seed", seed, "0 or more")


def _cube(count: int) -> dict[str, Any]:
    """The unit cube as SALib's problem."""
    return {"num_vars": count, "names": [f"x{i}" for i in range(count)], "bounds": [[0.0, 1.0]] * count}


def _salib(which: str) -> Any:
    """A sampler of SALib.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        from SALib.sample import morris, sobol
    except ImportError:
        raise ConfigError(f"design.kind = {which!r} needs SALib: pip install 'swarmscale[sweep]'") from None
    return {"morris": morris.sample, "sobol": sobol.sample}[which]
