"""How the headline figures depend on what is assumed: each assumed value at half and at double, all else the same."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import ConfigError, UnknownChoiceError, require
from ...model.config import Config
from ...model.parameters import SOURCES, parameters, value_at
from ..course import read_json, write_json
from ..race import store_folder
from ..workers import Job, workers
from .measuring import attempt, figures_of, is_whole, kept_in
from .run import ROOT
from .size import FULL, Size
from .studies.base import Draw, Figures, Study
from .studies.service import MARKET_PER_S, served

FACTORS = (0.5, 2.0)
"""Half and double (the design asks for both)."""
SERVICE = (
    "coordination_efficiency", "resource_efficiency", "utilization", "network_mean_ms", "response_p99_s", "late_share",
    "error_rate", "delivery_hops",
)  # fmt: skip
SIZED = ("resource_efficiency", "utilization", "scaling_efficiency", "late_share", "error_rate")
"""Headline figures of a fleet as it stands, and of one that is sized by forecasts."""
FLEET = ("fleet.", "demand.", "ingress.", "dispatch.", "network.", "cluster.")
SIZING = ("life.", "scaler.")
UNASSUMED = ("demand.bin_s", "scaler.bin_s", "scaler.period_s", "scaler.min_agents")
"""Steps of the simulation, and what is no property of a fleet."""
CLASSES = "demand.classes"
OF_CLASSES = tuple(f"{CLASSES}.{name}" for name in ("deadline_s", "work_s", "cv"))
"""What all classes of tasks have, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scenario whose assumed values are halved and doubled.

    Attributes:
        name: of the scenario.
        preset: what runs.
        changes: dotted keys beside it.
        seconds: of a run, s; as the preset has it if None.
        sections: settings under these prefixes are in question.
        figures: the headline figures.
    """

    name: str
    preset: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    sections: tuple[str, ...]
    figures: tuple[str, ...]

    def config(self) -> Config:
        """The scenario as it is assumed."""
        return Config.load(self.preset).changed(dict(self.changes))

    @property
    def command(self) -> str:
        """What runs it."""
        words = ["swarmscale run", self.preset]
        words += [] if self.seconds is None else [f"--seconds {self.seconds:g}"]
        return " ".join([*words, *(f"--set {key}={value}" for key, value in self.changes.items())])

    def study(self, tag: str = "as-assumed", change: Mapping[str, Any] | None = None) -> Study:
        """The study of the scenario, with a change if there is one."""
        return Study(
            name=f"{self.name}-{tag}",
            scenario=self.command,
            measure=partial(
                served, preset=self.preset, changes={**self.changes, **(change or {})}, seconds=self.seconds
            ),
        )


SCENES = {
    scene.name: scene
    for scene in (
        Scene(name="llm-fleet", preset="llm-fleet", seconds=600.0, sections=FLEET, figures=SERVICE),
        Scene(
            name="llm-fleet-scaled",
            preset="llm-fleet",
            changes={"scaling": "quantile"},
            sections=SIZING,
            figures=SIZED,
        ),
        Scene(
            name="flash-crowd",
            preset="flash-crowd",
            changes={"scaling": "quantile"},
            sections=SIZING,
            figures=SIZED,
        ),
        Scene(
            name="market-day",
            preset="market-day",
            changes={"demand.mean_rate_per_s": MARKET_PER_S},
            seconds=120.0,
            sections=FLEET,
            figures=SERVICE,
        ),
    )
}
"""By name; rates of faults are halved and doubled by ``swarmscale chaos --sensitivity``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a value does to the headline figures.

    Attributes:
        key: the setting.
        factor: its value over the assumed one.
        value: its value.
        figures: mean over the seeds; empty if it was refused.
        effect: relative change of the figure that changes most; those that are 0 as assumed have none.
        refused: why there is no such fleet, or what went wrong.
    """

    key: str
    factor: float
    value: Any
    figures: Mapping[str, float]
    effect: float
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Headline figures at half and at double of each assumed value.

    Attributes:
        size: ``full`` or ``quick``.
        asked: scenarios and settings that were asked for; none for all.
        seeds: root seeds; each value meets the same demand.
        base: by scenario, figures as assumed.
        spread: by scenario, the standard deviation of each over the seeds; NaN with one.
        moved: by scenario, in the order of the settings, half before double.
        seconds: how long it took, s.
    """

    size: str
    asked: tuple[str, ...]
    seeds: tuple[int, ...]
    base: Mapping[str, Mapping[str, float]]
    spread: Mapping[str, Mapping[str, float]]
    moved: Mapping[str, tuple[Moved, ...]]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; NaN becomes None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def sensitivity(
    *,
    seeds: int = 1,
    rng: int = ROOT,
    size: Size = FULL,
    scenes: Sequence[str] = (),
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    processes: int = 1,
    progress: bool = False,
) -> Sensitivity:
    """Run scenarios with each assumed value halved and doubled, against the same demand.

    A value that no fleet can have, such as twice a share of .9, is told with the reason and not run.

    Args:
        seeds: root seeds from ``rng`` on.
        rng: the first root seed.
        size: ``FULL``, or ``QUICK`` for a first look.
        scenes: names in ``SCENES``; all if empty.
        settings: dotted keys or prefixes of them; all that are assumed if empty.
        out: folder of the store; None keeps nothing.
        processes: worker processes.
        progress: show a progress bar.

    Raises:
        UnknownChoiceError: if a scenario is not known, or a setting is none that is assumed.
        ConfigError: if there is no seed, a scenario fails as it is assumed, or the folder cannot be written.
    """
    require(seeds >= 1, "seeds", seeds, "1 or more")
    require(processes >= 1, "processes", processes, "1 or more")
    begun = time.perf_counter()
    for name in scenes:
        if name not in SCENES:
            raise UnknownChoiceError("scenario", name, list(SCENES))
    _known(settings)
    roots = tuple(range(rng, rng + seeds))
    asked = {name: scene for name, scene in SCENES.items() if not scenes or name in scenes}
    cases = {name: list(cases_of(scene, settings)) for name, scene in asked.items()}
    with store_folder(out) as store:
        whole = {name: scene.study() for name, scene in asked.items() if cases[name]}
        studies = [
            *whole.values(),
            *(case.study for told in cases.values() for case in told if case.study is not None),
        ]
        paths = {(id(study), root): kept_in(store, study, size, root) for study in studies for root in roots}
        jobs: list[Job] = [
            (_measure, (study, size, root, paths[id(study), root]))
            for study in studies
            for root in roots
            if not is_whole(paths[id(study), root])
        ]
        with workers(min(processes, max(len(jobs), 1)), None, progress) as run:
            run(jobs, "sensitivity")
        held = {id(study): [read_json(paths[id(study), root]) or {} for root in roots] for study in studies}
    base, spread, moved = {}, {}, {}
    for name, scene in asked.items():
        if not cases[name]:
            continue
        draws = [figures_of(one) for one in held[id(whole[name])] if "figures" in one]
        require(bool(draws), "scenario", name, "able to run as it is assumed")
        base[name] = {key: _mean(draws, key) for key in scene.figures}
        spread[name] = {key: _spread(draws, key) for key in scene.figures}
        moved[name] = tuple(_moved(case, scene, base[name], held) for case in cases[name])
    return Sensitivity(
        size=size.name,
        asked=(*scenes, *settings),
        seeds=roots,
        base=base,
        spread=spread,
        moved=moved,
        seconds=time.perf_counter() - begun,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One value of one setting: the study of it, or why there is none."""

    key: str
    factor: float
    value: Any
    study: Study | None
    refused: str = ""


def cases_of(scene: Scene, settings: Sequence[str] = ()) -> Iterator[Case]:
    """Each assumed value of a scenario at half and at double."""
    config = scene.config()
    tree = config.model_dump(mode="python")
    keys = [key for key, _, _ in parameters() if _in_question(key, scene.sections)]
    for key in [*keys, *(OF_CLASSES if "demand." in scene.sections else ())]:
        if settings and not any(key == one or key.startswith(f"{one}.") for one in settings):
            continue
        door, last = (CLASSES, key.rpartition(".")[2]) if key in OF_CLASSES else (key, "")
        before = value_at(tree, door)
        for factor in FACTORS:
            if last:
                value = tuple(one | {last: one[last] * factor} for one in before)
                told: Any = tuple(one[last] for one in value)
            else:
                value = told = times(before, factor)
            if value is None or value == before:
                continue
            try:
                config.changed({door: value})
            except ConfigError as error:
                yield Case(key=key, factor=factor, value=told, study=None, refused=str(error))
                continue
            study = scene.study(f"{key}-x{factor:g}", {door: value})
            yield Case(key=key, factor=factor, value=told, study=study)


def _known(settings: Sequence[str]) -> None:
    """Refuse what is no assumed setting, and no section of them."""
    prefixes = tuple(dict.fromkeys(part for scene in SCENES.values() for part in scene.sections))
    keys = [*(key for key, _, _ in parameters() if _in_question(key, prefixes)), *OF_CLASSES]
    parts = [".".join(key.split(".")[:n]) for key in keys for n in range(1, key.count(".") + 2)]
    for name in settings:
        if name not in parts:
            raise UnknownChoiceError("scenario or assumed setting", name, [*SCENES, *dict.fromkeys(parts)])


def times(value: Any, factor: float) -> Any:
    """A value times a factor, as what it was: whole numbers stay whole and above 0; None where that means nothing.

    >>> times(3, 0.5), times((1.0, 20.0), 2.0), times(True, 2.0), times(0.0, 2.0)
    (2, (2.0, 40.0), None, 0.0)
    """
    if isinstance(value, bool) or value is None or isinstance(value, str | dict):
        return None
    if isinstance(value, int):
        return max(round(value * factor), 1) if value else 0
    if isinstance(value, float):
        return value * factor
    parts = [times(one, factor) for one in value]
    return None if None in parts else tuple(parts)


def _in_question(key: str, sections: Sequence[str]) -> bool:
    """Whether a setting is assumed and belongs to what is asked; relative weights have no double."""
    assumed = SOURCES.get(key, "assumed").startswith("assumed") and key not in UNASSUMED
    return assumed and key.startswith(tuple(sections)) and key not in ("fleet.type_shares", CLASSES)


def _moved(
    case: Case, scene: Scene, base: Mapping[str, float], held: Mapping[int, Sequence[Mapping[str, Any]]]
) -> Moved:
    told = [] if case.study is None else held[id(case.study)]
    draws = [figures_of(one) for one in told if "figures" in one]
    figures = {key: _mean(draws, key) for key in scene.figures} if draws else {}
    errors = [one.get("error", "nothing was written") for one in told if "figures" not in one]
    changes = [abs(figures[key] - base[key]) / abs(base[key]) for key in figures if base[key]]
    return Moved(
        key=case.key,
        factor=case.factor,
        value=case.value,
        figures=figures,
        effect=max((c for c in changes if not math.isnan(c)), default=math.nan),
        refused=case.refused or "; ".join(errors),
    )


def _measure(study: Study, size: Size, draw: Draw, path: Path) -> None:
    write_json(path, attempt(study, size, draw))


def _mean(draws: Sequence[Figures], key: str) -> float:
    values = [draw.get(key, math.nan) for draw in draws]
    return math.fsum(values) / len(values)


def _spread(draws: Sequence[Figures], key: str) -> float:
    if len(draws) < 2:
        return math.nan
    middle = _mean(draws, key)
    return math.sqrt(math.fsum((draw.get(key, math.nan) - middle) ** 2 for draw in draws) / (len(draws) - 1))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
