"""What kernels count: one integer vector a tick, message counts, histograms, and the log of sampled tasks.

Times are summed as whole steps of 2**-20 s of absolute time, so that sums depend neither on their order nor on
the length of a tick.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np

from ...arrays import Bytes, Floats, Ints, Ints32, kernel
from ...rng import U
from .tasks import is_hosted

TICKS_PER_S = 1048576.0
BINS = 1024
BINS_PER_OCTAVE = 32
LOWEST_OCTAVE = -16  # the first bin holds all below 2**-16 s = 15 microseconds


class Count(IntEnum):
    """Places in the vector of counts of a tick. Sums of times end in ``_t`` and are in 2**-20 s."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return count

    ARRIVED = auto()
    COMPLETED = auto()
    CACHE_HITS = auto()
    CACHE_LOOKUPS = auto()
    INVALIDATED = auto()
    STOLEN = auto()
    DROPPED_INGRESS_FULL = auto()
    DROPPED_DISPATCH_FULL = auto()
    DROPPED_CLUSTER_FULL = auto()
    DROPPED_LOST = auto()
    DROPPED_UNREACHABLE = auto()
    DROPPED_ATTEMPTS = auto()
    DROPPED_EXPIRED = auto()
    DROPPED_SHED = auto()
    DROPPED_RETRIES = auto()
    LATE = auto()
    INTERRUPTED = auto()
    RESENT = auto()
    DUPLICATES = auto()
    SILENT = auto()
    INGRESS_DONE = auto()
    DISPATCHED = auto()
    STARTED = auto()
    SPLIT = auto()
    HELPING = auto()
    HOPS = auto()
    LOCAL = auto()
    ESCALATED_CLUSTER = auto()
    ESCALATED_ZONE = auto()
    ESCALATED_NODE = auto()
    RESPONSE_T = auto()
    NETWORK_T = auto()
    INGRESS_WAIT_T = auto()
    INGRESS_BUSY_T = auto()
    DISPATCH_WAIT_T = auto()
    DISPATCH_BUSY_T = auto()
    CLUSTER_WAIT_T = auto()
    SERVICE_T = auto()
    USEFUL_T = auto()
    HELPED_T = auto()
    SPARED_T = auto()
    BUSY_T = auto()
    READY_T = auto()
    WORK_STARTED_T = auto()
    MATCH_SUM = auto()
    PROMPT_TOKENS = auto()
    GENERATED_TOKENS = auto()
    FIRST_TOKEN_T = auto()
    SAMPLES = auto()
    SAMPLED_INGRESS = auto()
    SAMPLED_DISPATCH = auto()
    SAMPLED_CLUSTER = auto()
    WAITING_INGRESS = auto()
    WAITING_DISPATCH = auto()
    WAITING_CLUSTER = auto()
    IN_TRANSIT = auto()
    IN_SERVICE = auto()
    RESENDING = auto()
    WORK_ARRIVED_T = auto()
    DUE = auto()
    MET = auto()


DROPS = (
    Count.DROPPED_INGRESS_FULL,
    Count.DROPPED_DISPATCH_FULL,
    Count.DROPPED_CLUSTER_FULL,
    Count.DROPPED_LOST,
    Count.DROPPED_UNREACHABLE,
    Count.DROPPED_ATTEMPTS,
    Count.DROPPED_EXPIRED,
    Count.DROPPED_SHED,
    Count.DROPPED_RETRIES,
)
HELD = (
    Count.WAITING_INGRESS,
    Count.WAITING_DISPATCH,
    Count.WAITING_CLUSTER,
    Count.IN_TRANSIT,
    Count.IN_SERVICE,
    Count.RESENDING,
)

