"""Settings of the emergence monitor: how long it looks, at how many clusters, by which detectors."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ..section import Section, choice, setting
from .base import AnyDetector
from .detectors import DETECTORS

NAMES = ("coordination", "innovation", "self-organization", "collective-intelligence")
"""Detectors with settings of their own in the section, by name."""


class Emergence(Section):
    """What is looked for in the fleet while it runs."""

    on: bool = setting(True, "whether emergence is looked for while the model runs")
    window_s: float = setting(
        300.0, "length of a window that detectors look at, rounded to whole ticks", "s", gt=0
    )
    clusters: int = setting(
        500,
        "clusters that are looked at, at most; of more so many, evenly spaced",
        "clusters",
        ge=2,
        le=2000,
    )
    detectors: tuple[str, ...] = setting(
        NAMES, "detectors that look, by name; those registered elsewhere with their defaults"
    )
    coordination: choice(DETECTORS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: DETECTORS.make("coordination", driver_level=0.0),
        description="how coordination is looked for; no driver is suspected, since demand is known here",
    )
    innovation: choice(DETECTORS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: DETECTORS.make("innovation"), description="how innovation is looked for"
    )
    self_organization: choice(DETECTORS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: DETECTORS.make("self-organization"),
        description="how self-organization is looked for",
    )
    collective_intelligence: choice(DETECTORS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: DETECTORS.make("collective-intelligence"),
        description="how collective intelligence is looked for",
    )
    questions: int = setting(
        256,
        "questions put to a group, alone and together, where the fleet is probed",
        "questions",
        ge=20,
        le=10_000,
    )
    members: int = setting(9, "agents of that group", "agents", ge=2, le=100)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.detectors)) < len(self.detectors):
            raise ValueError(f"emergence.detectors = {list(self.detectors)}, but each may be named once")
        self.chosen()
        return self

    def chosen(self) -> dict[str, AnyDetector]:
        """The detectors that look, by name.

        Raises:
            UnknownChoiceError: if one is not known.
        """
        return {
            name: getattr(self, name.replace("-", "_")) if name in NAMES else DETECTORS.make(name)
            for name in self.detectors
        }
