"""Settings of collective intelligence: how agents' traits act, how they are linked, when the fleet is probed."""

from __future__ import annotations

from ..section import Section, Share, setting


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


class Intelligence(Section):
    """The probe of the fleet's collective intelligence."""

    on: bool = setting(True, "whether the fleet is probed at its period")
    period_s: float = setting(1800.0, "time between two quick probes", "s", gt=0)
    panels: int = setting(2, "panels of a quick probe", "panels", ge=1, le=1000)
    standard_panels: int = setting(30, "panels of a standard probe", "panels", ge=2, le=10_000)
    panel_agents: int = setting(500, "agents in a panel at most", "agents", ge=20, le=2000)
    overlay: int = setting(
        8, "links of an agent to others of its panel, drawn beside its cluster's", "links", ge=0, le=64
    )
    paths: Paths = Paths()
