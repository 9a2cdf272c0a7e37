"""Support of the tests of analysis: final tables of sweeps that were never run, with a known truth."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

SHARED, OWN = 1.0, 0.3
"""Noise that all runs of a replication share, and that of each run, in standard deviations."""


def table(
    settings: Sequence[Mapping[str, Any]],
    value: Callable[[Mapping[str, Any]], float],
    replications: int = 1,
    *,
    noise: float = 0.0,
    seed: int = 1,
    **outcomes: Callable[[Mapping[str, Any]], float],
) -> pd.DataFrame:
    """A final table whose outcome ``y`` is a function of the setting, plus noise that replications share."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, SHARED, replications)
    keys = list(dict.fromkeys(key for setting in settings for key in setting))
    rows = [
        {
            "setting": s,
            "replication": r,
            "seed": 7 + r,
            "status": "done",
            "error": "",
            **{f"set.{key}": setting.get(key) for key in keys},
            "y": value(setting) + noise * (shared[r] + OWN * rng.normal()),
            **{name: other(setting) + noise * rng.normal() for name, other in outcomes.items()},
        }
        for s, setting in enumerate(settings)
        for r in range(replications)
    ]
    return pd.DataFrame(rows)


def grid(**levels: Sequence[Any]) -> list[dict[str, Any]]:
    """Each combination of levels; ``__`` in a name is the dot of a key."""
    from itertools import product

    keys = [name.replace("__", ".") for name in levels]
    return [dict(zip(keys, values, strict=True)) for values in product(*levels.values())]


def failed(frame: pd.DataFrame, *runs: tuple[int, int], outcomes: Sequence[str] = ("y",)) -> pd.DataFrame:
    """The table with some runs (setting, replication) failed."""
    out = frame.copy()
    for setting, replication in runs:
        here = (out["setting"] == setting) & (out["replication"] == replication)
        out.loc[here, "status"] = "failed"
        out.loc[here, "error"] = "ValueError: planted"
        out.loc[here, list(outcomes)] = np.nan
    return out
