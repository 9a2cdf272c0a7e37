"""Sweeps as processes of their own, begun and stopped by a page; they outlive its tab and its server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ....errors import ConfigError, require
from ....model.files import write_whole
from ..settings_env import PREFIX

NOTE, LOG = "page.json", "page.log"
"""In a sweep's folder: which process a page began there, and what that said."""
NOT_HERE = "sweeps begin on a page that swarmscale app serves, without --no-sweeps, or by swarmscale sweep"
LAST_WORDS = 300
MOST_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A sweep's process.

    Attributes:
        pid: of the process.
        workers: processes that it may use for runs.
        owner: the session that began it.
        process: itself, None if another server began it.
    """

    pid: int
    workers: int
    owner: str
    process: subprocess.Popen[bytes] | None = None


@dataclass(slots=True)
class Jobs:
    """The sweeps below a folder that pages began; safe to use from several threads.

    A session has at most one that runs, and all together have no more workers than this machine has processors.

    Attributes:
        root: the folder.
        allowed: whether any may be begun or stopped.
        cores: processors of this machine.
    """

    root: Path
    allowed: bool = False
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    _mine: dict[Path, Job] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def refuse(self) -> None:
        """Refuse all that needs a process where none may be begun.

        Raises:
            ConfigError: with the way out.
        """
        if not self.allowed:
            raise ConfigError(NOT_HERE)

    def begin(self, owner: str, folder: Path, words: Sequence[str], workers: int) -> None:
        """Begin a process that runs ``swarmscale`` with some words, for the sweep in a folder.

        Raises:
            ConfigError: if none may be begun, or not now.
        """
        self.refuse()
        rule = f"from 1 to {self.cores}, the processors of this machine"
        require(1 <= workers <= self.cores, "workers", workers, rule)
        with self._lock:
            running = {place: job for place, job in self._all() if self._lives(place, job)}
            if folder in running:
                raise ConfigError(f"{folder.name} runs already")
            mine = next((place for place, job in running.items() if job.owner == owner), None)
            if mine is not None:
                raise ConfigError(f"{mine.name} runs, and a session has one sweep at a time; stop it first")
            free = self.cores - sum(job.workers for job in running.values())
            busy = ", ".join(place.name for place in running)
            require(
                workers <= free,
                "workers",
                workers,
                f"at most {max(free, 0)} now, since {busy} has the others",
            )
            self._mine[folder] = _begun(owner, folder, words, workers)

    def stop(self, folder: Path) -> None:
        """Ask a sweep to stop, as Ctrl-C does; what was finished stays.

        Raises:
            ConfigError: if none may be stopped, or it does not run.
        """
        self.refuse()
        job = self.job(folder)
        if job is None:
            raise ConfigError(f"{folder.name}: no process that a page began runs here")
        os.kill(job.pid, signal.SIGINT)

    def job(self, folder: Path) -> Job | None:
        """The process that runs in a folder; None if none does, or nobody knows."""
        with self._lock:
            job = self._mine.get(folder) or _noted(folder)
        return job if job is not None and self._lives(folder, job) else None

    def ended(self, folder: Path) -> str:
        """The last line that a process said which failed; empty if it ended well, runs, or nobody knows."""
        job = self._mine.get(folder)
        code = job.process.poll() if job is not None and job.process is not None else None
        return (
            "" if code in (None, 0, 130, -signal.SIGINT) else last_words(folder) or f"ended with code {code}"
        )

    def wait(self, folder: Path, seconds: float) -> None:
        """Wait for the process that this server began in a folder.

        Raises:
            ConfigError: if it takes longer.
        """
        process = self._mine[folder].process
        assert process is not None
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ConfigError(f"{folder.name}: took more than {seconds:g} s") from None

    def forget(self, folder: Path) -> None:
        """End what this server began in a folder, if it still runs, and know nothing of it any more."""
        job = self._mine.pop(folder, None)
        if job is not None and job.process is not None and job.process.poll() is None:
            os.killpg(job.pid, signal.SIGTERM)
            job.process.wait()

    def _all(self) -> Iterator[tuple[Path, Job]]:
        yield from self._mine.items()
        for depth in range(1, MOST_DEPTH + 1):
            for note in self.root.resolve().glob("/".join(["*"] * depth) + f"/{NOTE}"):
                job = _noted(note.parent)
                if job is not None and note.parent not in self._mine:
                    yield note.parent, job

    @staticmethod
    def _lives(folder: Path, job: Job) -> bool:
        if job.process is not None:
            return job.process.poll() is None
        return str(folder) in command_of(job.pid)


def _begun(owner: str, folder: Path, words: Sequence[str], workers: int) -> Job:
    folder.mkdir(parents=True, exist_ok=True)
    # neither the page's token nor its server's settings are the sweep's business
    plain = {name: text for name, text in os.environ.items() if not name.startswith((PREFIX, "SOLARA_"))}
    with (folder / LOG).open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "swarmscale", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=plain,
            start_new_session=True,
        )
    job = Job(pid=process.pid, workers=workers, owner=owner, process=process)
    text = json.dumps({"pid": job.pid, "workers": workers, "owner": owner, "began": time.time()})
    write_whole(folder / NOTE, lambda part: part.write_text(text, encoding="utf-8"))
    return job


def _noted(folder: Path) -> Job | None:
    """The process that some server has begun in a folder."""
    try:
        told = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        return Job(pid=int(told["pid"]), workers=int(told["workers"]), owner=str(told["owner"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is none of that number."""
    told = Path(f"/proc/{pid}/cmdline")
    if told.parent.parent.joinpath("self").exists():
        try:
            return told.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
    asked = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout


def last_words(folder: Path) -> str:
    """The last line of what a page's process said."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:LAST_WORDS] for line in reversed(lines) if line.strip()), "")
