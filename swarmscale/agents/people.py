"""What agents are like: traits, latent skills and ways of behaving, drawn by counter when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .. import rng
from ..arrays import Bytes, Floats, Floats32, Ints, kernel
from ..errors import require
from ..rng import U, draw, normal32
from .cognition import FUNCTIONS, profiles
from .given_traits import GivenTraits
from .personality import (
    MEDIANS,
    SCORES,
    SPREAD,
    Paths,
    score_directions,
    type_means,
    type_odds,
    within_types,
)
from .traits import TRAITS

COMMON, PROFILED, OWN = 0.65, 0.6, 0.76
"""Weights of a latent skill: of general skill, of the type's profile, of the agent's own gift for the function.

Assumed: with them a first factor takes about 45 % of what varies among individual skills, as it does in people.
"""

_FACTORS = 8  # normals that fix the scores; the other 68 of the 76 traits cannot be seen in them
_OWN_FROM, _OWN_DRAWS = 2, 5  # draws 0 and 1: factors; 2 to 6: 8 + 12 normals of the agent's own
_REST_FROM, _REST_DRAWS = 7, 17


class People(NamedTuple):
    """What N agents are like.

    Attributes:
        uid: `[N]` unique ids.
        kind: `[N]` intelligence type, index into :data:`swarmscale.agents.skills.TYPES`.
        skill: `[N, 12]` latent skill of each function of :data:`swarmscale.agents.cognition.FUNCTIONS`: mean 0
            over a fleet of all types in equal parts, standard deviation 1.02 to 1.04.
        communication: `[N]` rate of communication, in (0, 1), as all that follow.
        listening: `[N]` share of what is said that is taken in.
        conformity: `[N]` pull towards what others say.
        risk: `[N]` taking of risks.
        calibration: `[N]` how well the agent knows its own skill.
        persistence: `[N]` staying with a task.
        contagion: `[N]` susceptibility to others' moods.
    """

    uid: Ints
    kind: Bytes
    skill: Floats32
    communication: Floats32
    listening: Floats32
    conformity: Floats32
    risk: Floats32
    calibration: Floats32
    persistence: Floats32
    contagion: Floats32


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The laws of a fleet's people: each agent is a function of its id, its type and the root seed alone.

    Every normal is drawn by counter for the agent and place that it belongs to, so that neither the order nor
    the number of agents asked for changes anything, nothing is stored, and 500 of a million cost as much as
    500 of 500. The 76 normals behind the traits are turned so that the first eight alone fix what the traits
    do to skill and behavior: whoever needs no traits pays for 28 normals an agent, not for 96.

    Attributes:
        key: Philox key of the stream.
        shares: `[6]` frequency of each type, sum 1.
        means: `[6, 76]` mean traits of the agents of each type.
        mixing: `[76, 76]` what each normal (row) adds to each trait (column).
        shift: `[6, 8]` mean of the scores' trait parts for each type.
        turn: `[8, 8]` what each of the first normals (row) adds to the scores' trait parts (column).
        path: `[8]` weight of the trait part in each score, 0 to 1.
        given: agents whose traits somebody brought along; theirs act in place of what would be drawn.
    """

    key: np.uint64
    shares: tuple[float, ...]
    means: Floats
    mixing: Floats32
    shift: Floats
    turn: Floats
    path: Floats
    given: GivenTraits = field(default_factory=GivenTraits)

    @classmethod
    def build(cls, root_seed: int, paths: Paths, type_shares: Sequence[float]) -> Population:
        """The laws for a root seed, path weights and shares of the six types.

        Raises:
            ConfigError: if a weight is not from 0 to 1, or there are not six shares.
        """
        path = np.array([getattr(paths, name) for name in SCORES], np.float64)
        for name, weight in zip(SCORES, path, strict=True):
            require(0 <= weight <= 1, f"intelligence.paths.{name}", weight, "from 0 to 1")
        means = type_means(paths.type, type_shares)
        directions = score_directions()
        root = np.linalg.cholesky(within_types(means, type_shares))
        basis, turn = np.linalg.qr(root.T @ directions, mode="complete")
        shares = np.asarray(type_shares, np.float64) / np.sum(type_shares)
        return cls(
            key=rng.key(root_seed, "people"),
            shares=tuple(shares.tolist()),
            means=means,
            mixing=np.ascontiguousarray((root @ basis).T, np.float32),
            shift=means @ directions,
            turn=np.ascontiguousarray(turn[:_FACTORS]),
            path=path,
        )

    def people(self, uid: Ints, kind: Bytes) -> People:
        """What agents are like, by their innate skills: nothing learned is in them.

        Args:
            uid: `[N]` unique ids, 1 or more.
            kind: `[N]` intelligence types, 0 to 5.

        Raises:
            ConfigError: if an id or a type is none, as those of empty rows.
        """
        uid, kind = _checked(uid, kind)
        skill = np.empty((len(uid), len(FUNCTIONS)), np.float32)
        score = np.empty((len(SCORES), len(uid)), np.float32)
        base = np.array([np.log(m / (1 - m)) for m in MEDIANS.values()])
        fill_people(uid, kind, self.key, self.shift, self.turn, self.path, base, _profiled(), score, skill)
        self._give(uid, kind, score, skill)
        return People(uid, kind, skill, *score[1:])

    def general_skill(self, uid: Ints, kind: Bytes) -> Floats32:
        """`[N]` general skill, standard normal over the fleet: the part that an agent's twelve skills share."""
        uid, kind = _checked(uid, kind)
        skill = np.empty((len(uid), len(FUNCTIONS)), np.float32)
        score = np.empty((len(SCORES), len(uid)), np.float32)
        base = np.zeros(len(MEDIANS))
        fill_people(uid, kind, self.key, self.shift, self.turn, self.path, base, _profiled(), score, skill)
        self._give(uid, kind, score, skill)
        general: Floats32 = score[0]
        return general

    def traits(self, uid: Ints, kind: Bytes) -> Floats32:
        """`[N, 76]` traits, standard normal over the fleet, in the order of ``TRAITS``; see :meth:`people`."""
        uid, kind = _checked(uid, kind)
        out = np.empty((len(uid), len(TRAITS)), np.float32)
        fill_traits(uid, kind, self.key, self.means.astype(np.float32), self.mixing, out)
        which, traits = self.given.of(uid)
        out[which] = traits
        return out

    def _give(self, uid: Ints, kind: Bytes, score: Floats32, skill: Floats32) -> None:
        """Let given traits act in place of those that would be drawn; what does not come of traits stays."""
        which, traits = self.given.of(uid)
        if not which.any():
            return
        drawn = np.empty((int(which.sum()), len(TRAITS)), np.float32)
        fill_traits(uid[which], kind[which], self.key, self.means.astype(np.float32), self.mixing, drawn)
        more = self.path * ((traits - drawn).astype(np.float64) @ score_directions())
        score[0, which] += more[:, 0]
        skill[which] += (COMMON * more[:, :1]).astype(np.float32)
        before = score[1:, which].astype(np.float64)
        latent = np.log(before / (1.0 - before)) + SPREAD * more[:, 1:].T
        score[1:, which] = 1.0 / (1.0 + np.exp(-latent))

    def in_blocks(self, uid: Ints, kind: Bytes, agents: int = 65_536) -> Iterator[tuple[People, Floats32]]:
        """People and traits of many agents, a block at a time, so that memory stays bounded.

        Args:
            uid: `[N]` unique ids, 1 or more.
            kind: `[N]` intelligence types, 0 to 5.
            agents: agents in a block.
        """
        for first in range(0, len(uid), agents):
            part = slice(first, first + agents)
            yield self.people(uid[part], kind[part]), self.traits(uid[part], kind[part])

    def type_odds(self, traits: Floats | Floats32) -> Floats:
        """`[N, 6]` chance of each type for agents with the given traits, `[N, 76]`."""
        return type_odds(np.asarray(traits, np.float64), self.means, self.shares)


