"""An index as files: whole or not at all, nothing overwritten unasked, and text that stays text."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from research import IndexHistory, MarketData, build_index
from research.errors import DataError
from research.index.analysis.forms import export
from tests.index.markets import random_market, rules

FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.fixture(scope="module")
def own() -> IndexHistory:
    market = random_market(3)
    panels = [panel.rename(columns={"asset-00": FORMULA}) for panel in list(market.panels.values())[:3]]
    return build_index(MarketData.from_panels(*panels), rules(selection={"count": 8}))


def test_csv_files_hold_what_the_frames_hold(own: IndexHistory, tmp_path: Path) -> None:
    folder = own.to_csv(tmp_path / "new" / "mine")
    assert {file.name for file in folder.iterdir()} == {f"{name}.csv" for name in own.frames}
    for name, frame in own.frames.items():
        dates = [column for column in ("date", "determination_date", "effective_date") if column in frame.reset_index()]
        index, ranks = ("date" if dates == ["date"] else None), {"rank": "Int64"}
        read = pd.read_csv(folder / f"{name}.csv", parse_dates=dates, index_col=index, dtype=ranks)
        quoted = {FORMULA: f"'{FORMULA}"}  # a spreadsheet would open it as a link
        written = frame.rename(columns=quoted).replace(quoted)
        pd.testing.assert_frame_equal(
            read,
            written,
            check_dtype=False,
            check_names=False,
            check_index_type=False,
            check_freq=False,
            rtol=1e-15,
        )


def test_parquet_files_hold_what_the_frames_hold_to_the_bit(own: IndexHistory, tmp_path: Path) -> None:
    folder = own.to_parquet(tmp_path / "mine")
    for name, frame in own.frames.items():
        pd.testing.assert_frame_equal(
            pd.read_parquet(folder / f"{name}.parquet"), frame, check_exact=True, check_freq=False
        )


def test_a_workbook_has_a_sheet_for_each_frame_and_no_formula(own: IndexHistory, tmp_path: Path) -> None:
    path = own.to_xlsx(tmp_path / "mine.xlsx")
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine")
    assert list(sheets) == list(own.frames)
    assert FORMULA in set(sheets["trades"]["asset_id"])
    with zipfile.ZipFile(path) as parts:
        inside = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets")]
    assert len(inside) == len(sheets)
    assert not any("<f>" in sheet or "hyperlink" in sheet for sheet in inside)
    assert sheets["level"]["level"].tolist() == pytest.approx(own.level.tolist(), rel=1e-15)


def test_what_is_there_is_replaced_only_when_asked_and_never_another_folder(own: IndexHistory, tmp_path: Path) -> None:
    own.to_csv(tmp_path / "mine")
    with pytest.raises(DataError, match=r"mine holds an index already.*replace=True"):
        own.to_parquet(tmp_path / "mine")
    own.to_parquet(tmp_path / "mine", replace=True)
    assert {file.suffix for file in (tmp_path / "mine").iterdir()} == {".parquet"}
    (tmp_path / "mine" / "thesis.docx").write_text("years of work")
    with pytest.raises(DataError, match=r"thesis.docx.*folder of its own"):
        own.to_csv(tmp_path / "mine", replace=True)
    assert (tmp_path / "mine" / "thesis.docx").read_text() == "years of work"
    own.to_xlsx(tmp_path / "mine.xlsx")
    before = (tmp_path / "mine.xlsx").read_bytes()
    with pytest.raises(DataError, match="is there already"):
        own.to_xlsx(tmp_path / "mine.xlsx")
    assert (tmp_path / "mine.xlsx").read_bytes() == before
    own.to_xlsx(tmp_path / "mine.xlsx", replace=True)
    with pytest.raises(DataError, match=r"ends in \.xlsx"):
        own.to_xlsx(tmp_path / "mine.xls")
    with pytest.raises(DataError, match="is a file"):
        own.to_csv(tmp_path / "mine.xlsx", replace=True)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_fault_on_the_way_leaves_what_was_there(
    own: IndexHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    target = tmp_path / f"mine.{kind}"
    write = getattr(own, f"to_{kind}")
    write(target)
    before = {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    last = {"csv": "to_csv", "parquet": "to_parquet", "xlsx": "to_excel"}[kind]
    written = getattr(pd.DataFrame, last)
    calls: list[int] = []

    def third(self: pd.DataFrame, *given: object, **options: object) -> object:
        calls.append(1)
        return full() if len(calls) == 3 else written(self, *given, **options)

    monkeypatch.setattr(pd.DataFrame, last, third)
    with pytest.raises(DataError, match="No space left on device"):
        write(target, replace=True)
    assert {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert len(calls) == 3


def test_without_the_package_for_workbooks_the_error_says_what_to_install(
    own: IndexHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(DataError, match=r"pip install 'crypto-index-research\[excel\]'"):
        own.to_xlsx(tmp_path / "mine.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_table_larger_than_a_sheet_is_refused(
    own: IndexHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 100)
    with pytest.raises(DataError, match=r"level has .* rows.*to_parquet"):
        own.to_xlsx(tmp_path / "mine.xlsx")
    assert list(tmp_path.iterdir()) == []
