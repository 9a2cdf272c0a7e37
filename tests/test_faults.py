"""Faults: the family over its table, times between failures, and the injector on a world that writes down."""

import math

import numpy as np
import pytest
from scipy import stats

import swarmscale as ss
from swarmscale import rng as streams
from swarmscale.model.config import Config
from swarmscale.model.memory import dump, restore
from swarmscale.model.resilience.drawing import rows_of
from swarmscale.model.resilience.faults import FAULTS
from swarmscale.model.resilience.incidents import LAYERS
from swarmscale.model.resilience.script import refuse_unshared
from swarmscale.model.resilience.times import BETWEEN, CHOICE, drawn, quantiles, uniforms

from .faults_support import config, injector, keys, nodes_alone, play, world

KEY = streams.key(5, "test")
LAWS = [
    ("exponential", 1.0, stats.expon(scale=100.0)),
    ("weibull", 0.7, stats.weibull_min(0.7, scale=100.0 / math.gamma(1 + 1 / 0.7))),
    ("weibull", 2.0, stats.weibull_min(2.0, scale=100.0 / math.gamma(1.5))),
    ("lognormal", 0.5, stats.lognorm(math.sqrt(math.log(1.25)), scale=100.0 / math.sqrt(1.25))),
    ("lognormal", 1.0, stats.lognorm(math.sqrt(math.log(2.0)), scale=100.0 / math.sqrt(2.0))),
]
each_law = pytest.mark.parametrize(("law", "shape", "theory"), LAWS, ids=[f"{a}-{b}" for a, b, _ in LAWS])
FOUR_SIGMA = 2 * stats.norm.sf(4)


def sample(law, shape, number=40_000, mean_s=100.0):
    return drawn(np.arange(number), np.zeros(number, np.int64), BETWEEN, KEY, mean_s, law, shape)


def uids(of, *rows):
    return of.model.fleet.column("uid")[list(rows)].tolist()


def z_of(values, expected):
    return (values.mean() - expected) / (values.std(ddof=1) / math.sqrt(len(values)))


# -- times ---------------------------------------------------------------------------------------------------


@each_law
def test_times_have_the_mean_and_the_second_moment_of_their_law(law, shape, theory):
    x = sample(law, shape)
    assert abs(z_of(x, 100.0)) < 4
    assert abs(z_of(x**2, theory.var() + 100.0**2)) < 4


@each_law
def test_times_follow_their_law(law, shape, theory):
    assert stats.kstest(sample(law, shape), theory.cdf).pvalue > FOUR_SIGMA


@each_law
def test_a_planted_bias_of_5_percent_fails(law, shape, theory):
    """The twin: times drawn with a mean that is 5 % too large are found out by both tests."""
    x = sample(law, shape, mean_s=105.0)
    assert abs(z_of(x, 100.0)) > 4
    assert stats.kstest(x, theory.cdf).pvalue < FOUR_SIGMA


@each_law
def test_quantiles_are_those_of_the_law(law, shape, theory):
    u = np.array([1e-9, 0.01, 0.5, 0.99, 1 - 1e-9])
    assert quantiles(u, 100.0, law, shape) == pytest.approx(theory.isf(u), rel=1e-6)


def test_a_lognormal_law_without_variation_is_always_its_mean():
    assert quantiles(np.array([0.1, 0.9]), 7.0, "lognormal", 0.0).tolist() == [7.0, 7.0]


def test_a_draw_depends_on_component_occurrence_and_purpose_alone():
    numbers, counts = np.array([3, 8, 5]), np.array([0, 1, 2])
    together = uniforms(numbers, counts, BETWEEN, KEY)
    assert together[::-1].tolist() == uniforms(numbers[::-1], counts[::-1], BETWEEN, KEY).tolist()
    assert (
        len(
            {*together, *uniforms(numbers, counts + 1, BETWEEN, KEY), *uniforms(numbers, counts, CHOICE, KEY)}
        )
        == 9
    )
    assert ((together > 0) & (together < 1)).all()


# -- the family ----------------------------------------------------------------------------------------------

each_fault = pytest.mark.parametrize("name", list(FAULTS))


