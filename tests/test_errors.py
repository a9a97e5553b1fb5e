"""What every message has: a next step, and nothing so long that the rest is lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from research.errors import LONGEST_PATH, ReportError, shown, system_fault
from research.settings import read_toml


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.ENOSPC, "Free space there, or choose another place."),
        (errno.EEXIST, "Choose another path, or move away what is there."),
        (errno.EACCES, "Check who may read and write there."),
        (errno.ENOENT, "Check the path."),
        (errno.ENAMETOOLONG, "Choose a shorter path."),
        (errno.EIO, "Put that right and run it again."),
    ],
)
def test_what_the_system_refuses_comes_with_place_and_next_step(number: int, step: str) -> None:
    words = os.strerror(number)
    assert system_fault(OSError(number, words, "x")) == f"{words}: x. {step}"
    assert system_fault(OSError(number, words, b"x")) == f"{words}: x. {step}"
    assert system_fault(OSError(number, words, 3)) == f"{words}: 3. {step}"
    assert system_fault(OSError(number, words)) == f"{words}. {step}"


def test_a_fault_without_a_number_keeps_its_own_words() -> None:
    assert system_fault(OSError("the disk is gone")) == "the disk is gone. Put that right and run it again."


@pytest.mark.parametrize("long", ["x" * 10_000, "/".join(["x" * 99] * 30)])
def test_a_path_of_thousands_of_characters_is_cut(long: str) -> None:
    """Of the two the system calls the first too long; the second could be there, and is told twice over."""
    assert len(shown(Path(long))) == LONGEST_PATH + 1
    with pytest.raises(OSError, match=r"x") as caught:
        Path(long).read_text()
    with pytest.raises(ReportError) as refused:
        read_toml(Path(long), ReportError)
    for message in (system_fault(caught.value), str(refused.value)):
        assert len(message) < 800
        assert "…" in message


def test_a_path_of_usual_length_is_told_in_full() -> None:
    path = "/".join(["a folder"] * 20) + "/reports.toml"
    assert shown(Path(path)) == path
