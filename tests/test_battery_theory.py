"""The battery's tasks against closed forms and published results; each check must find a bias of 5 %."""

import random
from collections import Counter

import numpy as np
import pytest
from scipy.optimize import brentq, linear_sum_assignment
from scipy.special import ndtr
from scipy.stats import norm

from swarmscale import rng as streams
from swarmscale.agents.consensus.measures import effective_voters
from swarmscale.agents.consensus.theory import best_vote, condorcet
from swarmscale.model.intelligence.group import group_of
from swarmscale.model.intelligence.pooling import spread
from swarmscale.model.intelligence.tasks import BATTERY
from swarmscale.model.intelligence.tasks.attention import above_chance, chance_right
from swarmscale.model.intelligence.tasks.creativity import idea_worth, searched
from swarmscale.model.intelligence.tasks.emotional import felt
from swarmscale.model.intelligence.tasks.memory import recalled
from swarmscale.model.intelligence.tasks.optimization import flown, height
from swarmscale.model.intelligence.tasks.perception import ladder
from swarmscale.model.intelligence.tasks.planning import best_cost, shared_out
from swarmscale.model.intelligence.tasks.reasoning import observe
from swarmscale.model.intelligence.tasks.social import consensus_time

from .battery_support import alike, base, complete, everybody, links, measures, paired, people
from .flow_support import agrees

NOBODY = (np.zeros(25, np.int32), np.empty(0, np.int32))


def together(n, skill=0.0, **shares):
    """Agents who are alike and lose nothing, each linked with each."""
    return group_of(alike(n, skill, **shares), everybody(n))


def ones(members):
    return np.ones(len(members), np.float32)


# perception


def test_pooled_estimates_of_equals_err_by_the_optimal_amount():
    """Equal noise s on the complete graph: mean square error s^2 / (n + s^2) with the prior."""
    n, noise = 50, 4.0
    score = measures("perception", together(n), 16, trials=700)[:, 0]
    error = [brentq(lambda mse, s=s: ladder(mse) - s, 1e-6, 10) for s in score]
    agrees(error, noise**2 / (n + noise**2))


def test_the_bound_of_perception_is_the_optimal_error():
    n = 50
    bound = measures("perception", together(n), 1)[0, 1]
    assert bound == pytest.approx(ladder(16 / (n + 16)), rel=1e-6)


def test_correlated_observers_are_worth_few_independent_ones():
    """n_eff = n / (1 + (n - 1) rho) (Clemen & Winkler 1985): 50,000 at rho = .1 are worth 10."""
    assert effective_voters(50_000, 0.1) == pytest.approx(10.0, abs=0.01)
    n, rho, rng = 40, 0.1, np.random.default_rng(1)
    seen = np.sqrt(rho) * rng.standard_normal((40, 800, 1)) + np.sqrt(1 - rho) * rng.standard_normal(
        (40, 800, n)
    )
    agrees((seen.mean(axis=2) ** 2).mean(axis=1), 1 / effective_voters(n, rho))


# attention


@pytest.mark.parametrize("rho", [0.0, 0.2, 0.6])
def test_a_groups_sensitivity_is_that_of_sorkin_and_dai(rho):
    """m Var(d') / (1 - rho) + m mean(d')^2 / (1 + rho (m - 1)) = mu' Sigma^-1 mu (Sorkin, Hays & West 2001)."""
    d = np.random.default_rng(2).uniform(0.2, 2.0, 9)
    m, sigma = len(d), (1 - rho) * np.eye(len(d)) + rho
    closed = m * d.var() / (1 - rho) + m * d.mean() ** 2 / (1 + rho * (m - 1))
    assert closed == pytest.approx(d @ np.linalg.solve(sigma, d), rel=1e-12)


def test_the_chance_to_name_one_of_two_places_is_the_normal_one():
    d = np.array([0.0, 0.5, 1.0, 3.0])
    assert chance_right(d, 2) == pytest.approx(ndtr(d / np.sqrt(2)), abs=1e-9)


@pytest.mark.parametrize("d", [0.5, 1.5, 3.0])
def test_the_chance_to_name_one_of_eight_places_is_that_of_a_simulation(d):
    rng = np.random.default_rng(3)
    seen = rng.standard_normal((30, 4000, 8))
    seen[:, :, 0] += d
    agrees((seen.argmax(axis=2) == 0).mean(axis=1), chance_right(np.array([d]), 8)[0], checks=3)


def test_attention_reaches_its_bound_where_nothing_is_lost():
    score, bound = measures("attention", together(48), 24, trials=300)[:, :2].T
    agrees(score, bound[0])
    assert bound[0] == pytest.approx(
        above_chance(chance_right(2.0 * 2.0 ** -np.arange(8) * np.sqrt(6), 8), 8).mean()
    )


