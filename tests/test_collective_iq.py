"""Collective IQ: the norm, the scale, and what moves a fleet's IQ."""

import json

import numpy as np
import pytest

from swarmscale import ConfigError, SwarmModel
from swarmscale.agents.cognition import FUNCTIONS
from swarmscale.agents.fleet import BUSY, IDLE
from swarmscale.agents.nodes import CognitiveNode
from swarmscale.agents.people import Population
from swarmscale.cli import main
from swarmscale.model.intelligence import norm_making
from swarmscale.model.intelligence.battery import Result, battery_tasks, run_battery
from swarmscale.model.intelligence.factor import factor_of, permuted
from swarmscale.model.intelligence.group import Group, group_of
from swarmscale.model.intelligence.iq import iq_of, shown
from swarmscale.model.intelligence.networks import NETWORKS, links_of_network
from swarmscale.model.intelligence.norm import SHIPPED, norm_of, read_norm, shipped_norm
from swarmscale.model.intelligence.norm_groups import made, measured, norm_group
from swarmscale.model.intelligence.norm_making import make_norm, read_groups
from swarmscale.model.intelligence.panels import panel, panel_links, panel_rows, ready_slots
from swarmscale.model.intelligence.probe import probe, whole_fleet
from swarmscale.model.intelligence.settings import Paths

GROUPS = SHIPPED.with_name("norm-1.parquet")
SMALL = {"fleet.agents": 2000, "fleet.nodes": 4, "demand.load": 0.5, "intelligence.on": False}


@pytest.fixture(scope="module")
def rows():
    return read_groups(GROUPS)


def size_normed(rows):
    norm = shipped_norm()
    return np.array([norm.z(row[2:14], int(row[1])) for row in rows])


def alike(one, other):
    """Whether two trees of plain values are the same, numbers to nine digits."""
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in other:
            alike(one[key], other[key])
    elif isinstance(other, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            alike(a, b)
    else:
        assert one == (pytest.approx(other, rel=1e-9, abs=1e-12) if isinstance(other, float) else other)


def test_the_shipped_norm_is_what_its_groups_make(rows):
    """But for last bits, which differ between families of processors."""
    made_anew, shipped = (json.loads(json.dumps(norm.tree())) for norm in (norm_of(rows), shipped_norm()))
    assert made_anew.keys() == shipped.keys()
    for name in shipped.keys() - {"digest"}:
        alike(made_anew[name], shipped[name])
    assert len(rows) == shipped_norm().groups == 1000


@pytest.mark.parametrize("number", [0, 3, 7])
def test_the_battery_still_scores_the_norms_groups_as_it_did(rows, number):
    """A change that moves a score makes the norm void: BATTERY_VERSION must rise and the norm be made anew."""
    np.testing.assert_allclose(measured(number), rows[number], rtol=0, atol=2e-3)


def test_the_norm_holds_all_sizes_networks_and_degrees(rows):
    drawn = [norm_group(k) for k in range(1000)]
    assert {d.network for d in drawn} == set(NETWORKS)
    assert min(d.agents for d in drawn) >= 20
    assert max(d.agents for d in drawn) <= 2000
    log = np.log([d.agents for d in drawn])
    z = (log.mean() - (np.log(20) + np.log(2000)) / 2) / (np.log(100) / np.sqrt(12) / np.sqrt(1000))
    assert abs(z) < 4
    assert [int(r) for r in rows[:, 1]] == [d.agents for d in drawn]


def test_over_the_norm_iq_is_100_with_deviation_15(rows):
    norm = shipped_norm()
    one = np.ones(12)
    iqs = [iq_of([Result(FUNCTIONS, r[2:14], one, one, int(r[1]))], norm).iq for r in rows]
    assert np.mean(iqs) == pytest.approx(100, abs=1e-6)
    assert np.std(iqs, ddof=1) == pytest.approx(15, abs=1e-6)


def test_size_normed_scores_do_not_go_with_size(rows):
    z = size_normed(rows)
    x = np.log(rows[:, 1])
    for f in range(12):
        assert abs(np.corrcoef(z[:, f], x)[0, 1]) < 1e-6


def test_the_norm_has_one_factor_or_more_by_every_criterion(rows):
    """The acceptance of the factor; nothing was tuned to a published share."""
    f, seven = shipped_norm().factor, shipped_norm().separate
    assert f["factors"] >= 1
    assert f["low"] > f["null"]
    assert f["omega"] >= 0.7
    assert seven["omega"] >= 0.7
    assert seven["low"] > seven["null"]
    assert sum(abs(x) > 0.2 for x in f["loadings"]) >= 10
    assert shipped_norm().retest >= 0.9


def test_groups_shuffled_within_each_task_have_no_factor(rows):
    rng = np.random.default_rng(5)
    null = shipped_norm().factor["null"]
    shares = [factor_of(permuted(size_normed(rows), rng), rng, 20).share for _ in range(20)]
    # the null is a 95 % point: more than 6 of 20 above it has a chance of 3e-5
    assert sum(s > null for s in shares) <= 6


def test_a_factor_that_lies_in_shared_code_alone_would_be_found(rows):
    """The twin: with the seven other tasks shuffled the twelve still have a factor, but the seven have none."""
    rng = np.random.default_rng(6)
    pools = np.array([task.pools for task in battery_tasks()])
    z = size_normed(rows)
    z[:, ~pools] = permuted(z[:, ~pools], rng)
    twelve, seven = factor_of(z, rng, 200), factor_of(z[:, ~pools], rng, 200)
    assert twelve.low > twelve.null
    assert seven.low < seven.null
    assert seven.omega < 0.7


def test_a_norm_is_resumable_and_the_same_from_any_number_of_processes(rows, tmp_path, monkeypatch):
    """Blocks of one group, of which all but the six smallest are there, so that two processes do share the rest."""
    monkeypatch.setattr(norm_making, "BLOCK", 1)
    to_make = set(np.argsort(rows[:30, 1])[:6].tolist())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for k in set(range(30)) - to_make:
            norm_making._write(norm_making._path(tmp_path / name, k), rows[k : k + 1])

    def stop(done):
        if done == 27:
            raise KeyboardInterrupt

    told = []
    with pytest.raises(KeyboardInterrupt):
        make_norm(tmp_path / "a", 30, 1, stop)
    first = make_norm(tmp_path / "a", 30, 1, told.append)
    assert told == [27, 28, 29, 30]
    told.clear()
    second = make_norm(tmp_path / "b", 30, 2, told.append)
    assert told == [24, 25, 26, 27, 28, 29, 30]
    assert first.digest == second.digest
    assert read_norm(tmp_path / "a" / "norm.json").digest == first.digest


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 99}, "norm of version 99 of the battery, but this is version"),
        ({"retest": 0.5}, "does not match its digest"),
        ({"curve": "none"}, "is no norm of swarmscale"),
    ],
)
def test_a_norm_of_another_version_or_a_changed_one_is_refused(tmp_path, change, text):
    tree = json.loads(SHIPPED.read_text())
    tree |= change
    path = tmp_path / "norm.json"
    path.write_text(json.dumps(tree))
    with pytest.raises(ConfigError, match=text) as refusal:
        read_norm(path)
    assert "\n" not in str(refusal.value)


