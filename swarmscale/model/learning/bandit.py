"""Cooperative bandits: what sharing observations is worth, on a problem whose answer is known."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...arrays import Bools, Floats
from ...errors import require


def ring(agents: int, neighbors: int) -> Bools:
    """`[N, N]` who sees whom, itself included, where each sees its nearest neighbors on a ring.

    Args:
        agents: N.
        neighbors: an even number below N, or 0.
    """
    require(
        neighbors % 2 == 0 and 0 <= neighbors < agents, "neighbors", neighbors, f"even and below {agents}"
    )
    apart = (np.arange(agents)[None, :] - np.arange(agents)[:, None]) % agents
    return np.asarray(np.minimum(apart, agents - apart) <= neighbors // 2)


def shared_regret(
    means: Floats,
    sees: Bools,
    rounds: int,
    draws: np.random.Generator,
    *,
    clock: Literal["rounds", "draws"] = "rounds",
) -> float:
    """Regret of an agent, on average over all, where each adds what those whom it sees have drawn to its own sums.

    In each round every agent draws the arm with the highest upper confidence bound by all that it has seen,
    ``mean + sqrt(ln t / (2 n))``.

    Args:
        means: `[M]` chance that each arm pays 1.
        sees: `[N, N]` whether agent i (row) sees the draws of agent j; True on the diagonal.
        rounds: draws of each agent.
        draws: a generator.
        clock: what t counts: rounds, the same for all, or the draws that the agent has seen.

    Returns:
        Sum over rounds of the best mean less that of the arm drawn.

    Source:
        UCB1: Auer, Cesa-Bianchi & Fischer 2002, "Finite-time analysis of the multiarmed bandit problem", with the
        width of payoffs in [0, 1] (Hoeffding, variance at most 1/4); shared: Landgren, Srivastava & Leonard 2016.
    """
    agents, arms = len(sees), len(means)
    tell = sees.astype(np.float64)
    paid, drawn = np.zeros((agents, arms)), np.zeros((agents, arms))
    everybody = np.arange(agents)
    lost = 0.0
    for t in range(1, rounds + 1):
        seen = np.maximum(drawn.sum(axis=1, keepdims=True), 1.0) if clock == "draws" else float(t)
        some = np.maximum(drawn, 1.0)
        bound = np.where(drawn > 0, paid / some + np.sqrt(np.log(seen) / (2.0 * some)), np.inf)
        arm = bound.argmax(axis=1)
        pays = draws.random(agents) < means[arm]
        one = np.zeros((agents, arms))
        one[everybody, arm] = 1.0
        drawn += tell @ one
        paid += tell @ (one * pays[:, None])
        lost += float((means.max() - means[arm]).sum())
    return lost / agents
