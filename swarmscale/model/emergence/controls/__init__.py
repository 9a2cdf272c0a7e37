"""Control systems of which it is known whether their parts do anything together."""

from __future__ import annotations

from ....choices import Choices
from .answers import Answers, Synergy
from .base import Control, Plan, Switch
from .colonies import Colonies
from .flocks import Boids, Vicsek
from .independent import Autoregressive, HeavyTails, Oscillators
from .mixtures import CommonShare, HiddenMode
from .outside import Driver, Transient
from .phases import Kuramoto
from .solutions import Exchangeable, Injected
from .uncoupled import Uncoupled
from .urns import Urn
from .vectors import Modules, SparseNetwork
from .voters import Voters

NULLS: Choices[Control] = Choices(
    "control",
    autoregressive=Autoregressive,
    heavy_tails=HeavyTails,
    oscillators=Oscillators,
    uncoupled=Uncoupled,
    driver=Driver,
    transient=Transient,
    exchangeable=Exchangeable,
    answers=Answers,
)
"""Systems whose parts do nothing together: whatever is found in them is a false alarm."""

POSITIVES: Choices[Control] = Choices(
    "control",
    vicsek=Vicsek,
    kuramoto=Kuramoto,
    voters=Voters,
    boids=Boids,
    colonies=Colonies,
    hidden_mode=HiddenMode,
    modules=Modules,
    sparse_network=SparseNetwork,
    common_share=CommonShare,
    urn=Urn,
    injected=Injected,
    synergy=Synergy,
)
"""Systems whose parts do something together, by one known mechanism that can be switched off."""

__all__ = ["NULLS", "POSITIVES", "Control", "Plan", "Switch"]
