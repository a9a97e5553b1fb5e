"""Which index suits which investor: a ranking by stated criteria with stated weights.

It ranks what the past showed over one common period; it recommends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, shown, suggest
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history
from research.evaluation.drawdowns import max_drawdown
from research.evaluation.inference import automatic_lags, long_run_variance
from research.evaluation.metrics import annualized_volatility, cagr, sharpe_ratio, sortino_ratio
from research.evaluation.resampling.bootstrap import MINIMUM, nested_rows, optimal_block_length
from research.evaluation.rolling import rolling_summary
from research.evaluation.verdicts import CANNOT_TELL, verdict_of

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
    risk_free: float = 0.0,
    periods_per_year: float = 365,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank indices for an investor, and say how much of the ranking is chance.

    Each criterion is turned into a place among the candidates (1 best, 0 worst, ties share); the score is the weighted
    mean of the places. Candidates are compared over the period that those with enough history share, because a
    drawdown of a year that only one of them lived through is not a comparison.

    The ranking is then repeated on other histories of the same length, drawn like `expectations` from resampled pasts
    (all candidates by the same days), so that what is unknown about the past is part of it. A candidate that is really
    better is first in most of them; candidates that differ by chance take turns. The mean returns are drawn together
    first, by as much as their differences would be chance (James and Stein), for the first was chosen for its luck.

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
    risk_free : float
        Annual rate, of the Sharpe ratio; and what the Sortino ratio takes as the least return.
    draws, seed : int
        Histories drawn, and the seed that makes them the same again. With 200 of them a probability is known to within
        seven points.

    Returns
    -------
    DataFrame, index = candidate, best first
        rank (Int64, NA when left out), score (0 to 1), probability_first (share of the drawn histories in which it has
        the best score, ties shared), probability_ahead (share in which its score is above that of the candidate ranked
        first, ties counting half: for the second, the probability that the two change places), start and end of the
        comparison, and each criterion's value, over the common period. Criteria that are not defined for a candidate
        count as its worst place. `attrs["weights"]` has the weight of each criterion that counts, `attrs["above"]` for
        each ranked candidate the share of the drawn histories in which its score is above that of each other one (ties
        counting half; empty where none are drawn), and `attrs["verdict"]` whether the first is better than each other
        one: "yes" where none of them is ahead of it in more than 5 % of the drawn histories, else "cannot tell".
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
    values = _criteria(common, window, risk_free, periods_per_year)
    score = _score(values, chosen)
    order = score.sort_values(ascending=False, kind="stable").index
    table = values.assign(score=score, rank=score.rank(ascending=False, method="min").astype("Int64"))
    table = table.assign(probability_first=np.nan, probability_ahead=np.nan, start=start, end=end)
    above: dict[Any, dict[Any, float]] = {}
    if len(common) >= MINIMUM:
        drawn = _drawn_scores(common, chosen, window, risk_free, periods_per_year, draws=draws, seed=seed)
        best = drawn.eq(drawn.max())
        table["probability_first"] = (best / best.sum()).mean(axis=1)
        above = {name: _above(drawn, name) for name in order}
        table["probability_ahead"] = pd.Series({name: above[name][order[0]] for name in order[1:]}, dtype=float)
    table = table.reindex([*order, *(label for label in returns.columns if label not in enough)])
    table.attrs["weights"] = chosen
    table.attrs["above"] = above
    table.attrs["verdict"] = verdict_of(1.0 - table["probability_ahead"].max(), yes="yes", no=CANNOT_TELL)
    columns = ["rank", "score", "probability_first", "probability_ahead", "start", "end", *CRITERIA]
    return table[columns].rename_axis("candidate")


def _above(drawn: pd.DataFrame, name: Any) -> dict[Any, float]:
    """In what share of the draws (columns) a candidate scores above each other one, ties counting half."""
    lead = drawn.loc[name] - drawn.drop(name)
    share = ((lead > 0) + 0.5 * (lead == 0)).mean(axis=1)
    return {other: float(value) for other, value in share.items()}


def _drawn_scores(
    returns: pd.DataFrame,
    weights: Mapping[str, float],
    window: int,
    risk_free: float,
    periods_per_year: float,
    *,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Score of each candidate (rows) in each drawn history (columns)."""
    block_length = max(optimal_block_length(returns[label]) for label in returns.columns)
    rows = nested_rows(len(returns), len(returns), draws=draws, block_length=block_length, seed=seed)
    drawn = {
        label: _criteria(pd.DataFrame(values.to_numpy()[rows].T, copy=False), window, risk_free, periods_per_year)
        for label, values in _shrunk(returns).items()
    }
    by_criterion = {name: pd.DataFrame({label: table[name] for label, table in drawn.items()}).T for name in weights}
    score: pd.DataFrame = _score(by_criterion, weights)
    return score


def _shrunk(returns: pd.DataFrame) -> pd.DataFrame:
    """Returns with means drawn together as far as their differences are what chance alone would make of equal ones.

    Without it the first of several equal candidates would be first in most draws: it was chosen for being lucky. The
    share of the differences that is kept is estimated by moments, as in empirical Bayes. Source: James and Stein
    (1961).
    """
    apart = returns.sub(returns.mean(axis=1), axis="index")
    gap = apart.mean()
    noise = long_run_variance(apart.to_numpy(), automatic_lags(len(apart))).sum() / len(apart)
    seen = float((gap**2).sum())
    kept = max(0.0, 1.0 - noise / seen) if seen > 0 else 0.0
    return returns - (1.0 - kept) * gap


def _score(criteria: Any, weights: Mapping[str, float]) -> Any:
    """Weighted mean of the places, from the values of each criterion by candidate (and by draw, as columns)."""
    return sum(_places(criteria[name], CRITERIA[name]) * weight for name, weight in weights.items())


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


def _criteria(returns: pd.DataFrame, window: int, risk_free: float, periods_per_year: float) -> pd.DataFrame:
    rolled = rolling_summary(returns, window)
    return pd.DataFrame(
        {
            "max_drawdown": max_drawdown(returns),
            "annualized_volatility": annualized_volatility(returns, periods_per_year=periods_per_year),
            "sharpe_ratio": sharpe_ratio(returns, risk_free=risk_free, periods_per_year=periods_per_year),
            "sortino_ratio": sortino_ratio(
                returns, minimum_acceptable_return=risk_free, periods_per_year=periods_per_year
            ),
            "rolling_share_positive": rolled.loc["share_positive"],
            "rolling_worst": rolled.loc["worst"],
            "cagr": cagr(returns, periods_per_year=periods_per_year),
        }
    )


def _places(values: Any, more_is_better: bool) -> Any:
    """1 for the best, 0 for the worst; 1 for an only candidate."""
    rank = values.rank(ascending=more_is_better, na_option="top")  # "top" is the lowest rank: the worst place
    return (rank - 1.0) / (len(values) - 1.0) if len(values) > 1 else rank * 0.0 + 1.0
