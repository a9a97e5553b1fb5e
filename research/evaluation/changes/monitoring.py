"""What is asked of an index every quarter: where it stands beside its benchmarks, and whether it calls for a review.

Shapes, units, NaN policy and annualisation as in `metrics.py`; daily returns, 365 a year. What a history is too short
for is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.evaluation.drawdowns import max_drawdown
from research.evaluation.metrics import annualized_volatility, returns_from_levels
from research.evaluation.overview import DAYS_PER_YEAR, headline_figures
from research.evaluation.periods import period_returns, resample_returns
from research.evaluation.relative import active_return
from research.evaluation.rolling import rolling_returns, rolling_sharpe

FEWEST = 30
"""Returns below which no volatility is stated."""


def standing(levels: pd.DataFrame) -> pd.DataFrame:
    """Where a level and its benchmarks stand, each over its own history.

    Parameters
    ----------
    levels : DataFrame, shape (days, at least 2)
        Daily levels or prices; the first column is the one asked about, the second its benchmark.

    Returns
    -------
    DataFrame, index = column of `levels`
        since, until (datetime), year_to_date, one_year, growth (CAGR; NaN below a year), volatility (a year),
        max_drawdown, drawdown (now), and year_to_date_less, one_year_less, growth_less: less the benchmark's, in
        points, so no geometric difference as `compare` has for growth; the last over the days that both have. NaN for
        the benchmark itself.

    Raises
    ------
    DataError
        As `headline_figures` does.
    """
    rows = {name: _stands(levels[name].dropna()) for name in levels.columns}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("series")
    second = levels.columns[1]
    for figure in ("year_to_date", "one_year"):
        table[f"{figure}_less"] = table[figure] - table[figure][second]
    table["growth_less"] = [_active(levels[[name, second]].dropna()) for name in levels.columns]
    table.loc[second, ["year_to_date_less", "one_year_less", "growth_less"]] = np.nan
    return table


def _stands(level: pd.Series) -> dict[str, object]:
    headline, returns = headline_figures(level), returns_from_levels(level)
    return {
        "since": headline.inception,
        "until": headline.as_of,
        "year_to_date": headline.year_to_date,
        "one_year": float(pd.Series(period_returns(returns))["1Y"]) if len(level) > 1 else np.nan,
        "growth": headline.growth,
        "volatility": annualized_volatility(returns) if len(level) > FEWEST else np.nan,
        "max_drawdown": max_drawdown(returns) if len(level) > 1 else np.nan,
        "drawdown": headline.drawdown,
    }


def _active(pair: pd.DataFrame) -> float:
    """Difference of growth over common days; NaN with less than a year of them."""
    if len(pair) <= DAYS_PER_YEAR or (pair.index[-1] - pair.index[0]).days < DAYS_PER_YEAR:
        return float("nan")
    returns = returns_from_levels(pair)
    return float(active_return(returns.iloc[:, 0], returns.iloc[:, 1]))


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """The quarterly questions, answered by numbers.

    Attributes
    ----------
    quarter, quarter_benchmark : float
        Returns of the quarter to date.
    last_quarter, last_quarter_benchmark : float
        Of the last whole calendar quarter.
    one_year, share_below : float
        Return of the last 365 days, and the share of the earlier one-year windows (those that ended before these days
        began) that were below it.
    share_positive, share_ahead, windows : float, float, int
        Share of all one-year windows that gained, and that were ahead of the benchmark; how many windows there are.
    sharpe, sharpe_benchmark : float
        Sharpe ratios of the last 365 days.
    days_behind : int
        How many days in a row, up to the last, the Sharpe ratio of the 365 days before was below the benchmark's.
    """

    quarter: float
    quarter_benchmark: float
    last_quarter: float
    last_quarter_benchmark: float
    one_year: float
    share_below: float
    share_positive: float
    share_ahead: float
    windows: int
    sharpe: float
    sharpe_benchmark: float
    days_behind: int


def monitoring(levels: pd.DataFrame, *, risk_free: float = 0.0) -> Monitoring:
    """`Monitoring` of a level beside its benchmark.

    Parameters
    ----------
    levels : DataFrame, shape (days, 2)
        Daily levels, the benchmark second; looked at over the days that both have.
    risk_free : float
        Annual rate, of the Sharpe ratios.
    """
    pair = levels.dropna()
    returns = returns_from_levels(pair).set_axis(["own", "other"], axis=1)
    to_date = [pd.Series(period_returns(returns[name]))["QTD"] for name in returns.columns]
    quarters = resample_returns(returns, "quarterly").dropna()
    rolled = rolling_returns(returns, DAYS_PER_YEAR).dropna()
    last = rolled["own"].iloc[-1] if len(rolled) else np.nan
    earlier = rolled["own"].iloc[:-DAYS_PER_YEAR]
    sharpes = rolling_sharpe(returns, DAYS_PER_YEAR, risk_free=risk_free).dropna()
    behind = (sharpes["own"] < sharpes["other"]).to_numpy()
    return Monitoring(
        quarter=float(to_date[0]),
        quarter_benchmark=float(to_date[1]),
        last_quarter=float(quarters["own"].iloc[-1]) if len(quarters) else np.nan,
        last_quarter_benchmark=float(quarters["other"].iloc[-1]) if len(quarters) else np.nan,
        one_year=float(last),
        share_below=float((earlier < last).mean()) if len(earlier) else np.nan,
        share_positive=float((rolled["own"] > 0).mean()) if len(rolled) else np.nan,
        share_ahead=float((rolled["own"] > rolled["other"]).mean()) if len(rolled) else np.nan,
        windows=len(rolled),
        sharpe=float(sharpes["own"].iloc[-1]) if len(sharpes) else np.nan,
        sharpe_benchmark=float(sharpes["other"].iloc[-1]) if len(sharpes) else np.nan,
        days_behind=int(len(behind) if behind.all() else np.argmin(behind[::-1])),
    )
