"""Emergence: what the fleet does together that its parts alone do not, told from chance, and what was not said."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING

from ....model.emergence_metrics import WATCHED
from ...emergence import Emergence, emergence_of
from ...emergence_tables import (
    ABSTENTION_HEADS,
    DASH,
    FINDING_HEADS,
    LAST_HEADS,
    abstentions,
    finding_rows,
    last_rows,
)
from ...figures import emergence, emergence_evidence, emergence_strip
from ...theme import number
from ..panels import LivePage, Panel, Plot, Table, Tile, View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NO_WINDOW = (
    "no window was full yet: press Play until emergence.window_s; with emergence.on off under Settings none is looked "
    "at, and a saved run has those of its folder"
)
NO_FINDING = (
    "no finding so far, for one needs two of three windows in a row: press Play until some more are full"
)
REASONS = (
    ("start that all parts share", "start"),
    ("samples, but", "too short"),
    ("vary by more than", "flat"),
    ("comes from outside", "outside"),
    ("influence one another", "few links"),
    ("is tried was recorded", "no trials"),
    ("solutions", "few trials"),
    ("no quality", "no quality"),
    ("questions were asked", "unasked"),
)
"""What a reason to abstain contains, and the words that stand for it on a tile."""
LABELS = {
    "common driver suspected": "driver?",
    "aggregation gain": "pooling",
    "modules are fading": "fading",
    "new but not better": "only new",
    "better but not new": "only better",
}
"""What stands on a tile for a weaker thing."""
NO_ABSTENTION = "every detector gave all its numbers so far, or no window was full yet: press Play"


def seen(view: View) -> Emergence:
    """What was said of what is looked at: of its model, or what was saved with its records."""
    if view.model is not None:
        return emergence_of(view.model)
    saved: Emergence | None = getattr(view, "emergence", None)
    return Emergence() if saved is None else saved


def version(view: View) -> Hashable:
    """Another value after another window."""
    return seen(view).version


def of_windows(figure: Callable[[Emergence], Figure | None]) -> Callable[[View], Figure | None]:
    """A figure that needs the windows alone; nothing before the first one."""
    return lambda view: figure(said) if len(said := seen(view)) else None


def holding(view: View) -> str:
    """Findings that hold now."""
    said = seen(view)
    return f"{len(said.holding())}" if len(said) else DASH


def windows(view: View) -> str:
    """Windows looked at."""
    said = seen(view)
    return f"{len(said.windows()):,}" if len(said) else DASH


def passed(view: View) -> str:
    """Share of windows that passed the gate."""
    every = seen(view).windows()
    return number(sum(not one[0].gate for one in every) / len(every), "share") if every else DASH


def last_word(detector: str, view: View) -> str:
    """What a detector said of the last window, in a word; in brackets why it said nothing."""
    verdict = seen(view).last(detector)
    if verdict is None:
        return DASH
    if verdict.abstained:
        return f"({next((word for part, word in REASONS if part in verdict.abstained), 'abstained')})"
    return "found" if verdict.found else LABELS.get(verdict.label, verdict.label) or "nothing"


def _tiles() -> tuple[Tile, ...]:
    return (
        Tile(
            key="findings",
            title="findings that hold",
            text="findings that two of the last three windows showed (number), now",
            value=holding,
        ),
        Tile(
            key="windows",
            title="windows",
            text="stretches of emergence.window_s that were looked at so far (number)",
            value=windows,
        ),
        Tile(
            key="gate",
            title="passed the gate",
            text="share of windows whose series were long, lively and steady enough to be used (%)",
            value=passed,
        ),
        *(
            Tile(
                key=name,
                title=emergence.title(name).lower(),
                text="what the detector said of the last window alone: found, nothing, or a weaker thing by its name; "
                "in brackets why it abstained, in full in the tables below",
                value=partial(last_word, name),
            )
            for name in WATCHED
        ),
    )


def _of_detector(name: str) -> tuple[Panel, Panel]:
    title = emergence.title(name)
    return (
        Plot(
            key=f"{name}-course",
            title=f"{title}: statistics against their nulls",
            read=emergence.COURSE_READ,
            figure=of_windows(partial(emergence.courses, detector=name)),
            otherwise=NO_WINDOW,
            version=version,
        ),
        Plot(
            key=f"{name}-evidence",
            title=f"{title}: evidence",
            read=emergence_evidence.read_of(name),
            figure=of_windows(partial(emergence_evidence.evidence, detector=name)),
            otherwise=NO_WINDOW,
            version=version,
        ),
    )


PAGE = LivePage(
    path="emergence",
    title="Emergence",
    lead="What the fleet does together that its parts alone do not, told from chance; and of what nothing can be said.",
    panels=(
        *_tiles(),
        Plot(
            key="verdicts",
            title="Verdicts, window by window",
            read=emergence_strip.STRIP_READ,
            figure=of_windows(emergence_strip.strip),
            otherwise=NO_WINDOW,
            wide=True,
            version=version,
        ),
        Table(
            key="findings-table",
            title="Findings",
            read="The newest first. p is of the last window that showed it; the family is how many hypotheses were "
            "looked at together to reach it.",
            heads=FINDING_HEADS,
            rows=lambda view: finding_rows(seen(view)),
            otherwise=NO_FINDING,
            wide=True,
        ),
        Table(
            key="last-table",
            title="The last window",
            read="Every statistic with its null (2.5 % to 97.5 % point), or why there is no number.",
            heads=LAST_HEADS,
            rows=lambda view: last_rows(seen(view)),
            otherwise=NO_WINDOW,
            wide=True,
        ),
        Table(
            key="abstained-table",
            title="What was not said, and why",
            read="Reasons for which a detector or one of its statistics abstained, with the number of windows.",
            heads=ABSTENTION_HEADS,
            rows=lambda view: abstentions(seen(view)),
            otherwise=NO_ABSTENTION,
            wide=True,
        ),
        *(panel for name in WATCHED for panel in _of_detector(name)),
    ),
)
