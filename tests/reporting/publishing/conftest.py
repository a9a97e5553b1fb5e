"""Small notebooks and lists of reports for the tests of the runner."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pyarrow as pa
import pytest
from nbformat import v4

from research.market import write_snapshot
from research.market.manifest import Manifest
from research.reporting.publishing.build import BuildResult, build
from research.reporting.publishing.placing import digest
from research.reporting.publishing.running.workers import How

QUESTION = "# What is asked?\n\nA sentence."
PARAMETERS = """
town: str = "Bonn"  # where
days: int = 3  # how long, days
share: float = 0.5  # of all
flag: bool = True  # or not
"""


PATH = 'snapshot: str = "data/sample"  # folder'


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


def run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`research report build` as a user runs it."""
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(project.config), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def built(project: Project, *, jobs: int = 2, forked: bool = True, **options: object) -> BuildResult:
    """The same from Python, quietly."""
    return build(project.config, say=lambda line: None, how=How(jobs=jobs, forked=forked), **options)


def errors(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.strip()]


def entries(folder: Path) -> dict[str, dict[str, object]]:
    """The state of each report, as the manifest of a published folder has it."""
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["reports"]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def assert_consistent(folder: Path, *pages: str) -> None:
    """The manifest describes exactly these pages, byte for byte, and nothing else lies there."""
    described = {name: entry["sha256"] for name, entry in entries(folder).items() if entry["last_success"]}
    found = {page.stem: digest(page.read_bytes()) for page in folder.glob("*.html") if page.name != "index.html"}
    assert described == found
    assert sorted(found) == sorted(pages)
    assert {file.name for file in folder.iterdir()} - {f"{page}.html" for page in pages} <= {
        "manifest.json", "index.html", ".build.lock", "editions"
    }  # fmt: skip


def snapshot(out: Path, *, simulated: bool) -> Path:
    """Three days of one asset."""
    days = pd.date_range("2024-01-01", periods=3)
    values = {"price": [1.0, 2.0, 3.0], "market_cap": [9.0] * 3, "volume": [1.0] * 3}
    daily = pd.DataFrame({"date": days.date, "asset_id": "coin", **values})
    assets = {"asset_id": "coin", "symbol": "C", "name": "Coin", "first_date": days[0], "last_date": days[-1]}
    ledger = pd.DataFrame(columns=["date", "asset_id", "field", "rule", "old", "new"])
    kinds = {"date": "datetime64[us]", "old": "float64", "new": "float64"}
    write_snapshot(
        out,
        daily=pa.Table.from_pandas(daily, preserve_index=False),
        assets=pd.DataFrame([assets]),
        tags=pd.DataFrame({"asset_id": ["coin"], "tag": ["x"], "valid_from": days[:1], "static": [True]}),
        ledger=ledger.astype(kinds),
        manifest=Manifest(
            name="SIMULATED" if simulated else "vendor",
            source="test",
            retrieved_at="2024-02-01T00:00:00Z",
            licence="none",
            close_convention="close",
            simulated=simulated,
        ),
    )
    return out


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
