"""Tables of the factsheet."""

from __future__ import annotations

import pandas as pd

from research.evaluation import best_and_worst
from research.index.analysis.trade_costs.trading_totals import trading_by_year
from research.reporting.factsheet import tables as factsheet_tables


def test_the_performance_table_shows_thresholds_as_rules_of_thumb_and_names_their_source() -> None:
    columns = {"value": 0.9, "lower": -0.1, "upper": 1.8, "unit": "ratio", "convention": "Arithmetic."}
    columns["interval_note"] = "A range."
    metric = pd.Index(["sharpe_ratio", "beta"], name="metric")
    other = pd.Series({"sharpe_ratio": 0.5}, name="a_coin")
    table = factsheet_tables.performance(pd.DataFrame(columns, index=metric), other)
    assert "Arithmetic. A range. Rule of thumb: above 1 good" in table.to_text()
    assert "not a verdict" in table.footnote
    assert list(table.words.iloc[0, :5]) == ["Sharpe ratio", "0.90", "\u22120.10", "1.80", "0.50"]
    assert list(table.words.iloc[1, 3:5]) == ["1.80", "\u2013"]
    assert "a coin, value" in table.words.columns


def test_trading_is_told_by_year_and_not_as_a_date() -> None:
    days = pd.to_datetime(["2020-03-01", "2020-06-01", "2021-06-01"])
    rebalances = pd.DataFrame(
        {"added": [9, 1, 2], "removed": 0, "turnover": [1.0, 0.25, 0.5], "cost": 1e-4}, index=days
    )
    words = factsheet_tables.trading_by_year(trading_by_year(rebalances)).words
    assert words.iloc[:, :4].to_numpy().tolist() == [
        ["2020", "1", "0", "25.0\u00a0%"],
        ["2021", "2", "0", "50.0\u00a0%"],
    ]


def test_the_best_and_the_worst_stand_beside_the_benchmark_whose_name_is_foreign() -> None:
    days = pd.date_range("2022-12-31", "2023-02-10")
    own, other = (pd.Series(value, days[1:]) for value in (0.001, -0.001))
    table = factsheet_tables.best_and_worst(best_and_worst(own), best_and_worst(other), name="<b>_x_")
    assert table.finding == "100.0\u00a0% of 1 months gained; the best +3.1\u00a0%, the worst +3.1\u00a0%"
    assert "<b>" not in table.to_html()
    assert table.words.iloc[2].tolist()[-3:] == ["\u22123.1\u00a0%", "\u22123.1\u00a0%", "0.0\u00a0%"]
    nothing = best_and_worst(own.iloc[:20])
    assert factsheet_tables.best_and_worst(nothing, nothing, name="x").finding == ""
