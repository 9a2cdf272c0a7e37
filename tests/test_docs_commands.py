"""Commands in the pages: those that are named exist with these options and keys, and the first run can be walked."""

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from swarmscale.cli import app, main
from swarmscale.cli.options import settings
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = typer.main.get_command(app)


def lines(text: str) -> list[str]:
    """Commands of this program in blocks for a shell and in spans of code."""
    blocks = [
        block for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S) if kind in ("", "sh")
    ]
    spans = re.findall(r"`(swarmscale [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    found = [line for block in blocks for line in block.splitlines()] + spans
    found = [
        re.sub(r"^.*?(?=swarmscale )", "", line)
        for line in found
        if re.match(r"(mpiexec [^s]*|time |\s*)swarmscale ", line)
    ]
    return [re.split(r"\s+#|\s[|>&]|;", line)[0].strip() for line in found]


def faults(line: str) -> list[str]:
    """What is wrong with a command line; nothing is run."""
    words = shlex.split(line)[1:]
    if words[:1] == ["--help"] or words[:1] == ["--version"]:
        return []
    names = COMMAND.commands
    if not words or words[0].isupper() or words[0] == "...":
        return []
    if words[0] not in names:
        return [f"no command {words[0]}"]
    command, words = names[words[0]], words[1:]
    if hasattr(command, "commands"):
        if words and not words[0].isupper() and words[0] not in command.commands:
            return [f"no command {words[0]}"]
        command, words = command.commands.get(words[0] if words else "", command), words[1:]
    if command.name == "bench":
        return []  # hands its options on
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {
        "--help"
    }
    wrong = [f"no option {w}" for w in words if w.startswith("--") and w.partition("=")[0] not in known]
    if "--plugin" in words:  # it may bring names of its own
        return wrong
    pairs = [w for before, w in pairwise(words) if before == "--set" and "=" in w]
    return wrong + [fault for fault in [bad_keys(dict(settings(pairs)))] if fault]


def bad_keys(keys: dict[str, object]) -> str:
    """Why the config would refuse these keys; words that stand for any value are let be."""
    if any(isinstance(v, str) and not re.fullmatch(r"[\w.-]+", v) for v in keys.values()):
        return ""
    try:
        Config.load("tiny").changed(keys)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_in_a_page_exist_with_their_options_and_keys(path):
    wrong = {line: faults(line) for line in lines(path.read_text(encoding="utf-8"))}
    assert {line: why for line, why in wrong.items() if why} == {}


def test_wrong_commands_are_found():
    text = "`swarmscale walk` `swarmscale run --fast` `swarmscale run tiny --set scaling.agent=3`\n"
    assert [bool(faults(line)) for line in lines(text)] == [True, True, True]


def test_the_first_run_can_be_walked_by_its_text_alone(tmp_path, monkeypatch):
    """The trace that the page makes, its policy, its command and its sweep, a minute in place of an hour."""
    text = (ROOT / "docs" / "first_run.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"<<'END'\n(.*?)\nEND", text, re.S)
    exec(program, {})
    (policy,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.S) if '"careful"' in block]
    Path("my_policy.py").write_text(policy, encoding="utf-8")
    checks = [line for line in lines(text) if line.startswith("swarmscale trace ")]
    assert len(checks) == 2
    assert [main(shlex.split(line)[1:]) for line in checks] == [0, 0]
    (run,) = [line for line in lines(text) if "--plugin my_policy.py --set" in line]
    shorter = run.replace("seconds=3600", "seconds=60").replace("speedup=96", "speedup=5760")
    assert shorter != run
    quick = shorter + " --set intelligence.on=false --set emergence.on=false --set resilience.on=false"
    (sweep,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    Path("my_sweep.toml").write_text(sweep, encoding="utf-8")
    both = [shlex.split(line)[1:] for line in (quick, "swarmscale sweep my_sweep.toml --dry-run")]
    code = f"import sys; from swarmscale.cli import main; sys.exit(max(main(words) for words in {both}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "15" in done.stdout
    assert Path("out/tiny/report.html").is_file()
