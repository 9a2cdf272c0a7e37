"""Mesa's own page with our components, as a script for Solara: ``solara run viz/mesa_app.py``."""

from swarmscale.viz.live.mesa import mesa_page
from swarmscale.viz.live.pages import PAGES

page = mesa_page(PAGES[:2], "flash-crowd")
