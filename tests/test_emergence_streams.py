"""Streams of solutions and of answers: novelty, Heaps' law, records, and the assembly bonus."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize, stats

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.base import Opinions
from swarmscale.model.emergence.estimators.assembly import assembly_bonus, nominal_answers, sign_flip
from swarmscale.model.emergence.estimators.heaps import heaps_exponent
from swarmscale.model.emergence.estimators.novelty import (
    first_seen,
    fit_pitman_yor,
    log_probability,
    new_kinds,
    novelty_p,
)
from swarmscale.model.emergence.estimators.records import record_law, records_test

from .flow_support import agrees


def pitman_yor(rng, discount, strength, tokens):
    """A sequence of kinds: an old one in proportion to its tokens less the discount."""
    kind, counts = np.zeros(tokens, np.int64), []
    chance = rng.random(tokens).tolist()
    for i in range(tokens):
        if not counts or chance[i] * (strength + i) < strength + discount * len(counts):
            kind[i] = len(counts)
            counts.append(1)
            continue
        while True:
            old = kind[int(rng.random() * i)]
            if rng.random() < 1 - discount / counts[old]:
                break
        kind[i] = old
        counts[old] += 1
    return kind


def tria(rng, tokens, reinforced, triggered):
    """An urn that gains copies of what is drawn, and new kinds when it is drawn for the first time."""
    urn, seen, fresh = list(range(triggered + 1)), set(), triggered + 1
    out = np.empty(tokens, np.int64)
    for i, u in enumerate(rng.random(tokens).tolist()):
        kind = urn[int(u * len(urn))]
        out[i] = kind
        urn += [kind] * reinforced
        if kind not in seen:
            seen.add(kind)
            urn += range(fresh, fresh + triggered + 1)
            fresh += triggered + 1
    return out


# Novelty


def test_the_probability_of_a_sequence_is_the_product_of_its_steps():
    kinds = pitman_yor(np.random.default_rng(1), 0.4, 3.0, 60)
    for discount, strength in ((0.4, 3.0), (0.0, 3.0), (0.8, -0.5), (1e-9, 20.0)):
        counts: dict[int, int] = {}
        log = 0.0
        for n, kind in enumerate(kinds.tolist()):
            room = strength + discount * len(counts) if kind not in counts else counts[kind] - discount
            log += np.log(room / (strength + n)) if n else 0.0
            counts[kind] = counts.get(kind, 0) + 1
        sizes, times = np.unique(list(counts.values()), return_counts=True)
        found = log_probability(np.array(discount), np.array(strength), sizes, times)
        assert float(found) == pytest.approx(log, abs=1e-6)


@pytest.mark.parametrize(("discount", "strength"), [(0.5, 10.0), (0.0, 20.0), (0.8, 1.0)])
def test_no_other_pair_of_parameters_is_more_probable_than_the_fitted_one(discount, strength):
    kinds = pitman_yor(np.random.default_rng(2), discount, strength, 2000)
    sizes, times = np.unique(np.unique(kinds, return_counts=True)[1], return_counts=True)

    def less(x):
        return -float(log_probability(np.array(x[0]), np.array(np.exp(x[1]) - x[0]), sizes, times))

    fit = fit_pitman_yor(kinds)
    mine = less((fit.discount, np.log(fit.strength + fit.discount)))
    found = optimize.minimize(less, (0.3, 1.0), method="L-BFGS-B", bounds=[(0, 0.99), (-5, 10)])
    assert mine <= found.fun + 1e-4


def test_the_fit_finds_the_parameters_that_made_the_sequence():
    fits = [fit_pitman_yor(pitman_yor(np.random.default_rng([3, k]), 0.8, 5.0, 10_000)) for k in range(20)]
    agrees([fit.discount for fit in fits], 0.8)
    fits = [fit_pitman_yor(pitman_yor(np.random.default_rng([4, k]), 0.5, 10.0, 3000)) for k in range(20)]
    assert np.median([fit.discount for fit in fits]) == pytest.approx(0.5, abs=0.05)
    assert np.median([fit.strength for fit in fits]) == pytest.approx(10, rel=0.3)
    fits = [fit_pitman_yor(pitman_yor(np.random.default_rng([5, k]), 0.0, 20.0, 3000)) for k in range(20)]
    assert np.median([fit.strength for fit in fits]) == pytest.approx(20, rel=0.2)
    assert max(fit.discount for fit in fits) < 0.2


def test_simulated_windows_bring_as_many_new_kinds_as_the_process_does():
    """In Hoppe's urn, token i is new with chance theta / (theta + i)."""
    expected = sum(20 / (20 + i) for i in range(500, 900))
    rng = np.random.default_rng(6)
    agrees([new_kinds(0.0, 20.0, 500, 70, rng.random((400, 400))).mean() for _ in range(20)], expected)


