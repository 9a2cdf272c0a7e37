"""The Ray engine on a real cluster of four nodes: the same table whatever dies, and one line when Ray is not there."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from swarmscale import read_records
from swarmscale.batch.engines import ENGINES, ray_cluster, ray_engine, ray_worker
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import Sweep, sweep
from swarmscale.cli import main
from swarmscale.errors import ConfigError

from .ray_support import clear, marks, obedient_plan, one_ray_at_a_time, order, quiet_cluster, wait_until


@pytest.fixture(scope="module")
def cluster():
    with one_ray_at_a_time(), quiet_cluster(4) as four:
        yield four


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("obedient")


@pytest.fixture(scope="module")
def reference(home):
    """The final table by processes, undisturbed."""
    done = sweep(obedient_plan(home), out=home.parent / "reference", engine="processes", workers=2)
    return done.frame()


@pytest.fixture
def folder(home):
    clear(home)
    return home


def by_ray(cluster, folder: Path, out: Path, *, workers: int | None = 2, **more: Any) -> Sweep:
    plan = obedient_plan(folder, **more.pop("plan", {}))
    return sweep(plan, out=out, engine="ray", address=cluster.address, workers=workers, **more)


def assert_same(frame: pd.DataFrame, reference: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(frame, reference, check_exact=True)


@pytest.fixture(scope="module")
def undisturbed(cluster, home):
    """A sweep that keeps its records."""
    return by_ray(cluster, home, home.parent / "ray-undisturbed", plan={"records": True})


def test_results_are_those_of_processes_bit_for_bit(undisturbed, reference):
    assert_same(undisturbed.frame(), reference)


def test_records_of_runs_come_back_from_nodes(undisturbed):
    records = undisturbed.store.folder / "records"
    assert len(list(records.glob("*.parquet"))) == 12
    assert len(read_records(records / "2-3.parquet")) == 5


def test_a_row_says_which_worker_made_it(undisturbed):
    assert undisturbed.log()["worker"].str.fullmatch(r".+-\d+").all()
    assert undisturbed.log()["worker"].nunique() == 2


@pytest.fixture(scope="module")
def troubled(cluster, home):
    """A sweep with an exception, a run that kills its workers and one that never ends."""
    clear(home)
    order(home, "raise-7-0.5")
    order(home, "kill-8-0.7")
    order(home, "hang-9-0.9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray_engine, "GRACE_S", 0.5)
        done = by_ray(cluster, home, home.parent / "troubled", plan={"time_limit_s": 4.0})
    return done.store.statuses(), done.failed, marks(home, "8-0.7")


def test_an_exception_fails_its_run_alone(troubled):
    statuses, errors, _ = troubled
    assert statuses[0, 0] == "failed"
    assert errors[0, 0].startswith("RuntimeError: as asked")
    assert sorted(statuses.values()) == ["done"] * 9 + ["failed", "killed", "late"]


def test_a_run_that_kills_each_worker_is_given_up_after_three(troubled):
    statuses, errors, tries = troubled
    assert tries == 3
    assert statuses[1, 1] == "killed"
    assert errors[1, 1] == "its worker or node was lost 3 times"


def test_a_run_that_does_not_come_back_is_late(troubled):
    statuses, errors, _ = troubled
    assert statuses[2, 2] == "late"
    assert errors[2, 2] == "over its time limit of 4 s"


def test_a_worker_that_is_killed_once_loses_its_run_to_another_and_the_sweep_completes(
    cluster, folder, troubled, reference
):
    order(folder, "kill-8-0.7", "once")
    again = by_ray(cluster, folder, folder.parent / "troubled", retry=True)
    assert again.computed == 3
    assert marks(folder, "8-0.7") == 2
    assert_same(again.frame(), reference)


def test_a_sweep_survives_the_loss_of_a_node_in_the_middle_of_its_run(cluster, folder, reference, tmp_path):
    order(folder, "slow")
    with ThreadPoolExecutor(1) as aside:
        lost = aside.submit(_lose_a_node_at_work, cluster, folder)
        done = by_ray(cluster, folder, tmp_path, workers=4)
    assert marks(folder, lost.result()) == 2  # what it had in hand came again
    assert_same(done.frame(), reference)


def _lose_a_node_at_work(cluster, folder: Path) -> str:
    """Remove a node whose worker has just begun the half second's wait at the end of a run; the run's name."""
    for _ in range(6000):
        for path in folder.glob("begun-*"):
            _, seed, load, pid, began_s = path.name.split("-")
            node = _node_of(cluster.worker_nodes, int(pid)) if time.time() - float(began_s) < 0.2 else None
            if node is not None:
                cluster.remove_node(node)
                return f"{seed}-{load}-"
        time.sleep(0.01)
    raise AssertionError("no worker of a node that can go has begun a run")


def _node_of(nodes: Iterable[Any], pid: int) -> Any:
    """The node whose raylet is a worker's parent."""
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for node in nodes:
        if any(name == "raylet" and process.pid == parent for name, process in node.live_processes()):
            return node
    return None


