"""Settings of collective intelligence: how agents' traits act, how they are linked, when the fleet is probed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...agents.consensus import CONSENSUS
from ..section import Section, Share, choice, setting
from .problems import PROBLEMS


class Paths(Section):
    """How strongly personality acts: the correlation of each derived figure with its traits; 0 cuts the path."""

    type: Share = setting(
        0.3, "shift of the traits of a type's agents, in standard deviations of that type's score"
    )
    skill: Share = setting(0.2, "correlation of general skill with intellect and openness")
    communication: Share = setting(0.3, "of the rate of communication with extraversion")
    listening: Share = setting(0.3, "of listening with sympathy and cooperation")
    conformity: Share = setting(0.3, "of conformity with the traits of conformity and of little autonomy")
    risk: Share = setting(0.3, "of risk taking with excitement seeking, impulsivity and little caution")
    calibration: Share = setting(0.15, "of calibration with honesty and little attention seeking")
    persistence: Share = setting(0.3, "of persistence with self-discipline")
    contagion: Share = setting(0.3, "of susceptibility to moods with emotionality and little stability")


class Decisions(Section):
    """How agents decide together."""

    rule: choice(CONSENSUS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: CONSENSUS.make("weighted"), description="how answers become one"
    )
    problem: choice(PROBLEMS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: PROBLEMS.make("choice"), description="what a panel is asked"
    )
    agents: int = setting(100, "agents of all panels of a decision together", "agents", ge=1, le=100_000)
    collaboration: Literal["low", "moderate", "high"] = setting(
        "moderate",
        "who shares what it sees: nobody; a cluster by its lead, one round; all over links, three rounds",
    )
    history: int = setting(
        64, "past questions from which a rule learns its weights", "questions", ge=0, le=10_000
    )
    fog: Share = setting(0.5, "clarity that is left where a function before was wrong")
    questions: int = setting(64, "questions of a probe, decided by one panel", "questions", ge=2, le=10_000)
    answer_ms: float = setting(10.0, "time that a unit-speed agent takes to answer", "ms", ge=0)
    message_ms: float = setting(0.01, "time to send or read one message", "ms", ge=0)


class Intelligence(Section):
    """The probe of the fleet's collective intelligence, and how it decides."""

    on: bool = setting(True, "whether the fleet is probed at its period")
    period_s: float = setting(3600.0, "time between two quick probes", "s", gt=0)
    panels: int = setting(4, "panels of a quick probe", "panels", ge=1, le=1000)
    standard_panels: int = setting(30, "panels of a standard probe", "panels", ge=2, le=10_000)
    panel_agents: int = setting(500, "agents in a panel at most", "agents", ge=20, le=2000)
    overlay: int = setting(
        8, "links of an agent to others of its panel, drawn beside its cluster's", "links", ge=0, le=64
    )
    paths: Paths = Paths()
    decisions: Decisions = Decisions()