STREAMS = {
    "Pitman-Yor": lambda rng: pitman_yor(rng, 0.5, 10.0, 4000),
    "Hoppe": lambda rng: pitman_yor(rng, 0.0, 20.0, 4000),
    "uniform": lambda rng: rng.integers(0, 2000, 4000),
    "Zipf": lambda rng: rng.zipf(1.3, 4000),
}


def rejected(make, count):
    made = [(np.random.default_rng([7, k])) for k in range(count)]
    return sum(novelty_p((x := make(rng))[:3000], x[3000:], 199, rng).p <= 0.05 for rng in made)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_goes_on_as_before_is_seldom_novel(name):
    assert rejected(STREAMS[name], 60) <= stats.binom.isf(1e-4, 60, 0.05)


def test_two_percent_of_injected_novelties_are_found():
    def injected(rng):
        kinds = pitman_yor(rng, 0.5, 10.0, 4000)
        at = 3000 + np.nonzero(rng.random(1000) < 0.02)[0]
        kinds[at] = 10**6 + at
        return kinds

    assert rejected(injected, 60) > 30


# Heaps


@pytest.mark.parametrize("exponent", [0.5, 0.8, 1.0])
def test_the_exponent_of_a_vocabulary_that_grows_as_a_power_is_that_power(exponent):
    size = np.floor(np.arange(1, 50_001) ** exponent).astype(np.int64)
    found = heaps_exponent(size)
    assert found.slope == pytest.approx(exponent, abs=0.02)
    assert abs(1.1 * found.slope - exponent) > 0.02


def test_the_exponent_of_a_pitman_yor_sequence_is_its_discount_within_its_standard_error():
    found = [heaps_exponent(pitman_yor(np.random.default_rng([8, k]), 0.8, 0.0, 20_000)) for k in range(20)]
    agrees([one.slope for one in found], 0.8)
    z = np.array([(one.slope - 0.8) / one.se for one in found])
    assert stats.chi2.isf(1 - 1e-4, 20) < (z**2).sum() < stats.chi2.isf(1e-4, 20)


@pytest.mark.parametrize(
    ("reinforced", "triggered", "exponent"), [(4, 1, 0.25), (4, 2, 0.5), (4, 3, 0.75), (2, 4, 1.0)]
)
def test_urns_with_triggering_grow_as_trias_law_says(reinforced, triggered, exponent):
    found = [
        heaps_exponent(tria(np.random.default_rng([9, k]), 20_000, reinforced, triggered)).slope
        for k in range(5)
    ]
    assert np.mean(found) == pytest.approx(exponent, abs=0.08)


def test_too_few_novelties_have_no_exponent():
    with pytest.raises(ConfigError, match="1 novelties after place 1"):
        heaps_exponent(np.array([0, 0, 0, 1, 1]))
    assert first_seen(np.array([4, 4, 2, 4, 2, 9])).tolist() == [True, False, True, False, False, True]


# Records


def test_the_law_of_records_is_that_of_all_orders():
    orders = np.array(list(itertools.permutations(range(6))))
    best = np.maximum.accumulate(orders, axis=1)
    record = np.column_stack([np.ones(len(orders), bool), best[:, 1:] > best[:, :-1]])
    for first in (0, 2, 4):
        counts = np.bincount(record[:, first:].sum(axis=1), minlength=7 - first)
        np.testing.assert_allclose(record_law(first, 6), counts / len(orders), atol=1e-12)


def test_the_number_of_records_has_its_harmonic_mean_and_variance():
    law, k = record_law(0, 300), 1 / np.arange(1, 301)
    number = np.arange(len(law))
    mean = law @ number
    assert mean == pytest.approx(k.sum(), abs=1e-10)
    assert mean == pytest.approx(6.283, abs=5e-4)
    variance = law @ number**2 - mean**2
    assert variance == pytest.approx(k.sum() - (k**2).sum(), abs=1e-9)
    assert variance == pytest.approx(4.641, abs=5e-4)
    assert record_law(3000, 4000).sum() == pytest.approx(1, abs=1e-12)


def test_counted_records_agree_with_their_law():
    values = []
    for k in range(20):
        x = np.random.default_rng([10, k]).random((100, 300))
        values.append(np.mean([records_test(np.empty(0), row).observed for row in x]))
    agrees(values, (1 / np.arange(1, 301)).sum())


def test_a_window_that_climbs_breaks_records_and_one_of_luck_does_not():
    rng = np.random.default_rng(11)
    before = rng.standard_normal(3000)
    p = [records_test(before, rng.standard_normal(300)).p for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) <= stats.binom.isf(1e-4, 200, 0.05) / 200
    climbing = records_test(before, rng.standard_normal(300) + np.linspace(0, 4, 300))
    assert climbing.p < 1e-4
    assert climbing.observed > climbing.high
    assert records_test(before, np.arange(10.0, 1010.0)).p == 0  # more than the law is followed to
    gaps = np.where(np.arange(300) % 2 == 0, np.nan, 10.0)
    assert records_test(before, gaps).observed == 1
    with pytest.raises(ConfigError, match="known qualities"):
        records_test(before, np.full(5, np.nan))


