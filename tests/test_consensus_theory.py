"""Rules against theory: closed forms to their digits, simulations within standard errors, each with a biased twin.

The numbers of the tests are those of the literature named in ``swarmscale/agents/consensus/theory.py``.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from swarmscale.agents.consensus import (
    Confidence,
    DeGroot,
    FriedkinJohnsen,
    History,
    Majority,
    Similarity,
    Weighted,
    ballots,
)
from swarmscale.agents.consensus.central import geometric_median, medoid
from swarmscale.agents.consensus.listening import settle, trust_of
from swarmscale.agents.consensus.measures import calibration_error, crowd_wisdom, effective_voters
from swarmscale.agents.consensus.theory import (
    best_quorum,
    best_vote,
    byzantine_faults,
    cascade,
    condorcet,
    correlated_limit,
    correlated_majority,
    crash_quorum,
    ideal_detection,
    plurality,
    quorum_rates,
    quorum_response,
    shared_confidence,
    weighted_vote,
    weighted_vote_normal,
)
from swarmscale.agents.topology.spectral import expander, neighbors_of

from .flow_support import agrees, limit, z_of

RUNS = 20


def runs(name, measure):
    """Twenty independent values of a measure."""
    seed = int.from_bytes(name.encode()[:8], "little")
    return [measure(np.random.default_rng([seed, k])) for k in range(RUNS)]


def decide(rule, given):
    return rule.decide(given, rule.start(None))


# Juries


@pytest.mark.parametrize(
    ("n", "p", "value"), [(3, 0.6, 0.64800), (11, 0.6, 0.75350), (101, 0.55, 0.84376), (1001, 0.52, 0.89731)]
)
def test_a_majority_is_right_as_often_as_condorcet_says(n, p, value):
    assert condorcet(n, p) == pytest.approx(value, abs=5e-6)

    def measure(rng):
        return (decide(Majority(), ballots((rng.random((1000, n)) < p) * 1, 2)).answer == 1).mean()

    agrees(runs(f"c{n}", measure), condorcet(n, p), checks=4)


def test_condorcets_jury_of_three_to_nine_digits():
    assert condorcet(3, 0.6) == pytest.approx(0.6**3 + 3 * 0.6**2 * 0.4, abs=1e-12)
    assert condorcet(2, 0.7) == pytest.approx(0.7, abs=1e-12)


@pytest.mark.parametrize(
    ("p", "weighted", "majority"),
    [
        ((0.9, 0.9, 0.6, 0.6, 0.6), 0.92664, 0.87696),
        ((0.9, 0.6, 0.6, 0.6, 0.6), 0.9, 0.78624),
        ((0.8, 0.7, 0.6), 0.8, 0.788),
        ((0.95, 0.6, 0.6, 0.6, 0.6), 0.95, 0.80352),
    ],
)
def test_log_odds_weights_reach_what_nitzan_and_paroush_compute(p, weighted, majority):
    """Exactly by enumeration, and the rule with weights learned from 2,000 questions comes as near as they let it."""
    p = np.array(p)
    assert best_vote(p) == pytest.approx(weighted, abs=1e-9)
    assert weighted_vote(p, np.ones(len(p))) == pytest.approx(majority, abs=1e-9)

    def measure(rng):
        past, now = rng.random((2, 2000, len(p))) < p
        history = History(past * 1, np.full(past.shape, np.nan), np.ones(2000, np.int64), 2)
        rule = Weighted()
        memory = rule.start(history)
        exact = weighted_vote(p, memory.agents)
        return (rule.decide(ballots(now * 1, 2), memory).answer == 1).mean() / exact

    agrees(runs(f"np{p}", measure), 1.0, checks=4)


def test_no_weights_beat_the_log_odds():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 0.95, 7)
    assert all(weighted_vote(p, w) <= best_vote(p) + 1e-12 for w in rng.normal(1, 1, (200, 7)))


def test_the_normal_law_of_weighted_votes_is_near_the_exact_one():
    p = np.random.default_rng(2).uniform(0.5, 0.7, 20)
    w = np.log(p / (1 - p))
    assert weighted_vote_normal(p, w) == pytest.approx(weighted_vote(p, w), abs=0.004)


@pytest.mark.parametrize(
    ("n", "correlation", "value"),
    [(101, 0.0, 0.9791), (101, 0.05, 0.7950), (101, 0.2, 0.6698), (10_001, 0.05, 0.8143)],
)
def test_correlated_votes_are_worth_little_however_many(n, correlation, value):
    assert correlated_majority(n, 0.6, correlation) == pytest.approx(value, abs=5e-5)
    if n > 1000:
        assert correlated_majority(n, 0.6, correlation) < correlated_limit(0.6, correlation) < 0.8146
        return

    def measure(rng):
        size = 1 / correlation - 1 if correlation else np.inf
        p = rng.beta(0.6 * size, 0.4 * size, (3000, 1)) if correlation else 0.6
        return (decide(Majority(), ballots((rng.random((3000, n)) < p) * 1, 2)).answer == 1).mean()

    agrees(runs(f"r{correlation}", measure), correlated_majority(n, 0.6, correlation), checks=3)


def test_fifty_thousand_voters_with_errors_correlated_by_a_tenth_are_worth_ten():
    assert effective_voters(50_000, 0.1) == pytest.approx(9.998, abs=5e-4)


@pytest.mark.parametrize(("q", "value"), [(0.55, 0.5664), (0.6, 0.6316), (0.7, 0.7532), (0.9, 0.9396)])
def test_cascades_end_where_bikhchandani_hirshleifer_and_welch_say(q, value):
    """Agents one after another, by counting: a lead of two decides all that follow; at even odds a coin."""
    assert cascade(q) == pytest.approx(value, abs=5e-5)

    def measure(rng):
        lead = np.zeros(20_000, np.int64)
        for _ in range(200):
            signal = np.where(rng.random(len(lead)) < q, 1, -1)
            coin = np.where(rng.random(len(lead)) < 0.5, 1, -1)
            own = lead + signal
            choice = np.where(np.abs(lead) >= 2, 0, np.where(own == 0, coin, np.sign(own)))
            lead = lead + choice
        return (lead > 0).mean()

    agrees(runs(f"bhw{q}", measure), cascade(q), checks=4)


@pytest.mark.parametrize(("options", "value"), [(2, 0.017), (5, 0.601), (10, 0.873), (100, 0.992)])
def test_plurality_helps_where_wrong_answers_disagree(options, value):
    """25 agents right with .3: the published values are simulated, hence .002; ours and the rule's agree."""
    assert plurality(25, 0.3, options) == pytest.approx(value, abs=0.002)

    def measure(rng):
        hit = rng.random((8000, 25)) < 0.3
        answers = np.where(hit, 0, rng.integers(1, options, hit.shape))
        out = decide(Majority(), ballots(answers, options)).answer
        return (out == 0).mean()

    many = [
        np.mean([measure(np.random.default_rng([3, options, k, j])) for j in range(5)]) for k in range(RUNS)
    ]
    agrees(many, plurality(25, 0.3, options), checks=4)


