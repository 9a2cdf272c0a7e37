"""The Ray cluster that a sweep runs on: one of this machine that is started for it, or one that is there."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...errors import ConfigError, require

AUTO = "auto"
STORE_BYTES = 128 * 2**20
"""Memory for objects of a local cluster: what goes through it is a plan and rows."""

REACH_S = 5.0
"""Time that a cluster has for its first answer."""

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No usage reports are sent, and nothing is printed about them or about processors of other kinds."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""What a client of HTTP/2 says first: the preface and an empty frame of settings (RFC 9113, 3.4 and 6.5)."""

_SETTINGS = 4


def require_address(address: str | None) -> None:
    """Refuse what is no address of a cluster.

    Raises:
        ConfigError: if it is neither ``auto`` nor ``host:port``.
    """
    if address is None or address == AUTO:
        return
    host, _, port = address.rpartition(":")
    good = bool(host) and "/" not in host and port.isdigit() and 0 < int(port) < 65_536
    require(good, "address", repr(address), "'auto' or host:port, such as 10.0.0.1:6379")


class SigTerm:
    """Whether SIGTERM came.

    Ray's own way is to abort, which leaves its processes behind; an exception out of a handler may end in Ray's
    code, which exits on its own.

    Attributes:
        handler: what SIGTERM is to do, None to leave it as it is.
    """

    def __init__(self) -> None:
        self.handler: Any = None
        self._number = 0

    def note(self, number: int, frame: object) -> None:
        """Remember it: a handler."""
        self._number = number

    def heed(self) -> None:
        """Handle it from now on, in place of whoever does."""
        if self.handler is not None:
            signal.signal(signal.SIGTERM, self.handler)

    def leave_if_it_came(self) -> None:
        """Leave in order, by SystemExit."""
        if self._number:
            raise SystemExit(128 + self._number)


@contextmanager
def cluster(address: str | None, workers: int | None) -> Iterator[tuple[Any, SigTerm]]:
    """Ray, connected; a connection that this process already has is used and left as it is.

    Args:
        address: ``auto``, ``host:port``, or None for a cluster on this machine that ends with the block.
        workers: processors of such a cluster; all by default.

    Raises:
        ConfigError: if Ray is not installed or the cluster cannot be reached.
    """
    ray = imported()
    if ray.is_initialized():
        _require_same(ray, address)
        yield ray, SigTerm()
        return
    with _quiet(), _sigterm() as came:
        if address is None:
            where: dict[str, Any] = {"address": "local", "num_cpus": workers, "include_dashboard": False}
            _connect(ray, "a local cluster", **where, object_store_memory=STORE_BYTES)
        else:
            place = reached(address)
            _connect(ray, place, address=place)
        came.heed()
        try:
            yield ray, came
        finally:
            ray.shutdown()


def imported() -> Any:
    """The package.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError("engine 'ray' needs Ray: pip install 'swarmscale[ray]'") from None
    return ray


def reached(address: str) -> str:
    """The ``host:port`` of a cluster that answers.

    Raises:
        ConfigError: if there is none.
    """
    place = _found() if address == AUTO else address
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), REACH_S) as line:
            line.sendall(_PREFACE)
            answer = _read(line, 9)
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise ConfigError(f"no Ray cluster at {place}: {why}{_way_out(address)}") from None
    if len(answer) < 9 or answer[3] != _SETTINGS:
        raise ConfigError(f"no Ray cluster at {place}: what listens there is something else")
    return place


def _found() -> str:
    """The address of the cluster of this machine."""
    from ray._private.services import canonicalize_bootstrap_address_or_die as found

    try:
        return str(found(AUTO))
    except ConnectionError as error:
        many = "multiple" in str(error)
        what = "several are running; name one as host:port" if many else "none is running on this machine"
        raise ConfigError(f"no Ray cluster at auto: {what}{_way_out(AUTO)}") from None


def _way_out(address: str) -> str:
    return "; start one with: ray start --head, or leave the address out" if address == AUTO else ""


def _read(line: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (more := line.recv(count - len(got))):
        got += more
    return got


def _connect(ray: Any, what: str, **where: Any) -> None:
    """Connect without a word on the terminal; where a cluster falls silent Ray leaves by SystemExit."""
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
    except (ConnectionError, RuntimeError, ValueError, OSError, SystemExit) as error:
        ray.shutdown()
        if isinstance(error, SystemExit) and where["address"] == "local":
            raise SystemExit(128 + signal.SIGTERM) from None
        said = " ".join(str(error).split())
        raise ConfigError(f"Ray cannot use {what}: {said[:300] or type(error).__name__}") from None


def _require_same(ray: Any, address: str | None) -> None:
    """Refuse a cluster other than the one that this process is connected to."""
    here = ray.get_runtime_context().gcs_address
    same = address in (None, AUTO, here)
    require(same, "address", address, f"{here}, to which this process is connected already")


@contextmanager
def _quiet() -> Iterator[None]:
    """The environment in which Ray and all its processes keep quiet."""
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _sigterm() -> Iterator[SigTerm]:
    """SIGTERM is noted while Ray is connected, and does what it did before afterwards."""
    came = SigTerm()
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = signal.getsignal(signal.SIGTERM)
    came.handler = came.note if before == signal.SIG_DFL else before
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)
