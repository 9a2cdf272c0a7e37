"""Calibration of the detectors, in a reduced form that can still fail, and its twins with a planted fault."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from swarmscale.cli.calibrate import calibrate, effort_of
from swarmscale.errors import ConfigError
from swarmscale.model.emergence.calibration import Case, Effort, acceptance, calibrated
from swarmscale.model.emergence.calibration.acceptance import pooled_nulls
from swarmscale.model.emergence.calibration.cases import null_cases, positive_cases
from swarmscale.model.emergence.calibration.rates import (
    delays,
    finding_rates,
    gate_rates,
    one_sided,
    statistic_rates,
)
from swarmscale.model.emergence.calibration.tables import markdown, sheets
from swarmscale.model.emergence.controls.independent import Autoregressive, HeavyTails
from swarmscale.model.emergence.controls.outside import Driver, Transient
from swarmscale.model.emergence.controls.voters import Voters
from swarmscale.model.emergence.detectors import Coordination
from swarmscale.model.intervals import clopper_pearson

SMALL = Effort(repetitions=60, parts=(30,), whole=0.5, powers=(10,), delays=(6,))
ONE = ("coordination",)
NULLS = (
    Case(name="white noise", control=Autoregressive(memory=0.0), detectors=ONE),
    Case(name="AR(.9)", control=Autoregressive(memory=0.9), detectors=ONE),
    Case(name="heavy tails", control=HeavyTails(), detectors=ONE),
    Case(name="shared driver, told", control=Driver(), detectors=ONE),
    Case(name="shared transient", control=Transient(), detectors=ONE, pooled=False, stationary=False),
)
POSITIVES = (Case(name="voters", control=Voters(), detectors=ONE, delayed=True, statistics=("synchrony",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class FivePointsLow:
    """Coordination whose p-values are five points too low."""

    of: Coordination = field(default_factory=Coordination)

    def start(self) -> None:
        return self.of.start()

    def look(self, window: Any, memory: None, rng: np.random.Generator) -> Any:
        verdict, memory = self.of.look(window, memory, rng)
        tests = tuple(replace(t, p=max(t.p - 0.05, 0.0), rejected=t.p <= 0.1) for t in verdict.tests)
        spoken = any(not t.abstained for t in tests)
        return replace(verdict, tests=tests, found=spoken and any(t.rejected for t in tests)), memory


def small(detector, **more):
    return calibrated(
        SMALL,
        detectors={"coordination": detector},
        nulls=NULLS,
        positives=POSITIVES,
        graphs=(),
        workers=1,
        **more,
    )


@pytest.fixture(scope="module")
def right():
    return small(Coordination())


@pytest.fixture(scope="module")
def wrong():
    return small(FivePointsLow())


def broken(calibration):
    """Promises that do not hold."""
    return [line.promise for line in acceptance(calibration) if line.holds is False]


def test_coordination_keeps_its_promises(right):
    assert broken(right) == []


def test_p_values_five_points_too_low_are_seen(wrong):
    """Pooled over generators each statistic's rate is far above .06."""
    missed = broken(wrong)
    assert any("synchrony" in promise and "pooled" in promise for promise in missed)
    assert any("directed" in promise and "pooled" in promise for promise in missed)


def test_right_p_values_lie_within_the_binomial_law_and_those_five_points_too_low_do_not(right, wrong):
    """A two-sided exact test of the pooled rate of synchrony against .05, at 1e-4."""
    chances = []
    for calibration in (right, wrong):
        rates = pooled_nulls(calibration, statistic_rates(calibration, "null"))
        rows = rates[rates["statistic"] == "synchrony"]
        chances.append(binomtest(int(rows["hits"].sum()), int(rows["spoken"].sum()), 0.05).pvalue)
    assert chances[0] > 1e-4
    assert chances[1] < 1e-4


def test_a_shared_start_is_kept_out_by_the_gate(right):
    passed = gate_rates(right).set_index("case")["passed"]
    assert passed["shared transient"] < 0.1
    assert passed.drop("shared transient").min() >= 0.9
    rates = finding_rates(right, "null").set_index("case")
    assert rates.loc["shared transient", "found"] == 0
    assert rates.loc["shared driver, told", "found"] == 0


def test_voters_are_found_soon_and_let_go_when_they_stop_copying(right):
    (row,) = delays(right).to_dict("records")
    assert row["found"] == 1.0
    assert row["median"] <= 3
    assert row["end_p90"] <= 4
    (row,) = finding_rates(right, "power").to_dict("records")
    assert row["rate"] >= 0.9
    assert row["runs"] == 10


