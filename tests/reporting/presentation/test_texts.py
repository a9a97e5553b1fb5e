"""Prose that more than one page shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from research.evaluation import Headline
from research.reporting.presentation import texts


def test_the_verdict_gives_each_figure_in_its_unit_and_a_dash_for_what_is_not_known() -> None:
    days = {"inception": pd.Timestamp("2020-06-01"), "as_of": pd.Timestamp("2021-02-03")}
    known = {"level": 1234.0, "year_to_date": 0.1, "since_inception": -0.2, "growth": float("nan"), "drawdown": -0.25}
    assert texts.verdict(Headline(**days, **known), caveats=["a", "b"]) == {
        "Level": "1,234",
        "As of": "2021-02-03",
        "Inception": "2020-06-01",
        "Year to date": "+10.0\u00a0%",
        "Since inception": "\u221220.0\u00a0%",
        "A year (CAGR)": "\u2013",
        "Drawdown now": "\u221225.0\u00a0%",
        "Caveats": "2",
    }


def test_the_cost_of_the_last_trade_is_told_in_basis_points() -> None:
    day = pd.DatetimeIndex(["2021-01-04"])
    row = {"determination_date": pd.Timestamp("2021-01-02"), "cause": "rebalance", "added": 1, "removed": 2}
    text = texts.last_trade(pd.DataFrame(row | {"members": 9, "turnover": 0.125, "cost": 0.00031}, index=day))
    assert text.startswith("### 1 in, 2 out, 12.5\u00a0% of the index moved on 2021-01-04\n")
    assert "**rebalance** at the close of **2021-01-04**, decided at the close of 2021-01-02: 1 added" in text
    assert text.endswith("It moved 12.5\u00a0% of the index (one-sided) and cost 3.10 basis points.")


@pytest.mark.parametrize(
    ("removed", "words"), [(0, "No member was ever removed"), (1, "Once a member was"), (3, "3 times a member was")]
)
def test_what_depends_on_dead_assets_is_said(removed: int, words: str) -> None:
    index: Any = SimpleNamespace(
        level_if_removed_at_last_price=pd.Series([100.0, 1234.0]),
        level_if_removed_at_zero=pd.Series([100.0, 1200.0]),
        dead_token_sensitivity=0.0123,
    )
    text = texts.dead_assets(index, removed)
    assert text.startswith(f"### {words}")
    assert (
        "**1,234**; written off, it would be **1,200**: a growth rate 1.23 percentage points a year lower" in text
    ) == (removed > 0)
