"""The measures of a common factor: exact on exact matrices, right about their own errors on drawn scores."""

import numpy as np
import pytest
from scipy import stats

from swarmscale.model.intelligence.factor import (
    bootstrap_share,
    explained,
    factor_of,
    null_shares,
    one_factor,
    partial_correlations,
    permuted,
    validity,
)

from .flow_support import agrees

LOADINGS = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.75, 0.65, -0.4, 0.55])


def one_factor_matrix(loadings):
    """Correlations of scores that have one factor in common."""
    return np.outer(loadings, loadings) + np.diag(1 - loadings**2)


def scores_of(r, n, rng, exact=False):
    """`[n, p]` normal scores with correlations r; exactly r in the sample if wanted."""
    z = rng.standard_normal((n, len(r)))
    if exact:
        z -= z.mean(axis=0)
        z = np.linalg.qr(z)[0] * np.sqrt(n)
    return z @ np.linalg.cholesky(r).T


def share_of_equals(p, share):
    """Loading of p equal tests whose first component takes a share: (1 + (p - 1) l^2) / p."""
    return np.sqrt((share * p - 1) / (p - 1))


def test_loadings_of_an_exact_one_factor_matrix_are_found():
    assert one_factor(one_factor_matrix(LOADINGS)) == pytest.approx(LOADINGS, abs=1e-5)


def test_the_sum_of_the_loadings_is_positive():
    assert one_factor(one_factor_matrix(-LOADINGS)) == pytest.approx(LOADINGS, abs=1e-5)


def test_loadings_by_maximum_likelihood_reproduce_the_variances_and_cannot_be_improved():
    """At the maximum diag(S) = 1 and the misfit is flat (Joreskog 1967)."""
    r = np.corrcoef(scores_of(one_factor_matrix(LOADINGS), 150, np.random.default_rng(1)).T)
    best = one_factor(r)

    def misfit(load):
        s = one_factor_matrix(load)
        return np.linalg.slogdet(s)[1] + np.trace(np.linalg.solve(s, r))

    rng = np.random.default_rng(2)
    for _ in range(50):
        assert misfit(best) <= misfit(np.clip(best + 0.01 * rng.standard_normal(12), -0.99, 0.99)) + 1e-9


def test_alpha_and_omega_of_equal_tests_have_closed_forms():
    """Tau-equivalent: both are p l^2 / (1 + (p - 1) l^2); the share is (1 + (p - 1) l^2) / p; variance is l^2."""
    p, load = 12, 0.6
    z = scores_of(one_factor_matrix(np.full(p, load)), 200, np.random.default_rng(3), exact=True)
    f = factor_of(z, np.random.default_rng(4), draws=20)
    reliable = p * load**2 / (1 + (p - 1) * load**2)
    assert f.alpha == pytest.approx(reliable, abs=1e-9)
    assert f.omega == pytest.approx(reliable, abs=1e-6)
    assert f.share == pytest.approx((1 + (p - 1) * load**2) / p, abs=1e-9)
    assert f.second == pytest.approx((1 - load**2) / p, abs=1e-9)
    assert f.variance == pytest.approx(load**2, abs=1e-6)
    assert f.loadings == pytest.approx(np.full(p, load), abs=1e-5)
    assert f.factors == 1


def test_alpha_is_below_omega_where_loadings_differ():
    z = scores_of(one_factor_matrix(np.abs(LOADINGS)), 200, np.random.default_rng(5), exact=True)
    f = factor_of(z, np.random.default_rng(6), draws=20)
    total = np.abs(LOADINGS).sum() ** 2
    assert f.omega == pytest.approx(total / (total + (1 - LOADINGS**2).sum()), abs=1e-6)
    assert f.alpha < f.omega


def test_two_factors_are_counted_as_two():
    """Six tests of one thing and six of another, without anything in common."""
    load = np.full(6, 0.7)
    r = np.kron(np.eye(2), one_factor_matrix(load))
    z = scores_of(r, 240, np.random.default_rng(7))
    f = factor_of(z, np.random.default_rng(8), draws=100)
    assert f.factors == 2
    second = f.second_loadings
    assert np.abs(second @ second) / 12 == pytest.approx(f.second)


@pytest.mark.parametrize(("n", "share"), [(160, 0.133), (240, 0.1235), (400, 0.1145)])
def test_the_null_of_twelve_tests_is_about_twelve_percent(n, share):
    """Horn's 95th percentile, just below the edge of noise (1 + sqrt(p / n))^2 / p (Marchenko & Pastur 1967)."""
    null = null_shares(n, 12, 600, np.random.default_rng(n))
    assert null[0] == pytest.approx(share, abs=0.002)
    assert null[0] == pytest.approx((1 + np.sqrt(12 / n)) ** 2 / 12, rel=0.03)
    assert (np.diff(null) < 0).all()
    assert null[-1] < 1 / 12


def test_independent_scores_have_a_factor_in_five_percent_of_the_cases():
    n, p, trials = 120, 6, 2000
    null = null_shares(n, p, 2000, np.random.default_rng(10))[0]
    rng = np.random.default_rng(11)
    found = sum(
        np.linalg.eigvalsh(np.corrcoef(rng.standard_normal((p, n))))[-1] / p > null for _ in range(trials)
    )
    spread = np.sqrt(0.05 * 0.95 * (1 / trials + 1 / 2000)) * trials
    assert abs(found - 0.05 * trials) < 4 * spread
    wrong = null * 0.95  # a null 5 % too low cries far too often
    often = sum(
        np.linalg.eigvalsh(np.corrcoef(rng.standard_normal((p, n))))[-1] / p > wrong for _ in range(trials)
    )
    assert often - 0.05 * trials > 4 * spread


