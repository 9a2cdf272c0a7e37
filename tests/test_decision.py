"""Collective decisions: the way through the functions, known truth, latency by real paths, a host's own problem."""

import numpy as np
import pytest

from swarmscale import ConfigError, SwarmModel, UnknownChoiceError
from swarmscale.agents.cognition import FEEDS, FUNCTIONS
from swarmscale.agents.consensus import CONSENSUS
from swarmscale.agents.consensus.measures import error_correlation
from swarmscale.model.flow.ledger import MESSAGES, SHARING
from swarmscale.model.intelligence.ablation import ablated
from swarmscale.model.intelligence.decision import decide, in_order
from swarmscale.model.intelligence.problems import Choice, Estimate, Panel, own_problem
from swarmscale.model.intelligence.routes import ask, exchange_ms, walked
from swarmscale.model.intelligence.stages import choose_panels, panel_group

SMALL = {"fleet.agents": 2000, "fleet.nodes": 4, "demand.load": 0.5, "intelligence.on": False}


@pytest.fixture(scope="module")
def model():
    return SwarmModel("tiny", rng=5, **SMALL).run(seconds=10)


def test_functions_are_worked_through_along_the_cognitive_graph():
    every = in_order(FUNCTIONS)
    assert sorted(every) == sorted(FUNCTIONS)
    for before, after in FEEDS:
        assert every.index(before) < every.index(after)


def test_a_decision_is_a_function_of_the_model_and_the_seed(model):
    a, b = (decide(model, questions=20, seed=1) for _ in range(2))
    np.testing.assert_array_equal(a.answer, b.answer)
    assert a.latency_ms == b.latency_ms
    assert not np.array_equal(a.participants, decide(model, questions=20, seed=2).participants)


def test_deciding_changes_nothing_but_the_count_of_messages():
    plain = SwarmModel("tiny", rng=3, **SMALL).run(seconds=20)
    deciding = SwarmModel("tiny", rng=3, **SMALL).run(seconds=10)
    before = deciding.flow.ledger.messages[SHARING, MESSAGES]
    made = decide(deciding)
    assert deciding.flow.ledger.messages[SHARING, MESSAGES] - before == made.messages > 0
    deciding.run(seconds=10)
    a, b = plain.records.frame(), deciding.records.frame()
    others = [c for c in a.columns if not c.startswith("intelligence_sharing")]
    assert a[others].equals(b[others])
    assert b["intelligence_sharing_messages"].sum() == made.messages


def test_every_panel_is_of_different_ready_agents(model):
    panels = choose_panels(model, FUNCTIONS, [40] * 12, 3)
    together = np.concatenate(panels)
    assert len(np.unique(together)) == len(together) == 480
    function = model.assignment.function
    share = np.mean([(function[rows] == f).mean() for f, rows in enumerate(panels)])
    assert share > 0.9


@pytest.mark.parametrize("rule", CONSENSUS)
@pytest.mark.parametrize("problem", ["choice", "estimate"])
def test_every_rule_decides_every_sort_of_question_that_it_can(model, rule, problem):
    can = CONSENSUS.make(rule).discrete if problem == "choice" else CONSENSUS.make(rule).continuous
    if not can:
        with pytest.raises(ConfigError):
            decide(model, questions=4, rule=rule, problem=problem)
        return
    made = decide(model, questions=60, rule=rule, problem=problem, agents=60)
    assert made.right.shape == (60,)
    assert made.latency_ms > 0
    assert ((made.confidence >= 0) & (made.confidence <= 1)).all()
    decided = 1 - made.abstained
    assert made.accuracy > made.stages[-1].alone * decided


def test_a_group_is_right_more_often_than_its_members(model):
    made = decide(model, ("decision-making",), questions=400, agents=100)
    alone = made.stages[-1].alone
    se = np.sqrt(made.accuracy * (1 - made.accuracy) / 400)
    assert made.accuracy - alone > 4 * se


