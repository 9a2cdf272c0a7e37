"""Dispatch rules by name."""

from ....choices import Choices
from .base import DispatchRule, DispatchView, in_proportion
from .blind import RandomChoice, RoundRobin
from .contract_net import ContractNet
from .learned import Learned
from .least_loaded import JoinShortestQueue, LeastWork
from .skill_match import SkillMatch

DISPATCH_RULES: Choices[DispatchRule] = Choices(
    "dispatch rule",
    random=RandomChoice,
    jsq=JoinShortestQueue,
    learned=Learned,
    **{"round-robin": RoundRobin},
    **{"least-work": LeastWork},
    **{"skill-match": SkillMatch},
    **{"contract-net": ContractNet},
)

__all__ = [
    "DISPATCH_RULES",
    "ContractNet",
    "DispatchRule",
    "DispatchView",
    "JoinShortestQueue",
    "Learned",
    "LeastWork",
    "RandomChoice",
    "RoundRobin",
    "SkillMatch",
    "in_proportion",
]
