"""Files that the page's frame needs, where they are, and which are missing: nothing comes from the network."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import site
import sys
from functools import cache
from pathlib import Path

FONT_AWESOME = "font-awesome@4.5.0/css/font-awesome.min.css"
PLOTLY = "plotly.min.js"


def assets_folder() -> Path:
    """Where ``solara-assets`` has put its files; it may not be there."""
    places = [Path(root) / "share" / "solara" / "cdn" for root in (sys.prefix, site.getuserbase())]
    return next((place for place in places if place.is_dir()), places[0])


def plotly_folder() -> Path | None:
    """Where plotly has its own JavaScript; None without plotly."""
    found = importlib.util.find_spec("plotly")
    return None if found is None or found.origin is None else Path(found.origin).parent / "package_data"


@cache
def plotly_url() -> str:
    """Address of plotly.js on this server, with the file's hash, which lets the browser keep it.

    Any other ``v=`` than the hash would have Solara forbid the browser to keep the file.
    """
    folder = plotly_folder()
    assert folder is not None
    digest = hashlib.md5((folder / PLOTLY).read_bytes(), usedforsecurity=False).hexdigest()
    return f"/static/assets/{PLOTLY}?v={digest}"


def wanted_assets(template: str, widgets: str = "8") -> list[str]:
    """What a page of Solara with Vue 2, in production, asks of the folder of assets.

    Args:
        template: the text of Solara's page template.
        widgets: major version of ipywidgets, which is part of some names.

    Returns:
        Paths below the folder.

    >>> wanted_assets('<script src="{{cdn}}/requirejs@2.3.6/require.js">')
    ['font-awesome@4.5.0/css/font-awesome.min.css', 'requirejs@2.3.6/require.js']
    """
    found = {
        text.replace("{{ipywidget_major_version}}", widgets)
        for text in re.findall(r'\{\{\s*cdn\s*\}\}/([^"]+)"', template)
        if "vuetify3" not in text
    }
    debug = {path.replace(".min.js", ".js") for path in found if path.endswith(".min.js")}
    return sorted((found - debug) | {FONT_AWESOME})


def missing_assets(template: str, folder: Path) -> list[str]:
    """Names of files that the page would ask for in vain."""
    wanted = wanted_assets(template)
    missing = [path for path in wanted if not (folder / path).is_file()]
    for part in ("solara-vuetify-app", "requirejs"):
        if not any(part in path for path in wanted):
            missing.append(f"{part} (Solara's template no longer names it)")
    plotly = plotly_folder()
    if plotly is None or not (plotly / PLOTLY).is_file():
        missing.append(PLOTLY)
    return missing
