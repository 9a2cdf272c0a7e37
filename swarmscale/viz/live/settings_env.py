"""What the command line tells the page: settings that go from process to script as environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from ...errors import ConfigError, require

PREFIX = "SWARMSCALE_APP_"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """Settings of the page, of which :meth:`environment` and :meth:`read` are each other's reverse.

    Attributes:
        preset: with what a session begins: a preset's name or the path of a TOML file.
        max_agents: largest fleet that a session may ask for, 1 or more.
        max_sessions: most sessions at once, 1 or more.
        runs: folder of saved runs that may be opened; nothing outside of it can.
        experiments: folder of sweeps, tunings and races that are shown, and where sweeps begin.
        sweeps: whether a session may begin and stop sweeps, which are processes of their own; ``swarmscale app``
            says so, for its page is on this machine alone or behind a token. Whoever serves the script in another
            way does not.
        metrics_port: port of this machine at which the sessions' metrics are served; -1 for none.

    >>> AppSettings.read(AppSettings(preset="tiny").environment()).preset
    'tiny'
    """

    preset: str = "flash-crowd"
    max_agents: int = 100_000
    max_sessions: int = 8
    runs: str = "out"
    experiments: str = "out"
    sweeps: bool = False
    metrics_port: int = -1

    def __post_init__(self) -> None:
        require(
            bool(self.preset.strip()), option("preset"), repr(self.preset), "a preset's name or a TOML file"
        )
        require(self.max_agents >= 1, option("max_agents"), self.max_agents, "1 or more")
        require(self.max_sessions >= 1, option("max_sessions"), self.max_sessions, "1 or more")
        fits = -1 <= self.metrics_port <= 65_535
        require(fits, option("metrics_port"), self.metrics_port, "0 to 65535; -1 stands for none")

    def environment(self) -> dict[str, str]:
        """The settings as environment variables."""
        return {PREFIX + f.name.upper(): str(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> AppSettings:
        """The settings that an environment holds, and the defaults of those that it lacks.

        Raises:
            ConfigError: if one of them is not what it must be.
        """
        given: dict[str, str | int | bool] = {}
        for f in fields(cls):
            name = PREFIX + f.name.upper()
            text = environment.get(name)
            if text is not None:
                given[f.name] = _READ[type(f.default)](name, text)
        return cls(**given)  # type: ignore[arg-type]


def option(name: str) -> str:
    """A setting's name on the command line.

    >>> option("max_agents")
    '--max-agents'
    """
    return "--" + name.replace("_", "-")


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{name} = {text!r}, but it must be a whole number") from None


def _flag(name: str, text: str) -> bool:
    if text not in ("True", "False"):
        raise ConfigError(f"{name} = {text!r}, but it must be True or False")
    return text == "True"


_READ = {str: lambda name, text: text, int: _whole, bool: _flag}
