"""A model shared out over shards is, bit for bit, the model that one process runs."""

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.agents.hierarchy import Hierarchy
from swarmscale.batch.shards import run_shards
from swarmscale.cli import main
from swarmscale.model.flow.border import WORDS, parcel, unpack
from swarmscale.model.flow.tasks import Pool, blank_blocks, write_card
from swarmscale.model.sharding.exchange import LostShardError, Table
from swarmscale.model.sharding.parcels import packed, unpacked
from swarmscale.model.sharding.territory import Territory
from swarmscale.model.sharding.whole import digest, whole_records

from .shard_support import shared as shards_told

BASE = {
    "intelligence.on": False,
    "fleet.agents": 600,
    "fleet.nodes": 5,
    "fleet.cluster_agents": 20,
    "demand.load": 0.9,
    "records.cluster_period_s": 10.0,
    "records.window_s": 10.0,
    "records.trace_tasks": 0.1,
}
CASES = {
    "plain": {},
    "losses and jitter": {"network.loss": 0.1, "network.jitter": 0.5, "dispatch.rule": "random"},
    "delegation": {
        "delegation.on": True,
        "demand.load": 1.1,
        "demand.entry_skew": 1.0,
        "dispatch.rule": "least-work",
    },
    "caches": {"cache.size": 30, "demand.keys": 500, "demand.zipf": 1.2, "dispatch.rule": "round-robin"},
    "a replayed list": {"demand.source": "replay", "demand.scale": 1.0, "dispatch.rule": "contract-net"},
    "growing": {"scaling": "hpa", "demand.load": 1.3, "life.start_s": 5.0, "life.start_cv": 0.6},
    "warm pool": {
        "scaling": "seed",
        "scaler.warm_agents": 50,
        "demand.load": 1.2,
        "life.start_cv": 0.5,
        "life.warm_start_cv": 0.5,
    },
    "shrinking": {"scaling": "seed", "demand.load": 0.2, "life.start_s": 5.0},
    "short ticks": {"dt": 0.25, "demand.bin_s": 0.5, "seconds": 12.0},
    "full queues": {"cluster.queue": 1, "dispatch.queue": 3, "demand.load": 1.5},
}
SECONDS = 40.0


def config_of(case):
    changes = dict(BASE | CASES[case])
    if changes.get("demand.source") == "replay":
        changes.pop("demand.load")
        changes["demand.source"] = "requests"
        changes["demand.source.trace"] = "azure-llm-conv"
        changes["demand.classes"] = [{"name": "any", "work_s": 20.0, "deadline_s": 30.0}]
    return ss.Config.load("tiny").changed(changes)


def shared(config, shards, seconds, *, act=None, before=0.0):
    """Run a model on threads; ``act`` is done to every shard at a time. Returns what each gives."""

    def run(model):
        if act is not None:
            model.run(before)
            act(model)
        model.run(seconds - model.now_s)

    return shards_told(config, shards, lambda model: (model, digest(model), whole_records(model)), run=run)


def agents_of(models):
    """All agents by id: what there is to know of each."""
    names = ("uid", "free_at", "fail_at", "state", "kind", "slowness")
    parts = []
    for model, *_ in models:
        rows = model.fleet.live()
        parts.append(np.stack([np.asarray(model.fleet.column(n)[rows], np.float64) for n in names]))
    all_of_them = np.concatenate(parts, axis=1)
    return all_of_them[:, np.argsort(all_of_them[0])]


def same_records(one, other):
    assert one.frame().equals(other.frame())
    assert one.cluster_frame().equals(other.cluster_frame())
    assert one.task_log().equals(other.task_log())
    assert np.array_equal(one.windows(), other.windows())
    for name, values in one.node_series().items():
        assert np.array_equal(values, other.node_series()[name])
    for name, values in one.matches().items():
        assert np.array_equal(values, other.matches()[name])


