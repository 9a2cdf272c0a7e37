"""What the headline figures depend on: each assumed value at half and at double, against the same demand."""

import json

import pytest

from swarmscale.batch.scorecard.sensitivity import OF_CLASSES, SCENES, cases_of, sensitivity, times
from swarmscale.batch.scorecard.size import QUICK
from swarmscale.cli import main
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.parameters import SOURCES, parameters
from swarmscale.viz.sensitivity_text import matters, sensitivity_markdown

ASKED = (
    "network.latency_ms",
    "network.loss",
    "fleet.skill_own",
    "cluster.attempts",
    "demand.classes.deadline_s",
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sensitivity")
    return sensitivity(size=QUICK, scenes=["market-day"], settings=ASKED, out=folder), folder


def by(found, key, factor):
    return next(one for one in found.moved["market-day"] if (one.key, one.factor) == (key, factor))


def test_half_and_double_of_a_latency_move_what_the_network_takes(found):
    base = found[0].base["market-day"]["network_mean_ms"]
    half, double = (by(found[0], "network.latency_ms", x).figures["network_mean_ms"] for x in (0.5, 2.0))
    assert half < base < double
    assert double - base == pytest.approx(
        2 * (base - half), rel=0.05
    )  # linear: the rest is stations and queues


def test_half_and_double_of_the_loss_move_delivery_in_proportion(found):
    """About fifty messages are lost as assumed, so the tolerance is two of its standard deviations."""
    missed = {x: 1 - by(found[0], "network.loss", x).figures["delivery_hops"] for x in (0.5, 2.0)}
    base = 1 - found[0].base["market-day"]["delivery_hops"]
    assert missed[0.5] == pytest.approx(base / 2, rel=0.28)
    assert missed[2.0] == pytest.approx(2 * base, rel=0.28)


def test_shorter_deadlines_make_more_late_and_change_nothing_else(found):
    half, base = by(found[0], OF_CLASSES[0], 0.5), found[0].base["market-day"]
    assert half.figures["late_share"] > base["late_share"]
    assert half.figures["network_mean_ms"] == base["network_mean_ms"]
    assert half.value == (1.0, 2.5, 2.5)


def test_a_value_that_no_fleet_can_have_is_told_and_not_run(found):
    double = by(found[0], "fleet.skill_own", 2.0)
    assert "less than or equal to 1" in double.refused
    assert not double.figures
    assert (
        by(found[0], "fleet.skill_own", 0.5).figures["utilization"]
        > found[0].base["market-day"]["utilization"]
    )


def test_what_moves_nothing_has_no_effect_and_the_text_says_so(found):
    still = by(found[0], "cluster.attempts", 2.0)
    assert still.effect == 0.0
    assert not matters(still, found[0].base["market-day"])
    text = sensitivity_markdown(found[0])
    first, rest = text.split("Moves no figure")
    assert "`cluster.attempts` x2" in rest
    assert "`network.latency_ms` x2 | 1, 10 |" in first
    assert "`fleet.skill_own` x2 (fleet.skill_own.0 = 1.8" in text.split("Not run: ")[1]


def test_a_second_call_measures_nothing_anew(found, monkeypatch):
    monkeypatch.setattr("swarmscale.batch.scorecard.sensitivity.attempt", None)
    again = sensitivity(size=QUICK, scenes=["market-day"], settings=ASKED, out=found[1])
    assert again.as_dict()["moved"] == found[0].as_dict()["moved"]


def test_each_assumed_number_of_the_sections_is_in_question():
    keys = {case.key for scene in SCENES.values() for case in cases_of(scene)}
    assert {
        "fleet.message_cost",
        "demand.zipf",
        "ingress.overhead_ms",
        "life.start_s",
        "scaler.level",
    } <= keys
    for key, _, _ in parameters():
        if key in keys:
            assert SOURCES.get(key, "assumed").startswith("assumed")
    assert "fleet.nodes" not in keys


@pytest.mark.parametrize(
    ("value", "factor", "told"), [(1, 0.5, 1), (5, 0.5, 2), (0, 2.0, 0), (None, 2.0, None)]
)
def test_whole_numbers_stay_whole_and_above_zero(value, factor, told):
    assert times(value, factor) == told


def test_what_is_unknown_is_refused_in_a_line(capsys):
    with pytest.raises(UnknownChoiceError, match="llm-fleet"):
        sensitivity(scenes=["llm-flet"])
    with pytest.raises(UnknownChoiceError, match=r"network\.latency_ms"):
        sensitivity(settings=["network.latency"])
    with pytest.raises(ConfigError, match="seeds"):
        sensitivity(seeds=0)
    assert main(["scorecard", "--sensitivity", "--of", "x.json"]) == 2
    assert "neither --of nor --readme" in capsys.readouterr().err


def test_the_command_prints_the_table_and_keeps_it(tmp_path, capsys):
    words = [
        "scorecard",
        "--sensitivity",
        "--quick",
        "--only",
        "llm-fleet",
        "--only",
        "network.loss",
        "--workers",
        "1",
    ]
    assert main([*words, "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "## llm-fleet" in text
    assert "`swarmscale scorecard --sensitivity --only llm-fleet --only network.loss --quick`" in text
    assert text.strip() == (tmp_path / "sensitivity.md").read_text(encoding="utf-8").strip()
    kept = json.loads((tmp_path / "sensitivity.json").read_text(encoding="utf-8"))
    assert [one["factor"] for one in kept["moved"]["llm-fleet"]] == [0.5, 2.0]
