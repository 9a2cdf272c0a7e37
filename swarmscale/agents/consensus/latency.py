"""How long a panel takes to decide: simulated time and messages of each pattern of communication.

Times are in the unit of what is handed in: a message takes ``message`` to arrive, and a node ``process`` for each
message that it reads or writes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import lambertw

from ...arrays import Ints, Ints32
from ...errors import require


class Cost(NamedTuple):
    """What a decision costs.

    Attributes:
        time: from question to consensus.
        messages: sent in all.
    """

    time: float
    messages: int


def flat(n: int, message: float, process: float) -> Cost:
    """One coordinator asks all and hears all: ``2 t_m + n t_p``.

    >>> round(flat(50_000, 1.0, 0.1).time, 9)
    5002.0
    """
    return Cost(2 * message + n * process, 2 * max(n - 1, 0))


def tree(n: int, branching: int, message: float, process: float) -> Cost:
    """Down and up a tree of n nodes: ``2 h (t_m + b t_p)`` with h its height.

    >>> round(tree(50_000, 10, 1.0, 0.1).time, 9)
    20.0
    """
    return Cost(2 * height(n, branching) * (message + branching * process), 2 * max(n - 1, 0))


def height(n: int, branching: int) -> int:
    """Levels below the root of the flattest tree of n nodes.

    That is ``ceil(log_b(n (b - 1) + 1)) - 1``: every node is an agent, so it may be one less than ``ceil(log_b n)``,
    which hangs all agents below as leaves.

    >>> height(1, 2), height(3, 2), height(4, 2), height(50_000, 2)
    (0, 1, 2, 15)
    """
    require(branching >= 1, "branching", branching, "1 or more")
    room, level, h = 1, 1, 0
    while room < n:
        level *= branching
        room += level
        h += 1
    return h


def best_branching(message: float, process: float) -> float:
    """The branching that makes a tall tree fastest: b with ``b (ln b - 1) = t_m / t_p``.

    It is ``exp(1 + W(r / e))`` for the ratio r, with W the function of Lambert.

    >>> [round(best_branching(r, 1.0), 1) for r in (1.0, 10.0, 100.0)]
    [3.6, 8.6, 37.9]
    """
    return float(np.exp(1 + lambertw(message / process / np.e).real))


def rumor_rounds(n: int) -> float:
    """Rounds until a rumor that everybody who knows it pushes to one agent at random is known to all.

    ``log2 n + ln n``, to which a constant of order 1 comes.

    Source:
        Pittel (1987), *SIAM Journal on Applied Mathematics* 47:213.

    >>> round(rumor_rounds(50_000), 1)
    26.4
    """
    return float(np.log2(n) + np.log(n))


def averaging_rounds(second: float, precision: float) -> float:
    """Rounds of averaging after which no disagreement can be larger than a share of the first one.

    ``ln(1 / eps) / ln(1 / lambda_2)``: a bound for the worst first opinions; random ones take fewer.

    Args:
        second: second largest absolute eigenvalue of the matrix of weights, in [0, 1).
        precision: eps, in (0, 1).

    Source:
        Boyd, Ghosh, Prabhakar and Shah (2006), *IEEE Transactions on Information Theory* 52:2508.

    >>> round(averaging_rounds(0.5, 1 / 1024), 6)
    10.0
    """
    return float(np.log(1 / precision) / np.log(1 / second)) if second > 0 else 1.0


def all_to_all(n: int, message: float, process: float, largest: int = 300) -> Cost:
    """Everybody tells everybody, as in a phase of a Byzantine agreement: ``n (n - 1)`` messages.

    Raises:
        ConfigError: above ``largest`` agents.
    """
    require(n <= largest, "agents that all talk to all", n, f"at most {largest}; take a committee or a tree")
    return Cost(message + (n - 1) * process, n * (n - 1))


def mesh(neighbors: tuple[Ints32, Ints32], rounds: int, message: float, process: float) -> Cost:
    """Rounds over given links, each as long as the agent with the most neighbors needs.

    Args:
        neighbors: ``(offsets, members)`` of the agents.
        rounds: of them.
        message: time of a message.
        process: time to read one.
    """
    degrees = np.diff(neighbors[0])
    busiest = int(degrees.max()) if len(degrees) else 0
    return Cost(rounds * (message + busiest * process), int(degrees.sum()) * rounds)


def graicunas(subordinates: Ints) -> Ints:
    """Relationships that a superior has to mind: ``n (2**(n - 1) + n - 1)``.

    Source:
        Graicunas (1933), "Relationship in organization", in Gulick and Urwick, *Papers on the Science of
        Administration* (1937).

    >>> graicunas(np.arange(1, 11))
    array([   1,    6,   18,   44,  100,  222,  490, 1080, 2376, 5210])
    """
    n = np.asarray(subordinates, np.int64)
    return np.asarray(n * (2 ** (n - 1) + n - 1))


def dunbar(neocortex_ratio: float = 4.1) -> float:
    """Group size that goes with a ratio of neocortex to the rest of the brain, 4.1 for humans.

    ``log10 N = 0.093 + 3.389 log10 CR``.

    Source:
        Dunbar (1992), *Journal of Human Evolution* 22:469.

    >>> round(dunbar(), 1)
    147.8
    """
    return float(10 ** (0.093 + 3.389 * np.log10(neocortex_ratio)))
