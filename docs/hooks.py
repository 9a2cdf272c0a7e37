"""What the site needs beyond MkDocs: files beside docs/ that pages link to become part of it."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
OUTSIDE = re.compile(r"\]\(\.\./((?:examples|benchmarks)(?:/[\w./-]*)?|CHANGELOG\.md|LICENSE)(#[\w-]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the programs of examples/ and benchmarks/, and the changelog."""
    for folder in ("examples", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md":
                files.append(
                    File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path))
                )
    for name in ("CHANGELOG.md", "LICENSE"):
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that leave docs/ point at what was taken in."""
    if page.file.src_uri == "CHANGELOG.md":  # it stands above docs/ and links into it
        markdown = markdown.replace("](docs/", "](")
    return OUTSIDE.sub(r"](\1\2)", markdown)
