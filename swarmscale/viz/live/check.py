"""Is this installation fit for the live page? Versions, files and the port, without starting anything."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ...errors import ConfigError, require
from .assets import assets_folder, missing_assets

INSTALL = "pip install 'swarmscale[viz]'"
INSTALL_ASSETS = "pip install --force-reinstall --no-deps solara-assets==1.58.2"
SUPPORTED: dict[str, tuple[str, str]] = {
    "solara": ("1.58", "1.65"),
    "ipyvue": ("", "2"),
    "ipyvuetify": ("", "2"),
    "anywidget": ("0.9", ""),
    "plotly": ("6", "8"),
    "starlette": ("", "1.0"),
}
"""Package: the first version that will do, and the first that will not; the viz extra says the same."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found.

    Attributes:
        versions: by package; None if it is not installed.
        problems: what is wrong, in words; none if the page can start.
        free: that the port is free, to read after a comma; empty if none was tried.
    """

    versions: dict[str, str | None]
    problems: tuple[str, ...]
    free: str = ""

    def line(self) -> str:
        """All of it in one line."""
        if self.problems:
            return f"the live page cannot start: {'; '.join(self.problems)}"
        found = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"the live page can start: {found}, all assets are there{self.free}"


def inspect(
    place: tuple[str, int] | None = None,
    *,
    version_of: Callable[[str], str | None] | None = None,
    folder: Path | None = None,
) -> Installation:
    """Look at versions and files, and whether an address is free.

    Args:
        place: host and port to try; none by default.
        version_of: gives a package's version, None if it is not installed; asks the interpreter by default.
        folder: where the assets should be; found by default.
    """
    versions = {name: (version_of or installed)(name) for name in SUPPORTED}
    lacking = [name for name, version in versions.items() if version is None]
    if lacking:
        return Installation(versions, (f"{', '.join(lacking)} not installed; {INSTALL}",))
    wrong = [text for name, version in versions.items() if version and (text := unfit(name, version))]
    missing = missing_assets(template(), folder or assets_folder())
    if missing:
        wrong.append(f"{', '.join(missing)} not in {folder or assets_folder()}; {INSTALL_ASSETS}")
    free = ""
    if place is not None:
        try:
            with bound(*place) as listening:
                free = f", port {listening.getsockname()[1]} is free"
        except ConfigError as error:
            wrong.append(str(error))
    return Installation(versions, tuple(wrong), free)


def installed(package: str) -> str | None:
    """A package's version, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def unfit(package: str, version: str) -> str:
    """What is wrong with a version; empty if nothing.

    >>> unfit("ipyvue", "3.1.1"), unfit("ipyvue", "1.13.0")
    ('ipyvue 3.1.1, but it must be <2', '')
    """
    low, high = SUPPORTED[package]
    have = _numbers(version)
    if (not low or have >= _numbers(low)) and (not high or have < _numbers(high)):
        return ""
    rule = ",".join([f">={low}"] * bool(low) + [f"<{high}"] * bool(high))
    return f"{package} {version}, but it must be {rule}"


def template() -> str:
    """Solara's page template, read without running Solara."""
    found = importlib.util.find_spec("solara")
    places = [] if found is None else [Path(p) for p in found.submodule_search_locations or ()]
    for place in places:
        file = place / "server" / "templates" / "solara.html.j2"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return ""


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens on an address.

    Raises:
        ConfigError: if there is no such address, or another program has it.
    """
    require(0 <= port <= 65_535, "--port", port, "0 to 65535")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ConfigError(f"--host = {host}, but it must be a name or an address of this machine") from None
    family, kind, _, _, address = min(found, key=lambda place: place[0] != socket.AF_INET)
    listening = socket.socket(family, kind)
    try:
        if os.name == "posix":  # elsewhere it would share a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"--host {host} --port {port}: {(error.strerror or 'cannot be used').lower()}; "
            "another --port may do, and 0 takes one that is free"
        ) from None
    return listening


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(n) for n in re.findall(r"\d+", version.split("+")[0])[:3]]
    return (*found, *[0] * (3 - len(found)))
