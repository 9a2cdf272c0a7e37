"""What an aggregation rule is, and how to add one.

A rule makes one estimate of many: those of agents, of clusters or of linked nodes. It is a frozen keyword-only
dataclass with one method. To add one, write a file with the class and one line in this folder's ``__init__``; from
outside, put ``@swarmscale.register("aggregation rule", "my-rule")`` above the class.
"""

from __future__ import annotations

from typing import Protocol

from ....arrays import Floats


class AggregationRule(Protocol):
    """Makes one estimate of many."""

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """One estimate of each coordinate.

        Args:
            values: `[m, d]` what each of m has estimated; read only where the weight is above 0.
            weights: `[m, d]` what each estimate rests on, >= 0.

        Returns:
            `[d]`; NaN where nobody has any weight.
        """
        ...
