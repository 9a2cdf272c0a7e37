"""Scaling policies by name."""

from typing import Any

from ...choices import Choices
from .base import Decision, ScalingPolicy, Seen
from .hpa import KubernetesHpa
from .kpa import KnativeKpa
from .learned import LearnedCapacity
from .quantile import QuantileCapacity
from .rule_set import Seed
from .seed import CostOptimization, EmergencyScaling, HighDemandReactive, LowDemandReactive, PredictiveScaleUp
from .static import Static
from .target import TargetTracking

POLICIES: Choices[ScalingPolicy[Any]] = Choices(
    "scaling policy",
    static=Static,
    **{"high-demand-reactive": HighDemandReactive},
    **{"low-demand-reactive": LowDemandReactive},
    **{"predictive-scale-up": PredictiveScaleUp},
    **{"cost-optimization": CostOptimization},
    **{"emergency-scaling": EmergencyScaling},
    seed=Seed,
    hpa=KubernetesHpa,
    kpa=KnativeKpa,
    target=TargetTracking,
    quantile=QuantileCapacity,
    learned=LearnedCapacity,
)

__all__ = [
    "POLICIES",
    "CostOptimization",
    "Decision",
    "EmergencyScaling",
    "HighDemandReactive",
    "KnativeKpa",
    "KubernetesHpa",
    "LearnedCapacity",
    "LowDemandReactive",
    "PredictiveScaleUp",
    "QuantileCapacity",
    "ScalingPolicy",
    "Seed",
    "Seen",
    "Static",
    "TargetTracking",
]
