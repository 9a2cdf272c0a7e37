"""The prober: the fleet's collective intelligence, measured once a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import Config
    from ..controllers import Controller


def build_prober(config: Config, root_seed: int) -> Controller | None:
    """The prober that a config asks for; None if it asks for none."""
    return None
