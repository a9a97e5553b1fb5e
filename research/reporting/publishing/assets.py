"""Style sheet, script and security policy, the same on every page."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template"


@cache
def style() -> str:
    """The style sheet of every page."""
    return (TEMPLATE / "style.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The script of every page: it only adds comfort; without it everything can be read."""
    return (TEMPLATE / "page.js").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Content-Security-Policy: no network at all, and no script but ours, by its digest."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