# memory


def test_recall_of_one_who_asks_four_who_ask_four():
    """On a large complete graph with perfect listeners: 1 - (1 - p)^(1 + 4 + 16)."""
    n, p = 2000, 0.05
    offsets, members = complete(n)
    got = [
        recalled(
            np.random.default_rng(s).integers(n, size=100),
            np.arange(n),
            np.full(n, p),
            np.ones(60),
            offsets,
            members,
            ones(members),
            np.ones(n, np.float32),
            2,
            streams.key(s, "recall"),
        )
        for s in range(24)
    ]
    agrees(got, 1 - (1 - p) ** 21)


def test_three_persons_who_know_four_tenths_each_know_784_of_1000_together():
    """The nominal group: 1 - .6^3 = .784 of the commonest item, and the same of the rarest."""
    bound = measures("memory", together(3), 1, known=0.4, items=2)[0, 1]
    assert pytest.approx(0.784) == 1 - 0.6**3
    assert bound == pytest.approx((0.784 + 1 - (1 - 0.4 * 10**-1.5) ** 3) / 2, rel=1e-6)


def test_a_real_group_recalls_less_than_the_nominal_one():
    """Collaborative inhibition (Weldon & Bellinger 1997)."""
    score, bound = base("memory", 40)[:, :2].T
    assert paired(bound, score) > 4


# reasoning


def test_beliefs_grow_by_the_mean_divergence_of_the_clues():
    """Log-linear learning: agent j's log odds grow each round by v_j sum_i KL_i, v the links' stationary law.

    Jadbabaie et al. 2012; Lalitha, Javidi & Sarwate 2018, whose weights pi are v for a matrix whose columns sum
    to one.
    """
    n, t, early, late = 40, 256, 30, 90
    group = group_of(people(n), links(n))
    c, key = group.channel, streams.key(1, "clues")
    x = np.minimum(0.1 * np.exp(0.4 * group.skill(3)), 0.45)[:, None]
    odds = np.log((0.5 + x) / (0.5 - x))
    held, after = np.zeros((2, n, t * 3), np.float32)
    for r in range(late):
        observe(r, key, np.arange(n), x, odds, np.zeros(n, np.int64), t, held)
        spread(held, c.offsets, c.members, c.share, c.keep, after)
        held, after = after, held
        if r == early - 1:
            before = held.copy()
    slope = ((held - before)[:, ::3] / (late - early)).astype(np.float64)
    law, nxt = np.full((n, 1), 1 / n, np.float32), np.empty((n, 1), np.float32)
    for _ in range(400):
        spread(law, c.offsets, c.members, c.share, c.keep, nxt)
        law, nxt = nxt, law
    divergence = float((2 * x * odds).sum())
    agrees(slope.sum(axis=0), divergence)
    best = int(law[:, 0].argmax())
    agrees(slope[best], law[best, 0] * divergence)


# learning


def test_regret_falls_with_neighbors_who_are_heard():
    """Alone, half heard, all heard: each earns more (Rendell et al. 2010)."""
    n, seeds = 60, 16
    alone, half, whole = (
        measures("learning", group_of(alike(n, listening=heard), links(n)), seeds)[:, 0]
        for heard in (1e-6, 0.4, 1.0)
    )
    assert paired(half, alone) > 4
    assert paired(whole, half) > 4


def test_who_explores_always_earns_the_mean_of_the_options():
    score = measures("learning", group_of(alike(60, -60.0, risk=50.0), links(60)), 24)[:, 0]
    assert abs(score.mean()) < 4 * score.std(ddof=1) / np.sqrt(24)


# planning


def plans(linked, seen_truly, draws=900, m=24):
    """Costs of plans of one cell."""
    rng, who = np.random.default_rng(4), np.arange(m)
    offsets, members = complete(m) if linked else NOBODY
    free = np.ones(m)
    return [
        shared_out(
            cost,
            cost if seen_truly else rng.exponential(size=(m, m)),
            who,
            rng.permutation(m),
            offsets,
            members,
            ones(members),
            free,
            free,
            np.uint64(k),
        )
        for k, cost in enumerate(rng.exponential(size=(draws, m, m)))
    ]


def test_random_plans_cost_as_much_as_there_are_tasks():
    agrees(plans(linked=False, seen_truly=False), 24.0, checks=3)


def test_greedy_plans_cost_the_harmonic_number():
    agrees(plans(linked=False, seen_truly=True, draws=4000), sum(1 / k for k in range(1, 25)), checks=3)


