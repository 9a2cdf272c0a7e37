"""One thread for linear algebra: its sums depend, in their last bits, on how many threads share them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_TURN = RLock()  # the number of threads belongs to the process, so callers take turns


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it numpy's linear algebra runs on one thread of this process, and no other caller is within.

    A run's figures then do not depend on the number of cores, shards or workers, and no thread spins beside others.
    """
    from threadpoolctl import threadpool_limits

    with _TURN, threadpool_limits(limits=1, user_api="blas"):
        yield
