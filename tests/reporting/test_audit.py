"""What the audit notebook shows: screens in words, tables that add up, risks with their evidence."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from research import IndexHistory, Methodology, build_index, evaluation, load_market
from research.index.analysis.attribution import WATERFALL
from research.index.analysis.capacity import turnover_summary
from research.index.decisions.screens import evaluate
from research.reporting.audit import tables as audit_tables
from research.reporting.audit import texts as audit_texts
from research.reporting.presentation import figures
from research.rulebook import Universe
from tests.conftest import ROOT
from tests.index.markets import rules


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    return build_index(load_market(ROOT / "data" / "sample"), Methodology.load("large-cap-20-capped"))


def test_every_screen_of_the_engine_has_words(index: IndexHistory) -> None:
    universe = Universe(
        exclude_tags=("stablecoin",),
        include_tags=("sector:defi",),
        min_history_days=1,
        min_valid_share=0.5,
        min_market_cap=1.0,
        min_volume=1.0,
        turnover_band=(0.1, 0.9),
        min_volume_quantile=0.5,
        max_stale_days=5,
        max_supply_jump=0.5,
        exclude_pegged=("usd",),
        exclude_copies_of=("bitcoin",),
    )
    view = index.decision_records[-1].view
    listed = index.decision_records[-1].incumbent
    names = {screen.name for screen in evaluate(view, universe, listed, needs_cap=True)}
    assert names == set(audit_tables.SCREENS)


def test_no_reason_names_a_measure_as_the_machine_does(index: IndexHistory) -> None:
    reasons = pd.concat([index.nearest_misses()["reason"], index.holdings()["reason"], index.decisions["reason"]])
    assert not reasons.str.contains("market_cap_mean_30d").any()
    assert reasons.iloc[0].startswith("rank 20 of 84 by mean market cap of the last 30 days, out")


def test_the_card_of_the_largest_has_nothing_to_compare_with(index: IndexHistory) -> None:
    market = index.market
    rulebook = rules(universe={"exclude_copies_of": 3, "exclude_tags": ["stablecoin"]}, selection={"count": 3})
    words = audit_tables.reason_card(build_index(market, rulebook).explain("bitcoin")).words.set_index("screen")
    line = words.loc["distance from the original, in bounds of the test"]
    assert line.tolist() == ["nothing to compare with", "", "–", "yes"]


def test_a_weight_decided_later_than_the_choice_of_members_says_when(index: IndexHistory) -> None:
    rulebook = rules(schedule={"reconstitution": "quarterly", "rebalance": "monthly"}, selection={"count": 5})
    quarterly = build_index(index.market, rulebook)
    asset = quarterly.holdings("2022-06-15")["asset_id"].iloc[0]
    card = quarterly.explain(asset, "2022-06-15")
    assert (str(card.determination_date.date()), str(card.weight_date.date())) == ("2022-03-31", "2022-05-31")
    assert "weight, decided 2022-05-31: raw" in str(card)
    assert "Its weight, decided at the close of 2022-05-31: " in audit_texts.reason_card(card, rulebook)


def test_the_reason_card_gives_value_limit_and_margin_in_the_unit_of_each_screen(index: IndexHistory) -> None:
    words = audit_tables.reason_card(index.explain("bitcoin")).words.set_index("screen")
    days = words.loc["days since the first price"]
    value, limit = int(days["value"].replace(",", "")), int(days["limit"].removeprefix("at least "))
    assert days["margin"] == f"{round((value - limit) / limit)} times"
    assert words.loc["share of days with data", "limit"] == "at least 95.0\u00a0%"
    assert words.loc["tag that keeps it out", "value"] == "–"
    assert set(words["passed"]) == {"yes"}


def test_a_token_that_is_out_says_so_and_has_no_weight(index: IndexHistory) -> None:
    stable = index.market.tags.loc[index.market.tags["tag"] == "stablecoin", "asset_id"].iloc[0]
    text = audit_texts.reason_card(index.explain(stable), index.methodology)
    assert text.startswith(f"**{stable} is out.** Not eligible: ")
    assert "Its weight" not in text
    card = audit_texts.reason_card(index.explain("bitcoin"), index.methodology)
    assert "caps \u221232.05\u00a0%, which makes **15.00\u00a0%**" in card


def test_the_table_of_steps_ends_with_sums_that_make_the_whole(index: IndexHistory) -> None:
    steps = index.weight_steps()
    last = audit_tables.weight_steps(steps, decided=index.dates[-1]).frame.iloc[-1]
    assert last[WATERFALL[:-1]].sum() == pytest.approx(1.0)
    assert last["final"] == pytest.approx(1.0)


def test_the_waterfall_is_drawn_from_where_each_step_ends(index: IndexHistory) -> None:
    steps = index.weight_steps().set_index("asset_id")
    axes = figures.waterfall(steps, source="test", steps=WATERFALL[:-1], shown=5)
    _, reached = figures.PLOTTED[axes]
    assert reached["overlay"].to_numpy() == pytest.approx(steps["final"].to_numpy()[:5])
    assert [text.get_text() for text in axes.get_yticklabels()] == list(steps.index[:5])
    marks = axes.lines[0].get_xdata()
    assert list(marks) == pytest.approx(list(steps["final"][:5]))
    labels = axes.get_legend_handles_labels()[1]
    assert {"by market cap", "caps, taken away", "caps, added", "final"} <= set(labels)
    assert "overlay, added" not in labels
    plt.close("all")


def test_the_causes_of_a_rebalance_end_with_half_of_the_sum_of_their_sizes(index: IndexHistory) -> None:
    table = audit_tables.rebalance_difference(index, None).frame
    members, total = table.iloc[:-1], table.iloc[-1]
    causes = audit_tables.CAUSES
    assert (members["previous"] + members[causes].sum(axis=1)).to_numpy() == pytest.approx(members["weight"].to_numpy())
    assert total["drift"] == pytest.approx(members["drift"].clip(lower=0).sum())


def test_before_the_second_rebalance_the_table_of_causes_says_that_there_was_none(index: IndexHistory) -> None:
    table = audit_tables.rebalance_difference(index, index.dates[0])
    assert table.footnote == "No rows. There was none yet."


def test_linked_contributions_add_up_to_the_return_of_their_span(index: IndexHistory) -> None:
    level = index.level.tail(366)
    linked = audit_tables.linked_contributions(index.contributions, level)
    assert linked.sum() == pytest.approx(level.iloc[-1] / level.iloc[0] - 1, rel=1e-12)
    assert index.contributions.tail(365).to_numpy().sum() != pytest.approx(linked.sum(), rel=0.1)


def test_members_that_are_not_named_are_summed_and_nothing_is_lost(index: IndexHistory) -> None:
    linked = audit_tables.linked_contributions(index.contributions, index.level).to_frame("all")
    table = audit_tables.contributions(linked, most=3, least=2).frame["all"]
    assert len(table) == 3 + 2 + 4
    assert table.iloc[:-1].sum() == pytest.approx(table.iloc[-1])
    assert table.index[5] == f"{len(linked) - 2 - 5} others"


def test_sectors_are_those_known_on_the_day_and_a_member_without_one_is_counted() -> None:
    tags = pd.DataFrame(
        {
            "asset_id": ["a", "a", "b", "c"],
            "tag": ["sector:old", "sector:new", "sector:old", "stablecoin"],
            "valid_from": pd.to_datetime(["2020-01-01", "2022-01-01", None, None]),
        }
    )
    weights = pd.Series({"a": 0.5, "b": 0.3, "c": 0.2})
    before = audit_tables.sector_weights(weights, tags, date=pd.Timestamp("2021-01-01"))
    assert before.to_dict() == pytest.approx({"old": 0.8, "no sector known": 0.2})
    after = audit_tables.sector_weights(weights, tags, date=pd.Timestamp("2022-01-01"))
    assert after["new"] == 0.5


def test_each_risk_comes_with_its_evidence(index: IndexHistory) -> None:
    returns = evaluation.returns_from_levels(index.level)
    worst = pd.DataFrame({"return": [-0.2, 0.1], "benchmark": [-0.3, -0.1]})
    names = ["as published", "no buffer", "lag of 1 day", "survivors only (look-ahead)"]
    variants = pd.DataFrame({"cagr_difference": [0, 0.01, -0.02, 0.5], "annualized_volatility": 0.7}, index=names)
    text = audit_texts.risks(
        index,
        benchmark="bitcoin",
        beta=evaluation.beta(returns, returns),
        worst=worst,
        variants=variants,
        sectors=pd.Series({"defi": 0.2, "payments": 0.8}),
        turnover=turnover_summary(index),
    )
    assert text.count("\n") == 5
    assert "Beta 1.00. On the 2 worst days of bitcoin (mean \u221220.0\u00a0%)" in text
    assert "fell on 1 of them" in text
    assert "Of 2 variants of the rules, *lag of 1 day* moves the growth a year most: \u22122.00\u00a0%" in text
    assert "*payments*, has 80.0\u00a0%" in text
    assert "members were removed 2 times" in text


@pytest.mark.parametrize(("size", "words"), [(0.0, "They add up exactly."), (3e-16, "is below 10⁻¹⁵.")])
def test_a_residual_is_told_as_a_power_of_ten(size: float, words: str) -> None:
    assert audit_texts.residual(size, "They add up").endswith(words)


def test_a_bar_carries_its_number() -> None:
    frame = pd.DataFrame({"a year": [0.1, -0.02]}, index=["a", "costs"])
    axes = figures.bars(frame, source="test", unit="contribution, %")
    assert [text.get_text() for text in axes.texts] == ["+10.00\u00a0%", "\u22122.00\u00a0%"]
    plt.close("all")
