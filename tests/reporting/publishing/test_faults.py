"""What goes wrong around a build: broken notebooks, hostile messages, a machine that refuses."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from research.cli import main
from research.errors import ReportError
from research.reporting.publishing import placing
from research.reporting.publishing.build import build
from tests.conftest import ROOT
from tests.reporting.publishing.conftest import (
    PATH,
    QUESTION,
    Project,
    assert_consistent,
    built,
    contents,
    entries,
    snapshot,
)


def broken(project: Project, name: str, **changes: object) -> None:
    """A notebook with entries of its JSON replaced; None removes one."""
    path = project.notebook(name, "1")
    content = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del content["metadata"][key]
        else:
            content[key] = value
    path.write_text(json.dumps(content))


def test_a_notebook_that_cannot_be_read_is_the_failure_of_its_own_report(project: Project) -> None:
    project.notebook("good", "1")
    broken(project, "kernelless", kernelspec=None)
    broken(project, "future", nbformat=99)
    broken(project, "odd", cells="none", metadata=3)
    broken(project, "list")
    (project.root / "notebooks" / "list.ipynb").write_text("[]")
    (project.root / "notebooks" / "binary.ipynb").write_bytes(bytes(range(256)))
    (project.root / "notebooks" / "deep.ipynb").write_text("[" * 100_000)
    os.mkfifo(project.root / "notebooks" / "fifo.ipynb")
    project.reports(kernelless="", future="", odd="", list="", binary="", deep="", fifo="", folder="", good="")
    (project.root / "notebooks" / "folder.ipynb").mkdir()
    failures = built(project).failures
    assert sorted(failures) == ["binary", "deep", "fifo", "folder", "future", "kernelless", "list", "odd"]
    assert "no kernelspec in its metadata" in failures["kernelless"]
    for name in ("binary", "deep", "future", "list", "odd"):
        assert f"{name}.ipynb is not a notebook" in failures[name]
    assert_consistent(project.site, "good")


def test_a_notebook_with_half_a_letter_that_fails_is_kept_and_harms_no_other(project: Project) -> None:
    project.notebook("good", "1")
    path = project.notebook("half", "raise ValueError('the well is dry')", question=f"{QUESTION} HALF")
    path.write_text(path.read_text().replace("HALF", r"\ud800"))
    project.reports(half="", good="")
    failures = built(project).failures
    assert "the well is dry" in failures["half"]
    assert str(project.work / "half.ipynb") in failures["half"]
    assert r"\ud800" in (project.work / "half.ipynb").read_text(encoding="utf-8")
    nbformat.read(project.work / "half.ipynb", as_version=4)
    assert_consistent(project.site, "good")


def test_a_notebook_whose_path_is_too_long_is_the_failure_of_its_own_report(project: Project) -> None:
    project.notebook("good", "1")
    project.reports(good="", **{f"long__{'x' * 300}": ""})
    assert "File name too long" in built(project).failures["long"]
    assert_consistent(project.site, "good")


def test_no_page_manifest_or_executed_notebook_holds_a_path_of_this_machine(project: Project) -> None:
    data = snapshot(project.root / "data", simulated=True)
    say = "print(path); import warnings; warnings.warn(path)\n"
    say += "from research.reporting.presentation.display import show_text, show_verdict; show_text(f'In {path}.')\n"
    say += "show_verdict({'Where': path}); path"
    where = "import sys, pathlib; path = f'{pathlib.Path.home()}/x and {sys.prefix}/lib and file:///usr/lib/x'"
    project.notebook("walk", where, say, parameters=PATH)
    project.notebook("lost", f"open({str(project.root / 'no' / 'such.csv')!r})", parameters=PATH)
    project.notebook("damaged", "1", parameters=PATH)
    given = f'{{ snapshot = "{data}" }}'
    project.reports(walk=given, lost=given, damaged=f'{{ snapshot = "{project.root}/nowhere" }}', missing="")
    failures = built(project).failures
    assert sorted(failures) == ["damaged", "lost", "missing"]
    assert str(project.work / "lost.ipynb") in failures["lost"]  # the operator is told where to look
    published = [*project.site.glob("*.html"), project.site / "manifest.json", *project.work.glob("*.ipynb")]
    assert len(published) == 4
    for file in published:
        text = re.sub('data:image/png;base64,[^"]*', "", file.read_text(encoding="utf-8"))
        found = re.findall(r"(?<![\w.<:])/(?:home|root|tmp|usr|var|opt|work|private|Users|etc)\b[^\s<]*", text)
        assert found == [], file
        for folder in (project.root, Path.home(), Path(sys.prefix), ROOT):
            assert str(folder) not in text, file
    assert "such.csv" in entries(project.site)["lost"]["error"]


def test_a_message_that_drives_a_terminal_is_spelled_out(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.notebook("walk", r"raise ValueError('\x1b[2J\x1b]0;owned\x07\u202e\r')")
    project.reports(walk="")
    assert main(["report", "build", "--config", str(project.config)]) == 1
    shown = capsys.readouterr()
    published = "".join((project.site / name).read_text() for name in ("index.html", "manifest.json"))
    for text in (shown.out, shown.err, published):
        assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert r"\x1b[2J" in shown.err


@pytest.mark.parametrize(
    ("obstacle", "arguments"),
    [
        ("a file where the folder should be", ["--out", "{root}/file"]),
        ("a folder below a file", ["--out", "{root}/file/site"]),
        ("too long a name", ["--out", "{root}/" + "x" * 300]),
        ("a folder for a list", ["--config", "{root}"]),
        ("a place that nobody may write", ["--out", "/proc/site"]),
        ("a loop of links", ["--out", "{root}/loop"]),
        ("a manifest that is a pipe", ["--out", "{root}/pipe"]),
    ],
)
def test_a_machine_that_refuses_is_one_clear_line(
    project: Project, obstacle: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    (project.root / "file").write_text("mine")
    (project.root / "loop").symlink_to(project.root / "loop")
    (project.root / "pipe").mkdir()
    os.mkfifo(project.root / "pipe" / "manifest.json")
    given = [argument.format(root=project.root) for argument in arguments]
    assert (
        main(["report", "build", *(["--config", str(project.config)] if given[0] != "--config" else []), *given]) == 1
    )
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert str(project.root) in shown.err or "/proc/site" in shown.err
    assert re.search(r"\. (Check|Choose|Give|Delete) [^.]+\.$", shown.err.removesuffix("\n"))  # the next step
    assert (project.root / "file").read_text() == "mine"


@pytest.mark.parametrize("place", ["file", "file/site", "loop"])
def test_what_cannot_be_a_folder_is_refused_before_a_lock_is_left_beside_the_list(project: Project, place: str) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    (project.root / "file").write_text("mine")
    (project.root / "loop").symlink_to(project.root / "loop")
    with pytest.raises(ReportError, match=r"is not a folder\. Choose another folder"):
        build(project.config, project.root / place, say=lambda line: None)
    assert not project.work.exists()


def test_a_full_disk_fails_the_report_that_hit_it_and_loses_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="", three__walk="")
    built(project)
    old = (project.site / "two.html").read_bytes()
    project.notebook("walk", "days + 1000")
    real = os.fsync

    def full(handle: int) -> None:
        if "two.html" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(placing.os, "fsync", full)
    failures = built(project).failures
    assert failures == {
        "two": "it could not be published: No space left on device. Free space there, or choose another place."
    }
    assert (project.site / "two.html").read_bytes() == old
    assert all(b"1003" in (project.site / f"{name}.html").read_bytes() for name in ("one", "three"))
    assert "No space left" in str(entries(project.site)["two"]["error"])
    assert_consistent(project.site, "one", "two", "three")


def test_a_manifest_that_cannot_be_written_keeps_the_old_pages_with_the_old_manifest(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    before = contents(project.site)
    project.notebook("walk", "days + 1000")

    def full(handle: int) -> None:
        if "manifest.json" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(placing.os, "fsync", full)
    failures = built(project).failures
    assert sorted(failures) == ["manifest.json", "one", "two"]
    assert contents(project.site) == before


def test_a_folder_in_the_place_of_a_page_fails_that_report_and_stays(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    (project.site / "one.html" / "mine").mkdir(parents=True)
    failures = built(project).failures
    [why] = failures.values()
    assert why.startswith("it could not be published: Is a directory: ")
    assert why.endswith("one.html. Choose another path, or move away what is there.")
    (project.site / "one.html" / "mine").rmdir()
    (project.site / "one.html").rmdir()
    assert_consistent(project.site, "two")
