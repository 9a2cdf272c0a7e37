"""Settings of learning: what agents learn from their work, from each other and together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..section import Section, choice, setting
from .aggregation import AGGREGATION_RULES
from .social import SOCIAL_STRATEGIES


class Methods(Section):
    """Methods of working that agents choose among where learning is emergent."""

    number: int = setting(10, "methods that there are", "methods", ge=2, le=50)
    lowest: float = setting(
        0.8, "lowest factor of a method on skill; the factors are drawn from there to 1", gt=0, le=1
    )
    strategy: choice(SOCIAL_STRATEGIES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: SOCIAL_STRATEGIES.make("payoff-biased"),
        description="by what an agent takes up a method",
    )
    sees: Literal["cluster", "links"] = setting(
        "links", "whom an agent sees: its cluster, or all under its node and the nodes linked to that one"
    )
    reconsider: float = setting(0.2, "share of the agents that reconsider in a period", ge=0, le=1)
    innovate: float = setting(0.05, "share of these that try any method at random", ge=0, le=1)


class Learning(Section):
    """What agents learn while they work."""

    on: bool = setting(False, "whether agents learn from the tasks that they serve")
    period_s: float = setting(10.0, "time between two updates of what is known", "s", gt=0)
    mode: Literal["individual", "collaborative", "collective", "emergent"] = setting(
        "collaborative",
        "from whom: own practice alone; estimates told over links as well; one shared memory; methods of others",
    )
    alpha: float = setting(
        0.3, "exponent of the power law of practice; 0 = practice does nothing", ge=0, le=1
    )
    earlier_tasks: float = setting(
        20.0, "tasks of a type that count as done before an agent's first one", "tasks", gt=0
    )
    floor: float = setting(1.0, "service time, over that of full skill, which practice leads to", ge=1, le=50)
    half_life_s: float = setting(600.0, "time in which what was observed loses half of its weight", "s", gt=0)
    prior_tasks: float = setting(20.0, "tasks by which what others tell counts in an estimate", "tasks", gt=0)
    aggregation: choice(AGGREGATION_RULES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: AGGREGATION_RULES.make("mean"), description="how estimates are made one"
    )
    rounds: int = setting(1, "times in a period that each node tells its neighbors", ge=1, le=100)
    transfer: float = setting(
        0.5,
        "gain of a function's latent skill for a gain of 1 in the logarithm of a type's skill",
        ge=0,
        le=10,
    )
    methods: Methods = Methods()
