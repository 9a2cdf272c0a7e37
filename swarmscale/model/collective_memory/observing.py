"""What each node observes of the fleet in a period, as evidence for and against facts, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import log_ndtr

from ...arrays import Bools, Floats, Ints
from ..flow.ledger import Count
from .facts import NUMBER, fact_codes

if TYPE_CHECKING:
    from ..swarm import SwarmModel

SEEN = float(np.log(9.0))
"""Evidence of what is seen at a glance: a node is assumed to be right about it nine times in ten."""

MOST = 4.0
"""Largest evidence of one observation, log-odds."""


class Evidence(NamedTuple):
    """Observations of a period.

    Attributes:
        fact: `[n]` facts.
        source: `[n]` the node that observed.
        log_odds: `[n]` for the fact, natural logarithm.
    """

    fact: Ints
    source: Ints
    log_odds: Floats


class Truth(NamedTuple):
    """What the whole model knows of facts at the end of the period, or since the start where that says more.

    Attributes:
        fact: `[n]` facts, rising.
        holds: `[n]` whether each does.
    """

    fact: Ints
    holds: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How things stood at the last observation.

    Attributes:
        ticks: rows of the records by then.
        arrived: tasks that arrived in the period before; -1 if there was none.
        completed, response_t, useful_t, ready_t, held: `[Q]` totals of the clusters.
        inflow: `[K]` tasks that came to each node's clusters in the period before; -1 if there was none.
        response_s: `[K]` mean response of each node in that period; NaN if none.
        setup: the strategies that can be switched, in words.
        trial: switches so far.
        baseline_s: `[K]` mean response of each node in the period before the last switch.
    """

    ticks: int = 0
    arrived: int = -1
    completed: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    response_t: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    useful_t: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    ready_t: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    held: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    inflow: Floats = field(default_factory=lambda: np.zeros(0))
    response_s: Floats = field(default_factory=lambda: np.zeros(0))
    setup: str = ""
    trial: int = 0
    baseline_s: Floats = field(default_factory=lambda: np.zeros(0))


class _Gain(NamedTuple):
    """What the clusters did since the last observation: `[Q]`, times in 2**-20 s."""

    node: Ints
    completed: Floats
    response: Floats
    useful: Floats
    ready: Floats
    inflow: Floats


def observe(model: SwarmModel, past: Past, peers: Ints, net: Floats) -> tuple[Evidence, Truth, Past]:
    """Look at the period that ends now.

    Args:
        model: the model.
        past: how things stood a period ago.
        peers: `[P, 2]` pairs of nodes, the first of which watches the second.
        net: `[K, K]` net agreement of sources so far, see :mod:`.trust`.

    Returns:
        What the nodes observed, what is true, and how things stand now.
    """
    gain, arrived = _gain(model, past), _arrived(model, past)
    nodes = model.network.nodes
    done = np.bincount(gain.node, gain.completed, nodes)
    response_s = _over(np.bincount(gain.node, gain.response, nodes), done) / 2**20
    inflow = np.bincount(gain.node, gain.inflow, nodes)
    setup = _setup(model)
    switched = bool(past.setup) and setup != past.setup
    trial, baseline = past.trial + switched, past.response_s if switched else past.baseline_s
    parts = [
        *_of_clusters(model, gain, done),
        _of_demand(past, inflow, arrived),
        _of_load(model),
        _of_paths(model, peers),
        _of_agreement(model, peers, net),
    ]
    if trial and len(baseline) == nodes and not switched:
        parts.append(_of_trial(trial, baseline, response_s, done))
    state = model.flow.state
    now = Past(
        ticks=model.records.ticks, arrived=arrived, completed=state.completed.copy(),
        response_t=state.response_t.copy(), useful_t=state.useful_t.copy(), ready_t=state.ready_t.copy(),
        held=state.waiting + state.in_service, inflow=inflow, response_s=response_s, setup=setup, trial=trial,
        baseline_s=baseline,
    )  # fmt: skip
    evidence = Evidence(*(np.concatenate([part[0][i] for part in parts]) for i in range(3)))
    fact, holds = (np.concatenate([part[1][i] for part in parts]) for i in range(2))
    fact, first = np.unique(fact, return_index=True)
    return evidence, Truth(fact, holds[first]), now


type _Part = tuple[tuple[Ints, Ints, Floats], tuple[Ints, Bools]]


def evidence_of(z: Floats) -> Floats:
    """Log-odds that a quantity is above 0, of which z standard errors were seen; bounded.

    With a flat prior and normal errors the chance is Phi(z).

    >>> evidence_of(np.array([0.0, 1.0])).round(3).tolist()
    [0.0, 1.668]
    """
    odds = np.asarray(log_ndtr(z) - log_ndtr(-z), np.float64)
    return np.asarray(np.clip(odds, -MOST, MOST), np.float64)


def _glance(holds: Bools) -> Floats:
    return np.where(holds, SEEN, -SEEN)


def _over(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0), np.float64)


def _gain(model: SwarmModel, past: Past) -> _Gain:
    s = model.flow.state

    def since(now: Ints, then: Ints) -> Floats:
        gain = now.copy()
        gain[: len(then)] -= then
        return np.asarray(gain, np.float64)

    completed = since(s.completed, past.completed)
    return _Gain(
        model.hierarchy_arrays.node_of_cluster.astype(np.int64), completed,
        since(s.response_t, past.response_t), since(s.useful_t, past.useful_t), since(s.ready_t, past.ready_t),
        completed + since(s.waiting + s.in_service, past.held),
    )  # fmt: skip


