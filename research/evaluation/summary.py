"""The one table that a notebook shows first: every headline figure with its interval, unit and convention.

The figures themselves are in `metrics.py`, `drawdowns.py`, `tails.py` and `relative.py`. They take returns,
this one takes levels (prices).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from research.errors import DataError, DataWarning
from research.evaluation import drawdowns, metrics
from research.evaluation._calendar import check_kind, check_order, day, require_dates
from research.evaluation._columns import Frame, history, one_frame, one_series, per_period
from research.evaluation.inference import alpha_test
from research.evaluation.intervals import self_normalised_interval
from research.evaluation.measured_coverage import coverage_note
from research.evaluation.resampling.bootstrap import (
    MINIMUM,
    common_history,
    interval_table,
    optimal_block_length,
    resampled_rows,
    rows_of_pasts,
)
from research.evaluation.summary_rows import AGAINST_BENCHMARK, EXCESS, OWN, Row


def performance_summary(
    level: Frame,
    *,
    benchmark: pd.Series | None = None,
    risk_free: float | pd.Series = 0.0,
    periods_per_year: float = 365,
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Headline figures of an index, or of several, each with its interval.

    Parameters
    ----------
    level : Series or DataFrame by column
        Index level or price (not returns), one value per period, with a DatetimeIndex.
    benchmark : Series, optional
        Level or price of the benchmark; only its values on the dates of `level` are used. Figures against it use
        the history that both share; a `DataWarning` says so where that is shorter than the index's own,
        and another where the history is shorter than a year.
    risk_free : float or Series
        Annual rate as a fraction, or one rate per period. Used by the Sharpe, Sortino, Martin and alpha rows.
    periods_per_year : float
    confidence, draws, seed
        Of the stationary block bootstrap (`bootstrap_interval`).

    Returns
    -------
    DataFrame, index = metric; for a DataFrame (column, metric), one block a column
        value, lower, upper (float; percentages are fractions, 0.05 is 5 %), unit ("fraction", "ratio" or "days"),
        convention (one sentence), interval_note (what lower and upper are where they are no confidence interval, and
        how often they held where that is less than they say; else empty). lower and upper are NaN for the rows that
        describe one path (current and longest drawdown), for the kurtosis, and with fewer than 20 returns.
        Confidence intervals: self-normalised for volatility, skewness, tails, beta, correlation, captures
        (`self_normalised_interval`), that of `alpha_test` for alpha, the bootstrap's for other figures with
        a true value. Total return and drawdown figures: the range in which a fresh history of the same length should
        end, what is unknown of the mean included. CONVENTIONS.md says how often each held in simulated markets.

    Raises
    ------
    DataError
        For a level that is missing inside the history or not positive, and for a benchmark with such a gap; for a level
        without any value, and for a benchmark that shares no period with it.
    """
    given: dict[str, Any] = {"confidence": confidence, "draws": draws, "seed": seed}
    if isinstance(level, pd.DataFrame):
        options = {"benchmark": benchmark, "risk_free": risk_free, "periods_per_year": periods_per_year} | given
        columns = one_frame(level, "level").items()
        return pd.concat({name: performance_summary(column, **options) for name, column in columns}, names=["column"])
    returns = metrics.returns_from_levels(one_series(level, "level"))
    require_dates(level, "level")
    count = len(history(returns))
    if len(level) and level.isna().all():
        raise DataError(f"level: no value in {len(level)} rows. Check which column or which dates were picked.")
    rate = _rate_series(risk_free, returns, periods_per_year)
    _warn_if_below_a_year(count, periods_per_year)
    table = _rows(OWN, common_history(returns, [rate]), count, periods_per_year, given)
    if benchmark is not None:
        table = pd.concat([table, _relative_rows(returns, level, benchmark, rate, periods_per_year, given)])
    return pd.concat([table, _path_rows(returns)])[COLUMNS].rename_axis("metric")


