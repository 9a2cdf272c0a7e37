"""Spawning: agents of a kind, type and abilities that a host asks for, and what they cost beyond others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..agents.fleet import BUSY, HELPING, IDLE, STARTING
from ..agents.squads import KINDS, Squad, makeup_of
from ..arrays import Floats32
from .results import SpawnResult

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel


def spawn(
    model: SwarmModel,
    count: int,
    kind: str,
    intelligence: str,
    capabilities: Sequence[str],
    traits: Floats32 | None,
) -> SpawnResult:
    """Make a squad; its names are known to be right."""
    joined = model.join(count, makeup=makeup_of(model.fleet.makeup, kind, intelligence, capabilities))
    uids = model.fleet.column("uid")[joined.rows].astype(np.int64)
    if traits is not None:
        model.population.given.add(uids, traits)
    squad = Squad(
        first=int(uids.min()), last=int(uids.max()) + 1, kind=kind, intelligence=intelligence,
        capabilities=tuple(capabilities),
    )  # fmt: skip
    if kind != "standard" or intelligence or capabilities:
        model.fleet.squads.append(squad)
    slots = model.fleet.slots
    skill = model.fleet.rows.skill[joined.rows // slots, :, joined.rows % slots]
    return SpawnResult(
        agents=joined.number, kind=kind, intelligence=intelligence, capabilities=tuple(capabilities),
        functions=squad.function_names, skill=float(skill.mean()) / 255, price=KINDS[kind].price,
        ready_at_s=joined.ready_at_s, unique_ids=uids,
    )  # fmt: skip


def paid_above(model: SwarmModel) -> float:
    """Price of a tick of the squads that cost more than standard agents, beyond what those cost."""
    dear = [
        one for one in model.fleet.squads if KINDS[one.kind].price != 1
    ]  # by rising ids, as they were made
    if not dear:
        return 0.0
    more = np.array([KINDS[one.kind].price - 1 for one in dear])
    uid, state = model.fleet.column("uid"), model.fleet.column("state")
    squad = np.searchsorted(np.array([one.first for one in dear]), uid, side="right") - 1
    theirs = (squad >= 0) & (uid < np.array([one.last for one in dear])[squad])
    paid = theirs & np.isin(state, (IDLE, BUSY, HELPING, STARTING))
    return float(more[squad[paid]].sum()) * model.config.dt * model.config.scaler.price
