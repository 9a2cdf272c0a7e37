"""Claims of reliability: availability, recovery, delivery."""

from __future__ import annotations

from functools import partial

from .base import POSITIVE, SHARE, Claim, bound

_TASKS = "tasks answered within their deadline / tasks whose deadline has come"
_TIME = "share of ticks in which at least 99 % of the tasks due were answered within their deadline"
_NINES = {
    "999": ("99.9% availability guarantee", 0.999),
    "9995": ("99.95% uptime with fault tolerance", 0.9995),
}
_WHERE = {"storm": "everything breaks", "game-day": "game day", "llm-fleet": "nothing breaks"}


def _availability(study: str, by: str, nines: str) -> Claim:
    quote, limit = _NINES[nines]
    key = f"availability_{by}_{study.replace('-', '_')}"
    other = next(name for name in _NINES if name != nines)
    return Claim(
        key=f"{key}_{nines}",
        area="availability",
        quote=quote,
        title=f"availability, by {'task' if by == 'tasks' else 'time'}, {_WHERE[study]}",
        study=study,
        figure=f"availability_{by}",
        unit="share",
        text=_TASKS if by == "tasks" else _TIME,
        bound=bound("at least", limit),
        rivals=((f"{key}_{other}", "same"),),
        possible=SHARE,
    )


_lost = partial(Claim, area="recovery", unit="share", possible=SHARE)
_RECOVERED = (
    "faults recovered within their deadline and without a lost task / faults injected, of all runs together, without "
    "those whose deadline has not come"
)
_HOPS = "messages that cross a link delivered at the first attempt / messages that cross a link"

RELIABILITY_CLAIMS: tuple[Claim, ...] = (
    *(_availability(study, by, nines) for study in _WHERE for by in ("tasks", "time") for nines in _NINES),
    _lost(
        key="recovery_storm",
        quote="Automatic recovery from 98% of system faults",
        title="automatic recovery, everything breaks",
        study="storm",
        figure="recovery",
        text=_RECOVERED,
        bound=bound("at least", 0.98),
        beside=(
            ("incidents a run", "injected", ""),
            ("time to detect", "mttd_s", "s"),
            ("time to recovery", "mttr_s", "s"),
        ),
    ),
    _lost(
        key="recovery_game_day",
        quote="Automatic recovery from 98% of system faults",
        title="automatic recovery, game day",
        study="game-day",
        figure="recovery",
        text=_RECOVERED,
        bound=bound("at least", 0.98),
        beside=(("incidents a run", "injected", ""), ("time to recovery", "mttr_s", "s")),
    ),
    Claim(
        key="delivery",
        area="network",
        quote="95% message delivery success rate",
        title="delivery at the first attempt, nothing breaks",
        study="llm-fleet",
        figure="delivery_hops",
        unit="share",
        text=_HOPS,
        bound=bound("at least", 0.95),
        possible=SHARE,
        note="a link's loss of .1 % is assumed, so this says that nothing else loses messages",
    ),
    Claim(
        key="delivery_storm",
        area="network",
        quote="95% message delivery success rate",
        title="delivery at the first attempt, everything breaks",
        study="storm",
        figure="delivery_hops",
        unit="share",
        text=_HOPS,
        bound=bound("at least", 0.95),
        possible=SHARE,
    ),
    Claim(
        key="link_latency",
        area="network",
        quote="<10ms average latency",
        title="latency of a link, nothing breaks",
        study="llm-fleet",
        figure="link_ms",
        unit="ms",
        text="mean time of a message from one node to its neighbor, with the wait before it was sent again",
        bound=bound("below", 10.0),
        possible=POSITIVE,
    ),
    Claim(
        key="link_latency_storm",
        area="network",
        quote="<10ms average latency",
        title="latency of a link, everything breaks",
        study="storm",
        figure="link_ms",
        unit="ms",
        text="the same",
        bound=bound("below", 10.0),
        beside=(("network part of a task's latency", "network_mean_ms", "ms"),),
        possible=POSITIVE,
    ),
)
