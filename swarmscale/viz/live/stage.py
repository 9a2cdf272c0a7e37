"""A stage: turns a page's panels into frames, one at a time, and takes in what the browser says. Knows no Solara."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Floats
from .panels import Canvas, LivePage, Panel, Plot, Table, Tile, View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_BYTES = 100_000
"""Of a frame; what does not fit waits for the next one."""
COURSE_POINTS = 60

LOG = logging.getLogger(__name__)

type Send = Callable[[dict[str, Any], Sequence[bytes]], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser asked for that is the session's business.

    Attributes:
        pick: path to show in the drill-down.
    """

    pick: str


@dataclass(slots=True)
class _Frame:
    """A frame that is being put together.

    Attributes:
        parts: by kind of panel, by key.
        buffers: pictures.
        size: bytes so far.
        heavy: parts other than tiles; the first one is taken whatever its size.
        drawn: whether a figure was made: one a frame, since that costs more than all the rest.
    """

    parts: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {name: {} for name in ("tiles", "canvases", "plots", "tables", "failed")}
    )
    buffers: list[bytes] = field(default_factory=list)
    size: int = 0
    heavy: int = 0
    drawn: bool = False

    def takes(self, size: int) -> bool:
        """Count so many bytes more, if they fit."""
        if self.heavy and self.size + size > MOST_BYTES:
            return False
        self.size, self.heavy = self.size + size, self.heavy + 1
        return True


@dataclass(slots=True)
class Stage:
    """The frames of one page for one browser; at most one is on its way, and none is ever queued.

    Attributes:
        page: what is shown.
        view: gives what is looked at now.
        send: sends a message with buffers.
        asked: is told what the session should do.
        ready: whether the browser has said that it can draw.
        sent: frames sent.
        acked: frames that were drawn.
        dropped: frames that were due while one was on its way.
        largest: bytes of the largest frame.
        choices: of each canvas.
    """

    page: LivePage
    view: Callable[[], View]
    send: Send
    asked: Callable[[Asked], None]
    ready: bool = False
    sent: int = 0
    acked: int = 0
    dropped: int = 0
    largest: int = 0
    choices: dict[str, str] = field(default_factory=dict)
    wake: Callable[[], None] = lambda: None
    _stale: list[str] = field(default_factory=list)
    _seen: set[str] | None = None
    _tables: dict[str, list[list[str]]] = field(default_factory=dict)
    _versions: dict[str, Hashable] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.choices = {p.key: p.choices[0] for p in self.page.panels if isinstance(p, Canvas)}
        self.stale()

    def stale(self) -> None:
        """Everything shown is old."""
        with self._lock:
            waiting = set(self._stale)
            self._stale += [p.key for p in self.page.panels if p.key not in waiting]

    @property
    def due(self) -> bool:
        """Whether a frame may be sent and something visible is old."""
        return self.ready and self.sent == self.acked and any(self._shown(key) for key in self._stale)

    @property
    def on_its_way(self) -> bool:
        """Whether a frame was sent that is not drawn yet."""
        return self.sent > self.acked

    def show(self) -> int:
        """Send the next frame: all tiles, and of the rest what has waited longest and fits; return its bytes.

        A panel whose function fails is logged, shown as failed, and not asked again until something is new.
        """
        view, panels = self.view(), {p.key: p for p in self.page.panels}
        frame = _Frame()
        with self._lock:
            waiting = [key for key in self._stale if self._shown(key)]
        done = set()
        for key in waiting:
            try:
                taken = self._put(panels[key], view, frame)
            except Exception as error:
                LOG.exception("panel %s of page %s", key, self.page.title)
                frame.parts["failed"][key] = f"{type(error).__name__}: {error}"
                self._versions.pop(key, None)
                taken = True
            if taken:
                done.add(key)
        with self._lock:
            self._stale = [key for key in self._stale if key not in done]
            self.sent += 1
            message = {"kind": "frame", "n": self.sent, "tick": view.records.ticks, **frame.parts}
        self.largest = max(self.largest, frame.size)
        self.send(message, frame.buffers)
        return frame.size

    def _put(self, panel: Panel, view: View, frame: _Frame) -> bool:
        """Put a panel into a frame, unless it must wait for the next one; whether it is done."""
        if isinstance(panel, Tile):
            tile = {"value": panel.value(view), "course": _course(panel, view)}
            frame.parts["tiles"][panel.key] = tile
            frame.size += len(json.dumps(tile))
            return True
        if isinstance(panel, Canvas):
            told, codes = self._painted(panel, view, len(frame.buffers))
            if not frame.takes(len(codes)):
                return False
            frame.parts["canvases"][panel.key] = told
            frame.buffers += [codes] if told else []
            return True
        if isinstance(panel, Table):
            rows = [list(row) for row in panel.rows(view)]
            if rows == self._tables.get(panel.key):
                return True
            if not frame.takes(len(json.dumps(rows))):
                return False
            frame.parts["tables"][panel.key] = self._tables[panel.key] = rows
            return True
        return self._figure(panel, view, frame)

    def _figure(self, panel: Plot, view: View, frame: _Frame) -> bool:
        """Put a figure into a frame, if it may differ from what was sent last; whether it is done."""
        version = panel.version(view) if panel.version is not None else None
        if version is not None and version == self._versions.get(panel.key):
            return True
        if frame.drawn:
            return False
        frame.drawn = True
        text = figure_text(panel.figure(view))
        if not frame.takes(len(text or "")):
            return False
        frame.parts["plots"][panel.key] = text
        self._versions[panel.key] = version
        return True

    def heard(self, message: Mapping[str, Any]) -> None:
        """Take in what the browser said; what it cannot have meant is passed over."""
        kind = message.get("kind")
        if kind == "ack" and message.get("n") == self.sent:
            self.acked = self.sent
        elif kind == "ready":
            self.ready, self.acked = True, self.sent
            self._tables.clear()
            self._versions.clear()
            self.stale()
        elif kind == "seen":
            self._seen = {str(key) for key in message.get("keys", ())}
        elif kind == "pick":
            self.asked(Asked(str(message.get("path", ""))[:80]))
        elif kind in ("choice", "ask", "cell"):
            self._of_canvas(kind, message)
        self.wake()

    def _of_canvas(self, kind: str, message: Mapping[str, Any]) -> None:
        panel = next((p for p in self.page.panels if p.key == message.get("key")), None)
        if not isinstance(panel, Canvas):
            return
        if kind == "choice":
            if message.get("choice") in panel.choices:
                self.choices[panel.key] = message["choice"]
                with self._lock:
                    self._stale = [panel.key, *(key for key in self._stale if key != panel.key)]
            return
        index = message.get("index")
        pixels = panel.paint(self.view(), self.choices[panel.key])
        if pixels is None or not isinstance(index, int) or not 0 <= index < len(pixels.codes):
            return
        if kind == "ask" and pixels.names is not None:
            self.send({"kind": "told", "key": panel.key, "text": pixels.names(index)}, [])
        if kind == "cell" and panel.picked is not None:
            self.asked(Asked(panel.picked(self.view(), index)))

    def _painted(self, panel: Canvas, view: View, place: int) -> tuple[dict[str, Any] | None, bytes]:
        pixels = panel.paint(view, self.choices[panel.key])
        if pixels is None:
            return None, b""
        told = {"columns": pixels.columns, "colors": pixels.colors, "labels": pixels.labels, "buffer": place}
        return told, np.ascontiguousarray(pixels.codes, np.uint8).tobytes()

    def _shown(self, key: str) -> bool:
        """Whether a panel can be seen; tiles are always sent."""
        if self._seen is None or key in self._seen:
            return True
        return any(p.key == key and isinstance(p, Tile) for p in self.page.panels)


