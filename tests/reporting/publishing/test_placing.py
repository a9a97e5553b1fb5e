"""Files put in place by a rename."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from research.reporting.publishing import placing


def test_publishing_that_is_interrupted_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "page.html"
    placing.publish("old", target)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(placing.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        placing.publish("new and longer", target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
