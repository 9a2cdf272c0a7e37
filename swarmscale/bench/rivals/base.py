"""What another simulator is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from ..reference import ReferenceTasks, Waits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulator made of the tasks.

    Attributes:
        waits: of every task.
        cpu_s: CPU seconds of the run, without building the model.
    """

    waits: Waits
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Rival:
    """Another simulator.

    Attributes:
        name: for tables.
        package: what must be installed.
        run: replays the tasks.
    """

    name: str
    package: str
    run: Callable[[ReferenceTasks], Outcome]

    @property
    def present(self) -> bool:
        """Whether its package is installed."""
        return find_spec(self.package) is not None

    def missing_note(self) -> str:
        """What to say where it is not installed."""
        return f"{self.name}: not installed; for this row: pip install 'swarmscale[bench]' (package {self.package})"
