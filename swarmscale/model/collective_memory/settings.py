"""Settings of the collective memory: who keeps what, how replicas agree, how long it lasts."""

from __future__ import annotations

from ..section import Section, setting


class CollectiveMemory(Section):
    """The memory that the coordination nodes keep together."""

    on: bool = setting(False, "whether the nodes keep a collective memory")
    period_s: float = setting(10.0, "time between two exchanges", "s", gt=0)
