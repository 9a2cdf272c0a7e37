"""Demand sources by name."""

from ....choices import Choices
from .base import DemandSource, Profile, Rows
from .hosted import Hosted
from .poisson import Poisson
from .replay import Replay, ReplayRows
from .traced import TracedRate, TracedRequests

SOURCES: Choices[DemandSource] = Choices(
    "demand source", poisson=Poisson, trace=TracedRate, requests=TracedRequests, replay=Replay, hosted=Hosted
)

__all__ = [
    "SOURCES",
    "DemandSource",
    "Hosted",
    "Poisson",
    "Profile",
    "Replay",
    "ReplayRows",
    "Rows",
    "TracedRate",
    "TracedRequests",
]
