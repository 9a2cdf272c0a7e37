"""The process itself: a run that is killed, a disk that is full, a checkpoint that was changed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import swarmscale as ss
from swarmscale.cli import main
from swarmscale.model.checkpoint import seal

RUN = [
    sys.executable, "-m", "swarmscale", "run", "tiny", "--set", "intelligence.on=false", "--set",
    "emergence.on=false", "--no-report",
]  # fmt: skip
CHECKPOINT = "checkpoint.safetensors"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint of a run with faults."""
    path = tmp_path_factory.mktemp("saved") / CHECKPOINT
    faults = [{"name": "agent-crash", "mtbf_s": 500.0}]
    model = ss.SwarmModel("tiny", rng=7, **{"intelligence.on": False, "resilience.faults": faults})
    model.run(20).save(path)
    return path


def limited(size):
    """Files beyond a size cannot be written, as on a disk that is full."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_run_that_is_killed_loses_at_most_the_time_since_its_checkpoint(tmp_path):
    every = 20.0
    run = subprocess.Popen(
        [*RUN, "--seconds", "20000", "--checkpoint-every", str(every), "--out", str(tmp_path), "--quiet"]
    )
    try:
        first, deadline = None, time.monotonic() + 600
        while time.monotonic() < deadline:
            if (tmp_path / CHECKPOINT).exists():
                first = first or time.monotonic()
                if time.monotonic() - first > 0.5:
                    break
            time.sleep(0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert run.returncode == -signal.SIGKILL
    resumed = ss.SwarmModel.load(tmp_path / CHECKPOINT)
    at = resumed.now_s
    assert at >= every
    assert at % every == 0
    straight = ss.SwarmModel(resumed.config, rng=resumed.root_seed).run(at + 30)
    resumed.run(30)
    assert resumed.records.frame().equals(straight.records.frame())


def test_a_full_disk_gives_one_line_and_what_was_measured(tmp_path):
    done = subprocess.run(
        [*RUN, "--out", str(tmp_path)], capture_output=True, text=True, preexec_fn=limited(30_000)
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written" in done.stderr
    assert "availability" in done.stdout
    for path in tmp_path.iterdir():  # whatever is there is whole
        assert not path.name.startswith(".")
        if path.suffix == ".json":
            json.loads(path.read_text())


def test_a_full_disk_in_the_midst_keeps_the_last_checkpoint(tmp_path):
    """Checkpoints grow with the records: the first ones fit, a later one does not."""
    model = ss.SwarmModel("tiny", rng=7, **{"intelligence.on": False, "emergence.on": False}).run(20)
    size = model.save(tmp_path / "probe").stat().st_size
    (tmp_path / "probe").unlink()
    done = subprocess.run(
        [*RUN, "--checkpoint-every", "20", "--seconds", "2000", "--out", str(tmp_path)],
        capture_output=True, text=True, preexec_fn=limited(size + 40_000),
    )  # fmt: skip
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    assert "cannot be written" in line
    assert "stopped at" in line
    assert "--resume" in line
    assert "availability" in done.stdout
    kept = ss.SwarmModel.load(tmp_path / CHECKPOINT)
    assert kept.now_s >= 20
    kept.run(5)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused_before_the_run(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert main(["run", "tiny", "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_folder_that_is_a_file_is_refused_before_the_run(tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    assert main(["run", "tiny", "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_truncated_checkpoint_is_refused(saved, tmp_path, share):
    whole = saved.read_bytes()
    path = tmp_path / CHECKPOINT
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ss.ConfigError) as caught:
        ss.SwarmModel.load(path)
    assert str(path) in str(caught.value)


def changed(saved, tmp_path, header=None, arrays=None, *, sealed=False):
    """The checkpoint with its header or its arrays changed, and with a new digest if ``sealed``."""
    with safe_open(saved, framework="numpy") as file:
        meta = json.loads(file.metadata()["swarmscale"])
        columns = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if header:
        header(meta)
    if arrays:
        arrays(columns)
    if sealed:
        del meta["digest"]
        meta["digest"] = seal(meta, columns)
    path = tmp_path / CHECKPOINT
    save_file(columns, path, metadata={"swarmscale": json.dumps(meta)})
    return path


def _config(meta):
    meta["config"]["fleet"]["agents"] = 300


def _class(meta):
    fields = meta["resilience"]["dict"]["log"]["dict"]["incidents"]["list"]
    fields[0]["class"], fields[0]["module"] = "Popen", "subprocess"


def _missing(meta):
    del meta["network"]


def _one_number(columns):
    columns["rows.free_at"].reshape(-1)[3] += 1.0


def _shape(columns):
    columns["rows.uid"] = columns["rows.uid"][:-1]


def _gone(columns):
    del columns["hands.real"]


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    ("header", "arrays"),
    [(_config, None), (_class, None), (_missing, None), (None, _one_number), (None, _shape), (None, _gone)],
)
def test_a_checkpoint_that_was_changed_is_refused_and_runs_nothing(
    saved, tmp_path, header, arrays, sealed, monkeypatch
):
    """Whoever knows how may give it a new digest; then what is no state of a model is refused."""
    if sealed and arrays is _one_number:
        pytest.skip("another number is another state, which is what a new digest says")

    def never(*_args, **_how):
        raise AssertionError("a checkpoint has run something")

    path = changed(saved, tmp_path, header, arrays, sealed=sealed)
    monkeypatch.setattr(subprocess, "Popen", never)
    with pytest.raises(ss.ConfigError) as caught:
        ss.SwarmModel.load(path)
    assert "\n" not in str(caught.value)


def test_an_unchanged_copy_is_taken(saved, tmp_path):
    model = ss.SwarmModel.load(changed(saved, tmp_path))
    assert model.now_s == 20
    assert np.isfinite(model.run(5).records.column("arrived")).all()
