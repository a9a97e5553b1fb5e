"""What may stand on a published page: elements, attributes, classes and links of our own templates, and no others.

Foreign text is escaped where it enters a table, a figure or prose (`presentation/formats.py`). This is the second wall,
for what was not: a notebook's own HTML, or a value that somebody forgot. And no page tells where on the machine a file
lies.
"""

from __future__ import annotations

import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import nh3

from research.errors import printable

_TABLE = {"scope", "class", "data-value", "colspan", "rowspan"}
_ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("br", "code", "del", "em", "hr", "li", "strong", "sub", "sup", "caption", "thead")},
    **{tag: set() for tag in ("blockquote", "dd", "dt", "figcaption", "figure", "footer", "header", "ol")},
    **{tag: set() for tag in ("h3", "h4", "h5", "h6", "summary", "tbody", "tfoot")},
    **{tag: {"class"} for tag in ("dl", "p", "pre", "table", "tr", "ul")},
    "span": {"class", "id"},
    "a": {"class", "href"},
    "aside": {"class", "aria-label"},
    "details": {"class", "open"},
    "div": {"class", "id", "role", "tabindex", "aria-label"},
    "h1": set(),
    "h2": {"id"},
    "img": {"src", "alt"},
    "main": {"id", "tabindex"},
    "nav": {"aria-label"},
    "td": _TABLE | {"data-label"},
    "th": _TABLE,
    "time": {"datetime"},
}
_VALUES = {  # what an attribute may say; any other one is left out
    "href": re.compile(
        r"#[a-z0-9-]+|(?:\.\./){0,2}(?:editions/)?(?:[0-9-]+/)?[a-z0-9-]+\.html"
        r"|data/[a-z0-9-]+/[0-9a-f]{12}/[a-z_]+\.[a-z]+"
    ),
    "src": re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]*"),
    "id": re.compile(r"main|editions|review-[a-z0-9-]+|section-\d+|drawing-\d+-(wide|narrow|data)"),
    "role": re.compile(r"region"),
    "tabindex": re.compile(r"-1|0"),
}
_CLASS = re.compile(
    "alerts|answers|badge|banner|cards|code|columns|data|dataframe|date|failed|highlight|hl-ipython3|less|long|multiples|narrow|note|number|output|prose|question|reference|"
    "simulated|single|skip|small|sortable|spark|stderr|stdout|table|verdict|wide"
)
PICTURES = {"image/png", "wide", "narrow"}
_CODE_CLASS = re.compile(r"[a-z]{1,2}\d?")  # of highlighted code
_ABSOLUTE = re.compile(r"(?:file:(?:/|&#47;)/|(?<![\w./\\~…-]))(/|[A-Za-z]:[\\/])((?:[^\s/\\'\"<>|:*?`]+[/\\])+)")
_PROJECT = Path(__file__).resolve().parents[3]


def sanitised(html: str) -> str:
    """The body of a page with nothing that runs, loads, leads away or hides: all that is not allowed is left out."""
    return _cleaner().clean(printable(html, keep="\n\t"))


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_ALLOWED),
        attributes=_ALLOWED,
        attribute_filter=_attribute,
        url_schemes={"data"},
        link_rel=None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        known = [
            word for word in value.split() if _CLASS.fullmatch(word) or (tag == "span" and _CODE_CLASS.fullmatch(word))
        ]
        return " ".join(known) or None
    pattern = _VALUES.get(name)
    return value if pattern is None or pattern.fullmatch(value) else None


def without_paths(value: Any) -> Any:
    """A text, or every text inside lists and dicts, without absolute paths: relative to the project, or the name alone.

    Pictures and drawings are left as they are.
    """
    if isinstance(value, dict):
        return type(value)({key: part if key in PICTURES else without_paths(part) for key, part in value.items()})
    if isinstance(value, list | tuple):
        return [without_paths(part) for part in value]
    return _without_paths(value) if isinstance(value, str) else value


def _without_paths(text: str) -> str:
    text = re.sub(rf"{re.escape(str(_PROJECT))}(?![\w.-])/?", "", text)
    text = _folders().sub("…", text)
    return _ABSOLUTE.sub(lambda found: "…/" if _is_ours(found[1], found[2]) else found[0], text)


@cache
def _folders() -> re.Pattern[str]:
    """Folders whose names may hold a space, which the pattern for paths takes for their end."""
    folders = {str(Path.home()), tempfile.gettempdir(), sys.prefix, sys.base_prefix}
    deep = sorted((folder for folder in folders if len(Path(folder).parts) > 2), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, deep))})(?![\\w.-])") if deep else re.compile(r"(?!)")


def _is_ours(root: str, rest: str) -> bool:
    """Whether a path begins in a folder of this machine: `/month/` in a sentence does not."""
    return root != "/" or rest.split("/")[0] in _top_folders()


@cache
def _top_folders() -> frozenset[str]:
    return frozenset(entry.name for entry in Path("/").iterdir())
