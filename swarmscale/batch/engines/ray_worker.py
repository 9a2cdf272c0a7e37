"""What a Ray worker is sent, and what it does with it: the plan once, then one run after the other."""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from ...errors import ConfigError
from ..course import source_digest
from ..plan import Plan, RunId
from ..run import Row, run_one
from ..sheet import PACKAGES
from .base import Begin

SOURCES = ("model", "agents", "arrays.py", "rng.py", "batch/run.py", "batch/outcomes.py")
"""Sources that results depend on: nodes must have the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What a worker needs to make any run of a plan, on a machine that shares no disk with this one.

    Attributes:
        plan: as plain values.
        plugins: name and text of each of the plan's plugins.
        versions: of the packages that results depend on.
        sources: digest of the sources that they depend on.
        begin: called first.
    """

    plan: dict[str, Any]
    plugins: tuple[tuple[str, bytes], ...]
    versions: dict[str, str]
    sources: str
    begin: Begin | None

    @classmethod
    def of(cls, plan: Plan, begin: Begin | None) -> Parcel:
        """The parcel of a plan."""
        return cls(
            plan=plan.as_dict(),
            plugins=tuple((path.name, path.read_bytes()) for path in plan.plugins),
            versions=versions(),
            sources=source_digest(SOURCES),
            begin=begin,
        )


class RayWorker:
    """An actor that makes runs."""

    def __init__(self) -> None:
        self._plan: Plan | None = None

    def begin(self, parcel: Parcel) -> str:
        """Get ready for a plan; the answer is why that cannot be, or empty."""
        try:
            require_alike(parcel)
            if parcel.begin is not None:
                parcel.begin()
            self._plan = unpacked(parcel)
        except ConfigError as error:
            return str(error)
        return ""

    def make(self, run: RunId) -> Row:
        """Make a run."""
        assert self._plan is not None
        return run_one(self._plan, RunId(*run)) | {"worker": f"{platform.node()}-{os.getpid()}"}


def unpacked(parcel: Parcel) -> Plan:
    """The plan of a parcel; its plugins are run from a folder of this worker."""
    with tempfile.TemporaryDirectory(prefix="swarmscale-") as folder:
        paths = []
        for number, (name, text) in enumerate(parcel.plugins):
            path = Path(folder) / str(number) / name
            path.parent.mkdir()
            path.write_bytes(text)
            paths.append(str(path))
        return Plan.from_dict(parcel.plan | {"plugins": paths})


class Origin(Protocol):
    """What is told of the machine that sent something: versions of packages, digest of the sources."""

    @property
    def versions(self) -> dict[str, str]:
        """Of the packages that results depend on."""
        ...

    @property
    def sources(self) -> str:
        """Of the sources that they depend on."""
        ...


def require_alike(parcel: Origin) -> None:
    """Refuse a node on which results might be others.

    Raises:
        ConfigError: if it has other versions or sources.
    """
    node, here = platform.node(), versions()
    for name, wanted in parcel.versions.items():
        if here[name] != wanted:
            raise ConfigError(
                f"node {node} has {name} {here[name]}, but it must be {wanted} as on the driver"
            )
    if source_digest(SOURCES) != parcel.sources:
        raise ConfigError(
            f"node {node} has other sources of swarmscale than the driver; install the same there"
        )


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
