"""The monitor under shards: rows of clusters are gathered, and all shards say the same, bit for bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.batch.shards import run_shards
from swarmscale.cli import main
from swarmscale.model.emergence.monitor import Monitor
from swarmscale.model.sharding.whole import digest

from .shard_support import shared as shards_told

KEYS = {
    "intelligence.on": False,
    "fleet.agents": 600,
    "fleet.nodes": 5,
    "fleet.cluster_agents": 20,
    "demand.load": 0.8,
    "emergence.window_s": 80.0,
    "seconds": 240.0,
}
CASES = {
    "all clusters": {},
    "some clusters": {"emergence.clusters": 11},
    "delegation": {"delegation.on": True, "demand.entry_skew": 1.0, "demand.load": 1.05},
    "growing": {"scaling": "hpa", "demand.load": 1.3, "life.start_s": 5.0},
    "short ticks": {"dt": 0.5, "emergence.window_s": 40.0, "seconds": 120.0},
}


def shared(config, shards, monkeypatch):
    """Run a model on threads; returns each shard's monitor, its digest, and the windows that it made."""
    made, window = {}, Monitor.window

    def noted(monitor, model):
        made.setdefault(id(monitor), []).append(window(monitor, model))
        return made[id(monitor)][-1]

    def told(model):
        return model.emergence, digest(model), made[id(model.emergence)]

    with monkeypatch.context() as patch:
        patch.setattr(Monitor, "window", noted)
        return shards_told(config, shards, told)


@pytest.mark.parametrize("case", CASES)
def test_shards_see_the_same_windows_and_say_the_same(case, monkeypatch):
    config = ss.Config.load("tiny").changed(KEYS | CASES[case])
    ((monitor, state, windows),) = shared(config, 1, monkeypatch)
    assert len(windows) == 3
    assert any(np.isfinite(monitor.figures()[:, 0]))
    for shards in (2, 4):
        for other, digested, seen in shared(config, shards, monkeypatch):
            assert digested == state
            for mine, theirs in zip(windows, seen, strict=True):
                assert mine.names == theirs.names
                for name in ("series", "commands", "resolution"):
                    assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
            pd.testing.assert_frame_equal(monitor.frame(), other.frame())
            assert np.array_equal(monitor.figures(), other.figures(), equal_nan=True)


def test_the_digest_sees_a_statistic_that_is_off_by_the_smallest_step():
    model = ss.SwarmModel(ss.Config.load("tiny").changed(KEYS | {"seconds": 80.0}), rng=5).run()
    before = digest(model)
    at = next(i for i, v in enumerate(model.emergence.verdicts) if v.detector == "coordination")
    verdict = model.emergence.verdicts[at]
    first = verdict.tests[0]
    moved = replace(first, observed=float(np.nextafter(first.observed, np.inf)))
    model.emergence.verdicts[at] = replace(verdict, tests=(moved, *verdict.tests[1:]))
    assert digest(model) != before


def test_a_shared_run_goes_on_bit_for_bit_from_within_a_window(tmp_path):
    keys = {
        name.replace(".", "__"): value
        for name, value in (KEYS | CASES["growing"]).items()
        if name != "seconds"
    }
    whole = run_shards("tiny", rng=5, shards=2, seconds=200.0, **keys)
    run_shards("tiny", rng=5, shards=2, seconds=120.0, folder=tmp_path, checkpoint_every_s=60.0, **keys)
    again = run_shards("tiny", rng=5, shards=2, seconds=200.0, folder=tmp_path, resume=True, **keys)
    assert again.digest == whole.digest
    pd.testing.assert_frame_equal(again.emergence.frame(), whole.emergence.frame())


def test_the_command_writes_what_shards_found(tmp_path):
    words = [w for key, value in KEYS.items() for w in ("--set", f"{key}={str(value).lower()}")]
    assert (
        main(["run", "tiny", *words, "--rng", "5", "--shards", "2", "--out", str(tmp_path), "--quiet"]) == 0
    )
    table = pd.read_parquet(tmp_path / "emergence.parquet")
    alone = ss.SwarmModel(ss.Config.load("tiny").changed(KEYS), rng=5).run()
    pd.testing.assert_frame_equal(table, alone.emergence.frame())
