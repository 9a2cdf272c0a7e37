"""The faults by name; see :mod:`..base` for how to add one."""

from __future__ import annotations

from ....choices import Choices
from ..base import Fault
from .agent_crash import AgentCrash
from .agent_slow import AgentSlow
from .controller_exception import ControllerException
from .controller_stall import ControllerStall
from .edge_fault import EdgeFault
from .latency_spike import LatencySpike
from .lead_crash import LeadCrash
from .link_cut import LinkCut
from .link_loss import LinkLoss
from .mass_crash import MassCrash
from .node_crash import NodeCrash
from .partition import Partition
from .restart_all import RestartAll
from .zone_failure import ZoneFailure

FAULTS: Choices[Fault] = Choices(
    "fault",
    **{
        "agent-crash": AgentCrash,
        "agent-slow": AgentSlow,
        "lead-crash": LeadCrash,
        "node-crash": NodeCrash,
        "link-loss": LinkLoss,
        "latency-spike": LatencySpike,
        "link-cut": LinkCut,
        "partition": Partition,
        "zone-failure": ZoneFailure,
        "restart-all": RestartAll,
        "mass-crash": MassCrash,
        "controller-stall": ControllerStall,
        "controller-exception": ControllerException,
        "edge-fault": EdgeFault,
    },
)
