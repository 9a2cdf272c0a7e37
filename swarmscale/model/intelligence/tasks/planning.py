"""Planning: who does what, in cells of neighbors who see costs unclearly and swap by agreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from .base import Score, jackknifed, repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """As many tasks as agents are shared out in each cell; a pair's cost is Exp(1), seen through noise.

    Cells are grown over links. Agents choose in a drawn order the cheapest task that they see (noise
    ``.6 exp(-.5 skill)``), then ten times as many swaps as agents are tried between a member and a neighbor in
    its cell: done if both see a gain together, the link holds, both listen and the first persists. The score is
    log(random / got), the costs of all cells together, in units of what the best plan of a full cell reaches;
    the bound is the best plan of cells that links have not cut up.

    Attributes:
        cell: agents in a cell at most, 2 or more.

    Source:
        Greedy: harmonic number; best: sum of 1/k^2 (Parisi's formula: Linusson & Wastlund 2004).
    """

    function = "planning"
    pools = False
    cell: int = 24

    def __post_init__(self) -> None:
        require(self.cell >= 2, "cell", self.cell, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 8, least=2, full=500)
        noise = 0.6 * np.exp(-0.5 * group.skill(5))
        listens = np.asarray(c.listening, np.float64)
        persists = 0.5 + 0.5 * np.asarray(group.people.persistence, np.float64)
        spent = np.zeros(runs)
        for r in range(runs):
            rng = streams.generator(seed, f"battery.planning.{r}")
            cell = cells(rng.permutation(n), c.offsets, c.members, self.cell)
            order = np.argsort(cell, kind="stable")
            sizes = np.bincount(cell)
            bounds = np.concatenate([[0], np.cumsum(sizes)])
            for q, m in enumerate(sizes):
                who, turn = order[bounds[q] : bounds[q + 1]], rng.permutation(m)
                cost = rng.exponential(size=(m, m))
                seen = cost + noise[who, None] * rng.standard_normal((m, m))
                key = streams.key(seed, f"battery.planning.{r}.{q}")
                spent[r] += shared_out(
                    cost, seen, who, turn, c.offsets, c.members, c.reach, listens, persists, key
                )
        unit = np.log(self.cell / best_cost(self.cell))
        score, se = jackknifed(lambda which: float(np.log(n / spent[which].mean()) / unit), runs)
        least = n // self.cell * best_cost(self.cell) + best_cost(n % self.cell)
        return Score(score, float(np.log(n / least) / unit), se)


def best_cost(agents: int) -> float:
    """Mean cost of the best plan for as many tasks as agents, each pair's cost Exp(1).

    >>> round(best_cost(24), 3)
    1.604
    """
    return float((1.0 / np.arange(1, agents + 1) ** 2).sum())


@kernel
def cells(order: Ints, offsets: Ints32, members: Ints32, size: int) -> Ints:
    """`[N]` the cell of each agent: grown breadth first over links from the next agent in order without one."""
    n = len(order)
    cell = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    number = 0
    for x in range(n):
        if cell[order[x]] >= 0:
            continue
        queue[0], head, tail = order[x], 0, 1
        cell[order[x]] = number
        while head < tail and tail < size:
            i = queue[head]
            head += 1
            for e in range(offsets[i], offsets[i + 1]):
                j = members[e]
                if cell[j] < 0 and tail < size:
                    cell[j] = number
                    queue[tail] = j
                    tail += 1
        number += 1
    return cell


@kernel
def shared_out(
    cost: Floats,
    seen: Floats,
    who: Ints,
    turn: Ints,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    listens: Floats,
    persists: Floats,
    key: np.uint64,
) -> float:
    """Cost of the tasks as a cell of m agents shares them out.

    Args:
        cost: `[m, m]` true cost of each agent for each task.
        seen: `[m, m]` the same as the agent sees it.
        who: `[m]` the agents' numbers in the group, ascending.
        turn: `[m]` the order in which they choose.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        listens: `[N]` chance that an agent listens to a proposal.
        persists: `[N]` chance that it makes one when it could.
        key: Philox key.
    """
    m = len(who)
    task = np.full(m, -1, np.int64)
    free = np.ones(m, np.bool_)
    for x in turn:
        best = -1
        for t in range(m):
            if free[t] and (best < 0 or seen[x, t] < seen[x, best]):
                best = t
        task[x] = best
        free[best] = False
    for s in range(10 * m):
        a, b, c, d = draw(s, 0, key)
        x = int(unit32(a) * m)
        i = who[x]
        degree = offsets[i + 1] - offsets[i]
        if degree == 0:
            continue
        e = offsets[i] + int(unit32(b) * degree)
        j = members[e]
        y = np.searchsorted(who, j)
        if y >= m or who[y] != j:
            continue
        gain = seen[x, task[x]] + seen[y, task[y]] - seen[x, task[y]] - seen[y, task[x]]
        if gain > 0 and unit32(c) < listens[i] * listens[j] * reach[e] and unit32(d) < persists[i]:
            task[x], task[y] = task[y], task[x]
    total = 0.0
    for x in range(m):
        total += cost[x, task[x]]
    return total
