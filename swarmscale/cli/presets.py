"""``swarmscale presets``: list them, show one, print the table of physical parameters."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Named settings.", no_args_is_help=True)


@app.command(name="list")
def list_() -> None:
    """Each preset in a line."""
    from ..model.config import Config
    from ..model.presets import preset_about, preset_names

    for name in preset_names():
        c = Config.load(name)
        typer.echo(f"{name:12} {c.fleet.agents:>9,} agents  {c.seconds:>7,.0f} s  {preset_about(name)}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="A preset's name or the path of a TOML file.")]) -> None:
    """All settings of a preset as TOML, fit to be changed and run."""
    from ..model.config import Config

    typer.echo(Config.load(name).toml())


@app.command()
def table() -> None:
    """The table of physical parameters: every setting of every preset, its unit, and its source."""
    from ..model.parameters import parameter_table

    typer.echo(parameter_table())
