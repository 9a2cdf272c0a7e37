"""Every agent as a cell: what its color stands for, its name, and the path to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from plotly.colors import sample_colorscale

from ...agents.fleet import STATE_NAMES
from ...agents.skills import TYPES
from ...arrays import Bytes, Floats, Ints
from ...model.columns import ratio
from ..figures.agents import STATE_COLORS
from ..theme import COLORWAY, FAINT, SEQUENTIAL
from .panels import Pixels, View

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

STATE, LOAD, SKILL, CLUSTER, KIND = "state", "load", "skill", "cluster", "type"
CHOICES = (STATE, LOAD, SKILL, CLUSTER)
STEPS = 16
"""Colors of a scale."""
WIDE = 2.5
"""Width of the picture over its height."""
MOST_CELLS = 80_000
"""Of more agents only every second, third, ... is shown, so that a frame stays light."""


def paint(view: View, choice: str) -> Pixels | None:
    """The agents in the order of their clusters; None without a model or agents."""
    model = view.model
    if model is None or not len(model.fleet):
        return None
    rows, every = shown(model)
    codes, colors, labels = _PAINTERS[choice](model, rows)
    if every > 1:
        labels = (*labels[:-1], (labels[-1][0], f"{labels[-1][1]}; one cell for {every} agents"))
    return Pixels(
        codes=codes,
        columns=columns(len(rows)),
        colors=colors,
        labels=labels,
        names=lambda i: name(model, int(rows[i])),
    )


def shown(model: SwarmModel) -> tuple[Ints, int]:
    """`[n]` rows of the agents that have a cell, and how many agents a cell stands for."""
    rows = model.fleet.live()
    every = max(-(-len(rows) // MOST_CELLS), 1)
    return rows[::every], every


def columns(cells: int) -> int:
    """Cells in a row, in whole steps, so that a fleet that grows a little keeps its picture.

    >>> columns(50_000), columns(600)
    (400, 40)
    """
    step = 50 if cells > 5_000 else 10
    return max(-(-int(np.sqrt(WIDE * cells)) // step) * step, 10)


def picked(view: View, index: int) -> str:
    """The path of a cell's agent, ``agent/<unique id>``; empty if there is none any more."""
    model = view.model
    rows = shown(model)[0] if model is not None else np.zeros(0, np.int64)
    if model is None or index >= len(rows):
        return ""
    return f"agent/{int(model.fleet.column('uid')[rows[index]])}"


def name(model: SwarmModel, row: int) -> str:
    """What stands beside the pointer on an agent's cell."""
    fleet, cluster = model.fleet, row // model.fleet.slots
    uid, state, kind = (int(fleet.column(c)[row]) for c in ("uid", "state", "kind"))
    if not uid:
        return "an agent that has left"
    node = int(model.hierarchy_arrays.node_of_cluster[cluster])
    speed = 1.0 / float(fleet.column("slowness")[row])
    skill = float(fleet.rows.skill[cluster, :, row % fleet.slots].max()) / 255
    return (
        f"agent {uid:,}, cluster {cluster:,}, node {node}, {STATE_NAMES[state]}; "
        f"{TYPES[kind]}, best skill {skill:.0%}, speed {speed:.2f}"
    )


type Painted = tuple[Bytes, tuple[str, ...], tuple[tuple[int, str], ...]]


def _by_state(model: SwarmModel, rows: Ints) -> Painted:
    codes = model.fleet.column("state")[rows]
    present = np.bincount(codes, minlength=len(STATE_NAMES))
    colors = tuple(STATE_COLORS.get(state, FAINT) for state in STATE_NAMES)
    return codes, colors, tuple((i, state) for i, state in enumerate(STATE_NAMES) if present[i])


def _by_load(model: SwarmModel, rows: Ints) -> Painted:
    state = model.flow.state
    load = ratio(state.in_service.astype(np.float64), state.ready.astype(np.float64))
    return _scaled(_steps(load)[rows // model.fleet.slots], "{:.0%} busy")


def _by_skill(model: SwarmModel, rows: Ints) -> Painted:
    best = model.fleet.rows.skill.max(axis=1).reshape(-1)[rows]
    return _scaled(_steps(best / 255.0), "skill {:.0%}")


def _steps(shares: Floats) -> Bytes:
    """`[n]` shares in 16 steps; 16 where there is none."""
    known = np.isfinite(shares)
    steps = np.clip(np.where(known, shares, 0.0) * STEPS, 0, STEPS - 1)
    return np.where(known, steps, STEPS).astype(np.uint8)


def _scaled(codes: Bytes, words: str) -> Painted:
    colors = sample_colorscale(SEQUENTIAL, [i / (STEPS - 1) for i in range(STEPS)], colortype="tuple")
    shades = tuple("#" + "".join(f"{round(255 * part):02X}" for part in color) for color in colors)
    ends = (0, STEPS // 2, STEPS - 1)
    labels = tuple((i, words.format(i / (STEPS - 1))) for i in ends)
    gone = ((STEPS, "nobody ready"),) if (codes == STEPS).any() else ()
    return codes, (*shades, FAINT), labels + gone


def _by_cluster(model: SwarmModel, rows: Ints) -> Painted:
    numbers = (rows // model.fleet.slots) % len(COLORWAY)
    return numbers.astype(np.uint8), COLORWAY, ((0, "clusters in turns, each color another one"),)


def _by_kind(model: SwarmModel, rows: Ints) -> Painted:
    codes = model.fleet.column("kind")[rows]
    present = np.bincount(codes, minlength=len(TYPES))
    return codes, COLORWAY[: len(TYPES)], tuple((i, kind) for i, kind in enumerate(TYPES) if present[i])


_PAINTERS = {KIND: _by_kind, STATE: _by_state, LOAD: _by_load, SKILL: _by_skill, CLUSTER: _by_cluster}
