"""Demand traces: those shipped with the package, and a user's own CSV files, checked row by row."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from ...arrays import Floats, Ints
from ...errors import ConfigError, require
from .shipped_traces import TraceInfo, read_bytes, shipped
from .trace_checks import Table, read_table

TIME_COLUMNS = ("timestamp", "t_s", "seconds")
DEMAND_COLUMNS = ("demand", "requests", "rate")
PROMPT_COLUMNS = ("prompt_tokens", "context_tokens")
OTHER_COLUMNS = ("generated_tokens", "work_s")
DAY_S = 86_400.0
MOST_BINS = 20_000_000

__all__ = ["Requests", "Trace", "TraceInfo", "describe", "load", "load_requests", "load_trace", "shipped"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Demand over time, constant within bins of equal length.

    Attributes:
        name: what it is called in tables and figures.
        step_s: length of a bin in seconds, > 0.
        demand: `[B]` mean rate within each bin, in ``unit``, >= 0 and not all 0.
        unit: what demand counts; ``.../s`` for a rate, ``relative`` where only the shape is known.
        source: the citation, or the file that it came from.
        licence: under which terms the data may be passed on.
    """

    name: str
    step_s: float
    demand: Floats
    unit: str
    source: str = "not stated"
    licence: str = "not stated"

    def __post_init__(self) -> None:
        _require_step(self.step_s)
        require(self.demand.ndim == 1 and self.demand.size > 0, "demand", self.demand, "one row of numbers")
        require(bool(np.isfinite(self.demand).all()), "demand", self.demand, "finite")
        require(bool((self.demand >= 0).all()), "demand", self.demand, "0 or more")
        require(bool(self.demand.any()), "demand", self.demand, "above 0 somewhere")

    @property
    def seconds(self) -> float:
        """Length of the trace."""
        return float(self.demand.size * self.step_s)

    @property
    def mean(self) -> float:
        """Mean demand, in ``unit``."""
        return float(self.demand.mean())

    @property
    def peak_to_mean(self) -> float:
        """Largest bin over the mean, >= 1."""
        return float(self.demand.max()) / self.mean

    def rates(self, step_s: float) -> Floats:
        """Mean demand in bins of another length; a last bin that the trace does not fill is dropped.

        Args:
            step_s: seconds per bin, > 0 and no longer than the trace.

        Returns:
            `[seconds // step_s]` mean rate, in ``unit``: the integral of demand over each bin is exact.

        Raises:
            ConfigError: if no bin fits, or more than 20 million would.

        >>> Trace(name="hump", step_s=60.0, demand=np.array([1.0, 4.0, 1.0]), unit="tasks/s").rates(90.0)
        array([2., 2.])
        """
        bins = _bins(self.seconds, step_s)
        ratio = step_s / self.step_s
        if ratio == round(ratio):
            whole: Floats = self.demand[: bins * round(ratio)].reshape(bins, -1).mean(axis=1)
            return whole
        edges = np.arange(bins + 1) * ratio
        served = np.concatenate(([0.0], np.cumsum(self.demand)))
        integral = np.interp(edges, np.arange(served.size), served)
        rates: Floats = np.maximum(np.diff(integral), 0.0) / ratio
        return rates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requests:
    """Single requests in the order of their arrival.

    Attributes:
        name: what it is called in tables and figures.
        time_s: `[R]` seconds since the first request, ascending from 0.
        prompt_tokens: `[R]` tokens read per request, >= 0, or None where the file has none.
        generated_tokens: `[R]` tokens written per request, >= 0, or None.
        work_s: `[R]` service demand in seconds of a unit-speed agent, >= 0, or None.
        source: the citation, or the file that it came from.
        licence: under which terms the data may be passed on.
    """

    name: str
    time_s: Floats
    prompt_tokens: Ints | None = None
    generated_tokens: Ints | None = None
    work_s: Floats | None = None
    source: str = "not stated"
    licence: str = "not stated"

    def __post_init__(self) -> None:
        times = self.time_s
        require(times.ndim == 1 and times.size > 1, "time_s", times, "one row of at least 2 numbers")
        require(bool(times[0] == 0), "time_s", times, "counted from the first request, at 0")
        require(bool((np.diff(times) >= 0).all()), "time_s", times, "ascending")
        for name in ("prompt_tokens", "generated_tokens", "work_s"):
            marks = getattr(self, name)
            fits = marks is None or (marks.shape == times.shape and bool((marks >= 0).all()))
            require(fits, name, marks, "None, or 0 or more for each request")

    def binned(self, step_s: float) -> Trace:
        """Requests per second in bins of ``step_s``; the last bin, which the file fills in part, is dropped.

        Raises:
            ConfigError: if no whole bin fits, or more than 20 million would.

        >>> Requests(name="three", time_s=np.array([0.0, 0.5, 1.2, 2.1])).binned(1.0).demand
        array([2., 1.])
        """
        bins = _bins(float(self.time_s[-1]), step_s)
        index = np.floor_divide(self.time_s, step_s).astype(np.int64)
        counts = np.bincount(index[index < bins], minlength=bins)
        return Trace(
            name=self.name,
            step_s=float(step_s),
            demand=counts / step_s,
            unit="requests/s",
            source=self.source,
            licence=self.licence,
        )


