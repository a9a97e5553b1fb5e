"""One look at a level beside its benchmarks: the few figures of risk and return that a first reader asks for."""

from __future__ import annotations

import pandas as pd

from research.errors import DataError
from research.evaluation.comparisons.comparison import compare
from research.evaluation.drawdowns import drawdown_table, max_drawdown
from research.evaluation.metrics import annualized_volatility, cagr, returns_from_levels, sharpe_ratio
from research.evaluation.tails import expected_shortfall

COMPARED = ("cagr", "sharpe_ratio", "max_drawdown")


def risk_beside(levels: pd.DataFrame, *, risk_free: float = 0.0, draws: int = 1000) -> pd.DataFrame:
    """Return and risk of a level and of its benchmarks, over the days that all of them have.

    Parameters
    ----------
    levels : DataFrame, shape (days, at least 2)
        Daily levels or prices, each positive; the first column is the one asked about, the second its benchmark.
    risk_free : float
        Annual rate, of the Sharpe ratio.
    draws : int
        Resampled histories behind the intervals.

    Returns
    -------
    DataFrame, index = figure: cagr, annualized_volatility, sharpe_ratio, max_drawdown, expected_shortfall, worst_day,
    longest_drawdown
        One column for each level: fractions a year, of a day, or of the highest level; the Sharpe ratio a ratio, the
        longest drawdown days from a high until it was reached again, or until now. difference: first less second, of
        growth the geometric one, (1 + first) / (1 + second) − 1 (in points it is `active_return`). lower, upper,
        verdict: of the difference, by `compare`, for the three figures that it compares; NaN and "" for the others, for
        which no such interval has been measured.

    Raises
    ------
    DataError
        With fewer than two columns, and for what `compare` refuses.
    """
    if levels.shape[1] < 2:
        raise DataError("levels: one column, expected the level and one benchmark at least. Add a column.")
    levels = levels.dropna()
    table, (first, second) = risk_figures(levels, risk_free=risk_free), levels.columns[:2]
    compared = compare(levels[[first, second]], risk_free=risk_free, draws=draws).set_index("measure")
    told = compared.loc[list(COMPARED), ["difference", "lower", "upper", "verdict"]]
    table["difference"] = told["difference"].reindex(table.index).fillna(table[first] - table[second])
    return table.join(told.drop(columns="difference")).fillna({"verdict": ""})


def risk_figures(levels: pd.DataFrame, *, risk_free: float = 0.0) -> pd.DataFrame:
    """The figures of `risk_beside` of any number of daily levels, one column each, without differences."""
    returns = returns_from_levels(levels)
    falls = [drawdown_table(returns[name]) for name in returns]
    return pd.DataFrame(
        {
            "cagr": cagr(returns),
            "annualized_volatility": annualized_volatility(returns),
            "sharpe_ratio": sharpe_ratio(returns, risk_free=risk_free),
            "max_drawdown": max_drawdown(returns),
            "expected_shortfall": expected_shortfall(returns),
            "worst_day": returns.min(),
            "longest_drawdown": pd.Series([fall["periods"].max() for fall in falls], returns.columns, dtype=float),
        }
    ).T.rename_axis("figure")
