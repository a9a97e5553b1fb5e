"""What goes wrong around a build: data replaced meanwhile, broken notebooks, dying workers, a machine that refuses."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pyarrow as pa
import pytest
from filelock import FileLock

from research.cli import main
from research.errors import ReportError
from research.market import write_snapshot
from research.market.manifest import Manifest
from research.reporting.publishing import site
from research.reporting.publishing.build import BuildInProgressError, BuildResult, build
from tests.conftest import ROOT

from .conftest import Project


def built(project: Project, **options: object) -> BuildResult:
    return build(project.config, project.site, say=lambda line: None, **options)


def entries(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["reports"]


def assert_consistent(folder: Path, *pages: str) -> None:
    """The manifest describes exactly these pages, byte for byte, and nothing else lies there."""
    described = {name: entry["sha256"] for name, entry in entries(folder).items() if entry["last_success"]}
    found = {page.stem: site.digest(page.read_bytes()) for page in folder.glob("*.html") if page.name != "index.html"}
    assert described == found
    assert sorted(found) == sorted(pages)
    assert {file.name for file in folder.iterdir()} - {f"{page}.html" for page in pages} == {
        "manifest.json", "index.html", ".build.lock"
    }  # fmt: skip


def snapshot(out: Path, *, simulated: bool) -> Path:
    """Three days of one asset."""
    days = pd.date_range("2024-01-01", periods=3)
    values = {"price": [1.0, 2.0, 3.0], "market_cap": [9.0] * 3, "volume": [1.0] * 3}
    daily = pd.DataFrame({"date": days.date, "asset_id": "coin", **values})
    assets = {"asset_id": "coin", "symbol": "C", "name": "Coin", "first_date": days[0], "last_date": days[-1]}
    ledger = pd.DataFrame(columns=["date", "asset_id", "field", "rule", "old", "new"])
    kinds = {"date": "datetime64[us]", "old": "float64", "new": "float64"}
    write_snapshot(
        out,
        daily=pa.Table.from_pandas(daily, preserve_index=False),
        assets=pd.DataFrame([assets]),
        tags=pd.DataFrame({"asset_id": ["coin"], "tag": ["x"], "valid_from": days[:1], "static": [True]}),
        ledger=ledger.astype(kinds),
        manifest=Manifest(
            name="SIMULATED" if simulated else "vendor",
            source="test",
            retrieved_at="2024-02-01T00:00:00Z",
            licence="none",
            close_convention="close",
            simulated=simulated,
        ),
    )
    return out


SHOW_PROVENANCE = """
from research import load_market
from research.reporting.presentation.display import show_table
from research.reporting.presentation.tables import provenance

show_table(provenance(load_market(snapshot).manifest, {}, "commit", {}))
"""
REPLACE = """
import shutil