def test_plurality_agrees_with_going_through_all_ballots():
    total = 0.0
    for answers in itertools.product(range(3), repeat=5):
        counts = np.bincount(answers, minlength=3)
        chance = 0.5 ** counts[0] * 0.25 ** (counts[1] + counts[2])
        total += chance * (counts[0] == counts.max()) / (counts == counts.max()).sum()
    assert plurality(5, 0.5, 3) == pytest.approx(total, abs=1e-12)


# Confidence


def detections(rng, trials, n, boast=0.0):
    """Answers, truth, confidences and d' of observers with d' ~ N(1, .3); boasting multiplies log-odds."""
    sensitivity = rng.normal(1, 0.3, (trials, n))
    truth = rng.integers(2, size=trials)
    evidence = sensitivity * ((2 * truth - 1)[:, None] * sensitivity / 2 + rng.normal(size=(trials, n)))
    said = np.abs(evidence) * np.exp(boast * rng.normal(size=(trials, n)))
    answers = (evidence > 0).astype(np.int64)
    # an observer whose d' is below 0 is as sure of the right side: the evidence has the sign with it
    return answers, truth, expit(said), sensitivity


TABLE = {  # n: individual, majority, max-conf, CWMV, ideal; with miscalibration max-conf, CWMV
    2: (0.689, 0.690, 0.762, 0.762, 0.763, 0.740, 0.740),
    5: (0.687, 0.821, 0.848, 0.875, 0.874, 0.791, 0.822),
    25: (0.690, 0.976, 0.941, 0.995, 0.995, 0.849, 0.961),
}


