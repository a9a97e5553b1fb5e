"""The two ways a rulebook's value is refused."""

from __future__ import annotations

from research.errors import MethodologyError, suggest


def require(condition: bool, message: str) -> None:
    if not condition:
        raise MethodologyError(message)


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    require(value in known, f"{name} = {value!r} is not known: {suggest(value, known)}")
