"""What can be known of a notebook without running it: its parameters with kinds and defaults, and what it imports.

Read as plain JSON and Python syntax, so that a build that finds nothing to do need not wait for nbformat and papermill
(two seconds). Whether it is a notebook that runs is found out when it is executed.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from research.errors import ReportError

NBFORMAT = 4


@dataclass(frozen=True)
class NotebookFile:
    """A notebook that was read, with the bytes it was read from."""

    path: Path
    content: bytes
    _cells: list[dict[str, Any]]

    @cached_property
    def parameters(self) -> dict[str, tuple[str, Any]]:
        """Name -> (kind, default) of the cell tagged `parameters`.

        Raises
        ------
        ReportError
            If there is no such cell, it is not Python, or a default is no literal.
        """
        tagged = [cell for cell in self._cells if "parameters" in _tags(cell)]
        if not tagged:
            raise ReportError(
                f"{self.path.name} has no cell tagged 'parameters': add one with a default for each name."
            )
        try:
            lines = ast.parse(_source(tagged[0])).body
        except SyntaxError as error:
            raise ReportError(
                f"{self.path.name}: the parameters cell is not Python: line {error.lineno}: {error.msg}. Correct it."
            ) from error
        return dict(self._declaration(line) for line in lines if isinstance(line, ast.Assign | ast.AnnAssign))

    def _declaration(self, line: ast.Assign | ast.AnnAssign) -> tuple[str, tuple[str, Any]]:
        name = ast.unparse(line.target if isinstance(line, ast.AnnAssign) else line.targets[0])
        try:
            default = ast.literal_eval(line.value) if line.value else None
        except ValueError as error:
            raise ReportError(
                f"{self.path.name}: the default of {name!r} is {ast.unparse(line.value or line)}, expected a literal: "
                "a derived value goes stale when a parameter is replaced."
            ) from error
        kind = ast.unparse(line.annotation).split("[")[0] if isinstance(line, ast.AnnAssign) else ""
        return name, (kind or type(default).__name__, default)

    @cached_property
    def imports(self) -> list[str]:
        """The import statements at the top level of its cells; a cell that is not plain Python adds none."""
        found = []
        for cell in self._cells:
            try:
                lines = ast.parse(_source(cell)).body if cell.get("cell_type") == "code" else []
            except (SyntaxError, ValueError):
                continue
            found += [ast.unparse(line) for line in lines if isinstance(line, ast.Import | ast.ImportFrom)]
        return found


def read_notebook(path: Path) -> NotebookFile:
    """Read a notebook.

    Raises
    ------
    ReportError
        If there is no file, it is no notebook of format 4, or it does not name its kernel.
    """
    if not path.is_file():
        raise ReportError(f"there is no notebook {path}. Its path is relative to the folder of the reports file.")
    content = path.read_bytes()
    try:
        parsed = json.loads(content)
        cells, metadata, version = parsed["cells"], parsed["metadata"], parsed["nbformat"]
        if version != NBFORMAT:
            raise ValueError(f"its format is {version}, expected {NBFORMAT}")
        if not all(isinstance(cell, dict) for cell in [metadata, *cells]):
            raise ValueError("its cells are no objects")
        kernel = metadata.get("kernelspec", {}).get("name")
        for cell in cells:
            _source(cell), _tags(cell)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReportError(f"{path} is not a notebook: {type(error).__name__}: {error}") from error
    if not kernel:
        raise ReportError(
            f"{path.name} does not say which kernel it runs on (no kernelspec in its metadata): open it in "
            "JupyterLab, choose Python 3, and save it."
        )
    return NotebookFile(path, content, cells)


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _tags(cell: dict[str, Any]) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    if not isinstance(tags, list):
        raise TypeError(f"tags are {tags!r}")
    return tags
