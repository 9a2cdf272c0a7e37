"""Scaling a fleet as an environment of Gymnasium, in the full fidelity: every task of the model is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from ..arrays import Floats
from ..errors import UnknownChoiceError
from ..model.flow.ledger import Count
from ..model.scaling.base import Seen
from .acting import Acting
from .rewards import Reward
from .seeing import observation_space, observed
from .steering import Outside, SteeredModel
from .windows import Source, check_window, episode_config, read_options, windowed

OPTIONS = ("rng", "start_s")
FLOWS = {"arrived": Count.ARRIVED, "completed": Count.COMPLETED, "due": Count.DUE, "met": Count.MET}


class Autoscaling(gymnasium.Env[Floats, Any]):
    """Choose the size of a fleet, once a period, along a window of demand.

    An observation holds what a scaling policy of the model sees, an action is what it would say, and everything else is
    the model's own: limits, pools, start-up times, draining. So a policy that acts here has the run that it has as
    ``SwarmModel(scaling=...)``, bit for bit.

    - Observation: ``[18]`` float64, see :data:`~swarmscale.environment.seeing.FIELDS`.
    - Action: see :data:`~swarmscale.environment.acting.KINDS`.
    - Reward: minus the weighted sum of price paid and violated work, over what the first fleet costs in a period; see
      :class:`~swarmscale.environment.rewards.Reward`. Violated work is that of the tasks that came due in the period
      and were not answered in time, or at all: their number times the mean work of a task.
    - Episode: a window of ``seconds``. The first action is asked for after the first period, for nothing is seen
      before. At its end an episode is truncated, never terminated: the fleet goes on, we only stop looking.
    - ``info``: figures of the period that ended, reward and its two parts; the seed of the model is ``rng``.

    Attributes:
        model: that of the present episode.
        config: settings; the window is drawn anew for each episode if it is random.
        reward: weights.
        acting: how actions are meant.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}
    model: SteeredModel

    def __init__(
        self,
        config: Source | None = None,
        *,
        changes: Mapping[str, Any] | None = None,
        seconds: float | None = None,
        window: str = "fixed",
        action: str = "ratio",
        cost_weight: float = 1.0,
        violation_weight: float = 10.0,
        render_mode: str | None = None,
    ) -> None:
        """An environment without an episode; :meth:`reset` begins one.

        Args:
            config: a preset's name, a file, a dict or a config; half an hour on a day of ``ms-app1`` if None.
            changes: dotted keys, as in ``{"scaler.period_s": 30.0}``. Probes, emergence and faults are off unless
                they are switched on here.
            seconds: length of an episode.
            window: ``fixed``, the demand as configured; or ``random``: from a bin of the trace drawn for each episode.
            action: ``ratio``, ``step`` or ``agents``.
            cost_weight: weight of an agent-second at its price.
            violation_weight: weight of a second of violated work.
            render_mode: ``ansi`` for a line of text, or None.

        Raises:
            ConfigError: if something cannot be used, in one line.
        """
        self.config = episode_config(config, changes, seconds, {"scaling": Outside()})
        self.window = check_window(window, self.config)
        self.reward = Reward(cost=cost_weight, violation=violation_weight)
        most = self.config.fleet.max_agents or 4 * self.config.fleet.agents
        self.acting = Acting(kind=action, least=self.config.scaler.min_agents, most=most)
        self.action_space = self.acting.space()
        self.observation_space = observation_space()
        modes = self.metadata["render_modes"]
        if render_mode is not None and render_mode not in modes:
            raise UnknownChoiceError("render mode", render_mode, modes)
        self.render_mode = render_mode
        self._now: Seen | None = None
        self._info: dict[str, Any] = {}
        self._cost, self._ticks = 0.0, 0

    @property
    def unit(self) -> float:
        """What the first fleet costs in a period."""
        c = self.config
        return c.fleet.agents * c.scaler.price * c.scaler.period_s

    @property
    def now(self) -> Seen:
        """What is seen now, exactly, as scaling policies take it.

        Raises:
            ResetNeeded: if there is no episode.
        """
        if self._now is None:
            raise ResetNeeded("there is no episode: call reset() first")
        return self._now

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode: a new model, and its first period.

        Args:
            seed: of all that is drawn here; the same seed and actions give the same episode.
            options: ``rng``: the model's seed itself; ``start_s``: where in the trace the window begins, s.

        Raises:
            ConfigError: if an option cannot be used.
        """
        super().reset(seed=seed)
        given = read_options(options, OPTIONS)
        drawn = int(self.np_random.integers(2**31))
        config = windowed(self.config, self.window, self.np_random, given.get("start_s"))
        self.model = SteeredModel(config, rng=int(given.get("rng", drawn)))
        self._cost, self._ticks = 0.0, 0
        self._advance()
        first = self.model.asks
        if first is None:
            raise ResetNeeded("the window is over before anything was seen")
        return self._seen(0, first.provisioned, first)

    def step(self, action: Any) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Change the fleet's size, and let a period pass.

        Raises:
            ResetNeeded: if there is no episode, or it is over.
            ConfigError: if the action is not in the space.
        """
        before = self.now
        if self.model.asks is None:
            raise ResetNeeded("the episode is over: call reset() to begin another")
        wanted = int(self.acting.wanted(np.asarray(action)[None], np.array([before.provisioned]))[0])
        changed = self.model.decided(wanted)
        self._advance()
        observation, info = self._seen(changed, wanted, before)
        over = self.model.now_s >= self.config.seconds - 1e-9
        if over:
            self.model.ended()
        return observation, info["reward"], False, over, info

    def render(self) -> str | None:
        """One line of text, for ``render_mode="ansi"``."""
        if self.render_mode is None:
            return None
        now, info = self.now, self._info
        return (
            f"{now.time_s:8.0f} s  demand {now.demand:8.1f}  ready {now.ready:6d}  starting {now.starting:5d}  "
            f"late {now.late_share:6.2%}  reward {info['reward']:7.3f}"
        )

    def _advance(self) -> None:
        """Until somebody is to decide, or the window ends."""
        model, end = self.model, self.config.seconds - 1e-9
        while model.asks is None and model.now_s < end:
            model.step()

    def _seen(self, changed: int, wanted: int, before: Seen) -> tuple[Floats, dict[str, Any]]:
        """Observation and info of the period that ended."""
        model = self.model
        self._now = now = model.asks or before
        raw = model.records.raw(self._ticks)
        flows = {name: int(raw.count(which).sum()) for name, which in FLOWS.items()}
        cost = model.scaler.cost - self._cost
        missed = flows["due"] - flows.pop("met")
        violated = missed * model.flow.demand.mean_work_s
        self._cost, self._ticks = model.scaler.cost, model.records.ticks
        self._info = {
            "time_s": model.now_s,
            "wanted": wanted,
            "changed": changed,
            "ready": now.ready,
            "starting": now.starting,
            **flows,
            "missed": missed,
            "cost": cost,
            "violated_s": violated,
            **self.reward.of(cost, violated, self.unit),
            "rng": model.root_seed,
        }
        return observed(now), dict(self._info)
