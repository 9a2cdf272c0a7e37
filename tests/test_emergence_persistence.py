"""From verdicts to findings, many hypotheses in one window, and watches: what holds whatever the detectors say."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.base import Test as Statistic
from swarmscale.model.emergence.base import Verdict, Window
from swarmscale.model.emergence.estimators.multiple import benjamini_hochberg
from swarmscale.model.emergence.multiplicity import false_discoveries, judged, simes
from swarmscale.model.emergence.persistence import Persistence
from swarmscale.model.emergence.watch import begin, look, watch, windows_of

from .flow_support import agrees, limit, z_of

SHOWN, NOT, SILENT = "shown", "not", "silent"


def verdict(what, number=0, p=0.01):
    test = Statistic(statistic="s", p=p, rejected=what == SHOWN, effect=2.0 + number, family=7)
    return Verdict(
        detector="d",
        start_s=300.0 * number,
        end_s=300.0 * (number + 1),
        tests=(test,),
        p=p,
        found=what == SHOWN,
        abstained="too short" if what == SILENT else "",
        sentence=f"window {number}",
    )


def after(*whats):
    state = Persistence()
    for number, what in enumerate(whats):
        state = state.push(verdict(what, number))
    return state


# Persistence


def test_one_window_is_no_finding_and_two_of_three_are():
    assert after(SHOWN).finding is None
    assert after(SHOWN, SHOWN).finding is not None
    assert after(SHOWN, NOT, SHOWN).finding is not None
    assert after(SHOWN, NOT, NOT, SHOWN).finding is None


def test_a_finding_tells_when_it_was_first_seen_and_since_when_it_holds():
    finding = after(NOT, SHOWN, NOT, SHOWN, SHOWN).finding
    assert (finding.first_s, finding.since_s, finding.windows) == (300.0, 1200.0, 3)
    assert finding.holds
    assert finding.sentence == "window 4"
    assert (finding.effect, finding.family, finding.p) == (6.0, 7, 0.01)


def test_a_finding_ends_when_fewer_than_two_of_three_show_it_and_may_begin_anew():
    state = after(SHOWN, SHOWN, NOT, NOT)
    assert state.finding is None
    assert [f.until_s for f in state.findings] == [1200.0]
    again = after(SHOWN, SHOWN, NOT, NOT, SHOWN, SHOWN)
    assert [f.first_s for f in again.findings] == [0.0, 1200.0]
    assert [f.holds for f in again.findings] == [False, True]


def test_an_abstained_window_counts_as_one_that_did_not_show_it():
    assert after(SHOWN, SILENT, SHOWN).finding is not None
    assert after(SHOWN, SHOWN, SILENT, SILENT).finding is None


sequences = st.lists(st.sampled_from([SHOWN, NOT, SILENT]), max_size=25)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(whats=sequences)
def test_a_finding_holds_just_when_two_of_the_last_three_windows_show_it(whats):
    state = after(*whats)
    assert (state.finding is not None) == (sum(w == SHOWN for w in whats[-3:]) >= 2)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(whats=sequences)
def test_findings_follow_one_another_and_count_their_windows(whats):
    findings = after(*whats).findings
    ends = [(f.first_s, f.since_s, f.until_s) for f in findings]
    assert all(first < since for first, since, _ in ends)
    assert all(since < until for _, since, until in ends if not isnan(until))
    assert all(a[2] <= b[1] for a, b in itertools.pairwise(ends))
    assert sum(isnan(until) for *_, until in ends) <= 1
    assert all(2 <= f.windows <= sum(w == SHOWN for w in whats) for f in findings)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(whats=sequences, last=st.sampled_from([SHOWN, NOT, SILENT]))
def test_pushing_changes_no_earlier_state(whats, last):
    state = after(*whats)
    before = (state.recent, state.finding, state.past)
    state.push(verdict(last, len(whats)))
    assert (state.recent, state.finding, state.past) == before


# Many hypotheses


@settings(max_examples=200, deadline=None, derandomize=True)
@given(p=st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40), level=st.floats(0.001, 0.2))
def test_simes_is_at_most_the_level_just_when_benjamini_and_hochberg_reject_any(p, level):
    values = np.array(p)
    least = simes(values)
    if abs(least - level) > 1e-12:
        assert (least <= level) == bool(benjamini_hochberg(values, level).any())


def test_simes_of_independent_nulls_is_uniform():
    def rate(k):
        rng = np.random.default_rng([5, k])
        return np.mean([simes(rng.random(20)) <= 0.5 for _ in range(600)])

    agrees([rate(k) for k in range(20)], 0.5, checks=2)


def test_false_discoveries_have_finner_and_roters_law():
    """None at all in a share 1 - q of the families, exactly; and the mean of 20,000 families of 400."""
    rng = np.random.default_rng(3)
    counts = np.array([benjamini_hochberg(rng.random(400), 0.2).sum() for _ in range(20_000)])
    agrees((counts == 0).reshape(20, -1).mean(axis=1), 0.8, checks=2)
    assert abs(z_of(counts, false_discoveries(0.2).mean)) < limit(2)
    assert z_of(counts * 1.15, false_discoveries(0.2).mean) > limit(2)
    assert false_discoveries(0.05)[0::2] == (0.0, 1.0)


def test_statistics_that_abstained_do_not_count():
    tests = (Statistic(statistic="a", p=0.04), Statistic(statistic="b", abstained="no links"))
    p, done = judged(tests, 0.05)
    assert (p, done[0].rejected, done[1].rejected) == (0.04, True, False)
    assert isnan(judged(tests[1:], 0.05)[0])
    assert isnan(simes(np.array([nan])))


# Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A detector that tells its random number and how many windows it saw."""

    def start(self):
        return 0

    def look(self, window, memory, rng):
        p = float(rng.random())
        return Verdict(
            detector="counting", start_s=window.start_s, end_s=window.end_s, p=p, sentence=f"{memory}"
        ), (memory + 1)