@each_fault
def test_every_fault_says_what_it_is_and_can_be_stored(name):
    fault = FAULTS.make(name, mtbf_s=500.0)
    assert fault.layer in LAYERS
    assert isinstance(fault.shared, bool)
    assert isinstance(fault.at_once, bool)
    assert fault.hits in ("agent", "lead", "node", "link", "zone", "controller", "edge")
    given = FAULTS.dump(fault)
    assert FAULTS.make(given.pop("name"), **given) == fault


@each_fault
def test_every_fault_survives_toml(name, tmp_path):
    made = config(
        faults=[{"name": name, "mtbf_s": 50.0}], script=[{"at_s": 3.0, "fault": name, "title": "x"}]
    )
    path = tmp_path / "again.toml"
    path.write_text(made.toml(), encoding="utf-8")
    assert Config.load(str(path)).resilience == made.resilience


@each_fault
@pytest.mark.parametrize(
    ("field", "value"),
    [("mtbf_s", 0.0), ("mtbf_s", "soon"), ("deadline_s", -1.0), ("law", "weibul"), ("shape", -1.0)],
)
def test_every_fault_refuses_times_that_cannot_be_drawn(name, field, value):
    with pytest.raises(ss.ConfigError, match=field) as refusal:
        FAULTS.make(name, **{field: value})
    assert "\n" not in str(refusal.value)


@each_fault
def test_every_fault_breaks_as_many_things_as_its_incident_counts(name):
    of, injected = world(), injector()
    number = injected.strike(of, name, title="by hand")
    incident = of.log[number]
    assert (incident.fault, incident.layer, incident.title) == (name, FAULTS[name].layer, "by hand")
    assert incident.size == incident.left == sum(len(call[2]) for call in of.calls) > 0
    assert all(call[-1] == number for call in of.calls)
    assert incident.line[0] == (0.0, f"{name}: {incident.target}")


@each_fault
def test_every_fault_that_ends_by_itself_undoes_what_it_did(name):
    of, injected = world(), injector()
    if getattr(FAULTS[name], "for_s", 0.0) is None:
        with pytest.raises(ss.ConfigError, match=r"for_s = 20\.0, but it must be left out"):
            injected.strike(of, name, for_s=20.0)
        return
    number = injected.strike(of, name, for_s=20.0)
    assert of.log[number].ends_s == 20.0
    play(30.0, of, injected)
    assert not of.cut
    assert not of.slow
    assert all(node["up"] for _, node in of.model.network.graph.nodes(data=True))
    assert all(call[0] <= 20.0 for call in of.calls)
    assert of.log[number].line[-1] == (20.0, "the fault is over")


@each_fault
def test_every_fault_strikes_by_its_rate_and_never_without_one(name):
    rare, often = world(), world()
    play(40.0, rare, injector(faults=[{"name": name}]))
    play(40.0, often, injector(faults=[{"name": name, "mtbf_s": 20.0}]))
    assert not rare.log.incidents
    assert len(often.log.incidents) > 0


@each_fault
def test_only_faults_that_act_alike_in_all_shards_pass_where_a_model_is_shared_out(name):
    for settings in ({"faults": [{"name": name}]}, {"script": [{"at_s": 1.0, "fault": name}]}):
        made = config(**settings).resilience
        if FAULTS[name].shared:
            refuse_unshared(made)
        else:
            with pytest.raises(
                ss.ConfigError, match=rf"resilience.(faults|script).0 = {name}, but .*agent-crash"
            ):
                refuse_unshared(made)


# -- each alone ----------------------------------------------------------------------------------------------


def test_a_gradual_slow_down_reaches_its_factor_in_equal_ratios():
    of, injected = world(), injector()
    fault = FAULTS.make("agent-slow", factor=8.0, ramp_s=30.0, steps=3)
    row = 7
    injected.strike(of, fault, components=uids(of, row))
    play(60.0, of, injected)
    calls = [(call[0], call[2], round(call[3][0], 6)) for call in of.named("slow_agents")]
    assert calls == [(0.0, [row], 1.0), (10.0, [row], 2.0), (20.0, [row], 4.0), (30.0, [row], 8.0)]


