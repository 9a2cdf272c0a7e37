"""What a page is made of: panels, each a pure function from what is looked at to something that can be drawn.

A page is one file in ``pages/`` with a ``LivePage`` in it, and one line in that folder's ``__init__``. Its panels are
made from a :class:`View`: a running model, or records of a saved run up to the slider's time. A panel's function is
called in every frame in which it is its turn, so it must be cheap: at most a few milliseconds and 90 kB.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...arrays import Floats

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ...model.records import Records
    from ...model.swarm import SwarmModel
    from .session import Note

type Bytes1 = np.ndarray[tuple[int], np.dtype[np.uint8]]


class View(Protocol):
    """What pages look at."""

    @property
    def records(self) -> Records:
        """Records so far."""
        ...

    @property
    def model(self) -> SwarmModel | None:
        """The model; None where records alone were saved."""
        ...

    @property
    def notes(self) -> Sequence[Note]:
        """What happened, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number with its course.

    Attributes:
        key: its name in the page.
        title: for people.
        text: its definition, shown as a tooltip.
        value: the number as text with its unit; a dash where there is nothing yet.
        course: `[T]` values for the small line, or None.
    """

    key: str
    title: str
    text: str
    value: Callable[[View], str]
    course: Callable[[View], Floats] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A Plotly figure, from the pure functions in ``figures/``.

    Attributes:
        key: its name in the page.
        title: for people; the figure's own title is not drawn.
        read: how to read it.
        figure: what is drawn; None if there is nothing to draw.
        otherwise: what to do so that there is something.
        wide: whether it takes the whole width.
        picks: whether a click on a point is told to the session, with the point's ``customdata``.
        version: what the figure depends on, if that is cheap to tell: while it is as it was when the figure was sent
            last, the figure is neither made nor sent again.
        steady: whether often nothing but its arrays changes: the browser then puts new ones into the figure as it
            stands (``Plotly.restyle``).
        hides: whether it goes while there is nothing to draw, so that ``otherwise`` is not said.
    """

    key: str
    title: str
    read: str
    figure: Callable[[View], Figure | None]
    otherwise: str = "nothing yet: press Play"
    wide: bool = False
    picks: bool = False
    version: Callable[[View], Hashable] | None = None
    steady: bool = False
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Pixels:
    """Cells to be painted, row by row.

    Attributes:
        codes: `[N]` index into the colors, a cell each.
        columns: cells in a row.
        colors: up to 256 colors as ``#RRGGBB``, light look; the board knows their twins for the dark one.
        labels: ``(code, name)`` for the legend.
        names: text for each cell to be shown when the pointer is on it, given its index; None for none.
    """

    codes: Bytes1
    columns: int
    colors: tuple[str, ...]
    labels: tuple[tuple[int, str], ...] = ()
    names: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Every agent as a cell of a picture.

    Attributes:
        key: its name in the page.
        title: for people.
        read: how to read it.
        choices: what the color can stand for, the first one at first.
        paint: the cells, for a choice.
        otherwise: what is said where there is nothing to paint.
        wide: whether it takes the whole width.
        picked: what a click on a cell does, given its index: a path such as ``agent/123`` for the drill-down.
    """

    key: str
    title: str
    read: str
    choices: tuple[str, ...]
    paint: Callable[[View, str], Pixels | None]
    otherwise: str = "nothing yet"
    wide: bool = True
    picked: Callable[[View, int], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text.

    Attributes:
        key: its name in the page.
        title: for people.
        read: how to read it.
        heads: names of the columns.
        rows: the rows, the newest first, at most a few dozen.
        otherwise: what is said where there is none.
        wide: whether it takes the whole width.
        picks: whether a row's first text is a button, which is told to the session.
        hides: as of a figure.
    """

    key: str
    title: str
    read: str
    heads: tuple[str, ...]
    rows: Callable[[View], Sequence[tuple[str, ...]]]
    otherwise: str = "nothing yet"
    wide: bool = False
    picks: bool = False
    hides: bool = False


type Panel = Tile | Plot | Canvas | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePage:
    """A page.

    Attributes:
        path: in the address; empty for the first one.
        title: in the navigation.
        lead: what it answers, one sentence.
        panels: what is on it, in order.
    """

    path: str
    title: str
    lead: str
    panels: tuple[Panel, ...]
