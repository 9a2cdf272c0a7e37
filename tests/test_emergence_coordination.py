"""Coordination: how often it is cried over nothing, what a driver from outside is called, and what is found."""

from __future__ import annotations

import numpy as np
import pytest

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.base import Window
from swarmscale.model.emergence.controls import NULLS, POSITIVES, Plan
from swarmscale.model.emergence.controls.base import autoregressive
from swarmscale.model.emergence.detectors import (
    Coordination,
)
from swarmscale.model.emergence.detectors.common_driver import driver_of_phases, driver_of_series
from swarmscale.model.emergence.detectors.influences import changes, influences, memory_of_pairs
from swarmscale.model.emergence.estimators.network import te_network
from swarmscale.model.emergence.watch import watch

from .emergence_support import look, made, may_be, nulls, rejections, rng_of, statistics_of
from .flow_support import limit, z_of

# False alarms


@pytest.mark.parametrize("name", nulls())
def test_no_coordination_among_thirty_parts_that_have_nothing_to_do_with_one_another(name):
    windows = [made(nulls()[name], 30, k) for k in range(60)]
    hits, there, found = rejections(Coordination(draws=199), windows)
    assert may_be(found, 60, 0.05)
    assert there["synchrony"] >= 54
    for statistic in ("synchrony", "directed"):
        assert may_be(hits[statistic], there[statistic], 0.05), statistic


@pytest.mark.parametrize("name", ["AR(.9)", "random walk", "t2", "voters apart"])
def test_no_coordination_among_five_hundred(name):
    hits, there, found = rejections(Coordination(draws=199), [made(nulls()[name], 500, k) for k in range(8)])
    assert may_be(found, 8, 0.05)
    assert all(may_be(hits[s], there[s], 0.05) for s in ("synchrony", "directed"))


def test_the_check_of_false_alarms_finds_a_planted_share_of_five_percent():
    planted = POSITIVES.make("common_share", share=0.05)
    hits, there, _ = rejections(Coordination(draws=199), [made(planted, 30, k) for k in range(60)])
    assert not may_be(hits["synchrony"], there["synchrony"], 0.05)


def test_p_of_synchrony_and_of_influences_is_uniform_enough_to_have_its_level():
    def rate(k, scale=1.0):
        detector = Coordination(draws=199)
        tests = [statistics_of(detector, made(nulls()["AR(.9)"], 12, 1000 * k + i)) for i in range(16)]
        return [np.mean([test[s].p * scale <= 0.5 for test in tests]) for s in ("synchrony", "directed")]

    rates = np.array([rate(k) for k in range(20)])
    assert abs(z_of(rates[:, 0], 0.5)) < limit(2)
    assert z_of(rates[:, 1], 0.5) < limit(2)  # Simes is exact or careful, never bold
    assert z_of([rate(k, 0.6)[0] for k in range(20)], 0.5) > limit(2)


# A driver from outside


@pytest.mark.parametrize("parts", [30, 200])
@pytest.mark.parametrize(("gain", "memory"), [(1.0, 0.9), (0.3, 0.9), (0.5, 0.0), (1.0, 0.99)])
def test_a_driver_that_nobody_told_is_suspected_and_not_called_coordination(parts, gain, memory):
    driver = NULLS.make("driver", told=False, gain=gain, memory=memory)
    verdicts = [look(Coordination(), made(driver, parts, k), k) for k in range(15)]
    assert not any(v.found for v in verdicts)
    assert sum(v.label == "common driver suspected" for v in verdicts) >= 13
    assert verdicts[0].sentence.startswith("A common driver is suspected, not coordination: ")


def test_a_driver_that_pushes_some_up_and_others_down_is_suspected():
    for k in range(10):
        rng = rng_of(61, k)
        driver = autoregressive(300, 1, 0.9, rng)
        series = autoregressive(300, 30, 0.9, rng) + driver * np.where(np.arange(30) % 2, 1.0, -1.0)
        assert driver_of_series(series, np.zeros((30, 30), np.bool_), 199, 0.05, rng).suspected


def test_a_driver_with_a_lag_of_its_own_for_each_part_is_suspected():
    for k in range(10):
        rng = rng_of(62, k)
        driver = autoregressive(310, 1, 0.9, rng)[:, 0]
        lag = rng.integers(0, 4, 30)
        pushed = np.column_stack([driver[10 - late : 310 - late] for late in lag])
        verdict = look(Coordination(), Window(series=autoregressive(300, 30, 0.9, rng) + pushed), k)
        assert not verdict.found
        assert verdict.label == "common driver suspected"


def test_phases_that_follow_one_unsteady_wave_are_suspected():
    for k in range(10):
        rng = rng_of(63, k)
        phase, wave, own = rng.uniform(-np.pi, np.pi, 30), 0.0, 0.1 * rng.normal(size=30)
        rows = []
        for t in range(600):
            phase = phase + own + 0.2 * np.sin(wave - phase) + 0.05 * rng.normal(size=30)
            wave += 0.1 + 0.1 * rng.normal()
            if t >= 300:
                rows.append(phase)
        assert driver_of_phases(np.angle(np.exp(1j * np.array(rows))), 199, 0.05, rng).suspected


