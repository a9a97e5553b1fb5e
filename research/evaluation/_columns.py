"""How every function of this package reads a Series or a DataFrame: history by column, checks, and the way back.

A kernel is a function of complete 2-D arrays (rows = periods, columns = series). It never sees a NaN: columns that
share a history are handed to it together, others apart. Metrics live in the modules without an underscore; nothing here
is public. What is checked of dates is in `_calendar.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from pandas.api.types import is_any_real_numeric_dtype

from research.checks import check_number
from research.errors import DataError, shown, suggest
from research.evaluation._calendar import (
    check_calendar,
    check_order,
    check_periods_per_year,
    check_spacing,
    usual_step,
)
from research.evaluation._limits import LARGEST, limits_of, refuse_levels
from research.typing import FloatArray, IntArray

Frame = pd.Series | pd.DataFrame  # returns (or levels) of one series, or of several by column
FrameT = TypeVar("FrameT", pd.Series, pd.DataFrame)  # the answer has the shape of what was given
Rate = float | pd.Series | pd.DataFrame  # an annual rate, or one rate per period
PerColumn = Any  # float for a Series, Series by column for a DataFrame

CELLS = 250_000  # handed to a kernel at once: two megabytes, which stay in the processor's cache
ROUNDING = 1e-12  # a standard deviation below this share of the mean is rounding, not risk


def by_column(
    kernel: Callable[..., FloatArray],
    data: Frame,
    *companions: Rate,
    minimum: int = 1,
    periods_per_year: float | None = None,
    are_returns: bool = True,
) -> PerColumn:
    """Reduce each column to one number: a float for a Series, a Series by column for a DataFrame.

    `kernel(values, *companions)` gets arrays of shape (periods, columns) and gives one number per column. A column
    with fewer than `minimum` periods (after the common history with its companions) is NaN, and so is a figure too
    large for a number. With `periods_per_year` the spacing of the dates is checked against it. Levels are refused
    where `are_returns`.
    """
    result = _reduce(kernel, data, companions, 1, minimum, periods_per_year, are_returns)[0]
    if isinstance(data, pd.Series):
        return float(result[0])
    return pd.Series(result, index=data.columns)


def several_by_column(
    kernel: Callable[..., FloatArray],
    data: Frame,
    *companions: Rate,
    labels: Sequence[str],
    periods_per_year: float | None = None,
) -> pd.Series | pd.DataFrame:
    """`by_column` for a kernel that gives several numbers per column, shape (labels, columns), by label."""
    result = _reduce(kernel, data, companions, len(labels), 1, periods_per_year)
    if isinstance(data, pd.Series):
        return pd.Series(result[:, 0], index=list(labels), name=data.name)
    return pd.DataFrame(result, index=list(labels), columns=data.columns)


def by_row(
    kernel: Callable[..., FloatArray],
    data: Frame,
    *companions: Rate,
    minimum: int = 1,
    periods_per_year: float | None = None,
    name: str = "returns",
    are_returns: bool = True,
) -> Any:
    """Turn each column into a column of the same length, NaN outside its history; the shape of `data` stays."""
    histories = _Histories.read(data, companions, name, are_returns=are_returns)
    result = np.full(histories.array.shape, np.nan)
    for block in histories.blocks(minimum, data.index, periods_per_year):
        result[block.rows, block.picked] = _finite(kernel, block)
    if isinstance(data, pd.Series):
        return pd.Series(result[:, 0], index=data.index, name=data.name)
    return pd.DataFrame(result, index=data.index, columns=data.columns)


def limits(data: Frame, name: str = "returns", *, are_returns: bool = True) -> tuple[FloatArray, IntArray, IntArray]:
    """The cells, and the first row and one past the last row of each column's history; checked."""
    values = numbers_of(data, name)
    labels = _labels(data)
    first, last = limits_of(values, data.index, labels, name)
    if are_returns:
        refuse_levels(values, data.index, labels, name)
    return values, first, last


