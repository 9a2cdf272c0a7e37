"""Settings: defaults, the dotted door, TOML, and refusals that name the field."""

import pytest

import swarmscale as ss
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.flow.dispatch import JoinShortestQueue, RoundRobin
from swarmscale.model.parameters import parameter_table, parameters


@pytest.mark.parametrize("name", ss.preset_names())
def test_every_preset_survives_toml(name, tmp_path):
    config = Config.load(name)
    path = tmp_path / "again.toml"
    path.write_text(config.toml(), encoding="utf-8")
    assert Config.load(str(path)) == config


def test_the_order_of_keys_does_not_matter():
    a = Config().changed([("dispatch.rule.d", 5), ("dispatch.rule", "jsq")])
    b = Config().changed([("dispatch.rule", "jsq"), ("dispatch.rule.d", 5)])
    assert a == b
    assert a.dispatch.rule == JoinShortestQueue(d=5)


def test_naming_the_same_strategy_keeps_its_fields_and_another_one_resets_them():
    config = Config().changed({"dispatch.rule.d": 5})
    assert config.changed({"dispatch.rule": "jsq"}).dispatch.rule == JoinShortestQueue(d=5)
    assert config.changed({"dispatch.rule": "skill-match"}).dispatch.rule.d == 4


def test_a_sweeps_key_applies_only_where_its_strategy_is_chosen():
    assert Config().changed({"dispatch.rule.jsq.d": 7}).dispatch.rule.d == 7
    assert (
        Config().changed({"dispatch.rule": "round-robin", "dispatch.rule.jsq.d": 7}).dispatch.rule
        == RoundRobin()
    )


def test_a_rate_takes_the_place_of_the_load_and_the_other_way_round():
    config = Config().changed({"demand.mean_rate_per_s": 50.0})
    assert (config.demand.load, config.demand.mean_rate_per_s) == (None, 50.0)
    assert config.changed({"demand.load": 0.5}).demand.mean_rate_per_s is None


def test_a_strategy_object_may_stand_where_a_name_may():
    assert Config().changed({"dispatch.rule": JoinShortestQueue(d=3)}).dispatch.rule.d == 3


def test_an_unregistered_strategy_runs_but_cannot_be_stored():
    class Mine:
        def choose(self, view):
            RoundRobin().choose(view)

    config = Config.load("tiny").changed({"dispatch.rule": Mine()}).changed({"seconds": 2.0})
    model = ss.SwarmModel(config, rng=1).run()
    assert model.records.ticks == 2
    with pytest.raises(ss.ConfigError, match="not a registered dispatch rule"):
        config.toml()


REFUSED = [
    ({"fleet.agents": 0}, "fleet.agents = 0, but it must be greater than or equal to 1"),
    ({"fleet.agents": "many"}, "fleet.agents = 'many'"),
    ({"fleet.agens": 5}, "no setting is called 'fleet.agens'. Did you mean 'fleet.agents'?"),
    ({"dispatch.rule": "jsk"}, "no dispatch rule is called 'jsk'. Did you mean 'jsq'?"),
    ({"dispatch.rule.x": 1}, "has no such setting; its settings are: d"),
    ({"dispatch.rule": "round-robin", "dispatch.rule.d": 1}, "it has no settings"),
    ({"dispatch.rule.d": 17}, "dispatch.rule.d = 17, but it must be from 1 to 16"),
    ({"dispatch.rule.jsq.e": 17}, "no setting of dispatch rule 'jsq' is called 'e'"),
    ({"fleet": 3}, "fleet is a group of settings; change one of them"),
    ({"network.topology": "hexagon"}, "no topology is called 'hexagon'"),
    ({"network.loss": 1.0}, "network.loss = 1.0, but it must be less than 1"),
    ({"network.latency_ms": [5, 1]}, "low <= high"),
    ({"seconds": 10.5}, "seconds = 10.5, but it must be a multiple of dt = 1"),
    ({"records.window_s": 1.5}, "records.window_s = 1.5"),
    ({"demand.load": 0.5, "demand.scale": 2.0}, "exactly one of"),
    ({"demand.classes": []}, "demand.classes"),
    ({"demand.classes": [{"law": "nrmal"}]}, "demand.classes.0.law = 'nrmal'"),
    (
        {"demand.classes": [{"lw": "nrmal"}]},
        "no setting of demand.classes.0 is called 'lw'. Did you mean 'law'?",
    ),
    ({"demand.source": "trace", "demand.source.trace": 5}, "5"),
    ({"cache.size": 20_000}, "cache.size = 20000, but it must be at most demand.keys = 10000"),
    ({"fleet.skill_own": [0.9, 0.1]}, "fleet.skill_own"),
    ({"fleet.type_shares": [0, 0, 0, 0, 0, 0]}, "not all 0"),
]


@pytest.mark.parametrize(
    ("keys", "line"), REFUSED, ids=[next(iter(k)) + str(i) for i, (k, _) in enumerate(REFUSED)]
)
def test_a_bad_setting_is_refused_in_one_line_that_names_it(keys, line):
    with pytest.raises(ss.ConfigError) as refusal:
        ss.SwarmModel(Config().changed({"fleet.agents": 10, "fleet.nodes": 1} | keys), rng=1)
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_setting_is_named_in_the_table_of_parameters():
    table = parameter_table()
    for name, _, meaning in parameters():
        assert f"| `{name}` |" in table
        assert meaning, name


def test_a_number_out_of_range_is_refused_for_every_bounded_setting():
    """Each numeric field with a lower bound refuses a value below it, and the line names the field."""
    tried = 0
    for key, _, _ in parameters():
        section = Config
        *path, last = key.split(".")
        for part in path:
            section = section.model_fields[part].annotation
        for rule in section.model_fields[last].metadata:
            low = getattr(rule, "ge", getattr(rule, "gt", None))
            if low is not None:
                with pytest.raises(ss.ConfigError) as refusal:
                    Config().changed({key: low - 1})
                assert str(refusal.value).startswith(f"{key} = ")
                tried += 1
    assert tried > 30


def test_a_key_given_twice_is_refused():
    with pytest.raises(ss.ConfigError, match="dt is given twice, as 1 and as 2"):
        Config().changed([("dt", 1), ("dt", 2)])


def test_a_missing_file_and_a_broken_one_are_refused_by_name(tmp_path):
    with pytest.raises(ss.ConfigError, match="cannot be read: No such file"):
        Config.load(str(tmp_path / "nothing.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("fleet = [", encoding="utf-8")
    with pytest.raises(ss.ConfigError, match="not a TOML file"):
        Config.load(str(broken))


def test_an_unknown_preset_offers_the_nearest():
    with pytest.raises(ss.UnknownChoiceError, match="Did you mean 'llm-fleet'"):
        Config.load("llm-flet")


def test_a_fleet_that_no_memory_holds_is_refused_before_it_is_made():
    with pytest.raises(ss.ConfigError, match="GiB"):
        ss.SwarmModel(
            Config().changed(
                {"fleet.agents": 50_000_000, "fleet.nodes": 1024, "demand.keys": 10_000_000, "cache.size": 1}
            ),
            rng=1,
        )


def test_the_committed_table_of_parameters_is_the_present_one():
    from pathlib import Path

    committed = (Path(__file__).parent.parent / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert parameter_table() in committed


def test_the_scalers_times_are_held_against_the_tick_where_there_is_a_scaler():
    assert Config.load({"dt": 20.0}).dt == 20.0
    with pytest.raises(ConfigError, match=r"scaler.period_s = 10, but it must be a multiple of dt = 20"):
        Config.load({"dt": 20.0, "scaling": "quantile"})