def test_independent_news_are_suspected_at_their_level():
    def rate(k):
        none = np.zeros((20, 20), np.bool_)
        return np.mean(
            [
                driver_of_series(
                    autoregressive(200, 20, 0.5, rng_of(k, i)), none, 199, 0.1, rng_of(i)
                ).suspected
                for i in range(25)
            ]
        )

    assert z_of([rate(k) for k in range(16)], 0.1) < limit()


# Parts that do something together


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("vicsek", {"noise": 1.0}),
        ("vicsek", {"noise": 4.0}),
        ("vicsek", {"noise": 5.0}),
        ("kuramoto", {"coupling": 1.2}),
        ("kuramoto", {"coupling": 1.5}),
        ("voters", {}),
        ("boids", {}),
        ("sparse_network", {}),
    ],
)
def test_systems_whose_parts_follow_one_another_are_coordinated(name, fields):
    """At least 9 of 10 windows: 14 or more of 20 are seen with such a power in all but 1 of 400 cases."""
    verdicts = [look(Coordination(), made(POSITIVES.make(name, **fields), 40, k), k) for k in range(20)]
    assert sum(v.found for v in verdicts) >= 14
    apart = [
        look(Coordination(), made(POSITIVES.make(name, **fields), 40, k, coupled=False), k) for k in range(8)
    ]
    assert may_be(sum(v.found for v in apart), 8, 0.05)


def test_choices_that_agree_more_than_those_without_links_are_coordinated():
    verdicts = [look(Coordination(), made(POSITIVES.make("colonies"), 50, k), k) for k in range(6)]
    assert all(v.found for v in verdicts)
    assert all({t.statistic: t for t in v.tests}["pooled choice"].rejected for v in verdicts)
    assert "shares of options are" in verdicts[0].sentence


def test_pooled_choice_of_parts_without_links_holds_its_level():
    def window(rng, scale=1.0):
        shares = rng.multinomial(50, [0.25] * 4, 41) / 50
        shares[0] = 0.25 + (shares[0] - 0.25) * scale
        return Window(series=np.zeros((60, 2)), shares=shares[0], twin_shares=shares[1:])

    def rate(scale):
        windows = [window(rng_of(71, k), scale) for k in range(300)]
        return sum(statistics_of(Coordination(), w)["pooled choice"].p <= 0.05 for w in windows)

    assert may_be(rate(1.0), 300, 0.05)
    assert not may_be(rate(1.5), 300, 0.05)


def test_pooled_choice_speaks_where_series_stand_still():
    window = Window(series=np.zeros((60, 5)), shares=np.array([1.0, 0.0]), twin_shares=np.full((40, 2), 0.5))
    verdict = look(Coordination(), window)
    assert verdict.found
    assert verdict.tests[0].abstained
    assert not verdict.abstained


@pytest.mark.parametrize(("twins", "said"), [(None, "0 replays"), (np.full((18, 2), 0.5), "18 replays")])
def test_pooled_choice_abstains_without_enough_replays(twins, said):
    window = Window(series=np.zeros((60, 5)), shares=np.array([1.0, 0.0]), twin_shares=twins)
    assert (
        statistics_of(Coordination(), window)["pooled choice"].abstained
        == f"{said} without links, but 19 are needed"
    )


def test_replays_with_other_options_are_refused():
    window = Window(series=np.zeros((60, 5)), shares=np.array([1.0, 0.0]), twin_shares=np.ones((20, 3)) / 3)
    with pytest.raises(ConfigError, match=r"twin_shares\.shape"):
        look(Coordination(), window)


def test_influences_of_parts_with_white_news_are_those_of_the_plain_network():
    series = made(POSITIVES.make("sparse_network"), 30, 1).series
    ours, plain = influences(series), te_network(series)
    assert np.array_equal(ours.te, plain.te)
    known = ~np.isnan(ours.p)
    assert known.sum() == 30 * 29
    assert (ours.p[known] >= plain.p[known] * 0.999).all()
    assert (ours.edge & ~plain.edge).sum() == 0
    assert ours.edge.sum() >= 0.9 * plain.edge.sum()


def test_the_samples_that_memories_leave_are_bartletts():
    """Variance of the correlation of two AR(1) series, (1 + a b) / (1 - a b) over n."""
    a, b = 0.8, 0.5
    memory, squares = [], []
    for k in range(400):
        rng = rng_of(81, k)
        pair = np.hstack([autoregressive(600, 1, a, rng), autoregressive(600, 1, b, rng)])
        memory.append(memory_of_pairs(pair)[0, 1])
        squares.append(600 * np.corrcoef(pair.T)[0, 1] ** 2)
    theory = (1 + a * b) / (1 - a * b)
    assert abs(z_of(squares, theory)) < limit(2)
    assert np.mean(memory) == pytest.approx(theory, rel=0.05)


def test_changes_count_jumps_and_not_their_size():
    series = np.repeat(np.arange(10.0), 30)[:, None] * [1.0, 1e6]
    assert changes(series) == pytest.approx([9.0, 9.0])


def test_a_coupling_that_comes_and_goes_is_found_within_three_windows_and_withdrawn_within_four():
    windows = POSITIVES.make("voters").run(Plan(40, 300, 10, onset=900, offset=1800), rng_of(9))
    (finding,) = watch(windows, {"coordination": Coordination()}, seed=2).findings
    assert 900 < finding.since_s <= 900 + 3 * 300
    assert 1800 < finding.until_s <= 1800 + 4 * 300
    assert finding.effect > 2
    assert finding.sentence.startswith("Coordination: the mean of 40 series varies ")
