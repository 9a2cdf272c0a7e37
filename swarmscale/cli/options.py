"""Options that several commands share, and how their texts become values."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from ..errors import ConfigError


def value_of(text: str) -> Any:
    """A value as TOML would read it, or the text itself.

    >>> value_of("0.5"), value_of("[1, 2]"), value_of("jsq"), value_of("true")
    (0.5, [1, 2], 'jsq', True)
    """
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def settings(pairs: list[str]) -> list[tuple[str, Any]]:
    """``key=value`` texts as pairs of a dotted key and a value.

    Raises:
        ConfigError: if a text has no ``=``.
    """
    out = []
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {pair}: but it must be key=value, such as fleet.agents=1000")
        out.append((key.strip(), value_of(text.strip())))
    return out


def load_plugins(paths: list[Path]) -> None:
    """Run the user's own modules, which register their strategies.

    Raises:
        ConfigError: if a file is missing or fails.
    """
    from ..batch.plugins import load_plugins as load

    load(paths, "--plugin")


def require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, before any work is done.

    Raises:
        ConfigError: if a file cannot be made in it.
    """
    there = folder
    while not there.exists():
        there = there.parent
    try:
        if not there.is_dir():
            raise NotADirectoryError(20, "is a file, not a folder")
        handle, name = tempfile.mkstemp(dir=there)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise ConfigError(f"--out {folder}: cannot be written: {error.strerror}") from None


def start_logging(verbose: int, quiet: bool) -> None:
    """Standard logging on standard error: warnings, or with -v and -vv more."""
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(
        level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True
    )
    for noisy in ("numba", "mesa", "matplotlib", "MESA"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def changed_tree(
    file: Path, pairs: list[str], rng: str | None, replications: int | None, plugins: list[Path]
) -> dict[str, Any]:
    """What a file of a sweep or a search says, with what the shell changes.

    Raises:
        ConfigError: if the file cannot be read.
    """
    from ..batch.design import flat
    from ..batch.plan_file import read_tree

    tree = read_tree(file)
    tree["set"] = flat(tree.get("set", {})) | dict(settings(pairs))
    for name, given in (("rng", rng), ("replications", replications)):
        if given is not None:
            tree[name] = given
    if plugins:
        tree["plugins"] = [*tree.get("plugins", ()), *(str(path.resolve()) for path in plugins)]
    return tree