def log_odds_vote(answers, confidence):
    """The confidence-weighted vote as it is written down, without the rule's bound on certainty."""
    weight = logit(np.minimum(confidence, 1 - 1e-15))
    return (np.where(answers == 1, weight, -weight).sum(axis=1) > 0).astype(np.int64)


def surest(answers, confidence):
    return answers[np.arange(len(answers)), confidence.argmax(axis=1)]


@pytest.mark.parametrize("n", TABLE)
def test_the_table_of_confidence_votes_is_found_again(n):
    """Each entry of the published simulation within .006; a bias of 5 % would move every one by more than that."""
    rng = np.random.default_rng(4)
    trials = 100_000
    answers, truth, said, sensitivity = detections(rng, trials, n)
    raw = Confidence(calibration="none")
    boasted = detections(rng, trials, n, boast=1.0)
    found = (
        (answers == truth[:, None]).mean(),
        (decide(Majority(), ballots(answers, 2)).answer == truth).mean(),
        (surest(answers, said) == truth).mean(),
        (decide(raw, ballots(answers, 2, said)).answer == truth).mean(),
        ideal_detection(sensitivity).mean(),
        (surest(boasted[0], boasted[2]) == boasted[1]).mean(),
        (log_odds_vote(boasted[0], boasted[2]) == boasted[1]).mean(),
    )
    np.testing.assert_allclose(found, TABLE[n], atol=0.006)
    assert (np.abs(1.05 * np.array(found) - TABLE[n]) > 0.006).all()


@pytest.mark.parametrize("n", TABLE)
def test_calibrated_confidence_votes_reach_the_ideal_of_signal_detection(n):
    def measure(rng):
        answers, truth, said, sensitivity = detections(rng, 4000, n)
        raw = Confidence(calibration="none")
        hit = decide(raw, ballots(answers, 2, said)).answer == truth
        return hit.mean() / ideal_detection(sensitivity).mean()

    agrees(runs(f"cwmv{n}", measure), 1.0, checks=3)


def test_ideal_detection_of_one_and_two_observers():
    assert ideal_detection(np.array([1.0])) == pytest.approx(norm.cdf(0.5), abs=1e-12)
    assert ideal_detection(np.array([0.6, 0.8])) == pytest.approx(norm.cdf(0.5), abs=1e-12)


def test_two_who_share_confidence_beat_the_better_one_only_if_they_are_alike():
    """Bahrami 2010: the pair's slope is ``(s1 + s2) / sqrt 2``; equal ones reach the ideal ``sqrt(s1**2 + s2**2)``."""
    assert shared_confidence(1.0, 1.0) == pytest.approx(np.sqrt(2), abs=1e-12)
    for other in (0.2, 0.4, 0.42, 0.8):
        pair, ideal = shared_confidence(1.0, other), np.hypot(1.0, other)
        assert (pair > 1) == (other > np.sqrt(2) - 1)
        assert pair <= ideal

    def measure(rng):
        """Observers of equal d' = 1 whose confidence is how far they are from the criterion."""
        x = rng.normal(0.5, 1.0, (4000, 2))
        given = ballots((x > 0) * 1, 2, expit(np.abs(x)))
        return (decide(Confidence(calibration="none"), given).answer == 1).mean()

    agrees(runs("wcs", measure), norm.cdf(shared_confidence(0.5, 0.5)))


