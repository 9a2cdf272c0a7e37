"""Examples and the documentation's code run, and print what was recorded."""

import re
import subprocess
import sys
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
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
