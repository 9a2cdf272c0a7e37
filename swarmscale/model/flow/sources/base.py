"""What a demand source is, and how to add one.

A source says how the rate of arrivals runs over time, or lists the arrivals themselves. It is a frozen
keyword-only dataclass with one method, ``profile``. To add one, write a file with the class and one line in
this folder's ``__init__``; from outside, put ``@swarmscale.register("demand source", "my-source")`` above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ....arrays import Floats, Ints32


def _none() -> Ints32:
    return np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Arrivals one by one; empty columns and negative or NaN values are drawn or decided by the model.

    Attributes:
        time_s: `[R]` s, ascending.
        entry: `[R]` entry node or -1.
        kind: `[R]` class or -1.
        work_s: `[R]` s of a unit-speed agent or NaN.
        home: `[R]` home node, or an empty array.
        cluster: `[R]` cluster, or an empty array.
        dispatch_s: `[R]` service time at dispatch in s, or an empty array.
        complete: whether they say everything, so that nothing need be drawn.
    """

    time_s: Floats
    entry: Ints32
    kind: Ints32
    work_s: Floats
    home: Ints32 = field(default_factory=_none)
    cluster: Ints32 = field(default_factory=_none)
    dispatch_s: Floats = field(default_factory=lambda: np.empty(0))
    complete: bool = field(init=False)

    def __post_init__(self) -> None:
        known = len(self.home) > 0 and not np.isnan(self.work_s).any()
        object.__setattr__(
            self, "complete", bool(known and (self.entry >= 0).all() and (self.kind >= 0).all())
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """How demand runs over time.

    Attributes:
        step_s: width of a bin, s.
        rate_per_s: `[B]` arrivals per second in each bin, in the source's own unit.
        prompt: `[R]` prompt tokens of traced requests, or empty.
        generated: `[R]` generated tokens, or empty.
        rows: the arrivals themselves, to be replayed, or None.
        note: a sentence for the report: what this demand is.
    """

    step_s: float
    rate_per_s: Floats
    prompt: Ints32 = field(default_factory=_none)
    generated: Ints32 = field(default_factory=_none)
    rows: Rows | None = None
    note: str = ""

    @property
    def seconds(self) -> float:
        """Length of the profile in s."""
        return self.step_s * len(self.rate_per_s)

    @property
    def mean_rate_per_s(self) -> float:
        """Mean of the rate over the profile."""
        return float(self.rate_per_s.mean())


class DemandSource(Protocol):
    """Where arrivals come from."""

    def profile(self) -> Profile:
        """How demand runs over time.

        Raises:
            ConfigError: if its data cannot be used.
        """
        ...