def spec_of(page: LivePage, url: str) -> dict[str, Any]:
    """What the browser must know of a page once: its panels, and how figures look in both themes."""
    from ..theme import DARK, LIGHT, dark_words, template

    return {
        "page": page.path or "overview",
        "lead": page.lead,
        "plotly": url,
        "looks": {"templates": {"light": template(LIGHT), "dark": template(DARK)}, "words": dark_words()},
        "panels": [_spec(panel) for panel in page.panels],
    }


def _spec(panel: Panel) -> dict[str, Any]:
    if isinstance(panel, Tile):
        return {
            "kind": "tile",
            "key": panel.key,
            "title": panel.title,
            "text": panel.text,
            "course": panel.course is not None,
        }
    shared = {
        "key": panel.key,
        "title": panel.title,
        "read": panel.read,
        "otherwise": panel.otherwise,
        "wide": panel.wide,
    }
    if isinstance(panel, Plot):
        return shared | {"kind": "plot", "picks": panel.picks, "steady": panel.steady, "hides": panel.hides}
    if isinstance(panel, Canvas):
        return shared | {"kind": "canvas", "choices": panel.choices}
    return shared | {"kind": "table", "heads": panel.heads, "picks": panel.picks, "hides": panel.hides}


def figure_text(figure: Figure | None) -> str | None:
    """A figure as JSON without its template, which the browser knows."""
    if figure is None:
        return None
    plain = json.loads(figure.to_json())
    plain["layout"].pop("template", None)
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def _course(panel: Tile, view: View) -> list[float] | None:
    """A tile's course in few points."""
    return None if panel.course is None else shortened(panel.course(view))


def shortened(values: Floats) -> list[float]:
    """Means of runs of values, at most 60, without what is not a number; four digits of each.

    >>> shortened(np.array([1.0, 2.0, np.nan]))
    [1.0, 2.0]
    """
    per_point = max(1, -(-len(values) // COURSE_POINTS))
    rows = values[len(values) % per_point :].reshape(-1, per_point)
    with np.errstate(invalid="ignore"):
        means = np.nansum(rows, axis=1) / np.isfinite(rows).sum(axis=1)
    return [float(f"{v:.4g}") for v in means if np.isfinite(v)]
