"""Published studies built anew: their numbers and directions come out, and a planted fault is seen."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.intelligence.studies import estimates, relay, rugged
from swarmscale.rng import draw, generator, key

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def published():
    """benchmarks/published.py, whose whole output is in docs/published.md."""
    spec = importlib.util.spec_from_file_location(
        "benchmarks_published", ROOT / "benchmarks" / "published.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


# -- networks on a rugged landscape --------------------------------------------------------------------------


def test_the_line_overtakes_the_full_network_in_the_long_run_and_by_as_much_as_before(published):
    assert published.lazer(20, tolerance=None).missed == []


def test_on_a_landscape_without_interactions_the_line_wins_nothing(published):
    missed = published.lazer(5, others=0, tolerance=None).missed
    assert "200 rounds: line above full" in missed
    assert "full, after 200 rounds" in missed


def test_without_interactions_every_network_finds_the_best_solution(published):
    assert published.smooth_lazer(2).held


def test_imitation_of_the_best_favors_the_lattice_and_conformity_the_full_network(published):
    assert published.imitation(40).missed == []


def test_without_interactions_no_network_is_better_whomever_one_imitates(published):
    assert len(published.imitation(20, others=0).missed) == 2


def worth_by_hand(which, contribution, solution):
    total = 0.0
    for bit, seen in enumerate(which):
        place = int("".join(str((solution >> int(j)) & 1) for j in seen), 2)
        total += contribution[bit, place]
    return total


def test_the_worth_of_every_solution_is_the_sum_of_its_contributions():
    random = np.random.default_rng(1)
    which = np.array(
        [[bit, *random.choice(np.delete(np.arange(7), bit), 3, replace=False)] for bit in range(7)]
    )
    contribution, worth = random.random((7, 16)), np.empty(128, np.float32)
    rugged.add_up(which, contribution, worth)
    assert worth == pytest.approx([worth_by_hand(which, contribution, s) for s in range(128)], rel=1e-6)


def test_the_best_solution_is_worth_1_and_neighbors_differ_in_what_depends_on_the_bit():
    worth = rugged.landscape(12, 0, generator(1, "test"))
    assert worth.max() == 1
    raw = worth.astype(np.float64) ** (1 / 8)
    gains = [raw[np.arange(4096) | 1 << bit] - raw[np.arange(4096) & ~(1 << bit)] for bit in range(12)]
    assert (
        max(float(np.ptp(gain)) for gain in gains) < 1e-4
    )  # without interactions a bit gains the same everywhere


def test_a_search_goes_as_one_does_it_by_hand():
    random = generator(2, "test")
    worth, links = rugged.landscape(8, 3, random), rugged.random_links(15, 0.2, random)
    now, secret = random.integers(0, 256, 15), key(2, "test")
    found = rugged.search(worth, links, now, 12, secret)
    for t in range(13):
        assert found[t] == pytest.approx(worth[now].mean())
        after = now.copy()
        for a in range(15):
            near = links.members[links.offsets[a] : links.offsets[a + 1]]
            best = max((int(now[b]) for b in near), key=lambda s: worth[s], default=int(now[a]))
            tried = int(now[a]) ^ (1 << ((int(draw(a, 2 * t, secret)[0]) * 8) >> 32))
            if worth[best] > worth[now[a]]:
                after[a] = best
            elif worth[tried] > worth[now[a]]:
                after[a] = tried
        now = after


def test_conformists_take_over_what_they_see_twice_if_it_is_better():
    worth = np.linspace(0.01, 1, 16, dtype=np.float32)
    start, alone = np.array([0, 9, 9, 15]), rugged.linked(np.zeros((4, 4), np.bool_))
    twice, never = (
        rugged.search(worth, links, start, 1, key(1, "x"), look=rugged.MAJORITY)
        for links in (rugged.full(4), alone)
    )
    lift = twice[1] - never[1]
    own = worth[1 << ((int(draw(0, 0, key(1, "x"))[0]) * 4) >> 32)]
    assert lift == pytest.approx((worth[9] - own) / 4, abs=1e-6)


def test_networks_have_the_links_that_their_names_say():
    assert len(rugged.line(10).members) == 2 * 9
    assert len(rugged.ring(10, 2).members) == 40
    assert len(rugged.full(10).members) == 90
    assert rugged.ring(5).members[:2].tolist() == [1, 4]


# -- diversity and ability -----------------------------------------------------------------------------------


def test_teams_reach_what_the_replication_reached_and_a_bias_of_5_percent_is_seen(published):
    study = published.teams(20, longest=(12,), tolerance=None)
    assert study.missed == []
    values = [n for n in study.numbers if "team" in n.what]
    assert len(values) == 8
    assert not any(replace(n, ours=1.05 * n.ours).held for n in values)


def test_ability_wins_where_the_landscape_is_smooth_and_only_there(published, monkeypatch):
    levels = (0, 6, 8, 12)
    assert published.smoothed(25, levels=levels).missed == []
    real = relay.ring_landscape
    monkeypatch.setattr(relay, "ring_landscape", lambda places, smoothness, random: real(places, 0, random))
    assert "smoothness above 4: best above random" in published.smoothed(3, levels=levels).missed


def climb_by_hand(value, rule, place):
    moved = True
    while moved:
        moved = False
        for step in rule:
            there = (place + step) % len(value)
            if value[there] > value[place]:
                place, moved = there, True
    return place


def test_an_agent_climbs_and_a_team_relays_as_one_does_it_by_hand():
    random = np.random.default_rng(3)
    value, rules = 100 * random.random(60), relay.heuristics(3, 6)
    for rule in rules[::17]:
        for start in range(0, 60, 7):
            assert value[relay.climb(value, rule, start)] == value[climb_by_hand(value, rule, start)]
    team = rules[[3, 99]]
    total = 0.0
    for start in range(60):
        place, before = start, None
        while place != before:
            before = place
            for rule in team:
                place = climb_by_hand(value, rule, place)
        total += value[place]
    assert relay.together(value, team) == pytest.approx(total / 60)
    total = 0.0
    for start in range(60):
        place = start
        for rule in team:
            place = climb_by_hand(value, rule, place)
        total += value[place]
    assert relay.together(value, team, 1) == pytest.approx(total / 60)
    assert relay.together(value, team, 1) < relay.together(value, team)


def test_a_smoothed_ring_runs_straight_between_points_that_are_s_and_a_half_apart():
    rough, smooth = (relay.ring_landscape(100_000, s, generator(4, "test")) for s in (0, 6))
    assert np.corrcoef(rough[1:], rough[:-1])[0, 1] == pytest.approx(0, abs=0.015)
    bends = np.flatnonzero(np.abs(np.diff(smooth, 2)) > 1e-9) + 1
    assert np.diff(bends).max() <= 12
    assert np.diff(bends).mean() == pytest.approx(6.5, abs=0.15)


def test_teams_that_cannot_be_drawn_are_refused():
    with pytest.raises(ConfigError, match="sizes"):
        relay.compete(np.ones(20), relay.heuristics(2, 3), (7,), generator(1, "x"))
    with pytest.raises(ConfigError, match="bits = 30"):
        rugged.landscape(30, 2, generator(1, "x"))


# -- shared estimates ----------------------------------------------------------------------------------------


def test_hearing_others_narrows_a_crowd_and_makes_it_surer_but_no_better(published):
    assert published.crowds(400).missed == []


def test_a_crowd_that_gets_5_percent_better_would_be_seen(published):
    conformity = np.full((4000, 12), 0.3, np.float32)
    course = estimates.estimate(conformity, "all", generator(5, "x"))
    better = estimates.estimate(conformity, "all", generator(5, "x"), bias=0.7 * 0.95, spread=0.95)
    honest = published.direction("", course.error[:, -1] - course.error[:, 0], strict=False)
    planted = published.direction("", better.error[:, -1] - course.error[:, 0], strict=False)
    assert honest.held
    assert not planted.held


def test_groups_that_are_told_nothing_keep_their_confidence_and_their_wisdom():
    course = estimates.estimate(np.full((4000, 12), 0.5, np.float32), "nothing", generator(6, "x"))
    assert (course.confidence == course.confidence[:, :1]).all()
    change = course.wisdom[:, -1] - course.wisdom[:, 0]
    assert abs(change.mean()) < 4 * change.std() / np.sqrt(4000)


def test_the_wisdom_indicator_is_the_widest_central_pair_that_holds_the_truth():
    values = np.sort(np.random.default_rng(7).normal(0.5, 1, (200, 12)), axis=1)
    by_hand = [max((i for i in range(1, 7) if row[i - 1] <= 0 <= row[12 - i]), default=0) for row in values]
    assert estimates.wisdom(values).tolist() == by_hand


def test_an_unknown_kind_of_feedback_is_refused():
    with pytest.raises(UnknownChoiceError, match="'al'"):
        estimates.estimate(np.full((1, 3), 0.3, np.float32), "al", generator(1, "x"))


# -- the record ----------------------------------------------------------------------------------------------


def test_the_page_holds_the_output_of_a_whole_run_in_which_everything_held(published):
    page = published.PATH.read_text(encoding="utf-8")
    assert page.startswith(published.HEAD)
    assert "MISSED" not in page
    assert page.count("\n## ") == 5
    for name, at in published.LAZER:
        assert f"| {name}, after {at} rounds |" in page
    for steps, size in published.WALLRICH:
        assert f"| steps to {steps}, {size} agents: best team |" in page
    for level in published.SMOOTHNESS:
        assert f"| smoothness {level}: random less best |" in page
