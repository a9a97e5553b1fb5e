"""Tables that are given to an index besides the market: columns, dates as UTC days, ids, one row for each key, numbers.

A table comes from a person or a vendor, so it is taken to be wrong until it has been checked: doubling a line is the
likeliest mistake, and doubling a position its consequence. What is announced about assets is read in
`corporate_actions.py`, signals in `signal_log.py`, ballots are counted in `research.index.decisions.votes`.
"""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from research.errors import DataError, DataWarning, MethodologyError, suggest
from research.market import MarketData
from research.typing import FloatArray

SIGNALS = ("bullish", "neutral", "bearish")
SIGNAL_COLUMNS = ["date", "asset_id", "signal"]
VOTE_COLUMNS = ["date", "proposal", "voter", "power", "choice"]
VOTE_KEY = ["date", "proposal", "voter", "choice"]
AGAINST = "against:"
ABSTAIN = "abstain"
DAY = r"\d{4}-\d{2}-\d{2}(?!\d)"
LARGEST = 1e12
"""A larger number is no ratio and no score: sums and products of such numbers overflow."""


def dated(table: Any, name: str, columns: list[str], key: list[str]) -> pd.DataFrame | None:
    """The table with its `date` column as UTC days, in order of time: what is said during a day is known at its close.

    Columns `time` (the moment) and `confirmed` (bool, false where it is not given) are added.

    Times with a time zone are converted to UTC, those without are taken to be UTC.

    Parameters
    ----------
    columns : list of str
        What there must be; asset ids among them must be texts.
    key : list of str
        Columns whose values may occur together once a day (with `time` in it: once at a moment).

    Raises
    ------
    DataError
        If it is not a table, a column is missing or there twice, a date or id cannot be read, or a key is repeated.
    """
    if table is None:
        return None
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"{name} is a {type(table).__name__}: expected a DataFrame with {', '.join(columns)}.")
    if not table.columns.is_unique:
        raise DataError(f"{name}: two columns are called {table.columns[table.columns.duplicated()][0]!r}: keep one.")
    for column in columns:
        if column not in table:
            raise DataError(f"{name}: missing column {column!r}: expected {', '.join(columns)}.")
    utc = _utc(table["date"], name)
    ordered = table.assign(date=utc).sort_values("date", kind="stable", ignore_index=True)
    times = ordered["date"]
    ordered = ordered.assign(date=times.dt.normalize())
    distinct = {column: _distinct(ordered[column]) for column in columns}
    for column, values in distinct.items():
        nested = [value for value in values if pd.api.types.is_list_like(value)]
        if nested:
            raise DataError(f"{name}: {column} is {nested[0]!r} in a row: expected a single value. Correct it.")
    for column in (column for column in columns if column.endswith("asset_id")):
        bad = [value for value in distinct[column] if not (isinstance(value, str) and value.strip())]
        if bad:
            raise DataError(f"{name}: {column} is {bad[0]!r} in a row: expected the text of an id. Fill it in.")
    ordered = ordered.assign(time=times, confirmed=_confirmed(ordered, name))
    _once(ordered, name, key)
    return ordered


def _distinct(column: pd.Series) -> pd.Series:
    """Each value of a column once, in order of appearance: a long table says few things. All of a nested one."""
    try:
        return column.drop_duplicates()
    except TypeError:  # a list or the like has no hash
        return column


def _confirmed(table: pd.DataFrame, name: str) -> pd.Series:
    """The optional column by which a person insists on lines that prices contradict; a blank is false."""
    if "confirmed" not in table:
        return pd.Series(False, index=table.index)
    said = table["confirmed"].astype(object).where(table["confirmed"].notna(), False)
    wrong = [value for value in said if not isinstance(value, (bool, np.bool_))]
    if wrong:
        raise DataError(f"{name}: confirmed is {wrong[0]!r} in a row: expected true or false, or nothing.")
    return said.astype(bool)


