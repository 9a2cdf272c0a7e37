"""The documentation as a site and as files: it builds without a warning, links resolve, nothing asks the network."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users|var|opt|mnt)/\w+")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A page without its blocks and spans of code."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def anchors(path: Path) -> frozenset[str]:
    """What a page's headings can be linked by."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-")
        found.add(slug)
    return frozenset(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("INFO")]
    assert done.returncode == 0, "\n".join(told)
    assert "WARNING" not in done.stderr
    return folder


def test_the_site_builds_without_a_warning_and_has_every_page(site):
    missing = [
        p for p in DOCS.rglob("*.md") if not (site / p.relative_to(DOCS)).with_suffix(".html").is_file()
    ]
    assert missing == []


def test_the_reference_holds_the_public_face(site):
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))
    for module in ("model.swarm.SwarmModel", "model.config.Config", "batch.sweep.sweep", "emergence.watch"):
        assert f'id="swarmscale.{module}"' in text


def test_nothing_on_the_site_is_loaded_from_elsewhere(site):
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=\"https?:|<link[^>]+href=\"https?:[^>]*stylesheet"
    )
    assert [p.name for p in site.rglob("*.html") if loads.search(p.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_and_anchors_resolve(path):
    broken = []
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_page_names_a_place_on_somebodys_machine(path):
    assert MACHINE.findall(path.read_text(encoding="utf-8")) == []


def test_broken_links_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](nowhere.md) `[d](code.md)`\n", encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        test_links_and_anchors_resolve(page)
    assert "#two" in str(caught.value)
    assert "code.md" not in str(caught.value)
