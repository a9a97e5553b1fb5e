"""The first reader's table agrees with the figures it is made of, and says where it cannot tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from research.evaluation.changes.monitoring import standing
from research.evaluation.comparisons.beside import COMPARED, risk_beside

DAYS = pd.date_range("2020-01-01", periods=600, name="date")


def levels() -> pd.DataFrame:
    draws = np.random.default_rng(5).standard_t(5, (600, 3)) * 0.02
    frame = pd.DataFrame(100 * np.exp(draws.cumsum(axis=0)), DAYS, ["index", "bitcoin", "third"])
    return frame.assign(third=frame["third"].where(frame.index >= "2020-02-01"))


def test_all_figures_are_over_the_days_that_all_levels_have() -> None:
    table, common = risk_beside(levels(), risk_free=0.03), levels().loc["2020-02-01":]
    returns = ev.returns_from_levels(common)
    assert table.loc["sharpe_ratio", "index"] == ev.sharpe_ratio(returns["index"], risk_free=0.03)
    assert table.loc["cagr", "third"] == ev.cagr(returns["third"])
    assert table.loc["worst_day", "bitcoin"] == returns["bitcoin"].min()
    high = common["index"].cummax()
    under = (common["index"] < high * (1 - 1e-12)).astype(int)
    longest = under.groupby((under == 0).cumsum()).sum().max()
    assert table.loc["longest_drawdown", "index"] in (longest, longest + 1)  # the day of the recovery counts


def test_three_figures_have_an_interval_of_the_difference_and_the_others_none() -> None:
    table = risk_beside(levels())
    assert set(table.index[table["lower"].notna()]) == set(COMPARED)
    inside = table["lower"].le(table["difference"]) & table["difference"].le(table["upper"])
    assert inside.loc[list(COMPARED)].all()
    assert (table.loc[table["lower"].isna(), "verdict"] == "").all()
    volatility = table.loc["annualized_volatility"]
    assert volatility["difference"] == volatility["index"] - volatility["bitcoin"]


def test_the_geometric_difference_of_growth_is_that_in_points_for_each_unit_of_the_benchmark() -> None:
    whole = levels()[["index", "bitcoin"]]
    growth, points = risk_beside(whole).loc["cagr"], standing(whole).loc["index", "growth_less"]
    assert points == pytest.approx(growth["difference"] * (1 + growth["bitcoin"]))
    assert points != pytest.approx(growth["difference"], rel=0.01)


def test_one_level_alone_is_refused() -> None:
    with pytest.raises(DataError, match="one benchmark at least"):
        risk_beside(levels()[["index"]])
