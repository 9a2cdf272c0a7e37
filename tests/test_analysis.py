"""What a sweep's table tells: intervals that hold as often as said, pairs, effects, surfaces, Pareto fronts."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import swarmscale.batch.analysis as analysis
from swarmscale.batch.analysis import (
    bootstrap_ends,
    grid_table,
    interaction,
    intervals,
    main_effects,
    meaning,
    noise_share,
    objectives_of,
    paired,
    pareto,
    shares,
    shown_first,
    strongest,
    student_ends,
    surface,
)
from swarmscale.batch.analysis.meaning import LESS_IS_BETTER, MORE_IS_BETTER, NEITHER
from swarmscale.batch.analysis.paired import adjust
from swarmscale.batch.analysis.tidy import replication_values
from swarmscale.batch.outcomes import OUTCOMES
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.metrics import METRICS

from .analysis_support import failed, grid, table

TIMES = 800
SAID = {  # docs/analysis.md: coverage of nominally 95 %, measured over 4,000 intervals
    ("normal", 5): (0.830, 0.948),
    ("normal", 20): (0.927, 0.946),
    ("lognormal", 5): (0.814, 0.911),
    ("lognormal", 20): (0.917, 0.932),
}
SAID_TIMES = 4000


def held(law, draws, bias=1.0, seed=99):
    """Counts of 800 intervals of the bootstrap and of Student that hold the mean, through the public function."""
    rng = np.random.default_rng([seed, draws])
    size = (TIMES, draws)
    values = rng.normal(10.0, 1.0, size) if law == "normal" else rng.lognormal(0.0, 0.5, size)
    mean = 10.0 if law == "normal" else math.exp(0.125)
    frame = pd.DataFrame(
        {
            "setting": np.repeat(np.arange(TIMES), draws),
            "replication": np.tile(np.arange(draws), TIMES),
            "seed": 7,
            "status": "done",
            "error": "",
            "y": bias * values.ravel(),
        }
    )
    found = intervals(frame, "y")
    return tuple(
        int(((found[f"{who}low"] <= mean) & (mean <= found[f"{who}high"])).sum()) for who in ("", "student_")
    )


def z(count, share):
    """How many standard errors a count lies from a share that was itself measured."""
    return (count / TIMES - share) / math.sqrt(share * (1 - share) * (1 / TIMES + 1 / SAID_TIMES))


def test_the_coverage_held_here_is_that_of_the_documentation():
    text = (Path(__file__).parent.parent / "docs" / "analysis.md").read_text(encoding="utf-8")
    for law in ("normal", "lognormal"):
        rows = [
            re.search(rf"^{law} +{how} +(.*)$", text, re.M)[1].split() for how in ("bootstrap", "Student")
        ]
        for draws, column in ((5, 1), (20, 4)):
            assert tuple(float(row[column]) / 100 for row in rows) == pytest.approx(SAID[law, draws])


# -- intervals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "draws"), SAID)
def test_intervals_hold_the_mean_as_often_as_the_documentation_says(law, draws):
    for count, share in zip(held(law, draws), SAID[law, draws], strict=True):
        assert abs(z(count, share)) < 4


def test_a_bias_of_five_percent_would_be_noticed():
    for count, share in zip(held("normal", 20, bias=1.05), SAID["normal", 20], strict=True):
        assert z(count, share) < -4


def test_a_mean_has_a_bca_interval_and_students_beside_it():
    frame = table(grid(scaling=["hpa", "kpa"]), lambda s: 10.0, 12, noise=1.0)
    found = intervals(frame, "y")
    assert found["method"].tolist() == ["BCa", "BCa"]
    assert (found["student_low"] < found["value"]).all()
    assert found["set.scaling"].tolist() == ["hpa", "kpa"]
    assert (found["note"] == "").all()


def test_the_bca_interval_is_scipys():
    from scipy.stats import bootstrap

    draws = np.random.default_rng(4).lognormal(size=(1, 15))
    expected = bootstrap(
        (draws[0],), np.mean, n_resamples=1999, method="BCa", random_state=np.random.default_rng(7)
    ).confidence_interval
    low, high, _ = bootstrap_ends(draws)
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("statistic", ["median", 0.9])
def test_a_quantile_has_a_percentile_interval_and_none_of_students(statistic):
    frame = table(grid(scaling=["hpa"]), lambda s: 10.0, 20, noise=1.0)
    found = intervals(frame, "y", statistic=statistic).iloc[0]
    share = 0.5 if statistic == "median" else statistic
    assert found["value"] == pytest.approx(np.quantile(frame["y"], share))
    assert found["method"] == "percentile"
    assert found["low"] <= found["value"] <= found["high"]
    assert math.isnan(found["student_low"])


def test_few_replications_are_told_to_give_too_narrow_an_interval():
    few = intervals(table(grid(scaling=["hpa"]), lambda s: 1.0, 5, noise=1.0), "y").iloc[0]
    assert "only 5 replications is too narrow; take Student's" in few["note"]
    assert few["student_high"] - few["student_low"] > few["high"] - few["low"]
    assert intervals(table(grid(scaling=["hpa"]), lambda s: 1.0, 8, noise=1.0), "y").iloc[0]["note"] == ""


def test_one_replication_has_a_value_and_no_interval():
    found = intervals(table(grid(scaling=["hpa"]), lambda s: 3.0), "y").iloc[0]
    assert found["value"] == 3.0
    assert math.isnan(found["low"])
    assert math.isnan(found["student_low"])
    assert "only one" in found["note"]


def test_failed_and_unmeasured_runs_are_left_out_and_counted():
    frame = failed(table(grid(scaling=["hpa"]), lambda s: 3.0, 10, noise=1.0), (0, 2), (0, 3))
    frame.loc[0, "y"] = np.nan
    found = intervals(frame, "y").iloc[0]
    assert (found["runs"], found["failed"], found["unmeasured"], found["n"]) == (10, 2, 1, 7)
    assert found["value"] == pytest.approx(frame["y"].mean())
    assert "2 of 10 runs did not finish" in found["note"]


def test_a_setting_without_a_finished_run_has_a_row_without_a_value():
    frame = failed(table(grid(scaling=["hpa", "kpa"]), lambda s: 3.0, 2), (1, 0), (1, 1))
    found = intervals(frame, "y")
    assert found["n"].tolist() == [2, 0]
    assert math.isnan(found["value"][1])


def test_draws_that_are_all_alike_have_an_interval_without_width():
    found = intervals(table(grid(scaling=["hpa"]), lambda s: 0.0, 9), "y").iloc[0]
    assert (found["low"], found["high"], found["method"]) == (0.0, 0.0, "all alike")


def test_over_several_settings_the_draws_are_replications_since_they_share_seeds():
    frame = table(grid(scaling=["hpa", "kpa"], life__start_s=[10, 30, 60]), lambda s: 1.0, 9, noise=1.0)
    found = intervals(frame, "y", "scaling").iloc[0]
    mine = frame[frame["set.scaling"] == "hpa"].groupby("replication")["y"].mean().to_numpy()
    assert found["n"] == 9
    low, high = student_ends(mine.reshape(1, -1))
    assert (found["student_low"], found["student_high"]) == pytest.approx((low[0], high[0]))


def test_taking_runs_that_share_seeds_as_independent_would_make_intervals_too_narrow():
    """Over 200 sweeps of 6 settings the interval over replications holds; one over all runs does not."""
    good = naive = 0
    for seed in range(200):
        frame = table(grid(a=[1, 2], b=[1, 2, 3]), lambda s: 0.0, 8, noise=1.0, seed=seed)
        found = intervals(frame.assign(**{"set.all": 1}), "y", "all", resamples=100).iloc[0]
        good += found["student_low"] <= 0 <= found["student_high"]
        low, high = student_ends(frame["y"].to_numpy().reshape(1, -1))
        naive += low[0] <= 0 <= high[0]
    error = math.sqrt(0.95 * 0.05 / 200)
    assert abs(good / 200 - 0.95) < 4 * error
    assert naive / 200 < 0.95 - 4 * error


def test_a_missing_run_does_not_make_its_replication_look_better():
    """Setting 1 is dear; the replication that lacks it must not count as cheap."""
    values = np.array([1.0, 1.1, 100.0, 100.1, 1.2])
    draws = replication_values(values, np.array([0, 0, 1, 1, 0]), np.array([0, 1, 0, 1, 2]))
    assert draws.mean() == pytest.approx((1.1 + 100.05) / 2)
    assert np.ptp(draws) < 1


def test_the_same_table_gives_the_same_intervals():
    frame = table(grid(scaling=["hpa", "kpa"]), lambda s: 10.0, 6, noise=1.0)
    pd.testing.assert_frame_equal(intervals(frame, "y"), intervals(frame, "y"))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f: intervals(f, "yy"), "no outcome of this sweep is called 'yy'"),
        (lambda f: intervals(f, "y", "scalin"), "Did you mean 'scaling'"),
        (lambda f: intervals(f, "y", statistic=1.5), "statistic = 1.5, but it must be"),
        (lambda f: intervals(f, "y", over="runs"), "kind of draws"),
        (lambda f: intervals(f, "y", level=95.0), "level = 95.0, but it must be in"),
        (lambda f: paired(f, "y", "scaling", baseline="target"), "level of scaling"),
        (lambda f: paired(f, "y", "scaling", correction="tukey"), "correction"),
        (lambda f: surface(f, "y", "scaling"), "is not numeric"),
        (lambda f: pareto(f, {"y": "min"}), "two or more"),
        (lambda f: pareto(f, {"y": "min", "z": "least"}), "direction of z"),
        (lambda f: intervals(f.drop(columns="status"), "y"), "no column 'status'"),
        (lambda f: intervals(f[:0], "y"), "no rows"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, said):
    frame = table(grid(scaling=["hpa", "kpa"]), lambda s: 1.0, 2, noise=1.0, z=lambda s: 1.0)
    with pytest.raises(ConfigError, match=said) as caught:
        call(frame)
    assert "\n" not in str(caught.value)


# -- pairs ------------------------------------------------------------------------------------------------

STEP = {"hpa": 0.0, "kpa": 0.2, "quantile": -0.5}


def stepped(replications=10, seed=1, **more):
    levels = grid(scaling=list(STEP), life__start_s=[10, 60])
    return table(levels, lambda s: 10 + STEP[s["scaling"]], replications, noise=1.0, seed=seed, **more)


def test_a_pair_is_two_runs_of_one_seed_that_agree_in_all_else():
    frame = stepped()
    found = paired(frame, "y", "scaling").set_index("level")
    wide = frame.pivot(index=["replication", "set.life.start_s"], columns="set.scaling", values="y")
    gaps = (wide["kpa"] - wide["hpa"]).groupby("replication").mean().to_numpy()
    assert found.loc["kpa", ["pairs", "n"]].tolist() == [20, 10]
    assert found.loc["kpa", "difference"] == pytest.approx(gaps.mean())
    low, high = student_ends(gaps.reshape(1, -1))
    assert found.loc["kpa", ["low", "high"]].tolist() == pytest.approx([low[0], high[0]])
    assert found.loc["kpa", "relative"] == pytest.approx(gaps.mean() / wide["hpa"].mean())


def test_pairing_tells_apart_what_unpaired_intervals_cannot():
    found = paired(stepped(), "y", "scaling").set_index("level")
    assert found.loc["kpa", "low"] > 0
    assert found.loc["quantile", "high"] < 0
    assert found.loc["kpa", "gain"] > 5
    apart = intervals(stepped(), "y", "scaling").set_index("set.scaling")
    assert apart.loc["kpa", "student_low"] < apart.loc["hpa", "student_high"]


def test_without_common_seeds_pairing_gains_nothing():
    frame = stepped(40)
    frame["y"] = np.random.default_rng(3).normal(size=len(frame))
    gains = paired(frame, "y", "scaling")["gain"]
    assert ((gains > 0.4) & (gains < 2.5)).all()


def test_the_paired_interval_holds_as_often_as_it_says():
    """Student's over replications, 200 sweeps; shifting the truth by one interval's width must fail."""
    hits = missed = 0
    for seed in range(200):
        row = paired(stepped(6, seed), "y", "scaling", resamples=100).iloc[0]
        hits += row["low"] <= STEP["kpa"] <= row["high"]
        missed += row["low"] <= STEP["kpa"] + 0.3 <= row["high"]
    error = math.sqrt(0.95 * 0.05 / 200)
    assert abs(hits / 200 - 0.95) < 4 * error
    assert missed / 200 < 0.95 - 4 * error


def test_a_pair_with_a_failed_run_is_left_out():
    found = paired(failed(stepped(), (0, 3)), "y", "scaling").set_index("level")
    assert found.loc["kpa", "pairs"] == 19
    assert found.loc["kpa", "n"] == 10


def test_settings_of_the_factor_itself_may_differ_within_a_pair():
    settings = [{"scaling": "hpa", "scaling.hpa.target": t} for t in (0.5, 0.7)] + [{"scaling": "kpa"}]
    frame = table(settings, lambda s: 1.0 + (s["scaling"] == "kpa") + s.get("scaling.hpa.target", 0), 3)
    row = paired(frame, "y", "scaling").iloc[0]
    assert row["pairs"] == 6
    assert row["difference"] == pytest.approx(2.0 - 1.6)


def test_with_one_replication_the_draws_are_the_other_settings_and_it_says_so():
    frame = table(grid(scaling=["hpa", "kpa"], life__start_s=list(range(12))), lambda s: s["life.start_s"])
    row = paired(frame, "y", "scaling").iloc[0]
    assert (row["n"], row["difference"]) == (12, 0.0)
    assert "one replication" in row["note"]


def test_runs_without_a_partner_give_no_difference_and_a_reason():
    frame = table([{"scaling": "hpa", "a": 1}, {"scaling": "kpa", "a": 2}], lambda s: 1.0, 3)
    row = paired(frame, "y", "scaling").iloc[0]
    assert row["pairs"] == 0
    assert math.isnan(row["difference"])
    assert "nothing is paired" in row["note"]


def test_holm_and_sidak_are_those_of_the_textbook():
    p = [0.01, 0.04, 0.03, math.nan]
    assert adjust(p, "holm")[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert adjust(p, "sidak")[:3] == pytest.approx([1 - (1 - x) ** 3 for x in p[:3]])
    assert adjust(p, "none")[:3] == p[:3]
    assert math.isnan(adjust(p, "holm")[3])


def test_sidak_widens_intervals_and_holm_leaves_them():
    holm, sidak = (paired(stepped(), "y", "scaling", correction=how) for how in ("holm", "sidak"))
    assert ((sidak["high"] - sidak["low"]) > (holm["high"] - holm["low"])).all()
    assert (holm["p_adjusted"] >= holm["p"]).all()


# -- effects ----------------------------------------------------------------------------------------------


def test_main_effects_have_a_row_for_each_level_in_their_order():
    found = main_effects(stepped(), "y")
    assert found["factor"].tolist() == ["scaling"] * 3 + ["life.start_s"] * 2
    assert found["level"].tolist() == ["hpa", "kpa", "quantile", "10", "60"]
    assert found["value"].iloc[2] < found["value"].iloc[0]


def test_many_values_of_a_number_are_put_into_bins_in_their_order():
    frame = table(grid(load=list(np.linspace(0, 10, 60))), lambda s: s["load"])
    found = main_effects(frame, "y", kind="latin-hypercube")
    assert len(found) == 6
    assert found["value"].is_monotonic_increasing
    assert found["n"].sum() == 60
    assert found["low"].notna().all()


def test_shares_of_variance_add_up_in_a_balanced_grid():
    frame = table(grid(a=[0, 1], b=[0, 1]), lambda s: 3 * s["a"] + s["b"] + s["a"] * s["b"])
    found = shares(frame, "y")
    both = interaction(frame, "y", "a", "b")
    assert sum(found.values()) + both.share == pytest.approx(1.0)
    assert found["a"] > found["b"] > both.share > 0


def test_the_share_of_noise_is_right_on_average_and_shared_luck_does_not_count():
    """Effects of variance 1 between 12 settings, own noise .3 over 5 runs each: .018 of it, whatever is shared."""
    level = np.random.default_rng(1).permutation(12) - 5.5
    level = level / level.std(ddof=1)
    found = []
    for seed in range(200):
        frame = table([{"n": i} for i in range(12)], lambda s: level[s["n"]], 5, noise=1.0, seed=seed)
        found.append(noise_share(frame, "y"))
    expected = 0.3**2 / 5 / (1 + 0.3**2 / 5)
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 4 * error
    assert abs(np.mean(found) - (1 + 0.3**2) / 5) > 4 * error
    alike = table([{"n": i} for i in range(12)], lambda s: 0.0, 5, noise=1.0)
    assert noise_share(alike, "y") > 0.3
    assert math.isnan(noise_share(table(grid(a=[1, 2]), lambda s: s["a"]), "y"))


def test_what_adds_up_has_no_interaction():
    frame = table(grid(a=[0, 1, 2], b=["x", "y"], c=[1, 2]), lambda s: s["a"] + 5 * (s["b"] == "y"))
    found = interaction(frame, "y", "a", "b")
    np.testing.assert_allclose(found.beyond, 0.0, atol=1e-9)
    assert found.share == pytest.approx(0.0, abs=1e-12)


def test_the_strongest_interaction_is_found():
    frame = table(grid(a=[0, 1], b=[0, 1], c=[0, 1]), lambda s: 4 * s["b"] * s["c"] + s["a"])
    found = strongest(frame, "y")
    assert {found.down, found.across} == {"b", "c"}
    assert found.means[1, 1] - found.means[0, 0] == pytest.approx(4.0)


def test_an_outcome_that_never_changes_has_no_shares():
    assert all(math.isnan(v) for v in shares(table(grid(a=[0, 1]), lambda s: 1.0), "y").values())


# -- surfaces ---------------------------------------------------------------------------------------------


def bowl(s):
    return 2.0 - 3.0 * s["a"] + 0.5 * s["b"] + 0.25 * s["a"] ** 2 + 0.1 * s["a"] * s["b"]


def test_a_surface_finds_the_coefficients_of_a_quadratic():
    frame = table(grid(a=[1, 2, 4, 8], b=[10.0, 20.0, 40.0]), bowl)
    found = surface(frame, "y", ["a", "b"])
    known = dict(zip(found.terms, found.coefficients, strict=True))
    assert known == pytest.approx({"1": 2, "a": -3, "b": 0.5, "a b": 0.1, "a^2": 0.25, "b^2": 0}, abs=1e-8)
    assert found.r2 == pytest.approx(1.0)
    assert found.predict([[3.0, 15.0]])[0][0] == pytest.approx(bowl({"a": 3.0, "b": 15.0}))


def test_a_prediction_interval_holds_a_new_run_as_often_as_it_says():
    """400 fits, each with one new run; an interval of half the width must fail."""
    hits = half = 0
    rng = np.random.default_rng(5)
    a = np.tile(np.arange(6.0), 3)
    for _ in range(400):
        frame = table([{"a": x} for x in a], lambda s: s["a"] ** 2 + rng.normal())
        found = surface(frame, "y", "a")
        mean, low, high = (end[0] for end in found.predict([[2.5]]))
        new = 2.5**2 + rng.normal()
        hits += low <= new <= high
        half += abs(new - mean) <= (high - low) / 4
    error = math.sqrt(0.95 * 0.05 / 400)
    assert abs(hits / 400 - 0.95) < 4 * error
    assert half / 400 < 0.95 - 4 * error


def test_a_factor_of_two_values_has_no_square():
    found = surface(table(grid(a=[0, 1], b=[0, 1, 2]), bowl, 2, noise=0.1), "y", ["a", "b"])
    assert "a^2" not in found.terms
    assert "b^2" in found.terms


def test_the_table_of_a_grid_holds_its_means():
    found = grid_table(
        table(grid(a=[1, 2], b=["x", "y"]), lambda s: s["a"] * 10 + (s["b"] == "y"), 3), "y", "a", "b"
    )
    assert found.to_numpy().tolist() == [[10, 11], [20, 21]]


# -- Pareto fronts ----------------------------------------------------------------------------------------


def test_the_front_is_what_a_slow_twin_finds():
    rng = np.random.default_rng(2)
    points = rng.random((40, 3)).round(1)
    settings = [{"n": i} for i in range(40)]
    frame = table(
        settings, lambda s: points[s["n"], 0], 1,
        z=lambda s: points[s["n"], 1], w=lambda s: -points[s["n"], 2],
    )  # fmt: skip
    found = pareto(frame, {"y": "min", "z": "min", "w": "max"})
    slow = [
        not any((q <= p).all() and (q < p).any() for j, q in enumerate(points) if j != i)
        for i, p in enumerate(points)
    ]
    assert found["front"].tolist() == slow


def test_a_member_that_is_there_by_chance_has_a_low_share():
    """Two settings alike but for noise share the front; a third is far better in one objective."""
    frame = table(
        [{"n": i} for i in range(3)], lambda s: 0.0 if s["n"] == 2 else 10.0, 10, noise=1.0,
        z=lambda s: 100.0 if s["n"] == 2 else 5.0,
    )  # fmt: skip
    share = pareto(frame, {"y": "min", "z": "min"})["share"]
    assert share[2] == 1.0
    assert (share[:2] < 1.0).all()
    assert share[:2].sum() >= 1.0


def test_one_replication_gives_a_front_and_no_shares():
    found = pareto(table(grid(a=[1, 2]), lambda s: s["a"], z=lambda s: -s["a"]), {"y": "min", "z": "min"})
    assert found["front"].all()
    assert found["share"].isna().all()


def test_a_setting_that_never_finished_is_not_on_the_front():
    frame = failed(
        table(grid(a=[1, 2, 3]), lambda s: s["a"], 2, z=lambda s: -s["a"]),
        (0, 0),
        (0, 1),
        outcomes=("y", "z"),
    )
    assert pareto(frame, {"y": "min", "z": "min"})["setting"].tolist() == [1, 2]


# -- meaning ----------------------------------------------------------------------------------------------


def test_of_every_outcome_it_is_said_which_way_is_better():
    known = {metric.key for metric in METRICS} | set(OUTCOMES)
    assert known <= LESS_IS_BETTER | MORE_IS_BETTER | NEITHER
    assert not LESS_IS_BETTER & MORE_IS_BETTER
    for metric in METRICS:
        if metric.bound is not None and metric.key != "utilization":
            assert meaning(metric.key).better == ("max" if metric.least else "min"), metric.key


def test_an_outcome_of_the_table_is_told_by_its_docstring():
    assert meaning("cost").text.startswith("Price paid")
    assert meaning("my_own").title == "my own"
    assert meaning("my_own").better is None


def test_outcomes_asked_for_are_shown_first_and_those_never_measured_not_at_all():
    frame = table(grid(a=[1, 2]), lambda s: s["a"], cost=lambda s: s["a"], utilization=lambda s: s["a"])
    frame["collective_iq"] = np.nan
    assert shown_first(frame, ["y"]) == ["y"]
    assert shown_first(frame) == ["cost", "utilization", "y"]
    assert objectives_of(frame.assign(response_p95_s=[2.0, 1.0])) == {"cost": "min", "response_p95_s": "min"}


def test_the_public_names_are_complete_and_sorted():
    assert analysis.__all__ == sorted(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)
    with pytest.raises(UnknownChoiceError):
        grid_table(table(grid(a=[1, 2]), lambda s: 1.0), "y", "a", "b")
