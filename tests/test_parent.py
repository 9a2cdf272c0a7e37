"""Worker processes end with the process that began them, though it was killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

DRIVER = """
import os, pathlib, sys, time
from swarmscale.batch.workers import workers

def sit(path):
    pathlib.Path(path).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    with workers(2, None, False) as run:
        run([(sit, (f"{sys.argv[1]}/{i}",)) for i in range(2)], "sitting")
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # one that has ended and was not waited for has no command line
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def wait_until(what, seconds=60.0):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at processes through /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_of_a_killed_driver_end(tmp_path, number):
    driver, told = tmp_path / "driver.py", tmp_path / "told"
    driver.write_text(DRIVER, encoding="utf-8")
    told.mkdir()
    run = subprocess.Popen([sys.executable, str(driver), str(told)])
    files = [told / "0", told / "1"]
    assert wait_until(lambda: all(path.is_file() and path.read_text() for path in files))
    pids = [int(path.read_text()) for path in files]
    assert all(map(alive, pids))
    run.send_signal(number)
    run.wait(60)
    assert wait_until(lambda: not any(map(alive, pids)))
