"""The default: capacity for the upper quantile of what may come within the lead time, or for the load that is there."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ...errors import require
from .base import Decision, Seen
from .holding import Maxima, agents_for, eased, largest
from .staffing import square_root

WHY = "upper {:.1f}, load now {:.1f}: {} needs {} at k {:g}; largest of {:g} s {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What ``quantile`` remembers.

    Attributes:
        past: wanted numbers of the hold window that may still be its largest.
        down_s: time of the last scale-down, s.
    """

    past: Maxima = ()
    down_s: float = -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileCapacity:
    """``ceil(k * max(upper, demand) / slo_utilization)``: up at once, down to the largest of the hold window.

    The forecast's upper quantile is a term beside the load now, never the only one: a forecast that misses a surge
    delays nothing. Up at once and down late is the asymmetry of Rzadca et al., Autopilot, *EuroSys* 2020.

    Attributes:
        k: agents for one agent's worth of load; the knob between cost and violations, above 0.
        hold_s: a scale-down goes to the largest number wanted within this time, s.
        down_every_s: least time between two scale-downs, s.
        dead_band: scale-downs by less than this share of the fleet are not made, in [0, 1).
        staffing: agents for a load R: "linear" is R / slo_utilization; "square-root" is R + beta sqrt(R) with the
            beta for which a task waits with ``wait_chance`` (Halfin & Whitt 1981).
        wait_chance: share of tasks that may wait under square-root staffing, in (0, 1).
        drain_s: time within which waiting work shall be done beside the arrivals, s; 0 looks at arrivals alone.
    """

    k: float = 1.03
    hold_s: float = 120.0
    down_every_s: float = 60.0
    dead_band: float = 0.02
    staffing: str = "linear"
    wait_chance: float = 0.2
    drain_s: float = 0.0

    def __post_init__(self) -> None:
        require(self.k > 0, "scaling.k", self.k, "above 0")
        require(self.hold_s >= 0, "scaling.hold_s", self.hold_s, "0 or more")
        require(self.down_every_s >= 0, "scaling.down_every_s", self.down_every_s, "0 or more")
        require(0 <= self.dead_band < 1, "scaling.dead_band", self.dead_band, "in [0, 1)")
        kinds = ("linear", "square-root")
        require(self.staffing in kinds, "scaling.staffing", self.staffing, '"linear" or "square-root"')
        require(0 < self.wait_chance < 1, "scaling.wait_chance", self.wait_chance, "in (0, 1)")
        require(self.drain_s >= 0, "scaling.drain_s", self.drain_s, "0 or more")

    def start(self) -> Held:
        """Nothing is held."""
        return Held()

    def decide(self, now: Seen, memory: Held) -> tuple[Decision, Held]:
        """See :class:`ScalingPolicy`."""
        present = now.demand
        if self.drain_s > 0:
            waiting = now.backlog_s * now.capacity if now.capacity > 0 else 0.0
            present += waiting / self.drain_s
        term = "upper" if now.upper > present else "load"
        load = self.k * max(now.upper, present)
        square = self.staffing == "square-root"
        wanted = agents_for(square_root(load, self.wait_chance) if square else load / now.slo_utilization)
        held, past = largest(memory.past, now.time_s, wanted, self.hold_s)
        agents, kept, down_s = eased(now, held, memory.down_s, self.down_every_s, self.dead_band)
        template = WHY + (", {}: {} stay" if kept else "")
        figures = (now.upper, present, term, wanted, self.k, self.hold_s, held, kept, now.provisioned)
        trigger = kept or ("hold" if held > wanted else term)
        return Decision(agents, (template, *figures), trigger), Held(past=past, down_s=down_s)
