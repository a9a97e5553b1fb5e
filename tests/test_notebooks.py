"""Every notebook is thin, parameterised, executed, and free of what belongs to one machine. nbval compares outputs."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.conftest import ROOT
from tests.reporting.computations import is_arithmetic, is_statistic

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_it_asks_one_question(path: Path) -> None:
    headings = [
        line
        for cell in read(path).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if re.match(r"# ", line)
    ]
    assert len(headings) == 1
    assert headings[0].endswith("?")


def test_it_is_short_and_every_cell_has_something_in_it(path: Path) -> None:
    notebook = read(path)
    assert 12 <= len(notebook.cells) <= 25
    lines = [line for cell in code(notebook) for line in cell.source.splitlines()]
    assert sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines) <= 80
    assert all(cell.source.strip() for cell in notebook.cells)


def test_its_parameters_are_typed_literals_with_a_meaning(path: Path) -> None:
    [cell] = tagged(read(path), "parameters")
    for line, statement in zip(cell.source.splitlines(), ast.parse(cell.source).body, strict=True):
        assert isinstance(statement, ast.AnnAssign), line
        assert statement.value is not None
        ast.literal_eval(statement.value)
        assert re.search(r"  # \w+", line), line


def test_it_defines_nothing_and_bends_no_rules(path: Path) -> None:
    source = "\n".join(cell.source for cell in code(read(path)))
    forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, forbidden)]
    assert not re.search(r"sys\.path|filterwarnings|^\s*[%!]", source, re.MULTILINE)


OPTIONS = {"2 * window_days", "draws // 4"}
"""Products that are options of a call, and no results."""


def is_path(node: ast.AST) -> bool:
    """A folder and a name in it: no number can be divided by a text."""
    division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    return division and isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)


def test_its_cells_call_name_and_show_and_compute_nothing_themselves(path: Path) -> None:
    nodes = [node for cell in code(read(path)) for node in ast.walk(ast.parse(cell.source))]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and str(node.module).startswith("research")]
    own = {alias.asname or alias.name for node in imports for alias in node.names}
    found = {ast.unparse(node) for node in nodes if is_statistic(node, own) or is_arithmetic(node)}
    assert found <= OPTIONS | {ast.unparse(node) for node in nodes if is_path(node)}


def test_it_was_run_from_top_to_bottom_and_kept_its_outputs(path: Path) -> None:
    notebook = read(path)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert len(outputs) >= 5
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]


def test_only_the_provenance_is_left_out_of_the_comparison(path: Path) -> None:
    unchecked = tagged(read(path), "nbval-ignore-output") + tagged(read(path), "nbval-skip")
    assert [cell for cell in unchecked if "provenance" not in cell.source] == []
    assert len(unchecked) <= 1


def test_it_stores_no_control_that_no_kernel_answers(path: Path) -> None:
    """JupyterLab would show an error in its place: `make notebooks` stores live pages as text."""
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    kinds = {kind for cell in code(notebook) for output in cell.outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/html", "text/markdown", "image/png"}


def test_its_outputs_hold_nothing_of_one_machine_or_one_moment(path: Path) -> None:
    for cell in code(read(path)):
        assert "execution" not in cell.metadata  # timings
        for output in cell.outputs:
            for kind, text in output.get("data", {"text/plain": output.get("text", "")}).items():
                if kind != "image/png":
                    assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\|0x[0-9a-f]{6,}", text), text[:200]
                    assert str(ROOT) not in text


def test_it_runs_on_the_kernel_of_the_environment(path: Path) -> None:
    assert read(path).metadata.kernelspec.name == "python3"


def test_its_sections_say_how_to_read_what_follows(path: Path) -> None:
    cells = read(path).cells
    for here, after in pairwise(cells):
        if here.cell_type == "markdown" and here.source.startswith("## "):
            assert len(here.source.split("\n\n", 1)[1]) > 40
            assert after.cell_type == "code"
    assert [cell for cell in cells if cell.source.startswith("## ")][-1].source.startswith("## Provenance")


WITHOUT_BENCHMARKS = {
    "market_review": "shows a market, and no index",
    "getting_started": "writes a rulebook of its own",
    "explore": "compares the index with itself alone",
}


def test_it_runs_for_an_index_that_starts_before_the_benchmarks(path: Path, tmp_path: Path) -> None:
    """A lag one day shorter than that of the shipped benchmark rulebooks."""
    if path.stem in WITHOUT_BENCHMARKS:
        pytest.skip(WITHOUT_BENCHMARKS[path.stem])
    import papermill

    own_signals = path.stem == "signal_review"
    shipped = (ROOT / "research" / "rulebooks" / f"{'ai-defi' if own_signals else 'large-cap-10'}.toml").read_text()
    rulebook = tmp_path / "soon.toml"
    rulebook.write_text(shipped.replace("lag_days = 2", "lag_days = 1"))
    assert "lag_days = 1\n" in rulebook.read_text()
    several = path.stem == "index_comparison"
    parameters = {"rulebooks": [str(rulebook)]} if several else {"rulebook": str(rulebook)}
    if own_signals:
        parameters["registry"] = str(tmp_path / "trials.jsonl")
    papermill.execute_notebook(
        path, tmp_path / "out.ipynb", parameters=parameters, cwd=str(ROOT), progress_bar=False, log_output=False
    )
