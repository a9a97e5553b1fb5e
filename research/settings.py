"""TOML file -> frozen dataclasses: the one reader of rulebooks, import profiles and report lists.

The dataclasses check their own values in `__post_init__`; here only the shape is checked: unknown keys, missing keys
and the type of each value, with messages that name the file and the key and suggest the nearest name.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from research.checks import LARGEST
from research.errors import ResearchError, shown, suggest

T = TypeVar("T")
LARGEST_FILE = 10_000_000  # bytes
DEEPEST = 100  # parts of a dotted key: more take the parser minutes
_NESTED_KEY = re.compile(rf"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST}}}""")


def read_toml(path: Path, error: type[ResearchError]) -> dict[str, Any]:
    """Parse one TOML file of at most 10 MB.

    Raises
    ------
    error
        If the file is missing, is no regular file, cannot be read, is too large or is not TOML; in the last case the
        message carries the parser's line and column.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever
            raise error(f"{shown(path)}: not a regular file. Give the path of a TOML file.")
        if path.stat().st_size > LARGEST_FILE:
            raise error(
                f"{shown(path)}: larger than {LARGEST_FILE:,} bytes. Split it, or look whether it is the right file."
            )
        text = path.read_text(encoding="utf-8")
        if _NESTED_KEY.search(text):
            raise error(f"{shown(path)}: a key with more than {DEEPEST} parts. Correct it.")
        return tomllib.loads(text)
    except FileNotFoundError as cause:
        raise error(
            f"{shown(path)}: no such file, nor {shown(path.absolute())}, nor below the project. Check the path."
        ) from cause
    except OSError as cause:
        raise error(f"{shown(path)}: cannot be read: {cause.strerror}. Check the path.") from cause
    except ResearchError:
        raise
    except (ValueError, RecursionError) as cause:  # ValueError: no TOML, no UTF-8, or a number of thousands of digits
        reason = "nested too deeply" if isinstance(cause, RecursionError) else cause
        raise error(f"{shown(path)}: not a valid TOML file: {reason}. Correct that place.") from cause


def locate(path: Path) -> Path:
    """An existing path as it is; a relative one is looked for below the project too, for notebooks run in their folder.

    Gives `path` back where neither exists.
    """
    below_project = Path(__file__).resolve().parents[1] / path
    try:
        return below_project if not path.exists() and below_project.exists() else path
    except OSError:  # too long a name, or a folder that may not be read: whoever reads the file says so
        return path


def shipped_or_given(given: Any, shipped: Mapping[str, Path], kind: str, error: type[ResearchError]) -> Path:
    """The file of a shipped name, or of a path that ends in .toml; `kind` says what it is of ("rulebook").

    Raises
    ------
    error
        If it is neither; the message suggests the nearest name.
    """
    if not isinstance(given, str | Path):
        raise error(f"{kind} = {shown(given)}: expected a shipped name or the path of a .toml file")
    path = Path(given)
    if str(given) in shipped:
        path = shipped[str(given)]
    elif path.suffix != ".toml":
        raise error(
            f"no shipped {kind} {shown(str(given))}: {suggest(str(given), shipped)}. A {kind} of your own is given by "
            "its path, ending in .toml."
        )
    return locate(path)


def from_table(cls: type[T], table: Mapping[str, Any], where: str, error: type[ResearchError]) -> T:
    """Make the dataclass `cls` from a TOML table.

    Fields that are themselves dataclasses take sub-tables; tuples take arrays. `where` names the file (and section)
    in messages.

    Raises
    ------
    error
        On an unknown key (saying to which section it belongs, if to any), a missing key, a value of another type than
        the field's annotation, or a number that is not finite. What the dataclass itself raises passes through with
        `where` in front.
    """
    return typing.cast(T, _Reader(whole=cls, error=error).table(cls, table, where))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Reader:
    whole: type  # the dataclass of the whole file
    error: type[ResearchError]

    def table(self, cls: type, table: Mapping[str, Any], where: str) -> Any:
        fields = _fields(cls)
        for key in table:
            if key not in fields:
                hint = _section_of(key, self.whole) or suggest(key, fields)
                raise self.error(f"{where}: unknown key {shown(key)}: {hint}")
        hints = typing.get_type_hints(cls)
        values = {key: self.value(hints[key], value, f"{where}: {key}") for key, value in table.items()}
        missing = [name for name, field in fields.items() if _is_required(field) and name not in values]
        if missing:
            raise self.error(f"{where}: missing {', '.join(missing)}. Add {'it' if len(missing) == 1 else 'them'}.")
        try:
            return cls(**values)
        except ResearchError as cause:
            if str(cause).startswith(where.split(":")[0]):  # a section inside has said where already
                raise
            raise type(cause)(f"{where}: {cause}") from cause

    def value(self, hint: Any, value: Any, where: str) -> Any:
        """Check one value against an annotation and give it back in the annotation's type."""
        options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
        for option in options:
            if _fits(option, value):
                return self._read(option, value, where)
        expected = " or ".join(_words(option) for option in options if option is not type(None))
        raise self.error(f"{where} = {shown(value)}: expected {expected}.")

    def _read(self, option: Any, value: Any, where: str) -> Any:
        if dataclasses.is_dataclass(option):
            return self.table(typing.cast(type, option), value, where)
        if typing.get_origin(option) is dict:
            kind = typing.get_args(option)[1]
            return {key: self.value(kind, part, f"{where}.{key}") for key, part in value.items()}
        if typing.get_origin(option) is tuple:
            kinds = typing.get_args(option)
            return tuple(
                self.value(kinds[0] if kinds[-1] is ... else kinds[n], part, f"{where}[{n}]")
                for n, part in enumerate(value)
            )
        return float(value) if option is float else value


def _fields(cls: type) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(cls) if field.init}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _section_of(key: str, whole: type) -> str | None:
    """Where in the file a key that stands in the wrong place belongs; none where it is known nowhere."""
    sections = {name: section for name, hint in typing.get_type_hints(whole).items() if (section := _section(hint))}
    if key in sections:
        return f"it is a section of its own, [{key}]"
    if key in _fields(whole):
        return "it belongs above the first [section]"
    homes = [f"[{name}]" for name, section in sections.items() if key in _fields(section)]
    return f"it belongs to {' or '.join(homes)}" if homes else None


def _section(hint: Any) -> Any:
    """The dataclass among what an annotation allows; none where there is none."""
    return next((option for option in (hint, *typing.get_args(hint)) if dataclasses.is_dataclass(option)), None)


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
    if option is float:
        return isinstance(value, int | float) and -LARGEST <= value <= LARGEST
    return isinstance(value, option)


def _is_table(option: Any) -> bool:
    return dataclasses.is_dataclass(option) or typing.get_origin(option) is dict


def _words(option: Any) -> str:
    names = {
        float: "a finite number",
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