@pytest.mark.parametrize("case", CASES)
def test_two_and_four_shards_are_bit_for_bit_one_process(case):
    config = config_of(case)
    seconds = min(SECONDS, config.seconds)
    alone = shared(config, 1, seconds)
    for shards in (2, 4):
        parts = shared(config, shards, seconds)
        assert {state for _, state, _ in parts} == {alone[0][1]}
        assert np.array_equal(agents_of(parts), agents_of(alone))
        assert sum(len(model.fleet) for model, *_ in parts) == len(alone[0][0].fleet)
        same_records(alone[0][2], parts[0][2])
        assert all(records is None for _, _, records in parts[1:])
        if alone[0][0].scaler is not None:
            assert len(alone[0][0].scaler.events) > 0
            for model, *_ in parts:
                assert repr(model.scaler.events) == repr(alone[0][0].scaler.events)


def test_scaling_really_moved_the_fleets_that_were_compared():
    growing = shared(config_of("growing"), 2, SECONDS)
    shrinking = shared(config_of("shrinking"), 2, SECONDS)
    assert sum(len(model.fleet) for model, *_ in growing) > 650
    assert sum(len(model.fleet) for model, *_ in shrinking) < 550
    assert all(model.hierarchy_arrays.clusters > 30 for model, *_ in growing)


def break_things(model):
    """Faults and a flash crowd, the same whatever part of the fleet is here."""
    model.kill_node(1)
    a, b = next(iter(model.mesh.edges))
    model.cut_link(a, b)
    model.scale_demand(1.5)
    rows = model.fleet.live()
    uid = model.fleet.column("uid")[rows]
    model.fail_workers(rows[uid % 7 == 0], repair_s=4.0)
    model.schedule_failures(rows[uid % 11 == 0], model.now_s + 3.0 + uid[uid % 11 == 0] % 5)
    model.spawn(25, start_s=2.0)


def test_faults_and_operations_do_the_same_on_all_shards():
    config = config_of("plain")
    alone = shared(config, 1, 30.0, act=break_things, before=8.0)
    undisturbed = shared(config, 1, 30.0)
    assert alone[0][1] != undisturbed[0][1]
    for shards in (2, 5):
        parts = shared(config, shards, 30.0, act=break_things, before=8.0)
        assert {state for _, state, _ in parts} == {alone[0][1]}
        same_records(alone[0][2], parts[0][2])


def test_the_digest_sees_one_agent_that_is_later_by_the_smallest_step():
    def later(model):
        at = model.fleet.column("free_at")
        if model.fleet.column("uid")[0] == model.fleet.column("uid").min() and model.shard.exchange.rank == 0:
            at[0] = np.nextafter(at[0], np.inf)

    config = config_of("plain")
    assert shared(config, 2, 8.0, act=later, before=8.0)[0][1] != shared(config, 2, 8.0)[0][1]


def test_each_shard_holds_its_part_alone():
    parts = shared(config_of("plain"), 4, 5.0)
    alone = shared(config_of("plain"), 1, 5.0)[0][0]
    assert max(model.fleet.nbytes() for model, *_ in parts) < 0.5 * alone.fleet.nbytes()
    assert sorted(q for model, *_ in parts for q in model.shard.territory.clusters) == list(range(30))
    there = [agent.cluster for model, *_ in parts for agent in model.agents_by_type[ss.Cluster]]
    assert sorted(there) == list(range(30))


def test_shards_of_the_command_give_the_digest_of_one(tmp_path):
    keys = {name.replace(".", "__"): value for name, value in (BASE | CASES["growing"]).items()}
    one, two = (run_shards("tiny", rng=5, shards=n, seconds=20.0, **keys) for n in (1, 2))
    assert one.digest == two.digest
    assert one.agents == two.agents
    assert [m.value for m in one.summary.metrics] == pytest.approx(
        [m.value for m in two.summary.metrics], abs=0, rel=0, nan_ok=True
    )


