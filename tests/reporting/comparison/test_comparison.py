"""What the comparison says is what was found, and it stays neutral where an interval spans zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.evaluation.comparisons.beside import risk_figures
from research.evaluation.comparisons.side_by_side import (
    CommonDays,
    by_regime,
    common_days,
    correlations,
    pairs_in_order,
    risk_and_growth,
    told_apart,
)
from research.reporting.comparison import tables, texts
from research.reporting.presentation import figures_comparison
from research.reporting.presentation.canvas import PLOTTED

DAYS = pd.date_range("2020-01-01", periods=900, name="date")


@pytest.fixture(scope="module")
def common() -> CommonDays:
    draws = np.random.default_rng(3).normal(0, 0.01, (900, 3)) + np.array([0.006, 0.0, 0.0])
    frame = pd.DataFrame(np.exp(draws.cumsum(axis=0)), DAYS, ["<b>good</b>", "plain", "other"])
    return common_days(frame.assign(other=frame["other"].loc["2020-03-01":]))


def test_who_shortened_the_days_is_named(common: CommonDays) -> None:
    assert texts.span(common) == (
        "**Compared over 840 days, 2020-03-01 to 2022-06-18**; last to begin: other; all end together."
    )
    assert tables.spans(common).frame.loc["plain", "left_out"] == 60


def test_what_is_told_is_said_and_what_is_not_is_neutral(common: CommonDays) -> None:
    told = ev.compare(common.levels, base="plain", draws=200)
    words = texts.differences(told, base="plain")
    assert words.startswith("### Against plain, better in Sharpe ratio: &#60;b>good&#60;/b>")
    assert "other" not in words.partition("\n\n")[0].replace("others", "")
    alike = ev.compare(common.levels[["plain", "other"]], base="plain", draws=200)
    assert texts.differences(alike, base="plain") == (
        "### Whether any of them is better or worse than plain cannot be told from this history"
    )
    table = tables.differences(told, base="plain").frame
    assert list(table.index) == ["<b>good</b>", "other"]
    assert table.loc["other"].str.endswith("cannot tell").all()
    assert table.loc["<b>good</b>", "growth a year (CAGR)"].endswith(", better")
    found = risk_figures(common.levels)
    strip = texts.strip(common, found, told_apart(told), base="plain")
    assert strip["Told apart from plain"] == "1 of 2"
    assert strip["Most growth"].startswith("<b>good</b>, +")  # the strip escapes
    assert tables.figures(found).frame.loc["plain", "cagr"] == found.loc["cagr", "plain"]


def test_growth_is_only_called_growth_where_the_interval_says_so(common: CommonDays) -> None:
    measured = risk_and_growth(ev.returns_from_levels(common.levels), draws=200)
    assert "lies above zero for &#60;b>good&#60;/b>; it spans zero for all others" in texts.risk(measured)
    assert "spans zero for each of them" in texts.risk(measured.loc[["plain", "other"]])
    told = texts.risk(measured.loc[["<b>good</b>"]])
    assert "lies above zero for &#60;b>good&#60;/b>" in told
    assert "others" not in told
    assert texts.risk(measured * np.nan).startswith("### No interval of growth is known\n\n")
    some = texts.risk(measured.assign(growth_lower=measured["growth_lower"].where(measured.index != "other")))
    assert "it spans zero for all others\n\nNo interval is known for other." in some
    axes = figures_comparison.risk_and_growth(measured, source="test")
    assert PLOTTED[axes][1].shape == (3, 6)
    lines = [line.get_xydata() for line in axes.get_lines()]
    risk, growth = (measured.iloc[0].filter(like=name) for name in ("volatility", "growth"))
    assert np.allclose(lines[0], [[end, growth["growth"]] for end in risk.iloc[1:]])
    assert np.allclose(lines[1], [[risk["volatility"], end] for end in growth.iloc[1:]])
    empty = figures_comparison.risk_and_growth(measured * np.nan, source="test")
    assert PLOTTED[empty][0].startswith("Empty figure")


def test_pairs_regimes_and_trading_name_the_ends_of_their_order(common: CommonDays) -> None:
    returns = ev.returns_from_levels(common.levels)
    pairs = pairs_in_order(correlations(returns))
    assert "The highest correlation" in texts.alike(pairs, what="correlation", kind="ratio")
    one = pairs_in_order(correlations(returns[["plain", "other"]]))
    assert texts.alike(one, what="correlation", kind="ratio").startswith("### The correlation of plain and other is ")
    regimes = by_regime(returns, ev.trend_regimes(returns["plain"], threshold=0.05))
    worst = regimes.loc["bear"].drop("days").astype(float).idxmin()
    assert f"{worst}" in texts.regimes(regimes, benchmark="plain").replace("&#60;", "<").partition(" at best")[2]
    no_bear = by_regime(returns, ev.trend_regimes(returns["plain"], threshold=0.9))
    assert texts.regimes(no_bear, benchmark="plain") == "### plain had no bear market in these days"
    trading = pd.DataFrame({"turnover": [1.0, 0.2], "cost": [0.01, 0.002]}, ["often", "seldom"])
    assert "often 100.0\u00a0% a year at a cost of 1.00\u00a0% of growth; seldom" in texts.trading(trading)
    assert texts.trading(trading.head(1)).count("often") == 1


def test_no_investor_is_told_a_best_one_that_is_not_known(common: CommonDays) -> None:
    returns = ev.returns_from_levels(common.levels)
    options = {"window": 90, "minimum_history": 365, "draws": 60}
    told = {"aggressive": ev.match_profile(returns, "aggressive", **options)}
    assert texts.profiles(told).startswith("### &#60;b>good&#60;/b> is best for the aggressive investor\n\n")
    unknown = {"aggressive": ev.match_profile(returns[["plain", "other"]], "aggressive", **options)}
    assert texts.profiles(unknown).startswith("### For no kind of investor can it be told which is best\n\n")
    frame = tables.order(told).frame
    first, second = told["aggressive"].index[:2]
    assert frame.loc[0, ["series", "next"]].tolist() == [first, second]
    assert frame.loc[0, "above"] == told["aggressive"].attrs["above"][first][second]
