"""A policy that learns its own knobs from what its actions, and those it might have taken, brought about."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Decision, Seen
from .experts import KNOBS, LEADS, extreme, followed, foreseen, loss, recent, tallied, whole
from .holding import SLACK, agents_for, eased

PRIOR = 7.0
"""Trust in the starting knobs at first: all others together have a share of exp(-7), one in a thousand."""

SAID = "demand {:.1f}, upper {:.1f}: {} wants {} at trust {:.3f} in the starting knobs' {:.0f}, need x{:.3f}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learning:
    """What ``learned`` remembers; losses in seconds of the mean need.

    Attributes:
        loads: `[n, 2 + F]` time, and agents asked for at k = 1 by each lead share and the starting one, of the hold
            window.
        wanted: `[m, 3 + F]` time, agents that were wanted, and the largest of ``loads``, of the lead time.
        tallies: `[F, K]` discounted losses of the experts.
        begun_s: time of the first decision, s; infinite before it.
        start_tally: the same of the starting knobs.
        own_tally: the same of what was wanted.
        stress: agents that are needed for one by the load, as measured by the share of late work.
        mean_need: discounted mean of the agents needed.
        down_s: time of the last scale-down, s.
    """

    loads: Floats
    wanted: Floats
    tallies: Floats
    begun_s: float = inf
    start_tally: float = 0.0
    own_tally: float = 0.0
    stress: float = 1.0
    mean_need: float = 0.0
    down_s: float = -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCapacity:
    """``quantile`` with knobs that follow the measured effect of its own actions, and of those it might have taken.

    After each period every expert, a pair of k and a share of the lead time, is charged with what it would have paid
    and lacked on the demand that came (:mod:`.experts`). What is wanted is the mean of what the experts want, weighted
    by exponentials of their discounted losses. The need against which all are held is measured too: it is the load
    times a stress that is moved until the policy's own predicted share of late work is the measured one (stochastic
    approximation, Robbins & Monro 1951), so a fleet that is late at 80 % utilization learns to keep it lower.

    It is never worse than its start by more than a margin: as soon as its own tally exceeds the starting knobs' by
    more than ``margin``, it plays the starting knobs until that is over. What one lead time adds cannot be undone, so
    its tally may be that much higher; the start is charged without its dead band, which so counts as margin.

    Attributes:
        k: starting agents for one agent's worth of load, above 0; a target utilization u is k = slo_utilization / u.
        lead_factor: starting share of the lead time for which capacity is held ready, 0 or more.
        objective: share of the work that may come late, in (0, 1).
        margin: how much worse than the starting knobs its discounted loss may become, as a share of theirs.
        memory_s: time over which losses are forgotten, s.
        rate: how fast trust follows losses, 1/s.
        stress_rate: how fast the stress follows the share of late work, 1/s.
        frozen: whether nothing is learned, so that the starting knobs stay; for comparison.
        hold_s: a scale-down goes to the largest number wanted within this time, s.
        down_every_s: least time between two scale-downs, s.
        dead_band: scale-downs by less than this share of the fleet are not made, in [0, 1).
    """

    k: float = 1.03
    lead_factor: float = 1.0
    objective: float = 0.003
    margin: float = 0.1
    memory_s: float = 86_400.0
    rate: float = 0.5
    stress_rate: float = 1e-3
    frozen: bool = False
    hold_s: float = 120.0
    down_every_s: float = 60.0
    dead_band: float = 0.02

    def __post_init__(self) -> None:
        require(self.k > 0, "scaling.k", self.k, "above 0")
        require(self.lead_factor >= 0, "scaling.lead_factor", self.lead_factor, "0 or more")
        require(0 < self.objective < 1, "scaling.objective", self.objective, "in (0, 1)")
        for name in ("margin", "stress_rate", "hold_s", "down_every_s"):
            require(getattr(self, name) >= 0, f"scaling.{name}", getattr(self, name), "0 or more")
        for name in ("memory_s", "rate"):
            require(getattr(self, name) > 0, f"scaling.{name}", getattr(self, name), "above 0")
        require(0 <= self.dead_band < 1, "scaling.dead_band", self.dead_band, "in [0, 1)")

    def start(self) -> Learning:
        """All trust is with the starting knobs, as good as."""
        shape = (len(LEADS), len(KNOBS))
        return Learning(
            loads=np.empty((0, 2 + len(LEADS))),
            wanted=np.empty((0, 3 + len(LEADS))),
            tallies=np.full(shape, (PRIOR + log(len(LEADS) * len(KNOBS))) / self.rate),
        )

    def decide(self, now: Seen, memory: Learning) -> tuple[Decision, Learning]:
        """See :class:`ScalingPolicy`."""
        scores = self._scored(now, memory)
        asked = foreseen(now, np.append(LEADS, self.lead_factor))
        loads: Floats = recent(memory.loads, now.time_s, self.hold_s - 2 * SLACK, asked)
        held: Floats = extreme(loads, now.time_s, self.hold_s, 1.0)
        trust: Floats = followed(scores.tallies, scores.start_tally, self.rate, KNOBS)
        start = self.k * float(held[-1])
        mixed = float(trust[:-1] @ held[:-1]) + float(trust[-1]) * start
        guarded = scores.own_tally > (1 + self.margin) * scores.start_tally + SLACK
        term = "start" if self.frozen or trust[-1] > 0.5 else "learned"
        if guarded:
            term = "guard"
        size = agents_for(start if guarded or self.frozen else mixed)
        agents, kept, down_s = eased(now, size, memory.down_s, self.down_every_s, self.dead_band)
        said = SAID + f"; {kept}: {{}} stay" if kept else SAID
        why = (said, now.demand, now.upper, term, size, trust[-1], start, scores.stress, agents)
        row = np.append(float(agents), held)
        return Decision(agents, why, kept or term), Learning(
            loads=loads,
            wanted=recent(memory.wanted, now.time_s, now.lead_s, row),
            tallies=scores.tallies,
            begun_s=min(memory.begun_s, now.time_s),
            start_tally=scores.start_tally,
            own_tally=scores.own_tally,
            stress=scores.stress,
            mean_need=scores.mean_need,
            down_s=down_s,
        )

    def _scored(self, now: Seen, memory: Learning) -> Learning:
        """The memory with the losses of the period that has ended."""
        if self.frozen or now.time_s - memory.begun_s < now.lead_s - SLACK:
            return memory
        supply: Floats = extreme(memory.wanted, now.time_s, now.lead_s, -1.0)
        if supply[0] == inf:  # no decision is recent enough
            return memory
        paid, need = memory.wanted[-1, 1:], memory.stress * now.demand / now.slo_utilization
        keep = exp(-now.period_s / self.memory_s)
        mean = keep * memory.mean_need + (1 - keep) * need if memory.mean_need > 0 else need
        unit = now.period_s / mean if mean > SLACK else 0.0
        own = loss(float(paid[0]), float(supply[0]), need, self.objective)
        start = loss(whole(self.k * paid[-1]), whole(self.k * supply[-1]), need, self.objective)
        late = now.late_share - float(need > supply[0])
        return Learning(
            loads=memory.loads,
            wanted=memory.wanted,
            tallies=tallied(
                memory.tallies, KNOBS, paid[1:-1], supply[1:-1], need, self.objective, keep, unit
            ),
            begun_s=memory.begun_s,
            start_tally=keep * memory.start_tally + unit * start,
            own_tally=keep * memory.own_tally + unit * own,
            stress=min(max(memory.stress * exp(self.stress_rate * now.period_s * late), 0.5), 2.0),
            mean_need=mean,
            down_s=memory.down_s,
        )
