"""Lines with a time, on the terminal and in a log that stays small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from research.reporting.publishing import journal as module
from research.reporting.publishing.journal import journal


def test_a_line_has_its_time_and_stands_in_the_log_too(tmp_path: Path) -> None:
    said: list[str] = []
    with journal(tmp_path, said.append) as tell:
        tell("one: started \x1b[2J")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ one: started \x1b\[2J", said[0])  # the terminal spells it out
    assert (tmp_path / "build.log").read_text().endswith("Z one: started \\x1b[2J\n")


def test_a_log_that_grows_too_long_is_put_aside_and_the_oldest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 100)
    for number in range(12):
        with journal(tmp_path, lambda line: None) as tell:
            tell(f"build {number} {'x' * 60}")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "build.log", "build.log.1", "build.log.2", "build.log.3"
    ]  # fmt: skip
    assert "build 11" in (tmp_path / "build.log").read_text()


def test_a_log_that_cannot_be_written_is_said_once_and_the_build_goes_on(tmp_path: Path) -> None:
    (tmp_path / "build.log").mkdir()
    said: list[str] = []
    with journal(tmp_path, said.append) as tell:
        tell("one")
        tell("two")
    assert [line[21:] for line in said if "cannot" not in line] == ["one", "two"]
    assert sum("cannot be written" in line for line in said) == 1