def test_a_share_of_forty_percent_is_found_and_lies_in_its_interval():
    load = share_of_equals(12, 0.4)
    r, rng = one_factor_matrix(np.full(12, load)), np.random.default_rng(12)
    f = factor_of(scores_of(r, 240, rng), rng, draws=200)
    assert f.low < 0.4 < f.high
    assert f.low > f.null
    assert f.factors == 1


def test_the_bootstrap_interval_covers_the_true_share_about_as_often_as_it_says():
    load = share_of_equals(12, 0.4)
    r, rng = one_factor_matrix(np.full(12, load)), np.random.default_rng(13)
    covered = 0
    for _ in range(150):
        low, high = bootstrap_share(scores_of(r, 240, rng), 120, rng)
        covered += low < 0.4 < high
    assert stats.binom.cdf(covered, 150, 0.95) > 1e-4, "covers too rarely"
    assert covered / 150 > 0.85


def test_shuffled_groups_have_no_factor():
    rng = np.random.default_rng(14)
    z = scores_of(one_factor_matrix(np.full(12, 0.7)), 240, rng)
    null = null_shares(240, 12, 400, rng)[0]
    shares = [np.linalg.eigvalsh(np.corrcoef(permuted(z, rng).T))[-1] / 12 for _ in range(200)]
    assert np.linalg.eigvalsh(np.corrcoef(z.T))[-1] / 12 > 0.5
    assert stats.binom.sf(sum(s > null for s in shares), 200, 0.05) > 1e-4
    assert np.mean(shares) < null


def test_shuffling_keeps_each_tasks_scores():
    z = np.random.default_rng(15).standard_normal((30, 4))
    again = permuted(z, np.random.default_rng(16))
    assert np.array_equal(np.sort(again, axis=0), np.sort(z, axis=0))
    assert not np.array_equal(again, z)


def test_partial_correlations_of_a_chain_are_zero_off_the_chain():
    """r_ij = rho^|i - j|: given the others each depends on its neighbors alone."""
    rho, p = 0.6, 6
    r = rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    partial = partial_correlations(r)
    off = np.abs(np.subtract.outer(np.arange(p), np.arange(p))) > 1
    assert np.abs(partial[off]).max() < 1e-12
    assert np.diag(partial).tolist() == [1.0] * p
    assert partial[1, 2] == pytest.approx(rho / (1 + rho**2))
    assert partial[0, 1] == pytest.approx(rho / np.sqrt(1 + rho**2))


def test_explained_variance_is_that_of_the_regression():
    x = np.random.default_rng(17).standard_normal((50, 2))
    assert explained(x @ [1.0, 2.0] + 3.0, x) == pytest.approx(1.0)
    noise = np.linalg.qr(np.column_stack([np.ones(50), x, np.random.default_rng(18).standard_normal(50)]))[0]
    y = 3 * noise[:, 1] + 4 * noise[:, 3]
    assert explained(y, noise[:, 1:3]) == pytest.approx(9 / 25)


def test_a_factor_adds_to_skill_what_was_built_in():
    """Scores = skill + factor + own, in known parts: r = .5 with the members' mean skill, gain as algebra says."""
    n, p = 4000, 12
    skill, common, own = 0.5, 0.6, np.sqrt(1 - 0.25 - 0.36)
    parts = scores_of(np.eye(p + 3), n, np.random.default_rng(19), exact=True)
    mean_skill, factor, best = parts[:, 0], parts[:, 1], parts[:, 2]
    z = skill * mean_skill[:, None] + common * factor[:, None] + own * parts[:, 3:]
    v = validity(z, mean_skill, best)
    between = skill**2 + common**2
    rest = between + own**2 / (p - 1)
    assert v.mean_skill == pytest.approx(skill)
    assert v.best_skill == pytest.approx(0, abs=1e-9)
    assert v.others == pytest.approx(between / np.sqrt(rest))
    assert v.gain == pytest.approx(common**4 / (common**2 + own**2 / (p - 1)))


def test_without_a_factor_the_others_add_nothing_to_skill():
    n, p = 300, 12
    parts = scores_of(np.eye(p + 2), n, np.random.default_rng(20), exact=True)
    z = 0.5 * parts[:, :1] + np.sqrt(0.75) * parts[:, 2:]
    v = validity(z, parts[:, 0], parts[:, 1])
    assert v.gain == pytest.approx(0, abs=1e-9)
    assert v.others == pytest.approx(0.25 / np.sqrt(0.25 + 0.75 / (p - 1)))


def test_loadings_of_drawn_scores_are_unbiased():
    r, rng = one_factor_matrix(np.full(8, 0.6)), np.random.default_rng(21)
    found = [one_factor(np.corrcoef(scores_of(r, 400, rng).T)).mean() for _ in range(60)]
    agrees(found, 0.6 * (1 - (1 - 0.36) ** 2 / 8 / 400))
