"""The ways in which a rulebook's value is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from research.checks import check_number
from research.errors import MethodologyError, shown, suggest

DAYS = 10_000  # no window is longer: 27 years, beyond any history of crypto prices
ASSETS = 100_000  # no count is larger: more than any market lists


def require(condition: bool, message: str) -> None:
    if not condition:
        raise MethodologyError(message)


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:  # the suggestion is dear, so it is made for those only who need it
        raise MethodologyError(f"{name} = {shown(value)} is not known: {suggest(value, known)}")


def texts(section: Any, *names: str) -> None:
    """Check texts of a section where they are given; from Python, anything may stand in their place."""
    for name in names:
        value = getattr(section, name)
        is_left_out = value is None and any(field.name == name and field.default is None for field in fields(section))
        require(is_left_out or isinstance(value, str), f"{name} = {shown(value)}: expected text.")


def names_listed(section: Any, *names: str) -> None:
    """Check lists of tags or asset ids: each a text that says something, none twice."""
    for name in names:
        value = getattr(section, name)
        require(
            isinstance(value, tuple | list) and all(isinstance(part, str) and part.strip() for part in value),
            f"{name} = {shown(value)}: expected a list of texts, none of them empty. Correct it, or leave it out.",
        )
        twice = sorted({part for part in value if value.count(part) > 1})
        require(not twice, f"{name}: {shown(twice)} stand in it more than once. Keep each once.")


def numbers(section: Any, *names: str, **bounds: Any) -> None:
    """Check numbers of a section where they are given; bounds as in `check_number`."""
    for name in names:
        value = getattr(section, name)
        if value is not None:
            check_number(name, value, MethodologyError, **bounds)


def shares(section: Any, *names: str, **bounds: Any) -> None:
    """Check fractions of a whole: above 0 and at most 1 unless other bounds are stated."""
    numbers(section, *names, fraction="a share", **(bounds or {"above": 0, "at_most": 1}))


def whole_numbers(section: Any, *names: str, at_least: int = 1, at_most: int = DAYS) -> None:
    """Check whole numbers, such as days and counts."""
    numbers(section, *names, whole=True, at_least=at_least, at_most=at_most)


def used(section: Any, names: tuple[str, ...], applies: bool, otherwise: str) -> None:
    """Refuse values that would say nothing: a reader of the rulebook would believe they do."""
    for field in fields(section):
        require(
            applies or field.name not in names or getattr(section, field.name) == field.default,
            f"{field.name} = {getattr(section, field.name)!r} says nothing {otherwise}. Remove it.",
        )
