"""What is built again and what is kept: decided from files, by what each page is made from."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from research.errors import DataError, ReportError
from research.reporting.publishing import fingerprints
from research.reporting.publishing.config import load_list
from research.reporting.publishing.plan import Elsewhere, NotPossibleError, planned
from research.reporting.publishing.site.manifest import Entry

from .conftest import PATH, Project, built, contents, entries, snapshot

FILES = 'table_files: dict[str, str] = {}  # by name\nsnapshot: str = ""  # folder\nrulebook: str = ""  # its path'


def fingerprint(project: Project) -> dict[str, str]:
    return planned(load_list(project.config).reports["walk"], Elsewhere()).fingerprint


@pytest.fixture
def walk(project: Project) -> Project:
    """A report on a snapshot, a rulebook and a table of signals."""
    project.table, project.rules = project.root / "signals.csv", project.root / "rules.toml"
    project.table.write_text("date,asset_id,signal\n")
    project.rules.write_text("count = 3\n")
    project.data = snapshot(project.root / "data", simulated=False)
    project.notebook("walk", "1", parameters=FILES)
    given = f'{{ snapshot = "{project.data}", rulebook = "{project.rules}", table_files.signals = "{project.table}" }}'
    project.reports(walk=given)
    return project


def test_each_kind_of_change_changes_its_own_digest_and_no_other(
    walk: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [fingerprint(walk)]

    def assert_changed(*kinds: str) -> None:
        seen.append(fingerprint(walk))
        assert {kind for kind in seen[-1] if seen[-1][kind] != seen[-2][kind]} == set(kinds)

    assert_changed()
    walk.notebook("walk", "2", parameters=FILES)
    assert_changed("notebook")
    walk.rules.write_text("count = 4\n")
    assert_changed("files")
    walk.table.write_text("date,asset_id,signal\n2024-01-01,coin,bullish\n")
    assert_changed("files")
    walk.config.write_text(walk.config.read_text().replace("About walk", "About a walk"))
    assert_changed("parameters")
    (walk.data / "manifest.json").write_text("{}")
    assert_changed("data")
    monkeypatch.setattr(fingerprints, "installed", lambda: {"pandas": "99"})
    assert_changed("versions")


def test_a_default_that_changes_in_the_notebook_changes_the_parameters(project: Project) -> None:
    project.notebook("walk", "1", parameters="days: int = 3  # days")
    project.reports(walk="")
    before = fingerprint(project)
    project.notebook("walk", "1", parameters="days: int = 4  # days")
    assert fingerprint(project)["parameters"] != before["parameters"]


def test_the_code_counts_with_every_file_but_those_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "rules.toml", "template/page.css", "cli/report.py", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(fingerprints, "_PACKAGE", tmp_path)
    digest = fingerprints._code.__wrapped__
    first = digest()
    for name, counts in (("cli/report.py", False), ("__pycache__/a.pyc", False), ("rules.toml", True), ("a.py", True)):
        before = digest()
        (tmp_path / name).write_text("2")
        assert (digest() != before) is counts, name
    assert digest() != first


def test_a_page_is_kept_only_if_its_last_build_did_not_fail(walk: Project) -> None:
    made = planned(load_list(walk.config).reports["walk"], Elsewhere())
    good = Entry(title="T", last_success="2024-01-01T00:00:00Z", fingerprint=made.fingerprint)
    assert made.same_as(good)
    assert made.same_as(replace(good, last_success=None, impossible="no such tag"))
    assert not made.same_as(replace(good, error="the well is dry"))
    assert not made.same_as(replace(good, last_success=None))
    assert not made.same_as(replace(good, fingerprint={**made.fingerprint, "code": "another"}))


def test_a_second_build_changes_no_byte_and_no_time_and_loads_nothing_slow(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    assert built(project).built == ["one", "two"]
    times = {file: file.stat().st_mtime_ns for file in project.site.rglob("*") if file.is_file()}
    before = contents(project.site)
    code = f"""
