"""What is typed for a factor: values with commas between them, or a range with its steps."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from ....errors import ConfigError, require

MOST_STEPS = 200
NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RANGE = re.compile(rf"\s*({NUMBER})\s+to\s+({NUMBER})(?:\s+in\s+(\d+)(?:\s+steps)?)?(\s+log)?\s*")


def values_of(text: str) -> list[Any]:
    """The values of a list: numbers, true and false, lists in brackets, and texts, with or without quotes.

    >>> values_of("hpa, quantile"), values_of("10, 2.5, true"), values_of("[0.9, 1.0], [0.5, 0.6]")
    (['hpa', 'quantile'], [10, 2.5, True], [[0.9, 1.0], [0.5, 0.6]])
    """
    try:
        whole: list[Any] = json.loads(f"[{text}]")
        return whole
    except ValueError:
        return [_value(part.strip()) for part in text.split(",") if part.strip()]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def factor_values(key: str, text: str, *, grid: bool, whole: bool = False) -> list[Any] | dict[str, Any]:
    """What a sweep file says of a factor, made from what was typed.

    Args:
        key: dotted.
        text: a list, or ``low to high``, in a grid with its number of steps: ``low to high in 5``; ``log`` behind it
            spaces it by equal ratios.
        grid: whether the design takes lists alone.
        whole: whether the setting takes whole numbers alone.

    Raises:
        ConfigError: if it is neither, or there are too many steps.

    >>> factor_values("life.start_s", "10 to 60 in 3", grid=True)
    [10, 35, 60]
    >>> factor_values("life.start_s", "1 to 100 log", grid=False)
    {'low': 1.0, 'high': 100.0, 'log': True}
    """
    name = f"design.over.{key}"
    found = RANGE.fullmatch(text)
    if found is None:
        return values_of(text)
    low, high = (float(found[i].replace("_", "")) for i in (1, 2))
    if not grid:
        flags = {"log": True} if found[4] else {}
        return {"low": low, "high": high} | flags | ({"whole": True} if whole else {})
    if found[3] is None:
        raise ConfigError(
            f"{name} = {text.strip()!r}, but in a grid it must say its steps: {text.strip()} in 5"
        )
    steps = int(found[3])
    require(2 <= steps <= MOST_STEPS, name, repr(text.strip()), f"in 2 to {MOST_STEPS} steps")
    if found[4]:
        require(
            0 < low < high, name, repr(text.strip()), "above 0, the smaller one first, to be spaced by ratios"
        )
        spaced = np.geomspace(low, high, steps)
    else:
        spaced = np.linspace(low, high, steps)
    return list(dict.fromkeys(_short(round(v) if whole else v) for v in spaced.tolist()))


def _short(value: float) -> float | int:
    """A number without the last digits of its arithmetic; whole where it is.

    >>> _short(0.1 + 0.2), _short(35.0)
    (0.3, 35)
    """
    near = float(f"{value:.12g}")
    return int(near) if near.is_integer() and abs(near) < 1e15 else near
