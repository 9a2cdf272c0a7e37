"""Fleets in which everything breaks: what is still answered, and what is made good."""

from __future__ import annotations

from functools import partial

from ....model.resilience.measures import tally
from ....model.resilience_metrics import log_of_model
from ....model.swarm import SwarmModel
from ..size import UNWATCHED, Size
from .base import Draw, Figures, Study
from .service import SERVED, told

POOLED = {"recovery": ("in_time", "judged"), "found_share": ("found", "injected")}
"""Shares over the incidents of all runs together."""


def broken(size: Size, draw: Draw, *, preset: str) -> Figures:
    """The outcomes of one run in which something breaks, and its incidents counted."""
    watched = UNWATCHED | {"resilience.on": True}
    if preset == "game-day":  # one of its incidents is that the prober throws
        del watched["intelligence.on"]
    model = SwarmModel(size.config(preset, watched), rng=draw).run()
    log = log_of_model(model)
    assert log is not None
    mine = tally(log.incidents, model.now_s)
    return told(model, (*SERVED, "mttd_s", "mttr_s")) | {
        "in_time": float(mine.in_time),
        "judged": float(mine.judged),
        "found": float(mine.found),
        "injected": float(mine.injected),
        "lost": float(mine.lost),
    }


STORM = Study(
    name="storm",
    scenario="`swarmscale run storm`: faults of all four layers at their rates for an hour, 10,000 agents",
    measure=partial(broken, preset="storm"),
    pooled=POOLED,
)
GAME_DAY = Study(
    name="game-day",
    scenario="`swarmscale run game-day`: thirteen named incidents within an hour, 10,000 agents",
    measure=partial(broken, preset="game-day"),
    pooled=POOLED,
)
