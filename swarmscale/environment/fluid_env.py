"""Scaling a fluid fleet as an environment, one fleet or thousands as arrays: days of demand in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..arrays import Bools, Floats, Ints
from ..batch.course import course_trace
from ..errors import UnknownChoiceError, require
from ..model.config import whole
from ..model.flow.traces import Trace
from ..model.forecasting import FORECASTERS, ConformalInterval
from ..model.scaling.load import FluidFleet, Load
from .acting import Acting
from .fluid import FluidFleets
from .rewards import Reward
from .seeing import observation_space
from .windows import WINDOWS, read_options

LARGEST_FACTOR = 4
"""Most agents, in multiples of what the trace's highest step needs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """What fluid fleets are to serve, and how they are paid.

    Attributes:
        load: the trace, scaled, with its forecasts.
        fleet: settings of each fleet.
        steps: of the load, in an episode.
        random: whether each episode begins at a bin drawn for it.
        acting: how actions are meant.
        reward: weights.
    """

    load: Load
    fleet: FluidFleet
    steps: int
    random: bool
    acting: Acting
    reward: Reward

    @classmethod
    def of(
        cls,
        trace: str | Trace = "ms-app1",
        *,
        fleet: Mapping[str, Any] | FluidFleet | None = None,
        seconds: float = 86_400.0,
        window: str = "random",
        action: str = "ratio",
        most_agents: int = 0,
        forecaster: str = "ensemble",
        level: float = 0.95,
        cost_weight: float = 1.0,
        violation_weight: float = 10.0,
        seed: int = 0,
    ) -> Track:
        """A track on a trace.

        Args:
            trace: a shipped one's name, a CSV file, or a trace.
            fleet: settings of :class:`~swarmscale.model.scaling.load.FluidFleet`; without a warm pool.
            seconds: length of an episode.
            window: ``random`` or ``fixed``, from the trace's begin.
            action: ``ratio``, ``step`` or ``agents``.
            most_agents: largest fleet; 0 for four times what the trace's highest step needs.
            forecaster: name of the one whose forecasts are seen.
            level: of the upper forecast quantiles.
            cost_weight: weight of an agent-second at its price.
            violation_weight: weight of a second of violated work.
            seed: of arrivals drawn at random (``fleet={"arrivals": "poisson"}``).

        Raises:
            ConfigError: if something cannot be used, in one line.
        """
        kind = fleet if isinstance(fleet, FluidFleet) else _fleet(dict(fleet or {}))
        require(kind.warm_agents == 0, "fleet.warm_agents", kind.warm_agents, "0: fluid fleets have no pool")
        if window not in WINDOWS:
            raise UnknownChoiceError("way to choose a window", window, WINDOWS)
        require(0 < level < 1, "level", level, "in (0, 1)")
        interval = ConformalInterval(levels=(level,))
        load = Load.of(course_trace(trace), kind, FORECASTERS.make(forecaster), interval, seed)
        most = len(load) * kind.dt_s
        fits = 2 * kind.period_s <= seconds <= most and whole(seconds / kind.period_s)
        require(
            fits, "seconds", f"{seconds:g}", f"whole periods of {kind.period_s:g} s, from two to {most:g}"
        )
        require(most_agents >= 0, "most_agents", most_agents, "0 or more")
        largest = most_agents or LARGEST_FACTOR * max(int(load.need.max()), 1)
        return cls(
            load=load,
            fleet=kind,
            steps=round(seconds / kind.dt_s),
            random=window == "random",
            acting=Acting(kind=action, least=1, most=largest),
            reward=Reward(cost=cost_weight, violation=violation_weight),
        )

    @property
    def unit(self) -> float:
        """What a fleet for the mean demand costs in a period."""
        f = self.fleet
        return ceil(f.mean_agents / f.slo_utilization) * f.prices.ready * f.period_s

    def start(self, rng: np.random.Generator) -> int:
        """The step at which an episode begins."""
        if not self.random:
            return 0
        return (
            int(rng.integers((len(self.load) - self.steps) // self.load.bin_steps + 1)) * self.load.bin_steps
        )

    def paid(self, fleets: FluidFleets) -> dict[str, Floats]:
        """`[N]` each: reward and its parts, and what they are made of."""
        cost, violated = fleets.cost, fleets.violated
        rewards: dict[str, Any] = self.reward.of(cost, violated, self.unit)  # type: ignore[arg-type]
        return {"cost": cost, "violated_s": violated, **rewards}


def _fleet(settings: dict[str, Any]) -> FluidFleet:
    known = tuple(FluidFleet.__dataclass_fields__)
    for name in settings:
        if name not in known:
            raise UnknownChoiceError("setting of a fluid fleet", name, known)
    return FluidFleet(**settings)


class FluidAutoscaling(gymnasium.Env[Floats, Any]):
    """One fluid fleet: observations, actions and rewards are those of :class:`.autoscaling.Autoscaling`.

    Violated work is that which arrives while fewer agents are ready than it needs. An episode is a window of the trace,
    from a bin drawn for it; the forecasts know the trace before it. At its end it is truncated, never terminated.

    Attributes:
        track: what is served.
        fleets: the one fleet.
    """

    metadata = {"render_modes": []}

    def __init__(self, trace: str | Trace = "ms-app1", *, render_mode: None = None, **how: Any) -> None:
        """See :meth:`Track.of` for the arguments."""
        self.track = Track.of(trace, **how)
        self.acting = self.track.acting
        self.action_space = self.acting.space()
        self.observation_space = observation_space()
        self.render_mode = render_mode
        self.fleets = FluidFleets(self.track.load, self.track.fleet, 1)
        self._left = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode, with its first period; the seed determines the window."""
        super().reset(seed=seed)
        read_options(options, ())
        at = self.track.start(self.np_random)
        self.fleets.begin(np.array([0]), np.array([at]))
        self.fleets.advance(None)
        self._left = self.track.steps - self.fleets.stride
        return self.fleets.observe()[0], self._info()

    def step(self, action: Any) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Change the fleet's size, and let a period pass."""
        if self._left <= 0:
            raise ResetNeeded("there is no episode, or it is over: call reset() to begin one")
        there = self.fleets.ready + self.fleets.starting
        self.fleets.advance(self.acting.wanted(np.asarray(action)[None], there))
        self._left -= self.fleets.stride
        info = self._info()
        return self.fleets.observe()[0], info["reward"], False, self._left <= 0, info

    def _info(self) -> dict[str, Any]:
        paid = {name: float(value[0]) for name, value in self.track.paid(self.fleets).items()}
        return paid | {"start_s": float(self.fleets.begun[0] * self.track.fleet.dt_s)}


