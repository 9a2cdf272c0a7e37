"""Small sweeps, and a plugin whose outcome does to a run what a file beside it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TROUBLE = '''
import os
import time
from dataclasses import dataclass
from pathlib import Path

import swarmscale

HERE = Path(__file__).parent


@swarmscale.register("outcome", "trouble")
@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Obeys the order for its run, if there is one, then measures the start-up time."""

    def measure(self, model):
        order = HERE / f"{model.config.life.start_s:g}-{model.root_seed}"
        word = order.read_text() if order.exists() else ""
        if word == "raise":
            raise ValueError(f"no luck with seed {model.root_seed}")
        if word == "wait":
            (HERE / f"waiting-{os.getpid()}").touch()
            while order.exists():
                time.sleep(0.02)
        return model.config.life.start_s
'''
STARTS = (5, 10, 20, 30, 40)
REPLICATIONS = 2
SMALL = {"seconds": 5, "intelligence.on": False, "fleet.agents": 60}


def small(**more: Any) -> dict[str, Any]:
    """A sweep of ten runs of some milliseconds each."""
    return {
        "name": "small",
        "base": "tiny",
        "replications": REPLICATIONS,
        "rng": 7,
        "outcomes": ["cost", "response_p95_s"],
        "set": dict(SMALL),
        "design": {"kind": "grid", "over": {"life.start_s": list(STARTS)}},
    } | more


def troubled(folder: Path, **more: Any) -> dict[str, Any]:
    """The same sweep with the plugin, whose orders lie in a folder."""
    plugin = folder / "trouble.py"
    plugin.write_text(TROUBLE, encoding="utf-8")
    return small(plugins=[str(plugin)], outcomes=["cost", "response_p95_s", "trouble"], **more)


def order(folder: Path, start_s: int, seed: int, word: str) -> Path:
    """An order for one run."""
    path = folder / f"{start_s}-{seed}"
    path.write_text(word, encoding="utf-8")
    return path


def waiting(folder: Path, count: int = 1, timeout_s: float = 120.0) -> list[int]:
    """Process ids of so many workers that wait by order, once they do."""

    def found() -> list[int]:
        return [int(path.name.partition("-")[2]) for path in folder.glob("waiting-*")]

    until(lambda: len(found()) >= count, timeout_s)
    return found()


def until(holds: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait until something holds; fail if it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Whether a process runs; one that is dead but not waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
