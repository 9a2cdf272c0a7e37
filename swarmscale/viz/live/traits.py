"""What an agent is like: its function, its ways of behaving, and its 76 traits as a strip of bars for each group."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ...agents.cognition import FUNCTIONS
from ...agents.traits import GROUPS, TRAITS
from ..theme import BLUE, DARK_COLORS, VERMILLION

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

STRONGEST = 10
MOST_Z = 2.5
"""Standard deviations at which a bar is full."""
BEHAVIOR = {
    "communication": "rate of communication",
    "listening": "share of what is said that is taken in",
    "conformity": "pull towards what others say",
    "risk": "taking of risks",
    "calibration": "how well the agent knows its own skill",
    "persistence": "staying with a task",
    "contagion": "susceptibility to others' moods",
}
NAMES = {"spi": "SPI"}
STYLE = (
    ".ss-traits{display:grid;grid-template-columns:auto 1fr;gap:2px 8px;font-size:.8rem;align-items:center}"
    ".ss-traits svg{width:100%;height:36px;display:block} .ss-traits line{stroke:currentColor;opacity:.35}"
    f".ss-traits rect.up{{fill:{BLUE}}} .ss-traits rect.down{{fill:{VERMILLION}}}"
    f".theme--dark .ss-traits rect.up{{fill:{DARK_COLORS[BLUE]}}}"
    f".theme--dark .ss-traits rect.down{{fill:{DARK_COLORS[VERMILLION]}}}"
)

type Traits = tuple[tuple[str, float], ...]


def traits_of(model: SwarmModel, row: int) -> Traits:
    """All traits of the agent in a row with their names, in standard deviations over a fleet."""
    uid, kind = (model.fleet.column(name)[[row]] for name in ("uid", "kind"))
    found = model.population.traits(uid, kind)[0]
    return tuple(zip(TRAITS, found.astype(np.float64).tolist(), strict=True))


def mind_rows(model: SwarmModel, row: int) -> list[tuple[str, str, str]]:
    """Name, value and definition: the function that an agent works at, its skill there, how it behaves, its traits."""
    model.assignment.update(model.fleet)
    f = int(model.assignment.function[row])
    people = model.people(np.array([row], np.int64))
    rows = [
        ("function", FUNCTIONS[f], "the cognitive function that it works at, by its type and largest skill"),
        (
            "skill there",
            f"{people.skill[0, f]:+.2f} sd",
            "latent skill of that function with what was learned, in standard deviations over a fleet",
        ),
    ]
    rows += [(name, f"{getattr(people, name)[0]:.2f}", f"{text}, 0 to 1") for name, text in BEHAVIOR.items()]
    strong = sorted(traits_of(model, row), key=lambda pair: -abs(pair[1]))[:STRONGEST]
    listed = ", ".join(f"{name.replace('_', ' ')} {z:+.1f}" for name, z in strong)
    return [
        *rows,
        (
            "strongest traits",
            listed,
            "the ten of its 76 traits furthest from the mean, in standard deviations",
        ),
    ]


def traits_html(traits: Traits) -> str:
    """The traits as bars, up and down from the fleet's mean, a strip for each group; each tells its name and value."""
    z = dict(traits)
    most = max(map(len, GROUPS.values()))
    lines = []
    for group, names in GROUPS.items():
        bars = "".join(_bar(i, name, z[name]) for i, name in enumerate(names))
        title = escape(f"{group}: " + ", ".join(f"{name.replace('_', ' ')} {z[name]:+.1f}" for name in names))
        lines.append(
            f"<span>{escape(NAMES.get(group, group))}</span>"
            f'<svg viewBox="0 0 {10 * most} 30" preserveAspectRatio="none" role="img" aria-label="{title}">'
            f'<line x1="0" x2="{10 * len(names)}" y1="15" y2="15" stroke-width="1"/>{bars}</svg>'
        )
    return f'<div class="ss-traits">{"".join(lines)}</div>'


def _bar(i: int, name: str, z: float) -> str:
    size = 15 * min(abs(z) / MOST_Z, 1.0)
    y, look = (15 - size, "up") if z >= 0 else (15, "down")
    told = escape(f"{name.replace('_', ' ')}: {z:+.2f} sd")
    place = f'x="{10 * i + 1}" y="{y:.1f}" width="8" height="{size:.1f}"'
    return f'<rect class="{look}" {place}><title>{told}</title></rect>'
