"""Plugins: the user's own Python files, which register strategies when they are run."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import ConfigError


def load_plugins(paths: Iterable[Path], what: str = "plugins:") -> None:
    """Run the user's own modules, which register their strategies.

    Args:
        paths: Python files.
        what: where the paths were given, for refusals.

    Raises:
        ConfigError: if a file is missing or fails.
    """
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{what} {path}: there is no such file")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ConfigError(f"{what} {path}: is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        try:
            spec.loader.exec_module(module)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(f"{what} {path}: {type(error).__name__}: {error}") from error


def plugin_hash(path: Path) -> str:
    """SHA-256 of a plugin's text.

    Raises:
        ConfigError: if it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"plugins: {path}: cannot be read: {error.strerror or error}") from None