def history(data: pd.Series, name: str = "returns", *, are_returns: bool = True) -> pd.Series:
    """One checked series without its leading and trailing NaN."""
    values, first, last = limits(one_series(data, name), name, are_returns=are_returns)
    return pd.Series(values[first[0] : last[0], 0], index=data.index[first[0] : last[0]], name=data.name)


def one_series(data: Any, name: str = "returns") -> pd.Series:
    """What must be a Series, for whatever has no answer by column."""
    if not isinstance(data, pd.Series):
        raise DataError(f"{name}: expected one pandas Series, found {type(data).__name__}; pass one column at a time.")
    return data


def one_frame(data: Any, name: str) -> pd.DataFrame:
    """What must be a DataFrame of numbers with a column at least."""
    if not isinstance(data, pd.DataFrame) or data.columns.empty:
        raise DataError(f"{name}: expected a DataFrame with a column at least, found {type(data).__name__}.")
    numbers_of(data, name)
    return data


def companion_of(own: pd.Series, companion: Frame, name: str = "benchmark") -> pd.Series:
    """A benchmark or rate on the dates of a checked series, over the history that both share."""
    series = one_series(companion, name)
    check_calendar(series, own.index, name)
    return history(series.reindex(own.index), name)


def per_period(rate: Rate, periods_per_year: float, name: str = "risk_free") -> Rate:
    """An annual rate as a rate per period, (1+r)^(1/q) − 1; a Series is already per period.

    An annual rate lies above −100 % and below 100 %, so that one given in per cent is noticed; and so does a dated
    Series when its mean is compounded over a year, so that a Series of annual rates is.
    """
    check_periods_per_year(periods_per_year)
    if not isinstance(rate, pd.Series | pd.DataFrame):
        check_number(name, rate, DataError, above=-1, below=1, fraction="an annual rate")
        return float((1.0 + rate) ** (1.0 / periods_per_year) - 1.0)
    step = usual_step(rate.index)
    if step is None:
        return rate
    values = numbers_of(rate, name)
    values = values[np.abs(values) <= LARGEST]
    if values.size and not -1 < values.mean() < 2.0 ** (step / 365.25) - 1.0:
        raise DataError(
            f"{name}: the rates given are {values.mean():.4g} on average, over 100 % a year when they are rates per "
            f"period; a Series holds one rate per period: 0.05 a year is {1.05 ** (step / 365.25) - 1:.3g} each."
        )
    return rate


def choose(kernels: dict[str, Callable[..., FloatArray]], method: str) -> Callable[..., FloatArray]:
    """The kernel of a named method."""
    if not isinstance(method, str) or method not in kernels:
        raise DataError(f"unknown method {shown(method)}: {suggest(method, kernels)}")
    return kernels[method]


def positive_or_nan(values: FloatArray) -> FloatArray:
    """Denominators: NaN in place of zero and below, so that an undefined ratio is NaN and never infinite."""
    return np.where(values > 0, values, np.nan)


