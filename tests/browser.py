"""Support of the tests in a browser: the page served by a child process, and a Chromium that cannot go elsewhere."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CHROMIUM = shutil.which("chromium")
NO_CHROMIUM = "there is no chromium on PATH: apt-get install chromium"
PATIENCE_S = 60.0


@dataclass
class Served:
    """A running ``swarmscale app``: its address without the token, the address that it printed, its process."""

    base: str
    url: str
    process: subprocess.Popen[str]
    home: Path | None = None

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of an answer; redirects are not followed."""
        return fetched(self.base + path, headers)

    def stop(self) -> tuple[int, str]:
        """End it as Ctrl-C does; the exit code and what it wrote on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err


@contextlib.contextmanager
def served(script: Path | None = None, **options: Any) -> Iterator[Served]:
    """``swarmscale app`` as a child process on a free port, ready to answer; ended at the end.

    Args:
        script: a Solara script; the page of the package if None.
        options: of the command, such as ``max_sessions=1``; ``environment`` holds variables for it.
    """
    environment = os.environ | options.pop("environment", {})
    words = ["--no-open"] + ([] if script is None else ["--script", str(script)])
    for name, value in ({"port": 0} | options).items():
        words += ["--" + name.replace("_", "-"), str(value)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "swarmscale", "app", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://\S+", first)
        if found is None:
            raise AssertionError(f"no address, but {first!r} and {process.communicate()[1]}")
        place = urlsplit(found.group())
        running = Served(f"{place.scheme}://{place.netloc}", found.group(), process)
        _wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


@contextlib.contextmanager
def solara_run(script: Path) -> Iterator[Served]:
    """``solara run SCRIPT`` as anybody would type it: none of our settings in its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = {name: text for name, text in os.environ.items() if not name.startswith(("SOLARA", "SWARMSCALE"))}
    words = ["run", str(script), "--production", "--no-open", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "solara", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env=plain,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        running = Served(base, base + "/", process)
        _wait_until_ready(running)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(running: Served) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError):
            if running.get("/readyz")[0] == 200:
                return
        if time.monotonic() > until or running.process.poll() is not None:
            raise AssertionError("the server does not get ready")
        time.sleep(0.05)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def fetched(url: str, headers: dict[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers (names in small letters) of an answer; redirects are not followed."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    try:
        with opener.open(urllib.request.Request(url, headers=headers or {}), timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), _lower(answer.headers)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode("utf-8", "replace"), _lower(answer.headers)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Tab:
    """A page of the browser with all that it did.

    Attributes:
        page: playwright's page.
        errors: errors and uncaught exceptions of its console.
        failed: addresses that failed or were answered with 400 or more.
        foreign: addresses of other hosts that it asked for; they were blocked.
        sent: bytes of each websocket frame from the browser.
        received: bytes of each websocket frame from the server.
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)

    def clean(self) -> None:
        """Assert that nothing went wrong and nothing went elsewhere."""
        assert (self.errors, self.failed, self.foreign) == ([], [], [])


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, Debian's, that knows no host but this machine."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, NO_CHROMIUM
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def tab(browser: Any, url: str, width: int = 1280, height: int = 900, **context: Any) -> Iterator[Tab]:
    """A page in a context of its own, opened at an address, that may only speak with that address's host."""
    home = urlsplit(url).netloc
    inside = browser.new_context(viewport={"width": width, "height": height}, **context)
    opened = Tab(inside.new_page())
    _listen(opened, home)
    inside.route("**/*", lambda route: _own_host_only(route, home, opened))
    try:
        opened.page.goto(url)
        yield opened
    finally:
        inside.close()


def _own_host_only(route: Any, home: str, opened: Tab) -> None:
    url = route.request.url
    if urlsplit(url).netloc == home or url.startswith(("data:", "blob:")):
        route.continue_()
    else:
        opened.foreign.append(url)
        route.abort()


def _listen(opened: Tab, home: str) -> None:
    def on_websocket(socket: Any) -> None:
        if urlsplit(socket.url).netloc != home:
            opened.foreign.append(socket.url)
        socket.on("framesent", lambda data: opened.sent.append(_size(data)))
        socket.on("framereceived", lambda data: opened.received.append(_size(data)))

    def on_console(message: Any) -> None:
        if message.type == "error":
            opened.errors.append(message.text)

    def on_response(answer: Any) -> None:
        if answer.status >= 400:
            opened.failed.append(f"{answer.status} {answer.url}")

    def on_failure(asked: Any) -> None:
        if (
            asked.failure != "net::ERR_ABORTED"
        ):  # which is what becomes of requests when one goes to another page
            opened.failed.append(f"{asked.failure} {asked.url}")

    page = opened.page
    page.on("websocket", on_websocket)
    page.on("console", on_console)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("response", on_response)
    page.on("requestfailed", on_failure)


def _size(data: str | bytes) -> int:
    return len(data.encode()) if isinstance(data, str) else len(data)
