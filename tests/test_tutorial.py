"""The tutorial notebook runs from top to bottom and says what its text says."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def executed():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    return notebook


def printed(notebook):
    """Everything that the cells print."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs if output.output_type == "stream")


def test_it_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_it_shows_what_the_text_says(executed):
    text = printed(executed)
    assert "counts: [320   0" in text
    assert "half efficiency at 1.0" in text
    assert "are gained" in text
    bits = [line for line in text.splitlines() if line.startswith("low-multiplicity bits")]
    assert "6" in bits[0].replace("[", " ").replace("]", " ").split()
    assert "6" not in bits[1].replace("[", " ").replace("]", " ").split()
    pictures = [o for cell in executed.cells if cell.cell_type == "code" for o in cell.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 2
