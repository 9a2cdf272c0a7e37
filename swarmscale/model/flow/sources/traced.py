"""Poisson arrivals whose rate follows a trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....errors import require
from ..traces import load_requests, load_trace
from .base import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRate:
    """Inhomogeneous Poisson arrivals with the rate of a demand trace.

    Attributes:
        trace: name of a shipped trace or path of a CSV file.
        start_s: where in the trace the run begins, s.
        length_s: how much of it is used, s; 0 for all that follows.
        speedup: seconds of the trace that pass in one second of the run.
    """

    trace: str = "ms-app1"
    start_s: float = 0.0
    length_s: float = 0.0
    speedup: float = 1.0

    def __post_init__(self) -> None:
        require(self.start_s >= 0, "demand.source.start_s", self.start_s, "0 or more")
        require(self.length_s >= 0, "demand.source.length_s", self.length_s, "0 or more")
        require(self.speedup > 0, "demand.source.speedup", self.speedup, "more than 0")

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        trace = load_trace(self.trace)
        require(
            self.start_s < trace.seconds,
            "demand.source.start_s",
            self.start_s,
            f"less than the {trace.seconds:g} s of {trace.name}",
        )
        first = int(self.start_s // trace.step_s)
        count = len(trace.demand) - first
        if self.length_s:
            count = min(count, max(1, round(self.length_s / trace.step_s)))
        part = trace.demand[first : first + count]
        require(bool(part.any()), "demand.source.start_s", self.start_s, "where the trace is not all zero")
        return Profile(
            step_s=trace.step_s / self.speedup,
            rate_per_s=np.asarray(part, np.float64),
            note=f"Poisson arrivals whose rate follows {trace.name} ({trace.unit}), "
            f"{count} bins of {trace.step_s:g} s from {self.start_s:g} s on, played {self.speedup:g} times as fast",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRequests:
    """Poisson arrivals with the binned rate of a list of requests; each carries the tokens of one of them.

    Attributes:
        trace: name of a shipped list of requests or path of a CSV file.
        step_s: width of the bins in which requests are counted, s.
    """

    trace: str = "azure-llm-conv"
    step_s: float = 60.0

    def __post_init__(self) -> None:
        require(self.step_s > 0, "demand.source.step_s", self.step_s, "more than 0")

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        requests = load_requests(self.trace)
        binned = requests.binned(self.step_s)
        prompt, generated = requests.prompt_tokens, requests.generated_tokens
        none = np.empty(0, np.int32)
        return Profile(
            step_s=binned.step_s,
            rate_per_s=np.asarray(binned.demand, np.float64),
            prompt=none if prompt is None else prompt.astype(np.int32),
            generated=none if generated is None else generated.astype(np.int32),
            note=f"Poisson arrivals whose rate follows {requests.name} in bins of {self.step_s:g} s; the tokens "
            f"of each task are those of a request of the trace, drawn with replacement",
        )
