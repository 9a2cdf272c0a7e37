"""How fast the live page is, end to end: ``swarmscale app`` as a child process, watched in a headless Chromium.

A run starts a new server and a new browser context, so that nothing is kept from the one before.
``llm-fleet`` (50,000 agents): how long until the picture of the agents is there, how long until the first figure is
drawn too, and how much was sent until then. Then it plays for 10 s with all of Overview in sight, and frames are
counted where they are drawn. The server's CPU time of these 10 s holds everything that its process does: the model's
own ticks, figures, sending, Solara. At the end somebody clicks on Pause, and what counts is how long the page's tick
still moves. Then four tabs of ``flash-crowd`` (10,000 agents each) play at once on another server, each is paused in
turn, and the slowest counts. The exit code is 1 if a gate is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.bench.machine import described, installed, load_average, machine
from tests.browser import CHROMIUM, NO_CHROMIUM, Tab, chromium, served, tab

PRESET, SMALL, TABS = "llm-fleet", "flash-crowd", 4
PLAY_MS = 10_000
TALL = 2500
"""Height of the window, in which all that the page has is in sight, and so is made and drawn."""
MESSAGE = 1.1
"""What a message may have more than the frame in it."""
BOARD = "document.querySelector('.ss-board')"
FRAMES = f"Number({BOARD}?.dataset.frames ?? 0)"
PICTURE = f"() => {FRAMES} > 0 && document.querySelector('.ss-card[data-drawn] canvas') && performance.now()"
FIGURE = """() => {
  const drawn = [...document.querySelectorAll('.ss-card[data-drawn]')].some(card => card.querySelector('.ss-plot'));
  return drawn && performance.now();
}"""
PAUSE = """async () => {
  const board = document.querySelector('.ss-board');
  const clicked = performance.now();
  let last = clicked, tick = board.dataset.tick;
  const watch = new MutationObserver(() => {
    if (board.dataset.tick !== tick) [last, tick] = [performance.now(), board.dataset.tick];
  });
  watch.observe(board, { attributes: true, attributeFilter: ['data-tick'] });
  document.querySelector('.ss-play').click();
  while (performance.now() - last < 1500) await new Promise(done => setTimeout(done, 50));
  watch.disconnect();
  return last - clicked;
}"""
"""Milliseconds from the click until the tick stands still; it does if it has not moved for 1.5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run gave.

    Attributes:
        picture_s: from the navigation until all agents are drawn.
        first_figure_s: from the navigation until a figure is drawn.
        load_mb: bytes of the websocket, both ways, until then.
        frames_s: drawn frames a second.
        cpu_ms: CPU time of the server a frame.
        frame_kb: bytes from the server a frame.
        largest_kb: the largest message of the server while it played.
        pause_s: from the click on Pause until the tick stands still.
        pause_of_four_s: the slowest of four tabs that play at once.
        ticks_s: simulated ticks a second.
        load: the machine's load average at the start.
    """

    picture_s: float
    first_figure_s: float
    load_mb: float
    frames_s: float
    cpu_ms: float
    frame_kb: float
    largest_kb: float
    pause_s: float
    pause_of_four_s: float
    ticks_s: float
    load: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what it says of a field, and the gate, with its sign, if there is one."""

    name: str
    text: str
    digits: int
    least: float | None = None
    most: float | None = None

    def good(self, value: float) -> bool:
        """Whether the gate is kept."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def gate(self) -> str:
        """The gate in words."""
        if self.least is not None:
            return f">= {self.least:g}"
        return "" if self.most is None else f"<= {self.most:g}"


ROWS = (
    Row("picture_s", "picture of the agents, s", 2),
    Row("first_figure_s", "first figure, s", 2, most=4.0),
    Row("load_mb", "websocket until then, MB", 3, most=0.5),
    Row("frames_s", "frames a second, drawn", 1, least=10.0),
    Row("cpu_ms", "server CPU a frame, ms, model included", 1, most=25.0),
    Row("frame_kb", "bytes a frame, kB", 1),
    Row("largest_kb", "largest message, kB", 1, most=100.0 * MESSAGE),
    Row("pause_s", "pause, s", 3, most=0.5),
    Row("pause_of_four_s", f"pause, slowest of {TABS} tabs, s", 3, most=0.5),
    Row("ticks_s", "ticks a second", 1),
    Row("load", "load average at its start", 2),
)


def cpu_s(process: int) -> float:
    """CPU time of a process so far, all its threads."""
    words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def drawn(one: Tab, what: str) -> float:
    """Wait for the picture or a figure; s since the navigation began."""
    return float(one.page.wait_for_function(what, timeout=60_000).json_value()) / 1000


def counted(one: Tab) -> tuple[float, int, int]:
    """The browser's clock in s, frames drawn, and the tick shown."""
    now, frames, tick = one.page.evaluate(f"[performance.now(), {FRAMES}, Number({BOARD}.dataset.tick)]")
    return now / 1000, frames, tick


