"""Tables of the audit: screens in words, steps and causes with their sums."""

from __future__ import annotations

import pandas as pd

from research import IndexHistory, build_index
from research.index.analysis.why.contributions import contribution_summary, linked_contributions
from research.index.analysis.why.reason_card import SCREENS
from research.index.analysis.why.weight_summaries import weight_steps_with_total
from research.index.comparisons.comparison import rebalance_changes
from research.point_in_time.screens import evaluate
from research.reporting.audit import tables as audit_tables
from research.rulebook import Universe
from tests.index.markets import rules


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
    assert names == set(SCREENS)


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


def test_the_reason_card_gives_value_limit_and_margin_in_the_unit_of_each_screen(index: IndexHistory) -> None:
    words = audit_tables.reason_card(index.explain("bitcoin")).words.set_index("screen")
    days = words.loc["days since the first price"]
    value, limit = int(days["value"].replace(",", "")), int(days["limit"].removeprefix("at least "))
    assert days["margin"] == f"{round((value - limit) / limit)} times"
    assert words.loc["share of days with data", "limit"] == "at least 95.0\u00a0%"
    assert words.loc["tag that excludes it", "value"] == "–"
    assert set(words["passed"]) == {"yes"}


def test_the_table_of_steps_is_told_with_signs_and_ends_with_all_members(index: IndexHistory) -> None:
    table = audit_tables.weight_steps(weight_steps_with_total(index.weight_steps()), decided=index.dates[-1])
    last = table.words.iloc[-1]
    assert (last["asset"], last["by market cap"], last["tilt, points"], last["final weight"]) == (
        "all members",
        "100.00\u00a0%",
        "0.00",
        "100.00\u00a0%",
    )
    assert (table.foot, table.finding) == (1, "Of 20 members 1 cut by the cap, 1 raised to the floor")


def test_the_causes_of_a_rebalance_name_its_days(index: IndexHistory) -> None:
    changes = rebalance_changes(index)
    assert changes is not None
    table = audit_tables.rebalance_changes(changes)
    made = index.rebalances.index[index.rebalances["determination_date"].notna()]
    assert table.caption == f"From the rebalance of {made[-2]:%Y-%m-%d} to that of {made[-1]:%Y-%m-%d}"
    assert table.words["asset"].iloc[-1] == "one-sided sum"


def test_before_the_second_rebalance_the_table_of_causes_says_that_there_was_none(index: IndexHistory) -> None:
    table = audit_tables.rebalance_changes(rebalance_changes(index, index.dates[0]))
    assert table.footnote == "No rows. There was no earlier rebalance."


def test_contributions_end_with_costs_haircuts_and_the_return(index: IndexHistory) -> None:
    linked = linked_contributions(index.contributions, index.level).to_frame("all")
    words = audit_tables.contributions(contribution_summary(linked)).words
    assert list(words["member"].iloc[-3:]) == ["costs", "haircuts on dead assets", "return of the index"]
    assert words["all"].str.fullmatch(r"[+\u2212]?[\d,]+\.\d\d").all()
