"""The learner: what agents learn from the tasks that they serve, brought up to date once a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import Config
    from ..controllers import Controller


def build_learner(config: Config, root_seed: int) -> Controller | None:
    """The learner that a config asks for; None if it asks for none."""
    return None
