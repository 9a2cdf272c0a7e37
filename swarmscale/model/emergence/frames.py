"""Tables of what detectors said: a row for each statistic of each window, and a row for each finding."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .base import Test, Verdict
from .persistence import Finding

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("observed", "null_low", "null_mean", "null_high", "p", "effect")
COLUMNS = (
    "time_s", "start_s", "detector", "statistic", "observed", "null_low", "null_mean", "null_high", "p", "tail",
    "effect", "effect_name", "family", "rejected", "abstained", "found", "unsaid", "gate", "label",
    "sentence",
)  # fmt: skip
"""Of the table of verdicts; ``abstained`` says why a statistic gives no number, ``unsaid`` why a detector says nothing,
``gate`` why the window was held back; ``found``, ``label`` and ``sentence`` are the whole verdict's."""
FINDINGS = (
    "detector", "first_s", "since_s", "until_s", "windows", "p", "effect", "effect_name", "family", "sentence",
)  # fmt: skip


def verdicts_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Tidy table: one row a statistic and window; a verdict without statistics has one row, with an empty name."""
    import pandas as pd

    rows = []
    for verdict in verdicts:
        for test in verdict.tests or (Test(statistic="", abstained=verdict.abstained),):
            row = {name: getattr(test, name) for name in COLUMNS if hasattr(test, name)}
            row |= {
                name: getattr(verdict, name)
                for name in ("start_s", "detector", "found", "gate", "label", "sentence")
            }
            rows.append(row | {"time_s": verdict.end_s, "unsaid": verdict.abstained})
    return _typed(pd.DataFrame(rows, columns=list(COLUMNS)))


def findings_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Tidy table: one row a finding; ``until_s`` is NaN while it holds."""
    import pandas as pd

    rows = [{name: getattr(found, name) for name in FINDINGS} for found in findings]
    return _typed(pd.DataFrame(rows, columns=list(FINDINGS)))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """The same types in an empty table as in a full one."""
    numbers = (*NUMBERS, "time_s", "start_s", "first_s", "since_s", "until_s")
    kinds: dict[str, Any] = dict.fromkeys(numbers, np.float64)
    kinds |= {"family": np.int64, "windows": np.int64, "rejected": np.bool_, "found": np.bool_}
    return table.astype({name: kind for name, kind in kinds.items() if name in table})


def evidence_json(last: Mapping[str, Verdict]) -> str:
    """The last verdict of each detector with its evidence, as JSON; what is not known is null."""
    told = {
        name: {
            "start_s": verdict.start_s,
            "time_s": verdict.end_s,
            "sentence": verdict.sentence,
            "evidence": {key: _plain(np.asarray(value)) for key, value in verdict.evidence.items()},
        }
        for name, verdict in last.items()
    }
    return json.dumps(told)


def _plain(values: np.ndarray[Any, Any]) -> Any:
    """An array as nested lists of numbers with six digits, null where they are not finite."""
    if values.ndim:
        return [_plain(part) for part in values]
    number = float(values)
    return float(f"{number:.6g}") if np.isfinite(number) else None
