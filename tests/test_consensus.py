"""Consensus rules: first what every rule must do, then each on its own."""

from __future__ import annotations

import itertools
import pickle
import tracemalloc

import numpy as np
import pytest

from swarmscale.agents.consensus import (
    CONSENSUS,
    Confidence,
    DeGroot,
    FriedkinJohnsen,
    History,
    Majority,
    Quorum,
    Similarity,
    Weighted,
    ballots,
)
from swarmscale.agents.consensus.agreement import agreement, chance_of
from swarmscale.agents.consensus.calibration import isotonic, log_odds, platt
from swarmscale.agents.consensus.central import geometric_median, medoid, medoid_of_cluster
from swarmscale.agents.consensus.competence import Competence, cross_fitted, dawid_skene, vote_weights
from swarmscale.agents.consensus.confidence import calibrated
from swarmscale.agents.consensus.measures import (
    abstention,
    accuracy,
    agreement_beyond_chance,
    brier,
    calibration_error,
    crowd_wisdom,
    effective_voters,
    error_correlation,
    intraclass,
    right,
)
from swarmscale.agents.topology.spectral import expander, neighbors_of
from swarmscale.errors import ConfigError
from swarmscale.model.memory import dump, restore, same

from .flow_support import agrees

OPTIONS = 4
VARIANTS = {
    **{name: CONSENSUS[name]() for name in CONSENSUS},
    "weighted-prior": Weighted(learn_prior=True),
    "confidence-isotonic": Confidence(calibration="isotonic"),
    "confidence-raw": Confidence(calibration="none"),
    "medoid": Similarity(method="medoid"),
    "cluster": Similarity(method="cluster", quorum=0.3),
    "quorum-given": Quorum(share=0.4, learn=False),
    "degroot-metropolis": DeGroot(weights="metropolis"),
}
DISCRETE = [name for name, rule in VARIANTS.items() if rule.discrete]
CONTINUOUS = [name for name, rule in VARIANTS.items() if rule.continuous]
BOTH = [(name, True) for name in DISCRETE] + [(name, False) for name in CONTINUOUS]


def votes(rng, questions, n, p=0.6, silent=0.05, correlation=0.0, options=OPTIONS):
    """Answers, truth and confidences of agents with competence p, whose errors spread over the other options."""
    truth = rng.integers(options, size=questions)
    chance = np.broadcast_to(p, (questions, n))
    if correlation:
        size = 1 / correlation - 1
        chance = np.broadcast_to(rng.beta(p * size, (1 - p) * size, (questions, 1)), (questions, n))
    hit = rng.random((questions, n)) < chance
    wrong = (truth[:, None] + rng.integers(1, options, (questions, n))) % options
    answers = np.where(hit, truth[:, None], wrong)
    answers[rng.random((questions, n)) < silent] = -1
    return answers, truth, np.clip(chance + rng.normal(0, 0.1, (questions, n)), 0.01, 0.99)


def points(rng, questions, n, d=3, silent=0.05, sigma=1.0):
    truth = rng.normal(0, 3, (questions, d))
    answers = truth[:, None, :] + rng.normal(size=(questions, n, d)) * np.broadcast_to(sigma, n)[:, None]
    answers[rng.random((questions, n)) < silent] = np.nan
    return answers, truth


def network(n, rng):
    return neighbors_of(n, expander(n, 4, rng))


def panel(discrete, seed, questions=12, n=15, silent=0.05):
    """A history of 60 questions and some ballots of the same agents, over a network."""
    rng = np.random.default_rng(seed)
    nets, conformity = network(n, rng), rng.random(n)
    if discrete:
        past, so, sure = votes(rng, 60, n, silent=silent)
        now, truth, surer = votes(rng, questions, n, silent=silent)
        return History(past, sure, so, OPTIONS), ballots(now, OPTIONS, surer, nets, conformity), truth
    past, so = points(rng, 60, n, silent=silent)
    now, truth = points(rng, questions, n, silent=silent)
    return (
        History(past, np.full((60, n), np.nan), so, 0),
        ballots(now, 0, neighbors=nets, conformity=conformity),
        truth,
    )


def none_of(answer):
    return answer < 0 if answer.ndim == 1 else np.isnan(answer).any(axis=1)


# What every rule must do


@pytest.mark.parametrize(("name", "discrete"), BOTH)
@pytest.mark.parametrize("taught", [True, False])
def test_verdicts_have_their_shapes_and_ranges(name, discrete, taught):
    history, given, _ = panel(discrete, 1)
    rule = VARIANTS[name]
    out = rule.decide(given, rule.start(history if taught else None))
    t, n = given.answers.shape[:2]
    assert out.answer.shape == ((t,) if discrete else (t, 3))
    assert out.support.shape == (t, n)
    assert out.rounds.shape == (t,)
    assert (out.rounds >= 1).all()
    for share in (out.confidence, out.agreement):
        assert share.shape == (t,)
        assert ((share >= 0) & (share <= 1)).all()
    assert np.abs(out.support).sum(axis=1) == pytest.approx(1.0)
    assert (out.confidence[none_of(out.answer)] == 0).all()