def test_an_easy_question_is_decided_rightly_and_an_impossible_one_by_chance(model):
    easy = decide(model, ("reasoning",), questions=100, problem=Choice(sensitivity=5.0, rungs=1))
    assert easy.accuracy == 1.0
    hard = decide(model, ("reasoning",), questions=1000, problem=Choice(sensitivity=1e-9, rungs=1, options=4))
    assert abs(hard.accuracy - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)


def test_single_agents_are_right_as_signal_detection_says(model):
    """Two options, no sharing: an agent of sensitivity d is right with chance Phi(d / sqrt 2) (Green & Swets 1966)."""
    from scipy.special import ndtr

    rows = np.arange(200)
    group = panel_group(model, rows, "low", 1)
    people = group.people._replace(skill=np.zeros_like(group.people.skill))
    panel = Panel(people, 3, rows, group.channel, 0)
    problem = Choice(options=2, sensitivity=0.8, rungs=1, shared=0.0)
    given = problem.put(panel, np.ones(2000), np.random.default_rng(1))
    right = (given.answers == given.truth[:, None]).mean()
    p = float(ndtr(0.8 / np.sqrt(2)))
    se = np.sqrt(p * (1 - p) / 400_000)
    assert abs(right - p) < 4 * se
    assert abs(right - 0.95 * p) > 4 * se  # a planted bias of 5 %


def test_common_noise_correlates_errors_within_a_cluster(model):
    group = panel_group(model, np.arange(60), "low", 1)
    rho = {}
    for name, places in (("one cluster", np.zeros(60, np.int64)), ("a cluster each", np.arange(60))):
        panel = Panel(group.people, 3, places, group.channel, 0)
        for shared in (0.0, 0.5):
            given = Choice(shared=shared, rungs=1).put(panel, np.ones(400), np.random.default_rng(1))
            rho[name, shared] = error_correlation(given.answers, given.truth, given.options)
    assert rho["one cluster", 0.5] > 0.15
    for apart in (("one cluster", 0.0), ("a cluster each", 0.0), ("a cluster each", 0.5)):
        assert abs(rho[apart]) < 0.01


def test_where_the_function_before_was_wrong_the_next_sees_less(model):
    clear, foggy = (
        decide(
            model, ("reasoning", "decision-making"), questions=600, seed=4, agents=60, weakened=weak,
        ).right.mean()
        for weak in ((), ("reasoning",))
    )  # fmt: skip
    effects = {(e.source, e.target): e for e in ablated(model, questions=300)}
    assert set(effects) == set(FEEDS)
    total = np.array([e.loss for e in effects.values()])
    se = np.sqrt(sum(e.se**2 for e in effects.values())) / len(effects)
    assert total.mean() > 4 * se
    assert clear >= foggy


def test_weakening_a_function_that_nothing_needs_moves_nothing(model):
    plain = decide(model, ("memory",), questions=50, seed=9)
    other = decide(model, ("memory",), questions=50, seed=9, weakened=("planning",))
    np.testing.assert_array_equal(plain.right, other.right)


# -- latency ------------------------------------------------------------------------------------------------


def test_latency_is_that_of_the_hierarchy_and_the_mesh():
    """One cluster at the asking node, a star, no loss: down and up again, message by message."""
    model = SwarmModel(
        "tiny", rng=1, **{"fleet.agents": 20, "fleet.nodes": 1, "fleet.communication": "star",
                          "network.loss": 0.0, "network.local_ms": 0.5, "intelligence.on": False,
                          "intelligence.decisions.message_ms": 0.1}
    )  # fmt: skip
    rows = np.arange(20)
    route = ask(model, rows, 0, np.full(20, 7.0), np.random.default_rng(1))
    # to the node, the zone and the lead: one message each; to the agents twenty; back the same numbers are read
    down = 0.1 + (0.5 + 0.1) + (0.5 + 0.1) + (0.5 + 20 * 0.1)
    up = (0.5 + 20 * 0.1) + (0.5 + 0.1) + (0.5 + 0.1) + 0.1
    assert route.time_ms == pytest.approx(down + 7.0 + up)
    assert route.heard.all()


def test_a_longer_link_makes_a_decision_later():
    quick, slow = (
        decide(
            SwarmModel("tiny", rng=1, **SMALL, **{"network.latency_ms": [ms, ms]}),
            seed=2,
            collaboration="low",
        ).latency_ms
        for ms in (1.0, 50.0)
    )
    assert slow > quick + 2 * 49


