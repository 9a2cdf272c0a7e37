"""What a control is: a system of which it is known whether its parts do anything together; and how to add one.

A control is a frozen keyword-only dataclass whose fields are its settings. ``run`` makes windows that follow one
another, ``make`` makes one. All random numbers are drawn whether or not the parts are coupled, so that the same
generator with coupling off gives the ablated twin: the same system with its links cut. To add one, write the class and
a line in the tables of this folder's ``__init__``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypedDict, Unpack

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require
from ..base import Window

type Generator = np.random.Generator


class Switch(TypedDict, total=False):
    """When the parts are coupled: all the time if nothing is said.

    Attributes:
        coupled: whether they ever are.
        onset: first sample at which they are, counted over all windows; the first one if None.
        offset: first sample at which they are no longer; never if None.
    """

    coupled: bool
    onset: int | None
    offset: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a run is to be, and when its parts are coupled.

    Attributes:
        parts: M, 2 or more.
        samples: T of each window, 2 or more.
        windows: windows that follow one another, 1 or more.
        coupled: see :class:`Switch`.
        onset: see :class:`Switch`.
        offset: see :class:`Switch`.
    """

    parts: int
    samples: int
    windows: int = 1
    coupled: bool = True
    onset: int | None = None
    offset: int | None = None

    def __post_init__(self) -> None:
        require(self.parts >= 2, "parts", self.parts, "2 or more")
        require(self.samples >= 2, "samples", self.samples, "2 or more")
        require(self.windows >= 1, "windows", self.windows, "1 or more")
        first, last = self.onset or 0, self.ticks if self.offset is None else self.offset
        require(first >= 0, "onset", self.onset, "0 or more")
        require(last >= first, "offset", self.offset, f"{first} or more, not before the onset")

    @property
    def ticks(self) -> int:
        """Samples of all windows together."""
        return self.samples * self.windows

    def on(self, before: int = 0) -> Bools:
        """`[before + ticks]` whether the parts are coupled; before the first sample they are as they are in it.

        Args:
            before: ticks of burn-in that are put in front.

        >>> Plan(2, 4, onset=1, offset=3).on(1).astype(int)
        array([0, 0, 1, 1, 0])
        """
        tick = np.maximum(np.arange(-before, self.ticks), 0)
        end = self.ticks if self.offset is None else self.offset
        return self.coupled & (tick >= (self.onset or 0)) & (tick < end)


class Control(Protocol):
    """A system of which it is known what its parts do together."""

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """Windows that follow one another.

        Args:
            plan: how many of what size, and when the parts are coupled.
            rng: where all its random numbers come from.

        Returns:
            ``plan.windows`` windows. A control of solutions has one more in front, the history that a detector learns.
        """
        ...

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """One window, as :meth:`run` makes them."""
        ...


def one(control: Control, parts: int, samples: int, rng: Generator, switch: Switch) -> Window:
    """The one window of a run of one window."""
    return control.run(Plan(parts, samples, **switch), rng)[-1]


class Extra(NamedTuple):
    """What a window of a run holds beside its series.

    Attributes:
        exogenous: `[ticks, E]` over the whole run; None for nothing.
        angles: whether the series are angles.
        age: samples since the system began, at the run's first one; None if it is long ago.
    """

    exogenous: Floats | None = None
    angles: bool = False
    age: int | None = None


def cut(series: Floats, plan: Plan, extra: Extra | None = None, **fields: list[Any]) -> list[Window]:
    """Windows of a run's series.

    Args:
        series: `[ticks, M]` of the whole run.
        plan: of the run.
        extra: what else is known of the run.
        fields: more fields of :class:`~swarmscale.model.emergence.base.Window`, one value for each window.
    """
    given = extra or Extra()
    out = []
    for k in range(plan.windows):
        rows = slice(k * plan.samples, (k + 1) * plan.samples)
        more: dict[str, Any] = {name: values[k] for name, values in fields.items()}
        if given.exogenous is not None:
            more["exogenous"] = given.exogenous[rows]
        age = None if given.age is None else given.age + rows.start
        start_s = float(rows.start)
        out.append(Window(series=series[rows], angles=given.angles, age=age, start_s=start_s, **more))
    return out


@kernel
def recursion(noise: Floats, memory: Floats, start: Floats) -> Floats:
    """`[T, M]` series ``x[t] = memory * x[t - 1] + noise[t]``; each has a memory and a start of its own, `[M]`."""
    out = np.empty_like(noise)
    now = start.copy()
    for t in range(noise.shape[0]):
        for i in range(noise.shape[1]):
            now[i] = memory[i] * now[i] + noise[t, i]
            out[t, i] = now[i]
    return out


def autoregressive(samples: int, parts: int, memory: float, rng: Generator) -> Floats:
    """`[T, M]` independent AR(1) series of variance 1; with a memory of 1 random walks of unit steps.

    Source:
        Box & Jenkins, *Time Series Analysis* (1970), ch. 3: autocorrelation ``memory ** lag``.
    """
    scale = np.sqrt(1 - memory**2) if memory < 1 else 1.0
    start = rng.normal(size=parts) if memory < 1 else np.zeros(parts)
    noise = scale * rng.normal(size=(samples, parts))
    return recursion(noise, np.full(parts, memory), start)


def labels(parts: int, groups: int) -> Ints:
    """`[M]` number of each part's group, groups of nearly equal size, neighbors together."""
    return (np.arange(parts) * groups) // parts
