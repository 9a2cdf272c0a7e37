"""The pages, in the order of the navigation: a new one is a file here and a line below."""

from __future__ import annotations

from ..panels import LivePage
from . import emergence, experiments, health, intelligence, overview, performance, scaling, topology

PAGES: tuple[LivePage, ...] = (
    overview.PAGE,
    performance.PAGE,
    topology.PAGE,
    scaling.PAGE,
    intelligence.PAGE,
    emergence.PAGE,
    health.PAGE,
)
"""Pages that look at a run alone; the same ones in every tab."""

TITLES: dict[str, str] = {page.path: page.title for page in PAGES} | {
    experiments.PATH: experiments.TITLE,
    "compare": "Compare",
}
"""All pages by their paths; the last two depend on what a tab has chosen, so each tab has its own."""
