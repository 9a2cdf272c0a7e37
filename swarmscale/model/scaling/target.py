"""Target tracking as cloud services do it: quick to scale out, slow and reluctant to scale in."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ...errors import require
from .base import Decision, Seen
from .holding import SLACK, agents_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """What ``target`` remembers.

    Attributes:
        begun_s: when the datapoint under way began, s; below the first time there is none.
        sum_s: metric x seconds of it.
        weight_s: seconds of it with data.
        above: datapoints in a row above the target.
        below: datapoints in a row below the target less its margin.
        out_s: time of the last scale-out, s.
        in_s: time of the last scale-in, s.
    """

    begun_s: float = -inf
    sum_s: float = 0.0
    weight_s: float = 0.0
    above: int = 0
    below: int = 0
    out_s: float = -inf
    in_s: float = -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTracking:
    """``ceil(ready * metric / target)`` once an alarm has seen enough datapoints on one side of the target.

    A scale-out during the cooldown of another is made only as far as it goes beyond what that one ordered; a
    scale-in waits for both cooldowns. A datapoint without data breaches nothing and never leads to a scale-in.

    Source:
        Amazon EC2 Auto Scaling user guide, target tracking scaling policies; Application Auto Scaling user guide,
        cooldown periods. Their alarms, 3 datapoints out and 15 in, are those that AWS makes for such a policy.

    Attributes:
        target: wanted metric per ready agent, above 0.
        metric: "demand", arrived work per ready agent, which may exceed 1; or "utilization", which cannot.
        datapoint_s: length of a datapoint, s.
        out_points: datapoints in a row above the target before a scale-out, 1 or more.
        in_points: datapoints in a row below it before a scale-in, 1 or more.
        in_margin: a datapoint counts as below if it is lower than the target by more than this share, in [0, 1).
        out_cooldown_s: after a scale-out, s.
        in_cooldown_s: after a scale-in, s.
    """

    target: float = 0.7
    metric: str = "demand"
    datapoint_s: float = 60.0
    out_points: int = 3
    in_points: int = 15
    in_margin: float = 0.1
    out_cooldown_s: float = 300.0
    in_cooldown_s: float = 300.0

    def __post_init__(self) -> None:
        require(self.target > 0, "scaling.target", self.target, "above 0")
        require(
            self.metric in ("demand", "utilization"),
            "scaling.metric",
            self.metric,
            '"demand" or "utilization"',
        )
        require(self.datapoint_s > 0, "scaling.datapoint_s", self.datapoint_s, "above 0")
        require(self.out_points >= 1, "scaling.out_points", self.out_points, "1 or more")
        require(self.in_points >= 1, "scaling.in_points", self.in_points, "1 or more")
        require(0 <= self.in_margin < 1, "scaling.in_margin", self.in_margin, "in [0, 1)")
        require(self.out_cooldown_s >= 0, "scaling.out_cooldown_s", self.out_cooldown_s, "0 or more")
        require(self.in_cooldown_s >= 0, "scaling.in_cooldown_s", self.in_cooldown_s, "0 or more")

    def start(self) -> Alarms:
        """Both alarms are quiet."""
        return Alarms()

    def decide(self, now: Seen, memory: Alarms) -> tuple[Decision, Alarms]:
        """See :class:`ScalingPolicy`."""
        metric = now.utilization if self.metric == "utilization" else now.demand / max(now.ready, 1)
        has_data = now.ready > 0 or (self.metric == "demand" and now.demand > 0)
        begun_s = now.time_s - now.period_s if memory.begun_s == -inf else memory.begun_s
        sum_s = memory.sum_s + (metric * now.period_s if has_data else 0.0)
        weight_s = memory.weight_s + (now.period_s if has_data else 0.0)
        if now.time_s - begun_s < self.datapoint_s - SLACK:
            soon = (
                "{} {:.3f} per ready agent: a datapoint is under way; {} stay",
                self.metric,
                metric,
                now.provisioned,
            )
            known = Alarms(
                begun_s=begun_s,
                sum_s=sum_s,
                weight_s=weight_s,
                above=memory.above,
                below=memory.below,
                out_s=memory.out_s,
                in_s=memory.in_s,
            )
            return Decision(now.provisioned, soon, "between datapoints"), known
        point = sum_s / weight_s if weight_s > 0 else None
        low = point is not None and point < self.target * (1 - self.in_margin)
        above = memory.above + 1 if point is not None and point > self.target else 0
        below = memory.below + 1 if low else 0
        agents, term, wanted = self._moved(now, memory, point, above, below)
        why = (
            f"{self.metric} {0.0 if point is None else point:.3f} per ready agent in {self.datapoint_s:g} s, target "
            f"{self.target:g}, needs {wanted}; {above} of {self.out_points} datapoints above, "
            f"{below} of {self.in_points} below: {term}, {agents}"
        )
        return Decision(agents, why, term), Alarms(
            begun_s=now.time_s,
            above=above,
            below=below,
            out_s=now.time_s if agents > now.provisioned else memory.out_s,
            in_s=now.time_s if agents < now.provisioned else memory.in_s,
        )

    def _moved(
        self, now: Seen, memory: Alarms, point: float | None, above: int, below: int
    ) -> tuple[int, str, int]:
        """Where the alarms and cooldowns let the fleet go, why, and what the target needs."""
        have = now.provisioned
        if point is None:
            return have, "no data", have
        wanted = agents_for(max(now.ready, 1) * point / self.target)
        if above >= self.out_points and wanted > have:
            return wanted, "scale out", wanted
        if below >= self.in_points and wanted < have:
            waited = now.time_s - memory.out_s >= self.out_cooldown_s
            if waited and now.time_s - memory.in_s >= self.in_cooldown_s:
                return wanted, "scale in", wanted
            return have, "cooldown", wanted
        return have, "no alarm", wanted