def test_the_best_plans_cost_the_sum_of_inverse_squares():
    """Parisi's formula (Linusson & Wastlund 2004): 1.604 for 24."""
    costs = np.random.default_rng(5).exponential(size=(2000, 24, 24))
    best = [c[linear_sum_assignment(c)].sum() for c in costs]
    assert best_cost(24) == pytest.approx(1.604, abs=5e-4)
    agrees(best, best_cost(24), checks=3)


def test_swaps_improve_on_greed_and_stay_above_the_best_plan():
    assert best_cost(24) < np.mean(plans(linked=True, seen_truly=True)) < 3.0


# decision


def test_a_vote_of_equals_is_condorcets():
    """Eleven who are right with chance .675, all linked: twice the binomial's tail less one."""
    score = measures("decision-making", together(11), 16, trials=400, rungs=1)[:, 0]
    agrees(score, 2 * condorcet(11, 0.675) - 1)


@pytest.mark.parametrize("n", [5, 9, 15])
def test_the_normal_bound_of_a_vote_is_near_the_enumerated_one(n):
    """Nitzan & Paroush's best weights, by all 2^n votes: a few hundredths too low or too high."""
    task = BATTERY.make("decision-making", rungs=1)
    x = task.competence(group_of(people(n), links(n, "ring", 2)))
    off = task.bound(x) - (2 * best_vote(0.5 + x[:, 0]) - 1)
    assert abs(off) < 0.03


# creativity


def landscape(bits, ruggedness, rng):
    others = [
        np.concatenate([[b], rng.choice(np.delete(np.arange(bits), b), ruggedness, False)])
        for b in range(bits)
    ]
    return rng.random((bits, 2 ** (ruggedness + 1))), np.array(others)


def test_on_a_smooth_landscape_everybody_finds_the_best_idea():
    rng, n = np.random.default_rng(6), 30
    worth, linked = landscape(24, 0, rng)
    offsets, members = complete(n)
    ideas = rng.integers(2**64, size=n, dtype=np.uint64)
    mean = searched(
        ideas, worth, linked, np.ones(n), np.full(n, 0.5), offsets, members, ones(members), 1500, np.uint64(7)
    )
    assert mean == pytest.approx(worth.max(axis=1).mean(), rel=1e-12)


def test_ideas_are_worth_one_half_with_the_spread_of_a_mean():
    """NK landscapes: mean .5, standard deviation sqrt(1 / 12 n)."""
    rng, bits = np.random.default_rng(8), 20
    _, linked = landscape(bits, 4, rng)
    ideas = rng.integers(2**64, size=16_000, dtype=np.uint64)
    worth = np.array([idea_worth(idea, rng.random((bits, 32)), linked) for idea in ideas])
    agrees(worth, 0.5, checks=2)
    agrees((worth - 0.5) ** 2, 1 / (12 * bits), checks=2)


# social cognition


def played_plainly(n, chance):
    """The minimal naming game as it was published, on the complete graph."""
    names = [[] for _ in range(n)]
    holders, held, new, talks = Counter(), 0, 0, 0
    while True:
        talks += 1
        i, j = chance.sample(range(n), 2)
        if not names[i]:
            names[i], held, new = [new], held + 1, new + 1
            holders[names[i][0]] = 1
        word = chance.choice(names[i])
        if word not in names[j]:
            names[j].append(word)
            holders[word] += 1
            held += 1
            continue
        for x in (i, j):
            holders.subtract(names[x])
            holders[word] += 1
            held += 1 - len(names[x])
            names[x] = [word]
        if held == n and holders[word] == n:
            return talks


def games(n, runs, graph=None):
    """`[runs, 3]` talks until consensus, talks until most names are held, how many those are."""
    offsets, members = complete(n) if graph is None else graph
    got = [consensus_time(offsets, members, 40 * n * n, streams.key(s, f"game{n}")) for s in range(runs)]
    return np.array(got, np.float64)


def test_the_naming_game_takes_as_long_as_one_that_is_played_plainly():
    chance = random.Random(9)
    slow = np.array([played_plainly(30, chance) for _ in range(1600)], float)
    fast = games(30, 6400)[:, 0].reshape(1600, 4).mean(axis=1)
    agrees(fast - slow + fast.mean(), fast.mean())