CHANNELS = (
    "agent-to-agent",
    "cluster-internal",
    "inter-cluster",
    "hierarchical-coordination",
    "global-broadcast",
    "intelligence-sharing",
    "heartbeats",
)
AGENT, INTERNAL, INTER, HIERARCHY, BROADCAST, SHARING, HEARTBEATS = range(7)
MESSAGES, SENT, FIRST, DELIVERED, BYTES, LATENCY_T = range(6)
MESSAGE_COLUMNS = ("messages", "sent", "first_attempt", "delivered", "bytes", "latency_t")

RESPONSE, NETWORK, CLUSTER_WAIT, FIRST_TOKEN = range(4)
HISTOGRAMS = ("response", "network", "cluster_wait", "first_token")

ARRIVE, INGRESS_START, INGRESS_END, AT_HOME, DISPATCH_START, DISPATCH_END, AT_CLUSTER, START, FINISH, DROP = (
    range(10)
)
STAGES = (
    "arrived",
    "ingress_start",
    "ingress_end",
    "at_home",
    "dispatch_start",
    "dispatch_end",
    "at_cluster",
    "start",
    "finish",
    "dropped",
)


class Ledger(NamedTuple):
    """Where kernels write what happened in a tick.

    Attributes:
        count: `[len(Count)]` counts of the tick.
        messages: `[7, 6]` by channel: messages, attempts to send them, delivered at the first attempt,
            delivered in the end, bytes of all attempts, summed latency in 2**-20 s.
        hist: `[4, 1024]` log-bucketed histograms: response, network, wait in the cluster, first token.
        log_uid: `[cap]` sampled tasks' keys.
        log_stage: `[cap]` stage reached.
        log_time: `[cap]` s.
        log_place: `[cap]` node, cluster or row of the agent, by stage; drop reason for ``DROP``.
        log_used: `[2]` rows in use; entries that found no room.
        log_below: `[1]` a task is sampled when its hash is below this.
        due: `[H]` tasks whose deadline falls into each bin of time, in a ring of H bins, a power of two.
        met: `[H]` those of them that were answered within their deadline.
        bins_per_s: `[1]` bins in a second.
        told_uid: `[cap]` keys of tasks that a host submitted and that ended; without rows where there is no host.
        told_at: `[cap]` s, when the answer was back at the entry node, or the task was dropped.
        told_why: `[cap]` ``COMPLETED`` or why it was dropped, a place in the counts.
        told_used: `[1]` rows in use.
    """

    count: Ints  # type: ignore[assignment]  # a name that tuples have too
    messages: Ints
    hist: Ints32
    log_uid: Ints
    log_stage: Bytes
    log_time: Floats
    log_place: Ints32
    log_used: Ints
    log_below: np.ndarray[tuple[int], np.dtype[np.uint64]]
    due: Ints
    met: Ints
    bins_per_s: Floats
    told_uid: Ints
    told_at: Floats
    told_why: Bytes
    told_used: Ints

    @classmethod
    def blank(cls, sampled: float = 0.0, bin_s: float = 1.0, longest_s: float = 60.0) -> Ledger:
        """An empty ledger.

        Args:
            sampled: share of the tasks whose way is logged.
            bin_s: width of the bins in which deadlines are counted, s.
            longest_s: longest deadline, s.
        """
        ring = 1 << int(np.ceil(np.log2(longest_s / bin_s + 8)))
        below = min(round(sampled * 2**64), 2**64 - 1)
        rows = 1 if sampled == 0 else 65536
        return cls(
            np.zeros(len(Count), np.int64),
            np.zeros((len(CHANNELS), len(MESSAGE_COLUMNS)), np.int64),
            np.zeros((len(HISTOGRAMS), BINS), np.int32),
            np.zeros(rows, np.int64),
            np.zeros(rows, np.uint8),
            np.zeros(rows),
            np.zeros(rows, np.int32),
            np.zeros(2, np.int64),
            np.array([below], np.uint64),
            np.zeros(ring, np.int64),
            np.zeros(ring, np.int64),
            np.array([1.0 / bin_s]),
            np.zeros(0, np.int64),
            np.zeros(0),
            np.zeros(0, np.uint8),
            np.zeros(1, np.int64),
        )