def test_a_sweep_stops_when_it_is_told_to(cluster, folder, tmp_path):
    part = by_ray(cluster, folder, tmp_path, workers=1, stop=lambda: marks(folder) >= 2)
    assert 1 <= part.computed < 12
    assert len(part.frame()) == part.computed


def test_a_node_with_other_sources_is_refused_in_one_line(cluster, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_worker, "source_digest", lambda parts: "another")
    with pytest.raises(ConfigError, match="other sources of swarmscale than the driver"):
        by_ray(cluster, folder, tmp_path, workers=1)


def test_a_connection_of_ones_own_is_used_and_left_open(cluster):
    import ray

    ray.init(address=cluster.address, log_to_driver=False)
    try:
        with ray_cluster.cluster(None, None) as (used, _):
            assert used is ray
        assert ray.is_initialized()
        with pytest.raises(ConfigError, match="connected already"), ray_cluster.cluster("127.0.0.1:1", None):
            pass
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Ray leaves its own handler behind


SCRIPT = """
import json, sys
from swarmscale.batch.sweep import sweep

if __name__ == "__main__":
    sweep(json.loads(sys.argv[1]), out=sys.argv[2], engine="ray", workers=1)
"""


def test_a_local_cluster_goes_in_silence_at_ctrl_c_and_nothing_is_lost(cluster, folder, reference, tmp_path):
    order(folder, "slow")
    (tmp_path / "go.py").write_text(SCRIPT)
    words = [sys.executable, "-W", "always", str(tmp_path / "go.py"), json.dumps(obedient_plan(folder))]
    process = subprocess.Popen(
        [*words, str(tmp_path / "out")], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert wait_until(lambda: marks(folder) >= 3, 60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert said.startswith("Traceback")
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert wait_until(lambda: not _session(process.pid), 10)
    clear(folder)
    kept = len(Store.open(tmp_path / "out").frame())
    assert kept >= 2
    rest = sweep(obedient_plan(folder), out=tmp_path / "out", engine="here")
    assert rest.computed == 12 - kept
    assert_same(rest.frame(), reference)


def test_sigterm_leaves_in_order_between_two_looks_and_is_given_back(cluster):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with ray_cluster.cluster(cluster.address, None) as (_, came):
        came.leave_if_it_came()  # it has not
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(SystemExit) as left:
            came.leave_if_it_came()
    assert left.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def _session(leader: int) -> list[str]:
    """Processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            name, _, fields = path.read_text().rpartition(")")
            state, _, _, session = fields.split()[:4]
            if int(session) == leader and state != "Z":
                found.append(name)
    return found


def test_without_ray_one_line_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError) as refused:
        sweep(obedient_plan(folder), out=tmp_path, engine="ray")
    assert "pip install 'swarmscale[ray]'" in str(refused.value)
    assert "\n" not in str(refused.value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_address_where_nobody_listens_is_refused_at_once(folder, tmp_path):
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConfigError, match=f"no Ray cluster at {address}: Connection refused"):
        sweep(obedient_plan(folder), out=tmp_path, engine="ray", address=address)


def test_an_address_where_something_else_answers_is_refused(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(100)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConfigError, match="what listens there is something else"):
            ray_cluster.reached(f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def test_an_address_where_nobody_answers_is_refused_after_seconds(monkeypatch):
    monkeypatch.setattr(ray_cluster, "REACH_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ConfigError, match="no answer"):
            ray_cluster.reached(address)


def test_auto_without_a_cluster_says_how_to_start_one(monkeypatch):
    from ray._private import services

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(services, "find_gcs_addresses", set)
    monkeypatch.setattr(services, "find_bootstrap_address", lambda folder: None)
    with pytest.raises(
        ConfigError, match="none is running on this machine; start one with: ray start --head"
    ):
        ray_cluster.reached("auto")


def test_auto_after_a_cluster_that_is_gone_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free_port()}")
    with pytest.raises(ConfigError, match="Connection refused; start one with"):
        ray_cluster.reached("auto")


@pytest.mark.parametrize("address", ["nowhere", "host:", ":6379", "host:0", "host:99999", "ray://host:10001"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigError, match="must be 'auto' or host:port"):
        ENGINES.make("ray", address=address)


def test_the_command_line_refuses_an_unreachable_cluster_in_one_line(folder, tmp_path, capsys):
    import tomli_w

    file = tmp_path / "plan.toml"
    file.write_text(tomli_w.dumps(obedient_plan(folder)))
    address = f"127.0.0.1:{free_port()}"
    code = main(["sweep", str(file), "--out", str(tmp_path / "o"), "--engine", "ray", "--address", address])
    said = capsys.readouterr().err
    assert code == 2
    assert said.count("\n") == 1
    assert f"no Ray cluster at {address}" in said
