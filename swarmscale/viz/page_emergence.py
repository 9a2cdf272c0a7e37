"""The report's section on emergence: verdicts and findings, statistics against their nulls, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .emergence import Emergence, emergence_of
from .emergence_tables import ABSTENTION_HEADS, FINDING_HEADS, abstentions, finding_rows
from .page_cards import Drawn, Panel, section
from .page_parts import plain_table

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

LEAD = (
    "What the fleet did together that its parts alone do not, told from chance in windows of its clusters' series, and "
    "of what nothing can be said."
)


def emergence_section(model: SwarmModel) -> list[Drawn]:
    """The section; nothing for a run of which no window was full."""
    seen = emergence_of(model)
    if not len(seen):
        return []
    drawn = section("Emergence", LEAD, emergence_panels(seen))
    found = finding_rows(seen)
    told = plain_table(f"The newest {len(found)} of {len(seen.findings):,} findings", FINDING_HEADS, found)
    told = told or "<p>No finding: none of the detectors saw anything in two of three windows in a row.</p>"
    told += plain_table("What was not said, and why", ABSTENTION_HEADS, abstentions(seen))
    return [Drawn(drawn.title, drawn.html.removesuffix("</section>") + told + "</section>")]


def emergence_panels(seen: Emergence) -> list[Panel]:
    """The section's figures: the same as on the live page."""
    from .figures import emergence, emergence_evidence, emergence_strip

    panels = [
        Panel(key="verdicts", figure=emergence_strip.strip(seen), read=emergence_strip.STRIP_READ, wide=True)
    ]
    for name in seen.detectors:
        course = emergence.courses(seen, name)
        panels.append(Panel(key=f"{name}-course", figure=course, read=emergence.COURSE_READ))
        shown = emergence_evidence.evidence(seen, name)
        panels.append(Panel(key=f"{name}-evidence", figure=shown, read=emergence_evidence.read_of(name)))
    return panels
