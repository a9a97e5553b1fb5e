"""What an index hands to other programs: described, with a key, and without raw values where these may not go."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, Methodology, build_index, evaluation, load_market
from research.errors import DataWarning
from research.index.comparisons.comparison import levels_beside, other_weights
from research.index.published.publication import PublishedIndex
from research.index.published.publication_columns import COLUMNS, is_raw
from research.index.published.quarterly_review import QuarterlyReview, quarterly_review
from tests.conftest import ROOT
from tests.index.small_markets import market, three

KEYS = {
    "levels": ["date"],
    "weights": ["date", "asset_id"],
    "decisions": ["determination_date", "asset_id"],
    "signals": ["date", "asset_id"],
    "metrics": ["window", "benchmark", "metric"],
    "calendar": ["series", "year", "month"],
}
"""Tables with one row for a key; a day may have two trades, and so two rows for a member."""


def published(index: IndexHistory, *assets: str, draws: int = 20) -> PublishedIndex:
    rules = index.methodology
    levels = levels_beside(index, assets, [Methodology.load("total-market"), other_weights(rules)])
    summary = evaluation.performance_summary(index.level, benchmark=levels[assets[0]], risk_free=0.04, draws=draws)
    return PublishedIndex(index=index, levels=levels, assets=assets, summary=summary, risk_free=0.04, draws=draws)


@pytest.fixture(scope="module")
def sample() -> PublishedIndex:
    index = build_index(load_market(ROOT / "data" / "sample"), Methodology.load("ai-large-cap"))
    return published(index, "bitcoin", "ethereum")


@pytest.fixture(scope="module")
def forbidden(sample: PublishedIndex) -> PublishedIndex:
    """The same on a market whose licence forbids passing it on."""
    market = replace(sample.index.market, manifest=replace(sample.index.market.manifest, redistribute=False))
    return replace(sample, index=replace(sample.index, market=market))


@pytest.fixture(scope="module")
def review(sample: PublishedIndex) -> QuarterlyReview:
    return quarterly_review(sample.index, sample.levels, risk_free=0.04)


def test_every_table_is_there_and_has_one_row_for_its_key(sample: PublishedIndex) -> None:
    assert set(sample.tables) == set(COLUMNS)
    for name, key in KEYS.items():
        table = sample.tables[name]
        assert len(table)
        assert not table.duplicated(key).any(), name
        assert not table[key].isna().any(axis=None), name


def test_every_column_has_a_type_a_unit_and_a_meaning(sample: PublishedIndex) -> None:
    columns = sample.facts["columns"]
    for name, table in sample.tables.items():
        assert list(columns[name]) == list(table.columns)
        for about in columns[name].values():
            assert about["type"] in ("date", "boolean", "integer", "number", "text")
            assert about["unit"]
            assert about["description"].endswith(".")


def test_no_column_is_described_that_no_table_has(sample: PublishedIndex) -> None:
    assert {name: [each for each in COLUMNS[name] if each not in sample.tables[name]] for name in COLUMNS} == {
        name: [] for name in COLUMNS
    }


def test_levels_are_those_of_the_index_and_benchmarks_begin_with_it(sample: PublishedIndex) -> None:
    levels = sample.tables["levels"].set_index("date")
    np.testing.assert_array_equal(levels["level"], sample.index.level)
    np.testing.assert_array_equal(levels["gross_level"], sample.index.gross_level)
    for benchmark in sample.facts["benchmarks"]:
        column = levels[benchmark["column"]].dropna()
        assert column.iloc[0] == pytest.approx(levels["level"][column.index[0]])
    bitcoin = sample.index.market.price("bitcoin").reindex(levels.index).ffill()
    np.testing.assert_allclose(levels["bitcoin"].pct_change().dropna(), bitcoin.pct_change().dropna(), rtol=1e-9)


def test_a_benchmark_that_is_called_as_a_column_of_ours_keeps_its_own(sample: PublishedIndex) -> None:
    levels = sample.levels.rename(columns={"ethereum": "level"})
    named = replace(sample, levels=levels, assets=["bitcoin", "level"])
    assert {"level", "level (benchmark)"} <= set(named._levels().columns)
    assert named._columns["level"] == "level (benchmark)"


def test_weights_of_every_effective_day_and_of_the_last_close_add_up_to_one(sample: PublishedIndex) -> None:
    weights = sample.tables["weights"]
    sums = weights.groupby("date")["weight"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    assert set(sums.index) == {*sample.index.rebalances.index, sample.index.dates[-1]}
    assert (weights["weight"] > 0).all()


def test_figures_are_those_of_the_summary_for_each_benchmark_and_window(sample: PublishedIndex) -> None:
    metrics = sample.tables["metrics"].set_index(["window", "benchmark", "metric"])["value"]
    index, levels = sample.index, sample.levels
    for window, start in (("SI", None), ("1Y", index.dates[-366])):
        part = levels.loc[start:].iloc[:, 0]
        for benchmark in ("ethereum", "Total Market"):
            other = levels.loc[start:, benchmark]
            pair = pd.concat([part, other], axis=1).dropna()
            returns = evaluation.returns_from_levels(pair)
            expected = evaluation.beta(returns.iloc[:, 0], returns.iloc[:, 1], risk_free=0.04)
            assert metrics[window, benchmark, "beta"] == pytest.approx(expected, rel=1e-9)
        expected = evaluation.max_drawdown(evaluation.returns_from_levels(part))
        assert metrics[window, "", "max_drawdown"] == pytest.approx(expected)
    assert metrics["1Y", "", "history"] == 365


def test_months_are_calendar_months_and_active_is_against_the_first_benchmark(sample: PublishedIndex) -> None:
    calendar = sample.tables["calendar"].set_index(["series", "year", "month"])
    level = sample.index.level
    march = level.loc["2023-03-31"] / level.loc["2023-02-28"] - 1
    assert calendar.loc[("", 2023, 3), "return"] == pytest.approx(march)
    bitcoin = calendar.loc[("bitcoin", 2023, 3), "return"]
    assert calendar.loc[("", 2023, 3), "active"] == pytest.approx(march - bitcoin)
    year = level.loc["2023-12-31"] / level.loc["2022-12-31"] - 1
    assert calendar.loc[("", 2023, 0), "return"] == pytest.approx(year)


def test_the_facts_are_plain_values(sample: PublishedIndex) -> None:
    facts = json.loads(json.dumps(sample.facts, allow_nan=False))
    assert facts == sample.facts
    assert facts["simulated"] is True
    assert facts["latest"]["level"] == sample.index.level.iloc[-1]
    assert facts["as_of"] == f"{sample.index.dates[-1]:%Y-%m-%d}"
    assert [each["kind"] for each in facts["benchmarks"]] == ["asset", "asset", "rulebook", "variant"]
    assert all(each["effective_date"] > facts["as_of"] for each in facts["next"])


def test_who_came_and_went_is_told_by_the_rebalances(sample: PublishedIndex) -> None:
    change, table = sample.facts["last_change"], sample.index.rebalances
    moved = table[(table["added"] > 0) | (table["removed"] > 0)]
    assert change["effective_date"] == f"{moved.index[-1]:%Y-%m-%d}"
    day = moved.loc[[moved.index[-1]]]
    assert (len(change["in"]), len(change["out"])) == (day["added"].sum(), day["removed"].sum())


def test_the_last_choice_is_of_one_day_on_which_members_were_chosen(sample: PublishedIndex) -> None:
    last = sample.last_choice
    assert len(set(last["determination_date"])) == 1
    assert set(last["cause"]) <= {"initial", "reconstitution"}
    assert last["selected"].any()


def test_where_the_licence_forbids_it_no_raw_value_leaves(sample: PublishedIndex, forbidden: PublishedIndex) -> None:
    assert forbidden.facts["redistribute"] is False
    market = sample.index.market
    for name, table in forbidden.tables.items():
        for column in table.select_dtypes("number"):
            assert not is_raw(name, column)
            values = table[column].dropna().to_numpy()
            for panel in (market.prices, market.market_caps, market.volumes):
                raw = panel.to_numpy().ravel()
                found = np.isin(values[values > 1e5], raw[raw > 1e5])  # large numbers do not meet by chance
                assert not found.any(), (name, column)
    kept = {"levels": ["level", "gross_level", "Total Market"], "weights": ["weight"], "decisions": ["reason", "rank"]}
    for name, columns in kept.items():
        assert set(columns) <= set(forbidden.tables[name].columns)
    assert "bitcoin" not in forbidden.tables["levels"]
    assert set(forbidden.facts["columns"]["members"]) == set(COLUMNS["members"]) - {"price", "units"}


def test_prices_cannot_be_worked_out_from_what_is_left(forbidden: PublishedIndex) -> None:
    """Weight x level / units would be the price, market value / level the divisor, (1 + margin) x limit the cap."""
    columns = {column for table in forbidden.tables.values() for column in table.columns}
    assert not columns & {"units", "market_value", "divisor", "price", "rank_value"}
    assert not [column for column in columns if column.endswith(("_value", "_margin"))]


def test_a_short_history_is_published_too() -> None:
    index = build_index(market(bitcoin=np.linspace(1, 2, 60), b=np.linspace(2, 3, 60), c=np.full(60, 1.5)), three())
    levels = levels_beside(index, ["bitcoin"], [])
    with pytest.warns(DataWarning):
        summary = evaluation.performance_summary(index.level, benchmark=levels["bitcoin"], draws=20)
    short = PublishedIndex(index=index, levels=levels, assets=["bitcoin"], summary=summary, risk_free=0.0, draws=20)
    assert set(short.tables["metrics"]["window"]) == {"SI"}
    found = quarterly_review(index, levels, risk_free=0.0)
    assert found.monitoring.windows == 0
    assert not found.calls_for_a_review


def test_the_review_stands_on_the_same_numbers(review: QuarterlyReview, sample: PublishedIndex) -> None:
    metrics = sample.tables["metrics"].set_index(["window", "benchmark", "metric"])["value"]
    own = review.standing.iloc[0]
    assert own["growth"] == pytest.approx(metrics["SI", "", "cagr"])
    assert own["volatility"] == pytest.approx(metrics["SI", "", "annualized_volatility"])
    assert own["drawdown"] == pytest.approx(metrics["SI", "", "current_drawdown"])
    assert own["growth_less"] == pytest.approx(metrics["SI", "bitcoin", "active_return"])
    assert own["one_year"] == pytest.approx(metrics["1Y", "", "total_return"])
    assert review.levels.iloc[-1] == sample.index.level.iloc[-1]
    months = sample.tables["calendar"].set_index(["series", "year", "month"])
    assert review.months.iloc[-1].tolist() == pytest.approx(months.loc[("", 2024, 12), ["return", "active"]].tolist())