def _utc(times: pd.Series, name: str) -> pd.Series:
    if not pd.api.types.is_datetime64_any_dtype(times):
        places, texts = pd.factorize(times.astype(str), use_na_sentinel=False)
        written = pd.Series(texts)
        each = pd.to_datetime(written.where(written.str.match(DAY)), errors="coerce", utc=True, format="ISO8601")
        read = each.take(places).set_axis(times.index)
    else:
        read = times.dt.tz_localize("UTC") if times.dt.tz is None else times
    if read.isna().any():
        raise DataError(f"{name}: {times[read.isna()].iloc[0]!r} is not a date: expected YYYY-MM-DD.")
    return read.dt.tz_convert("UTC").dt.tz_localize(None)


def _once(table: pd.DataFrame, name: str, key: list[str]) -> None:
    repeated = table.duplicated(key)
    if repeated.any():
        line = table[repeated].iloc[0]
        said = ", ".join(f"{column} {_written(line[column])}" for column in key)
        raise DataError(
            f"{name}: {int(repeated.sum())} rows repeat what another row says something about: {said}. Expected one "
            f"row for each {', '.join(key)}. Keep one of them."
        )


def _written(value: Any) -> str:
    return str(value).removesuffix(" 00:00:00") if isinstance(value, pd.Timestamp) else repr(value)


def number(value: Any, where: str, *, above: float = -np.inf, at_least: float = -np.inf) -> float:
    """One number of a table: finite, no truth value, no text, at most `LARGEST` in size.

    Raises
    ------
    DataError
        Naming `where` it stands, what was found and what was expected.
    """
    plain = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    size = float(value) if plain else float("nan")
    if not (abs(size) <= LARGEST and size > above and size >= at_least):
        bound = f" above {above:g}" if above > -np.inf else f" of {at_least:g} or more" if at_least > -np.inf else ""
        raise DataError(f"{where} is {value!r}: expected a number{bound}, {LARGEST:g} in size at most. Correct it.")
    return size


def numbers(table: pd.DataFrame, name: str, column: str) -> FloatArray:
    """A column of numbers, shape (rows,); NaN where there is none.

    Raises
    ------
    DataError
        As `number` does, naming the row's date and asset.
    """
    given = table[column]
    values = np.full(len(table), np.nan)
    there = given.notna().to_numpy(copy=True)
    if pd.api.types.is_float_dtype(given) or (pd.api.types.is_integer_dtype(given)):
        values[there] = given[there].to_numpy(dtype=float)
        there &= ~(np.abs(np.where(there, values, 0.0)) <= LARGEST)  # only the bad ones are looked at one by one
    for row in np.flatnonzero(there).tolist():
        line = table.iloc[row]
        values[row] = number(line[column], f"{name}: {column} of {line['asset_id']} on {line['date'].date()}")
    return values


def read_signals(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Signals: one row for each asset and moment, scores finite or missing. Of several on a day the last one counts.

    What they say is read in `signal_log.py`.
    """
    signals = dated(table, "signals", SIGNAL_COLUMNS, ["time", "asset_id"])
    if signals is None or "score" not in signals:
        return signals
    return signals.assign(score=numbers(signals, "signals", "score"))


def read_votes(table: pd.DataFrame | None, market: MarketData) -> pd.DataFrame | None:
    """Votes: one row for each ballot and holding; a choice that the market does not have (yet) is warned of."""
    votes = dated(table, "votes", VOTE_COLUMNS, VOTE_KEY)
    if votes is None:
        return None
    choices = votes["choice"].dropna().astype(str).str.strip().str.removeprefix(AGAINST)
    unknown = sorted(set(choices) - {"", ABSTAIN} - set(market.prices.columns))
    if unknown:
        warnings.warn(
            f"votes: {len(unknown)} choices are no asset_ids of the market (yet), e.g. {unknown[0]!r}, and elect "
            f"nobody: {suggest(unknown[0], market.prices.columns)}",
            DataWarning,
            stacklevel=2,
        )
    return votes


def given(name: str, table: pd.DataFrame | None) -> pd.DataFrame:
    """The table, or the error that says how to give it."""
    if table is None:
        raise MethodologyError(f"the rulebook needs {name}: give them as build_index(market, rules, {name}=table).")
    return table
