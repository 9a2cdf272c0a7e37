"""Examples and the documentation's code run, and print what was recorded."""

import multiprocessing
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_an_example_prints_what_was_recorded(path):
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == path.with_suffix(".txt").read_text(encoding="utf-8")


def code_blocks():
    for path in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]):
        for i, block in enumerate(re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.S)):
            yield pytest.param(block, id=f"{path.name}-{i}")


@pytest.mark.parametrize("block", list(code_blocks()))
def test_the_documentations_code_runs(block, tmp_path):
    assert in_a_fork(block, tmp_path) == ""


def test_code_that_fails_is_found(tmp_path):
    assert "ZeroDivisionError" in in_a_fork("print(1 / 0)", tmp_path)
    assert "SystemExit" in in_a_fork("raise SystemExit('no')", tmp_path)


def in_a_fork(block: str, folder: Path) -> str:
    """What went wrong with code that ran in a process of its own, begun from one that has imported the package."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["swarmscale"])
    told = folder / "told.txt"
    child = context.Process(target=run_block, args=(block, str(folder), str(told)))
    child.start()
    child.join(300)
    assert child.exitcode == 0, f"the process ended with {child.exitcode}"
    return told.read_text(encoding="utf-8")


def run_block(block: str, folder: str, told: str) -> None:
    """Run code as a script in a folder, and write down what it threw."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    error = ""
    try:
        exec(compile(block, "<documentation>", "exec"), {"__name__": "__main__"})
    except BaseException:
        error = traceback.format_exc()
    Path(told).write_text(error, encoding="utf-8")
