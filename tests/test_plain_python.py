"""The kernels' own source, run as plain Python, gives the records that the compiled kernels give."""

import os
import subprocess
import sys

CODE = """
import hashlib
import warnings

warnings.simplefilter("ignore")  # plain numpy warns where unsigned words wrap, as they should
import swarmscale as ss
from numba import config

keys = {
    "fleet.agents": 60, "cache.size": 20, "delegation.on": True, "network.loss": 0.1, "demand.load": 0.95,
    "records.trace_tasks": 0.3, "ingress.batch": 2, "cluster.queue": 9, "network.topology": "ring",
}
model = ss.SwarmModel("tiny", rng=3, **keys).run(15.0)
text = model.records.frame().to_csv() + model.records.task_log().to_csv()
print(bool(config.DISABLE_JIT), hashlib.sha256(text.encode()).hexdigest())
"""


def records_digest(plain: bool) -> str:
    env = os.environ | {"NUMBA_DISABLE_JIT": "1" if plain else "0"}
    done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True)
    flag, digest = done.stdout.split()
    assert flag == str(plain)
    return digest


def test_compiled_kernels_and_plain_python_give_the_same_records():
    assert records_digest(plain=True) == records_digest(plain=False)
