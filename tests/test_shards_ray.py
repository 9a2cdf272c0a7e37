"""Shards on Ray actors: the same digest, also after one of them was killed."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import swarmscale as ss
from swarmscale.batch.shards import Job, on_threads

pytest.importorskip("ray")

from swarmscale.batch.engines.ray_cluster import cluster
from swarmscale.batch.ray_shards import on_ray

from .ray_support import one_ray_at_a_time

CONFIG = ss.Config.load("tiny").changed(
    **{
        "fleet.agents": 600,
        "fleet.nodes": 5,
        "scaling": "hpa",
        "demand.load": 1.3,
        "intelligence.on": False,
        "life.start_s": 5,
    }
)


@pytest.fixture(scope="module")
def connected():
    with one_ray_at_a_time(), cluster(None, 2) as (ray, _):
        yield ray


def shard_processes():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_text()
            except OSError:
                continue
            if words.startswith("ray::ShardActor"):
                found.append(int(entry.name))
    return found


def test_actors_give_the_digest_of_one_process(connected):
    job = Job(config=CONFIG, rng=5, seconds=40.0)
    apart, alone = on_ray(job, 2, None, 0), on_threads(job, 1)
    assert apart.digest == alone.digest
    assert apart.records.frame().equals(alone.records.frame())
    assert apart.records.cluster_frame().equals(alone.records.cluster_frame())
    assert (apart.shards, apart.restarts) == (2, 0)


def test_after_a_killed_actor_all_begin_again_from_the_checkpoint(connected, tmp_path):
    job = Job(config=CONFIG, rng=5, seconds=400.0, folder=tmp_path, checkpoint_every_s=20.0)
    done = []
    running = threading.Thread(target=lambda: done.append(on_ray(job, 2, None, 2)))
    running.start()
    while not (tmp_path / "shards.json").exists():
        assert running.is_alive()
        time.sleep(0.02)
    os.kill(shard_processes()[0], signal.SIGKILL)
    running.join(120)
    assert done[0].restarts == 1
    assert done[0].ticks < 400, "it did not begin at 0 again"
    assert done[0].digest == on_threads(Job(config=CONFIG, rng=5, seconds=400.0), 1).digest


def test_what_cannot_be_shared_out_is_refused_by_the_driver_in_a_line(connected):
    with pytest.raises(ss.ConfigError, match=r"intelligence.on = true, but it must be false"):
        on_ray(Job(config=CONFIG.changed(**{"intelligence.on": True}), rng=5, seconds=5.0), 2, None, 1)