@pytest.mark.parametrize(("name", "discrete"), BOTH)
@pytest.mark.parametrize("taught", [True, False])
def test_an_unanimous_panel_gets_its_way(name, discrete, taught):
    history, given, _ = panel(discrete, 2)
    answers = np.full_like(given.answers, 2)
    rule = VARIANTS[name]
    out = rule.decide(given._replace(answers=answers), rule.start(history if taught else None))
    assert out.answer == pytest.approx(np.full_like(out.answer, 2), abs=1e-12)
    assert out.confidence.min() > 0.5
    assert taught is False or out.agreement == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_deciding_is_pure_and_memory_outlives_a_checkpoint_bit_for_bit(name, discrete):
    history, given, _ = panel(discrete, 3)
    rule = VARIANTS[name]
    before = [x.copy() for x in (given.answers, given.confidence, history.answers)]
    memory = rule.start(history)
    stored = dump(memory)
    first = rule.decide(given, memory)
    modules = {type(rule).__module__, *(f"swarmscale.agents.consensus.{m}" for m in ("record", "agreement"))}
    again = pickle.loads(pickle.dumps(rule)).decide(given, restore(stored, modules))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert same(memory, restore(stored, modules))
    for a, b in zip(before, (given.answers, given.confidence, history.answers), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_questions_decided_together_or_one_by_one_get_the_same_verdicts(name, discrete):
    history, given, _ = panel(discrete, 4)
    rule = VARIANTS[name]
    memory = rule.start(history)
    together = rule.decide(given, memory)
    for t in range(len(given.answers)):
        one = given._replace(answers=given.answers[t : t + 1], confidence=given.confidence[t : t + 1])
        alone = rule.decide(one, memory)
        assert alone.answer[0] == pytest.approx(together.answer[t], abs=2e-3, nan_ok=True)
        assert alone.confidence[0] == pytest.approx(together.confidence[t], abs=2e-3)
        assert alone.agreement[0] == pytest.approx(together.agreement[t])
        assert alone.rounds[0] == together.rounds[t]


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_who_gives_no_answer_carries_no_weight_and_changes_nothing(name, discrete):
    """What stands in the place of a missing answer's confidence cannot matter either."""
    history, given, _ = panel(discrete, 5, silent=0.3)
    rule = VARIANTS[name]
    memory = rule.start(history)
    out = rule.decide(given, memory)
    silent = given.answers < 0 if discrete else np.isnan(given.answers).any(axis=2)
    assert silent.any()
    assert (out.support[silent] == 0).all()
    other = rule.decide(given._replace(confidence=np.where(silent, 0.99, given.confidence)), memory)
    np.testing.assert_array_equal(out.answer, other.answer)


@pytest.mark.parametrize(("name", "discrete"), BOTH)
@pytest.mark.parametrize("taught", [True, False])
def test_where_nobody_answers_the_rule_abstains_and_claims_nothing(name, discrete, taught):
    history, given, _ = panel(discrete, 6)
    answers = given.answers.copy()
    answers[0] = -1 if discrete else np.nan
    rule = VARIANTS[name]
    out = rule.decide(given._replace(answers=answers), rule.start(history if taught else None))
    assert none_of(out.answer)[0]
    assert out.confidence[0] == 0
    assert out.agreement[0] == 0
    assert (out.support[0] == 0).all()
    assert not none_of(out.answer)[1:].all()


@pytest.mark.parametrize(("name", "discrete"), BOTH)
@pytest.mark.parametrize("taught", [True, False])
def test_a_single_agent_is_followed(name, discrete, taught):
    rng = np.random.default_rng(7)
    now = votes(rng, 5, 1, silent=0.0)[0] if discrete else points(rng, 5, 1, silent=0.0)[0]
    past, so = votes(rng, 30, 1, 0.9)[:2] if discrete else points(rng, 30, 1)
    history = History(past, np.full((30, 1), 0.9), so, OPTIONS if discrete else 0) if taught else None
    rule = VARIANTS[name]
    out = rule.decide(ballots(now, OPTIONS if discrete else 0, np.full((5, 1), 0.9)), rule.start(history))
    np.testing.assert_allclose(out.answer, now[:, 0])


@pytest.mark.parametrize("name", DISCRETE)
def test_no_option_is_favored(name):
    """Options renamed before are options renamed after."""
    history, given, _ = panel(True, 8, questions=60)
    rule = VARIANTS[name]
    renamed = np.array([2, 0, 3, 1, -1])
    plain = rule.decide(given, rule.start(history))
    turned = rule.decide(
        given._replace(answers=renamed[given.answers]),
        rule.start(history._replace(answers=renamed[history.answers], truth=renamed[history.truth])),
    )
    np.testing.assert_array_equal(turned.answer, renamed[plain.answer])
    np.testing.assert_allclose(turned.confidence, plain.confidence, atol=1e-9)
    np.testing.assert_allclose(turned.agreement, plain.agreement)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_moving_and_turning_space_moves_and_turns_the_verdict(name):
    history, given, _ = panel(False, 9)
    turn = np.linalg.qr(np.random.default_rng(9).normal(size=(3, 3)))[0]
    rule = VARIANTS[name]
    plain = rule.decide(given, rule.start(history))
    past = history._replace(answers=2 * history.answers @ turn + 5, truth=2 * history.truth @ turn + 5)
    turned = rule.decide(given._replace(answers=2 * given.answers @ turn + 5), rule.start(past))
    np.testing.assert_allclose(turned.answer, 2 * plain.answer @ turn + 5, atol=1e-2)
    np.testing.assert_allclose(turned.confidence, plain.confidence, atol=1e-2)


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_a_panel_beats_one_of_its_agents(name, discrete):
    history, given, truth = panel(discrete, 10, questions=300, n=25)
    rule = VARIANTS[name]
    out = rule.decide(given, rule.start(history))
    decided = ~none_of(out.answer)
    assert decided.mean() > 0.5
    if discrete:
        assert accuracy(out.answer, truth) > 0.85
    else:
        own = np.nanmean(np.linalg.norm(given.answers - truth[:, None], axis=2))
        assert np.linalg.norm(out.answer - truth, axis=1)[decided].mean() < 0.6 * own


@pytest.mark.parametrize("name", DISCRETE)
def test_stated_confidence_is_the_frequency_of_being_right_although_errors_go_together(name):
    """Twenty panels, errors correlated by .15: mean confidence equals accuracy of the verdicts given."""
    gaps, naive = [], []
    for seed in range(20):
        rng = np.random.default_rng([11, seed])
        past, so, sure = votes(rng, 600, 21, 0.5, correlation=0.15)
        now, truth, surer = votes(rng, 600, 21, 0.5, correlation=0.15)
        rule = VARIANTS[name]
        out = rule.decide(ballots(now, OPTIONS, surer), rule.start(History(past, sure, so, OPTIONS)))
        given = out.answer >= 0
        gaps.append(out.confidence[given].mean() / right(out.answer, truth)[given].mean())
        naive.append(calibration_error(out.confidence[given], right(out.answer, truth)[given]))
    assert np.mean(naive) < 0.06
    agrees(gaps, 1.0, checks=len(DISCRETE))


@pytest.mark.parametrize("name", CONTINUOUS)
def test_stated_confidence_is_the_share_of_agents_that_the_verdict_beats(name):
    ratios = []
    for seed in range(20):
        rng = np.random.default_rng([12, seed])
        sigma = np.exp(rng.normal(0, 0.4, 7))
        past, so = points(rng, 300, 7, sigma=sigma)
        now, truth = points(rng, 300, 7, sigma=sigma)
        rule = VARIANTS[name]
        out = rule.decide(ballots(now, 0), rule.start(History(past, np.full((300, 7), np.nan), so, 0)))
        apart = np.linalg.norm(now - truth[:, None], axis=2)
        mine = np.linalg.norm(out.answer - truth, axis=1)[:, None]
        wins = np.where(apart == mine, 0.5, (apart > mine) * 1.0)
        wins[np.isnan(apart)] = np.nan
        given = ~none_of(out.answer)
        ratios.append(out.confidence[given].mean() / np.nanmean(wins[given]))
    agrees(ratios, 1.0, checks=len(CONTINUOUS))


@pytest.mark.parametrize("name", [n for n in VARIANTS if n not in CONTINUOUS])
def test_a_rule_that_cannot_decide_points_says_so_in_one_line(name):
    rule = VARIANTS[name]
    message = f"consensus rule {type(rule).__name__} cannot decide continuous answers; take one that can"
    history, given, _ = panel(False, 13)
    with pytest.raises(ConfigError, match=message) as refusal:
        rule.decide(given, rule.start(None))
    assert "\n" not in str(refusal.value)
    with pytest.raises(ConfigError, match=message):
        rule.start(history)


@pytest.mark.parametrize("name", ["weighted", "confidence"])
def test_weights_of_other_agents_are_refused(name):
    history, _, _ = panel(True, 14)
    rule = VARIANTS[name]
    with pytest.raises(
        ConfigError, match=r"agents of the ballots = 3, but it must be those of the history, 15"
    ):
        rule.decide(ballots(np.array([[0, 1, 1]]), OPTIONS), rule.start(history))


@pytest.mark.parametrize("name", DISCRETE)
def test_lessons_of_questions_of_another_sort_are_refused(name):
    history, given, _ = panel(True, 14)
    rule = VARIANTS[name]
    memory = rule.start(history)
    with pytest.raises(ConfigError, match=r"ballots.options = 7, but it must be that of the history, 4"):
        rule.decide(given._replace(options=7), memory)
    if rule.continuous:
        with pytest.raises(ConfigError, match=r"ballots.options = 0, but it must be that of the history, 4"):
            rule.decide(panel(False, 14)[1], memory)


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_no_questions_get_no_verdicts(name, discrete):
    _, given, _ = panel(discrete, 14)
    rule = VARIANTS[name]
    none = given._replace(answers=given.answers[:0], confidence=given.confidence[:0])
    out = rule.decide(none, rule.start(None))
    assert len(out.answer) == len(out.confidence) == len(out.agreement) == len(out.rounds) == 0


@pytest.mark.parametrize(("name", "discrete"), BOTH)
def test_fifty_thousand_agents_need_no_matrix_of_all_pairs(name, discrete):
    rng = np.random.default_rng(15)
    n = 50_000
    nets = neighbors_of(n, expander(n, 4, rng))
    now = votes(rng, 1, n)[0] if discrete else points(rng, 1, n)[0]
    given = ballots(now, OPTIONS if discrete else 0, np.full((1, n), 0.6), nets, rng.random(n))
    rule = VARIANTS[name]
    memory = rule.start(None)
    tracemalloc.start()
    out = rule.decide(given, memory)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100e6
    assert not none_of(out.answer)[0]


def test_ballots_that_do_not_fit_together_are_refused():
    with pytest.raises(ConfigError, match=r"ballots.answers = \(0, 5\), but it must be from -1 to 2"):
        ballots(np.array([[0, 5]]), 3)
    with pytest.raises(ConfigError, match=r"ballots.answers.ndim = 2"):
        ballots(np.zeros((2, 3)))
    with pytest.raises(ConfigError, match=r"ballots.confidence.shape"):
        ballots(np.array([[0, 1]]), 2, np.zeros((1, 3)))
    with pytest.raises(ConfigError, match=r"ballots.neighbors offsets = 2, but it must be 3"):
        ballots(np.array([[0, 1]]), 2, neighbors=(np.zeros(2, np.int32), np.zeros(0, np.int32)))
    with pytest.raises(ConfigError, match=r"ballots.confidence = \[1.2\], but it must be in \[0, 1\]"):
        ballots(np.array([[0, 1]]), 2, np.array([[0.5, 1.2]]))
    stray = (np.array([0, 1, 1], np.int32), np.array([7], np.int32))
    with pytest.raises(ConfigError, match=r"ballots.neighbors members = unknown agents"):
        ballots(np.array([[0, 1]]), 2, neighbors=stray)
    history = History(np.array([[0, 1]]), np.full((1, 2), 0.5), np.array([0, 1]), 2)
    with pytest.raises(ConfigError, match=r"history.truth.shape"):
        Majority().start(history)


# Counting heads


def test_majority_gives_a_tie_to_the_voter_listed_first():
    given = ballots(np.array([[1, 0], [0, 1], [-1, 1], [2, 1], [2, 2]]), 3)
    out = Majority().decide(given, Majority().start(None))
    assert out.answer.tolist() == [1, 0, 1, 2, 2]
    assert out.confidence.tolist() == [0.5, 0.5, 1.0, 0.5, 1.0]


def test_majority_takes_the_most_votes_whatever_their_share():
    out = Majority().decide(ballots(np.array([[0, 1, 2, 3, 3]]), 4), Majority().start(None))
    assert out.answer.tolist() == [3]


def test_majority_with_a_history_is_as_sure_as_bayes_rule_where_errors_are_independent():
    """With 2,000 past questions confidence lies within .05 of the posterior from the true competence."""
    rng = np.random.default_rng(16)
    past, so, sure = votes(rng, 2000, 9, 0.5, silent=0)
    now, _, _ = votes(rng, 200, 9, 0.5, silent=0)
    out = Majority().decide(ballots(now, OPTIONS), Majority().start(History(past, sure, so, OPTIONS)))
    counts = (now[:, :, None] == np.arange(OPTIONS)).sum(axis=1)
    odds = (0.5 / (0.5 / 3)) ** counts
    posterior = odds[np.arange(200), out.answer] / odds.sum(axis=1)
    np.testing.assert_allclose(out.confidence, posterior, atol=0.05)


def test_similarity_abstains_at_a_tie_and_below_its_quorum():
    given = ballots(np.array([[1, 0, -1], [0, 1, 1], [0, 1, 2]]), 3)
    assert Similarity().decide(given, Similarity().start(None)).answer.tolist() == [-1, 1, -1]
    strict = Similarity(quorum=0.7)
    assert strict.decide(given, strict.start(None)).answer.tolist() == [-1, -1, -1]


# Weights


def test_weighted_votes_by_log_odds():
    """Two experts of .9 outvote three agents of .6: the weights of Nitzan and Paroush."""
    p = np.array([0.9, 0.9, 0.6, 0.6, 0.6])
    rng = np.random.default_rng(17)
    past, so, sure = votes(rng, 4000, 5, p, silent=0, options=2)
    memory = Weighted().start(History(past, sure, so, 2))
    np.testing.assert_allclose(memory.agents, np.log(p / (1 - p)), atol=0.15)
    given = ballots(np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0]]), 2)
    out = Weighted().decide(given, memory)
    assert out.answer.tolist() == [1, 0]
    assert Majority().decide(given, Majority().start(None)).answer.tolist() == [0, 0]


