"""From a config to the parts of a model."""

from __future__ import annotations

import math

import numpy as np

from .. import rng
from ..agents.cognition import FUNCTIONS
from ..agents.fleet import IDLE, Fleet, Makeup, lowest_shares
from ..agents.hierarchy import Hierarchy
from ..agents.skills import TYPES, cumulative_shares
from ..arrays import Bools, Floats, Ints
from ..errors import ConfigError, require
from .config import Config
from .config import Demand as DemandConfig
from .config import Network as NetworkConfig
from .config import Station as StationConfig
from .crew import uids_of
from .flow.arrivals import Marks
from .flow.demand import Demand, zipf_shares
from .flow.engine import BOUNDLESS, Handing, TaskFlow
from .flow.hands import ClusterState, Hands, Rule
from .flow.laws import CELLS, TOKENS, law, sample, speed_quantiles
from .flow.ledger import AGENT, INTERNAL, Ledger
from .flow.network import Network
from .flow.sources import Profile
from .flow.stations import Servers, Station
from .flow.tasks import MAX_NODES
from .flow.travel import Cache, Mesh
from .scaling import POLICIES
from .scaling.outlook import Outlook
from .scaling.pools import Pools, seed_pools
from .scaling.prices import Prices
from .scaling.scaler import Limits, Scaler
from .scaling.static import Static
from .sharding.territory import Territory


def class_means(config: DemandConfig, profile: Profile) -> Floats:
    """`[C]` mean work of each class in seconds of a unit-speed agent."""
    means = np.empty(len(config.classes))
    for i, kind in enumerate(config.classes):
        if kind.law == "tokens":
            if not len(profile.prompt) or not len(profile.generated):
                raise ConfigError(
                    f"demand.classes.{i}.law = tokens, but it must be another law: the demand source has no tokens"
                )
            means[i] = (
                config.prefill_ms * profile.prompt.mean() + config.decode_ms * profile.generated.mean()
            ) / 1000
        else:
            means[i] = kind.work_s
    return means


def build_marks(config: DemandConfig, profile: Profile, root_seed: int) -> Marks:
    """The laws of what an arrival carries, as kernels want them."""
    kinds = config.classes
    share = np.cumsum([k.share for k in kinds])
    share = share / share[-1]
    share[-1] = 1.0
    how = np.zeros(len(kinds), np.int64)
    body, tail = np.zeros((len(kinds), CELLS + 1)), np.zeros((len(kinds), CELLS + 1))
    for i, kind in enumerate(kinds):
        if kind.law == "tokens":
            how[i] = TOKENS
        else:
            how[i], body[i], tail[i] = law(kind.law, kind.cv)
    one = np.ones(1, np.int32)
    return Marks(
        key=rng.key(root_seed, "demand"),
        class_share=share,
        class_type=np.array([TYPES.index(k.type) for k in kinds], np.int64),
        deadline_s=np.array([k.deadline_s for k in kinds]),
        how=how,
        mean_s=class_means(config, profile),
        body=body,
        tail=tail,
        prompt=profile.prompt if len(profile.prompt) else one,
        generated=profile.generated if len(profile.generated) else one,
        prefill_s=config.prefill_ms / 1000,
        decode_s=config.decode_ms / 1000,
        replayed=int(profile.rows is not None and len(profile.prompt) > 0),
    )


def build_demand(config: Config, root_seed: int, here: Bools | None = None) -> Demand:
    """The stream of arrivals at the nodes that are here (all if None), scaled to the config's first fleet."""
    c = config.demand
    profile = c.source.profile()
    marks = build_marks(c, profile, root_seed)
    own = profile.mean_rate_per_s
    if own == 0:  # all comes from a host
        factor = 1.0
    elif c.load is not None:
        mean_work = float(np.diff(marks.class_share, prepend=0.0) @ marks.mean_s)
        factor = c.load * config.fleet.agents / mean_work / own
    elif c.mean_rate_per_s is not None:
        factor = c.mean_rate_per_s / own
    else:
        factor = float(c.scale or 1.0)
    if profile.rows is not None and factor > 1:
        factor = float(round(factor))
        require(factor < 2**16, "demand.scale", factor, "less than 65,536 copies of a replayed list")
    return Demand(
        profile, marks, zipf_shares(config.fleet.nodes, c.entry_skew), factor, c.bin_s, c.at_end, here
    )


def first_clusters(config: Config) -> int:
    """Clusters of the start: as few as hold the agents."""
    c = config.fleet
    return max(math.ceil(c.agents / c.cluster_agents), min(c.nodes, c.agents))


def build_makeup(config: Config) -> Makeup:
    """How agents are made."""
    c = config.fleet
    return Makeup(
        speed=speed_quantiles(c.speed_cv),
        type_share=cumulative_shares(np.array(c.type_shares)),
        own=c.skill_own,
        other=c.skill_other,
    )


