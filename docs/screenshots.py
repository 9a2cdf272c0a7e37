"""The pictures of the live page in ``docs/img``: every page in both looks, and Overview on a phone.

``python docs/screenshots.py`` plays ``flash-crowd`` with the scaling policy ``quantile`` and a probe of its
intelligence every two minutes for half an hour of its time, beside a second run with random dispatch, breaks things on
the way, and writes ``live-<page>-<look>.png``. The page Experiments shows two sweeps over ``tiny`` and a race that are
run first. Look at them before you commit them.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.batch.course import Rules
from swarmscale.batch.race import race
from swarmscale.batch.sweep import sweep
from swarmscale.model.config import Config
from swarmscale.model.scaling.load import FluidFleet
from tests.browser import Tab, chromium, served, tab

PAGES = (
    "overview",
    "performance",
    "topology",
    "scaling",
    "intelligence",
    "emergence",
    "health",
    "experiments",
    "compare",
)
LOOKS = ("light", "dark")
WIDE, NARROW = (1280, 1120), (390, 844)
BREAK_AT, KILL_AT, STOP_AT = 1700, 1750, 1800
"""Ticks."""
SETTINGS = {"scaling": "quantile", "scaler.bin_s": 10.0, "intelligence.period_s": 120.0}
SWEEP = {
    "base": "tiny",
    "replications": 5,
    "outcomes": ["cost", "response_p95_s", "violation"],
    "set": {"seconds": 1200, "intelligence.on": False},
    "design": {"over": {"scaling": ["hpa", "quantile", "target"], "life.start_s": [5, 30, 60]}},
}
COLORS = 256
TICK = "Number(document.querySelector('.ss-board').dataset.tick)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=Path(__file__).parent / "img")
    parser.add_argument("--only", nargs="+", choices=(*PAGES, "phone"), default=(*PAGES, "phone"))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        preset = Path(folder) / "flash-crowd.toml"
        preset.write_text(Config.load("flash-crowd").changed(SETTINGS).toml(), encoding="utf-8")
        if "experiments" in given.only:
            experiments(Path(folder))
        with served(preset=preset, runs=folder) as server:
            for look in LOOKS:
                with tab(browser, server.url, *WIDE, color_scheme=look) as one:
                    if set(given.only) != {"experiments"}:
                        play(one)
                    shoot(one, look, given.into, given.only)
                    one.clean()
    return 0


def experiments(folder: Path) -> None:
    """Two sweeps that share seeds, and a race."""
    rules = Rules(fleet=FluidFleet(mean_agents=40.0))
    race(["ms-app1"], ["quantile", "hpa", "static"], rules=rules, out=folder / "race").write(folder / "race")
    for name, changes in (("random-dispatch", {"dispatch.rule": "random"}), ("policies", {})):
        sweep(SWEEP | {"name": name, "set": SWEEP["set"] | changes}, out=folder / name, workers=2)


def play(one: Tab) -> None:
    """Play at ten ticks a frame; let agents crash, links fail and a node die before the end."""
    page = one.page
    page.wait_for_function("document.querySelector('.ss-board')?.dataset.frames > 0", timeout=60_000)
    page.get_by_label("ticks a frame").first.click(force=True)
    page.get_by_role("option", name="10", exact=True).click()
    beside(page)
    page.get_by_text("Switches and faults", exact=True).first.click()
    page.click(".ss-play")
    page.wait_for_function(f"{TICK} >= {BREAK_AT}", timeout=300_000)
    for key in ("crash", "partition", "slow-link"):
        page.click(f".ss-act-{key}")
    page.wait_for_function(f"{TICK} >= {KILL_AT}", timeout=300_000)
    page.click(".ss-act-kill-node")
    page.get_by_text("Switches and faults", exact=True).first.click()
    page.wait_for_function(f"{TICK} >= {STOP_AT}", timeout=120_000)
    page.click(".ss-play")


def beside(page: Any) -> None:
    """Let the same seed run beside with clusters chosen at random."""
    page.get_by_role("button", name="Compare", exact=True).last.click()
    page.click(".ss-with-twin")
    search = page.locator(".ss-compare").get_by_label("search", exact=False).first
    search.fill("dispatch")
    search.press("Tab")
    field = page.locator(".ss-compare").get_by_label("jsq: d", exact=True).last
    field.fill("1")
    field.press("Tab")
    page.click(".ss-beside")
    page.wait_for_selector(".ss-alone")
    page.get_by_role("button", name="Compare", exact=True).last.click()


def shoot(one: Tab, look: str, into: Path, only: Sequence[str]) -> None:
    """Pages of a tab that stands still."""
    for name in (page for page in PAGES if page in only):
        one.page.click(f".ss-nav-{name}")
        one.page.wait_for_selector(f".ss-board[data-page={name}]")
        if name == "experiments":
            compare_sweeps(one.page)
        picture(one.page, into / f"live-{name}-{look}.png")
    if "phone" not in only:
        return
    one.page.click(".ss-nav-overview")
    one.page.wait_for_selector(".ss-board[data-page=overview]")
    one.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    picture(one.page, into / f"live-phone-{look}.png")


def compare_sweeps(page: Any) -> None:
    """Watch a sweep by both of its factors."""
    page.get_by_role("button", name="policies", exact=True).click()
    page.wait_for_selector(".ss-watched-name:has-text('policies: sweep')")
    for label, option in (("outcome", "cost"), ("factor", "life.start_s"), ("second factor", "scaling")):
        page.locator(".ss-comparing").get_by_label(label, exact=True).first.click(force=True)
        page.locator(".menuable__content__active").get_by_text(option, exact=True).first.click()
    page.wait_for_function("document.querySelector('.ss-card[data-key=effect] .ss-plot').data.length === 3")
    page.locator(".ss-watched-name").click()


def picture(page: Any, file: Path) -> None:
    """What the window shows, in few colors."""
    page.wait_for_timeout(2500)  # figures come one a frame
    page.mouse.move(0, 0)
    page.evaluate("document.querySelectorAll('*').forEach(one => { one.scrollTop = 0; })")
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        few = shot.convert("RGB").quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