def test_weighted_counts_an_agent_that_is_worse_than_guessing_against_its_own_word():
    rng = np.random.default_rng(18)
    past, so, sure = votes(rng, 400, 3, np.array([0.1, 0.55, 0.55]), silent=0, options=2)
    out = Weighted().decide(ballots(np.array([[1, 1, 0]]), 2), Weighted().start(History(past, sure, so, 2)))
    assert out.answer.tolist() == [0]
    assert out.support[0, 0] < 0


def test_weights_for_a_past_question_never_come_from_its_own_fold():
    """An agent right on one fold alone is, on that fold, weighed as one that is always wrong."""
    truth = np.zeros(50, np.int64)
    lucky = np.where(np.arange(50) % 5 == 0, 0, 1)[:, None]
    own = cross_fitted(np.concatenate([lucky, np.ones((50, 1), np.int64)], axis=1), truth, 2, 1.0)
    assert (own[::5, 0] < 0.05).all()
    assert (own[1::5, 0] > 0.2).all()


def test_prior_odds_decide_where_votes_do_not():
    rng = np.random.default_rng(19)
    past, so, sure = votes(rng, 300, 3, 0.6, silent=0, options=2)
    rare = so == 1
    kept = ~rare | (rng.random(300) < 0.05)
    history = History(past[kept], sure[kept], so[kept], 2)
    given = ballots(np.array([[1, 1, 0]]), 2)
    learned, plain = Weighted(learn_prior=True), Weighted()
    assert plain.decide(given, plain.start(history)).answer.tolist() == [1]
    assert learned.decide(given, learned.start(history)).answer.tolist() == [0]


