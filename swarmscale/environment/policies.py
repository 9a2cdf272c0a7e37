"""Policies for environments: the model's own scaling policies, one rule of consensus for all, and what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import gymnasium

from ..errors import ConfigError
from ..model.scaling import POLICIES
from ..model.scaling.base import ScalingPolicy
from .acting import Acting
from .seeing import seen


class Policy(Protocol):
    """Acts in an environment."""

    def begin(self, env: gymnasium.Env[Any, Any]) -> None:
        """An episode begins."""
        ...

    def act(self, observation: Any) -> Any:
        """The action that follows from what is seen."""
        ...


@dataclass(slots=True, kw_only=True)
class Scaling:
    """A scaling policy of the model as one of an environment: from the observation alone, as in the model.

    With ``action="agents"`` it does what it does in the model; with the other kinds of actions what comes nearest.

    Attributes:
        policy: decides.
    """

    policy: ScalingPolicy[Any]
    _acting: Acting | None = field(default=None, repr=False)
    _memory: Any = field(default=None, repr=False)

    @classmethod
    def named(cls, name: str, **settings: Any) -> Scaling:
        """A registered policy.

        Raises:
            UnknownChoiceError: if there is none of this name.
            ConfigError: if a setting cannot be used.
        """
        return cls(policy=POLICIES.make(name, **settings))

    def begin(self, env: gymnasium.Env[Any, Any]) -> None:
        """See :class:`Policy`."""
        self._acting = getattr(env.unwrapped, "acting", None)
        if self._acting is None:
            raise ConfigError(f"{type(env.unwrapped).__name__} is no environment for a scaling policy")
        self._memory = self.policy.start()

    def act(self, observation: Any) -> Any:
        """See :class:`Policy`."""
        if self._acting is None:
            raise ConfigError("no episode has begun: call begin(env) first")
        now = seen(observation)
        decision, self._memory = self.policy.decide(now, self._memory)
        return self._acting.action(decision.agents, now.provisioned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always the same action."""

    action: Any

    def begin(self, env: gymnasium.Env[Any, Any]) -> None:
        """See :class:`Policy`."""

    def act(self, observation: Any) -> Any:
        """See :class:`Policy`."""
        return self.action


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What came of an episode.

    Attributes:
        reward: sum of the rewards.
        steps: actions.
        first: ``info`` of the reset.
        infos: ``info`` of each step.
    """

    reward: float
    steps: int
    first: dict[str, Any]
    infos: list[dict[str, Any]]

    def total(self, name: str) -> float:
        """Sum of a figure over all steps, that of the reset left out, for nobody acted then."""
        return float(sum(info[name] for info in self.infos))


def episode(
    env: gymnasium.Env[Any, Any], policy: Policy, *, seed: int | None = None, **options: Any
) -> Episode:
    """Let a policy act until the episode ends.

    Args:
        env: the environment.
        policy: acts.
        seed: of the reset.
        options: of the reset.
    """
    observation, first = env.reset(seed=seed, options=options or None)
    policy.begin(env)
    infos: list[dict[str, Any]] = []
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, info = env.step(policy.act(observation))
        total += float(reward)
        infos.append(info)
        over = terminated or truncated
    return Episode(reward=total, steps=len(infos), first=first, infos=infos)
