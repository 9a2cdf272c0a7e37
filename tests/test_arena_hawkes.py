"""Hawkes processes against theory: mean intensity, variance of counts, time rescaling, and cuts that change nothing."""

import numpy as np
import pytest
from scipy import stats

from swarmscale.arena.hawkes import Hawkes, count_variance, residuals
from swarmscale.errors import ConfigError

ONE = {"base": [5.0], "jump": [[3.0]], "decay": 5.0}
TWO = {"base": [3.0, 2.0], "jump": [[2.0, 0.5], [1.5, 1.0]], "decay": 4.0}


def counts(law, span_s=5.0, spans=4000, seed=1, scale=1.0):
    """Events in stretches of a long run, after a while of warming up; ``scale`` plants a fault."""
    law = law | {"base": [b * scale for b in law["base"]]}
    h = Hawkes(root_seed=seed, **law)
    h.take(50.0)
    at, part = h.take(50.0 + span_s * spans)
    edges = 50.0 + span_s * np.arange(spans + 1)
    return np.stack([np.histogram(at[part == i], edges)[0] for i in range(len(law["base"]))])


def z_of_mean(found, expected):
    """Standard errors by batches of a hundred stretches, since neighbors depend on each other."""
    batches = found.reshape(len(found), -1, 100).mean(axis=2)
    return (found.mean(axis=1) - expected) / (batches.std(axis=1, ddof=1) / np.sqrt(batches.shape[1]))


@pytest.mark.parametrize("law", [ONE, TWO])
def test_the_mean_intensity_is_that_of_theory_and_five_percent_more_would_be_seen(law):
    expected = 5.0 * Hawkes(root_seed=0, **law).mean_per_s
    assert (np.abs(z_of_mean(counts(law), expected)) < 4).all()
    assert (np.abs(z_of_mean(counts(law, scale=1.05), expected)) > 4).all()


def test_counts_vary_as_theory_says_and_more_than_those_of_a_poisson_process():
    found, expected = counts(ONE, spans=20_000)[0], count_variance(5.0, 3.0, 5.0, 5.0)
    batches = found.reshape(100, -1).var(axis=1, ddof=1)
    z = (batches.mean() - expected) / (batches.std(ddof=1) / 10)
    assert abs(z) < 4
    assert abs((1.05 * batches.mean() - expected) / (batches.std(ddof=1) / 10)) > 2
    assert expected > 3 * found.mean()


@pytest.mark.parametrize("law", [ONE, TWO])
def test_rescaled_times_are_exponential_and_those_of_another_law_are_not(law):
    h = Hawkes(root_seed=2, **law)
    at, part = h.take(3000.0)
    wrong = Hawkes(
        root_seed=2, **(law | {"base": [1.05 * b for b in law["base"]], "jump": 1.05 * np.array(law["jump"])})
    )
    for right, other in zip(residuals(at, part, h), residuals(at, part, wrong), strict=True):
        assert stats.kstest(right, "expon").pvalue > 1e-4
        assert abs(np.mean(right) - 1) * np.sqrt(len(right)) < 4
        assert abs(np.mean(other) - 1) * np.sqrt(len(other)) > 4
        assert abs(np.corrcoef(right[:-1], right[1:])[0, 1]) * np.sqrt(len(right)) < 4


def test_where_a_stretch_is_cut_changes_nothing():
    whole = Hawkes(root_seed=3, **TWO).take(20.0)
    cut = Hawkes(root_seed=3, **TWO)
    lots = [cut.take(t) for t in np.arange(0.1, 20.05, 0.1)]
    assert np.concatenate([a for a, _ in lots]).tolist() == [t for t in whole[0] if t < 20.0]
    assert np.concatenate([p for _, p in lots]).tolist() == whole[1].tolist()
    assert Hawkes(root_seed=4, **TWO).take(20.0)[0].tolist() != whole[0].tolist()


def test_too_little_room_is_no_limit():
    h = Hawkes(base=[1.0], jump=[[0.99]], decay=1.0, root_seed=5)
    at, _ = h.take(2000.0)
    assert (np.diff(at) > 0).all()
    assert len(at) > 1000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jump": [[5.0]]}, "radius 1"),
        ({"base": [-1.0]}, "base"),
        ({"jump": [[-1.0]]}, "jump"),
        ({"decay": 0.0}, "decay"),
        ({"jump": [[1.0, 2.0]]}, "of shape"),
    ],
)
def test_what_is_no_process_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        Hawkes(root_seed=1, **(ONE | change))
