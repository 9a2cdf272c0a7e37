"""A browser that is killed: its process is gone without a word, and the model must not go on for nobody."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .browser import CHROMIUM, NO_CHROMIUM, chromium, served, tab

pytest.importorskip("solara")
Error = pytest.importorskip("playwright.sync_api").Error
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
    pytest.mark.xdist_group("killed"),
]

ROOT = Path(__file__).parents[1]
TICK = "Number(document.querySelector('.ss-board')?.dataset.tick || 0)"

WATCHED = """
import contextlib
import json
from pathlib import Path
from swarmscale.viz.live.session import Session

plain = Session.note
def note(self, kind, text):
    plain(self, kind, text)
    with Path({path!r}).open("a") as file:
        file.write(json.dumps([kind, text, self.playing, self.model.records.ticks]) + "\\n")
Session.note = note
exec(compile(Path({script!r}).read_text(), {script!r}, "exec"))
"""


def below(pid):
    """Processes that come from this one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(a): int(b) for a, b in (line.split() for line in listed.splitlines())}
    found, more = set(), {pid}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - found
        found |= more
    return found


def notes(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_killed_browser_pauses_the_model(tmp_path):
    heard, script = tmp_path / "notes.jsonl", tmp_path / "watched.py"
    script.write_text(WATCHED.format(path=str(heard), script=str(ROOT / "swarmscale" / "viz" / "app.py")))
    with served(script=script, preset="tiny") as running:
        before, mine = below(os.getpid()), []
        # what is left of the browser's client cannot close what is no longer there
        with contextlib.suppress(Error), chromium() as own, tab(own, running.url) as one:
            one.page.wait_for_selector(".ss-board", timeout=60_000)
            one.page.click(".ss-play")
            one.page.wait_for_function(f"{TICK} > 5", timeout=60_000)
            mine += [pid for pid in below(os.getpid()) - before if "chromium" in name_of(pid)]
            for pid in mine:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert mine
        limit = time.monotonic() + 40
        while time.monotonic() < limit and not any(
            "no page is connected" in text for _, text, *_ in notes(heard)
        ):
            time.sleep(0.2)
        told = [line for line in notes(heard) if "no page is connected" in line[1]]
        assert told
        assert told[-1][2] is False  # no longer playing
        assert told[-1][3] > 5


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
