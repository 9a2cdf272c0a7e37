"""Detectors: how often they cry over nothing, that they find what is planted, and when they say nothing."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.base import Opinions, Solutions, Window
from swarmscale.model.emergence.controls import NULLS, POSITIVES, Plan
from swarmscale.model.emergence.controls.base import autoregressive
from swarmscale.model.emergence.detectors import (
    DETECTORS,
    CollectiveIntelligence,
    Coordination,
    Innovation,
    SelfOrganization,
)
from swarmscale.model.emergence.detectors.whole import blocks_of
from swarmscale.model.emergence.estimators.causal import psi_and_m, psi_and_m_of_pairs
from swarmscale.model.emergence.watch import watch
from swarmscale.registry import FAMILIES

from .emergence_support import look, made, may_be, nulls, rejections, rng_of, statistics_of
from .flow_support import agrees, limit, z_of

NAMES = ("coordination", "innovation", "self-organization", "collective-intelligence")


# What every detector must do


def test_the_family_is_registered_with_its_four_members():
    assert FAMILIES["detector"] is DETECTORS
    assert set(NAMES) <= set(DETECTORS)


def full_window(k=0, parts=12):
    rng = rng_of(99, k)
    alone = (rng.random((60, 5)) < 0.7).astype(np.int64)
    return Window(
        series=autoregressive(120, parts, 0.5, rng),
        solutions=Solutions(rng.integers(0, 40, 100), rng.random(100)),
        opinions=Opinions(alone, (alone.sum(axis=1) > 2).astype(np.int64), np.ones(60, np.int64), 2, 1.0),
        shares=np.array([0.5, 0.5]),
        twin_shares=rng.dirichlet([20, 20], 40),
        start_s=300.0 * k,
    )


@pytest.mark.parametrize("name", DETECTORS)
def test_the_same_seed_gives_the_same_verdicts_bit_for_bit(name):
    windows = [full_window(k) for k in range(5)]
    detector = DETECTORS.make(name)
    first, again = (watch(windows, {name: detector}, seed=4).verdicts for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert repr(one.tests) == repr(other.tests)
        assert (one.sentence, one.found, repr(one.p)) == (other.sentence, other.found, repr(other.p))
        assert {k: v.tobytes() for k, v in one.evidence.items()} == {
            k: v.tobytes() for k, v in other.evidence.items()
        }


def test_leaving_one_detector_out_changes_no_other():
    windows = [full_window(k) for k in range(4)]
    chosen = {name: DETECTORS.make(name) for name in NAMES}
    whole = watch(windows, chosen, seed=5).verdicts
    for name in NAMES:
        rest = {key: value for key, value in chosen.items() if key != name}
        left = [v for v in whole if v.detector != name]
        assert [repr(v.tests) for v in watch(windows, rest, seed=5).verdicts] == [repr(v.tests) for v in left]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_verdict_is_complete_and_an_abstention_has_a_reason(name):
    windows = [
        full_window(0),
        full_window(1),
        Window(series=np.zeros((100, 3))),
        Window(series=np.eye(70)[:, :1]),
    ]
    for v in watch(windows, {name: DETECTORS.make(name)}).verdicts:
        assert v.detector == name
        assert v.end_s > v.start_s
        assert v.sentence.endswith(".")
        assert "nan" not in v.sentence
        assert isnan(v.p) == bool(v.abstained)
        assert not (v.found and v.abstained)
        for test in v.tests:
            assert isnan(test.p) == isnan(test.observed) == bool(test.abstained)
            assert not (test.rejected and test.abstained)
            assert test.family >= 1
            if not test.abstained:
                assert 0 <= test.p <= 1
                assert test.null_low <= test.null_mean <= test.null_high or test.statistic in (
                    "novelty",
                    "directed",
                )
                assert test.effect_name
        assert all(np.isfinite(array).all() and array.size <= 4000 for array in v.evidence.values())


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (np.random.default_rng(1).normal(size=(59, 5)), "59 samples, but 60 are needed"),
        (np.ones((300, 5)), "0 of 5 series vary"),
        (np.random.default_rng(1).normal(size=(300, 1)), "1 of 1 series vary"),
    ],
)
def test_series_that_cannot_be_judged_are_not(series, said):
    window = Window(series=series)
    for detector in (Coordination(), SelfOrganization()):
        verdict = look(detector, window)
        assert said in verdict.abstained
        assert not verdict.found
    assert said in look(CollectiveIntelligence(), window).abstained


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("coordination", "level", 1.0),
        ("coordination", "draws", 98),
        ("coordination", "order", 0),
        ("coordination", "driver_level", 1.0),
        ("innovation", "history", 99),
        ("innovation", "fewest", 9),
        ("self-organization", "rewires", 8),
        ("self-organization", "fewest_edges", 4),
        ("self-organization", "most_edges", 19),
        ("self-organization", "windows", 3),
        ("collective-intelligence", "gain", 0.0),
        ("collective-intelligence", "surrogates", 98),
        ("collective-intelligence", "blocks", 17),
        ("collective-intelligence", "whole_level", 0.0),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name, field, value):
    with pytest.raises(ConfigError, match=f"{field} = {value}, but it must be"):
        DETECTORS.make(name, **{field: value})


# False alarms


@pytest.mark.parametrize("name", ["white", "AR(.99)", "t2", "one period", "voters apart"])
def test_psi_and_the_macros_gain_hold_their_level(name):
    detector = CollectiveIntelligence(surrogates=199, blocks=8)
    windows = [made(nulls()[name], 30, k) for k in range(60)]
    tests = [statistics_of(detector, window, k) for k, window in enumerate(windows)]
    for statistic in ("psi", "macro"):
        known = [test[statistic] for test in tests if not test[statistic].abstained]
        assert may_be(sum(test.rejected for test in known), len(known), 0.01)


def test_psi_says_nothing_of_random_walks():
    test = statistics_of(CollectiveIntelligence(), made(nulls()["random walk"], 30, 1))["psi"]
    assert "too slow to be compared with shifted ones" in test.abstained


def test_networks_without_modules_are_not_found_to_have_them():
    windows = [made(POSITIVES.make("sparse_network"), 40, k) for k in range(60)]
    hits, there, found = rejections(SelfOrganization(), windows)
    assert there["modularity"] == 60
    assert may_be(found, 60, 0.05)
    assert may_be(hits["modularity"], 60, 0.05)


# Innovation


def stream(rng, count, kinds=400, better=0.0):
    return Solutions(np.minimum(rng.zipf(1.5, count), kinds), rng.normal(better, 1.0, count))


def grown(windows, detector=None):
    detector = detector or Innovation(draws=199)
    memory, said = detector.start(), []
    for k, solutions in enumerate(windows):
        verdict, memory = detector.look(
            Window(series=np.zeros((60, 2)), solutions=solutions), memory, rng_of(k)
        )
        said.append(verdict)
    return said, memory


def test_the_first_window_only_makes_a_past_and_one_without_solutions_nothing():
    said, _ = grown([stream(rng_of(1), 100), None, stream(rng_of(2), 100)])
    assert said[0].abstained == "0 solutions before the window, but 50 are needed"
    assert said[1].abstained == "nothing that is tried was recorded"
    assert not said[2].abstained


def test_few_solutions_and_unknown_qualities_are_told():
    few = Solutions(np.arange(49), np.ones(49))
    blind = Solutions(rng_of(3).integers(0, 9, 100), np.full(100, np.nan))
    said, _ = grown([stream(rng_of(1), 100), few, blind])
    assert said[1].abstained == "49 solutions in the window, but 50 are needed"
    assert said[2].abstained == "no quality in the window is known"
    assert not said[2].tests[0].abstained


def test_an_exchangeable_search_is_no_innovation():
    hits, both = np.zeros(2), 0
    for k in range(100):
        rng = rng_of(91, k)
        said, _ = grown([stream(rng, 600), stream(rng, 200)])
        hits += [test.p <= 0.025 for test in said[1].tests]
        both += said[1].found
    assert may_be(hits[0], 100, 0.025)
    assert may_be(hits[1], 100, 0.025)
    assert both == 0


def test_what_is_both_new_and_better_is_innovation_and_one_alone_has_its_own_label():
    rng = rng_of(92)
    past, plain = stream(rng, 600), stream(rng, 200)
    fresh = plain.signature.copy()
    fresh[::4] = 1000 + np.arange(50)
    rising = plain.quality + np.linspace(0, 8, 200)
    cases = {
        "": Solutions(fresh, rising),
        "new but not better": Solutions(fresh, plain.quality),
        "better but not new": Solutions(plain.signature, rising),
    }
    for label, solutions in cases.items():
        verdict = grown([past, solutions])[0][1]
        assert verdict.label == label
        assert verdict.found == (label == "")


def test_records_must_be_beyond_what_lone_search_finds():
    rng = rng_of(93)
    rising = Solutions(1000 + np.arange(200), np.linspace(0, 5, 200))
    nominal = Solutions(np.arange(200), np.linspace(0, 9, 200))
    detector = Innovation(draws=199)
    _, memory = grown([stream(rng, 300)], detector)
    alone = detector.look(Window(series=np.zeros((60, 2)), solutions=rising), memory, rng)[0]
    against = detector.look(Window(series=np.zeros((60, 2)), solutions=rising, nominal=nominal), memory, rng)[
        0
    ]
    assert alone.found
    assert against.tests[1].observed == 0
    assert not against.found


def test_records_follow_their_law_and_a_bias_is_seen():
    def mean(scale):
        def count(k):
            said, _ = grown(
                [
                    stream(rng_of(94, k), 60),
                    Solutions(rng_of(k).integers(0, 9, 400), rng_of(95, k).normal(size=400) * scale),
                ]
            )
            return said[1].tests[1].observed

        return [count(k) for k in range(100)]

    theory = sum(1 / k for k in range(61, 461))
    assert abs(z_of(mean(1.0), theory)) < limit()
    assert z_of(mean(1.3), theory) > limit()


def test_memory_is_bounded_and_still_knows_the_best():
    detector = Innovation(history=100, draws=99)
    windows = [stream(rng_of(k), 80) for k in range(6)]
    _, memory = grown(windows, detector)
    assert len(memory.signature) == 100
    assert memory.tried == 480
    assert memory.best == max(w.quality.max() for w in windows)


# Self-organization


@pytest.mark.parametrize("parts", [100, 200])
def test_planted_modules_are_found(parts):
    verdicts = [
        look(SelfOrganization(), made(POSITIVES.make("modules", size=25), parts, k), k) for k in range(10)
    ]
    assert sum(v.found for v in verdicts) >= 8
    assert "modules with modularity" in verdicts[0].sentence


def test_modules_that_come_and_go_are_found_and_withdrawn():
    windows = POSITIVES.make("modules", size=25).run(Plan(100, 300, 10, onset=900, offset=1800), rng_of(7))
    watched = watch(windows, {"self-organization": SelfOrganization()}, seed=1)
    (finding,) = watched.findings
    assert finding.first_s >= 900
    assert finding.since_s <= 900 + 3 * 300
    assert finding.until_s <= 1800 + 4 * 300
    assert watched.verdicts[0].abstained == "0 pairs of parts influence one another, but 20 are needed"


def test_a_trend_needs_four_windows_and_rising_modules_have_one():
    windows = POSITIVES.make("modules", size=25).run(Plan(75, 300, 8, onset=1200), rng_of(8))
    verdicts = watch(windows, {"s": SelfOrganization()}).verdicts
    assert verdicts[2].tests[1].abstained == "3 windows, but 4 are needed for a trend"
    assert verdicts[3].tests[1].abstained == "no network of influences in the last 4 windows"
    assert verdicts[7].tests[1].effect > 0.4
    assert verdicts[7].tests[1].rejected


def test_modules_that_fade_are_not_found():
    detector = SelfOrganization()
    window = made(POSITIVES.make("modules", size=25), 100, 1)
    verdict, memory = detector.look(window, (200.0, 190.0, 180.0, 170.0, 160.0), rng_of(1))
    assert verdict.tests[0].rejected
    assert verdict.label == "modules are fading"
    assert not verdict.found
    assert len(memory) == 6


def test_modules_that_were_ordered_are_not_self_organized():
    found = 0
    for k in range(6):
        rng = rng_of(97, k)
        orders = rng.normal(size=(301, 6))
        series = rng.normal(size=(301, 60))
        series[1:] += np.repeat(orders[:-1], 10, axis=1)
        echoed = series[1:] + 0.8 * np.repeat(orders[:-1], 10, axis=1) * (np.arange(60) % 2)
        window = Window(series=echoed, commands=np.hstack([orders[1:], orders[:-1]]))
        found += look(SelfOrganization(), window, k).found
    assert found == 0


# Collective intelligence


def asked(k, truth="majority", gain=5.0, members=5, questions=200):
    rng = rng_of(98, k)
    right = rng.integers(0, 2, questions)
    hit = rng.random((questions, members)) < 0.65
    alone = np.where(hit, right[:, None], 1 - right[:, None])
    group = (alone.sum(axis=1) * 2 > members).astype(np.int64)
    if truth == "synergy":
        group = np.where(rng.random(questions) < 0.6, right, group)
    return Opinions(alone, group, right, 2, gain)


def hidden(k, **more):
    return replace(made(POSITIVES.make("hidden_mode"), 30, k), **more)


def apart(opinions):
    return Window(series=np.zeros((60, 2)), opinions=opinions)


def test_a_group_beyond_its_nominal_group_with_a_whole_of_its_own_is_intelligent():
    for k in range(5):
        verdict = look(CollectiveIntelligence(), hidden(k, opinions=asked(k, "synergy")), k)
        assert verdict.found
        assert verdict.p <= 0.05
        assert verdict.sentence.startswith("Collective intelligence: ")


def test_a_majority_is_an_aggregation_gain():
    verdicts = [look(CollectiveIntelligence(), hidden(k, opinions=asked(k)), k) for k in range(20)]
    assert not any(v.found for v in verdicts)
    assert sum(v.label == "aggregation gain" for v in verdicts) >= 18
    assert may_be(sum(v.tests[0].rejected for v in verdicts), 20, 0.05)


@pytest.mark.parametrize(("gain", "found"), [(1.9, False), (2.0, True), (-5.0, False), (float("nan"), True)])
def test_the_gain_over_the_twin_must_be_beyond_its_measurement_error_or_unknown(gain, found):
    verdict = look(CollectiveIntelligence(), hidden(1, opinions=asked(1, "synergy", gain)))
    assert verdict.found == found
    if isnan(gain):
        assert "the collective IQ of no twin without links is known" in verdict.sentence


def test_the_twin_is_asked_only_where_the_bonus_holds():
    asks = []

    def gain():
        asks.append(1)
        return 5.0

    without = look(CollectiveIntelligence(), hidden(1, opinions=asked(1, gain=gain)))
    assert not asks
    assert without.tests[1].abstained == "it is not looked for, since there is no assembly bonus"
    within = look(CollectiveIntelligence(), hidden(1, opinions=asked(1, "synergy", gain)))
    assert asks == [1]
    assert within.found
    assert within.tests[1].observed == 5.0


def test_what_one_detector_works_out_is_not_worked_out_again(monkeypatch):
    from swarmscale.model.emergence.detectors import influences

    calls = []
    real = influences.influences
    monkeypatch.setattr(influences, "influences", lambda *a, **k: calls.append(1) or real(*a, **k))
    window = made(POSITIVES.make("modules"), 30, 3)
    alone = [look(detector(), replace(window)) for detector in (Coordination, SelfOrganization)]
    assert len(calls) == 2
    both = [look(detector(), window) for detector in (Coordination, SelfOrganization)]
    assert len(calls) == 3
    assert [v.sentence for v in alone] == [v.sentence for v in both]
    ordered = replace(window, commands=rng_of(5).normal(size=(window.samples, 1)))
    look(Coordination(), ordered)
    look(SelfOrganization(), ordered)
    assert len(calls) == 5


def test_without_a_whole_that_foretells_itself_nothing_is_found():
    window = replace(made(nulls()["white"], 30, 3), opinions=asked(1, "synergy"))
    assert not look(CollectiveIntelligence(), window).found


def test_without_questions_the_series_are_still_compared_with_their_null():
    verdict = look(CollectiveIntelligence(), hidden(2))
    assert verdict.abstained == "0 questions were asked, but 20 are needed"
    assert verdict.tests[2].rejected
    assert not verdict.found


def test_a_hidden_slow_mode_has_psi_above_and_a_driver_below():
    detector = CollectiveIntelligence()
    for k in range(8):
        above = statistics_of(detector, hidden(k), k)["psi"]
        assert above.rejected
        assert above.observed > above.null_high
        below = statistics_of(detector, made(NULLS.make("driver", told=False), 30, k), k)["psi"]
        assert not below.rejected
        assert below.observed < below.null_low


def test_psi_of_pairs_is_that_of_the_series():
    blocks = blocks_of(autoregressive(300, 20, 0.7, rng_of(4)), 8)
    whole = blocks.mean(axis=1)
    ours, theirs = psi_and_m_of_pairs(blocks[:-1], whole[:-1], whole[1:]), psi_and_m(blocks, whole)
    assert float(ours.psi) == pytest.approx(float(theirs.psi))
    assert float(ours.m) == pytest.approx(float(theirs.m))


def test_blocks_are_means_of_neighbors_of_nearly_equal_size():
    series = autoregressive(100, 10, 0.0, rng_of(5))
    scores = (series - series.mean(axis=0)) / series.std(axis=0)
    blocks = blocks_of(series, 4)
    assert blocks.shape == (100, 4)
    assert blocks[:, 0] == pytest.approx(scores[:, :3].mean(axis=1))
    assert blocks[:, 3] == pytest.approx(scores[:, 8:].mean(axis=1))


def test_the_assembly_bonus_of_a_majority_is_near_nothing():
    """The mean over runs lies at or below zero, and a group that is right in 5 % more of the questions lies above."""
    bonus = [
        statistics_of(CollectiveIntelligence(draws=99), apart(asked(k)))["assembly bonus"] for k in range(20)
    ]
    values = np.array([test.observed for test in bonus])
    assert z_of(values, 0.0) < limit()
    assert z_of(values + 0.05, 0.0) > limit()
    agrees(values + 1.0, values.mean() + 1.0)
