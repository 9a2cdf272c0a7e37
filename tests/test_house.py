"""The house: who imports whom, the links at the root, and what an installed package holds."""

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import swarmscale

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "swarmscale"
STRATA = (
    ("arrays", "errors", "choices", "parent", "rng"),
    ("agents",),
    ("model",),
    ("emergence",),
    ("batch",),
    ("registry",),
    ("viz",),
    ("orchestrator", "arena", "environment"),
    ("bench",),
    ("cli", "__init__", "__main__"),
)
LEVEL = {name: level for level, names in enumerate(STRATA) for name in names}
MODEL_STRATA = ("flow", "rest")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> list[tuple[str, ...]]:
    """Modules of this package that a file imports, as parts below the package."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    package = here
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level]
            parts = (*base, *(node.module.split(".") if node.module else ()))
            found.append(parts if parts else (node.names[0].name.replace("__version__", "__init__"),))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("swarmscale"):
            found.append(tuple((node.module or "").split(".")[1:]))
        elif isinstance(node, ast.Import):
            found += [
                tuple(a.name.split(".")[1:]) for a in node.names if a.name.split(".")[0] == "swarmscale"
            ]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_imports_one_above_it(path):
    mine = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for parts in imports(path):
        if parts and parts != ("__init__",):  # the version stands at the top
            assert LEVEL[parts[0]] <= LEVEL[mine], f"{path} imports {'.'.join(parts)}"


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "model" / "flow").rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_the_flow_does_not_know_the_model_above_it(path):
    for parts in imports(path):
        assert parts[:1] != ("model",) or parts[1:2] == ("flow",), f"{path} imports {'.'.join(parts)}"


@pytest.mark.parametrize("name", ["model", "agents", "viz", "batch"])
def test_each_link_at_the_root_opens_on_its_package_folder(name):
    link = ROOT / name
    if not link.is_symlink():
        pytest.skip("this checkout has no symbolic links")
    assert link.resolve() == (PACKAGE / name).resolve()


def test_importing_the_package_loads_neither_solara_nor_plotly():
    code = (
        "import sys, swarmscale; print([m for m in ('solara', 'plotly', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_complete_and_sorted():
    assert swarmscale.__all__ == sorted(swarmscale.__all__)
    assert all(hasattr(swarmscale, name) for name in swarmscale.__all__)


def test_the_version_is_the_one_of_the_project_file():
    assert f'version = "{swarmscale.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def copy_without_links(target: Path) -> None:
    ignore = shutil.ignore_patterns(".git", ".venv", "out", "build", "*.egg-info", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, target, symlinks=True, ignore=ignore)
    for name in ("model", "agents", "viz", "batch"):
        (target / name).unlink(missing_ok=True)


RUN = (
    "import swarmscale as ss; from swarmscale.model.flow.traces import load_trace; "
    "assert load_trace('ms-app1').demand.size; print(ss.SwarmModel('tiny', rng=1).run(3.0).records.ticks, ss.__file__)"
)


def test_wheel_and_sdist_of_a_checkout_without_links_install_and_run(tmp_path):
    """The wheel is made from the sdist, which is made from a copy that lacks the four links."""
    copy_without_links(tmp_path / "checkout")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist")]
    subprocess.run([*build, str(tmp_path / "checkout")], check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if not n.startswith("swarmscale")]
    assert "swarmscale/model/flow/data/LICENSES.md" in names
    assert "swarmscale/model/presets/llm-fleet.toml" in names
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(tmp_path / "site"),
            "PATH": "",
            "NUMBA_DISABLE_JIT": "1",
            "HOME": str(tmp_path),
        },
    )
    ticks, place = done.stdout.split()
    assert ticks == "3"
    assert Path(place).is_relative_to(tmp_path)


def test_a_checkout_without_links_runs(tmp_path):
    copy_without_links(tmp_path / "checkout")
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path / "checkout",
        env={"PATH": "", "PYTHONPATH": ".", "NUMBA_DISABLE_JIT": "1", "HOME": str(tmp_path)},
    )
    assert done.stdout.startswith("3 ")