def test_an_iq_beyond_the_norm_is_only_said_to_be_beyond():
    assert [shown(x) for x in (99.96, 147.0, 20.0, float("nan"))] == ["100.0", ">146", "<54", "-"]


def test_a_group_larger_than_the_norms_gets_absolute_scores_alone():
    one = np.full(12, 0.4)
    iq = iq_of([Result(FUNCTIONS, one, one, one, 5000)])
    assert np.isnan(iq.iq)
    assert np.isfinite(iq.absolute)
    assert iq.text() == "-"


def test_an_iq_needs_all_twelve_functions():
    with pytest.raises(ConfigError, match="functions of a battery = 2, but it must be all 12"):
        iq_of([Result(("memory", "planning"), np.ones(2), np.ones(2), np.ones(2), 50)])


# -- panels ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return SwarmModel("tiny", rng=5, **SMALL).run(seconds=20)


def test_a_panel_holds_ready_agents_of_every_node(model):
    for rows_ in panel_rows(model, 5, 200, 1):
        state = model.fleet.column("state")[rows_]
        assert np.isin(state, (IDLE, BUSY)).all()
        assert len(set(rows_.tolist())) == len(rows_) == 200
        nodes = model.hierarchy_arrays.node_of_cluster[rows_ // model.fleet.slots]
        assert set(nodes.tolist()) == {0, 1, 2, 3}


def test_links_join_different_agents_each_once(model):
    rows_ = panel_rows(model, 1, 300, 2)[0]
    links, reach = panel_links(model, rows_, 3)
    assert (links[:, 0] < links[:, 1]).all()
    assert len(np.unique(links, axis=0)) == len(links) == len(reach)
    assert ((reach > 0) & (reach <= 1)).all()


@pytest.mark.parametrize(
    ("way", "links"),
    [("mesh", 25 * 24 // 2), ("star", 24), ("tree", 24), ("none", 0)],
)
def test_inside_a_cluster_agents_are_linked_as_they_communicate(way, links):
    model = SwarmModel(
        "tiny", rng=1, **{"fleet.communication": way, "intelligence.overlay": 0, "fleet.agents": 25,
                          "fleet.nodes": 1, "intelligence.on": False}
    )  # fmt: skip
    rows_ = np.arange(25)
    assert len(panel_links(model, rows_, 1)[0]) == links


def test_a_failed_lead_leaves_its_branch_alone():
    model = SwarmModel("tiny", rng=1, **SMALL, **{"intelligence.overlay": 0})
    model.fail_workers(np.array([1]), repair_s=np.inf)  # leads ten others in the first cluster's tree
    rows_ = np.flatnonzero(ready_slots(model).reshape(-1))
    links, _ = panel_links(model, rows_, 1)
    degree = np.bincount(links.ravel(), minlength=len(rows_))
    in_first = rows_ < model.fleet.slots
    alone = in_first & (degree == 0)
    assert alone.sum() == 10


def test_no_link_crosses_a_mesh_that_is_cut():
    model = SwarmModel("tiny", rng=1, **SMALL, **{"network.topology": "ring"})
    whole = panel_links(model, np.arange(2000), 1)[0]
    model.kill_node(0)
    rows_ = np.arange(2000)
    node = model.hierarchy_arrays.node_of_cluster[rows_ // model.fleet.slots]
    links, _ = panel_links(model, rows_, 1)
    across = node[links[:, 0]] != node[links[:, 1]]
    assert across.any()
    assert not (across & ((node[links[:, 0]] == 0) | (node[links[:, 1]] == 0))).any()
    assert len(links) < len(whole)


def test_a_panel_larger_than_the_fleet_is_refused(model):
    with pytest.raises(ConfigError, match="panel agents = 5000, but it must be from 1 to 2000"):
        probe(model, agents=5000)


def test_nobody_ready_is_said():
    model = SwarmModel("tiny", rng=1, **{"intelligence.period_s": 10, "fleet.agents": 30})
    model.fail_workers(model.fleet.live(), repair_s=np.inf)
    with pytest.raises(ConfigError, match="no agent is ready"):
        probe(model)
    model.run(seconds=10)
    assert len(model.prober.rows) == 1
    assert np.isnan(model.prober.column("iq")[0])


# -- probes ------------------------------------------------------------------------------------------------


def test_a_probe_is_a_function_of_the_model_and_the_seed(model):
    first, again = probe(model, panels=2, agents=60, threads=1), probe(model, panels=2, agents=60, threads=2)
    assert first.iq.iq == again.iq.iq
    np.testing.assert_array_equal(first.score, again.score)
    assert probe(model, panels=2, agents=60, seed=1).iq.iq != first.iq.iq


def test_a_probe_changes_nothing_in_the_model():
    plain = SwarmModel("tiny", rng=3, **SMALL).run(seconds=30)
    probed = SwarmModel("tiny", rng=3, **SMALL).run(seconds=10)
    probe(probed, panels=1, agents=40)
    probed.run(seconds=20)
    assert plain.records.frame().equals(probed.records.frame())


def test_the_series_of_probes_crosses_a_checkpoint_bit_for_bit(tmp_path):
    settings = {"intelligence.period_s": 10, "intelligence.panel_agents": 40, "intelligence.panels": 2}
    straight = SwarmModel("tiny", rng=4, **settings).run(seconds=40)
    part = SwarmModel("tiny", rng=4, **settings).run(seconds=20)
    rest = SwarmModel.load(part.save(tmp_path / "c.safetensors")).run(seconds=20)
    np.testing.assert_array_equal(straight.prober.rows, rest.prober.rows)
    assert len(rest.prober.rows) == 4
    resumed = SwarmModel.load(rest.save(tmp_path / "d.safetensors"))
    (node,) = [n for n in resumed.agents_by_type[CognitiveNode] if n.function == "memory"]
    assert node.score == rest.prober.column("score.memory")[-1]
    summary = rest.summary()
    assert summary["collective_iq"].value == rest.prober.column("iq")[-1]
    assert summary["collective_iq"].low < summary["collective_iq"].value < summary["collective_iq"].high
    assert np.isfinite(summary["iq_velocity"].value)


def test_the_whole_fleet_is_asked_at_once():
    model = SwarmModel("tiny", rng=1, **{"intelligence.on": False})
    found = whole_fleet(model)
    assert found.panels[0].agents == 200
    assert (found.panels[0].efficiency < 1.2).all()


# -- what moves an IQ ----------------------------------------------------------------------------------------


def paired(change, seeds=range(6), agents=120, **settings):
    """Differences of IQ, changed against not, on the same seeds, and twice their standard error."""
    gains = []
    for seed in seeds:
        model = SwarmModel("tiny", rng=seed, **(SMALL | settings))
        rows_ = panel_rows(model, 1, agents, seed)[0]
        group = panel(model, rows_, seed)
        iqs = [iq_of([run_battery(g, seed)]).iq for g in (group, change(group, seed))]
        gains.append(iqs[1] - iqs[0])
    gains = np.array(gains)
    return gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))


def relinked(group: Group, keep: np.ndarray) -> Group:
    """The group with only some of its links."""
    n = len(group)
    ends = np.repeat(np.arange(n), np.diff(group.channel.offsets))
    links = np.stack([ends, group.channel.members], axis=1)
    links = links[links[:, 0] < links[:, 1]]
    return group_of(group.people, links[keep[: len(links)]])


def broken(group, seed):
    return relinked(group, np.random.default_rng(seed).random(10_000) < 0.3)


def duplicated(group, seed):
    """Nine in ten are copies of the rest, and see and err as these do."""
    few = np.random.default_rng(seed).permutation(len(group))[: len(group) // 10]
    which = few[np.arange(len(group)) % len(few)]
    people = type(group.people)(*(np.asarray(a)[which] for a in group.people))
    return Group(people, group_of(people, _links(group)).channel)


def _links(group):
    ends = np.repeat(np.arange(len(group)), np.diff(group.channel.offsets))
    links = np.stack([ends, group.channel.members], axis=1)
    return links[links[:, 0] < links[:, 1]]


def deaf(group, seed):
    """A bad rule of consensus: hardly anybody listens, and nobody knows what it knows."""
    people = group.people._replace(
        listening=np.full(len(group), 0.05, np.float32), calibration=np.full(len(group), 0.02, np.float32)
    )
    return group_of(people, _links(group))


@pytest.mark.parametrize("harm", [broken, duplicated, deaf])
def test_a_fleet_loses_iq_by_more_than_the_interval(harm):
    mean, se = paired(harm)
    assert mean + 1.96 * np.sqrt(se**2 + shipped_norm().sem ** 2 / 6) < 0, f"{mean:.1f} +- {se:.1f}"


def test_a_harmless_change_costs_nothing():
    """The twin: other agents of the same population on the same links lose no IQ beyond the interval."""

    def others(group, seed):
        population = Population.build(seed + 1000, Paths(), (1.0, 0, 0, 0, 1.0, 0))
        people = population.people(group.people.uid, group.people.kind)
        return group_of(people, _links(group))

    mean, se = paired(others)
    assert se > 0
    assert abs(mean) < 3 * np.sqrt(se**2 + shipped_norm().sem ** 2 / 6)


# -- the command line ------------------------------------------------------------------------------------------


def test_iq_prints_the_report_and_writes_json(tmp_path, capsys):
    assert (
        main(
            ["iq", "tiny", "--seconds", "5", "--panels", "2", "--panel-agents", "40", "--out", str(tmp_path)]
        )
        == 0
    )
    text = capsys.readouterr().out
    for word in ("collective IQ", "perception", "omega", "Horn", "retest", "no claim about nature"):
        assert word in text
    facts = json.loads((tmp_path / "iq.json").read_text())
    assert len(facts["functions"]) == 12
    assert facts["iq_low"] < facts["iq"] < facts["iq_high"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["iq", "tiny", "--panel-agents", "900"], "panel agents = 900, but it must be from 1 to 200"),
        (["iq", "tiny", "--panels", "0"], "panels = 0, but it must be 1 or more"),
        (["iq", "tiny", "--norm-file", "no.json"], "no.json: is no norm of swarmscale: No such file"),
        (["iq", "tinny"], "Did you mean 'tiny'"),
        (["iq", "--norm", "--groups", "3"], "groups = 3, but it must be 30 or more"),
        (["iq", "tiny", "--seconds", "-1"], "--seconds = -1"),
    ],
)
def test_iq_refuses_wrong_input_in_one_line(words, text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1


def test_made_groups_are_on_the_networks_that_they_name():
    for number in range(6):
        drawn = norm_group(number)
        group = made(drawn)
        assert len(group) == drawn.agents
        links = links_of_network(drawn.network, drawn.agents, drawn.degree, np.random.default_rng(1))
        assert abs(len(links) * 2 - len(group.channel.members)) < 0.2 * len(group.channel.members) + 8
