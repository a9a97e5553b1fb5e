"""Which index suits which investor: a ranking by stated criteria with stated weights.

It ranks what the past showed over one common period; it recommends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.checks import check_number
from research.errors import DataError, shown, suggest
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history
from research.evaluation.drawdowns import max_drawdown
from research.evaluation.metrics import annualized_volatility, cagr, sharpe_ratio, sortino_ratio
from research.evaluation.rolling import rolling_summary

CRITERIA = {  # True: more is better. Drawdown is negative, so more is better there as well.
    "max_drawdown": True,
    "annualized_volatility": False,
    "sharpe_ratio": True,
    "sortino_ratio": True,
    "rolling_share_positive": True,
    "rolling_worst": True,
    "cagr": True,
}
PROFILES: Mapping[str, Mapping[str, float]] = {
    "conservative": {
        "max_drawdown": 0.30,
        "annualized_volatility": 0.25,
        "rolling_worst": 0.15,
        "rolling_share_positive": 0.15,
        "sortino_ratio": 0.15,
    },
    "balanced": {
        "sharpe_ratio": 0.25,
        "sortino_ratio": 0.20,
        "max_drawdown": 0.20,
        "rolling_share_positive": 0.20,
        "cagr": 0.15,
    },
    "aggressive": {
        "cagr": 0.45,
        "sharpe_ratio": 0.20,
        "sortino_ratio": 0.20,
        "rolling_share_positive": 0.10,
        "max_drawdown": 0.05,
    },
}


def match_profile(
    returns: pd.DataFrame,
    profile: str = "balanced",
    *,
    weights: Mapping[str, float] | None = None,
    window: int = 365,
    minimum_history: int = 730,
    periods_per_year: float = 365,
) -> pd.DataFrame:
    """Rank indices for an investor.

    Each criterion is turned into a place among the candidates (1 best, 0 worst, ties share); the score is the weighted
    mean of the places. Candidates are compared over the period that those with enough history share, because a
    drawdown of a year that only one of them lived through is not a comparison.

    Parameters
    ----------
    returns : DataFrame of returns, one column per index
    profile : {"conservative", "balanced", "aggressive"}
        Its weights are in `PROFILES`.
    weights : mapping of criterion to weight, optional
        Weights of your own instead of the profile's; they are scaled to sum to one. Criteria: max_drawdown,
        annualized_volatility, sharpe_ratio, sortino_ratio, rolling_share_positive, rolling_worst, cagr.
    window : int
        Periods of the rolling returns.
    minimum_history : int
        A candidate with fewer returns is listed without a rank instead of shortening the period of the others.

    Returns
    -------
    DataFrame, index = candidate, best first
        rank (Int64, NA when left out), score (0 to 1), start and end of the comparison, and each criterion's value,
        over the common period. Criteria that are not defined for a candidate count as its worst place.
    """
    chosen = _weights(profile, weights)
    check_number("minimum_history", minimum_history, DataError, whole=True, at_least=1)
    if not isinstance(returns, pd.DataFrame) or not returns.columns.is_unique:
        raise DataError("returns: expected a DataFrame with one column per candidate, each named once.")
    dates = require_dates(returns)
    series = {label: history(returns[label], str(label)) for label in returns.columns}
    enough = [label for label, values in series.items() if len(values) >= minimum_history]
    if not enough:
        raise DataError(f"returns: no column has {minimum_history} returns; lower minimum_history or wait.")
    start = max(series[label].index[0] for label in enough)
    end = min(series[label].index[-1] for label in enough)
    common = returns.loc[(dates >= start) & (dates <= end), enough]
    if len(common) < minimum_history:
        raise DataError(
            f"returns: the candidates share {len(common)} periods ({start.date()} to {end.date()}), fewer than "
            f"{minimum_history}; compare those that lived at the same time."
        )
    values = _criteria(common, window, periods_per_year)
    places = pd.DataFrame({name: _places(values[name], better) for name, better in CRITERIA.items()})
    score = sum((places[name] * weight for name, weight in chosen.items()), start=pd.Series(0.0, index=enough))
    table = values.assign(score=score, start=start, end=end, rank=score.rank(ascending=False, method="min"))
    table = table.sort_values("score", ascending=False, kind="stable").reindex(
        [*score.sort_values(ascending=False, kind="stable").index, *(c for c in returns.columns if c not in enough)]
    )
    table["rank"] = table["rank"].astype("Int64")
    return table[["rank", "score", "start", "end", *CRITERIA]].rename_axis("candidate")


def _weights(profile: str, weights: Mapping[str, float] | None) -> dict[str, float]:
    if weights is None:
        if not isinstance(profile, str) or profile not in PROFILES:
            raise DataError(f"unknown profile {shown(profile)}: {suggest(profile, PROFILES)}")
        weights = PROFILES[profile]
    for name, weight in weights.items():
        if name not in CRITERIA:
            raise DataError(f"unknown criterion {shown(name)}: {suggest(name, CRITERIA)}")
        check_number(f"weight of {name!r}", weight, DataError, at_least=0)
    total = sum(weights.values())
    if not total > 0:
        raise DataError("the weights of the criteria sum to zero: give at least one a weight.")
    return {name: weight / total for name, weight in weights.items()}


def _criteria(returns: pd.DataFrame, window: int, periods_per_year: float) -> pd.DataFrame:
    rolled = rolling_summary(returns, window)
    return pd.DataFrame(
        {
            "max_drawdown": max_drawdown(returns),
            "annualized_volatility": annualized_volatility(returns, periods_per_year=periods_per_year),
            "sharpe_ratio": sharpe_ratio(returns, periods_per_year=periods_per_year),
            "sortino_ratio": sortino_ratio(returns, periods_per_year=periods_per_year),
            "rolling_share_positive": rolled.loc["share_positive"],
            "rolling_worst": rolled.loc["worst"],
            "cagr": cagr(returns, periods_per_year=periods_per_year),
        }
    )


def _places(values: pd.Series, more_is_better: bool) -> pd.Series:
    """1 for the best, 0 for the worst; 1 for an only candidate."""
    rank = values.rank(ascending=more_is_better, na_option="top")  # "top" is the lowest rank: the worst place
    return (rank - 1.0) / (len(values) - 1.0) if len(values) > 1 else rank * 0.0 + 1.0