def test_a_detector_that_sees_nothing_has_no_power_and_no_delay():
    @dataclass(frozen=True)
    class Blind:
        def start(self):
            return None

        def look(self, window, memory, rng):
            verdict, _ = Coordination().look(window, None, rng)
            return replace(verdict, found=False, tests=tuple(replace(t, p=1.0) for t in verdict.tests)), None

    effort = replace(SMALL, repetitions=4, powers=(3,), delays=(2,))
    found = calibrated(
        effort,
        detectors={"coordination": Blind()},
        nulls=NULLS[:1],
        positives=POSITIVES,
        graphs=(),
        workers=1,
    )
    assert any("voters" in promise and "power" in promise for promise in broken(found))
    (row,) = delays(found).to_dict("records")
    assert row["median"] == np.inf
    assert row["found"] == 0


def test_the_number_of_processes_changes_nothing():
    effort = Effort(repetitions=12, parts=(8,), samples=100, powers=(2,), delays=(1,))
    one, two = (
        calibrated(effort, detectors={"coordination": Coordination()}, nulls=NULLS[:2], positives=(), graphs=(),
                   workers=workers, seed=3)
        for workers in (1, 2)
    )  # fmt: skip
    assert one.statistics.equals(two.statistics)
    assert one.findings.equals(two.findings)


def test_another_seed_gives_other_numbers():
    effort = Effort(repetitions=4, parts=(8,), samples=100, powers=(2,), delays=(1,))
    p = [
        calibrated(effort, detectors={"coordination": Coordination()}, nulls=NULLS[:1], positives=(), graphs=(),
                   workers=1, seed=seed).statistics["p"]
        for seed in (1, 2)
    ]  # fmt: skip
    assert not p[0].equals(p[1])


def test_intervals_are_those_of_clopper_and_pearson():
    hits, runs = np.array([0, 3, 20, 60]), np.array([60, 60, 400, 60])
    low, high = clopper_pearson(hits, runs)
    for k, n, a, b in zip(hits, runs, low, high, strict=True):
        exact = binomtest(int(k), int(n)).proportion_ci(0.95, "exact")
        assert (a, b) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert clopper_pearson(np.array([0]), np.array([0]))[1][0] == 1.0
    assert one_sided(20, 400, 0.999)[0] < one_sided(20, 400, 0.95)[0] < 0.05


def test_every_case_names_detectors_that_there_are():
    from swarmscale.model.emergence.detectors import DETECTORS

    cases = (*null_cases(), *positive_cases())
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        assert set(case.detectors) <= set(DETECTORS)


def test_tables_tell_every_promise_with_its_verdict(right):
    page = markdown(sheets(right), "# Calibration")
    lines = acceptance(right)
    assert page.count("| holds |") == sum(line.holds is True for line in lines)
    assert page.count("| not measured |") == sum(line.holds is None for line in lines) == 1
    assert "nan" not in page
    assert "inf" not in page.replace("influence", "")
    assert "| white noise | synchrony | 30 | 60 |" in page


def test_the_command_writes_its_page_and_its_tables(tmp_path, capsys):
    page = tmp_path / "docs" / "calibration.md"
    out = tmp_path / "out"
    code = calibrate(
        repetitions=4,
        parts=8,
        samples=80,
        workers=1,
        write=page,
        out=out,
        json_=True,
        detectors=["innovation"],
    )
    assert code == 0
    facts = json.loads(capsys.readouterr().out)
    assert {row["holds"] for row in facts["acceptance"]} <= {True, False, None}
    assert json.loads((out / "calibration.json").read_text(encoding="utf-8")) == facts
    text = page.read_text(encoding="utf-8")
    assert "swarmscale emergence --calibrate --repetitions 4 --parts 8 --samples 80" in text
    assert str(tmp_path) not in text
    assert sorted(p.name for p in out.iterdir()) == ["calibration.json", "runs.parquet", "statistics.parquet"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"repetitions": 3}, "--repetitions = 3"),
        ({"parts": 1}, "--parts = 1"),
        ({"samples": 59}, "--samples = 59"),
        ({"workers": 0}, "workers = 0"),
    ],
)
def test_numbers_out_of_range_are_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        calibrate(**given)


def test_large_systems_are_run_less_often_for_power_alone():
    effort = effort_of(400)
    assert effort.parts == (30, 500)
    assert effort.powers == (100, 25)
    assert effort.delays == (40, 10)
    assert effort.repetitions == 400
