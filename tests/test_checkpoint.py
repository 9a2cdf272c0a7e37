"""Save and resume: the same bits, in another process; a clear refusal where they do not fit."""

import json
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import swarmscale as ss

BUSY_LIFE = {
    "cache.size": 40,
    "delegation.on": True,
    "network.loss": 0.1,
    "dispatch.rule": "round-robin",
    "records.trace_tasks": 0.3,
    "demand.load": 1.1,
    "cluster.queue": 30,
}


def eventful(model):
    """Whatever can happen to a fleet, between ticks."""
    model.spawn(30, start_s=7.0)
    model.fail_workers(model.fleet.live()[10:20], repair_s=12.0)
    model.drain_workers(model.fleet.live()[40:50])
    model.cut_link(0, 1)
    model.kill_node(2)
    model.scale_demand(1.2)
    model.schedule_failures(model.fleet.live()[60:63], model.now_s + 9.0)
    return model


def test_a_resumed_run_equals_the_straight_one_bit_for_bit(tmp_path):
    straight = ss.SwarmModel("tiny", rng=5, **BUSY_LIFE).run(20.0)
    eventful(straight).run(20.0)
    straight.save(tmp_path / "a.safetensors")
    straight.rng.random()
    resumed = ss.SwarmModel.load(tmp_path / "a.safetensors")
    straight.run(30.0)
    resumed.run(30.0)
    pd.testing.assert_frame_equal(straight.records.frame(), resumed.records.frame())
    pd.testing.assert_frame_equal(straight.records.task_log(), resumed.records.task_log())
    pd.testing.assert_frame_equal(straight.records.cluster_frame(), resumed.records.cluster_frame())
    for a, b in zip(straight.fleet.rows, resumed.fleet.rows, strict=True):
        assert np.array_equal(a, b)
    assert straight.summary().as_dict() == resumed.summary().as_dict()


