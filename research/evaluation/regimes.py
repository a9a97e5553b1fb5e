"""Market regimes and what a series did in each.

`trend_regimes` and `volatility_regimes` label day t with what was known at the close of t: they can be acted on.
`market_cycles` dates highs and lows after the fact: it describes, and nobody could have traded on it.
Shapes, units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_spacing, require_dates
from research.evaluation._columns import companion_of, history, one_series
from research.evaluation._growth import growth_of_one
from research.evaluation.drawdowns import history_base, max_drawdown
from research.evaluation.metrics import annualized_volatility, cagr, ewma_volatility, sharpe_ratio, total_return
from research.evaluation.periods import share_positive
from research.evaluation.relative import beta
from research.evaluation.rolling import rolling_returns

TRENDS = ["bull", "sideways", "bear"]
CYCLE_COLUMNS = ["phase", "start", "end", "return", "days", "confirmed"]
VOLATILITIES = ["high volatility", "low volatility"]


def trend_regimes(benchmark: pd.Series, *, window: int = 90, threshold: float = 0.2) -> pd.Series:
    """Bull, bear or sideways by the benchmark's own trailing return.

    Bull: the return over the last `window` periods up to and including t is above `threshold`. Bear: it is below
    −threshold. Sideways: between. The label of t uses nothing after t.

    Parameters
    ----------
    benchmark : Series of returns
    window : int, periods
    threshold : float, fraction below 1

    Returns
    -------
    Series of category (bull, sideways, bear)
        Missing before the first full window and outside the history.
    """
    check_number("threshold", threshold, DataError, above=0, below=1, fraction="a fraction")
    trailing = rolling_returns(one_series(benchmark, "benchmark"), window)
    labels = np.select([trailing > threshold, trailing < -threshold], ["bull", "bear"], default="sideways")
    return _labelled(labels, trailing.notna(), TRENDS, benchmark)


def volatility_regimes(benchmark: pd.Series, *, decay: float = 0.94, minimum_history: int = 365) -> pd.Series:
    """High or low volatility: exponentially weighted volatility against the median of its own past.

    High: `ewma_volatility` at t is above the median of its values up to and including t. The label of t uses nothing
    after t.

    Parameters
    ----------
    minimum_history : int
        Periods before the first label.

    Returns
    -------
    Series of category (high volatility, low volatility)
        Missing for the first `minimum_history` periods and outside the history.
    """
    check_number("minimum_history", minimum_history, DataError, whole=True, at_least=1)
    volatility = ewma_volatility(one_series(benchmark, "benchmark"), decay=decay, periods_per_year=1)
    usual = volatility.expanding(minimum_history).median()
    labels = np.where(volatility > usual, *VOLATILITIES)
    return _labelled(labels, usual.notna() & volatility.notna(), VOLATILITIES, benchmark)


def performance_by_regime(
    returns: pd.Series,
    regimes: pd.Series,
    *,
    benchmark: pd.Series | None = None,
    lag: int = 1,
    risk_free: float = 0.0,
    periods_per_year: float = 365,
) -> pd.DataFrame:
    """What a series earned in each regime.

    Parameters
    ----------
    returns : Series
    regimes : Series of category, by date
        From `trend_regimes`, `volatility_regimes` or `cycle_regimes`.
    benchmark : Series of returns, optional
    lag : int, default 1
        The return of t is put with the label known `lag` periods earlier. 1: what one earned after seeing the label.
        0: what belonged to the label, a description with hindsight (right for `cycle_regimes`), because a label that
        contains the day's own return explains it in part.
    risk_free : float
        Annual rate, of the Sharpe ratio.

    Returns
    -------
    DataFrame, index = regime, in its own order
        days (int) and share of the labelled days; total_return, cagr (over the days of the regime, chained),
        annualized_volatility, sharpe_ratio, worst (lowest return), share_positive; with a benchmark also
        benchmark_total_return and beta. A regime without days has 0 days and NaN.
    """
    check_number("lag", lag, DataError, whole=True, at_least=0)  # a negative one would use labels of the future
    own = history(returns)
    check_spacing(own.index, periods_per_year)
    other = None if benchmark is None else companion_of(own, benchmark).reindex(own.index)
    _check_regimes(regimes, own)
    labels = regimes.reindex(own.index.union(regimes.index)).shift(lag).reindex(own.index)
    names = (
        regimes.cat.categories if isinstance(regimes.dtype, pd.CategoricalDtype) else sorted(regimes.dropna().unique())
    )
    rows = {}
    for name in names:
        inside = (labels == name).to_numpy()
        part = own[inside].reset_index(drop=True)  # days of one regime, put together: they are no calendar
        row = {
            "days": len(part),
            "share": len(part) / max(int(labels.notna().sum()), 1),
            "total_return": total_return(part),
            "cagr": cagr(part, periods_per_year=periods_per_year),
            "annualized_volatility": annualized_volatility(part, periods_per_year=periods_per_year),
            "sharpe_ratio": sharpe_ratio(part, risk_free=risk_free, periods_per_year=periods_per_year),
            "worst": part.min(),
            "share_positive": share_positive(part),
        }
        if other is not None:
            against = other[inside].reset_index(drop=True)
            row |= {"benchmark_total_return": total_return(against), "beta": beta(part, against)}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("regime")


def market_cycles(benchmark: pd.Series, *, fall: float = 0.5, rise: float = 1.0) -> pd.DataFrame:
    """Bull and bear phases dated after the fact, between the market's own highs and lows.

    A high ends a bull phase once the level has lost `fall` of it; a low ends a bear phase once the level has gained
    `rise` on it; the dates are those of the high and the low. Both are only known later, so this is for description.
    What comes before the first high or low is a phase only if it moved as far itself: otherwise nobody can tell what
    it was the end of, and the first phase begins with that high or low.
    Source of the rule: Lunde and Timmermann (2004). The defaults, a half and a double, are this project's choice.

    Parameters
    ----------
    benchmark : Series
        Returns of the market, with dates.
    fall : float
        Share of a high whose loss ends a bull phase.
    rise : float
        Gain on a low, as a share of it, that ends a bear phase.

    Returns
    -------
    DataFrame, one row per phase, in order
        phase ("bull" or "bear"), start, end (datetime64; the phase's returns are those of (start, end]), return
        (fraction), days (int), confirmed (bool: False for the last phase, whose end is only the last date).
    """
    check_number("fall", fall, DataError, above=0, below=1, fraction="a fraction")
    check_number("rise", rise, DataError, above=0, at_most=10, fraction="a fraction")
    series = history(benchmark)
    dates = require_dates(series)
    if not len(series):
        return pd.DataFrame(columns=CYCLE_COLUMNS)
    level = np.concatenate([[1.0], growth_of_one(series.to_numpy()[:, None])[:, 0]])
    when = dates.insert(0, history_base(benchmark)) if history_base(benchmark) < dates[0] else dates[:1].append(dates)
    turns = _turning_points(level, fall, rise)
    rows = []
    for number, (begin, end) in enumerate(pairwise(turns)):
        change = level[end] / level[begin] - 1.0
        days = (when[end] - when[begin]).days
        last = number == len(turns) - 2
        rows.append(("bull" if change > 0 else "bear", when[begin], when[end], change, days, not last))
    return pd.DataFrame(rows, columns=CYCLE_COLUMNS)


def cycle_regimes(cycles: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.Series:
    """The phase of `market_cycles` on each date, for `performance_by_regime(..., lag=0)`. Known only afterwards.

    Parameters
    ----------
    cycles : DataFrame from `market_cycles`
    dates : DatetimeIndex
        Dates to be labelled.

    Returns
    -------
    Series of category (bull, bear) by date
        Missing where no phase covers the date.
    """
    _check_cycles(cycles)
    labels = pd.Series(np.nan, index=dates, dtype=object)
    for phase, start, end in cycles[["phase", "start", "end"]].itertuples(index=False):
        labels[(dates > start) & (dates <= end)] = phase
    return labels.astype(pd.CategoricalDtype(["bull", "bear"]))


def drawdown_by_cycle(returns: pd.Series, cycles: pd.DataFrame) -> pd.DataFrame:
    """Maximum drawdown within each market cycle: a bull phase and the bear phase after it.

    The high starts afresh with each cycle. A bear phase at the beginning of the history is a cycle of its own.

    Parameters
    ----------
    returns : Series
    cycles : DataFrame from `market_cycles`, of the market or of the series itself

    Returns
    -------
    DataFrame, one row per cycle
        start, end (datetime64), max_drawdown (negative fraction, NaN where the history does not cover the cycle from
        its start), complete (bool: the bear phase of the cycle has ended).
    """
    _check_cycles(cycles)
    series, base = history(returns), history_base(returns)
    number = ((cycles["phase"] == "bull") | (cycles.index == 0)).cumsum()
    rows = []
    for _, part in cycles.groupby(number):
        start, end = part["start"].iloc[0], part["end"].iloc[-1]
        covered = len(series) > 0 and base <= start and series.index[-1] >= end
        inside = series[(series.index > start) & (series.index <= end)]
        complete = bool(part["phase"].iloc[-1] == "bear" and part["confirmed"].iloc[-1])
        rows.append((start, end, max_drawdown(inside) if covered else np.nan, complete))
    return pd.DataFrame(rows, columns=["start", "end", "max_drawdown", "complete"])


def _check_cycles(cycles: pd.DataFrame) -> None:
    if not isinstance(cycles, pd.DataFrame) or list(cycles.columns) != CYCLE_COLUMNS:
        raise DataError("cycles: expected the table that market_cycles gives.")


def _check_regimes(regimes: pd.Series, own: pd.Series) -> None:
    index = one_series(regimes, "regimes").index
    if not index.is_unique or (isinstance(index, pd.DatetimeIndex) != isinstance(own.index, pd.DatetimeIndex)):
        raise DataError("regimes: expected one label per date, on dates of the kind that the returns have.")


def _turning_points(level: np.ndarray, fall: float, rise: float) -> list[int]:
    """Rows of each confirmed high and low in turn and of the last level, and of the first if a phase begins there."""
    turns: list[int] = [0]
    high = low = 0
    direction = 0  # +1 in a bull phase, −1 in a bear phase, 0 until the first is confirmed
    for row in range(1, len(level)):
        high = row if level[row] > level[high] else high
        low = row if level[row] < level[low] else low
        if direction >= 0 and level[row] <= level[high] * (1.0 - fall):
            turns += [high] if high > turns[-1] else []
            direction, low = -1, row
        elif direction <= 0 and level[row] >= level[low] * (1.0 + rise) > 0:  # nothing rises from a total loss
            turns += [low] if low > turns[-1] else []
            direction, high = 1, row
    if len(turns) > 1 and 1.0 - fall < level[turns[1]] / level[0] < 1.0 + rise:
        turns = turns[1:]  # an end of a phase whose beginning lies before the history
    return turns if turns[-1] == len(level) - 1 else [*turns, len(level) - 1]


def _labelled(labels: np.ndarray, known: pd.Series, categories: list[str], data: pd.Series) -> pd.Series:
    texts = pd.Series(labels, index=data.index, dtype=object).where(known)
    return texts.astype(pd.CategoricalDtype(categories))
