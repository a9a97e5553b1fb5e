"""A report's parameters against its notebook's parameters cell, before anything runs.

papermill itself only warns of an unknown name and runs with the default, and injects names as code. So names are
compared here with what the notebook declares, and values are JSON types of the declared kind.
"""

from __future__ import annotations

import ast
import datetime as dt
import logging
import math
from pathlib import Path
from typing import Any

import nbformat
import papermill

from research.errors import ReportError, suggest
from research.reporting.publishing.config import Report

_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def effective_parameters(report: Report) -> dict[str, Any]:
    """Every parameter of the report's notebook with the value it will have: the report's, else the default.

    Raises
    ------
    ReportError
        If the notebook is missing or has no parameters cell, or if a parameter is unknown or of the wrong type.
    """
    notebook = Path(report.notebook)
    declared = _declared(notebook)
    values = {name: default for name, (_, default) in declared.items()}
    for name, value in report.parameters.items():
        if name not in declared:
            raise ReportError(f"{notebook.name} has no parameter {name!r}: {suggest(name, declared)}")
        _check_value(name, value, declared[name][0])
        values[name] = value
    return values


def _declared(notebook: Path) -> dict[str, tuple[str, Any]]:
    """Name -> (kind, default) of the cell tagged `parameters`."""
    if not notebook.is_file():
        raise ReportError(f"there is no notebook {notebook}. Its path is relative to the folder of the reports file.")
    try:
        content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        tags = {tag for cell in content.cells for tag in cell.metadata.get("tags", [])}
    except OSError:
        raise
    except Exception as error:  # nbformat, too, fails in many ways on what it does not expect
        raise ReportError(f"{notebook} is not a notebook: {type(error).__name__}: {error}") from error
    if "parameters" not in tags:
        raise ReportError(f"{notebook.name} has no cell tagged 'parameters': add one with a default for each name.")
    if not content.metadata.get("kernelspec", {}).get("name"):
        raise ReportError(
            f"{notebook.name} does not say which kernel it runs on (no kernelspec in its metadata): open it in "
            "JupyterLab, choose Python 3, and save it."
        )
    logging.getLogger("papermill").setLevel(logging.ERROR)
    inspected = papermill.inspect_notebook(notebook)
    return {name: _declaration(notebook, name, found) for name, found in inspected.items()}


def _declaration(notebook: Path, name: str, found: dict[str, str]) -> tuple[str, Any]:
    try:
        default = ast.literal_eval(found["default"])
    except (ValueError, SyntaxError) as error:
        raise ReportError(
            f"{notebook.name}: the default of {name!r} is {found['default']}, expected a literal: a derived value goes "
            "stale when a parameter is replaced."
        ) from error
    kind = found["inferred_type_name"].split("[")[0].strip()
    return (kind if kind in _KINDS else type(default).__name__), default


def _check_value(name: str, value: Any, kind: str) -> None:
    _check_json(name, value)
    allowed = _KINDS.get(kind, (object,))
    confused = isinstance(value, bool) and allowed not in ((bool,), (object,))  # to Python a bool is an int
    if confused or not isinstance(value, allowed):
        raise ReportError(f"parameter {name} = {value!r} is {type(value).__name__}, expected {kind}.")


def _check_json(name: str, value: Any) -> None:
    if isinstance(value, dt.date | dt.time):
        raise ReportError(f'parameter {name} = {value} is a TOML date; write it as text: {name} = "{value}".')
    if isinstance(value, float) and not math.isfinite(value):
        raise ReportError(f"parameter {name} = {value} is not a finite number.")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_json(name, item)
