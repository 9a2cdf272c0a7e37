"""Metrics for operators: a model as Prometheus and OpenMetrics text, read while it steps, and a server for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import ConfigError, require
from ..model.flow.ledger import bin_edges
from .exposition_reading import Reader
from .exposition_sight import PREFIX, Family, Sight
from .exposition_table import FAMILIES, MODELS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from ..model.swarm import SwarmModel

BUCKETS = tuple(range(16 * 6, 16 * 55, 16))
"""Bins at whose begin a bucket ends: at 2 ** k and 1.5 x 2 ** k s, from 2 ** -13 s (.1 ms) to 2 ** 11 s (34 min)."""


@dataclass(slots=True, eq=False)
class Models:
    """A collector of prometheus-client that reads models when it is asked; one for many scrapes and threads.

    Attributes:
        models: gives the models that there are now, by the value of the label.
        label: by which they are told apart; empty for one model that needs none.
    """

    models: Callable[[], Mapping[str, SwarmModel]]
    label: str = ""
    _readers: dict[str, Reader] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def collect(self) -> Iterator[Metric]:
        """All metrics that have a value."""
        with self._lock:
            sights = self._sights()
            number = self._made(MODELS, {})
            families = [made for family in FAMILIES if (made := self._made(family, sights)).samples]
        number.add_sample(number.name, {}, float(len(sights)))
        yield number
        yield from families

    def _sights(self) -> dict[str, Sight]:
        models = dict(self.models())
        self._readers = {
            name: kept if (kept := self._readers.get(name)) and kept.model is model else Reader(model)
            for name, model in models.items()
        }
        return {name: reader.sight() for name, reader in self._readers.items()}

    def _made(self, family: Family, sights: Mapping[str, Sight]) -> Metric:
        from prometheus_client import core

        own = (self.label,) if self.label else ()
        kinds: dict[str, Any] = {
            "counter": core.CounterMetricFamily,
            "gauge": core.GaugeMetricFamily,
            "histogram": core.HistogramMetricFamily,
        }
        made = kinds[family.kind](
            PREFIX + family.name, family.text, labels=(*own, *family.labels), unit=family.unit
        )
        for name, sight in sights.items():
            mine = (name,) if self.label else ()
            if family.kind == "histogram":
                _add_histogram(made, mine, sight, family.name.removesuffix("_seconds"))
                continue
            for labels, value in family.read(sight):
                made.add_metric([*mine, *labels], value)
        metric: Metric = made
        return metric


def _add_histogram(made: Any, labels: tuple[str, ...], sight: Sight, name: str) -> None:
    counts, total_s = sight.histograms.get(name, (np.zeros(1, np.int64), 0.0))
    if not counts.any():
        return
    edges, below = bin_edges(), np.concatenate([[0], np.cumsum(counts)])
    buckets = [(repr(float(edges[i])), float(below[i])) for i in BUCKETS]
    made.add_metric(list(labels), [*buckets, ("+Inf", float(below[-1]))], total_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server of metrics, in a thread of its own, until it is closed; also as a context.

    Attributes:
        host: where it listens.
        port: at which port.
    """

    host: str
    port: int
    _server: Any
    _thread: threading.Thread

    @property
    def url(self) -> str:
        """What Prometheus scrapes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Stop serving; a second time does nothing."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


def registry(
    model: SwarmModel | Callable[[], Mapping[str, SwarmModel]], label: str = ""
) -> CollectorRegistry:
    """A registry of its own with the metrics of a model, or of all models that a function gives by a label's value.

    Raises:
        ConfigError: if prometheus-client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry
    except ImportError:
        raise ConfigError("metrics need prometheus-client: pip install 'swarmscale[metrics]'") from None
    made = CollectorRegistry(auto_describe=False)
    collector: Any = Models(model, label) if callable(model) else Models(lambda: {"": model})
    made.register(collector)
    return made


def expose(model: SwarmModel | CollectorRegistry, accept: str = "") -> bytes:
    """The metrics as text: OpenMetrics if the Accept header asks for it, else Prometheus text.

    Args:
        model: a model; or a registry from :func:`registry`, which reads what is new since it was read last.
        accept: an Accept header.
    """
    from ..model.swarm import SwarmModel

    given = registry(model) if isinstance(model, SwarmModel) else model
    from prometheus_client.exposition import choose_encoder

    encoder, _ = choose_encoder(accept)
    return encoder(given)


def serve(model: SwarmModel | CollectorRegistry, port: int = 9464, host: str = "127.0.0.1") -> Served:
    """Serve the metrics over HTTP until :meth:`Served.close`.

    Args:
        model: a model; or a registry from :func:`registry`.
        port: 0 for one that is free.
        host: a name or an address; whoever can reach it can read the metrics.

    Raises:
        ConfigError: if prometheus-client is not installed, or the address cannot be had.
    """
    from ..model.swarm import SwarmModel

    require(0 <= port <= 65_535, "port", port, "0 to 65535")
    given = registry(model) if isinstance(model, SwarmModel) else model
    from prometheus_client import start_http_server

    try:
        server, thread = start_http_server(port, host, given)
    except OSError as error:
        raise ConfigError(
            f"metrics at {host}:{port}: {(error.strerror or 'cannot be served').lower()}"
        ) from None
    return Served(host=host, port=server.server_port, _server=server, _thread=thread)
