"""What the rebalance page says is what the review found: who, how much, when, and never more than is known."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from research.index import IndexHistory
from research.index.analysis.cautions.points_to_check import POINTS as KINDS
from research.index.rebalance.rebalance_review import RebalanceReview, rebalance_review
from research.reporting.rebalance import tables, texts
from tests.index.rebalance.test_rebalance_review import small


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    return small()


@pytest.fixture(scope="module")
def review(index: IndexHistory) -> RebalanceReview:
    return rebalance_review(index, assets_under_management=100.0, participation=0.5)


def test_pro_forma_is_said_first_with_the_day_of_the_real_determination(review: RebalanceReview) -> None:
    text = texts.standing(review)
    assert text.startswith(
        "**Pro forma at the close of 2021-02-24; the real determination is on 2021-02-28, its trade at the close of "
        "2021-03-01.**"
    )
    assert "was decided at the close of 2021-02-28" in texts.standing(replace(review, status="announced"))
    assert "Pro forma" not in texts.standing(replace(review, status="made"))
    assert "pro forma" in texts.strip(dict.fromkeys(texts.INDEX, "x"), review)["Rebalance"]


def test_who_comes_and_goes_is_named_with_what_moves(index: IndexHistory, review: RebalanceReview) -> None:
    assert "1 (c) in, 1 (b) out; 44.4\u00a0% of the index moves" in texts.what_changes(review)
    assert "earlier" not in texts.what_changes(review)  # there was none but the first purchase
    past = texts.what_changes(rebalance_review(index, "2021-02-10"))
    assert "2 (a, b) in, 0 out" in past
    kept = replace(review, kept="too <b>few</b>")
    assert texts.what_changes(kept) == "### The composition is kept and nothing is traded\n\nToo &#60;b>few&#60;/b>."


def test_the_slowest_order_is_named_and_an_unknown_volume_is_no_fast_one(review: RebalanceReview) -> None:
    assert "not all can be traded in a day: b takes 8.64 days" in texts.capacity(review, assets_under_management=100.0)
    quick = replace(review, orders=review.orders.assign(days=review.orders["days"] / 100))
    assert "every order can be traded in a day; b takes longest" in texts.capacity(quick, assets_under_management=1.0)
    blind = replace(review, orders=review.orders.assign(days=float("nan")))
    assert "cannot be told how long" in texts.capacity(blind, assets_under_management=1.0)
    nothing = replace(review, orders=review.orders.head(0))
    assert texts.capacity(nothing, assets_under_management=1.0) == "### There is nothing to trade"


def test_every_kind_of_point_has_words_and_its_evidence_reads_in_its_unit(review: RebalanceReview) -> None:
    assert tuple(tables.POINTS) == KINDS
    day = pd.Timestamp("2021-02-03")
    lines = [
        ("limit", "a", pd.NaT, 4e7, 3.7e7, "min_market_cap"),
        ("buffer", "a", pd.NaT, 12, 10, ""),
        ("cap", "a", pd.NaT, 0.5, 0.25, ""),
        ("floor", "a", pd.NaT, 0.001, 0.005, ""),
        ("slow", "a", pd.NaT, 7.5, 1.0, ""),
        ("volume", "a", pd.NaT, float("nan"), float("nan"), ""),
        ("history", "a", pd.NaT, 40, 365, ""),
        ("data", "a", day, float("nan"), float("nan"), "price jump: x30"),
        ("event", "", day, float("nan"), float("nan"), "removed: gone"),
        ("untraded", "a", pd.NaT, float("nan"), float("nan"), ""),
        ("note", "", pd.NaT, float("nan"), float("nan"), "caps raised"),
    ]
    points = pd.DataFrame(lines, columns=["point", "asset_id", "date", "value", "limit", "detail"])
    table = tables.points(replace(review, points=points), participation=0.05)
    evidence = dict(zip(table.frame["what"], table.frame["evidence"], strict=True))
    assert evidence["close to the limit of a screen"] == "market cap, USD: 40.0\u00a0m, at least 37.0\u00a0m"
    assert evidence["kept by the buffer alone"] == "rank 12 of 10 places; it was a member"
    assert evidence["capped"] == "50.00\u00a0% without it, 25.00\u00a0% with it"
    assert evidence["takes more than a day to trade"] == "7.5 days at 5\u00a0% of the daily volume"
    assert evidence["short history"] == "40 days since its first price"
    assert evidence["doubtful value"] == "2021-02-03 price jump: x30"
    assert evidence["remark of the decision"] == "caps raised"
    assert table.frame["asset"].tolist().count("all") == 2
    assert "nan" not in table.to_text()


def test_nothing_found_is_said_and_what_was_looked_for_stands_under_the_table(review: RebalanceReview) -> None:
    none = replace(review, points=review.points.head(0))
    assert texts.to_look_at(none) == "### Nothing of what is looked for was found"
    assert "Looked for: close to the limit of a screen" in tables.points(none, participation=0.05).to_text()
    assert texts.to_look_at(review).startswith(f"### Points to look at: {len(review.points)}\n\n")


def test_the_tables_show_every_position_and_order(review: RebalanceReview) -> None:
    frame = tables.trades(review, participation=0.5, assets_under_management=100.0).frame
    assert set(frame["asset_id"]) == {"a", "b", "c"}
    assert frame.set_index("asset_id").loc["b", "days"] == review.orders.set_index("asset_id").loc["b", "days"]
    assert tables.changed(review).frame["asset_id"].tolist() == ["c", "b"]
    assert "Nobody comes in or leaves." in tables.changed(replace(review, changed=review.changed.head(0))).to_text()
    assert len(tables.by_size(review.by_size).frame) == 4


def test_the_cause_that_moved_most_is_named(review: RebalanceReview) -> None:
    assert texts.why(review) == "### Most weight was moved by rank: 44.44\u00a0% of the index (one-sided)"
    assert "no earlier rebalance" in texts.why(replace(review, causes=None))
