"""Is A better than B, and do we know? Many levels at once, on their common days, with what can and cannot be told.

Three measures are compared: Sharpe ratio, growth (CAGR) and maximum drawdown. All are resampled in the same blocks,
day by day together, so that p-values can be corrected for the number of comparisons without throwing away that the
comparisons resemble each other. How often a verdict is wrong was measured (CONVENTIONS.md). Which of many is best, and
whether any beats a reference: `confidence_set.py`. Shapes, units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, suggest
from research.evaluation._calendar import check_spacing
from research.evaluation._columns import ROUNDING, Rate, companion_of, history, one_frame, per_period
from research.evaluation.drawdowns import depths
from research.evaluation.inference import long_run_variance
from research.evaluation.resampling.bootstrap import CHUNK, MOST_DRAWS, optimal_block_length
from research.typing import FloatArray, IntArray

MEASURES = ("sharpe_ratio", "cagr", "max_drawdown")
BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
UNDEFINED = 1e12  # a drawn statistic without a standard error: beyond any that was seen
LEAST_PERIODS = 100  # fewer say nothing about a difference; the verdict is then "cannot tell"
COLUMNS = ["first", "second", "measure", "first_value", "second_value", "difference", "lower", "upper"]
COLUMNS += ["p_value", "adjusted", "verdict", "start", "end"]


def compare(
    levels: pd.DataFrame,
    *,
    reference: str | None = None,
    base: str | None = None,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
    confidence: float = 0.95,
    draws: int = 2000,
    block_length: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Difference of Sharpe ratio, growth and maximum drawdown of many levels, each with interval, p-value and verdict.

    Sharpe ratio and growth: studentised circular block bootstrap of Ledoit and Wolf (2008). The difference over its
    standard error (delta method, Bartlett weights over a block) is held against the same of each draw, centred at the
    difference seen; the interval is symmetric. Maximum drawdown depends on the path and has no such standard error: the
    differences of resampled paths, centred at their mean, are the error of the one difference seen.

    Adjusted p-values are those of the step-down procedure of Romano and Wolf (2005) over all rows of the table. Holm
    would do without the draws, but treats comparisons with one and the same index as if they had nothing in common,
    and so finds less.

    Parameters
    ----------
    levels : DataFrame, shape (periods, at least 2)
        Levels or prices, each positive, with its own beginning and end; compared over the days that all of them have.
    reference : str, optional
        Compare this column with every other one; by default every pair, in the order of the columns.
    base : str, optional
        Compare every other column with this one; instead of `reference`.
    risk_free : float (annual) or Series (per period)
    periods_per_year : float
    confidence : float
        Of the intervals, each for itself; 1 − confidence is the chance of a single wrong verdict in the whole table.
    draws : int
        Resampled histories.
    block_length : int, optional
        Periods in a block; by default the longest of `optimal_block_length` of the columns, at most a tenth of the
        history.
    seed : int
        The same seed gives the same result.

    Returns
    -------
    DataFrame, one row per pair and measure
        first, second (str): what is compared. measure: "sharpe_ratio" (annual), "cagr" or "max_drawdown" (fractions,
        the drawdown negative). first_value, second_value. difference: first less second; of growth the geometric one,
        (1 + first) / (1 + second) − 1. lower, upper. p_value: two-sided, of no difference. adjusted: for all rows
        together. verdict: "better" or "worse" (the first than the second) where adjusted is below 1 − confidence, else
        "cannot tell". start, end (labels): the common history.
        NaN and "cannot tell" with fewer than 100 common periods, or where two columns do not differ.

    Raises
    ------
    DataError
        For a gap inside a history, levels that are not positive, an unknown reference or base, or both of them.

    Examples
    --------
    >>> compare(pd.DataFrame({"index": index.level, "bitcoin": market.price("bitcoin")}))  # doctest: +SKIP
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    check_number("draws", draws, DataError, whole=True, at_least=2, at_most=MOST_DRAWS)
    check_number("seed", seed, DataError, whole=True, at_least=0)
    returns = common_returns(levels, periods_per_year)
    if reference is not None and base is not None:
        raise DataError("give reference (first, then each other one) or base (each other one, then it), not both.")
    pairs = pairs_of(returns.columns, reference if base is None else base)
    if base is not None:
        pairs = [(other, own) for own, other in pairs]
    values = returns.to_numpy()
    rate = per_period(risk_free, periods_per_year)
    excess = values - (_rate_on(returns, rate) if isinstance(rate, pd.Series) else rate)
    first, second = (np.array([pair[side] for pair in pairs], dtype=np.intp) for side in (0, 1))
    seen = np.stack([_sharpe(excess) * np.sqrt(periods_per_year), _growth(values), _depth(values)])
    result = _table(returns, pairs, seen, periods_per_year)
    if len(values) < LEAST_PERIODS:
        return result
    block = block_of(returns) if block_length is None else block_length
    check_number("block_length", block, DataError, whole=True, at_least=1, at_most=len(values) // 4)
    starts = np.random.default_rng(seed).integers(0, len(values), (draws, -(-len(values) // block)))
    errors = [
        _studentised(excess, _sharpe_sums, starts, block, first, second),
        _studentised(np.log1p(values), _mean_sums, starts, block, first, second),
        _drawn_depths(values, starts, block, first, second),
    ]
    scale, drawn = (np.stack([error[part] for error in errors], axis=-1) for part in (0, 1))
    return _judged(result, scale.ravel(), drawn.reshape(draws, -1), confidence, periods_per_year)


def common_returns(levels: pd.DataFrame, periods_per_year: float) -> pd.DataFrame:
    """Simple returns over the days that all levels have; a gap inside a history raises, naming column and date."""
    one_frame(levels, "levels")
    if len(levels.columns) < 2 or not levels.columns.is_unique:
        raise DataError(f"levels: expected two columns at least, each with its own name; found {list(levels.columns)}.")
    known = pd.concat(
        [history(levels[name], "levels", are_returns=False) for name in levels.columns], axis=1, join="inner"
    )
    if (known <= 0).any(axis=None):
        raise DataError("levels: expected positive levels or prices, found a value of zero or below.")
    check_spacing(known.index, periods_per_year)
    return known.pct_change(fill_method=None).iloc[1:]


def step_down(statistics: FloatArray, drawn: FloatArray) -> FloatArray:
    """Family-wise adjusted p-values of Romano and Wolf (2005), step-down.

    Parameters
    ----------
    statistics : array, shape (tests,)
        Sizes of studentised statistics; NaN is no test and stays NaN.
    drawn : array, shape (draws, tests)
        Sizes of the same under the null, drawn jointly.
    """
    adjusted = np.full(len(statistics), np.nan)
    order = [test for test in np.argsort(-statistics, kind="stable") if np.isfinite(statistics[test])]
    reached = 0.0
    for place, test in enumerate(order):
        largest = drawn[:, order[place:]].max(axis=1)
        reached = max(reached, (1.0 + (largest >= statistics[test]).sum()) / (1.0 + len(drawn)))
        adjusted[test] = reached
    return adjusted


def _rate_on(returns: pd.DataFrame, rate: pd.Series) -> FloatArray:
    known = companion_of(returns.iloc[:, 0], rate, "risk_free").reindex(returns.index).to_numpy()
    if np.isnan(known).any():
        raise DataError("risk_free: it does not cover the days that the levels have in common; give it on all of them.")
    return np.asarray(known[:, None])


def pairs_of(columns: pd.Index, reference: str | None) -> list[tuple[int, int]]:
    """Places of the columns to compare; an unknown reference is an error."""
    if reference is None:
        return list(combinations(range(len(columns)), 2))
    if reference not in columns:
        raise DataError(f"reference: no level is called {reference!r}: {suggest(reference, map(str, columns))}")
    own = list(columns).index(reference)
    return [(own, other) for other in range(len(columns)) if other != own]


def block_of(returns: pd.DataFrame) -> int:
    """Periods in a block, the longest that a column asks for, at most a tenth of the history."""
    longest = max(optimal_block_length(returns[name]) for name in returns.columns)
    return max(1, min(round(longest), len(returns) // 10))


def _table(returns: pd.DataFrame, pairs: Sequence[tuple[int, int]], seen: FloatArray, year: float) -> pd.DataFrame:
    """The rows with what was seen, and nothing judged yet."""
    ends = (returns.index[0], returns.index[-1]) if len(returns) else (pd.NaT, pd.NaT)
    compound = np.expm1(seen[1] * year)
    shown = np.stack([seen[0], compound, seen[2]])
    rows = [
        (
            *(str(returns.columns[place]) for place in pair),
            measure,
            *(shown[number, place] for place in pair),
            np.expm1((seen[1, pair[0]] - seen[1, pair[1]]) * year)
            if measure == "cagr"
            else shown[number, pair[0]] - shown[number, pair[1]],
            *[np.nan] * 4,
            CANNOT_TELL,
            *ends,
        )
        for pair in pairs
        for number, measure in enumerate(MEASURES)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _judged(
    table: pd.DataFrame, scale: FloatArray, drawn: FloatArray, confidence: float, periods_per_year: float
) -> pd.DataFrame:
    """The rows with interval, p-value and verdict, from standard errors (rows,) and drawn statistics (draws, rows)."""
    table = table.copy()
    is_growth = (table["measure"] == "cagr").to_numpy()
    estimate = table["difference"].to_numpy(dtype=float, copy=True)
    estimate[is_growth] = np.log1p(estimate[is_growth]) / periods_per_year
    unit = np.where((table["measure"] == "sharpe_ratio").to_numpy(), np.sqrt(periods_per_year), 1.0)
    scale = np.where(scale > ROUNDING, scale * unit, np.nan)
    statistics = np.abs(estimate) / scale
    half = np.quantile(drawn, confidence, axis=0) * scale
    for name, bound in (("lower", estimate - half), ("upper", estimate + half)):
        with np.errstate(over="ignore"):  # a bound that a number cannot hold is missing
            bound[is_growth] = np.expm1(bound[is_growth] * periods_per_year)
        table[name] = np.where(np.isfinite(bound), bound, np.nan)
    p_value = (1.0 + (drawn >= statistics).sum(axis=0)) / (1.0 + len(drawn))
    table["p_value"] = np.where(np.isfinite(statistics), p_value, np.nan)
    table["adjusted"] = step_down(statistics, drawn)
    told = (table["adjusted"] < 1.0 - confidence).to_numpy()
    table["verdict"] = np.where(told, np.where(estimate > 0, BETTER, WORSE), CANNOT_TELL)
    return table


def _sharpe(excess: FloatArray) -> FloatArray:
    if len(excess) < 2:
        return np.full(excess.shape[1], np.nan)
    deviation = excess.std(axis=0, ddof=1)
    return np.asarray(excess.mean(axis=0) / np.where(deviation > ROUNDING, deviation, np.nan))


def _growth(values: FloatArray) -> FloatArray:
    return np.asarray(np.log1p(values).mean(axis=0)) if len(values) else np.full(values.shape[1], np.nan)


def _depth(values: FloatArray) -> FloatArray:
    return np.asarray(depths(values).min(axis=0)) if len(values) else np.full(values.shape[1], np.nan)


def _sharpe_sums(power: list[FloatArray], block: int) -> tuple[FloatArray, FloatArray]:
    """Sharpe ratio of each draw, and its influence summed over each block, from block sums of x and x².

    The influence of x on mean / deviation is z − SR (z² − 1) / 2 with z = (x − mean) / deviation.
    """
    one, two = power
    mean = one.mean(axis=-2, keepdims=True) / block
    variance = two.mean(axis=-2, keepdims=True) / block - mean**2
    deviation = np.sqrt(np.where(variance > ROUNDING**2, variance, np.nan))
    ratio = mean / deviation
    squares = (two - 2.0 * mean * one + block * mean**2) / deviation**2
    return ratio[..., 0, :], (one - block * mean) / deviation - ratio / 2.0 * (squares - block)


def _mean_sums(power: list[FloatArray], block: int) -> tuple[FloatArray, FloatArray]:
    """Mean of each draw, and its influence summed over each block."""
    mean = power[0].mean(axis=-2, keepdims=True) / block
    return mean[..., 0, :], power[0] - block * mean


def _studentised(
    values: FloatArray, figure: Any, starts: IntArray, block: int, first: IntArray, second: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Standard error of each difference, shape (pairs,), and the size of its drawn, centred t, (draws, pairs).

    Everything follows from sums over blocks: `values` are never gathered day by day.
    """
    starts = starts[:, : len(values) // block]
    power = [values, values**2]
    seen, influence = figure(power, 1)
    difference = seen[first] - seen[second]
    effect = influence[:, first] - influence[:, second]
    error = np.sqrt(long_run_variance(effect, block - 1) / len(values))
    sums = [_circular_sums(part, block) for part in power]
    drawn = np.empty((len(starts), len(first)))
    for begin in range(0, len(starts), CHUNK):
        part = starts[begin : begin + CHUNK]
        values_drawn, blocks = figure([each[part] for each in sums], block)
        effect = blocks[..., first] - blocks[..., second]
        count = part.shape[1]
        again = np.sqrt((effect**2).sum(axis=1)) / (count * block)
        gap = np.abs(values_drawn[:, first] - values_drawn[:, second] - difference)
        drawn[begin : begin + len(part)] = gap / np.where(again > 0, again, np.nan)
    return error, np.nan_to_num(drawn, nan=UNDEFINED)


def _drawn_depths(
    values: FloatArray, starts: IntArray, block: int, first: IntArray, second: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Spread of the difference of maximum drawdowns over resampled paths, (pairs,), and its size in each, centred."""
    length = len(values)
    wrapped = np.concatenate([values, values[:block]]).T  # so that no block ends
    gaps = np.empty((len(starts), len(first)))
    for begin in range(0, len(starts), CHUNK):
        part = starts[begin : begin + CHUNK]
        rows = (part[:, :, None] + np.arange(block)).reshape(len(part), -1)[:, :length]
        deepest = np.array([depths(series[rows].T).min(axis=0) for series in wrapped])
        gaps[begin : begin + len(part)] = (deepest[first] - deepest[second]).T
    spread = gaps.std(axis=0, ddof=1)
    return spread, np.abs(gaps - gaps.mean(axis=0)) / np.where(spread > 0, spread, np.inf)


def _circular_sums(values: FloatArray, block: int) -> FloatArray:
    """Sum of the `block` rows from each row on, wrapping round the end; shape of `values`."""
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), values, values[: block - 1]]), axis=0)
    return np.asarray(total[block:] - total[:-block])
