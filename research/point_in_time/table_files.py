"""Tables of signals, votes and corporate actions from files: what they say is checked in `given_tables.py`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from research.errors import DataError, shown, suggest
from research.market.faults import as_data_error
from research.settings import locate

TABLES = ("signals", "votes", "migrations", "removals", "forks")
NUMBERS = {"score", "probability", "missing", "power", "ratio"}
SUFFIXES = (".csv", ".parquet")
LARGEST_FILE = 500_000_000  # bytes


def load_tables(files: Mapping[str, str | Path]) -> dict[str, pd.DataFrame]:
    """Read tables for `build_index` from CSV or Parquet files: ``build_index(market, rules, **load_tables(files))``.

    Parameters
    ----------
    files : mapping of str to path
        Names among `TABLES`; paths ending in .csv or .parquet, relative ones to the working directory or the project.

    Raises
    ------
    DataError
        If a name is not known, or a file is missing, too large or cannot be read. Columns, dates and keys are checked
        when the index is built.
    """
    return {name: _read(name, path) for name, path in _located(files).items()}


def write_table(table: pd.DataFrame, path: str | Path, *, replace: bool = False) -> None:
    """Write a table as `load_tables` reads it: whole, or not at all.

    Raises
    ------
    DataError
        If the path does not end in .csv or .parquet, there is a file and `replace` is not said, or writing fails.
    """
    path = Path(path)
    check_new_table(path, replace=replace)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with as_data_error(str(path), "Check the folder."):
            if path.suffix.lower() == ".parquet":
                table.to_parquet(temporary, index=False)
            else:
                table.to_csv(temporary, index=False)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_new_table(path: Path, *, replace: bool) -> None:
    """DataError where `write_table` would refuse a path; for asking before a long computation."""
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{shown(str(path))}: expected a path that ends in .csv or .parquet.")
    if path.exists() and not replace:
        raise DataError(
            f"{shown(str(path))} is there already. Give another path, or --replace (in Python replace=True)."
        )


def fingerprints(files: Mapping[str, str | Path]) -> dict[str, str]:
    """SHA-256 of each file, by the name of the table.

    Raises
    ------
    DataError
        As `load_tables`, but for what is inside a file.
    """
    return {name: fingerprint_of(path) for name, path in _located(files).items()}


def fingerprint_of(path: str | Path) -> str:
    """SHA-256 of one file; DataError if it cannot be read."""
    with as_data_error(str(path), "Check the file."):
        return hashlib.sha256(locate(Path(path)).read_bytes()).hexdigest()


def _located(files: Mapping[str, str | Path]) -> dict[str, Path]:
    if not isinstance(files, Mapping):
        raise DataError(f"table files: found {shown(files)}, expected a path for each table by name, {TABLES}.")
    found = {}
    for name, given in files.items():
        if name not in TABLES:
            raise DataError(f"table files: {name!r} is no table of an index: {suggest(str(name), TABLES)}")
        if not isinstance(given, str | Path) or Path(given).suffix.lower() not in SUFFIXES:
            raise DataError(f"table of {name}: found {shown(given)}, expected a path that ends in .csv or .parquet.")
        path = locate(Path(given))
        if not path.is_file():
            raise DataError(f"table of {name}: {shown(str(given))} is not a file. Check the path.")
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"table of {name}: {shown(str(given))} is larger than {LARGEST_FILE:,} bytes. Split it.")
        found[name] = path
    return found


def _read(name: str, path: Path) -> pd.DataFrame:
    """The table; in a CSV only columns of numbers, and `confirmed`, may have blanks that mean nothing."""
    with as_data_error(f"table of {name}: {path.name}", "Check the file."):
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        try:
            head = pd.read_csv(path, nrows=0, encoding="utf-8").columns
            blank = {column: [""] for column in head if column in NUMBERS | {"confirmed"}}
            texts = {column: str for column in head if column not in blank}
            table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=blank, encoding="utf-8")
        except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as cause:
            raise DataError(f"table of {name}: {path.name} is no CSV table that can be read: {cause}") from cause
        if not isinstance(table.index, pd.RangeIndex):  # pandas took the first fields for row labels: all is shifted
            raise DataError(f"table of {name}: {path.name} has rows with more fields than its {len(head)} columns.")
        return table
