"""``swarmscale bench``: speed and agreement on this machine."""

from __future__ import annotations

import typer


def bench(context: typer.Context) -> int:
    """Measure speed, memory and agreement with other simulators; see ``swarmscale bench --help``."""
    from ..bench import main

    return main(context.args)
