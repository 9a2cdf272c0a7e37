"""The report's section on collective intelligence: its course, scores against bounds, the norm's factor, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.intelligence.norm import shipped_norm
from .page_cards import Drawn, Panel, section
from .probes import probes_of

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

NOBODY = "no agent was ready when the fleet was probed"


def intelligence_section(model: SwarmModel) -> list[Drawn]:
    """The section; nothing for a run without a probe."""
    panels = intelligence_panels(model)
    lead = "How well the fleet thought together and decided, by probes of panels of its agents."
    return [section("Intelligence", lead, panels)] if panels else []


def intelligence_panels(model: SwarmModel) -> list[Panel]:
    """The section's figures; none for a run without a probe."""
    from .figures import intelligence

    probes = probes_of(model)
    if not len(probes):
        return []
    return [
        Panel(
            key="iq",
            figure=intelligence.iq_over_time(probes),
            read="Each point is a probe with its 95 % interval; the gray band holds the middle two thirds of the "
            "norm's groups.",
            otherwise=NOBODY,
        ),
        Panel(
            key="scores",
            figure=intelligence.scores(probes),
            read="The blue bar is what panels reached, the frame around it what their members could; the gap is lost "
            "on the way to the group.",
            otherwise=NOBODY,
        ),
        Panel(
            key="loadings",
            figure=intelligence.loadings(shipped_norm()),
            read="The share that one factor takes belongs to the norm's population of groups; it says nothing of this "
            "fleet.",
        ),
        Panel(
            key="decisions",
            figure=intelligence.decisions(probes),
            read="Above the gray line a panel decided better than its agents alone; confidence should lie on the blue "
            "line.",
            otherwise=NOBODY,
        ),
    ]