shutil.rmtree(snapshot)
shutil.copytree(OTHER, snapshot)
"""


@pytest.fixture
def two_markets(project: Project) -> Project:
    """A report on a real snapshot, and a simulated one that takes its place."""
    real, other = (snapshot(project.root / name, simulated=name == "simulated") for name in ("real", "simulated"))
    snapshot(project.root / "real-again", simulated=False)
    project.reports(walk=f'{{ snapshot = "{real}" }}')
    project.replace = REPLACE.replace("OTHER", repr(str(other)))
    project.restore = REPLACE.replace("OTHER", repr(str(project.root / "real-again")))
    return project


PATH = 'snapshot: str = "data/sample"  # folder'


def test_a_snapshot_that_stays_is_published(two_markets: Project) -> None:
    two_markets.notebook("walk", SHOW_PROVENANCE, parameters=PATH)
    assert built(two_markets).failures == {}


def test_a_snapshot_replaced_while_the_report_is_built_fails_it(two_markets: Project) -> None:
    two_markets.notebook("walk", two_markets.replace, "1", parameters=PATH)
    assert "was replaced while the report was being built" in built(two_markets).failures["walk"]
    assert_consistent(two_markets.site)


def test_a_simulated_market_that_was_there_only_while_the_notebook_ran_is_found_out(two_markets: Project) -> None:
    cells = (two_markets.replace, SHOW_PROVENANCE, two_markets.restore)
    two_markets.notebook("walk", *cells, parameters=PATH)
    assert "not the one that was verified for this page" in built(two_markets).failures["walk"]
    assert_consistent(two_markets.site)


def test_a_simulated_market_that_the_notebook_names_itself_does_not_get_past_the_mark(two_markets: Project) -> None:
    own = SHOW_PROVENANCE.replace("load_market(snapshot)", f"load_market({str(two_markets.root / 'simulated')!r})")
    two_markets.notebook("walk", own, parameters=PATH)
    assert "make it a parameter whose name begins with snapshot" in built(two_markets).failures["walk"]


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


def test_a_notebook_whose_path_is_too_long_is_the_failure_of_its_own_report(project: Project) -> None:
    project.notebook("good", "1")
    project.reports(good="", **{f"long__{'x' * 300}": ""})
    assert "File name too long" in built(project).failures["long"]
    assert_consistent(project.site, "good")


def test_a_worker_that_dies_takes_no_neighbour_with_it(project: Project) -> None:
    meet = f"import time; from pathlib import Path; mine, other = Path({str(project.root)!r}) / 'a', Path("
    meet += f"{str(project.root)!r}) / 'b'\n"
    wait = "limit = time.monotonic() + 60\nwhile not other.exists() and time.monotonic() < limit: time.sleep(0.05)\n"
    killer = "mine.touch()\n" + wait + "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    neighbour = "mine, other = other, mine\nmine.touch()\n" + wait + "time.sleep(2)"
    project.notebook("killer", meet + killer)
    project.notebook("neighbour", meet + neighbour)
    project.reports(killer="", neighbour="")
    failures = built(project, workers=2).failures
    assert list(failures) == ["killer"]
    assert "its worker process died" in failures["killer"]
    assert_consistent(project.site, "neighbour")


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


def test_the_page_of_a_report_no_longer_listed_goes_with_the_next_build_of_all(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(old__walk="", new__walk="")
    built(project)
    (project.site / "mine.txt").write_text("not ours")
    project.reports(new__walk="")
    built(project, only=["new"])
    assert sorted(entries(project.site)) == ["new", "old"]
    assert "old.html" in (project.site / "index.html").read_text()
    built(project)
    (project.site / "mine.txt").unlink()  # was left alone
    assert_consistent(project.site, "new")


def second_list(project: Project, *names: str) -> Path:
    """Another list of reports in another folder."""
    config = project.root / "elsewhere" / "reports.toml"
    config.parent.mkdir()
    text = "".join(f'[{name}]\ntitle = "T"\nnotebook = "../notebooks/walk.ipynb"\n' for name in names)
    config.write_text(text)
    return config


def test_a_folder_of_another_list_is_refused_and_stays_as_it_is(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    before = {file.name: file.read_bytes() for file in project.site.iterdir()}
    with pytest.raises(ReportError, match=r"built from another list: it holds one, which .* does not list"):
        build(second_list(project, "two", "three"), project.site, say=lambda line: None)
    assert {file.name: file.read_bytes() for file in project.site.iterdir()} == before


def test_a_list_that_was_moved_or_grew_goes_on_with_its_folder(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="")
    built(project)
    config = second_list(project, "one", "three")
    assert build(config, project.site, say=lambda line: None).failures == {}
    assert_consistent(project.site, "one", "three")


def test_a_folder_that_another_build_publishes_into_is_locked(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    project.site.mkdir()
    with FileLock(project.site / ".build.lock"), pytest.raises(BuildInProgressError):
        build(second_list(project, "one"), project.site, say=lambda line: None)
    assert [file.name for file in project.site.iterdir()] == [".build.lock"]


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

    monkeypatch.setattr(site.os, "fsync", full)
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
    before = {file.name: file.read_bytes() for file in project.site.iterdir()}
    project.notebook("walk", "days + 1000")

    def full(handle: int) -> None:
        if "manifest.json" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(site.os, "fsync", full)
    failures = built(project).failures
    assert sorted(failures) == ["manifest.json", "one", "two"]
    assert {file.name: file.read_bytes() for file in project.site.iterdir()} == before


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


def test_a_page_changed_by_another_hand_is_put_aside_and_its_report_marked(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    (project.site / "one.html").write_text("mine")
    built(project, only=["two"])
    assert (project.work / "one.html").read_text() == "mine"
    assert "lost or changed after it was published" in str(entries(project.site)["one"]["error"])
    assert_consistent(project.site, "two")
    built(project)
    assert_consistent(project.site, "one", "two")


def test_the_build_goes_on_when_nobody_listens_to_its_progress(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(project.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaints = process.stderr.read()
        assert process.wait(timeout=120) == 0
    assert complaints == ""
    assert_consistent(project.site, "one", "two")


def test_an_executed_notebook_is_still_a_notebook_without_its_paths(project: Project) -> None:
    project.notebook("walk", "1 / 0")
    project.reports(walk="")
    built(project)
    kept = nbformat.read(project.work / "walk.ipynb", as_version=4)
    nbformat.validate(kept)
    assert "ZeroDivisionError" in str(kept.cells)


def test_what_a_killed_build_was_writing_is_swept_also_when_its_report_is_not_built_again(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    for name in (".one.html.part", ".gone.html.part", ".manifest.json.part", ".index.html.part"):
        (project.site / name).write_text("half")
    built(project, only=["two"])
    assert_consistent(project.site, "one", "two")