def test_names_peak_after_talks_that_grow_like_the_size_to_the_three_halves():
    """Baronchelli et al. 2006, 100 to 5,000 agents on the complete graph.

    The peak and its time have the literature's exponent 1.5 within .1. Consensus ends in N ln N talks more
    that still weigh at these sizes, so that its own exponent is near 1.33.
    """
    sizes = np.array([100, 300, 1000, 2200, 5000])
    means = np.array([games(n, 20).mean(axis=0) if n < 2000 else games(n, 6).mean(axis=0) for n in sizes])
    consensus, peak_at, peak = (np.polyfit(np.log(sizes), np.log(column), 1)[0] for column in means.T)
    assert peak_at == pytest.approx(1.5, abs=0.1)
    assert peak == pytest.approx(1.5, abs=0.1)
    assert consensus == pytest.approx(1.33, abs=0.07)
    laws = np.stack([sizes**1.5, sizes * np.log(sizes)], axis=1) / means[:, :1]
    parts = np.linalg.lstsq(laws, np.ones(len(sizes)), rcond=None)[0]
    assert parts.min() > 0
    assert np.abs(laws @ parts - 1).max() < 0.2


def test_a_small_world_needs_fewer_names_at_a_time_than_a_complete_graph():
    """Dall'Asta, Baronchelli, Barrat & Loreto 2006: neighbors agree early, so that memory stays small."""
    n = 400
    c = group_of(people(n), links(n)).channel
    near = games(n, 6, (c.offsets, c.members))
    everywhere = games(n, 6)
    assert near[:, 2].max() < 0.5 * everywhere[:, 2].min()


# emotional processing


def moods(calm, batches=16, n=300, steps=200):
    """Mean square mood of agents without links and shocks."""
    rng, alone = np.random.default_rng(10), np.zeros(n + 1, np.int32)
    for _ in range(batches):
        noise = (0.3 * rng.standard_normal((steps, n))).astype(np.float32)
        none = np.empty(0, np.int32)
        yield felt(
            noise, np.full(n, calm), np.full(n, 0.4), np.ones(n), 0.0, alone, none, ones(none), np.uint64(1)
        )[0]


@pytest.mark.parametrize("calm", [0.1, 0.2, 0.35])
def test_moods_of_loners_have_lyapunovs_variance(calm):
    """s^2 / (1 - (1 - r)^2), s = .3."""
    agrees(moods(calm), 0.09 / (1 - (1 - calm) ** 2), checks=3)


def test_moods_that_spread_among_four_contacts_settle_where_the_mean_field_does():
    """SISa (Hill et al. 2010): (a + b k I)(1 - I) = g I has the root .7304 at a = .18, b = .02, g = .088, k = 4."""
    a, b, g, k, step = 0.18, 0.02, 0.088, 4, 0.05
    roots = np.roots([-b * k, b * k - a - g, a])
    fixed = float(roots[(roots > 0) & (roots < 1)][0])
    assert fixed == pytest.approx(0.7304, abs=5e-5)
    rng, ill = np.random.default_rng(11), np.random.default_rng(12).random((24, 600)) < fixed
    shares = []
    for s in range(900):
        rate = np.where(ill, g, a + b * k * ill.mean(axis=1, keepdims=True))
        ill = ill ^ (rng.random(ill.shape) < 1 - np.exp(-rate * step))
        if s >= 300:
            shares.append(ill.mean(axis=1))
    agrees(np.mean(shares, axis=0), fixed)


# pattern recognition


def test_many_who_learned_much_reach_bayes_error_through_little_noise():
    """320 agents whose channels' noise averages out, 10^5 examples each: Phi(1.5) = .933 right."""
    score, bound = measures("pattern-recognition", together(320, 11.0), 8, rungs=1, trials=500)[:, :2].T
    right = 0.5 + score * (norm.cdf(1.5) - 0.5)
    assert norm.cdf(1.5) == pytest.approx(0.933, abs=5e-4)
    assert bound[0] > 0.98
    agrees(right, norm.cdf(1.5))


# optimization


def test_a_swarm_falls_to_the_lowest_point_of_the_sphere():
    """Forty particles in eight dimensions that always move and hear: below 10^-6."""
    n, rng = 40, np.random.default_rng(13)
    offsets, members = complete(n)
    place, target = rng.uniform(-5, 5, (n, 8)), rng.uniform(-2.5, 2.5, 8)
    before = np.mean([height(p, target, 0) for p in place])
    always = np.ones(n)
    reached = flown(place, target, 0, always, always, offsets, members, ones(members), 1024, np.uint64(3))
    assert before > 10
    assert max(height(p, target, 0) for p in place) < 1e-6
    assert reached > 0.9


def test_both_landscapes_are_lowest_at_the_target():
    target = np.array([0.5, -2.0])
    assert height(target, target, 0) == height(target, target, 1) == 0
    assert height(target + 1, target, 0) == pytest.approx(2.0)
    assert height(target + 0.5, target, 1) == pytest.approx(0.5 + 40)