def boasting_groups(rng, groups, n, questions):
    """Groups whose members each overstate or understate by a factor of their own; accuracy by rule."""
    rows = []
    for _ in range(groups):
        sensitivity, factor = rng.normal(1, 0.3, n), np.exp(rng.normal(0, 1, n))
        truth = rng.integers(2, size=2 * questions)
        x = (2 * truth - 1)[:, None] * sensitivity / 2 + rng.normal(size=(2 * questions, n))
        evidence = sensitivity * x
        answers, said = (evidence > 0).astype(np.int64), expit(np.abs(evidence) * factor)
        history = History(answers[:questions], said[:questions], truth[:questions], 2)
        given, so = ballots(answers[questions:], 2, said[questions:]), truth[questions:]
        raw, mended = Confidence(calibration="none"), Confidence()
        rows.append(
            (
                (decide(Majority(), given).answer == so).mean(),
                (decide(raw, given).answer == so).mean(),
                (log_odds_vote(given.answers, given.confidence) == so).mean(),
                (mended.decide(given, mended.start(history)).answer == so).mean(),
                ideal_detection(sensitivity),
            )
        )
    return np.array(rows)


def test_bad_calibration_costs_the_vote_its_advantage_and_calibration_gives_it_back():
    """Five members: with raw confidences no better than a majority; calibrated on 200 questions near the ideal.

    Twenty-five members: raw ones are worse than a majority by far.
    """
    for n, groups in ((5, 400), (25, 100)):
        rows = boasting_groups(np.random.default_rng(5), groups, n, 200)
        majority, _, raw, mended, ideal = rows.T
        assert z_of(raw - majority, 0.0) < 3.0
        assert z_of(mended - raw, 0.0) > 6.0
        assert z_of(mended - majority, 0.0) > 6.0
        assert (ideal - mended).mean() < 0.012
        if n == 25:
            assert z_of(raw - majority, 0.0) < -4.0


# Similarity


def test_medoid_and_median_bear_bad_outputs_and_the_mean_does_not():
    """15 outputs in 8 dimensions, good ones with sigma .5, bad ones with 3 more; the published distances within .06."""
    published = {0.9: (0.88, 0.72, 0.48, 2.06), 0.6: (0.99, 1.38, 0.69, 4.17), 0.4: (1.12, 1.67, 1.00, 5.57)}
    for good, expected in published.items():
        rng = np.random.default_rng(6)
        bad = rng.random((2000, 15, 1)) >= good
        now = rng.normal(size=(2000, 15, 8)) * np.where(bad, 3.04, 0.5)
        given = np.ones((2000, 15), bool)
        rows = np.arange(2000)
        found = (
            np.linalg.norm(now[rows, medoid(now, given)], axis=1).mean(),
            np.linalg.norm(now.mean(axis=1), axis=1).mean(),
            np.linalg.norm(np.median(now, axis=1), axis=1).mean(),
            np.linalg.norm(now, axis=2).mean(),
        )
        np.testing.assert_allclose(found, expected, atol=0.06)
        middle = np.linalg.norm(geometric_median(now, given)[0], axis=1).mean()
        assert middle < found[1]
        assert middle < found[2] + 0.02


