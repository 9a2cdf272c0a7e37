"""Names for the array types that signatures use, and the compile options that every kernel shares."""

from __future__ import annotations

from collections.abc import Callable
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


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a plain function of arrays: cached on disk, without the GIL, strict IEEE arithmetic.

    There is no fastmath, so a kernel gives the same bits on every instruction set. With the environment
    variable ``NUMBA_DISABLE_JIT=1`` the same source runs as plain Python.
    """
    compiled: F = _njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)(function)
    return compiled

