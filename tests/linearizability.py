"""A checker for histories of one register: is there an order of its operations that explains what was read?

Source:
    Wing & Gong (1993), "Testing and verifying concurrent objects", with the memory of visited states of Lowe (2017),
    "Testing for linearizability". Registers are checked one by one, since linearizability is local: Herlihy & Wing
    (1990), theorem 1.
"""

from typing import NamedTuple

INITIAL = None


class Operation(NamedTuple):
    """A read or write of a register; a write whose end is unknown (inf) may have happened at any time, or never."""

    write: bool
    value: object
    start: float
    end: float = float("inf")


def linearizable(history):
    """Whether some total order keeps real time and lets every read give the last value written before it."""
    ops = [op for op in history if op.write or op.end < float("inf")]
    must = sum(1 << i for i, op in enumerate(ops) if op.end < float("inf"))
    todo, seen = [((1 << len(ops)) - 1, INITIAL)], set()
    while todo:
        left, value = todo.pop()
        if not left & must:
            return True
        if (left, value) in seen:
            continue
        seen.add((left, value))
        waiting = [i for i in range(len(ops)) if left >> i & 1]
        first_end = min(ops[i].end for i in waiting)
        for i in waiting:
            op = ops[i]
            if op.start <= first_end and (op.write or op.value == value):
                todo.append((left & ~(1 << i), op.value))
    return False
