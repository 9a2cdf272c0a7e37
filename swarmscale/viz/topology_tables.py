"""The tables of compared topologies as rows of text, for the terminal and for the page. Imports no Plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..batch.topology_measures import MEASURES
from .race_tables import Sheet
from .theme import digits, number

if TYPE_CHECKING:
    from ..batch.topology_compare import Comparison
    from ..batch.topology_failures import Failure
    from ..batch.topology_measures import Measured

HEADS = {
    "links": "links",
    "degree": "most of a node",
    "length": "length, sides",
    "link_latency_s": "latencies, ms",
    "latency_s": "latency, ms",
    "over_complete": "over full mesh",
    "hops": "hops",
    "path": "mean path, hops",
    "above_moore": "above Moore",
    "busiest": "busiest link",
    "jain": "Jain of links",
    "connectivity": "connectivity",
}
"""Titles of the columns, by measure."""


def topology_sheets(done: Comparison) -> list[Sheet]:
    """Measures of all meshes, then what outlives losses of nodes and of links."""
    out = [_measures(done)]
    return [*out, *(_losses(done, kind) for kind in ("nodes", "links") if _sizes(done, kind))]


def _measures(done: Comparison) -> Sheet:
    rows = [(m.name, *(cell(name, m.values[name]) for name in HEADS)) for m in done.meshes]
    left_out = "; ".join(f"{name}: {why}" for name, why in done.left_out.items())
    return Sheet(
        title="for this demand",
        note="Latency and hops are means over what crosses the mesh, on shortest paths; length and latencies are sums "
        "over all links.",
        head=("topology", *HEADS.values()),
        rows=rows,
        below=f"left out: {left_out}" if left_out else "",
    )


def cell(name: str, value: float) -> str:
    """A measure as text; times in ms, as the heads say.

    >>> cell("latency_s", 0.0123), cell("jain", 0.98765), cell("links", 32)
    ('12.3', '98.8 %', '32')
    """
    unit = MEASURES[name][0]
    if unit == "share":
        return number(value, "share")
    if name in ("links", "degree"):
        return f"{value:,.0f}"
    return digits(1000 * value if unit == "s" else value)


def _sizes(done: Comparison, kind: str) -> list[int]:
    return sorted({f.gone for m in done.meshes for f in m.failures if f.kind == kind})


def _losses(done: Comparison, kind: str) -> Sheet:
    sizes = _sizes(done, kind)
    rest = "nodes that are left" if kind == "nodes" else "all nodes"
    head = ["topology"]
    for gone in sizes:
        head += [f"{gone} gone: connected", "least", "latency, ms"]
    return Sheet(
        title=f"with {kind} gone",
        note=f"Share of the demand between {rest} for which there is a path, in the mean and in the worst case seen; "
        "mean latency of what is connected. All cases; in brackets the 95 % interval where cases are a sample.",
        head=tuple(head),
        rows=[(m.name, *_loss_cells(m, kind, sizes)) for m in done.meshes],
    )


def _loss_cells(mesh: Measured, kind: str, sizes: list[int]) -> list[str]:
    cells = []
    for gone in sizes:
        found = next((f for f in mesh.failures if f.kind == kind and f.gone == gone), None)
        cells += ["–", "–", "–"] if found is None else _loss(found)
    return cells


def _loss(f: Failure) -> list[str]:
    share, latency = number(f.share, "share"), digits(1000 * f.latency_s)
    if not f.exact:
        share += f" [{_percent(f.share_low)}, {_percent(f.share_high)}]"
        latency += f" [{digits(1000 * f.latency_low_s)}, {digits(1000 * f.latency_high_s)}]"
    return [share, number(f.worst_share, "share"), latency]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
