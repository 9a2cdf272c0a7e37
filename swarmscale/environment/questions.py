"""What is asked in the environment of decisions, and what is shown of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium.spaces import Space

from ..agents.cognition import FUNCTIONS
from ..arrays import Floats
from .seeing import MOST, Field, box

RULES = ("majority", "weighted", "confidence", "similarity", "quorum", "degroot", "friedkin-johnsen")
"""First part of an action: rules of consensus with their defaults."""
PANELS = (4, 8, 16, 32, 64, 128)
"""Second part: agents of all panels together; as many as are ready where there are fewer."""
LEVELS = ("low", "moderate", "high")
"""Third part: how closely a panel works together."""

ASKED: tuple[Field, ...] = (
    *(Field(name=name, unit="", high=1.0, text=f"1 if {name} is needed") for name in FUNCTIONS),
    Field(name="estimate", unit="", high=1.0, text="1 if points are to be estimated, 0 for options"),
    Field(name="urgency", unit="1/s", high=MOST, text="what a second of latency costs, in right answers"),
    Field(name="time_s", unit="s", high=MOST, text="time since the episode's begin"),
    Field(name="ready", unit="agents", high=MOST, text="agents idle or busy"),
    Field(name="utilization", unit="", high=MOST, text="busy / ready agent-seconds of the last tick"),
    Field(name="nodes_up", unit="share", high=1.0, text="coordination nodes that are up"),
    Field(name="accuracy", unit="share", high=1.0, text="of the decision before: answers that were right"),
    Field(name="confidence", unit="share", high=1.0, text="of it: mean stated chance of being right"),
    Field(name="agreement", unit="", high=1.0, text="of it: agents' agreement beyond chance, 0 at least"),
    Field(name="latency_s", unit="s", high=MOST, text="of it: time from question to consensus"),
)
"""The places of an observation of :class:`~swarmscale.environment.consensus.Consensus`, in order; the least is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be decided next; drawn before anybody acts, so that all who act are asked the same.

    Attributes:
        functions: that are needed.
        problem: "choice" or "estimate".
        urgency: cost of a second of latency, in right answers.
        seed: of the panels, the questions and the noise.
    """

    functions: tuple[str, ...]
    problem: str
    urgency: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator, estimates: float, urgency: tuple[float, float]) -> Question:
        """One to three functions, a kind of problem, and an urgency drawn evenly by its logarithm."""
        count = int(rng.integers(1, 4))
        which = np.sort(rng.choice(len(FUNCTIONS), count, replace=False))
        low, high = np.log(urgency)
        return cls(
            functions=tuple(FUNCTIONS[i] for i in which),
            problem="estimate" if rng.random() < estimates else "choice",
            urgency=float(np.exp(rng.uniform(low, high))),
            seed=int(rng.integers(2**31)),
        )


def asked_space() -> Space[Floats]:
    """Box of float64, one place for each of :data:`ASKED`."""
    return box(ASKED)


def shown(question: Question, values: dict[str, float]) -> Floats:
    """`[22]` an observation: the question, and figures by name; what is not given is 0."""
    known = dict.fromkeys(question.functions, 1.0) | values
    known |= {"estimate": float(question.problem == "estimate"), "urgency": question.urgency}
    return np.array([min(max(known.get(f.name, 0.0), 0.0), f.high) for f in ASKED], np.float64)