def standard_deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation (n − 1) by column; exactly zero when what is left is rounding."""
    deviation = np.asarray(values.std(axis=0, ddof=1))
    return np.where(deviation > ROUNDING * np.abs(values.mean(axis=0)), deviation, 0.0)


def _reduce(
    kernel: Callable[..., FloatArray],
    data: Frame,
    companions: tuple[Rate, ...],
    count: int,
    minimum: int,
    periods_per_year: float | None,
    are_returns: bool = True,
) -> FloatArray:
    """`count` numbers per column, shape (count, columns); NaN where the history is too short."""
    histories = _Histories.read(data, companions, are_returns=are_returns)
    result = np.full((count, histories.array.shape[1]), np.nan)
    for block in histories.blocks(minimum, data.index, periods_per_year):
        result[:, block.picked] = _finite(kernel, block)
    return result


def _finite(kernel: Callable[..., FloatArray], block: _Block) -> FloatArray:
    """What a kernel gives, NaN in place of a figure too large for a number."""
    with np.errstate(over="ignore"):
        result = kernel(block.array, *block.companions)
    return np.where(np.isinf(result), np.nan, result)


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
    def read(
        cls, data: Frame, companions: tuple[Rate, ...], name: str = "returns", *, are_returns: bool = True
    ) -> _Histories:
        values, first, last = limits(data, name, are_returns=are_returns)
        arrays = []
        for companion in companions:
            if not isinstance(companion, pd.Series | pd.DataFrame):
                check_number("benchmark or rate", companion, DataError)
                arrays.append(np.full((1, 1), float(companion)))
                continue
            needed = slice(int(first.min(initial=len(data))), int(last.max(initial=0)))
            array = numbers_of(_aligned(companion, data, needed), "benchmark or rate")
            names = _labels(companion)
            refuse_levels(array, data.index, names, "benchmark or rate")
            begins, ends = limits_of(array[needed], data.index[needed], names, "benchmark or rate")
            first, last = np.maximum(first, begins + needed.start), np.minimum(last, ends + needed.start)
            arrays.append(array)
        return cls(array=values, companions=arrays, first=first, last=last)

    def blocks(self, minimum: int, index: pd.Index, periods_per_year: float | None) -> Iterator[_Block]:
        """Columns with one and the same history, whose spacing is checked, together, but not too many at once."""
        spans = self.first * (len(self.array) + 1) + self.last  # one number for both: sorted many times faster
        for span in np.unique(spans):
            first, last = divmod(int(span), len(self.array) + 1)
            if last - first < minimum:
                continue
            rows = slice(first, last)
            check_spacing(index[rows], periods_per_year)
            picked = np.flatnonzero(spans == span)
            width = max(1, CELLS // (last - first))
            for begin in range(0, len(picked), width):
                part = picked[begin : begin + width]
                in_a_row = part[-1] - part[0] < len(part)
                columns = slice(int(part[0]), int(part[-1]) + 1) if in_a_row else part  # a view rather than a copy
                yield _Block(
                    rows=rows,
                    picked=part,
                    array=self.array[rows, columns],
                    companions=[
                        array if len(array) == 1 else array[rows] if array.shape[1] == 1 else array[rows, columns]
                        for array in self.companions
                    ],
                )


def _aligned(companion: pd.Series | pd.DataFrame, data: Frame, needed: slice) -> Frame:
    if isinstance(companion, pd.DataFrame) and not (
        isinstance(data, pd.DataFrame) and companion.columns.equals(data.columns)
    ):
        raise DataError(
            "a benchmark or rate given as a DataFrame must have the columns of the returns, in their order."
        )
    check_calendar(companion, data.index[needed], "benchmark or rate")
    return companion if companion.index.equals(data.index) else companion.reindex(data.index)


def numbers_of(data: Frame, name: str) -> FloatArray:
    """The cells as floats, shape (rows, columns); text, truth values and unordered rows are refused."""
    if not isinstance(data, pd.Series | pd.DataFrame):
        raise DataError(f"{name}: expected a pandas Series or DataFrame, found {type(data).__name__}.")
    check_order(data, name)
    dtypes = {data.dtype} if isinstance(data, pd.Series) else set(data.dtypes)
    others = [dtype for dtype in dtypes if not is_any_real_numeric_dtype(dtype)]
    if others and (others != [object] or not all(map(_is_number, data.to_numpy(dtype=object).ravel()))):
        raise DataError(f"{name}: expected numbers, found {data.dtypes!s}; convert the columns first.")
    try:
        values = data.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{name}: expected numbers, found {data.dtypes!s}; convert the columns first.") from error
    return values[:, None] if values.ndim == 1 else values


def _labels(data: Frame) -> list[Any]:
    return [data.name] if isinstance(data, pd.Series) else data.columns.tolist()


def _is_number(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, Real) and not isinstance(value, bool))
