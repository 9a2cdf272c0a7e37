"""Metrics for operators of parts that a model may lack: alerts, faults, scaling, intelligence, optimization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import isnan
from typing import TYPE_CHECKING

from ..model.columns import STATES, Raw
from ..model.flow.ledger import HELD
from ..model.hosting import OUTCOMES
from ..model.resilience.incidents import LAYERS
from ..model.scaling.prices import Prices
from ..model.scaling.seeing import price_paid
from .exposition_sight import Sight, Values

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel


def one(value: float) -> Values:
    """A metric without labels; nothing if it is NaN."""
    return [] if isnan(value) else [((), value)]


def tally(keys: Iterable[tuple[str, ...]]) -> Values:
    """How often each combination of labels is there."""
    return [(labels, float(n)) for labels, n in sorted(Counter(keys).items())]


def alerts_firing(s: Sight) -> Values:
    """Of each alert rule, subjects for which it fires now."""
    if s.model.health is None:
        return []
    rules = {title: rule.severity for title, rule in s.model.health.rules.items()}
    alerts = list(s.model.health.book.by_key.values())
    firing = Counter(a.rule for a in alerts if a.state == "firing")
    return [((title, severity), float(firing[title])) for title, severity in rules.items()]


def alerts_fired(s: Sight) -> Values:
    """Of each alert rule, how often it began to fire."""
    if s.model.health is None:
        return []
    fired = Counter[str]()
    for alert in list(s.model.health.book.by_key.values()):
        fired[alert.rule] += alert.fired
    return [((t, r.severity), float(fired[t])) for t, r in s.model.health.rules.items()]


def alert_states(s: Sight) -> Values:
    """Alerts that are not resolved, by state."""
    if s.model.health is None:
        return []
    states = Counter(a.state for a in list(s.model.health.book.by_key.values()))
    return [((state,), float(states[state])) for state in ("pending", "firing", "acknowledged", "silenced")]


def health(s: Sight) -> Values:
    """Healths at the last look of the monitor."""
    if s.model.health is None or not s.model.health.series:
        return []
    now = s.model.health.series[-1]
    parts = ("component", "integration", "system", "overall", "agents", "clusters", "nodes", "controllers")
    return [((part,), float(getattr(now, part))) for part in parts if not isnan(getattr(now, part))]


def objective(s: Sight) -> Values:
    """The objective of the tasks due."""
    return [] if s.model.health is None else [((), s.model.health.objective)]


def faults(s: Sight) -> Values:
    """Faults so far, by name and layer."""
    if s.model.resilience is None:
        return []
    return tally((i.fault, i.layer) for i in list(s.model.resilience.log.incidents))


def incidents(over: bool) -> Callable[[Sight], Values]:
    """Incidents by layer: those that are over, or those that are not."""

    def read(s: Sight) -> Values:
        if s.model.resilience is None:
            return []
        layers = Counter(i.layer for i in list(s.model.resilience.log.incidents) if i.over is over)
        return [((layer,), float(layers[layer])) for layer in LAYERS]

    return read


def suspicions(s: Sight) -> Values:
    """Suspicions so far, by tier."""
    if s.model.resilience is None:
        return []
    return tally((one.tier,) for one in list(s.model.resilience.log.suspicions))


def events(s: Sight) -> Values:
    """Scaling events so far, by direction."""
    if s.model.scaler is None:
        return []
    events = list(s.model.scaler.events)
    up, down = (sum(e.after > e.before for e in events), sum(e.after < e.before for e in events))
    return [(("up",), float(up)), (("down",), float(down))]


def foretold(s: Sight) -> Values:
    """Demand at the last decision, and what was foretold."""
    scaler = s.model.scaler
    if scaler is None:
        return []
    found = {"demand": scaler.demands[-1] if scaler.demands else float("nan")}
    found |= {"forecast": scaler.outlook.forecast, "upper": scaler.outlook.upper}
    return [((name,), float(value)) for name, value in found.items() if not isnan(value)]


def pools(s: Sight) -> Values:
    """Units of the pools, ready and ordered."""
    if s.model.scaler is None:
        return []
    pools = s.model.scaler.pools.at(s.model.now_s).pools
    return [
        ((p.name, state), float(n)) for p in pools for state, n in (("ready", p.units), ("ordered", p.coming))
    ]


def iq(s: Sight) -> Values:
    """The collective IQ of the last probe and its interval."""
    if s.model.prober is None or not len(s.model.prober.rows):
        return []
    names = {"value": "iq", "low": "iq_low", "high": "iq_high"}
    found = {kind: float(s.model.prober.column(name)[-1]) for kind, name in names.items()}
    return [((kind,), value) for kind, value in found.items() if not isnan(value)]


def probes(s: Sight) -> Values:
    """Probes so far."""
    return [] if s.model.prober is None else [((), float(len(s.model.prober.rows)))]


def decision(s: Sight) -> Values:
    """Accuracy of the decisions of the last probe."""
    if s.model.prober is None or not len(s.model.prober.rows):
        return []
    return one(float(s.model.prober.column("decision_accuracy")[-1]))


def findings(s: Sight) -> Values:
    """Findings of emergence so far, by detector."""
    if s.model.emergence is None:
        return []
    found = Counter(one.detector for one in s.model.emergence.findings)
    return [((name,), float(found[name])) for name in s.model.emergence.detectors]


def trials(s: Sight) -> Values:
    """Trials that ended, by strategy and end."""
    if s.model.optimizer is None:
        return []
    ended = [t for t in list(s.model.optimizer.trials) if t.state != "trying"]
    found = Counter[tuple[str, str]]((t.strategy, t.state) for t in ended)
    ends = ("kept", "rolled back")
    return [((name, end), float(found[name, end])) for name in s.model.optimizer.strategies for end in ends]


def trying(s: Sight) -> Values:
    """Whether a trial runs."""
    return [] if s.model.optimizer is None else [((), float(s.model.optimizer.trying))]


def runs(which: str) -> Callable[[Sight], Values]:
    """Runs of each controller: ``due`` or ``done``."""

    def read(s: Sight) -> Values:
        names, counts = dict(s.model.dispatcher._names), list(getattr(s.model.dispatcher, which))
        return [((names[i],), float(n)) for i, n in enumerate(counts) if i in names]

    return read


def nodes(s: Sight) -> Values:
    """Coordination nodes, up and down."""
    up = int(s.model.network.alive.sum())
    return [(("up",), float(up)), (("down",), float(s.model.network.nodes - up))]


def hosted(s: Sight) -> Values:
    """Fates collected so far, by outcome."""
    told = s.model.hosting.collected.tolist()
    return [((name,), float(n)) for name, n in zip(OUTCOMES, told, strict=True)]


def waiting(s: Sight) -> Values:
    """Tasks in the system, by place."""
    if not len(s.last):
        return []
    return [((c.name.lower().removeprefix("waiting_"),), float(s.last.count(c)[0])) for c in HELD]


def states(s: Sight) -> Values:
    """Agents, by state."""
    return [((name,), float(s.last.state(name)[0])) for name in STATES] if len(s.last) else []


def price_of(model: SwarmModel, raw: Raw) -> float:
    """Price of the agents in some ticks, at the prices of ``scaler`` in the config; starts are not in it."""
    c = model.config.scaler
    return price_paid(raw, Prices(ready=c.price, starting=c.price, warm=c.warm_price))
