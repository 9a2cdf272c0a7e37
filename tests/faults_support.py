"""A world that only writes down what faults do to it."""

from types import SimpleNamespace

import networkx as nx
import numpy as np

import swarmscale as ss
from swarmscale.model.config import Config
from swarmscale.model.resilience.incidents import IncidentLog
from swarmscale.model.resilience.injector import build_injector


class RecordingWorld:
    """Keeps what is broken as sets, and every call as (time, name, things, incident)."""

    def __init__(self, model):
        self.model, self.log, self.now_s = model, IncidentLog(), 0.0
        self.calls = []
        self.silent, self.leadless, self.cut, self.slow = set(), set(), set(), {}

    def note(self, name, things, incident, *more):
        self.calls.append((self.now_s, name, np.asarray(things).tolist(), *more, incident))

    def named(self, name):
        return [call for call in self.calls if call[1] == name]

    def agents_up(self):
        rows = self.model.fleet.live()
        return rows[~np.isin(rows, list(self.silent))]

    def crash_agents(self, rows, incident):
        self.silent |= set(rows.tolist())
        self.note("crash_agents", rows, incident)

    def slow_agents(self, rows, factor, incident):
        self.slow |= dict(zip(rows.tolist(), factor.tolist(), strict=True))
        self.note("slow_agents", rows, incident, factor.tolist())

    def heal_agents(self, rows, incident):
        for row in rows.tolist():
            self.slow.pop(row, None)
        self.note("heal_agents", rows, incident)

    def leads(self):
        return np.array([q for q in range(self.model.fleet.clusters) if q not in self.leadless], np.int64)

    def crash_leads(self, clusters, incident):
        self.leadless |= set(clusters.tolist())
        self.note("crash_leads", clusters, incident)

    def stop_nodes(self, nodes, incident):
        for k in nodes.tolist():
            self.model.network.graph.nodes[k]["up"] = False
        self.note("stop_nodes", nodes, incident)

    def start_nodes(self, nodes, incident):
        for k in nodes.tolist():
            self.model.network.graph.nodes[k]["up"] = True
        self.note("start_nodes", nodes, incident)

    def links(self):
        return np.array(sorted(self.model.network.graph.edges), np.int64).reshape(-1, 2)

    def cut_links(self, links, incident):
        self.cut |= set(map(tuple, links.tolist()))
        self.note("cut_links", links, incident)

    def mend_links(self, links, incident):
        self.cut -= set(map(tuple, links.tolist()))
        self.note("mend_links", links, incident)

    def lose_on_links(self, links, loss, incident):
        self.note("lose_on_links", links, incident, loss)

    def slow_links(self, links, factor, incident):
        self.note("slow_links", links, incident, factor)

    def controllers(self):
        return ["scaler", "prober", "health"]

    def stall(self, controller, until_s, incident):
        self.note("stall", [controller], incident, until_s)

    def break_controller(self, controller, times, incident):
        self.note("break_controller", [controller], incident, times)

    def edges(self):
        return [("scaler", "metrics"), ("metrics", "scaler"), ("health", "metrics")]

    def disturb(self, sender, receiver, how, until_s, incident):
        self.note("disturb", [(sender, receiver)], incident, how, until_s)


def world(**changes):
    """A recording world around a small model whose own resilience is off."""
    keys = {name.replace("__", "."): value for name, value in changes.items()}
    model = ss.SwarmModel("tiny", rng=1, **{"resilience.on": False, "emergence.on": False} | keys)
    return RecordingWorld(model)


def nodes_alone(number):
    """A world of nothing but nodes."""
    graph = nx.empty_graph(number)
    nx.set_node_attributes(graph, True, "up")
    alone = SimpleNamespace(exchange=SimpleNamespace(size=1))
    model = SimpleNamespace(
        network=SimpleNamespace(graph=graph), shard=alone, hierarchy_arrays=SimpleNamespace(nodes=number)
    )
    return RecordingWorld(model)


def injector(seed=3, **settings):
    """An injector with these settings of resilience."""
    return build_injector(config(**settings), seed)


def config(**settings):
    return Config.load("tiny").changed({f"resilience.{name}": value for name, value in settings.items()})


def play(seconds, of, injected, dt=1.0, begin_s=0.0):
    """Let an injector act on a world tick by tick."""
    for tick in range(round(begin_s / dt), round((begin_s + seconds) / dt)):
        of.now_s = tick * dt
        injected.due(of, of.now_s)
    return of


def keys(of):
    """What struck when: keys of incidents and their times."""
    return [(one.key, one.begins_s, one.ends_s, one.target) for one in of.log.incidents]