import sys
from pathlib import Path
from research.reporting.publishing.build import build
result = build(Path({str(project.config)!r}), say=print)
slow = ("pandas", "numpy", "pyarrow", "papermill", "nbformat", "jinja2")
print(result.unchanged, [name for name in slow if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['one', 'two'] []\n"
    assert contents(project.site) == before
    assert {file: file.stat().st_mtime_ns for file in times if file.name != ".build.lock"} == {
        file: time for file, time in times.items() if file.name != ".build.lock"
    }


def test_what_changed_is_built_again_and_the_rest_is_kept(project: Project) -> None:
    project.notebook("walk", "days")
    project.notebook("swim", "days")
    project.reports(walk="", swim="", fails__missing="")
    assert sorted(built(project).failures) == ["fails"]
    project.notebook("swim", "days + 1000")
    again = built(project)
    assert (again.built, again.unchanged, list(again.failures)) == (["swim"], ["walk"], ["fails"])
    forced = built(project, only=["walk"], force=True)
    assert (forced.built, forced.unchanged) == (["walk"], [])


def test_a_report_that_adds_itself_to_the_registry_is_not_built_again_for_it(project: Project) -> None:
    registry = project.root / "trials.jsonl"
    note = "from pathlib import Path\nfile = Path(registry)\nfile.write_text('tried' if not file.exists() else 'more')"
    project.notebook("walk", note, parameters='registry: str = ""  # file')
    project.reports(walk=f'{{ registry = "{registry}" }}')
    assert built(project).built == ["walk"]
    assert built(project).unchanged == ["walk"]
    registry.write_text("somebody tried another")
    assert built(project).built == ["walk"]


def test_a_page_or_an_index_page_that_was_edited_is_made_again(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    index = (project.site / "index.html").read_bytes()
    (project.site / "one.html").write_text("mine")
    again = built(project)
    assert (again.built, again.unchanged) == (["one"], ["two"])
    index = (project.site / "index.html").read_bytes()
    (project.site / "index.html").write_text("mine")
    assert built(project).built == []
    assert (project.site / "index.html").read_bytes() == index


MARKET = """
from research.errors import MethodologyError
from research import load_market
market = load_market(snapshot, end=until or None)
if len(market.dates) < days:
    raise MethodologyError(f"the rulebook needs {days} days, the market has {len(market.dates)}")
print(market.manifest.name, market.dates[-1].date())
"""
OTHER = PATH + '\nuntil: str = ""  # last day\ndays: int = 1  # needed'


@pytest.fixture
def abroad(project: Project) -> Project:
    """Reports on a simulated market of three days: one that needs more days, one that takes no market at all."""
    own = snapshot(project.root / "own", simulated=True)
    project.notebook("walk", MARKET, parameters=OTHER)
    project.notebook("plain", "days")
    project.reports(short__walk=f'{{ snapshot = "{own}" }}', long__walk=f'{{ snapshot = "{own}", days = 9 }}', plain="")
    project.other = snapshot(project.root / "Other Market", simulated=False)
    return project


def test_on_another_market_what_is_not_possible_is_listed_with_its_reason_and_is_no_failure(abroad: Project) -> None:
    result = built(abroad, elsewhere=Elsewhere.of(str(abroad.other), None))
    assert (result.built, result.impossible, result.failures) == (["short"], ["long", "plain"], {})
    assert result.out == abroad.config.parent / "markets" / "other-market" / "site"
    assert not abroad.site.exists()
    page = (result.out / "short.html").read_text(encoding="utf-8")
    assert "vendor 2024-01-03" in page
    assert "SIMULATED" not in page
    found = entries(result.out)
    assert "needs 9 days, the market has 3" in found["long"]["impossible"]
    assert found["plain"]["impossible"] == "its notebook has no parameter 'snapshot'."
    index = (result.out / "index.html").read_text(encoding="utf-8")
    assert index.count("not possible on this market") == 2
    again = built(abroad, elsewhere=Elsewhere.of(str(abroad.other), None))
    assert (again.built, again.unchanged, again.impossible) == ([], ["short"], ["long", "plain"])


def test_as_of_an_earlier_day_nothing_later_is_on_the_page(abroad: Project) -> None:
    result = built(abroad, elsewhere=Elsewhere.of(str(abroad.other), "2024-01-02"), only=["short"])
    assert result.out == abroad.config.parent / "markets" / "other-market" / "as-of" / "2024-01-02" / "site"
    page = (result.out / "short.html").read_text(encoding="utf-8")
    assert "vendor 2024-01-02" in page
    assert "2024-01-03" not in page
    assert entries(result.out)["short"]["data_until"] == "2024-01-02"


def test_a_market_that_is_damaged_is_a_failure_and_not_an_impossibility(abroad: Project) -> None:
    (abroad.other / "daily.parquet").write_bytes(b"half")
    result = built(abroad, elsewhere=Elsewhere.of(str(abroad.other), None), only=["long"])
    assert "was changed or damaged" in result.failures["long"]
    assert result.impossible == []


def test_a_fault_of_the_notebook_is_a_failure_on_another_market_too(abroad: Project) -> None:
    abroad.notebook("walk", "raise ValueError('the well is dry')", parameters=OTHER)
    result = built(abroad, elsewhere=Elsewhere.of(str(abroad.other), None), only=["short"])
    assert "ValueError: the well is dry" in result.failures["short"]


def test_the_same_fault_on_the_reports_own_market_is_a_failure(abroad: Project) -> None:
    assert "MethodologyError" in built(abroad, only=["long"]).failures["long"]


def test_a_market_that_is_not_there_is_one_line_before_anything_is_made(project: Project) -> None:
    with pytest.raises(DataError, match="no snapshot at nowhere"):
        Elsewhere.of("nowhere", None)


def test_a_notebook_that_cannot_be_cut_at_a_day_says_so(project: Project) -> None:
    with pytest.raises(NotPossibleError, match="has no parameter 'until'"):
        Elsewhere(as_of="2024-01-01").given({}, {"snapshot": ("str", "")})


def test_two_markets_of_one_name_do_not_share_a_folder(abroad: Project) -> None:
    namesake = snapshot(abroad.root / "deeper" / "other-market", simulated=False)
    built(abroad, elsewhere=Elsewhere.of(str(abroad.other), None), only=["short"])
    with pytest.raises(ReportError, match="was built on another market"):
        built(abroad, elsewhere=Elsewhere.of(str(namesake), None), only=["short"])


def test_a_snapshot_of_the_catalog_is_taken_as_it_was_known_on_the_day(
    abroad: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESEARCH_SNAPSHOTS", str(abroad.root / "kept"))
    for day in ("2024-01-02", "2024-02-01"):
        snapshot(abroad.root / "kept" / "vendor" / day, simulated=False)
    known = {"snapshot": ("str", ""), "until": ("str", "")}

    def asked(given: str, as_of: str) -> dict[str, object]:
        return Elsewhere.of(given, as_of).given({"days": 1}, known)

    assert asked("vendor", "2024-01-20") == {"days": 1, "snapshot": "vendor@2024-01-20", "until": "2024-01-20"}
    assert asked("vendor@latest", "2024-01-20")["snapshot"] == "vendor@latest"
    assert Elsewhere.of("vendor", "").folder(Path("reports")) == Path("reports/markets/vendor")
    with pytest.raises(NotPossibleError, match=r"no snapshot of 'vendor' was retrieved by then.*say vendor@latest"):
        asked("vendor", "2024-01-01")
    own = Elsewhere(as_of="2024-01-20").given({"snapshot": "vendor"}, known)  # the reports' own market is a name, too
    assert own["snapshot"] == "vendor@2024-01-20"


def test_a_newer_snapshot_of_a_name_changes_the_data_of_its_reports(
    walk: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESEARCH_SNAPSHOTS", str(walk.root / "kept"))
    snapshot(walk.root / "kept" / "vendor" / "2024-01-02", simulated=False)
    walk.reports(walk='{ snapshot = "vendor" }')
    before = fingerprint(walk)
    assert fingerprint(walk) == before
    snapshot(walk.root / "kept" / "vendor" / "2024-02-01", simulated=True)
    after = fingerprint(walk)
    assert {kind for kind in after if after[kind] != before[kind]} == {"data"}
