"""Probes of a fleet's collective intelligence as pages and reports look at them: of a model, or read back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..agents.cognition import FUNCTIONS
from ..arrays import Floats
from ..errors import ConfigError
from ..model.intelligence.prober import COLUMNS

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

FILE = "intelligence.parquet"
"""In the folder of a run."""


@dataclass(frozen=True, slots=True)
class Probes:
    """A series of probes.

    Attributes:
        rows: `[P, columns]` one row a probe, see :data:`~swarmscale.model.intelligence.prober.COLUMNS`; NaN where
            there was nothing to find.
    """

    rows: Floats = field(default_factory=lambda: np.empty((0, len(COLUMNS))))

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Floats:
        """`[P]` one figure."""
        return self.rows[:, COLUMNS.index(name)]

    def last(self, name: str) -> float:
        """One figure of the last probe; NaN before the first one."""
        return float(self.rows[-1, COLUMNS.index(name)]) if len(self.rows) else float("nan")

    def functions(self, kind: str) -> Floats:
        """`[F]` the last probe's ``score``, ``bound``, ``se`` or ``z`` of each function; NaN before the first one."""
        return np.array([self.last(f"{kind}.{name}") for name in FUNCTIONS], np.float64)

    def until(self, time_s: float) -> Probes:
        """Those made until a time in s."""
        return Probes(self.rows[self.column("time_s") <= time_s + 1e-9])

    @property
    def version(self) -> Hashable:
        """Another value for another series, at no cost: its length and its last probe."""
        return len(self.rows), self.rows[-1:].tobytes()


def probes_of(model: SwarmModel) -> Probes:
    """A model's probes so far; none where it makes none."""
    return Probes(model.prober.rows) if model.prober is not None else Probes()


def read_probes(folder: Path) -> Probes:
    """The probes in the folder of a run; none if it made none.

    Raises:
        ConfigError: if the file cannot be read.
    """
    import pandas as pd

    path = folder / FILE
    if not path.is_file():
        return Probes()
    try:
        return Probes(pd.read_parquet(path)[list(COLUMNS)].to_numpy(np.float64))
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
