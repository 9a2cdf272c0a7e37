"""Social-learning strategies by name."""

from ....choices import Choices
from .alone import Individual
from .base import SocialStrategy, SocialView, fastest
from .biased import Conformist, CopyWhenUncertain, PayoffBiased, Prestige

SOCIAL_STRATEGIES: Choices[SocialStrategy] = Choices(
    "social strategy",
    individual=Individual,
    conformist=Conformist,
    prestige=Prestige,
    **{"payoff-biased": PayoffBiased},
    **{"copy-when-uncertain": CopyWhenUncertain},
)

__all__ = [
    "SOCIAL_STRATEGIES",
    "Conformist",
    "CopyWhenUncertain",
    "Individual",
    "PayoffBiased",
    "Prestige",
    "SocialStrategy",
    "SocialView",
    "fastest",
]
