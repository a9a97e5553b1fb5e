"""What to expect if the future resampled the past, and whether such forecasts held.

The caveat belongs to every figure here: a market that changes its character is outside of any resampled past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history
from research.evaluation._growth import total_growth
from research.evaluation.drawdowns import depths
from research.evaluation.resampling.bootstrap import MINIMUM, nested_rows, optimal_block_length
from research.evaluation.verdicts import CANNOT_TELL
from research.typing import FloatArray

CAVEAT = "Repeats the past: resampled from the history shown, without new kinds of events and without a view."
MOST_PERIODS = 36_500  # ahead: a century of days
WORSE = 0.2  # below the share that forecasts promise: what a look back must be able to rule out
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def expectations(
    returns: pd.Series,
    *,
    horizons: Sequence[int] = (365, 1095),
    quantiles: Sequence[float] = QUANTILES,
    draws: int = 2000,
    block_length: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Distribution of total return and maximum drawdown over the coming periods, by the stationary bootstrap.

    The uncertainty about the mean return is part of it: each draw resamples the past, then a future from that past.

    Parameters
    ----------
    returns : Series
    horizons : sequence of int, periods (one and three years of daily data by default)
    quantiles : sequence of float between 0 and 1
    draws, block_length, seed
        As in `bootstrap_interval`.

    Returns
    -------
    DataFrame, index = (horizon, measure) with measure "total_return" or "max_drawdown"
        One column per quantile, named by it (fractions), and share_negative: the share of draws below zero.
        `attrs["caveat"]` says what it is not. NaN with fewer than 20 returns.
    """
    series = history(returns)
    _check({f"horizons[{n}]": horizon for n, horizon in enumerate(horizons)})
    for quantile in quantiles:
        check_number("quantiles", quantile, DataError, above=0, below=1, fraction="a probability")
    index = pd.MultiIndex.from_product([horizons, ["total_return", "max_drawdown"]], names=["horizon", "measure"])
    table = pd.DataFrame(np.nan, index=index, columns=[*quantiles, "share_negative"])
    table.attrs["caveat"] = CAVEAT
    if len(series) < MINIMUM:
        return table
    block = optimal_block_length(series) if block_length is None else block_length
    for horizon in horizons:
        paths = simulate_paths(series.to_numpy(), horizon, draws=draws, block_length=block, seed=seed)
        for measure, values in {
            "total_return": total_growth(paths) - 1.0,
            "max_drawdown": depths(paths).min(axis=0),
        }.items():
            table.loc[(horizon, measure)] = [*np.quantile(values, quantiles), (values < 0).mean()]
    return table


def forecast_record(
    returns: pd.Series,
    *,
    horizon: int = 365,
    first: int = 730,
    step: int = 30,
    coverage: float = 0.9,
    draws: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Forecasts as they would have been made in the past, beside what came.

    At each forecast date the interval of the total return is drawn from the returns up to and including that date only.

    Parameters
    ----------
    horizon : int
        Periods ahead.
    first : int
        Returns before the first forecast.
    step : int
        Periods between forecasts.
    coverage : float
        Share of outcomes that should fall inside.

    Returns
    -------
    DataFrame, index = forecast date
        lower, upper, realised (fractions), inside (bool), rank: share of the drawn returns below the realised one.
        Empty when the history is too short for one forecast.
        `attrs` carries horizon, step and coverage for `forecast_calibration`.
    """
    series = history(returns)
    require_dates(series)
    _check({"horizon": horizon, "first": first, "step": step})
    check_number("coverage", coverage, DataError, above=0, below=1, fraction="a probability")
    values = series.to_numpy()
    tails = [(1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0]
    rows, dates = [], []
    for number, made in enumerate(range(max(first, MINIMUM), len(values) - horizon + 1, step)):
        block = optimal_block_length(series.iloc[:made])
        paths = simulate_paths(values[:made], horizon, draws=draws, block_length=block, seed=seed + number)
        drawn = total_growth(paths) - 1.0
        lower, upper = np.quantile(drawn, tails)
        realised = total_growth(values[made : made + horizon, None])[0] - 1.0
        rows.append((lower, upper, realised, lower <= realised <= upper, float((drawn < realised).mean())))
        dates.append(series.index[made - 1])
    record = pd.DataFrame(
        rows, columns=["lower", "upper", "realised", "inside", "rank"], index=pd.DatetimeIndex(dates, name="made")
    )
    record.attrs |= {"horizon": horizon, "step": step, "coverage": coverage}
    return record


def forecast_calibration(record: pd.DataFrame) -> pd.Series:
    """Did the outcomes fall inside the forecasts as often as they should?

    The share seen is taken for that of as many forecasts as do not overlap. "no": good forecasts come out below the
    central 95 % of their binomial distribution. "yes": forecasts whose true share is `WORSE` (20 points) lower come out
    this high in at most 5 % of cases, so that it takes nine independent ones at least for a share of 90 %.

    Parameters
    ----------
    record : DataFrame from `forecast_record`

    Returns
    -------
    Series
        expected (share), inside (share seen), forecasts (how many), independent (how many of them do not overlap),
        lower, upper: the central 95 % of the share that `independent` good forecasts would show; held ("yes", "no" or
        "cannot tell").
    """
    if not isinstance(record, pd.DataFrame) or not {"coverage", "step", "horizon"} <= set(record.attrs):
        raise DataError("record: expected the table that forecast_record gives, with its attrs; it was changed since.")
    expected = float(record.attrs["coverage"])
    count = len(record)
    span = (count - 1) * record.attrs["step"] if count else 0
    independent = min(count, 1 + span // record.attrs["horizon"]) if count else 0
    inside = float(record["inside"].mean()) if count else np.nan
    lower = upper = np.nan
    held = CANNOT_TELL
    if independent:
        from scipy.stats import binom  # here: importing scipy.stats takes longer than pandas

        lower, upper = binom.ppf([0.025, 0.975], independent, expected) / independent
        as_good = binom.sf(np.floor(inside * independent) - 1, independent, max(expected - WORSE, 0.0))
        held = "no" if inside < lower else "yes" if as_good <= 0.05 else CANNOT_TELL
    return pd.Series(
        {
            "expected": expected,
            "inside": inside,
            "forecasts": count,
            "independent": independent,
            "lower": lower,
            "upper": upper,
            "held": held,
        },
        dtype=object,
    )


def simulate_paths(values: FloatArray, horizon: int, *, draws: int, block_length: float, seed: int) -> FloatArray:
    """Returns of resampled futures, shape (horizon, draws).

    Each future is drawn from a resampled past of its own (`nested_rows`): what really is the mean return is not known
    from a few years, and futures drawn from the one past seen would pretend that it is.
    """
    rows = nested_rows(len(values), horizon, draws=draws, block_length=block_length, seed=seed)
    return np.asarray(values[rows].T)


def _check(periods: Mapping[str, int]) -> None:
    for name, count in periods.items():
        check_number(name, count, DataError, whole=True, at_least=1, at_most=MOST_PERIODS)
