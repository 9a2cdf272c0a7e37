"""Rules by which a panel of agents comes to one answer."""

from __future__ import annotations

from typing import Any

from ...choices import Choices
from .base import Ballots, ConsensusRule, History, Verdicts, ballots
from .confidence import Confidence
from .degroot import DeGroot
from .friedkin_johnsen import FriedkinJohnsen
from .majority import Majority
from .quorum import Quorum
from .similarity import Similarity
from .weighted import Weighted

CONSENSUS: Choices[ConsensusRule[Any]] = Choices(
    "consensus rule",
    majority=Majority,
    weighted=Weighted,
    confidence=Confidence,
    similarity=Similarity,
    quorum=Quorum,
    degroot=DeGroot,
    **{"friedkin-johnsen": FriedkinJohnsen},
)

__all__ = [
    "CONSENSUS",
    "Ballots",
    "Confidence",
    "ConsensusRule",
    "DeGroot",
    "FriedkinJohnsen",
    "History",
    "Majority",
    "Quorum",
    "Similarity",
    "Verdicts",
    "Weighted",
    "ballots",
]