def test_weighted_points_are_weighed_by_precision():
    rng = np.random.default_rng(20)
    sigma = np.array([0.5, 1.0, 2.0])
    past, so = points(rng, 3000, 3, silent=0, sigma=sigma)
    rule = Weighted()
    memory = rule.start(History(past, np.full((3000, 3), np.nan), so, 0))
    out = rule.decide(ballots(past[:1]), memory)
    np.testing.assert_allclose(out.support[0], sigma**-2 / (sigma**-2).sum(), atol=0.02)


def test_without_history_all_weigh_alike_unless_competence_is_read_off_the_ballots():
    rng = np.random.default_rng(21)
    p = np.concatenate([np.full(3, 0.95), np.full(8, 0.52)])
    now, truth, _ = votes(rng, 400, 11, p, silent=0.1, options=2)
    plain, seeing = Weighted(), Weighted(without_truth=True)
    one = plain.decide(ballots(now, 2), plain.start(None))
    two = seeing.decide(ballots(now, 2), seeing.start(None))
    head = Majority().decide(ballots(now, 2), Majority().start(None))
    np.testing.assert_array_equal(one.answer, head.answer)
    assert accuracy(two.answer, truth) > accuracy(one.answer, truth) + 0.05


def test_dawid_and_skene_find_truth_and_competence_without_being_told():
    rng = np.random.default_rng(22)
    p = np.linspace(0.5, 0.95, 10)
    now, truth, _ = votes(rng, 1000, 10, p, silent=0.2, options=3)
    found = dawid_skene(now, 3)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.97
    np.testing.assert_allclose(found.accuracy, p, atol=0.06)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1.0)