def test_a_slow_agent_that_was_begun_anew_slows_down_no_more():
    of, injected = world(), injector()
    number = injected.strike(of, FAULTS.make("agent-slow", ramp_s=30.0, steps=3), number=1)
    play(15.0, of, injected)
    of.log.recover(number, 15.0, "begun anew")
    play(30.0, of, injected, begin_s=15.0)
    assert [call[0] for call in of.named("slow_agents")] == [0.0, 10.0]


def test_a_slow_agent_is_found_where_it_has_moved_to_and_left_alone_when_it_is_gone():
    of = world()
    uid = of.model.fleet.column("uid")
    before, wanted = np.array([0, 1, 2]), uid[:3].copy()
    uid[[0, 40]] = uid[[40, 0]]
    uid[1] = 0
    assert rows_of(of, wanted, before).tolist() == [2, 40]


def test_a_partition_cuts_every_link_between_the_two_sides_and_no_other():
    of = world(fleet__nodes=4)
    injector().strike(of, FAULTS.make("partition", nodes=[1, 2]))
    everything = set(map(tuple, of.links().tolist()))
    assert of.cut == {(a, b) for a, b in everything if (a in (1, 2)) != (b in (1, 2))}
    assert of.log[0].target == "nodes 1, 2 cut from the rest"


def test_a_share_of_the_nodes_is_cut_off_where_none_are_named():
    of, injected = world(), injector()
    injected.strike(of, FAULTS.make("partition", share=0.25))
    assert of.log[0].target.startswith("node ")
    injected.strike(of, FAULTS.make("partition", share=0.5))
    assert of.log[1].target.startswith("nodes ")


def test_a_partition_of_everything_or_nothing_is_refused():
    with pytest.raises(ss.ConfigError, match="partition can hit nothing"):
        injector().strike(world(), FAULTS.make("partition", nodes=[0, 1, 2, 3]))


