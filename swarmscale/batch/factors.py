"""Factors of a design: a dotted key with the values that it may take, or the range that it is drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import ConfigError, UnknownChoiceError, require


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A factor that takes each of some values, all equally likely.

    Attributes:
        key: dotted.
        values: at least one.
    """

    key: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        require(len(self.values) > 0, f"design.over.{self.key}", "[]", "a list of at least one value")

    def at(self, unit: Floats) -> list[Any]:
        """`[n]` values at `[n]` points in [0, 1]."""
        last = len(self.values) - 1
        return [self.values[min(int(u * (last + 1)), last)] for u in unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranged:
    """A factor that takes any value of a range.

    Attributes:
        key: dotted.
        low: smallest value.
        high: largest value.
        log: whether equal ratios are equally likely, not equal differences.
        whole: whether it takes whole numbers only, both ends included.
    """

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        name = f"design.over.{self.key}"
        for end, value in (("low", self.low), ("high", self.high)):
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            require(good, f"{name}.{end}", value, "a finite number")
            whole = not self.whole or float(value).is_integer()
            require(whole, f"{name}.{end}", value, "a whole number, since whole = true")
        for flag, on in (("log", self.log), ("whole", self.whole)):
            require(isinstance(on, bool), f"{name}.{flag}", on, "true or false")
        require(self.low < self.high, f"{name}.low", self.low, f"below high = {self.high}")
        require(not self.log or self.low > 0, f"{name}.low", self.low, "above 0, since log = true")

    def at(self, unit: Floats) -> list[Any]:
        """`[n]` values at `[n]` points in [0, 1]."""
        top = self.high + 1 if self.whole else self.high
        drawn = [self._between(float(u), top) for u in unit]
        if self.whole:
            return [min(math.floor(value), int(self.high)) for value in drawn]
        return [min(max(value, float(self.low)), float(self.high)) for value in drawn]

    def _between(self, u: float, top: float) -> float:
        if self.log:
            return float(self.low * (top / self.low) ** u)
        return self.low + u * (top - self.low)


type Factor = Listed | Ranged

_RANGE = ("low", "high", "log", "whole")


def factor_of(key: str, given: Any) -> Factor:
    """A factor from what a sweep file says of it: a list, or a table with ``low`` and ``high``.

    Raises:
        UnknownChoiceError: if a range has a field that there is not.
        ConfigError: if it is neither, or breaks a rule.
    """
    if isinstance(given, Mapping):
        for field in given:
            if field not in _RANGE:
                raise UnknownChoiceError(f"field of a range (design.over.{key})", field, _RANGE)
        for end in _RANGE[:2]:
            require(end in given, f"design.over.{key}.{end}", "none", "given: a range needs low and high")
        return Ranged(key=key, **given)
    if isinstance(given, (list, tuple, np.ndarray)):
        return Listed(key=key, values=tuple(given.tolist() if isinstance(given, np.ndarray) else given))
    raise ConfigError(f"design.over.{key} = {given!r}, but it must be a list of values, or {{low, high}}")


def factors_of(over: Any) -> tuple[Factor, ...]:
    """All factors of a design.

    Raises:
        ConfigError: if there are none, or one cannot be used.
    """
    if not isinstance(over, Mapping) or not over:
        raise ConfigError(f"design.over = {over!r}, but it must be a table of at least one factor")
    return tuple(factor_of(key, given) for key, given in over.items())
