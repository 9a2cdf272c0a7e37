"""Claims of growth: scaling up, spawning, forecasts, cost, and whether capacity and time grow linearly."""

from __future__ import annotations

from functools import partial

from .base import POSITIVE, SHARE, Claim, bound

_LINEAR = "Linear performance scaling up to 50,000 agents"
_UP = "<5 seconds for 1,000 agent scale-up"
_SAVED = "25% average cost reduction"
_FORESEEN = "5-minute ahead demand prediction with 85%+ accuracy"
_PER_AGENT = (
    "capacity of the largest fleet / capacity of the smallest one, each for its size; capacity = tasks answered in "
    "time at the largest steady load with at most .1 % dropped or late. Linear is taken as at least .95"
)

_up = partial(Claim, area="scaling up", study="scale-up", unit="s", possible=POSITIVE)
_saving = partial(Claim, area="cost", unit="share")
_law = partial(Claim, area="scalability")
_TOLD = (
    "1 - cost of the default policy / cost of {} at the same violations (.3 % of the work), mean over traces"
)

GROWTH_CLAIMS: tuple[Claim, ...] = (
    _up(
        key="scale_up_warm",
        quote=_UP,
        title="1,000 more agents, warm pool",
        figure="warm_s",
        text="simulated time from the decision until 1,000 more agents are ready, from a pool of as many warm ones",
        bound=bound("below", 5.0),
        note="follows from the assumed 1 s start of a warm agent, and pays the pool's price all the time",
    ),
    _up(
        key="scale_up_pools",
        quote=_UP,
        title="1,000 more agents, warm pool on the origin's resource pools",
        figure="pooled_s",
        text="the same where the resource pools hold what the fleet stands on and must order the rest",
        bound=bound("below", 5.0),
        note="what is ordered warms up for 2 to 8 s, and who waits for it starts cold",
    ),
    _up(
        key="scale_up_cold",
        quote=_UP,
        title="1,000 more agents, no warm pool",
        figure="cold_s",
        text="the same without warm agents",
        bound=bound("below", 5.0),
        note="follows from the assumed 30 s start of a cold agent",
    ),
    Claim(
        key="spawn_rate",
        area="scaling up",
        quote="**Agent Spawn Rate**: 1,000 agents/second",
        title="agents made a second of CPU",
        study="speed",
        figure="spawned_per_s",
        unit="1/s",
        text="agents placed, with traits and rank drawn / CPU second of this machine",
        bound=bound("at least", 1_000),
        possible=POSITIVE,
    ),
    Claim(
        key="scaling_efficiency",
        area="scaling up",
        quote="Scaling efficiency, predictive accuracy, cost effectiveness",
        title="scaling efficiency, fleet sized by forecasts",
        study="llm-fleet-scaled",
        figure="scaling_efficiency",
        unit="share",
        text="sum over decisions of min(needed, ready) / sum of max(needed, ready) agents; needed = demand / .9",
        possible=SHARE,
        note="the origin names it without a figure",
    ),
    Claim(
        key="events_met",
        area="scaling up",
        quote="Scaling efficiency, predictive accuracy, cost effectiveness",
        title="scaling events that met what was expected of them",
        study="llm-fleet-scaled",
        figure="events_met",
        unit="share",
        text="scaling events whose utilization over the next 300 s came within the 90 % interval stated at its "
        "decision / scaling events that stated one",
        possible=SHARE,
        beside=(("events that stated one", "events_stated", ""),),
        note="the origin names it without a figure; 90 % is what an interval promises",
    ),
    Claim(
        key="forecast_traces",
        area="forecast accuracy",
        quote=_FORESEEN,
        title="forecast accuracy, five traces",
        study="forecasts",
        figure="accuracy",
        unit="share",
        text="1 - WAPE of the default forecaster 300 s ahead, rolling origin, last 40 % of each trace",
        bound=bound("at least", 0.85),
        beside=(
            ("repeating the last value", "naive_accuracy", "share"),
            ("extending the trend", "trend_accuracy", "share"),
        ),
        possible=(float("-inf"), 1.0),
        note="an accuracy says nothing without that of repeating the last value",
    ),
    Claim(
        key="forecast_traces_mase",
        area="forecast accuracy",
        quote=_FORESEEN,
        title="forecast error over naive's (MASE), five traces",
        study="forecasts",
        figure="relative",
        text="mean absolute error / that of repeating the last value, same horizon and points (Hyndman & Koehler 2006)",
        bound=bound("below", 1.0),
        possible=POSITIVE,
        note="below 1 is our condition: else the forecast is worth nothing",
    ),
    Claim(
        key="forecast_run",
        area="forecast accuracy",
        quote=_FORESEEN,
        title="forecast accuracy, in a run",
        study="llm-fleet-scaled",
        figure="forecast_accuracy",
        unit="share",
        text="1 - WAPE of the forecasts 300 s ahead that the scaler made during the hour",
        bound=bound("at least", 0.85),
        beside=(("repeating the last value", "naive_accuracy", "share"),),
        possible=(float("-inf"), 1.0),
    ),
    Claim(
        key="forecast_run_mase",
        area="forecast accuracy",
        quote=_FORESEEN,
        title="forecast error over naive's (MASE), in a run",
        study="llm-fleet-scaled",
        figure="forecast_error",
        text="mean absolute error / that of repeating the last value at the same bins",
        bound=bound("below", 1.0),
        possible=POSITIVE,
        note="an hour is too short to learn a day",
    ),
    _saving(
        key="saving_hpa",
        quote=_SAVED,
        title="saved against Kubernetes' autoscaler, tuned alike",
        study="savings",
        figure="saving_hpa",
        text=_TOLD.format("hpa"),
        bound=bound("at least", 0.25),
        note="the saving that counts: against a reactive policy that was tuned as well",
    ),
    _saving(
        key="saving_seed",
        quote=_SAVED,
        title="saved against the origin's own rules",
        study="savings",
        figure="saving_seed",
        text=_TOLD.format("seed"),
        bound=bound("at least", 0.25),
    ),
    _saving(
        key="saving_static",
        quote=_SAVED,
        title="saved against a fixed fleet that knows the peak",
        study="savings",
        figure="saving_static",
        text=_TOLD.format("static"),
        bound=bound("at least", 0.25),
        note="nearly any policy saves that",
    ),
    _saving(
        key="saving_crowd",
        quote=_SAVED,
        title="saved against Kubernetes' autoscaler, demand trebles",
        study="flash-crowd",
        figure="cost_saving",
        text="1 - cost / that of hpa at its cheapest target with an equal violation rate, the run's demand replayed",
        bound=bound("at least", 0.25),
        beside=(
            ("against a fixed fleet", "static_saving", "share"),
            ("violations", "replay_violation", "share"),
        ),
    ),
    _law(
        key="linear_fleet",
        quote=_LINEAR,
        title="the fleet's capacity: 50,000 agents over 1,000, tasks of 3.5 s",
        study="growth",
        figure="proportion",
        text=_PER_AGENT,
        bound=bound("at least", 0.95),
        beside=(("contention", "contention", ""), ("coherency", "coherency", "")),
        possible=POSITIVE,
        note="{words}",
    ),
    _law(
        key="linear_fleet_short",
        quote=_LINEAR,
        title="the fleet's capacity: 50,000 agents over 1,000, tasks of .35 s",
        study="growth-short",
        figure="proportion",
        text=_PER_AGENT,
        bound=bound("at least", 0.95),
        beside=(("contention", "contention", ""), ("coherency", "coherency", "")),
        possible=POSITIVE,
        note="{words}",
    ),
    *(
        _law(
            key=f"{name}_{study.replace('-', '_')}",
            title=f"{name}, tasks of {work} s",
            study=study,
            figure=name,
            text=f"{symbol} of the Universal Scalability Law in units of the smallest fleet (Gunther 1993): {meaning}",
        )
        for study, work in (("growth", "3.5"), ("growth-short", ".35"))
        for name, symbol, meaning in (
            ("contention", "sigma", "0 = nothing is waited for"),
            ("coherency", "kappa", "0 = nobody need agree"),
        )
    ),
    _law(
        key="linear_time",
        quote=_LINEAR,
        title="the simulator's time: slope, 10,000 to 1,000,000 agents",
        study="speed",
        figure="slope",
        text="log-log slope of CPU time a tick against agents, at equal load; linear is taken as at most 1.05",
        bound=bound("at most", 1.05),
        beside=(
            ("a tick of the largest fleet", "largest_ms", "ms"),
            ("a tick of the smallest", "smallest_ms", "ms"),
        ),
        note="says nothing of what the fleet can do",
    ),
)
