"""What the sections of a rulebook's text share: sentences by field, and how a share or a sum reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from research.reporting.presentation.formats import escape_markdown, format_value

Sentences = Mapping[str, Callable[[Any], str]]


def told(section: Any, head: str, sentences: Sentences) -> list[str]:
    """One sentence for each field of `section` that differs from its default and that `head` does not name."""
    named = head.split()
    changed = [
        field.name
        for field in fields(section)
        if field.name not in named and getattr(section, field.name) != _default(field)
    ]
    return [
        sentences[name](section) if name in sentences else f"`{name}` = {escape_markdown(getattr(section, name))}."
        for name in changed
    ]


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def percent(share: float) -> str:
    return format_value(share, "short percent")


def usd(value: float) -> str:
    return f"USD {format_value(value, 'usd').replace('.0', '')}"
