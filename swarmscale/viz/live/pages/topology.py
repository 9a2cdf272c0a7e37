"""Topology: who is linked with whom, who is under whom, and where the load is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...figures import clusters, cognition, structure
from .. import cells
from ..optimizing import mesh
from ..panels import Canvas, LivePage, Plot, Tile, View
from ..parts import DASH, NO_MODEL, of_model, of_records

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ....model.swarm import SwarmModel


def nodes(view: View) -> str:
    """Nodes that are up, of all."""
    if view.model is None:
        return DASH
    graph = view.model.mesh
    return f"{sum(bool(graph.nodes[k]['up']) for k in graph):,} of {len(graph):,}"


def links(view: View) -> str:
    """Links that messages can take, of all."""
    if view.model is None:
        return DASH
    graph = view.model.mesh
    return f"{sum(structure.live(graph, link) for link in graph.edges(data=True)):,} of {graph.number_of_edges():,}"


def zones(view: View) -> str:
    """Zones of the hierarchy."""
    return f"{view.model.hierarchy_arrays.zones:,}" if view.model is not None else DASH


def cluster_count(view: View) -> str:
    """Clusters with agents, of all."""
    if view.model is None:
        return DASH
    size = view.model.fleet.size
    return f"{int((size > 0).sum()):,} of {len(size):,}"


def hierarchy(model: SwarmModel) -> Figure:
    """The hierarchy, now."""
    return structure.hierarchy(model.hierarchy)


def functions(model: SwarmModel) -> Figure:
    """The cognitive graph with the loads of its functions, now."""
    return cognition.cognition(model.cognition_graph())


PAGE = LivePage(
    path="topology",
    title="Topology",
    lead="Who is linked with whom, who is under whom, and where the load is.",
    panels=(
        Tile(key="nodes", title="nodes up", text="coordination nodes that answer, of all", value=nodes),
        Tile(
            key="links",
            title="links live",
            text="links of the mesh that are up between nodes that are up, of all",
            value=links,
        ),
        Tile(key="zones", title="zones", text="zones of the hierarchy, under the nodes", value=zones),
        Tile(key="clusters", title="clusters", text="clusters that have agents, of all", value=cluster_count),
        Plot(
            key="mesh",
            title="Mesh of the coordination nodes",
            read="Nodes in the color of their agents' load (%), a dead one as a red cross; darker, wider links are "
            "faster (ms), dotted red ones are down. Green links were laid by the optimization engine, a red ring is "
            "the node that it holds for the bottleneck. Click a node to open it.",
            figure=of_model(mesh),
            otherwise=NO_MODEL,
            picks=True,
        ),
        Plot(
            key="hierarchy",
            title="Hierarchy",
            read="Fleet, nodes, zones and clusters from the middle outward; width is agents, color is load (%). Click "
            "a part to open it.",
            figure=of_model(hierarchy),
            otherwise=NO_MODEL,
            picks=True,
        ),
        Canvas(
            key="places",
            title="Every agent at its place",
            read="A cell is an agent, in the order of clusters and nodes; neighbors of one color share a cluster. Load "
            "is the busy share (%) of the cluster. Click one to open it.",
            choices=(cells.CLUSTER, cells.LOAD, cells.STATE),
            paint=cells.paint,
            otherwise=NO_MODEL,
            picked=cells.picked,
        ),
        Plot(
            key="heat",
            title="Load of every cluster",
            read="Utilization (%): a bright row is a cluster that is always busy, a bright column a moment when all "
            "were.",
            figure=of_records(lambda records: clusters.heat(records, light=True)),
            otherwise="the first period is not over: press Play",
            wide=True,
        ),
        Plot(
            key="cognition",
            title="Cognitive functions",
            read="What a function gives is what those to its right work on; color is the busy share (%) of its ready "
            "agents.",
            figure=of_model(functions),
            otherwise=NO_MODEL,
            wide=True,
        ),
    ),
)
