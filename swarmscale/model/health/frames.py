"""What the health monitor found, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from .alerts import Alert
from .standing import Standing

if TYPE_CHECKING:
    import pandas as pd


def standings_frame(series: Sequence[Standing]) -> pd.DataFrame:
    """Healths, one row a look; columns are the attributes of :class:`.standing.Standing`."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in series], columns=[f.name for f in fields(Standing)])


def alerts_frame(alerts: Sequence[Alert]) -> pd.DataFrame:
    """Alerts, one row each; columns are the attributes of :class:`.alerts.Alert`."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in alerts], columns=[f.name for f in fields(Alert)])
