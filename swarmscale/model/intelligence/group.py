"""A group of agents as the battery sees it: skills, ways of communicating, and the links among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...agents.people import People
from ...arrays import Floats, Floats32, Ints, Ints32
from ...errors import require


class Channel(NamedTuple):
    """How what agents say spreads in one round over the links: a column-stochastic matrix in compressed rows.

    Agent j keeps a part of what it holds and hands the rest to its neighbors: neighbor i takes the share
    ``listening_i * speaking_j * reach_ij / (1 + degree_j)``.

    Attributes:
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        share: `[M]` what agent i takes of what neighbor j holds.
        keep: `[N]` what an agent keeps of its own, so that nothing is lost.
        listening: `[N]` share of what is said that an agent takes in.
        reach: `[M]` chance that a message over the link arrives.
        rounds: rounds in which a group of this size works, 3 log2 N (Kempe, Dobra & Gehrke 2003).
    """

    offsets: Ints32
    members: Ints32
    share: Floats32
    keep: Floats32
    listening: Floats32
    reach: Floats32
    rounds: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group that works on tasks.

    Attributes:
        people: what its agents are like.
        channel: how they are linked.
    """

    people: People
    channel: Channel

    def __len__(self) -> int:
        return len(self.people.uid)

    @property
    def same_as(self) -> Ints:
        """`[N]` place of the first agent with the same unique id: its own, but for copies.

        Copies of an agent see, know and err alike: they add hands, not heads.
        """
        _, first, which = np.unique(self.people.uid, return_index=True, return_inverse=True)
        return np.asarray(first[which], np.int64)

    def skill(self, function: int) -> Floats:
        """`[N]` latent skill of a function, in standard deviations."""
        return np.asarray(self.people.skill[:, function], np.float64)


def group_of(people: People, links: Ints, reach: Floats | None = None) -> Group:
    """A group from its people and its links.

    Args:
        people: N agents.
        links: `[E, 2]` pairs of agents, each link once; no agent is linked to itself.
        reach: `[E]` chance that a message over the link arrives, in (0, 1]; 1 for all if None.

    Raises:
        ConfigError: if there is no agent or a link leads outside the group.
    """
    n = len(people.uid)
    require(n >= 1, "agents of a group", n, "1 or more")
    links = np.asarray(links, np.int64).reshape(-1, 2)
    inside = not len(links) or bool(0 <= links.min() <= links.max() < n)
    require(inside, "links", len(links), f"among 0 to {n - 1}")
    require(
        not (links[:, 0] == links[:, 1]).any(), "links", "from an agent to itself", "between different agents"
    )
    chance = np.ones(len(links)) if reach is None else np.asarray(reach, np.float64)
    fits = chance.shape == (len(links),) and bool(((chance > 0) & (chance <= 1)).all())
    require(fits, "reach", f"{chance.shape} values", f"{len(links)} chances in (0, 1], one a link")
    ends = np.concatenate([links[:, 0], links[:, 1]])
    others = np.concatenate([links[:, 1], links[:, 0]])
    order = np.argsort(ends * n + others, kind="stable")
    degree = np.bincount(ends, minlength=n)
    offsets = np.concatenate([[0], np.cumsum(degree)]).astype(np.int32)
    ends, members, both = ends[order], others[order], np.tile(chance, 2)[order]
    listening = np.asarray(people.listening, np.float64)
    speaking = 0.5 + 0.5 * np.asarray(people.communication, np.float64)
    share = listening[ends] * both * (speaking / (1 + degree))[members]
    keep = 1.0 - np.bincount(members, share, n)
    channel = Channel(
        offsets=offsets,
        members=members.astype(np.int32),
        share=share.astype(np.float32),
        keep=keep.astype(np.float32),
        listening=listening.astype(np.float32),
        reach=both.astype(np.float32),
        rounds=max(int(3 * math.log2(n)), 1),
    )
    return Group(people, channel)
