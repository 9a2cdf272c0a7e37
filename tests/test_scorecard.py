"""The scorecard of the origin's claims: its verdicts, its studies, its files, and the one that is committed."""

import dataclasses
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.batch.scorecard import measuring, run
from swarmscale.batch.scorecard.card import Scorecard, together
from swarmscale.batch.scorecard.claims import CLAIMS
from swarmscale.batch.scorecard.measuring import over_draws
from swarmscale.batch.scorecard.run import chosen, scorecard
from swarmscale.batch.scorecard.size import FULL, QUICK, UNWATCHED
from swarmscale.batch.scorecard.studies import STUDIES, TIMED, growth
from swarmscale.batch.scorecard.studies.base import Study
from swarmscale.batch.scorecard.studies.counted import counted
from swarmscale.batch.scorecard.studies.service import kept_word, told
from swarmscale.batch.scorecard.usl import Law, fit
from swarmscale.batch.scorecard.verdict import VERDICTS, Bound, exclude, implies, verdict
from swarmscale.cli import main
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.flow.ledger import Count
from swarmscale.model.scaling import POLICIES
from swarmscale.viz.claims_report import claims_html
from swarmscale.viz.claims_text import BEGIN, END, claims_markdown, filled_between, readme_table, value_text

ROOT = Path(__file__).parent.parent
COMMITTED = ROOT / "docs" / "scorecard.json"
NAN = math.nan
CHEAP = ("structure", "scale-up", "decisions", "llm-fleet", "market-day", "llm-fleet-scaled", "forecasts")
ASKED = tuple(claim.key for claim in CLAIMS if claim.study in CHEAP)
BY_KEY = {claim.key: claim for claim in CLAIMS}

# -- verdicts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sense", "limit", "value", "low", "high", "said"),
    [
        ("at least", 0.9, 0.93, 0.91, 0.95, "met"),
        ("at least", 0.9, 0.93, 0.89, 0.97, "open"),
        ("at least", 0.9, 0.85, 0.80, 0.89, "not met"),
        ("at least", 0.9, 0.90, NAN, NAN, "met"),
        ("above", 0.9, 0.90, NAN, NAN, "not met"),
        ("below", 10.0, 10.0, NAN, NAN, "not met"),
        ("below", 10.0, 9.9, 9.8, 9.99, "met"),
        ("below", 10.0, 9.9, 9.8, 10.0, "open"),
        ("at most", 10.0, 9.9, 9.8, 10.0, "met"),
        ("exactly", 5.0, 5.0, NAN, NAN, "met"),
        ("exactly", 5.0, 4.0, NAN, NAN, "not met"),
        ("exactly", 0.0, 0.1, -0.1, 0.3, "open"),
        ("exactly", 0.0, 0.2, 0.1, 0.3, "not met"),
        ("at least", 0.9, NAN, NAN, NAN, "not measured"),
    ],
)
def test_a_verdict_says_what_value_and_interval_say(sense, limit, value, low, high, said):
    assert verdict(Bound(sense, limit), value, low, high) == said


def test_where_no_figure_was_claimed_there_is_no_verdict():
    assert verdict(None, 3.0, 2.0, 4.0) == ""


@pytest.mark.parametrize("sense", ["at least", "below"])
def test_a_met_claim_is_not_met_once_its_draws_are_five_per_cent_worse(sense):
    draws = 1.02 + 0.004 * np.random.default_rng(5).normal(size=8)
    study = Study(name="s", scenario="", measure=lambda *_: {})
    good, bad = (
        draws if sense == "at least" else 2 - draws,
        0.95 * draws if sense == "at least" else 1.05 * (2 - draws),
    )
    for values, said in ((good, "met"), (bad, "not met")):
        value, low, high, _ = over_draws(study, [{"x": x} for x in values], "x")
        assert verdict(Bound(sense, 1.0), value, low, high) == said


@pytest.mark.parametrize(
    ("mine", "other", "relation", "apart"),
    [
        (("at least", 0.88), ("below", 0.70), "same", True),
        (("below", 0.70), ("at least", 0.88), "same", True),
        (("at least", 0.88), ("below", 0.70), "no more than", True),
        (("at least", 0.88), ("below", 0.70), "no less than", False),
        (("below", 0.70), ("at least", 0.88), "no less than", True),
        (("below", 0.70), ("at least", 0.88), "no more than", False),
        (("at least", 0.7), ("at most", 0.7), "same", False),
        (("at least", 0.7), ("below", 0.7), "same", True),
        (("at least", 0.999), ("at least", 0.9995), "same", False),
        (("exactly", 5.0), ("exactly", 4.0), "same", True),
    ],
)
def test_two_claims_exclude_each_other_where_no_figure_can_be_both(mine, other, relation, apart):
    assert exclude(Bound(*mine), Bound(*other), relation) is apart