def test_rounds_of_sharing_cost_time(model):
    rows = np.arange(0, 2000, 20)
    assert exchange_ms(model, rows, 0) == 0
    assert exchange_ms(model, rows, 1) > 0
    assert exchange_ms(model, rows, 3) == pytest.approx(3 * exchange_ms(model, rows, 1))
    low, high = (decide(model, seed=3, collaboration=level).latency_ms for level in ("low", "high"))
    assert high > low


def test_those_behind_a_dead_node_are_not_heard_and_the_rest_decides():
    model = SwarmModel("tiny", rng=1, **SMALL, **{"intelligence.decisions.collaboration": "low"})
    model.kill_node(3)
    made = decide(model, ("reasoning",), questions=30, agents=200)
    stage = made.stages[0]
    node = model.hierarchy_arrays.node_of_cluster[stage.rows // model.fleet.slots]
    assert stage.heard == pytest.approx((node != 3).mean())
    assert 0 < stage.heard < 1
    assert np.isfinite(made.latency_ms)
    assert made.accuracy > 0.25


def test_where_the_first_node_is_down_another_one_asks():
    model = SwarmModel("tiny", rng=1, **SMALL)
    model.kill_node(0)
    assert np.isfinite(decide(model).latency_ms)
    silent = decide(model, root=0)
    assert np.isnan(silent.latency_ms)
    assert silent.abstained == 1.0


def test_messages_that_are_lost_are_sent_again_and_take_longer():
    sure = SwarmModel("tiny", rng=1, **SMALL, **{"network.loss": 0.0})
    lossy = SwarmModel("tiny", rng=1, **SMALL, **{"network.loss": 0.4, "network.retries": 20})
    rows = np.arange(0, 2000, 10)
    a = ask(sure, rows, 0, np.zeros(200), np.random.default_rng(1))
    b = ask(lossy, rows, 0, np.zeros(200), np.random.default_rng(1))
    assert b.sent > b.messages == a.messages == a.sent
    assert b.time_ms > a.time_ms
    assert b.heard.all()


def test_messages_are_counted_hop_by_hop_as_far_as_they_come():
    """Three hops, loss .3, one repeat: a hop is delivered with 1 - .09, and one beyond a loss is not sent."""
    n, loss = 20_000, 0.3
    way = walked(np.full(n, 3), np.ones(n, bool), loss, 1, np.random.default_rng(1))
    ok = 1 - loss**2
    sent = n * (1 + ok + ok**2)
    for found, chance in ((way.first, 1 - loss), (way.delivered, ok), (way.again.sum(), loss)):
        assert abs(found / way.messages - chance) < 4 * np.sqrt(chance * (1 - chance) / way.messages)
        assert abs(found / way.messages - 0.95 * chance) > 4 * np.sqrt(chance * (1 - chance) / way.messages)
    assert abs(way.messages / sent - 1) < 0.01
    assert abs(way.through.mean() - ok**3) < 4 * np.sqrt(ok**3 * (1 - ok**3) / n)
    none = walked(np.array([0, 2]), np.array([True, False]), loss, 1, np.random.default_rng(1))
    assert none.through.tolist() == [True, False]
    assert none.messages == 0


def test_a_learning_fleet_that_just_grew_decides():
    model = SwarmModel("tiny", rng=1, **SMALL, **{"learning.on": True}).run(20)
    rows = model.spawn(400, start_s=0.0)
    model.run(1)
    assert model.learner.reliability().shape == (model.fleet.clusters,)
    assert len(rows) == 400
    assert decide(model, agents=2300, questions=2).participants.shape == (2300,)


# -- a host's own problem --------------------------------------------------------------------------------------


def test_a_hosts_own_function_is_the_problem(model):
    def market(people, questions, rng):
        truth = rng.integers(3, size=questions)
        right = rng.random((questions, len(people.uid))) < 0.6
        other = rng.integers(1, 3, (questions, len(people.uid)))
        return np.where(right, truth[:, None], (truth[:, None] + other) % 3), truth

    made = decide(model, ("reasoning",), questions=50, problem=market, options=3, agents=60, rule="majority")
    assert made.accuracy > 0.95
    known = decide(
        model, ("reasoning",), questions=5, problem=lambda p, t, r: np.zeros((t, len(p.uid)), int), options=2
    )
    assert known.right is None
    assert np.isnan(known.accuracy)
    assert (known.answer == 0).all()


@pytest.mark.parametrize(
    ("function", "options", "text"),
    [
        (lambda p, t, r: 1 / 0, 2, "failed: ZeroDivisionError: division by zero"),
        (
            lambda p, t, r: np.zeros(3, int),
            2,
            r"gave int64 of shape \(3,\), but it must be whole numbers of shape",
        ),
        (lambda p, t, r: np.zeros((t, len(p.uid))), 2, "gave float64 of shape"),
        (
            lambda p, t, r: np.full((t, len(p.uid)), 7),
            2,
            r"gave options from 7 to 7, but they must be from -1",
        ),
        (lambda p, t, r: (np.zeros((t, len(p.uid)), int), np.zeros(99)), 2, "gave a truth of shape"),
        (lambda p, t, r: np.zeros((t, len(p.uid))), 0, "but it must be numbers of shape"),
    ],
)
def test_a_host_function_that_fails_gets_one_line(model, function, options, text):
    with pytest.raises(ConfigError, match=text) as refusal:
        decide(model, ("reasoning",), questions=2, problem=own_problem(function, options, "market"))
    assert "\n" not in str(refusal.value)
    assert "market" in str(refusal.value)


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ({"functions": ["reasonning"]}, UnknownChoiceError, "Did you mean 'reasoning'"),
        ({"functions": []}, ConfigError, "functions = none"),
        (
            {"agents": 9999},
            ConfigError,
            "agents of a decision = 9999, but it must be from 2, one for each",
        ),
        ({"rule": "majorty"}, UnknownChoiceError, "Did you mean 'majority'"),
        ({"collaboration": "hi"}, UnknownChoiceError, "level of collaboration"),
        ({"problem": "choise"}, UnknownChoiceError, "Did you mean 'choice'"),
        ({"root": 99}, ConfigError, "root = 99"),
        ({"questions": 0}, ConfigError, "questions = 0"),
    ],
)
def test_wrong_input_gets_one_clear_line(model, how, error, text):
    with pytest.raises(error, match=text):
        decide(model, **how)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Choice(options=1), "options = 1"),
        (lambda: Choice(shared=2), "shared = 2"),
        (lambda: Estimate(noise=0), "noise = 0"),
        (lambda: Estimate(tolerance=-1), "tolerance = -1"),
    ],
)
def test_settings_of_problems_are_checked(make, text):
    with pytest.raises(ConfigError, match=text):
        make()


