"""Failure detection: what detectors promise and keep, tails, and heartbeats against a slow and obvious twin."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from swarmscale import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.resilience import beats
from swarmscale.model.resilience.detection import FAILURE_DETECTORS
from swarmscale.model.resilience.detection.phi import Phi, moments
from swarmscale.model.resilience.detection.tails import tail_warning
from swarmscale.model.resilience.heartbeats import build_watch
from swarmscale.model.resilience.watching import Tier

NAMES = tuple(FAILURE_DETECTORS)
ACCRUAL = ("phi", "phi-gamma", "phi-empirical")
THRESHOLDS_MS = {1: 112.8, 2: 123.2, 3: 130.9}


def made(name, **settings):
    return FAILURE_DETECTORS.make(name, **settings)


def normal_gaps(seed, *shape):
    return np.random.default_rng(seed).normal(0.1, 0.01, shape)


def lognormal_gaps(seed, *shape):
    return 0.1 * np.exp(0.3 * np.random.default_rng(seed).normal(size=shape))


# -- what every detector must do --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_level_after_the_silence_is_the_detectors_own(name):
    detector, gaps = made(name), normal_gaps(1, 7, 3, 200)
    silence = detector.silence_s(gaps)
    assert silence.shape == (7, 3)
    assert (silence > gaps.mean(axis=-1)).all()
    own = getattr(detector, "phi", 1.0)
    np.testing.assert_allclose(detector.level(gaps, silence), own, rtol=1e-6)
    assert (detector.level(gaps, silence * 1.001) > own).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_level_is_never_below_0_and_rises_with_silence(name):
    gaps = np.concatenate([normal_gaps(2, 3, 100), lognormal_gaps(2, 3, 100), np.full((1, 100), 0.1)])
    silences = np.concatenate([np.linspace(0.0, 0.5, 400), [1.0, 10.0, 1e3, 1e6]])
    levels = np.array([made(name).level(gaps, np.full(7, s)) for s in silences])
    assert (levels >= 0).all()
    assert (np.diff(levels, axis=0) >= -1e-9).all()
    assert (levels[-1] >= 1).all()


@pytest.mark.parametrize("name", ACCRUAL)
def test_a_higher_level_takes_a_longer_silence(name):
    gaps = normal_gaps(3, 20, 200)
    silences = np.array([made(name, phi=phi).silence_s(gaps) for phi in (0.3, 1.0, 2.0, 3.0, 8.0, 30.0)])
    assert (np.diff(silences, axis=0) > 0).all()


@pytest.mark.parametrize("name", ACCRUAL)
def test_gaps_that_are_all_alike_are_borne_with_the_least_deviation(name):
    silence = made(name, least_sd_s=0.02).silence_s(np.full((1, 50), 0.1))
    assert 0.15 < silence[0] < 0.6


@pytest.mark.parametrize(
    ("name", "bad"),
    [("phi", {"phi": 0.0}), ("phi-gamma", {"phi": 200.0}), ("phi-empirical", {"tail": "cauchy"}),
     ("phi-empirical", {"tail_share": 0.0}), ("phi", {"least_sd_s": 0.0}), ("timeout", {"after_s": 0.0})],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(name, bad):
    with pytest.raises(ConfigError):
        made(name, **bad)


# -- what phi promises ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Hasty(Phi):
    """Its standard deviation is 5 % too small."""

    def silence_s(self, gaps):
        mean, sd = moments(gaps, self.least_sd_s)
        return mean - 0.95 * stats.norm.ppf(10.0**-self.phi) * sd


def mistakes_z(detector, seed):
    """How far the share of mistakes is from 10**-phi, in standard errors: 1,000 windows, 1,000 heartbeats after each.

    A window of 1,000 gaps is known to its own error, so its heartbeats share it: errors are taken over windows.
    """
    rng = np.random.default_rng(seed)
    silence = detector.silence_s(rng.normal(0.1, 0.01, (1000, 1000)))
    share = np.array([(rng.normal(0.1, 0.01, 1000) > s).mean() for s in silence])
    return (share.mean() - 10.0**-detector.phi) / (share.std(ddof=1) / np.sqrt(1000))


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_phi_errs_at_one_heartbeat_in_ten_to_the_phi_if_gaps_are_normal(phi):
    assert abs(mistakes_z(Phi(phi=phi, least_sd_s=1e-4), 11)) < 3


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_a_deviation_5_percent_too_small_would_be_found(phi):
    assert mistakes_z(Hasty(phi=phi, least_sd_s=1e-4), 11) > 4


@pytest.mark.parametrize("phi", [1, 2, 3])
def test_mean_thresholds_are_those_of_the_published_law(phi):
    silence = Phi(phi=float(phi), least_sd_s=1e-4).silence_s(normal_gaps(5, 500, 1000))
    assert 1000 * silence.mean() == pytest.approx(THRESHOLDS_MS[phi], abs=0.06)


@pytest.mark.parametrize(("phi", "share"), [(2.0, 0.026), (3.0, 0.0089), (5.0, 0.0017)])
def test_phi_errs_far_more_often_if_gaps_are_lognormal(phi, share):
    gaps = lognormal_gaps(6, 500, 1000)

    def errs(name, **settings):
        silence = made(name, phi=phi, **settings).silence_s(gaps)
        return float(stats.lognorm.sf(silence / 0.1, 0.3).mean())

    normal = errs("phi")
    assert normal == pytest.approx(share, rel=0.04)
    for other in (errs("phi-gamma"), errs("phi-empirical")):
        assert abs(np.log(other * 10**phi)) < abs(np.log(normal * 10**phi)) / 1.5


def test_a_pareto_tail_follows_a_heavy_one_no_worse_than_an_exponential_one():
    gaps = np.random.default_rng(7).pareto(4.0, (300, 2000)) + 1.0
    errs = {
        t: float((made("phi-empirical", phi=5.0, tail=t).silence_s(gaps) ** -4.0).mean())
        for t in ("exponential", "pareto")
    }
    assert errs["pareto"] < errs["exponential"] / 3


@pytest.mark.parametrize("chance", [0.5, 0.2])
def test_within_the_sample_the_empirical_detector_keeps_its_promise_whatever_the_law(chance):
    rng = np.random.default_rng(8)
    silence = made("phi-empirical", phi=-float(np.log10(chance))).silence_s(rng.pareto(1.5, (20_000, 99)))
    share = (1.0 + silence) ** -1.5
    z = [(share.mean() - c) / (share.std(ddof=1) / np.sqrt(20_000)) for c in (chance, 1.05 * chance)]
    assert abs(z[0]) < 4 < abs(z[1])


# -- tails ------------------------------------------------------------------------------------------------------


def clockwork(rng, windows, size, delay):
    """Gaps of a clock whose strokes are late by a delay."""
    return 1.0 + 0.05 / np.sqrt(2) * np.diff(delay(rng, (windows, size + 1)), axis=-1)


NULLS = {
    "independent": lambda rng: rng.normal(1.0, 0.05, 200),
    "of a clock": lambda rng: clockwork(rng, 1, 200, lambda r, s: r.normal(size=s)),
    "of two clocks": lambda rng: clockwork(rng, 2, 200, lambda r, s: r.normal(size=s)) * [[1.0], [3.0]],
}
POSITIVES = {
    "lognormal": lambda rng: np.exp(0.3 * rng.normal(size=1000)),
    "gamma": lambda rng: rng.gamma(1 / 0.09, 0.09, 1000),
    "of a clock, lognormal": lambda rng: clockwork(rng, 5, 200, lambda r, s: np.exp(0.83 * r.normal(size=s))),
    "of a clock, exponential": lambda rng: clockwork(rng, 5, 200, lambda r, s: r.exponential(size=s)),
    "slightly lognormal": lambda rng: np.exp(0.05 * rng.normal(size=(100, 200))),
}


@pytest.mark.parametrize("name", NULLS)
def test_normal_gaps_are_warned_of_in_at_most_one_window_in_a_thousand(name):
    rng = np.random.default_rng(9)
    warned = sum(tail_warning(NULLS[name](rng)).warns for _ in range(3000))
    assert stats.binom.sf(warned - 1, 3000, 1.5e-3) > 1e-4


@pytest.mark.parametrize("name", POSITIVES)
def test_gaps_with_another_tail_are_warned_of(name):
    rng = np.random.default_rng(10)
    said = [tail_warning(POSITIVES[name](rng), 3.0) for _ in range(50)]
    assert np.mean([w.warns for w in said]) > 0.9
    assert np.median([w.mistakes for w in said]) > 1.5e-3
    assert "not normal" in said[0].text


@pytest.mark.parametrize(("phi", "true"), [(2.0, 0.026), (3.0, 0.0089), (5.0, 0.0017), (8.0, 2.5e-4)])
def test_the_estimated_rate_of_mistakes_is_of_the_right_order(phi, true):
    rng = np.random.default_rng(12)
    said = [tail_warning(np.exp(0.3 * rng.normal(size=5000)), phi).mistakes for _ in range(40)]
    assert true / 2.5 < np.median(said) < 2.5 * true


def test_a_handful_of_gaps_or_gaps_all_alike_say_nothing():
    assert not tail_warning(np.full((3, 100), 2.0)).warns
    assert not tail_warning(np.array([1.0, 1.0, 50.0])).warns


# -- heartbeats against a slow twin -----------------------------------------------------------------------------

TIERS = tuple(Tier)
LAWS = ("normal", "gamma", "lognormal")


def watch(seed=1, nodes=4, **changes):
    keys = {"network.loss": 0.05, "resilience.detection.window": 40, "fleet.cluster_agents": 10}
    keys |= {f"resilience.detection.{k.replace('__', '.')}": v for k, v in changes.items() if k != "loss"}
    keys |= {"network.loss": changes["loss"]} if "loss" in changes else {}
    return build_watch(Config().changed(keys), seed, nodes)


def asked(tier, n=24):
    ids = np.arange(n) if tier in (Tier.LEAD, Tier.NODE) else np.arange(1, n + 1)
    ids = np.arange(n) % 16 if tier == Tier.LINK else ids
    return ids.astype(np.int64), (ids // 10 if tier == Tier.AGENT else ids).astype(np.int64)


class Slow:
    """One sender, heartbeat by heartbeat: sent in order, lost or heard, and what a watcher makes of it."""

    def __init__(self, w, tier, sender, group, until_s, from_s=-400.0, silent_s=np.inf):
        clock, interval = w.clocks[tier], w.interval_s
        latency = w.link_s.reshape(-1)[sender] if tier == Tier.LINK else w.local_s
        own, sent, self.heard = beats.phase(clock, sender), -np.inf, []
        for j in range(int(from_s / interval) - 60, int(until_s / interval) + 20):
            due = (j + own + beats.off(clock, beats.word(sender, j, clock.tier, clock.key))) * interval
            sent = max(sent, due)
            if from_s <= sent < silent_s and not beats.lost(clock, sender, j):
                self.heard.append(sent + latency)
        self.w, self.tier, self.group = w, tier, group

    def silence(self, at):
        window = self.w.windows(self.tier, np.array([self.group]), at)
        borne = self.w.missed * window.mean() if self.tier == Tier.LINK else 0.0
        return self.w.detector.silence_s(window)[0] + borne

    def suspicions(self, first, last):
        found = []
        for at, again in itertools.pairwise([*self.heard, np.inf]):
            if at > first - 60 and again - at > 1e-12 and at + (silence := self.silence(at)) < again:
                found.append((at + silence, again))
        return [f for f in found if first <= f[0] < last]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("tier", TIERS)
def test_a_silent_sender_is_found_when_a_slow_simulation_finds_it(tier, law):
    w = watch(law=law, cv=0.4, detector="phi", detector__phi=3.0)
    ids, groups = asked(tier)
    silent = np.random.default_rng(3).uniform(0.0, 90.0, len(ids))
    found = w.found_s(tier, ids, groups, silent)
    for i in range(len(ids)):
        slow = Slow(w, tier, ids[i], groups[i], 120.0, silent_s=silent[i])
        at = slow.heard[-1]
        assert found[i] == pytest.approx(max(at + slow.silence(at), silent[i]), abs=1e-6)


@pytest.mark.parametrize("name", ["phi", "phi-empirical", "timeout"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("tier", TIERS)
def test_false_suspicions_are_those_of_a_slow_simulation(tier, law, name):
    level = {"after_s": 1.6} if name == "timeout" else {"phi": 1.7}
    w = watch(law=law, cv=0.4, missed=0, detector=name, **{f"detector__{k}": v for k, v in level.items()})
    ids, groups = asked(tier, 12)
    alarms = w.alarms(tier, ids, groups, 20.0, 75.0)
    assert (np.diff(alarms.suspected_s) >= 0).all()
    slow = [
        (*pair, i) for i in range(len(ids))
        for pair in Slow(w, tier, ids[i], groups[i], 120.0).suspicions(20.0, 75.0)
    ]  # fmt: skip
    assert len(slow) == len(alarms.which) > 0
    slow.sort()
    np.testing.assert_allclose(alarms.suspected_s, [s[0] for s in slow], atol=1e-6)
    np.testing.assert_allclose(alarms.cleared_s, [s[1] for s in slow], atol=1e-6)
    np.testing.assert_array_equal(alarms.which, [s[2] for s in slow])


@pytest.mark.parametrize("tier", TIERS)
def test_a_sender_that_begins_anew_is_heard_with_its_first_heartbeat(tier):
    w = watch(cv=0.3)
    ids, groups = asked(tier)
    begins = np.random.default_rng(4).uniform(0.0, 50.0, len(ids))
    heard = w.heard_s(tier, ids, begins)
    slow = [Slow(w, tier, i, g, 90.0, from_s=b).heard[0] for i, g, b in zip(ids, groups, begins, strict=True)]
    np.testing.assert_allclose(heard, slow, atol=1e-6)


def test_nothing_depends_on_how_time_is_cut_or_senders_are_shared_out():
    w = watch(detector="phi", detector__phi=2.0, loss=0.2)
    for tier in TIERS:
        ids, groups = asked(tier, 16)
        whole = w.alarms(tier, ids, groups, 0.0, 400.0)
        borders = [0.0, 0.3, 1.0, 17.0, 17.25, 90.0, 91.0, 250.0, 400.0]
        parts = [w.alarms(tier, ids, groups, a, b) for a, b in itertools.pairwise(borders)]
        np.testing.assert_array_equal(np.concatenate([p.suspected_s for p in parts]), whole.suspected_s)
        np.testing.assert_array_equal(np.concatenate([p.which for p in parts]), whole.which)
        fresh = watch(detector="phi", detector__phi=2.0, loss=0.2)
        shared = [
            (s, int(i)) for rank in range(3) for mine in [np.arange(rank, len(ids), 3)]
            for a in [fresh.alarms(tier, ids[mine], groups[mine], 0.0, 400.0)]
            for s, i in zip(a.suspected_s, mine[a.which], strict=True)
        ]  # fmt: skip
        assert sorted(shared) == list(zip(whole.suspected_s, whole.which.tolist(), strict=True))
        silent = np.linspace(10, 200, len(ids))
        found = w.found_s(tier, ids, groups, silent)
        one = [
            fresh.found_s(tier, ids[i : i + 1], groups[i : i + 1], silent[i : i + 1])[0]
            for i in range(len(ids))
        ]
        np.testing.assert_array_equal(found, one)


def test_groups_with_numbers_far_apart_are_watched_as_others_are():
    w = watch(detector="phi", detector__phi=1.0, nodes=1)
    ids = np.arange(1, 9)
    far = w.alarms(Tier.AGENT, ids, np.array([0, 10**9] * 4), 0.0, 100.0)
    near = w.alarms(Tier.AGENT, ids[::2], np.zeros(4, np.int64), 0.0, 100.0)
    even = far.which % 2 == 0
    np.testing.assert_array_equal(far.suspected_s[even], near.suspected_s)


@pytest.mark.parametrize("law", LAWS)
def test_windows_hold_the_last_gaps_between_heartbeats_of_successive_numbers(law):
    w = watch(law=law, cv=0.4, loss=0.0)
    lossy = watch(law=law, cv=0.4, loss=1e-12)  # goes the other way, and loses none
    for tier in (Tier.LEAD, Tier.LINK):
        window = w.windows(tier, np.array([3]), 57.0)[0]
        begin = np.floor(57.0 / w.epoch_s) * w.epoch_s
        slow = np.diff(Slow(w, tier, 3, 3, begin + 60.0, silent_s=begin).heard)[-40:]
        np.testing.assert_allclose(window, slow[::-1], atol=1e-9)
    np.testing.assert_allclose(window, lossy.windows(Tier.LINK, np.array([3]), 57.0)[0], atol=1e-9)


# -- rates ------------------------------------------------------------------------------------------------------


def alarms_z(detector, seed):
    """How far the share of heartbeats after which one of 2,000 agents is suspected is from 10**-phi."""
    w = build_watch(Config().changed({"resilience.detection.window": 1000}), seed, 1)
    w.detector = detector
    n, seconds = 2000, 500.0
    ids = np.arange(1, n + 1)
    number = len(w.alarms(Tier.AGENT, ids, ids // 20, 100.0, 100.0 + seconds).which)
    expected = n * seconds * 10.0**-detector.phi
    return (number - expected) / np.sqrt(expected)


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_agents_are_falsely_suspected_as_often_as_phi_says(phi):
    assert abs(alarms_z(Phi(phi=phi), 5)) < 3


@pytest.mark.parametrize("phi", [1.0, 2.0, 3.0])
def test_agents_watched_with_a_bias_of_5_percent_would_be_found(phi):
    assert alarms_z(Hasty(phi=phi), 5) > 4


def test_gaps_have_the_mean_and_deviation_that_were_asked_for():
    for law in LAWS:
        w = watch(law=law, cv=0.1, window=5000, loss=0.0)
        for tier in TIERS:
            gaps = w.windows(tier, np.arange(4), 1000.0)
            assert abs(gaps.mean() - 1.0) < 4 * 0.1 / np.sqrt(gaps.size)
            assert gaps.std() == pytest.approx(0.1, rel=0.02 if law == "normal" else 0.12)


def test_only_laws_with_a_tail_are_warned_of():
    for law in LAWS:
        gaps = watch(law=law, window=400, loss=0.0).windows(Tier.LEAD, np.arange(8), 1000.0)
        assert tail_warning(gaps).warns == (law != "normal")


def test_detection_takes_less_time_the_shorter_the_interval():
    ids = np.arange(1, 401)
    mean = []
    for interval in (0.1, 0.5, 1.0, 2.0):
        silent = np.linspace(100.0, 200.0, 400)
        found = watch(interval_s=interval).found_s(Tier.AGENT, ids, ids // 10, silent)
        assert (found >= silent).all()
        mean.append((found - silent).mean() / interval)
    np.testing.assert_allclose(mean, mean[0], rtol=0.1)
    assert 0.6 < mean[0] < 1.0  # a silence of about 1.28 intervals, begun on average half an interval before


def test_a_timeout_of_one_interval_cries_at_every_other_heartbeat():
    w = watch(detector="timeout", detector__after_s=1.0)
    ids = np.arange(1, 101)
    alarms = w.alarms(Tier.AGENT, ids, ids // 10, 0.0, 100.0)
    assert 0.45 < len(alarms.which) / 10_000 < 0.55
    assert (alarms.cleared_s > alarms.suspected_s).all()


def test_nobody_is_suspected_where_clocks_are_exact():
    w = watch(cv=0.0, loss=0.0)
    for tier in TIERS:
        ids, groups = asked(tier)
        assert not len(w.alarms(tier, ids, groups, 0.0, 500.0).which)


def test_lost_heartbeats_are_borne_on_links_up_to_the_number_allowed():
    ids = np.arange(16)
    counts = [len(watch(missed=m, loss=0.1).alarms(Tier.LINK, ids, ids, 0.0, 2000.0).which) for m in range(4)]
    expected = np.array([16 * 2000 * 0.9 * 0.1 ** (m + 1) for m in range(4)])
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected) + 1).all()


@pytest.mark.parametrize("tier", TIERS)
def test_the_level_of_the_living_is_low_and_that_of_the_silent_rises(tier):
    w = watch(loss=0.0)
    ids, groups = asked(tier)
    alive = w.levels(tier, ids, groups, np.full(len(ids), np.inf), 100.0)
    dead = [w.levels(tier, ids, groups, np.full(len(ids), 100.0), 100.0 + s) for s in (1.0, 2.0, 5.0)]
    assert (alive < 8).all()
    assert (np.diff(dead, axis=0) > 0).all()
    assert (dead[-1] > 8).all()
    found = w.found_s(tier, ids, groups, np.full(len(ids), 100.0))
    at = [
        w.levels(tier, ids[i : i + 1], groups[i : i + 1], np.array([100.0]), found[i])[0]
        for i in range(len(ids))
    ]
    np.testing.assert_allclose(at, 8.0, rtol=1e-6)


def test_heartbeats_sent_add_up_over_stretches_and_senders():
    w = watch(interval_s=0.7)
    times = [0.0, 1.0, 2.0, 3.0, 10.0]
    parts = [w.sent(1001, a, b) for a, b in itertools.pairwise(times)]
    assert sum(parts) == w.sent(1001, 0.0, 10.0) == int(10.0 / 0.7) * 1001
    for begin in np.arange(0.0, 10.0, 0.25):  # shards count their own senders
        shards = [w.sent(number, begin, begin + 0.25) for number in (333, 334, 334)]
        assert sum(shards) == w.sent(1001, begin, begin + 0.25)


def test_the_default_detector_is_phi_at_8():
    assert Config().resilience.detection.detector == Phi()
