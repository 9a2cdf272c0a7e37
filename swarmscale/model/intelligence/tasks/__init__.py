"""The battery's tasks: one for each of the twelve cognitive functions."""

from __future__ import annotations

from ....choices import Choices
from .attention import Attention
from .base import BatteryTask, Score
from .creativity import Creativity
from .decision import Decision
from .emotional import EmotionalProcessing
from .learning import Learning
from .memory import Memory
from .optimization import Optimization
from .pattern import PatternRecognition
from .perception import Perception
from .planning import Planning
from .reasoning import Reasoning
from .social import SocialCognition

BATTERY: Choices[BatteryTask] = Choices(
    "battery task",
    perception=Perception,
    attention=Attention,
    memory=Memory,
    reasoning=Reasoning,
    learning=Learning,
    planning=Planning,
    **{"decision-making": Decision},
    creativity=Creativity,
    **{
        "social-cognition": SocialCognition,
        "emotional-processing": EmotionalProcessing,
        "pattern-recognition": PatternRecognition,
    },
    optimization=Optimization,
)

__all__ = ["BATTERY", "BatteryTask", "Score"]
