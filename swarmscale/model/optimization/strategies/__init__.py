"""Strategies of optimization by name."""

from __future__ import annotations

from ....choices import Choices
from ..base import Strategy
from .caching import CachingOptimization
from .distribution import LoadDistribution
from .latency import LatencyOptimization
from .memory import MemoryOptimization
from .network import NetworkOptimization
from .parallel import ParallelProcessing
from .resources import ResourceEfficiency
from .throughput import ThroughputMaximization

STRATEGIES: Choices[Strategy] = Choices(
    "optimization strategy",
    **{
        "latency-optimization": LatencyOptimization,
        "throughput-maximization": ThroughputMaximization,
        "resource-efficiency": ResourceEfficiency,
        "load-distribution": LoadDistribution,
        "caching-optimization": CachingOptimization,
        "parallel-processing": ParallelProcessing,
        "memory-optimization": MemoryOptimization,
        "network-optimization": NetworkOptimization,
    },
)

__all__ = [
    "STRATEGIES",
    "CachingOptimization",
    "LatencyOptimization",
    "LoadDistribution",
    "MemoryOptimization",
    "NetworkOptimization",
    "ParallelProcessing",
    "ResourceEfficiency",
    "ThroughputMaximization",
]
