"""Settings of the collective memory: who keeps what, how replicas agree, how long it lasts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...agents.knowledge import DOMAINS
from ..section import Section, Share, choice, setting
from . import MEMORY_MODES

HALF_LIVES_S = (10.0, 30.0, 20.0, 600.0, 60.0, 600.0, 20.0, 900.0, 300.0)
"""Half-lives of evidence by domain, in the order of ``DOMAINS``; assumed: what changes fast is forgotten fast."""

Positive = Annotated[float, Field(gt=0)]


class CollectiveMemory(Section):
    """The memory that the coordination nodes keep together."""

    on: bool = setting(False, "whether the nodes keep a collective memory")
    period_s: float = setting(10.0, "time between two observations of a node", "s", gt=0)
    mode: choice(MEMORY_MODES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: MEMORY_MODES.make("eventual"), description="how the nodes' replicas agree"
    )
    reads: int = setting(4, "facts that each node looks up in a period", ge=0, le=10_000)
    retention_s: float = setting(
        600.0, "time after its last observation at which a fact is dropped", "s", gt=0
    )
    half_life_s: tuple[Positive, ...] = setting(
        HALF_LIVES_S,
        "time in which evidence loses half of its weight, for each of the nine domains",
        "s",
        min_length=len(DOMAINS),
        max_length=len(DOMAINS),
    )
    edge_half_life_s: float = setting(
        600.0, "time in which a link between domains loses half of its strength unless it is used", "s", gt=0
    )
    peers: int = setting(4, "nodes on each side that a node watches", "nodes", ge=1, le=512)
    lying: Share = setting(0.0, "share of nodes that state the opposite of what they observe")
    trust: bool = setting(True, "whether a source counts by how far others agree with it")
