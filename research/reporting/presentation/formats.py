"""Foreign names and texts as Markdown that reads as it stands. How a value reads is in `research/formats.py`."""

from __future__ import annotations

import re

from research.errors import printable
from research.formats import KINDS, MISSING, NUMERIC, format_value, kind_of

__all__ = ["KINDS", "MISSING", "NUMERIC", "escape_markdown", "format_value", "inert_markdown", "kind_of"]

_MARKUP = re.compile(r"[\\`*_\[\]<&~$@]|(?<=:)/|(?<=www)\.|^[>#]|^[-+](?=[-\s]|$)|(?<=^\d)[.)]", re.IGNORECASE)
_ACTIVE = re.compile(r"[<\[\]$\\@]|(?<=:)/|(?<=www)\.", re.IGNORECASE)


def escape_markdown(value: object) -> str:
    """A foreign name or text as Markdown that reads as it stands: no markup, no link, no formula, on one line."""
    return _MARKUP.sub(_entity, printable(str(value)).strip())


def inert_markdown(markdown: str) -> str:
    """Markdown of which emphasis, code, lists and headings are left: no HTML, link, picture or formula.

    The second wall behind `escape_markdown`, for a value that somebody forgot to escape.
    """
    return _ACTIVE.sub(_entity, printable(markdown, keep="\n"))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
