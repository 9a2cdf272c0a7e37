"""Solara's server in this process: on loopback, or behind a token; without telemetry, and without the network."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import secrets
import socket
import sys
import threading
import warnings
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import ConfigError, require
from ..exposition import registry
from ..exposition import serve as serve_metrics
from .assets import assets_folder, plotly_folder
from .check import bound, inspect
from .gate import LOOPBACK, Gate
from .metrics import HOST, NONE
from .settings_env import AppSettings

TOKEN = re.compile(r"[A-Za-z0-9_~.-]{16,}")
CULL_AFTER = "10m"
"""How long a session is kept whose browser is gone."""
GRACE_S = 1
"""How long open connections may take to close at the end."""
END_S = 2.5
"""When the process ends at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the page is served, and who may see it.

    Attributes:
        host: the name or address that it is bound to.
        port: its port.
        token: the secret that each visitor must bring; None on loopback, unless one was wished for.
        metrics: port of the metrics on this machine; -1 for none.
    """

    host: str
    port: int
    token: str | None = None
    metrics: int = NONE

    @property
    def everywhere(self) -> bool:
        """Whether the host stands for all addresses of this machine, and so for none that a browser can open."""
        return self.host in ("0.0.0.0", "::", "")

    def url(self) -> str:
        """What to open in a browser on this machine."""
        host = "127.0.0.1" if self.everywhere else self.host
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def lines(self) -> str:
        """What the terminal shows."""
        elsewhere = "\nOn other machines, put this one's name in place of 127.0.0.1." * self.everywhere
        metrics = "" if self.metrics == NONE else f"\nIts metrics are at http://{HOST}:{self.metrics}/metrics"
        return f"The live page is at {self.url()}{elsewhere}{metrics}\nCtrl-C ends it."


def page_script() -> Path:
    """The script of the page."""
    return Path(__file__).parent.parent / "app.py"


def serve(
    settings: AppSettings,
    *,
    host: str,
    port: int,
    token: str | None = None,
    script: Path | None = None,
    open_page: bool = False,
    tell: Callable[[str], None] = print,
) -> int:
    """Serve the page until Ctrl-C.

    Args:
        settings: for the script.
        host: name or address to bind to.
        port: 0 for one that is free.
        token: of 16 or more letters; one is made if the host is not loopback.
        script: a Solara script; the page of this package by default.
        open_page: whether to open a browser as well.
        tell: is given the text with the address once the server listens.

    Returns:
        The exit code.

    Raises:
        ConfigError: if it cannot start, with the reason.
    """
    _refuse_unfit(settings, token, script)
    listening = bound(host, port)
    try:
        settings = replace(settings, metrics_port=_metrics_port(settings.metrics_port))
        address = replace(_address(host, listening, token), metrics=settings.metrics_port)
        _tell_solara(settings, script or page_script())
        return _run(listening, address, _announcer(address, open_page, tell))
    finally:
        listening.close()


def _refuse_unfit(settings: AppSettings, token: str | None, script: Path | None) -> None:
    found = inspect()
    if found.problems:
        raise ConfigError(found.line())
    if token is not None:
        require(
            TOKEN.fullmatch(token) is not None,
            "--token",
            repr(token),
            "16 or more of the letters A-Z, a-z, 0-9, _, ~, . and -",
        )
    if not (script or page_script()).is_file():
        raise ConfigError(f"--script {script or page_script()}: there is no such file")
    from ...model.config import Config

    agents = Config.load(settings.preset).fleet.agents
    rule = f"{agents} or more, the fleet of {settings.preset}"
    require(agents <= settings.max_agents, "--max-agents", settings.max_agents, rule)


def _metrics_port(port: int) -> int:
    """The same port, or one that is free for 0; refused here, where it can be said in a line.

    Raises:
        ConfigError: if the port is taken, or prometheus-client is not installed.
    """
    if port == NONE:
        return port
    with serve_metrics(registry(dict, "session"), port, HOST) as tried:
        return tried.port


def _address(host: str, listening: socket.socket, token: str | None) -> Address:
    ip, port = listening.getsockname()[:2]
    if token is None and not ipaddress.ip_address(ip).is_loopback:
        token = secrets.token_urlsafe(24)
    return Address(host=host, port=port, token=token)


def _tell_solara(settings: AppSettings, script: Path) -> None:
    """Set the environment, which Solara reads once, when it is imported."""
    os.environ |= settings.environment() | {
        "SOLARA_APP": str(script.resolve()),
        "SOLARA_MODE": "production",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
        "SOLARA_THEME_SHOW_BANNER": "false",
        "SOLARA_THEME_TITLE": "Swarmscale",
        # "auto" leaves the page blank in Solara 1.64
        "SOLARA_THEME_VARIANT": "dark" if os.environ.get("SOLARA_THEME_VARIANT") == "dark" else "light",
        "SOLARA_KERNEL_CULL_TIMEOUT": CULL_AFTER,
        "SOLARA_ASSETS_PROXY": "true",
        "SOLARA_ASSETS_PROXY_CACHE_DIR": str(assets_folder()),
        "SOLARA_ASSETS_EXTRA_LOCATIONS": str(plotly_folder()),
    }
    # of no use on loopback, and every visit would print it
    warnings.filterwarnings("ignore", message="Cookies with samesite=none require https")


def _announcer(address: Address, open_page: bool, tell: Callable[[str], None]) -> Callable[[], None]:
    def announce() -> None:
        tell(address.lines())
        if open_page and _has_screen():
            threading.Thread(target=webbrowser.open, args=(address.url(),), daemon=True).start()

    return announce


def _has_screen() -> bool:
    """Whether a browser would be a window; else it could take over the terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _end_in(seconds: float) -> None:
    """End this process by then, quietly: Solara would wait for a session that is in the midst of a tick."""
    logging.disable(logging.CRITICAL)
    last = threading.Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


def _run(listening: socket.socket, address: Address, announce: Callable[[], None]) -> int:
    import uvicorn
    from solara.server.starlette import app

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            _end_in(END_S)
            await super().shutdown(sockets)

    gate: Any = Gate(
        app=app,
        cookie=f"swarmscale-token-{address.port}",
        assets=assets_folder(),
        token=address.token,
        names=tuple(dict.fromkeys((*LOOPBACK, address.host.lower()))),
    )
    server = Announced(
        uvicorn.Config(
            gate,
            log_level="error",
            access_log=False,
            loop="asyncio",
            timeout_graceful_shutdown=GRACE_S,
            ws_per_message_deflate=address.token is not None,
        )
    )
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn raises it anew once it has shut down
        return 0
    return 0 if server.started else 1
