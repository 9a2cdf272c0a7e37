"""The page on collective memory says what the recorded output and the code say."""

import re
from pathlib import Path

from swarmscale.model.collective_memory.facts import RELATIONS

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "memory.md").read_text(encoding="utf-8")


def test_every_row_of_the_pages_tables_of_figures_is_in_the_recorded_output():
    output = (DOCS / "memory.txt").read_text(encoding="utf-8").splitlines()
    rows = [
        row for row in re.findall(r"^\|.*\|$", TEXT, re.M) if re.search(r"\d", row) and "| mode |" not in row
    ]
    assert len(rows) == 2 * 5 + 4 + 4 + len(RELATIONS)
    for row in rows:
        assert row in output


def test_the_gates_of_the_recorded_output_hold():
    output = (DOCS / "memory.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"^holds ", output, re.M)) == 3
    assert "MISSED" not in output


def test_the_page_lists_every_relation_with_its_domain():
    for relation in RELATIONS:
        assert f"| {relation.name} | {relation.domain} |" in TEXT
