"""The pages, in the order of the navigation: a new one is a file here and a line below."""

from __future__ import annotations

from ..panels import LivePage
from . import health, intelligence, overview, performance, scaling, topology

PAGES: tuple[LivePage, ...] = (
    overview.PAGE,
    performance.PAGE,
    topology.PAGE,
    scaling.PAGE,
    intelligence.PAGE,
    health.PAGE,
)
"""All pages."""
