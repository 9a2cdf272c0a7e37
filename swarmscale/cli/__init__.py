"""The command line: ``swarmscale`` and its commands, from ``run`` to ``warmup``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from ..errors import ConfigError
from .app import live_page
from .bench import bench
from .chaos import chaos
from .compare import compare
from .emergence import emergence
from .fit import fit
from .iq import iq
from .optimize import optimize
from .presets import app as presets_app
from .race import race
from .run import run
from .scorecard import scorecard
from .sweep import sweep
from .topology import topology
from .trace import app as trace_app
from .tune import tune
from .warmup import warmup

app = typer.Typer(
    name="swarmscale",
    help="A laboratory for large fleets of coordinated agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command("app")(live_page)
app.command()(race)
app.command()(sweep)
app.command()(tune)
app.command()(compare)
app.command()(fit)
app.command()(iq)
app.command()(emergence)
app.command()(chaos)
app.command()(optimize)
app.command()(topology)
app.command()(scorecard)
app.add_typer(trace_app, name="trace")
app.add_typer(presets_app, name="presets")
app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(bench)
app.command()(warmup)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from .. import __version__

        typer.echo(f"swarmscale {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


# typer may bring its own copy of click, so its base of all usage errors is found by name
_UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; bad input ends in one line on standard error and exit code 2.

    Args:
        arguments: the words after the command's name; those of the shell if None.

    Returns:
        The exit code.
    """
    command = typer.main.get_command(app)
    try:
        result = command.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message(), err=True)
            return 2
        return _refuse(error.format_message())
    except ConfigError as error:
        return _refuse(str(error))
    except typer.Abort:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    return result if isinstance(result, int) else 0


def _refuse(text: str) -> int:
    typer.echo("swarmscale: " + " ".join(text.split()), err=True)
    return 2
