"""How every function of this package reads a Series or a DataFrame: history by column, checks, and the way back.

A kernel is a function of complete 2-D arrays (rows = periods, columns = series). It never sees a NaN: columns that
share a history are handed to it together, others apart. Metrics live in the other modules; nothing here is public.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from research.errors import DataError, suggest
from research.typing import FloatArray, IntArray

Frame = pd.Series | pd.DataFrame  # returns (or levels) of one series, or of several by column
FrameT = TypeVar("FrameT", pd.Series, pd.DataFrame)  # the answer has the shape of what was given
Rate = float | pd.Series | pd.DataFrame  # an annual rate, or one rate per period
PerColumn = Any  # float for a Series, Series by column for a DataFrame

ROUNDING = 1e-12  # a standard deviation below this share of the mean is rounding, not risk


def by_column(kernel: Callable[..., FloatArray], data: Frame, *companions: Rate, minimum: int = 1) -> PerColumn:
    """Reduce each column to one number: a float for a Series, a Series by column for a DataFrame.

    `kernel(values, *companions)` gets arrays of shape (periods, columns) and gives one number per column. A column
    with fewer than `minimum` periods (after the common history with its companions) is NaN.
    """
    histories = _Histories.read(data, companions)
    result = np.full(histories.array.shape[1], np.nan)
    for block in histories.blocks(minimum):
        result[block.picked] = kernel(block.array, *block.companions)
    if isinstance(data, pd.Series):
        return float(result[0])
    return pd.Series(result, index=data.columns)


def by_row(
    kernel: Callable[..., FloatArray], data: Frame, *companions: Rate, minimum: int = 1, name: str = "returns"
) -> Any:
    """Turn each column into a column of the same length, NaN outside its history; the shape of `data` stays."""
    histories = _Histories.read(data, companions, name)
    result = np.full(histories.array.shape, np.nan)
    for block in histories.blocks(minimum):
        result[block.rows, block.picked] = kernel(block.array, *block.companions)
    if isinstance(data, pd.Series):
        return pd.Series(result[:, 0], index=data.index, name=data.name)
    return pd.DataFrame(result, index=data.index, columns=data.columns)


def history(data: pd.Series, name: str = "returns") -> pd.Series:
    """One checked series without its leading and trailing NaN."""
    if not isinstance(data, pd.Series):
        raise DataError(f"{name}: expected one pandas Series, found {type(data).__name__}; pass one column at a time.")
    values = _values(data, name)
    first, last = _limits(values, data.index, [data.name], name)
    return pd.Series(values[first[0] : last[0], 0], index=data.index[first[0] : last[0]], name=data.name)


def per_period(rate: Rate, periods_per_year: float) -> Rate:
    """An annual rate as a rate per period, (1+r)^(1/q) − 1; a Series is already per period."""
    if not np.isfinite(periods_per_year) or periods_per_year <= 0:
        raise DataError(f"periods_per_year is {periods_per_year}: expected a positive number such as 365, 52 or 12.")
    if isinstance(rate, pd.Series | pd.DataFrame):
        return rate
    if not rate > -1:
        raise DataError(f"an annual rate of {rate} is not possible: expected a fraction such as 0.04 for 4 %.")
    return float((1.0 + rate) ** (1.0 / periods_per_year) - 1.0)


def require_dates(data: Frame, name: str = "returns") -> pd.DatetimeIndex:
    """The dates of the rows, for whatever needs a calendar."""
    if not isinstance(data.index, pd.DatetimeIndex):
        raise DataError(f"{name}: this needs dates; expected a DatetimeIndex, found {type(data.index).__name__}.")
    return data.index


def choose(kernels: dict[str, Callable[..., FloatArray]], method: str) -> Callable[..., FloatArray]:
    """The kernel of a named method."""
    if method not in kernels:
        raise DataError(f"unknown method {method!r}: {suggest(method, kernels)}")
    return kernels[method]


def positive_or_nan(values: FloatArray) -> FloatArray:
    """Denominators: NaN in place of zero and below, so that an undefined ratio is NaN and never infinite."""
    return np.where(values > 0, values, np.nan)


def standard_deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation (n − 1) by column; exactly zero when what is left is rounding."""
    deviation = np.asarray(values.std(axis=0, ddof=1))
    return np.where(deviation > ROUNDING * np.abs(values.mean(axis=0)), deviation, 0.0)


