"""TOML file -> frozen dataclasses: the one reader of rulebooks, import profiles and report lists.

The dataclasses check their own values in `__post_init__`; here only the shape is checked: unknown keys, missing keys
and the type of each value, with messages that name the file and the key and suggest the nearest name.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from research.errors import ResearchError, suggest

T = TypeVar("T")


def read_toml(path: Path, error: type[ResearchError]) -> dict[str, Any]:
    """Parse one TOML file.

    Raises
    ------
    error
        If the file is missing or is not TOML; the message carries the parser's line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise error(f"{path}: no such file, nor {path.absolute()}, nor below the project. Check the path.") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise error(f"{path}: not a valid TOML file: {cause}. Correct that place.") from cause


def locate(path: Path) -> Path:
    """An existing path as it is; a relative one is looked for below the project too, for notebooks run in their folder.

    Gives `path` back where neither exists.
    """
    below_project = Path(__file__).resolve().parents[1] / path
    return below_project if not path.exists() and below_project.exists() else path


def from_table(cls: type[T], table: Mapping[str, Any], where: str, error: type[ResearchError]) -> T:
    """Make the dataclass `cls` from a TOML table.

    Fields that are themselves dataclasses take sub-tables; tuples take arrays. `where` names the file (and section)
    in messages.

    Raises
    ------
    error
        On an unknown key, a missing key, or a value of another type than the field's annotation. What the dataclass
        itself raises passes through with `where` in front.
    """
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise error(f"{where}: unknown key {key!r}: {suggest(key, fields)}")
    hints = typing.get_type_hints(cls)
    values = {key: _convert(hints[key], value, f"{where}: {key}", error) for key, value in table.items()}
    missing = [name for name, field in fields.items() if _is_required(field) and name not in values]
    if missing:
        raise error(f"{where}: missing {', '.join(missing)}. Add {'it' if len(missing) == 1 else 'them'}.")
    try:
        return cls(**values)
    except ResearchError as cause:
        if str(cause).startswith(where.split(":")[0]):  # a section inside has said where already
            raise
        raise type(cause)(f"{where}: {cause}") from cause


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, where: str, error: type[ResearchError]) -> Any:
    """Check one value against an annotation and give it back in the annotation's type."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    for option in options:
        if _fits(option, value):
            return _read(option, value, where, error)
    expected = " or ".join(_words(option) for option in options if option is not type(None))
    raise error(f"{where} = {value!r}: expected {expected}.")


def _fits(option: Any, value: Any) -> bool:
    """Whether a value is of this kind; what a table or a list holds is looked at when it is read."""
    if option is Any:
        return True
    if _is_table(option):
        return isinstance(value, dict)
    if typing.get_origin(option) is tuple:
        kinds = typing.get_args(option)
        return isinstance(value, list) and (kinds[-1] is ... or len(kinds) == len(value))
    if isinstance(value, bool | dt.datetime):  # true is no number, and a time is no date
        return option is type(value)
    return isinstance(value, int | float if option is float else option)


def _read(option: Any, value: Any, where: str, error: type[ResearchError]) -> Any:
    if dataclasses.is_dataclass(option):
        return from_table(typing.cast(type, option), value, where, error)
    if typing.get_origin(option) is dict:
        kind = typing.get_args(option)[1]
        return {key: _convert(kind, part, f"{where}.{key}", error) for key, part in value.items()}
    if typing.get_origin(option) is tuple:
        kinds = typing.get_args(option)
        return tuple(
            _convert(kinds[0] if kinds[-1] is ... else kinds[n], part, f"{where}[{n}]", error)
            for n, part in enumerate(value)
        )
    return float(value) if option is float else value


def _is_table(option: Any) -> bool:
    return dataclasses.is_dataclass(option) or typing.get_origin(option) is dict


def _words(option: Any) -> str:
    names = {
        float: "a number",
        int: "a whole number",
        str: "text",
        bool: "true or false",
        dt.date: "a date without quotes, as 2020-01-31",
    }
    if typing.get_origin(option) is tuple:
        kinds = typing.get_args(option)
        if kinds[-1] is ...:
            return f"a list of {_words(kinds[0]).removeprefix('a ')}s"
        return f"a list of {len(kinds)} values"
    if _is_table(option):
        return "a table"
    return names.get(option, str(option))