def test_fleets_that_learned_decide_better_and_have_more_iq_than_the_same_without():
    """Paired on the same seeds: better by more than the 95 % interval (Student's, 5 degrees of freedom)."""
    fleet = {
        "seconds": 600.0, "fleet.speed_cv": 0.3, "fleet.skill_own": (0.5, 0.7), "fleet.skill_other": (0.3, 0.6),
        "demand.load": 0.45, "intelligence.on": False, "emergence.on": False, "resilience.on": False,
    }  # fmt: skip
    gains = []
    for seed in range(1, 7):
        found = []
        for changes in ({}, {"learning.on": True}, {"learning.on": True, "learning.alpha": 0.0}):
            model = SwarmModel("tiny", rng=seed, **(fleet | changes)).run()
            right = model.decide(agents=60, questions=2000, seed=seed).accuracy
            found.append((right, model.probe(panels=1, agents=150, seed=seed).iq.iq))
        gains.append([np.subtract(found[1], found[0]), np.subtract(found[2], found[0])])
    learned, nothing = np.array(gains).transpose(1, 2, 0)
    for gain in learned:
        assert gain.mean() > 2.571 * gain.std(ddof=1) / np.sqrt(6)
    assert (nothing == 0).all()  # the twin: with exponent 0 practice does nothing
