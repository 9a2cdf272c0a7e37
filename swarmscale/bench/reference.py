"""REF-1, the reference workload: one list of tasks that every simulator replays, and the waits that are right.

Agents stand in clusters of 100, clusters under 16 coordination nodes. Tasks arrive by a Poisson process at a
uniform entry node, travel to the node of a uniform cluster, are dispatched there one by one, and wait in the
cluster for one of its agents. Everything random is in the list.

Arrival times are whole multiples of 2**-40 s, and two of them differ by an exact number: so a simulator that can
only wait for differences (SimPy) lands on the same instants as one that is given them.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from ..agents.hierarchy import Hierarchy
from ..agents.topology import TOPOLOGIES
from ..arrays import Floats, Ints32
from ..errors import require
from ..model.config import Config
from ..model.flow.network import Network

CLUSTER_AGENTS = 100
NODES = 16
WORK_S = 3.5
DISPATCH_LOAD = 0.7
DISPATCH_CV = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceTasks:
    """A list of tasks with all that happens to them but the waits.

    Attributes:
        agents: in clusters of 100.
        seconds: length of the list, s.
        seed: what it was drawn from.
        time_s: `[n]` arrivals, s, ascending.
        entry: `[n]` node where the task enters.
        home: `[n]` node that dispatches it.
        cluster: `[n]` cluster that serves it.
        dispatch_s: `[n]` service time at dispatch, s.
        work_s: `[n]` service time in the cluster, s.
        latency_s: `[K, K]` from entry to home, s, 0 on the diagonal.
    """

    agents: int
    seconds: int
    seed: int
    time_s: Floats
    entry: Ints32
    home: Ints32
    cluster: Ints32
    dispatch_s: Floats
    work_s: Floats
    latency_s: Floats

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return self.agents // CLUSTER_AGENTS

    @property
    def nodes(self) -> int:
        """Number of coordination nodes."""
        return len(self.latency_s)

    @property
    def at_home_s(self) -> Floats:
        """`[n]` when each task reaches its home node, s."""
        return self.time_s + self.latency_s[self.entry, self.home]


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """What a simulator found.

    Attributes:
        dispatch_s: `[n]` wait at dispatch, s; NaN for tasks that did not get so far.
        cluster_s: `[n]` wait in the cluster, s; NaN for tasks that did not get so far.
    """

    dispatch_s: Floats
    cluster_s: Floats


def reference_tasks(agents: int, seconds: int, seed: int = 1, *, load: float = 0.7) -> ReferenceTasks:
    """Draw the tasks of REF-1.

    Args:
        agents: a multiple of 100, at least 100.
        seconds: length of the list, 1 to 4096.
        seed: determines it.
        load: arriving work over what the clusters can do.

    Raises:
        ConfigError: if an argument breaks its rule.
    """
    require(
        agents >= CLUSTER_AGENTS and agents % CLUSTER_AGENTS == 0,
        "agents",
        agents,
        "a multiple of 100, at least 100",
    )
    require(1 <= seconds <= 4096, "seconds", seconds, "from 1 to 4096")
    clusters = agents // CLUSTER_AGENTS
    nodes = min(NODES, clusters)
    rng = np.random.default_rng([seed, agents, seconds])
    rate = load * agents / WORK_S
    number = rng.poisson(rate * seconds)
    times = np.floor(np.sort(rng.random(number)) * seconds * 2.0**40) / 2.0**40
    cluster = rng.integers(0, clusters, number).astype(np.int32)
    variance = math.log(1 + DISPATCH_CV**2)
    mean = DISPATCH_LOAD * nodes / rate
    defaults = Config().network
    network = Network.build(TOPOLOGIES.make("mesh"), nodes, defaults.latency_ms, seed)
    return ReferenceTasks(
        agents=agents,
        seconds=seconds,
        seed=seed,
        time_s=times,
        entry=rng.integers(0, nodes, number).astype(np.int32),
        home=Hierarchy.build(clusters, nodes, Config().fleet.zone_clusters).node_of_cluster[cluster],
        cluster=cluster,
        dispatch_s=rng.lognormal(math.log(mean) - variance / 2, math.sqrt(variance), number),
        work_s=rng.exponential(WORK_S, number),
        latency_s=np.where(np.isfinite(network.link_s), network.link_s, 0.0),
    )


def oracle(tasks: ReferenceTasks) -> Waits:
    """The right waits, by the plainest means: Lindley's recursion at the nodes, a heap of free times a cluster.

    Source:
        Lindley, "The theory of queues with a single server" (1952); Kiefer and Wolfowitz, "On the theory of
        queues with many servers" (1955).
    """
    dispatch = np.empty(len(tasks))
    left = np.empty(len(tasks))
    free = [0.0] * tasks.nodes
    at_home = tasks.at_home_s
    for i in np.argsort(at_home, kind="stable").tolist():
        k = int(tasks.home[i])
        start = max(free[k], float(at_home[i]))
        dispatch[i] = start - at_home[i]
        left[i] = free[k] = start + float(tasks.dispatch_s[i])
    cluster = np.empty(len(tasks))
    heaps = [[0.0] * CLUSTER_AGENTS for _ in range(tasks.clusters)]
    for i in np.argsort(left, kind="stable").tolist():
        heap = heaps[int(tasks.cluster[i])]
        start = max(heap[0], float(left[i]))
        cluster[i] = start - left[i]
        heapq.heapreplace(heap, start + float(tasks.work_s[i]))
    begun = at_home + dispatch < tasks.seconds
    served = left + cluster < tasks.seconds
    return Waits(np.where(begun, dispatch, np.nan), np.where(served, cluster, np.nan))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two lists of waits agree.

    Attributes:
        compared: waits compared, of dispatch and clusters.
        waited: how many of them are above 0, at dispatch and in clusters.
        lacking: waits that the right list has and the other has not.
        dispatch_s: largest difference at dispatch, s.
        cluster_s: largest difference in clusters, s.
    """

    compared: int
    waited: tuple[int, int]
    lacking: int
    dispatch_s: float
    cluster_s: float

    @property
    def equal(self) -> bool:
        """Whether every wait is the same to the last bit."""
        return self.lacking == 0 and self.dispatch_s == 0.0 and self.cluster_s == 0.0

    def words(self) -> str:
        """The finding in a few words."""
        if self.equal:
            return "equal, every bit"
        if self.lacking:
            return f"{self.lacking} waits lacking"
        return f"within {max(self.dispatch_s, self.cluster_s):.1e} s"


def compare(right: Waits, other: Waits) -> Agreement:
    """Compare task by task all waits that began within the list's length."""
    found = [_difference(right.dispatch_s, other.dispatch_s), _difference(right.cluster_s, other.cluster_s)]
    return Agreement(
        compared=found[0][0] + found[1][0],
        waited=(found[0][1], found[1][1]),
        lacking=found[0][2] + found[1][2],
        dispatch_s=found[0][3],
        cluster_s=found[1][3],
    )


def _difference(right: Floats, other: Floats) -> tuple[int, int, int, float]:
    known = np.isfinite(right)
    both = known & np.isfinite(other)
    largest = float(np.abs(right[both] - other[both]).max()) if both.any() else 0.0
    return int(both.sum()), int((right[both] > 0).sum()), int((known & ~both).sum()), largest
