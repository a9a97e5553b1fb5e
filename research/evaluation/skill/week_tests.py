"""Mean or ratio of something measured once a week (or at other equal steps), with an error that allows for memory.

The calls of one week share the week's market, so a week is one observation however many assets it has. What is tested
with it is in `rank_ic.py`, `calls.py` and `quantile_spread.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import ROUNDING, numbers_of
from research.evaluation._distributions import student_t
from research.evaluation.inference import automatic_lags, long_run_variance
from research.typing import FloatArray

MINIMUM = 20  # periods: with less, an interval would only look like information
TEST = ["value", "standard_error", "t_statistic", "p_value", "lower", "upper", "lags", "periods"]
SKILL, NO_EVIDENCE, WORSE = "skill", "no evidence", "worse than chance"


def mean_test(
    values: pd.Series,
    *,
    per: pd.Series | None = None,
    overlap: int = 0,
    lags: int | None = None,
    confidence: float = 0.95,
) -> pd.Series:
    """A mean, or the ratio of two sums, against zero, robust to autocorrelation and changing variance.

    The t statistic is Newey and West's (Bartlett kernel, no small-sample correction). p-value (two-sided) and interval
    come from Student's distribution with 1.5 T/M degrees of freedom after multiplying t by √(1 − M/T), M = lags + 1:
    the mean is estimated too, and the normal distribution would reject too often. For a ratio Σx/Σd the error is that
    of (x − ratio·d)/mean(d).

    Parameters
    ----------
    values : Series
        One number per period. Periods with NaN are left out, and their neighbours count as adjacent.
    per : Series, optional
        Denominators on the same periods (the number of calls, say), none negative.
    overlap : int
        Periods by which neighbouring labels overlap: 0 for labels that end where the next begins. A lower bound of
        `lags`.
    lags : int, optional
        ⌊4 (T/100)^(2/9)⌋ by default (Newey and West, 1994), or `overlap` where that is more.

    Returns
    -------
    Series: value, standard_error, t_statistic, p_value, lower, upper, lags, periods
        All but the value, lags and periods are NaN with fewer than 20 periods, without variation, or where the lags
        are a third of the periods or more.

    Raises
    ------
    DataError
        For infinite numbers, other periods in `per`, or impossible lags.

    References
    ----------
    Newey and West (1987); Kiefer and Vogelsang (2005), A new asymptotic theory for HAC robust tests; Priestley (1981)
    for the equivalent degrees of freedom.
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    check_number("overlap", overlap, DataError, whole=True, at_least=0)
    x, d = _known(values, per)
    periods = len(x)
    if lags is None:
        lags = max(automatic_lags(periods), overlap) if periods else overlap
    check_number("lags", lags, DataError, whole=True, at_least=overlap)
    result = pd.Series(np.nan, index=TEST)
    result["lags"], result["periods"] = lags, periods
    if not d.sum() > 0:
        return result
    value = result["value"] = x.sum() / d.sum()
    span = (lags + 1) / periods
    if periods < MINIMUM or span > 1 / 3:
        return result
    errors = ((x - value * d) / d.mean())[:, None]
    variance = float(long_run_variance(errors, lags)[0])
    if not variance > (ROUNDING * max(abs(value), float(np.abs(errors).max()))) ** 2:
        return result
    error, shrink = np.sqrt(variance / periods), np.sqrt(1.0 - span)
    freedom = min(1.5 / span, periods - 1.0)
    half = student_t.ppf((1.0 + confidence) / 2.0, freedom) * error / shrink
    result["standard_error"], result["t_statistic"] = error, value / error
    result["p_value"] = 2.0 * student_t.sf(abs(value / error) * shrink, freedom)
    result["lower"], result["upper"] = value - half, value + half
    return result


def skill_verdict(lower: float, upper: float) -> str:
    """What an interval about zero says: "skill" above it, "worse than chance" below it, else "no evidence".

    An interval that could not be worked out (NaN) is no evidence.

    Returns
    -------
    str
    """
    if lower > 0:
        return SKILL
    return WORSE if upper < 0 else NO_EVIDENCE


def panel(data: pd.DataFrame, name: str, like: pd.DataFrame | None = None) -> FloatArray:
    """The cells of a frame of dates x assets as floats; NaN is allowed, infinity is not, nor other rows or columns."""
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"{name}: expected a DataFrame of dates x assets, found {type(data).__name__}.")
    same_shape(data, name, like)
    values = numbers_of(data, name)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise DataError(
            f"{name}: {data.columns[column]!r} is {values[row, column]} on {data.index[row]}; expected a number, or "
            "NaN where there is none."
        )
    return values


def same_shape(data: pd.DataFrame, name: str, like: pd.DataFrame | None) -> None:
    """DataError where two frames that belong together have not the same rows and columns."""
    if not data.columns.is_unique:
        raise DataError(f"{name}: two columns are called {data.columns[data.columns.duplicated()][0]!r}: keep one.")
    if like is not None and not (data.index.equals(like.index) and data.columns.equals(like.columns)):
        raise DataError(
            f"{name}: shape {data.shape} beside {like.shape}, or other rows or columns; expected the same dates and "
            "assets in the same order: reindex one like the other."
        )


def _known(values: pd.Series, per: pd.Series | None) -> tuple[FloatArray, FloatArray]:
    if not isinstance(values, pd.Series):
        raise DataError(f"values: expected a Series by date, found {type(values).__name__}.")
    per = pd.Series(1.0, values.index) if per is None else per
    if not (isinstance(per, pd.Series) and per.index.equals(values.index)):
        raise DataError("per: expected a Series on the dates of the values.")
    x, d = numbers_of(values, "values")[:, 0], numbers_of(per, "per")[:, 0]
    keep = ~(np.isnan(x) | np.isnan(d))
    x, d = x[keep], d[keep]
    if not (np.isfinite(x).all() and np.isfinite(d).all() and (d >= 0).all()):
        raise DataError("values: expected finite numbers or NaN, and denominators of zero or more.")
    return x, d