def test_a_checkpoint_of_all_shards_goes_on_bit_for_bit(tmp_path):
    keys = {name.replace(".", "__"): value for name, value in (BASE | CASES["growing"]).items()}
    whole = run_shards("tiny", rng=5, shards=2, seconds=30.0, **keys)
    run_shards("tiny", rng=5, shards=2, seconds=20.0, folder=tmp_path, checkpoint_every_s=10.0, **keys)
    assert json.loads((tmp_path / "shards.json").read_text()) == {"tick": 20, "shards": 2}
    assert len(list((tmp_path / "shards").iterdir())) == 2, "older checkpoints are removed"
    resumed = run_shards("tiny", rng=5, shards=2, seconds=30.0, folder=tmp_path, resume=True, **keys)
    assert resumed.digest == whole.digest
    assert resumed.ticks == 10
    with pytest.raises(ss.ConfigError, match="is of 2 shards, but there are 3"):
        run_shards("tiny", rng=5, shards=3, seconds=30.0, folder=tmp_path, resume=True, **keys)


def test_a_shards_checkpoint_is_not_taken_for_another_ones(tmp_path):
    keys = {name.replace(".", "__"): value for name, value in BASE.items()}
    run_shards("tiny", rng=5, shards=2, seconds=10.0, folder=tmp_path, checkpoint_every_s=10.0, **keys)
    file = next((tmp_path / "shards").glob("*-1-of-2*"))
    with pytest.raises(ss.ConfigError, match="is shard 1 of 2, but this is shard 0 of 1"):
        ss.SwarmModel.load(file)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("intelligence.on", True, "it must be false"),
        ("learning.on", True, "it must be false"),
        ("collective_memory.on", True, "it must be false"),
        ("fleet.nodes", 3, "at most fleet.nodes = 3"),
    ],
)
def test_what_cannot_be_shared_out_is_refused_in_a_line(key, value, rule):
    config = config_of("plain").changed(**{key: value})
    with pytest.raises(ss.ConfigError, match=rule):
        shared(config, 4, 5.0)


class Watcher:
    period_s, order = 1.0, 5

    def act(self, model):
        self.seen = model.records.ticks


def test_a_controller_must_say_that_it_does_the_same_everywhere():
    model = ss.SwarmModel(config_of("plain"), rng=5, exchange=Table(2).seat(0))
    with pytest.raises(ss.ConfigError, match="Watcher cannot act in a model that is shared out"):
        model.add_controller(Watcher())


def test_a_controller_that_says_so_sees_complete_records():
    def add(model):
        watcher = Watcher()
        watcher.sharded = True
        model.add_controller(watcher)
        model.watcher = watcher

    parts = shared(config_of("plain"), 2, 12.0, act=add, before=2.0)
    assert [model.watcher.seen for model, *_ in parts] == [12, 12]


def test_nobody_waits_for_a_shard_that_is_gone():
    table = Table(2)
    failed = []

    def wait():
        try:
            table.seat(0).gather(np.zeros(1, np.int64))
        except LostShardError as error:
            failed.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    table.leave()
    thread.join(10)
    assert failed == ["a shard is gone, so the others stopped"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.data())
def test_numbers_here_and_in_the_whole_belong_together(nodes, data):
    clusters = data.draw(st.integers(1, 40))
    size = data.draw(st.integers(1, nodes))
    hierarchy = Hierarchy.build(clusters, nodes, 3)
    for _ in range(data.draw(st.integers(0, 5))):
        hierarchy.add_cluster(data.draw(st.integers(0, nodes - 1)))
    parts = [Territory.of(rank, size, hierarchy) for rank in range(size)]
    assert sorted(q for part in parts for q in part.clusters) == list(range(hierarchy.clusters))
    values = np.arange(2 * hierarchy.clusters).reshape(2, -1)
    whole = parts[0].spread([values[:, part.clusters] for part in parts])
    assert np.array_equal(whole, values)
    for part in parts:
        assert np.array_equal(part.place(part.clusters), np.arange(len(part.clusters)))
        rows = np.arange(len(part.clusters) * 4)
        there = part.rows_of_all(rows, 4)
        assert np.array_equal(part.rows_here(there, 4), rows)
        others = [q for q in range(hierarchy.clusters) if q not in part.clusters]
        if len(part.clusters):
            assert (part.place(np.array(others, np.int64)) == -1).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), max_size=20), st.integers(0, 2))
