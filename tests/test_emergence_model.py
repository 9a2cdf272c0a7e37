"""The monitor in the model: what it sees, what it leaves out, and what it says of fleets with and without links."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from scipy.stats import binom

import swarmscale as ss
from swarmscale.cli import main
from swarmscale.model.emergence.asking import gain_z, opinions
from swarmscale.model.emergence.base import Window
from swarmscale.model.emergence.collecting import chosen, expected_rate, loads, ordered
from swarmscale.model.emergence.detectors import DETECTORS
from swarmscale.model.emergence.estimators.assembly import assembly_bonus
from swarmscale.model.emergence.estimators.synchrony import fourier_null
from swarmscale.model.emergence.frames import COLUMNS, FINDINGS
from swarmscale.model.emergence.outside import answered, without
from swarmscale.model.emergence.twin import ablated_shares, twin_of, without_links
from swarmscale.model.emergence.ways import ways

QUIET = {"intelligence.on": False}
SHORT = QUIET | {"emergence.window_s": 60.0, "seconds": 180.0}
FLEET = QUIET | {"fleet.agents": 800, "demand.load": 0.6, "seconds": 1800.0}
"""32 clusters of 25 agents, 6 windows."""
EMERGENT = {"learning.on": True, "learning.mode": "emergent", "learning.period_s": 5.0}


def tiny(rng=5, **changes):
    return ss.SwarmModel(ss.Config.load("tiny").changed(changes), rng=rng)


def say(model, detector):
    return [v for v in model.emergence.verdicts if v.detector == detector]


# -- what is collected ---------------------------------------------------------------------------------------


def test_a_row_a_tick_holds_the_tasks_of_each_cluster_over_its_ready_agents():
    model, rows = tiny(**SHORT), []
    for _ in range(60):
        model.step()
        s = model.flow.state
        rows.append((s.waiting + s.in_service) / s.ready)
    kept = model.emergence.collecting
    series, which, step = loads(kept.counts)
    assert kept.filled == 60
    assert which.all()
    assert np.array_equal(series, np.array(rows))
    assert np.allclose(step, 1 / 25)


def test_clusters_that_nobody_worked_in_for_a_while_are_left_out():
    model = tiny(**SHORT).run(20.0)
    slots = model.fleet.slots
    model.fail_workers(np.flatnonzero(model.fleet.column("uid") > 0)[:slots], repair_s=5.0)
    model.run(40.0)
    _, which, _ = loads(model.emergence.collecting.counts)
    assert which.tolist() == [False] + [True] * 7
    assert say(model, "coordination")[0].evidence["mean"].shape == (60,)


def test_of_many_clusters_some_are_taken_evenly():
    assert chosen(5, 5).tolist() == [0, 1, 2, 3, 4]
    assert chosen(1000, 4).tolist() == [0, 250, 500, 750]
    model = tiny(**SHORT, **{"emergence.clusters": 3}).run(60.0)
    assert model.emergence.collecting.watched.tolist() == [0, 2, 5]


def test_drawn_arrivals_are_known_by_their_intensity():
    model = ss.SwarmModel("flash-crowd", rng=1, **QUIET, **{"fleet.agents": 500})
    demand = model.flow.demand
    begin = np.array([0.0, 100.0, 1000.0])
    assert expected_rate(demand, begin, 1.0) == pytest.approx([demand.rate_at(t + 0.5) for t in begin])
    middle = (begin[:, None] + (np.arange(16) + 0.5) * 20 / 16).ravel()
    means = np.array([demand.rate_at(t) for t in middle]).reshape(3, 16).mean(axis=1)
    assert expected_rate(demand, begin, 20.0) == pytest.approx(means)


@pytest.mark.parametrize(("scale", "at_end"), [(1.0, "repeat"), (7.0, "repeat"), (2.0, "stop")])
def test_a_replayed_list_is_counted_as_it_comes(scale, at_end):
    config = ss.Config.load("tiny").changed(
        QUIET
        | {"demand.source": "replay", "demand.scale": scale, "demand.at_end": at_end}
        | {"demand.classes": [{"name": "any", "work_s": 2.0}]}
    )
    model = ss.SwarmModel(config, rng=2).run(120.0)
    begin = np.arange(120, dtype=np.float64)
    assert np.array_equal(expected_rate(model.flow.demand, begin, 1.0), model.records.column("arrived"))


def test_orders_of_the_scaler_stand_in_the_tick_in_which_they_were_given():
    model = tiny(**SHORT, **{"scaling": "hpa", "demand.load": 1.3, "life.start_s": 5.0}).run(60.0)
    orders = ordered(model, 1, 60)
    events = [e for e in model.scaler.events if e.time_s <= 60]
    assert len(events) > 0
    assert orders.sum() == sum(e.after - e.before for e in events)
    assert all(orders[round(e.time_s) - 1] == e.after - e.before for e in events)


# -- what comes from outside is taken out ---------------------------------------------------------------------


def driven(seed, share):
    """Forty series with a memory of five samples, that all answer to one demand, and share some news of their own."""
    rng = np.random.default_rng(seed)
    levels = np.empty((300, 6))
    demand = 1.0 + 0.3 * np.repeat(rng.standard_normal(10), 30)
    level = np.full(6, demand[0])
    for t, rate in enumerate(demand):
        level = level + (1 - np.exp(-1 / np.array([1.0, 3, 10, 30, 100, 300]))) * (rate - level)
        levels[t] = level
    own, common = rng.standard_normal((350, 40)), rng.standard_normal((350, 1))
    news = np.sqrt(1 - share) * own + np.sqrt(share) * common
    series = lfilter([1.0], [1.0, -0.8], news, axis=0)[50:]
    return series + 4 * levels[:, 2:3] + 2 * levels[:, 1:2] ** 2, levels, rng


def rejections(share, *, hidden=True, runs=60):
    """How often the synchrony of series that demand drives is beyond its null at .05."""
    count = 0
    for seed in range(runs):
        series, levels, rng = driven(seed, share)
        if hidden:
            series = without(series, answered(levels, np.full(300, 1000)), rng)
        observed, null = fourier_null(series, 199, rng)
        count += (1 + (null >= observed).sum()) / 200 <= 0.05
    return count


def test_an_answer_to_demand_that_all_give_is_no_synchrony():
    most = binom.isf(1e-4, 60, 0.05)
    assert rejections(0.0) <= most
    assert rejections(0.0, hidden=False, runs=20) == 20
    assert rejections(0.05) > most, "shared news of 5 % are found"


def test_what_is_hidden_is_filled_in_with_as_much_as_was_there():
    series, levels, rng = driven(3, 0.0)
    basis = answered(levels, np.full(300, 1000))
    whole = without(series, basis, rng)
    assert basis.T @ basis == pytest.approx(np.eye(basis.shape[1]), abs=1e-9)
    assert whole.mean(axis=0) == pytest.approx(series.mean(axis=0))
    rest = (whole - whole.mean(axis=0)) - basis @ (basis.T @ (whole - whole.mean(axis=0)))
    was = (series - series.mean(axis=0)) - basis @ (basis.T @ (series - series.mean(axis=0)))
    assert rest == pytest.approx(was)
    assert 0.6 < whole.var(axis=0).mean() * (1 - 0.8**2) < 1.1, "an AR(.8) has variance 1 / (1 - .64)"


def test_a_flash_crowd_is_outside_and_nothing_to_explain():
    model = tiny(**FLEET).run(400.0)
    model.scale_demand(1.3)
    model.run(200.0)
    kept = model.emergence.collecting
    assert kept.scale.tolist() == [1.0] * 100 + [1.3] * 200


# -- the monitor -----------------------------------------------------------------------------------------------


def test_nothing_is_said_before_a_window_is_full():
    model = tiny().run()
    assert model.emergence.verdicts == []
    assert list(model.emergence.frame()) == list(COLUMNS)
    assert list(model.emergence.findings_frame()) == list(FINDINGS)
    assert len(model.emergence.frame()) == 0


def test_each_window_is_looked_at_by_each_detector_and_told_in_rows():
    model = tiny(**SHORT).run()
    frame = model.emergence.frame()
    assert list(frame) == list(COLUMNS)
    assert sorted(set(frame["time_s"])) == [60.0, 120.0, 180.0]
    assert set(frame["detector"]) == set(DETECTORS)
    told = frame[frame["abstained"] == ""]
    assert told[["observed", "p", "null_low", "null_mean", "null_high"]].notna().all().all()
    assert frame[frame["abstained"] != ""]["p"].isna().all()
    assert (frame["sentence"] != "").all()


def test_only_the_last_verdict_of_a_detector_holds_its_evidence():
    model = tiny(**SHORT).run()
    assert all(not v.evidence for v in model.emergence.verdicts[:-4])
    assert set(model.emergence.last()) == set(DETECTORS)
    assert "mean" in model.emergence.last()["coordination"].evidence


def test_detectors_are_chosen_by_name_and_keep_their_settings():
    model = tiny(**SHORT, **{"emergence.detectors": ["coordination"], "emergence.coordination.draws": 199})
    assert list(model.emergence.detectors) == ["coordination"]
    assert model.emergence.detectors["coordination"].draws == 199
    assert model.emergence.detectors["coordination"].driver_level == 0.0
    assert {v.detector for v in model.run().emergence.verdicts} == {"coordination"}
    with pytest.raises(ss.ConfigError, match="Did you mean 'coordination'"):
        tiny(**{"emergence.detectors": ["coordinations"]})
    with pytest.raises(ss.ConfigError, match="each may be named once"):
        tiny(**{"emergence.detectors": ["innovation", "innovation"]})
    assert tiny(**{"emergence.on": False}).emergence is None


def test_a_window_is_rounded_to_whole_ticks():
    model = tiny(
        **QUIET, **{"dt": 7.0, "seconds": 700.0, "records.window_s": 7.0, "records.cluster_period_s": 7.0}
    )
    assert (model.emergence.period_s, model.emergence.collecting.samples) == (301.0, 43)
    model.run()
    assert "43 samples, but 60 are needed" in say(model, "coordination")[0].sentence


def test_a_run_resumed_within_a_window_in_another_process_says_the_same(tmp_path):
    keys = EMERGENT | SHORT | {"seconds": 240.0}
    straight = tiny(**keys).run(150.0)
    straight.emergence.offer([1, 2], [0.5, float("nan")])
    straight.save(tmp_path / "a")
    code = "import sys, swarmscale as ss\nss.SwarmModel.load(sys.argv[1]).run().save(sys.argv[2])\n"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a"), str(tmp_path / "b")], check=True)
    straight.run()
    there = ss.SwarmModel.load(tmp_path / "b")
    pd.testing.assert_frame_equal(straight.emergence.frame(), there.emergence.frame())
    assert np.array_equal(straight.emergence.figures(), there.emergence.figures(), equal_nan=True)
    straight.save(tmp_path / "c")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


# -- solutions, opinions ------------------------------------------------------------------------------------


def test_a_way_of_working_is_the_most_used_method_of_each_type():
    model = tiny(**EMERGENT, **SHORT).run(40.0)
    number, quality = ways(model)
    tried, rows, m = model.learner.tried, model.fleet.rows, len(model.learner.efficiency)
    for q in range(model.fleet.clusters):
        digits, used = [], [int(x) for x in tried.method[q] if x != 255]
        for kind in range(6):
            own = [
                int(tried.method[q, s])
                for s in range(model.fleet.slots)
                if tried.method[q, s] != 255 and rows.kind[q, s] == kind
            ]
            digits.append(1 + max(range(m), key=lambda x: (own.count(x), -x)) if own else 0)
        assert number[q] == sum(d * (m + 1) ** i for i, d in enumerate(digits))
        assert quality[q] == pytest.approx(np.mean([model.learner.efficiency[x] for x in used]))


def test_a_cluster_tries_a_solution_when_it_works_in_another_way_than_before():
    model = tiny(**EMERGENT, **SHORT)
    seen, tokens = {}, []
    for _ in range(12):
        model.run(5.0)
        for q, way in enumerate(ways(model)[0].tolist()):
            if seen.get(q) != way:
                tokens.append(way)
            seen[q] = way
        if model.now_s < 60:
            model.emergence._note_ways(model)
    (verdict,) = say(model, "innovation")
    assert f"{len(tokens)} solutions" in verdict.sentence or "before the window" in verdict.sentence
    assert len(tokens) > 8


def test_a_host_hands_in_solutions_of_its_own():
    rng = np.random.default_rng(1)
    model = tiny(**SHORT, **{"emergence.innovation.fewest": 20})
    for number in range(3):
        model.run(30.0)
        model.emergence.offer(rng.integers(5, size=60), rng.random(60))
        model.run(30.0)
        assert bool(say(model, "innovation")[-1].abstained) == (number == 0)
    model.emergence.offer(np.arange(100, 110), 2.0 + np.arange(10))
    model.emergence.offer(rng.integers(5, size=50), rng.random(50))
    model.run(60.0)
    assert say(model, "innovation")[-1].found


@pytest.mark.parametrize(
    ("signatures", "qualities"), [([1, 2], [0.5]), ([0.5], [0.5]), ([[1], [2]], [[0.1], [0.2]])]
)
def test_solutions_that_are_no_solutions_are_refused(signatures, qualities):
    with pytest.raises(ss.ConfigError, match="as many whole numbers as qualities"):
        tiny(**SHORT).emergence.offer(signatures, qualities)


def test_the_same_questions_are_answered_alone_and_together():
    model = tiny().run(20.0)
    high = model.config.changed({"intelligence.decisions.collaboration": "high"})
    model.config = high
    found = opinions(model, questions=400, members=9, seed=3)
    assert found.alone.shape == (400, 9)
    again = opinions(model, questions=400, members=9, seed=3)
    assert np.array_equal(found.alone, again.alone)
    votes = (found.alone[:, :, None] == np.arange(found.options)).sum(axis=1).argmax(axis=1)
    assert 0.6 < (votes == found.truth).mean() < 0.9
    rng = np.random.default_rng(1)
    together = assembly_bonus(found, 999, rng)
    model.config = high.changed({"intelligence.decisions.collaboration": "low"})
    silent = opinions(model, questions=400, members=9, seed=3)
    assert np.array_equal(silent.alone, found.alone)
    alone = assembly_bonus(silent, 999, rng)
    assert alone.p > 0.01, "who does not speak is no better than his own votes"
    assert together.nominal_accuracy == pytest.approx(alone.nominal_accuracy, abs=0.05)
    assert not np.array_equal(found.group, silent.group)


def test_collective_intelligence_is_judged_where_the_fleet_was_probed():
    keys = {"emergence.window_s": 60.0, "intelligence.period_s": 120.0, "seconds": 180.0}
    model = tiny(**keys, **{"intelligence.panels": 3}).run()
    first, second, third = say(model, "collective-intelligence")
    assert "0 questions" in first.abstained
    assert "0 questions" in third.abstained
    bonus, gain, *_ = second.tests
    assert not bonus.abstained
    assert bonus.rejected == (gain.abstained == "")


def test_links_raise_the_iq_of_the_same_panels():
    model = tiny(**{"fleet.agents": 600}).run(5.0)
    assert gain_z(model, None) > 2
    cut = tiny(**{"fleet.agents": 600, "fleet.communication": "none", "intelligence.overlay": 0}).run(5.0)
    assert gain_z(model, None) > gain_z(cut, None)


# -- twins -----------------------------------------------------------------------------------------------------

COUPLED = {
    "jsq": {},
    "delegation": {"delegation.on": True, "demand.entry_skew": 1.0},
    "caches": {"cache.size": 30},
    "conformists": EMERGENT | {"learning.methods.strategy": "conformist"},
    "a scaler": {"scaling": "hpa", "demand.load": 1.2, "life.start_s": 5.0},
    "a memory": {"collective_memory.on": True},
}


@pytest.mark.parametrize("case", COUPLED)
def test_a_twin_without_links_shares_every_arrival(case):
    model = tiny(**SHORT, **COUPLED[case]).run(60.0)
    twin = twin_of(model).run(60.0)
    for name in ("arrived", "work_arrived_s", "offered_agents"):
        if name in model.records.frame():
            assert np.array_equal(model.records.column(name), twin.records.column(name)), name
    assert not np.array_equal(model.records.column("completed"), twin.records.column("completed"))
    assert twin.root_seed == model.root_seed
    assert without_links(twin.config) == twin.config
    assert (twin.scaler, twin.collective_memory) == (None, None)


def test_a_twin_of_a_config_has_the_seed_that_is_given():
    twin = twin_of(ss.Config.load("tiny"), rng=9)
    assert twin.root_seed == 9
    assert twin.config.dispatch.rule == without_links(ss.Config.load("tiny")).dispatch.rule


def pooled(strategy, seed):
    """The p of the pooled choice of a fleet against replays without links."""
    keys = {"learning.methods.strategy": strategy, "learning.methods.reconsider": 0.5, "resilience.on": False}
    model = tiny(seed, **EMERGENT, **SHORT, **keys, **{"emergence.on": False}).run(60.0)
    twins = ablated_shares(model, 39)
    assert twins.shape == (39, 10)
    assert twins.sum(axis=1) == pytest.approx(np.ones(39))
    shares = np.array(model.learner.series[-1].shares)
    window = Window(series=np.zeros((60, 2)), shares=shares, twin_shares=twins)
    detector = DETECTORS.make("coordination")
    verdict, _ = detector.look(window, detector.start(), np.random.default_rng(1))
    return next(t.p for t in verdict.tests if t.statistic == "pooled choice")


def test_conformists_choose_together_and_individuals_do_not():
    assert pooled("conformist", 1) <= 0.05
    assert pooled("individual", 1) > 0.05


def test_shares_of_a_fleet_that_does_not_choose_are_refused():
    with pytest.raises(ss.ConfigError, match=r"learning\.mode = off"):
        ablated_shares(tiny())
    with pytest.raises(ss.ConfigError, match=r"seconds = 0.0, but it must be learning.period_s = 5"):
        ablated_shares(tiny(**EMERGENT))


# -- fleets with and without links ---------------------------------------------------------------------------


def watched(seeds, *, cut):
    """Verdicts on coordination and findings of it, run by run."""
    config = ss.Config.load("tiny").changed(
        FLEET | {"emergence.detectors": ["coordination"], "resilience.on": False}
    )
    config = without_links(config) if cut else config
    runs = [ss.SwarmModel(config, rng=seed).run().emergence for seed in seeds]
    return [run.verdicts for run in runs], [run.findings for run in runs]


def test_a_fleet_without_links_is_not_found_to_be_coordinated_and_one_with_links_is():
    verdicts, findings = watched(range(12), cut=True)
    looked = [v for run in verdicts for v in run if not v.abstained]
    assert len(looked) >= 0.8 * 6 * 12
    most = binom.isf(1e-4, len(looked), 0.05)
    assert sum(v.found for v in looked) <= most
    assert sum(len(found) > 0 for found in findings) <= 1
    verdicts, findings = watched(range(2), cut=False)
    assert sum(v.found for run in verdicts for v in run) > binom.isf(1e-4, 12, 0.05)
    assert all(len(found) == 1 and found[0].holds for found in findings)


# -- what is told ----------------------------------------------------------------------------------------------


def test_the_command_tells_findings_in_sentences_and_writes_them(tmp_path, capsys):
    keys = {"fleet.agents": 800, "demand.load": 0.6, "emergence.window_s": 100.0, "intelligence.on": "false"}
    words = [w for key, value in keys.items() for w in ("--set", f"{key}={value}")]
    folder = tmp_path / "out"
    said = ["run", "tiny", *words, "--seconds", "400", "--out", str(folder), "--no-report"]
    assert main(said) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "emergence: since" in told
    table = pd.read_parquet(folder / "emergence.parquet")
    assert list(table) == list(COLUMNS)
    findings = pd.read_parquet(folder / "findings.parquet")
    assert list(findings) == list(FINDINGS)
    assert "coordination" in set(findings["detector"])
    assert findings["until_s"].isna().any()
    evidence = json.loads((folder / "emergence_evidence.json").read_text())
    assert set(evidence) == set(DETECTORS)
    assert len(evidence["coordination"]["evidence"]["mean"]) == 100
    assert sorted(p.name for p in Path(folder).glob("*emergence*")) == [
        "emergence.parquet",
        "emergence_evidence.json",
    ]


def test_a_short_run_says_nothing_of_emergence(tmp_path, capsys):
    assert main(["run", "tiny", "--seconds", "30", "--out", str(tmp_path), "--no-report"]) == 0
    assert "emergence: " not in capsys.readouterr().out
    assert not list(tmp_path.glob("*emergence*"))
    assert not (tmp_path / "findings.parquet").exists()
