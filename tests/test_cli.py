"""The command line: what it writes, what it refuses, and what Ctrl-C leaves behind."""

import json

import pytest

import swarmscale as ss
from swarmscale.cli import main


@pytest.fixture
def ran(tmp_path, capsys):
    code = main(["run", "tiny", "--seconds", "20", "--out", str(tmp_path / "o"), "--trace-tasks", "0.1"])
    return code, tmp_path / "o", capsys.readouterr().out


def test_a_run_writes_records_config_summary_and_report(ran):
    code, folder, _ = ran
    assert code == 0
    names = {p.name for p in folder.iterdir()}
    assert names == {
        "records.parquet",
        "clusters.parquet",
        "intelligence.parquet",
        "tasks.parquet",
        "config.toml",
        "summary.json",
        "report.html",
    }


def test_a_run_ends_with_the_scorecard(ran):
    _, _, out = ran
    assert "coordination" in out
    assert "92 %" in out
    assert "met" in out


def test_the_written_config_runs_again_to_the_same_records(ran, tmp_path):
    _, folder, _ = ran
    model = ss.SwarmModel(str(folder / "config.toml"), rng=7).run()
    assert (
        ss.read_records(folder / "records.parquet")["completed"].tolist()
        == model.records.column("completed").tolist()
    )


def test_json_prints_the_summary_and_nothing_else(tmp_path, capsys):
    assert main(["run", "tiny", "--seconds", "5", "--json", "--no-report", "--out", str(tmp_path)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["metrics"]["utilization"]["unit"] == "share"
    assert summary == {
        k: v for k, v in json.loads((tmp_path / "summary.json").read_text()).items() if k != "config_hash"
    }


def test_quiet_prints_nothing(tmp_path, capsys):
    assert main(["run", "tiny", "--seconds", "5", "-q", "--no-report", "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


REFUSED = [
    (["run", "nope"], "no preset is called 'nope'"),
    (["run", "none.toml"], "none.toml: cannot be read: No such file or directory"),
    (["run", "tiny", "--set", "fleet.agens=3"], "Did you mean 'fleet.agents'?"),
    (["run", "tiny", "--set", "fleet.agents"], "--set fleet.agents: but it must be key=value"),
    (["run", "tiny", "--set", "dt=nan"], "dt"),
    (["run", "tiny", "--agents", "0"], "fleet.agents = 0"),
    (["run", "tiny", "--agents", "x"], "Invalid value for '--agents'"),
    (["run", "tiny", "--rng", "seven"], "rng = 'seven'"),
    (["run", "tiny", "--seconds", "1.5"], "seconds = 1.5"),
    (["run", "tiny", "--replications", "0"], "--replications = 0"),
    (["run", "tiny", "--trace-tasks", "2"], "records.trace_tasks = 2.0"),
    (["run", "tiny", "--plugin", "none.py"], "--plugin none.py: there is no such file"),
    (["run", "--resume", "none.safetensors"], "none.safetensors: there is no such file"),
    (["run", "tiny", "--bogus"], "--bogus"),
    (["rnu"], "rnu"),
    (["trace", "show", "ms-ap1"], "ms-app1"),
    (["trace", "check", "none.csv"], "none.csv"),
    (["presets", "show", "tinny"], "Did you mean 'tiny'?"),
]


@pytest.mark.parametrize(("words", "line"), REFUSED, ids=[" ".join(w) for w, _ in REFUSED])
def test_bad_input_gets_one_line_and_exit_code_2(words, line, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert line in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("swarmscale: ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert main(["run", "tiny", "--out", str(tmp_path / "file" / "o")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_trace_that_is_malformed_is_refused_by_its_line(tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_text("t_s,demand\n0,1\n60,2\n30,3\n", encoding="utf-8")
    assert main(["run", "tiny", "--set", "demand.source=trace", "--set", f"demand.source.trace={bad}"]) == 2
    err = capsys.readouterr().err
    assert "bad.csv" in err
    assert err.count("\n") == 1


def test_a_plugin_brings_its_own_dispatch_rule(tmp_path, capsys):
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "import swarmscale as ss\n"
        "@ss.register('dispatch rule', 'first-cluster')\n"
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        "class First:\n"
        "    def choose(self, view):\n"
        "        for k in range(len(view.offsets) - 1):\n"
        "            mine = slice(view.offsets[k], view.offsets[k + 1])\n"
        "            view.choice[mine] = view.clusters[view.cluster_offsets[k]]\n",
        encoding="utf-8",
    )
    words = ["run", "tiny", "--plugin", str(plugin), "--set", "dispatch.rule=first-cluster", "--seconds", "5"]
    assert main([*words, "--no-report", "--out", str(tmp_path / "o")]) == 0
    assert "first-cluster" in (tmp_path / "o" / "config.toml").read_text(encoding="utf-8")


def test_replications_give_intervals(tmp_path, capsys):
    words = ["run", "tiny", "--seconds", "10", "--replications", "3", "--json", "--no-report"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    m = json.loads(capsys.readouterr().out)["metrics"]["throughput_per_s"]
    assert m["low"] < m["value"] < m["high"]


def test_every_command_has_help(capsys):
    for words in ([], ["run"], ["trace"], ["presets"], ["warmup"], ["trace", "plot"]):
        assert main([*words, "--help"]) == 0
        assert "Usage" in capsys.readouterr().out


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"swarmscale {ss.__version__}"


def test_presets_are_listed_and_shown(capsys):
    assert main(["presets", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ss.preset_names())
    assert main(["presets", "show", "tiny"]) == 0
    assert "cluster_agents = 25" in capsys.readouterr().out


def test_ctrl_c_keeps_what_was_recorded_and_says_how_to_resume(tmp_path, capsys, monkeypatch):
    whole_step = ss.SwarmModel.step

    def interrupted(self):
        whole_step(self)
        if self.records.ticks == 5:
            raise KeyboardInterrupt

    folder = tmp_path / "o"
    with monkeypatch.context() as patch:
        patch.setattr(ss.SwarmModel, "step", interrupted)
        assert main(["run", "tiny", "--out", str(folder), "--no-report", "-q"]) == 130
    err = capsys.readouterr().err
    assert f"Go on with: swarmscale run --resume {folder / 'checkpoint.safetensors'}" in err
    assert len(ss.read_records(folder / "records.parquet")) == 5
    assert (
        main(
            [
                "run",
                "--resume",
                str(folder / "checkpoint.safetensors"),
                "--out",
                str(folder),
                "-q",
                "--no-report",
            ]
        )
        == 0
    )
    straight = ss.SwarmModel("tiny", rng=7).run().records.frame()
    assert ss.read_records(folder / "records.parquet")["completed"].tolist() == straight["completed"].tolist()
