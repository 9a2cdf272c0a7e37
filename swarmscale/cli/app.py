"""``swarmscale app``: the live page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def live_page(
    host: Annotated[
        str, typer.Option(help="Where to listen; anything but this machine itself needs the token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes one that is free.")] = 8765,
    preset: Annotated[
        str, typer.Option(help="With what a session begins: a preset's name or a TOML file.")
    ] = "flash-crowd",
    max_agents: Annotated[int, typer.Option(help="Largest fleet that a session may have.")] = 100_000,
    max_sessions: Annotated[int, typer.Option(help="Most sessions (browser tabs) at once.")] = 8,
    runs: Annotated[Path, typer.Option(help="Folder of saved runs that may be opened.")] = Path("out"),
    experiments: Annotated[
        Path | None,
        typer.Option(help="Folder of sweeps, tunings and races to show; that of --runs by default."),
    ] = None,
    sweeps: Annotated[
        bool, typer.Option("--sweeps/--no-sweeps", help="Whether sweeps may be started from the page.")
    ] = True,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser as well.")] = True,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SWARMSCALE_APP_TOKEN",
            help="A secret that each visitor must bring; one is made if it is needed and not given.",
            show_envvar=True,
        ),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            help="Port of this machine at which Prometheus finds the metrics of all sessions; 0 takes one that is free."
        ),
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="A Solara script of your own in place of the page.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say in one line whether the page can start here, and stop.")
    ] = False,
) -> int:
    """Serve the live page: a fleet to watch, to steer and to break, in a browser, without the network."""
    from ..viz.live.check import inspect

    if check:
        found = inspect((host, port))
        typer.echo(found.line())
        return 1 if found.problems else 0
    from ..viz.live.server import serve
    from ..viz.live.settings_env import AppSettings

    settings = AppSettings(
        preset=preset,
        max_agents=max_agents,
        max_sessions=max_sessions,
        runs=str(runs),
        experiments=str(experiments or runs),
        sweeps=sweeps,
        metrics_port=-1 if metrics_port is None else metrics_port,
    )
    return serve(settings, host=host, port=port, token=token, script=script, open_page=open_, tell=typer.echo)
