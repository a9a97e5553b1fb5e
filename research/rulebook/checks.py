"""The ways in which a rulebook's value is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from research.errors import MethodologyError, suggest


def require(condition: bool, message: str) -> None:
    if not condition:
        raise MethodologyError(message)


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    require(value in known, f"{name} = {value!r} is not known: {suggest(value, known)}")


def used(section: Any, names: tuple[str, ...], applies: bool, otherwise: str) -> None:
    """Refuse values that would say nothing: a reader of the rulebook would believe they do."""
    for field in fields(section):
        require(
            applies or field.name not in names or getattr(section, field.name) == field.default,
            f"{field.name} = {getattr(section, field.name)!r} says nothing {otherwise}. Remove it.",
        )