def test_the_larger_floor_implies_the_smaller():
    assert implies(Bound("at least", 0.9995), Bound("at least", 0.999))
    assert not implies(Bound("at least", 0.999), Bound("at least", 0.9995))
    assert not implies(Bound("at least", 0.9), Bound("below", 0.8))


def test_claims_of_one_quantity_say_how_they_stand_together():
    assert 'cannot hold together with "88% resource' in together(BY_KEY["utilization_70"], CLAIMS)
    assert "never more than utilization" in together(BY_KEY["resource_88"], CLAIMS)
    assert together(BY_KEY["coordination_85"], CLAIMS).startswith("holds whenever")
    assert together(BY_KEY["availability_tasks_storm_9995"], CLAIMS).startswith("holds only if")
    assert together(BY_KEY["decision"], CLAIMS) == ""


# -- claims ---------------------------------------------------------------------------------------------


def test_every_claim_has_its_own_name_a_definition_a_study_and_the_origins_words():
    assert len(BY_KEY) == len(CLAIMS)
    for claim in CLAIMS:
        assert all((claim.text, claim.title, claim.area)), claim.key
        assert claim.study in {*STUDIES, TIMED}, claim.key
        assert claim.quote or claim.bound is None, claim.key
        assert all(key in BY_KEY and BY_KEY[key].bound for key, _ in claim.rivals), claim.key


def test_what_can_be_asked_for_has_one_name_each():
    areas, studies = {claim.area for claim in CLAIMS}, {*STUDIES, TIMED}
    assert len(set(BY_KEY) | areas | studies) == len(BY_KEY) + len(areas) + len(studies)


@pytest.mark.parametrize(
    ("area", "limits"),
    [
        ("coordination efficiency", {0.85, 0.92}),
        ("resource efficiency", {0.80, 0.88}),
        ("utilization", {0.70, 0.88}),
        ("availability", {0.999, 0.9995}),
    ],
)
def test_where_the_origin_claims_two_values_both_stand(area, limits):
    assert {claim.bound.limit for claim in CLAIMS if claim.area == area} == limits


@pytest.mark.parametrize("name", ["decision", "storm", "cost"])
def test_a_claim_a_study_and_an_area_can_be_asked_for(name):
    found = chosen([name])
    assert found
    assert all(name in (claim.key, claim.study, claim.area) for claim in found)


# -- what is counted ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    return ss.SwarmModel("tiny", rng=1, **UNWATCHED, scaling="seed")


def test_the_structure_is_counted_in_the_live_model(tiny):
    found = counted(tiny)
    assert [found[name] for name in ("agents", "nodes", "cluster_agents", "levels")] == [200, 4, 25, 5]
    other = ss.SwarmModel(
        "tiny", rng=1, **UNWATCHED, **{"fleet.agents": 150, "fleet.nodes": 3, "fleet.cluster_agents": 10}
    )
    found = counted(other)
    assert [found[name] for name in ("agents", "nodes", "cluster_agents")] == [150, 3, 10]
    assert math.isnan(found["window_s"])  # nothing is foretold without a scaling policy


def test_a_changed_model_changes_what_is_counted(monkeypatch):
    model = ss.SwarmModel("tiny", rng=1, **UNWATCHED, **{"scaling": "seed", "scaler.bin_s": 120.0})
    before = counted(model)
    model.cognition.remove_node("creativity")
    model.knowledge.add_node("music")
    model.spawn(3)
    monkeypatch.setattr("swarmscale.batch.scorecard.studies.counted.STRATEGIES", {"one": Scorecard})
    after = counted(model)
    changed = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert changed == {"functions": -1, "domains": 1, "agents": 3, "strategies": -7}
    assert before["window_s"] == 360.0


def test_a_policy_whose_factor_differs_from_the_origins_is_told(monkeypatch):
    module = "swarmscale.batch.scorecard.studies.counted"
    rules = {"emergency-scaling": (2.5, 3.0, 10.0), "predictive-scale-up": (1.3, 1.8, 30.0)}
    monkeypatch.setattr(f"{module}.RULES", rules)
    assert counted(ss.SwarmModel("tiny", rng=1, **UNWATCHED))["rule_figures"] == 5