def test_breakdown_is_one_half_for_medoid_and_median_and_nought_for_the_mean():
    rng = np.random.default_rng(7)
    for bad in range(8):
        now = rng.normal(size=(50, 15, 2))
        now[:, :bad] += 1e9
        far = {
            m: np.abs(decide(Similarity(method=m), ballots(now)).answer).max() for m in ("median", "medoid")
        }
        assert max(far.values()) < 1e3, bad
        if bad:
            assert np.abs(decide(Weighted(), ballots(now)).answer).min() > 1e7
    now[:, :8] += 1e9
    assert np.abs(decide(Similarity(method="medoid"), ballots(now)).answer).min() > 1e7


# Discussion


def random_network(n, rng):
    links = expander(n, 4, rng)
    more = np.unique(np.sort(rng.integers(n, size=(n, 2)), axis=1), axis=0)
    return neighbors_of(n, np.unique(np.concatenate([links, more[more[:, 0] < more[:, 1]]]), axis=0))


def test_the_variance_of_degroots_limit_is_that_of_its_influences():
    """Var = sigma**2 * sum(pi**2), with pi the left eigenvector of W."""
    nets = random_network(50, np.random.default_rng(8))
    matrix = trust_of(50, nets, "equal").shares.toarray()
    values, vectors = np.linalg.eig(matrix.T)
    pi = np.real(vectors[:, np.argmax(np.real(values))])
    pi /= pi.sum()
    rule = DeGroot(tolerance=1e-6, rounds=1000)

    def measure(rng):
        given = ballots(rng.normal(size=(3000, 50, 1)), neighbors=nets)
        return (rule.decide(given, rule.start(None)).answer ** 2).mean()

    agrees(runs("degroot", measure), float((pi**2).sum()))
    out = rule.decide(ballots(np.eye(50)[None, :, :1], neighbors=nets), rule.start(None))
    np.testing.assert_allclose(out.support[0], pi, atol=1e-7)


def test_disagreement_in_degroots_model_shrinks_by_the_second_eigenvalue_each_round():
    nets = random_network(60, np.random.default_rng(9))
    trust = trust_of(60, nets, "equal")
    values, vectors = np.linalg.eig(trust.shares.toarray())
    second = np.sort(np.abs(values))[-2]
    slow = np.real(vectors[:, np.argsort(np.abs(values))[-2]])
    one = settle(slow[:, None], trust, None, 1e-12, 1).opinions[:, 0]
    assert np.linalg.norm(one) / np.linalg.norm(slow) == pytest.approx(second, abs=1e-9)


def test_crowds_are_wise_only_where_no_influence_lasts():
    """Golub and Jackson: on expanders the largest influence goes to 0 and so does the error; on stars neither."""
    error = {}
    for n in (30, 300, 3000):
        rng = np.random.default_rng(10)
        even = neighbors_of(n, expander(n, 4, rng))
        star = neighbors_of(n, np.stack([np.zeros(n - 1, np.int64), np.arange(1, n)], axis=1))
        for name, nets in (("even", even), ("star", star)):
            rule = DeGroot(tolerance=1e-5, rounds=2000)
            out = rule.decide(ballots(rng.normal(size=(400, n, 1)), neighbors=nets), rule.start(None))
            error[name, n] = (out.answer**2).mean(), out.support.max()
    assert error["even", 3000][1] < 0.001
    assert error["even", 3000][0] < 0.001
    assert error["star", 3000][1] > 0.3
    assert error["star", 3000][0] > 0.05
    assert error["even", 30][0] > 10 * error["even", 3000][0]


def test_friedkin_and_johnsens_rounds_end_at_the_closed_form():
    """``(I - C W)^-1 (I - C) x0`` to 1e-12."""
    rng = np.random.default_rng(11)
    n = 40
    nets, conformity = random_network(n, rng), rng.uniform(0, 0.9, n)
    trust = trust_of(n, nets, "equal")
    first = rng.normal(size=(n, 5))
    c = np.diag(conformity)
    closed = np.linalg.solve(np.eye(n) - c @ trust.shares.toarray(), (np.eye(n) - c) @ first)
    end = settle(first, trust, conformity, 1e-16, 2000)
    np.testing.assert_allclose(end.opinions, closed, atol=1e-12)
    np.testing.assert_allclose(end.weight @ first, closed.mean(axis=0), atol=1e-12)
    assert end.weight.sum() == pytest.approx(1.0, abs=1e-12)


