"""How the headline figures depend on what is assumed, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..batch.scorecard.sensitivity import SCENES, Moved, Sensitivity
from ..model.metrics import METRICS
from .theme import number

LEAST = 0.05
"""Values that move no figure by more, relative to what it is, are named without their figures."""
OTHERS = {"scaling_efficiency": ("scaling efficiency", "share")}


def sensitivity_markdown(found: Sensitivity) -> str:
    """The whole result: for each scenario the values that matter most first, and those that do not matter."""
    seeds = f"seeds {', '.join(map(str, found.seeds))}" if len(found.seeds) > 1 else f"seed {found.seeds[0]}"
    reduced = "Reduced form: small fleets and short runs. " if found.size == "quick" else ""
    options = "".join(f" --only {name}" for name in found.asked)
    options += f" --seeds {len(found.seeds)}" if len(found.seeds) > 1 else ""
    options += " --quick" if reduced else ""
    lines = [
        "# What the headline figures depend on",
        "",
        f"Printed by `swarmscale scorecard --sensitivity{options}`, which took {found.seconds / 60:.1f} minutes "
        f"({seeds}). {reduced}Each value that is assumed (source in [parameters.md](parameters.md)) at half and at "
        "double, all else the same, against the same demand. What moves most stands first.",
    ]
    for name, base in found.base.items():
        lines += ["", f"## {name}", "", *_scene(name, base, found.spread[name], found.moved[name])]
    return "\n".join(lines) + "\n"


def _scene(
    name: str, base: Mapping[str, float], spread: Mapping[str, float], moved: Sequence[Moved]
) -> list[str]:
    figures = SCENES[name].figures
    lines = [
        f"`{SCENES[name].command}`.",
        "",
        f"| setting | value | {' | '.join(_titled(key)[0] for key in figures)} |",
        "|---|---|" + "---|" * len(figures),
        f"| as assumed | | {' | '.join(_cell(base[key], key) for key in figures)} |",
    ]
    if not all(math.isnan(x) for x in spread.values()):
        lines.append(f"| standard deviation | | {' | '.join(_cell(spread[key], key) for key in figures)} |")
    ran = [one for one in moved if one.figures]
    shown = sorted((one for one in ran if matters(one, base)), key=lambda one: -_order(one))
    lines += [
        f"| `{one.key}` x{one.factor:g} | {_value(one.value)} "
        f"| {' | '.join(_cell(one.figures[key], key) for key in figures)} |"
        for one in shown
    ]
    still = [one for one in ran if not matters(one, base)]
    if still:
        told = ", ".join(f"`{one.key}` x{one.factor:g}" for one in still)
        lines += ["", f"Moves no figure by more than {100 * LEAST:g} % of it: {told}."]
    refused = [one for one in moved if one.refused]
    if refused:
        told = "; ".join(f"`{one.key}` x{one.factor:g} ({_short(one.refused)})" for one in refused)
        lines += ["", f"Not run: {told}."]
    return lines


def matters(one: Moved, base: Mapping[str, float]) -> bool:
    """Whether a value moves a figure, or makes one that is 0 something."""
    new = any(figure and not base[key] for key, figure in one.figures.items())
    return new or (not math.isnan(one.effect) and one.effect > LEAST)


def _order(one: Moved) -> float:
    return math.inf if math.isnan(one.effect) else one.effect


def _titled(key: str) -> tuple[str, str]:
    """Title and unit of a figure."""
    for metric in METRICS:
        if metric.key == key:
            return metric.title, metric.unit
    return OTHERS[key]


def _cell(value: float, key: str) -> str:
    return number(value, _titled(key)[1])


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