def test_running_accuracy_is_shrunk_and_adds_up():
    first, then = np.array([[0, 1], [1, -1]]), np.array([[0, 0]])
    truth = np.array([0, 1])
    both = Competence.of(first, truth, 2).and_also(then, np.array([0]))
    whole = Competence.of(np.concatenate([first, then]), np.array([0, 1, 0]), 2)
    np.testing.assert_array_equal(both.right, whole.right)
    np.testing.assert_array_equal(both.answered, [3, 2])
    assert both.pooled() == pytest.approx(5 / 7)
    assert vote_weights(np.array([0.25, 1.0]), 4)[0] == pytest.approx(0.0)
    assert np.isfinite(vote_weights(np.array([0.0, 1.0]), 4)).all()


# Confidence


def test_of_two_voters_the_surer_one_is_followed():
    given = ballots(np.array([[0, 1], [0, 1], [2, 1]]), 3, np.array([[0.6, 0.7], [0.8, 0.7], [0.2, 0.1]]))
    raw = Confidence(calibration="none")
    assert raw.decide(given, raw.start(None)).answer.tolist() == [1, 0, 2]


def test_who_states_no_confidence_counts_as_the_mean_of_the_others():
    raw = Confidence(calibration="none")
    given = ballots(np.array([[0, 1, 1], [0, 1, 1]]), 2, np.array([[0.9, 0.7, np.nan], [np.nan] * 3]))
    out = raw.decide(given, raw.start(None))
    assert out.support[0, 2] == pytest.approx(out.support[0, :2].mean())
    np.testing.assert_allclose(out.support[1], 1 / 3)


@pytest.mark.parametrize("calibration", ["platt", "isotonic"])
def test_calibration_turns_boasting_into_frequency(calibration):
    """Agents whose log-odds are three times too large; Brier score and calibration error fall."""
    rng = np.random.default_rng(23)
    chance = rng.uniform(0.5, 0.95, (2400, 5))
    answers = (rng.random((2400, 5)) >= chance).astype(np.int64)
    said = 1 / (1 + np.exp(-3 * log_odds(chance)))
    rule = Confidence(calibration=calibration)
    memory = rule.start(History(answers[:1200], said[:1200], np.zeros(1200, np.int64), 2))
    mended = calibrated(said[1200:], memory)
    hit = (answers[1200:] == 0).astype(np.float64)
    assert calibration_error(said[1200:], hit) > 0.12
    assert calibration_error(mended, hit) < 0.03
    assert brier(mended, hit) < brier(said[1200:], hit) - 0.02
    assert np.abs(mended - chance[1200:]).mean() < 0.04