def relative_summary(
    level: pd.Series,
    benchmark: pd.Series,
    *,
    risk_free: float | pd.Series = 0.0,
    periods_per_year: float = 365,
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The rows of `performance_summary` that compare with a benchmark, and those alone.

    Parameters, columns, units, NaN policy, warnings and errors as there.
    """
    returns = metrics.returns_from_levels(one_series(level, "level"))
    rate = _rate_series(risk_free, returns, periods_per_year)
    given = {"confidence": confidence, "draws": draws, "seed": seed}
    return _relative_rows(returns, level, benchmark, rate, periods_per_year, given).rename_axis("metric")


def performance_values(
    level: pd.Series, *, risk_free: float | pd.Series = 0.0, periods_per_year: float = 365
) -> pd.Series:
    """The values of `performance_summary` of one level, without intervals and without a benchmark.

    Parameters
    ----------
    level : Series
        Index level or price (not returns), one value per period, with a DatetimeIndex.
    risk_free : float or Series
        Annual rate as a fraction, or one rate per period.
    periods_per_year : float

    Returns
    -------
    Series, index = metric
        Units as there; NaN where a figure is not defined.

    Raises
    ------
    DataError
        For a level that is missing inside the history or not positive.
    """
    returns = metrics.returns_from_levels(one_series(level, "level"))
    require_dates(level, "level")
    sample = common_history(returns, [_rate_series(risk_free, returns, periods_per_year)])
    values = {name: figure(*sample) for name, figure in _figures(OWN, periods_per_year).items()}
    found = pd.concat([pd.Series(values), _path_rows(returns)["value"]])
    return pd.Series(found, name=level.name).rename_axis("metric")


def _relative_rows(
    returns: pd.Series,
    level: pd.Series,
    benchmark: pd.Series,
    rate: pd.Series,
    periods_per_year: float,
    given: dict[str, Any],
) -> pd.DataFrame:
    check_order(one_series(benchmark, "benchmark"), "benchmark")
    check_kind(benchmark, level.index, "benchmark")
    other = metrics.returns_from_levels(benchmark.reindex(level.index))
    _check_overlap(returns, other)
    count = len(history(returns))
    return _rows(AGAINST_BENCHMARK, common_history(returns, [rate, other]), count, periods_per_year, given)


COLUMNS = ["value", "lower", "upper", "unit", "convention", "interval_note"]


def _rows(
    rows: tuple[Row, ...], sample: list[pd.Series], count: int, periods_per_year: float, given: dict[str, Any]
) -> pd.DataFrame:
    """Each row with its interval, unit, convention and note; `given`: of the intervals."""
    return _interval_rows(rows, sample, periods_per_year, given).assign(
        unit=[row.unit for row in rows],
        convention=[row.convention.format(q=f"{periods_per_year:g}") for row in rows],
        interval_note=[_interval_note(row, count) for row in rows],
    )[COLUMNS]


def _interval_note(row: Row, count: int) -> str:
    """What lower and upper of a row are where they are no confidence interval, and where they hold too rarely."""
    if row.interval == "none":
        return "No interval: none that was tried holds."
    kind = "Range in which a fresh history of this length should end." if row.interval == "range" else ""
    return " ".join(filter(None, [kind, coverage_note(row.metric.__name__, count)]))


def _interval_rows(
    rows: tuple[Row, ...], sample: list[pd.Series], periods_per_year: float, given: dict[str, Any]
) -> pd.DataFrame:
    """value, lower and upper of each row, by the kind of interval that the row has."""
    rate = sample[1]
    figures = _figures(rows, periods_per_year)
    confidence = given["confidence"]
    parts = _resampled(rows, figures, sample, periods_per_year, **given)
    for row in rows:
        name = row.metric.__name__
        if row.interval == "self-normalised":
            own, *others = (series - rate if row.options == EXCESS else series for series in (sample[0], *sample[2:]))
            found = self_normalised_interval(
                row.metric, own, *others, confidence=confidence, periods_per_year=periods_per_year
            )
            parts.append(pd.DataFrame([found], index=[name]))
        if row.interval == "regression":
            own, given_rate, *benchmark = sample
            found = alpha_test(
                own, *benchmark, risk_free=given_rate, periods_per_year=periods_per_year, confidence=confidence
            )
            ends = {"value": found["alpha"], "lower": found["lower"], "upper": found["upper"]}
            parts.append(pd.DataFrame([ends], index=[name]))
        if row.interval == "none":
            parts.append(pd.DataFrame({"value": figures[name](*sample)}, index=[name]))
    return pd.concat(parts).reindex(list(figures))[["value", "lower", "upper"]]


def _resampled(
    rows: tuple[Row, ...],
    figures: dict[str, Callable[..., Any]],
    sample: list[pd.Series],
    periods_per_year: float,
    *,
    confidence: float,
    draws: int,
    seed: int,
) -> list[pd.DataFrame]:
    """The rows with an interval or a range from resampled histories, which share their pasts."""
    plain, of_path = ([row.metric.__name__ for row in rows if row.interval == kind] for kind in ("bootstrap", "range"))
    past = futures = None
    if len(sample[0]) >= MINIMUM:
        block_length = max(optimal_block_length(series) for series in sample)
        past = resampled_rows(len(sample[0]), draws=draws, block_length=block_length, seed=seed)
        if of_path:
            futures = rows_of_pasts(past, past.shape[1], block_length=block_length, seed=seed)

    def one_by_one(*given: Frame) -> list[Any]:
        return [figures[name](*given) for name in plain]

    def together(own: Frame, rate: Frame) -> Any:
        return metrics.path_figures(own, risk_free=rate, periods_per_year=periods_per_year).loc[of_path].to_numpy()

    parts = [interval_table(plain, one_by_one, sample, past, confidence)]
    return [*parts, interval_table(of_path, together, sample, futures, confidence)] if of_path else parts


def _figures(rows: tuple[Row, ...], periods_per_year: float) -> dict[str, Callable[..., Any]]:
    """Each row's metric as a function of (returns, risk-free rate per period[, benchmark]), by name."""

    def figure(row: Row) -> Callable[..., Any]:
        def value(returns: Frame, rate: Frame, *benchmark: Frame) -> Any:
            given = {"periods_per_year": periods_per_year, "risk_free": rate, "minimum_acceptable_return": rate}
            return row.metric(returns, *benchmark, **{name: given[name] for name in row.options})

        return value

    return {row.metric.__name__: figure(row) for row in rows}


def _warn_if_below_a_year(count: int, periods_per_year: float) -> None:
    if count < periods_per_year:
        warnings.warn(
            f"the history has {count} periods, less than a year: its annualised figures are extrapolations",
            DataWarning,
            stacklevel=3,
        )


def _path_rows(returns: pd.Series) -> pd.DataFrame:
    """What describes the one path that happened, and so has no interval."""
    own = history(returns)
    table = drawdowns.drawdown_table(returns)
    ends = table["to"].fillna(own.index[-1]) if len(own) else table["to"]
    longest = (ends - table["peak"]).dt.days.max() if len(table) else (0 if len(own) else np.nan)
    days = (own.index[-1] - drawdowns.history_base(returns)).days if len(own) else 0
    rows: list[tuple[str, float, str, str]] = [
        ("current_drawdown", drawdowns.current_drawdown(returns), "fraction", "Fall from the high on the last day."),
        ("longest_drawdown", longest, "days", "Longest time from a high until it was reached again, or until now."),
        ("history", days, "days", "Calendar days from the first level to the last."),
    ]
    path = pd.DataFrame(rows, columns=["metric", "value", "unit", "convention"]).set_index("metric")
    return path.assign(lower=np.nan, upper=np.nan, interval_note="")


def _rate_series(risk_free: float | pd.Series, returns: pd.Series, periods_per_year: float) -> pd.Series:
    """One risk-free rate per period, so that it can be drawn together with the returns."""
    rate = per_period(risk_free, periods_per_year)
    return rate if isinstance(rate, pd.Series) else pd.Series(rate, index=returns.index)


def _check_overlap(returns: pd.Series, other: pd.Series) -> None:
    own, shared = history(returns), history(other.reindex(history(returns).index), "benchmark")
    if len(own) and not len(shared):
        raise DataError(
            f"benchmark: it has no return in the {len(own)} periods of the level, {day(own.index[0])} to "
            f"{day(own.index[-1])}. Take one whose dates overlap, or leave the benchmark out."
        )
    if len(shared) < len(own):
        warnings.warn(
            f"the benchmark covers {len(shared)} of the {len(own)} periods: figures against it describe that "
            "part only.",
            DataWarning,
            stacklevel=4,
        )
