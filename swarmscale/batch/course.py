"""A race's courses: traces made ready once, with forecasts and bounds, in a folder that a second call goes on with."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import require
from ..model.files import write_whole
from ..model.flow.traces import Requests, Trace, load
from ..model.forecasting import FORECASTERS, ConformalInterval
from ..model.forecasting.base import Forecaster
from ..model.scaling.base import ScalingPolicy
from ..model.scaling.fluid import run_fluid
from ..model.scaling.fluid_score import oracle_cost, score
from ..model.scaling.foretold import Foretold
from ..model.scaling.load import FluidFleet, Load
from ..model.scaling.relaxed import relaxed_costs

PACKAGE = Path(__file__).parent.parent
REQUEST_BIN_S = 10.0
FAST = ("batch/course.py", "model/scaling", "model/forecasting")
"""Sources that a run in the fast fidelity depends on."""


def default_forecaster() -> Forecaster[Any]:
    """The one that scaling uses by default."""
    return FORECASTERS.make("ensemble")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for everybody in a race.

    Attributes:
        fleet: the fluid fleet.
        forecaster: whose forecasts all policies see.
        level: of the upper forecast quantiles, in (0, 1).
        violations: shares of work at which costs are compared, each in (0, 1).
        warm_up: share of a trace at its beginning that is not judged.
        fit: share of a trace at which the part for choosing knobs ends and the part for scoring begins.
        seed: of arrivals drawn at random; the same for all.
    """

    fleet: FluidFleet = field(default_factory=FluidFleet)
    forecaster: Forecaster[Any] = field(default_factory=default_forecaster)
    level: float = 0.95
    violations: tuple[float, ...] = (0.001, 0.003, 0.01)
    warm_up: float = 0.1
    fit: float = 0.6
    seed: int = 7

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "level", self.level, "in (0, 1)")
        fits = len(self.violations) > 0 and all(0 < v < 1 for v in self.violations)
        require(fits, "violations", self.violations, "one or more shares in (0, 1)")
        order = 0 <= self.warm_up < self.fit < 1
        require(order, "warm_up, fit", (self.warm_up, self.fit), "0 <= warm_up < fit < 1")

    def parts(self, load: Load) -> dict[str, slice]:
        """The steps for choosing knobs (``fit``) and those for scoring (``score``)."""
        return {"fit": load.window(self.warm_up, self.fit), "score": load.window(self.fit, 1.0)}


def course_trace(source: str | Path | Trace) -> Trace:
    """A trace from a shipped name, a file, or as it is; single requests are counted in bins of 10 s.

    Raises:
        UnknownChoiceError: if it is neither a shipped name nor a file.
        ConfigError: if the file cannot be used.
    """
    if isinstance(source, Trace):
        return source
    loaded = load(source)
    return loaded.binned(REQUEST_BIN_S) if isinstance(loaded, Requests) else loaded


def trace_key(trace: Trace, rules: Rules) -> str:
    """Names a course: another trace, rule, version or source gives another name."""
    from .. import __version__

    demand = hashlib.blake2b(np.ascontiguousarray(trace.demand).tobytes()).hexdigest()
    shared = replace(rules, violations=(0.5,))  # runs do not depend on where costs are compared
    return digest(__version__, source_digest(FAST), trace.name, trace.step_s, demand, shared)


def bounds_key(course: str, rules: Rules) -> str:
    """Names the relaxed bounds of a course."""
    return digest(course, rules.violations)


def cell_key(course: str, policy: ScalingPolicy[Any]) -> str:
    """Names a policy's run on a course."""
    cls = type(policy)
    return digest(course, cls.__module__, repr(policy), _source_of(cls))


def prepare(trace: Trace, rules: Rules, path: Path) -> None:
    """Write a course: demand, need and forecasts."""
    interval = ConformalInterval(levels=(rules.level,))
    made = Load.of(trace, rules.fleet, rules.forecaster, interval, rules.seed)
    for name, part in rules.parts(made).items():
        enough = part.stop - part.start >= 2
        require(enough, f"trace {trace.name}", f"{len(made)} steps", f"long enough for a part to {name}")
    columns = {"demand": made.demand, "need": made.need, **_columns(made.foretold)}

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, bin_steps=made.bin_steps, name=made.name, **columns)

    write_whole(path, write)


def opened(path: Path) -> Load:
    """A course from its file."""
    with np.load(path, allow_pickle=False) as held:
        told = Foretold(**{name: held[name] for name in ("forecast", "upper", "upper_later")})
        return Load(
            name=str(held["name"]),
            demand=held["demand"],
            need=held["need"],
            bin_steps=int(held["bin_steps"]),
            foretold=told,
        )


def write_bounds(course: Path, rules: Rules, path: Path) -> None:
    """Write the relaxed bounds over the scored part, one for each share, relative to the oracle."""
    made, fleet = opened(course), rules.fleet
    part = rules.parts(made)["score"]
    costs = relaxed_costs(
        made.need[part],
        made.demand[part],
        rules.violations,
        dt_s=fleet.dt_s,
        startup_s=fleet.startup_s,
        prices=fleet.prices,
        activation_s=fleet.activation_s if fleet.warm_agents else None,
    )
    relative = costs / oracle_cost(made, part, fleet)
    write_json(path, dict(zip(map(str, rules.violations), relative.tolist(), strict=True)))


def write_cell(course: Path, rules: Rules, policy: ScalingPolicy[Any], path: Path) -> None:
    """Run a policy on a course and write its figures for both parts."""
    made = opened(course)
    run = run_fluid(policy, made, rules.fleet)
    figures = {
        name: asdict(score(run, part, oracle_cost(made, part, rules.fleet)))
        for name, part in rules.parts(made).items()
    }
    write_json(path, {**figures, "triggers": run.triggers})


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file of the store, whole or not at all."""
    write_whole(path, lambda part: part.write_text(json.dumps(value), encoding="utf-8"))


def read_json(path: Path) -> dict[str, Any] | None:
    """A file of the store; None if there is none or it is no use."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value


def _columns(told: Foretold) -> dict[str, Any]:
    return {"forecast": told.forecast, "upper": told.upper, "upper_later": told.upper_later}


def digest(*parts: object) -> str:
    """A short name for whatever the parts say of themselves."""
    text = "\n".join(map(repr, parts))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@functools.cache
def source_digest(parts: tuple[str, ...]) -> str:
    """Digest of the sources that a result may depend on: files of the package and whole folders of it."""
    sources = hashlib.blake2b(digest_size=12)
    for part in parts:
        path = PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            sources.update(file.read_bytes())
    return sources.hexdigest()


def _source_of(cls: type) -> str:
    """The source of a user's policy, so that one that was changed runs again."""
    if cls.__module__.startswith(__name__.split(".")[0] + "."):
        return ""
    try:
        return Path(inspect.getfile(cls)).read_text(encoding="utf-8")
    except (OSError, TypeError):
        return ""
