"""Prose of the factsheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from research.index.analysis.why.worst import WorstDay, WorstStretch
from research.index.published.first_look import FirstLook
from research.reporting.factsheet import texts


def test_concentration_is_told_with_what_one_benchmark_explains() -> None:
    today = pd.Series({"largest_weight": 0.25, "effective_number": 7.5, "herfindahl": 0.1333})
    text = texts.concentration(today, 0.875, "bitcoin")
    assert "largest weight is **25.0\u00a0%**" in text
    assert "as **7.50** equal members" in text
    assert "**bitcoin explains 87.5\u00a0%** of the variance" in text


def look(**changes: object) -> FirstLook:
    columns = ["index", "bitcoin", "difference", "lower", "upper", "verdict"]
    rows = {
        "cagr": [0.5, 0.4, 0.07, -0.2, 0.3, "cannot tell"],
        "annualized_volatility": [0.7, 0.6, 0.1, np.nan, np.nan, ""],
        "sharpe_ratio": [1.0, 0.9, 0.1, -0.3, 0.5, "cannot tell"],
        "max_drawdown": [-0.8, -0.7, -0.1, -0.2, 0.0, "cannot tell"],
    }
    days = pd.to_datetime(["2020-01-01", "2020-03-01", "2021-01-01"])
    lost = pd.Series({"a[x](y)": -0.5, "b": -0.3, "c": -0.1, "d": -0.05, "e": 0.15})
    given: dict[str, object] = {
        "levels": pd.DataFrame(),
        "falls": pd.DataFrame(),
        "regimes": pd.Series(dtype="category"),
        "beside": pd.DataFrame.from_dict(rows, orient="index", columns=columns),
        "stretch": WorstStretch(peak=days[0], trough=days[1], recovered=days[2], depth=-0.8, days=366, members=lost),
        "day": WorstDay(date=days[1], change=-0.3, benchmark=np.nan, members=lost),
        "variants": pd.DataFrame(),
        "effects": pd.Series({"caps and floors": -0.134, "costs": -0.01, "buffer": 0.002, "lag": 0.001}),
    }
    return FirstLook(**(given | changes))  # type: ignore[arg-type]


def test_the_first_look_compares_names_the_worst_and_says_why() -> None:
    heading, _, against, worst, why = texts.first_look(look(), benchmark="bitcoin").splitlines()
    assert heading == (
        "### Grew 50.0\u00a0% a year, which cannot be told from bitcoin's 40.0\u00a0%; "
        "fell 80.0\u00a0% at worst, bitcoin 70.0\u00a0%"
    )
    assert "**50.0\u00a0%** a year against 40.0\u00a0%, which the history cannot tell apart" in against
    assert "\u221220.0\u00a0% to +30.0\u00a0%" in against
    assert "maximum drawdown **\u221280.0\u00a0%** against \u221270.0\u00a0%" in against
    assert "fell by **80.0\u00a0%** from 2020-01-01 to 2020-03-01, made good 366 days after the high" in worst
    assert "(bitcoin \u2013)" in worst  # no price that day is no zero
    assert "b \u221230.0 points, c \u221210.0 points" in worst
    assert "d \u2212" not in worst
    assert "a[x](y)" not in worst  # foreign names are escaped
    assert "caps and floors **\u221213.4** points, costs **\u22121.0** points, buffer **+0.2** points." in why


def test_the_first_look_claims_more_only_where_it_is_known() -> None:
    table = look().beside.copy()
    table.loc["cagr", "verdict"] = "worse"
    told = texts.first_look(look(beside=table), benchmark="bitcoin")
    assert ", slower (95\u00a0% interval of the geometric difference" in told
    assert told.startswith("### Grew 50.0\u00a0% a year, slower than bitcoin's 40.0\u00a0%")
    words = texts.first_look(look(stretch=None), benchmark="bitcoin")
    assert "never fell below an earlier high" in words
    open_end = look().stretch
    assert open_end is not None
    words = texts.first_look(look(stretch=replace(open_end, recovered=pd.NaT)), benchmark="bitcoin")
    assert "not made good after 366 days" in words