def test_friedkin_johnsen_with_full_conformity_is_degroot():
    rng = np.random.default_rng(12)
    nets = random_network(30, rng)
    given = ballots(rng.normal(size=(3, 30, 2)), neighbors=nets, conformity=np.ones(30))
    a, b = (
        decide(FriedkinJohnsen(tolerance=1e-12, rounds=3000), given),
        decide(DeGroot(tolerance=1e-12, rounds=3000), given),
    )
    np.testing.assert_allclose(a.answer, b.answer, atol=1e-9)


# Quorum


@pytest.mark.parametrize(
    ("quorum", "reached", "alarmed", "j"),
    [(14, 0.956, 0.078, 0.878), (8, None, None, 0.154), (18, None, None, 0.511)],
)
def test_quorums_of_twenty_five(quorum, reached, alarmed, j):
    right, wrong = (float(x) for x in quorum_rates(25, np.array(quorum), 0.7, 0.4))
    assert right - wrong == pytest.approx(j, abs=5e-4)
    if reached is not None:
        assert right == pytest.approx(reached, abs=5e-4)
        assert wrong == pytest.approx(alarmed, abs=5e-4)

    def measure(rng):
        return ((rng.random((20_000, 25)) < 0.7).sum(axis=1) >= quorum).mean()

    agrees(runs(f"quorum{quorum}", measure), right, checks=3)


def test_the_best_quorum_lies_between_the_agents_own_rates():
    assert best_quorum(25, 0.7, 0.4) == 14
    for n, yes, no in ((25, 0.7, 0.4), (101, 0.6, 0.3), (50, 0.9, 0.5), (11, 0.3, 0.1)):
        assert no < best_quorum(n, yes, no) / n < yes + 1 / n


def test_the_quorum_response_is_a_half_at_its_threshold_and_steeper_with_k():
    x = np.array([0.0, 5.0, 10.0])
    np.testing.assert_allclose(quorum_response(x, 5.0, 1.0), [0, 1 / 2, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(quorum_response(x, 5.0, 4.0), [0, 1 / 2, 16 / 17], atol=1e-12)


def test_votes_that_outlast_crashes_and_lies():
    assert [crash_quorum(n) for n in (3, 4, 5)] == [2, 3, 3]
    assert [byzantine_faults(n) for n in (3, 4, 6, 7, 100)] == [0, 1, 1, 2, 33]
    for n in range(4, 60):
        f = byzantine_faults(n)
        assert n >= 3 * f + 1
        assert 2 * (n - f) - n >= f + 1  # two sets of n - f share an honest agent


# Page


def test_pages_identity_holds_for_any_crowd_to_rounding():
    rng = np.random.default_rng(13)
    found = crowd_wisdom(rng.normal(2, 3, (1, 50, 1)), np.zeros((1, 1)))
    assert found.crowd == pytest.approx(found.mean - found.diversity, abs=1e-13)
    biased = found.crowd * 1.05
    assert biased != pytest.approx(found.mean - found.diversity, abs=1e-13)


def test_a_check_that_is_blind_to_a_bias_of_five_percent_would_fail():
    with pytest.raises(AssertionError, match="blind"):
        agrees(np.random.default_rng(14).normal(1, 1, 20), 1.0)
    assert limit(20) > limit(1)


def test_calibration_error_of_ideal_observers_is_that_of_chance():
    rng = np.random.default_rng(15)
    answers, truth, said, _ = detections(rng, 20_000, 5)
    assert calibration_error(said, (answers == truth[:, None]) * 1.0) < 0.01
