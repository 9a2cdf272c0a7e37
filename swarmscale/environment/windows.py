"""Episodes: which stretch of demand is served, and from which seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, UnknownChoiceError, require
from ..model.config import Config, whole
from ..model.flow.sources import TracedRate
from ..model.flow.traces import load_trace

type Source = str | Path | Mapping[str, Any] | Config

WATCHERS = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
"""What an environment switches off unless it is asked for: none of it changes what a scaling policy sees."""
DAY = {
    "demand.source": "trace",
    "demand.source.trace": "ms-app1",
    "demand.source.speedup": 12.0,
    "fleet.max_agents": 1000,
}
"""What the default episode changes in the preset ``tiny``: six hours of a real service, in half an hour."""
DAY_S = 1800.0
WINDOWS = ("fixed", "random")


def episode_config(
    config: Source | None, changes: Mapping[str, Any] | None, seconds: float | None, own: Mapping[str, Any]
) -> Config:
    """The settings of an episode.

    Args:
        config: a preset's name, a file, a dict or a config; the default episode if None.
        changes: dotted keys.
        seconds: length; that of the config if None.
        own: what the environment decides itself, which must not be among the changes.

    Raises:
        ConfigError: if a setting cannot be used.
    """
    given = dict(changes or {})
    for key in given:
        if key.split(".")[0] in own:
            raise ConfigError(
                f"changes: {key} = {given[key]!r}, but it must be left out: who acts decides that"
            )
    made = Config.load("tiny" if config is None else config)
    if config is None:
        seconds = DAY_S if seconds is None else seconds
        given = DAY | given
    length = {} if seconds is None else {"seconds": seconds}
    made = made.changed(WATCHERS | given | length | dict(own))
    period = made.scaler.period_s
    rule = f"two periods of {period:g} s or more, and a whole number of them"
    require(made.seconds >= 2 * period and whole(made.seconds / period), "seconds", f"{made.seconds:g}", rule)
    return made


def check_window(window: str, config: Config) -> str:
    """How windows are chosen.

    Raises:
        ConfigError: if there is no such way, or the demand is no trace to choose from.
    """
    if window not in WINDOWS:
        raise UnknownChoiceError("way to choose a window", window, WINDOWS)
    if window == "random":
        source = config.demand.source
        if not isinstance(source, TracedRate):
            raise ConfigError("window = random, but it must be fixed: demand.source is no trace")
        spare = load_trace(source.trace).seconds - config.seconds * source.speedup
        rule = f"at most {load_trace(source.trace).seconds / source.speedup:g}, what is played of the trace"
        require(spare >= 0, "seconds", f"{config.seconds:g}", rule)
    return window


def windowed(config: Config, window: str, rng: np.random.Generator, start_s: float | None) -> Config:
    """The settings with the window of an episode: drawn, or from a time of the trace on if that is given, in s."""
    source = config.demand.source
    if start_s is None and window == "fixed":
        return config
    if not isinstance(source, TracedRate):
        raise ConfigError("options: start_s needs demand from a trace (demand.source = trace)")
    played = config.seconds * source.speedup
    if start_s is None:
        trace = load_trace(source.trace)
        starts = int((trace.seconds - played) / trace.step_s + 1e-9) + 1
        start_s = float(rng.integers(starts)) * trace.step_s
    return config.changed({"demand.source.start_s": start_s, "demand.source.length_s": played})


def read_options(options: Mapping[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """Options of a reset; ``rng`` is a whole number, 0 or more.

    Raises:
        UnknownChoiceError: if one is not known.
        ConfigError: if the seed is none.
    """
    given = dict(options or {})
    for name in given:
        if name not in known:
            raise UnknownChoiceError("option of a reset", name, known)
    seed = given.get("rng")
    fits = seed is None or (isinstance(seed, int | np.integer) and int(seed) >= 0)
    require(fits, "options: rng", repr(seed), "a whole number, 0 or more")
    return given
