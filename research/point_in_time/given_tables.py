"""Tables that are given to an index besides the market: dates read as UTC days, signals as a log by row.

Corporate actions are read in `corporate_actions.py`, ballots are counted in `research.index.decisions.votes`.
"""

from __future__ import annotations

import pandas as pd

from research.errors import DataError, MethodologyError

SIGNALS = ("bullish", "neutral", "bearish")
SIGNAL_COLUMNS = ["date", "asset_id", "signal"]
VOTE_COLUMNS = ["date", "proposal", "voter", "power", "choice"]
DAY = r"\d{4}-\d{2}-\d{2}(?!\d)"


def dated(table: pd.DataFrame | None, name: str, columns: list[str]) -> pd.DataFrame | None:
    """The table with its `date` column as UTC days, in order of time: what is said during a day is known at its close.

    Times with a time zone are converted to UTC, those without are taken to be UTC.

    Raises
    ------
    DataError
        If a column is missing or a date cannot be read.
    """
    if table is None:
        return None
    missing = [column for column in columns if column not in table]
    if missing:
        raise DataError(f"{name}: missing column {missing[0]!r}: expected {', '.join(columns)}.")
    times = table["date"]
    if not pd.api.types.is_datetime64_any_dtype(times):
        written = times.astype(str)
        times = pd.to_datetime(written.where(written.str.match(DAY)), errors="coerce", utc=True, format="ISO8601")
    elif times.dt.tz is None:
        times = times.dt.tz_localize("UTC")
    if times.isna().any():
        bad = table["date"][times.isna()].iloc[0]
        raise DataError(f"{name}: {bad!r} is not a date: expected YYYY-MM-DD.")
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None)
    ordered = table.assign(date=utc).sort_values("date", kind="stable", ignore_index=True)
    return ordered.assign(date=ordered["date"].dt.normalize())


def given(name: str, table: pd.DataFrame | None) -> pd.DataFrame:
    """The table, or the error that says how to give it."""
    if table is None:
        raise MethodologyError(f"the rulebook needs {name}: give them as build_index(market, rules, {name}=table).")
    return table
