"""The prober: the fleet's collective intelligence, measured once a period and kept as a series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...agents.cognition import FUNCTIONS
from ...arrays import Floats
from .decision import decide
from .panels import ready_slots
from .probe import Probe, probe

if TYPE_CHECKING:
    import pandas as pd

    from ..config import Config
    from ..swarm import SwarmModel

FACTS = (
    "time_s",
    "iq",
    "iq_low",
    "iq_high",
    "iq_absolute",
    "percentile",
    "second_factor",
    "panels",
    "panel_agents",
    "decision_accuracy",
    "decision_accuracy_se",
    "decision_confidence",
    "decision_agreement",
    "decision_brier",
    "decision_error_correlation",
    "decision_ms",
    "alone_accuracy",
)
"""Figures of each probe, beside score, bound and standard error of each function."""

COLUMNS = (*FACTS, *(f"{kind}.{name}" for kind in ("score", "bound", "se", "z") for name in FUNCTIONS))


@dataclass(slots=True)
class Prober:
    """Probes the fleet once a period; see :func:`.probe.probe` and :func:`.decision.decide`.

    Attributes:
        period_s: time between two probes, s.
        order: it looks after all others have acted.
        rows: `[probes, columns]` what was found, see :data:`COLUMNS`; NaN where there was nothing to find.
        last: the last probe whole, for those who act after it; None after a resume.
    """

    of_config: ClassVar[bool] = True
    title: ClassVar[str] = "prober"
    period_s: float
    order: int = 90
    rows: Floats = field(default_factory=lambda: np.empty((0, len(COLUMNS))))
    last: Probe | None = field(default=None, repr=False)

    def act(self, model: SwarmModel) -> None:
        """Probe the fleet and let a panel decide on some questions with known truth."""
        if ready_slots(model).any():
            self.last = probe(model)
            found = row_of(self.last, model)
        else:  # nobody to probe, and the series says so
            found = np.full(len(COLUMNS), np.nan)
            found[0] = model.now_s
        self.rows = np.concatenate([self.rows, found[None]])
        self.mirror(model)

    def mirror(self, model: SwarmModel) -> None:
        """Write the last probe's scores to the vertices of ``model.cognition``."""
        for name in FUNCTIONS if len(self.rows) else ():
            model.cognition.nodes[name]["score"] = float(self.column(f"score.{name}")[-1])

    def column(self, name: str) -> Floats:
        """`[probes]` one figure."""
        return self.rows[:, COLUMNS.index(name)]

    def frame(self) -> pd.DataFrame:
        """Tidy table: one row a probe."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def memory(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"rows": self.rows}

    def remember(self, memory: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows = memory["rows"]

    def modules(self) -> set[str]:
        """Modules whose classes its memory holds: none."""
        return set()


def row_of(found: Probe, model: SwarmModel) -> Floats:
    """`[columns]` a probe and a decision as a row of the series."""
    questions = model.config.intelligence.decisions.questions
    decided = decide(model, questions=questions)
    right = np.full(questions, np.nan) if decided.right is None else decided.right.astype(np.float64)
    iq = found.iq
    facts = [
        found.time_s,
        iq.iq,
        iq.low,
        iq.high,
        iq.absolute,
        iq.percentile,
        iq.second,
        float(iq.panels),
        iq.agents,
        float(right.mean()),
        float(right.std(ddof=1) / np.sqrt(questions)),
        float(decided.confidence.mean()),
        float(np.nanmean(decided.agreement)) if np.isfinite(decided.agreement).any() else np.nan,
        decided.brier,
        decided.error_correlation,
        decided.latency_ms,
        decided.stages[-1].alone,
    ]
    return np.concatenate([facts, found.score, found.bound, found.se, iq.z])


def build_prober(config: Config, root_seed: int) -> Prober | None:
    """The prober that a config asks for; None if it asks for none."""
    c = config.intelligence
    return Prober(c.period_s) if c.on else None


def probe_at_end(model: SwarmModel) -> None:
    """Let the model's prober, if it has one, probe the fleet once more, unless it just did."""
    prober = model.prober
    if prober is not None and (not len(prober.rows) or prober.rows[-1, 0] < model.now_s):
        prober.act(model)
