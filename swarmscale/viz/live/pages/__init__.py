"""The pages, in the order of the navigation: a new one is a file here and a line below."""

from __future__ import annotations

from ..panels import LivePage

PAGES: tuple[LivePage, ...] = ()
"""All pages."""
