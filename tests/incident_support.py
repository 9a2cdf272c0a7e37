"""Incidents written by hand, whose figures are easy to say."""

from swarmscale.model.resilience.incidents import Incident, IncidentLog, Suspicion


def incident(begins_s: float = 0.0, **more) -> Incident:
    given = {"key": "x", "fault": "agent-crash", "layer": "component", "target": "agent 1", "size": 1} | more
    return Incident(begins_s=begins_s, **given)


def written() -> IncidentLog:
    """Six incidents of four kinds."""
    log = IncidentLog()
    made_good = log.open(incident(10.0, ends_s=20.0))
    log.find(made_good, 12.0)
    log.displace(made_good, 3)
    log.recover(made_good, 30.0, "ready again")
    late = log.open(incident(100.0, target="agent 2"))
    log.find(late, 104.0)
    log.recover(late, 200.0, "ready again")
    unseen = log.open(incident(300.0, fault="link-loss", layer="network", target="link 1 - 2", ends_s=310.0))
    log.recover(unseen, 310.0, "carries again")
    lossy = log.open(incident(400.0, fault="node-crash", layer="component", target="node 3"))
    log.find(lossy, 403.0)
    log.lose(lossy, 2)
    log.recover(lossy, 420.0, "serves again")
    log.open(incident(980.0, fault="zone-crash", layer="system", target="zone 1", size=7))
    forgotten = log.open(incident(500.0, fault="link-loss", layer="network", target="link 2 - 3"))
    log.displace(forgotten, 4)
    log.suspicions += [
        Suspicion(time_s=12.0, tier="agent", target="agent 1", incident=made_good, cleared_s=30.0),
        Suspicion(time_s=50.0, tier="agent", target="agent 9"),
        Suspicion(time_s=60.0, tier="node", target="node 9", cleared_s=61.0),
    ]
    return log
