"""The norm: what 1,000 groups scored, frozen, so that a collective IQ means the same in every run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ... import rng as streams
from ...agents.cognition import FUNCTIONS
from ...arrays import Floats
from ...errors import ConfigError
from ..files import write_whole
from .battery import BATTERY_VERSION, battery_tasks
from .factor import factor_of, partial_correlations, validity
from .norm_groups import LARGEST, SEED, SMALLEST

FORMAT = 1
SHIPPED = Path(__file__).parent / "data" / "norm-1.json"
F = len(FUNCTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """What scores are held against.

    Attributes:
        version: version of the battery that it was made with.
        digest: digest of all that follows; says which norm an IQ is of.
        groups: groups in it.
        curve: `[3, F]` each score as a quadratic function of ln N (continuous norming: Zachary & Gorsuch 1985).
        spread: `[F]` standard deviation about that curve.
        mean: `[F]` of the scores themselves.
        deviation: `[F]` of the scores themselves.
        center: mean of the composite of the z-scores, by size and absolute: `[2]`.
        scale: standard deviation of it: `[2]`.
        retest: correlation of the composite of two runs of each group.
        task_retest: `[F]` the same of each task.
        ranks: `[101]` percentiles of the size-normed composite.
        correlations: `[F, F]` of the size-normed scores.
        factor: facts of the common factor, as plain numbers and lists.
        separate: the same over the seven tasks that do not share the pooling code.
        validity: how the composite foretells a task left out, beside members' skill.
    """

    version: int
    digest: str
    groups: int
    curve: Floats
    spread: Floats
    mean: Floats
    deviation: Floats
    center: Floats
    scale: Floats
    retest: float
    task_retest: Floats
    ranks: Floats
    correlations: Floats
    factor: dict[str, Any]
    separate: dict[str, Any]
    validity: dict[str, float]

    @property
    def sem(self) -> float:
        """Standard error of measurement of one group's IQ, in IQ points: 15 sqrt(1 - retest)."""
        return 15.0 * float(np.sqrt(max(1.0 - self.retest, 0.0)))

    @property
    def edges(self) -> Floats:
        """`[F, F]` partial correlation of each pair of functions given the other ten."""
        return partial_correlations(self.correlations)

    def z(self, score: Floats, agents: int) -> Floats:
        """`[F]` scores in standard deviations from groups of the same size."""
        x = np.log(agents)
        return np.asarray((score - np.array([1.0, x, x * x]) @ self.curve) / self.spread, np.float64)

    def z_absolute(self, score: Floats) -> Floats:
        """`[F]` scores in standard deviations from all groups."""
        return np.asarray((score - self.mean) / self.deviation, np.float64)

    def second(self, z: Floats) -> float:
        """Score on the second component, in standard deviations over the norm."""
        loadings = np.array(self.factor["second_loadings"])
        size = np.sqrt(loadings @ self.correlations @ loadings)
        return float(z @ loadings / size)

    def write(self, path: Path) -> None:
        """Write the norm as JSON, whole or not at all."""
        text = json.dumps(self.tree(), indent=1)
        write_whole(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))

    def tree(self) -> dict[str, Any]:
        """The norm as plain values."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "digest"}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}
        return {"format": FORMAT, "digest": self.digest, "functions": list(FUNCTIONS)} | plain


def norm_of(rows: Floats) -> Norm:
    """The norm that measured groups make.

    Args:
        rows: `[groups, 31]` one row a group, see :func:`.norm_groups.measured`.
    """
    rng = streams.generator(SEED, "norm.null")
    score, again = rows[:, 2 : 2 + F], rows[:, 2 + F : 2 + 2 * F]
    x = np.log(rows[:, 1])
    design = np.column_stack([np.ones(len(x)), x, x * x])
    curve = np.linalg.lstsq(design, score, rcond=None)[0]
    spread = (score - design @ curve).std(axis=0, ddof=3)
    z, z_again = (score - design @ curve) / spread, (again - design @ curve) / spread
    mean, deviation = score.mean(axis=0), score.std(axis=0, ddof=1)
    composite, absolute = z.mean(axis=1), ((score - mean) / deviation).mean(axis=1)
    pools = np.array([task.pools for task in battery_tasks()])
    facts: dict[str, Any] = {
        "version": BATTERY_VERSION,
        "groups": len(rows),
        "curve": curve,
        "spread": spread,
        "mean": mean,
        "deviation": deviation,
        "center": np.array([composite.mean(), absolute.mean()]),
        "scale": np.array([composite.std(ddof=1), absolute.std(ddof=1)]),
        "retest": float(np.corrcoef(composite, z_again.mean(axis=1))[0, 1]),
        "task_retest": np.array([np.corrcoef(z[:, f], z_again[:, f])[0, 1] for f in range(F)]),
        "ranks": np.quantile(composite, np.linspace(0, 1, 101)),
        "correlations": np.asarray(np.corrcoef(z.T), np.float64),
        "factor": _plain(factor_of(z, rng)),
        "separate": _plain(factor_of(z[:, ~pools], rng)),
        "validity": _plain(validity(z, rows[:, 2 + 2 * F], rows[:, 3 + 2 * F])),
    }
    return Norm(digest=_digest(facts), **facts)


def read_norm(path: Path) -> Norm:
    """The norm in a file.

    Raises:
        ConfigError: if it cannot be read, was changed, or belongs to another version of the battery.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        facts = {k: v for k, v in tree.items() if k not in ("format", "digest", "functions")}
        arrays = (
            "curve",
            "spread",
            "mean",
            "deviation",
            "center",
            "scale",
            "task_retest",
            "ranks",
            "correlations",
        )
        facts |= {name: np.array(facts[name], np.float64) for name in arrays}
        version, digest = int(facts["version"]), str(tree["digest"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"no {error}" if isinstance(error, KeyError) else getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: is no norm of swarmscale: {why}") from None
    if tree.get("format") != FORMAT or version != BATTERY_VERSION:
        raise ConfigError(
            f"{path}: is a norm of version {version} of the battery, but this is version {BATTERY_VERSION}; "
            "make one anew with `swarmscale iq --norm`"
        )
    if digest != _digest(facts):
        raise ConfigError(f"{path}: does not match its digest; the file was changed")
    return Norm(digest=digest, **facts)


@cache
def shipped_norm() -> Norm:
    """The norm that comes with this package."""
    return read_norm(SHIPPED)


def fits(agents: int) -> bool:
    """Whether a group is of a size that the norm holds."""
    return SMALLEST <= agents <= LARGEST


def _plain(facts: Any) -> dict[str, Any]:
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in facts._asdict().items()}


def _digest(facts: dict[str, Any]) -> str:
    plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in facts.items()}
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()
