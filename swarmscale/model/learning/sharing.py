"""How estimates travel: by gossip over live links, or through one memory in which each observation counts once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Bools, Floats, Ints, Ints32
from .aggregation import AggregationRule
from .estimates import ratio


class Heard(NamedTuple):
    """What each node holds: work and the service that it took, spread over the mesh by gossip.

    Attributes:
        work: `[K, C]` s.
        service: `[K, C]` s.
        own_work: `[K, C]` what its own clusters had observed at the last period, s.
        own_service: `[K, C]` s.
    """

    work: Floats
    service: Floats
    own_work: Floats
    own_service: Floats

    @classmethod
    def nothing(cls, nodes: int, classes: int) -> Heard:
        """No node knows anything."""
        return cls(*(np.zeros((nodes, classes)) for _ in range(4)))

    def pace(self) -> Floats:
        """`[K, C]` what each node believes; NaN where it has heard nothing."""
        return ratio(self.service, self.work, np.nan)

    def with_own(self, work: Floats, pace: Floats, kept: float) -> Heard:
        """This, discounted, and what the nodes' own clusters have observed since.

        Args:
            work: `[K, C]` work that these have observed by now, discounted too, s.
            pace: `[K, C]` the one estimate made of theirs; read only where there is work.
            kept: share of older observations that counts.
        """
        service = np.where(work > 0, work * np.where(work > 0, pace, 0.0), 0.0)
        more_work, more_service = work - kept * self.own_work, service - kept * self.own_service
        return Heard(kept * self.work + more_work, kept * self.service + more_service, work, service)


def shares(linked: Bools) -> Floats:
    """`[K, K]` share of what node j (column) holds that goes to node i in a round; each column sums to 1.

    Args:
        linked: `[K, K]` whether there is a live link, False on the diagonal.

    Source:
        Push-sum: Kempe, Dobra & Gehrke 2003, "Gossip-based computation of aggregate information". Each node splits
        what it holds evenly among itself and its neighbors, so sums are kept and ratios meet.
    """
    told = (linked | np.eye(len(linked), dtype=bool)).astype(np.float64)
    return np.asarray(told / told.sum(axis=0), np.float64)


def gossip(heard: Heard, share: Floats, rule: AggregationRule) -> Heard:
    """One round: each node makes one of its own belief and those of its neighbors.

    Under the federated mean no second of work is lost or counted twice, so all nodes that are joined come to what
    one would have estimated from all their observations together. Other rules keep the work and put their estimate
    in place of the mean.
    """
    work = share @ heard.work
    pace, service = heard.pace(), np.empty_like(work)
    for i in range(len(work)):
        near = np.flatnonzero(share[i])
        one = rule.combine(pace[near], share[i, near, None] * heard.work[near])
        service[i] = np.where(work[i] > 0, work[i] * np.where(np.isnan(one), 0.0, one), 0.0)
    return heard._replace(work=work, service=service)


def of_nodes(
    work: Floats, service: Floats, node: Ints32, nodes: int, rule: AggregationRule
) -> tuple[Floats, Floats]:
    """`[K, C]` work that the clusters under each node have observed, and the one estimate made of theirs.

    Args:
        work: `[Q, C]` s.
        service: `[Q, C]` s that it took.
        node: `[Q]` node of each cluster.
        nodes: K.
        rule: how estimates are made one.
    """
    total, pace = np.zeros((nodes, work.shape[1])), np.full((nodes, work.shape[1]), np.nan)
    own = ratio(service, work, np.nan)
    order = np.argsort(node, kind="stable")
    ends = np.searchsorted(node[order], np.arange(nodes + 1))
    for k in range(nodes):
        mine = order[ends[k] : ends[k + 1]]
        total[k] = work[mine].sum(axis=0)
        if len(mine):
            pace[k] = rule.combine(own[mine], work[mine])
    return total, pace


class Shared(NamedTuple):
    """One memory of all: the newest record of each cluster, by the period in which it was told.

    A record holds all that its cluster has observed until then and takes the place of older ones. So it does not
    matter how often or in which order records are told: a grow-only set of (cluster, period), of which the last is
    kept (a state-based replicated data type: Shapiro, Preguica, Baquero & Zawirski 2011).

    Attributes:
        period: `[Q]` period of the record; -1 where there is none.
        work: `[Q, C]` s.
        service: `[Q, C]` s.
    """

    period: Ints
    work: Floats
    service: Floats

    @classmethod
    def nothing(cls, clusters: int, classes: int) -> Shared:
        """No record."""
        blank = np.zeros((clusters, classes))
        return cls(np.full(clusters, -1, np.int64), blank, blank.copy())

    def longer(self, clusters: int) -> Shared:
        """The same for a fleet that has got so many more clusters."""
        more = Shared.nothing(clusters, self.work.shape[1])
        return Shared(
            np.concatenate([self.period, more.period]),
            np.concatenate([self.work, more.work]),
            np.concatenate([self.service, more.service]),
        )

    def told(self, clusters: Ints, period: Ints, work: Floats, service: Floats) -> Shared:
        """This memory after it was told some records, known or not.

        Args:
            clusters: `[n]` who observed, each once.
            period: `[n]` when.
            work: `[n, C]` s.
            service: `[n, C]` s.
        """
        new = period > self.period[clusters]
        at, out = clusters[new], Shared(self.period.copy(), self.work.copy(), self.service.copy())
        out.period[at], out.work[at], out.service[at] = period[new], work[new], service[new]
        return out

    def merged(self, other: Shared) -> Shared:
        """What two memories know together."""
        return self.told(np.arange(len(other.period)), *other)

    def pace(self, now: int, kept: float, rule: AggregationRule) -> Floats:
        """`[C]` the one estimate made of all records; an older record counts less."""
        age = np.where(self.period >= 0, now - self.period, 0)
        return rule.combine(ratio(self.service, self.work, np.nan), self.work * kept ** age[:, None])


def together(linked: Bools, alive: Bools) -> Bools:
    """`[K]` whether each node is in the largest part of the mesh that hangs together, the lowest one if several are."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(csr_array(linked.astype(np.int8)), directed=False)
    if not alive.any():
        return alive.copy()
    largest = int(np.bincount(part[alive]).argmax())
    return np.asarray(alive & (part == largest))