def test_tasks_cross_as_they_are_and_stand_home_by_home(homes, waiting, gap):
    homes = sorted(homes)
    blocks = blank_blocks(200)
    begins, ends = np.zeros(4, np.int64), np.zeros(4, np.int64)
    row = 0
    for k in range(4):
        begins[k] = row
        for _ in range(homes.count(k)):
            blocks.at[row] = row + 0.25
            blocks.uid[row] = 1000 + row
            write_card(blocks.cards, row, row + 0.125, 1000 + row, row + 0.5, np.float32(row), row)
            row += 1
        ends[k] = row
        row += gap
    coming = Pool(64)
    coming.n = len(waiting)
    for i, k in enumerate(waiting):
        for name, value in (
            ("at", -i),
            ("arrived", -i),
            ("uid", i),
            ("work", i),
            ("back", 0),
            ("meta", 0),
            ("place", k),
        ):
            getattr(coming.tasks, name)[i] = value
    tasks = parcel(blocks, begins, ends)
    assert tasks.shape == (len(homes), WORDS)
    out, first, last = blank_blocks(200), np.zeros(4, np.int64), np.zeros(4, np.int64)
    counts = (ends - begins)[None, :]
    unpack(coming.tasks, coming.n, tasks, tasks.view(np.float64), counts, out, first, last)
    for k in range(4):
        mine = [i for i, home in enumerate(waiting) if home == k] + list(blocks.uid[begins[k] : ends[k]])
        assert list(out.uid[first[k] : last[k]]) == mine
    crossed = [r for k in range(4) for r in range(first[k] + waiting.count(k), last[k])]
    sent = [r for k in range(4) for r in range(begins[k], ends[k])]
    assert np.array_equal(out.cards.whole[crossed], blocks.cards.whole[sent])
    assert np.array_equal(out.at[crossed], blocks.at[sent])


def test_arrays_survive_the_way():
    arrays = {
        "clusters.0": np.arange(6).reshape(2, 3),
        "matches": np.array([[0.1, np.nan]]),
        "log.uid": np.zeros(0),
    }
    back = unpacked(packed(arrays))
    assert list(back) == list(arrays)
    for name, a in arrays.items():
        assert back[name].dtype == a.dtype
        assert np.array_equal(back[name], a, equal_nan=True)


# -- MPI ------------------------------------------------------------------------------------------------

BIN = Path(sys.executable).parent
GROWING = {
    "fleet.agents": 600,
    "fleet.nodes": 5,
    "scaling": "hpa",
    "demand.load": 1.3,
    "intelligence.on": False,
    "life.start_s": 5,
}
SETTINGS = [word for key, value in GROWING.items() for word in ("--set", f"{key}={str(value).lower()}")]
WORDS_OF_RUN = ["tiny", *SETTINGS, "--rng", "5", "--quiet"]


def ranks(number, *words):
    command = [
        BIN / "mpiexec",
        "-n",
        str(number),
        sys.executable,
        "-m",
        "swarmscale",
        "run",
        *words,
        "--on",
        "mpi",
    ]
    return [str(word) for word in command]


def told_in(folder):
    return json.loads((folder / "summary.json").read_text())


@functools.cache
def state_alone(seconds):
    config = ss.Config.load("tiny").changed(GROWING | {"seconds": seconds})
    return run_shards(config, rng=5, shards=1).digest