def test_a_zone_failure_hits_all_agents_and_leads_of_one_zone():
    of = world()
    injector().strike(of, "zone-failure", components=[1])
    zone = of.model.hierarchy_arrays.zone_of_cluster
    rows = of.model.fleet.live()
    assert of.silent == set(rows[zone[rows // of.model.fleet.slots] == 1].tolist())
    assert of.leadless == set(np.flatnonzero(zone == 1).tolist())


def test_all_nodes_restart_each_at_its_own_time_within_the_spread():
    of, injected = world(fleet__nodes=8), injector()
    injected.strike(of, FAULTS.make("restart-all", spread_s=10.0))
    assert of.named("stop_nodes")[0][2] == list(range(8))
    play(12.0, of, injected, dt=0.25)
    started = {call[2][0]: call[0] for call in of.named("start_nodes")}
    assert sorted(started) == list(range(8))
    assert len(set(started.values())) > 4
    assert 0 < min(started.values()) <= max(started.values()) <= 10.0


def test_a_mass_crash_hits_exactly_its_share():
    of = world()
    injector().strike(of, FAULTS.make("mass-crash", share=0.3))
    assert len(of.silent) == 60
    assert of.log[0].target == "60 agents"


def test_a_named_controller_or_edge_is_hit_and_no_other():
    of, injected = world(), injector()
    injected.strike(of, FAULTS.make("controller-stall", controller="health", for_s=5.0))
    injected.strike(of, FAULTS.make("controller-exception", controller="scaler", times=3))
    injected.strike(of, FAULTS.make("edge-fault", sender="scaler", how="delay"), for_s=9.0)
    assert [call[1:] for call in of.calls] == [
        ("stall", ["health"], of.log[0].ends_s, 0),
        ("break_controller", ["scaler"], 3, 1),
        ("disturb", [["scaler", "metrics"]], "delay", 9.0, 2),
    ]
    with pytest.raises(ss.ConfigError, match="there are none"):
        injected.strike(of, FAULTS.make("controller-stall", controller="scalr"))


# -- the injector --------------------------------------------------------------------------------------------

STORM = [
    {"name": "agent-crash", "mtbf_s": 2000.0},
    {"name": "agent-slow", "mtbf_s": 3000.0, "ramp_s": 20.0, "for_s": 40.0},
    {"name": "lead-crash", "mtbf_s": 300.0},
    {"name": "node-crash", "mtbf_s": 200.0, "for_s": 20.0, "law": "weibull", "shape": 0.8},
    {"name": "link-cut", "mtbf_s": 300.0, "law": "lognormal", "for_law": "exponential"},
    {"name": "partition", "mtbf_s": 100.0},
    {"name": "controller-stall", "mtbf_s": 200.0},
    {"name": "mass-crash", "mtbf_s": 200.0, "share": 0.02},
]


def test_one_seed_determines_what_breaks():
    first = keys(play(200.0, world(), injector(faults=STORM)))
    assert first == keys(play(200.0, world(), injector(faults=STORM)))
    assert first != keys(play(200.0, world(), injector(seed=4, faults=STORM)))
    assert len(first) > 30


def test_another_setting_of_one_fault_leaves_all_others_as_they_were():
    """Nodes fail four times as often; what else breaks is the same, to the last draw."""
    changed = [fault | {"mtbf_s": 50.0} if fault["name"] == "node-crash" else fault for fault in STORM]
    added = [{"name": "node-crash", "mtbf_s": 100.0}, *STORM, {"name": "zone-failure", "mtbf_s": 1e9}]

    def others(faults):
        return [one for one in keys(play(200.0, world(), injector(faults=faults))) if one[0][:4] != "node"]

    assert others(STORM) == others(changed) == others(added)


def test_a_crashed_agent_gets_a_new_life_when_it_is_up_again():
    of, injected = world(), injector(faults=[{"name": "agent-crash", "mtbf_s": 100.0}])
    play(30.0, of, injected)
    crashed = {one.key.split("/")[2] for one in of.log.incidents}
    assert all(one.key.endswith("/1") for one in of.log.incidents)
    assert len(crashed) == len(of.log.incidents) > 20
    of.silent.clear()
    play(200.0, of, injected, begin_s=30.0)
    assert {"1", "2"} <= {one.key.split("/")[3] for one in of.log.incidents}


def test_crash_times_stand_in_the_fleet():
    of, injected = world(), injector(faults=[{"name": "agent-crash", "mtbf_s": 1e6}])
    assert np.isinf(of.model.fleet.column("fail_at")).all()
    play(1.0, of, injected)
    rows = of.model.fleet.live()
    assert np.isfinite(of.model.fleet.column("fail_at")[rows]).all()
    new = of.model.spawn(3)
    play(1.0, of, injected, begin_s=1.0)
    assert np.isfinite(of.model.fleet.column("fail_at")[new]).all()


def test_an_agents_fate_does_not_depend_on_who_else_is_there():
    """The same agents in a fleet of twice the nodes crash at the same times."""
    few = play(50.0, world(), injector(faults=[{"name": "agent-crash", "mtbf_s": 300.0}]))
    more = play(
        50.0,
        world(fleet__agents=400, fleet__nodes=8),
        injector(faults=[{"name": "agent-crash", "mtbf_s": 300.0}]),
    )
    both = {str(uid) for uid in set(uids(few, *range(200))) & set(uids(more, *range(400)))}
    fates = [
        {one.key: one.begins_s for one in of.log.incidents if one.key.split("/")[2] in both}
        for of in (few, more)
    ]
    assert fates[0] == fates[1] != {}


def test_a_script_strikes_at_its_times_with_what_it_says():
    of = world()
    play(
        60.0,
        of,
        injector(
            script=[
                {"at_s": 30.0, "fault": "agent-crash", "components": uids(of, 3, 9), "title": "two of them"},
                {"at_s": 10.0, "fault": {"name": "link-cut", "for_s": 5.0}, "number": 2},
                {"at_s": 20.5, "fault": "mass-crash", "share": 0.1},
                {"at_s": 40.0, "fault": "node-crash", "components": [2], "for_s": 7.0},
            ]
        ),
    )
    told = [(one.key, one.begins_s, one.size, one.title) for one in of.log.incidents]
    assert told == [
        ("link-cut/script/0", 10.0, 2, ""),
        ("mass-crash/script/0", 21.0, 20, ""),
        ("agent-crash/script/0", 30.0, 2, "two of them"),
        ("node-crash/script/0", 40.0, 1, ""),
    ]
    assert of.log[3].ends_s == 47.0
    assert of.named("start_nodes")[0][:3] == (47.0, "start_nodes", [2])


def test_a_scripted_strike_that_finds_nothing_is_written_down():
    of, injected = (
        world(),
        injector(script=[{"at_s": 1.0, "fault": {"name": "controller-stall", "controller": "x"}}]),
    )
    play(3.0, of, injected)
    assert injected.missed == [(1.0, "resilience.script.0: controller-stall found nothing to hit")]
    assert not of.log.incidents


def test_a_file_strikes_as_a_script_does(tmp_path):
    path = tmp_path / "faults.csv"
    path.write_text(
        "at_s,fault,components,number,for_s,title,factor\n"
        "5,node-crash,1 3,,4,two nodes,\n\n7,agent-slow,,2,,,6\n",
        encoding="utf-8",
    )
    of = play(20.0, world(), injector(trace=str(path)))
    assert [(one.key, one.begins_s, one.ends_s, one.size, one.title) for one in of.log.incidents] == [
        ("node-crash/trace/0", 5.0, 9.0, 2, "two nodes"),
        ("agent-slow/trace/0", 7.0, math.inf, 2, ""),
    ]
    assert of.named("slow_agents")[0][3] == [6.0, 6.0]


BAD_FILES = [
    (
        "at_s,fault\n5,node-crsh\n",
        "row 2, fault = 'node-crsh': no fault is called 'node-crsh'. Did you mean 'node-crash'?",
    ),
    (
        "at,fault\n5,node-crash\n",
        "row 1: no column 'at_s', but there must be one. Did you mean 'at_s' by 'at'?",
    ),
    ("at_s,fault\n5,node-crash\n,node-crash\n", "row 3, at_s = '', but it must be given"),
    ("at_s,fault,for_s\n5,node-crash,abc\n", "row 2, for_s = 'abc', but it must be a valid number"),
    ("at_s,fault,for_s\n5,node-crash,-1\n", "row 2, for_s = '-1', but it must be greater than 0"),
    ("at_s,fault,factr\n5,agent-slow,3\n", "row 1: no column is called 'factr'. Did you mean 'factor'?"),
    ("at_s,fault,factor\n5,agent-slow,0.5\n", "agent-slow.factor = 0.5, but it must be above 1"),
    ("at_s,fault,components\n5,node-crash,3;77\n", "row 2, components = 77, but it must be from 0 to 3"),
    ("at_s,fault,number,share\n5,agent-crash,3,0.5\n", "row 2: number and share are given"),
    ("at_s,fault\n5,node-crash,1\n", "row 2: 3 fields, but there must be 2"),
    ("at_s,fault,at_s\n", "column 'at_s' stands there twice"),
    ("", "is empty"),
]


@pytest.mark.parametrize(("text", "line"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_is_refused_in_one_line_that_names_row_and_field(text, line, tmp_path):
    path = tmp_path / "faults.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ss.ConfigError) as refusal:
        injector(trace=str(path))
    assert line in str(refusal.value)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


BAD_TOML = [
    (
        '[[resilience.script]]\nat_s = 5\nfault = "agent-crsh"',
        "resilience.script.0.fault: no fault is called 'agent-crsh'",
    ),
    ('[[resilience.script]]\nat_s = "soon"\nfault = "agent-crash"', "resilience.script.0.at_s = 'soon'"),
    (
        '[[resilience.script]]\nat = 5\nfault = "agent-crash"',
        "no setting of resilience.script.0 is called 'at'. Did you",
    ),
    (
        '[[resilience.faults]]\nname = "node-crash"\nmtbf = 5',
        "resilience.faults.0: no setting of fault 'node-crash' is",
    ),
    (
        '[[resilience.faults]]\nname = "partition"\nnodes = [1.5]',
        "resilience.faults.0: partition.nodes = [1.5]",
    ),
]


@pytest.mark.parametrize(("text", "line"), BAD_TOML, ids=range(len(BAD_TOML)))
def test_a_bad_entry_of_a_toml_file_is_refused_by_file_and_place(text, line, tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ss.ConfigError) as refusal:
        Config.load(str(path))
    assert str(refusal.value).startswith(f"{path}, ")
    assert line in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"script": [{"at_s": 1, "fault": "node-crash", "components": [4]}]},
            "script.0.components = 4, but it must be from 0",
        ),
        (
            {"script": [{"at_s": 1, "fault": "link-cut", "components": [4]}]},
            "script.0.components = 4, but it must be a x 4",
        ),
        ({"faults": [{"name": "partition", "nodes": [9]}]}, "faults.0.nodes = 9, but it must be from 0 to 3"),
        ({"script": [{"at_s": 1, "fault": "agent-crash", "for_s": 3}]}, "for_s = 3, but it must be left out"),
        ({"trace": "no-such-file.csv"}, "resilience.trace = 'no-such-file.csv': cannot be read"),
    ],
)
def test_what_the_fleet_does_not_have_is_refused(settings, line):
    with pytest.raises(ss.ConfigError) as refusal:
        injector(**settings)
    assert line in str(refusal.value)


def test_a_strike_from_code_that_can_hit_nothing_says_what_could_be_hit():
    with pytest.raises(
        ss.ConfigError, match=r"node-crash: components = \[7\], but .* those that are up: 0, 1, 2, 3"
    ):
        injector().strike(world(), "node-crash", components=[7])


def test_what_is_drawn_differs_from_strike_to_strike():
    of, injected = world(), injector()
    for _ in range(6):
        injected.strike(of, "node-crash", number=1)
        of.start_nodes(np.arange(4), 0)
    assert len({one.target for one in of.log.incidents}) > 1
    assert [one.key for one in of.log.incidents] == [f"node-crash/told/{i}" for i in range(6)]


def test_every_component_is_drawn_as_often_as_any_other():
    """Two of four nodes, 2,000 times: the counts agree with one half within the chi-square's 4 sigma."""
    of, injected = nodes_alone(4), injector()
    counts = np.zeros(4)
    for _ in range(2000):
        injected.strike(of, "node-crash", number=2)
        counts[of.calls[-1][2]] += 1
        of.start_nodes(np.arange(4), 0)
    assert counts.sum() == 4000
    chi = ((counts - 1000) ** 2 / (2000 * 0.25)).sum() * 3 / 4
    assert stats.chi2.sf(chi, 3) > FOUR_SIGMA


def resumed(injected, **settings):
    """The same injector after it was written as JSON and read again."""
    again = injector(**settings)
    again.remember(restore(dump(injected.memory()), injected.modules()))
    return again


@pytest.mark.parametrize("at_s", [37.0, 100.0])
def test_a_resumed_injector_goes_on_bit_for_bit(at_s):
    settings = {"faults": STORM, "script": [{"at_s": 120.0, "fault": "restart-all"}]}
    whole = play(200.0, world(), injector(**settings))
    of, first = world(), injector(**settings)
    play(at_s, of, first)
    of.model.fleet.version += 1  # as a model does that was read from a file
    play(200.0 - at_s, of, resumed(first, **settings), begin_s=at_s)
    assert keys(of) == keys(whole)
    assert of.calls == whole.calls


# -- rates ---------------------------------------------------------------------------------------------------


def z_of_strikes(scale, expected_scale):
    """How far the number of strikes lies from that of renewals at the expected rate, in errors of Poisson."""
    of = nodes_alone(400)
    fault = {"name": "node-crash", "mtbf_s": 400.0, "for_s": 4.0, "for_law": "lognormal", "for_shape": 0.0}
    play(8000.0, of, injector(faults=[fault], scale=scale), dt=4.0)
    expected = 400 * 8000.0 / (400.0 / expected_scale + 4.0)
    return (len(of.log.incidents) - expected) / math.sqrt(expected)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_faults_strike_at_their_rate_times_the_scale(scale):
    assert abs(z_of_strikes(scale, scale)) < 4


def test_a_rate_that_is_5_percent_off_is_found_out():
    assert abs(z_of_strikes(2.1, 2.0)) > 4


def test_a_scale_of_0_lets_nothing_strike_by_itself():
    assert not play(500.0, world(), injector(faults=STORM, scale=0.0)).log.incidents


MTBF_S, MTTR_S, NODES, GROUP = 900.0, 100.0, 500, 10
UP = MTBF_S / (MTBF_S + MTTR_S)  # renewal-reward theorem: whatever the laws


def ups(mttr_s, seconds=30_000.0, dt=10.0):
    """`[nodes, ticks]` whether each node is up, after a warm-up of ten repairs."""
    of = nodes_alone(NODES)
    fault = {"name": "node-crash", "mtbf_s": MTBF_S, "law": "weibull", "shape": 1.5, "for_s": mttr_s}
    injected = injector(faults=[fault])
    up = np.ones((NODES, round(seconds / dt)), np.bool_)
    now, seen = np.ones(NODES, np.bool_), 0
    for tick in range(up.shape[1]):
        of.now_s = tick * dt
        injected.due(of, of.now_s)
        for _, name, nodes, _ in of.calls[seen:]:
            now[nodes] = name == "start_nodes"
        seen = len(of.calls)
        up[:, tick] = now
    return up[:, round(5000 / dt) :]


@pytest.fixture(scope="module")
def honest():
    return ups(MTTR_S)


@pytest.fixture(scope="module")
def biased():
    return ups(1.05 * MTTR_S)


def z_of_availability(up):
    return z_of(up.mean(axis=1), UP)


def z_of_groups(up, k=9):
    enough = up.reshape(-1, GROUP, up.shape[1]).sum(axis=1) >= k
    return z_of(enough.mean(axis=1), stats.binom.sf(k - 1, GROUP, UP))


def test_the_long_run_availability_of_a_repaired_node_is_mtbf_over_mtbf_and_mttr(honest):
    assert abs(z_of_availability(honest)) < 4


def test_k_out_of_n_nodes_are_up_as_often_as_the_binomial_says(honest):
    assert abs(z_of_groups(honest)) < 4


def test_repairs_that_take_5_percent_longer_are_found_out(biased):
    assert abs(z_of_availability(biased)) > 4
    assert abs(z_of_groups(biased)) > 4


# -- presets -------------------------------------------------------------------------------------------------


def test_the_storm_has_faults_of_every_layer_at_the_rates_that_it_states():
    r = Config.load("storm").resilience
    assert {fault.layer for fault in r.faults} == set(LAYERS)
    rates = {FAULTS.name_of(fault): fault.mtbf_s for fault in r.faults}
    assert rates["agent-crash"] == 3600 / 0.05  # 5 % of the agents an hour
    assert {FAULTS.name_of(told.fault) for told in r.script} == {"zone-failure", "node-crash", "partition"}
    assert r.recovery.deadlines == "enforce"
    assert r.pace.on
    assert r.admission.on


def test_a_game_day_is_a_script_of_named_incidents_that_ends_with_a_restart_of_all_nodes():
    game = Config.load("game-day")
    script = game.resilience.script
    assert not game.resilience.faults
    assert {told.fault.layer for told in script} == set(LAYERS)
    assert len({told.title for told in script} - {""}) == len(script)
    assert (np.diff([told.at_s for told in script]) >= 180).all()
    assert (FAULTS.name_of(script[-1].fault), script[-1].fault.spread_s) == ("restart-all", 10.0)
    assert game.fleet.nodes == 16


def test_every_incident_of_a_game_day_finds_what_it_hits():
    """The same incidents, a few seconds apart, on a small fleet."""
    script = [
        told.model_copy(update={"at_s": 15.0 + 5.0 * i, "number": told.number and 2})
        for i, told in enumerate(Config.load("game-day").resilience.script)
    ]
    small = {"fleet.agents": 1600, "emergence.on": False, "resilience.script": script}
    model = ss.SwarmModel("game-day", rng=3, **small).run(90)
    assert model.resilience.injector.missed == []
    assert [one.title for one in model.resilience.log.incidents] == [told.title for told in script]
