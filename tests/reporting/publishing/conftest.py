"""Small notebooks and lists of reports for the tests of the runner."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

QUESTION = "# What is asked?\n\nA sentence."
PARAMETERS = """
town: str = "Bonn"  # where
days: int = 3  # how long, days
share: float = 0.5  # of all
flag: bool = True  # or not
"""


class Project:
    """A folder with notebooks/ and reports/, as a user has it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "reports" / "reports.toml"
        self.site = root / "reports" / "site"
        self.work = root / "reports" / "work"
        self.config.parent.mkdir(parents=True)
        (root / "notebooks").mkdir()

    def notebook(self, name: str, *code: str, parameters: str | None = PARAMETERS, question: str = QUESTION) -> Path:
        """Write a notebook: question, parameters cell (or none), then one code cell for each text."""
        cells = [v4.new_markdown_cell(question)]
        if parameters is not None:
            cells.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        cells += [v4.new_code_cell(text) for text in code]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
        return path

    def reports(self, **parameters: str) -> None:
        """List one report per keyword: NAME__NOTEBOOK, or NAME alone, with its parameters as an inline table."""
        text = ""
        for key, inline in parameters.items():
            name, _, notebook = key.partition("__")
            text += f'[{name.replace("_", "-")}]\ntitle = "About {name}"\n'
            text += f'notebook = "../notebooks/{notebook or name}.ipynb"\nparameters = {inline or "{}"}\n'
        self.config.write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
