"""Where the history of a column begins and ends, and whether its numbers can be returns at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import day, usual_step
from research.typing import FloatArray, IntArray

LARGEST = 1e30  # a larger level or return is a fault of the data; its moments would overflow
FEWEST_LEVELS = 10  # rows from which levels are told from returns
MOST_GROWTH = 100.0  # a year, of returns that never fall


def refuse_levels(values: FloatArray, index: pd.Index, labels: list[Any], name: str) -> None:
    """Refuse levels (prices) where returns are expected: never negative, and far more than returns could be on average.

    Returns that are all above zero exist (a deposit's), but not ten in a row that would make a hundredfold of a year,
    or half as much again of every period where there are no dates. Prices smaller than that stay unseen.
    """
    if len(values) < FEWEST_LEVELS:
        return
    # returns fall within a hundred rows, nearly always: the rest is looked through for the others alone
    suspects = np.flatnonzero(~(np.fmin.reduce(values[:100], axis=0) <= 0))
    if not len(suspects):
        return
    step = usual_step(index)
    limit = MOST_GROWTH ** (step / 365.25) - 1.0 if step and step < 365 else 0.5
    if values.max() <= limit:  # as rates are; false where there is a NaN
        return
    never_falls = suspects[np.fmin.reduce(values[:, suspects], axis=0) > 0]
    for column in never_falls:
        known = values[~np.isnan(values[:, column]), column]
        if len(known) >= FEWEST_LEVELS and known.mean() > limit:
            raise DataError(
                f"{name}: column {labels[column]!r} is above zero in all of its {len(known)} rows, {known.mean():.4g} "
                "on average: these look like levels or prices, not returns. Take returns_from_levels of them first."
            )


def limits_of(values: FloatArray, index: pd.Index, labels: list[Any], name: str) -> tuple[IntArray, IntArray]:
    """First row and one past the last row of each column's history; a NaN or an infinity inside is an error."""
    length, width = values.shape
    if not values.size or -LARGEST <= values.min() <= values.max() <= LARGEST:  # false where there is a NaN
        return np.zeros(width, dtype=np.intp), np.full(width, length, dtype=np.intp)
    known = np.abs(values) <= LARGEST
    any_known = known.any(axis=0)
    first = np.where(any_known, known.argmax(axis=0), length)
    last = np.where(any_known, length - known[::-1].argmax(axis=0), length)
    row = np.arange(length)[:, None]
    faulty = ~known & (((row >= first) & (row < last)) | ~np.isnan(values))
    if faulty.any():
        where, column = np.argwhere(faulty)[0]
        raise DataError(
            f"{name}: column {labels[column]!r} holds {values[where, column]} on {day(index[where])}; gaps inside "
            f"the history and numbers beyond {LARGEST:g} are not allowed, leading and trailing gaps are. Repair or "
            "drop them on purpose first."
        )
    return first, last
