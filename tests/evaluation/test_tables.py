"""Drawdown, calendar and period tables against PerformanceAnalytics and against numbers counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.evaluation import (
    best_and_worst,
    calendar_table,
    drawdown_table,
    max_drawdown,
    period_returns,
    resample_returns,
    returns_from_levels,
    rolling_returns,
    rolling_summary,
    total_return,
    worst_periods,
)
from tests.conftest import shared
from tests.evaluation.test_reference_values import managers


def daily(levels: list[float], start: str = "2021-12-30") -> pd.Series:
    return pd.Series(levels, pd.date_range(start, periods=len(levels)), dtype=float)


def test_drawdown_table_equals_the_one_of_performance_analytics() -> None:
    reference = pd.read_csv(shared("reference/table_drawdowns_HAM1.csv"), parse_dates=["From", "Trough", "To"])
    returns = managers()["H"]
    ours = drawdown_table(returns, top=5)
    for mine, theirs in {"from": "From", "trough": "Trough", "to": "To"}.items():
        assert ours[mine].tolist() == reference[theirs].tolist()
    assert ours["depth"].to_list() == pytest.approx(reference["Depth"].to_list(), abs=1e-10)
    assert ours["periods"].tolist() == reference["Length"].tolist()
    row = {date: number for number, date in enumerate(returns.index)}
    assert [row[t] - row[f] + 1 for f, t in zip(ours["from"], ours["trough"], strict=True)] == reference[
        "ToTrough"
    ].tolist()
    assert [row[t] - row[f] for f, t in zip(ours["trough"], ours["to"], strict=True)] == reference["Recovery"].tolist()


def test_calendar_table_equals_the_one_of_performance_analytics() -> None:
    reference = pd.read_csv(shared("reference/table_calendar_HAM1_SP500.csv"), index_col="year")
    data = managers()
    ours = calendar_table(data["H"], benchmark=data["B"])
    months = list(reference.columns[:12])
    assert ours.index.tolist() == reference.index.tolist()
    np.testing.assert_allclose(ours[months], reference[months], atol=1e-10)
    np.testing.assert_allclose(ours["Year"], reference["HAM1"], atol=5.1e-7)  # printed to six decimals
    np.testing.assert_allclose(ours["Benchmark"], reference["SP500.TR"], atol=5.1e-7)
    np.testing.assert_allclose(ours["Active"], ours["Year"] - ours["Benchmark"], atol=1e-15)


def test_days_of_a_drawdown_are_counted_from_its_peak() -> None:
    table = drawdown_table(returns_from_levels(daily([100, 120, 90, 60, 90, 120, 130])))
    assert len(table) == 1
    row = table.iloc[0]
    assert [row["peak"].day, row["from"].day, row["trough"].day, row["to"].day] == [31, 1, 2, 4]
    assert [row["days_to_trough"], row["days_to_recover"], row["periods"]] == [2, 2, 4]
    assert row["depth"] == pytest.approx(-0.5)


def test_an_open_drawdown_is_stated_as_open() -> None:
    row = drawdown_table(returns_from_levels(daily([100, 80, 90]))).iloc[0]
    assert pd.isna(row["to"])
    assert row["days_to_recover"] is pd.NA
    assert row["periods"] == 2


def test_a_level_that_returns_to_its_high_within_rounding_has_recovered() -> None:
    table = drawdown_table(returns_from_levels(daily([0.3, 0.1, 0.3, 0.7, 0.1, 0.7])))
    assert table["to"].notna().all()
    assert len(table) == 2


def test_a_benchmark_that_ends_early_has_no_return_for_the_last_year() -> None:
    index = pd.date_range("2021-12-31", "2023-03-31")
    returns = pd.Series(0.001, index).mask(index == index[0])
    table = calendar_table(returns, benchmark=returns[:"2023-02-01"])
    assert np.isnan(table.loc[2023, "Benchmark"])
    assert table.loc[2022, "Active"] == pytest.approx(0.0, abs=1e-15)


def test_year_and_month_in_which_the_history_begins_are_missing_unless_whole() -> None:
    index = pd.date_range("2022-03-15", "2023-12-31")
    table = calendar_table(pd.Series(0.001, index))
    assert np.isnan(table.loc[2022, "Mar"])
    assert np.isnan(table.loc[2022, "Year"])
    assert table.loc[2022, "Apr"] == pytest.approx(1.001**30 - 1)
    assert table.loc[2023, "Year"] == pytest.approx(1.001**365 - 1)


def test_period_returns_counted_by_hand() -> None:
    index = pd.date_range("2019-12-31", "2023-02-15")
    returns = pd.Series(0.001, index).mask(index == index[0])
    periods = period_returns(returns)
    days = {"1D": 1, "1W": 7, "MTD": 15, "QTD": 46, "YTD": 46, "1Y": 365, "3Y": 1095, "SI": 1142}
    for name, count in days.items():
        assert periods[name] == pytest.approx(1.001**count - 1, rel=1e-12), name
    assert np.isnan(periods["5Y"])
    annual = period_returns(returns, annualized=True)
    assert annual["3Y"] == pytest.approx(1.001**365 - 1, rel=1e-12)
    assert annual["YTD"] == periods["YTD"]


def test_one_year_is_the_last_value_of_a_rolling_year_in_a_leap_year_too() -> None:
    returns = pd.Series(np.sin(np.arange(800)) / 50, pd.date_range(end="2024-12-31", periods=800))
    assert period_returns(returns)["1Y"] == pytest.approx(rolling_returns(returns, 365).iloc[-1], rel=1e-12)


@pytest.mark.parametrize("frequency", ["daily", "weekly", "monthly", "quarterly", "yearly"])
def test_tables_of_a_frame_are_those_of_its_columns_whatever_their_histories(frequency: str) -> None:
    index = pd.date_range("2019-11-15", periods=800)
    frame = pd.DataFrame(np.random.default_rng(2).normal(0, 0.03, (800, 3)), index, ["whole", "late", "ended"])
    frame.loc[: index[99], "late"], frame.loc[index[700] :, "ended"] = np.nan, np.nan
    table = resample_returns(frame, frequency)  # type: ignore[arg-type]
    for name in frame.columns:
        alone = resample_returns(frame[name], frequency)  # type: ignore[arg-type]
        pd.testing.assert_series_equal(table[name].dropna(), alone, check_freq=False)
        periods = period_returns(frame[name], as_of=index[-1], annualized=True)
        pd.testing.assert_series_equal(period_returns(frame, annualized=True)[name], periods)


def test_compounding_in_pieces_is_compounding_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    index = pd.date_range("2019-11-15", periods=800)
    frame = pd.DataFrame(np.random.default_rng(2).normal(0, 0.03, (800, 3)), index)
    monkeypatch.setattr("research.evaluation.periods.CELLS", 100)  # a month and a bit
    expected = (1 + frame).groupby(index.to_period("M")).prod() - 1
    np.testing.assert_allclose(resample_returns(frame, "monthly"), expected[1:-1], rtol=1e-12)


def test_a_month_that_never_fell_is_no_level() -> None:
    returns = pd.Series(np.random.default_rng(0).normal(0, 0.02, 396), pd.date_range("2023-01-01", periods=396))
    returns.iloc[-31:] = 0.03
    assert period_returns(returns)["MTD"] == pytest.approx(1.03**31 - 1)


def test_a_three_year_window_on_a_two_year_history_is_missing() -> None:
    returns = pd.Series(0.001, pd.date_range("2021-01-01", periods=730))
    periods = period_returns(returns)
    assert np.isnan(periods["3Y"])
    assert np.isfinite(periods["1Y"])


def test_a_window_is_missing_by_one_day() -> None:
    index = pd.date_range("2022-02-15", "2023-02-15")
    whole = pd.Series(0.001, index).mask(index == index[0])
    assert np.isfinite(period_returns(whole)["1Y"])
    assert np.isnan(period_returns(whole.iloc[1:].mask(index[1:] == index[1]))["1Y"])


def test_a_series_that_ended_has_no_window_up_to_the_last_day_of_the_others() -> None:
    index = pd.date_range("2020-01-01", periods=800)
    frame = pd.DataFrame({"lives": 0.001, "ended": 0.001}, index)
    frame.loc[index[700] :, "ended"] = np.nan
    table = period_returns(frame)
    assert table["ended"].isna().all()
    assert np.isfinite(table.loc["1Y", "lives"])


def test_period_returns_at_an_earlier_date_do_not_see_what_came_after() -> None:
    index = pd.date_range("2020-01-01", periods=900)
    returns = pd.Series(np.sin(np.arange(900)) / 50, index)
    pd.testing.assert_series_equal(period_returns(returns, as_of=index[600]), period_returns(returns[:601]))


def test_whole_weeks_and_months_chain_to_the_same_return() -> None:
    index = pd.date_range("2021-01-01", "2021-12-31")  # a Friday
    returns = pd.Series(np.cos(np.arange(len(index))) / 40, index)
    monthly, weekly = resample_returns(returns, "monthly"), resample_returns(returns, "weekly")
    assert total_return(monthly) == pytest.approx(total_return(returns), rel=1e-12)
    assert len(monthly) == 12
    assert (weekly.index.day_of_week == 6).all()
    assert weekly.index[0] == pd.Timestamp("2021-01-10")  # the first, broken week is left out
    assert total_return(weekly) == pytest.approx(total_return(returns["2021-01-04":"2021-12-26"]), rel=1e-12)


def test_worst_periods_of_the_market_show_what_the_index_did() -> None:
    index = pd.date_range("2021-01-01", periods=5)
    own = pd.Series([0.01, -0.02, 0.03, -0.04, 0.05], index)
    market = pd.Series([-0.10, 0.02, -0.30, 0.01, -0.20], index)
    table = worst_periods(own, benchmark=market, count=2)
    assert table.index.tolist() == [index[2], index[4]]
    assert table["return"].tolist() == [0.03, 0.05]
    assert table["active"].tolist() == pytest.approx([0.33, 0.25])
    assert worst_periods(own, count=1).index.tolist() == [index[3]]


def test_rolling_summary_counts_every_window() -> None:
    returns = pd.Series([0.1, -0.1, 0.2, -0.5], pd.date_range("2021-01-01", periods=4))
    summary = rolling_summary(returns, 2)
    assert summary["windows"] == 3
    assert summary["worst"] == pytest.approx(1.2 * 0.5 - 1)
    assert summary["best"] == pytest.approx(0.9 * 1.2 - 1)
    assert summary["share_positive"] == pytest.approx(1 / 3)
    assert rolling_summary(returns, 5)["windows"] == 0
    assert np.isnan(rolling_summary(returns, 5)["share_positive"])


def test_ten_twenty_twelve_thousand_is_a_drawdown_of_forty_percent() -> None:
    assert max_drawdown(returns_from_levels(daily([10_000, 20_000, 12_000]))) == pytest.approx(-0.4)


def test_calendars_need_dates_and_say_so() -> None:
    for function in (period_returns, calendar_table, drawdown_table):
        with pytest.raises(DataError, match="DatetimeIndex"):
            function(pd.Series([0.1, 0.2]))


@pytest.mark.parametrize(
    ("end", "window", "days"),
    [("2023-05-31", "3M", 92), ("2023-05-30", "3M", 91), ("2023-06-30", "3M", 91), ("2024-08-15", "6M", 182)],
)
def test_months_back_go_to_the_same_day_and_from_an_end_to_an_end(end: str, window: str, days: int) -> None:
    """28 February to 31 and to 30 May, 31 March to 30 June, 15 February to 15 August in a leap year."""
    returns = pd.Series(0.001, pd.date_range("2022-01-01", end))
    assert period_returns(returns)[window] == pytest.approx(1.001**days - 1, rel=1e-12)


def test_best_and_worst_whole_periods_counted_by_hand() -> None:
    index = pd.date_range("2023-01-01", "2023-04-10")
    returns = pd.Series(0.0, index)
    returns["2023-01-10"], returns["2023-02-10"], returns["2023-03-10"], returns["2023-04-05"] = 0.5, -0.2, 0.1, 9.0
    table = best_and_worst(returns)
    assert table.loc["daily"].tolist() == pytest.approx([100, 9.0, -0.2, 3.2, -0.2, 0.03])
    months = table.loc["monthly"]  # April is not whole
    assert months.tolist() == pytest.approx([3, 0.5, -0.2, 0.3, -0.2, 2 / 3])
    assert table.loc["quarterly", "best"] == pytest.approx(1.5 * 0.8 * 1.1 - 1)
    assert table.loc["yearly", "count"] == 0
    assert table.loc["yearly"].drop("count").isna().all()


def test_a_time_zone_is_refused_and_nothing_resampled_is_nothing() -> None:
    returns = pd.Series(0.01, pd.date_range("2024-01-01", periods=40, tz="UTC"))
    for asked in (lambda: resample_returns(returns, "monthly"), lambda: period_returns(returns)):
        with pytest.raises(DataError, match="time zone UTC"):
            asked()
    with pytest.raises(DataError, match=r"as_of = .*expected a date without a time zone"):
        period_returns(returns.tz_localize(None), as_of=returns.index[-1])
    nothing = returns.tz_localize(None).iloc[:0]
    assert resample_returns(nothing, "monthly").empty
    assert resample_returns(nothing.to_frame(), "weekly").shape == (0, 1)
