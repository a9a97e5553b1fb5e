"""Growth, risk and trading of many levels of one market over the same days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.evaluation import annualized_volatility, cagr, max_drawdown, returns_from_levels, sharpe_ratio

COLUMNS = ("total_return", "cagr", "annualized_volatility", "sharpe_ratio", "max_drawdown")


def level_figures(levels: pd.DataFrame, *, risk_free: float = 0.0) -> pd.DataFrame:
    """What is taken from levels alone, a row for each.

    Parameters
    ----------
    levels : DataFrame, shape (days, levels)
        Without gaps, each from its first day to its last.
    risk_free : float
        Annual rate, for the Sharpe ratio.

    Returns
    -------
    DataFrame
        total_return, cagr, annualized_volatility, sharpe_ratio, max_drawdown (fractions; 365 days a year). A level that
        has lost everything has -1 for its return, growth and drawdown; what needs returns from zero on is NaN.
    """
    lost = lost_levels(levels)
    left = levels.drop(columns=lost)
    table = pd.DataFrame(np.nan, index=levels.columns, columns=list(COLUMNS))
    if len(left.columns):
        returns = returns_from_levels(left)
        kept = pd.DataFrame(
            {
                "total_return": left.iloc[-1] / left.iloc[0] - 1.0,
                "cagr": cagr(returns),
                "annualized_volatility": annualized_volatility(returns),
                "sharpe_ratio": sharpe_ratio(returns, risk_free=risk_free),
                "max_drawdown": max_drawdown(returns),
            }
        )
        table.loc[left.columns] = kept
    table.loc[lost, ["total_return", "cagr", "max_drawdown"]] = -1.0
    return table


def lost_levels(levels: pd.DataFrame) -> list[str]:
    """Those that end at zero."""
    return [str(name) for name in levels if not levels[name].iloc[-1] > 0]