def build_fleet(config: Config, root_seed: int, territory: Territory) -> tuple[Fleet, Ints]:
    """The agents of the start, all ready: those of the clusters that are here, and `[Q]` the sizes of all clusters."""
    c, clusters = config.fleet, len(territory.owner)
    fleet = Fleet.empty(
        len(territory.clusters), c.cluster_agents, build_makeup(config), rng.key(root_seed, "workers")
    )
    first = 1 + c.nodes + clusters + len(FUNCTIONS)  # the structural agents' ids come first
    sizes = np.empty(clusters, np.int64)
    lowest_shares(np.zeros(clusters, np.int64), c.cluster_agents, c.agents, sizes)
    fleet.join(*uids_of(territory, sizes, first), 0.0, state=IDLE)
    fleet.next_uid = first + c.agents
    return fleet, sizes


def build_station(config: StationConfig, stage: int) -> Station:
    """How the stations of one stage serve."""
    how, body, tail = law(config.law, config.cv)
    if config.service_ms == 0:
        how = 0
    return Station(
        stage,
        config.service_ms / 1000,
        config.overhead_ms / 1000,
        how,
        body,
        tail,
        config.batch,
        config.queue,
    )


def build_cache(config: Config) -> Cache:
    """Empty result caches."""
    size = config.cache.size
    keys = config.demand.keys if size else 0
    nodes = config.fleet.nodes if size else 0
    after = np.full((nodes, keys + 1), -1, np.int32)
    before = np.full((nodes, keys + 1), -1, np.int32)
    if size:
        after[:, keys] = before[:, keys] = keys
    rank = zipf_shares(keys, config.demand.zipf) if size else np.ones(1)
    return Cache(after, before, np.zeros(nodes, np.int64), size, rank, config.cache.lookup_ms / 1000)


def coordination(config: Config, size: Ints) -> tuple[Ints, Floats]:
    """Messages that coordination costs a task in a cluster of each size, and the factor on its service time.

    A mesh tells every other member (coherency, n - 1 messages); a star goes through the lead and back, whose
    line is shared by all (contention); a tree climbs and descends levels of ``span``. The factor is 1 + cost x
    messages, the star's two being lengthened by the lead's share of other members, (n - 1) / span.

    Source: contention and coherency as in Gunther 1993; the cost of a message is a setting.
    """
    c = config.fleet
    n = np.maximum(size, 1).astype(np.float64)
    if c.communication == "mesh":
        messages = n - 1
        paid = messages
    elif c.communication == "star":
        messages = np.where(n > 1, 2.0, 0.0)
        paid = messages * (1 + (n - 1) / c.span)
    elif c.communication == "tree":
        depth = np.ceil(np.log(n) / math.log(c.span) - 1e-9)
        messages = 2 * depth
        paid = messages
    else:
        messages = paid = np.zeros(len(n))
    return messages.astype(np.int64), 1 + c.message_cost * paid


def build_rule(config: Config, size: Ints, helpers: int = 0) -> Rule:
    """Rules of the clusters; ``helpers`` is 1 while agents help with parts of tasks."""
    messages, overhead = coordination(config, size)
    channel = AGENT if config.fleet.communication == "mesh" else INTERNAL
    return Rule(
        config.cluster.queue,
        overhead,
        messages,
        channel,
        config.network.control_bytes,
        int(config.cache.size > 0),
        np.zeros(len(size), np.uint8),
        config.parallel.ways,
        config.parallel.from_s,
        config.parallel.join_ms / 1000,
        helpers,
    )


def build_mesh(config: Config, network: Network) -> Mesh:
    """The mesh for kernels."""
    c = config.network
    return Mesh(  # its arrays follow the network before each tick
        network.next_hop, network.link_s, network.alive, network.known, True, network.losses, c.jitter,
        float(network.losses.max()), c.retries, c.timeout_ms / 1000, message_bytes(c), c.control_bytes,
    )  # fmt: skip


def message_bytes(config: NetworkConfig) -> int:
    """Size of a task's message on a link, compressed or not."""
    return max(1, round(config.task_bytes / config.compression))


def hop_s(config: NetworkConfig) -> float:
    """Time that each hop takes beyond the link's latency, s.

    The task's message is sent through at the link's bandwidth; where it is compressed, that is done link by link.
    """
    transfer = (
        0.0 if config.bandwidth_mbit_s is None else 8e-6 * message_bytes(config) / config.bandwidth_mbit_s
    )
    return transfer + (config.compress_ms / 1000 if config.compression > 1 else 0.0)


def build_handing(config: Config) -> Handing:
    """When tasks are handed up."""
    d = config.delegation
    return Handing(
        on=d.on,
        cluster_load=d.cluster_load,
        zone_load=d.zone_load,
        node_load=d.node_load,
        decision_s=d.decision_ms / 1000,
    )