def test_a_run_resumed_in_another_process_equals_the_straight_one(tmp_path):
    path = tmp_path / "a.safetensors"
    straight = eventful(ss.SwarmModel("tiny", rng=5, **BUSY_LIFE).run(20.0))
    straight.save(path)
    code = (
        "import sys, swarmscale as ss\nm = ss.SwarmModel.load(sys.argv[1]).run(20.0)\nm.save(sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), str(tmp_path / "b.safetensors")], check=True)
    straight.run(20.0)
    there = ss.SwarmModel.load(tmp_path / "b.safetensors")
    pd.testing.assert_frame_equal(straight.records.frame(), there.records.frame())


def test_saving_twice_gives_the_same_bytes(tmp_path):
    model = ss.SwarmModel("tiny", rng=5).run(10.0)
    model.save(tmp_path / "a")
    ss.SwarmModel.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_users_generators_go_on_where_they_were(tmp_path):
    model = ss.SwarmModel("tiny", rng=5).run(3.0)
    model.rng.random(5)
    model.random.random()
    model.save(tmp_path / "a")
    resumed = ss.SwarmModel.load(tmp_path / "a")
    assert model.rng.random() == resumed.rng.random()
    assert model.random.random() == resumed.random.random()


def test_new_agents_get_ids_that_no_one_had(tmp_path):
    model = ss.SwarmModel("tiny", rng=5).run(3.0)
    model.save(tmp_path / "a")
    resumed = ss.SwarmModel.load(tmp_path / "a")
    a, b = model.spawn(1), resumed.spawn(1)
    assert model.fleet.column("uid")[a] == resumed.fleet.column("uid")[b]


@ss.register("controller", "saved-counter")
@dataclass
class SavedCounter:
    period_s: float = 4.0
    order: int = 2

    def __post_init__(self):
        self.acted = []

    def act(self, model):
        self.acted.append(model.now_s)

    def memory(self):
        return {"acted": self.acted}

    def remember(self, memory):
        self.acted = memory["acted"]


def test_a_users_controller_runs_at_its_period_after_a_resume(tmp_path):
    alone = {"intelligence.on": False, "emergence.on": False, "resilience.health.on": False}
    model = ss.SwarmModel("tiny", rng=5, **alone)
    model.add_controller(SavedCounter())
    model.run(6.0).save(tmp_path / "a")
    resumed = ss.SwarmModel.load(tmp_path / "a", register=[SavedCounter]).run(8.0)
    (controller,) = resumed.dispatcher.controllers
    assert controller.acted == [4.0, 8.0, 12.0]
    assert (resumed.dispatcher.due, resumed.dispatcher.done) == ([3], [3])


def test_a_controller_without_a_name_cannot_be_saved(tmp_path):
    class Nameless:
        period_s, order = 1.0, 0

        def act(self, model):
            """Nothing."""

    model = ss.SwarmModel("tiny", rng=5)
    model.add_controller(Nameless())
    with pytest.raises(ss.ConfigError, match="not a registered controller"):
        model.save(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def rewritten(path, change):
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["swarmscale"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(header)
    save_file(arrays, path, metadata={"swarmscale": json.dumps(header)})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda h: h.update(version="0.0.1"), "was written by swarmscale 0.0.1"),
        (lambda h: h.update(format=99), r"\(format 99\)"),
        (lambda h: h["config"]["fleet"].update(speed_cv=0.5), "does not match its digest"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, change, line):
    path = ss.SwarmModel("tiny", rng=5).save(tmp_path / "a")
    rewritten(path, change)
    with pytest.raises(ss.ConfigError, match=line):
        ss.SwarmModel.load(path)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(ss.ConfigError, match="there is no such file"):
        ss.SwarmModel.load(tmp_path / "none")
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with pytest.raises(ss.ConfigError, match="is no checkpoint"):
        ss.SwarmModel.load(tmp_path / "text")
    save_file({"x": np.zeros(3)}, tmp_path / "other")
    with pytest.raises(ss.ConfigError, match="is no checkpoint of swarmscale"):
        ss.SwarmModel.load(tmp_path / "other")


def test_a_failed_save_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ss.ConfigError, match="cannot be written"):
        ss.SwarmModel("tiny", rng=5).save(tmp_path / "file" / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_records_survive_parquet_with_units_and_schema(tmp_path):
    model = ss.SwarmModel("tiny", rng=5, **{"records.trace_tasks": 0.5}).run(20.0)
    model.records.write(tmp_path)
    pd.testing.assert_frame_equal(ss.read_records(tmp_path / "records.parquet"), model.records.frame())
    import pyarrow.parquet as pq

    meta = pq.read_schema(tmp_path / "records.parquet").metadata
    assert meta[b"swarmscale.schema"] == b"1"
    assert json.loads(meta[b"swarmscale.units"])["network_mean_ms"] == "ms"
    assert {p.name for p in tmp_path.iterdir()} == {"records.parquet", "clusters.parquet", "tasks.parquet"}


def test_an_older_file_is_read_and_a_newer_one_refused(tmp_path):
    import pyarrow.parquet as pq

    ss.SwarmModel("tiny", rng=5).run(5.0).records.write(tmp_path)
    table = pq.read_table(tmp_path / "records.parquet").drop_columns(["skill_match"])
    meta = table.schema.metadata
    pq.write_table(
        table.replace_schema_metadata({**meta, b"swarmscale.schema": b"0"}), tmp_path / "old.parquet"
    )
    assert ss.read_records(tmp_path / "old.parquet")["skill_match"].isna().all()
    pq.write_table(
        table.replace_schema_metadata({**meta, b"swarmscale.schema": b"2"}), tmp_path / "new.parquet"
    )
    with pytest.raises(ss.ConfigError, match="has schema 2"):
        ss.read_records(tmp_path / "new.parquet")
    with pytest.raises(ss.ConfigError, match="cannot be read"):
        ss.read_records(tmp_path / "none.parquet")
