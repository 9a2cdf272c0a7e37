"""What depends on a function: its panel is given the skill of the lowest agents, and what follows it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...agents.cognition import FEEDS
from .battery import mixed
from .decision import decide

if TYPE_CHECKING:
    from ..swarm import SwarmModel


class Effect(NamedTuple):
    """What one function does to another.

    Attributes:
        source: the function that is weakened.
        target: the function that follows it.
        loss: share of right verdicts of the target that is lost, on the same questions.
        se: its standard error over questions.
    """

    source: str
    target: str
    loss: float
    se: float


def ablated(
    model: SwarmModel, *, questions: int = 400, agents: int = 60, seed: int | None = None
) -> list[Effect]:
    """The causal effect along each edge of the cognitive graph.

    For each edge two decisions are made with the same panels, questions and noise: one as the fleet is, one with
    everybody in the first panel at the skill of the lowest twentieth.

    Args:
        model: between two ticks; nothing in it changes but the count of messages.
        questions: questions of each decision.
        agents: agents of both panels together.
        seed: determines panels and questions; that of the model and its time if None.
    """
    key = mixed(model.root_seed, "ablation", round(model.time)) if seed is None else seed
    effects = []
    for source, target in FEEDS:
        both = [
            decide(
                model,
                (source, target),
                agents=agents,
                questions=questions,
                seed=mixed(key, source, target),
                weakened=weak,
            ).right
            for weak in ((), (source,))
        ]
        assert both[0] is not None
        assert both[1] is not None
        lost = both[0].astype(np.float64) - both[1]
        effects.append(
            Effect(source, target, float(lost.mean()), float(lost.std(ddof=1) / np.sqrt(questions)))
        )
    return effects