# Assembly


def answers(rng, members, truth_of, questions=200):
    """Members alone with competences from .5 to .75, and the group as one of several truths makes it."""
    skill = rng.uniform(0.5, 0.75, members)
    truth = rng.integers(0, 2, questions)
    right = rng.random((questions, members)) < skill
    alone = np.where(right, truth[:, None], 1 - truth[:, None])
    group = truth_of(rng, alone, truth, skill)
    return Opinions(alone, group, truth, 2)


def by_weights(alone, weights):
    return ((2 * alone - 1) @ weights > 0).astype(np.int64)


def a_random_member(rng, alone, truth, skill):
    return alone[np.arange(len(alone)), rng.integers(0, alone.shape[1], len(alone))]


def the_best_member(rng, alone, truth, skill):
    return alone[:, skill.argmax()]


def the_majority(rng, alone, truth, skill):
    return by_weights(alone, np.ones(len(skill)))


def an_oracle(rng, alone, truth, skill):
    return by_weights(alone, np.log(skill / (1 - skill)))


def synergy(rng, alone, truth, skill):
    """An oracle of weights that is set right on another 10 % of the questions."""
    group = an_oracle(rng, alone, truth, skill)
    wrong = np.nonzero(group != truth)[0]
    mended = rng.permutation(wrong)[: len(truth) // 10]
    group[mended] = truth[mended]
    return group


def bonus_rates(truth_of, members, count=60):
    found = [
        assembly_bonus(answers(rng, members, truth_of), 199, rng)
        for rng in map(np.random.default_rng, range(count))
    ]
    return tuple(np.mean([getattr(one, p) <= 0.05 for one in found]) for p in ("weak_p", "strong_p", "p"))


MOST = stats.binom.isf(1e-4, 60, 0.05) / 60


@pytest.mark.parametrize("members", [5, 50])
@pytest.mark.parametrize("truth_of", [a_random_member, the_best_member, the_majority])
def test_what_arithmetic_gives_is_no_bonus(truth_of, members):
    assert bonus_rates(truth_of, members)[2] <= 0.09


def test_the_best_weighted_vote_seldom_beats_the_cross_fitted_one():
    assert bonus_rates(an_oracle, 5)[2] <= MOST
    assert bonus_rates(an_oracle, 50)[2] <= 0.09


def test_synergy_is_a_bonus_until_the_nominal_group_is_perfect():
    assert bonus_rates(synergy, 5)[2] >= 0.7
    assert bonus_rates(synergy, 50)[2] <= 0.5


def test_gains_over_the_mean_and_the_best_member_are_arithmetic():
    weak, strong, bonus = bonus_rates(the_majority, 50)
    assert weak == 1.0
    assert strong > 0.9
    assert bonus == 0.0
    assert bonus_rates(a_random_member, 5)[0] <= MOST


def test_accuracies_are_shares_of_right_answers_and_abstaining_is_not_right():
    rng = np.random.default_rng(12)
    given = answers(rng, 5, the_majority)
    silent = given._replace(group=np.where(np.arange(200) < 100, -1, given.group))
    found = assembly_bonus(silent, 99, rng)
    assert found.group_accuracy == np.mean(silent.group == silent.truth)
    assert found.mean_member_accuracy == pytest.approx((given.alone == given.truth[:, None]).mean())
    assert found.bonus == pytest.approx(found.group_accuracy - found.nominal_accuracy)
    assert found.p == 1.0


def test_nominal_answers_never_use_the_question_itself():
    """Where truth is a fair coin, no weighting of members helps: accuracy is one half."""

    def measure(k):
        rng = np.random.default_rng([13, k])
        alone, truth = rng.integers(0, 2, (400, 9)), rng.integers(0, 2, 400)
        return (nominal_answers(alone, truth, 2, rng=rng) == truth).mean()

    agrees([measure(k) for k in range(60)], 0.5)


def test_flipping_signs_gives_the_binomial_tail_for_equal_differences():
    rng = np.random.default_rng(14)
    difference = np.concatenate([np.ones(30), -np.ones(20), np.zeros(50)])
    exact = stats.binom.sf(29, 50, 0.5)
    draws = [sign_flip(difference, 4000, rng) for _ in range(40)]
    agrees(draws, exact)
    assert sign_flip(np.zeros(10), 99, rng) == 1.0


def test_opinions_that_do_not_fit_are_refused():
    rng = np.random.default_rng(15)
    given = answers(rng, 3, the_majority)
    for broken, text in (
        (given._replace(group=given.group[:9]), r"opinions.group.shape = \(9,\)"),
        (given._replace(options=1), "opinions.options = 1"),
        (given._replace(truth=given.truth + 1), "opinions.truth = other options"),
        (Opinions(given.alone[:8], given.group[:8], given.truth[:8], 2), "number of questions = 8"),
    ):
        with pytest.raises(ConfigError, match=text):
            assembly_bonus(broken, 99, rng)
