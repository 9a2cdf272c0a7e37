"""What each emergence detector looked at in a window: series, influences, curves of solutions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.emergence.base import Verdict
from ..emergence import Emergence
from ..theme import BLUE, COLORWAY, FAINT, GRAY, GREEN, ORANGE, digits, see_through
from .emergence import plain, test_of, title, when, wrapped
from .emergence_panes import Pane, level, line, series, stacked, times

READ = {
    "coordination": "A mean of all series that leaves its band more often than one time in twenty moves as one; each "
    "point of the lower figure is an influence from one part on another, beyond the target's own past.",
    "innovation": "Kinds that rise faster than before are new; the best so far must climb above the dashed line, the "
    "best that there was to beat.",
    "self-organization": "Parts stand in the order of their modules: influences that gather in blocks on the diagonal "
    "are modules. The modularity must lie right of those of networks with the same degrees.",
    "collective-intelligence": "Only what the group gets right beyond the best count of its members' lone answers is "
    "more than arithmetic; the lower line is the whole that should foretell itself.",
}
"""How to read each detector's evidence."""


def evidence(seen: Emergence, detector: str) -> go.Figure | None:
    """What a detector looked at last, or why it looked at nothing; None if there was no window."""
    verdicts = seen.of(detector)
    if not verdicts:
        return None
    last = verdicts[-1]
    kept = next((one for one in reversed(verdicts) if one.evidence), last)
    panes = PANES.get(detector, arrays)(kept)
    if kept.evidence and not panes and not kept.abstained:
        panes = arrays(kept)
    if kept.abstained or not panes:
        panes = [_nothing(kept, alone=not panes), *panes]
    note = f"{when(kept)}: {kept.sentence}"
    if last.abstained and kept is not last:
        note += f" The last window, to {last.end_s:,.0f} s, says nothing: {last.abstained}."
    return stacked(f"{title(detector)}: evidence", panes, note)


def read_of(detector: str) -> str:
    """How to read a detector's evidence."""
    return READ.get(detector, "What the detector looked at in its last window, array by array.")


def _nothing(verdict: Verdict, *, alone: bool) -> Pane:
    """An empty place with the reason for which there is nothing to see."""
    said = verdict.abstained or "the detector kept nothing to show"
    return _text(said, "abstained" if verdict.abstained else "no evidence", 160 if alone else 40)


def _text(said: str, head: str, px: int) -> Pane:
    """Words where a figure would stand."""
    blank = {
        "type": "scatter", "mode": "text", "x": plain([0.5]), "y": plain([0.5]), "hoverinfo": "skip", "name": "reason",
        "text": [wrapped(said, 46)],
        "textfont": {"size": 13, "color": GRAY},
    }  # fmt: skip
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    return Pane(head=head, traces=[blank], x="(nothing)", y="(nothing)", px=px, xaxis=hidden, yaxis=hidden)


