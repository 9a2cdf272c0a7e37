"""Packages that are not needed unless a forecaster is built on them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import ConfigError


def needed(package: str) -> Any:
    """An optional package, imported.

    Raises:
        ConfigError: if it is not installed, with the line that installs it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ConfigError(
            f"this forecaster needs {package}, which is not installed ({error}): pip install 'swarmscale[forecast]'"
        ) from error
