"""A rulebook written out: the TOML that reads back as the same rulebook, and its card in a notebook."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import pandas as pd

from research.cards import Card

_TOLD = ("name", "description", "source")  # of a card: title and prose


def toml_text(rulebook: Any) -> str:
    """Every key that is not at its default, as a file would say it; sections without one are left out."""
    lines = _lines(rulebook)
    for section, keys in _sections(rulebook).items():
        lines += ["", f"[{section}]", *keys]
    return "\n".join(lines) + "\n"


def rulebook_card(rulebook: Any) -> Card:
    """Name, purpose and every key that is not at its default, as the file would say it."""
    sections = {"(top)": _lines(rulebook, leave_out=_TOLD)} | _sections(rulebook)
    rows = [(f"[{name}]" if name != "(top)" else name, "; ".join(keys)) for name, keys in sections.items() if keys]
    return Card(
        title=rulebook.name,
        sentences=(rulebook.description, rulebook.source),
        tables={"Keys that are not at their default": pd.DataFrame(rows, columns=["section", "keys"])},
        next_steps="build_index(market, rules)  print(rules.to_toml())",
    )


def in_short(rulebook: Any) -> str:
    """One line: name, what is chosen, how it is weighted and how often, in the words of the keys."""
    selection, schedule = rulebook.selection, rulebook.schedule
    count = "" if selection.count is None else f" {selection.count}"
    return f"{rulebook.name!r}: {selection.rule}{count}, {rulebook.weighting.scheme}, {schedule.reconstitution}"


def _sections(rulebook: Any) -> dict[str, list[str]]:
    """Section -> its lines, in the order of the rulebook; those at their defaults are left out."""
    parts = {field.name: getattr(rulebook, field.name) for field in fields(rulebook)}
    found = {name: _lines(part) for name, part in parts.items() if is_dataclass(part)}
    optional = {field.name for field in fields(rulebook) if field.default is None}
    return {name: lines for name, lines in found.items() if lines or name in optional}


def _lines(table: Any, leave_out: tuple[str, ...] = ()) -> list[str]:
    """key = value of each field that is no section and not at its default."""
    values = {
        field.name: getattr(table, field.name)
        for field in fields(table)
        if field.name not in leave_out and getattr(table, field.name) != _default(field)
    }
    return [f"{name} = {_value(value)}" for name, value in values.items() if not is_dataclass(value)]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _value(value: Any) -> str:
    """A value of a rulebook as TOML writes it: JSON is nearly the same."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and value.is_integer() and value < 1e15:
        return f"{int(value):_}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
