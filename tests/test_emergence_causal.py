"""Causal emergence: the authors' own cases, closed forms, and why the raw criterion fails on independent parts."""

from __future__ import annotations

import numpy as np
import pytest

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.estimators.causal import (
    delta,
    discrete_delta,
    discrete_gamma,
    discrete_macro_beats_best,
    discrete_psi,
    gamma,
    macro_beats_best,
    psi,
    psi_and_m,
)
from swarmscale.model.emergence.estimators.gaussian import mutual_information
from swarmscale.model.emergence.surrogates import shifted

from .flow_support import agrees

BIT = np.log(2)


def downward(rng, samples=50_000):
    """The first bit becomes the parity of both, the second is random: the authors' case of downward causation."""
    bits = np.zeros((samples, 2), np.int64)
    bits[:, 1] = rng.random(samples) < 0.5
    for t in range(1, samples):
        bits[t, 0] = bits[t - 1, 0] ^ bits[t - 1, 1]
    return bits, bits[:, 0] ^ bits[:, 1]


def decoupled(rng, samples=50_000, kept=0.99):
    """Parity is kept with this chance, each bit alone is random: the authors' case of causal decoupling."""
    parity = np.cumsum(rng.random(samples) > kept) % 2
    first = (rng.random(samples) < 0.5).astype(np.int64)
    bits = np.column_stack([first, first ^ parity])
    return bits, parity


def memory(rng, samples, parts, a):
    out = rng.standard_normal((samples, parts))
    out[0] /= np.sqrt(1 - a**2)
    for t in range(1, samples):
        out[t] += a * out[t - 1]
    return out


def test_the_authors_case_of_downward_causation():
    bits, parity = downward(np.random.default_rng(1))
    assert discrete_psi(bits, parity) / BIT == pytest.approx(0, abs=0.01)
    assert discrete_delta(bits, parity) / BIT == pytest.approx(1, abs=0.01)
    assert discrete_gamma(bits, parity) / BIT == pytest.approx(1, abs=0.01)
    assert 0.95 * discrete_delta(bits, parity) / BIT < 1 - 0.01


def test_the_authors_case_of_causal_decoupling():
    bits, parity = decoupled(np.random.default_rng(2))
    expected = 1 + 0.99 * np.log2(0.99) + 0.01 * np.log2(0.01)
    assert expected == pytest.approx(0.919, abs=5e-4)
    assert discrete_psi(bits, parity) / BIT == pytest.approx(expected, abs=0.01)
    assert discrete_delta(bits, parity) / BIT == pytest.approx(0, abs=0.01)
    assert discrete_gamma(bits, parity) / BIT == pytest.approx(0, abs=0.01)
    assert discrete_macro_beats_best(bits, parity) / BIT == pytest.approx(expected, abs=0.01)
    assert abs(1.05 * discrete_psi(bits, parity) / BIT - expected) > 0.01


def test_the_decoupled_parity_over_many_runs_is_its_closed_form():
    expected = 1 + 0.99 * np.log2(0.99) + 0.01 * np.log2(0.01)
    values = [discrete_psi(*decoupled(np.random.default_rng([3, k]))) / BIT for k in range(20)]
    agrees(values, expected)


def test_the_authors_case_of_independent_gaussians():
    rng = np.random.default_rng(4)
    parts, macro = rng.standard_normal((50_000, 2)), rng.standard_normal(50_000)
    for measure in (psi, delta, gamma):
        assert measure(parts, macro) == pytest.approx(0, abs=0.01)


def test_gaussian_forms_are_sums_of_mutual_informations():
    x = memory(np.random.default_rng(5), 400, 3, 0.6)
    x[1:, 0] += 0.5 * x[:-1, 1]
    v = x.mean(axis=1)
    own = mutual_information(v[:-1], v[1:])
    told = [mutual_information(x[:-1, j], v[1:]) for j in range(3)]
    down = [mutual_information(v[:-1], x[1:, j]) for j in range(3)]
    across = [sum(mutual_information(x[:-1, i], x[1:, j]) for i in range(3)) for j in range(3)]
    assert psi(x, v) == pytest.approx(own - sum(told), abs=1e-10)
    assert macro_beats_best(x, v) == pytest.approx(own - max(told), abs=1e-10)
    assert delta(x, v) == pytest.approx(max(d - a for d, a in zip(down, across, strict=True)), abs=1e-10)
    assert gamma(x, v) == pytest.approx(max(down), abs=1e-10)


def test_psi_of_independent_memories_is_its_closed_form_and_above_nothing():
    """The mean of two independent AR(a) foretells itself as well as each does: the raw criterion cries wolf."""
    a = 0.9
    expected = -0.5 * np.log(1 - a**2) + np.log(1 - a**2 / 2)
    assert expected > 0.2

    def measure(k):
        x = memory(np.random.default_rng([6, k]), 20_000, 2, a)
        return psi(x, x.mean(axis=1))

    agrees([measure(k) for k in range(20)], expected)


def test_many_surrogates_at_once_are_what_each_is_alone():
    rng = np.random.default_rng(7)
    made = shifted(memory(rng, 100, 4, 0.8), 12, rng)
    macro = made.mean(axis=2)
    both = psi_and_m(made, macro)
    assert both.psi.shape == both.m.shape == (12,)
    for k in range(12):
        assert both.psi[k] == pytest.approx(psi(made[k], macro[k]), abs=1e-10)
        assert both.m[k] == pytest.approx(macro_beats_best(made[k], macro[k]), abs=1e-10)


def rejects(make, draws=99, count=60):
    """Share of systems whose Psi is in the upper 5 % of its shifted surrogates."""
    hits = 0
    for k in range(count):
        rng = np.random.default_rng([8, k])
        x = make(rng)
        null = psi_and_m(made := shifted(x, draws, rng), made.mean(axis=2)).psi
        hits += (1 + (null >= psi(x, x.mean(axis=1))).sum()) / (draws + 1) <= 0.05
    return hits / count


def test_against_shifted_surrogates_memory_alone_is_no_emergence_and_a_hidden_slow_mode_is():
    def hidden(rng):
        noise = rng.standard_normal((300, 8))
        noise -= noise.mean(axis=1, keepdims=True)
        return 3 * noise + memory(rng, 300, 1, 0.95) * 0.4

    assert rejects(lambda rng: memory(rng, 300, 8, 0.9)) <= 0.22  # 99.99 % point of 60 draws at 5 %
    assert rejects(hidden) > 0.9


def test_a_constant_part_tells_nothing_and_misfits_are_refused():
    x = memory(np.random.default_rng(9), 100, 2, 0.5)
    flat = np.column_stack([x, np.ones(100)])
    with pytest.raises(ConfigError, match="series 2 is constant"):
        psi(flat, x[:, 0])
    assert np.isfinite(psi_and_m(flat, x[:, 0]).psi)
    with pytest.raises(ConfigError, match="shape of the macro"):
        psi(x, x[:50, 0])
    with pytest.raises(ConfigError, match="whole numbers"):
        discrete_psi(x, x[:, 0])