def test_a_scaling_event_kept_its_word_if_the_utilization_came_in_its_interval():
    keys = {"scaling": "hpa", "seconds": 1800.0, "demand.source": "trace", "demand.source.speedup": 24.0}
    events = ss.SwarmModel("tiny", rng=4, **UNWATCHED, **keys).run().scaler.events
    stated = [e for e in events if e.came is not None and not math.isnan(e.utilization.low)]
    assert len(stated) >= 10
    as_expected = [dataclasses.replace(e, came=(e.utilization.value, 0.0, 0.0)) for e in stated]
    assert kept_word(as_expected) == {"events_stated": len(stated), "events_met": 1.0}
    surprised = [dataclasses.replace(e, came=(9.0, 0.0, 0.0)) for e in stated[:4]]
    assert kept_word([*surprised, *as_expected[4:]])["events_met"] == 1 - 4 / len(stated)
    assert 0 < kept_word(events)["events_met"] < 1
    assert math.isnan(kept_word(events[:1])["events_met"])


# -- how capacity grows ---------------------------------------------------------------------------------

SIZES = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0])


def z_of_contention(bias: float) -> float:
    """z of the mean contention of 200 fits to noisy curves, whose contention is off by a share."""
    rng = np.random.default_rng(11)
    curve = Law(270.0, 0.05 * (1 + bias), 0.0004).throughput(SIZES)
    found = np.array([fit(SIZES, curve * np.exp(0.002 * rng.normal(size=6))).contention for _ in range(200)])
    return float((found.mean() - 0.05) / (found.std(ddof=1) / math.sqrt(200)))


def test_the_law_of_scalability_is_found_again_in_noise_and_a_bias_of_five_per_cent_is_seen():
    assert abs(z_of_contention(0.0)) < 4
    assert abs(z_of_contention(0.05)) > 4


def test_growth_in_proportion_has_neither_contention_nor_coherency():
    law = fit(SIZES, 272.0 * SIZES)
    assert law.contention == pytest.approx(0, abs=1e-9)
    assert law.coherency == pytest.approx(0, abs=1e-9)


def test_a_law_needs_three_sizes_and_throughput():
    with pytest.raises(ConfigError, match="three or more"):
        fit(SIZES[:2], SIZES[:2])
    with pytest.raises(ConfigError, match="above 0"):
        fit(SIZES, np.zeros(6))


def searched(**changes):
    keys = UNWATCHED | {
        "fleet.speed_cv": 0.0, "fleet.skill_own": [1.0, 1.0], "fleet.communication": "none", "network.loss": 0.0,
        "fleet.type_shares": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], "seconds": 90.0, "records.warm_up_s": 30.0,
        "demand.classes": [{"name": "t", "work_s": 1.0, "law": "lognormal", "cv": 0.5, "deadline_s": 10.0}],
    }  # fmt: skip
    return growth.capacity(ss.Config.load("tiny").changed(keys | changes), 3, 7)


def test_capacity_is_what_the_agents_can_do_where_they_bind():
    found = searched()
    assert 0.9 * 200 < found.rate <= 1.01 * 200  # agents of speed 1, tasks of 1 s
    assert found.busy[0] > 0.9 > found.busy[1]


def test_capacity_is_what_the_nodes_can_do_where_they_bind():
    found = searched(**{"dispatch.service_ms": 50.0})
    assert 0.85 * 80 < found.rate <= 80 * 1.02  # four nodes at 20 a second each
    assert found.busy[1] > 0.85 > found.busy[0]


def test_the_station_that_binds_is_named_size_by_size():
    found = {"rate_100": 10.0, "agents_100": 0.9, "dispatch_100": 0.2, "ingress_100": 0.1}
    found |= {"rate_1000": 50.0, "agents_1000": 0.3, "dispatch_1000": 0.97, "ingress_1000": 0.5}
    told = growth.binding(found)
    assert told == "100 agents 10/s (agents busy 90%); 1,000 agents 50/s (dispatch busy 97%)"


# -- a reduced run --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("card")


@pytest.fixture(scope="module")
def quick(folder):
    return scorecard(size=dataclasses.replace(QUICK, agents=200), only=ASKED, out=folder)


