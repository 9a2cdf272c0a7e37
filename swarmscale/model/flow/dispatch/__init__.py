"""Dispatch rules by name."""

from ....choices import Choices
from .base import DispatchRule, DispatchView, in_proportion
from .blind import RandomChoice, RoundRobin
from .contract_net import ContractNet
from .least_loaded import JoinShortestQueue, LeastWork
from .skill_match import SkillMatch

DISPATCH_RULES: Choices[DispatchRule] = Choices(
    "dispatch rule",
    random=RandomChoice,
    jsq=JoinShortestQueue,
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
    "LeastWork",
    "RandomChoice",
    "RoundRobin",
    "SkillMatch",
    "in_proportion",
]