def alone(browser: Any) -> dict[str, float]:
    """One tab of 50,000 agents."""
    with served(preset=PRESET) as server, tab(browser, server.url, height=TALL) as one:
        picture = drawn(one, PICTURE)
        figure = drawn(one, FIGURE)
        sent = sum(one.received) + sum(one.sent)
        one.page.click(".ss-play")
        one.page.wait_for_timeout(3000)
        messages, cpu, begun = len(one.received), cpu_s(server.process.pid), counted(one)
        one.page.wait_for_timeout(PLAY_MS)
        ended, used = counted(one), cpu_s(server.process.pid) - cpu
        got = one.received[messages:]
        lasted, frames = ended[0] - begun[0], ended[1] - begun[1]
        pause = one.page.evaluate(PAUSE) / 1000
        one.clean()
    return {
        "picture_s": picture,
        "first_figure_s": figure,
        "load_mb": sent / 1e6,
        "frames_s": frames / lasted,
        "cpu_ms": 1000 * used / max(frames, 1),
        "frame_kb": sum(got) / max(frames, 1) / 1000,
        "largest_kb": max(got) / 1000,
        "pause_s": pause,
        "ticks_s": (ended[2] - begun[2]) / lasted,
    }


def together(browser: Any) -> float:
    """The slowest pause of four tabs that play at once, s."""
    with served(preset=SMALL) as server, ExitStack() as stack:
        tabs = [stack.enter_context(tab(browser, server.url, height=TALL)) for _ in range(TABS)]
        for one in tabs:
            drawn(one, PICTURE)
        for one in tabs:
            one.page.click(".ss-play")
        tabs[0].page.wait_for_timeout(3000)
        slowest = 0.0
        for one in tabs:
            slowest = max(slowest, one.page.evaluate(PAUSE) / 1000)
            one.page.click(".ss-play")
            one.page.wait_for_timeout(500)
        for one in tabs:
            one.clean()
        return slowest


def measured() -> Run:
    """One run of both."""
    load = (load_average() or [float("nan")])[0]
    with chromium() as browser:
        return Run(**alone(browser), pause_of_four_s=together(browser), load=load)


def table(runs: Sequence[Run]) -> tuple[str, bool]:
    """The figures of all runs with their medians, and whether all gates are kept."""
    lines, good = [f"{'':<40}{'median':>9}{'least':>9}{'most':>9}  gate"], True
    for row in ROWS:
        values = [getattr(run, row.name) for run in runs]
        middle = median(values)
        kept = row.good(middle)
        good &= kept
        gate = row.gate() and f"{row.gate():<9}{'yes' if kept else 'NO'}"
        numbers = "".join(f"{value:>9.{row.digits}f}" for value in (middle, min(values), max(values)))
        lines.append(f"{row.text:<40}{numbers}  {gate}".rstrip())
    return "\n".join(lines), good


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; 1 if a gate is missed, 2 if there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run")
    given = parser.parse_args(arguments)
    if CHROMIUM is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 2
    print(described(machine()) + f", solara {installed('solara')}")
    runs = []
    for number in range(1 if given.quick else given.runs):
        runs.append(measured())
        told = (f"{field.name} {getattr(runs[-1], field.name):.3g}" for field in fields(Run))
        print(f"run {number + 1}: {', '.join(told)}", file=sys.stderr, flush=True)
    text, good = table(runs)
    print(f"{PRESET}, 50,000 agents; {TABS} tabs of {SMALL}, 10,000 agents each; runs: {len(runs)}")
    print(text)
    print(f"all gates: {'yes' if good else 'NO'}; load average {load_average()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