def test_a_reduced_run_measures_what_is_asked_for(quick):
    assert {row.study for row in quick.rows} == set(CHEAP)
    assert quick.failures == {}
    assert quick.seeds == (7, 8)
    assert [row.key for row in quick.rows if math.isnan(row.value)] == [
        "events_met"
    ]  # too short a run for intervals
    assert quick["levels"].verdict == "met"
    assert quick["scale_up_cold"].verdict == "not met"
    assert quick["forecast_traces"].kind == "traces"


def test_figures_of_a_reduced_run_keep_what_must_hold(quick):
    for study in ("llm-fleet", "llm-fleet-scaled", "market-day"):
        held = {name: ends[0] for name, ends in quick.figures[study].items()}
        assert 0 < held["resource_efficiency"] <= held["utilization"] <= 1
        assert held["in_time_per_s"] <= held["throughput_per_s"] * 1.02 <= held["offered_per_s"] * 1.04
    assert 0 < quick.figures["llm-fleet-scaled"]["scaling_efficiency"][0] <= 1


def test_scaling_efficiency_is_what_needed_and_ready_agents_cover_of_each_other():
    model = ss.SwarmModel("tiny", rng=3, **UNWATCHED, scaling="quantile").run(120)
    ready_s = model.records.raw().seconds(Count.READY_T)
    covered = all_of_it = 0.0
    for i, demand in enumerate(model.scaler.demands):  # one every 10 ticks of 1 s
        need, ready = math.ceil(demand / 0.9 - 1e-9), sum(ready_s[10 * i : 10 * i + 10]) / 10
        covered, all_of_it = covered + min(need, ready), all_of_it + max(need, ready)
    assert len(model.scaler.demands) == 12
    assert told(model, ("utilization",))["scaling_efficiency"] == pytest.approx(covered / all_of_it)


def test_every_figure_of_a_claim_and_beside_it_is_measured(quick):
    for row in quick.rows:
        assert row.figure in quick.figures[row.study], row.key
        assert {name for _, name, _ in BY_KEY[row.key].beside} <= set(quick.figures[row.study]), row.key


def test_a_second_run_measures_nothing_anew_and_gives_the_same(quick, folder, monkeypatch):
    monkeypatch.setattr(measuring, "attempt", lambda *_: pytest.fail("measured anew"))
    again = scorecard(size=dataclasses.replace(QUICK, agents=200), only=ASKED, out=folder)
    assert again.rows == quick.rows or str(again.rows) == str(quick.rows)  # NaN is unlike itself


def test_the_scorecard_comes_back_from_json(quick):
    back = Scorecard.from_dict(json.loads(json.dumps(quick.as_dict())))
    assert back.as_dict() == quick.as_dict()
    assert claims_markdown(back) == claims_markdown(quick)