def _checked(uid: Ints, kind: Bytes) -> tuple[Ints, Bytes]:
    uid, kind = np.ascontiguousarray(uid, np.int64), np.ascontiguousarray(kind, np.uint8)
    require(
        uid.shape == kind.shape == (len(uid),), "shapes of uid and kind", (uid.shape, kind.shape), "equal"
    )
    require(not len(uid) or int(uid.min()) > 0, "uid", "0", "1 or more: an empty row holds no agent")
    require(not len(kind) or int(kind.max()) < 6, "kind", int(kind.max(initial=0)), "from 0 to 5")
    return uid, kind


def _profiled() -> Floats:
    """`[6, 12]` what a type's profile adds to each function's skill; 0 on average over the types."""
    profile = profiles().astype(np.float64)
    return np.asarray(PROFILED * (profile - profile.mean(axis=0)), np.float64)


@kernel
def fill_people(
    uid: Ints,
    kind: Bytes,
    key: np.uint64,
    shift: Floats,
    turn: Floats,
    path: Floats,
    base: Floats,
    profiled: Floats,
    score: Floats32,
    skill: Floats32,
) -> None:
    """Write general skill (row 0) and parameters (rows 1 to 7) of ``score`` `[8, N]`, and ``skill`` `[N, 12]`."""
    factor, own = np.empty(8, np.float64), np.empty(20, np.float64)
    for i in range(len(uid)):
        for d in range(2):
            _four(draw(uid[i], d, key), factor, 4 * d)
        for d in range(_OWN_DRAWS):
            _four(draw(uid[i], _OWN_FROM + d, key), own, 4 * d)
        k = kind[i]
        general = 0.0
        for s in range(8):
            part = shift[k, s]
            for c in range(s + 1):
                part += turn[c, s] * factor[c]
            latent = path[s] * part + np.sqrt(1.0 - path[s] * path[s]) * own[s]
            if s == 0:
                general = latent
                score[0, i] = latent
            else:
                score[s, i] = 1.0 / (1.0 + np.exp(-(base[s - 1] + SPREAD * latent)))
        for f in range(12):
            skill[i, f] = COMMON * general + profiled[k, f] + OWN * own[8 + f]


@kernel
def fill_traits(
    uid: Ints, kind: Bytes, key: np.uint64, means: Floats32, mixing: Floats32, out: Floats32
) -> None:
    """Write the traits of agents, `[N, 76]`."""
    p = mixing.shape[0]
    normal = np.empty(p, np.float64)
    for i in range(len(uid)):
        for d in range(2):
            _four(draw(uid[i], d, key), normal, 4 * d)
        for d in range(_REST_DRAWS):
            _four(draw(uid[i], _REST_FROM + d, key), normal, _FACTORS + 4 * d)
        row = out[i]
        row[:] = means[kind[i]]
        for c in range(p):
            size = np.float32(normal[c])
            add = mixing[c]
            for t in range(p):
                row[t] += size * add[t]


@kernel
def _four(words: tuple[U, U, U, U], out: Floats, first: int) -> None:
    """Four normals from the four words of a draw."""
    out[first] = normal32(words[0])
    out[first + 1] = normal32(words[1])
    out[first + 2] = normal32(words[2])
    out[first + 3] = normal32(words[3])