def test_platts_line_is_found_again():
    rng = np.random.default_rng(24)
    x = rng.normal(0, 1.5, (20_000, 2))
    true = np.array([0.4, 1.7]), np.array([-0.3, 0.5])
    y = (rng.random(x.shape) < 1 / (1 + np.exp(-(true[0] * x + true[1])))).astype(np.float64)
    slope, intercept = platt(x, y, np.ones(x.shape, bool))
    np.testing.assert_allclose(slope, true[0], atol=0.08)
    np.testing.assert_allclose(intercept, true[1], atol=0.08)
    apart = platt(np.array([[-1.0], [1.0]]), np.array([[0.0], [1.0]]), np.ones((2, 1), bool))
    assert np.isfinite(apart).all()


def test_the_isotonic_curve_rises_and_stays_off_certainty():
    rng = np.random.default_rng(25)
    x = rng.normal(size=500)
    stated, found = isotonic(x, (rng.random(500) < 1 / (1 + np.exp(-x))).astype(np.float64))
    assert (np.diff(found) >= 0).all()
    assert (np.diff(stated) > 0).all()
    assert np.abs(found).max() < 7


# Quorum


def test_the_quorum_is_learned_where_right_and_wrong_leaders_part():
    """25 voters, .7 of them positive where yes is right and .4 where it is not: 14 votes are best."""
    rng = np.random.default_rng(26)
    truth = rng.integers(2, size=20_000)
    answers = (rng.random((20_000, 25)) < np.where(truth == 1, 0.7, 0.4)[:, None]).astype(np.int64)
    rule = Quorum(default=0)
    memory = rule.start(History(answers, np.full(answers.shape, np.nan), truth, 2))
    assert 13 / 25 < memory.share <= 14 / 25
    out = rule.decide(ballots(answers, 2), memory)
    reached = np.array_split(out.answer[truth == 1] == 1, 20)
    agrees([part.mean() for part in reached], 0.9557535026)
    assert (out.answer[truth == 0] == 1).mean() == pytest.approx(0.0778, abs=0.011)


def test_below_the_quorum_it_abstains_or_what_stands_by_default_is_decided():
    given = ballots(np.array([[1, 1, 1, 0, 2], [1, 1, 0, 0, 2], [0, 0, 0, 0, 0]]), 3)
    strict, standing = Quorum(share=0.6), Quorum(share=0.6, default=0)
    assert strict.decide(given, strict.start(None)).answer.tolist() == [1, -1, 0]
    assert standing.decide(given, standing.start(None)).answer.tolist() == [1, 0, 0]
    with pytest.raises(ConfigError, match=r"consensus.default = 5, but it must be below 3"):
        Quorum(default=5).decide(given, Quorum(default=5).start(None))


def test_a_past_without_wrong_leaders_teaches_no_quorum():
    history = History(np.array([[0, 0], [1, 1]]), np.full((2, 2), np.nan), np.array([0, 1]), 2)
    assert Quorum(share=0.8).start(history).share == 0.8


# Points


def test_medoid_and_median_withstand_what_carries_the_mean_away():
    """Two fifths of the answers at a distance of a million."""
    rng = np.random.default_rng(27)
    now = rng.normal(size=(20, 15, 3))
    now[:, :6] += 1e6
    given = np.ones((20, 15), bool)
    middle, _ = geometric_median(now, given)
    assert np.linalg.norm(middle, axis=1).max() < 6
    assert (medoid(now, given) >= 6).all()
    assert (medoid_of_cluster(now, given, 0.3) >= 6).all()
    assert np.linalg.norm(now.mean(axis=1), axis=1).min() > 1e5


def test_the_geometric_median_has_the_smallest_sum_of_distances():
    rng = np.random.default_rng(28)
    now = rng.normal(size=(10, 21, 2))
    middle, shares = geometric_median(now, np.ones((10, 21), bool))
    total = np.linalg.norm(now - middle[:, None], axis=2).sum(axis=1)
    for step in itertools.product((-0.01, 0.01), repeat=2):
        assert (np.linalg.norm(now - (middle + step)[:, None], axis=2).sum(axis=1) > total).all()
    np.testing.assert_allclose((shares[:, :, None] * now).sum(axis=1), middle, atol=1e-5)


def test_the_medoid_is_the_one_that_a_slow_search_finds():
    rng = np.random.default_rng(29)
    now = rng.normal(size=(10, 40, 3))
    given = rng.random((10, 40)) < 0.8
    for t, found in enumerate(medoid(now, given)):
        who = np.nonzero(given[t])[0]
        sums = [np.linalg.norm(now[t, i] - now[t, who], axis=1).sum() for i in who]
        assert found == who[int(np.argmin(sums))]


