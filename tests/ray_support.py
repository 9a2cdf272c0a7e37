"""A Ray cluster of four nodes on this machine, and a plugin whose runs leave marks and do as they are told."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OBJECTS_BYTES = 80 * 2**20

PLUGIN = '''
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import swarmscale

FOLDER = Path({folder!r})


def told(what):
    """Whether a file asks for something; with "once" in it, it does so once."""
    path = FOLDER / what
    if not path.exists():
        return False
    if path.read_text() == "once":
        path.unlink()
    return True


@swarmscale.register("outcome", "obedient")
@dataclass(frozen=True, slots=True, kw_only=True)
class Obedient:
    def measure(self, model):
        run = f"{{model.root_seed}}-{{model.config.demand.load:g}}"
        (FOLDER / f"begun-{{run}}-{{os.getpid()}}-{{time.time()}}").touch()
        if told("slow"):
            time.sleep(0.5)
        if told(f"raise-{{run}}"):
            raise RuntimeError("as asked")
        if told(f"kill-{{run}}"):
            os.kill(os.getpid(), signal.SIGKILL)
        if told(f"hang-{{run}}"):
            time.sleep(1000)
        return model.root_seed * model.config.demand.load
'''


def obedient_plan(folder: Path, **more: Any) -> dict[str, Any]:
    """Twelve short runs with the plugin's outcome; ``folder`` holds the plugin, its orders and its marks."""
    plugin = folder / "obedient.py"
    plugin.write_text(PLUGIN.format(folder=str(folder)), encoding="utf-8")
    return {
        "name": "obedient",
        "base": "tiny",
        "replications": 4,
        "outcomes": ["cost", "response_p95_s", "obedient"],
        "plugins": [str(plugin)],
        "set": {"seconds": 5, "intelligence.on": False},
        "design": {"kind": "grid", "over": {"demand.load": [0.5, 0.7, 0.9]}},
        **more,
    }


def order(folder: Path, what: str, times: str = "always") -> None:
    (folder / what).write_text(times, encoding="utf-8")


def marks(folder: Path, run: str = "") -> int:
    """How often a run, or any, came to its end."""
    return len(list(folder.glob(f"begun-{run}*")))


def clear(folder: Path) -> None:
    """Take back all orders and marks."""
    for path in folder.iterdir():
        if path.suffix != ".py":
            path.unlink()


@contextlib.contextmanager
def one_ray_at_a_time() -> Iterator[None]:
    """Two test processes do not run clusters at once: a machine of two cores has enough to do with one."""
    with (Path(tempfile.gettempdir()) / f"swarmscale-tests-ray-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def quiet_cluster(nodes: int) -> Iterator[Any]:
    """A cluster of raylets on this machine, each with one processor, none of which tells anybody outside."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray._common.utils import get_ray_address_file
    from ray.cluster_utils import Cluster

    size = {"num_cpus": 1, "object_store_memory": OBJECTS_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False})
    Path(get_ray_address_file(None)).unlink(missing_ok=True)  # "auto" is not to find it afterwards
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**size)
        yield cluster
    finally:
        cluster.shutdown()


def wait_until(holds: Any, seconds: float = 30.0) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False
