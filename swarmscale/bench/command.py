"""The command: choose benchmarks, run, show, write."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from ..errors import ConfigError
from .machine import described, load_average, machine
from .race import race
from .report import Section, as_tree, missed, write_json
from .scaling import scaling
from .spawn import spawn
from .stages import stages
from .start import start
from .ticks import ticks

BENCHMARKS: dict[str, Callable[[bool], Section]] = {
    "reference": race,
    "scaling": scaling,
    "spawn": spawn,
    "start": start,
    "stages": stages,
    "dt": ticks,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(message)


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    out = _Parser(
        prog="swarmscale bench",
        description="Measure speed, memory and agreement with other simulators; exit code 1 if a gate is missed.",
    )
    out.add_argument("--quick", action="store_true", help="fewer sizes and repeats: about a minute")
    out.add_argument(
        "--only",
        action="append",
        choices=tuple(BENCHMARKS),
        metavar="NAME",
        help=f"one benchmark, may be repeated: {', '.join(BENCHMARKS)}",
    )
    out.add_argument("--json", type=Path, metavar="FILE", help="also write all figures as JSON")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Args:
        argv: options; those of the shell if None.

    Returns:
        0, or 1 if a gate is missed.

    Raises:
        ConfigError: if an option is unknown or the file cannot be written.
    """
    options = parser().parse_args(sys.argv[1:] if argv is None else list(argv))
    if options.json is not None:
        _writable(options.json)
    console = Console() if sys.stdout.isatty() else Console(width=120)
    facts = machine()
    console.print(described(facts), highlight=False, markup=False)
    console.print("Times are CPU seconds of one process.\n", highlight=False)
    sections = []
    for name in options.only or BENCHMARKS:
        section = BENCHMARKS[name](options.quick)
        section.show(console)
        sections.append(section)
    facts["load_average_at_end"] = load_average()
    console.print(f"load average at the end: {facts['load_average_at_end']}", highlight=False)
    if options.json is not None:
        write_json(options.json, as_tree(facts, sections))
    bad = missed(sections)
    console.print(
        f"{bad} gates missed" if bad else "no gate missed", style="bold red" if bad else "bold green"
    )
    return 1 if bad else 0


def _writable(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is measured."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(f"--json {path}: cannot be written; name a file in a folder that exists")