def series(samples=300, parts=3, seed=1):
    return np.random.default_rng(seed).normal(size=(samples, parts))


def test_neither_the_order_nor_the_number_of_detectors_changes_what_one_says():
    windows = list(windows_of(series(), length=60, step=60))
    alone = watch(windows, {"b": Counting()}, seed=3)
    both = watch(windows, {"b": Counting(), "a": Counting()}, seed=3)
    other = watch(windows, {"a": Counting(), "b": Counting()}, seed=3)
    assert [v.p for v in alone.verdicts] == [v.p for v in both.verdicts[1::2]]
    assert [v.p for v in both.verdicts] == [v.p for v in other.verdicts]
    assert len({v.p for v in both.verdicts}) == 10
    assert [v.sentence for v in alone.verdicts] == list("01234")


def test_another_seed_gives_other_random_numbers():
    windows = list(windows_of(series(), length=60, step=60))
    assert (
        watch(windows, {"a": Counting()}, seed=1).verdicts[0].p
        != watch(windows, {"a": Counting()}).verdicts[0].p
    )


def test_a_watch_can_go_on_where_it_stood():
    windows = list(windows_of(series(), length=60, step=60))
    detectors = {"a": Counting()}
    state, said = begin(detectors), []
    for window in windows:
        verdicts, state = look(detectors, state, window, 9)
        said += verdicts
    assert [v.p for v in said] == [v.p for v in watch(windows, detectors, seed=9).verdicts]
    assert state.number == 5


def test_windows_are_cut_whole_with_their_times_and_ages():
    cut = list(
        windows_of(
            series(250), length=100, step=50, exogenous=np.arange(250.0), age=7, start_s=10.0, step_s=2.0
        )
    )
    assert [w.start_s for w in cut] == [10.0, 110.0, 210.0, 310.0]
    assert [w.age for w in cut] == [7, 57, 107, 157]
    assert cut[1].exogenous[0, 0] == 50.0
    assert all(isinstance(w, Window) and w.samples == 100 for w in cut)


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"length": 59}, "length = 59, but it must be 60 or more"),
        ({"step": 0}, "step = 0, but it must be 1 or more"),
        ({"length": 400}, "samples = 250, but it must be 400 or more, one whole window"),
    ],
)
def test_a_wrong_cut_is_refused_in_a_line(settings_, said):
    with pytest.raises(ConfigError, match=said):
        windows_of(series(250), **settings_)


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed = -1"):
        watch([], seed=-1)
