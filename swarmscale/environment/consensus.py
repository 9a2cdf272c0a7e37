"""Choosing how a fleet decides, as an environment: the rule of consensus, the panel and how closely it works."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import MultiDiscrete

from ..agents.consensus import CONSENSUS
from ..arrays import Floats
from ..errors import ConfigError, require
from ..model.config import Config, whole
from ..model.intelligence.decision import CollectiveDecision, decide
from ..model.swarm import SwarmModel
from .questions import LEVELS, PANELS, RULES, Question, asked_space, shown
from .windows import WATCHERS, Source, read_options

SIZES = (len(RULES), len(PANELS), len(LEVELS))


class Consensus(gymnasium.Env[Floats, Any]):
    """Choose how the fleet's next decision is made; a question is asked once a period, while the fleet works.

    - Observation: ``[22]`` float64, see :data:`~swarmscale.environment.questions.ASKED`.
    - Action: MultiDiscrete(7, 6, 3): places in ``RULES``, ``PANELS`` and ``LEVELS`` of
      :mod:`~swarmscale.environment.questions`.
    - Reward: share of the answers that are right - urgency x latency in s - ``message_price`` x messages. Who abstains
      is not right; a rule that cannot decide such a problem (options or points) decides nothing and pays nothing.
    - Episode: so many ``decisions``, then truncated. Terminated where fewer agents are ready than functions are
      needed: nobody is left to decide.
    - ``info``: the parts of the reward, and the decision's figures.

    Attributes:
        model: that of the present episode.
        question: what is asked now.
        config: settings.
    """

    metadata = {"render_modes": []}
    model: SwarmModel

    def __init__(
        self,
        config: Source = "tiny",
        *,
        changes: Mapping[str, Any] | None = None,
        decisions: int = 32,
        questions: int = 8,
        period_s: float = 5.0,
        estimates: float = 0.5,
        urgency: tuple[float, float] = (0.05, 5.0),
        message_price: float = 0.0,
        render_mode: None = None,
    ) -> None:
        """An environment without an episode; :meth:`reset` begins one.

        Args:
            config: a preset's name, a file, a dict or a config.
            changes: dotted keys; probes, emergence and faults are off unless they are switched on here.
            decisions: in an episode.
            questions: decided by the same panels at each of them.
            period_s: simulated time between two decisions, s.
            estimates: share of the decisions that are about points, not options.
            urgency: least and largest cost of a second of latency, in right answers.
            message_price: cost of a message, in right answers.
            render_mode: None.

        Raises:
            ConfigError: if something cannot be used, in one line.
        """
        require(decisions >= 1, "decisions", decisions, "1 or more")
        require(questions >= 1, "questions", questions, "1 or more")
        require(0 <= estimates <= 1, "estimates", estimates, "from 0 to 1")
        fits = len(urgency) == 2 and 0 < urgency[0] <= urgency[1] and isfinite(urgency[1])
        require(fits, "urgency", urgency, "two numbers above 0, the lower one first")
        require(isfinite(message_price) and message_price >= 0, "message_price", message_price, "0 or more")
        made = Config.load(config).changed(WATCHERS | dict(changes or {}))
        fits = period_s > 0 and whole(period_s / made.dt)
        require(fits, "period_s", period_s, f"above 0 and a multiple of dt = {made.dt:g}")
        self.config = made
        self.decisions, self.questions, self.period_s = decisions, questions, period_s
        self.estimates, self.urgency, self.message_price = estimates, urgency, message_price
        self.action_space = MultiDiscrete(np.array(SIZES))
        self.observation_space = asked_space()
        self.render_mode = render_mode
        self.question: Question | None = None
        self._left = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode: a new model, its first period, and the first question.

        Args:
            seed: of all that is drawn; the same seed and actions give the same episode, and the same seed the same
                questions whatever the actions.
            options: ``rng``: the model's seed itself.
        """
        super().reset(seed=seed)
        given = read_options(options, ("rng",))
        drawn = int(self.np_random.integers(2**31))
        self.model = SwarmModel(self.config, rng=int(given.get("rng", drawn)))
        self._left = self.decisions
        return self._ask({}), {"rng": self.model.root_seed, "time_s": self.model.now_s}

    def step(self, action: Any) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Decide what is asked, let a period pass, and ask the next question."""
        question = self.question
        if question is None or self._left <= 0:
            raise ResetNeeded("there is no episode, or it is over: call reset() to begin one")
        rule, agents, level = chosen(action)
        ready = int(self.model.observation.ready)
        decision, refusal = None, ""
        agents = min(max(agents, len(question.functions)), ready)
        try:
            decision = self.decide(question, rule, agents, level)
        except ConfigError as error:
            refusal = str(error)
        info = self._paid(question, decision)
        self._left -= 1
        observation = self._ask(info)
        nobody = int(self.model.observation.ready) < len(self.question.functions) if self.question else False
        info |= {"agents": agents, "refusal": refusal, "time_s": self.model.now_s}
        return observation, info["reward"], nobody, self._left == 0, info

    def decide(self, question: Question, rule: str, agents: int, level: str) -> CollectiveDecision:
        """What the fleet decides on a question as it stands now.

        Raises:
            ConfigError: if the rule cannot decide such a problem.
        """
        return decide(
            self.model,
            question.functions,
            agents=agents,
            questions=self.questions,
            rule=CONSENSUS.make(rule),
            problem=question.problem,
            collaboration=level,
            seed=question.seed,
        )

    def _paid(self, question: Question, decision: CollectiveDecision | None) -> dict[str, Any]:
        """The reward and its parts; nothing where nothing was decided."""
        right = decision.accuracy if decision else 0.0
        latency_s = decision.latency_ms / 1000 if decision else 0.0
        messages = decision.messages if decision else 0
        waited, told = -question.urgency * latency_s, -self.message_price * messages
        return {
            "accuracy": right,
            "confidence": float(np.nan_to_num(decision.confidence).mean()) if decision else 0.0,
            "agreement": float(np.nan_to_num(decision.agreement).mean()) if decision else 0.0,
            "latency_s": latency_s,
            "messages": messages,
            "decided": decision is not None,
            "reward_right": right,
            "reward_latency": waited,
            "reward_messages": told,
            "reward": right + waited + told,
        }

    def _ask(self, before: dict[str, Any]) -> Floats:
        """Let a period pass and draw the next question."""
        for _ in range(round(self.period_s / self.config.dt)):
            self.model.step()
        now = self.model.observation
        self.question = Question.draw(self.np_random, self.estimates, self.urgency)
        kept = ("accuracy", "confidence", "agreement", "latency_s")
        return shown(
            self.question,
            {
                "time_s": self.model.now_s,
                "ready": float(now.ready),
                "utilization": float(np.nan_to_num(now.utilization)),
                "nodes_up": float(self.model.network.alive.mean()),
                **{name: float(before.get(name, 0.0)) for name in kept},
            },
        )


def chosen(action: Any) -> tuple[str, int, str]:
    """Rule, agents and collaboration of an action.

    Raises:
        ConfigError: if it is none.

    >>> chosen([1, 2, 0])
    ('weighted', 16, 'low')
    """
    places = np.asarray(action)
    fits = places.shape == (3,) and places.dtype.kind in "iu" and (places >= 0).all()
    if not fits or not (places < np.array(SIZES)).all():
        raise ConfigError(
            f"action = {np.asarray(action).tolist()}, but it must be whole numbers below {SIZES}"
        )
    rule, panel, level = (int(i) for i in places)
    return RULES[rule], PANELS[panel], LEVELS[level]


def action_of(rule: str, agents: int, level: str = "low") -> np.ndarray[Any, np.dtype[np.int64]]:
    """`[3]` the action that stands for a rule, a number of agents and a collaboration.

    Raises:
        ConfigError: if there is none.
    """
    for name, value, known in (("rule", rule, RULES), ("agents", agents, PANELS), ("level", level, LEVELS)):
        require(value in known, name, value, f"one of {', '.join(map(str, known))}")
    return np.array([RULES.index(rule), PANELS.index(agents), LEVELS.index(level)])
