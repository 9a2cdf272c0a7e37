"""Whatever happens to a sweep, nothing that was finished is lost, and it ends with the table of an undisturbed one."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tomli_w

from swarmscale import ConfigError
from swarmscale.batch import writer
from swarmscale.batch.engines import processes
from swarmscale.batch.plan import RunId
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import sweep
from tests.trouble_support import REPLICATIONS, STARTS, alive, order, troubled, until, waiting

RUNS = len(STARTS) * REPLICATIONS
HELD = [(20, 7), (20, 8)]
"""Two runs in the midst, at which both workers are made to wait; both belong to setting 2."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The final table of the sweep without trouble, made in this process."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return sweep(troubled(folder), out=folder / "store", engine="here").frame()


def same(store: Path, table) -> None:
    """A store's final table is that table, bit for bit."""
    frame = Store.open(store).frame()
    assert frame.equals(table)
    assert frame.to_csv() == table.to_csv()


def started(tmp_path: Path, *options: str) -> subprocess.Popen:
    """The command at work on the sweep, with both workers waiting in the midst of it."""
    for held in HELD:
        order(tmp_path, *held, "wait")
    plan = troubled(tmp_path)
    (tmp_path / "sweep.toml").write_text(tomli_w.dumps(plan), encoding="utf-8")
    words = [sys.executable, "-m", "swarmscale", "sweep", str(tmp_path / "sweep.toml"), "--workers", "2"]
    return subprocess.Popen(
        [*words, "--out", str(tmp_path / "store"), "--no-report", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def resumed(tmp_path: Path, finished: int):
    """Take the orders away and go on; only what was not finished is made."""
    for held in HELD:
        (tmp_path / f"{held[0]}-{held[1]}").unlink(missing_ok=True)
    again = sweep(troubled(tmp_path), out=tmp_path / "store", engine="here")
    assert (again.computed, again.kept) == (RUNS - finished, finished)
    return again


def test_an_exception_is_the_end_of_one_run_only(tmp_path, undisturbed):
    wrong = order(tmp_path, 30, 8, "raise")
    done = sweep(troubled(tmp_path), out=tmp_path / "store", workers=2)
    assert list(done.failed) == [RunId(3, 1)]
    assert done.failed[3, 1].startswith("ValueError: no luck with seed 8\n")
    assert "trouble.py" in done.failed[3, 1]
    frame = done.frame()
    assert frame[frame["status"] == "done"].equals(undisturbed.drop(index=7))
    wrong.unlink()
    assert sweep(troubled(tmp_path), out=tmp_path / "store", engine="here").computed == 0
    again = sweep(troubled(tmp_path), out=tmp_path / "store", engine="here", retry=True)
    assert (again.computed, again.kept) == (1, RUNS - 1)
    same(tmp_path / "store", undisturbed)


def test_a_killed_worker_takes_only_its_run_with_it(tmp_path, undisturbed):
    held = order(tmp_path, 10, 7, "wait")
    killer = threading.Thread(target=lambda: os.kill(waiting(tmp_path)[0], signal.SIGKILL))
    killer.start()
    done = sweep(troubled(tmp_path), out=tmp_path / "store", workers=2)
    killer.join()
    frame = done.frame()
    assert done.failed == {RunId(1, 0): "its worker died (SIGKILL)"}
    assert list(frame["status"]) == ["done", "done", "killed", *["done"] * 7]
    assert frame.drop(index=2).equals(undisturbed.drop(index=2))
    held.unlink()
    again = sweep(troubled(tmp_path), out=tmp_path / "store", engine="here")
    assert (again.computed, again.kept) == (1, RUNS - 1)
    same(tmp_path / "store", undisturbed)


def test_a_run_that_hangs_is_stopped_with_its_worker(tmp_path, undisturbed, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", 0.5)
    held = order(tmp_path, 10, 7, "wait")
    done = sweep(troubled(tmp_path, time_limit_s=3.0), out=tmp_path / "store", workers=2)
    assert done.failed == {RunId(1, 0): "over its time limit of 3 s"}
    assert list(done.frame()["status"]) == ["done", "done", "late", *["done"] * 7]
    held.unlink()
    plan = troubled(tmp_path, time_limit_s=60.0)  # a longer limit makes no other sweep
    assert sweep(plan, out=tmp_path / "store", engine="here", retry=True).computed == 1
    same(tmp_path / "store", undisturbed)


def test_a_run_that_is_slow_ends_between_two_ticks(tmp_path):
    plan = troubled(tmp_path, time_limit_s=1.0)
    plan["set"]["seconds"] = 1e6
    plan["replications"] = 1
    plan["design"]["over"]["life.start_s"] = [5]
    done = sweep(plan, out=tmp_path / "store", engine="here")
    assert done.failed == {RunId(0, 0): "over its time limit of 1 s"}
    assert 1.0 <= float(done.log()["wall_s"].iloc[0]) < 30.0


def test_control_c_keeps_what_was_finished_and_says_how_to_go_on(tmp_path, undisturbed):
    driver = started(tmp_path)
    workers = waiting(tmp_path, 2)
    finished = len(Store.open(tmp_path / "store").statuses())
    os.killpg(driver.pid, signal.SIGINT)
    out, err = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "Traceback" not in out + err
    assert err.splitlines() == [
        f"interrupted; {finished} of {RUNS} runs are kept in {tmp_path / 'store'}, and the same command goes on there"
    ]
    assert finished == 4
    assert not any(alive(pid) for pid in workers)
    resumed(tmp_path, finished)
    same(tmp_path / "store", undisturbed)


def test_workers_do_not_outlive_a_driver_that_is_killed(tmp_path, undisturbed):
    driver = started(tmp_path)
    workers = waiting(tmp_path, 2)
    finished = len(Store.open(tmp_path / "store").statuses())
    driver.kill()
    driver.communicate(timeout=60)
    until(lambda: not any(alive(pid) for pid in workers))
    assert finished == 4
    resumed(tmp_path, finished)
    same(tmp_path / "store", undisturbed)


def test_a_full_disk_ends_the_sweep_in_one_line(tmp_path, undisturbed, monkeypatch):
    """The third row meets a full disk."""
    write, calls = writer.write_whole, []

    def full(path, how):
        calls.append(path)
        if len(calls) == 3:
            raise ConfigError(f"{path}: cannot be written: {os.strerror(errno.ENOSPC)}")
        write(path, how)

    monkeypatch.setattr(writer, "write_whole", full)
    with pytest.raises(
        ConfigError, match=r"No space left on device; finished runs are kept in .*, 2 of them"
    ):
        sweep(troubled(tmp_path), out=tmp_path / "store", engine="here")
    monkeypatch.undo()
    resumed(tmp_path, 2)
    same(tmp_path / "store", undisturbed)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 kB, and a function that makes it larger."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place, lambda: subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_file_system_that_is_full_ends_the_sweep_and_has_what_was_finished(
    tmp_path, small_disk, undisturbed
):
    """With records of some ten kB a run, a worker process meets the real thing."""
    place, enlarge = small_disk
    plan = troubled(tmp_path, records=True)
    with pytest.raises(ConfigError, match="No space left on device; finished runs are kept"):
        sweep(plan, out=place / "store", workers=2)
    finished = len(Store.open(place / "store").statuses())
    assert 0 < finished < RUNS
    assert set(Store.open(place / "store").frame()["status"]) == {"done"}
    enlarge()
    again = sweep(plan, out=place / "store", engine="here")
    assert (again.computed, again.kept) == (RUNS - finished, finished)
    assert len(list((place / "store" / "records").glob("*.parquet"))) == RUNS
    same(place / "store", undisturbed)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from swarmscale.cli import main
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def test_a_worker_that_may_not_write_more_ends_the_sweep_in_one_line(tmp_path):
    """Files may have 150 kB: enough for rows and the records of short runs, not for those of a long one."""
    plan = troubled(tmp_path, records=True, replications=1)
    plan["design"]["over"] = {"seconds": [5, 10, 15, 3000, 20]}
    del plan["set"]["seconds"]
    undisturbed = sweep(plan, out=tmp_path / "other", engine="here").frame()
    (tmp_path / "sweep.toml").write_text(tomli_w.dumps(plan), encoding="utf-8")
    script = tmp_path / "limited.py"
    script.write_text(LIMITED.format(size=150_000), encoding="utf-8")
    words = [
        str(script),
        "sweep",
        str(tmp_path / "sweep.toml"),
        "--out",
        str(tmp_path / "store"),
        "--workers",
        "1",
    ]
    done = subprocess.run([sys.executable, *words, "--no-report"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "File too large; finished runs are kept" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    finished = set(Store.open(tmp_path / "store").statuses())
    assert {(0, 0), (1, 0), (2, 0)} <= finished  # the last run may have ended before word of the third came
    assert (3, 0) not in finished
    again = sweep(plan, out=tmp_path / "store", engine="here")
    assert (again.computed, again.kept) == (5 - len(finished), len(finished))
    same(tmp_path / "store", undisturbed)
