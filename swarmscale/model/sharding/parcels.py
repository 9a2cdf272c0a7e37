"""Arrays by name as one array of whole numbers, which is what shards exchange."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ...arrays import Ints

type Arrays = dict[str, np.ndarray[Any, Any]]


def packed(arrays: Arrays) -> Ints:
    """Arrays by name as one array that can be exchanged."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    data = file.getvalue()
    out = np.zeros(1 + -(-len(data) // 8), np.int64)
    out[0] = len(data)
    out[1:].view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return out


def unpacked(data: Ints) -> Arrays:
    """What :func:`packed` made one array of."""
    raw = np.ascontiguousarray(data[1:]).view(np.uint8)[: int(data[0])].tobytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
