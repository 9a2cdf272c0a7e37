"""Checkpoints of a model that is shared out: a file for each shard, and a mark when all are whole."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ConfigError
from ..model.files import write_whole

MARK = "shards.json"


def shard_file(folder: Path, tick: int, rank: int, size: int) -> Path:
    """The file of one shard's checkpoint."""
    return folder / "shards" / f"{tick}-{rank}-of-{size}.safetensors"


def mark(folder: Path, tick: int, size: int) -> None:
    """Say that the checkpoint of a tick is whole, and remove older ones."""
    text = json.dumps({"tick": tick, "shards": size})
    write_whole(folder / MARK, lambda part: part.write_text(text, encoding="utf-8"))
    for old in (folder / "shards").glob("*.safetensors"):
        if not old.name.startswith(f"{tick}-"):
            old.unlink(missing_ok=True)


def latest(folder: Path, size: int) -> int | None:
    """The tick of the last whole checkpoint; None if there is none.

    Raises:
        ConfigError: if it is of another number of shards, or the mark cannot be read.
    """
    path = folder / MARK
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        tick, shards = int(told["tick"]), int(told["shards"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if shards != size:
        raise ConfigError(
            f"{path}: its checkpoint is of {shards} shards, but there are {size}; start as many"
        )
    return tick