@kernel
def steps(seconds: float) -> int:
    """Absolute time in whole steps of 2**-20 s."""
    return int(seconds * 1048576.0)


@kernel
def bin_of(seconds: float) -> int:
    """Histogram bin of a time: 32 bins an octave (2.2 % wide) from 2**-16 s up."""
    bits = int(np.int64(np.float32(seconds).view(np.int32)) >> 18)
    return min(max(bits - ((127 - 16) << 5), 0), 1023)


def bin_edges() -> Floats:
    """`[1025]` lower edges of the histogram bins in s; the first is 0 and the last is infinity."""
    bits = ((np.arange(BINS + 1) + ((127 + LOWEST_OCTAVE) * BINS_PER_OCTAVE)) << 18).astype(np.int32)
    edges = bits.view(np.float32).astype(np.float64)
    edges[0], edges[-1] = 0.0, np.inf
    return edges


@kernel
def quantiles(hist: Ints32, shares: Floats, middles: Floats, out: Floats) -> None:
    """Quantiles of a histogram: the middle of the bin in which each share is reached.

    Args:
        hist: `[1024]` counts.
        shares: `[P]` ascending, in (0, 1).
        middles: `[1024]` value of each bin in s.
        out: `[P]` s; NaN where nothing was counted.
    """
    total = 0
    for i in range(len(hist)):
        total += hist[i]
    if total == 0:
        out[:] = np.nan
        return
    run = 0
    i = -1
    for p in range(len(shares)):
        while run < shares[p] * total:
            i += 1
            run += hist[i]
        out[p] = middles[i]


@kernel
def sampled(uid: int, below: U) -> bool:
    """Whether a task is in the log: a hash of its key (splitmix64, Steele et al. 2014) below the mark."""
    if below == U(0):
        return False
    z = U(uid & 0x3FFFFFFFFFFFFFF) + U(0x9E3779B97F4A7C15)
    z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
    return bool((z ^ (z >> U(31))) < below)


@kernel
def note(ledger: Ledger, uid: int, stage: int, time: float, place: int) -> None:
    """Write one line of the task log."""
    i = ledger.log_used[0]
    if i == len(ledger.log_uid):
        ledger.log_used[1] += 1
        return
    ledger.log_uid[i] = uid & 0x3FFFFFFFFFFFFFF
    ledger.log_stage[i] = stage
    ledger.log_time[i] = time
    ledger.log_place[i] = place
    ledger.log_used[0] = i + 1


@kernel
def tell(ledger: Ledger, uid: int, at: float, why: int) -> None:
    """Tell a host that a task of its own ended; of other tasks nobody is told."""
    if not is_hosted(uid):
        return
    i = ledger.told_used[0]
    ledger.told_uid[i] = uid & 0x3FFFFFFFFFFFFFF
    ledger.told_at[i] = at
    ledger.told_why[i] = why
    ledger.told_used[0] = i + 1


@kernel
def tell_all(ledger: Ledger, uids: Ints, at: float, why: int) -> None:
    """Tell a host of all of its own tasks among these."""
    for uid in uids:
        tell(ledger, uid, at, why)


@kernel
def message(ledger: Ledger, channel: int, number: int, size: int, latency: float) -> None:
    """Count messages of a channel without loss: each is sent once and delivered."""
    m = ledger.messages
    for column in range(4):
        m[channel, column] += number
    m[channel, 4] += number * size
    m[channel, 5] += number * steps(latency)


@kernel
def settle(ledger: Ledger, first: int, last: int) -> None:
    """Count the deadlines of the bins [first, last), which have passed, and free their places in the ring."""
    for b in range(first, last):
        i = b & (len(ledger.due) - 1)
        ledger.count[_DUE] += ledger.due[i]
        ledger.count[_MET] += ledger.met[i]
        ledger.due[i] = 0
        ledger.met[i] = 0


_DUE, _MET = int(Count.DUE), int(Count.MET)
