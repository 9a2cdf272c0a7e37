"""The other simulators, each with REF-1 as its users would write it.

To add one, write a file with a function from tasks to an :class:`Outcome`, and a line here.
"""

from .amber_columns import run_amber
from .base import Outcome, Rival
from .mesa_objects import run_mesa
from .simpy_processes import run_simpy

RIVALS: tuple[Rival, ...] = (
    Rival("Mesa objects", "mesa", run_mesa),
    Rival("SimPy", "simpy", run_simpy),
    Rival("AMBER (numpy inside)", "ambr", run_amber),
)

__all__ = ["RIVALS", "Outcome", "Rival", "run_amber", "run_mesa", "run_simpy"]