def influences(verdict: Verdict) -> Pane:
    """Influences as points, source by target; in the order of modules and in their colors if these are known."""
    edges = verdict.evidence["edges"].reshape(-1, 3)
    place, colors, head, unit = _ordered(verdict, edges)
    if not len(edges):
        return _text("no influence of one part on another holds", "Who influences whom", 40)
    ends = np.array([[place[int(a)], place[int(b)]] for a, b, _ in edges], np.float64).reshape(-1, 2)
    strength = edges[:, 2]
    most = float(strength.max()) if len(edges) else 1.0
    points = {
        "type": "scatter", "mode": "markers", "name": "influences", "x": plain(ends[:, 0]), "y": plain(ends[:, 1]),
        "marker": {"symbol": "square", "size": np.round(4 + 5 * strength / most, 1).tolist(), "color": colors},
        "text": [f"part {a:.0f} on part {b:.0f}: {te:.3g} nats" for a, b, te in edges],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    number = f"{head}: {len(edges):,} influences"
    last = max(place.values(), default=1)
    span = {"range": [-1, last + 1], "zeroline": False}
    return Pane(
        head=number,
        traces=[points],
        x=f"source ({unit})",
        y=f"target ({unit})",
        px=250,
        xaxis=span,
        yaxis=span,
    )


def _ordered(verdict: Verdict, edges: Floats) -> tuple[dict[int, int], list[str] | str, str, str]:
    """Where each part stands, the color of each influence, what the pane shows, and the axes' unit."""
    parts, module = verdict.evidence.get("parts"), verdict.evidence.get("module")
    if parts is None or module is None or len(parts) != len(module):
        known = int(edges[:, :2].max()) + 1 if len(edges) else 1
        return {part: part for part in range(known)}, BLUE, "Who influences whom", "number of the part"
    order = np.lexsort((parts, module))
    place = {int(parts[i]): at for at, i in enumerate(order)}
    of = dict(zip(parts.astype(int).tolist(), module.astype(int).tolist(), strict=True))
    palette = COLORWAY[:6]
    colors = [
        palette[of[int(a)] % len(palette)] if of.get(int(a)) == of.get(int(b)) else FAINT for a, b, _ in edges
    ]
    count = int(np.count_nonzero(np.unique(module, return_counts=True)[1] > 1))
    return place, colors, f"{count:,} modules, a color each", "place in the order of modules"


def choices(verdict: Verdict) -> Pane:
    """Shares of options beside those of replays without links."""
    found = verdict.evidence
    x = np.arange(len(found["shares"]), dtype=np.float64)
    mean, low, high = (found[f"twin_{name}"] for name in ("mean", "low", "high"))
    twins = {
        "type": "bar", "name": "without links", "x": plain(x), "y": plain(high - low), "base": plain(low),
        "width": 0.8, "marker": {"color": see_through(FAINT, 0.5)}, "customdata": plain(mean),
        "hovertemplate": "without links: %{customdata:.3~f}, 95 % from %{base:.3~f} to %{y:.3~f}<extra></extra>",
    }  # fmt: skip
    points = {
        "type": "scatter", "mode": "markers", "name": "shares", "x": plain(x), "y": plain(found["shares"]),
        "marker": {"size": 9, "color": BLUE},
        "hovertemplate": "option %{x}: a share of %{y:.3~f}<extra></extra>",
    }  # fmt: skip
    head = "Shares of options, in bars those without links (95 %)"
    return Pane(
        head=head, traces=[twins, points], x="option (number)", y="(share)", yaxis={"rangemode": "tozero"}
    )


def coordination(verdict: Verdict) -> list[Pane]:
    """The mean series in the band of independent ones, influences, choices."""
    found, panes = verdict.evidence, []
    if "mean" in found:
        panes.append(series(verdict, "mean", "Mean of all series in its null band (95 %)"))
    if "order" in found:
        at = times(verdict, len(found["order"]))
        drawn = line(at, found["order"], "order parameter", "s")
        panes.append(Pane(head="Order parameter", traces=[drawn], x="simulated time (s)", y="(share)"))
    if "edges" in found:
        panes.append(influences(verdict))
    if "shares" in found:
        panes.append(choices(verdict))
    return panes


def innovation(verdict: Verdict) -> list[Pane]:
    """Kinds seen so far, and the best so far beside the best that there was to beat."""
    found, panes = verdict.evidence, []
    if "kinds" in found:
        share = np.linspace(0, 100, len(found["kinds"]))
        grown = (
            f", exponent {found['heaps'][0]:.2f} ± {2 * found['heaps'][1]:.2f}" if "heaps" in found else ""
        )
        drawn = line(share, found["kinds"], "kinds", "% of the window's solutions")
        panes.append(
            Pane(
                head=f"Kinds of solutions so far{grown}",
                traces=[drawn],
                x="solutions (%)",
                y="kinds (number)",
            )
        )
    if "best" in found:
        share = np.linspace(0, 100, len(found["best"]))
        drawn = line(share, found["best"], "best so far", "% of the window's solutions", GREEN)
        beat = level(0.0, 100.0, float(found["to_beat"][0]), "to beat", ORANGE)
        panes.append(
            Pane(
                head="Best so far, and the best to beat",
                traces=[drawn, beat],
                x="solutions (%)",
                y="(quality)",
            )
        )
    return panes


def self_organization(verdict: Verdict) -> list[Pane]:
    """Influences by modules, the modularity among its null, and its z over windows."""
    found, panes = verdict.evidence, []
    if "edges" in found:
        panes.append(influences(verdict))
    test = test_of(verdict, "modularity")
    if "null" in found and test is not None:
        null = {
            "type": "scatter", "mode": "markers", "name": "rewired", "x": plain(found["null"]),
            "y": plain(np.zeros(len(found["null"]))),
            "marker": {"symbol": "line-ns", "size": 16, "line": {"width": 1.6, "color": GRAY}},
            "hovertemplate": "rewired: %{x:.3~f}<extra></extra>",
        }  # fmt: skip
        here = {
            "type": "scatter", "mode": "markers", "name": "observed", "x": plain([test.observed]), "y": plain([0.0]),
            "marker": {"size": 12, "color": BLUE}, "hovertemplate": "observed: %{x:.3~f}<extra></extra>",
        }  # fmt: skip
        head = f"Modularity {digits(test.observed)} among {len(found['null'])} rewired networks (strokes)"
        flat = {"range": [-1, 1], "showticklabels": False, "showgrid": False, "zeroline": False}
        panes.append(
            Pane(head=head, traces=[null, here], x="modularity (Q)", y="(no unit)", px=50, yaxis=flat)
        )
    if "z" in found and np.any(found["z"]):
        panes.append(_z(found["z"]))
    return panes


def _z(z: Floats) -> Pane:
    back = -np.arange(len(z), dtype=np.float64)[::-1]
    bars = {
        "type": "bar", "name": "z", "x": plain(back), "y": plain(z), "marker": {"color": BLUE},
        "hovertemplate": "%{x} windows ago: z %{y:.3~g}<extra></extra>",
    }  # fmt: skip
    head = "z of the modularity; 0 without a network"
    axis = {"dtick": 1, "range": [-max(len(z), 4) + 0.5, 0.5]}
    return Pane(head=head, traces=[bars], x="windows from the last one (number)", y="(z)", px=90, xaxis=axis)


ANSWERED = ("mean member", "best member", "nominal group", "group")
"""Whose answers, as in the evidence of collective intelligence; the best member is picked on other questions."""


def collective_intelligence(verdict: Verdict) -> list[Pane]:
    """How much was right alone, counted together and in exchange, and the whole over time."""
    found, panes = verdict.evidence, []
    if "accuracy" in found:
        bars = {
            "type": "bar", "orientation": "h", "name": "right", "y": list(ANSWERED), "x": plain(found["accuracy"]),
            "marker": {"color": [GRAY, GRAY, ORANGE, BLUE]}, "text": [f"{v:.1%}" for v in found["accuracy"]],
            "textposition": "auto", "hovertemplate": "<b>%{y}</b>: %{x:.1%} right<extra></extra>",
        }  # fmt: skip
        axis = {"range": [0, 1], "tickformat": ".0%"}
        panes.append(Pane(head="Questions answered right", traces=[bars], x="right (%)", y="who answers (name)",
                          xaxis=axis, yaxis={"autorange": "reversed"}))  # fmt: skip
    if "macro" in found:
        panes.append(series(verdict, "macro", "The whole: mean of all series"))
    return panes


def arrays(verdict: Verdict) -> list[Pane]:
    """Any arrays, one line each; a matrix's columns are lines of one pane."""
    panes = []
    for name, values in verdict.evidence.items():
        table = np.atleast_2d(np.asarray(values, np.float64).T)[:8, :500]
        x = np.arange(table.shape[1], dtype=np.float64)
        lines = [line(x, row, name, "", COLORWAY[i % 8]) for i, row in enumerate(table)]
        panes.append(Pane(head=name, traces=lines, x="place (number)", y="(its own unit)"))
    return panes[:6]


PANES: Mapping[str, Callable[[Verdict], list[Pane]]] = {
    "coordination": coordination,
    "innovation": innovation,
    "self-organization": self_organization,
    "collective-intelligence": collective_intelligence,
}
"""What each shipped detector's evidence looks like."""