def test_the_command_of_a_row_makes_that_row_again(quick, capsys):
    words = quick["scale_up_cold"].command.split()
    assert words[:2] == ["swarmscale", "scorecard"]
    code = main([*words[1:], "--json", "--workers", "1"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [row["key"] for row in told["rows"]] == ["scale_up_cold"]
    assert told["rows"][0]["value"] == pytest.approx(quick["scale_up_cold"].value)


def test_the_page_and_the_tables_hold_every_row_and_load_nothing(quick):
    page, text = claims_html(quick), claims_markdown(quick)
    for row in quick.rows:
        assert row.command in page
        assert row.command in text
        assert value_text(row) in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert len(page) < 300_000


def test_a_study_that_fails_is_told_and_takes_no_other_with_it(monkeypatch, capsys):
    def broken(size, draw):
        raise ConfigError("nothing works today")

    monkeypatch.setitem(STUDIES, "scale-up", dataclasses.replace(STUDIES["scale-up"], measure=broken))
    code = main(["scorecard", "--quick", "--only", "scale-up", "--only", "structure", "--workers", "1"])
    out = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "failed: scale-up, draw 7: ConfigError: nothing works today" in out
    card = scorecard(size=QUICK, only=("scale-up", "structure"))
    assert card["scale_up_warm"].verdict == "not measured"
    assert card["levels"].verdict == "met"
    assert "not measured" in VERDICTS


def test_pooled_shares_are_of_all_trials_together():
    study = STUDIES["storm"]
    draws = [{"in_time": 9.0, "judged": 10.0}, {"in_time": 90.0, "judged": 90.0}]
    assert over_draws(study, draws, "recovery").value == pytest.approx(0.99)


def test_timings_are_not_measured_without_a_bench(quick):
    card = scorecard(size=QUICK, only=("spawn_rate",))
    assert card["spawn_rate"].verdict == "not measured"


# -- what is refused ------------------------------------------------------------------------------------


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownChoiceError, match="Did you mean 'storm'"):
        chosen(["strom"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "strom"], "Did you mean 'storm'"),
        (["--seeds", "0"], "seeds = 0"),
        (["--rng", "-3"], "rng = -3"),
        (["--workers", "0"], "--workers = 0"),
        (["--of", "nowhere.json"], "--of nowhere.json: cannot be read"),
        (["--readme", "nowhere.md"], "--readme nowhere.md: cannot be read"),
        (["--seeds", "many"], "'--seeds'"),
        (["--out", "taken/by/file"], "cannot be written"),
    ],
)
def test_bad_input_ends_in_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    assert main(["scorecard", "--quick", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_file_that_is_no_scorecard_is_refused(tmp_path, capsys):
    path = tmp_path / "x.json"
    for text, said in (("{", "is no JSON"), ("{}", "no scorecard"), ('{"format": 99}', "format = 99")):
        path.write_text(text)
        assert main(["scorecard", "--of", str(path)]) == 2
        assert said in capsys.readouterr().err


def test_a_readme_without_marks_is_refused_and_left_alone(tmp_path, quick, capsys):
    path = tmp_path / "R.md"
    path.write_text("# Title\n")
    assert main(["scorecard", "--readme", str(path), "--only", "levels"]) == 2
    assert "marks" in capsys.readouterr().err
    assert path.read_text() == "# Title\n"
    with pytest.raises(ConfigError, match="marks"):
        filled_between(f"{END} {BEGIN}", quick)


def test_a_readme_is_filled_between_its_marks_alone(quick, tmp_path, capsys):
    path, card = tmp_path / "R.md", tmp_path / "card.json"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    card.write_text(json.dumps(quick.as_dict()))
    assert main(["scorecard", "--of", str(card), "--readme", str(path), "--out", str(tmp_path / "o")]) == 0
    capsys.readouterr()
    assert path.read_text() == f"before\n{BEGIN}\n{readme_table(quick)}\n{END}\nafter\n"
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        "scorecard.json",
        "scorecard.md",
        "scorecard.html",
    }


# -- the committed one ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed():
    return Scorecard.from_dict(json.loads(COMMITTED.read_text(encoding="utf-8")))


def test_the_readmes_table_is_the_committed_scorecard(committed):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert filled_between(text, committed) == text


def test_the_documents_tables_are_the_committed_scorecard(committed):
    assert (ROOT / "docs" / "scorecard.md").read_text(encoding="utf-8") == claims_markdown(committed)


def test_the_committed_scorecard_answers_every_claim_at_full_size(committed):
    assert committed.size == FULL.name
    assert len(committed.seeds) >= FULL.seeds
    assert committed.failures == {}
    assert [row.key for row in committed.rows] == [claim.key for claim in CLAIMS]
    assert committed.count("not measured") == 0


def test_each_committed_row_says_what_it_is_and_its_verdict_follows_from_its_figures(committed):
    for row, claim in zip(committed.rows, CLAIMS, strict=True):
        assert (row.definition, row.quote) == (claim.text, claim.quote)
        assert row.bound == claim.bound
        assert chosen([row.command.split("--only ")[1].split()[0]]) == [claim]
        assert row.verdict == verdict(row.bound, row.value, row.low, row.high), row.key
        assert row.value == committed.figures[row.study][row.figure][0], row.key
        assert math.isnan(row.low) or row.low <= row.value <= row.high, row.key
        assert row.together == together(claim, CLAIMS)


def test_resource_efficiency_is_never_more_than_utilization(committed):
    for study in ("llm-fleet", "llm-fleet-scaled", "storm", "game-day", "flash-crowd", "market-day"):
        held = committed.figures[study]
        assert held["resource_efficiency"][0] <= held["utilization"][0]
    assert (
        committed.figures["growth"]["most_efficiency"][0]
        <= committed.figures["growth"]["most_utilization"][0]
    )


def test_the_committed_structure_is_that_of_the_model_here(committed, monkeypatch):
    class Mine:
        """A policy of a user's own, which is none of the project's."""

    Mine.__module__ = "somebody.own"
    monkeypatch.setitem(POLICIES._members, "mine-alone", Mine)
    here = run.STUDIES["structure"].measure(FULL, 0)
    assert {name: ends[0] for name, ends in committed.figures["structure"].items()} == here