def test_medoids_in_blocks_are_as_central_as_the_medoid_of_all():
    rng = np.random.default_rng(30)
    now = rng.normal(size=(3, 3000, 4))
    given = np.ones((3, 3000), bool)
    for t, found in enumerate(medoid(now, given)):
        sums = np.array([np.linalg.norm(now[t, i] - now[t], axis=1).sum() for i in range(0, 3000, 7)])
        assert np.linalg.norm(now[t, found] - now[t], axis=1).sum() < np.quantile(sums, 0.02)


def test_the_cluster_rule_finds_the_dense_group_and_abstains_without_one():
    rng = np.random.default_rng(31)
    near = rng.normal(0, 0.1, (1, 12, 2))
    far = rng.uniform(-50, 50, (1, 18, 2))
    rule = Similarity(method="cluster", quorum=0.3)
    now = np.concatenate([far, near], axis=1)
    out = rule.decide(ballots(now), rule.start(None))
    assert np.linalg.norm(out.answer[0]) < 0.3
    assert out.support[0, 18:].sum() == 1
    split = np.concatenate([near, near + 100], axis=1)
    strict = Similarity(method="cluster", quorum=0.6)
    assert np.isnan(strict.decide(ballots(split), strict.start(None)).answer).all()
    many = np.concatenate([rng.normal(0, 1, (1, 900, 2)), rng.normal(300, 1, (1, 1100, 2))], axis=1)
    many = many[:, rng.permutation(2000)]
    assert np.linalg.norm(rule.decide(ballots(many), rule.start(None)).answer[0] - 300) < 3


# Discussion


def test_degroot_ends_at_the_degree_weighted_mean_and_metropolis_at_the_plain_one():
    rng = np.random.default_rng(32)
    links = np.array([[0, i] for i in range(1, 8)])
    nets = neighbors_of(8, links)
    now = rng.normal(size=(4, 8, 2))
    degree = np.diff(nets[0]) + 1.0
    long = {"tolerance": 1e-9, "rounds": 5000}
    equal, plain = DeGroot(**long), DeGroot(weights="metropolis", **long)
    out = equal.decide(ballots(now, neighbors=nets), equal.start(None))
    np.testing.assert_allclose(out.answer, np.einsum("i,tid->td", degree / degree.sum(), now), atol=1e-7)
    np.testing.assert_allclose(out.support[0], degree / degree.sum(), atol=1e-7)
    out = plain.decide(ballots(now, neighbors=nets), plain.start(None))
    np.testing.assert_allclose(out.answer, now.mean(axis=1), atol=1e-7)


def test_everybody_hearing_everybody_needs_one_round():
    rng = np.random.default_rng(33)
    out = DeGroot().decide(ballots(rng.normal(size=(3, 9, 2))), DeGroot().start(None))
    assert out.rounds.tolist() == [1, 1, 1]


def test_rounds_end_where_parts_of_a_broken_network_agree_within_themselves():
    links = np.array([[0, 1], [1, 2], [3, 4]])
    given = ballots(np.array([[0, 0, 1, 1, 1]]), 2, neighbors=neighbors_of(5, links))
    out = DeGroot().decide(given, DeGroot().start(None))
    assert out.rounds[0] < 40
    assert out.answer.tolist() == [0]


def test_rounds_are_bounded_and_the_views_of_then_count():
    n = 400
    ring = neighbors_of(n, np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1))
    now = (np.arange(n) >= 150).astype(np.int64)[None, :]
    out = DeGroot(rounds=5).decide(ballots(now, 2, neighbors=ring), DeGroot().start(None))
    assert out.rounds.tolist() == [5]
    assert out.answer.tolist() == [1]


def test_who_does_not_conform_keeps_its_view():
    rng = np.random.default_rng(34)
    now = rng.integers(3, size=(30, 9))
    stubborn = ballots(now, 3, conformity=np.zeros(9))
    rule = FriedkinJohnsen()
    head = Majority().decide(ballots(now, 3), Majority().start(None))
    np.testing.assert_array_equal(rule.decide(stubborn, rule.start(None)).answer, head.answer)
    np.testing.assert_allclose(rule.decide(stubborn, rule.start(None)).support, 1 / 9)


def test_an_agent_without_a_view_passes_on_what_it_hears():
    chain = neighbors_of(3, np.array([[0, 1], [1, 2]]))
    given = ballots(np.array([[0, -1, 0]]), 2, neighbors=chain)
    for rule in (DeGroot(), FriedkinJohnsen()):
        out = rule.decide(given, rule.start(None))
        assert out.answer.tolist() == [0]
        assert out.support[0, 1] == 0


# What is measured beside


def test_agreement_is_zero_by_chance_and_one_where_all_say_the_same():
    """Agents with habits, which guess: chance corrected by the past, not by even guessing, gives 0."""
    rng = np.random.default_rng(35)
    habits = (rng.random((4000, 12)) < 0.2).astype(np.int64)
    chance = chance_of(History(habits[:2000], np.full((2000, 12), np.nan), habits[:2000, 0], 2))
    assert chance.similarity == pytest.approx(0.8**2 + 0.2**2, abs=0.01)
    raw = agreement(ballots(habits[2000:], 2), chance_of(None))
    assert raw.mean() > 0.35  # even guessing takes habits for agreement
    corrected = (0.5 + raw / 2 - chance.similarity) / (1 - chance.similarity)
    assert abs(corrected.mean()) < 0.02
    same_all = ballots(np.zeros((1, 12), np.int64), 2)
    assert agreement(same_all, chance)[0] == 1


