"""The machine on which figures were measured."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "mesa", "simpy", "ambr")


def machine() -> dict[str, Any]:
    """Processor, cores, load average, time and versions, as plain values."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_average": load_average(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
    }


def processor() -> str:
    """Name of the processor, as far as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load_average() -> list[float] | None:
    """Load of the last 1, 5 and 15 minutes; None where the system has none."""
    try:
        return [round(x, 2) for x in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def installed(name: str) -> str | None:
    """Version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def described(facts: dict[str, Any]) -> str:
    """The machine in a line."""
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items() if number)
    load = " ".join(f"{x:g}" for x in facts["load_average"] or ()) or "unknown"
    return f"{facts['processor']}, {facts['cores']} cores, load average {load}; Python {facts['python']}, {packages}"