def load(name_or_path: str | PathLike[str]) -> Trace | Requests:
    """A shipped trace by name, or a user's CSV file; a demand column makes it a Trace, else Requests.

    A file has one time column: ``timestamp`` (ISO-8601, UTC unless it says otherwise, or epoch seconds),
    ``t_s`` or ``seconds``. A Trace has one demand column beside it, at a regular step: ``demand`` (any
    unit), ``rate`` (requests per second) or ``requests`` (a count per bin, divided by the step).
    Requests may have ``prompt_tokens`` or ``context_tokens``, ``generated_tokens`` and ``work_s``.

    Raises:
        UnknownChoiceError: if it is neither a shipped name nor a file.
        ConfigError: if the file cannot be used, in one line with row, column, value and rule.
    """
    info, label, raw = read_bytes(name_or_path)
    table = read_table(raw, label)
    time = table.needed(TIME_COLUMNS, "time")
    demand = table.one_of(DEMAND_COLUMNS)
    if demand is not None:
        return _trace(table, time, demand, info)
    table.refuse_misspelt((*TIME_COLUMNS, *DEMAND_COLUMNS, *PROMPT_COLUMNS, *OTHER_COLUMNS))
    return _requests(table, time, info)


def load_trace(name_or_path: str | PathLike[str]) -> Trace:
    """Demand per bin from a shipped name or a CSV file; see :func:`load`.

    Raises:
        ConfigError: as in :func:`load`, and if there is no demand column.
    """
    loaded = load(name_or_path)
    if isinstance(loaded, Requests):
        raise ConfigError(
            f"{fspath(name_or_path)}, row 1: no demand column; one of {', '.join(DEMAND_COLUMNS)} is needed. "
            "For single requests use load_requests(...), and .binned(step_s) to count them"
        )
    return loaded


def load_requests(name_or_path: str | PathLike[str]) -> Requests:
    """Single requests from a shipped name or a CSV file; see :func:`load`.

    Raises:
        ConfigError: as in :func:`load`, and if the file holds demand per bin.
    """
    loaded = load(name_or_path)
    if isinstance(loaded, Trace):
        raise ConfigError(
            f"{fspath(name_or_path)}: demand per bin, but single requests are needed, a row and a time each; "
            "use load_trace(...) for this one"
        )
    return loaded


def describe(trace: Trace) -> dict[str, float | None]:
    """Figures of a trace in one table.

    Returns:
        ``seconds``: its length; ``step_s``: its bins' length;
        ``mean`` and ``peak``: of the bins, in the trace's unit;
        ``peak_to_mean``: their ratio, >= 1;
        ``variation``: standard deviation over the bins (divisor B) / mean;
        ``day_correlation``: Pearson's correlation of each bin with the bin one day later, over all such
        pairs; None below two days, where a day is not a whole number of bins, or where nothing varies;
        ``dispersion``: variance / mean of the counts per bin, that is demand times ``step_s``: 1 for a
        Poisson stream of constant rate; None unless the unit is a rate per second.

    Source:
        Index of dispersion for counts: Cox and Lewis, *The Statistical Analysis of Series of Events*
        (1966), section 4.5.
    """
    spread = float(trace.demand.std())
    dispersion = spread**2 * trace.step_s / trace.mean if trace.unit.endswith("/s") else None
    return {
        "seconds": trace.seconds,
        "step_s": float(trace.step_s),
        "mean": trace.mean,
        "peak": float(trace.demand.max()),
        "peak_to_mean": trace.peak_to_mean,
        "variation": spread / trace.mean,
        "day_correlation": _day_correlation(trace),
        "dispersion": dispersion,
    }


def _day_correlation(trace: Trace) -> float | None:
    bins = round(DAY_S / trace.step_s)
    whole = bins >= 1 and abs(bins * trace.step_s - DAY_S) < 1e-6 * DAY_S
    if not whole or trace.demand.size < 2 * bins:
        return None
    today, tomorrow = trace.demand[:-bins], trace.demand[bins:]
    if np.ptp(today) == 0 or np.ptp(tomorrow) == 0:
        return None
    return float(np.corrcoef(today, tomorrow)[0, 1])


def _trace(table: Table, time: str, column: str, info: TraceInfo | None) -> Trace:
    seconds = table.seconds(time)
    table.ascending(seconds, time, strictly=True)
    step_s = table.regular_step(seconds, time)
    demand = table.numbers(column)
    if not demand.any():
        raise ConfigError(
            f"{table.label}, column {column!r}: 0 in every row, but it must be above 0 somewhere"
        )
    if column == "requests" or (info and info.counts_per_bin):
        demand = demand / step_s
    unit = info.unit if info else "as given" if column == "demand" else "requests/s"
    return Trace(step_s=step_s, demand=demand, unit=unit, **_origin(table, info))


def _requests(table: Table, time: str, info: TraceInfo | None) -> Requests:
    seconds = table.seconds(time)
    table.ascending(seconds, time, strictly=False)
    prompt = table.one_of(PROMPT_COLUMNS)
    generated = table.one_of(("generated_tokens",))
    work = table.one_of(("work_s",))
    return Requests(
        time_s=seconds,
        prompt_tokens=table.whole_numbers(prompt) if prompt else None,
        generated_tokens=table.whole_numbers(generated) if generated else None,
        work_s=table.numbers(work) if work else None,
        **_origin(table, info),
    )


def _origin(table: Table, info: TraceInfo | None) -> dict[str, str]:
    if info is None:
        return {"name": Path(table.label).stem, "source": table.label}
    return {"name": info.name, "source": info.citation, "licence": info.licence}


def _bins(seconds: float, step_s: float) -> int:
    _require_step(step_s)
    bins = int(np.floor(seconds / step_s + 1e-9))
    require(bins >= 1, "step_s", step_s, f"at most the {seconds:g} s that there are")
    require(bins <= MOST_BINS, "step_s", step_s, f"long enough for at most {MOST_BINS:,} bins")
    return bins


def _require_step(step_s: float) -> None:
    require(bool(np.isfinite(step_s) and step_s > 0), "step_s", step_s, "finite and above 0")
