"""Mesa's DataCollector over the records: the same columns, without a second copy."""

from __future__ import annotations

from typing import Any

import mesa

from .columns import BY_NAME
from .records import Records


class RecordsCollector(mesa.DataCollector):  # type: ignore[misc]  # mesa carries no types
    """Offers the records as Mesa's model variables; ``collect`` is not needed, a step writes its own row."""

    def __init__(self, records: Records) -> None:
        self._records = records
        super().__init__()
        self.model_reporters = dict.fromkeys(["time_s", *BY_NAME], "records")

    def collect(self, model: mesa.Model) -> None:
        """Nothing to do: the row of this tick is in the records already."""

    @property
    def model_vars(self) -> dict[str, list[Any]]:
        """One list a column, one entry a tick."""
        frame = self._records.frame()
        return {name: frame[name].tolist() for name in frame.columns}

    @model_vars.setter
    def model_vars(self, value: dict[str, list[Any]]) -> None:
        """Mesa sets it to nothing when it is made; the records are what stands there."""

    @property
    def _collection_steps(self) -> list[float]:
        return [float(t) for t in range(1, self._records.ticks + 1)]

    @_collection_steps.setter
    def _collection_steps(self, value: list[float]) -> None:
        """See :attr:`model_vars`."""