class FluidVector(VectorEnv[Floats, Any, Floats]):
    """N fluid fleets as arrays; the one with number i and seed s is :class:`FluidAutoscaling` with seed s + i.

    A fleet whose episode is over begins another with the next step, which then takes no action from it and pays nothing
    (Gymnasium's next-step autoreset).

    Attributes:
        track: what all serve.
        fleets: all of them.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self, num_envs: int = 1, *, trace: str | Trace = "ms-app1", render_mode: None = None, **how: Any
    ) -> None:
        """See :meth:`Track.of` for the arguments."""
        require(num_envs >= 1, "num_envs", num_envs, "1 or more")
        self.num_envs = num_envs
        self.track = Track.of(trace, **how)
        self.acting = self.track.acting
        self.single_action_space = self.acting.space()
        self.single_observation_space = observation_space()
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.render_mode = render_mode
        self.fleets = FluidFleets(self.track.load, self.track.fleet, num_envs)
        self._rngs: list[np.random.Generator] = []
        self._over: Bools = np.ones(num_envs, np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode of each fleet.

        Args:
            seed: of the first fleet, the next ones having the numbers that follow; or one for each.
            options: none are known.
        """
        read_options(options, ())
        n = self.num_envs
        seeds = [seed + i for i in range(n)] if isinstance(seed, int | np.integer) else seed
        if seeds is not None or not self._rngs:
            given = [None] * n if seeds is None else list(seeds)
            require(len(given) == n, "seed", seed, f"one number, or {n}")
            self._rngs = [seeding.np_random(one)[0] for one in given]
        self._begin(np.arange(n))
        self.fleets.advance(None)
        self._over[:] = False
        return self.fleets.observe(), self._infos(self.track.paid(self.fleets))

    def step(self, actions: Any) -> tuple[Floats, Floats, Bools, Bools, dict[str, Any]]:  # type: ignore[override]
        """Change the fleets' sizes, and let a period pass."""
        if not self._rngs:
            raise ResetNeeded("there are no episodes: call reset() to begin them")
        anew = self._over.copy()
        if anew.any():
            self._begin(np.flatnonzero(anew))
        there = self.fleets.ready + self.fleets.starting
        wanted = self.acting.wanted(np.asarray(actions), there)
        self.fleets.advance(np.where(anew, there, wanted))
        paid = self.track.paid(self.fleets)
        reward = np.where(anew, 0.0, paid["reward"])
        self._over = self.fleets.at - self.fleets.begun >= self.track.steps
        never = np.zeros(self.num_envs, np.bool_)
        return self.fleets.observe(), reward, never, self._over.copy(), self._infos(paid)

    def _begin(self, which: Ints) -> None:
        starts = [self.track.start(self._rngs[i]) for i in which]
        self.fleets.begin(which, np.array(starts, np.int64))

    def _infos(self, paid: dict[str, Floats]) -> dict[str, Any]:
        values = paid | {"start_s": self.fleets.begun * self.track.fleet.dt_s}
        everywhere = np.ones(self.num_envs, np.bool_)
        return values | {f"_{name}": everywhere.copy() for name in values}
