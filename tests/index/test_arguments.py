"""Arguments that are not what they must be are refused in words, by this package's own errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyError, ResearchError
from research.index import IndexHistory, Methodology, build_index, market_benchmarks
from research.index.comparisons.comparison import rebalance_changes
from research.market import write_market
from tests.index.markets import random_market, rules

WRONG = [
    *("x", "1%", b"x", "2021-13-45", None, True, -1, 2.5, 10**12, 10**400, float("nan"), float("inf"), pd.NaT),
    *([], [1], ["x"], [None], [[1]], {}, np.array([1, 2]), pd.Series([1.0]), pd.DataFrame(), object(), dt.time()),
]
QUESTIONS: dict[str, Callable[[IndexHistory, object], object]] = {
    "holdings": lambda index, x: index.holdings(x),
    "nearest_misses": lambda index, x: index.nearest_misses(x),
    "nearest_misses count": lambda index, x: index.nearest_misses(count=x),
    "explain": lambda index, x: index.explain(x),
    "explain date": lambda index, x: index.explain("asset-00", x),
    "weight_steps": lambda index, x: index.weight_steps(x),
    "rebalance_difference": lambda index, x: index.rebalance_difference(x),
    "rebalance_changes": rebalance_changes,
    "cost_sensitivity": lambda index, x: index.cost_sensitivity(x),
    "break_even_cost": lambda index, x: index.break_even_cost(x),
    "capacity": lambda index, x: index.capacity(x),
    "capacity participation": lambda index, x: index.capacity(participation=x),
    "capacity impact": lambda index, x: index.capacity(impact_coefficient=x),
    "calendar": lambda index, x: index.calendar(x),
    "token fee": lambda index, x: index.token(fee_per_year=x),
    "token value": lambda index, x: index.token(initial_value=x),
    "token supply": lambda index, x: index.token().supply(x),
}


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    return build_index(random_market(1, defects=False), rules())


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_argument_of_a_question_ends_in_a_foreign_error(index: IndexHistory, question: str) -> None:
    refused = 0
    for wrong in WRONG:
        try:
            QUESTIONS[question](index, wrong)
        except ResearchError:
            refused += 1
    assert refused >= len(WRONG) // 2


@pytest.mark.parametrize(
    ("question", "argument", "message"),
    [
        ("token fee", "1%", "fee_per_year = '1%': expected a number"),
        ("calendar", "x", "count = 'x': expected a whole number, from 0 to 1000"),
        ("nearest_misses count", -1, "count = -1: expected a whole number, 0 or more"),
        ("cost_sensitivity", 10, r"bps = 10: expected a list of numbers, such as \[1, 10\]"),
        ("cost_sensitivity", [10, "x"], "one of bps = 'x': expected a number"),
        ("capacity", 1e6, "assets_under_management = 1000000.0: expected a list"),
        ("holdings", "yesterday", "'yesterday' is not a day: expected YYYY-MM-DD"),
    ],
)
def test_the_message_names_the_argument_and_what_was_expected(
    index: IndexHistory, question: str, argument: object, message: str
) -> None:
    with pytest.raises(ResearchError, match=message):
        QUESTIONS[question](index, argument)


def test_a_name_or_a_path_stands_for_a_market_and_for_a_rulebook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    market = random_market(1, defects=False)
    write_market(market, tmp_path / "mine" / "2024-01-01")
    (tmp_path / "mine.toml").write_text(rules().to_toml())
    monkeypatch.setenv("RESEARCH_SNAPSHOTS", str(tmp_path))
    expected = build_index(market, rules()).level
    for place in ("mine", tmp_path / "mine" / "2024-01-01"):
        pd.testing.assert_series_equal(build_index(place, tmp_path / "mine.toml").level, expected)
    shipped = Methodology.load("total-market")
    pd.testing.assert_series_equal(
        build_index(market, "total-market").level, build_index(market, shipped).level, check_exact=True
    )


def test_what_is_no_market_or_no_rulebook_is_told_what_to_do() -> None:
    market = random_market(1, defects=False)
    order = r"build_index\(market, methodology\)"
    for swapped in (rules(), "large-cap-10", Path("mine.toml")):
        with pytest.raises(DataError, match=order):
            build_index(swapped, market)  # type: ignore[arg-type]
    with pytest.raises(MethodologyError, match=order):
        build_index(market, market)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"DataFrame of shape \(200, 12\).*MarketData.from_panels"):
        build_index(market.prices, rules())  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"market is 3: .*data/sample"):
        build_index(3, rules())  # type: ignore[arg-type]
    with pytest.raises(MethodologyError, match=r"methodology is \{'name': 'x'\}: .*large-cap-10"):
        build_index(market, {"name": "x"})  # type: ignore[arg-type]
    with pytest.raises(MethodologyError, match="did you mean 'large-cap-10'"):
        build_index(market, "large-cap-1")
    with pytest.raises(DataError, match="no snapshot"):
        build_index("nothing/here", rules())


def test_a_benchmark_starts_on_a_day_however_it_is_written() -> None:
    market = random_market(1, defects=False)
    names = {"asset-00": "bitcoin", "asset-01": "ethereum"}
    panels = [panel.rename(columns=names) for panel in (market.prices, market.market_caps, market.volumes)]
    coins = type(market).from_panels(*panels)
    with pytest.warns(UserWarning, match="no benchmark"):
        assert market_benchmarks(coins, start="2020-03-01").index[0] == pd.Timestamp("2020-03-01")
    with pytest.warns(UserWarning, match="no benchmark"), pytest.raises(DataError, match="is not a date"):
        market_benchmarks(coins, start="soon")
