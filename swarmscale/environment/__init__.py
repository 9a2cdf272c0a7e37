"""Environments of Gymnasium: a fleet to be scaled, many fluid fleets at once, and a rule of consensus to be chosen."""

from __future__ import annotations

try:
    import gymnasium
except ImportError as error:  # said in one line, as everywhere
    raise ImportError("swarmscale.environment needs Gymnasium: pip install 'swarmscale[gym]'") from error

from .autoscaling import Autoscaling
from .consensus import Consensus, action_of
from .fluid_env import FluidAutoscaling, FluidVector
from .policies import Episode, Fixed, Policy, Scaling, episode
from .rewards import Reward
from .seeing import FIELDS, observed, seen

ENTRIES = {
    "swarmscale/Autoscaling-v0": {"entry_point": "swarmscale.environment.autoscaling:Autoscaling"},
    "swarmscale/Consensus-v0": {"entry_point": "swarmscale.environment.consensus:Consensus"},
    "swarmscale/FluidAutoscaling-v0": {
        "entry_point": "swarmscale.environment.fluid_env:FluidAutoscaling",
        "vector_entry_point": "swarmscale.environment.fluid_env:FluidVector",
    },
}
"""What :func:`register_envs` registers."""


def register_envs() -> None:
    """Make the environments known to ``gymnasium.make``; importing this package does it."""
    for name, entry in ENTRIES.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, **entry)  # type: ignore[arg-type]


register_envs()

__all__ = [
    "FIELDS",
    "Autoscaling",
    "Consensus",
    "Episode",
    "Fixed",
    "FluidAutoscaling",
    "FluidVector",
    "Policy",
    "Reward",
    "Scaling",
    "action_of",
    "episode",
    "observed",
    "register_envs",
    "seen",
]
