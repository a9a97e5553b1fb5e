"""Sampling error of any figure by the stationary block bootstrap.

Daily crypto returns come in clusters, so whole blocks of days are drawn: the stationary bootstrap of Politis and
Romano (1994). The mean block length is chosen by Politis and White (2004), corrected by
Patton, Politis and White (2009), for the returns and for the size of their deviations from the mean (the clustering of
volatility), the longer of the two. Benchmark and risk-free rate are drawn with the returns, day by day together.

How often such intervals hold the true value was measured (CONVENTIONS.md): for means, Sharpe ratios and alpha about as
often as they say; for volatility, beta and tails they are too narrow when volatility comes in long clusters, and no
block length cures that: those intervals are in `intervals.py`. Figures that depend on the length of the history or on
its order (total return, maximum drawdown, Calmar, Ulcer) have no fixed true value: theirs is the range in which a
fresh history of the same length should end (`nested_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import companion_of, history
from research.evaluation.resampling.block_length import politis_white
from research.typing import FloatArray, IntArray

Metric = Callable[..., Any]
CHUNK = 100  # draws handed to a metric at once: a few megabytes, which stay in the processor's cache
PART = 50  # draws made at once by `resampled_rows`; another number would draw other histories
MOST_DRAWS = 100_000
MINIMUM = 20  # periods: with less, an interval would only look like information


def bootstrap_interval(
    metric: Metric,
    returns: pd.Series,
    *,
    benchmark: pd.Series | None = None,
    confidence: float = 0.95,
    draws: int = 2000,
    block_length: float | None = None,
    seed: int = 0,
) -> pd.Series:
    """Value of a metric with a percentile interval from resampled histories.

    Parameters
    ----------
    metric : callable
        `metric(returns)`, or `metric(returns, benchmark)` when a benchmark is given. Like every metric of this
        package it turns a Series into a float, and a DataFrame (one column per draw) into a Series by column.
    returns : Series
    benchmark : Series, optional
        Returns of the benchmark; the common history is used, and both are drawn together.
    confidence : float
        Share of the draws inside the interval.
    draws : int
    block_length : float, optional
        Mean block length in periods; chosen from the data by default (`optimal_block_length`).
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Series: value, lower, upper, standard_error
        Interval and standard error are NaN with fewer than 20 periods, or where the metric is undefined in more than
        a tenth of the draws.

    Raises
    ------
    DataError
        For a NaN inside the history, a benchmark with gaps, an impossible confidence, draws or block length.
    """
    table = bootstrap_intervals(
        {"metric": metric},
        returns,
        benchmark=benchmark,
        confidence=confidence,
        draws=draws,
        block_length=block_length,
        seed=seed,
    )
    return table.iloc[0].rename(None)


def bootstrap_intervals(
    metrics: Mapping[str, Metric],
    returns: pd.Series,
    *,
    benchmark: pd.Series | None = None,
    confidence: float = 0.95,
    draws: int = 2000,
    block_length: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Several metrics on the same resampled histories: one row per metric, columns as in `bootstrap_interval`.

    Parameters
    ----------
    metrics : mapping of name to callable
        As `metric` of `bootstrap_interval`: of returns, or of returns and benchmark.

    Returns
    -------
    DataFrame, index = metric
        value, lower, upper, standard_error, as in `bootstrap_interval`.
    """
    sample = common_history(returns, [] if benchmark is None else [benchmark])
    rows = None
    if len(sample[0]) >= MINIMUM:
        if block_length is None:
            block_length = max(optimal_block_length(series) for series in sample)
        rows = resampled_rows(len(sample[0]), draws=draws, block_length=block_length, seed=seed)
    return interval_table(
        list(metrics), lambda *given: [metric(*given) for metric in metrics.values()], sample, rows, confidence
    )


def optimal_block_length(returns: pd.Series) -> float:
    """Mean block length of the stationary bootstrap in periods, the longer of those for returns and for their size.

    At least 1 (independent draws); NaN with fewer than 20 returns. Source: Politis and White (2004), Patton, Politis
    and White (2009).

    Returns
    -------
    float
        Periods.
    """
    values = history(returns).to_numpy()
    if len(values) < MINIMUM:
        return float("nan")
    if np.ptp(values) == 0:
        return 1.0
    sizes = np.abs(values - values.mean())  # a single day weighs less in them than in squares
    lengths = [politis_white(series) for series in (values, sizes) if np.ptp(series) > 0]
    return float(np.nanmax([1.0, *lengths]))


