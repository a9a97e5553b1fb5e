"""The tables of an index as files, whole or not at all: a folder of CSV or Parquet files, or one Excel workbook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from research.csv_tables import write_csv
from research.errors import DataError, shown
from research.market.faults import as_data_error
from research.market.snapshots.placing import REPLACED, put_in_place, scratch_folder

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet in Excel
_UNCHANGED = "Nothing was changed there. Put that right and try again."


def write_folder(tables: Mapping[str, pd.DataFrame], folder: str | Path, suffix: str, *, replace: bool) -> Path:
    """Write each table as `NAME.csv` or `NAME.parquet` into a folder, and give back its path.

    In CSV a text that a spreadsheet would take for a formula has a quote before it.

    Raises
    ------
    DataError
        If the folder holds anything and `replace` is not said, holds anything but such tables, or cannot be written.
    """
    out = Path(folder)
    with as_data_error(f"{shown(out)} could not be written", _UNCHANGED):
        out = Path(os.path.realpath(out))
        _check_folder(out, {f"{name}{kind}" for name in tables for kind in (".csv", ".parquet")}, replace=replace)
        out.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(out) as holder:
            made = holder / out.name
            made.mkdir()
            for name, table in tables.items():
                named = table.index.name is not None
                if suffix == ".parquet":
                    table.to_parquet(made / f"{name}{suffix}", index=named)
                else:
                    write_csv(table, made / f"{name}{suffix}", index=named)
            put_in_place(made, out, holder / REPLACED, replace=replace)
    return out


def write_workbook(tables: Mapping[str, pd.DataFrame], path: str | Path, *, replace: bool) -> Path:
    """Write each table as a sheet of an .xlsx file, and give back its path. Text stays text: no formula, no link.

    Raises
    ------
    DataError
        If the path does not end in .xlsx, there is a file and `replace` is not said, a table is larger than a sheet,
        the package that writes workbooks is missing, or the file cannot be written.
    """
    out = Path(path)
    if out.suffix.lower() != ".xlsx":
        raise DataError(f"{shown(out)}: expected a path that ends in .xlsx.")
    if out.is_dir() or (out.exists() and not replace):
        raise DataError(f"{shown(out)} is there already. Give another path, or replace=True for a file.")
    for name, table in tables.items():
        if len(table) >= MOST_ROWS or table.shape[1] >= MOST_COLUMNS:
            raise DataError(
                f"{name} has {len(table):,} rows and {table.shape[1]:,} columns; a sheet takes {MOST_ROWS:,} and "
                f"{MOST_COLUMNS:,}. Use to_parquet or to_csv."
            )
    temporary = out.with_name(f".{out.stem}.{os.getpid()}.part.xlsx")
    as_text = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    try:
        with as_data_error(f"{shown(out)} could not be written", _UNCHANGED):
            out.parent.mkdir(parents=True, exist_ok=True)
            with pd.ExcelWriter(temporary, engine="xlsxwriter", engine_kwargs=as_text) as book:
                for name, table in tables.items():
                    table.to_excel(book, sheet_name=name, index=table.index.name is not None, freeze_panes=(1, 0))
            temporary.replace(out)
    except ModuleNotFoundError as cause:
        raise DataError(
            f"{shown(out)}: writing a workbook needs the package xlsxwriter. Install it with "
            "pip install 'crypto-index-research[excel]', or use to_csv or to_parquet."
        ) from cause
    finally:
        temporary.unlink(missing_ok=True)
    return out


def _check_folder(out: Path, ours: set[str], *, replace: bool) -> None:
    """DataError where the folder must not be written, or not be replaced."""
    if out.exists() and not out.is_dir():
        raise DataError(f"{shown(out)} is a file: expected the path of a folder.")
    there = {file.name for file in out.iterdir()} if out.is_dir() else set()
    if there - ours:
        raise DataError(
            f"{shown(out)} holds what is no table of an index ({sorted(there - ours)[0]}): give a folder of its own."
        )
    if there and not replace:
        raise DataError(f"{shown(out)} holds an index already. Give another folder, or replace=True.")
