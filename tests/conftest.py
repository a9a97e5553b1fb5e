"""What several test modules need. `../shared` holds real data and reference values; it is not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def shared(path: str) -> Path:
    """A file of ../shared; the calling test is skipped, saying why, where it is absent."""
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"needs ../shared/{path}, which is not beside this checkout")
    return file
