"""Estimators of emergence against closed forms and oracles: information, synchrony, multiplicity, surrogates."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.estimators.gaussian import (
    copula_mutual_information,
    mutual_information,
    rank_normal,
    transfer_entropy,
    whitened,
)
from swarmscale.model.emergence.estimators.information import (
    discrete_entropy,
    discrete_mutual_information,
    dual_total_correlation,
    o_information,
    total_correlation,
)
from swarmscale.model.emergence.estimators.multiple import benjamini_hochberg
from swarmscale.model.emergence.estimators.synchrony import fourier_null, order_parameter, synchrony
from swarmscale.model.emergence.surrogates import phase_randomized, shifted

from .flow_support import agrees

RUNS = 20


def runs(name, measure, count=RUNS):
    """Independent values of a measure."""
    seed = int.from_bytes(name.encode()[:8], "little")
    return [measure(np.random.default_rng([seed, k])) for k in range(count)]


def walk(rng, samples, parts, memory):
    """Independent autoregressions of order 1 in their steady state."""
    out = rng.standard_normal((samples, parts))
    out[0] /= np.sqrt(1 - memory**2)
    for t in range(1, samples):
        out[t] += memory * out[t - 1]
    return out


# Mutual information


@pytest.mark.parametrize("r", [0.3, 0.8])
def test_mutual_information_of_two_gaussians_is_that_of_their_correlation(r):
    theory = -0.5 * np.log(1 - r**2)

    def measure(rng):
        x, e = rng.standard_normal((2, 40_000))
        return mutual_information(x, r * x + np.sqrt(1 - r**2) * e)

    agrees(runs(f"mi{r}", measure), theory, checks=2)


def test_mutual_information_of_groups_is_that_of_their_covariance():
    mix = np.array([[1.0, 0.4, 0.2, 0.0], [0.0, 1.0, 0.5, 0.3], [0.0, 0.0, 1.0, 0.6], [0.0, 0.0, 0.0, 1.0]])
    cov = mix.T @ mix
    parts = np.linalg.slogdet(cov[:2, :2])[1] + np.linalg.slogdet(cov[2:, 2:])[1]
    theory = 0.5 * (parts - np.linalg.slogdet(cov)[1])

    def measure(rng):
        both = rng.standard_normal((40_000, 4)) @ mix
        return mutual_information(both[:, :2], both[:, 2:])

    agrees(runs("groups", measure), theory)


def test_the_copula_form_sees_through_any_monotone_change_of_scale():
    x, e = np.random.default_rng(1).standard_normal((2, 5000))
    y = 0.6 * x + 0.8 * e
    assert copula_mutual_information(np.exp(3 * x), y**3) == pytest.approx(
        copula_mutual_information(x, y), abs=1e-12
    )
    assert mutual_information(np.exp(3 * x), y**3) < 0.5 * copula_mutual_information(x, y)


def test_information_about_itself_is_infinite_and_what_says_nothing_twice_is_refused():
    x = np.random.default_rng(2).standard_normal((100, 2))
    assert mutual_information(x[:, 0], 2 * x[:, 0] - 1) == np.inf
    with pytest.raises(ConfigError, match="constant"):
        mutual_information(x[:, 0], np.ones(100))
    with pytest.raises(ConfigError, match="depend linearly"):
        mutual_information(x[:, [0, 0]], x[:, 1])
    with pytest.raises(ConfigError, match="nan at sample 3"):
        mutual_information(np.where(np.arange(100) == 3, np.nan, x[:, 0]), x[:, 1])
    with pytest.raises(ConfigError, match="4 are needed"):
        mutual_information(x[:3, :2], x[:3, 0])


def test_scores_of_ranks_are_those_of_scipy_with_ties():
    given = np.random.default_rng(3).integers(0, 7, (60, 5)).astype(float)
    ranks = stats.rankdata(given, axis=0)
    np.testing.assert_allclose(rank_normal(given), stats.norm.ppf(ranks / 61), atol=1e-12)


# Transfer entropy


def closed_form(a, b, c):
    """TE from y to x and covariance of ``x' = a x + c y + e, y' = b y + f`` with unit noises."""
    system = np.array([[a, c], [0.0, b]])
    cov = np.linalg.solve(np.eye(4) - np.kron(system, system), np.eye(2).ravel()).reshape(2, 2)
    ahead = system @ cov
    alone = cov[0, 0] - ahead[0, 0] ** 2 / cov[0, 0]
    return 0.5 * np.log(alone)


def pair(rng, samples, a=0.5, b=0.7, c=0.4):
    noise = rng.standard_normal((samples + 100, 2))
    x = np.zeros((samples + 100, 2))
    for t in range(1, samples + 100):
        x[t, 0] = a * x[t - 1, 0] + c * x[t - 1, 1] + noise[t, 0]
        x[t, 1] = b * x[t - 1, 1] + noise[t, 1]
    return x[100:]


def test_transfer_entropy_of_a_pair_of_autoregressions_is_its_closed_form():
    values = runs("te", lambda rng: transfer_entropy(pair(rng, 10_000))[1, 0])
    agrees(values, closed_form(0.5, 0.7, 0.4), checks=2)
    backwards = runs("te back", lambda rng: 2 * 9999 * transfer_entropy(pair(rng, 10_000))[0, 1])
    assert np.mean(backwards) < stats.chi2.isf(1e-4, RUNS) / RUNS
    assert np.mean(np.array(values) * 2 * 9999) > stats.chi2.isf(1e-4, RUNS) / RUNS


def test_mutual_information_of_a_pair_of_autoregressions_is_its_closed_form():
    system = np.array([[0.5, 0.4], [0.0, 0.7]])
    cov = np.linalg.solve(np.eye(4) - np.kron(system, system), np.eye(2).ravel()).reshape(2, 2)
    expected = -0.5 * np.log(1 - cov[0, 1] ** 2 / (cov[0, 0] * cov[1, 1]))
    agrees(runs("mi pair", lambda rng: mutual_information(*pair(rng, 30_000).T)), expected)


def test_twice_the_samples_times_transfer_entropy_is_grangers_likelihood_ratio():
    x = pair(np.random.default_rng(4), 500)
    te = transfer_entropy(x)
    for source, target in ((1, 0), (0, 1)):
        own = sm.add_constant(x[:-1, [target]])
        full = sm.OLS(x[1:, target], np.column_stack([own, x[:-1, source]])).fit()
        less = sm.OLS(x[1:, target], own).fit()
        ratio, _, _ = full.compare_lr_test(less)
        fisher, _, _ = full.compare_f_test(less)
        assert 2 * 499 * te[source, target] == pytest.approx(ratio, rel=1e-9)
        assert 2 * 499 * te[source, target] == pytest.approx(499 * np.log1p(fisher / 496), rel=1e-9)


def test_a_longer_lag_finds_a_slower_influence():
    rng = np.random.default_rng(5)
    source = rng.standard_normal(2000)
    target = np.roll(source, 3) + rng.standard_normal(2000)
    both = np.column_stack([source, target])
    found = [transfer_entropy(both, lag=lag)[0, 1] for lag in (1, 2, 3, 4)]
    assert int(np.argmax(found)) == 2
    assert found[2] == pytest.approx(0.5 * np.log(2), abs=0.06)
    assert max(found[0], found[1], found[3]) < 0.01


def test_innovations_are_the_errors_of_least_squares():
    x = walk(np.random.default_rng(6), 120, 3, 0.8)
    found = whitened(x, 4)
    for i in range(3):
        lags = np.column_stack([x[4 - k : 120 - k, i] for k in range(1, 5)])
        expected = sm.OLS(x[4:, i], sm.add_constant(lags)).fit().resid
        np.testing.assert_allclose(found[:, i], expected, atol=1e-7)
    assert not whitened(np.ones((50, 2))).any()
    ramp = np.arange(50.0)[:, None]
    np.testing.assert_allclose(whitened(ramp), 0.0, atol=1e-6)


# Many variables


def test_o_information_is_nothing_for_independent_series_and_positive_for_a_common_factor():
    rng = np.random.default_rng(7)
    alone = rng.standard_normal((100_000, 8))
    assert o_information(alone) == pytest.approx(0.0, abs=0.01)
    common = rng.standard_normal((100_000, 1)) + rng.standard_normal((100_000, 8))
    r = np.full((8, 8), 0.5) + 0.5 * np.eye(8)
    precise = np.diag(np.linalg.inv(r))
    exact = -np.linalg.slogdet(r)[1] - 0.5 * np.log(precise).sum()
    assert o_information(common) == pytest.approx(exact, abs=0.02)
    assert exact == pytest.approx(0.99, abs=0.1)
    agrees(
        runs("o", lambda g: o_information(g.standard_normal((4000, 1)) + g.standard_normal((4000, 8)))), exact
    )


def test_a_sum_of_seven_and_little_noise_is_synergistic_by_its_exact_value():
    variance = 7 + 0.09
    exact = np.log(variance / 0.09) - 0.5 * (np.log(variance / 0.09) + 7 * np.log(1 + 1 / 0.09))
    assert exact / np.log(2) == pytest.approx(-9.45, abs=0.01)

    def measure(rng):
        x = rng.standard_normal((10_000, 8))
        x[:, 7] = x[:, :7].sum(axis=1) + 0.3 * x[:, 7]
        return -o_information(x)

    agrees(runs("syn", measure), -exact)


def test_total_less_dual_total_correlation_is_the_o_information():
    x = walk(np.random.default_rng(8), 400, 5, 0.5)
    x[:, 4] += x[:, 0] - x[:, 1]
    assert total_correlation(x) - dual_total_correlation(x) == pytest.approx(o_information(x), abs=1e-12)
    assert total_correlation(x[:, [0, 4]]) == pytest.approx(mutual_information(x[:, 0], x[:, 4]), abs=1e-12)
    assert dual_total_correlation(x[:, [0, 4]]) == pytest.approx(
        mutual_information(x[:, 0], x[:, 4]), abs=1e-12
    )
    with pytest.raises(ConfigError, match="depend linearly"):
        o_information(np.column_stack([x, x.sum(axis=1)]))


def test_discrete_information_is_that_of_dit():
    dit = pytest.importorskip("dit")
    rng = np.random.default_rng(9)
    x = rng.integers(0, 3, 500)
    y = (x + (rng.random(500) < 0.3)) % 3
    rows, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    table = dit.Distribution([f"{a}{b}" for a, b in rows], (counts / 500).tolist())
    assert discrete_mutual_information(x, y) / np.log(2) == pytest.approx(
        dit.shannon.mutual_information(table, [0], [1]), abs=1e-9
    )
    assert discrete_entropy(np.column_stack([x, y])) / np.log(2) == pytest.approx(
        dit.shannon.entropy(table), abs=1e-9
    )
    assert discrete_entropy(y) / np.log(2) == pytest.approx(dit.shannon.entropy(table, [1]), abs=1e-9)


# Synchrony


@pytest.mark.parametrize("parts", [3, 30])
def test_synchrony_of_independent_series_is_one_over_their_number(parts):
    values = runs(f"sync{parts}", lambda rng: synchrony(rng.standard_normal((300, parts))), 400)
    agrees(values, 1 / parts, checks=2)


@pytest.mark.parametrize(("samples", "parts"), [(300, 30), (301, 30), (300, 4), (301, 4)])
def test_the_fourier_null_is_that_of_surrogates_with_random_phases(samples, parts):
    rng = np.random.default_rng([samples, parts])
    x = walk(rng, samples, parts, 0.9)
    observed, null = fourier_null(x, 4000, rng)
    assert observed == pytest.approx(synchrony(x), abs=1e-12)
    made = np.array([synchrony(phase_randomized(x, rng)) for _ in range(800)])
    assert stats.ks_2samp(null, made).pvalue > 1e-4
    assert stats.ks_2samp(1.25 * null, made).pvalue < 1e-4
    assert np.mean(null) == pytest.approx(1 / parts, rel=0.05)


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99])
def test_synchrony_rejects_independent_series_as_often_as_it_should(memory):
    def rejected(share):
        def measure(rng):
            x = walk(rng, 300, 30, memory) + share * walk(rng, 300, 1, memory)
            observed, null = fourier_null(x, 199, rng)
            return (1 + (null >= observed).sum()) / 200 <= 0.05

        return np.mean(runs(f"f{memory}", measure, 300))

    assert rejected(0.0) <= stats.binom.isf(1e-4, 300, 0.05) / 300
    assert rejected(0.5) > stats.binom.isf(1e-4, 300, 0.05) / 300


@pytest.mark.parametrize("parts", [50, 500])
def test_the_order_parameter_of_random_directions_falls_with_the_root_of_their_number(parts):
    values = runs(
        f"phi{parts}", lambda rng: order_parameter(rng.uniform(0, 2 * np.pi, (300, parts))).mean(), 60
    )
    agrees(values, np.sqrt(np.pi) / (2 * np.sqrt(parts)), checks=2)


def test_a_constant_series_has_no_synchrony():
    with pytest.raises(ConfigError, match="series 1 is constant at 2"):
        synchrony(np.column_stack([np.arange(9.0), np.full(9, 2.0)]))


# Many hypotheses


def test_the_rule_for_many_hypotheses_is_that_of_statsmodels():
    rng = np.random.default_rng(10)
    p = np.concatenate([rng.random(300), rng.random(40) * 1e-3])
    expected = sm.stats.multipletests(p, 0.05, "fdr_bh")[0]
    np.testing.assert_array_equal(benjamini_hochberg(p, 0.05), expected)
    assert 30 < expected.sum() < 60
    shaped = np.append(p, np.full(4, np.nan)).reshape(8, 43)
    assert benjamini_hochberg(shaped, 0.05).sum() == expected.sum()
    assert not benjamini_hochberg(np.full(5, np.nan), 0.05).any()


# Surrogates


def test_shifts_keep_each_series_and_break_what_they_share():
    rng = np.random.default_rng(11)
    common = walk(rng, 200, 1, 0.5)
    x = common + 0.1 * walk(rng, 200, 4, 0.5)
    made = shifted(x, 60, rng)
    assert made.shape == (60, 200, 4)
    np.testing.assert_array_equal(np.sort(made[7], axis=0), np.sort(x, axis=0))
    at = int(np.nonzero(made[7, :, 0] == x[0, 0])[0][0])
    np.testing.assert_array_equal(np.roll(x[:, 0], at), made[7, :, 0])
    assert synchrony(x) > 0.9
    assert np.mean([synchrony(one) for one in made]) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("samples", [200, 201])
def test_random_phases_keep_mean_variance_and_spectrum(samples):
    x = walk(np.random.default_rng(12), samples, 3, 0.9) + 4.0
    made = phase_randomized(x, np.random.default_rng(13))
    np.testing.assert_allclose(np.abs(np.fft.rfft(made, axis=0)), np.abs(np.fft.rfft(x, axis=0)), atol=1e-9)
    np.testing.assert_allclose(
        [made.mean(axis=0), made.std(axis=0)], [x.mean(axis=0), x.std(axis=0)], atol=1e-9
    )
    assert np.abs(made - x).max() > 1