def growth_of_one(values: FloatArray) -> FloatArray:
    """Level after each period of a unit invested at the start: the cumulative product of 1 + r."""
    if values.size and values.min() < -1:
        raise DataError(
            f"a return of {values.min():.6g} is below −100 %: simple returns as fractions are expected "
            "(0.05 for 5 %); use returns_from_levels for prices."
        )
    return np.asarray(np.cumprod(1.0 + values, axis=0), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class _Block:
    rows: slice
    picked: IntArray
    array: FloatArray
    companions: list[FloatArray]


@dataclass(frozen=True, kw_only=True)
class _Histories:
    array: FloatArray
    companions: list[FloatArray]
    first: IntArray
    last: IntArray

    @classmethod
    def read(cls, data: Frame, companions: tuple[Rate, ...], name: str = "returns") -> _Histories:
        values = _values(data, name)
        labels = [data.name] if isinstance(data, pd.Series) else list(data.columns)
        first, last = _limits(values, data.index, labels, name)
        arrays = []
        for companion in companions:
            if not isinstance(companion, pd.Series | pd.DataFrame):
                arrays.append(np.full((1, 1), float(companion)))
                continue
            array = _values(_aligned(companion, data), "benchmark or rate")
            names = [companion.name] if isinstance(companion, pd.Series) else list(companion.columns)
            needed = slice(int(first.min(initial=len(data))), int(last.max(initial=0)))
            begins, ends = _limits(array[needed], data.index[needed], names, "benchmark or rate")
            first, last = np.maximum(first, begins + needed.start), np.minimum(last, ends + needed.start)
            arrays.append(array)
        return cls(array=values, companions=arrays, first=first, last=last)

    def blocks(self, minimum: int) -> Iterator[_Block]:
        """Columns with one and the same history, together."""
        limits = np.stack([self.first, self.last])
        for first, last in np.unique(limits, axis=1).T:
            if last - first < minimum:
                continue
            rows = slice(int(first), int(last))
            picked = np.flatnonzero((self.first == first) & (self.last == last))
            whole = len(picked) == self.array.shape[1]
            yield _Block(
                rows=rows,
                picked=picked,
                array=self.array[rows] if whole else self.array[rows][:, picked],
                companions=[
                    array
                    if len(array) == 1
                    else array[rows]
                    if whole or array.shape[1] == 1
                    else array[rows][:, picked]
                    for array in self.companions
                ],
            )


def _aligned(companion: pd.Series | pd.DataFrame, data: Frame) -> Frame:
    if isinstance(companion, pd.DataFrame) and not (
        isinstance(data, pd.DataFrame) and companion.columns.equals(data.columns)
    ):
        raise DataError(
            "a benchmark or rate given as a DataFrame must have the columns of the returns, in their order."
        )
    return companion if companion.index.equals(data.index) else companion.reindex(data.index)


def _values(data: Frame, name: str) -> FloatArray:
    if not isinstance(data, pd.Series | pd.DataFrame):
        raise DataError(f"{name}: expected a pandas Series or DataFrame, found {type(data).__name__}.")
    if not (data.index.is_unique and data.index.is_monotonic_increasing):
        raise DataError(f"{name}: the rows must be in increasing order without repeats; sort them and drop repeats.")
    try:
        values = data.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected numbers, found {data.dtypes!s}; convert the columns first.") from error
    return values[:, None] if values.ndim == 1 else values


def _limits(values: FloatArray, index: pd.Index, labels: list[Any], name: str) -> tuple[IntArray, IntArray]:
    """First row and one past the last row of each column's history; a NaN or an infinity inside is an error."""
    length, width = values.shape
    known = np.isfinite(values)
    if known.all():
        return np.zeros(width, dtype=np.intp), np.full(width, length, dtype=np.intp)
    any_known = known.any(axis=0)
    first = np.where(any_known, known.argmax(axis=0), length)
    last = np.where(any_known, length - known[::-1].argmax(axis=0), length)
    row = np.arange(length)[:, None]
    faulty = (~known & (row >= first) & (row < last)) | np.isinf(values)
    if faulty.any():
        where, column = np.argwhere(faulty)[0]
        raise DataError(
            f"{name}: column {labels[column]!r} holds {values[where, column]} on {_day(index[where])}, inside its "
            "history; leading and trailing gaps are allowed, inner ones are not. Repair or drop them on purpose first."
        )
    return first, last


def _day(label: Any) -> str:
    return str(label.date()) if isinstance(label, pd.Timestamp) else repr(label)
