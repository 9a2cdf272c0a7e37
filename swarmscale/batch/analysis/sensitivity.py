"""Sensitivity of an outcome to factors: Sobol indices and Morris effects of sweeps that were designed for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays import Floats
from ...errors import ConfigError, require
from ..design import flat, unit_points
from .resampling import SEED
from .tidy import measured, require_rows

if TYPE_CHECKING:
    import pandas as pd

type Failed = Literal["drop", "refuse"]

RESAMPLES = 500
FEWEST = 2
"""Base samples or trajectories below which there is nothing to compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How much each factor matters for an outcome.

    All is over the unit cube from which the design's settings were made: a factor's choices are equally likely
    parts of its axis, a logarithmic range is uniform in its logarithm.

    Attributes:
        kind: ``sobol`` or ``morris``.
        outcome: what was measured.
        table: a row a factor. Of Sobol: ``factor``, ``first`` and ``total`` with ``_low`` and ``_high``. Of Morris:
            ``factor``, ``mu``, ``mu_star`` with ``mu_star_low`` and ``mu_star_high``, ``sigma``; in units of the
            outcome for the whole range of the factor.
        pairs: of Sobol, if the design has second order: ``factor``, ``other``, ``second`` with its ends.
        samples: base samples, or trajectories, that were used.
        dropped: those left out since a run of theirs has no value.
        note: what is to be said of it.
    """

    kind: Literal["sobol", "morris"]
    outcome: str
    table: pd.DataFrame
    pairs: pd.DataFrame
    samples: int
    dropped: int
    note: str


def sobol(
    frame: pd.DataFrame,
    outcome: str,
    design: Mapping[str, Any],
    *,
    failed: Failed = "drop",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Sensitivity:
    """First-order and total Sobol indices of a sweep by the design ``saltelli``.

    First order is the share of the outcome's variance that a factor explains alone, total the share that would be
    left if all others were known. Replications are averaged first, so that with few of them noise counts as
    interaction of all factors. Intervals are normal ones around the estimate, with the bootstrap's standard error
    over base samples; points of a Sobol sequence are more even than chance, so they are rather too wide.

    Args:
        frame: the final table of the sweep.
        outcome: one of its outcomes.
        design: the plan's design.
        failed: what becomes of a base sample of which a run has no value: ``drop`` leaves out all of its runs,
            ``refuse`` refuses the sweep.
        level: nominal coverage, in (0, 1).
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        UnknownChoiceError: if the table has no such outcome.
        ConfigError: if the design is another one, too few base samples are whole, or SALib is not installed.

    Source:
        Sobol' (2001); Saltelli et al., *Variance based sensitivity analysis of model output*, Computer Physics
        Communications 181 (2010), table 2 (b) and (f); computed by SALib.
    """
    analyze = _salib("sobol")
    keys = _factors(design, "saltelli")
    second = bool(design.get("second_order", False))
    step = 2 * len(keys) + 2 if second else len(keys) + 2
    blocks, dropped, note = _blocks(frame, outcome, unit_points(design), step, failed)
    if np.ptp(blocks) == 0:
        return _unmoved("sobol", outcome, keys, len(blocks), dropped, note)
    found = analyze(
        _cube(keys),
        blocks.reshape(-1),
        calc_second_order=second,
        num_resamples=resamples,
        conf_level=level,
        seed=max(seed, 1),  # SALib takes 0 for no seed
    )
    import pandas as pd

    table = pd.DataFrame({"factor": keys, **_ends(found, "S1", "first"), **_ends(found, "ST", "total")})
    return Sensitivity(
        kind="sobol",
        outcome=outcome,
        table=table,
        pairs=_pairs(keys, found if second else {}),
        samples=len(blocks),
        dropped=dropped,
        note=note,
    )


def morris(
    frame: pd.DataFrame,
    outcome: str,
    design: Mapping[str, Any],
    *,
    failed: Failed = "drop",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Sensitivity:
    """Elementary effects of a sweep by the design ``morris``.

    ``mu_star`` is the mean size of a factor's effect, ``mu`` the mean effect with its sign, ``sigma`` its standard
    deviation: large where the effect is curved or depends on other factors.

    Args:
        frame: the final table of the sweep.
        outcome: one of its outcomes.
        design: the plan's design.
        failed: what becomes of a trajectory of which a run has no value: see :func:`sobol`.
        level: nominal coverage, in (0, 1).
        resamples: of the bootstrap over trajectories.
        seed: of the bootstrap.

    Raises:
        UnknownChoiceError: if the table has no such outcome.
        ConfigError: if the design is another one, too few trajectories are whole, or SALib is not installed.

    Source:
        Morris, *Factorial sampling plans for preliminary computational experiments*, Technometrics 33 (1991);
        mu*: Campolongo, Cariboni & Saltelli (2007); computed by SALib.
    """
    import pandas as pd

    analyze = _salib("morris")
    keys = _factors(design, "morris")
    points = unit_points(design)
    step = len(keys) + 1
    blocks, dropped, note = _blocks(frame, outcome, points, step, failed)
    whole = points.reshape(-1, step, len(keys))[_whole(frame, outcome, points, step)]
    found = analyze(
        _cube(keys),
        whole.reshape(-1, len(keys)),
        blocks.reshape(-1),
        num_resamples=resamples,
        conf_level=level,
        num_levels=int(design.get("levels", 4)),
        seed=seed,
    )
    table = pd.DataFrame(
        {"factor": keys, "mu": np.asarray(found["mu"], np.float64), **_ends(found, "mu_star", "mu_star")}
    ).assign(sigma=np.asarray(found["sigma"], np.float64))
    return Sensitivity(
        kind="morris",
        outcome=outcome,
        table=table,
        pairs=_pairs(keys, {}),
        samples=len(blocks),
        dropped=dropped,
        note=note,
    )


def sensitivity(
    frame: pd.DataFrame, outcome: str, design: Mapping[str, Any], **options: Any
) -> Sensitivity | None:
    """Sobol indices or Morris effects, whichever the design is for; None if it is for neither.

    Args:
        frame: the final table of the sweep.
        outcome: one of its outcomes.
        design: the plan's design.
        options: see :func:`sobol` and :func:`morris`.
    """
    kind = design.get("kind")
    if kind == "saltelli":
        return sobol(frame, outcome, design, **options)
    return morris(frame, outcome, design, **options) if kind == "morris" else None


def _factors(design: Mapping[str, Any], kind: str) -> list[str]:
    require(design.get("kind") == kind, "design.kind", design.get("kind"), f"{kind!r} for these indices")
    return list(flat(design["over"]))


def _values(frame: pd.DataFrame, outcome: str, settings: int) -> Floats:
    """`[settings]` mean over finished replications, NaN where there is none."""
    require_rows(frame)
    most = int(frame["setting"].max()) + 1
    if most > settings:
        raise ConfigError(f"the table has setting {most - 1}, but the design has only {settings} settings")
    out = np.full(settings, np.nan)
    means = measured(frame, outcome).groupby("setting")[outcome].mean()
    out[means.index.to_numpy(np.int64)] = means.to_numpy(np.float64)
    return out


def _whole(frame: pd.DataFrame, outcome: str, points: Floats, step: int) -> np.ndarray[Any, Any]:
    """`[blocks]` whether every run of a block has a value."""
    return np.asarray(~np.isnan(_values(frame, outcome, len(points)).reshape(-1, step)).any(axis=1))


def _blocks(
    frame: pd.DataFrame, outcome: str, points: Floats, step: int, failed: Failed
) -> tuple[Floats, int, str]:
    """`[blocks, step]` values of whole blocks, how many were dropped, and what is to be said of that."""
    whole = _whole(frame, outcome, points, step)
    values = _values(frame, outcome, len(points)).reshape(-1, step)
    dropped = int((~whole).sum())
    if dropped and failed == "refuse":
        raise ConfigError(
            f"outcome {outcome}: {dropped} of {len(whole)} base samples have a run without a value; "
            "run them again, or let them be dropped"
        )
    if whole.sum() < FEWEST:
        raise ConfigError(
            f"outcome {outcome}: {int(whole.sum())} of {len(whole)} base samples are whole, but it takes "
            f"{FEWEST} at least"
        )
    note = (
        f"{dropped} of {len(whole)} base samples are left out, since a run of theirs has no value"
        if dropped
        else ""
    )
    return values[whole], dropped, note


def _unmoved(
    kind: Literal["sobol", "morris"], outcome: str, keys: list[str], samples: int, dropped: int, note: str
) -> Sensitivity:
    """What is said of an outcome that never changes: it has no variance to be shared out."""
    import pandas as pd

    columns = [f"{name}{end}" for name in ("first", "total") for end in ("", "_low", "_high")]
    said = "; ".join(
        text for text in (note, "all runs are alike, so there is no variance to explain") if text
    )
    table = pd.DataFrame({"factor": keys, **{name: np.full(len(keys), np.nan) for name in columns}})
    return Sensitivity(
        kind=kind, outcome=outcome, table=table, pairs=_pairs(keys, {}), samples=samples, dropped=dropped,
        note=said,
    )  # fmt: skip


def _ends(found: Mapping[str, Any], key: str, name: str) -> dict[str, Floats]:
    middle = np.asarray(found[key], np.float64)
    half = np.asarray(found[f"{key}_conf"], np.float64)
    return {name: middle, f"{name}_low": middle - half, f"{name}_high": middle + half}


def _pairs(keys: list[str], found: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "factor": keys[i],
            "other": keys[j],
            "second": float(found["S2"][i, j]),
            "second_low": float(found["S2"][i, j] - found["S2_conf"][i, j]),
            "second_high": float(found["S2"][i, j] + found["S2_conf"][i, j]),
        }
        for i, j in combinations(range(len(keys)), 2)
        if found
    ]
    return pd.DataFrame(rows, columns=["factor", "other", "second", "second_low", "second_high"])


def _cube(keys: list[str]) -> dict[str, Any]:
    return {"num_vars": len(keys), "names": list(keys), "bounds": [[0.0, 1.0]] * len(keys)}


def _salib(which: str) -> Any:
    try:
        from SALib.analyze import morris as morris_analyze
        from SALib.analyze import sobol as sobol_analyze
    except ImportError:
        raise ConfigError("sensitivity indices need SALib: pip install 'swarmscale[sweep]'") from None
    return {"sobol": sobol_analyze.analyze, "morris": morris_analyze.analyze}[which]
