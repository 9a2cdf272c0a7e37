"""Packages that are not needed unless a forecaster is built on them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import ConfigError


def needed(module: str) -> Any:
    """A module of an optional package, imported.

    Raises:
        ConfigError: if it cannot be imported, with the line that installs its package; a library of the system that
            the package lacks is told as well.
    """
    try:
        return import_module(module)
    except (ImportError, OSError) as error:
        package = module.partition(".")[0]
        raise ConfigError(
            f"this forecaster needs {package}, which cannot be imported ({error}): pip install 'swarmscale[forecast]'"
        ) from error
