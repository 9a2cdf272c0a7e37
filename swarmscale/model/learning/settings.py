"""Settings of learning: what agents learn from their work, from each other and together."""

from __future__ import annotations

from ..section import Section, setting


class Learning(Section):
    """What agents learn while they work."""

    on: bool = setting(False, "whether agents learn from the tasks that they serve")
    period_s: float = setting(10.0, "time between two updates of what is known", "s", gt=0)
