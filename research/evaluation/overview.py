"""Several figures at once: the frames and records that a page shows. Each figure is defined in its own module.

What is shown, in which units and words, is up to the page. Shapes, units, NaN policy and annualisation as in
`metrics.py`; all figures are for daily returns, 365 a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history, one_frame, one_series
from research.evaluation.drawdowns import current_drawdown
from research.evaluation.inference import adjust_pvalues, alpha_test
from research.evaluation.metrics import cagr, returns_from_levels, sharpe_ratio
from research.evaluation.periods import period_returns
from research.evaluation.relative import (
    active_return,
    batting_average,
    beta,
    down_beta,
    down_capture,
    information_ratio,
    r_squared,
    tracking_error,
    up_beta,
    up_capture,
)
from research.evaluation.sharpe import probabilistic_sharpe
from research.evaluation.tails import Method, expected_shortfall, tail_reason, value_at_risk, worst_periods
from research.evaluation.verdicts import difference_test, verdict_of

DAYS_PER_YEAR = 365
CONFIDENCES = (0.95, 0.99)


@dataclass(frozen=True, kw_only=True)
class Headline:
    """Where a level stands.

    Attributes
    ----------
    level : float
        Its last value.
    inception, as_of : Timestamp
        Its first and last day.
    year_to_date, since_inception : float
        Returns as fractions; `year_to_date` is NaN where the history begins within the year.
    growth : float
        CAGR; NaN with less than a year of history, for what a few months would become in a year is a guess.
    drawdown : float
        Fall from the highest level so far, 0 or below.
    """

    level: float
    inception: pd.Timestamp
    as_of: pd.Timestamp
    year_to_date: float
    since_inception: float
    growth: float
    drawdown: float


def headline_figures(level: pd.Series) -> Headline:
    """`Headline` of a daily level with a DatetimeIndex.

    Parameters
    ----------
    level : Series
        Levels (not returns) by day.

    Returns
    -------
    Headline
        Level, dates and returns as fractions; see the class.

    Raises
    ------
    DataError
        As `returns_from_levels` does, and for an index without dates.
    """
    level = history(level, "level", are_returns=False)
    if level.empty:
        raise DataError("level: no value at all; give a level with at least one.")
    days = require_dates(level, "level")
    returns = returns_from_levels(level)
    periods = pd.Series(period_returns(returns))
    covers_a_year = (days[-1] - days[0]).days >= DAYS_PER_YEAR
    return Headline(
        level=float(level.iloc[-1]),
        inception=days[0],
        as_of=days[-1],
        year_to_date=float(periods["YTD"]),
        since_inception=float(periods["SI"]),
        growth=cagr(returns) if covers_a_year else float("nan"),
        drawdown=current_drawdown(returns),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Skill:
    """What the length of a history can show.

    Attributes
    ----------
    sharpe_ratio, probability : float
        Over the risk-free rate; and the probability that the true one is above zero (`probabilistic_sharpe`).
    verdict : str
        "above zero", "not above zero" or "cannot tell", by that probability (`verdict_of`).
    years : float
        Length of the history.
    differences : DataFrame by benchmark
        See `difference_test`.
    """

    sharpe_ratio: float
    probability: float
    verdict: str
    years: float
    differences: pd.DataFrame


def skill_figures(returns: pd.Series, benchmarks: pd.DataFrame, *, risk_free: float) -> Skill:
    """`Skill` of daily returns, against each column of `benchmarks` (returns).

    Returns
    -------
    Skill
        See the class.
    """
    probability = probabilistic_sharpe(returns, risk_free=risk_free)
    return Skill(
        sharpe_ratio=sharpe_ratio(returns, risk_free=risk_free),
        probability=probability,
        verdict=verdict_of(probability, yes="above zero", no="not above zero"),
        years=int(returns.count()) / DAYS_PER_YEAR,
        differences=difference_test(returns, benchmarks),
    )


def rebased(levels: pd.DataFrame) -> pd.DataFrame:
    """Levels on one scale: every column is multiplied so that it meets the first one on its own first day.

    Parameters
    ----------
    levels : DataFrame
        Levels by column, the first one the scale.

    Returns
    -------
    DataFrame of the shape of `levels`

    Raises
    ------
    DataError
        If two columns have the same name, or the first one has no value on the first day of another.
    """
    one_frame(levels, "levels")
    if not levels.columns.is_unique:
        repeated = str(levels.columns[levels.columns.duplicated()][0])
        raise DataError(f"levels: two columns are called {repeated!r}; give each a name of its own.")
    first = levels.iloc[:, 0]
    days = {name: levels[name].first_valid_index() for name in levels.columns}
    scale = pd.Series({name: first[day] / levels[name][day] for name, day in days.items() if day is not None})
    if scale.isna().any():
        name = scale.index.astype(str)[scale.isna()][0]
        raise DataError(
            f"levels: the first column has no value on the day on which {name!r} begins; cut the days before."
        )
    return levels * scale


def tail_table(returns: pd.DataFrame) -> pd.DataFrame:
    """Value at risk and expected shortfall of each column, by every method, at 95 and 99 %.

    Returns
    -------
    DataFrame, shape (series x methods, 4)
        Rows (series, method); columns (figure, confidence) with the figures value_at_risk and expected_shortfall.
        `attrs["reasons"]`: why cells are NaN (`tail_reason`), a sentence for each series, method and reason.
    """
    one_frame(returns, "returns")
    figures = {"value_at_risk": value_at_risk, "expected_shortfall": expected_shortfall}
    rows = {
        (name, method): {
            (figure, confidence): function(returns[name], method=method, confidence=confidence)
            for figure, function in figures.items()
            for confidence in CONFIDENCES
        }
        for name in returns.columns
        for method in get_args(Method)
    }
    table = pd.DataFrame(rows).T.rename_axis(index=["series", "method"], columns=["figure", "confidence"])
    undefined: dict[str, list[str]] = {}
    for name, method in table.index:
        for figure, confidence in table.columns[table.loc[(name, method)].isna()]:
            reason = tail_reason(figure, returns[name], method=method, confidence=confidence)
            words = f"{figure.replace('_', ' ')} at {confidence:.0%}"
            undefined.setdefault(f"{name}, {method.replace('_', ' ')}: {reason}", []).append(words)
    table.attrs["reasons"] = [
        f"{text}." if len(cells) == table.shape[1] else f"{text} ({', '.join(cells)})."
        for text, cells in undefined.items()
    ]
    return table


def worst_days(returns: pd.Series, benchmark: pd.Series, *, count: int = 5) -> pd.DataFrame:
    """The worst days of a series, and then what it did on the worst days of its benchmark.

    Parameters
    ----------
    count : int
        Days of each kind.

    Returns
    -------
    DataFrame
        date (datetime64), whose ("index" or the name of the benchmark), return, benchmark, active (their difference).
    """
    benchmark = one_series(benchmark, "benchmark")
    theirs = worst_periods(returns, count=count, benchmark=benchmark)
    ours = worst_periods(returns, count=count).assign(benchmark=benchmark)
    ours["active"] = ours["return"] - ours["benchmark"]
    both = pd.concat([ours.assign(whose="index"), theirs.assign(whose=str(benchmark.name))]).reset_index(names="date")
    return both[["date", "whose", "return", "benchmark", "active"]]


def relative_table(returns: pd.Series, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Figures of a series against each benchmark (columns), captures in both conventions.

    Returns
    -------
    DataFrame
        Rows: beta, up_beta, down_beta, up_capture, down_capture (geometric), up_capture_of_sums, down_capture_of_sums
        (ratio of sums), r_squared, batting_average, active_return, tracking_error, information_ratio.
    """
    pairs = pd.DataFrame(dict.fromkeys(benchmarks.columns, returns))
    rows = {
        "beta": beta(pairs, benchmarks),
        "up_beta": up_beta(pairs, benchmarks),
        "down_beta": down_beta(pairs, benchmarks),
        "up_capture": up_capture(pairs, benchmarks),
        "down_capture": down_capture(pairs, benchmarks),
        "up_capture_of_sums": up_capture(pairs, benchmarks, method="ratio_of_sums"),
        "down_capture_of_sums": down_capture(pairs, benchmarks, method="ratio_of_sums"),
        "r_squared": r_squared(pairs, benchmarks),
        "batting_average": batting_average(pairs, benchmarks),
        "active_return": active_return(pairs, benchmarks),
        "tracking_error": tracking_error(pairs, benchmarks),
        "information_ratio": information_ratio(pairs, benchmarks),
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("figure")


def alpha_table(returns: pd.Series, benchmarks: pd.DataFrame, *, risk_free: float) -> pd.DataFrame:
    """`alpha_test` against each benchmark (rows), with `adjusted`: p-values for all of the tests together (Holm).

    Returns
    -------
    DataFrame, index = benchmark
        The columns of `alpha_test` (rows there), and adjusted.
    """
    tests = {name: alpha_test(returns, benchmarks[name], risk_free=risk_free) for name in benchmarks.columns}
    frame = pd.DataFrame(tests).T.rename_axis("benchmark")
    return frame.assign(adjusted=adjust_pvalues(frame["p_value"]))
