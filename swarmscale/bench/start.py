"""From the start of a process to its first tick, and to the end of a simulated hour."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from subprocess import CalledProcessError

from .clock import of_process
from .report import Cell, Gate, Section
from .stages import PRESET

FIRST_TICK = f"import swarmscale\nswarmscale.SwarmModel({PRESET!r}, rng=1).step()"
FIRST_TICK_S = 2.5
HOUR_S = 10.0


def start(quick: bool = False) -> Section:
    """Processes of their own: kernels cached, not cached, and the whole hour by the command line."""
    rows: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    repeats = 3 if quick else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment()
        code = [sys.executable, "-c", FIRST_TICK]
        of_process(code, env, folder)  # fills the cache
        warm = [of_process(code, env, folder) for _ in range(repeats)]
        rows.append(_row("first tick, kernels cached", warm))
        if not quick:
            cold = of_process(code, env | {"NUMBA_CACHE_DIR": str(folder / "empty")}, folder)
            rows.append(_row("first tick, nothing cached", [cold]))
        hour = None if quick else _hour(env, folder, rows, notes)
    return Section(
        key="start",
        title=f"{PRESET}: whole processes",
        columns=("process", "CPU s", "wall s", "shortest wall s"),
        rows=tuple(rows),
        gates=(
            Gate(
                name="CPU s from process start to first tick",
                value=median(cpu for _, cpu in warm),
                limit=FIRST_TICK_S,
                at_least=False,
            ),
            Gate(
                name="CPU s of a whole hour's process with report", value=hour, limit=HOUR_S, at_least=False
            ),
        )[: 1 if quick else 2],
        notes=tuple(notes),
    )


def environment() -> dict[str, str]:
    """This process's environment, in which the package is found from any folder."""
    root = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH")
    return dict(os.environ) | {"PYTHONPATH": root if not known else root + os.pathsep + known}


def _hour(env: dict[str, str], folder: Path, rows: list[tuple[Cell, ...]], notes: list[str]) -> float | None:
    if find_spec("swarmscale.__main__") is None:
        notes.append("the simulated hour is not measured: this version has no command line")
        return None
    command = [sys.executable, "-m", "swarmscale", "run", PRESET, "--quiet", "--out", str(folder / "hour")]
    try:
        runs = [of_process(command, env, folder) for _ in range(3)]
    except CalledProcessError as error:
        last = (error.stderr or b"").decode(errors="replace").strip().splitlines()[-1:]
        notes.append(
            f"the simulated hour is not measured: swarmscale run ended with {error.returncode}: {last}"
        )
        return None
    rows.append(_row("one simulated hour with records and report", runs))
    return median(cpu for _, cpu in runs)


def _row(label: str, runs: list[tuple[float, float]]) -> tuple[Cell, ...]:
    walls = [wall for wall, _ in runs]
    return (label, median(cpu for _, cpu in runs), median(walls), min(walls))
