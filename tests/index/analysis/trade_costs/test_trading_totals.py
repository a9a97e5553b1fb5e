"""Trading summed by year, and its average cost."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from research import IndexHistory
from research.index.analysis.trade_costs.trading_totals import average_cost, trading_by_year

DAYS = pd.to_datetime(["2020-03-01", "2020-06-01", "2020-09-01", "2022-06-01"])
COLUMNS = {"added": [9, 1, 0, 2], "removed": [0, 1, 1, 2], "turnover": [1.0, 0.25, 0.15, 0.5]}
REBALANCES = pd.DataFrame(COLUMNS | {"cost": [0.5, 1e-4, 2e-4, 6e-4]}, index=DAYS)


def test_the_first_purchase_is_in_no_year() -> None:
    years = trading_by_year(REBALANCES)
    assert years.loc[2020].to_dict() == pytest.approx({"added": 1, "removed": 2, "turnover": 0.4, "cost": 3e-4})
    assert list(years.index) == [2020, 2022]


def test_the_average_cost_is_that_of_purchases_and_sales_together() -> None:
    assert average_cost(REBALANCES) == pytest.approx(9e-4 / (2 * 0.9) * 1e4)


def test_the_average_cost_of_an_index_that_never_trades_is_unknown() -> None:
    assert math.isnan(average_cost(REBALANCES.head(1)))


def test_the_average_cost_lies_between_the_flat_costs_that_take_less_and_more(index: IndexHistory) -> None:
    charged = average_cost(index.rebalances)
    ends = index.cost_sensitivity([charged - 1, charged + 1])["final_level"]
    assert ends.iloc[1] < index.level.iloc[-1] < ends.iloc[0]
