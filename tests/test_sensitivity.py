"""Sobol indices and Morris effects through our own designs, against closed forms."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from swarmscale.batch.analysis import morris, sensitivity, sobol
from swarmscale.batch.design import settings_of
from swarmscale.errors import ConfigError

from .analysis_support import failed, table

A, B = 7.0, 0.1
CLOSED_FORM = {"first": (0.3139, 0.4424, 0.0), "total": (0.5576, 0.4424, 0.2437)}
"""Ishigami & Homma (1990) with a = 7, b = .1."""


def ishigami(s):
    return math.sin(s["x1"]) + A * math.sin(s["x2"]) ** 2 + B * s["x3"] ** 4 * math.sin(s["x1"])


def design(samples=1024, seed=1, **more):
    over = {name: {"low": -math.pi, "high": math.pi} for name in ("x1", "x2", "x3")}
    return {"kind": "saltelli", "samples": samples, "seed": seed, "over": over} | more


def swept(made, value=ishigami, replications=1, **more):
    return table(settings_of(made), value, replications, **more)


def errors(found):
    """Distance of each index from the closed form, in standard errors of the bootstrap."""
    return [
        abs(row[name] - truth) / ((row[f"{name}_high"] - row[name]) / 1.96)
        for name, truths in CLOSED_FORM.items()
        for (_, row), truth in zip(found.table.iterrows(), truths, strict=True)
    ]


@pytest.mark.parametrize("second_order", [False, True])
def test_indices_of_the_ishigami_function_agree_with_the_closed_form(second_order):
    made = design(second_order=second_order)
    found = sobol(swept(made), "y", made)
    assert max(errors(found)) < 4
    for name, truths in CLOSED_FORM.items():
        assert found.table[name].tolist() == pytest.approx(truths, abs=0.01)


def test_over_many_designs_the_indices_are_right_on_average():
    """30 scramblings of 128 base samples: their mean lies within 4 standard errors; 5 % too much does not."""
    made = [design(128, seed) for seed in range(1, 31)]
    tables = [sobol(swept(one), "y", one, resamples=2).table for one in made]
    for name, truths in CLOSED_FORM.items():
        values = np.array([t[name] for t in tables])
        error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
        assert (np.abs(values.mean(axis=0) - truths) < 4 * error).all(), name
    assert abs(1.05 * values.mean(axis=0)[1] - truths[1]) > 4 * error[1]


@pytest.mark.parametrize("broken", ["rows in another order", "two factors exchanged"])
def test_a_broken_chain_from_design_to_analysis_is_noticed(broken):
    made = design()
    settings = settings_of(made)
    if broken == "rows in another order":
        settings = [settings[i] for i in np.random.default_rng(1).permutation(len(settings))]
    else:
        settings = [{"x1": s["x2"], "x2": s["x1"], "x3": s["x3"]} for s in settings]
    frame = table(settings, ishigami)
    assert max(errors(sobol(frame, "y", made))) > 4


def test_the_interaction_of_the_ishigami_function_is_that_of_its_first_and_third_factor():
    made = design(second_order=True)
    pairs = sobol(swept(made), "y", made).pairs.set_index(["factor", "other"])
    assert pairs.loc[("x1", "x3"), "second"] == pytest.approx(0.2437, abs=0.02)
    assert pairs.loc[("x1", "x2"), "second"] == pytest.approx(0.0, abs=0.02)


def test_choices_and_logarithmic_ranges_have_the_indices_of_their_parts_of_the_unit_cube():
    """Variances: choice of 0, 3 (each half the time) 2.25; log10 over four decades 16/12."""
    over = {
        "scaling": ["hpa", "kpa"],
        "life.start_s": {"low": 0.1, "high": 1000.0, "log": True},
        "idle": [1, 2, 3],
    }
    made = {"kind": "saltelli", "samples": 1024, "over": over}
    frame = swept(made, lambda s: 3.0 * (s["scaling"] == "kpa") + math.log10(s["life.start_s"]))
    found = sobol(frame, "y", made).table.set_index("factor")
    share = 2.25 / (2.25 + 16 / 12)
    assert found.loc["scaling", "first"] == pytest.approx(share, abs=0.01)
    assert found.loc["life.start_s", "total"] == pytest.approx(1 - share, abs=0.01)
    assert found.loc["idle", "total"] == pytest.approx(0.0, abs=1e-9)


def test_a_failed_run_takes_its_base_sample_with_it():
    made = design(256)
    frame = failed(swept(made), (7, 0), (8, 0), (500, 0))  # 7 and 8 are of one base sample
    found = sobol(frame, "y", made)
    assert (found.samples, found.dropped) == (254, 2)
    assert "2 of 256 base samples are left out" in found.note
    assert max(errors(found)) < 4
    with pytest.raises(ConfigError, match="2 of 256 base samples"):
        sobol(frame, "y", made, failed="refuse")


def test_a_run_that_is_not_there_yet_counts_as_failed():
    made = design(64)
    assert sobol(swept(made)[5:], "y", made).dropped == 1


def test_replications_are_averaged_before_indices_are_computed():
    made = design(64)
    frame = swept(made, replications=2, noise=5.0)
    means = swept(made)
    means["y"] = frame.groupby("setting")["y"].mean().to_numpy()
    assert sobol(frame, "y", made).table.equals(sobol(means, "y", made).table)
    assert not sobol(frame, "y", made).table.equals(sobol(swept(made), "y", made).table)


def test_an_outcome_that_never_changes_has_no_indices_and_a_reason():
    made = design(8)
    found = sobol(swept(made, lambda s: 1.0), "y", made)
    assert found.table["first"].isna().all()
    assert "all runs are alike" in found.note


def test_indices_of_another_design_are_refused():
    with pytest.raises(ConfigError, match=r"design\.kind = grid, but it must be 'saltelli'"):
        sobol(swept(design(8)), "y", {"kind": "grid"})
    with pytest.raises(ConfigError, match="has only 40 settings"):
        sobol(swept(design(16)), "y", design(8))
    assert sensitivity(swept(design(8)), "y", {"kind": "grid"}) is None


MORRIS = {
    "kind": "morris",
    "samples": 20,
    "over": {
        "a": {"low": 0.0, "high": 10.0},
        "b": {"low": 1.0, "high": 100.0, "log": True},
        "c": {"low": 0.0, "high": 1.0},
        "d": {"low": 0.0, "high": 1.0},
    },
}


def test_effects_of_what_is_linear_are_its_slopes_over_the_unit_cube():
    frame = swept(MORRIS, lambda s: 0.3 * s["a"] - 2 * math.log10(s["b"]))
    found = morris(frame, "y", MORRIS).table.set_index("factor")
    assert found["mu"].tolist() == pytest.approx([3.0, -4.0, 0.0, 0.0])
    assert found["mu_star"].tolist() == pytest.approx([3.0, 4.0, 0.0, 0.0])
    assert found["sigma"].tolist() == pytest.approx([0.0] * 4, abs=1e-9)


def test_a_product_shows_as_spread_of_the_effects():
    """y = c d: an effect of c is d, so that its mean is .5 and it varies; a has none."""
    frame = swept(MORRIS, lambda s: s["c"] * s["d"])
    found = morris(frame, "y", MORRIS).table.set_index("factor")
    assert abs(found.loc["c", "mu"] - 0.5) < 4 * found.loc["c", "sigma"] / math.sqrt(20)
    assert found.loc["c", "sigma"] > 0.2
    assert found.loc["a", "mu_star"] == 0.0


def test_points_of_another_seed_give_wrong_effects():
    frame = swept(MORRIS, lambda s: 0.3 * s["a"] - 2 * math.log10(s["b"]))
    found = morris(frame, "y", MORRIS | {"seed": 9}).table.set_index("factor")
    assert found["mu_star"].tolist() != pytest.approx([3.0, 4.0, 0.0, 0.0])


def test_a_failed_run_takes_its_trajectory_with_it():
    frame = failed(swept(MORRIS, lambda s: 0.3 * s["a"]), (6, 0))
    found = sensitivity(frame, "y", MORRIS)
    assert (found.kind, found.samples, found.dropped) == ("morris", 19, 1)
    assert found.table["mu"].tolist() == pytest.approx([3.0, 0.0, 0.0, 0.0])


def test_the_documentation_shows_these_indices():
    text = (Path(__file__).parent.parent / "docs" / "analysis.md").read_text(encoding="utf-8")
    shown = text.partition("1024 base samples, 5,120 runs")[2].splitlines()[1:4]
    made = design()
    for line, row in zip(shown, sobol(swept(made), "y", made).table.itertuples(), strict=True):
        numbers = [float(x) for x in re.findall(r"-?\d+\.\d{4}", line)]
        ours = [row.first, row.first_low, row.first_high, row.total, row.total_low, row.total_high]
        assert numbers[:3] + numbers[4:7] == pytest.approx(ours, abs=1e-4)