@pytest.mark.parametrize("number", [2, 4])
def test_mpi_ranks_give_the_digest_of_one_process(number, tmp_path):
    pytest.importorskip("mpi4py")
    out = tmp_path / "out"
    done = subprocess.run(
        ranks(number, *WORDS_OF_RUN, "--seconds", 120, "--out", out), timeout=300, check=False
    )
    assert done.returncode == 0
    assert told_in(out)["digest"] == state_alone(120.0)
    assert told_in(out)["shards"] == number


def test_ranks_go_on_from_the_last_checkpoint_after_one_was_killed(tmp_path):
    pytest.importorskip("mpi4py")
    out = tmp_path / "out"
    words = [*WORDS_OF_RUN, "--seconds", 800, "--out", out, "--checkpoint-every", 50]
    running = subprocess.Popen(
        ranks(2, *words), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (out / "shards.json").exists():
        assert running.poll() is None
        time.sleep(0.05)
    ours = ["pgrep", "-f", f"python.* -m swarmscale run .*{out}.* --on mpi"]
    found = subprocess.run(ours, capture_output=True, text=True, check=False).stdout.split()
    victims = [int(pid) for pid in found if "mpiexec" not in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(victims[0], signal.SIGKILL)
    assert running.wait(timeout=120) != 0
    assert json.loads((out / "shards.json").read_text())["tick"] < 800
    assert not (out / "summary.json").exists()
    words = ["--resume", out, "--quiet"]
    assert subprocess.run(ranks(2, *words), timeout=300, check=False).returncode == 0
    assert told_in(out)["digest"] == state_alone(800.0)


def test_a_refusal_under_mpi_is_one_line_and_ends_all_ranks():
    pytest.importorskip("mpi4py")
    done = subprocess.run(ranks(2, "tiny"), timeout=120, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.count("intelligence.on = true, but it must be false") == 1


def test_what_controllers_see_is_the_whole():
    seen = [model.observation for model, *_ in shared(config_of("growing"), 1, 20.0)]

    class Looking:
        period_s, order, sharded = 20.0, 5, True

        def act(self, model):
            model.looked = model.observation

    def add(model):
        model.add_controller(Looking())

    parts = shared(config_of("growing"), 3, 20.0, act=add, before=0.0)
    assert [repr(model.looked) for model, *_ in parts] == [repr(seen[0])] * 3


def test_ranks_draw_one_seed(tmp_path):
    """``--rng random``: what each rank would draw for itself would be another model."""
    pytest.importorskip("mpi4py")
    out = tmp_path / "out"
    words = ["tiny", *SETTINGS, "--rng", "random", "--quiet", "--seconds", 20, "--out", out]
    assert subprocess.run(ranks(2, *words), timeout=300, check=False).returncode == 0
    [seed] = told_in(out)["seeds"]
    config = ss.Config.load("tiny").changed(GROWING | {"seconds": 20.0})
    assert told_in(out)["digest"] == run_shards(config, rng=seed, shards=1).digest


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["tiny", "--shards", "2", "--replications", "3"], "is one run; sweep makes replications"),
        (["tiny", "--shards", "2", "--checkpoint"], "give --checkpoint-every"),
        (["tiny", "--on", "mpii"], "Did you mean 'mpi'?"),
        (
            ["tiny", "--shards", "0", "--set", "intelligence.on=false"],
            "--shards = 0, but it must be 1 or more",
        ),
        (["--resume", "FOLDER", "--set", "fleet.agents=5"], "goes on with the settings that it has"),
        (["--resume", "FOLDER"], "holds no run that was shared out over shards"),
        (
            ["tiny", "--shards", "2", "--set", "intelligence.on=false", "--checkpoint-every", "-1"],
            "a multiple of dt",
        ),
    ],
)
def test_what_a_shared_run_cannot_do_is_one_line(words, line, tmp_path, capsys):
    words = [str(tmp_path) if word == "FOLDER" else word for word in words]
    assert main(["run", *words, *(["--out", str(tmp_path / "out")] if "--resume" not in words else [])]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