def interval_table(
    names: list[str], figures: Metric, sample: list[pd.Series], rows: IntArray | None, confidence: float
) -> pd.DataFrame:
    """Columns as in `bootstrap_interval`, for several figures of the same resampled histories.

    `figures` gives one for each name, of returns and companions (benchmark, risk-free rate) over their common history,
    which are drawn together. With `rows` of `resampled_rows` lower and upper are a confidence interval. With those of
    `nested_rows`, for figures of a path, they are the range into which a fresh history of this length should fall.
    Without any (fewer than `MINIMUM` periods) they are NaN.
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    table = pd.DataFrame(
        np.nan, index=pd.Index(names, name="metric"), columns=["value", "lower", "upper", "standard_error"]
    )
    table["value"] = [*figures(*sample)]
    if rows is None:
        return table
    drawn = draw_figures(len(names), figures, sample, rows)
    enough = np.isfinite(drawn).mean(axis=1) >= 0.9
    tails = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    bounds = np.full((len(names), 3), np.nan)
    for row in np.flatnonzero(enough):
        good = drawn[row][np.isfinite(drawn[row])]
        bounds[row] = [*np.quantile(good, tails), good.std(ddof=1)]
    table[["lower", "upper", "standard_error"]] = bounds
    return table


def draw_figures(count: int, figures: Metric, sample: list[pd.Series], rows: IntArray) -> FloatArray:
    """Each figure on each resampled history, shape (figures, draws); `rows` as `resampled_rows` gives them."""
    arrays = [series.to_numpy() for series in sample]
    result = np.full((count, len(rows)), np.nan)
    for begin in range(0, len(rows), CHUNK):
        part = slice(begin, begin + CHUNK)
        frames = [pd.DataFrame(array[rows[part]].T, copy=False) for array in arrays]
        for number, drawn in enumerate(figures(*frames)):
            result[number, part] = drawn
    return result


def resampled_rows(length: int, *, draws: int, block_length: float, seed: int, size: int | None = None) -> IntArray:
    """Row numbers of the stationary bootstrap, shape (draws, size); blocks wrap round the end of the history.

    `size` is the length of a history by default. Each place begins a new block, at a row of its own, with probability
    1 / block_length.
    """
    check_number("block_length", block_length, DataError, at_least=1)
    check_number("seed", seed, DataError, whole=True, at_least=0)
    check_number("draws", draws, DataError, whole=True, at_least=2, at_most=MOST_DRAWS)
    rng = np.random.default_rng(seed)
    rows = np.empty((draws, length if size is None else size), dtype=np.intp)
    for first in range(0, draws, PART):
        part = rows[first : first + PART]
        begins = rng.random(part.shape, dtype=np.float32) < 1.0 / block_length
        begins[:, 0] = True
        places = np.flatnonzero(begins)  # of all draws of this part, one behind the other
        drawn = rng.integers(0, length, len(places))
        flat = part.reshape(-1)
        flat[:] = 1  # steps from place to place, which add up to rows
        flat[places] += np.diff(drawn - places, prepend=1)
        np.cumsum(flat, out=flat)
        while (beyond := flat >= length).any():  # far cheaper than a remainder
            flat -= beyond * length
    return rows


def nested_rows(length: int, horizon: int, *, draws: int, block_length: float, seed: int) -> IntArray:
    """Row numbers of resampled futures, shape (draws, horizon), each drawn from a resampled past of its own.

    What the mean return really is is not known from a few years, and futures drawn from the one past seen would
    pretend that it is. A horizon beyond the history joins several samples.
    """
    past = resampled_rows(length, draws=draws, block_length=block_length, seed=seed)
    return rows_of_pasts(past, horizon, block_length=block_length, seed=seed)


def rows_of_pasts(past: IntArray, horizon: int, *, block_length: float, seed: int) -> IntArray:
    """`nested_rows` of pasts that are resampled already, shape (draws, length)."""
    draws, length = past.shape
    pieces = -(-horizon // length)
    rows = resampled_rows(length, draws=draws * pieces, block_length=block_length, seed=seed + 1_000_003)
    rows = rows.reshape(draws, -1)[:, :horizon]
    rows += np.arange(0, past.size, length)[:, None]  # from the row of a past to its place among all of them
    return past.take(rows)


def common_history(returns: pd.Series, companions: list[pd.Series]) -> list[pd.Series]:
    """Returns and companions over the history they share; a gap inside raises, naming the date."""
    sample = [history(returns)]
    for companion in companions:
        sample.append(companion_of(sample[0], companion))
        sample = [series.reindex(sample[-1].index) for series in sample]
    return sample
