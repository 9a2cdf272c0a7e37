"""Names for the array types that signatures use, and the compile options that every kernel shares."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit as _njit
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Floats32 = NDArray[np.float32]
type Ints = NDArray[np.int64]
type Ints32 = NDArray[np.int32]
type Bytes = NDArray[np.uint8]
type Bools = NDArray[np.bool_]
type Indices = NDArray[np.uint32]
type Words = NDArray[np.uint64]

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a plain function of arrays: cached on disk, without the GIL, strict IEEE arithmetic.

    There is no fastmath, so a kernel gives the same bits on every instruction set. With the environment
    variable ``NUMBA_DISABLE_JIT=1`` the same source runs as plain Python.
    """
    return _compiled(function, {})


def inlined[F: Callable[..., Any]](function: F) -> F:
    """Like :func:`kernel`, but written into its callers before they are optimized.

    For functions that are too large for the compiler to inline by itself and that stand in loops it should
    vectorize.
    """
    return _compiled(function, {"inline": "always"})


def merged[F: Callable[..., Any]](function: F) -> F:
    """Like :func:`kernel`, but part of its callers' machine code: for pieces that are called once a cluster."""
    return _compiled(function, {"forceinline": True})


def _compiled[F: Callable[..., Any]](function: F, more: dict[str, Any]) -> F:
    try:
        compiled: Any = _njit(cache=True, **_OPTIONS, **more)(function)
    except RuntimeError:  # nowhere to write a cache: compile anew in each process
        uncached: F = _njit(**_OPTIONS, **more)(function)
        return uncached
    file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if file is not None and function.__module__.startswith(__package__ + "."):
        # numba looks at the function's own file alone; a kernel also depends on those it calls
        file._source_stamp = (file._source_stamp, _source_of_kernels(_family(function.__module__)))
    done: F = compiled
    return done


@functools.cache
def _source_of_kernels(family: str) -> str:
    """Digest of all files whose kernels those of one family may call: the ground, agents, flow and its own."""
    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=16)
    paths = [*root.glob("*.py"), *root.glob("agents/*.py")]
    for folder in {"model/flow", family} if family != "agents" else ():
        paths += root.glob(f"{folder}/**/*.py")
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _family(module: str) -> str:
    """The folder of a module's family: ``agents``, or one of those in ``model``.

    >>> _family("swarmscale.model.flow.dispatch.base"), _family("swarmscale.agents.fleet"), _family("swarmscale.rng")
    ('model/flow', 'agents', 'agents')
    """
    _, room, *rest = (*module.split("."), "")
    return f"model/{rest[0]}" if room == "model" else "agents"
