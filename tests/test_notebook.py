"""The tutorial notebook: committed without outputs, runs from top to bottom, and shows models and summaries."""

from html import escape
from pathlib import Path

import nbformat
import pytest

import swarmscale as ss
from swarmscale.model.html import number

PATH = Path(__file__).parent.parent / "examples" / "tutorial.ipynb"
OFF = {"intelligence.on": False, "emergence.on": False}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    from nbclient import NotebookClient

    notebook = nbformat.read(PATH, as_version=4)
    folder = tmp_path_factory.mktemp("notebook")
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def shown(notebook, kind):
    """What cells gave in this form, one text an output."""
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    return [out["data"][kind] for out in outputs if kind in out.get("data", {})]


def test_the_notebook_is_committed_without_outputs():
    for cell in nbformat.read(PATH, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_notebook_runs_without_an_error_or_a_warning(ran):
    outputs = [out for cell in ran.cells if cell.cell_type == "code" for out in cell.outputs]
    assert [out for out in outputs if out.output_type == "error" or out.get("name") == "stderr"] == []


def test_the_notebook_shows_models_and_a_summary_as_tables(ran):
    html = shown(ran, "text/html")
    assert sum("<b>SwarmModel</b> tiny" in one for one in html) == 3
    assert sum("coordination efficiency" in one for one in html) == 1


def test_a_model_tells_its_state_and_looking_changes_nothing():
    one, two = (ss.SwarmModel("tiny", rng=3, **OFF) for _ in range(2))
    assert "none yet" in one._repr_html_()
    one.run(20)
    text = one._repr_html_()
    assert f"{int(one.records.column('completed').sum()):,} answered" in text
    assert "20 of 120 s" in text
    assert "emergence" not in text
    assert one.run(5).records.frame().equals(two.run(25).records.frame())


def test_a_summary_shows_each_value_once_and_names_what_is_missing():
    summary = ss.SwarmModel("steady", rng=3, **OFF, **{"fleet.agents": 200, "seconds": 400.0}).run().summary()
    text = summary._repr_html_()
    for measured in summary.metrics:
        if measured.value == measured.value:
            assert number(measured.value, measured.metric.unit) in text, measured.metric.key
        else:
            assert escape(measured.metric.title) in text.split("not measured</summary>")[1]
    assert " to " in text


def test_names_are_escaped():
    text = ss.SwarmModel("tiny", rng=3, **OFF, name="<b>x</b>")._repr_html_()
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x" in text
