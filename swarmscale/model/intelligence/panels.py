"""Panels: groups of a fleet's ready agents with the links that they have now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ... import rng as streams
from ...agents.fleet import BUSY, EMPTY, IDLE, STARTING, WARM
from ...arrays import Bools, Floats, Ints
from ...errors import require
from .group import Group, group_of
from .networks import overlay

if TYPE_CHECKING:
    from ..swarm import SwarmModel

_FEW_NODES = 64


def panel_rows(model: SwarmModel, panels: int, agents: int, seed: int) -> list[Ints]:
    """Rows of the agents of each panel: whole clusters, drawn evenly over the nodes, so that no node is left out.

    Args:
        model: between two ticks.
        panels: how many.
        agents: agents of each at most; a smaller fleet gives all that are ready.
        seed: determines the draw.

    Returns:
        `[n]` ascending rows of each panel.
    """
    fleet, node_of = model.fleet, model.hierarchy_arrays.node_of_cluster
    ready = ready_slots(model)
    able = ready.sum(axis=1)
    clusters = np.flatnonzero(able)
    out = []
    for number in range(panels):
        rng = streams.generator(seed, f"panel.{number}")
        # clusters in a drawn order, the first of every node before the second of any
        order = clusters[rng.permutation(len(clusters))]
        nodes = node_of[order]
        turn = np.zeros(len(order), np.int64)
        by_node = np.argsort(nodes, kind="stable")
        starts = np.flatnonzero(np.diff(nodes[by_node], prepend=-1))
        turn[by_node] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
        order = order[np.argsort(turn, kind="stable")]
        enough = int(np.searchsorted(np.cumsum(able[order]), agents)) + 1
        rows = [np.flatnonzero(ready[q]) + q * fleet.slots for q in order[:enough]]
        chosen = np.concatenate(rows) if rows else np.empty(0, np.int64)
        out.append(np.sort(chosen[:agents]))
    return out


def ready_slots(model: SwarmModel) -> Bools:
    """`[Q, S]` whether an agent is ready and answers: idle or busy, and not silent."""
    state = model.fleet.rows.state
    ready = np.asarray((state == IDLE) | (state == BUSY), np.bool_)
    if model.resilience is not None and model.resilience.agents.silent:
        ready.reshape(-1)[list(model.resilience.agents.silent)] = False
    return ready


def panel(model: SwarmModel, rows: Ints, seed: int) -> Group:
    """The group that some agents make, with today's skills and the links that are alive today.

    Inside a cluster agents are linked as they communicate (all with all, by the lead, or by a tree of leads);
    leads of a zone with the zone's first, these with the node's first, and those of nodes that reach each other
    over the live mesh. Beside these each agent has ``intelligence.overlay`` links to drawn members of the panel's
    clusters, as far as these have not failed and their nodes reach each other. A message over h hops of the mesh
    arrives with the chance that none of its hops loses it for good.

    Args:
        model: between two ticks.
        rows: `[n]` ascending rows of ready agents.
        seed: determines the drawn links.

    Raises:
        ConfigError: if there is no agent.
    """
    require(len(rows) > 0, "agents of a panel", 0, "1 or more; nobody is ready")
    links, reach = panel_links(model, rows, seed)
    return group_of(model.people(rows), links, reach)


def panel_links(model: SwarmModel, rows: Ints, seed: int) -> tuple[Ints, Floats]:
    """`[E, 2]` links among the agents of a panel, by their place in it, and `[E]` chance that a message arrives."""
    model.network.refresh()
    slots = model.fleet.slots
    cluster = rows // slots
    node = model.hierarchy_arrays.node_of_cluster[cluster]
    inside = inner_links(model, rows, cluster)
    across = np.concatenate([_leads(model, cluster), drawn_links(model, rows, seed)])
    chance = _arrival(model)[node[across[:, 0]], node[across[:, 1]]]
    same = cluster[across[:, 0]] == cluster[across[:, 1]]
    chance = np.where(same, 1.0, chance)
    links = np.concatenate([inside, across[chance > 0]])
    reach = np.concatenate([np.ones(len(inside)), chance[chance > 0]])
    pairs = np.sort(links, axis=1)
    _, first = np.unique(pairs[:, 0] * len(rows) + pairs[:, 1], return_index=True)
    return pairs[first], reach[first]


def drawn_links(model: SwarmModel, rows: Ints, seed: int) -> Ints:
    """`[E, 2]` drawn links among a panel, by place: each member of its clusters has ``intelligence.overlay`` of them.

    They are drawn among all who have worked, so that an agent loses those to agents that have failed since.
    """
    slots, state = model.fleet.slots, model.fleet.column("state")
    clusters = np.unique(rows // slots)
    members = (clusters[:, None] * slots + np.arange(slots)).reshape(-1)
    members = members[~np.isin(state[members], (EMPTY, WARM, STARTING))]
    degree = min(model.config.intelligence.overlay, len(members) - 1)
    links = members[overlay(len(members), degree, streams.generator(seed, "panel.overlay"))]
    place = np.minimum(np.searchsorted(rows, links), len(rows) - 1)
    return np.asarray(place[(rows[place] == links).all(axis=1)], np.int64)


def inner_links(model: SwarmModel, rows: Ints, cluster: Ints) -> Ints:
    """`[E, 2]` links inside the clusters, by the way in which the fleet's clusters communicate.

    The tree and the star are those of all members by slot, so where a lead has failed its branch hangs alone.
    """
    c, slots = model.config.fleet, model.fleet.slots
    place = np.full(model.fleet.clusters * slots, -1, np.int64)
    place[rows] = np.arange(len(rows))
    which = np.unique(cluster)
    filled = model.fleet.rows.uid[which] > 0
    rank = np.cumsum(filled, axis=1) - 1
    member = np.where(filled, rank, -1)
    if c.communication == "none":
        return np.empty((0, 2), np.int64)
    if c.communication == "mesh":
        pairs = []
        for q in which:
            own = np.flatnonzero(cluster == q)
            a, b = np.triu_indices(len(own), 1)
            pairs.append(np.stack([own[a], own[b]], axis=1))
        return np.concatenate(pairs)
    span = c.span if c.communication == "tree" else slots
    parent_rank = (member - 1) // span
    row_of_rank = np.full((len(which), slots + 1), -1, np.int64)
    at, slot = np.nonzero(filled)
    row_of_rank[at, rank[at, slot]] = place[which[at] * slots + slot]
    child, parent = row_of_rank[at, rank[at, slot]], row_of_rank[at, parent_rank[at, slot]]
    real = (child >= 0) & (parent >= 0) & (rank[at, slot] > 0)
    return np.stack([parent[real], child[real]], axis=1)


def _leads(model: SwarmModel, cluster: Ints) -> Ints:
    """`[E, 2]` links among the first agents of clusters, zones and nodes, by their place in the panel."""
    which, first = np.unique(cluster, return_index=True)
    zone, node = model.hierarchy_arrays.zone_of_cluster[which], model.hierarchy_arrays.node_of_cluster[which]
    _, zone_first, zone_at = np.unique(zone, return_index=True, return_inverse=True)
    nodes, node_first, node_at = np.unique(node, return_index=True, return_inverse=True)
    pairs = [np.stack([first, first[zone_first[zone_at]]], axis=1)]
    heads = first[zone_first]
    pairs.append(np.stack([heads, first[node_first[node_at[zone_first]]]], axis=1))
    tops = first[node_first]
    a, b = np.triu_indices(len(nodes), 1)
    if len(nodes) > _FEW_NODES:
        direct = np.isfinite(model.network.link_s[nodes[a], nodes[b]])
        a, b = a[direct], b[direct]
    pairs.append(np.stack([tops[a], tops[b]], axis=1))
    links = np.concatenate(pairs)
    return np.asarray(links[links[:, 0] != links[:, 1]], np.int64)


def _arrival(model: SwarmModel) -> Floats:
    """`[K, K]` chance that a message between agents of two nodes arrives: 0 where no live path joins them."""
    network, c = model.network, model.config.network
    hop = 1.0 - c.loss ** (c.retries + 1)
    chance = np.where(network.hops >= 0, hop ** np.maximum(network.hops, 0), 0.0)
    chance[~network.alive] = chance[:, ~network.alive] = 0.0
    return np.asarray(chance, np.float64)