def test_agreement_on_points_rises_as_answers_draw_together():
    history, _, truth = panel(False, 36)
    chance = chance_of(history)
    rng = np.random.default_rng(36)
    shape = (12, 15, 3)
    by_spread = [
        agreement(ballots(truth[:, None] + s * rng.normal(size=shape)), chance).mean()
        for s in (3, 1, 0.3, 0.01)
    ]
    assert by_spread == sorted(by_spread)
    assert by_spread[0] < 0.5
    assert by_spread[-1] > 0.99
    alone = agreement(ballots(rng.normal(size=(1, 15, 3))), chance_of(None))
    assert np.isnan(alone[0])


def test_agreement_of_many_on_points_is_that_of_all_pairs_within_two_hundredths():
    rng = np.random.default_rng(37)
    now = rng.normal(size=(2, 800, 2))
    chance = chance_of(History(rng.normal(0, 3, (50, 800, 2)), np.empty((50, 800)), np.empty((50, 2)), 0))
    squares = ((now[:, :, None] - now[:, None]) ** 2).sum(axis=3)
    off = ~np.eye(800, dtype=bool)
    s = np.exp(-squares / (2 * chance.width**2))[:, off].mean(axis=1)
    slow = (s - chance.similarity) / (1 - chance.similarity)
    np.testing.assert_allclose(agreement(ballots(now), chance), slow, atol=0.02)


def test_agreement_beyond_chance_has_a_null_that_is_the_closed_form_and_fair_p_values():
    rng = np.random.default_rng(38)
    now, _, _ = votes(rng, 40, 6, 0.6, silent=0.1)
    found = agreement_beyond_chance(ballots(now, OPTIONS), rng, 99)
    assert found.p == 0.01
    assert found.null == pytest.approx(chance_of(ballots(now, OPTIONS)).similarity, abs=0.02)
    ps = [agreement_beyond_chance(ballots(rng.integers(3, size=(20, 4)), 3), rng, 39).p for _ in range(200)]
    assert 0.01 <= np.mean(np.array(ps) <= 0.05) <= 0.11
    assert np.mean(ps) == pytest.approx(0.5, abs=0.1)
    near = agreement_beyond_chance(ballots(points(rng, 20, 6, silent=0.1)[0]), rng, 99)
    assert near.p == 0.01
    assert near.excess > 0.2


@pytest.mark.parametrize("correlation", [0.05, 0.2, 0.5])
def test_correlation_of_errors_is_estimated_without_bias(correlation):
    found = []
    for seed in range(40):
        rng = np.random.default_rng([39, seed])
        now, truth, _ = votes(rng, 4000, 15, 0.6, silent=0.2, correlation=correlation)
        found.append(error_correlation(now, truth, OPTIONS))
    agrees(found, correlation, checks=3)


def test_independent_errors_have_no_correlation_and_points_are_served_too():
    rng = np.random.default_rng(40)
    now, truth, _ = votes(rng, 4000, 15, 0.6)
    assert abs(error_correlation(now, truth, OPTIONS)) < 0.01
    shared = rng.normal(size=(4000, 1, 2))
    together = shared + rng.normal(size=(4000, 10, 2))
    assert error_correlation(together, np.zeros((4000, 2)), 0) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(intraclass(np.ones((5, 3))))
    assert effective_voters(50_000, 0.1) == pytest.approx(10.0, abs=0.005)


def test_the_plain_measures_say_what_they_mean():
    answer, truth = np.array([0, 1, -1, 1]), np.array([0, 1, 1, 0])
    assert accuracy(answer, truth) == pytest.approx(2 / 3)
    assert abstention(answer) == 0.25
    assert abstention(np.array([[np.nan, 0], [1, 1]])) == 0.5
    hit = right(answer, truth)
    assert brier(np.array([1.0, 0.5, 0.3, 0.0]), hit) == pytest.approx(0.25 / 3)
    assert calibration_error(np.array([1.0, 0.5, 0.3, 0.0]), hit) == pytest.approx(0.5 / 3)
    assert np.isnan(accuracy(np.array([-1]), np.array([0])))


def test_the_crowds_error_is_the_mean_error_less_the_diversity():
    """Page's identity, to 1e-12."""
    rng = np.random.default_rng(41)
    now, truth = points(rng, 50, 20, silent=0.1)
    found = crowd_wisdom(now, truth)
    assert found.crowd == pytest.approx(found.mean - found.diversity, abs=1e-12)
    full = rng.normal(size=(50, 20, 3))
    direct = ((full.mean(axis=1) - truth) ** 2).sum(axis=1).mean()
    assert crowd_wisdom(full, truth).crowd == pytest.approx(direct, rel=1e-12)
