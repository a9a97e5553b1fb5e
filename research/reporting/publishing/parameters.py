"""A report's parameters against its notebook's parameters cell, before anything runs.

papermill itself only warns of an unknown name and runs with the default, and injects names as code. So names are
compared here with what the notebook declares, and values are JSON types of the declared kind.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from research.errors import ReportError, suggest
from research.reporting.publishing.notebook_file import NotebookFile

_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def effective_parameters(notebook: NotebookFile, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of a notebook with the value it will have: the one given, else the default.

    Raises
    ------
    ReportError
        If the notebook has no parameters cell, or if a parameter is unknown or of the wrong type.
    """
    declared = notebook.parameters
    values = {name: default for name, (_, default) in declared.items()}
    for name, value in given.items():
        if name not in declared:
            raise ReportError(f"{notebook.path.name} has no parameter {name!r}: {suggest(name, declared)}")
        _check_value(name, value, declared[name])
        values[name] = value
    return values


def _check_value(name: str, value: Any, declared: tuple[str, Any]) -> None:
    _check_json(name, value)
    kind = declared[0] if declared[0] in _KINDS else type(declared[1]).__name__
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
