"""Benchmarks: speed beside other simulators on the very same tasks, scaling, memory, start-up; see :func:`main`."""

from .command import main
from .reference import ReferenceTasks, Waits, compare, oracle, reference_tasks

__all__ = ["ReferenceTasks", "Waits", "compare", "main", "oracle", "reference_tasks"]