def _arrived(model: SwarmModel, past: Past) -> int:
    return int(model.records.raw(past.ticks).count(Count.ARRIVED).sum())


def _setup(model: SwarmModel) -> str:
    c = model.config
    return f"{c.scaling} {c.dispatch.rule} {c.network.topology}"


def _of_clusters(model: SwarmModel, gain: _Gain, done: Floats) -> list[_Part]:
    """Speed and yield against the node's mean, availability and queues, each seen by the cluster's own node.

    The errors of means take a coefficient of variation of 1 a task. Truths of speed and yield are those of the whole
    run so far.
    """
    s, node, nodes = model.flow.state, gain.node, model.network.nodes
    parts = []
    for name, top, bottom, better in (
        ("fast", gain.response, gain.completed, -1.0),
        ("pays", gain.useful, gain.ready, 1.0),
    ):
        mean = _over(np.bincount(node, top, nodes), np.bincount(node, bottom, nodes))[node]
        own = _over(top, bottom)
        seen = np.isfinite(own) & (mean > 0) & (gain.completed > 0) & (np.bincount(node)[node] > 1)
        z = better * (own[seen] / mean[seen] - 1.0) * np.sqrt(gain.completed[seen])
        whole = (s.response_t, s.completed) if name == "fast" else (s.useful_t, s.ready_t)
        ever = _over(*(np.asarray(w, np.float64) for w in whole))
        usual = _over(*(np.bincount(node, w, nodes) for w in whole))[node]
        fact = fact_codes(NUMBER[name], np.flatnonzero(seen))
        holds = better * (ever[seen] - usual[seen]) > 0
        parts.append(((fact, node[seen], evidence_of(z)), (fact, holds)))
    size = np.maximum(model.fleet.size, 1)
    for name, holds in (
        ("available", s.ready >= 0.9 * size),
        ("congested", s.waiting > s.ready),
    ):
        fact = fact_codes(NUMBER[name], np.arange(len(node)))
        parts.append(((fact, node, _glance(holds)), (fact, holds)))
    return parts


def _of_demand(past: Past, inflow: Floats, arrived: int) -> _Part:
    """Whether demand rises: each node compares the tasks that came to its clusters, as Poisson counts."""
    nodes = len(inflow)
    fact = np.full(nodes, int(fact_codes(NUMBER["demand-rises"], 0)))
    if past.arrived < 0 or not len(past.inflow):
        return (fact[:0], fact[:0], np.zeros(0)), (fact[:0], np.zeros(0, np.bool_))
    before, after = np.maximum(past.inflow, 0), np.maximum(inflow, 0)
    seen = before + after > 0
    z = (after - before)[seen] / np.sqrt((before + after)[seen])
    said = (fact[seen], np.flatnonzero(seen), evidence_of(z))
    return said, (fact[:1], np.array([arrived > past.arrived]))


def _of_load(model: SwarmModel) -> _Part:
    """Whether a node's clusters hold more tasks than ready agents, seen by the node itself."""
    s, h = model.flow.state, model.hierarchy_arrays
    holds = h.node_sums(s.waiting + s.in_service) > h.node_sums(s.ready)
    node = np.arange(h.nodes)
    fact = fact_codes(NUMBER["overloaded"], node)
    return (fact, node, _glance(holds)), (fact, holds)


def _of_paths(model: SwarmModel, peers: Ints) -> _Part:
    """Whether two nodes are near by the live mesh, seen by both of them."""
    latency = model.network.latency_s
    others = latency[np.isfinite(latency) & (latency > 0)]
    half = np.median(others) if len(others) else 0.0
    a, b = peers[:, 0], peers[:, 1]
    holds = latency[a, b] < half
    fact = fact_codes(NUMBER["near"], np.minimum(a, b), np.maximum(a, b))
    return (fact, a, _glance(holds)), (fact, holds)


def _of_agreement(model: SwarmModel, peers: Ints, net: Floats) -> _Part:
    """Whether a node's statements agree with others': seen by each watcher; true of nodes that do not lie."""
    memory = model.collective_memory
    seen = net[peers[:, 0], peers[:, 1]] != 0
    a, b = peers[seen, 0], peers[seen, 1]
    fact = fact_codes(NUMBER["agrees"], b)
    honest = ~memory.liars if memory is not None else np.ones(len(net), np.bool_)
    return (fact, a, _glance(net[a, b] > 0)), (fact, honest[b])


def _of_trial(trial: int, baseline: Floats, response_s: Floats, done: Floats) -> _Part:
    """Whether responses are shorter than before the last switch, seen by each node; true if most nodes are faster."""
    seen = np.isfinite(baseline) & np.isfinite(response_s) & (baseline > 0) & (done > 0)
    node = np.flatnonzero(seen)
    change = 1.0 - response_s[seen] / baseline[seen]
    fact = np.full(len(node), int(fact_codes(NUMBER["helped"], trial)))
    z = change * np.sqrt(done[seen] / 2.0)
    return (fact, node, evidence_of(z)), (fact[:1], np.array([np.median(change) > 0])[: len(node)])
