"""Replay of request times, from a file or from arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Ints
from ....errors import require
from ..traces import load_requests
from .base import Profile, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The requests of a list at their own times.

    ``demand.scale`` thins the list or superposes copies of it, each shifted by an even share of its length; the
    report says so. Tokens or work of the list are kept; what it does not say is drawn.

    Attributes:
        trace: name of a shipped list of requests or path of a CSV file.
    """

    trace: str = "azure-llm-conv"

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        requests = load_requests(self.trace)
        n = len(requests.time_s)
        work = np.full(n, np.nan) if requests.work_s is None else np.asarray(requests.work_s, np.float64)
        none = np.empty(0, np.int32)
        prompt, generated = requests.prompt_tokens, requests.generated_tokens
        return Profile(
            step_s=float(requests.time_s[-1]) + 1e-9,
            rate_per_s=np.array([n / float(requests.time_s[-1])]),
            prompt=none if prompt is None else prompt.astype(np.int32),
            generated=none if generated is None else generated.astype(np.int32),
            rows=_plain_rows(np.asarray(requests.time_s, np.float64), work),
            note=f"the {n} requests of {requests.name} at their own times",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayRows:
    """A list of arrivals given as arrays; it can run, but cannot be stored in a file.

    Attributes:
        rows: the arrivals.
        seconds: length of the list, s; the run may repeat it.
    """

    rows: Rows
    seconds: float

    def __post_init__(self) -> None:
        t = self.rows.time_s
        require(len(t) > 0, "demand.source.rows.time_s", "empty", "one time or more")
        require(bool((np.diff(t) >= 0).all()), "demand.source.rows.time_s", "falling", "ascending")
        require(len(t) < 2**24, "demand.source.rows", len(t), "fewer than 16,777,216 rows")
        require(
            t[0] >= 0 and t[-1] < self.seconds, "demand.source.seconds", self.seconds, "beyond the last time"
        )

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        return Profile(
            step_s=self.seconds,
            rate_per_s=np.array([len(self.rows.time_s) / self.seconds]),
            rows=self.rows,
            note=f"{len(self.rows.time_s)} given arrivals",
        )


def _plain_rows(
    time_s: np.ndarray[tuple[int], np.dtype[np.float64]], work_s: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Rows:
    unknown = np.full(len(time_s), -1, np.int32)
    return Rows(time_s=time_s, entry=unknown, kind=unknown, work_s=work_s)


def token_rows(uids: Ints) -> Ints:
    """Row of the list that a replayed task came from."""
    return np.asarray(uids & 0xFFFFFF, np.int64)
