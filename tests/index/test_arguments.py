"""Arguments that are not what they must be are refused in words, by this package's own errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyError, ResearchError
from research.index import IndexHistory, build_index, market_benchmarks
from research.index.comparison import rebalance_changes
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


def test_a_name_is_no_rulebook_and_a_path_is_no_market() -> None:
    market = random_market(1, defects=False)
    with pytest.raises(MethodologyError, match=r"methodology is 'large-cap-10': .* Methodology.load"):
        build_index(market, "large-cap-10")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"market is 'data/sample': .* load_market"):
        build_index("data/sample", rules())  # type: ignore[arg-type]


def test_a_benchmark_starts_on_a_day_however_it_is_written() -> None:
    market = random_market(1, defects=False)
    names = {"asset-00": "bitcoin", "asset-01": "ethereum"}
    panels = [panel.rename(columns=names) for panel in (market.prices, market.market_caps, market.volumes)]
    coins = type(market).from_panels(*panels)
    with pytest.warns(UserWarning, match="no benchmark"):
        assert market_benchmarks(coins, start="2020-03-01").index[0] == pd.Timestamp("2020-03-01")
    with pytest.warns(UserWarning, match="no benchmark"), pytest.raises(DataError, match="is not a date"):
        market_benchmarks(coins, start="soon")