def build_hierarchy(config: Config) -> Hierarchy:
    """The clusters of the start under their zones and nodes."""
    return Hierarchy.build(first_clusters(config), config.fleet.nodes, config.fleet.zone_clusters)


def build_flow(
    config: Config, root_seed: int, hierarchy: Hierarchy | None = None, territory: Territory | None = None
) -> TaskFlow:
    """All parts of the task flow, ready at time 0.

    Args:
        config: the settings.
        root_seed: the seed.
        hierarchy: of all clusters; made if None.
        territory: the part that is here; all if None.

    Raises:
        ConfigError: if the parts do not fit together.
    """
    nodes = config.fleet.nodes
    require(nodes <= MAX_NODES, "fleet.nodes", nodes, f"at most {MAX_NODES}")
    hierarchy = build_hierarchy(config) if hierarchy is None else hierarchy
    territory = Territory.of(0, 1, hierarchy) if territory is None else territory
    _fits_in_memory(config, territory.size)
    demand = build_demand(config, root_seed, None if territory.alone else territory.here())
    fleet, sizes = build_fleet(config, root_seed, territory)
    network = Network.build(
        config.network.topology, nodes, config.network.latency_ms, root_seed, loss=config.network.loss
    )
    state = ClusterState.empty(fleet.clusters)
    state.ready[:] = fleet.size
    flow = TaskFlow(
        demand=demand,
        fleet=fleet,
        hierarchy=territory.part(hierarchy),
        network=network,
        mesh=build_mesh(config, network),
        ingress=build_station(config.ingress, 0),
        dispatch=build_station(config.dispatch, 1),
        rule=config.dispatch.rule,
        handing=build_handing(config),
        clusters=build_rule(config, fleet.size),
        cache=build_cache(config),
        keys=(rng.key(root_seed, "network"), rng.key(root_seed, "dispatch")),
        locality=config.demand.locality,
        local_s=config.network.local_ms / 1000,
        attempts=config.cluster.attempts,
        sample_key=rng.key(root_seed, "samples"),
        ledger=Ledger.blank(
            config.records.trace_tasks,
            config.demand.bin_s,
            max(kind.deadline_s for kind in config.demand.classes) + config.dt,
        ),
        hands=Hands.empty(fleet.clusters, fleet.slots),
        state=state,
        ingress_servers=_servers(nodes),
        dispatch_servers=_servers(nodes),
        pointer=np.zeros(nodes, np.int64),
        change_key=rng.key(root_seed, "cache.changes"),
        change_per_s=config.cache.change_per_s,
        steals=config.stealing.on,
        steal_after_s=config.stealing.after_s,
        hop_s=hop_s(config.network),
    )
    held = hierarchy.node_sums(sizes)
    flow.told = np.stack(
        [held, held, np.zeros_like(held), np.full_like(held, BOUNDLESS), np.zeros_like(held)]
    )
    return flow


def build_scaler(config: Config) -> Scaler | None:
    """The scaler that the config asks for; None if the fleet keeps the size that it has at the start."""
    if config.scaling == Static():
        return None
    s, most = config.scaler, config.fleet.max_agents or 4 * config.fleet.agents
    require(
        s.min_agents <= config.fleet.agents <= most,
        "fleet.agents",
        config.fleet.agents,
        f"from scaler.min_agents = {s.min_agents} to fleet.max_agents = {most}",
    )
    start = law("lognormal", config.life.start_cv)
    late = config.life.start_s * sample(start.how, start.body, start.tail, 0.95)
    lead_s = late + s.period_s
    return Scaler(
        policy=config.scaling,
        name=POLICIES.name_of(config.scaling) or type(config.scaling).__name__,
        period_s=s.period_s,
        limits=Limits(
            least=s.min_agents,
            most=most,
            warm=s.warm_agents,
            slo_utilization=s.slo_utilization,
            lead_s=lead_s,
        ),
        prices=Prices(ready=s.price, starting=s.price, warm=s.warm_price, start=s.start_price),
        pools=seed_pools(most).holding(config.fleet.agents) if s.pools == "origin" else Pools(()),
        outlook=Outlook(forecaster=s.forecaster, bin_s=s.bin_s, lead_s=lead_s, level=s.level),
    )


def _servers(nodes: int) -> Servers:
    return Servers(np.zeros(nodes), np.zeros(nodes, np.int64), np.zeros(nodes, np.int64))


def _fits_in_memory(config: Config, shards: int) -> None:
    """Refuse a fleet that this machine cannot hold, before anything is made."""
    import os

    need = config.fleet.agents // shards * 100 + 16 * config.fleet.nodes * (
        config.demand.keys if config.cache.size else 0
    )
    try:
        have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return
    if need > 0.8 * have:
        raise ConfigError(
            f"fleet.agents = {config.fleet.agents:,} needs about {need / 2**30:,.0f} GiB, but this machine has "
            f"{have / 2**30:,.0f} GiB"
        )
