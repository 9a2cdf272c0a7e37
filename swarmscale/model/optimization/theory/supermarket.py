"""The supermarket model: how much the shorter of d queues is worth."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ....errors import require


def tail(load: float, choices: int, longest: int = 64) -> Floats:
    """`[longest + 1]` share of queues that hold at least i tasks, the one in service counted.

    Args:
        load: of each server, in [0, 1).
        choices: queues that a task looks at, 1 or more.
        longest: i up to which it is told.

    Source:
        Vvedenskaya, Dobrushin & Karpelevich (1996), *Problems of Information Transmission* 32(1); Mitzenmacher (2001),
        *IEEE Trans. Parallel Distrib. Syst.* 12(10): load ** ((d**i - 1) / (d - 1)) as queues become many.

    >>> tail(0.5, 2, 3).tolist()
    [1.0, 0.5, 0.125, 0.0078125]
    """
    require(0 <= load < 1, "load", load, "in [0, 1)")
    require(choices >= 1, "choices", choices, "1 or more")
    i = np.arange(longest + 1, dtype=np.float64)
    with np.errstate(over="ignore"):
        power = i if choices == 1 else (float(choices) ** i - 1) / (choices - 1)
    return np.asarray(load**power)


def mean_response(load: float, choices: int, service_s: float = 1.0) -> float:
    """Mean response time of exponential tasks at single servers: what is held, over what comes (Little's law).

    >>> round(mean_response(0.9, 1), 6), round(mean_response(0.9, 2), 3)
    (10.0, 2.614)
    """
    if load == 0:
        return service_s
    longest = 4096 if choices == 1 else 64
    return float(tail(load, choices, longest)[1:].sum()) / load * service_s
